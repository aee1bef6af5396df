"""Trainings of equal time: what runs, what is measured, and mistakes in one line."""

import json
import os
import signal
import sys
import threading
import time
import types

import numpy as np
import pytest
from absl import flags
from PIL import Image

from tests.metrics import tiny_extractor
from tfgan_edit import compare_trainings as verb
from tfgan_edit import train
from tfgan_edit.config import UserError
from tfgan_edit.data import RecordsWriter

PHOTOS = np.random.default_rng(0).integers(0, 256, (24, 16, 16, 3), np.uint8)
RECIPE = """
from tfgan_edit.config import RunConfig
from tfgan_edit.data.records import DataConfig
from tfgan_edit.trainers.dcgan import DCGANConfig


def get_config(name="small"):
    data = DataConfig(source="elsewhere", resolution=16, mirror=True)
    return RunConfig(name, DCGANConfig().tiny(), data, batch_size=4, tick_kimg=0.004)
"""


@pytest.fixture
def commands(monkeypatch):
    """Commands of trainings, which run in this process; the rival draws noise."""
    found = []

    def finish(what, command):
        found.append(command)
        if command[1] == "-m":
            values = flags.FlagValues()
            train.define_flags(values)
            values(["train", *command[3:]])
            return train.main(values)
        (what / "drawn").mkdir(exist_ok=True)
        for i, photo in enumerate(PHOTOS[:20] // 2):
            Image.fromarray(photo).save(what / "drawn" / f"{i}.png")
        (what / "facts.json").write_text('{"kimg": 0.03, "seconds": 1.5}')

    monkeypatch.setattr(verb, "finish", finish)
    return found


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs the verb in a folder with records, pictures and a recipe."""
    monkeypatch.chdir(tmp_path)
    tiny_extractor.install(monkeypatch, tmp_path / "weights")
    (tmp_path / "recipe.py").write_text(RECIPE)
    with RecordsWriter("records", (16, 16, 3)) as writer:
        for photo in PHOTOS:
            writer.add(photo)
    (tmp_path / "pictures").mkdir()
    Image.fromarray(PHOTOS[0]).save("pictures/0.png")

    def run(*arguments):
        values = flags.FlagValues()
        verb.define_flags(values)
        values(["compare_trainings", "--out=out", *arguments])
        verb.main(values)
        return json.loads((tmp_path / "out/comparison.json").read_text())

    return run


def test_trainings_of_equal_time_are_measured_alike(run, commands, tmp_path, capsys):
    names = ["--metrics=fd_lite0_20,kid_lite0_20", "--data=records"]
    rival = [f"--rival_python={fake_python(tmp_path)}", "--rival_set=network_capacity=8"]
    records = run("--recipe=recipe.py", *rival, *names, "--minutes=0.01", "--set=total_kimg=0.004")
    assert list(records) == ["small", verb.RIVAL]
    for record in records.values():
        assert set(record["results"]) == {
            "fd_lite0_20", "kid_lite0_20", "kid_lite0_20_subset_sd"
        }  # fmt: skip
        for measured in record["metrics"]:
            counts = {side: photos["num"] for side, photos in measured["pictures"].items()}
            assert counts == {"real": 20, "fake": 20}
        assert record["minutes"] == 0.01
    ours, theirs = records.values()
    assert ours["results"] != theirs["results"]
    assert (ours["kimg"], theirs["kimg"]) == (0.004, 0.03)
    assert ours["seconds"] > 0 and ours["generator"] > 0
    assert commands[1][2:] == [
        f"--workdir=out/{verb.RIVAL}", "--seconds=0.6", "--num=20", "--image_size=16",
        "--set=network_capacity=8",
    ]  # fmt: skip
    # It trains on the same pixels as the recipe, which mirrors them.
    written = tmp_path / "out" / verb.RIVAL / "photos"
    assert len(list(written.iterdir())) == 2 * len(PHOTOS)
    np.testing.assert_array_equal(np.asarray(Image.open(written / "000007.png")), PHOTOS[7])
    mirrored = np.asarray(Image.open(written / "000007_mirrored.png"))
    np.testing.assert_array_equal(mirrored, PHOTOS[7][:, ::-1])
    head, *rows = capsys.readouterr().out.splitlines()[-4:-1]
    assert head.split() == ["kimg", "fd_lite0_20", "kid_lite0_20", "kid_lite0_20_subset_sd"]
    assert [row.split()[:2] for row in rows] == [["small", "0.004"], [verb.RIVAL, "0.03"]]
    state = sorted((tmp_path / "out/small/state").iterdir())
    again = run("--recipe=recipe.py", *rival, *names, "--minutes=0.01", "--set=total_kimg=0.004")
    assert [r["results"] for r in again.values()] == [r["results"] for r in records.values()]
    assert sorted((tmp_path / "out/small/state").iterdir()) == state


def fake_python(folder):
    """An interpreter that finds every package."""
    path = folder / "python"
    path.write_text("#!/bin/sh\necho spec\necho spec\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    "arguments, match",
    [
        (["--recipe=recipe.py", "--minutes=1"], "--data is missing"),
        (["--recipe=recipe.py", "--data=records"], "--minutes is missing"),
        (["--data=records", "--minutes=1"], "--recipe is missing"),
        (["--recipe=x.py", "--data=records", "--minutes=1"], "recipe 'x.py' does not exist"),
        (["--recipe=recipe.py", "--data=pictures", "--minutes=1"], "make records of it by prepare"),
        (
            ["--recipe=recipe.py", "--recipe=recipe.py", "--data=records", "--minutes=1"],
            "--recipe=recipe.py: another training is called 'small' too",
        ),
        (
            ["--recipe=recipe.py", "--data=records", "--minutes=1", "--metrics=fd"],
            "metric 'fd' is unknown",
        ),
        (
            ["--recipe=recipe.py", "--data=records", "--minutes=1", "--rival_python=/no/python"],
            "--rival_python '/no/python' does not run",
        ),
    ],
)
def test_mistakes_are_one_line_before_anything_is_trained(run, commands, arguments, match):
    with pytest.raises(UserError, match=match) as caught:
        run(*arguments)
    assert "\n" not in str(caught.value) and not commands


def test_a_training_that_fails_is_named(capfd):
    with pytest.raises(UserError, match="the training out/x ended with code 3: see above"):
        verb.finish("out/x", [sys.executable, "-c", "raise SystemExit(3)"])


TRAINING = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, signal.default_int_handler)
signal.signal(signal.SIGINT, signal.default_int_handler)
try:
    with open("pid.new", "w") as file:
        file.write(str(os.getpid()))
    os.rename("pid.new", "pid")
    time.sleep(60)
except KeyboardInterrupt:
    time.sleep(0.5)
    open("saved", "w").close()
    sys.exit(130)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_training_that_is_stopped_may_save_its_state(tmp_path, monkeypatch, number):
    """A terminal stops both processes; a scheduler ends this one, which ends the other."""
    monkeypatch.chdir(tmp_path)

    def stop():
        while not (tmp_path / "pid").exists():
            time.sleep(0.01)
        if number == signal.SIGINT:
            os.kill(int((tmp_path / "pid").read_text()), number)
        os.kill(os.getpid(), number)

    # A shell that starts the tests in the background lets them ignore SIGINT.
    previous = signal.signal(signal.SIGINT, signal.default_int_handler)
    thread = threading.Thread(target=stop)
    thread.start()
    try:
        with pytest.raises(KeyboardInterrupt if number == signal.SIGINT else UserError):
            verb.finish("x", [sys.executable, "-c", TRAINING])
    finally:
        thread.join()
        signal.signal(signal.SIGINT, previous)
    assert (tmp_path / "saved").exists()


# === The rival's program, without the rival ===


class Trainer:
    """Steps in no time, of which the third fails."""

    batch_size, gradient_accumulate_every, steps = 5, 6, 0

    def __init__(self, folder, save_every):
        self.folder, self.save_every, self.tries = folder, save_every, 0
        weights = types.SimpleNamespace(numel=lambda: 6)
        network = types.SimpleNamespace(parameters=lambda: [weights])
        self.GAN = types.SimpleNamespace(G=network, S=network)

    def train(self):
        self.tries += 1
        if self.tries == 3:
            raise ArithmeticError
        self.steps += 1

    @property
    def checkpoint_num(self):
        return self.steps // self.save_every

    def model_name(self, number):
        return str(self.folder / f"model_{number}.pt")

    def save(self, number):
        (self.folder / f"model_{number}.pt").write_text("")


def test_the_rival_trains_until_its_time_is_over(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(verb.PROGRAM.parent)
    import rival_training as program

    clock = iter(range(1000))
    monkeypatch.setattr(program.time, "perf_counter", lambda: next(clock))
    trainer = Trainer(tmp_path, program.SAVE_STEPS)
    f = types.SimpleNamespace(workdir=tmp_path, seconds=50)
    facts = program.read_facts(tmp_path, {"image_size": 16})
    package = types.SimpleNamespace(NanException=ArithmeticError)
    program.train(trainer, package, f, facts)
    assert trainer.tries == 50 and trainer.steps == 49
    assert [path.name for path in tmp_path.glob("*.pt")] == ["model_2.pt"]
    facts = program.read_facts(tmp_path, {"image_size": 16})
    assert (facts["seconds"], facts["steps"], facts["generator"]) == (50, 49, 12)
    assert facts["kimg"] == pytest.approx(49 * 30 / 1000)
    f.seconds = 53  # goes on
    program.train(trainer, package, f, facts)
    assert trainer.tries == 53
    with pytest.raises(SystemExit, match="has other settings"):
        program.read_facts(tmp_path, {"image_size": 32})
    settings = [program.parse(text) for text in ("a=8", "b=[1, 2]", "c=text")]
    assert settings == [("a", 8), ("b", [1, 2]), ("c", "text")]
