"""The DCGAN trainer at 8 and 16 px: what a step does, statistics of batches, XLA, resuming."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from tests.cases import assert_close
from tfgan_edit.config import RunConfig, UserError
from tfgan_edit.data.records import DataConfig, RecordsWriter
from tfgan_edit.preset import load_preset
from tfgan_edit.run import Run
from tfgan_edit.trainers.dcgan import DCGANConfig
from tfgan_edit.trainers.randomness import StepRandom

TINY = DCGANConfig(
    z_dim=6, width=4, max_width=6, kernel_size=3, learning_rate=0.01, ema_kimg=0.004
)


PHOTOS = np.random.RandomState(3).randint(0, 256, (4, 16, 16, 3), np.uint8)
BATCH = {"photos": tf.constant(PHOTOS)}


def build(**changes):
    return dataclasses.replace(TINY, **changes).build(resolution=16, seed=1)


def arrays(trainer):
    """All that training changes, with the moments of the optimisers."""
    moments = [v for o in trainer.optimizers.values() for v in o.variables]
    return [v.numpy() for v in trainer.variables + moments]


@pytest.fixture(scope="module")
def run_of(tmp_path_factory):
    """Function: name, settings -> `Run` of two steps on records of four photos."""
    folder = tmp_path_factory.mktemp("dcgan")
    with RecordsWriter(folder / "records", (16, 16, 3)) as writer:
        for photo in PHOTOS:
            writer.add(photo)
    data = DataConfig(source=str(folder / "records"), resolution=16)
    sizes = {"batch_size": 4, "tick_kimg": 0.004, "total_kimg": 0.008}

    def build(name, **settings):
        config = RunConfig("dcgan", TINY, data, seed=1, **{**sizes, **settings})
        return Run(config, folder / name)

    return build


@pytest.fixture(scope="module")
def trainer(run_of):
    """The trainer of a whole run."""
    run = run_of("whole")
    run.train()
    return run.trainer


def test_a_run_trains_both_networks(trainer):
    before, after = arrays(build()), arrays(trainer)
    names = [v.path for v in trainer.variables]
    moved = {n for n, a, b in zip(names, before, after, strict=False) if not np.array_equal(a, b)}
    assert {v.path for network in trainer.networks.values() for v in network.weights} <= moved
    assert all(np.all(np.isfinite(values)) for values in after)


def test_moving_statistics_are_copied_into_the_average(trainer):
    average, network = trainer.averages["generator"], trainer.generator
    statistics = {id(v) for v in network.non_trainable_variables}
    assert len(statistics) == 4
    for a, b in zip(average.weights, network.weights, strict=True):
        assert np.array_equal(a, b) == (id(b) in statistics), b.path


def test_a_run_whose_minutes_are_over_goes_on_with_the_same_bits(run_of, trainer):
    """A step is made in any time; a complete run makes none; and more time is no other recipe."""
    run_of("parts", total_minutes=1e-9).train()
    again = run_of("parts", total_minutes=1e-9)
    again.train()
    assert again.trainer.current_step() == 1 and not again.trainer.step_functions
    log = (again.workdir / "log.txt").read_text().splitlines()
    assert log[-1].startswith(f"{again.workdir} is complete: 1 of 2 steps, 0:00:")
    assert load_preset(again.workdir).metadata["kimg"] == 0.004
    more = run_of("parts", total_minutes=60.0)
    more.train()
    for actual, expected in zip(arrays(more.trainer), arrays(trainer), strict=True):
        np.testing.assert_array_equal(actual, expected)
    preset = load_preset(more.workdir)
    assert (preset.metadata["kimg"], preset.metadata["method"]) == (0.008, "dcgan")


@pytest.mark.large
def test_xla_compiles_a_whole_step_to_the_same():
    """Both phases, moving statistics, optimisers and averages as one program."""
    plain, compiled = build(), build()
    step = tf.function(compiled._trace(("Gmain", "Dmain")), jit_compile=True, autograph=False)
    expected, actual = plain.step_function(BATCH), step(BATCH)
    assert compiled.current_step() == 1
    for name, value in expected.items():
        np.testing.assert_allclose(actual[name], value, rtol=1e-3, atol=1e-4, err_msg=name)
    for a, b in zip(arrays(compiled), arrays(plain), strict=True):
        # Adam makes whole steps, 0.01, of the rounding errors that gradients of zero have.
        assert np.abs(a - b).max() <= 1e-3 * np.abs(b).max() + 0.02
        assert np.median(np.abs(a - b)) <= 1e-5


def test_statistics_of_each_set_in_numpy():
    """Of the generator those of its fakes; of the discriminator first the reals', then theirs."""
    trainer = build()
    random = StepRandom(1, tf.constant(0, tf.int64))
    _, _, updates = trainer.phase_loss("Gmain", BATCH, random)
    assert [v for v, _ in updates] == trainer.generator.non_trainable_variables
    z = random.normal("z", 4, [6])
    x = (z @ trainer.generator.synthesis.project.kernel).numpy().reshape(-1, 6)
    (mean, new_mean), (variance, new_variance) = updates[:2]
    assert (mean.name, variance.name) == ("moving_mean", "moving_variance")
    assert_close(new_mean, 0.1 * x.mean(axis=0), 1e-4)
    assert_close(new_variance, 0.9 + 0.1 * x.var(axis=0), 1e-5)
    fakes = trainer.generator(z, training=True)
    _, _, updates = trainer.phase_loss("Dmain", BATCH, random)
    assert [v for v, _ in updates] == trainer.discriminator.non_trainable_variables
    first, second, *_ = trainer.discriminator.convolutions
    features = [
        second(tf.nn.leaky_relu(first(images), 0.2)).numpy().reshape(-1, 6)
        for images in (PHOTOS / np.float32(127.5) - 1, fakes)
    ]
    real, fake = (x.mean(axis=0) for x in features)
    assert_close(updates[0][1], 0.9 * 0.1 * real + 0.1 * fake, 1e-4)


def test_samples_are_the_averages_pictures():
    trainer = build()
    reference, draw = trainer.sampler({"photos": PHOTOS}, seed=7)
    assert reference is PHOTOS
    z = np.random.RandomState(7).randn(4, 6).astype(np.float32)
    assert_close(draw(), trainer.averages["generator"](z), 1e-5)


def test_a_batch_of_one_is_refused():
    with pytest.raises(UserError, match="batch_size 1: batch norm needs at least 2 images"):
        TINY.check(batch_size=1, num_replicas=1)
