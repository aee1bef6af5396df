"""The `distill` and `evaluate_edits` verbs, from a tiny generator to a report."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from absl import flags
from PIL import Image

from tests.editing.teachers import NAMES, save_generator, save_scorer
from tfgan_edit import distill as verb
from tfgan_edit import evaluate_edits
from tfgan_edit.config import UserError
from tfgan_edit.data.pairs import PairsWriter, open_pairs
from tfgan_edit.distill_report import Report, loss_curves, stacked
from tfgan_edit.editing import pairs as module
from tfgan_edit.editing.directions import Direction
from tfgan_edit.preset import load_preset


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("teacher")
    save_generator(folder / "faces")
    save_scorer(folder / "scorer.keras")
    return folder


@pytest.fixture(scope="module")
def distilled(folder):
    """The folder of a finished distillation with a student."""
    out = folder / "bright"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "SETS_PER_PART", 32)
        distill(folder, out)
    return out


def distill(folder, out, *arguments):
    values = flags.FlagValues()
    verb.define_flags(values)
    recipe = (
        "total_kimg=0.016", "tick_kimg=0.008", "batch_size=4", "trainer.width=4",
        "trainer.num_blocks=1", "trainer.d_width=4", "trainer.perceptual_weight=0",
        "trainer.constant_kimg=0.008", "trainer.decay_kimg=0.008",
    )
    values([
        "distill", f"--preset={folder / 'faces'}", f"--scorer={folder / 'scorer.keras'}",
        f"--scorer_names={','.join(NAMES)}", "--attribute=bright", f"--out={out}",
        "--latents=300", "--pairs=12", "--keep=none", "--test=6", "--student=mobile-s",
        f"--faces={out / 'pairs'}", *(f"--set={change}" for change in recipe), *arguments,
    ])
    verb.distill(values)


@pytest.mark.large
def test_from_a_generator_to_a_report(distilled, folder, capsys):
    direction = load_preset(folder / "faces").sha256
    pairs = open_pairs(distilled / "pairs")
    assert pairs.num == 12 and pairs.manifest["parents"]["generator"] == direction
    student = load_preset(distilled / "student")
    assert type(student.networks["generator"]).__name__ == "MobilePix2PixHDGenerator"
    teacher = load_preset(distilled / "pix2pixhd")
    assert teacher.sha256 in student.metadata["parents"]
    results = [
        json.loads((distilled / "evaluation" / number / "edits.jsonl").read_text())["results"]
        for number in ("0", "1")
    ]
    assert list(results[0]) == ["latent edit", "pix2pixhd", "student"]
    assert list(results[1]) == ["truth", "pix2pixhd", "student"]
    assert results[1]["truth"]["success"] == 1  # pairs were chosen so
    page = (distilled / "report.html").read_text()
    for path in [part.split('"')[0] for part in page.split('src="')[1:]]:
        assert (distilled / path).is_file(), path
    for words in ("--attribute=bright", "latent edit", "psnr_truth", pairs.hash):
        assert words in page
    with Image.open(distilled / "report.png") as picture:
        assert picture.size[0] >= 4 * 16


@pytest.mark.large
def test_the_same_command_again_does_nothing_twice(distilled, folder, capsys):
    def times():
        files = [p for p in distilled.rglob("*") if p.is_file() and "report" not in p.name]
        return {p: os.stat(p).st_mtime_ns for p in files if p.suffix in (".npz", ".h5", ".npy")}

    before = times()
    records = (distilled / "evaluation/0/edits.jsonl").read_text()
    capsys.readouterr()
    distill(folder, distilled)
    output = capsys.readouterr().out
    assert times() == before and (distilled / "evaluation/0/edits.jsonl").read_text() == records
    assert "is complete: 300 latents" in output and "is complete: 12 pairs" in output
    with pytest.raises(UserError, match=r"holds other pairs \(they differ in strengths\)"):
        distill(folder, distilled, "--strengths=-1,1")
    with pytest.raises(UserError, match="direction.npz was found with other settings"):
        distill(folder, distilled, "--method=svm")


def test_a_direction_copied_from_another_distillation_is_there(tmp_path, monkeypatch):
    def find(out, method="centres"):
        arguments = [f"--latents={out / 'latents'}", f"--out={out}", f"--method={method}"]
        verb.find(out / "direction.npz", arguments)

    def write(title, verb, arguments):
        found.append(title)
        (tmp_path / "first/direction.npz").touch()

    found = []
    monkeypatch.setattr(verb, "step", write)
    (tmp_path / "first").mkdir()
    find(tmp_path / "first")
    shutil.copytree(tmp_path / "first", tmp_path / "second")
    find(tmp_path / "second")
    assert found == ["direction"]
    with pytest.raises(UserError, match="was found with other settings"):
        find(tmp_path / "second", "svm")


def test_photos_without_features_are_refused_before_all_else(folder, tmp_path, monkeypatch):
    def find_file(name):
        raise UserError(name)

    monkeypatch.setattr(verb, "find_file", find_file)
    with pytest.raises(UserError, match=r"--real .*pip install -e \"\.\[weights\]\""):
        distill(folder, tmp_path / "bright", "--real=photos")
    assert not (tmp_path / "bright").exists()


@pytest.mark.large
def test_evaluate_edits_alone(distilled, folder, tmp_path, capsys):
    values = flags.FlagValues()
    evaluate_edits.define_flags(values)
    values([
        "evaluate_edits", f"--editor={distilled / 'student'}", "--attribute=bright",
        f"--scorer={folder / 'scorer.keras'}", f"--scorer_names={','.join(NAMES)}",
        f"--faces={distilled / 'pairs'}", f"--out={tmp_path}", "--features=none", "--num=5",
    ])
    evaluate_edits.main(values)
    output = capsys.readouterr().out
    record = json.loads((tmp_path / "edits.jsonl").read_text())
    assert record["results"]["student"]["num"] == 5
    assert record["parents"]["editors"]["student"]["generator"] == load_preset(
        distilled / "student"
    ).sha256
    assert output.splitlines()[0].split() == ["truth", "student"]
    assert (tmp_path / "edits-pairs.png").is_file()


def test_a_direction_is_measured_without_an_editor(folder, tmp_path):
    Direction(np.eye(8)[0]).save(tmp_path / "first.npz")
    values = flags.FlagValues()
    evaluate_edits.define_flags(values)
    values([
        "evaluate_edits", "--attribute=bright", f"--scorer={folder / 'scorer.keras'}",
        f"--scorer_names={','.join(NAMES)}", f"--faces=generated:{folder / 'faces'}",
        f"--direction={tmp_path / 'first.npz'}", "--strength=1", "--num=4",
        f"--out={tmp_path}", "--features=none",
    ])
    numbers, picture = evaluate_edits.run(values)
    assert list(numbers) == ["latent edit"] and numbers["latent edit"]["num"] == 4
    assert picture.is_file()


@pytest.mark.parametrize(
    "arguments, match",
    [
        ([], "--editor is missing; see --help for examples"),
        (["--editor=x", "--scorer=x", "--attribute=x", "--faces=x", "--out=x", "--strength=1"],
         "give both --direction and --strength, or neither"),
        (["--scorer=x", "--attribute=x", "--faces=x", "--out=x", "--direction=x"],
         "--editor is missing: --direction alone edits generated:PRESET, not x"),
    ],
)
def test_mistakes_of_evaluate_edits(arguments, match):
    values = flags.FlagValues()
    evaluate_edits.define_flags(values)
    values(["evaluate_edits", *arguments])
    with pytest.raises(UserError, match=match):
        evaluate_edits.run(values)


# === the report ===


def test_a_report_escapes_its_text(tmp_path):
    picture = tmp_path / "a.png"
    Image.new("RGB", (4, 4)).save(picture)
    page = Report(tmp_path, "a<b>")
    page.heading("x & y")
    page.table(["<n>"], [["one", 0.123456], ["two", 2]])
    page.picture(picture, 'say "cheese"', sample=True)
    page.write()
    text = (tmp_path / "report.html").read_text()
    assert "<title>a&lt;b&gt;</title>" in text and "x &amp; y" in text
    assert "<td>0.1235</td>" in text and 'src="a.png"' in text
    assert "&quot;cheese&quot;" in text and (tmp_path / "report.png").is_file()


def test_photos_below_each_other():
    photos = [np.zeros((2, 3, 3), np.uint8), np.ones((4, 5, 3), np.uint8)]
    result = stacked(photos)
    assert result.shape == (2 + 8 + 4 + 8, 5, 3)
    assert (result[:2, :3] == 0).all() and (result[:2, 3:] == 255).all()
    assert (result[10:14] == 1).all()


def test_curves_of_losses(tmp_path):
    assert loss_curves(tmp_path) is None
    lines = [{"kimg": k, "Loss/G/loss": 1.0 + k, "Loss/D/loss": None} for k in (1.0, 2.0)]
    Path(tmp_path / "stats.jsonl").write_text("\n".join(map(json.dumps, lines)))
    assert loss_curves(tmp_path).shape == (500, 800, 3)


def test_the_default_recipe_grows_with_the_pairs(tmp_path):
    for side, width, downsamplings in ((16, 16, 1), (64, 16, 3), (512, 64, 4)):
        with PairsWriter(tmp_path / str(side), (side, side)) as writer:
            writer.add(*np.zeros((2, side, side, 3), np.uint8))
        trainer = verb.default_recipe(tmp_path / str(side)).trainer
        assert (trainer.width, trainer.num_downsamplings) == (width, downsamplings)
