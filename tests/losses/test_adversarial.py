"""Adversarial losses by hand, in NumPy and for extreme logits, of samples and of patches."""

import math

import numpy as np
import pytest
import tensorflow as tf

from tests.cases import jit_equal
from tfgan_edit.losses.adversarial import (
    hinge_discriminator_loss,
    hinge_generator_loss,
    least_squares_discriminator_loss,
    least_squares_generator_loss,
    logistic_discriminator_loss,
    logistic_generator_loss,
    sum_over_scales,
)


def test_generator_loss_by_hand():
    # softplus(0) = log 2; softplus(-log 3) = log(4 / 3); softplus(log 3) = log 4
    loss = logistic_generator_loss(tf.constant([[0.0], [math.log(3)], [-math.log(3)]]))
    np.testing.assert_allclose(loss, np.log([2, 4 / 3, 4]), rtol=1e-6)


def test_discriminator_loss_by_hand():
    real, fake = tf.constant([[0.0], [math.log(3)]]), tf.constant([[0.0], [math.log(3)]])
    loss = logistic_discriminator_loss(real, fake)
    np.testing.assert_allclose(loss, [2 * math.log(2), math.log(16 / 3)], rtol=1e-6)


def test_discriminator_loss_in_numpy():
    random = np.random.default_rng(1)
    real, fake = random.normal(size=(2, 5, 1)).astype(np.float32)
    expected = np.log1p(np.exp(-real)) + np.log1p(np.exp(fake))
    loss = logistic_discriminator_loss(tf.constant(real), tf.constant(fake))
    assert loss.shape == (5,)
    np.testing.assert_allclose(loss, expected[:, 0], rtol=1e-5)


def test_extreme_logits_stay_finite_and_keep_their_slope():
    logits = tf.constant([[-1000.0], [1000.0]])
    with tf.GradientTape() as tape:
        tape.watch(logits)
        loss = logistic_generator_loss(logits)
    np.testing.assert_allclose(loss, [1000, 0], atol=1e-6)
    # d softplus(-x) / dx = -sigmoid(-x): a rejected fake keeps slope -1
    np.testing.assert_allclose(tape.gradient(loss, logits), [[-1], [0]], atol=1e-6)


def test_least_squares_by_hand():
    real, fake = tf.constant([[1.0], [3.0]]), tf.constant([[0.0], [-1.0]])
    np.testing.assert_allclose(least_squares_generator_loss(fake), [1, 4])
    np.testing.assert_allclose(least_squares_discriminator_loss(real, fake), [0, 2.5])


def test_hinge_by_hand():
    real, fake = tf.constant([[2.0], [0.5]]), tf.constant([[-3.0], [0.25]])
    np.testing.assert_allclose(hinge_generator_loss(fake), [3, -0.25])
    np.testing.assert_allclose(hinge_discriminator_loss(real, fake), [0, 0.5 + 1.25])


@pytest.mark.parametrize(
    "loss, count",
    (
        (logistic_generator_loss, 1),
        (logistic_discriminator_loss, 2),
        (least_squares_generator_loss, 1),
        (least_squares_discriminator_loss, 2),
        (hinge_generator_loss, 1),
        (hinge_discriminator_loss, 2),
    ),
)
def test_patches_count_by_their_mean(loss, count):
    logits = np.random.default_rng(1).normal(size=(count, 3, 2, 4, 1)).astype(np.float32)
    each = [loss(*(x[:, i, j] for x in logits)) for i in range(2) for j in range(4)]
    np.testing.assert_allclose(loss(*logits), np.mean(each, axis=0), rtol=1e-6)


def test_scales_add_up():
    fine, coarse = tf.constant([[[[3.0]], [[1.0]]]]), tf.constant([[[[2.0]]]])
    loss = sum_over_scales(least_squares_generator_loss, [fine, coarse])
    np.testing.assert_allclose(loss, [(4 + 0) / 2 + 1])
    both = sum_over_scales(least_squares_discriminator_loss, [fine, coarse], [fine, coarse])
    np.testing.assert_allclose(both, [(4 + 0 + 9 + 1) / 4 + (1 + 4) / 2])


def test_same_in_graph_and_under_xla():
    random = np.random.default_rng(1)
    real, fake = random.normal(size=(2, 5, 1)).astype(np.float32)
    jit_equal(logistic_generator_loss, fake)
    jit_equal(logistic_discriminator_loss, real, fake)
