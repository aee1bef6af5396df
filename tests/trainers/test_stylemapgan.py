"""The StyleMapGAN trainer at 8 px: the published five steps, its options, and what is named."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from tfgan_edit.config import UserError
from tfgan_edit.trainers.adaptive_augmentation import AugmentationConfig
from tfgan_edit.trainers.randomness import StepRandom
from tfgan_edit.trainers.style_based import discriminate_sets
from tfgan_edit.trainers.stylemapgan import StyleMapGANConfig

TINY = StyleMapGANConfig(
    stylemap_size=4,
    stylemap_channels=3,
    mapping_layers=2,
    channel_max=4,
    learning_rate=0.01,
    perceptual="pixels",
)


@pytest.fixture(scope="module")
def trainer():
    return TINY.build(resolution=8)


def build(**changes):
    return dataclasses.replace(TINY, **changes).build(resolution=8)


def photos(batch=4):
    values = np.random.RandomState(3).randint(0, 256, (batch, 8, 8, 3), np.uint8)
    return {"photos": tf.constant(values)}


def step_random():
    return StepRandom(0, tf.constant(0, tf.int64))


def gradients_of(trainer, phase, names, **weights):
    """Gradients of a phase's loss, with other weights of the losses."""
    config, trainer.config = trainer.config, dataclasses.replace(trainer.config, **weights)
    variables = [v.value for name in names for v in trainer.optimized_weights(name)]
    try:
        with tf.GradientTape() as tape:
            tape.watch(variables)
            loss, _, _ = trainer.phase_loss(phase, photos(), step_random())
            total = tf.reduce_mean(loss)
    finally:
        trainer.config = config
    return tape.gradient(total, variables)


def assert_equal_gradients(actual, expected):
    for a, b in zip(actual, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    "precision", ["float32", pytest.param("mixed_float16", marks=pytest.mark.large)]
)
def test_a_step_of_all_phases_trains_all_networks(precision):
    trainer = TINY.build(resolution=8, precision=precision)
    before = {
        name: [v.numpy() for v in network.trainable_variables]
        for name, network in trainer.networks.items()
    }
    logs = {name: float(value) for name, value in trainer.step_function(photos()).items()}
    assert all(np.isfinite(value) for value in logs.values()), logs
    assert {"Loss/G/loss", "Loss/E/latent", "Loss/D/rebuilt", "Loss/r1_penalty"} <= set(logs)
    assert {"Loss/R/pixels", "Loss/R/perceptual", "Loss/R/adversarial"} <= set(logs)
    for name, network in trainer.networks.items():
        same = [np.array_equal(a, b) for a, b in zip(before[name], network.trainable_variables)]
        assert sum(same) <= 1, name
    assert set(trainer.averages) == {"generator", "encoder"}
    average = trainer.averages["generator"]
    assert np.abs(average.mapping.w_avg).max() > 0
    np.testing.assert_array_equal(average.mapping.w_avg, trainer.generator.mapping.w_avg)


# === The published steps ===


def test_the_phases_are_the_published_steps_in_their_order(trainer):
    phases = [(p.name, p.optimizer_names, p.interval) for p in trainer.phases]
    assert phases == [
        ("Gmain", ("mapping", "synthesis", "encoder"), 1),
        ("Dmain", ("discriminator",), 1),
        ("Dreg", ("discriminator",), 16),
        ("Rmain", ("encoder", "synthesis"), 1),
    ]
    assert trainer.phases_at(1) == ("Gmain", "Dmain", "Rmain")


def test_the_first_two_steps_are_independent_within_one_phase(trainer):
    """F and G learn from D alone, E from the latents alone, at the same weights."""
    drawn, found = ("mapping", "synthesis"), ("encoder",)
    together = gradients_of(trainer, "Gmain", drawn)
    assert_equal_gradients(together, gradients_of(trainer, "Gmain", drawn, latent_weight=0.0))
    together = gradients_of(trainer, "Gmain", found)
    alone = gradients_of(trainer, "Gmain", found, adversarial_weight=0.0)
    assert_equal_gradients(together, alone)
    assert all(g is not None and np.any(g) for g in together)


def test_reconstructions_teach_encoder_and_generator_but_not_the_mapping(trainer):
    assert all(g is None for g in gradients_of(trainer, "Rmain", ("mapping",)))
    for g in gradients_of(trainer, "Rmain", ("encoder", "synthesis")):
        assert np.any(g != 0)


def test_losses_in_numpy(trainer):
    generator, encoder, discriminator = trainer.generator, trainer.encoder, trainer.discriminator
    images = photos()["photos"].numpy().astype(np.float32) / 127.5 - 1
    z = step_random().normal("z", 4, [3])
    stylemap = generator.mapping(z)
    fakes = generator.synthesis(stylemap)
    rebuilt = generator.synthesis(encoder(images)).numpy()

    def softplus(x):
        return np.logaddexp(0, np.asarray(x, np.float64)[:, 0])

    def mean_square(x):
        return np.mean(np.square(np.asarray(x, np.float64)), axis=(1, 2, 3))

    loss, logs, _ = trainer.phase_loss("Gmain", photos(), step_random())
    latent = mean_square(encoder(fakes) - stylemap)
    np.testing.assert_allclose(logs["Loss/E/latent"], latent, rtol=1e-4)
    np.testing.assert_allclose(loss, softplus(-discriminator(fakes)) + latent, rtol=1e-4)

    loss, _, _ = trainer.phase_loss("Dmain", photos(), step_random())
    expected = softplus(-discriminator(images)) + softplus(discriminator(fakes))
    np.testing.assert_allclose(loss, expected + softplus(discriminator(rebuilt)), rtol=1e-4)

    loss, logs, updates = trainer.phase_loss("Rmain", photos(), step_random())
    pixels = mean_square(rebuilt - images)
    np.testing.assert_allclose(logs["Loss/R/perceptual"], pixels, rtol=1e-4)  # one scale at 8 px
    np.testing.assert_allclose(loss, 2 * pixels + softplus(-discriminator(rebuilt)), rtol=1e-4)
    assert updates == []

    loss, logs, _ = trainer.phase_loss("Dreg", photos(), step_random())
    np.testing.assert_allclose(loss, 80 * logs["Loss/r1_penalty"], rtol=1e-5)  # 10 / 2 · 16


def test_the_weights_of_losses(trainer):
    """Each field acts on its term and on no other."""
    terms = {
        "Gmain": {"adversarial_weight": "Loss/G/loss", "latent_weight": "Loss/E/latent"},
        "Dmain": {
            "discriminator_weight": "Loss/D/loss",
            "reconstruction_d_weight": "Loss/D/rebuilt",
        },
        "Rmain": {
            "pixel_weight": "Loss/R/pixels",
            "perceptual_weight": "Loss/R/perceptual",
            "reconstruction_g_weight": "Loss/R/adversarial",
        },
    }
    config = trainer.config
    for phase, names in terms.items():
        base, logs, _ = trainer.phase_loss(phase, photos(), step_random())
        for field, log in names.items():
            trainer.config = dataclasses.replace(config, **{field: 3.0})
            try:
                loss, _, _ = trainer.phase_loss(phase, photos(), step_random())
            finally:
                trainer.config = config
            np.testing.assert_allclose(loss - base, 2 * logs[log], rtol=1e-3, atol=1e-5)


def test_idle_steps_decay_the_mappings_second_moment(trainer):
    """By 0.99 in a step of reconstructions, in which its weights stay; else they are not there."""
    idle = build(idle_mapping_steps=True)
    assert trainer.phases[-1].optimizer_names == ("encoder", "synthesis")
    assert idle.phases[-1].optimizer_names == ("encoder", "synthesis", "mapping")
    for moment in idle.optimizers["mapping"]._velocities:
        moment.assign(np.ones(moment.shape))
    weights = [v.numpy() for v in idle.generator.mapping.trainable_variables]
    idle.step_function(photos(), phases=("Rmain",))
    for moment in idle.optimizers["mapping"]._velocities:
        np.testing.assert_allclose(moment, np.full(moment.shape, 0.99), rtol=1e-5)
    for before, after in zip(weights, idle.generator.mapping.trainable_variables):
        np.testing.assert_array_equal(before, after)  # no momentum: without a gradient no step


def test_the_optimisers_are_the_published_ones(trainer):
    for name, rate, beta in (
        ("mapping", 0.01, 0.99),
        ("synthesis", 0.01, 0.99),
        ("encoder", 0.01, 0.99),
        ("discriminator", 0.01 * 16 / 17, 0.99 ** (16 / 17)),
    ):
        adam = trainer.optimizers[name]
        assert float(adam.learning_rate.numpy()) == pytest.approx(rate)
        assert (adam.beta_1, adam.beta_2) == (0.0, pytest.approx(beta))


def test_the_average_is_that_of_the_published_code():
    """0.999 a step of 16."""
    assert TINY.ema_kimg == StyleMapGANConfig().ema_kimg
    decay = build().average_decay(tf.constant(0.0), 16.0)
    assert float(decay) == pytest.approx(0.999, abs=1e-6)


# === Options ===


@pytest.mark.parametrize("group_size", (2, 4, None))
def test_three_sets_in_one_pass_equal_three_passes(group_size):
    trainer = build(group_size=group_size)
    random = np.random.RandomState(0)
    sets = [tf.constant(random.randn(4, 8, 8, 3), tf.float32) for _ in range(3)]
    together = discriminate_sets(trainer.discriminator, sets, [None] * 3, group_size)
    for logits, images in zip(together, sets, strict=True):
        np.testing.assert_allclose(logits, trainer.discriminator(images), rtol=1e-5, atol=1e-6)


def test_the_discriminator_sees_augmented_pictures_only(trainer):
    augmented = build(augmentation=AugmentationConfig("blit", p=1.0))
    for phase in ("Gmain", "Dmain", "Rmain"):
        _, expected, _ = trainer.phase_loss(phase, photos(), step_random())
        _, actual, _ = augmented.phase_loss(phase, photos(), step_random())
        for log in ("G/loss", "D/loss", "D/rebuilt", "R/adversarial"):
            if f"Loss/{log}" in expected:
                assert not np.allclose(actual[f"Loss/{log}"], expected[f"Loss/{log}"]), log
        for log in ("E/latent", "R/pixels"):
            if f"Loss/{log}" in expected:
                np.testing.assert_allclose(
                    actual[f"Loss/{log}"], expected[f"Loss/{log}"], rtol=1e-5
                )


def test_samples_show_photo_reconstruction_and_random_picture(trainer):
    examples = {"photos": photos(3)["photos"].numpy()}
    reference, draw = trainer.sampler(examples, seed=7)
    np.testing.assert_array_equal(reference, examples["photos"])
    drawn = draw()
    assert drawn.shape == (3, 8, 24, 3) and trainer.pictures_per_sample == 3
    images = (examples["photos"] / 127.5 - 1).astype(np.float32)
    np.testing.assert_allclose(drawn[:, :, :8], images, atol=1e-6)
    generator, encoder = trainer.averages["generator"], trainer.averages["encoder"]
    expected = generator.synthesis(encoder(images))
    np.testing.assert_allclose(drawn[:, :, 8:16], expected, rtol=1e-3, atol=1e-4)
    z = np.random.RandomState(7).randn(3, 3).astype(np.float32)
    np.testing.assert_allclose(drawn[:, :, 16:], generator(z), rtol=1e-3, atol=1e-4)
    assert trainer.metadata() == {"distance": {"distance": "pixels"}}


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"micro_batch": 3}, "trainer.micro_batch 3"),
        ({"group_size": 3}, "trainer.group_size 3"),
        ({"r1_interval": 0}, "trainer.r1_interval must be at least 1"),
        ({"pixel_weight": -1.0}, "trainer.pixel_weight must not be negative, got -1"),
        ({"perceptual": "x"}, "trainer.perceptual 'x' is unknown: use auto, lpips_vgg"),
        ({"augmentation": AugmentationConfig("x")}, "trainer.augmentation.groups 'x'"),
    ],
)
def test_settings_that_contradict_each_other_are_named(changes, words):
    with pytest.raises(UserError, match=words):
        dataclasses.replace(TINY, **changes).check(batch_size=16, num_replicas=2)


def test_sizes_that_do_not_fit_are_named():
    with pytest.raises(ValueError, match="stylemap_size must be one of 4 for resolution=8"):
        build(stylemap_size=8)
