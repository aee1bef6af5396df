"""Warps and filters of adaptive discriminator augmentation (arXiv 2006.06676, appendix B).

Pictures are continued by reflection, without end. Filters are matrix products with blocks of
their band matrices: on processors several times as fast as convolutions of three channels.
Wavelet coefficients: Daubechies, "Ten Lectures on Wavelets", 1992, section 6.4.
"""

import math

import numpy as np
import tensorflow as tf

from tfgan_edit.ops.gradients import named_gradient
from tfgan_edit.ops.upfirdn import resample_filter

SYM2 = (-0.12940952255092145, 0.22414386804185735, 0.836516303737469, 0.48296291314469025)
SYM6 = (
    *(0.015404109327027373, 0.0034907120842174702, -0.11799011114819057, -0.048311742585633),
    *(0.4910559419267466, 0.787641141030194, 0.3379294217276218, -0.07263752278646252),
    *(-0.021060292512300564, 0.04472490177066578, 0.0017677118642428036, -0.007800708325034148),
)
NUM_OCTAVES = 4
BLOCK = 128  # rows of a product at most
MARGIN = 5  # samples at twice the rate that the last filter needs on each side of the picture

_SYM6 = resample_filter(SYM6)


def warp(images, inverse):
    """Moves each image by an affine map, between twofold up- and down-sampling by sym6.

    The official code continues pictures by one reflection of the size that the batch needs;
    only where a map leads beyond that, to its zeros, do the results differ.

    Args:
        images: [N, H, W, C] float32, H and W at least 2.
        inverse: [N, 3, 3], from (x, y, 1) of a pixel of the result to (x, y, 1) in the image,
            both in pixels from the picture's centre.

    Returns:
        [N, H, W, C], differentiable towards `images`.
    """
    height, width = images.shape[1:3]
    x = _upsample(_swap(_upsample(_swap(images))))
    x = _interpolate(x, _positions(inverse, (height, width)))
    return _swap(_downsample(_swap(_downsample(x, height)), width))


def filter_octaves(images, gains):
    """Amplifies four octaves of each image: [N, H, W, C], gains [N, 4] -> [N, H, W, C]."""
    bank = filter_bank()
    for _ in range(2):
        size = images.shape[1]
        first = np.arange(size) - bank.shape[1] // 2
        matrices = np.stack([_filter_matrix(taps, first, size) for taps in bank])
        images = _swap(_multiply(matrices, images, gains))
    return images


def filter_bank():
    """Taps that split a signal into octaves, the lowest first; they add up to a unit impulse.

    Returns:
        float32 [4, 43].
    """
    low = np.array(SYM2)
    high = low * (-1) ** np.arange(len(low))
    low_pass, high_pass = (np.convolve(h, h[::-1]) / 2 for h in (low, high))
    bank = np.eye(NUM_OCTAVES, 1)
    for i in range(1, NUM_OCTAVES):  # all bands so far move one octave down
        bank = np.stack([bank, np.zeros_like(bank)], axis=2).reshape(NUM_OCTAVES, -1)[:, :-1]
        bank = np.stack([np.convolve(row, low_pass) for row in bank])
        begin = (bank.shape[1] - len(high_pass)) // 2
        bank[i, begin : begin + len(high_pass)] += high_pass
    return bank.astype(np.float32)


# === Filters of rows ===


def _upsample(x):
    """[N, H, W, C] -> [N, 4 H, W, C]: rows of the reflected picture at twice the rate.

    Row m is at m / 2 of the picture. 4 (H - 1) rows are one period.
    """
    size = x.shape[1]
    taps = 2 * _SYM6[::-1]  # the gain makes up for the zeros between the samples
    first = np.arange(2 * size) - 3
    phases = [_filter_matrix(taps[i::2], first + i, size) for i in (0, 1)]
    return _multiply(np.stack(phases, axis=1).reshape(4 * size, size), x)


def _downsample(x, size):
    """[N, 2 size + 10, W, C] -> [N, size, W, C]."""
    return _multiply(_filter_matrix(_SYM6, 2 * np.arange(size), x.shape[1]), x)


def _filter_matrix(taps, first, size):
    """Row i has the taps from column first[i] on, reflected at the first and last column."""
    matrix = np.zeros([len(first), size], np.float32)
    period = 2 * size - 2
    for i, tap in enumerate(taps):
        column = (first + i) % period
        matrix[np.arange(len(first)), np.minimum(column, period - column)] += tap
    return matrix


def _multiply(matrix, x, gains=None):
    """A band matrix times the rows of pictures, in blocks without most of its zeros.

    Args:
        matrix: NumPy array [R, H], or [K, R, H] to be added up by gains [N, K].
        x: [N, H, W, C].

    Returns:
        [N, R, W, C].
    """
    rows, size = matrix.shape[-2:]
    _, _, width, channels = x.shape
    height = math.gcd(rows, BLOCK)
    bands = matrix.reshape(-1, rows // height, height, size)
    touched = np.any(bands, axis=(0, 2))  # [blocks, H]
    begins = np.argmax(touched, axis=1)
    taps = np.max(size - np.argmax(touched[:, ::-1], axis=1) - begins)
    begins = np.minimum(begins, size - taps)
    if taps == size:  # one block is as good
        begins, height, bands = [0], rows, bands.reshape(-1, 1, rows, size)
    blocks = [bands[:, i, :, begin : begin + taps] for i, begin in enumerate(begins)]
    blocks = tf.constant(np.stack(blocks, axis=1))
    blocks = blocks[0] if gains is None else tf.tensordot(gains, blocks, 1)
    windows = tf.stack([x[:, begin : begin + taps] for begin in begins], axis=1)
    windows = tf.reshape(windows, [-1, len(begins), taps, width * channels])
    return tf.reshape(blocks @ windows, [-1, rows, width, channels])


def _swap(x):
    """Rows become columns."""
    return tf.transpose(x, [0, 2, 1, 3])


# === Interpolation ===

# Compiled on processors too, where `jit_compile="auto"` is off: XLA makes one loop of gathers and
# weights, which takes a sixth of the time of TensorFlow's kernels.
_compiled = tf.function(jit_compile=True, autograph=False)


def _interpolate(x, positions):
    """Bilinear values: [N, 4 H, 4 W, C] -> [N, 2 H + 10, 2 W + 10, C]."""
    size = x.shape[1:3]

    def sample(x):
        @named_gradient
        def function(x):
            return _sample(x, *positions), spread

        return function(x)

    def spread(upstream):
        @named_gradient
        def function(upstream):
            return _spread(upstream, *positions, size), sample

        return function(upstream)

    return sample(x)


@_compiled
def _positions(inverse, size):
    """Where a map leads from the picture at twice the rate and its margin.

    Args:
        inverse: as in `warp`.
        size: (H, W).

    Returns:
        indices of pixels [N, 2 H + 10, 2 W + 10] in [N · 4 H · 4 W], within the first period;
        fractions to the right and below [N, 2 H + 10, 2 W + 10, 1].
    """
    height, width = size
    y, x = (tf.range(2 * s + 2 * MARGIN, dtype=tf.float32) / 2 - (s + MARGIN - 1) / 2 for s in size)
    m = inverse[:, :2, :, tf.newaxis, tf.newaxis]
    position = m[:, :, 0] * x + m[:, :, 1] * y[:, tf.newaxis] + m[:, :, 2]
    column, right = _split(2 * position[:, 0] + (width - 1), 4 * (width - 1))
    row, below = _split(2 * position[:, 1] + (height - 1), 4 * (height - 1))
    sample = tf.range(tf.shape(inverse)[0])[:, tf.newaxis, tf.newaxis]
    index = (sample * 4 * height + tf.cast(row, tf.int32)) * 4 * width + tf.cast(column, tf.int32)
    return index, right, below


def _split(position, period):
    """Position -> (whole part within a period, fraction [N, h, w, 1])."""
    whole = tf.floor(position)
    fraction = (position - whole)[..., tf.newaxis]
    return whole - period * tf.floor(whole / period), fraction


@_compiled
def _sample(x, index, right, below):
    _, _, width, channels = x.shape
    pixels = tf.reshape(x, [-1, channels])
    a, b, c, d = (tf.gather(pixels, index + step) for step in (0, 1, width, width + 1))
    upper, lower = a + right * (b - a), c + right * (d - c)
    return upper + below * (lower - upper)


@_compiled
def _spread(upstream, index, right, below, size):
    """`_sample` transposed."""
    with tf.GradientTape() as tape:
        # Of a linear function: any point will do.
        x = tf.zeros([tf.shape(upstream)[0], *size, upstream.shape[-1]])
        tape.watch(x)
        value = _sample(x, index, right, below)
    return tape.gradient(value, x, output_gradients=upstream)
