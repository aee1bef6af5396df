"""conv2d_resample against the definition, with gradients for pictures and kernels."""

import functools

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.cases import assert_close, check_gradients, first_gradients, jit_equal
from tests.reference import convolution as reference
from tests.reference import resampling
from tfgan_edit.ops import convolution
from tfgan_edit.ops.convolution import conv2d, conv2d_resample
from tfgan_edit.ops.upfirdn import resample_filter, upsample2d

LOWPASS = resampling.resample_filter((1, 3, 3, 1))
UNEVEN = np.random.default_rng(1).normal(size=(4, 4))

# kernel size, arguments
CASES = {
    "plain": (3, {"padding": 1}),
    "plain_flipped": (3, {"padding": 1, "flip_kernel": True}),
    "valid": (3, {}),
    "one_sided": (3, {"padding": (0, 2, 1, -1)}),
    "up": (3, {"up": 2, "filter": LOWPASS, "padding": 1, "flip_kernel": True}),
    "up_uneven": (3, {"up": 2, "filter": UNEVEN, "padding": 1}),
    "up_flipped_filter": (3, {"up": 2, "filter": UNEVEN, "padding": 1, "flip_filter": True}),
    "up_5": (5, {"up": 2, "filter": LOWPASS, "padding": 2, "flip_kernel": True}),
    "up_no_padding": (5, {"up": 2, "filter": UNEVEN, "padding": 0}),
    "up_1x1": (1, {"up": 2, "filter": UNEVEN}),
    "down": (3, {"down": 2, "filter": LOWPASS, "padding": 1}),
    "down_flipped": (3, {"down": 2, "filter": UNEVEN, "padding": 1, "flip_kernel": True}),
    "down_1x1": (1, {"down": 2, "filter": UNEVEN}),
    "up_down": (3, {"up": 2, "down": 2, "filter": LOWPASS, "padding": 1}),
    "up_3_down_2": (3, {"up": 3, "down": 2, "filter": UNEVEN, "padding": 1}),
    "no_filter_up": (3, {"up": 2, "padding": 1}),
}


def sample(size, shape=(2, 6, 8, 3)):
    random = np.random.default_rng(2)
    return random.normal(size=shape), random.normal(size=(size, size, shape[-1], 2))


@pytest.mark.parametrize("case", CASES)
def test_equals_reference(case):
    size, options = CASES[case]
    x, kernel = sample(size)
    actual = conv2d_resample(tf.constant(x), tf.constant(kernel), **options)
    assert actual.dtype == tf.float64
    assert_close(actual, reference.conv2d_resample(x, kernel, **options), 1e-12)


@pytest.mark.parametrize("small_map", (True, False), ids=("product", "kernel"))
@pytest.mark.parametrize("case", CASES)
def test_first_and_second_gradient(case, small_map, monkeypatch):
    """By one matrix product, as on small maps, and by TensorFlow's kernel, as on large ones."""
    largest = dict.fromkeys(convolution.SMALL_MAP, 10**9 if small_map else 0)
    monkeypatch.setattr(convolution, "SMALL_MAP", largest)
    size, options = CASES[case]
    check_gradients(
        functools.partial(conv2d_resample, **options),
        functools.partial(reference.conv2d_resample, **options),
        sample(size, (1, 6, 4, 2)),
    )


@pytest.mark.parametrize("case", CASES)
def test_same_in_graph_and_under_xla(case):
    size, options = CASES[case]
    x, kernel = map(np.float32, sample(size))
    shape = reference.conv2d_resample(x, kernel, **options).shape
    cotangent = np.random.default_rng(3).normal(size=shape).astype(np.float32)

    fn = functools.partial(conv2d_resample, **options)

    def value_and_gradients(x, k, c):
        return fn(x, k), first_gradients(fn, [x, k], c)

    jit_equal(value_and_gradients, x, kernel, cotangent)


# 27 products of order one: the rounding of inputs (2**-9, 2**-12) adds up to about its
# square root, and the FIR rounds once more.
@pytest.mark.parametrize("dtype, limit", (("bfloat16", 2e-2), ("float16", 3e-3)))
@pytest.mark.parametrize("case", ("plain", "up", "down", "up_1x1", "down_1x1"))
def test_half_precision(case, dtype, limit):
    size, options = CASES[case]
    x, kernel = sample(size)
    x = tf.cast(x, dtype)
    expected = reference.conv2d_resample(x.numpy().astype(np.float64), kernel, **options)
    actual = conv2d_resample(x, tf.cast(kernel, dtype), **options)
    assert actual.dtype == dtype
    assert_close(actual, expected, limit)


@pytest.mark.parametrize("dtype", ("bfloat16", "float16"))
def test_gradients_in_half_precision(dtype):
    size, options = CASES["up"]
    x, kernel = (tf.constant(v, tf.float32) for v in sample(size))
    cotangent = tf.random.normal(conv2d_resample(x, kernel, **options).shape)

    def gradients(dtype):
        return first_gradients(
            lambda x, k: tf.cast(
                conv2d_resample(tf.cast(x, dtype), tf.cast(k, dtype), **options), tf.float32
            ),
            [x, kernel],
            cotangent,
        )

    for actual, expected in zip(gradients(dtype), gradients("float32"), strict=True):
        assert actual.dtype == tf.float32
        assert_close(actual, expected, 2e-2)


@given(
    height=st.integers(2, 6),
    width=st.integers(2, 6),
    size=st.sampled_from((1, 3, 5)),
    up=st.integers(1, 3),
    down=st.integers(1, 3),
    taps=st.integers(1, 5),
    extra=st.integers(0, 2),
    flip_kernel=st.booleans(),
    flip_filter=st.booleans(),
    seed=st.integers(0, 99),
)
@settings(max_examples=100)
def test_any_arguments(
    height, width, size, up, down, taps, extra, flip_kernel, flip_filter, seed
):
    if taps < max(up, down):  # a gap between the samples that the filter should fill
        return
    random = np.random.default_rng(seed)
    x = random.normal(size=(1, height, width, 2))
    kernel = random.normal(size=(size, size, 2, 3))
    options = {
        "filter": random.normal(size=(taps, taps)),
        "up": up,
        "down": down,
        "padding": size // 2 + extra,
        "flip_kernel": flip_kernel,
        "flip_filter": flip_filter,
    }
    expected = reference.conv2d_resample(x, kernel, **options)
    if expected.size == 0:
        return
    actual = conv2d_resample(tf.constant(x), tf.constant(kernel), **options)
    assert_close(actual, expected, 1e-11)


@pytest.mark.parametrize(
    "options, size",
    (
        ({"padding": 1}, (8, 12)),
        ({"up": 2, "filter": LOWPASS, "padding": 1}, (16, 24)),
        ({"down": 2, "filter": LOWPASS, "padding": 1}, (4, 6)),
    ),
)
def test_output_size_with_unknown_batch(options, size):
    kernel = tf.random.normal([3, 3, 2, 5])
    fn = tf.function(lambda x: conv2d_resample(x, kernel, **options))
    spec = tf.TensorSpec([None, 8, 12, 2])
    assert fn.get_concrete_function(spec).structured_outputs.shape[1:] == (*size, 5)
    assert fn(tf.zeros([3, 8, 12, 2])).shape == (3, *size, 5)


def test_up_sampling_differs_from_resize_then_convolve_only_at_the_border():
    """Zeros are padded once, before the filter, and not again before the kernel."""
    x, kernel = map(np.float32, sample(3))
    together = conv2d_resample(
        tf.constant(x), tf.constant(kernel), up=2, filter=LOWPASS, padding=1
    )
    apart = conv2d(upsample2d(x, resample_filter()), kernel, padding=1)
    assert together.shape == apart.shape == (2, 12, 16, 2)
    inside = (slice(None), slice(1, -1), slice(1, -1))
    assert_close(together[inside], apart[inside], 1e-5)
    assert np.max(np.abs(together - apart)[:, 0]) > 0.1


def test_conv2d_by_hand():
    x = tf.reshape(tf.range(9, dtype=tf.float32), [1, 3, 3, 1])
    kernel = tf.reshape(tf.constant([[1.0, 0.0], [0.0, -1.0]]), [2, 2, 1, 1])
    # top left of each window minus bottom right: 0-4, 1-5, 3-7, 4-8
    np.testing.assert_array_equal(conv2d(x, kernel)[0, ..., 0], [[-4, -4], [-4, -4]])
    np.testing.assert_array_equal(conv2d(x, kernel, stride=2)[0, ..., 0], [[-4]])
    # one row of zeros above and one column left
    y = conv2d(x, kernel, padding=(1, 0, 1, 0))[0, ..., 0]
    np.testing.assert_array_equal(y, [[0, -1, -2], [-3, -4, -4], [-6, -4, -4]])
