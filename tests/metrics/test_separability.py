"""Separability of attributes that are linear in a latent, and of those that are noise."""

import numpy as np
import pytest

from tfgan_edit.config import UserError
from tfgan_edit.metrics import Evaluation, evaluate
from tfgan_edit.metrics.separability import conditional_entropy
from tfgan_edit.networks.stylegan2 import StyleGAN2Generator


def latents(num=2000, size=5, seed=0):
    return np.random.default_rng(seed).standard_normal((num, size))


def test_a_linear_attribute_has_no_entropy_left():
    z = latents()
    probability = 1 / (1 + np.exp(-3 * z[:, 0]))
    assert conditional_entropy(z, probability) < 0.01


def test_a_random_attribute_keeps_its_bit():
    probability = np.random.default_rng(1).uniform(size=2000)
    assert conditional_entropy(latents(), probability) == pytest.approx(1, abs=0.02)


def test_the_least_sure_half_does_not_count():
    z = latents()
    probability = np.where(z[:, 0] > 0, 0.99, 0.01)
    unsure = np.arange(2000) % 2 == 0
    probability[unsure] = np.where(z[unsure, 0] > 0, 0.49, 0.51)  # the other way round
    assert conditional_entropy(z, probability) < 0.1  # a soft margin errs beside the boundary


def test_entropy_of_a_known_table():
    """A side holds 3 of 4, the other 1 of 4: H = H2(1/4), whatever the hyperplane's distance."""
    x = np.concatenate([np.full((4, 1), 5.0), np.full((4, 1), -5.0)])
    sure = np.array([0.9, 0.9, 0.9, 0.1, 0.1, 0.1, 0.1, 0.9])
    z = np.concatenate([x, np.zeros((8, 1))])
    probability = np.concatenate([sure, np.full(8, 0.5)])
    expected = -(0.25 * np.log2(0.25) + 0.75 * np.log2(0.75))
    assert conditional_entropy(z, probability) == pytest.approx(expected, abs=1e-12)


def test_attributes_of_one_kind_are_refused():
    with pytest.raises(UserError, match="all of the 1,000 surest pictures are classified alike"):
        conditional_entropy(latents(), np.full(2000, 0.9))


def test_latents_are_those_of_the_pictures(monkeypatch):
    """An attribute that is the sign of z's first number, read from the pictures' order."""
    from tfgan_edit.metrics.photo_sets import GeneratedPhotos

    monkeypatch.setattr("tfgan_edit.metrics.registry.find_file", lambda *args: None)
    generator = StyleGAN2Generator(16, z_dim=4, w_dim=4, mapping_layers=1, channel_max=4)
    fake = GeneratedPhotos(generator, name="g", batch_size=16)
    drawn = []
    original = fake._images

    def images(z, labels, seed):
        drawn.append(z.numpy())
        return original(z, labels, seed)

    fake._images = images
    assert sum(len(p) for p in fake.batches(40, 16)) == 40
    z = np.concatenate(drawn)[:40]
    np.testing.assert_array_equal(fake.latents(40), z)
    evaluation = Evaluation(fake=fake, generator=generator)
    probability = 1 / (1 + np.exp(-5 * z[:, :1]))
    monkeypatch.setattr(Evaluation, "features", lambda *args: probability)
    results = evaluate("ls_z_male_40", [evaluation])["results"]
    assert results["ls_z_male_40"] == pytest.approx(1, abs=0.05)
    assert evaluate("ls_w_male_40", [evaluation])["results"]["ls_w_male_40"] < 2
