"""Second-moment and instance normalisation, and minibatch standard deviation."""

import functools

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.cases import assert_close, check_gradients, first_gradients, jit_equal
from tests.reference import normalization as reference
from tfgan_edit.ops.normalization import (
    group_norm,
    instance_norm,
    layer_norm,
    minibatch_stddev,
    normalize_2nd_moment,
)

# batch, group size, number of statistics
GROUPS = ((8, 4, 1), (8, 2, 2), (8, None, 1), (4, 8, 1), (6, 3, 3), (1, 4, 1), (5, 1, 1))


def sample(batch=4, channels=6):
    return np.random.default_rng(1).normal(size=(batch, 3, 2, channels))


@pytest.mark.parametrize("batch, group_size, channels", GROUPS)
def test_minibatch_stddev_equals_reference(batch, group_size, channels):
    x = sample(batch)
    actual = minibatch_stddev(tf.constant(x), group_size, channels)
    assert actual.dtype == tf.float64
    assert actual.shape == (batch, 3, 2, 6 + channels)
    assert_close(actual, reference.minibatch_stddev(x, group_size, channels), 1e-12)


@pytest.mark.parametrize("batch, group_size, channels", ((4, 2, 1), (4, 4, 2), (6, 3, 3)))
def test_minibatch_stddev_gradients(batch, group_size, channels):
    check_gradients(
        lambda x: minibatch_stddev(x, group_size, channels),
        lambda x: reference.minibatch_stddev(x, group_size, channels),
        [sample(batch)],
        limit=1e-6,  # curvature of the root where two samples lie close together
    )


def test_minibatch_stddev_of_equal_samples_has_a_finite_gradient():
    """The root's slope is bounded by the 1e-8 under it: sqrt(1e-8) = 1e-4."""
    x = tf.ones([4, 2, 2, 3])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = minibatch_stddev(x)
    assert_close(y[..., 3], tf.fill([4, 2, 2], 1e-4), 1e-6)
    assert np.all(np.isfinite(tape.gradient(y, x)))


def test_minibatch_stddev_by_hand():
    # Groups of 2 among 4 samples: {0, 2} with values 1, 5 (deviation 2) and {1, 3} with
    # 0, 6 (deviation 3).
    x = tf.reshape(tf.constant([1.0, 0.0, 5.0, 6.0]), [4, 1, 1, 1])
    y = minibatch_stddev(x, group_size=2)
    np.testing.assert_allclose(y[:, 0, 0, 1], [2, 3, 2, 3], rtol=1e-6)
    # The whole batch: mean 3, deviations -2, -3, 2, 3.
    y = minibatch_stddev(x, group_size=None)
    np.testing.assert_allclose(y[:, 0, 0, 1], [6.5**0.5] * 4, rtol=1e-6)


@pytest.mark.parametrize("batch, group_size, channels", GROUPS)
def test_minibatch_stddev_in_graph_and_under_xla(batch, group_size, channels):
    c = np.random.default_rng(2).normal(size=(batch, 3, 2, 6 + channels))

    fn = functools.partial(minibatch_stddev, group_size=group_size, num_channels=channels)

    def value_and_gradients(x, c):
        return fn(x), first_gradients(fn, [x], c)

    # A batch of one has deviation 1e-4 and slopes of rounding noise times 1e4.
    limit = 1e-3 if 1 in (batch, group_size) else 1e-5
    jit_equal(value_and_gradients, np.float32(sample(batch)), np.float32(c), limit=limit)


@pytest.mark.parametrize("dtype, limit", (("bfloat16", 8e-3), ("float16", 1e-3)))
def test_minibatch_stddev_in_half_precision(dtype, limit):
    x = tf.cast(sample(8), dtype)
    actual = minibatch_stddev(x)
    assert actual.dtype == dtype
    expected = reference.minibatch_stddev(x.numpy().astype(np.float64))
    np.testing.assert_array_equal(actual[..., :6].numpy(), x.numpy())
    assert_close(actual[..., 6:], expected[..., 6:], limit)  # one rounding of the result


def test_minibatch_stddev_of_large_float16_values():
    """300² is beyond 65,504: the statistic must not be computed in float16."""
    x = tf.reshape(tf.constant([-300, 300, -300, 300], tf.float16), [4, 1, 1, 1])
    np.testing.assert_allclose(minibatch_stddev(x)[:, 0, 0, 1], [300] * 4)


def test_minibatch_stddev_with_unknown_batch():
    fn = tf.function(
        lambda x: minibatch_stddev(x, 4),
        input_signature=[tf.TensorSpec([None, 3, 2, 6], tf.float64)],
    )
    for batch in (2, 4, 8):
        assert_close(fn(sample(batch)), reference.minibatch_stddev(sample(batch)), 1e-12)
    with pytest.raises(tf.errors.InvalidArgumentError):
        fn(sample(6))


def test_wrong_group_sizes_are_named():
    with pytest.raises(ValueError, match=r"group_size.*6.*4"):
        minibatch_stddev(tf.zeros([6, 2, 2, 1]), group_size=4)
    with pytest.raises(ValueError, match=r"num_channels.*3.*2"):
        minibatch_stddev(tf.zeros([4, 2, 2, 3]), num_channels=2)


@pytest.mark.parametrize("axis", (-1, 1))
def test_normalize_2nd_moment(axis):
    x = sample()
    fn = functools.partial(normalize_2nd_moment, axis=axis)
    ref = functools.partial(reference.normalize_2nd_moment, axis=axis)
    actual = fn(tf.constant(x))
    assert_close(actual, ref(x), 1e-12)
    np.testing.assert_allclose(np.mean(actual.numpy() ** 2, axis), 1, rtol=1e-6)
    check_gradients(fn, ref, [x])


def test_normalize_2nd_moment_by_hand():
    # mean(3², 4²) = 12.5
    y = normalize_2nd_moment(tf.constant([[3.0, 4.0]]))
    np.testing.assert_allclose(y, [[3 / 12.5**0.5, 4 / 12.5**0.5]], rtol=1e-6)
    np.testing.assert_array_equal(normalize_2nd_moment(tf.zeros([1, 3])), np.zeros([1, 3]))


def test_normalize_2nd_moment_in_graph_and_under_xla():
    x = np.float32(sample())
    c = np.random.default_rng(2).normal(size=x.shape).astype(np.float32)
    jit_equal(
        lambda x, c: (
            normalize_2nd_moment(x),
            first_gradients(normalize_2nd_moment, [x], c),
        ),
        x,
        c,
    )


@pytest.mark.parametrize("dtype, limit", (("bfloat16", 2e-2), ("float16", 2e-3)))
def test_normalize_2nd_moment_in_half_precision(dtype, limit):
    x = tf.cast(sample(), dtype)
    actual = normalize_2nd_moment(x)
    assert actual.dtype == dtype
    assert_close(actual, reference.normalize_2nd_moment(x.numpy().astype(np.float64)), limit)


def test_replicas_see_the_statistic_of_their_own_samples():
    """The documented difference between one replica and two: how samples are grouped.

    One replica groups samples b, b + 2, b + 4, b + 6 of eight; two replicas have four
    consecutive ones each. So the halves differ from the whole, and equal it once the whole
    is interleaved into the same groups.
    """
    x = np.random.RandomState(0).randn(8, 2, 2, 3).astype(np.float32)
    halves = np.concatenate([minibatch_stddev(half) for half in (x[:4], x[4:])])
    assert np.abs(minibatch_stddev(x) - halves).max() > 1e-3
    order = [0, 4, 1, 5, 2, 6, 3, 7]
    np.testing.assert_allclose(minibatch_stddev(x[order]), halves[order], rtol=1e-5)


def pictures(*shape):
    return np.random.default_rng(1).normal(size=shape).astype(np.float32)


def reference_norm(x):
    mean, variance = x.mean(axis=(1, 2), keepdims=True), x.var(axis=(1, 2), keepdims=True)
    return (x - mean) / np.sqrt(variance + 1e-5)


def test_instance_norm_equals_reference():
    x = 3 + 2 * pictures(2, 5, 4, 3)
    assert_close(jit_equal(instance_norm, x), reference_norm(x.astype(np.float64)), 1e-6)
    check_gradients(instance_norm, reference_norm, [pictures(2, 3, 4, 2)], limit=1e-6)
    keras_norm = keras.layers.GroupNormalization(groups=-1, epsilon=1e-5)
    assert_close(instance_norm(x), keras_norm(x), 1e-5)


@pytest.mark.parametrize("dtype", (tf.float16, tf.bfloat16))
def test_instance_norm_keeps_half_precision_but_counts_in_float32(dtype):
    x = tf.cast(1000 + 8 * pictures(1, 64, 64, 1), dtype)  # squares beyond float16
    y = instance_norm(x)
    assert y.dtype == dtype
    assert_close(y, reference_norm(x.numpy().astype(np.float64)), 1e-2)


def test_instance_norm_of_a_flat_map_is_zero():
    assert np.all(instance_norm(np.full([1, 4, 4, 2], 3, np.float32)) == 0)


def reference_groups(x, groups):
    """Each group of channels by itself, over all of its pixels and channels."""
    parts = np.split(np.asarray(x, np.float64), groups, axis=-1)
    axes = (1, 2, 3)
    return np.concatenate(
        [
            (p - p.mean(axes, keepdims=True)) / np.sqrt(p.var(axes, keepdims=True) + 1e-5)
            for p in parts
        ],
        axis=-1,
    )


@pytest.mark.parametrize("norm, groups", ((layer_norm, 1), (group_norm, 8)))
def test_layer_and_group_norm_equal_the_reference(norm, groups):
    x = 3 + 2 * pictures(2, 5, 4, 16)
    assert_close(jit_equal(norm, x), reference_groups(x, groups), 1e-6)
    small = pictures(2, 3, 2, 16)
    check_gradients(norm, lambda x: reference_groups(x, groups), [small], limit=1e-6)
    keras_norm = keras.layers.GroupNormalization(groups=groups, epsilon=1e-5)
    assert_close(norm(x), keras_norm(x), 1e-5)


def test_groups_must_divide_the_channels():
    with pytest.raises(ValueError, match="divide the 12 channels.*groups=8"):
        group_norm(pictures(1, 2, 2, 12))
