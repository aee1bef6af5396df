"""history.jsonl: which records compare, and what counts as a change."""

import copy
import dataclasses
import json

import pytest

from tfgan_edit.config import UserError
from tfgan_edit.speed import history
from tfgan_edit.speed.measurement import row


def record(values=(9.0, 10.0, 11.0), **recipe):
    rows = [dataclasses.asdict(row("training", "float32", list(values), "images/s"))]
    return {
        "machine": {"cpu": "A", "flags": ["avx2"], "cores": 2, "gpus": [], "load": 0.1},
        "recipe": {"name": "x", "batch_size": 8, "trainer": {"w_dim": 8}, **recipe},
        "tables": {"speed": {"rows": rows, "notes": []}},
    }


def test_records_are_appended_and_read(tmp_path):
    path = tmp_path / "deeper" / "history.jsonl"
    assert history.read(path) == []
    history.append(path, record())
    history.append(path, record(batch_size=4))
    assert [entry["recipe"]["batch_size"] for entry in history.read(path)] == [8, 4]
    assert len(path.read_text().splitlines()) == 2


@pytest.mark.parametrize("line", ["{", "[]", "3", '{"machine": {}, "recipe": {}}'])
def test_a_damaged_line_is_named(tmp_path, line):
    path = tmp_path / "history.jsonl"
    path.write_text(json.dumps(record()) + "\n" + line + "\n")
    with pytest.raises(UserError, match="history.jsonl, line 2 is not a record"):
        history.read(path)


def test_only_the_same_hardware_and_recipe_compare():
    one = record()
    other = copy.deepcopy(one)
    other["machine"]["load"] = 3.0
    other["recipe"] |= {"name": "y", "total_kimg": 3, "newly_added": 1}
    assert history.comparable(one, other)
    for part, key, value in [
        ("machine", "cores", 4),
        ("machine", "gpus", ["G"]),
        ("recipe", "batch_size", 16),
        ("recipe", "trainer", {"w_dim": 16}),
    ]:
        other = copy.deepcopy(one)
        other[part][key] = value
        assert not history.comparable(one, other), key


def test_the_last_record_that_has_the_row_counts():
    old, middle, stranger = record([1.0]), record([2.0]), record([3.0], batch_size=4)
    empty = record()
    empty["tables"] = {}
    found = history.last_rows([old, middle, stranger, empty], record())
    assert found["speed", "training", "float32"]["value"] == 2.0


@pytest.mark.parametrize(
    "now, before, unit, text",
    [
        ((9, 10, 11), (8, 9.5, 10.5), "images/s", "1.05"),  # the ranges overlap
        ((19, 20, 21), (9, 10, 11), "images/s", "2.00 better!"),
        ((19, 20, 21), (9, 10, 11), "ms/image", "0.50 worse!"),
        ((9, 10, 25), (19, 20, 21), "images/s", "0.50"),  # one repeat was as fast as before
        ((101,), (100,), "images/s", "1.01"),  # 1 % is not noticed
    ],
)
def test_changes(now, before, unit, text):
    now, before = (
        dataclasses.asdict(row("m", "s", list(values), unit)) for values in (now, before)
    )
    assert history.change(now, before) == text


def test_a_change_from_nothing_has_no_ratio():
    now, before = (
        dataclasses.asdict(row("largest batch", "s", [value], "images")) for value in (4, 0)
    )
    assert history.change(now, before) == ""
