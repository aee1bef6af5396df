"""Hyperplanes against closed forms, an independent optimiser, and each other's losses."""

import numpy as np
import pytest
import scipy.optimize

from tfgan_edit.metrics.hyperplanes import LOSSES, fit_hyperplane


def classes(num=300, size=4, seed=0):
    random = np.random.default_rng(seed)
    x = random.standard_normal((num, size))
    return x, x[:, 0] + 0.5 * random.standard_normal(num) > 0.4


def test_two_points_have_a_closed_form():
    """x = ±a: min v²/2 + 2C (1 - a v)² at v = 4Ca / (1 + 4Ca²), by symmetry without offset."""
    x, a, c = np.array([[2.0], [-2.0]]), 2.0, 0.3
    v = fit_hyperplane(x, np.array([True, False]), regularization=c)
    np.testing.assert_allclose(v, [4 * c * a / (1 + 4 * c * a**2), 0], atol=1e-12)


def test_two_points_of_a_logistic_regression():
    """x = ±1: v = 2C / (1 + eᵛ)."""
    v = fit_hyperplane(np.array([[1.0], [-1.0]]), np.array([True, False]), "logistic")
    assert v[0] == pytest.approx(2 / (1 + np.exp(v[0])), abs=1e-9)
    assert v[1] == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("balanced", [False, True])
@pytest.mark.parametrize("loss", LOSSES)
def test_the_minimum_is_that_of_another_optimiser(loss, balanced):
    x, y = classes()
    assert 0.2 < y.mean() < 0.45  # so that balancing changes something
    rows, sign = np.concatenate([x, np.ones((len(x), 1))], axis=1), np.where(y, 1, -1)
    weights = np.where(y, 0.5 / y.mean(), 0.5 / (1 - y.mean())) if balanced else np.ones(len(y))

    def objective(v):
        margin = sign * (rows @ v)
        losses = {
            "squared_hinge": np.maximum(0, 1 - margin) ** 2,
            "logistic": np.log1p(np.exp(-margin)),
        }
        return v @ v / 2 + 0.7 * weights @ losses[loss]

    expected = scipy.optimize.minimize(objective, np.zeros(5), method="BFGS", tol=1e-9).x
    actual = fit_hyperplane(x, y, loss, regularization=0.7, balanced=balanced)
    np.testing.assert_allclose(actual, expected, atol=2e-5)


@pytest.mark.parametrize("loss", LOSSES)
def test_far_points_neither_overflow_nor_stop_it(loss):
    x, y = classes()
    v = fit_hyperplane(1e4 * x, y, loss)
    assert np.all(np.isfinite(v))
    assert np.mean((1e4 * x @ v[:-1] + v[-1] > 0) == y) > 0.8


@pytest.mark.parametrize("loss", LOSSES)
def test_more_features_than_samples(loss):
    """Features of zeros change nothing, and neither does turning all of them."""
    x, y = classes(num=12)
    expected = fit_hyperplane(x, y, loss)
    wide = np.concatenate([x, np.zeros((12, 16))], axis=1)
    turned, _ = np.linalg.qr(np.random.default_rng(1).standard_normal((20, 20)))
    v = fit_hyperplane(wide @ turned, y, loss)
    np.testing.assert_allclose(turned @ v[:-1], np.append(expected[:-1], np.zeros(16)), atol=1e-8)
    assert v[-1] == pytest.approx(expected[-1], abs=1e-8)
