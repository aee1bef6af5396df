"""upfirdn2d and its wrappers against the definition, their gradients and closed forms."""

import functools

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.cases import assert_close, check_gradients, first_gradients, jit_equal
from tests.reference import resampling as reference
from tfgan_edit.ops.upfirdn import (
    downsample2d,
    filter2d,
    resample_filter,
    upfirdn2d,
    upsample2d,
)

RANDOM = np.random.default_rng(1)
LOWPASS = reference.resample_filter((1, 3, 3, 1))
UNEVEN = RANDOM.normal(size=(4, 3))  # no symmetry that would hide a flip or a swap
SEPARABLE = RANDOM.normal(size=8)

# (filter, arguments): each argument at least once off its default, on both axes.
CASES = {
    "identity": (None, {}),
    "up": (LOWPASS, {"up": 2, "padding": (2, 1, 2, 1), "gain": 4.0}),
    "down": (LOWPASS, {"down": 2, "padding": 1}),
    "axes": (UNEVEN, {"up": (1, 2), "down": (2, 1), "padding": (3, -1, 0, 2)}),
    "both": (UNEVEN, {"up": (2, 3), "down": 3, "padding": (1, 2), "flip_filter": True}),
    "crop": (UNEVEN, {"up": 2, "padding": (-1, -2, -3, 0)}),
    "separable": (SEPARABLE, {"up": 2, "down": (3, 1), "padding": 5, "gain": 2.5}),
    "no_filter": (None, {"up": 2, "down": 3, "padding": (1, -1, 2, 0), "gain": 3.0}),
}


def sample(shape=(2, 5, 6, 3)):
    return np.random.default_rng(2).normal(size=shape)


@pytest.mark.parametrize("case", CASES)
def test_equals_reference(case):
    filter, options = CASES[case]
    x = sample()
    expected = reference.upfirdn2d(x, filter, **options)
    actual = upfirdn2d(tf.constant(x, tf.float64), filter, **options)
    assert actual.dtype == tf.float64
    assert_close(actual, expected, 1e-12)


@pytest.mark.parametrize("case", CASES)
def test_first_and_second_gradient(case):
    filter, options = CASES[case]
    check_gradients(
        functools.partial(upfirdn2d, filter=filter, **options),
        functools.partial(reference.upfirdn2d, filter=filter, **options),
        [sample((1, 5, 4, 2))],
    )


@pytest.mark.parametrize("case", CASES)
def test_same_in_graph_and_under_xla(case):
    filter, options = CASES[case]
    y_shape = reference.upfirdn2d(sample(), filter, **options).shape
    cotangent = np.random.default_rng(3).normal(size=y_shape)

    fn = functools.partial(upfirdn2d, filter=filter, **options)

    def value_and_gradients(x, c):
        return fn(x), first_gradients(fn, [x], c)

    jit_equal(value_and_gradients, np.float32(sample()), np.float32(cotangent))


# Rounding of one product is 2**-8 of bfloat16's and 2**-11 of float16's values; sums
# over the filter's taps are of the same order as their largest summand.
@pytest.mark.parametrize("dtype, limit", (("bfloat16", 2e-2), ("float16", 2e-3)))
@pytest.mark.parametrize("case", CASES)
def test_half_precision(case, dtype, limit):
    filter, options = CASES[case]
    x = tf.cast(sample(), dtype)
    actual = upfirdn2d(x, filter, **options)
    assert actual.dtype == dtype
    expected = reference.upfirdn2d(x.numpy().astype(np.float64), filter, **options)
    assert_close(actual, expected, limit)


@given(
    height=st.integers(1, 6),
    width=st.integers(1, 6),
    up=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    down=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    padding=st.tuples(*[st.integers(-3, 5)] * 4),
    taps=st.one_of(
        st.none(),
        st.tuples(st.integers(1, 5)),
        st.tuples(st.integers(1, 4), st.integers(1, 4)),
    ),
    flip_filter=st.booleans(),
    seed=st.integers(0, 99),
)
@settings(max_examples=150)
def test_any_arguments(height, width, up, down, padding, taps, flip_filter, seed):
    random = np.random.default_rng(seed)
    x = random.normal(size=(2, height, width, 2))
    filter = None if taps is None else random.normal(size=taps)
    kh, kw = (1, 1) if taps is None else (taps[0], taps[-1])
    top, bottom, left, right = padding
    rows, columns = height * up[0], width * up[1]
    # What is cropped must be there, and the filter must fit once.
    if -min(top, 0) - min(bottom, 0) >= rows or -min(left, 0) - min(right, 0) >= columns:
        return
    if rows + top + bottom < kh or columns + left + right < kw:
        return
    options = {
        "up": up,
        "down": down,
        "padding": padding,
        "flip_filter": flip_filter,
        "gain": 1.5,
    }
    expected = reference.upfirdn2d(x, filter, **options)
    assert expected.shape[1:3] == (
        (rows + top + bottom - kh) // down[0] + 1,
        (columns + left + right - kw) // down[1] + 1,
    )
    x = tf.constant(x, tf.float64)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = upfirdn2d(x, filter, **options)
    assert_close(y, expected, 1e-7)  # the gain may pass through float32
    # The gradient is the adjoint: <A x, c> = <x, A' c>.
    cotangent = random.normal(size=expected.shape)
    dx = tape.gradient(y, x, tf.constant(cotangent))
    product = np.sum(y.numpy() * cotangent)
    norm = np.linalg.norm(x) * np.linalg.norm(dx) + 1e-12
    assert abs(np.sum(x.numpy() * dx.numpy()) - product) <= 1e-10 * norm


@pytest.mark.parametrize("flip_filter", (False, True))
@pytest.mark.parametrize("up, down", ((1, 1), (2, 1), (1, 2), (2, 3), (3, 2)))
def test_gradient_is_upfirdn_with_up_and_down_swapped(up, down, flip_filter):
    top, bottom, left, right = (2, 1, 0, 3)
    x = tf.constant(sample((1, 7, 6, 2)))
    taps_h, taps_w = UNEVEN.shape
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = upfirdn2d(
            x,
            UNEVEN,
            up=up,
            down=down,
            padding=(top, bottom, left, right),
            flip_filter=flip_filter,
        )
    c = tf.constant(np.random.default_rng(4).normal(size=y.shape))
    expected = reference.upfirdn2d(
        c,
        UNEVEN,
        up=down,
        down=up,
        padding=(
            taps_h - top - 1,
            x.shape[1] * up - y.shape[1] * down + top - up + 1,
            taps_w - left - 1,
            x.shape[2] * up - y.shape[2] * down + left - up + 1,
        ),
        flip_filter=not flip_filter,
    )
    assert_close(tape.gradient(y, x, c), expected, 1e-12)


@pytest.mark.parametrize("taps", ((1, 3, 3, 1), (1, 2, 1), (1, 2, 4, 0.5), range(1, 10)))
@pytest.mark.parametrize(
    "name, factor",
    (("filter2d", {}), ("upsample2d", {"up": 2}), ("downsample2d", {"down": 2})),
)
def test_wrappers_equal_reference(name, factor, taps):
    package = {"filter2d": filter2d, "upsample2d": upsample2d, "downsample2d": downsample2d}
    filter = resample_filter(tuple(taps))
    x = sample((2, 6, 8, 2))
    expected_size = {"filter2d": (6, 8), "upsample2d": (12, 16), "downsample2d": (3, 4)}
    plain = package[name](tf.constant(x), filter, **factor)
    assert plain.shape[1:3] == expected_size[name]
    for options in ({}, {"padding": (1, 0, 2, -1), "flip_filter": True, "gain": 0.5}):
        expected = getattr(reference, name)(x, filter, **factor, **options)
        actual = package[name](tf.constant(x), filter, **factor, **options)
        assert_close(actual, expected, 1e-6)  # the prepared filter is float32


def test_wrappers_with_one_factor_per_axis():
    x = sample((1, 6, 6, 2))
    filter = resample_filter()
    up = upsample2d(tf.constant(x), filter, up=(1, 2))
    assert up.shape == (1, 6, 12, 2)
    down = downsample2d(tf.constant(x), filter, down=(2, 1))
    assert down.shape == (1, 3, 6, 2)


def test_constant_picture_keeps_its_value():
    """The low-pass has unit sum; up-sampling makes up for the inserted zeros."""
    x = tf.fill([1, 8, 8, 2], 0.75)
    filter = resample_filter()
    for y in (filter2d(x, filter), upsample2d(x, filter), downsample2d(x, filter)):
        assert_close(y[:, 2:-2, 2:-2], tf.fill(y[:, 2:-2, 2:-2].shape, 0.75), 1e-6)


def test_resample_filter_by_hand():
    # (1, 3, 3, 1) x (1, 3, 3, 1) / 64
    expected = np.array([[1, 3, 3, 1], [3, 9, 9, 3], [3, 9, 9, 3], [1, 3, 3, 1]]) / 64
    filter = resample_filter((1, 3, 3, 1))
    assert filter.dtype == np.float32
    np.testing.assert_array_equal(filter, expected)
    np.testing.assert_array_equal(resample_filter((1, 2), normalize=False, gain=4)[0], [4, 8])
    np.testing.assert_array_equal(
        resample_filter((1, 3), flip=True), np.array([[9, 3], [3, 1]]) / 16
    )


@pytest.mark.parametrize("count, ndim", ((7, 2), (8, 1), (12, 1)))
def test_filters_from_8_taps_on_stay_separable(count, ndim):
    taps = np.arange(1, count + 1)
    assert resample_filter(taps).ndim == ndim
    assert resample_filter(taps, separable=True).ndim == 1
    assert resample_filter(taps, separable=False).ndim == 2
    assert_close(resample_filter(taps), reference.resample_filter(taps), 1e-7)


@pytest.mark.parametrize("gain", (1.0, 4.0))
def test_separable_filter_equals_its_outer_product(gain):
    taps = np.random.default_rng(5).normal(size=9)
    x = tf.constant(sample())
    a = upfirdn2d(x, taps, up=2, padding=5, gain=gain)
    b = upfirdn2d(x, np.outer(taps, taps), up=2, padding=5, gain=gain)
    assert_close(a, b, 1e-12)


def test_batch_size_may_be_unknown():
    filter = resample_filter()

    @tf.function(input_signature=[tf.TensorSpec([None, 4, 6, 2])])
    def both(x):
        return upsample2d(x, filter), downsample2d(x, filter)

    for n in (1, 3):
        x = np.float32(sample((n, 4, 6, 2)))
        up, down = both(x)
        assert_close(up, reference.upsample2d(x, filter), 1e-6)
        assert_close(down, reference.downsample2d(x, filter), 1e-6)


@pytest.mark.parametrize(
    "options, named",
    (
        ({"up": 0}, "up"),
        ({"down": (1, 0)}, "down"),
        ({"up": (1, 2, 3)}, "up"),
        ({"padding": (1, 2, 3)}, "padding"),
    ),
)
def test_wrong_arguments_are_named(options, named):
    with pytest.raises(ValueError, match=named):
        upfirdn2d(tf.zeros([1, 4, 4, 1]), None, **options)


def test_wrong_filters_are_named():
    with pytest.raises(ValueError, match=r"filter.*\(1, 1, 1\)"):
        upfirdn2d(tf.zeros([1, 4, 4, 1]), np.ones([1, 1, 1]))
    with pytest.raises(ValueError, match="taps"):
        resample_filter(np.ones([1, 1, 1]))
    with pytest.raises(ValueError, match="separable"):
        resample_filter(np.ones([3, 3]), separable=True)
