"""The fused Adam against Keras' own."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfgan_edit.trainers.optimizers import FusedAdam


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
