"""The batch of all replicas: values, first and second gradients equal those of one device."""

import os
import subprocess
import sys

import pytest

PROGRAM = """
import numpy as np
import tensorflow as tf
from tfgan_edit.ops.replicas import global_batch, own_rows
from tfgan_edit.trainers.strategy import make_strategy

strategy = make_strategy("cpu:2")
x = np.random.RandomState(0).randn(4, 3).astype(np.float32)


def judge(x):
    '''A term of the batch's spread, the gradient of its mean, the gradient of a penalty on it.'''
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            spread = tf.math.reduce_std(global_batch(x), axis=0)
            mean = tf.reduce_sum(spread ** 2) * x.shape[0] / 4
        first = inner.gradient(mean, x)
        penalty = tf.reduce_sum(first ** 3)
    return first, outer.gradient(penalty, x), own_rows(global_batch(x))


@tf.function
def step():
    def replica():
        place = tf.distribute.get_replica_context().replica_id_in_sync_group
        return judge(tf.slice(tf.constant(x), [place * 2, 0], [2, 3]))

    return strategy.run(replica)


for actual, expected in zip(step(), judge(tf.constant(x))):
    actual = np.concatenate([part.numpy() for part in strategy.experimental_local_results(actual)])
    assert np.abs(expected).max() > 0.01
    np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-7)
"""


@pytest.mark.large
def test_two_replicas_equal_one():
    env = {**os.environ, "CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "3"}
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=env, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr[-3000:]
