"""Modulated convolution: both methods against the definition, values and gradients."""

import numpy as np
import pytest
import tensorflow as tf

from tests.cases import (
    assert_close,
    check_gradients,
    first_gradients,
    jit_equal,
    second_gradients,
)
from tests.reference import convolution as reference
from tests.reference import resampling
from tfgan_edit.ops.modulation import modulated_conv2d

LOWPASS = resampling.resample_filter((1, 3, 3, 1))
UP = {"up": 2, "filter": LOWPASS, "padding": 1, "flip_kernel": True}
DOWN = {"down": 2, "filter": LOWPASS, "padding": 1}

# kernel size, noise shape, arguments
CASES = {
    "plain": (3, None, {"padding": 1}),
    "shared_noise": (3, (1, 4, 6, 1), {"padding": 1}),
    "own_noise": (3, (2, 4, 6, 1), {"padding": 1}),
    "no_demodulation": (3, None, {"padding": 1, "demodulate": False}),
    "colours": (1, None, {"demodulate": False}),
    "up": (3, (1, 8, 12, 1), UP),
    "up_no_demodulation": (3, None, UP | {"demodulate": False}),
    "down": (3, (2, 2, 3, 1), DOWN),
}
METHODS = ("scale", "grouped")


def sample(case, shape=(2, 4, 6, 3)):
    size, noise_shape, options = CASES[case]
    random = np.random.default_rng(1)
    x = random.normal(size=shape)
    kernel = random.normal(size=(size, size, shape[-1], 2))
    styles = random.normal(size=(shape[0], shape[-1])) + 1
    values = [x, kernel, styles]
    if noise_shape is not None:
        values.append(random.normal(size=noise_shape))
    return values, options


def call(function, options, **more):
    """The op as a function of x, kernel, styles and noise alone."""

    def fn(x, kernel, styles, noise=None):
        return function(x, kernel, styles, noise=noise, **options, **more)

    return fn


@pytest.mark.parametrize("case", CASES)
def test_equals_reference(case):
    values, options = sample(case)
    actual = call(modulated_conv2d, options)(*map(tf.constant, values))
    assert actual.dtype == tf.float64
    assert_close(actual, call(reference.modulated_conv2d, options)(*values), 1e-12)


@pytest.mark.parametrize("case", CASES)
def test_first_and_second_gradient(case):
    values, options = sample(case)
    check_gradients(
        call(modulated_conv2d, options), call(reference.modulated_conv2d, options), values
    )


# On a processor TensorFlow has grouped convolutions and their gradients in float32 only,
# so this method is compared in float32, with the other one that passed the tests above.
@pytest.mark.parametrize("case", CASES)
def test_grouped_method_equals_the_other_in_value_and_gradients(case):
    values, options = sample(case)
    inputs = [tf.constant(v, tf.float32) for v in values]
    scale = call(modulated_conv2d, options)
    grouped = call(modulated_conv2d, options, method="grouped")
    expected = call(reference.modulated_conv2d, options)(*values)
    assert_close(grouped(*inputs), expected, 1e-5)
    cotangent = tf.random.normal(expected.shape)
    directions = [tf.random.normal(v.shape) for v in (*values, cotangent)]
    for i, (a, b) in enumerate(
        zip(
            first_gradients(grouped, inputs, cotangent),
            first_gradients(scale, inputs, cotangent),
            strict=True,
        )
    ):
        assert_close(a, b, 2e-5, f"first gradient {i}")
    for i, (a, b) in enumerate(
        zip(
            second_gradients(grouped, inputs, cotangent, directions),
            second_gradients(scale, inputs, cotangent, directions),
            strict=True,
        )
    ):
        assert_close(a, b, 5e-5, f"second gradient {i}")


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("case", CASES)
def test_same_in_graph_and_under_xla(case, method):
    values, options = sample(case)
    fn = call(modulated_conv2d, options, method=method)
    values = [np.float32(v) for v in values]
    shape = call(reference.modulated_conv2d, options)(*values).shape
    cotangent = np.random.default_rng(2).normal(size=shape).astype(np.float32)

    def value_and_gradients(c, *values):
        return fn(*values), first_gradients(fn, list(values), c)

    jit_equal(value_and_gradients, cotangent, *values)


# 27 products of inputs rounded to 2**-9 or 2**-12, then the factor of the demodulation.
@pytest.mark.parametrize("dtype, limit", (("bfloat16", 3e-2), ("float16", 4e-3)))
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("case", CASES)
def test_half_precision(case, method, dtype, limit):
    values, options = sample(case)
    if method == "grouped" and dtype == "float16" and "up" in options:
        pytest.skip("TensorFlow has no such kernel on a processor")
    x = tf.cast(values[0], dtype)
    others = [tf.constant(v, tf.float32) for v in values[1:]]
    actual = call(modulated_conv2d, options, method=method)(x, *others)
    assert actual.dtype == dtype
    values[0] = x.numpy().astype(np.float64)
    assert_close(actual, call(reference.modulated_conv2d, options)(*values), limit)


@pytest.mark.parametrize("method", METHODS)
def test_large_styles_do_not_overflow_float16(method):
    """1e4 * 1e4 is beyond 65,504; the factors cancel in the demodulation."""
    (x, kernel, styles), options = sample("plain")
    expected = reference.modulated_conv2d(x, kernel * 1e4, styles * 1e4, **options)
    actual = modulated_conv2d(
        tf.cast(x, tf.float16),
        tf.constant(kernel * 1e4, tf.float32),
        tf.constant(styles * 1e4, tf.float32),
        method=method,
        **options,
    )
    assert_close(actual, expected, 4e-3)


@pytest.mark.parametrize("dtype, limit", (("bfloat16", 3e-2), ("float16", 4e-3)))
def test_compute_dtype_keeps_float32_outside_the_products(dtype, limit):
    values, options = sample("up")
    values = [tf.constant(v, tf.float32) for v in values]
    fn = call(modulated_conv2d, options, compute_dtype=dtype)
    actual = fn(*values)
    assert actual.dtype == tf.float32
    exact = call(modulated_conv2d, options)(*values)
    assert_close(actual, exact, limit)
    with pytest.raises(AssertionError):
        assert_close(actual, exact, 1e-5)


def test_demodulation_gives_unit_variance():
    """For independent unit-variance inputs every output has variance 1 (section 2.2)."""
    random = np.random.default_rng(3)
    x = random.normal(size=(1, 64, 64, 8))
    kernel, styles = 5 * random.normal(size=(3, 3, 8, 4)), random.normal(size=(1, 8))
    y = modulated_conv2d(*map(tf.constant, (x, kernel, styles))).numpy()
    # 3844 correlated values a channel: the deviation itself is known to about 3 %.
    np.testing.assert_allclose(y.std(axis=(0, 1, 2)), 1, atol=0.1)


def test_demodulated_result_does_not_depend_on_scale():
    (x, kernel, styles), options = sample("plain")
    a = modulated_conv2d(*map(tf.constant, (x, kernel, styles)), **options)
    b = modulated_conv2d(*map(tf.constant, (x, 3 * kernel, -7 * styles)), **options)
    assert_close(-b, a, 1e-8)


def test_by_hand():
    # one pixel, kernel (3, 4), style (1, 2): w' = (3, 8); 2 * 3 + 1 * 8 = 14
    x = tf.reshape(tf.constant([2.0, 1.0]), [1, 1, 1, 2])
    kernel = tf.reshape(tf.constant([3.0, 4.0]), [1, 1, 2, 1])
    styles = tf.constant([[1.0, 2.0]])
    for method in METHODS:
        y = modulated_conv2d(x, kernel, styles, demodulate=False, method=method)
        np.testing.assert_allclose(y.numpy().item(), 14, rtol=1e-6)
        # demodulated: 14 / sqrt(9 + 64), plus noise 0.5
        y = modulated_conv2d(x, kernel, styles, method=method, noise=tf.fill([1, 1, 1, 1], 0.5))
        np.testing.assert_allclose(y.numpy().item(), 14 / 73**0.5 + 0.5, rtol=1e-6)


def test_batch_size_may_be_unknown():
    (x, kernel, styles), options = sample("up_no_demodulation")
    fn = tf.function(
        lambda x, s: modulated_conv2d(x, tf.constant(kernel), s, **options),
        input_signature=[
            tf.TensorSpec([None, 4, 6, 3], tf.float64),
            tf.TensorSpec([None, 3], tf.float64),
        ],
    )
    assert_close(fn(x, styles), reference.modulated_conv2d(x, kernel, styles, **options), 1e-12)


def test_wrong_method_is_named():
    with pytest.raises(ValueError, match=r"method.*fused"):
        modulated_conv2d(
            tf.zeros([1, 2, 2, 1]), tf.zeros([1, 1, 1, 1]), tf.zeros([1, 1]), method="fused"
        )
