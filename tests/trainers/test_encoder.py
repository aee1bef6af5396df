"""Training an encoder: what learns, what is known, what each loss is."""

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfgan_edit.config import UserError
from tfgan_edit.networks.stylegan2 import StyleGAN2Generator
from tfgan_edit.trainers.encoder import EncoderConfig
from tfgan_edit.trainers.randomness import StepRandom

TINY = EncoderConfig(channel_max=6, perceptual="pixels", learning_rate=0.01, ema_kimg=0.004)


@pytest.fixture(scope="module")
def generator():
    keras.utils.set_random_seed(0)  # how fast a latent is found depends on the weights
    network = StyleGAN2Generator(
        8, z_dim=5, w_dim=5, mapping_layers=2, channel_max=6, name="generator"
    )
    random = np.random.RandomState(0)
    for weight in network.trainable_variables:
        weight.assign_add(0.1 * random.randn(*weight.shape))
    network.trainable = False
    return network


@pytest.fixture(scope="module")
def trainer(generator):
    return build(generator)


def build(generator, **changes):
    config = dataclasses.replace(TINY, **changes)
    return config.build(resolution=8, frozen={"generator": generator}, label_names=None)


def batch(size=4):
    photos = np.random.RandomState(3).randint(0, 256, (size, 8, 8, 3), np.uint8)
    return {"photos": tf.constant(photos)}


def step_random():
    return StepRandom(0, tf.constant(0, tf.int64))


def test_only_the_encoder_learns_and_is_saved(generator):
    trainer = build(generator)
    frozen = [v.numpy() for v in generator.variables]
    before = [v.numpy() for v in trainer.encoder.trainable_variables]
    logs = [trainer.step_function(batch()) for _ in range(40)]
    assert all(np.isfinite(float(value)) for value in logs[-1].values())
    latent = [float(log["Loss/latent"]) for log in logs]
    assert np.mean(latent[-10:]) < 0.7 * np.mean(latent[:5])
    assert all(
        np.any(a != b.numpy()) for a, b in zip(before, trainer.encoder.trainable_variables)
    )
    for a, b in zip(frozen, generator.variables, strict=True):
        np.testing.assert_array_equal(a, b)
    saved = {id(v) for v in trainer.variables}
    assert not saved & {id(v) for v in generator.variables}


def test_losses_in_numpy(trainer, generator):
    photos = batch(4)
    loss, logs, updates = trainer.phase_loss("Emain", photos, step_random())
    w_plus, generated = trainer._generate(2, step_random())
    reals = photos["photos"].numpy()[:2] / 127.5 - 1
    images = np.concatenate([reals, generated]).astype(np.float32)
    w, offsets = (part.numpy() for part in trainer.encoder.parts(images))
    found = w[:, np.newaxis] + offsets
    decoded = generator.synthesis(found).numpy()
    pixel = np.mean((decoded - images) ** 2, axis=(1, 2, 3))
    offset = np.linalg.norm(offsets, axis=2).sum(axis=1)
    latent = np.mean((found[2:] - w_plus) ** 2, axis=(1, 2))
    np.testing.assert_allclose(logs["Loss/pixel"], pixel, rtol=1e-4)
    np.testing.assert_allclose(logs["Loss/perceptual"], pixel, rtol=1e-4)  # one scale at 8 px
    np.testing.assert_allclose(logs["Loss/offset"], offset, rtol=1e-4)
    np.testing.assert_allclose(logs["Loss/latent"], latent, rtol=1e-4)
    expected = 1.8 * pixel + 2e-4 * offset + latent.mean()
    np.testing.assert_allclose(loss, expected, rtol=1e-4)
    assert updates == []


@pytest.mark.parametrize("share, named", [(0.0, False), (1.0, True)])
def test_share_of_generated_images(generator, share, named):
    trainer = build(generator, generated_share=share)
    loss, logs, _ = trainer.phase_loss("Emain", batch(), step_random())
    assert loss.shape == (4,) and ("Loss/latent" in logs) == named


def test_identity_is_a_loss_of_its_own(trainer):
    constant = tf.constant([1.0, 2.0, 3.0, 4.0])
    base, *_ = trainer.phase_loss("Emain", batch(), step_random())
    trainer.frozen.identity = lambda x, y: constant
    try:
        config, trainer.config = trainer.config, dataclasses.replace(TINY, identity_weight=0.1)
        loss, logs, _ = trainer.phase_loss("Emain", batch(), step_random())
    finally:
        trainer.frozen.identity, trainer.config = None, config
    np.testing.assert_allclose(loss - base, 0.1 * constant, rtol=1e-3)
    np.testing.assert_array_equal(logs["Loss/identity"], constant)


def test_starts_from_the_average_latent(trainer, generator):
    z = np.random.RandomState(0).randn(10_000, 5).astype(np.float32)
    mean = generator.mapping(z)[:, 0].numpy().mean(axis=0)
    np.testing.assert_allclose(trainer.encoder.w_avg, mean, rtol=1e-3, atol=1e-5)


def test_samples_show_the_photo_beside_its_reconstruction(trainer, generator):
    examples = {"photos": batch(3)["photos"].numpy()}
    reference, draw = trainer.sampler(examples, seed=0)
    np.testing.assert_array_equal(reference, examples["photos"])
    drawn = draw()
    assert drawn.shape == (3, 8, 16, 3) and trainer.pictures_per_sample == 2
    images = examples["photos"] / 127.5 - 1
    np.testing.assert_allclose(drawn[:, :, :8], images, atol=1e-6)
    expected = generator.synthesis(trainer.averages["encoder"](images.astype(np.float32)))
    np.testing.assert_allclose(drawn[:, :, 8:], expected, rtol=1e-3, atol=1e-4)


def test_half_life_of_the_average(trainer):
    assert float(trainer.average_decay(tf.constant(1e6), 4.0)) == pytest.approx(0.5)
    assert float(trainer.average_decay(tf.constant(20.0), 4.0)) == pytest.approx(0.25)


def test_conditional_generators_draw_all_classes(generator):
    conditional = StyleGAN2Generator(
        8, z_dim=5, w_dim=5, mapping_layers=2, channel_max=6, label_dim=3
    )
    w_plus, images = build(conditional)._generate(4, step_random())
    assert w_plus.shape == (4, 4, 5) and images.shape == (4, 8, 8, 3)


def test_large_photos_are_encoded_at_256():
    generator = StyleGAN2Generator(512, z_dim=4, w_dim=4, mapping_layers=1, channel_max=1)
    trainer = TINY.build(resolution=512, frozen={"generator": generator})
    assert trainer.encoder.resolution == (256, 256)
    assert trainer.encoder.num_ws == generator.num_ws == 16


def test_what_does_not_fit_is_named(generator):
    with pytest.raises(ValueError, match="frozen.generator is missing"):
        TINY.build(resolution=8, frozen={})
    with pytest.raises(ValueError, match="draws 8x8 pixels of 3 colours, the photos have 16x16"):
        TINY.build(resolution=16, frozen={"generator": generator})


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"generated_share": 1.5}, "trainer.generated_share must be in 0…1"),
        ({"perceptual": "x"}, "trainer.perceptual 'x' is unknown: use auto, lpips_vgg"),
        ({"micro_batch": 3}, "trainer.micro_batch 3 does not divide the 8 images"),
    ],
)
def test_settings_that_contradict_each_other_are_named(changes, words):
    with pytest.raises(UserError, match=words):
        dataclasses.replace(TINY, **changes).check(batch_size=16, num_replicas=2)


def test_a_tiny_generator_stands_in():
    network = TINY.untrained("generator", (16, 16))
    assert network.resolution == (16, 16)
    assert TINY.tiny().perceptual == "pixels"
