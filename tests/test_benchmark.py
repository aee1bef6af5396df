"""The `benchmark` verb: its figures, its files, and what it refuses."""

import json

import pytest
from absl import flags

from tests.speed.recipes import tiny_recipe
from tfgan_edit import benchmark, quick_start
from tfgan_edit.config import UserError
from tfgan_edit.speed import training
from tfgan_edit.speed.measurement import Row, Table

PRECISIONS = ["float32", "mixed_bfloat16"]


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Function: runs the verb in this process with flags."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(training, "PIPELINE_SECONDS", 0.02)
    monkeypatch.setattr(quick_start, "get_config", tiny_recipe)

    def run(*arguments):
        values = flags.FlagValues()
        benchmark.define_flags(values)
        values(["benchmark", *arguments])
        return benchmark.main(values)

    return run


def test_speed_of_the_recipe(run, tmp_path, capsys):
    run("--repeats=2", "--steps=1", "--set=batch_size=8", "--set=data.resolution=8", "--out=out")
    record = json.loads((tmp_path / "out" / "benchmark.json").read_text())
    assert (record["repeats"], record["steps"], record["recipe"]["batch_size"]) == (2, 1, 8)
    assert list(record["tables"]) == ["speed"]
    rows = {(r["measure"], r["setting"]): r for r in record["tables"]["speed"]["rows"]}
    units = {"training": "images/s", "step with Dreg": "images/s", "synthesis": "ms/image"}
    assert set(rows) == {
        *((name, precision) for name in units for precision in PRECISIONS),
        ("input pipeline", "uint8"),
    }
    for (name, _), row in rows.items():
        assert row["unit"] == units.get(name, "images/s")
        assert 0 < row["low"] <= row["value"] <= row["high"]
        if name == "input pipeline":
            assert row["more"] == {}
            continue
        first = rows[name, PRECISIONS[0]]["value"]
        faster = first / row["value"] if row["unit"] == "ms/image" else row["value"] / first
        assert row["more"]["ratio"] == pytest.approx(faster)
    text = (tmp_path / "out" / "benchmark.md").read_text()
    assert text in capsys.readouterr().out
    assert text.startswith("quick_start, batch 8; ") and "against last" not in text
    assert len([line for line in text.splitlines() if line.startswith("|")]) == 2 + len(rows)


def test_a_second_run_compares_with_the_first(run, tmp_path, monkeypatch, capsys):
    values = iter([10.0, 20.0])
    asked = []

    def measure(config, settings):
        asked.append(settings)
        value = next(values)
        return Table([Row("training", "float32", value, value, value, "images/s")])

    monkeypatch.setitem(benchmark.TABLES, "speed", measure)
    run("--out=out", "--resolutions=64,8,64", "--memory_limit=2")
    assert "against last" not in capsys.readouterr().out
    assert asked[0].resolutions == (8, 64) and asked[0].memory_limit == 2.0
    run("--out=out")
    assert "2.00 better!" in capsys.readouterr().out
    lines = (tmp_path / "out" / "history.jsonl").read_text().splitlines()
    assert [json.loads(line)["tables"]["speed"]["rows"][0]["value"] for line in lines] == [10, 20]


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["--precisions=float32,float8"], "--precisions ['float8'] unknown: use some of float32"),
        (["--precisions="], "use some of float32, mixed_bfloat16, mixed_float16"),
        (["--tables=speed,size"], "--tables ['size'] unknown: use some of speed, operations"),
        (["--resolutions=32,48"], "--resolutions ['48']: give powers of two from 8 on"),
        (["--resolutions=a"], "--resolutions ['a']"),
        (["--config=nowhere.py"], "recipe 'nowhere.py' does not exist"),
        (["--set=batch=4"], "did you mean 'batch_size'"),
        (["--device=gpu"], "TensorFlow finds no GPU here"),
    ],
)
def test_wrong_flags_are_named_in_one_line(run, arguments, words):
    with pytest.raises(UserError) as caught:
        run(*arguments)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "arguments",
    [["--repeats=0"], ["--steps=0"], ["--steps=x"], ["--memory_limit=0"], ["--device=tpu"]],
)
def test_numbers_out_of_range_are_refused(run, arguments):
    with pytest.raises(flags.IllegalFlagValueError):
        run(*arguments)
