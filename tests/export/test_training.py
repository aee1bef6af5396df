"""Steps that JAX runs are those that TensorFlow does: same state, same logs, same photos."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from tests.trainers.line_trainer import line_batch, make
from tfgan_edit.config import RunConfig, UserError
from tfgan_edit.data.latents import LatentData, LatentsConfig

jax = pytest.importorskip("jax", reason='pip install -e ".[xla]"')

from export import run_steps, training  # noqa: E402
from export.step_program import state_variables, step_program  # noqa: E402
from tfgan_edit.run import Run  # noqa: E402

ROOT = Path(__file__).parents[2]
RECIPE = """
import dataclasses
from tfgan_edit.config import RunConfig
from tfgan_edit.data.records import DataConfig
from tfgan_edit.trainers.stylegan2 import StyleGAN2Config


def get_config(mirror=False):
    return RunConfig(
        name="small",
        trainer=dataclasses.replace(StyleGAN2Config().tiny(), r1_interval=3, path_length_weight=0),
        data=DataConfig("avatars:avataaars", resolution=16, num=16, mirror=mirror),
        batch_size=4,
        total_kimg=0.024,
        tick_kimg=0.008,
    )
"""


def test_a_step_of_jax_is_a_step_of_tensorflow():
    trainer = make()
    batch = line_batch()
    signature = {name: tf.TensorSpec(x.shape, x.dtype) for name, x in batch.items()}
    state = [v.numpy() for v in state_variables(trainer)]
    arrays = {name: x.numpy() for name, x in batch.items()}
    steps = {
        phases: jax.jit(step_program(trainer, signature, phases).__call__)
        for phases in (trainer.phases_at(0), trainer.phases_at(1))
    }
    for step in range(4):  # both phases, one alone, again, both
        phases = trainer.phases_at(step)
        logs = trainer.step_function(batch, phases)
        state, found = steps[phases](state, arrays)
        assert set(found) == set(logs)
        for name, value in logs.items():
            np.testing.assert_allclose(found[name], value, rtol=1e-5, err_msg=name)
    assert int(trainer.step.numpy()) == 4
    for variable, value in zip(state_variables(trainer), state, strict=True):
        assert value.dtype == variable.dtype, variable.path
        np.testing.assert_allclose(value, variable, rtol=1e-5, atol=1e-6, err_msg=variable.path)


def test_an_operation_that_xla_does_not_know_is_named():
    trainer = make()
    old = trainer.phase_loss

    def loss(phase, batch, random):
        text = tf.strings.as_string(batch["images"][0, 0])
        value, logs, updates = old(phase, batch, random)
        return value + tf.strings.to_number(text), logs, updates

    trainer.phase_loss = loss
    signature = {name: tf.TensorSpec(x.shape, x.dtype) for name, x in line_batch().items()}
    with pytest.raises(UserError, match="XLA cannot compile this recipe's step.*AsString"):
        step_program(trainer, signature, trainer.phases_at(0))


def test_arrays_come_back_in_their_order(tmp_path):
    arrays = [np.arange(3) * i for i in range(12)]
    run_steps.write_arrays(tmp_path / "x.npz", arrays)
    for old, new in zip(arrays, run_steps.read_arrays(tmp_path / "x.npz"), strict=True):
        np.testing.assert_array_equal(old, new)


@pytest.fixture
def recipe(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "recipe.py").write_text(RECIPE)
    return str(tmp_path / "recipe.py")


def python(*arguments):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "arguments, error",
    (
        (["--config", "recipe.py"], "--out is missing"),
        (["--config", "recipe.py:mirror=True", "--out", "x"], "mirrored photos are not written"),
        (["--config", "recipe.py", "--out", "x", "--set", "total_kimg=0.004"], "the next 3 steps"),
        (["--collect", "nowhere"], "nowhere/result is missing"),
    ),
)
def test_what_cannot_be_written_is_refused(recipe, arguments, error, monkeypatch):
    from absl import flags

    parsed = flags.FlagValues()
    training.define_flags(parsed)
    parsed(["training", *arguments])
    with pytest.raises(UserError, match=error):
        training.main(parsed)


def test_steps_of_one_kind_are_written():
    class Trainer:
        def phases_at(self, step):
            return ("first",) if step < 100 else ("D", "G", "R1") if step % 3 == 0 else ("D", "G")

    cycle = training.repeating_phases(Trainer(), 100, 1000)
    assert cycle == [("D", "G"), ("D", "G"), ("D", "G", "R1")]
    assert training.repeating_phases(Trainer(), 0, 100) == [("first",)]
    with pytest.raises(UserError, match="other phases from step 100 on.*total_kimg"):
        training.repeating_phases(Trainer(), 0, 101)


def same_training(recipe, folder, *arguments, compare=None):
    """Trains elsewhere and here; compares the states of both trainers, all numbers or by
    `compare(trainer here, trainer elsewhere, untrained)`."""
    python("-m", "export.training", "--config", recipe, "--out", "there", "--platform", "cpu",
           *arguments)
    python("there/run.py")
    python("-m", "export.training", "--collect", "there", "--workdir", "collected")
    python("-m", "tfgan_edit.train", "--config", recipe, "--workdir", "here", *arguments)
    facts = json.loads((folder / "there/facts.json").read_text())
    config = training.load_config(facts["recipe"])
    runs = [Run(config, name) for name in ("here", "collected", "untrained")]
    for run in runs[:2]:
        run.restore(lambda line: None)
    trainers = [run.trainer for run in runs]
    if compare is not None:
        compare(*trainers)
    else:
        for a, b in zip(*map(state_variables, trainers[:2]), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-5, err_msg=a.path)
    return json.loads((folder / "there/result/report.json").read_text())


@pytest.mark.large
def test_a_training_elsewhere_is_the_training_here(recipe, tmp_path):
    """Six steps of StyleGAN2, two with R1: written, run, collected, and run by `train`."""
    assert same_training(recipe, tmp_path)["steps"] == 6
    assert json.loads((tmp_path / "collected/preset/metadata.json").read_text())["kimg"] == 0.024


@pytest.mark.large
@pytest.mark.parametrize(
    "name, settings",
    (("stylegan_avatars_64", ["--set=trainer.start_resolution=16"]), ("dcgan_avatars_64", [])),
)
def test_other_generators_elsewhere(name, settings, tmp_path, monkeypatch):
    """StyleGAN of one stage, which its trainer enters, and DCGAN with statistics of batches."""
    monkeypatch.chdir(tmp_path)
    recipe = f"{ROOT}/configs/{name}.py:device=gpu"
    report = same_training(recipe, tmp_path, "--tiny", *settings, compare=same_judgement)
    assert report["steps"] == 2


def same_judgement(here, elsewhere, untrained):
    """Scores of pictures: biases that a norm takes away again have gradients of rounding alone,
    which Adam makes whole steps of."""
    z = np.random.RandomState(0).randn(16, here.generator.z_dim).astype(np.float32)
    a, b, start = (
        np.asarray(trainer.discriminator(trainer.generator(z)))
        for trainer in (here, elsewhere, untrained)
    )
    assert np.linalg.norm(a - b) < 0.02 * np.linalg.norm(a - start)


def nearly_the_same_way(here, elsewhere, untrained):
    """A face that the scorer is 50 % sure of may have another label there, and Adam makes a whole
    step of a gradient that is nearly zero: not each weight, but all together go the same way."""
    a, b, start = (
        np.concatenate([v.numpy().ravel() for v in trainer.style_function.trainable_variables])
        for trainer in (here, elsewhere, untrained)
    )
    assert np.linalg.norm(a - start) > 1e-3
    share = np.linalg.norm(a - b) / np.linalg.norm(a - start)
    assert share < 0.05


@pytest.mark.large
def test_latents_that_are_drawn_anew(tmp_path, monkeypatch):
    """ISF-GAN, which reads nothing but numbers of latents."""
    monkeypatch.chdir(tmp_path)
    recipe = f"{ROOT}/configs/isf_gan_avatars_64.py:part=2"
    report = same_training(
        recipe,
        tmp_path,
        "--tiny",
        "--set=total_kimg=0.064",
        compare=nearly_the_same_way,
    )
    assert report["steps"] == 16 and not list((tmp_path / "there/data").iterdir())


def test_columns_of_stored_latents():
    random = np.random.RandomState(0)
    latents = random.randn(10, 1, 4).astype(np.float32)
    labels = random.randint(0, 2, (10, 3)).astype(np.float32)
    data = LatentData(latents, labels, ("a", "b", "c"))
    config = RunConfig("x", None, LatentsConfig("folder"), batch_size=4, seed=3)
    columns = training._columns(data, config)
    load = data.loader(seed=3)
    rows = {name: column.order(8, 2, 4) for name, column in columns.items()}
    for step in range(2):
        batch = load(tf.range(8 + 4 * step, 12 + 4 * step, dtype=tf.int64))
        assert set(batch) == set(columns)
        for name, value in batch.items():
            np.testing.assert_array_equal(columns[name].array[rows[name][step]], value)
