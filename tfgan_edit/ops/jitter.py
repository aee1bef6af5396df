"""Random views of a photo: turned, scaled, moved, cropped and flipped.

What GANs N' Roses (arXiv 2106.06561, section 3.1) calls augmentation, with the numbers of its
published code: first, with a probability, an affine transformation about the centre; then a crop of
the picture enlarged; then, with a probability, a flip. All of it is one resampling here.
"""

import dataclasses
import functools
import math

import tensorflow as tf

from tfgan_edit.ops.augmentation import _affine, _rotation, _scaling, _translation
from tfgan_edit.ops.augmentation_filters import _sample

NUM_UNIFORM = 9  # random numbers a sample


@dataclasses.dataclass(frozen=True)
class JitterConfig:
    """Settings of `jitter`; the defaults are those of the published code."""

    probability: float = 0.5  # of the affine transformation
    degrees: float = 20.0  # of rotation, to either side
    translate: float = 0.1  # of the side, to either side
    scale: tuple[float, float] = (0.8, 1.2)
    shear: float = 0.15  # degrees: the published code says so, and it is hardly seen
    enlarge: float = 286 / 256  # before a crop
    flip: float = 0.5


NO_JITTER = JitterConfig(probability=0.0, enlarge=1.0, flip=0.0)
MILD_JITTER = JitterConfig(degrees=10.0, enlarge=1.06)  # of faces that are cut with little around


def jitter(
    images,
    uniform,
    *,
    probability=0.5,
    degrees=20.0,
    translate=0.1,
    scale=(0.8, 1.2),
    shear=0.15,
    enlarge=286 / 256,
    flip=0.5,
):
    """Each image seen from elsewhere, by its own random numbers.

    Args:
        images: [N, H, W, C].
        uniform: [N, NUM_UNIFORM] in (0, 1).
        probability: of the affine transformation.
        degrees: largest rotation to either side.
        translate: largest shift to either side, as a part of the side.
        scale: smallest and largest factor.
        shear: largest angle of the sheared y axis to either side, degrees.
        enlarge: factor of size before a crop of the old size; 1 for no crop.
        flip: probability of left and right changing places.

    Returns:
        float32 [N, H, W, C], bilinear; 0 where there was no picture.
    """
    _, height, width, _ = images.shape
    happens, angle, dx, dy, size, slant, left, top, turn = tf.unstack(uniform, axis=1)
    happens = tf.cast(happens < probability, tf.float32)

    def symmetric(number, limit):
        return happens * (2 * number - 1) * limit

    sides = tf.constant([width, height], tf.float32)
    centre = (sides - 1) / 2  # between the first and the last pixel's centre
    moved = tf.stack([symmetric(dx, translate), symmetric(dy, translate)], axis=1) * sides
    factor = 1 + happens * (scale[0] + (scale[1] - scale[0]) * size - 1)
    slope = tf.tan(symmetric(slant, shear) * (math.pi / 180))
    # Whole pixels of the enlarged picture, its top left corner to the crop's.
    room = tf.round(sides * enlarge) - sides
    corner = tf.floor(tf.stack([left, top], axis=1) * (room + 1))
    flipped = tf.cast(turn < flip, tf.float32)
    ratio = sides / (sides + room)
    # From pixels of the result to pixels of the image: the inverses, the last one first.
    inverses = (
        _translation(tf.broadcast_to(centre, tf.shape(moved))),
        _affine([1.0, -slope, 0.0], [0.0, 1.0, 0.0]),
        _scaling(1 / factor, 1 / factor),
        _rotation(symmetric(angle, degrees) * (math.pi / 180)),
        _translation(-moved - centre),
        # Pixel i of n has its centre at i + 1/2 of n.
        _translation((corner + 0.5) * ratio - 0.5),
        _affine([ratio[0] + 0 * left, 0.0, 0.0], [0.0, ratio[1], 0.0]),
        _affine([1 - 2 * flipped, 0.0, flipped * (width - 1.0)], [0.0, 1.0, 0.0]),
    )
    matrix = functools.reduce(tf.matmul, inverses)
    return _resample(tf.cast(images, tf.float32), matrix)


def _resample(images, inverse):
    """Bilinear values [N, H, W, C] of images, 0 outside, where `inverse` [N, 3, 3] leads.

    Of gathers, because XLA does not know TensorFlow's projective transform.
    """
    _, height, width, _ = images.shape
    x, y = (tf.range(size, dtype=tf.float32) for size in (width, height))
    m = inverse[:, :2, :, tf.newaxis, tf.newaxis]
    position = m[:, :, 0] * x + m[:, :, 1] * y[:, tf.newaxis] + m[:, :, 2]
    column, right = _split(position[:, 0], width)
    row, below = _split(position[:, 1], height)
    sample = tf.range(tf.shape(images)[0])[:, tf.newaxis, tf.newaxis]
    index = (sample * (height + 2) + row) * (width + 2) + column
    padded = tf.pad(images, [[0, 0], [1, 1], [1, 1], [0, 0]])
    return _sample(padded, index, right, below)


def _split(position, size):
    """Position -> (the pixel before it, in a picture with a margin of 1; fraction [N, h, w, 1])."""
    position = tf.clip_by_value(position, -1.0, size)
    whole = tf.minimum(tf.floor(position), size - 1.0)
    return tf.cast(whole, tf.int32) + 1, (position - whole)[..., tf.newaxis]
