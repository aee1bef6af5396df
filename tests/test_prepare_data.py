"""The verb `prepare_data`: help, report, exit codes."""

import os
import signal
import subprocess
import sys
import time

import pytest
from absl import flags
from PIL import Image

from tfgan_edit import prepare_data
from tfgan_edit.config import UserError
from tfgan_edit.data import open_records


def run(**values):
    parsed = flags.FlagValues()
    prepare_data.define_flags(parsed)
    parsed(["prepare_data", *(f"--{name}={value}" for name, value in values.items())])
    prepare_data.main(parsed)


def command(*arguments, **settings):
    return subprocess.Popen(
        [sys.executable, "-m", "tfgan_edit.prepare_data", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **settings,
    )


def test_the_report_says_how_many_where_and_what_next(tmp_path, capsys):
    dest = str(tmp_path / "faces")
    run(source="avatars:avataaars", dest=dest, resolution="12", num=3, workers=1)
    said = capsys.readouterr().out
    assert f"3 photos of 12x12, 29 label columns are in {dest}" in said
    assert "Pablo Stanley" in said and "not a power of two" in said
    assert f"next: python -m tfgan_edit.train --set data.source={dest}" in said
    run(source="avatars:avataaars", dest=dest, resolution="12", num=3, workers=1)
    assert "nothing to do" in capsys.readouterr().out


def test_the_report_names_what_was_left_out(tmp_path, capsys):
    for index in range(30):
        Image.new("RGB", (9, 9)).save(tmp_path / f"{index}.png")
    (tmp_path / "7.png").write_bytes(b"broken")
    dest = str(tmp_path / "out")
    run(source=str(tmp_path), dest=dest, resolution="8", workers=1)
    said = capsys.readouterr().out
    assert "left out: 1" in said and "7.png: not a picture" in said
    assert "enlarged" not in said


@pytest.mark.parametrize(
    "values, message",
    [
        (dict(dest="x"), "--source is missing"),
        (dict(source="avatars:avataaars"), "--dest is missing"),
        (dict(source="avatars:bob", dest="x"), "avatars:bob"),
    ],
)
def test_missing_and_wrong_flags_are_named(values, message):
    with pytest.raises(UserError, match=message):
        run(**values)


def test_a_wrong_value_ends_with_one_line_and_no_traceback(tmp_path):
    ended = command("--source", "nowhere", "--dest", "x", cwd=tmp_path)
    _, error = ended.communicate(timeout=100)
    lines = [line for line in error.splitlines() if line.startswith("error:")]
    assert ended.returncode == 2 and len(lines) == 1 and "'nowhere'" in lines[0]
    assert "Traceback" not in error
    assert os.listdir(tmp_path) == []


def test_being_terminated_leaves_nothing(tmp_path):
    running = command(
        *("--source", "avatars:avataaars", "--dest", "faces", "--num", "100000"),
        cwd=tmp_path,
    )
    for _ in range(600):
        if os.listdir(tmp_path) or running.poll() is not None:
            break
        time.sleep(0.1)
    time.sleep(1.0)  # into the drawing
    running.send_signal(signal.SIGTERM)
    _, error = running.communicate(timeout=100)
    assert running.returncode == 130 and "interrupted" in error, error
    assert os.listdir(tmp_path) == []
    again = ("--source", "avatars:avataaars", "--dest", "faces", "--num", "2")
    running = command(*again, "--resolution", "8", cwd=tmp_path)
    running.communicate(timeout=100)
    assert running.returncode == 0
    assert open_records(tmp_path / "faces").num == 2
