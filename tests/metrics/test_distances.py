"""Distances against closed forms, SciPy, and the definitions written out."""

import numpy as np
import pytest

from tfgan_edit.metrics import distances
from tfgan_edit.metrics.distances import Moments, frechet_distance, kernel_distance, moments


def given(mean, covariance):
    """`Moments` with these values."""
    result = Moments(len(mean))
    result.num = 2
    result.mean, result._scatter = np.asarray(mean, float), np.asarray(covariance, float)
    return result


def normal(num, size, seed, scale=1.0, shift=0.0):
    return scale * np.random.default_rng(seed).standard_normal((num, size)) + shift


# === moments ===


def test_streaming_moments_are_those_of_all_rows():
    rows = normal(500, 7, 0, scale=np.arange(1, 8), shift=1e4)
    stream = Moments(7)
    for part in np.split(rows, [1, 3, 200, 450]):
        stream.add(part)
    np.testing.assert_allclose(stream.mean, rows.mean(axis=0), rtol=1e-14)
    expected = np.cov(rows, rowvar=False)
    np.testing.assert_allclose(stream.covariance, expected, rtol=1e-9, atol=1e-9)


def test_moments_read_long_arrays_in_pieces(monkeypatch):
    rows = normal(1000, 5, 1).astype(np.float32)
    whole = moments(rows)
    monkeypatch.setattr(distances, "ROWS", 33)
    np.testing.assert_allclose(moments(rows).covariance, whole.covariance, rtol=1e-12, atol=1e-14)


# === Fréchet distance ===


def test_diagonal_covariances():
    a, b = np.array([4.0, 1.0, 9.0]), np.array([1.0, 1.0, 4.0])
    value = frechet_distance(given([1, 2, 3], np.diag(a)), given([1, 0, 3], np.diag(b)))
    assert value == pytest.approx(4 + np.sum((np.sqrt(a) - np.sqrt(b)) ** 2), rel=1e-12)


def test_commuting_covariances():
    random = np.random.default_rng(3)
    axes, _ = np.linalg.qr(random.standard_normal((64, 64)))
    a, b = random.uniform(0, 5, (2, 64))
    first, second = (given(np.zeros(64), (axes * values) @ axes.T) for values in (a, b))
    expected = np.sum((np.sqrt(a) - np.sqrt(b)) ** 2)
    assert frechet_distance(first, second) == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("num", [5, 40])  # fewer samples than features: singular covariances
def test_equal_sets_have_distance_zero(num):
    rows = normal(num, 30, 4)
    assert frechet_distance(moments(rows), moments(rows)) < 1e-11


def test_shifted_sets_with_fewer_samples_than_features():
    rows = normal(8, 50, 5)
    shift = np.arange(50) / 10
    value = frechet_distance(moments(rows), moments(rows + shift))
    assert value == pytest.approx(shift @ shift, rel=1e-12)


def test_disjoint_subspaces():
    a, b = np.zeros((2, 20, 6))
    a[:, :3], b[:, 3:] = normal(20, 3, 6), normal(20, 3, 7)
    first, second = moments(a), moments(b)
    shift = first.mean - second.mean
    expected = shift @ shift + np.trace(first.covariance) + np.trace(second.covariance)
    assert frechet_distance(first, second) == pytest.approx(expected, rel=1e-12)


def test_frechet_distance_is_symmetric_and_scipys():
    linalg = pytest.importorskip("scipy.linalg")
    a, b = normal(300, 40, 8) @ normal(40, 40, 9), normal(250, 40, 10, scale=2, shift=0.3)
    first, second = moments(a), moments(b)
    root = linalg.sqrtm(first.covariance @ second.covariance).real
    shift = first.mean - second.mean
    expected = shift @ shift + np.trace(first.covariance + second.covariance - 2 * root)
    assert frechet_distance(first, second) == pytest.approx(expected, rel=1e-9)
    assert frechet_distance(second, first) == pytest.approx(expected, rel=1e-9)


# === kernel distance ===


def direct_discrepancy(x, y):
    """The unbiased estimate, pair by pair."""
    def kernel(a, b):
        return (np.dot(a, b) / len(a) + 1) ** 3

    n, m = len(x), len(y)
    xx = sum(kernel(x[i], x[j]) for i in range(n) for j in range(n) if i != j)
    yy = sum(kernel(y[i], y[j]) for i in range(m) for j in range(m) if i != j)
    xy = sum(kernel(a, b) for a in x for b in y)
    return xx / (n * (n - 1)) + yy / (m * (m - 1)) - 2 * xy / (n * m)


def test_kernel_distance_of_whole_sets_is_the_definition():
    x, y = normal(12, 5, 11), normal(12, 5, 12, shift=0.5)
    mean, deviation = kernel_distance(x, y, subset_size=12)
    assert mean == pytest.approx(direct_discrepancy(x, y), rel=1e-10)
    assert deviation == 0


def test_kernel_distance_is_unbiased():
    """Two halves of one set: zero within three standard errors of independent subsets."""
    values = [
        kernel_distance(normal(100, 8, 2 * i), normal(100, 8, 2 * i + 1), subset_size=100)[0]
        for i in range(100)
    ]
    assert abs(np.mean(values)) < 3 * np.std(values) / 10
    assert kernel_distance(normal(100, 8, 0), normal(100, 8, 1, shift=0.5))[0] > 5 * np.std(values)


def test_kernel_distance_averages_subsets_by_seed():
    x, y = normal(300, 4, 13), normal(200, 4, 14, scale=1.2)
    first = kernel_distance(x, y, subsets=10, subset_size=50, seed=1)
    assert first == kernel_distance(x, y, subsets=10, subset_size=50, seed=1)
    assert first != kernel_distance(x, y, subsets=10, subset_size=50, seed=2)
    assert first[1] > 0
    whole = direct_discrepancy(x[:200], y)
    assert first[0] == pytest.approx(whole, abs=3 * first[1])


# === neighbourhoods ===


def brute_force(real, fake, k):
    """The definitions, pair by pair."""
    def distance(a, b):
        return np.sqrt(np.sum((a - b) ** 2))

    def radii(rows):
        return [
            sorted(distance(a, b) for j, b in enumerate(rows) if j != i)[k - 1]
            for i, a in enumerate(rows)
        ]

    r, f = radii(real), radii(fake)
    inside = [[distance(y, x) <= r[i] for i, x in enumerate(real)] for y in fake]
    return {
        "precision": np.mean([any(row) for row in inside]),
        "recall": np.mean([any(distance(x, y) <= f[j] for j, y in enumerate(fake)) for x in real]),
        "density": np.sum(inside) / (k * len(fake)),
        "coverage": np.mean(np.any(inside, axis=0)),
    }


@pytest.mark.parametrize("k", [1, 3, 5])
def test_neighbourhoods_are_the_definitions(k, monkeypatch):
    real, fake = normal(30, 4, 20), normal(25, 4, 21, scale=1.3, shift=0.2)
    expected = brute_force(real, fake, k)
    assert distances.neighbourhoods(real, fake, k) == pytest.approx(expected)
    pieces = [slice(i, i + 7) for i in range(0, 35, 7)]
    monkeypatch.setattr(distances, "_pieces", lambda rows, columns: pieces)
    shifted = distances.neighbourhoods(real + 1e4, fake + 1e4, k)
    assert shifted == pytest.approx(expected)


def test_neighbourhoods_of_equal_and_of_distant_sets():
    rows = normal(50, 8, 22)
    same = distances.neighbourhoods(rows, rows, 3)
    assert (same["precision"], same["recall"], same["coverage"]) == (1, 1, 1)
    assert set(distances.neighbourhoods(rows, rows + 100, 3).values()) == {0}
    with pytest.raises(ValueError, match="k must be below 3"):
        distances.neighbourhoods(rows[:3], rows, 3)


# === Inception score ===


def test_inception_score_of_certain_and_of_uninformed_classifiers():
    certain = 1e3 * np.eye(5)[np.tile(np.arange(5), 20)]
    assert distances.inception_score(certain) == pytest.approx((5, 0), abs=1e-9)
    assert distances.inception_score(np.zeros((100, 5))) == pytest.approx((1, 0), abs=1e-9)
    logits = normal(40, 6, 23)
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    parts = [
        np.exp(np.mean(np.sum(q * (np.log(q) - np.log(q.mean(axis=0))), axis=1)))
        for q in np.split(p, 4)
    ]
    score = distances.inception_score(logits, splits=4)
    assert score == pytest.approx((np.mean(parts), np.std(parts)), rel=1e-12)
