"""Speed of prepare_data."""

import pytest
from PIL import Image

from tests.speed.recipes import SETTINGS, tiny_recipe
from tfgan_edit.speed import data, training


def test_worker_counts():
    assert data.worker_counts(1) == [1]
    assert data.worker_counts(2) == [1, 2]
    assert data.worker_counts(12) == [1, 2, 4, 8, 12]


def test_photos_are_drawn_in_their_size(tmp_path, monkeypatch):
    monkeypatch.setattr(data, "PHOTOS", 5)
    monkeypatch.setattr(data, "DRAWINGS", 2)
    size = data.draw_jpegs(tmp_path / "photos", 20, 36)
    files = sorted((tmp_path / "photos").iterdir())
    assert len(files) == 5
    assert size == sum(file.stat().st_size for file in files[:2]) / 2
    assert len({file.read_bytes() for file in files}) == 2
    with Image.open(files[0]) as image:
        assert image.size == (20, 36) and image.format == "JPEG"


def test_rows_by_size_and_workers(monkeypatch):
    monkeypatch.setattr(data, "PHOTOS", 6)
    monkeypatch.setattr(data, "DRAWINGS", 2)
    monkeypatch.setattr(data, "SIZES", ((64, 64), (70, 90)))
    monkeypatch.setattr(data, "available_workers", lambda: 2)
    monkeypatch.setattr(training, "PIPELINE_SECONDS", 0.02)
    table = data.measure(tiny_recipe(), SETTINGS)
    names = ["64×64 JPEG to 64 px", "70×90 JPEG to 64 px"]
    assert [(r.measure, r.setting, r.unit) for r in table.rows] == [
        *((name, f"{w}", "photos/s") for name in names for w in ("1 worker", "2 workers")),
        ("input pipeline", "64 px, batch 4, mirrored", "images/s"),
    ]
    for one, two in (table.rows[:2], table.rows[2:4]):
        assert one.more["ratio"] == 1
        assert two.more["ratio"] == pytest.approx(two.value / one.value)
    assert "6 files of" in table.notes[0]
