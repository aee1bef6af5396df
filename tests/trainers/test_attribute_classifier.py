"""Training an attribute classifier: it learns, augments as said, and refuses odd labels."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from tfgan_edit.config import UserError
from tfgan_edit.ops.jitter import JitterConfig
from tfgan_edit.trainers.attribute_classifier import AttributeClassifierConfig, as_table
from tfgan_edit.trainers.randomness import StepRandom

NAMES = ["bright", "side=left", "side=right"]
CONFIG = AttributeClassifierConfig(learning_rate=0.01).tiny()
STILL = {"max_shift": 0.0, "blur": 0.0, "brightness": 0.0, "noise": 0.0}


def sample(size=64, seed=0):
    """Photos of 8 px: brightness tells the first label, the brighter half the second."""
    random = np.random.default_rng(seed)
    bright, right = random.integers(0, 2, (2, size))
    photos = np.full((size, 8, 8, 3), 60.0) + 60 * bright[:, None, None, None]
    photos[right == 0, :, :4] += 60
    photos[right == 1, :, 4:] += 60
    labels = np.stack([bright, 1 - right, right], axis=1).astype(np.float32)
    return {"photos": photos.astype(np.uint8), "labels": labels}


def build(config=CONFIG, labels=None, **others):
    labels = sample()["labels"] if labels is None else labels
    return config.build(
        resolution=8, label_dim=labels.shape[1], labels=labels, label_names=NAMES, **others
    )


def tensors(batch):
    return {key: tf.constant(value) for key, value in batch.items()}


def test_it_learns_what_the_photos_show():
    trainer = build()
    batch = tensors(sample())
    first = {name: float(value) for name, value in trainer.step_function(batch).items()}
    for _ in range(60):
        last = {name: float(value) for name, value in trainer.step_function(batch).items()}
    assert last["Loss/cross_entropy"] < 0.2 * first["Loss/cross_entropy"]
    assert last["Accuracy/train"] > 0.95
    unseen = sample(seed=1)
    classifier = trainer.averages["classifier"]
    scores = classifier.probabilities(classifier(unseen["photos"] / 127.5 - 1)).numpy()
    assert np.mean((scores > 0.5) == unseen["labels"]) > 0.95


def test_the_loss_is_the_mean_cross_entropy_of_the_attributes():
    still = dataclasses.replace(CONFIG, **STILL)
    trainer, batch = build(still), sample(5)
    loss, logs, updates = trainer.phase_loss(
        "main", tensors(batch), StepRandom(0, tf.constant(0, tf.int64))
    )
    logits = trainer.classifier(batch["photos"] / 127.5 - 1).numpy().astype(np.float64)
    sign = 2 * batch["labels"][:, 0] - 1
    binary = np.log1p(np.exp(-sign * logits[:, 0]))
    of_side = logits[:, 1:]
    chosen = np.sum(of_side * batch["labels"][:, 1:], axis=1)
    categorical = np.log(np.exp(of_side).sum(axis=1)) - chosen
    np.testing.assert_allclose(loss, (binary + categorical) / 2, rtol=1e-4)
    hits = [(logits[:, 0] > 0) == (sign > 0), of_side.max(axis=1) == chosen]
    assert np.mean(logs["Accuracy/train"]) == pytest.approx(np.mean(hits))
    assert updates == []


def test_augmented_images_are_shifts_of_the_image():
    still = dataclasses.replace(CONFIG, **{**STILL, "max_shift": 0.25})
    image = np.random.default_rng(0).uniform(-1, 1, (8, 8, 3)).astype(np.float32)
    padded = np.pad(image, [(2, 2), (2, 2), (0, 0)], "edge")
    shifts = {(y, x): padded[y : y + 8, x : x + 8] for y in range(5) for x in range(5)}
    images = tf.constant(np.tile(image, (200, 1, 1, 1)))
    augmented = build(still).augmented(images, StepRandom(0, tf.constant(3, tf.int64))).numpy()
    found = [[key for key, value in shifts.items() if np.array_equal(value, x)] for x in augmented]
    assert all(len(keys) == 1 for keys in found)
    assert {keys[0] for keys in found} == set(shifts)  # all of them occur


def test_blur_lies_between_the_image_and_half_its_resolution():
    blurred = dataclasses.replace(CONFIG, **{**STILL, "blur": 0.8})
    image = np.zeros((8, 8, 3), np.float32)
    image[:, 0::2] = 0.5  # lines of one pixel, of which nothing is left at half the resolution
    random = StepRandom(0, tf.constant(0, tf.int64))
    images = build(blurred).augmented(tf.constant(np.tile(image, (300, 1, 1, 1))), random).numpy()
    contrast = (images[:, :, 0] - images[:, :, 1]).mean(axis=(1, 2)) / 0.5
    assert contrast.min() == pytest.approx(0.2, abs=0.02)
    assert contrast.max() == pytest.approx(1.0, abs=0.02)
    assert contrast.mean() == pytest.approx(0.6, abs=0.05)
    np.testing.assert_allclose(images.mean(axis=(1, 2)), 0.25, atol=1e-5)


def test_tints_noise_and_flips_have_their_size():
    changes = {"brightness": 0.1, "noise": 0.02, "flip": True}
    config = dataclasses.replace(CONFIG, **{**STILL, **changes})
    half = np.zeros((400, 8, 8, 3), np.float32)
    half[:, :, :4] = 0.3
    random = StepRandom(0, tf.constant(1, tf.int64))
    augmented = build(config).augmented(tf.constant(half), random).numpy()
    left, right = augmented[:, :, :4], augmented[:, :, 4:]
    flipped = right.mean(axis=(1, 2, 3)) > left.mean(axis=(1, 2, 3))
    assert 0.4 < flipped.mean() < 0.6
    middle = augmented.mean(axis=(1, 2)) - 0.15
    assert middle.std() == pytest.approx(0.1, rel=0.1)
    assert left.std(axis=(1, 2)).mean() == pytest.approx(0.02, rel=0.1)


def test_jittered_images_are_flipped_and_moved():
    view = JitterConfig(probability=0.0, enlarge=1.0, flip=0.5)
    image = np.random.default_rng(0).uniform(-1, 1, (1, 8, 8, 3)).astype(np.float32)
    config = dataclasses.replace(CONFIG, **{**STILL, "jitter": view})
    random = StepRandom(0, tf.constant(3, tf.int64))
    augmented = build(config).augmented(tf.constant(np.tile(image, (40, 1, 1, 1))), random).numpy()
    flipped = np.abs(augmented - image[:, :, ::-1]).max(axis=(1, 2, 3)) < 1e-5
    same = np.abs(augmented - image).max(axis=(1, 2, 3)) < 1e-5
    assert 10 < flipped.sum() < 30 and (flipped ^ same).all()


def test_augmented_images_stay_in_range():
    loud = dataclasses.replace(CONFIG, brightness=3.0)
    images = tf.zeros([8, 8, 8, 3])
    augmented = build(loud).augmented(images, StepRandom(0, tf.constant(0, tf.int64))).numpy()
    assert augmented.min() == -1 and augmented.max() == 1


def test_the_average_follows_faster_at_first():
    trainer = build(dataclasses.replace(CONFIG, ema_kimg=1.0))
    assert float(trainer.average_decay(tf.constant(0.0), 10.0)) == 0
    assert float(trainer.average_decay(tf.constant(1000.0), 10.0)) == pytest.approx(0.5**0.1)
    assert float(trainer.average_decay(tf.constant(1e6), 10.0)) == pytest.approx(0.5**0.01)


def test_samples_show_photo_truth_and_score():
    trainer, batch = build(), sample(4)
    reference, draw = trainer.sampler(batch, seed=0)
    np.testing.assert_array_equal(reference, batch["photos"])
    pictures = draw()
    assert pictures.shape == (4, 8, 16, 3)
    np.testing.assert_array_equal(pictures[:, :, :8], batch["photos"])
    truth = pictures[:, [0, 3, 7], 8, 0]  # rows 0-2, 3-5 and 6-7 are the three labels
    np.testing.assert_array_equal(truth, 255 * batch["labels"])


def test_a_table_has_a_cell_a_value():
    table = as_table(np.array([[[0.0, 1.0], [0.5, 0.2]]]), (4, 4, 1))
    np.testing.assert_array_equal(
        table[0, :, :, 0],
        [[0, 0, 255, 255], [0, 0, 255, 255], [128, 128, 51, 51], [128, 128, 51, 51]],
    )


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([[0.5, 1, 0]], "'bright' holds numbers besides 0 and 1"),
        ([[1, 1, 1]], "'side' must have exactly one value"),
        ([[1, 0, 0]], "'side' must have exactly one value"),
    ],
)
def test_labels_that_are_no_attributes_are_refused(labels, message):
    with pytest.raises(UserError, match=message):
        build(labels=np.array(labels, np.float32))


def test_data_without_labels_are_refused():
    with pytest.raises(UserError, match="data.labels=true"):
        CONFIG.build(resolution=8)


@pytest.mark.parametrize("wrong", [{"max_shift": 0.5}, {"blur": 1.5}])
def test_augmentation_out_of_range_is_refused(wrong):
    with pytest.raises(UserError, match=f"trainer.{next(iter(wrong))} must be in"):
        dataclasses.replace(CONFIG, **wrong).check(batch_size=4, num_replicas=1)
