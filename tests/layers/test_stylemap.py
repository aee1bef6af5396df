"""The convolution that a map modulates: promises, and its formula."""

import numpy as np
import pytest

from tests.cases import assert_close, randomized, run_layer_test
from tests.reference import activation as ref_activation
from tests.reference import convolution as ref_convolution
from tests.reference.resampling import resample_filter
from tfgan_edit.layers.stylemap import NORMS, StylemapConv2D


def sample(*shape, seed=1):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


@pytest.mark.parametrize("norm", ("layer", "group"))
@pytest.mark.parametrize("up", (1, 2))
def test_it_keeps_the_promises_of_a_layer(norm, up, tmp_path):
    run_layer_test(
        StylemapConv2D,
        {"filters": 4, "up": up, "norm": norm, "gain": 0.5},
        (sample(2, 6, 4, 8), sample(2, 6, 4, 5)),
        expected_shape=(2, 6 * up, 4 * up, 4),
        expected_trainable=6,
        tmp_path=tmp_path,
    )


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("up, kernel_size", ((1, 3), (2, 3), (1, 1)))
def test_it_equals_the_reference(norm, up, kernel_size):
    x, code = sample(2, 6, 4, 8), sample(2, 6, 4, 5, seed=2)
    layer = randomized(StylemapConv2D(4, kernel_size, up=up, norm=norm, gain=0.7), x, code)
    maps = [
        ref_convolution.conv2d_resample(code, part.kernel.numpy() / np.sqrt(9 * 5), padding=1)
        + part.bias.numpy()
        for part in (layer.gamma, layer.beta)
    ]
    axes = {"layer": (1, 2, 3), "instance": (1, 2)}.get(norm)
    normalized = x.astype(np.float64)
    if norm == "group":  # eight channels: each by itself
        axes = (1, 2)
    if axes:
        deviation = np.sqrt(normalized.var(axes, keepdims=True) + 1e-5)
        normalized = (normalized - normalized.mean(axes, keepdims=True)) / deviation
    expected = ref_convolution.conv2d_resample(
        normalized * maps[0] + maps[1],
        layer.conv.kernel.numpy() / np.sqrt(kernel_size**2 * 8),
        filter=resample_filter([1, 3, 3, 1]) if up > 1 else None,
        up=up,
        padding=kernel_size // 2,
        flip_kernel=up > 1,
    )
    expected = ref_activation.bias_act(
        expected, layer.conv.bias.numpy(), activation="lrelu", gain=np.sqrt(2) * 0.7
    )
    assert_close(layer(x, code), expected, 5e-6)


def test_at_the_start_a_code_of_zeros_changes_nothing():
    x, code = sample(1, 4, 4, 3), np.zeros([1, 4, 4, 2], np.float32)
    layer = StylemapConv2D(5, norm=None)
    assert_close(layer(x, code), layer.conv(x), 0)


def test_an_unknown_norm_is_named():
    with pytest.raises(ValueError, match="norm must be one of 'layer'.*norm='batch'"):
        StylemapConv2D(4, norm="batch")
