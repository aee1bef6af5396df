"""Numbers that are not finite, data without content: recovered, or stopped with a sentence."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.trainers.line_trainer import line_batch, make
from tests.trainers.test_loop import run
from tfgan_edit.config import UserError
from tfgan_edit.data import latents as latents_module
from tfgan_edit.trainers.adaptive_augmentation import AugmentationConfig
from tfgan_edit.trainers.loop import MAX_NONFINITE_GRADIENTS, _NonfiniteWatch
from tfgan_edit.trainers.randomness import StepRandom
from tfgan_edit.trainers.stylegan2 import StyleGAN2Config

SMALL = {"z_dim": 8, "w_dim": 8, "mapping_layers": 2, "channel_max": 4}


def finite(trainer):
    return all(np.isfinite(np.asarray(v)).all() for v in trainer.variables)


def poisoned_gradients(trainer, value, steps):
    """Gradients of `main` are `value` in steps of that range; their losses are sound."""
    sound = trainer.phase_loss

    @tf.custom_gradient
    def poison(loss):
        bad = (trainer.step.value >= steps[0]) & (trainer.step.value < steps[1])
        return tf.identity(loss), lambda upstream: tf.where(bad, upstream * value, upstream)

    def phase_loss(phase, batch, random):
        loss, logs, updates = sound(phase, batch, random)
        return (poison(loss) if phase == "main" else loss), logs, updates

    trainer.phase_loss = phase_loss


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("loss_scaling", [False, True])
def test_gradients_for_some_steps_are_survived(value, loss_scaling):
    trainer = make(loss_scaling=loss_scaling)
    poisoned_gradients(trainer, value, (3, 20))
    _, logs = run(trainer, total_steps=80, steps_per_tick=80)
    assert finite(trainer) and logs[0]["Nonfinite/main"] > 0
    x = line_batch()
    error = tf.reduce_mean(tf.square(trainer.first(x["images"]) - x["y"]))
    assert error < 0.1


@pytest.mark.parametrize("loss_scaling", [False, True])
def test_gradients_for_ever_stop_the_run(loss_scaling):
    """With loss scaling the scale falls to 1 on the way, and every gradient is taken for 0."""
    trainer = make(loss_scaling=loss_scaling)
    poisoned_gradients(trainer, np.inf, (3, 10**6))
    with pytest.raises(UserError, match="gradients of phase main have not been finite") as caught:
        run(trainer, total_steps=500, steps_per_tick=100)
    assert "\n" not in str(caught.value) and "stands still" in str(caught.value)
    assert finite(trainer)
    assert trainer.current_step() <= 3 + MAX_NONFINITE_GRADIENTS + 10
    if loss_scaling:
        assert float(trainer.loss_scale.numpy()) == 1.0


def test_data_that_is_not_finite_stops_the_run_and_spoils_no_weight():
    trainer = make()
    batch = line_batch()
    batch["images"] = tf.constant(np.full(batch["images"].shape, np.nan, np.float32))
    with pytest.raises(UserError, match="Loss/main has not been finite"):
        watch = _NonfiniteWatch(trainer.phase_of_log)
        for step in range(40):
            logs = trainer.step_function(batch)
            watch.check(step, {name: float(value) for name, value in logs.items()})
    assert finite(trainer)


def test_latents_that_are_not_finite_are_not_read(tmp_path):
    np.save(tmp_path / "w.npy", np.array([[1.0, np.nan]], np.float32))
    with pytest.raises(UserError, match="latents are finite numbers"):
        latents_module.read_latents(tmp_path / "w.npy")


def stylegan2(batch_size=4, **changes):
    keras.utils.set_random_seed(0)
    config = StyleGAN2Config(**{**SMALL, "r1_interval": 2, "path_length_interval": 2, **changes})
    config.check(batch_size=batch_size, num_replicas=1)
    return config.build(
        resolution=8,
        img_channels=3,
        label_dim=0,
        labels=None,
        label_names=None,
        precision="float32",
        jit_compile=False,
        half_activations=False,
        seed=0,
    )


@pytest.mark.large
@pytest.mark.parametrize("size", [1, 4])
@pytest.mark.parametrize("value", [0, 255, None])
def test_batches_of_one_and_pictures_without_content(size, value):
    """One photo a step, or the same grey ones for ever: every weight and loss stays finite."""
    if size == 1:
        with pytest.raises(UserError, match="path_length_batch_shrink 2 does not divide the 1"):
            stylegan2(batch_size=1)
    trainer = stylegan2(size, path_length_batch_shrink=min(size, 2))
    random = np.random.RandomState(0)
    shape = (size, 8, 8, 3)
    for _ in range(12):
        photos = random.randint(0, 256, shape) if value is None else np.full(shape, value)
        logs = trainer.step_function({"photos": tf.constant(photos.astype(np.uint8))})
        assert all(np.isfinite(float(v)) for v in logs.values()), logs
    assert finite(trainer)


@pytest.mark.large
def test_latents_of_a_step_that_are_not_finite_are_survived():
    trainer = stylegan2()
    photos = np.random.RandomState(0).randint(0, 256, (4, 8, 8, 3)).astype(np.uint8)
    batch = {"photos": tf.constant(photos)}
    sound = StepRandom.normal

    def poisoned(self, name, *args, **kwargs):
        drawn = sound(self, name, *args, **kwargs)
        return tf.where(self.step == 3, drawn * np.nan, drawn)

    StepRandom.normal = poisoned
    try:
        logs = [trainer.step_function(batch) for _ in range(8)]
    finally:
        StepRandom.normal = sound
    assert np.isnan(float(logs[3]["Loss/G/loss"]))
    assert finite(trainer)
    assert all(np.isfinite(float(v)) for v in logs[-1].values())


@pytest.mark.large
def test_augmentation_at_its_limit_trains_on():
    trainer = stylegan2(augmentation=AugmentationConfig(groups="bgc", kimg=0.01))
    augment = next(v for v in trainer.variables if v.path.endswith("/p"))
    augment.assign(1.0)
    photos = np.random.RandomState(0).randint(0, 256, (4, 8, 8, 3)).astype(np.uint8)
    for _ in range(12):
        logs = trainer.step_function({"photos": tf.constant(photos)})
        assert 0 <= float(logs["Augment/p"]) <= 1
    assert finite(trainer)
