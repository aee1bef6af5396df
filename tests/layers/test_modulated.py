"""Synthesis layer and colour layer against the reference."""

import numpy as np
import pytest
import tensorflow as tf

from tests.cases import assert_close, randomized, run_layer_test
from tests.reference import activation as ref_activation
from tests.reference import convolution as ref_convolution
from tests.reference import dense as ref_dense
from tests.reference import resampling as ref_resampling
from tfgan_edit.layers.modulated import SynthesisLayer, ToRGB

LOWPASS = ref_resampling.resample_filter((1, 3, 3, 1))


def sample(*shape, seed=1):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def styles_of(layer, w):
    affine = layer.affine
    return ref_dense.fully_connected(w, affine.kernel.numpy(), affine.bias.numpy())


@pytest.mark.parametrize(
    "init_kwargs, size",
    (
        ({"filters": 4}, (6, 4)),
        ({"filters": 4, "up": 2, "clamp": 0.5, "resample_taps": (1, 2, 1)}, (12, 8)),
        ({"filters": 4, "kernel_size": 1, "activation": "linear"}, (6, 4)),
    ),
)
def test_synthesis_layer_keeps_the_promises_of_a_layer(init_kwargs, size, tmp_path):
    layer = run_layer_test(
        SynthesisLayer,
        init_kwargs,
        (sample(2, 6, 4, 3), sample(2, 5), sample(2, *size, 1)),
        expected_shape=(2, *size, 4),
        expected_trainable=5,  # kernel, bias, strength of the noise, two of the style
        expected_non_trainable=1,  # the constant noise
        tmp_path=tmp_path,
    )
    assert layer.noise_constant.shape == (1, *size, 1)


def test_synthesis_layer_without_noise(tmp_path):
    run_layer_test(
        SynthesisLayer,
        {"filters": 4, "use_noise": False},
        (sample(2, 6, 4, 3), sample(2, 5)),
        expected_shape=(2, 6, 4, 4),
        expected_trainable=4,
        tmp_path=tmp_path,
    )


@pytest.mark.parametrize("clamp", (None, 0.5))
def test_colour_layer_keeps_the_promises_of_a_layer(clamp, tmp_path):
    run_layer_test(
        ToRGB,
        {"img_channels": 4, "clamp": clamp},
        (sample(2, 6, 4, 3), sample(2, 5)),
        expected_shape=(2, 6, 4, 4),
        expected_trainable=4,
        tmp_path=tmp_path,
    )


@pytest.mark.parametrize("gain, clamp", ((1.0, None), (0.5, 0.7)))
@pytest.mark.parametrize("up", (1, 2))
@pytest.mark.parametrize("with_noise", (False, True))
def test_synthesis_layer_equals_reference(up, with_noise, gain, clamp):
    x, w = sample(2, 6, 4, 3), sample(2, 5)
    noise = sample(2, 6 * up, 4 * up, 1, seed=2) if with_noise else None
    layer = randomized(SynthesisLayer(4, up=up, clamp=clamp), x, w)
    expected = ref_convolution.modulated_conv2d(
        x,
        layer.kernel.numpy(),
        styles_of(layer, w),
        noise=noise * layer.noise_strength.numpy() if with_noise else None,
        filter=LOWPASS,
        up=up,
        padding=1,
        flip_kernel=up == 2,
    )
    expected = ref_activation.bias_act(
        expected,
        layer.bias.numpy(),
        activation="lrelu",
        gain=np.sqrt(2) * gain,
        clamp=None if clamp is None else clamp * gain,
    )
    assert_close(layer(x, w, noise, gain=gain), expected, 5e-6)


def test_synthesis_layer_may_have_stored_its_noise():
    x, w = sample(2, 6, 4, 3), sample(2, 5)
    layer = randomized(SynthesisLayer(4), x, w)
    assert_close(
        layer(x, w, layer.noise_constant), layer(x, w, layer.noise_constant.numpy()), 0
    )


@pytest.mark.parametrize("clamp", (None, 0.5))
def test_colour_layer_equals_reference(clamp):
    x, w = sample(2, 6, 4, 3), sample(2, 5)
    layer = randomized(ToRGB(clamp=clamp), x, w)
    expected = ref_convolution.modulated_conv2d(
        x,
        layer.kernel.numpy(),
        styles_of(layer, w) / np.sqrt(3),  # fan-in of a 1x1 kernel
        demodulate=False,
    )
    expected = ref_activation.bias_act(expected, layer.bias.numpy(), clamp=clamp)
    assert_close(layer(x, w), expected, 2e-6)


def test_variables_at_the_start():
    """Styles of one, no bias, no noise; weights and noise maps of unit variance."""
    layer = SynthesisLayer(64)
    layer(sample(1, 64, 64, 32), np.zeros([1, 5], np.float32))
    np.testing.assert_array_equal(layer.affine(np.zeros([1, 5], np.float32)), np.ones([1, 32]))
    assert layer.noise_strength.numpy() == 0
    np.testing.assert_array_equal(layer.bias.numpy(), np.zeros(64))
    assert abs(np.std(layer.kernel.numpy()) - 1) < 0.05
    assert abs(np.std(layer.noise_constant.numpy()) - 1) < 0.1


@pytest.mark.parametrize("policy", ("mixed_bfloat16", "mixed_float16"))
@pytest.mark.parametrize("dtype", ("float32", "half"))
def test_activations_keep_their_dtype(policy, dtype):
    """Only the products change under a mixed policy; float16 meets large styles."""
    dtype = policy.removeprefix("mixed_") if dtype == "half" else dtype
    x, w = sample(2, 6, 4, 3), 1000 * sample(2, 5)
    layer = SynthesisLayer(4, up=2, dtype=policy)
    exact = SynthesisLayer(4, up=2)
    exact(x, w)
    y = layer(tf.cast(x, dtype), w)
    assert y.dtype == dtype
    layer.set_weights(exact.get_weights())
    assert_close(layer(tf.cast(x, dtype), w), exact(x, w), 3e-2)


@pytest.mark.parametrize(
    "cls, arguments, message",
    (
        (SynthesisLayer, {"filters": 0}, "filters=0"),
        (SynthesisLayer, {"filters": 2, "kernel_size": 2}, "kernel_size=2"),
        (SynthesisLayer, {"filters": 2, "up": 0}, "up=0"),
        (SynthesisLayer, {"filters": 2, "clamp": -1}, "clamp=-1"),
        (SynthesisLayer, {"filters": 2, "activation": "gelu"}, "activation.*'gelu'"),
        (ToRGB, {"img_channels": 0}, "img_channels=0"),
        (ToRGB, {"clamp": -1}, "clamp=-1"),
    ),
)
def test_wrong_arguments_are_named(cls, arguments, message):
    with pytest.raises(ValueError, match=message):
        cls(**arguments)
