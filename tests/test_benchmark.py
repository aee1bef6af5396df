"""The `benchmark` verb: its figures, its table, and what it refuses."""

import json

import pytest
from absl import flags

from tfgan_edit import benchmark, quick_start, speed
from tfgan_edit.config import UserError
from tfgan_edit.run import tiny

PRECISIONS = ["float32", "mixed_bfloat16"]


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Function: runs the verb in this process with flags."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(speed, "PIPELINE_SECONDS", 0.02)
    monkeypatch.setattr(
        quick_start, "get_config", lambda config=quick_start.get_config(): tiny(config)
    )

    def run(*arguments):
        values = flags.FlagValues()
        benchmark.define_flags(values)
        values(["benchmark", *arguments])
        return benchmark.main(values)

    return run


def test_figures_table_and_file(run, tmp_path, capsys):
    run(
        "--repeats=1",
        "--steps=1",
        "--json=speed.json",
        "--set=batch_size=8",
        "--set=data.resolution=8",
        "--set=trainer.mapping_layers=1",
    )
    figures = json.loads((tmp_path / "speed.json").read_text())
    assert figures["repeats"] == 1
    assert figures["recipe"]["batch_size"] == 8
    assert {"hardware", "tensorflow", "keras", "peak_memory_gib"} == set(figures["machine"])
    assert figures["machine"]["peak_memory_gib"] > 0.1

    rows = {(row["measure"], row["setting"]): row for row in figures["rows"]}
    units = {
        "training": "images/s",
        "step with Dreg": "images/s",
        "synthesis": "ms/image",
    }
    assert set(rows) == {
        *((name, precision) for name in units for precision in PRECISIONS),
        ("input pipeline", "uint8"),
    }
    for (name, setting), row in rows.items():
        assert row["unit"] == units.get(name, "images/s")
        assert 0 < row["low"] <= row["value"] <= row["high"]
        base = rows.get((name, PRECISIONS[0]), row)["value"]
        faster = base / row["value"] if row["unit"] == "ms/image" else row["value"] / base
        assert row["ratio"] == pytest.approx(faster)

    output = capsys.readouterr().out
    lines = output.splitlines()
    assert lines[0].startswith("quick_start: batch 8, ")
    assert lines[1].split() == ["measure", "setting", "median", "low", "high", "unit", "ratio"]
    assert len(lines) == 2 + len(rows) + 1
    assert lines[-1] == "figures: speed.json"
    for line in lines[2:-1]:
        assert any(line.startswith(name) for name, _ in rows), line
        assert len(line) == len(lines[2])


def test_the_table_shows_medians_and_ratios():
    figures = {
        "machine": {"hardware": "1 CPU", "tensorflow": "2", "keras": "3", "peak_memory_gib": 1.5},
        "recipe": {"name": "line", "batch_size": 4},
        "repeats": 3,
        "rows": [
            {
                "measure": "training",
                "setting": "float32",
                "value": 1234.5,
                "low": 1.0,
                "high": 2000.0,
                "unit": "images/s",
                "ratio": 1.0,
            }
        ],
    }
    first, _, row = speed.table(figures).splitlines()
    expected = "line: batch 4, 1 CPU, TensorFlow 2, Keras 3, peak memory 1.50 GiB, median of 3"
    assert first == expected
    assert row.split() == ["training", "float32", "1234.50", "1.00", "2000.00", "images/s", "1.00"]


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["--precisions=float32,float8"], "--precisions ['float8'] unknown: use some of float32"),
        (["--precisions="], "use some of float32, mixed_bfloat16, mixed_float16"),
        (["--config=nowhere.py"], "recipe 'nowhere.py' does not exist"),
        (["--set=batch=4"], "did you mean 'batch_size'"),
    ],
)
def test_wrong_flags_are_named_in_one_line(run, arguments, words):
    with pytest.raises(UserError) as caught:
        run(*arguments)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("arguments", [["--repeats=0"], ["--steps=0"], ["--steps=x"]])
def test_numbers_out_of_range_are_refused(run, arguments):
    with pytest.raises(flags.IllegalFlagValueError):
        run(*arguments)
