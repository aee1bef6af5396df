"""Exports come to the Android demo whole and checked, or not at all."""

import json

import pytest
from absl import flags

from export import android
from tfgan_edit.config import UserError
from tfgan_edit.storage import sha256_of, write_json

PHOTO = {"name": "photo", "kind": "photo", "distribution": None}
STYLE = {"name": "style", "kind": "latent", "distribution": "standard_normal"}
LABELS = {"name": "labels", "kind": "labels", "distribution": None}


@pytest.fixture
def export(tmp_path):
    """export("a", inputs=[…], **changes) writes such an export and returns its folder."""

    def export(name, inputs=(PHOTO,), **changes):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "model.tflite").write_bytes(name.encode())
        files = {"model.tflite": {"bytes": 1, "sha256": sha256_of(folder / "model.tflite")}}
        record = {
            "format": "tfgan_edit export", "format_version": 1, "file_format": "tflite",
            "files": files, "task": "some", "framing": {},
            "signatures": [{"inputs": list(inputs)}],
        }
        write_json(folder / "export.json", record | changes)
        return folder

    return export


@pytest.fixture
def run(tmp_path):
    """run("--models=…") -> {name: entry} of models.json."""

    def run(*arguments):
        values = flags.FlagValues()
        android.define_flags(values)
        values(["android", f"--assets={tmp_path / 'assets'}", *arguments])
        android.main(values)
        found = json.loads((tmp_path / "assets/models.json").read_text())
        assert (found["format"], found["format_version"]) == ("tfgan_edit models", 1)
        return {entry["folder"]: entry for entry in found["models"]}

    return run


def snapshot(folder):
    return {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_models_are_added_replaced_and_removed(export, run, tmp_path, capsys):
    smile, roses = export("Smile_fp16"), export("b", inputs=[PHOTO, STYLE])
    found = run(f"--models={smile}", "--title=Ein Lächeln")
    assert found["smile_fp16"]["title"] == "Ein Lächeln"
    assert "smile_fp16: Ein Lächeln" in capsys.readouterr().out
    (smile / "notes.txt").write_text("stays")
    found = run(f"--models={roses},{smile}")
    assert list(found) == ["smile_fp16", "b"] and found["smile_fp16"]["title"] == "Smile fp16"
    assets = tmp_path / "assets"
    for name, source in {"smile_fp16": smile, "b": roses}.items():
        assert found[name]["sha256"] == sha256_of(source / "export.json")
        for file in ("model.tflite", "export.json"):
            assert (assets / name / file).read_bytes() == (source / file).read_bytes()
    assert not (assets / "smile_fp16/notes.txt").exists()
    found = run("--remove=smile_fp16")
    assert list(found) == ["b"] and not (assets / "smile_fp16").exists()


def test_what_cannot_be_shown_changes_nothing(export, run, tmp_path):
    run(f"--models={export('good')}")
    before = snapshot(tmp_path / "assets")
    damaged = export("damaged")
    (damaged / "model.tflite").write_bytes(b"other")
    wrong = {
        damaged: "is not the file that was exported",
        export("onnx", file_format="onnx"): "is for onnx; phones take --format=tflite",
        export("later", format_version=9): "is of version 9: export it again",
        export("faces", inputs=[STYLE], framing=None): r"it edits no photo \(some\)",
        export("labels", inputs=[PHOTO, LABELS]): r"nothing there gives its input labels",
        export("foreign", format="x"): "is no export",
        tmp_path / "missing": "is no export",
    }
    other = export("other")
    for path, reason in wrong.items():
        with pytest.raises(UserError, match=reason):
            run(f"--models={other},{path}")
    (tmp_path / "below").mkdir()
    twin = export("below/other")
    unnamed = export("ü")
    for arguments, reason in (
        ([f"--models={other},{twin}"], "two exports are named other"),
        ([f"--models={unnamed}"], "no letters or digits"),
        ([f"--models={other},{twin}", "--title=x"], "--title=x is of one model"),
        (["--remove=nothing"], "--remove=nothing: installed are good"),
        ([], "--models is missing"),
    ):
        with pytest.raises(UserError, match=reason):
            run(*arguments)
    assert snapshot(tmp_path / "assets") == before


def test_other_folders_are_left_alone(export, run, tmp_path):
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets/photo.jpg").write_bytes(b"mine")
    with pytest.raises(UserError, match="holds other files"):
        run(f"--models={export('a')}")
    (tmp_path / "assets/photo.jpg").rename(tmp_path / "assets/models.json")
    write_json(tmp_path / "assets/models.json", {"format": "tfgan_edit models"})
    with pytest.raises(UserError, match="another version"):
        run(f"--models={tmp_path / 'a'}")
