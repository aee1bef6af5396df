"""Resizing rules against Pillow, TensorFlow and worked numbers."""

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tfgan_edit.metrics.resizing import RULES, resize, resize_matrix

SIZES = [((32, 32), (224, 224)), ((64, 48), (24, 20)), ((89, 109), (64, 64)), ((7, 300), (30, 9))]


def photos(size, channels=3):
    return np.random.default_rng(0).integers(0, 256, (2, *size, channels), np.uint8)


@pytest.mark.parametrize("source, target", SIZES)
@pytest.mark.parametrize(
    "rule, pillow",
    [
        ("bicubic_antialiased", Image.Resampling.BICUBIC),
        ("bilinear_antialiased", Image.Resampling.BILINEAR),
    ],
)
def test_antialiased_rules_are_pillows_within_one_level(rule, pillow, source, target):
    batch = photos(source)
    resized = resize(batch, target, rule).numpy()
    expected = [Image.fromarray(p).resize(target[::-1], pillow) for p in batch]
    difference = resized - np.stack(expected).astype(np.float32)
    assert np.abs(difference).max() <= 1
    # Ties of half a level, which fixed-point weights decide otherwise than float32.
    assert np.mean(difference != 0) < 0.03


@pytest.mark.parametrize("source, target", SIZES)
def test_bilinear_rules_are_tensorflows(source, target):
    batch = photos(source)
    # TensorFlow computes positions in float32: 1e-5 of a pixel at 300, times 255.
    half = tf.image.resize(batch, target, "bilinear")
    np.testing.assert_allclose(resize(batch, target, "bilinear_half_pixel"), half, atol=1e-2)
    first = tf.compat.v1.image.resize_bilinear(batch, target, half_pixel_centers=False)
    np.testing.assert_allclose(resize(batch, target, "bilinear_tf1"), first, atol=1e-2)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("source, target", [(5, 13), (13, 5), (8, 8), (1, 4)])
def test_rows_sum_to_one_so_grey_stays_grey(rule, source, target):
    np.testing.assert_allclose(resize_matrix(source, target, rule).sum(axis=1), 1, rtol=1e-6)
    grey = np.full((1, source, source, 1), 77, np.uint8)
    np.testing.assert_allclose(resize(grey, (target, target), rule), 77, rtol=1e-6)


@pytest.mark.parametrize("rule", RULES)
def test_gradients_are_those_of_the_matrices(rule):
    batch, size = tf.constant(photos((6, 9)), tf.float32), (4, 5)
    weights = np.random.default_rng(1).standard_normal((2, *size, 3)).astype(np.float32)
    with tf.GradientTape() as tape:
        tape.watch(batch)
        total = tf.reduce_sum(resize(batch, size, rule) * weights)
    across, down = resize_matrix(9, 5, rule), resize_matrix(6, 4, rule)
    expected = np.einsum("nuvc,uh,vw->nhwc", weights, down, across)
    np.testing.assert_allclose(tape.gradient(total, batch), expected, rtol=1e-4, atol=1e-5)


def test_doubling_by_hand():
    np.testing.assert_allclose(
        resize_matrix(2, 4, "bilinear_half_pixel"), [[1, 0], [0.75, 0.25], [0.25, 0.75], [0, 1]]
    )
    np.testing.assert_allclose(
        resize_matrix(2, 4, "bilinear_tf1"), [[1, 0], [0.5, 0.5], [0, 1], [0, 1]]
    )
    np.testing.assert_allclose(
        resize_matrix(5, 3, "adaptive_average"),
        [[1 / 2, 1 / 2, 0, 0, 0], [0, 1 / 3, 1 / 3, 1 / 3, 0], [0, 0, 0, 1 / 2, 1 / 2]],
        rtol=1e-6,
    )
