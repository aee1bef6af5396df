"""Resizing as two products with matrices, by the rules that published numbers were measured with.

How pictures are resized before a feature network moves a Fréchet distance by more than most
papers' improvements (Parmar, Zhang and Zhu, "On Aliased Resizing and Surprising Subtleties in
GAN Evaluation", arXiv 2104.11222), so every rule here has a name, and results carry it.
"""

import functools

import numpy as np
import tensorflow as tf


def _triangle(x):
    return np.maximum(1 - np.abs(x), 0)


def _cubic(x):
    """Keys, "Cubic convolution interpolation for digital image processing", 1981, a = -1/2."""
    x = np.abs(x)
    near = (1.5 * x - 2.5) * x**2 + 1
    far = ((-0.5 * x + 2.5) * x - 4) * x + 2
    return np.where(x < 1, near, np.where(x < 2, far, 0))


# name: (kernel, its radius, antialiased, position of an output pixel's centre, 8-bit result)
RULES = {
    "bicubic_antialiased": (_cubic, 2, True, 0.5, True),  # Pillow's BICUBIC on uint8
    "bilinear_antialiased": (_triangle, 1, True, 0.5, True),  # Pillow's BILINEAR on uint8
    "bilinear_half_pixel": (_triangle, 1, False, 0.5, False),  # PyTorch's interpolate
    "bilinear_tf1": (_triangle, 1, False, 0.0, False),  # TensorFlow 1, of the first FID
    "adaptive_average": (None, None, False, 0.5, False),  # PyTorch's AdaptiveAvgPool2d
}


@functools.lru_cache(maxsize=64)
def resize_matrix(source, target, rule):
    """Weights float32 [target, source] of source pixels in each target pixel; rows sum to one.

    Pixels beyond an edge count with the edge's weight left out, as Pillow does, where the rule
    is antialiased; else the edge is repeated.
    """
    kernel, radius, antialiased, centre, _ = RULES[rule]
    ratio = source / target
    if rule == "adaptive_average":
        edges = np.arange(target + 1) * source
        starts, ends = edges[:-1] // target, -(-edges[1:] // target)
        places = np.arange(source)
        inside = (places >= starts[:, np.newaxis]) & (places < ends[:, np.newaxis])
        return (inside / inside.sum(axis=1, keepdims=True)).astype(np.float32)
    stretch = max(ratio, 1.0) if antialiased else 1.0
    positions = (np.arange(target) + centre) * ratio - centre  # in source pixels
    if antialiased:
        offsets = np.arange(source) - positions[:, np.newaxis]
        inside = np.abs(offsets) < radius * stretch
        weights = np.where(inside, kernel(offsets / stretch), 0)
    else:
        positions = np.clip(positions, 0, source - 1)
        weights = kernel(np.arange(source) - positions[:, np.newaxis])
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)


@tf.custom_gradient
def _to_levels(x):
    """Whole levels 0…255; straight through for gradients, of which rounding has none."""
    return tf.clip_by_value(tf.round(x), 0, 255), lambda gradient: gradient


def resize(photos, size, rule):
    """Resizes a batch.

    Args:
        photos: uint8 or float [N, H, W, C], in [0, 255]; H, W, C known.
        size: (height, width).
        rule: key of `RULES`. The antialiased ones round after each axis, as Pillow does;
            gradients pass as if they did not.

    Returns:
        float32 [N, height, width, C], in [0, 255]; equal to Pillow's within one level.
    """
    height, width = photos.shape[1:3]
    photos = tf.cast(photos, tf.float32)
    if (height, width) == tuple(size):
        return photos

    def rounded(x):
        return _to_levels(x) if RULES[rule][-1] else x

    across = tf.constant(resize_matrix(width, size[1], rule))
    down = tf.constant(resize_matrix(height, size[0], rule))
    photos = rounded(tf.einsum("nhwc,vw->nhvc", photos, across))
    return rounded(tf.einsum("nhvc,uh->nuvc", photos, down))
