"""WGAN-GP in closed form: a linear discriminator has the same gradient everywhere."""

import numpy as np
import pytest
import tensorflow as tf

from tests.cases import assert_close
from tfgan_edit.losses.wasserstein import (
    wasserstein_discriminator_loss,
    wasserstein_generator_loss,
    wasserstein_gradient_penalty,
)

REAL, FAKE = tf.constant([[2.0], [-10.0]]), tf.constant([[0.5], [3.0]])


def test_losses_by_hand():
    assert_close(wasserstein_generator_loss(FAKE), [-0.5, -3.0], 0)
    assert_close(wasserstein_discriminator_loss(REAL, FAKE, drift=0.0), [-1.5, 13.0], 1e-7)
    assert_close(wasserstein_discriminator_loss(REAL, FAKE), [-1.5 + 0.004, 13.1], 1e-6)


@pytest.mark.parametrize("factor", (1, 2, 4))
def test_penalty_of_a_linear_discriminator(factor):
    """|d D / dx| = |w| = 3: the penalty is (3 / factor - 1)²."""
    weights = np.zeros((2, 2, 1), np.float32)
    weights[0, 0], weights[1, 0], weights[1, 1] = 1.0, -2.0, 2.0

    def discriminate(x):
        return tf.reduce_sum(x * weights, axis=[1, 2, 3])[:, tf.newaxis]

    images = tf.random.stateless_normal((2, 3, 2, 2, 1), (1, 2))
    penalty = wasserstein_gradient_penalty(discriminate, *images, tf.fill([3], 0.5), factor)
    assert_close(penalty, np.full(3, (3 / factor - 1) ** 2), 1e-6)


def test_the_gradient_is_taken_between_reals_and_fakes():
    """D(x) = |x|² / 2 of pixels 0 and 4: the gradient's length at m = 4u is 4u."""
    reals, fakes = tf.zeros((3, 1, 1, 1)), tf.fill((3, 1, 1, 1), 4.0)
    mixture = tf.constant([0.25, 0.5, 1.0])

    def discriminate(x):
        return tf.reduce_sum(tf.square(x), axis=[1, 2, 3])[:, tf.newaxis] / 2

    penalty = wasserstein_gradient_penalty(discriminate, reals, fakes, mixture)
    assert_close(penalty, [0.0, 1.0, 9.0], 1e-6)
