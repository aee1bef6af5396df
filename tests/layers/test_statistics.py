"""Minibatch standard deviation as a layer."""

import numpy as np
import pytest

from tests.cases import assert_close, run_layer_test
from tests.reference import normalization as reference
from tfgan_edit.layers.statistics import BatchStddev, MinibatchStddev


def sample(*shape):
    return np.random.default_rng(1).normal(size=shape).astype(np.float32)


@pytest.mark.parametrize(
    "init_kwargs, channels",
    (
        ({}, 7),
        ({"group_size": 2, "num_channels": 2}, 8),
        ({"group_size": None}, 7),
        ({"num_channels": 0}, 6),
    ),
)
def test_keeps_the_promises_of_a_layer(init_kwargs, channels, tmp_path):
    run_layer_test(
        MinibatchStddev,
        init_kwargs,
        (sample(4, 3, 2, 6),),
        expected_shape=(4, 3, 2, channels),
        expected_trainable=0,
        tmp_path=tmp_path,
    )


def test_equals_reference():
    x = sample(4, 3, 2, 6)
    expected = reference.minibatch_stddev(x, 2, 3)
    assert_close(MinibatchStddev(2, 3)(x), expected, 1e-6)


@pytest.mark.parametrize(
    "arguments, message",
    (({"group_size": 0}, "group_size.*0"), ({"num_channels": -1}, "num_channels.*-1")),
)
def test_wrong_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        MinibatchStddev(**arguments)


@pytest.mark.parametrize("mean, columns", ((False, 5), (True, 6)))
def test_batch_stddev_keeps_the_promises_of_a_layer(mean, columns, tmp_path):
    run_layer_test(
        BatchStddev,
        {"mean": mean},
        (sample(4, 5),),
        expected_shape=(4, columns),
        expected_trainable=0,
        tmp_path=tmp_path,
    )


def test_batch_stddev_has_one_row_for_all():
    x = sample(4, 5)
    deviation = np.sqrt(x.var(axis=0) + 1e-8)
    assert_close(BatchStddev()(x), np.tile(deviation, (4, 1)), 1e-6)
    appended = np.full((4, 1), deviation.mean(), np.float32)
    assert_close(BatchStddev(mean=True)(x), np.concatenate([x, appended], axis=1), 1e-6)
