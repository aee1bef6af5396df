"""Temperatures and calibration errors of known tables."""

import numpy as np
import pytest
import scipy.optimize

from tfgan_edit.metrics.calibration import (
    expected_calibration_error,
    fit_temperature,
    softmax,
)


def test_softmax_sums_to_one_and_does_not_overflow():
    logits = np.array([[1000.0, 1000.0], [0, np.log(3)]])
    np.testing.assert_allclose(softmax(logits), [[0.5, 0.5], [0.25, 0.75]])


@pytest.mark.parametrize("factor", [0.2, 1.0, 5.0])
def test_logits_that_were_scaled_get_their_temperature_back(factor):
    random = np.random.default_rng(0)
    logits = random.normal(scale=2, size=(20_000, 4))
    uniform = random.uniform(size=(20_000, 1))
    labels = (uniform > np.cumsum(softmax(logits), axis=1)).sum(axis=1)
    temperature = fit_temperature(factor * logits, np.eye(4)[labels])
    assert temperature == pytest.approx(factor, rel=0.03)


def test_the_temperature_is_the_minimum_of_the_cross_entropy():
    random = np.random.default_rng(1)
    logits, targets = random.normal(size=(50, 3)), np.eye(3)[random.integers(0, 3, 50)]
    logits += targets
    smoothed = (targets * 50 + 1) / 53

    def loss(t):
        return -np.sum(smoothed * np.log(softmax(logits / t)))

    expected = scipy.optimize.minimize_scalar(loss, bounds=(0.05, 20), method="bounded").x
    assert fit_temperature(logits, targets) == pytest.approx(expected, rel=1e-3)


def test_a_classifier_without_mistakes_becomes_no_surer_than_its_samples_allow():
    """Equal margins, N samples, 2 classes: the probability is (N + 1) / (N + 2)."""
    logits = np.tile([[4.0, 0.0]], (8, 1))
    temperature = fit_temperature(logits, np.tile([[1, 0]], (8, 1)))
    assert softmax(logits / temperature)[0, 0] == pytest.approx(9 / 10)


def test_calibration_error_of_a_known_table():
    """Half at 0.95 with accuracy 1, half at 0.65 with accuracy 0.5: (0.05 + 0.15) / 2."""
    confidences = np.array([0.95] * 10 + [0.65] * 10)
    correct = np.array([True] * 10 + [True, False] * 5)
    assert expected_calibration_error(confidences, correct) == pytest.approx(0.1)
    assert expected_calibration_error(np.ones(5), np.ones(5, bool)) == 0
