"""Labels of the first StyleGAN2, in TensorFlow's files: against NumPy, and back."""

import numpy as np
import pytest

from tests.cases import assert_close, weights_of
from tests.checkpoints import official_files as files
from tests.checkpoints.convert_verb import run
from tests.reference import convolution, dense, normalization
from tests.reference.activation import bias_act
from tfgan_edit.checkpoints import stylegan2 as maps
from tfgan_edit.checkpoints.files import read_checkpoint
from tfgan_edit.config import UserError
from tfgan_edit.networks.stylegan2 import StyleGAN2Discriminator, StyleGAN2Generator

LABELS = 3
FIR = np.outer([1, 3, 3, 1], [1, 3, 3, 1]) / 64


def sample(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def mapping_arrays(z_dim=5, w_dim=6, layers=2):
    """Variables of `G_mapping`; the published learning rate of 0.01 makes them large."""
    sizes = [2 * z_dim, *[w_dim] * layers]
    arrays = {"mapping/LabelConcat/weight": sample(LABELS, z_dim, seed=1)}
    for i in range(layers):
        arrays[f"mapping/Dense{i}/weight"] = 100 * sample(*sizes[i : i + 2], seed=2 + i)
        arrays[f"mapping/Dense{i}/bias"] = 10 * sample(w_dim, seed=12 + i)
    return arrays


def discriminator_arrays(channels, dense_dim=7):
    """Variables of `D_stylegan2` at 8 pixels, architecture "orig"."""
    shapes = {
        "8x8/FromRGB": (1, 1, 3, channels[8]),
        "8x8/Conv0": (3, 3, channels[8], channels[8]),
        "8x8/Conv1_down": (3, 3, channels[8], channels[4]),
        "4x4/Conv": (3, 3, channels[4] + 1, channels[4]),
        "4x4/Dense0": (16 * channels[4], dense_dim),
        "Output": (dense_dim, LABELS),
    }
    arrays = {}
    for i, (name, shape) in enumerate(shapes.items()):
        arrays[f"{name}/weight"] = sample(*shape, seed=i)
        arrays[f"{name}/bias"] = sample(shape[-1], seed=20 + i)
    return arrays


def reference_mapping(arrays, z, labels):
    """Concatenate, then normalise: `G_mapping` of the first StyleGAN2."""
    x = np.concatenate([z, labels @ arrays["mapping/LabelConcat/weight"]], axis=1)
    x = normalization.normalize_2nd_moment(x)
    for i in range(2):
        kernel, bias = (arrays[f"mapping/Dense{i}/{part}"] for part in ("weight", "bias"))
        x = dense.fully_connected(x, kernel, bias, activation="lrelu", lr_multiplier=0.01)
    return x


def reference_scores(arrays, x, labels):
    """`D_stylegan2`, its minibatch statistic over groups of two."""

    def conv(x, name, **resample):
        kernel = arrays[f"{name}/weight"]
        scale = 1 / np.sqrt(np.prod(kernel.shape[:3]))
        padding = kernel.shape[0] // 2
        y = convolution.conv2d_resample(x, kernel * scale, padding=padding, **resample)
        return bias_act(y, arrays[f"{name}/bias"], activation="lrelu")

    x = conv(conv(x, "8x8/FromRGB"), "8x8/Conv0")
    x = conv(x, "8x8/Conv1_down", filter=FIR, down=2)
    groups = x.reshape(2, -1, *x.shape[1:])  # sample n is in group n mod (N / 2)
    statistic = np.sqrt(groups.var(axis=0) + 1e-8).mean(axis=(1, 2, 3))
    statistic = np.broadcast_to(np.tile(statistic, 2)[:, None, None, None], (*x.shape[:3], 1))
    x = conv(np.concatenate([x, statistic], axis=-1), "4x4/Conv")
    x = x.transpose(0, 3, 1, 2).reshape(len(x), -1)  # channels first
    for name, activation in (("4x4/Dense0", "lrelu"), ("Output", "linear")):
        kernel, bias = arrays[f"{name}/weight"], arrays[f"{name}/bias"]
        x = dense.fully_connected(x, kernel, bias, activation=activation)
    return np.sum(x * labels, axis=1, keepdims=True)


def pickle_of(arrays, discriminator):
    settings = {"label_size": LABELS, "mbstd_group_size": 2}
    generator = files.tf_generator(arrays, {"label_size": LABELS})
    return files.tf_pickle(generator, files.tf_network(discriminator, settings), generator)


@pytest.fixture
def official():
    """(arrays of Gs, arrays of D, the pickle)."""
    network = StyleGAN2Generator(
        8, 5, 6, label_dim=LABELS, mapping_layers=2, joint_norm=True, channels={4: 4, 8: 3}
    )
    arrays = files.official(network, maps.tensorflow_generator_map) | mapping_arrays()
    discriminator = discriminator_arrays({4: 4, 8: 3})
    return arrays, discriminator, pickle_of(arrays, discriminator)


def test_outputs_are_the_originals(official, convert):
    arrays, discriminator, pickle = official
    networks = convert(pickle).networks
    z, images, labels = sample(4, 5), sample(4, 8, 8, 3), sample(4, LABELS, seed=3)
    w_plus = networks["generator"].mapping(z, labels=labels)
    assert_close(w_plus[:, 0], reference_mapping(arrays, z, labels), 1e-5)
    scores = networks["discriminator"](images, labels)
    assert_close(scores, reference_scores(discriminator, images, labels), 1e-5)


def test_they_go_back_under_their_names(official, convert, tmp_path):
    arrays, discriminator, pickle = official
    preset, out = convert(pickle), tmp_path / "back.safetensors"
    run(source=preset.path, to="stylegan2-tf", out=out)
    back = {state.path: state.arrays for state in read_checkpoint(out).states}
    assert set(back) == {"Gs", "D"}
    for wanted, actual in ((arrays, back["Gs"]), (discriminator, back["D"])):
        assert set(actual) == set(wanted)
        for name, array in actual.items():
            limit = 6e-8 if name.endswith("mod_bias") else 0  # the 1 that is added and taken off
            np.testing.assert_allclose(array, wanted[name], rtol=0, atol=limit, err_msg=name)
    again = convert(out)
    for name, network in preset.networks.items():
        assert again.networks[name].get_config() == network.get_config()
        for a, b in zip(weights_of(again.networks[name]), weights_of(network), strict=True):
            np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=0, atol=6e-8, err_msg=a.path)


@pytest.mark.parametrize(
    "network, rows, message",
    (
        (
            lambda: StyleGAN2Generator(8, 5, 6, label_dim=2, joint_norm=True, channel_max=4),
            maps.pytorch_ada_generator_map,
            "joint_norm=True; convert to stylegan2-tf",
        ),
        (
            lambda: StyleGAN2Discriminator(8, label_dim=2, label_logits=True, channel_max=4),
            maps.pytorch_ada_discriminator_map,
            "label_logits=True; convert to stylegan2-tf",
        ),
    ),
)
def test_stylegan2_ada_has_no_names_for_them(network, rows, message):
    with pytest.raises(UserError, match=message):
        rows(network())
