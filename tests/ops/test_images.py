"""The two value ranges, in both directions."""

import numpy as np
import tensorflow as tf

from tests.cases import jit_equal
from tfgan_edit.ops.images import bounded, image_to_photo, photo_to_image


def test_every_photo_value_survives_the_round_trip():
    photo = np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1)
    image = photo_to_image(photo)
    assert image.dtype == tf.float32
    assert (image.numpy().min(), image.numpy().max()) == (-1, 1)
    np.testing.assert_array_equal(image_to_photo(image), photo)


def test_rounding_and_clipping_by_hand():
    # (x + 1) * 127.5: -1.5 -> below 0; 0 -> 127.5, to even 128; 0.005 -> 128.1; 1.5 -> 255
    image = tf.constant([-1.5, -1.0, 0.0, 0.005, 0.99, 1.0, 1.5])
    photo = image_to_photo(image)
    assert photo.dtype == tf.uint8
    np.testing.assert_array_equal(photo, [0, 0, 128, 128, 254, 255, 255])


def test_half_precision_images():
    image = tf.constant([-1.0, 0.5, 1.0], tf.bfloat16)
    np.testing.assert_array_equal(image_to_photo(image), [0, 191, 255])


def test_same_in_graph_and_under_xla():
    jit_equal(image_to_photo, np.linspace(-1.2, 1.2, 99, dtype=np.float32), limit=0)
    jit_equal(photo_to_image, np.arange(256).astype(np.uint8), limit=1e-6)


def test_bounded_images_pass_all_gradients():
    image = tf.constant([-1.5, -0.25, 1.5])
    with tf.GradientTape() as tape:
        tape.watch(image)
        y = bounded(image)
        loss = tf.reduce_sum(y * tf.constant([1.0, 2.0, 3.0]))
    np.testing.assert_array_equal(y, [-1, -0.25, 1])
    np.testing.assert_array_equal(tape.gradient(loss, image), [1, 2, 3])
