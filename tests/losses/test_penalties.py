"""R1 and path length on functions whose gradients are known in closed form."""

import numpy as np
import pytest
import tensorflow as tf

from tests.cases import assert_close, jit_equal
from tfgan_edit.losses.penalties import path_length_penalty, path_lengths, r1_penalty

RANDOM = np.random.default_rng(1)
WEIGHTS = RANDOM.normal(size=(2, 3, 1)).astype(np.float32)
IMAGES = RANDOM.normal(size=(4, 2, 3, 1)).astype(np.float32)


def linear(x):
    return tf.reduce_sum(x * WEIGHTS, axis=[1, 2, 3])[:, tf.newaxis]


def quadratic(x):
    return tf.reduce_sum(x**2 * WEIGHTS, axis=[1, 2, 3])[:, tf.newaxis]


def test_r1_of_a_linear_discriminator_is_the_norm_of_its_weights():
    penalty, logits = r1_penalty(linear, tf.constant(IMAGES))
    np.testing.assert_allclose(penalty, [np.sum(WEIGHTS**2)] * 4, rtol=1e-5)
    np.testing.assert_allclose(
        logits[:, 0], np.sum(IMAGES * WEIGHTS, axis=(1, 2, 3)), rtol=1e-4
    )


def test_r1_by_hand():
    # D(x) = 3 x0² - x1 at (2, 5): gradient (12, -1), 144 + 1
    def discriminate(x):
        return 3 * x[:, 0, 0, :1] ** 2 - x[:, 0, 1, :1]

    images = tf.reshape(tf.constant([2.0, 5.0]), [1, 1, 2, 1])
    penalty, logits = r1_penalty(discriminate, images)
    np.testing.assert_allclose(penalty, [145.0])
    np.testing.assert_allclose(logits, [[7.0]])


def test_r1_is_per_sample_and_can_be_differentiated():
    """D = sum w x²: gradient 2 w x, penalty sum 4 w² x², its gradient for x 8 w² x."""
    images = tf.constant(IMAGES)
    with tf.GradientTape() as tape:
        tape.watch(images)
        penalty, _ = r1_penalty(quadratic, images)
        total = tf.reduce_sum(penalty)
    expected = np.sum(4 * WEIGHTS**2 * IMAGES**2, axis=(1, 2, 3))
    np.testing.assert_allclose(penalty, expected, rtol=1e-5)
    assert_close(tape.gradient(total, images), 8 * WEIGHTS**2 * IMAGES, 1e-5)


def test_r1_counts_what_stands_between_image_and_discriminator():
    """The gradient is that for the images before augmentation: here times 3, so 9."""
    plain, _ = r1_penalty(linear, tf.constant(IMAGES))
    augmented, _ = r1_penalty(lambda x: linear(3 * x), tf.constant(IMAGES))
    np.testing.assert_allclose(augmented, 9 * plain, rtol=1e-5)


@pytest.mark.parametrize("dtype, limit", (("bfloat16", 2e-2), ("float16", 2e-3)))
def test_r1_of_a_discriminator_in_half_precision(dtype, limit):
    """The sum of squares is float32 although the gradient passed half precision."""

    def discriminate(x):
        return tf.cast(linear(tf.cast(tf.cast(x, dtype), tf.float32)), tf.float32)

    penalty, _ = r1_penalty(discriminate, tf.constant(IMAGES))
    assert penalty.dtype == tf.float32
    np.testing.assert_allclose(penalty, [np.sum(WEIGHTS**2)] * 4, rtol=limit)


# A generator that is linear in w: image = sum over rows of w_plus[row] @ MATRIX[row]
MATRIX = RANDOM.normal(size=(3, 5, 4 * 6 * 3)).astype(np.float32)
W_PLUS = RANDOM.normal(size=(2, 3, 5)).astype(np.float32)
DIRECTIONS = RANDOM.normal(size=(2, 4, 6, 3)).astype(np.float32)


def synthesize(w_plus):
    return tf.reshape(tf.einsum("nlw,lwp->np", w_plus, MATRIX), [-1, 4, 6, 3])


def test_path_lengths_of_a_linear_generator():
    """J'y / sqrt(H W): per row the norm of MATRIX y, root of the mean of squares."""
    y = DIRECTIONS.reshape(2, -1) / np.sqrt(4 * 6)
    gradient = np.einsum("lwp,np->nlw", MATRIX, y)  # [N, rows, w_dim]
    expected = np.sqrt(np.mean(np.sum(gradient**2, axis=2), axis=1))
    lengths = path_lengths(synthesize, tf.constant(W_PLUS), tf.constant(DIRECTIONS))
    np.testing.assert_allclose(lengths, expected, rtol=1e-5)


def test_path_lengths_by_hand():
    # One pixel row of 1 x 4 pixels, one row of w: G(w) = w0 * (1, 1, 1, 1), y all ones:
    # d sum(G y) / sqrt(4) / d w0 = 4 / 2 = 2
    lengths = path_lengths(
        lambda w: tf.ones([1, 1, 4, 1]) * w[:, 0, 0], tf.ones([1, 1, 1]), tf.ones([1, 1, 4, 1])
    )
    np.testing.assert_allclose(lengths, [2.0])
    # Two rows, of which the second does nothing: sqrt((2² + 0) / 2)
    lengths = path_lengths(
        lambda w: tf.ones([1, 1, 4, 1]) * w[:, 0, 0], tf.ones([1, 2, 1]), tf.ones([1, 1, 4, 1])
    )
    np.testing.assert_allclose(lengths, [2**0.5], rtol=1e-6)


def test_path_length_penalty_by_hand():
    penalty = path_length_penalty(tf.constant([1.0, 3.0]), tf.constant(1.5))
    np.testing.assert_allclose(penalty, [0.25, 2.25])


def test_path_length_penalty_reaches_the_generator():
    """d (|J'y| - a)² / d scale of the generator, by finite differences."""
    scale = tf.Variable(1.3, dtype=tf.float64)
    w_plus, directions = tf.constant(W_PLUS, tf.float64), tf.constant(DIRECTIONS, tf.float64)

    def loss():
        lengths = path_lengths(
            lambda w: scale * tf.sin(tf.cast(synthesize(tf.cast(w, tf.float32)), w.dtype)),
            w_plus,
            directions,
        )
        return tf.reduce_sum(path_length_penalty(lengths, tf.constant(0.5, tf.float64)))

    with tf.GradientTape() as tape:
        value = loss()
    slope = tape.gradient(value, scale)
    scale.assign(1.301)
    above = loss()
    scale.assign(1.299)
    np.testing.assert_allclose(slope, (above - loss()) / 0.002, rtol=1e-4)


def test_same_in_graph_and_under_xla():
    jit_equal(lambda x: r1_penalty(quadratic, x), IMAGES)
    jit_equal(lambda w, y: path_lengths(synthesize, w, y), W_PLUS, DIRECTIONS)
