"""The `train` verb: a run folder, interruption at any point, and what a user can get wrong."""

import dataclasses
import json
import os
import shlex
import signal
import subprocess
import sys
import time
import types
from pathlib import Path

import h5py
import numpy as np
import pytest
from PIL import Image

import tfgan_edit
from tfgan_edit import quick_start, train
from tfgan_edit.config import UserError, load_recipe, override
from tfgan_edit.run import Run, licence, tiny

RECIPES = sorted((Path(__file__).parent.parent / "configs").glob("*.py"))

# 12 steps of two phase combinations, three steps a tick.
RECIPE = """
import dataclasses
from tfgan_edit import quick_start, train
from tfgan_edit.run import tiny


def get_config():
    config = tiny(quick_start.get_config())
    return dataclasses.replace(
        config,
        name="interrupted",
        trainer=dataclasses.replace(
            config.trainer, r1_interval=2, path_length_weight=2.0, path_length_interval=2
        ),
        total_kimg=0.048,
        tick_kimg=0.012,
        precision="float32",
    )
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Working folder of the processes, with a recipe; drawn faces are kept in it."""
    folder = tmp_path_factory.mktemp("train")
    (folder / "recipe.py").write_text(RECIPE)
    return folder


def start(folder, *flags):
    env = {**os.environ, "CUDA_VISIBLE_DEVICES": "-1"}
    return subprocess.Popen(
        [sys.executable, "-m", "tfgan_edit.train", "--config", "recipe.py", *flags],
        cwd=folder,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process):
    output, errors = process.communicate(timeout=600)
    return process.returncode, output, errors


def wait_for_state(path, step, process):
    """Waits until the run has saved the state of a step, or more."""
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline and process.poll() is None:
        if any(int(p.name) >= step for p in path.glob("state/[0-9]*")):
            return
        time.sleep(0.02)
    raise AssertionError(f"no state of step {step}: {finish(process)}")


def newest_state(path):
    return sorted(path.glob("state/[0-9]*"))[-1]


def arrays(path):
    found = {}
    with h5py.File(newest_state(path) / "trainer.weights.h5") as file:
        file.visititems(
            lambda name, item: found.update({name: item[()]})
            if isinstance(item, h5py.Dataset)
            else None
        )
    return found


@pytest.fixture(scope="module")
def whole_run(folder):
    code, output, errors = finish(start(folder, "--workdir", "whole"))
    assert code == 0, errors[-3000:]
    return folder / "whole", output


def test_a_run_leaves_what_the_design_promises(whole_run):
    path, output = whole_run
    config = json.loads((path / "config.json").read_text())
    assert config["trainer"]["method"] == "stylegan2"
    records = [json.loads(line) for line in (path / "stats.jsonl").read_text().splitlines()]
    assert [record["step"] for record in records] == [3, 6, 9, 12]
    assert {"Loss/G/loss", "Loss/D/loss", "Loss/r1_penalty", "Loss/pl_penalty"} <= set(records[0])
    assert records[0]["kimg"] == pytest.approx(0.012)
    assert (path / "log.txt").read_text().count("tick") == 4
    assert list(path.glob("tensorboard/events*"))
    assert len(list(path.glob("samples/fakes*.png"))) == 5
    with Image.open(path / "samples" / "evolution.gif") as gif:
        assert gif.n_frames >= 2
    assert len(list(path.glob("state/[0-9]*"))) == 2
    preset = tfgan_edit.load_preset(path)
    assert preset.metadata["kimg"] == pytest.approx(0.048)
    images = preset.require("generator")(np.zeros((2, 16), np.float32))
    assert images.shape == (2, 16, 16, 3)
    assert "python -m tfgan_edit.generate --preset whole" in output


def test_terminated_killed_and_resumed_runs_end_bit_equal(whole_run, folder):
    path = folder / "broken"
    process = start(folder, "--workdir", "broken")
    wait_for_state(path, 3, process)
    process.send_signal(signal.SIGTERM)
    code, output, errors = finish(process)
    if code != 0:  # else it had already finished when the signal came
        assert code == 128 + signal.SIGTERM, errors[-3000:]
        assert "the state is saved" in output
        assert "python -m tfgan_edit.train --config recipe.py --workdir broken" in output
    step = int(newest_state(path).name)

    process = start(folder, "--workdir", "broken")
    wait_for_state(path, min(step + 3, 12), process)
    process.kill()
    finish(process)

    # A state that is damaged after that is not used either.
    newest = newest_state(path)
    weights = newest / "trainer.weights.h5"
    weights.write_bytes(weights.read_bytes()[:-100])
    code, output, errors = finish(start(folder, "--workdir", "broken"))
    assert code == 0, errors[-3000:]
    assert "cannot be used" in output and "resuming from step" in output

    expected, actual = arrays(whole_run[0]), arrays(path)
    assert set(actual) == set(expected)
    for name in expected:
        np.testing.assert_array_equal(actual[name], expected[name], err_msg=name)
    lines = [json.loads(line) for line in (path / "stats.jsonl").read_text().splitlines()]
    steps = [line["step"] for line in lines]
    assert steps == sorted(set(steps)) and steps[-1] == 12


def test_a_finished_run_says_so(whole_run, folder):
    code, output, _ = finish(start(folder, "--workdir", "whole"))
    assert code == 0
    assert "is complete: 12 of 12 steps" in output


def test_a_run_folder_of_another_recipe_is_refused(whole_run, folder):
    flags = ["--workdir", "whole", "--set", "trainer.r1_gamma=7"]
    code, _, errors = finish(start(folder, *flags))
    assert code == 2
    assert "belongs to another recipe (they differ in trainer.r1_gamma)" in errors
    assert "Traceback" not in errors


def test_dry_run_prints_sizes_and_estimates_and_writes_nothing(folder):
    code, output, errors = finish(start(folder, "--dry_run", "--workdir", "dry"))
    assert code == 0, errors[-3000:]
    for words in ('"r1_gamma"', "trainable parameters", "memory:", "images/s"):
        assert words in output
    assert not (folder / "dry").exists()


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda path: path.stem)
def test_every_recipe_builds_when_tiny(recipe, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = load_recipe(recipe)
    assert config.name.startswith(recipe.stem)
    run = Run(tiny(config))
    batch = next(run.batches(0))
    # Of a trainer that draws its own pictures: which they are; of one of two domains, a face each.
    shapes = {(4,)} if "positions" in batch else {(4, 16, 16, 3)}
    shown = {key for key in batch if key != "labels" and not key.startswith("face")}
    assert {batch[key].shape for key in shown} == shapes


@pytest.mark.large
@pytest.mark.parametrize("recipe", RECIPES, ids=lambda path: path.stem)
def test_every_recipe_trains_when_tiny(recipe, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Run(tiny(load_recipe(recipe)), tmp_path / "run").train()
    assert tfgan_edit.load_preset(tmp_path / "run").networks


@pytest.mark.parametrize(
    "changes, words",
    [
        ("precision=float8", "precision 'float8' is unknown"),
        ("batch_size=0", "batch_size must be positive"),
        ("batch_size=6", "trainer.group_size 4 does not divide the 6 images"),
        ("metrics=fid_50k", "metric 'fid_50k' is unknown"),
        ("frozen={'teacher': 'x'}", "uses no frozen networks"),
        ("jit_compile=maybe", "jit_compile must be auto, on or off"),
        ("strategy=cluster", "strategy 'cluster' is unknown"),
        ("strategy=multiworker", "needs the environment variable TF_CONFIG"),
        ("data.source=avatars:nobody", "nobody"),
        ("data.source=does/not/exist", "does/not/exist"),
        ("data.resolution=20", "resolution"),
        ("trainer.g_architecture=unet", "architecture must be one of"),
    ],
)
def test_wrong_values_are_named_in_one_line(changes, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TF_CONFIG", raising=False)
    with pytest.raises(UserError) as caught:
        Run(override(tiny(quick_start.get_config()), [changes]))
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_run_goes_on_in_the_precision_it_began_with(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = dataclasses.replace(tiny(quick_start.get_config()), total_kimg=0.004)
    assert config.precision == "auto"
    monkeypatch.setattr("tfgan_edit.run.default_precision", lambda setting: "mixed_bfloat16")
    Run(config, "run").train()
    assert json.loads(Path("run/config.json").read_text())["precision"] == "mixed_bfloat16"
    monkeypatch.undo()  # now on another machine
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tfgan_edit.run.default_precision", lambda setting: "float32")
    assert Run(config, "run").config.precision == "mixed_bfloat16"
    assert Run(config, "another").config.precision == "float32"


def test_one_run_folder_takes_one_process(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = dataclasses.replace(tiny(quick_start.get_config()), total_kimg=0.004)
    first, second = Run(config, "run"), Run(config, "run")
    from tfgan_edit.run import _lock

    with _lock(first.workdir):
        with pytest.raises(UserError, match="in use by another process"):
            second.train()


def test_the_command_to_go_on_can_be_pasted(monkeypatch):
    words = ["x", "--set", "frozen={'teacher': 'a b'}", "--tiny"]
    monkeypatch.setattr(sys, "argv", words)
    command = train._command()
    assert shlex.split(command) == ["python", "-m", "tfgan_edit.train", *words[1:]]


def test_model_cards_keep_the_licences_of_data_and_of_frozen_networks():
    teacher = types.SimpleNamespace(metadata={"licence": "of the teacher."})
    silent = types.SimpleNamespace(metadata={})
    artwork = {"title": "Faces", "author": "A", "licence": "CC0"}
    for manifest, presets, expected in (
        ({}, [], "that of the data it was trained on"),
        ({"artwork": artwork}, [silent], "artwork: Faces by A, CC0"),
        ({"licence": "of the teacher."}, [teacher], "of the teacher."),
        ({"domains": [{"artwork": artwork}] * 2}, [], "artwork: Faces by A, CC0"),
        (
            {"domains": [{"artwork": artwork}, {}]},
            [],
            "artwork: Faces by A, CC0; that of the data it was trained on",
        ),
        ({}, [teacher, silent], "that of the data it was trained on; of the teacher."),
    ):
        assert licence(manifest, presets) == expected
