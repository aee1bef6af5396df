"""The `make_pairs` verb."""

import json
from pathlib import Path

import numpy as np
import pytest
from absl import flags

from tests.editing.teachers import NAMES, bright_direction, save_generator, save_scorer
from tfgan_edit import make_pairs as verb
from tfgan_edit.config import UserError
from tfgan_edit.data.pairs import open_pairs
from tfgan_edit.editing import pairs as module
from tfgan_edit.editing.directions import Direction


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A generator, a scorer and two directions."""
    folder = tmp_path_factory.mktemp("teacher")
    preset = save_generator(folder / "faces")
    save_scorer(folder / "scorer.keras")
    bright_direction(preset).save(folder / "bright.npz")
    Direction(np.ones(8)).save(folder / "plain.npz")
    return folder


@pytest.fixture
def run(folder, tmp_path, monkeypatch):
    """Runs the verb in this process, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(module, "SETS_PER_PART", 32)

    def run(*arguments):
        values = flags.FlagValues()
        verb.define_flags(values)
        values(["make_pairs", f"--preset={folder / 'faces'}", "--out=pairs", *arguments])
        verb.main(values)

    return run


def along(folder, *arguments):
    """Flags of pairs along the direction."""
    return (
        f"--direction={folder}/bright.npz",
        f"--scorer={folder}/scorer.keras",
        f"--scorer_names={','.join(NAMES)}",
        *arguments,
    )


def test_pairs_along_a_direction(run, folder, capsys):
    arguments = along(
        folder, "--num=9", "--keep=all", "--max_distance=pixels=1.5", "--region=0,0,1,0.5"
    )
    run(*arguments)
    output = capsys.readouterr().out
    assert "wrote pairs: 9 pairs; " in output and "sets a minute, drawing" in output
    assert "look at pairs/pairs.png" in output
    pairs = open_pairs("pairs")
    request = pairs.manifest["request"]
    assert request["strengths"] == [-2.0, -1.0, 0.0, 1.0, 2.0]  # the classes are 2 units apart
    assert request["keep"] == ["red", "tone"] and request["attribute"] == "bright"
    assert request["bounds"] == [
        {"name": "pixels", "bound": 1.5, "region": [0.0, 0.0, 1.0, 0.5], "by": None}
    ]
    assert sum(pairs.manifest["rejected"].values()) > 0
    assert "rejected: no picture certain of" in output
    run(*arguments)
    assert capsys.readouterr().out == "pairs is complete: 9 pairs\n"


def test_optimised_pairs(run, folder):
    run(*along(
        folder, "--num=4", "--keep=all", "--refine=12", "--refine_layers=0-5", "--balance=all",
        "--refine_pixel_weight=0.5", "--threshold=0.6",
    ))
    request = open_pairs("pairs").manifest["request"]
    assert request["refinement"]["steps"] == 12
    assert request["refinement"]["layers"] == [0, 1, 2, 3, 4, 5]
    assert request["balance"] == ["red", "tone"]


def test_optimising_by_mistake(run, folder):
    with pytest.raises(UserError, match="--refine_layers is for --refine, which is missing"):
        run(*along(folder, "--refine_layers=2"))
    with pytest.raises(UserError, match="--refine_layers: must be"):
        run(*along(folder, "--refine=2", "--refine_layers=90"))
    with pytest.raises(UserError, match="--balance is for pairs along a --direction"):
        run("--blend=0.5", "--balance=all")


def test_triplets(run):
    run("--mix_layers=0-1", "--num=3", "--seed=4", "--resolution=8")
    manifest = json.loads(Path("pairs/manifest.json").read_text())
    assert manifest["request"]["layers"] == [0, 1] and manifest["resolution"] == [8, 8]
    assert manifest["num"] == 3 and len(manifest["planes"]) == 6


@pytest.mark.parametrize(
    "arguments, match",
    [
        ([], "give one of --direction, --mix_layers and --blend"),
        (["--blend=0.5", "--mix_layers=0"], "give one of --direction, --mix_layers and --blend"),
        (["--blend=0.5", "--keep=all"], "--keep is for pairs along a --direction, not for --blend"),
        (["--mix_layers=9"], "--mix_layers: must be coarse"),
        (["--out=", "--blend=0.5"], "--out is missing; see --help for examples"),
        (["--direction={}/bright.npz"], "--scorer is missing: it chooses the pairs"),
        ([*along("{}"), "--attribute=brigth"], "'brigth' is unknown; did you mean bright"),
        ([*along("{}"), "--strengths=1,x"], "--strengths=1,x: must be numbers"),
        ([*along("{}"), "--max_distance=pixels"], "--max_distance pixels: must be NAME=BOUND"),
        ([*along("{}"), "--region=0,0,2,1"], "--region=0,0,2,1: LEFT,TOP,RIGHT,BOTTOM must rise"),
        ([*along("{}"), "--region=0,0,1,1"], "--region is for --max_distance pixels=BOUND"),
        (
            [*along("{}"), "--direction={}/plain.npz", "--attribute=red"],
            "--strengths is missing: direction 'direction' does not say how far apart",
        ),
    ],
)
def test_mistakes_are_one_line_and_leave_nothing(run, folder, tmp_path, arguments, match):
    with pytest.raises(UserError, match=match) as caught:
        run(*(str(argument).replace("{}", str(folder)) for argument in arguments))
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())
