"""Metrics of pairs, of groups and of local edits, by hand-made pictures and stand-in networks."""

import itertools
import math

import numpy as np
import pytest
from PIL import Image

from tfgan_edit.config import UserError
from tfgan_edit.data import RecordsWriter
from tfgan_edit.editing.image_distances import PhotoDistance, find_distance
from tfgan_edit.metrics import Evaluation, distances, evaluate
from tfgan_edit.metrics.pairs import ATTRIBUTES
from tfgan_edit.metrics.photo_sets import open_photos

SIDE = 32


class MeanColour:
    """Stands in for a network: features are mean colours."""

    identity = {"extractor": "mean", "weights": {}, "size": None, "resize": None}

    def __call__(self, photos):
        return photos.mean(axis=(1, 2)).astype(np.float32) / 255

    of_all = __call__

    def of_photos(self, photo_set, num, title):
        return np.concatenate([self(p) for p in photo_set.batches(num, 4)])


class MeanDifference:
    """Stands in for LPIPS: the absolute difference of mean brightness."""

    identity = {"extractor": "difference", "weights": {}, "size": None, "resize": None}

    def __call__(self, x, y):
        return np.abs(x.mean(axis=(1, 2, 3)) - y.mean(axis=(1, 2, 3)))


@pytest.fixture(autouse=True)
def stand_ins(monkeypatch):
    monkeypatch.setattr(
        Evaluation,
        "function",
        lambda self, name: MeanDifference() if name.startswith("lpips") else MeanColour(),
    )
    monkeypatch.setattr("tfgan_edit.metrics.registry.find_file", lambda *args: None)


def photos(num=20, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (num, SIDE, SIDE, 3), np.uint8)


def write(folder, batch, names=None):
    for i, photo in enumerate(batch):
        path = folder / (names[i] if names else f"{i:03d}.png")
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(photo).save(path)
    return str(folder)


def measure(name, tmp_path, real=None, fake=None, distance=None, **others):
    sets = {"real": real, "fake": fake, **others}
    opened = {
        k: open_photos(v if isinstance(v, str) else write(tmp_path / k, v))
        for k, v in sets.items()
        if v is not None
    }
    return evaluate(name, [Evaluation(**opened, distance=distance)])["results"]


def test_pixel_metrics(tmp_path):
    x = photos()
    y = np.clip(x.astype(int) + np.arange(20)[:, None, None, None], 0, 255).astype(np.uint8)
    difference = (x.astype(float) - y) / 127.5
    errors = np.mean(difference**2, axis=(1, 2, 3))
    a, b = write(tmp_path / "a", x), write(tmp_path / "b", y)
    results = measure("mse", tmp_path, a, b)
    assert results["mse"] == pytest.approx(errors.mean())
    assert results["mse_pair_sd"] == pytest.approx(errors.std())
    psnr = 10 * np.log10(4 / np.maximum(errors, (0.5 / 127.5) ** 2))
    assert measure("psnr", tmp_path, a, b)["psnr"] == pytest.approx(psnr.mean())
    assert measure("psnr", tmp_path, a, a)["psnr"] == pytest.approx(20 * math.log10(510), rel=1e-9)
    assert measure("ssim", tmp_path, a, a)["ssim"] == pytest.approx(1)
    assert 0.9 < measure("ssim", tmp_path, a, b)["ssim"] < 1


def ssim_by_hand(x, y):
    """Wang et al. 2004, equation 13, at one window of 11 pixels, sigma 1.5."""
    ramp = np.exp(-((np.arange(11) - 5) ** 2) / 4.5)
    window = np.outer(ramp, ramp) / ramp.sum() ** 2
    mx, my = np.sum(window * x), np.sum(window * y)
    vx, vy = np.sum(window * (x - mx) ** 2), np.sum(window * (y - my) ** 2)
    covariance = np.sum(window * (x - mx) * (y - my))
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    return (2 * mx * my + c1) * (2 * covariance + c2) / ((mx**2 + my**2 + c1) * (vx + vy + c2))


def test_ssim_of_one_window(tmp_path):
    x = photos(2, 1)[:, :11, :11]
    y = photos(2, 2)[:, :11, :11] // 2 + x // 3
    expected = np.mean(
        [ssim_by_hand(x[i, ..., c].astype(float), y[i, ..., c]) for i in range(2) for c in range(3)]
    )
    assert measure("ssim", tmp_path, x, y)["ssim"] == pytest.approx(expected, rel=1e-3)
    with pytest.raises(UserError, match="ssim needs pictures of at least 11 px"):
        measure("ssim", tmp_path, write(tmp_path / "c", x[:, 1:]), write(tmp_path / "d", y[:, 1:]))


def test_distances_identity_and_attributes(tmp_path):
    x, y = photos(seed=3), photos(seed=4) // 2
    a, b = write(tmp_path / "a", x), write(tmp_path / "b", y)
    gap = np.abs(x.mean(axis=(1, 2, 3)) - y.mean(axis=(1, 2, 3)))
    results = measure("lpips_alex", tmp_path, a, b)
    assert results["lpips_alex"] == pytest.approx(gap.mean(), rel=1e-5)
    fx, fy = (p.mean(axis=(1, 2)) for p in (x, y))
    cosine = np.sum(fx * fy, 1) / np.linalg.norm(fx, axis=1) / np.linalg.norm(fy, axis=1)
    assert measure("identity_arcface", tmp_path, a, b)["identity_arcface"] == pytest.approx(
        cosine.mean(), rel=1e-5
    )


def test_attribute_changes_and_accuracy(tmp_path, monkeypatch):
    monkeypatch.setitem(ATTRIBUTES, "happy", ("emotion", 2))
    for name in set(ATTRIBUTES) - {"male", "happy"}:
        monkeypatch.delitem(ATTRIBUTES, name)
    x = np.zeros((4, SIDE, SIDE, 3), np.uint8)
    y = x.copy()
    x[..., 0], y[..., 0] = 51, 204  # male: 0.2 -> 0.8 in all
    y[:2, ..., 2] = 255  # happy: 0 -> 1 in half of them
    a, b = write(tmp_path / "a", x), write(tmp_path / "b", y)
    results = measure("attributes", tmp_path, a, b)
    assert results == pytest.approx(
        {
            f"{kind}_{key}": value
            for kind in ("shift", "change")
            for key, value in (("male", 0.6), ("happy", 0.5), ("age", 0.6))
        },
        rel=1e-5,
    )
    back = measure("attributes", tmp_path, b, a)
    assert back["shift_male"] == pytest.approx(-0.6) and back["change_male"] == pytest.approx(0.6)
    for name, value in [("male_1", 1), ("male_0", 0), ("happy_1", 0.5), ("happy_0", 0.5)]:
        assert measure(f"accuracy_{name}", tmp_path, fake=b)[f"accuracy_{name}"] == value


def test_local_edits(tmp_path):
    source = np.full((18, SIDE, SIDE, 3), 100, np.uint8)
    reference, edited = np.full_like(source, 200), source.copy()
    edited[:, :, :8] = 210  # ten levels from the reference
    edited[:9, :, 8:] = 105  # five levels from the source, in half of the pictures
    masks = np.zeros_like(source)
    masks[:, :, :8] = 255
    results = measure("mse_local", tmp_path, source, edited, references=reference, masks=masks)
    assert results["mse_ref"] == pytest.approx((10 / 127.5) ** 2)
    assert results["mse_src"] == pytest.approx((5 / 127.5) ** 2 / 2)
    with pytest.raises(UserError, match="masks are all black or all white"):
        measure(
            "mse_local",
            tmp_path,
            *(str(tmp_path / k) for k in ("real", "fake")),
            references=str(tmp_path / "references"),
            masks=str(tmp_path / "references"),
        )


def test_pairs_of_records_and_files_must_fit(tmp_path):
    x = photos(5)
    a = write(tmp_path / "a", x)
    with RecordsWriter(tmp_path / "r", (SIDE, SIDE, 3)) as writer:
        for photo in x:
            writer.add(photo)
    assert measure("mse", tmp_path, str(tmp_path / "r"), a)["mse"] == 0
    fewer = write(tmp_path / "fewer", x[:4])
    with pytest.raises(UserError, match="has 5 pictures, .*fewer has 4"):
        measure("mse", tmp_path, a, fewer)
    other = write(tmp_path / "other", x, [f"{i}.png" for i in range(5)])
    with pytest.raises(UserError, match="pairs: 000 of .*a stands beside 0 of .*other"):
        measure("mse", tmp_path, a, other)
    with pytest.raises(UserError, match="mse needs pairs: give --images and --data"):
        measure("mse", tmp_path, fake=a)


# === groups ===


def grouped(tmp_path, sizes=(3, 4)):
    """Grey pictures in folders, and their levels by folder."""
    levels, names = [], []
    for group, size in enumerate(sizes):
        levels.append(np.random.default_rng(group).integers(0, 256, size))
        names += [f"{group}/{i}.png" for i in range(size)]
    batch = [np.full((SIDE, SIDE, 3), v, np.uint8) for v in np.concatenate(levels)]
    return write(tmp_path / "grouped", batch, names), levels


def test_diversity_is_the_mean_over_pairs_then_groups(tmp_path):
    folder, levels = grouped(tmp_path)
    sums = [sum(abs(int(a) - b) for a, b in itertools.combinations(v, 2)) for v in levels]
    means = [sums[0] / 3, sums[1] / 6]
    results = measure("diversity_alex", tmp_path, fake=folder)
    assert results["diversity_alex"] == pytest.approx(np.mean(means))
    assert results["diversity_alex_group_sd"] == pytest.approx(np.std(means))
    deflated = measure("diversity_isfgan_alex", tmp_path, fake=folder)["diversity_isfgan_alex"]
    assert deflated == pytest.approx((sums[0] / 5 + sums[1] / 9) / 2)


def test_diversity_by_a_distance_that_needs_no_lpips(tmp_path):
    folder, levels = grouped(tmp_path)
    distance = PhotoDistance(find_distance("pixels", side=SIDE))
    real = [np.full((SIDE, SIDE, 3), level, np.uint8) for level in (0, 51, 255)]
    results = measure("diversity", tmp_path, real, folder, distance=distance)
    squares = [
        np.mean([(float(a) - b) ** 2 for a, b in itertools.combinations(v, 2)]) for v in levels
    ]
    expected = np.mean(squares) / 127.5**2
    assert results["diversity"] == pytest.approx(expected, rel=1e-4)
    assert results["diversity_group_sd"] == pytest.approx(np.std(squares) / 127.5**2, rel=1e-4)
    # Two of three pairs, as the order is random.
    pairs = np.square([0.4, 1.6, 2.0])
    means = [(a + b) / 2 for a, b in itertools.combinations(pairs, 2)]
    assert min(abs(results["diversity_real"] - m) for m in means) < 1e-4
    assert results["diversity_share"] == pytest.approx(expected / results["diversity_real"])
    alone = measure("diversity", tmp_path, fake=folder, distance=distance)
    assert "diversity_real" not in alone
    with pytest.raises(UserError, match="diversity needs a distance of pictures: give --distance"):
        measure("diversity", tmp_path, fake=folder)


def test_paths(tmp_path):
    folder, levels = grouped(tmp_path, (5, 6))
    steps = [np.abs(np.diff(v)) for v in levels]
    ratios = [
        (s.max() - s.min()) / (abs(int(v[0]) - v[-1]) + 1e-6)
        for s, v in zip(steps, levels, strict=True)
    ]
    results = measure("pir_alex", tmp_path, fake=folder)
    assert results["pir_alex"] == pytest.approx(np.mean(ratios))
    assert results["pir_alex_step"] == pytest.approx(np.mean([s.mean() for s in steps]))
    short, _ = grouped(tmp_path / "short", (5, 2))
    with pytest.raises(UserError, match="pir_alex needs at least 3 pictures a folder, 1 has 2"):
        measure("pir_alex", tmp_path, fake=short)


def test_frechet_distance_of_groups(tmp_path):
    x = photos(24, 9)
    names = [f"{i % 2}/{i}.png" for i in range(24)]
    folder, real = write(tmp_path / "g", x // 2, names), photos(30, 10)
    results = measure("dfd_lite0", tmp_path, real, folder)
    colours = MeanColour()
    expected = [
        distances.frechet_distance(
            distances.moments(colours(real)), distances.moments(colours(x[i::2] // 2))
        )
        for i in range(2)
    ]
    assert results["dfd_lite0"] == pytest.approx(np.mean(expected), rel=1e-4)
