"""`edit --serve`: which flags it takes, and the whole of it in a process of its own."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from absl import flags

from tests.edit_page.conftest import png, some_photo
from tests.serving import ask
from tfgan_edit import edit
from tfgan_edit.config import UserError
from tfgan_edit.edit_page.start import given_photos
from tfgan_edit.editing.directions import Direction
from tfgan_edit.preset import load_preset


def parsed(*arguments):
    values = flags.FlagValues()
    edit.define_flags(values)
    values(["edit", "--serve", *arguments])
    return values


@pytest.mark.parametrize(
    "arguments, message",
    (
        ([], "--preset is missing"),
        (["--preset=p", "--mask=left"], "--mask is not for --serve"),
        (["--preset=p", "--out=x.png"], "--out is not for --serve"),
        (["--preset=p", "--strength=2"], "--strength is not for --serve"),
    ),
)
def test_flags_that_the_page_does_not_read(arguments, message):
    with pytest.raises(UserError, match=message):
        edit.main(parsed(*arguments))


def test_given_photos(tmp_path):
    for name in "abcd":
        (tmp_path / f"{name}.png").write_bytes(name.encode())
    names = [str(tmp_path / f"{name}.png") for name in "abcd"]
    given = given_photos(parsed(f"--photo={names[0]}", f"--reference={names[1]},{names[2]}"))
    assert given == [("a.png", b"a"), ("b.png", b"b"), ("c.png", b"c")]
    assert given_photos(parsed(f"--reference={names[1]}")) == [None, ("b.png", b"b")]
    with pytest.raises(UserError, match="up to 3 references"):
        given_photos(parsed(f"--reference={','.join(names)}"))
    with pytest.raises(UserError, match="--photo=nowhere.png cannot be read: No such file"):
        given_photos(parsed("--photo=nowhere.png"))


def test_what_is_served(preset_folder, monkeypatch, tmp_path):
    """The page of the preset with its direction as a slider, at the port that was asked for."""
    served = []
    monkeypatch.setattr("tfgan_edit.local_page.run", lambda app, **values: served.append(values))
    made = []
    monkeypatch.setattr(
        "tfgan_edit.edit_page.server.make_edit_app",
        lambda editor, **values: made.append((editor, values)),
    )
    shape = load_preset(preset_folder).networks["generator"].stylemap_shape
    direction = Direction(np.ones(shape, np.float32), metadata={"attribute": "smile"})
    direction.save(tmp_path / "smile.npz")
    edit.main(
        parsed(f"--preset={preset_folder}", f"--direction={tmp_path / 'smile.npz'}", "--port=8013")
    )
    ((editor, values),) = made
    assert editor.direction is None and values["direction"].name == "smile"
    assert served == [{"port": 8013, "open_browser": False}]


@pytest.mark.large
def test_the_verb_serves_until_it_is_stopped(preset_folder, tmp_path):
    (tmp_path / "me.png").write_bytes(png(some_photo(0)))
    command = ["-m", "tfgan_edit.edit", f"--preset={preset_folder}", "--serve", "--photo=me.png"]
    with subprocess.Popen(
        [sys.executable, *command],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(edit.__file__).parents[1])},
    ) as process:
        line = process.stdout.readline()
        url = line.split()[0]
        known = json.loads(ask(url, "/api/page")[2])
        session = json.loads(ask(url, "/api/sessions", "POST")[2])["session"]
        photo = ask(url, "/api/given/0")[2]
        added = ask(url, f"/api/sessions/{session}/photos", "POST", photo)[0]
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=120)
    assert url.startswith("http://127.0.0.1:") and line.endswith("(Ctrl-C stops)\n")
    assert known["preset"] == "tiny faces" and known["given"] == ["me.png"]
    assert added == 200
    assert (process.returncode, output) == (0, "") and "Traceback" not in errors
