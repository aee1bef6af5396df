"""Flicker: differences of consecutive frames, whatever the batches."""

import numpy as np
import pytest

from tfgan_edit.editing.flicker import Flicker
from tfgan_edit.editing.image_distances import PixelDistance


def frames(values):
    return np.stack([np.full((16, 16, 3), value, np.uint8) for value in values])


def test_by_hand():
    """Levels of grey: squared steps of 2 / 255 · Δ."""
    flicker = Flicker(PixelDistance())
    flicker.add(frames([0, 10, 20]), frames([0, 51, 0]))
    flicker.add(frames([20]), frames([51]))
    unit = (2 / 255) ** 2
    assert flicker.counts == 3
    expected = {"source": unit * (100 + 100 + 0) / 3, "edit": unit * 51**2}
    expected["flicker"] = expected["edit"] - expected["source"]
    assert flicker.results == pytest.approx(expected, rel=1e-3)
    assert "3 pairs of frames" in str(flicker) and "flicker +0.15" in str(flicker)


def test_batches_do_not_matter():
    random = np.random.RandomState(0)
    sources, edits = random.randint(0, 256, (2, 7, 32, 32, 3), np.uint8)
    results = []
    for sizes in ((7,), (1,) * 7, (3, 4)):
        flicker = Flicker(PixelDistance())
        for end, size in zip(np.cumsum(sizes), sizes, strict=True):
            flicker.add(sources[end - size : end], edits[end - size : end])
        assert flicker.counts == 6
        results.append(flicker.results)
    for result in results[1:]:
        assert result == pytest.approx(results[0], rel=1e-4)


def test_one_frame_has_none():
    flicker = Flicker(PixelDistance())
    flicker.add(frames([3]), frames([4]))
    assert flicker.counts == 0 and np.isnan(flicker.results["flicker"])
