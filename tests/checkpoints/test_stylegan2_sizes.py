"""Sizes from the arrays of files, and networks that are not supported."""

import numpy as np
import pytest

from tests import golden_files as golden
from tfgan_edit.checkpoints import stylegan2_sizes as sizes
from tfgan_edit.config import UserError


def shapes(**arrays):
    """Arrays of zeros that need no memory."""
    return {
        name.replace("__", "/"): np.broadcast_to(np.float32(0), shape)
        for name, shape in arrays.items()
    }


def params(name):
    return golden.under(golden.load(name)[0], "param/")


def test_a_generator():
    assert sizes.pytorch_ada_generator(params("ada_g_skip_cond_16")) == {
        "resolution": 16,
        "z_dim": 16,
        "w_dim": 16,
        "label_dim": 3,
        "mapping_layers": 2,
        "mapping_dim": None,
        "channels": {4: 10, 8: 10, 16: 8},
        "img_channels": 3,
        "architecture": "skip",
    }
    assert sizes.pytorch_ada_generator(params("ada_g_resnet_16"))["architecture"] == "resnet"
    wide = sizes.pytorch_ada_generator(params("ada_g_skip_uncond_32"))
    assert (wide["z_dim"], wide["w_dim"], wide["mapping_layers"]) == (16, 24, 8)
    assert sizes.rosinality_generator(params("rosinality_g_32"))["channels"] == {
        4: 16,
        8: 16,
        16: 12,
        32: 8,
    }


def test_a_discriminator():
    assert sizes.pytorch_ada_discriminator(params("ada_d_resnet_cond_16")) == {
        "resolution": 16,
        "label_dim": 3,
        "mapping_layers": 8,
        "channels": {4: 12, 8: 12, 16: 8},
        "dense_dim": 12,
        "img_channels": 3,
        "architecture": "resnet",
        "num_stddev_channels": 1,
    }
    others = sizes.rosinality_discriminator(params("rosinality_d_32"))
    assert others["channels"] == {4: 16, 8: 16, 16: 12, 32: 8}


def test_a_rectangular_constant():
    arrays = dict(params("ada_g_resnet_16"))
    arrays["synthesis.b4.const"] = np.zeros((12, 6, 4), np.float32)
    assert sizes.pytorch_ada_generator(arrays)["resolution"] == (24, 16)
    arrays["synthesis.b4.const"] = np.zeros((12, 6000, 4), np.float32)
    with pytest.raises(UserError, match="16x24000 pixels, over 4096"):
        sizes.pytorch_ada_generator(arrays)


@pytest.mark.parametrize(
    "read, arrays, message",
    [
        (sizes.rosinality_generator, {}, "0 layers convs.N"),
        (sizes.rosinality_generator, shapes(**{"convs.0.conv.weight": ()}), "1 layers convs.N"),
        (sizes.rosinality_discriminator, {}, "0 blocks convs.N"),
        (sizes.pytorch_ada_generator, {}, r"its levels are \[\]"),
    ],
)
def test_networks_that_are_not_supported(read, arrays, message):
    with pytest.raises(UserError, match=message):
        read(arrays)


def test_filter_taps_from_the_arrays():
    assert sizes.resample_taps(params("rosinality_g_32")) == {}
    assert sizes.resample_taps({}) == {}
    filter = np.outer([1, 2, 1], [1, 2, 1]) / 16
    taps = sizes.resample_taps({"b8.conv1.resample_filter": filter})["resample_taps"]
    np.testing.assert_allclose(taps, [0.25, 0.5, 0.25])
