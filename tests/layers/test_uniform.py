"""Layers whose weights begin uniform: promises, and their formulas in NumPy."""

import numpy as np
import pytest
import tensorflow as tf

from tests.cases import assert_close, run_layer_test
from tests.reference.convolution import conv2d as reference_conv2d
from tfgan_edit.layers.uniform import UniformConv2D, UniformDense


def normal(*shape):
    return np.random.default_rng(0).standard_normal(shape).astype(np.float32)


@pytest.mark.parametrize("shape", [(2, 4), (2, 3, 4)])
def test_dense(shape, tmp_path):
    x = normal(*shape)
    layer = run_layer_test(
        UniformDense,
        {"units": 5},
        (x,),
        expected_shape=(*shape[:-1], 5),
        expected_trainable=2,
        tmp_path=tmp_path,
    )
    assert_close(layer(x), x @ layer.kernel.numpy() + layer.bias.numpy(), 1e-6)


@pytest.mark.parametrize("rows_given", [3, 1])
def test_dense_of_rows(rows_given, tmp_path):
    x = normal(2, rows_given, 4)
    layer = run_layer_test(
        UniformDense,
        {"units": 5, "rows": 3},
        (x,),
        expected_shape=(2, 3, 5),
        expected_trainable=2,
        tmp_path=tmp_path,
    )
    for row in range(3):
        alone = x[:, row % rows_given] @ layer.kernel.numpy()[row] + layer.bias.numpy()[row]
        assert_close(layer(x)[:, row], alone, 1e-6)


@pytest.mark.parametrize(
    ("settings", "shape", "weights"),
    [
        ({"kernel_size": 3}, (2, 5, 6, 4), 2),
        ({"kernel_size": 1, "use_bias": False}, (2, 5, 6, 4), 1),
        ({"kernel_size": (5, 4), "padding": "valid"}, (2, 1, 3, 4), 2),
    ],
)
def test_convolution(settings, shape, weights, tmp_path):
    x = normal(2, 5, 6, 3)
    layer = run_layer_test(
        UniformConv2D,
        {"filters": 4, **settings},
        (x,),
        expected_shape=shape,
        expected_trainable=weights,
        tmp_path=tmp_path,
    )
    margin = layer.kernel_size[0] // 2 if layer.padding == "same" else 0
    padded = np.pad(x, [(0, 0), (margin, margin), (margin, margin), (0, 0)])
    expected = reference_conv2d(padded, layer.kernel.numpy())
    assert_close(layer(x), expected + (0 if layer.bias is None else layer.bias.numpy()), 1e-5)


@pytest.mark.parametrize(
    "layer, fan_in, shape",
    [
        (UniformDense(400), 100, (None, 100)),
        (UniformDense(80, rows=5), 100, (None, 5, 100)),
        (UniformConv2D(300, 3), 900, (None, 4, 4, 100)),
    ],
)
def test_first_weights(layer, fan_in, shape):
    layer.build(shape)
    for weight in layer.weights:
        values = weight.numpy() * fan_in**0.5
        assert np.abs(values).max() <= 1
        assert np.std(values) == pytest.approx(3**-0.5, abs=0.05)  # of a uniform variable


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"kernel_size": 4}, "padding='same' needs odd sides"),
        ({"kernel_size": 3, "padding": "full"}, "padding same or valid"),
        ({"kernel_size": 0}, "kernel_size must be positive"),
    ],
)
def test_kernels_that_do_not_fit(settings, message):
    with pytest.raises(ValueError, match=message):
        UniformConv2D(2, **settings)


@pytest.mark.parametrize("rows", (1, 5))
def test_one_sample_is_computed_as_in_a_batch(rows):
    """A batch of 1 takes another path, a product a row."""
    layer = UniformDense(4, rows=5)
    x = tf.constant(np.random.RandomState(0).randn(3, rows, 6), tf.float32)
    both = layer(x)
    for index in range(3):
        one = x[index : index + 1]
        with tf.GradientTape() as tape:
            y = layer(one)
            loss = tf.reduce_sum(y**2)
        np.testing.assert_allclose(y, both[index : index + 1], atol=1e-6)
        with tf.GradientTape() as other:
            expected = tf.reduce_sum(layer(tf.concat([one, x[:1] * 0], 0))[:1] ** 2)
        for a, b in zip(
            tape.gradient(loss, layer.trainable_weights),
            other.gradient(expected, layer.trainable_weights),
            strict=True,
        ):
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
