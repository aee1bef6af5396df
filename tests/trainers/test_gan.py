"""The parts that all trainers share, on networks of one layer."""

import numpy as np
import pytest
import tensorflow as tf

from tests.trainers.line_trainer import line_batch, make
from tfgan_edit.trainers.gan import LOSS_SCALE_GROWTH


@pytest.fixture
def batch():
    return line_batch()


def weights(trainer):
    return [v.numpy() for v in trainer.weights]


def test_phases_come_at_their_intervals():
    trainer = make()
    assert trainer.phases_at(0) == ("main", "extra")
    assert trainer.phases_at(1) == trainer.phases_at(2) == ("main",)
    assert trainer.phases_at(3) == ("main", "extra")
    assert trainer.main_phases() == ("main",)
    assert trainer.phases_with("extra") == trainer.heaviest_phases() == ("main", "extra")


def test_only_the_network_of_a_phase_learns(batch):
    trainer = make()
    trainer.step.assign(1)
    first, second = trainer.first.dense.kernel.numpy(), trainer.second.dense.kernel.numpy()
    trainer.step_function(batch)
    assert not np.array_equal(trainer.first.dense.kernel, first)
    assert np.array_equal(trainer.second.dense.kernel, second)


def test_average_and_counters_follow_their_formulas(batch):
    trainer = make(decay=0.25)
    old = trainer.averages["first"].dense.kernel.numpy()
    trainer.step_function(batch)
    new = trainer.first.dense.kernel.numpy()
    expected = new + 0.25 * (old - new)
    np.testing.assert_allclose(trainer.averages["first"].dense.kernel, expected, rtol=1e-6)
    mean = 0.1 * batch["images"].numpy().mean(axis=0)
    np.testing.assert_allclose(trainer.first.mean, mean, rtol=1e-5)
    # Statistics are copied, not averaged.
    np.testing.assert_array_equal(trainer.averages["first"].mean, trainer.first.mean)
    assert trainer.current_step() == 1
    assert int(trainer.images_seen.numpy()) == 8


@pytest.mark.parametrize("limit", [0.05, 1e6])
def test_long_gradients_are_shortened(batch, limit):
    """All weights of a phase as one vector; a step of SGD is 0.1 of it."""
    free, bound = make(), make()
    bound.max_gradient_norm = limit
    steps = []
    for trainer in (free, bound):
        before = [v.numpy() for v in trainer.first.dense.weights]
        trainer.step_function(batch)
        after = zip(before, trainer.first.dense.weights, strict=True)
        steps.append(np.concatenate([np.ravel(new.numpy() - old) for old, new in after]))
    length = np.linalg.norm(steps[0])
    factor = min(1, 0.1 * limit / length)
    assert (factor < 1) == (limit < 1)
    np.testing.assert_allclose(steps[1], factor * steps[0], rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("micro_batch", [1, 4])
def test_micro_batches_add_up_to_the_batch(batch, micro_batch):
    whole, parts = make(), make(micro_batch=micro_batch)
    for _ in range(4):
        whole.step_function(batch)
        parts.step_function(batch)
    for actual, expected in zip(weights(parts), weights(whole), strict=True):
        np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-6)


def test_a_micro_batch_that_does_not_divide_is_refused(batch):
    with pytest.raises(ValueError, match="micro_batch must divide the 8 samples"):
        make(micro_batch=3).step_function(batch)


def test_xla_compiles_the_phases_to_the_same_weights(batch):
    plain, compiled = make(), make(jit_compile=True)
    for _ in range(4):
        plain.step_function(batch)
        compiled.step_function(batch)
    for actual, expected in zip(weights(compiled), weights(plain), strict=True):
        np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-6)


def test_fit_runs_the_same_steps(batch):
    loop, fitted = make(), make()
    for _ in range(6):
        loop.step_function(batch)
    fitted.compile()
    data = tf.data.Dataset.from_tensors(batch).repeat()
    history = fitted.fit(data, steps_per_epoch=3, epochs=2, verbose=0, shuffle=False)
    assert set(history.history) >= {"Loss/main", "Loss/extra"}
    for actual, expected in zip(weights(fitted), weights(loop), strict=True):
        np.testing.assert_array_equal(actual, expected)


@pytest.mark.parametrize("poison", [np.nan, np.inf])
def test_gradients_that_are_not_finite_are_counted_and_harmless(batch, poison):
    trainer = make(poison=poison)
    logs = trainer.step_function(batch)
    assert float(logs["Nonfinite/main"]) > 0
    assert all(np.isfinite(w).all() for w in weights(trainer))


def test_loss_scale_halves_after_overflow_and_grows_after_calm(batch):
    trainer = make(loss_scaling=True, poison=np.inf)
    trainer.step.assign(1)
    before = trainer.first.dense.kernel.numpy()
    trainer.step_function(batch)
    assert float(trainer.loss_scale.numpy()) == 2.0**14
    np.testing.assert_array_equal(trainer.first.dense.kernel, before)

    calm = make(loss_scaling=True)
    calm.step.assign(1)
    calm.finite_steps.assign(LOSS_SCALE_GROWTH - 1)
    calm.step_function(batch)
    assert float(calm.loss_scale.numpy()) == 2.0**16
    assert int(calm.finite_steps.numpy()) == 0


def test_loss_scaling_does_not_change_the_step(batch):
    plain, scaled = make(), make(loss_scaling=True)
    plain.step_function(batch)
    scaled.step_function(batch)
    np.testing.assert_allclose(
        scaled.first.dense.kernel, plain.first.dense.kernel, rtol=1e-5
    )


def test_saved_weights_restore_everything(batch, tmp_path):
    trainer, other = make(), make(seed=5)
    for _ in range(3):
        trainer.step_function(batch)
    trainer.save_weights(tmp_path / "trainer.weights.h5")
    other.load_weights(tmp_path / "trainer.weights.h5")
    for actual, expected in zip(weights(other), weights(trainer), strict=True):
        np.testing.assert_array_equal(actual, expected)
    for name in trainer.optimizers:
        for actual, expected in zip(
            other.optimizers[name].variables, trainer.optimizers[name].variables, strict=True
        ):
            np.testing.assert_array_equal(actual, expected)
