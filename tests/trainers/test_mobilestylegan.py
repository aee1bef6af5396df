"""Training a reduced MobileStyleGAN: where it begins, what learns, what the losses are."""

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.cases import assert_close
from tfgan_edit.config import UserError
from tfgan_edit.networks.mobilestylegan import MobileStyleGAN, reduced
from tfgan_edit.networks.stylegan2 import StyleGAN2Generator
from tfgan_edit.trainers.mobilestylegan import MobileReductionConfig, made_small
from tfgan_edit.trainers.randomness import StepRandom

TINY = MobileReductionConfig(learning_rate=0.01, ema_kimg=0.02)


@pytest.fixture(scope="module")
def teacher():
    keras.utils.set_random_seed(0)
    network = MobileStyleGAN(64, z_dim=5, w_dim=5, mapping_layers=2, channel_max=8)
    random = np.random.RandomState(0)
    for block in network.synthesis.blocks:
        for layer in block.convolutions:
            layer.noise_strength.assign(0.1)
    network.mapping.w_avg.assign(0.1 * random.randn(5))
    network.trainable = False
    return network


def build(teacher, **changes):
    config = dataclasses.replace(TINY, **changes)
    return config.build(resolution=16, frozen={"teacher": teacher})


def batch(size=4):
    return {"positions": tf.range(size, dtype=tf.int64)}


def arrays(layers):
    return [v.numpy() for layer in layers for v in layer.weights]


def test_only_the_end_learns_and_it_comes_closer(teacher):
    trainer = build(teacher)
    generator, synthesis = trainer.generator, trainer.generator.synthesis
    assert generator.resolution == (16, 16) and synthesis.num_shared == 2
    beginning = reduced(teacher, 4)
    for a, b in zip(generator.weights, beginning.weights, strict=True):
        np.testing.assert_array_equal(a, b)
    old = [generator.mapping, *synthesis.blocks[:2], teacher]
    learned = [v for v in [*synthesis.blocks[2:], synthesis.torgb] for v in v.trainable_variables]
    assert {id(v) for v in learned} == {id(v) for v in generator.trainable_variables}
    still, moved = arrays(old), [v.numpy() for v in learned]
    logs = [trainer.step_function(batch()) for _ in range(30)]
    for a, b in zip(still, arrays(old), strict=True):
        np.testing.assert_array_equal(a, b)
    assert all(np.any(a != b.numpy()) for a, b in zip(moved, learned, strict=True))
    decibel = [float(log["PSNR"]) for log in logs]
    assert np.mean(decibel[-5:]) > np.mean(decibel[:2]) + 1
    saved = {id(v) for v in trainer.variables}
    assert not saved & {id(v) for v in teacher.variables}


def test_losses_in_numpy(teacher):
    trainer = build(teacher, truncation=0.25, absolute_weight=3.0, squared_weight=0.5)
    random = StepRandom(0, tf.constant(0, tf.int64))
    loss, logs, updates = trainer.phase_loss("Gmain", batch(3), random)
    w_plus = trainer._latents(3, random)
    z = random.normal("z", 3, [5])
    w, w_avg = teacher.mapping(z).numpy(), teacher.mapping.w_avg.numpy()
    factors = (w_plus - w_avg)[:, :1, :1] / (w - w_avg)[:, :1, :1]
    assert np.all((factors > 0.25) & (factors < 1)) and np.ptp(factors) > 0.05
    assert_close(w_plus, w_avg + factors * (w - w_avg), 1e-5)
    images = teacher.synthesis(w_plus).numpy()
    small = images.reshape(3, 16, 4, 16, 4, 3).mean(axis=(2, 4))
    assert_close(made_small(images, 16), small, 1e-5)
    difference = trainer.generator.synthesis(w_plus).numpy() - small
    absolute = np.abs(difference).mean(axis=(1, 2, 3))
    squared = (difference**2).mean(axis=(1, 2, 3))
    assert_close(logs["Loss/absolute"], absolute, 1e-4)
    assert_close(logs["PSNR"], 10 * np.log10(4 / squared), 1e-4)
    assert_close(loss, 3 * absolute + 0.5 * squared, 1e-4)
    assert updates == []


def test_samples_are_the_teachers_pictures_and_the_averages(teacher):
    trainer = build(teacher)
    reference, draw = trainer.sampler({"positions": np.arange(5)}, seed=1)
    images = draw()
    assert reference.shape == images.shape == (5, 16, 16, 3)
    z = np.random.RandomState(1).randn(5, 5).astype(np.float32)
    assert_close(reference, made_small(teacher(z), 16), 1e-5)
    assert_close(images, trainer.averages["generator"](z), 1e-5)


def test_what_cannot_be_trained_is_named(teacher):
    other = StyleGAN2Generator(16, z_dim=4, w_dim=4, mapping_layers=1, channel_max=4)
    for frozen, resolution, match in (
        ({}, 16, "frozen.teacher must be a preset of a MobileStyleGAN"),
        ({"teacher": other}, 16, "frozen.teacher must be a preset of a MobileStyleGAN"),
        ({"teacher": build(teacher).generator}, 8, "that is not reduced"),
        ({"teacher": teacher}, 32, "data.resolution must be one of 8, 16, .* 64 px, got 32"),
    ):
        with pytest.raises(ValueError, match=match):
            TINY.build(resolution=resolution, frozen=frozen)
    for changes, match in (
        ({"truncation": 1.5}, "trainer.truncation must be in 0…1, got 1.5"),
        ({"squared_weight": -1.0}, "must not be negative"),
    ):
        with pytest.raises(UserError, match=match):
            dataclasses.replace(TINY, **changes).check(batch_size=4, num_replicas=1)
