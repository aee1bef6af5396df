"""The fused Adam against Keras' own."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfgan_edit.trainers.optimizers import CoupledAdam, FusedAdam


@pytest.mark.parametrize("beta_1", [0.0, 0.9])
def test_equals_keras_adam(beta_1):
    settings = {"learning_rate": 0.01, "beta_1": beta_1, "beta_2": 0.97, "epsilon": 1e-8}
    start = np.random.RandomState(0).randn(3, 2).astype(np.float32)
    ours, theirs = keras.Variable(start), keras.Variable(start)
    fused, plain = FusedAdam(**settings), keras.optimizers.Adam(**settings)
    fused.build([ours])
    plain.build([theirs])

    @tf.function
    def step(gradient):
        fused.apply([gradient], [ours])
        plain.apply([gradient], [theirs])

    for i in range(5):
        step(tf.constant(np.random.RandomState(i).randn(3, 2), tf.float32))
    np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=1e-5, atol=1e-6)
    for a, b in zip(fused.variables, plain.variables, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-5, atol=1e-8)


def test_serialises_and_refuses_amsgrad():
    copy = FusedAdam.from_config(FusedAdam(0.02, beta_2=0.5).get_config())
    assert copy.beta_2 == 0.5
    with pytest.raises(ValueError, match="amsgrad=True"):
        FusedAdam(amsgrad=True)


def test_coupled_decay_is_part_of_the_gradient():
    """As PyTorch's Adam with weight_decay; three steps in NumPy (arXiv 1711.05101, algorithm 2)."""
    optimizer = CoupledAdam(0.01, beta_1=0.5, beta_2=0.9, epsilon=1e-8, coupled_decay=0.1)
    start = np.array([1.0, -2.0, 0.5], np.float32)
    variable = keras.Variable(start)
    optimizer.build([variable])
    expected, mean, square = start.astype(np.float64), np.zeros(3), np.zeros(3)
    for step, gradient in enumerate(np.array([[0.3, -1, 0.02], [0.1, 2, 0], [-0.5, 0, 1]]), 1):
        optimizer.apply([tf.constant(gradient, tf.float32)], [variable])
        total = gradient + 0.1 * expected
        mean, square = 0.5 * mean + 0.5 * total, 0.9 * square + 0.1 * total**2
        rate = 0.01 * np.sqrt(1 - 0.9**step) / (1 - 0.5**step)
        expected = expected - rate * mean / (np.sqrt(square) + 1e-8)
    np.testing.assert_allclose(variable.numpy(), expected, rtol=1e-5)
    again = CoupledAdam.from_config(optimizer.get_config())
    assert again.coupled_decay == 0.1
