"""Convolutions with a norm: promises, closed forms, and PyTorch's geometry in NumPy."""

import numpy as np
import pytest
import tensorflow as tf

from tests.cases import assert_close, run_layer_test
from tfgan_edit.layers.normalized import (
    NormalizedConv2D,
    NormalizedConv2DTranspose,
    NormalizedDepthwiseConv2D,
    _pad,
)

TRAINABLE = {None: 2, "instance": 1, "batch": 4, "demodulated": 2}
OTHERS = {None: 0, "instance": 1, "batch": 2, "demodulated": 0}


def sample(*shape):
    return np.random.default_rng(1).normal(size=shape).astype(np.float32)


@pytest.mark.parametrize("norm", TRAINABLE)
@pytest.mark.parametrize("cls", (NormalizedConv2D, NormalizedConv2DTranspose))
def test_keeps_the_promises_of_a_layer(cls, norm, tmp_path):
    transposed = cls is NormalizedConv2DTranspose
    run_layer_test(
        cls,
        {"filters": 4, "norm": norm, "padding": "reflect", "activation": "relu"},
        (sample(2, 4, 6, 3),),
        expected_shape=(2, 8, 12, 4) if transposed else (2, 4, 6, 4),
        expected_trainable=TRAINABLE[norm],
        expected_non_trainable=OTHERS[norm],
        tmp_path=tmp_path,
    )


@pytest.mark.parametrize("norm", TRAINABLE)
def test_a_depthwise_layer_keeps_the_promises(norm, tmp_path):
    run_layer_test(
        NormalizedDepthwiseConv2D,
        {"filters": 3, "norm": norm, "padding": "reflect", "activation": "relu", "strides": 2},
        (sample(2, 4, 6, 3),),
        expected_shape=(2, 2, 3, 3),
        expected_trainable=TRAINABLE[norm],
        expected_non_trainable=OTHERS[norm],
        tmp_path=tmp_path,
    )


@pytest.mark.parametrize("strides", (1, 2))
def test_depthwise_equals_a_convolution_with_a_diagonal_kernel(strides):
    settings = {"kernel_size": 3, "strides": strides, "padding": "reflect"}
    layer, full = (cls(3, **settings) for cls in (NormalizedDepthwiseConv2D, NormalizedConv2D))
    x = sample(1, 6, 8, 3)
    layer(x), full(x)
    kernel, bias = layer.get_weights()
    full.set_weights([kernel * np.eye(3), bias])
    assert_close(layer(x), full(x), 1e-5)


def test_a_depthwise_layer_has_as_many_filters_as_channels():
    with pytest.raises(ValueError, match="filters must be the 3 channels.*filters=4"):
        NormalizedDepthwiseConv2D(4)(sample(1, 4, 4, 3))


def correlate(x, kernel, stride):
    """By loops: [H, W, I] * [k, k, I, O] without padding."""
    k = kernel.shape[0]
    rows, columns = ((n - k) // stride + 1 for n in x.shape[:2])
    y = np.empty((rows, columns, kernel.shape[3]))
    for i, j in np.ndindex(rows, columns):
        patch = x[i * stride : i * stride + k, j * stride : j * stride + k]
        y[i, j] = np.tensordot(patch, kernel, 3)
    return y


@pytest.mark.parametrize("padding, mode", (("zeros", "constant"), ("reflect", "reflect")))
@pytest.mark.parametrize("kernel_size, strides", ((3, 1), (3, 2), (4, 2), (4, 1), (7, 1)))
def test_convolution_equals_loops(kernel_size, strides, padding, mode):
    layer = NormalizedConv2D(2, kernel_size, strides, padding=padding)
    x = sample(1, 6, 8, 3)
    actual = layer(x)
    kernel, bias = layer.get_weights()
    margin = kernel_size // 2
    padded = np.pad(x[0], ((margin, margin), (margin, margin), (0, 0)), mode)
    assert_close(actual[0], correlate(padded, kernel, strides) + bias, 1e-5)


@pytest.mark.parametrize("padding", ("zeros", "reflect"))
def test_transposed_convolution_equals_loops(padding):
    """Pixel (i, j) adds its product to the 3×3 pixels around (2i, 2j)."""
    layer = NormalizedConv2DTranspose(2, padding=padding)
    x = sample(1, 3, 4, 5)
    actual = layer(x)
    kernel, bias = layer.get_weights()
    source = x[0] if padding == "zeros" else np.pad(x[0], ((0, 1), (0, 1), (0, 0)), "reflect")
    canvas = np.zeros((12, 12, 2))
    for i, j in np.ndindex(source.shape[:2]):
        canvas[2 * i : 2 * i + 3, 2 * j : 2 * j + 3] += kernel @ source[i, j]
    assert_close(actual[0], canvas[1:7, 1:9] + bias, 1e-5)


def test_a_bias_before_an_instance_norm_has_no_effect():
    layer = NormalizedConv2D(4, norm="instance")
    x = sample(1, 4, 4, 3)
    before = layer(x)
    layer.bias.assign(layer.bias + 5)
    np.testing.assert_array_equal(layer(x), before)


@pytest.mark.parametrize("activation, gain", (("linear", 1), ("relu", 2**0.5)))
def test_demodulated_kernels_have_norm_one(activation, gain):
    """A picture that is the kernel's own conjugate: y = sum w² gain / |w| = gain |w|."""
    layer = NormalizedConv2D(1, norm="demodulated", activation=activation)
    layer.build((None, 3, 3, 2))
    layer.bias.assign([0.0])
    kernel = layer.kernel.numpy()[..., 0]
    y = layer(kernel[None])[0, 1, 1, 0]
    np.testing.assert_allclose(y, gain * np.linalg.norm(kernel), rtol=1e-4)
    layer.kernel.assign(7 * layer.kernel)  # the scale of a kernel does not matter
    np.testing.assert_allclose(layer(kernel[None])[0, 1, 1, 0], y, rtol=1e-4)


@pytest.mark.parametrize(
    "arguments, message",
    (
        ({"filters": 0}, "filters=0"),
        ({"filters": 1, "norm": "layer"}, "norm must be one of None, 'instance'.*norm='layer'"),
        ({"filters": 1, "padding": "same"}, "padding must be.*padding='same'"),
        ({"filters": 1, "activation": "gelu"}, "activation='gelu'"),
        ({"filters": 1, "strides": 0}, "strides=0"),
    ),
)
def test_wrong_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        NormalizedConv2D(**arguments)


@pytest.mark.parametrize(("before", "after"), [(0, 0), (1, 1), (0, 1), (3, 3), (2, 0)])
def test_reflection_equals_the_operation_of_that_name(before, after):
    """Values and gradients, also where only the channels are known in advance."""
    x = tf.constant(np.random.RandomState(0).randn(2, 5, 4, 3), tf.float32)
    sides = [[0, 0], [before, after], [before, after], [0, 0]]
    weights = tf.constant(np.random.RandomState(1).randn(*tf.pad(x, sides).shape), tf.float32)

    @tf.function(input_signature=[tf.TensorSpec([None, None, None, 3])])
    def both(x):
        ours, theirs = _pad(x, before, after, "reflect"), tf.pad(x, sides, "REFLECT")
        return ours, theirs, *(tf.gradients(y * weights, x)[0] for y in (ours, theirs))

    for values in (both(x), (_pad(x, before, after, "reflect"), tf.pad(x, sides, "REFLECT"))):
        for ours, theirs in zip(values[::2], values[1::2], strict=True):
            np.testing.assert_allclose(ours, theirs, atol=1e-6)


def test_a_picture_too_small_to_reflect_is_refused():
    with pytest.raises(ValueError, match="3 pixels needs more than 3"):
        _pad(tf.zeros([1, 3, 8, 1]), 3, 3, "reflect")
