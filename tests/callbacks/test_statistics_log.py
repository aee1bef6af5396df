"""stats.jsonl and TensorBoard."""

import json

import pytest
import tensorflow as tf

from tfgan_edit.callbacks.statistics_log import StatisticsLog


def write(folder, steps, start=0, **logs):
    """Runs the callback over ticks that end at `steps`, resumed from `start`."""
    log = StatisticsLog(folder)
    log.on_train_begin({"step": start, "images": start * 4})
    for tick, step in enumerate(steps):
        means = {"step": float(step), "kimg": step / 250, "Loss/G/loss": 0.5}
        log.on_epoch_end(tick, {**means, **logs})
    log.on_train_end({})


def records(folder):
    text = (folder / "stats.jsonl").read_text(encoding="utf-8")
    assert text.endswith("\n")
    return [json.loads(line, parse_constant=pytest.fail) for line in text.splitlines()]


def test_one_record_a_tick(tmp_path):
    write(tmp_path, [3, 6])
    assert '"step": 3,' in (tmp_path / "stats.jsonl").read_text()  # not 3.0
    assert records(tmp_path) == [
        {"tick": 0, "step": 3, "kimg": 0.012, "Loss/G/loss": 0.5},
        {"tick": 1, "step": 6, "kimg": 0.024, "Loss/G/loss": 0.5},
    ]


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf")])
def test_what_json_cannot_hold_is_null(tmp_path, bad):
    write(tmp_path, [3], **{"Loss/D/loss": bad})
    assert records(tmp_path)[0]["Loss/D/loss"] is None
    assert records(tmp_path)[0]["Loss/G/loss"] == 0.5


@pytest.mark.parametrize("start, kept", [(0, []), (3, [3]), (5, [3]), (6, [3, 6]), (99, [3, 6, 9])])
def test_a_resumed_run_drops_what_comes_again(tmp_path, start, kept):
    write(tmp_path, [3, 6, 9])
    write(tmp_path, [start + 1], start=start)
    assert [record["step"] for record in records(tmp_path)] == [*kept, start + 1]


@pytest.mark.parametrize(
    "rest",
    [b'{"tick": 2, "st', b'{"tick": 2}\n', b"[]\n", b"7\n", b"\n\n", b"\x00" * 20, b"\xff\xfe{"],
    ids=["half", "no step", "list", "number", "empty lines", "zeros", "not text"],
)
def test_what_a_crash_left_is_dropped(tmp_path, rest):
    write(tmp_path, [3, 6])
    with open(tmp_path / "stats.jsonl", "ab") as file:
        file.write(rest)
    write(tmp_path, [9], start=6)
    assert [record["step"] for record in records(tmp_path)] == [3, 6, 9]


def test_scalars_go_to_tensorboard(tmp_path):
    write(tmp_path, [3, 6])
    found = {}
    for path in (tmp_path / "tensorboard").iterdir():
        for event in tf.compat.v1.train.summary_iterator(str(path)):
            for value in event.summary.value:
                number = tf.make_ndarray(value.tensor).item()
                found[value.tag, event.step] = number
    assert found["Loss/G/loss", 3] == found["Loss/G/loss", 6] == 0.5
    assert found["kimg", 6] == pytest.approx(0.024)
