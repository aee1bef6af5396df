"""The `score_latents` verb."""

import numpy as np
import pytest
from absl import flags

from tests.editing import tiny_faces
from tfgan_edit import score_latents as verb
from tfgan_edit.config import UserError
from tfgan_edit.editing.latents import open_latents
from tfgan_edit.preset import load_preset


@pytest.fixture(scope="module")
def presets(tmp_path_factory):
    folder = tmp_path_factory.mktemp("presets")
    tiny_faces.save_presets(folder)
    return folder


@pytest.fixture
def run(presets, tmp_path, monkeypatch):
    """Runs the verb in this process, in an empty folder, with the presets' paths filled in."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        values = flags.FlagValues()
        verb.define_flags(values)
        values(["score_latents", *(text.format(presets=presets) for text in arguments)])
        verb.main(values)

    return run


FACES = ("--preset={presets}/generator", "--scorer={presets}/classifier", "--out=latents")


def test_it_writes_a_folder_and_says_where(run, capsys):
    run(*FACES, "--num=12", "--seed=5", "--truncation=0.5")
    assert "wrote latents: 12 latents, 12 of them now" in capsys.readouterr().out
    latents = open_latents("latents")
    assert (len(latents), latents.manifest["seed"], latents.manifest["truncation"]) == (12, 5, 0.5)
    run(*FACES, "--num=12", "--seed=5", "--truncation=0.5")
    assert capsys.readouterr().out == "latents is complete: 12 latents\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (FACES[:2], "--out is missing"),
        (FACES[1:], "--preset is missing"),
        ((*FACES, "--truncation_cutoff=9"), "truncation_cutoff must be in 0-4"),
        ((*FACES, "--truncation=nan"), "truncation must be finite"),
        ((*FACES, "--label=1"), "has no labels; leave the flag out"),
        ((*FACES, "--scorer_names=a"), "the classifier of preset .* has its own"),
        (("--preset={presets}/classifier", *FACES[1:]), "has no network 'generator'"),
    ],
)
def test_mistakes_are_named(run, arguments, message):
    with pytest.raises(UserError, match=message):
        run(*arguments)


def test_a_conditional_generator_needs_a_label(run, tmp_path):
    tiny_faces.save_presets(tmp_path / "conditional", label_dim=2)
    conditional = (f"--preset={tmp_path}/conditional/generator", *FACES[1:], "--num=3")
    with pytest.raises(UserError, match="--label is missing: .* has 2 classes"):
        run(*conditional)
    with pytest.raises(UserError, match="--label: must be a class in 0-1"):
        run(*conditional, "--label=2")
    run(*conditional, "--label=1")
    latents = open_latents("latents")
    assert latents.manifest["label"] == [0, 1]
    generator = load_preset(tmp_path / "conditional/generator").networks["generator"]
    labels = np.tile(np.array([0, 1], np.float32), (3, 1))
    expected = generator.mapping(latents.z, labels=labels)[:, 0]
    np.testing.assert_allclose(latents.w, expected, atol=1e-5)
