"""ADA in training: the controller's rule, its state, and StyleGAN2 with it."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from tests.cases import assert_close
from tfgan_edit.config import UserError, override
from tfgan_edit.trainers.adaptive_augmentation import AdaptiveAugmentation, AugmentationConfig
from tfgan_edit.trainers.encoder import EncoderConfig
from tfgan_edit.trainers.randomness import StepRandom
from tfgan_edit.trainers.stylegan2 import StyleGAN2Config

TINY = StyleGAN2Config(
    z_dim=6,
    w_dim=5,
    mapping_layers=2,
    channel_max=4,
    learning_rate=0.01,
    path_length_weight=0.0,
    r1_interval=2,
    augmentation=AugmentationConfig("bgc", interval=2, kimg=0.02),
)


def random_of(step=0, part=0, parts=1):
    return StepRandom(0, tf.constant(step, tf.int64), part, parts)


def batch(size=4):
    values = np.random.RandomState(3).randint(0, 256, (size, 8, 8, 3), np.uint8)
    return {"photos": tf.constant(values)}


def observe(augmentation, logits, parts=1):
    """One step: p that it is logged with."""
    logs, updates = augmentation.observe(tf.constant(logits), random_of(parts=parts))
    p = float(logs["Augment/p"])
    for variable, value in updates:
        variable.assign(value)
    return p


# === The controller ===


def test_p_follows_the_mean_sign_at_the_published_speed():
    """4 images a step on two replicas of 2, interval 2, 0.08 kimg: p moves by 8 / 80."""
    augmentation = AdaptiveAugmentation(AugmentationConfig("blit", interval=2, kimg=0.08))
    overfitted, fooled = [[1.0], [2.0]], [[1.0], [-1.0]]  # r_t = 1 and 0 around the target 0.6
    steps = [overfitted] * 6 + [fooled] * 6
    seen = [observe(augmentation, logits, parts=2) for logits in steps]
    up = [0, 0, 0, 0.1, 0.1, 0.2, 0.2]
    np.testing.assert_allclose(seen, [*up, 0.3, 0.3, 0.2, 0.2, 0.1], atol=1e-6)


def test_the_rate_is_a_mean_over_the_interval():
    augmentation = AdaptiveAugmentation(AugmentationConfig("blit", interval=2, kimg=0.08))
    augmentation.transformation.p.assign(0.5)
    mixed = [[[1.0], [1.0]], [[-1.0], [1.0]]] * 2  # (1 + 0) / 2 is below 0.6
    assert [observe(augmentation, x) for x in mixed] == pytest.approx([0.5, 0.5, 0.5, 0.45])


@pytest.mark.parametrize("start, sign, end", [(0.9, 1.0, 1.0), (0.1, -1.0, 0.0)])
def test_p_stays_a_probability(start, sign, end):
    augmentation = AdaptiveAugmentation(AugmentationConfig("blit", interval=1, kimg=0.002))
    augmentation.transformation.p.assign(start)
    for _ in range(3):
        observe(augmentation, [[sign]])
    assert float(augmentation.transformation.p.numpy()) == end


def test_a_fixed_p_stays_and_no_augmentation_has_no_state():
    fixed = AdaptiveAugmentation(AugmentationConfig("blit", p=0.3))
    logs, updates = fixed.observe(tf.ones([2, 1]), random_of())
    assert float(logs["Augment/p"]) == pytest.approx(0.3) and not updates
    off = AdaptiveAugmentation(AugmentationConfig())
    images = tf.ones([2, 8, 8, 5])
    assert off.augment(images, random_of()) is images
    assert off.observe(tf.ones([2, 1]), random_of()) == ({}, [])
    assert not off.variables


# === Draws ===


def test_replicas_augment_what_one_would():
    augmentation = AdaptiveAugmentation(AugmentationConfig("color", p=0.9))
    images = tf.random.stateless_normal([4, 8, 8, 3], seed=(1, 2))
    whole = augmentation.augment(images, random_of())
    halves = [
        augmentation.augment(images[2 * i : 2 * i + 2], random_of(part=i, parts=2))
        for i in range(2)
    ]
    assert_close(tf.concat(halves, axis=0), whole, 1e-5)
    again = augmentation.augment(images, random_of())
    np.testing.assert_array_equal(again, whole)
    assert np.abs(augmentation.augment(images, random_of(step=1)) - whole).max() > 0.1
    assert np.abs(whole - images).max() > 0.1


# === StyleGAN2 with it ===


def test_a_step_of_all_phases_trains_through_all_transformations():
    changes = {"augmentation": AugmentationConfig("bgcfnc", p=0.8)}
    trainer = dataclasses.replace(TINY, **changes).build(resolution=8)
    before = [v.numpy() for v in trainer.networks["generator"].trainable_variables]
    logs = {name: float(value) for name, value in trainer.step_function(batch()).items()}
    assert all(np.isfinite(value) for value in logs.values()), logs
    assert logs["Loss/r1_penalty"] > 0 and logs["Augment/p"] == pytest.approx(0.8)
    after = trainer.networks["generator"].trainable_variables
    assert sum(np.any(a != b.numpy()) for a, b in zip(before, after, strict=True)) > 5


@pytest.mark.large  # differed once in a whole suite, and in none of 40 runs of its own
def test_p_adapts_and_a_resumed_run_ends_with_the_same_bits(tmp_path):
    adaptive = AugmentationConfig("color", interval=2, kimg=0.02)
    config = dataclasses.replace(TINY, r1_gamma=0.0, augmentation=adaptive)
    straight, resumed = config.build(resolution=8), config.build(resolution=8, seed=1)
    straight.augmentation.transformation.p.assign(0.5)
    for step in range(6):
        if step == 3:
            straight.save_weights(tmp_path / "trainer.weights.h5")
        straight.step_function(batch())
    resumed.seed = 0
    resumed.load_weights(tmp_path / "trainer.weights.h5")
    for _ in range(3):
        resumed.step_function(batch())
    for a, b in zip(resumed.weights, straight.weights, strict=True):
        np.testing.assert_array_equal(a, b, a.path)
    assert straight.augmentation.num_steps.numpy() == 2
    # Two changes, after steps 2 and 4, each of 2 · 4 / 20.
    p = float(straight.augmentation.transformation.p.numpy())
    assert min(abs(p - end) for end in (0.1, 0.4, 0.5, 0.6, 0.9)) < 1e-6


def test_what_the_discriminator_sees_is_augmented_in_every_phase(monkeypatch):
    """With p = 1 and half of all pictures cut out, nothing else comes to the discriminator."""
    changes = {"r1_interval": 1, "augmentation": AugmentationConfig("cutout", p=1.0)}
    trainer = dataclasses.replace(TINY, **changes).build(resolution=8)
    seen = []
    call = type(trainer.discriminator).call

    def record(self, images, *args, **kwargs):
        seen.append(images)
        return call(self, images, *args, **kwargs)

    monkeypatch.setattr(type(trainer.discriminator), "call", record)
    for phase, pictures in (("Gmain", 4), ("Dmain", 8), ("Dreg", 4)):
        trainer.phase_loss(phase, batch(), random_of().within(phase))
        images = seen.pop().numpy()
        assert len(images) == pictures and not seen
        assert np.all(np.any(np.all(images == 0, axis=3), axis=(1, 2)))
    masks = np.all(images == 0, axis=3)
    assert len(np.unique(masks, axis=0)) > 1  # each has its own draw
    fakes, _, _ = trainer._generate(4, random_of())
    assert not np.any(np.all(fakes.numpy() == 0, axis=3))


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"groups": "bgd"}, "trainer.augmentation.groups 'bgd' is unknown: use one of blit"),
        ({"p": 1.5}, "trainer.augmentation.p must be from 0 to 1, got 1.5"),
        ({"target": 1.0}, "trainer.augmentation.target must lie between -1 and 1, got 1.0"),
        ({"kimg": 0.0}, "trainer.augmentation.kimg must be positive, got 0.0"),
        ({"interval": 0}, "trainer.augmentation.interval must be at least 1, got 0"),
    ],
)
def test_wrong_settings_are_named(changes, words):
    config = dataclasses.replace(TINY, augmentation=AugmentationConfig(**changes))
    with pytest.raises(UserError, match=words):
        config.check(batch_size=4, num_replicas=1)


def test_pictures_without_colours_that_it_knows_are_refused():
    with pytest.raises(ValueError, match="1 or 3 colours. Received: 4"):
        TINY.build(resolution=8, img_channels=4)


def test_trainers_without_a_discriminator_have_no_augmentation():
    with pytest.raises(UserError, match="--set augmentation.groups: 'augmentation' is unknown"):
        override(EncoderConfig(), ["augmentation.groups=bgc"])
