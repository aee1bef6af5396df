"""bias_act: all activations, both orders of gradient, and the order of its steps."""

import functools

import numpy as np
import pytest
import tensorflow as tf

from tests.cases import assert_close, check_gradients, first_gradients, jit_equal
from tests.reference import activation as reference
from tfgan_edit.ops.activation import ACTIVATIONS, bias_act

OPTIONS = {
    "default": {},
    "gain_alpha": {"alpha": 0.3, "gain": 0.7},
    "clamp": {"clamp": 0.6},
    "steep": {"alpha": 1.7, "gain": -1.3},  # outside 0 <= alpha <= 1 < gain
}


def sample(shape=(3, 4, 5)):
    """Values that keep away from the kinks at 0 and at the clamp."""
    random = np.random.default_rng(1)
    x, bias = random.normal(size=shape), random.normal(size=shape[-1])
    return x, bias


def test_the_list_is_complete():
    assert set(ACTIVATIONS) == set(reference.ACTIVATIONS)


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("activation", reference.ACTIVATIONS)
def test_equals_reference(activation, options):
    options = OPTIONS[options] | {"activation": activation}
    x, bias = sample()
    actual = bias_act(tf.constant(x), tf.constant(bias), **options)
    assert actual.dtype == tf.float64
    # 1e-7: gain and alpha may pass through float32
    assert_close(actual, reference.bias_act(x, bias, **options), 1e-7)
    assert_close(bias_act(tf.constant(x), **options), reference.bias_act(x, **options), 1e-7)


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("activation", reference.ACTIVATIONS)
def test_first_and_second_gradient(activation, options):
    options = OPTIONS[options] | {"activation": activation}
    check_gradients(
        functools.partial(bias_act, **options),
        functools.partial(reference.bias_act, **options),
        sample((2, 3, 4)),
        limit=1e-6,  # curvature of the exponentials in the finite differences
    )


@pytest.mark.parametrize("activation", reference.ACTIVATIONS)
def test_same_in_graph_and_under_xla(activation):
    x, bias = map(np.float32, sample())
    cotangent = np.random.default_rng(2).normal(size=x.shape).astype(np.float32)

    fn = functools.partial(bias_act, activation=activation, clamp=0.9)

    def value_and_gradients(x, b, c):
        return fn(x, b), first_gradients(fn, [x, b], c)

    jit_equal(value_and_gradients, x, bias, cotangent)


# Sums, an exponential and the gain round once each, by 2**-9 and 2**-12 of the value.
@pytest.mark.parametrize("dtype, limit", (("bfloat16", 2e-2), ("float16", 2e-3)))
@pytest.mark.parametrize("activation", reference.ACTIVATIONS)
def test_half_precision(activation, dtype, limit):
    x, bias = sample()
    x = tf.cast(x, dtype)
    actual = bias_act(x, tf.constant(bias, tf.float32), activation=activation, clamp=1.5)
    assert actual.dtype == dtype
    expected = reference.bias_act(
        x.numpy().astype(np.float64), bias, activation=activation, clamp=1.5
    )
    assert_close(actual, expected, limit)


def test_steps_in_order_by_hand():
    # lrelu(-3 + 1) = -0.4, times 5 = -2, clamped to -1.5; lrelu(1 + 1) * 5 -> 1.5
    y = bias_act(tf.constant([[-3.0], [1.0]]), [1.0], activation="lrelu", gain=5.0, clamp=1.5)
    np.testing.assert_allclose(y, [[-1.5], [1.5]], rtol=1e-6)
    # without clamp: -2 and 10; default gain sqrt(2): -0.4 * 1.41421356
    y = bias_act(tf.constant([[-3.0], [1.0]]), [1.0], activation="lrelu", gain=5.0)
    np.testing.assert_allclose(y, [[-2.0], [10.0]], rtol=1e-6)
    y = bias_act(tf.constant([[-2.0]]), activation="lrelu")
    np.testing.assert_allclose(y, [[-0.56568542]], rtol=1e-6)


def test_a_clamped_value_passes_no_gradient():
    x = tf.constant([[-9.0, 0.1, 9.0]])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = bias_act(x, clamp=1.0)
    np.testing.assert_array_equal(tape.gradient(y, x), [[0.0, 1.0, 0.0]])


def test_wrong_arguments_are_named():
    with pytest.raises(ValueError, match=r"activation.*gelu"):
        bias_act(tf.zeros([1, 1]), activation="gelu")
    with pytest.raises(ValueError, match=r"clamp.*-1"):
        bias_act(tf.zeros([1, 1]), clamp=-1)
