"""Distances of pictures and activations, by hand."""

import numpy as np
import pytest
import tensorflow as tf

from tests.cases import jit_equal
from tfgan_edit.losses.reconstruction import (
    PERCEPTUAL_WEIGHTS,
    feature_matching_loss,
    l1_loss,
    perceptual_loss,
)


def maps(*values, size=2):
    """One scale: maps [2, size, size, 1]; the second sample has twice the value."""
    return [tf.reshape([v, 2.0 * v], [2, 1, 1, 1]) * tf.ones([1, size, size, 1]) for v in values]


def test_l1_by_hand():
    loss = l1_loss(tf.constant([[1.0, -2.0], [0.0, 0.0]]), tf.constant([[0.0, 1.0], [4.0, 0.0]]))
    np.testing.assert_allclose(loss, [2, 2])
    half = l1_loss(tf.ones([1, 3], tf.float16), tf.zeros([1, 3], tf.float16))
    assert half.dtype == tf.float32


def test_feature_matching_by_hand():
    # Scale 1: |1 - 0| + |2 - 0| over n = 2, scale 2: |3 - 1| over n = 1; logits do not count.
    fake = [maps(1.0, 2.0, 100.0), maps(3.0, 100.0, size=1)]
    real = [maps(0.0, 0.0, 0.0), maps(1.0, 0.0, size=1)]
    expected = (4 / 2 * (1 + 2) + 4 / 1 * 2) / 2
    np.testing.assert_allclose(feature_matching_loss(fake, real), [expected, 2 * expected])


def test_perceptual_loss_by_hand():
    fake = {name: tf.fill([2, 1, 1, 3], 32.0) for name in (*PERCEPTUAL_WEIGHTS, "relu5_4")}
    real = {name: tf.zeros_like(x) for name, x in fake.items()}
    np.testing.assert_allclose(perceptual_loss(fake, real), [1 + 2 + 4 + 8 + 32] * 2)
    np.testing.assert_allclose(perceptual_loss(fake, real, {"relu5_4": 0.5}), [16, 16])


@pytest.mark.parametrize("structure", ("maps", "features"))
def test_real_ones_get_no_gradient(structure):
    x, y = tf.constant([[1.0]]), tf.constant([[3.0]])
    with tf.GradientTape() as tape:
        tape.watch([x, y])
        if structure == "maps":
            loss = feature_matching_loss([[x, x]], [[y, y]])
        else:
            loss = perceptual_loss({"a": x}, {"a": y}, {"a": 4.0})
    gradient = tape.gradient(loss, [x, y])
    np.testing.assert_allclose(gradient[0], [[-4]])
    assert gradient[1] is None


def test_same_in_graph_and_under_xla():
    jit_equal(lambda x, y: feature_matching_loss([maps(1.0, 2.0)], [[x, y]]), *maps(3.0, 4.0))
