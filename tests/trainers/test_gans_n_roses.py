"""The trainer of GANs N' Roses at 16 px: terms of a step, styles, penalties, schedule, resuming."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from tests.trainers.test_strategies import assert_same_weights, finish, start
from tfgan_edit.config import UserError
from tfgan_edit.editing.scorers import Scorer
from tfgan_edit.losses.penalties import heads_r1_penalty
from tfgan_edit.ops.jitter import JitterConfig
from tfgan_edit.trainers.gans_n_roses import (
    DISCRIMINATORS,
    GENERATORS,
    PUBLISHED,
    GansNRosesConfig,
    _pool,
    _shuffled,
)
from tfgan_edit.trainers.state import StateFolder

TINY = GansNRosesConfig(r1_interval=2, ema_decay=0.5, learning_rate=0.01).tiny()
SIZE = 4


def settings(**changes):
    return dataclasses.replace(TINY, **changes)


def batch(seed=0, size=SIZE):
    random = np.random.RandomState(seed)
    shapes = {"photos_a": size, "photos_b": size, "face_a": 1, "face_b": 1}
    return {
        name: tf.constant(random.randint(0, 256, (count, 16, 16, 3), np.uint8))
        for name, count in shapes.items()
    }


def values(trainer, names):
    return {
        (name, v.path): v.numpy()
        for name in names
        for v in trainer.networks[name].trainable_variables
    }


def step(trainer, data):
    """The phases of a step one by one, without the minutes that compiling them takes."""
    trainer.active_phases = trainer.phases_at(trainer.current_step())
    return {name: float(value) for name, value in trainer.train_step(data).items()}


def changed(before, after):
    return {path for path, value in before.items() if not np.array_equal(value, after[path])}


@pytest.fixture(scope="module")
def trained():
    """A trainer after its first step, with what it was before, and the logs of the step."""
    trainer = TINY.build(resolution=16, seed=3)
    before = values(trainer, (*GENERATORS, *DISCRIMINATORS))
    return trainer, before, step(trainer, batch())


# === One step ===


def test_a_step_trains_all_networks(trained):
    trainer, before, logs = trained
    after = values(trainer, (*GENERATORS, *DISCRIMINATORS))
    assert changed(before, after) == set(before)
    assert all(np.isfinite(value) for value in logs.values()), logs
    assert {"Loss/r1_penalty", "Loss/G/loss", "Loss/D/loss", "Loss/G/restyle_a"} <= set(logs)
    assert "Loss/G/identity_a" not in logs
    for name in GENERATORS:
        network, average = trainer.networks[name], trainer.averages[name]
        for new, mean in zip(network.trainable_variables, average.weights, strict=True):
            expected = (before[name, new.path] + new.numpy()) / 2
            np.testing.assert_allclose(mean, expected, rtol=1e-5, atol=1e-6)
    assert int(trainer.images_seen) == SIZE


def test_the_total_is_the_weighted_sum(trained):
    _, _, logs = trained
    weights = {"adversarial": 1, "cycle": 20, "perceptual": 10, "restyle": 5, "consistency": 50,
               "style": 2}
    total = sum(
        weight * logs[f"Loss/G/{name}_{domain}"] for name, weight in weights.items()
        for domain in "ab"
    )
    assert logs["Loss/G/loss"] == pytest.approx(total, rel=1e-4)
    parts = ("a", "b", "style_a", "style_b")
    total = sum(logs[f"Loss/D/{part}"] for part in parts)
    assert logs["Loss/D/loss"] == pytest.approx(total, rel=1e-5)


def test_phases(trained):
    trainer = trained[0]
    assert [trainer.phases_at(step) for step in range(3)] == [
        ("Dreg", "Gmain"), ("Dmain", "Gmain"), ("Dreg", "Gmain")
    ]
    assert trainer.main_phases() == ("Dmain", "Gmain")
    assert trainer.phases_with("Dreg") == trainer.heaviest_phases() == ("Dreg", "Gmain")
    assert settings(r1_gamma=0.0).build(resolution=16).phases_at(0) == ("Dmain", "Gmain")
    betas = {name: optimizer.beta_2 for name, optimizer in trainer.optimizers.items()}
    assert betas == {"generators": 0.99, "discriminators": pytest.approx(0.99 ** (2 / 3))}


def test_the_penalty_is_a_term_of_the_step(trained):
    """With the heads of both domains and of both directions' styles, times γ / 2 and the interval.

    The gradient of `Dreg` less that of `Dmain` is that of the penalty, of whatever size.
    """
    trainer = trained[0]
    random = trainer.step_random()
    views = trainer._views(batch(1), random.within("data"))
    codes = trainer._codes(views)
    views |= {"fake_a": trainer._draw_a(views, codes), "fake_b": trainer._draw_b(views, codes)}
    views |= {"style_a": codes.style_a, "style_b": codes.style_b}
    plain, _, _ = trainer.phase_loss("Dmain", views, random)
    whole, logs, _ = trainer.phase_loss("Dreg", views, random)
    penalty = heads_r1_penalty(trainer.discriminator, views["photos_b"])
    penalty += heads_r1_penalty(trainer.backward_discriminator, views["photos_a"])
    for direction in ("ab", "ba"):
        penalty += heads_r1_penalty(
            lambda z: [trainer.style_discriminator(z)], views[f"z_{direction}"]
        )
    np.testing.assert_allclose(logs["Loss/r1_penalty"], penalty, rtol=1e-4)
    np.testing.assert_allclose(whole - plain, 10 / 2 * 2 * penalty, rtol=2e-2, atol=1e-6)


def test_views_are_of_one_face_and_of_all_photos(trained):
    trainer = trained[0]
    still = JitterConfig(probability=0.0, enlarge=1.0, flip=0.0)
    other = settings(jitter=still).build(resolution=16)
    views = other._views(batch(), other.step_random())
    assert np.ptp(views["face_a"], axis=0).max() == 0
    expected = batch()["photos_b"].numpy() / 127.5 - 1
    np.testing.assert_allclose(views["photos_b"], expected, atol=1e-5)
    moved = trainer._views(batch(), trainer.step_random())
    assert np.ptp(moved["face_a"], axis=0).max() > 0.1
    again = trainer._views(batch(), trainer.step_random())
    for name, view in moved.items():
        np.testing.assert_array_equal(view, again[name], name)


def test_pools_mix_random_and_encoded_styles():
    z, codes = np.zeros((64, 2), np.float32), np.ones((64, 2), np.float32)
    keys = np.random.RandomState(0).uniform(size=(64, 3)).astype(np.float32)
    pool = _pool(z, codes, keys).numpy()
    assert pool.shape == (64, 2) and 0.3 < pool[:, 0].mean() < 0.7
    styles = np.arange(64, dtype=np.float32)[:, np.newaxis]
    order = _shuffled(styles, keys).numpy()[:, 0]
    assert sorted(order) == list(range(64)) and not np.array_equal(order, np.arange(64))


@pytest.mark.parametrize("variant", PUBLISHED)
def test_settings_of_the_code_lines(variant):
    config = GansNRosesConfig(variant=variant)
    assert {name: config.setting(name) for name in PUBLISHED[variant]} == PUBLISHED[variant]
    assert GansNRosesConfig(variant=variant, cycle_loss="l1").setting("cycle_loss") == "l1"


@pytest.mark.parametrize(
    "changes, precision, absent",
    (
        ({"variant": "train", "r1_mode": "sum"}, "mixed_bfloat16", "restyle"),
        (
            {"heads": ("local", "global"), "perceptual_weight": 0.0, "r1_gamma": 0.0,
             "style_adversarial_weight": 0.0, "identity_weight": 1.0},
            "float32",
            "perceptual",
        ),
    ),
)
def test_other_settings_train_too(changes, precision, absent):
    trainer = settings(**changes).build(resolution=16, precision=precision)
    with_styles = changes.get("style_adversarial_weight", 1.0) > 0
    names = (*GENERATORS, *DISCRIMINATORS[: 3 if with_styles else 2])
    before = values(trainer, names)
    logs = step(trainer, batch())
    assert all(np.isfinite(value) for value in logs.values()), logs
    assert changed(before, values(trainer, names)) == set(before)
    assert not any(absent in name for name in logs)
    assert "Loss/G/identity_a" in logs


def test_the_rate_halves():
    trainer = settings(halving_steps=10).build(resolution=16)
    rates = [float(trainer.learning_rate(tf.constant(s, tf.int64))) for s in (0, 9, 10, 25)]
    np.testing.assert_allclose(rates, [0.01, 0.01, 0.005, 0.0025])


# === Scorers of both domains ===


def scorer(names, log_odds):
    """One that says the same of every picture; a picture's own mean is added to the last."""

    def odds(images):
        means = tf.reduce_mean(images, axis=[1, 2, 3])[:, tf.newaxis]
        last = tf.one_hot([len(names) - 1], len(names))
        return tf.constant([log_odds], tf.float32) + means * last

    return Scorer(lambda images: tf.sigmoid(odds(images)), names, (16, 16), log_odds=odds)


def test_drawings_should_show_what_faces_do():
    """Labels of the face by its scorer, cross-entropy of the drawing's by the other, in the order
    of names that both know, at a temperature."""
    frozen = {
        "scorer_a": scorer(["smile", "beard", "glasses"], [3.0, 1.0, -3.0]),
        "scorer_b": scorer(["glasses", "hat", "smile"], [2.0, 9.0, -4.0]),
    }
    config = settings(scorer_weight=2.0, scorer_temperature=2.0)
    trainer = config.build(resolution=16, seed=3, frozen=frozen)
    assert [s.names for s in trainer.frozen.scorers.values()] == [("smile", "glasses")] * 2
    views = trainer._views(batch(), trainer.step_random())
    np.testing.assert_array_equal(views["labels_a"], [[1, 0]] * SIZE)
    np.testing.assert_array_equal(views["labels_b"], [[0, 1]] * SIZE)
    codes = trainer._codes(views)
    fakes = trainer._draw_b(views, codes).numpy()
    terms = trainer._direction_terms(views, codes, "ab")
    (weight, loss), = [term[1:] for term in terms if term[0] == "scorer_b"]
    smile = -4.0 + fakes.mean(axis=(1, 2, 3))  # of a face that smiles; it has no glasses, odds 2
    expected = np.log1p(np.exp(-smile / 2)) + np.log1p(np.exp(2.0 / 2))
    assert weight == 2.0
    np.testing.assert_allclose(loss, expected, rtol=1e-4)
    before = values(trainer, GENERATORS)
    logs = step(trainer, batch())
    assert changed(before, values(trainer, GENERATORS)) == set(before)
    assert {"Loss/G/scorer_a", "Loss/G/scorer_b"} <= set(logs)


def test_chosen_attributes_alone():
    frozen = {role: scorer(["smile", "glasses"], [2.0, 2.0]) for role in ("scorer_a", "scorer_b")}
    config = settings(scorer_weight=1.0, attributes=("glasses",))
    trainer = config.build(resolution=16, frozen=frozen)
    assert trainer._views(batch(), trainer.step_random())["labels_a"].shape == (SIZE, 1)


@pytest.mark.parametrize(
    "changes, names, message",
    (
        ({}, {"scorer_a": ["smile"]}, "frozen.scorer_b is missing: trainer.scorer_weight"),
        ({}, {"scorer_a": ["smile"], "scorer_b": ["hat"]}, "are missing: .* nothing in common"),
        ({"attributes": ("hat",)}, {"scorer_a": ["smile"], "scorer_b": ["smile", "hat"]},
         "attributes hat: both scorers know smile"),
    ),
)
def test_scorers_that_do_not_fit_are_named(changes, names, message):
    frozen = {role: scorer(known, [1.0] * len(known)) for role, known in names.items()}
    with pytest.raises((ValueError, UserError), match=message):
        settings(scorer_weight=1.0, **changes).build(resolution=16, frozen=frozen)


# === Around it ===


def test_sample_pictures(trained):
    trainer = trained[0]
    examples = {
        name: photos.numpy() for name, photos in batch(size=9).items() if "photos" in name
    }
    reference, draw = trainer.sampler(examples, seed=0)
    pictures = draw()
    assert pictures.shape == (9, 16, 16 * trainer.pictures_per_sample, 3)
    np.testing.assert_allclose(pictures[:, :, :16], reference / 127.5 - 1, atol=1e-5)
    np.testing.assert_array_equal(draw(), pictures)


def test_a_resumed_run_continues_bit_for_bit(tmp_path):
    trainer = TINY.build(resolution=16, seed=3)
    step(trainer, batch(0))
    folder = StateFolder(tmp_path / "state")
    folder.save(trainer, {"step": 1})
    step(trainer, batch(1))
    resumed = TINY.build(resolution=16, seed=4)
    resumed.seed = 3
    assert folder.restore(resumed)["step"] == 1
    step(resumed, batch(1))
    for a, b in zip(trainer.weights, resumed.weights, strict=True):
        np.testing.assert_array_equal(a, b, a.path)


@pytest.mark.large
def test_two_replicas_train_like_one(tmp_path):
    """Statistics of styles and of diversity are those of the global batch."""
    one, two = tmp_path / "one.npz", tmp_path / "two.npz"
    finish(start("one", one, 3, method="gans_n_roses"))
    finish(start("cpu:2", two, 3, method="gans_n_roses"))
    assert_same_weights(two, one, rtol=1e-4)


@pytest.mark.parametrize(
    "changes, batch_size, message",
    (
        ({}, 1, "batch_size 1: .* at least 2 pictures"),
        ({"variant": "other"}, 4, "trainer.variant must be main, train; got 'other'"),
        ({"r1_mode": "max"}, 4, "trainer.r1_mode must be mean, sum"),
        ({"cycle_loss": "l2"}, 4, "trainer.cycle_loss must be None, squared, l1"),
        ({"perceptual": "vgg"}, 4, "trainer.perceptual must be auto, lpips_vgg"),
        ({"r1_interval": 0}, 4, "trainer.r1_interval must be at least 1"),
        ({"scorer_temperature": 0.0}, 4, "trainer.scorer_temperature must be above 0"),
    ),
)
def test_settings_that_contradict_each_other(changes, batch_size, message):
    with pytest.raises(UserError, match=message):
        settings(**changes).check(batch_size=batch_size, num_replicas=1)
