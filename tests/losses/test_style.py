"""Losses on styles, and of discriminators of several heads: golden values, and by hand."""

import numpy as np
import pytest
import tensorflow as tf

from tests import golden_files as golden
from tests.cases import assert_close
from tfgan_edit.losses.adversarial import (
    logistic_discriminator_loss,
    logistic_generator_loss,
    sum_over_scales,
)
from tfgan_edit.losses.penalties import heads_r1_penalty
from tfgan_edit.losses.style import style_cosine_loss, style_variance_loss


@pytest.fixture(scope="module")
def arrays():
    return golden.load("gnr_losses")[0]


def heads(arrays, side):
    return [tf.constant(golden.nhwc(arrays[f"in/{side}/{i}"])) for i in range(3)]


def test_logistic_losses_of_three_heads(arrays):
    real, fake = heads(arrays, "real"), heads(arrays, "fake")
    loss = tf.reduce_mean(sum_over_scales(logistic_discriminator_loss, real, fake))
    assert_close(loss, arrays["out/d_logistic"], golden.OPERATOR)
    loss = tf.reduce_mean(sum_over_scales(logistic_generator_loss, fake)) / 3
    assert_close(loss, arrays["out/g_nonsaturating"], golden.OPERATOR)


@pytest.mark.parametrize(
    "loss, name",
    ((style_variance_loss, "main"), (style_cosine_loss, "train")),
)
def test_style_consistency(arrays, loss, name):
    total = sum(tf.reduce_mean(loss(tf.constant(arrays[f"in/style_{d}"]))) for d in "AB")
    assert_close(50 * total, arrays[f"out/style_consistency_{name}"], golden.OPERATOR)


def test_style_consistency_by_hand():
    styles = tf.constant([[1.0, 0.0], [0.0, 2.0]])
    np.testing.assert_allclose(style_variance_loss(styles), [1.25, 1.25])
    np.testing.assert_allclose(style_cosine_loss(styles), [2.0, 2.0], rtol=1e-6)
    same = tf.constant([[3.0, 4.0]] * 3)
    np.testing.assert_allclose(style_variance_loss(same), np.zeros(3))
    np.testing.assert_allclose(style_cosine_loss(same), np.zeros(3), atol=1e-5)


def test_r1_of_two_heads(arrays):
    kernel = golden.hwio(arrays["in/r1_w"])

    def discriminate(x):
        local = tf.tanh(tf.nn.conv2d(x, kernel, 1, "VALID"))
        return [local, tf.reduce_mean(local, axis=[1, 2])]

    x = tf.constant(golden.nhwc(arrays["in/r1_x"]))
    penalty = tf.reduce_mean(heads_r1_penalty(discriminate, x))
    assert_close(penalty, arrays["out/r1_two_heads"], golden.OPERATOR)


@pytest.mark.parametrize("mode, factor", (("sum", 1), ("mean", 1 / (3 * 4) ** 2)))
def test_modes_of_r1(mode, factor):
    """A linear head of four equal places: |w|² of each sample, or that over (N · places)²."""
    weights = tf.constant([[1.0, -2.0, 3.0]])

    def discriminate(x):
        return [tf.repeat(tf.reduce_sum(x * weights, axis=1, keepdims=True), 4, axis=1) / 4]

    penalty = heads_r1_penalty(discriminate, tf.ones([3, 3]), mode)
    np.testing.assert_allclose(penalty, np.full(3, 14 * factor), rtol=1e-6)
    with pytest.raises(ValueError, match="mode must be 'mean' or 'sum'"):
        heads_r1_penalty(discriminate, tf.ones([3, 3]), "max")


def test_r1_of_a_part_of_a_batch():
    """Half of a batch penalised by itself, the mean being over all of it."""

    def discriminate(x):
        return [tf.square(x)]

    x = tf.constant([[1.0], [2.0], [3.0], [4.0]])
    whole = heads_r1_penalty(discriminate, x)
    half = heads_r1_penalty(discriminate, x[:2], batch=4)
    np.testing.assert_allclose(half, whole[:2], rtol=1e-6)
