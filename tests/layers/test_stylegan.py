"""Layers of StyleGAN against the reference, and the closed forms of their definitions."""

import numpy as np
import pytest

from tests.cases import assert_close, randomized, run_layer_test
from tests.reference import convolution as ref_convolution
from tests.reference import dense as ref_dense
from tests.reference import resampling as ref_resampling
from tfgan_edit.layers.stylegan import LReLUConv2D, LReLUDense, StyledActivation

GAIN = np.sqrt(2)


def sample(*shape, seed=1):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def lrelu(x):
    return np.maximum(x, 0.2 * x)


def normalized(x):
    x = x - np.mean(x, axis=(1, 2), keepdims=True)
    return x / np.sqrt(np.mean(x**2, axis=(1, 2), keepdims=True) + 1e-8)


def test_dense_keeps_the_promises_of_a_layer(tmp_path):
    run_layer_test(
        LReLUDense,
        {"units": 4, "lr_multiplier": 0.01},
        (sample(3, 5),),
        expected_shape=(3, 4),
        expected_trainable=2,
        half_limits={"mixed_bfloat16": 1e-6, "mixed_float16": 1e-6},  # always in float32
        tmp_path=tmp_path,
    )


def test_dense_has_its_gain_before_the_bias():
    x = sample(3, 5)
    layer = randomized(LReLUDense(4, lr_multiplier=0.1), x)
    kernel, bias = layer.dense.kernel.numpy(), layer.bias.numpy()
    expected = lrelu(GAIN * x @ kernel * 0.1 / np.sqrt(5) + bias * 0.1)
    assert_close(layer(x), expected, 1e-6)


@pytest.mark.parametrize(
    "init_kwargs, size",
    (
        ({"filters": 4, "kernel_size": 1}, (6, 4)),
        ({"filters": 4, "kernel_size": 3}, (6, 4)),
        ({"filters": 4, "kernel_size": 3, "down": 2, "resample_taps": (1, 3, 1)}, (3, 2)),
    ),
)
def test_convolution_keeps_the_promises_of_a_layer(init_kwargs, size, tmp_path):
    run_layer_test(
        LReLUConv2D,
        init_kwargs,
        (sample(2, 6, 4, 3),),
        expected_shape=(2, *size, 4),
        expected_trainable=2,
        tmp_path=tmp_path,
    )


def test_downsampling_blurs_convolves_and_takes_means():
    """Step by step, with zeros around each step's maps (Progressive GAN, section 3)."""
    x = sample(2, 6, 4, 3)
    layer = randomized(LReLUConv2D(4, 3, down=2), x)
    blurred = ref_resampling.upfirdn2d(
        x, ref_resampling.resample_filter((1, 2, 1)), padding=(1, 1, 1, 1)
    )
    kernel = layer.conv.kernel.numpy() * GAIN / np.sqrt(9 * 3)
    y = ref_convolution.conv2d(np.pad(blurred, ((0, 0), (1, 1), (1, 1), (0, 0))), kernel)
    y = np.mean(np.reshape(y, (2, 3, 2, 2, 2, 4)), axis=(2, 4))
    assert_close(layer(x), lrelu(y + layer.bias.numpy()), 1e-5)


@pytest.mark.parametrize(
    "init_kwargs, trainable, fixed",
    (
        ({}, 4, 1),  # bias, strength of the noise, two of the style; the constant noise
        ({"use_noise": False}, 3, 0),
        ({"use_styles": False, "normalization": "pixel"}, 2, 1),
        ({"normalization": None}, 4, 1),
    ),
)
def test_styled_activation_keeps_the_promises_of_a_layer(init_kwargs, trainable, fixed, tmp_path):
    noise = (sample(2, 6, 4, 1),) if fixed else ()
    run_layer_test(
        StyledActivation,
        init_kwargs,
        (sample(2, 6, 4, 3), sample(2, 5), *noise),
        expected_shape=(2, 6, 4, 3),
        expected_trainable=trainable,
        expected_non_trainable=fixed,
        tmp_path=tmp_path,
    )


def test_styled_activation_is_noise_bias_lrelu_adain():
    x, w, noise = sample(2, 6, 4, 3), sample(2, 5), sample(2, 6, 4, 1)
    layer = randomized(StyledActivation(), x, w, noise)
    strength, bias = layer.noise_strength.numpy(), layer.bias.numpy()
    affine = layer.affine
    style = ref_dense.fully_connected(w, affine.kernel.numpy(), affine.bias.numpy())
    style = style[:, None, None]
    y = normalized(lrelu(x + noise * strength + bias))
    assert_close(layer(x, w, noise), y * (style[..., :3] + 1) + style[..., 3:], 1e-5)
    silent = normalized(lrelu(x + bias)) * (style[..., :3] + 1) + style[..., 3:]
    assert_close(layer(x, w), silent, 1e-5)


def test_pixel_normalization_is_over_channels():
    x, w = sample(2, 6, 4, 3), sample(2, 5)
    layer = StyledActivation(use_styles=False, use_noise=False, normalization="pixel")
    y = lrelu(x)
    expected = y / np.sqrt(np.mean(y**2, axis=-1, keepdims=True) + 1e-8)
    assert_close(layer(x, w), expected, 1e-5)


def test_unknown_normalization():
    with pytest.raises(ValueError, match="normalization='batch'"):
        StyledActivation(normalization="batch")
