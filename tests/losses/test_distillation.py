"""Attention maps, worked by hand."""

import numpy as np
import pytest
import tensorflow as tf

from tfgan_edit.losses.distillation import attention_loss


def one_pixel(row, column, channels, value, size=4):
    x = np.zeros((1, size, size, channels), np.float32)
    x[0, row, column] = value
    return tf.constant(x)


def test_attention_elsewhere_is_at_distance_two_and_scale_does_not_count():
    teacher = one_pixel(1, 2, channels=5, value=7.0)
    same = one_pixel(1, 2, channels=3, value=0.5)
    other = one_pixel(0, 0, channels=3, value=0.5)
    np.testing.assert_allclose(attention_loss([same], [teacher]), [0], atol=1e-6)
    np.testing.assert_allclose(attention_loss([other], [teacher]), [2], rtol=1e-6)
    np.testing.assert_allclose(attention_loss([same, other], [teacher]), [1], rtol=1e-6)


def test_energy_is_the_sum_of_squares_over_channels():
    """Energies (25, 0) against (16, 9): unit vectors (1, 0) and (16, 9) / sqrt(337)."""
    student = tf.constant([[[[3.0, 4.0], [0.0, 0.0]]]])
    teacher = tf.constant([[[[4.0], [3.0]]]])
    expected = 2 - 2 * 16 / np.sqrt(337)
    np.testing.assert_allclose(attention_loss([student], [teacher]), [expected], rtol=1e-5)


def test_maps_of_one_size_are_compared_and_the_teacher_gets_no_gradient():
    student, teacher = (tf.random.normal([2, 4, 4, c], seed=c) for c in (3, 5))
    coarse = tf.random.normal([2, 2, 2, 5])
    with tf.GradientTape() as tape:
        tape.watch([student, teacher, coarse])
        loss = attention_loss([student], [coarse, teacher])
    assert loss.shape == (2,)
    gradients = tape.gradient(loss, [student, teacher, coarse])
    assert np.any(gradients[0] != 0) and gradients[1:] == [None, None]
    with pytest.raises(ValueError, match=r"must share a size. Received: sizes \[\(4, 4\)\]"):
        attention_loss([student], [coarse])


def test_nothing_active_has_a_finite_gradient():
    x = tf.zeros([1, 4, 4, 2])
    with tf.GradientTape() as tape:
        tape.watch(x)
        loss = attention_loss([x], [one_pixel(0, 0, 1, 1.0)])
    np.testing.assert_allclose(loss, [1])
    assert np.all(np.isfinite(tape.gradient(loss, x)))
