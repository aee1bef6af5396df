"""Logistic losses by hand, in NumPy and for extreme logits."""

import math

import numpy as np
import tensorflow as tf

from tests.cases import jit_equal
from tfgan_edit.losses.adversarial import (
    logistic_discriminator_loss,
    logistic_generator_loss,
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


def test_same_in_graph_and_under_xla():
    random = np.random.default_rng(1)
    real, fake = random.normal(size=(2, 5, 1)).astype(np.float32)
    jit_equal(logistic_generator_loss, fake)
    jit_equal(logistic_discriminator_loss, real, fake)
