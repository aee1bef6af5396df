"""Adaptive discriminator augmentation (ADA): Karras et al., arXiv 2006.06676, appendix B.

One number p says how many samples are transformed. Every transformation is a matrix, a filter or
a mask made of random numbers, and differentiable towards the images.
"""

import functools
import math

import numpy as np
import tensorflow as tf

from tfgan_edit.ops.augmentation_filters import filter_octaves, warp

BLIT = ("xflip", "rotate90", "xint")
GEOMETRY = ("scale", "rotate", "aniso", "xfrac")
COLOR = ("brightness", "contrast", "lumaflip", "hue", "saturation")
GROUPS = {
    "blit": BLIT,
    "geom": GEOMETRY,
    "color": COLOR,
    "filter": ("imgfilter",),
    "noise": ("noise",),
    "cutout": ("cutout",),
    "bg": BLIT + GEOMETRY,
    "bgc": BLIT + GEOMETRY + COLOR,
    "bgcf": BLIT + GEOMETRY + COLOR + ("imgfilter",),
    "bgcfn": BLIT + GEOMETRY + COLOR + ("imgfilter", "noise"),
    "bgcfnc": BLIT + GEOMETRY + COLOR + ("imgfilter", "noise", "cutout"),
}

# Numbers a sample that a transformation is made of, and gates: uniform numbers, below a
# probability of which it happens.
UNIFORM = {"xflip": 1, "rotate90": 1, "xint": 2, "rotate": 2, "lumaflip": 1, "hue": 1, "cutout": 2}
NORMAL = {
    **{"scale": 1, "aniso": 1, "xfrac": 2, "brightness": 1, "contrast": 1, "saturation": 1},
    **{"imgfilter": 4, "noise": 1},
}
GATES = {name: 1 for name in GROUPS["bgcfnc"]} | {"rotate": 2, "imgfilter": 4}
NUM_UNIFORM = sum(GATES.values()) + sum(UNIFORM.values())
NUM_NORMAL = sum(NORMAL.values())

_GREY = np.full([3, 3], 1 / 3, np.float32)  # v vᵀ of the grey axis v = (1, 1, 1) / √3
_CROSS = np.array([[0, -1, 1], [1, 0, -1], [-1, 1, 0]], np.float32) / math.sqrt(3)  # v ×


def augment(images, uniform, normal, noise=None, conditions=None, *, p, strengths):
    """Transforms each image by its own random numbers.

    What the image is conditioned on moves with it, and keeps its values: of the groups only blit
    and geom act on it.

    Args:
        images: [N, H, W, C], C 1 or 3, in [-1, 1].
        uniform: [N, NUM_UNIFORM] in (0, 1): the numbers of `GATES`, then those of `UNIFORM`.
        normal: [N, NUM_NORMAL], standard normal.
        noise: [N, H, W, C], standard normal, for the transformation of this name.
        conditions: [N, H, W, K], any number of channels with any meaning, or None.
        p: scalar in [0, 1], the probability of a transformation.
        strengths: {transformation: factor on p}; the others are off.

    Returns:
        float32 [N, H, W, C], differentiable any number of times towards `images`; with
        `conditions` a pair of them and float32 [N, H, W, K].

    Raises:
        ValueError: neither grey nor RGB, or noise is missing.
    """
    height, width, channels = images.shape[1:]
    if channels not in (1, 3):
        raise ValueError(f"images must have 1 or 3 colours. Received: {channels}")
    if "noise" in strengths and noise is None:
        raise ValueError("the transformation 'noise' needs noise. Received: noise=None")
    x = tf.cast(images, tf.float32)
    if conditions is not None:
        x = tf.concat([x, tf.cast(conditions, tf.float32)], axis=-1)
    p = tf.convert_to_tensor(p, tf.float32)
    v = _values(uniform, normal, p, tuple(strengths.items()), images.shape[1:])
    if "inverse" in v:
        x = warp(x, v["inverse"])
    x, moved = x[..., :channels], x[..., channels:]
    if "matrix" in v:
        x = transform_colors(x + v["brightness"], v["matrix"])
    if "gains" in v:
        x = filter_octaves(x, v["gains"])
    if "deviation" in v:
        x = x + v["deviation"] * noise
    x = x * v["mask"] if "mask" in v else x
    return x if conditions is None else (x, moved)


# Compiled on processors too: one loop instead of two hundred operations on [N] numbers.
@tf.function(jit_compile=True, autograph=False)
def _values(uniform, normal, p, strengths, shape):
    """What the groups of transformations that are on are made of, by name."""
    height, width, channels = shape
    draws = Draws(uniform, normal, p, dict(strengths))
    values = {}
    if draws.include(*BLIT, *GEOMETRY):
        values["inverse"] = inverse_transform(draws, height, width)
    if draws.include(*COLOR):
        values["brightness"] = 0.2 * _per_sample(draws.normal("brightness"))
        values["matrix"] = color_matrix(draws, channels)
    if draws.include("imgfilter"):
        values["gains"] = octave_gains(draws)
    if draws.include("noise"):
        values["deviation"] = 0.1 * _per_sample(tf.abs(draws.normal("noise")))
    if draws.include("cutout"):
        values["mask"] = cutout_mask(draws, height, width)
    return values


class Draws:
    """Random numbers by the name of their transformation, 0 in samples where it is off.

    In every transformation 0 means that nothing changes.

    Args:
        uniform, normal, p, strengths: as in `augment`.
    """

    def __init__(self, uniform, normal, p, strengths):
        self.p, self.strengths = p, strengths
        sizes = [*GATES.values(), *UNIFORM.values()]
        columns = tf.split(uniform, sizes, axis=1)
        self.gates = dict(zip(GATES, columns[: len(GATES)], strict=True))
        self.uniforms = dict(zip(UNIFORM, columns[len(GATES) :], strict=True))
        self.normals = dict(
            zip(NORMAL, tf.split(normal, list(NORMAL.values()), axis=1), strict=True)
        )

    def include(self, *names):
        """Whether any of these transformations may happen."""
        return any(name in self.strengths for name in names)

    def happens(self, name):
        """1 where a transformation happens, else 0: [N, gates]."""
        probability = self.strengths.get(name, 0.0) * self.p
        if name == "rotate":  # before or after the stretch: in all with this probability
            probability = 1 - tf.sqrt(1 - tf.minimum(probability, 1.0))
        return tf.cast(self.gates[name] < probability, tf.float32)

    def normal(self, name):
        """Standard normal [N, size]."""
        return self.happens(name) * self.normals[name]

    def symmetric(self, name, limit):
        """Uniform between -limit and limit, [N, size]."""
        return self.happens(name) * (2 * self.uniforms[name] - 1) * limit

    def integer(self, name, count):
        """Uniform in 0 … count - 1, float [N, size]."""
        return self.happens(name) * tf.floor(count * self.uniforms[name])


def inverse_transform(draws, height, width):
    """From pixels of the result to pixels of the image, about their centres: [N, 3, 3].

    Product of the inverses of pixel blitting and general geometric transformations, in the
    order of the paper. A standard deviation of 0.2 octaves scales, one of 1/8 moves.
    """
    size = tf.constant([width, height], tf.float32)
    whole = tf.round(draws.symmetric("xint", 0.125) * size)
    part = draws.normal("xfrac") * 0.125 * size
    scale = 2.0 ** (-0.2 * draws.normal("scale")[:, 0])
    stretch = 2.0 ** (-0.2 * draws.normal("aniso")[:, 0])
    before, after = tf.unstack(draws.symmetric("rotate", math.pi), axis=1)
    inverses = (
        _scaling(1 - 2 * draws.integer("xflip", 2)[:, 0], 1.0),
        _rotation(draws.integer("rotate90", 4)[:, 0] * (math.pi / 2)),
        _translation(-whole),
        _scaling(scale, scale),
        _rotation(before),
        _scaling(stretch, 1 / stretch),
        _rotation(after),
        _translation(-part),
    )
    return functools.reduce(tf.matmul, inverses)


def color_matrix(draws, channels):
    """Contrast, luma flip, hue and saturation: [N, C, C] from old to new colours."""
    identity = tf.eye(3)
    contrast = 2.0 ** (0.5 * _per_matrix(draws.normal("contrast")))
    flip = _per_matrix(draws.integer("lumaflip", 2))
    matrix = contrast * (identity - 2 * flip * _GREY)  # Householder's reflection
    if channels == 1:  # colours that are equal stay so
        return tf.reduce_sum(_GREY * matrix, axis=[1, 2], keepdims=True)
    angle = _per_matrix(draws.symmetric("hue", math.pi))
    saturation = 2.0 ** _per_matrix(draws.normal("saturation"))
    # Rodrigues' rotation about the grey axis; then all but that axis is scaled.
    hue = tf.cos(angle) * identity + (1 - tf.cos(angle)) * _GREY + tf.sin(angle) * _CROSS
    return (_GREY + saturation * (identity - _GREY)) @ hue @ matrix


def transform_colors(images, matrix):
    """Each pixel times a matrix: [N, H, W, C], [N, C, C] -> [N, H, W, C]."""
    pixels = tf.reshape(images, [-1, math.prod(images.shape[1:3]), images.shape[3]])
    return tf.reshape(tf.matmul(pixels, matrix, transpose_b=True), [-1, *images.shape[1:]])


def octave_gains(draws):
    """Gains of the four octaves, which keep the power of a photograph: [N, 4]."""
    gains = 1.0
    power = tf.constant([10 / 13, 1 / 13, 1 / 13, 1 / 13])  # of photographs, ~ 1 / frequency
    for i, change in enumerate(tf.unstack(draws.normal("imgfilter"), axis=1)):
        band = tf.one_hot(i, 4)
        gain = 2.0 ** (change[:, tf.newaxis] * band)
        gains *= gain / tf.sqrt(tf.reduce_sum(power * gain**2, axis=1, keepdims=True))
    return gains


def cutout_mask(draws, height, width):
    """0 in a rectangle of half the picture's width and height, else 1: [N, H, W, 1]."""
    reach = 0.25 * draws.happens("cutout")  # from its centre
    center = draws.uniforms["cutout"]
    x = tf.abs((tf.range(width, dtype=tf.float32) + 0.5) / width - center[:, :1]) < reach
    y = tf.abs((tf.range(height, dtype=tf.float32) + 0.5) / height - center[:, 1:]) < reach
    return 1 - tf.cast(y[:, :, tf.newaxis] & x[:, tf.newaxis], tf.float32)[..., tf.newaxis]


def _per_sample(x):
    """[N, 1] -> [N, 1, 1, 1]."""
    return x[:, :, tf.newaxis, tf.newaxis]


def _per_matrix(x):
    """[N, 1] -> [N, 1, 1]."""
    return x[:, :, tf.newaxis]


def _rotation(angle):
    """[N] radians -> [N, 3, 3]."""
    sin, cos = tf.sin(angle), tf.cos(angle)
    return _affine([cos, -sin, 0.0], [sin, cos, 0.0])


def _scaling(x, y):
    return _affine([x, 0.0, 0.0], [0.0, y, 0.0])


def _translation(offset):
    """[N, 2] -> [N, 3, 3]."""
    return _affine([1.0, 0.0, offset[:, 0]], [0.0, 1.0, offset[:, 1]])


def _affine(*rows):
    """The rows (0, 0, 1) and two of numbers and [N] tensors: [N, 3, 3]."""
    entries = [entry for row in (*rows, [0.0, 0.0, 1.0]) for entry in row]
    like = next(entry for entry in entries if tf.is_tensor(entry))
    entries = [tf.zeros_like(like) + entry for entry in entries]
    return tf.reshape(tf.stack(entries, axis=1), [-1, 3, 3])
