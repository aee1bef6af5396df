"""The status line, log.txt and the bar."""

import pytest

from tfgan_edit.callbacks.progress import Progress, RunLog

LOGS = {
    "Loss/G/loss": 1.25,
    "Loss/D/loss": -0.5,
    "Loss/r1_penalty": 0.125,
    "Nonfinite/Gmain": 0.0,
    "step": 8,
    "kimg": 12.34,
    "seconds": 65.0,
    "images_per_second": 123.45,
}


@pytest.fixture
def tick(tmp_path, capsys):
    """Function: dictionaries of changed logs, one a tick -> the lines written."""

    def run(*ticks, images=0, seconds=0.0):
        progress = Progress(1000, RunLog(tmp_path / "log.txt"), seconds)
        progress.on_train_begin({"step": 0, "images": images})
        for number, changes in enumerate(ticks):
            progress.on_train_batch_end(number, {"images": 100})
            progress.on_epoch_end(number, {**LOGS, **changes})
        progress.on_train_end({})
        run.bar = progress.bar
        lines = (tmp_path / "log.txt").read_text(encoding="utf-8").splitlines()
        printed = capsys.readouterr().out.splitlines()
        assert [line for line in printed if line.startswith("tick")] == lines
        return lines

    return run


def test_one_line_a_tick_says_what_happened(tick):
    (line,) = tick({})
    assert line.split()[:9] == (
        "tick 0 kimg 12.3 time 0:01:05 img/s 123.5 mem".split()
    ), line
    assert line.endswith("GiB  G  1.250  D -0.500  R1  0.125")
    assert "nonfinite" not in line


def test_the_time_adds_up_over_ticks_and_columns_stay_in_place(tick):
    first, second = tick({}, {"seconds": 3600.4, "kimg": 12345.67, "images_per_second": 9.0})
    assert "time  0:01:05" in first and "time  1:01:05" in second
    for heading in ("kimg", "time", "img/s", "mem", "GiB  G", "D", "R1"):
        assert first.index(f" {heading} ") == second.index(f" {heading} ")


def test_the_time_goes_on_where_the_run_resumes(tick):
    (line,) = tick({}, seconds=3600.0)
    assert "time  1:01:05" in line


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_numbers_that_are_not_finite_are_shown(tick, bad):
    (line,) = tick({"Loss/G/loss": bad, "Nonfinite/Gmain": 2.5, "Nonfinite/Dmain": 1.0})
    assert f"G    {bad}" in line
    assert line.endswith("nonfinite 3.5")


def test_the_bar_counts_images_from_where_the_run_resumes(tick):
    tick({}, {}, images=300)
    assert tick.bar.total == 1000
    assert tick.bar.n == 500
    assert tick.bar.disable  # closed


def test_lines_are_appended_to_the_log(tmp_path, capsys):
    path = tmp_path / "log.txt"
    path.write_text("before\n")
    log = RunLog(path)
    log("größer")
    log("second")
    assert path.read_text(encoding="utf-8") == "before\ngrößer\nsecond\n"
    RunLog()("only printed")
    assert capsys.readouterr().out == "größer\nsecond\nonly printed\n"
