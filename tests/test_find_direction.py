"""The `find_direction` verb."""

import pytest
from absl import flags
from PIL import Image

from tests.editing import tiny_faces
from tfgan_edit import find_direction as verb
from tfgan_edit.config import UserError
from tfgan_edit.editing.directions import load_direction
from tfgan_edit.editing.latents import score_latents
from tfgan_edit.editing.scorers import load_scorer
from tfgan_edit.preset import load_preset


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Presets, and 400 scored latents of them."""
    folder = tmp_path_factory.mktemp("faces")
    tiny_faces.save_presets(folder)
    preset, scorer = load_preset(folder / "generator"), load_scorer(folder / "classifier")
    score_latents(folder / "latents", preset, scorer, num=400)
    return folder


@pytest.fixture
def run(folder, tmp_path, monkeypatch):
    """Runs the verb in this process, in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        values = flags.FlagValues()
        verb.define_flags(values)
        values(["find_direction", f"--latents={folder / 'latents'}", "--out=d.npz", *arguments])
        verb.main(values)

    return run


SMILE = ("--attribute=smile", "--threshold=0.5")


def test_it_writes_the_direction_and_a_picture(run, folder, capsys):
    run(*SMILE, "--method=logistic", "--layers=0-1", "--seeds=1,2", "--condition_on=glasses")
    output = capsys.readouterr().out
    assert "wrote d.npz: smile by logistic of" in output and "held-out accuracy" in output
    direction = load_direction("d.npz")
    preset = load_preset(folder / "generator")
    assert direction.layers == (0, 1)
    assert direction.metadata["condition_on"] == ["glasses"]
    assert direction.metadata["parents"]["generator"]["sha256"] == preset.sha256
    with Image.open("d.png") as picture:
        width, height = picture.size
    assert width > 7 * 8 and height > 2 * 8


@pytest.mark.parametrize("method", ["sefa", "ganspace"])
def test_directions_without_attributes(run, method, capsys):
    run(f"--method={method}", "--component=1", "--seeds=0")
    assert f"wrote d.npz: {method}_1" in capsys.readouterr().out
    assert load_direction("d.npz").metadata["component"] == 1


def test_mistakes_are_named(run, folder, tmp_path):
    other = tmp_path / "other"
    tiny_faces.save_presets(other, label_dim=2)
    for arguments, message in (
        ((), "--attribute is missing: centres finds the direction of one"),
        (("--method=sefa", "--attribute=smile"), "--attribute is for centres, logistic, svm"),
        ((*SMILE, "--component=1"), "--component is for sefa, ganspace"),
        ((*SMILE, "--layers=7"), "--layers: must be"),
        ((*SMILE, "--seeds=x"), "--seeds: must be like"),
        ((*SMILE, f"--preset={other / 'generator'}"), "found for another generator"),
        ((*SMILE, "--out=d.txt"), "must end in .npz"),
        ((*SMILE, "--latents=nowhere"), "no latents at nowhere"),
        (("--attribute=smiles",), "did you mean smile"),
    ):
        with pytest.raises(UserError, match=message):
            run(*arguments)
