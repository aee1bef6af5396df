"""Memory by batch, and the search of the largest one."""

import dataclasses

import pytest

from tests.speed.recipes import SETTINGS, tiny_recipe
from tfgan_edit.speed import memory


@pytest.mark.parametrize("most", [0, 3, 4, 7, 8, 63, 64, 67, 100, 1000])
@pytest.mark.parametrize("unit", [1, 4])
@pytest.mark.parametrize("curve", [1.0, 0.8, 1.2, 0.0])
def test_the_search_ends_just_below_what_does_not_fit(most, unit, curve):
    tried = []

    def taken(batch):
        return 500.0 + 3.0 * batch**curve

    def peak(batch):
        tried.append(batch)
        return taken(batch) if batch <= most else None

    limit = taken(most) if curve else 1e6  # a peak that does not grow foretells nothing
    found = memory.largest(peak, limit, unit)
    assert found % unit == 0 and found <= most
    assert most - found < max(unit, memory.TOLERANCE * found) + unit
    assert len(set(tried)) == len(tried) <= (6 if curve == 1 else 16)
    assert found == 0 or found in tried
    if curve == 1 and most >= 2 * unit:  # from what is known at once to the end of the line
        tried.clear()
        known = [(batch, taken(batch)) for batch in (unit, 2 * unit)]
        assert memory.largest(peak, limit, unit, known) == found
        assert len(tried) <= 2


def test_batches_and_parts_are_those_the_trainer_accepts():
    config = tiny_recipe(batch_size=32)
    assert config.trainer.group_size == 4
    assert memory._plans(config) == [(8, None), (16, None), (32, None), (32, 16), (32, 8)]
    assert memory._plans(tiny_recipe(batch_size=4)) == [
        (1, None),
        (2, None),
        (4, None),
        (4, 2),
        (4, 1),
    ]
    assert memory._plans(tiny_recipe(batch_size=6)) == [(1, None), (3, None), (6, 3), (6, 1)]


def test_the_unit_of_batches():
    config = tiny_recipe(batch_size=32)
    assert memory._unit(config) == 4
    free = dataclasses.replace(config.trainer, num_stddev_channels=0)
    assert memory._unit(dataclasses.replace(config, trainer=free)) == 1
    halves = dataclasses.replace(free, path_length_weight=2.0)
    assert memory._unit(dataclasses.replace(config, trainer=halves)) == 2


def test_rows_notes_and_largest_batches(monkeypatch):
    asked = []

    def peak(config, limit):
        """1 GiB and 0.25 GiB an image that is computed at once."""
        assert limit == 3 * 2**30
        part = config.trainer.micro_batch or config.batch_size
        asked.append((config.data.resolution, config.batch_size, part, config.precision))
        taken = (1 + 0.25 * part) * 2**30
        return taken if taken <= limit else None

    monkeypatch.setattr(memory, "peak_memory", peak)
    settings = dataclasses.replace(SETTINGS, memory_limit=3.0, resolutions=(8,))
    table = memory.measure(tiny_recipe(batch_size=16), settings)
    assert [(r.measure, r.setting, r.value, r.unit) for r in table.rows] == [
        ("peak memory", "8 px, batch 4, float32", 2.0, "GiB"),
        ("peak memory", "8 px, batch 8, float32", 3.0, "GiB"),
        ("peak memory", "8 px, batch 16 in parts of 8, float32", 3.0, "GiB"),
        ("peak memory", "8 px, batch 16 in parts of 4, float32", 2.0, "GiB"),
        ("largest batch within 3 GiB", "8 px, float32", 8, "images"),
    ]
    assert table.notes[1:] == ["8 px, batch 16, float32: more than 3.0 GiB"]
    assert set(asked) >= {(8, 16, 16, "float32"), (8, 16, 4, "float32")}


def test_a_step_in_a_process_of_its_own():
    config = tiny_recipe()
    peak = memory.peak_memory(config, limit=2**36)
    assert 2**27 < peak < 2**36  # TensorFlow alone takes half a GiB
    assert memory.peak_memory(config, limit=2**27) is None
