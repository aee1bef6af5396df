"""The verb that measures exported files as editors."""

import json

import numpy as np
import pytest
from absl import flags

from export import evaluate as verb
from export import exporter
from tests.editing.teachers import NAMES, save_scorer
from tests.export.tiny_presets import save
from tfgan_edit.config import UserError
from tfgan_edit.data.pairs import PairsWriter
from tfgan_edit.editing.editors import load_editor

pytest.importorskip("ai_edge_litert")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Presets, exports of them, a scorer and pairs of 16 px."""
    folder = tmp_path_factory.mktemp("exports")
    for name in ("student", "stylegan2"):
        save(folder / "presets", name)
        settings = exporter.Settings(check_gpu=False)
        exporter.export(folder / "presets" / name, folder / f"{name}_file", settings)
    save_scorer(folder / "scorer.keras")
    random = np.random.RandomState(0)
    with PairsWriter(folder / "pairs", (16, 16), planes=("photo",) * 3) as writer:
        for pair in random.randint(0, 256, (6, 2, 16, 16, 3), np.uint8):
            writer.add(*pair)
    return folder


@pytest.fixture
def run(folder, tmp_path):
    def run(*arguments):
        values = flags.FlagValues()
        verb.define_flags(values)
        values([
            "evaluate", f"--scorer={folder / 'scorer.keras'}", f"--scorer_names={','.join(NAMES)}",
            "--attribute=bright", f"--faces={folder / 'pairs'}", "--features=none", "--num=6",
            f"--out={tmp_path}", *arguments,
        ])
        verb.main(values)
        return json.loads((tmp_path / "edits.jsonl").read_text())

    return run


def test_a_file_edits_as_its_preset_does(run, folder, tmp_path, capsys):
    record = run(f"--exports={folder / 'student_file'}", f"--editor={folder / 'presets/student'}")
    file, keras = (record["results"][name] for name in ("student_file", "student"))
    assert file["success"] == keras["success"]
    assert file["psnr_truth"] == pytest.approx(keras["psnr_truth"], abs=0.05)
    parents = record["parents"]["editors"]
    assert parents["student_file"]["preset"] == parents["student"]["generator"]
    assert len(parents["student_file"]["model.tflite"]) == 64
    assert (tmp_path / "edits-pairs.png").is_file()
    assert " student_file" in capsys.readouterr().out


def test_photos_go_through_the_file(folder):
    photos = np.random.RandomState(1).randint(0, 256, (3, 16, 16, 3), np.uint8)
    edited = verb.ExportedEditor(folder / "student_file")(photos)
    keras = load_editor(folder / "presets/student")(photos)
    assert edited.dtype == np.uint8 and np.abs(edited.astype(int) - keras).max() <= 1


def test_files_that_cannot_be_measured(run, folder, tmp_path):
    with pytest.raises(UserError, match="--exports is missing"):
        run()
    with pytest.raises(UserError, match="there is no export.json of python -m export"):
        run(f"--exports={tmp_path}")
    with pytest.raises(UserError, match="only files that make one photo of one photo"):
        run(f"--exports={folder / 'stylegan2_file'}")
    with pytest.raises(UserError, match="two of them have one name"):
        run(f"--exports={folder / 'student_file'},{folder / 'student_file'}")
