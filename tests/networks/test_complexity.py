"""Multiply-adds, against the numbers that layers' shapes give."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfgan_edit.networks.complexity import multiply_adds
from tfgan_edit.networks.pix2pixhd import Pix2PixHDGenerator


@pytest.mark.parametrize(
    "layer, shape, expected",
    (
        (keras.layers.Conv2D(5, 3, padding="same"), (1, 8, 6, 3), 8 * 6 * 5 * 9 * 3),
        (keras.layers.Conv2D(5, 3, strides=2), (2, 9, 9, 3), 2 * 4 * 4 * 5 * 9 * 3),
        (keras.layers.DepthwiseConv2D(3, padding="same"), (1, 8, 6, 4), 8 * 6 * 4 * 9),
        (keras.layers.Conv2DTranspose(5, 3, 2), (1, 4, 6, 3), 4 * 6 * 5 * 9 * 3),
        (keras.layers.Dense(7), (3, 4), 3 * 4 * 7),
        (keras.layers.LayerNormalization(), (3, 4), 0),
    ),
    ids=lambda value: getattr(value, "name", None),
)
def test_layers(layer, shape, expected):
    assert multiply_adds(layer, shape) == expected


def test_grouped_convolutions():
    kernel = np.ones((3, 3, 3, 6), np.float32)
    count = multiply_adds(lambda x: tf.nn.conv2d(x, kernel, 1, "VALID"), (1, 5, 5, 9))
    assert count == 3 * 3 * 6 * 9 * 3


def test_products_of_matrices():
    def product(a, b):
        return tf.matmul(a, b, transpose_a=True)

    assert multiply_adds(product, (5, 2), (5, 3)) == 2 * 5 * 3
    assert multiply_adds(product, (4, 5, 2), (4, 5, 3)) == 4 * 2 * 5 * 3


def generator_products(width, halvings, blocks, channels=3):
    """Of the global generator, for each pixel of the picture."""
    count = 49 * 2 * channels * width
    for i in range(halvings):
        narrow, wide, pixels = width * 2**i, width * 2 ** (i + 1), 4.0 ** -(i + 1)
        count += 2 * 9 * narrow * wide * pixels  # down at its output's size, up at its input's
    return count + blocks * 18 * (width * 2**halvings) ** 2 / 4**halvings


def test_the_published_generator():
    generator = Pix2PixHDGenerator(width=4, num_downsamplings=2, num_blocks=3)
    expected = 32 * 16 * generator_products(4, 2, 3)
    assert multiply_adds(generator, (1, 32, 16, 3)) == expected
    assert generator_products(64, 4, 9) == 829_824


def test_what_cannot_be_counted_is_refused():
    with pytest.raises(ValueError, match="shapes must be known"):
        multiply_adds(keras.layers.Conv2D(2, 3), (None, 8, 8, 3))

    inner = tf.function(lambda x: tf.matmul(x, np.ones((3, 3), np.float32)))
    with pytest.raises(ValueError, match="no calls in its graph"):
        multiply_adds(lambda x: inner(x) + 1, (2, 3))
