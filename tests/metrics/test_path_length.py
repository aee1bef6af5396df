"""Path length of generators for which it is known."""

import numpy as np
import pytest
import tensorflow as tf

from tfgan_edit.config import UserError
from tfgan_edit.metrics import Evaluation, check_metric, path_length
from tfgan_edit.metrics.path_length import BATCH_SIZE, path_distances, trimmed_mean
from tfgan_edit.metrics.registry import find_metric
from tfgan_edit.sampling import interpolate

Z_DIM, SIDE = 6, 8


class LinearGenerator:
    """w = z; image = A w, of 8x8 pixels with three colours."""

    z_dim, label_dim, resolution = Z_DIM, 0, (SIDE, SIDE)

    def __init__(self, scale=1.0, noise=0.0):
        random = np.random.default_rng(0)
        self.matrix = scale * random.standard_normal((Z_DIM, SIDE * SIDE * 3)).astype(np.float32)
        self.noise = noise
        self.synthesis = self
        self.noise_shapes = [(SIDE, SIDE)]

    def mapping(self, z):
        return tf.stack([z, tf.zeros_like(z)], axis=1)

    def __call__(self, w_plus, noise):
        images = tf.reshape(w_plus[:, 0] @ self.matrix, (-1, SIDE, SIDE, 3))
        return images + self.noise * noise[0]


def squared(x, y):
    return tf.reduce_sum((x - y) ** 2, axis=(1, 2, 3))


def latents(seed, batch):
    random = np.random.default_rng([seed, batch])
    return random.standard_normal((2, BATCH_SIZE, Z_DIM), np.float32)


@pytest.mark.parametrize("full", [True, False])
@pytest.mark.parametrize("noise", [0.0, 1.0])
def test_lines_in_w_of_a_linear_generator(full, noise):
    """|A (w1 - w0)|^2 wherever on the line and whatever the noise, which both pictures share."""
    generator = LinearGenerator(noise=noise)
    values = path_distances(
        generator, squared, 20, space="w", full=full, face=False, seed=3, step=1e-2
    )
    z = np.concatenate([latents(3, batch) for batch in range(3)], axis=1)[:, :20]
    expected = np.sum(((z[1] - z[0]) @ generator.matrix) ** 2, axis=1)
    np.testing.assert_allclose(values, expected, rtol=2e-3)


def test_circles_in_z():
    """At a circle's start, the speed is the angle, along the direction perpendicular to it."""
    generator = LinearGenerator()
    values = path_distances(
        generator, squared, 8, space="z", full=False, face=False, seed=4, step=1e-3
    )
    a, b = (z / np.linalg.norm(z, axis=1, keepdims=True) for z in latents(4, 0))
    cosine = np.sum(a * b, axis=1, keepdims=True)
    direction = b - cosine * a
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    expected = np.sum((np.arccos(cosine) * direction @ generator.matrix) ** 2, axis=1)
    np.testing.assert_allclose(values, expected, rtol=2e-2)  # of second order in the step
    whole = interpolate(a, b, 1.0, "spherical")
    np.testing.assert_allclose(whole, b, atol=1e-6)


def test_faces_are_rows_3_to_7_and_columns_2_to_6():
    generator = LinearGenerator()
    settings = {"space": "w", "full": False, "seed": 5, "step": 1e-2}
    values = path_distances(generator, squared, 8, face=True, **settings)
    z = latents(5, 0)
    images = ((z[1] - z[0]) @ generator.matrix).reshape(-1, SIDE, SIDE, 3)
    expected = np.sum(images[:, 3:7, 2:6] ** 2, axis=(1, 2, 3))
    np.testing.assert_allclose(values, expected, rtol=2e-3)


def test_large_pictures_are_averaged_to_256():
    images = np.random.default_rng(0).uniform(size=(1, 1024, 512, 3)).astype(np.float32)
    expected = images.reshape(1, 256, 4, 128, 4, 3).mean(axis=(2, 4))
    np.testing.assert_allclose(path_length._shrink(tf.constant(images)), expected, rtol=1e-5)
    assert path_length._shrink(tf.zeros((1, 256, 256, 3))).shape == (1, 256, 256, 3)


def test_the_mean_leaves_out_the_extremes():
    values = np.arange(1, 201.0)
    values[0], values[-1] = -1e6, 1e6
    low, high = np.sort(values)[[1, 198]]  # 1 % of 199 steps is 1.99
    assert trimmed_mean(values) == pytest.approx(np.mean(np.arange(low, high + 1)))


@pytest.mark.parametrize(
    "name, expected",
    [
        ("ppl2_wend_50k", ("2", "w", "end", None, 50_000)),  # VGG
        ("ppl_zfull_100", (None, "z", "full", None, 100)),
        ("ppl_wfull_squeeze_1k", (None, "w", "full", "squeeze", 1000)),
    ],
)
def test_names(name, expected):
    _, arguments = find_metric(name)
    keys = ("whole", "space", "place", "backbone", "num")
    assert tuple(arguments.get(key) for key in keys) == expected


def test_weights_are_looked_for_before(monkeypatch):
    monkeypatch.delenv("TFGAN_EDIT_WEIGHTS", raising=False)
    for name, file in [("ppl2_wend_8", "vgg16"), ("ppl_zend_squeeze_8", "squeezenet")]:
        with pytest.raises(UserError, match=f"the weights '{file}' .* are not here"):
            check_metric(name)


class Squared:
    """Stands in for LPIPS."""

    identity = {}
    of_images = staticmethod(squared)


def test_the_metric_is_the_trimmed_mean_of_its_pairs(monkeypatch):
    monkeypatch.setattr(Evaluation, "function", lambda self, name: Squared())
    evaluation = Evaluation(generator=LinearGenerator(), seed=3)
    results = path_length.path_length(evaluation, "x", "2", "w", "end", 16)
    values = path_distances(
        LinearGenerator(), squared, 16, space="w", full=False, face=False, seed=3
    )
    assert results == {"x": pytest.approx(trimmed_mean(values), rel=1e-6)}
    evaluation.generator.label_dim = 2
    with pytest.raises(UserError, match="conditional"):
        path_length.path_length(evaluation, "x", "2", "w", "end", 16)
