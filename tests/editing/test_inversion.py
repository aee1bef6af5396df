"""Projection of photos: parts against closed forms, and the whole on a tiny generator."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfgan_edit.config import UserError
from tfgan_edit.editing import inversion
from tfgan_edit.editing.image_distances import PixelDistance
from tfgan_edit.editing.inversion import (
    ProjectionSettings,
    Projector,
    latent_statistics,
    normalized,
    self_similarity,
)
from tfgan_edit.networks.stylegan import StyleGANGenerator
from tfgan_edit.networks.stylegan2 import StyleGAN2Generator
from tfgan_edit.ops.images import image_to_photo

SHORT = ProjectionSettings(steps=60, learning_rate=0.05, seed=3)


def make_generator(cls=StyleGAN2Generator, **settings):
    """A random generator whose pictures depend on its latents and noise."""
    keras.utils.set_random_seed(0)
    sizes = {"z_dim": 6, "w_dim": 6, "mapping_layers": 2, "channel_max": 8}
    generator = cls(16, **(sizes | settings))
    random = np.random.RandomState(1)
    for weight in generator.weights:
        if "float" in weight.dtype:
            weight.assign_add(0.1 * random.randn(*weight.shape))
    return generator


@pytest.fixture(scope="module")
def generator():
    return make_generator()


@pytest.fixture(scope="module")
def photos(generator):
    z = np.random.RandomState(5).randn(3, 6).astype(np.float32)
    return image_to_photo(generator(z)).numpy()


@pytest.fixture(scope="module")
def projector(generator):
    return Projector(generator, PixelDistance(), SHORT, batch_size=2, frames=10)


@pytest.fixture(scope="module")
def pair(projector, photos):
    return projector(photos[:2])


# === Parts ===


def test_statistics_of_w(generator):
    average, deviation = latent_statistics(generator, seed=4, num=50)
    w = generator.mapping(np.random.RandomState(4).randn(50, 6).astype(np.float32))[:, 0].numpy()
    np.testing.assert_allclose(average, w.mean(axis=0), rtol=1e-4, atol=1e-6)
    # Of the vector: the root of the sum of the variances of its components.
    assert deviation == pytest.approx(np.sqrt(w.var(axis=0).sum()), rel=1e-4)


def test_classes_have_equal_shares_in_the_statistics():
    generator = make_generator(label_dim=2)
    average, _ = latent_statistics(generator, num=4)
    z = np.random.RandomState(0).randn(4, 6).astype(np.float32)
    labels = np.eye(2, dtype=np.float32)[[0, 1, 0, 1]]
    expected = generator.mapping(z, labels=labels)[:, 0].numpy().mean(axis=0)
    np.testing.assert_allclose(average, expected, rtol=1e-5)


def test_schedule_of_the_paper():
    settings = ProjectionSettings(steps=1000)
    rate, exploration = settings.schedule([0, 25, 50, 500, 750, 875, 1000])
    np.testing.assert_allclose(rate, [0, 0.05, 0.1, 0.1, 0.1, 0.05, 0], atol=1e-12)
    expected = 0.05 * (1 - np.array([0, 25, 50, 500, 750]) / 750) ** 2
    np.testing.assert_allclose(exploration[:5], expected, atol=1e-12)
    assert not exploration[5:].any()


@pytest.mark.parametrize("values", [{"space": "z"}, {"steps": -1}])
def test_settings_that_cannot_be_are_refused(values):
    with pytest.raises(ValueError, match=next(iter(values))):
        ProjectionSettings(**values)


def test_self_similarity_in_numpy():
    noise = np.random.RandomState(0).randn(2, 32, 32, 1)
    expected = 0
    maps = noise[..., 0]
    for _ in range(3):  # 32, 16 and 8
        for axis in (1, 2):
            expected = expected + np.mean(maps * np.roll(maps, 1, axis), axis=(1, 2)) ** 2
        maps = maps.reshape(2, maps.shape[1] // 2, 2, -1, 2).mean(axis=(2, 4))
    actual = self_similarity(tf.constant(noise, tf.float32))
    np.testing.assert_allclose(actual, expected, rtol=1e-4)
    # What is the same everywhere is as similar as can be: one, twice at each scale.
    np.testing.assert_allclose(self_similarity(tf.ones([1, 16, 16, 1])), [4.0], rtol=1e-6)
    assert self_similarity(tf.ones([1, 4, 4, 1])) == [2.0]


def test_normalized_noise():
    noise = normalized(tf.constant(3 + 2 * np.random.RandomState(0).randn(2, 8, 8, 1), tf.float32))
    np.testing.assert_allclose(np.mean(noise, axis=(1, 2, 3)), 0, atol=1e-6)
    np.testing.assert_allclose(np.mean(np.square(noise), axis=(1, 2, 3)), 1, rtol=1e-5)


# === The whole ===


def test_finds_what_the_generator_drew(pair, generator, photos):
    for result, photo in zip(pair, photos, strict=False):
        assert result.distances[-1] < 0.4 * result.distances[0]
        assert len(result.distances) <= SHORT.steps + 1
        drawn = next(result.photos(generator))
        error = np.mean((drawn.astype(float) - photo) ** 2)
        assert result.psnr == pytest.approx(10 * np.log10(255**2 / error), abs=1e-3)
        assert result.w_plus.shape == (6, 6)
        assert [noise.shape[:2] for noise in result.noise] == generator.synthesis.noise_shapes
        assert 10 <= len(result.path) <= 12
        np.testing.assert_array_equal(result.path[-1], result.w_plus)
        average, _ = latent_statistics(generator, SHORT.seed)
        np.testing.assert_allclose(result.path[0], np.tile(average, (6, 1)), rtol=1e-6)


def test_the_distance_is_that_of_the_result(pair, generator, photos):
    result = pair[0]
    noise = [noise_map[np.newaxis] for noise_map in result.noise]
    image = generator.synthesis(result.w_plus[np.newaxis], noise=noise)
    target = tf.constant(photos[:1] / 127.5 - 1, tf.float32)
    np.testing.assert_allclose(PixelDistance()(image, target), result.distances[-1:], rtol=1e-3)


def test_a_photo_does_not_depend_on_its_neighbours(projector, pair, photos):
    for first, second in ((1, 2), (1, None)):
        chosen = [photos[i] for i in (first, second) if i is not None]
        alone = projector(np.stack(chosen))
        assert len(alone) == len(chosen)
        np.testing.assert_allclose(alone[0].w_plus, pair[1].w_plus, atol=0.02)
        np.testing.assert_allclose(alone[0].distances[:20], pair[1].distances[:20], rtol=1e-2)


def test_the_same_seed_gives_the_same_bits(projector, pair, photos):
    again = projector(photos[:2])
    for a, b in zip(again, pair, strict=True):
        np.testing.assert_array_equal(a.w_plus, b.w_plus)
        np.testing.assert_array_equal(a.distances, b.distances)


def test_a_start_is_the_result_of_no_steps(projector, pair, generator, photos):
    start = np.stack([result.w_plus for result in pair])
    settings = ProjectionSettings(steps=0, noise_weight=0.0)
    near = Projector(generator, PixelDistance(), settings, batch_size=2)(photos[:2], start)
    for result, optimized, w_plus in zip(near, pair, start, strict=True):
        np.testing.assert_array_equal(result.w_plus, w_plus)
        assert len(result.distances) == 1
        assert result.distances[0] < 0.6 * optimized.distances[0]


def test_w_is_one_vector_and_noise_can_stay(generator, photos, monkeypatch):
    """Without progress, as the tolerance says here, the ramp down begins after three windows."""
    monkeypatch.setattr(inversion, "WINDOW", 3)
    settings = ProjectionSettings(space="w", steps=60, tolerance=1.0, noise_weight=0.0)
    calls = []
    projector = Projector(generator, PixelDistance(), settings)
    start = np.arange(36, dtype=np.float32).reshape(1, 6, 6) / 36
    result, = projector(photos[:1], start, on_step=lambda: calls.append(1))
    assert len(calls) == len(result.distances) - 1 == 9 + 15 and result.noise == []
    np.testing.assert_array_equal(result.w_plus, np.tile(result.w_plus[:1], (6, 1)))
    np.testing.assert_allclose(result.path[0], np.tile(start[0].mean(axis=0), (6, 1)), rtol=1e-5)
    drawn = generator.synthesis(result.w_plus[np.newaxis], noise="constant")
    np.testing.assert_allclose(
        next(result.photos(generator)).astype(float), image_to_photo(drawn)[0], atol=1
    )


def test_stylegan_is_projected_too():
    generator = make_generator(StyleGANGenerator)
    z = np.random.RandomState(5).randn(1, 6).astype(np.float32)
    photo = image_to_photo(generator(z)).numpy()
    result, = Projector(generator, PixelDistance(), ProjectionSettings(steps=30))(photo)
    assert result.distances[-1] < 0.5 * result.distances[0]
    assert len(result.noise) == len(generator.synthesis.noise_shapes) == 6


def test_a_broken_generator_is_named(photos):
    generator = make_generator()
    generator.synthesis.blocks[0].conv1.kernel.assign_add(
        np.full(generator.synthesis.blocks[0].conv1.kernel.shape, np.nan)
    )
    projector = Projector(generator, PixelDistance(), ProjectionSettings(steps=0))
    with pytest.raises(UserError, match="not finite"):
        projector(photos[:1])
