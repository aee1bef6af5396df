"""The DCGAN trainer at 8 and 16 px: what a step does, statistics of batches, XLA, resuming."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from tests.cases import assert_close
from tfgan_edit.config import UserError
from tfgan_edit.trainers.dcgan import DCGANConfig
from tfgan_edit.trainers.randomness import StepRandom
from tfgan_edit.trainers.state import StateFolder

TINY = DCGANConfig(
    z_dim=6, width=4, max_width=6, kernel_size=3, learning_rate=0.01, ema_kimg=0.004
)
PHASES = ("Gmain", "Dmain")


PHOTOS = np.random.RandomState(3).randint(0, 256, (4, 16, 16, 3), np.uint8)
BATCH = {"photos": tf.constant(PHOTOS)}


def build(**changes):
    return dataclasses.replace(TINY, **changes).build(resolution=16, seed=1)


def arrays(trainer):
    """All that training changes, with the moments of the optimisers."""
    moments = [v for o in trainer.optimizers.values() for v in o.variables]
    return [v.numpy() for v in trainer.variables + moments]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A trainer, {step: what it held before and after two steps}, logs, state after the first."""
    trainer, folder = build(), StateFolder(tmp_path_factory.mktemp("dcgan"))
    held, logs = {0: arrays(trainer)}, {}
    for step in (1, 2):
        logs[step] = {k: float(v) for k, v in trainer.step_function(BATCH).items()}
        held[step] = arrays(trainer)
        if step == 1:
            folder.save(trainer, {"step": step})
    return trainer, held, logs, folder


def test_steps_train_both_networks(trained):
    trainer, held, logs, _ = trained
    wanted = {"Loss/G/loss", "Loss/D/loss", "Loss/scores/real", "Loss/scores/fake"}
    names = [v.path for v in trainer.variables]
    changing = {v.path for n in trainer.networks.values() for v in n.weights}
    for step, values in logs.items():
        assert wanted <= set(values) and all(np.isfinite(v) for v in values.values()), values
        assert values["Nonfinite/Gmain"] == values["Nonfinite/Dmain"] == 0
        pairs = zip(names, held[step - 1], held[step], strict=False)  # without the moments
        assert changing <= {name for name, a, b in pairs if not np.array_equal(a, b)}


def test_moving_statistics_are_copied_into_the_average(trained):
    trainer = trained[0]
    average, network = trainer.averages["generator"], trainer.generator
    statistics = {id(v) for v in network.non_trainable_variables}
    assert len(statistics) == 4
    for a, b in zip(average.weights, network.weights, strict=True):
        assert np.array_equal(a, b) == (id(b) in statistics), b.path


def test_a_resumed_training_goes_on_with_the_same_bits(trained):
    _, held, _, folder = trained
    trainer = build()
    assert folder.restore(trainer)["step"] == 1
    trainer.step_function(BATCH)
    for actual, expected in zip(arrays(trainer), held[2], strict=True):
        np.testing.assert_array_equal(actual, expected)


@pytest.mark.large
def test_xla_compiles_a_whole_step_to_the_same(trained):
    """Both phases, moving statistics, optimisers and averages as one program."""
    _, held, logs, _ = trained
    trainer = build()
    step = tf.function(trainer._trace(PHASES), jit_compile=True, autograph=False)
    actual = step(BATCH)
    assert trainer.current_step() == 1
    for name, value in logs[1].items():
        np.testing.assert_allclose(actual[name], value, rtol=1e-3, atol=1e-4, err_msg=name)
    for a, b in zip(arrays(trainer), held[1], strict=True):
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
