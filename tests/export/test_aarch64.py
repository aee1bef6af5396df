"""A file on an emulated ARM processor; here mostly on this machine's, by the same path."""

import os
import sys

import numpy as np
import pytest

from export import aarch64, exporter
from tests.export.test_exporter import presets, run  # noqa: F401 - fixtures
from tests.tools import require_tool
from tfgan_edit.config import UserError

pytest.importorskip("ai_edge_litert")


@pytest.fixture
def own_processor(monkeypatch, tmp_path):
    """A folder that passes for an emulated system, whose processor is this machine's."""
    monkeypatch.setattr(aarch64, "emulated", lambda folder: ([sys.executable, "-P"], os.environ))
    return str(tmp_path)


@pytest.fixture(scope="module")
def file(presets, tmp_path_factory):  # noqa: F811
    """(path, quantisation, example) of an exported student."""
    out = tmp_path_factory.mktemp("exports") / "student"
    settings = exporter.Settings(check_gpu=False)
    record = exporter.export(presets / "student", out, settings)
    inputs = {"photo": np.random.RandomState(0).rand(1, 16, 16, 3).astype(np.float32)}
    return out / "model.tflite", {"edit": (inputs, exporter.runner_of(out, record)("edit", inputs))}


def test_equal_outputs_pass(file, own_processor):
    path, example = file
    assert aarch64.check(path, example, "none", own_processor) == {
        "status": "passed",
        "max_error": 0.0,
    }


def test_other_outputs_differ(file, own_processor):
    path, example = file
    inputs, outputs = example["edit"]
    moved = {"edit": (inputs, {"edited": outputs["edited"] + 0.005})}
    found = aarch64.check(path, moved, "none", own_processor)
    assert found["status"] == "differs" and found["max_error"] == pytest.approx(0.005, rel=1e-3)
    assert aarch64.check(path, moved, "int8", own_processor)["status"] == "passed"


def test_a_crash_is_told(file, own_processor, tmp_path):
    (tmp_path / "broken.tflite").write_bytes(b"TFL3 of no use")
    found = aarch64.check(tmp_path / "broken.tflite", file[1], "none", own_processor)
    assert found["status"] == "not checked" and found["reason"]


def test_the_record_and_the_words(run, own_processor, capsys):  # noqa: F811
    record = run("student", "--nocheck_gpu", f"--aarch64={own_processor}")
    assert record["verification"]["aarch64"] == {"status": "passed", "max_error": 0.0}
    line = "64-bit ARM, emulated: passed, 0 from this machine's processor"
    assert line in capsys.readouterr().out


def test_what_cannot_be(run, tmp_path, monkeypatch, file):  # noqa: F811
    with pytest.raises(UserError, match="holds no emulated system: make one with"):
        run("student", f"--aarch64={tmp_path}")
    with pytest.raises(UserError, match="--aarch64 is for TFLite files; got --format=onnx"):
        run("student", "--format=onnx", f"--aarch64={tmp_path}")
    with pytest.raises(UserError, match="exists: it is ready, or choose another folder"):
        aarch64.prepare(tmp_path)
    (tmp_path / "root/usr/bin").mkdir(parents=True)
    (tmp_path / "root/usr/bin/python3.11").touch()
    monkeypatch.setattr(aarch64.shutil, "which", lambda name: None)
    assert aarch64.check(*file, "none", tmp_path) == {
        "status": "not checked",
        "reason": "no emulator: apt-get install qemu-user-static",
    }
    with pytest.raises(UserError, match="apt-get is missing: this needs Debian or Ubuntu"):
        aarch64.prepare(tmp_path / "new")


def test_a_failing_tool_is_named(tmp_path, monkeypatch):
    (tmp_path / "apt-get").write_text("#!/bin/sh\necho 'E: no such archive' >&2; exit 100\n")
    (tmp_path / "apt-get").chmod(0o755)
    (tmp_path / "dpkg-deb").symlink_to("/bin/true")
    monkeypatch.setenv("PATH", str(tmp_path))
    words = "the list of ARM packages: apt-get failed: E: no such archive"
    with pytest.raises(UserError, match=words):
        aarch64.prepare(tmp_path / "new")
    assert not (tmp_path / "new").exists()


@pytest.mark.large
def test_on_emulated_arm(presets, tmp_path):  # noqa: F811
    require_tool(aarch64.EMULATOR, aarch64.INSTALL)
    require_tool("dpkg-deb", "this needs Debian or Ubuntu")
    aarch64.prepare(tmp_path / "arm")
    settings = exporter.Settings(check_gpu=False, aarch64=str(tmp_path / "arm"))
    record = exporter.export(presets / "student", tmp_path / "out", settings)
    found = record["verification"]["aarch64"]
    assert found["status"] == "passed" and found["max_error"] < 1e-4
