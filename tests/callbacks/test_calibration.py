"""When a classifier is measured on held-out photos, and what becomes of the numbers."""

import numpy as np
import pytest

from tfgan_edit.callbacks.calibration import Calibration, held_out_results
from tfgan_edit.data import RecordsWriter, open_records
from tfgan_edit.trainers.attribute_classifier import AttributeClassifierConfig

NAMES = ["smile", "hair=black", "hair=red"]


@pytest.fixture
def records(tmp_path):
    random = np.random.default_rng(0)
    with RecordsWriter(tmp_path / "data", (8, 8, 3), label_names=NAMES) as writer:
        for i in range(40):
            photo = random.integers(0, 256, (8, 8, 3), np.uint8)
            writer.add(photo, [i % 2, i % 3 == 0, i % 3 != 0])
    return open_records(tmp_path / "data")


@pytest.fixture
def trainer(records):
    return AttributeClassifierConfig().tiny().build(**records.facts)


def run(callback, ticks, **end):
    callback.on_train_begin()
    for tick in range(ticks):
        callback.on_epoch_end(tick, {})
    callback.on_train_end(end)


def test_photos_outside_of_the_subset_are_held_out(records, trainer):
    lines = []
    callback = Calibration(trainer, records, 30, 2, lines.append)
    held_out = set(callback.held_out)
    assert len(held_out) == 10
    assert not held_out & set(records.subset_indices(30))
    run(callback, 3)
    assert len(lines) == 2  # after the second tick, and at the end
    assert "10 held-out photos" in lines[0] and "smile" in lines[0]
    assert callback.results["held_out"] == 10
    indices = callback.held_out
    logits = trainer.averages["classifier"](records.photos(indices) / np.float32(127.5) - 1)
    expected, temperatures = held_out_results(
        logits.numpy(), records.labels[indices], {"smile": [0], "hair": [1, 2]}
    )
    assert callback.results == pytest.approx(expected, rel=1e-4)
    for network in (trainer.networks["classifier"], trainer.averages["classifier"]):
        np.testing.assert_allclose(network.temperature, temperatures, rtol=1e-4)


def test_nothing_is_measured_twice_or_after_an_interruption(records, trainer):
    lines = []
    run(Calibration(trainer, records, 30, 2, lines.append), 2)
    assert len(lines) == 1
    run(Calibration(trainer, records, 30, 2, lines.append), 1, interrupted=True)
    assert len(lines) == 1


def test_without_held_out_photos_it_says_so(records, trainer):
    lines = []
    callback = Calibration(trainer, records, None, 1, lines.append)
    run(callback, 2)
    assert len(lines) == 1 and "data.subset" in lines[0]
    assert callback.results == {}
    np.testing.assert_array_equal(trainer.averages["classifier"].temperature, [1, 1])


def test_results_of_a_known_table():
    """One of four binary answers is wrong, all categorical ones are right."""
    logits = np.array([[2, 3, 0], [2, 0, 3], [-2, 3, 0], [2, 3, 0]], np.float32)
    labels = np.array([[1, 1, 0], [1, 0, 1], [0, 1, 0], [0, 1, 0]], np.float32)
    results, temperatures = held_out_results(logits, labels, {"smile": [0], "hair": [1, 2]})
    assert results["accuracy/smile"] == 0.75
    assert results["accuracy/hair"] == 1
    assert results["accuracy/mean"] == 0.875
    # Targets of N = 4, K = 2: 5/6 where right, 1/6 where wrong; their mean 2/3 is the confidence.
    assert results["confidence/smile"] == pytest.approx(2 / 3)
    assert results["ece/smile"] == pytest.approx(0.75 - 2 / 3)
    assert temperatures[0] == pytest.approx(2 / np.log(2))
    assert results["confidence/hair"] == pytest.approx(5 / 6)
