"""The training loop: ticks, logs, signals, and losses that are not finite."""

import signal
import threading

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.trainers.line_trainer import line_batch, make
from tfgan_edit.config import UserError
from tfgan_edit.data.records import RecordsWriter, open_records
from tfgan_edit.trainers import loop as module
from tfgan_edit.trainers.loop import (
    MAX_NONFINITE_STEPS,
    TIME_IS_UP,
    Interrupted,
    distributed_batches,
    process_memory,
    train_loop,
)
from tfgan_edit.trainers.schedule import Schedule, Stage, constant_schedule

BATCH = 8
CONSTANT = constant_schedule(batch_size=BATCH)


class Recorder(keras.callbacks.Callback):
    """Notes every call; `at` is {event: function to call then}."""

    def __init__(self, events, at=None):
        super().__init__()
        self.events = events
        self.at = at or {}
        self.logs = []
        self.images = []

    def note(self, event):
        self.events.append(event)
        if event in self.at:
            self.at[event]()

    def on_train_begin(self, logs=None):
        self.note(f"begin {logs['step']:.0f} {logs['images']:.0f}")

    def on_epoch_begin(self, epoch, logs=None):
        self.note(f"tick {epoch}")

    def on_train_batch_end(self, batch, logs=None):
        self.images.append(logs["images"])
        self.note(f"step {batch}")

    def on_epoch_end(self, epoch, logs=None):
        self.logs.append(logs)
        self.note(f"tick {epoch} ends")

    def on_train_end(self, logs=None):
        run.end = logs
        self.note("interrupted" if logs and logs.get("interrupted") else "end")


def run(trainer, total_steps, steps_per_tick=3, at=None, schedule=CONSTANT, **settings):
    """Runs the loop; returns (events, logs of the ticks)."""
    events = []
    recorder = Recorder(events, at)

    def save():
        recorder.note(f"save {trainer.current_step()}")

    run.events, run.images = events, recorder.images  # also where the loop raises
    train_loop(
        trainer,
        iter(lambda: line_batch(BATCH), None),
        schedule=schedule,
        total_steps=total_steps,
        tick_images=int(steps_per_tick * BATCH),
        callbacks=[recorder],
        save_state=save,
        **settings,
    )
    return events, recorder.logs


def test_callbacks_states_and_steps_come_in_this_order():
    trainer = make()
    events, logs = run(trainer, total_steps=5)
    assert events == [
        "begin 0 0",
        "tick 0", "step 1", "step 2", "step 3", "tick 0 ends", "save 3",
        "tick 1", "step 4", "step 5", "tick 1 ends", "end", "save 5",
    ]  # fmt: skip
    assert trainer.current_step() == 5
    assert run.images == [BATCH] * 5
    assert [log["step"] for log in logs] == [3, 5]
    assert [log["kimg"] for log in logs] == [pytest.approx(0.024), pytest.approx(0.040)]
    for log in logs:
        assert log["seconds"] > 0
    rate = logs[1]["images_per_second"] * logs[1]["seconds"]
    assert rate == pytest.approx(2 * BATCH)


@pytest.mark.parametrize("start, first", [(3, "tick 1"), (4, "tick 1"), (5, "tick 1")])
def test_a_run_may_begin_in_the_middle_of_a_tick(start, first):
    trainer = make()
    trainer.step.assign(start)
    events, logs = run(trainer, total_steps=7)
    steps = [f"step {n}" for n in range(start + 1, 7)]
    assert events == [
        f"begin {start} {start * BATCH}", first, *steps, "tick 1 ends", "save 6",
        "tick 2", "step 7", "tick 2 ends", "end", "save 7",
    ]  # fmt: skip
    rate = logs[0]["images_per_second"] * logs[0]["seconds"]
    assert rate == pytest.approx((6 - start) * BATCH)


def test_ticks_are_counted_in_images_where_batches_change():
    """Two steps of 8 images, then steps of 4; a tick is 20 images."""
    schedule = Schedule([Stage(8, 0, 0, 2), Stage(4, 2, 16)])
    events, logs = run(make(), total_steps=9, steps_per_tick=2.5, schedule=schedule)
    assert [e for e in events if e.endswith("ends") or e.startswith("save")] == [
        "tick 0 ends", "save 3", "tick 1 ends", "save 8", "tick 2 ends", "save 9"
    ]  # fmt: skip
    assert run.images == [8, 8] + [4] * 7
    assert [log["kimg"] for log in logs] == [0.020, 0.040, 0.044]
    assert logs[0]["images_per_second"] * logs[0]["seconds"] == pytest.approx(20)


def test_a_tick_is_a_batch_at_least():
    events, _ = run(make(), total_steps=3, steps_per_tick=0.1)
    assert [e for e in events if e.startswith("tick")] == [
        "tick 0", "tick 0 ends", "tick 1", "tick 1 ends", "tick 2", "tick 2 ends"
    ]  # fmt: skip


def test_nothing_to_do_is_no_step():
    trainer = make()
    trainer.step.assign(5)
    events, logs = run(trainer, total_steps=5)
    assert not any(event.startswith(("step", "tick")) for event in events)
    assert "end" in events and logs == []


def test_logs_are_means_over_the_steps_that_have_them(monkeypatch):
    """`main` is in every step, `extra` in steps 0, 3, 6; the device is read every 2 steps."""
    monkeypatch.setattr(module, "FETCH_STEPS", 2)
    trainer, alone = make(), make()
    _, logs = run(trainer, total_steps=10, steps_per_tick=5)
    single = [
        {name: float(value) for name, value in alone.step_function(line_batch(BATCH)).items()}
        for _ in range(10)
    ]
    for tick, log in enumerate(logs):
        steps = single[tick * 5 : tick * 5 + 5]
        assert sum("Loss/extra" in step for step in steps) == 2
        for name in ("Loss/main", "Loss/extra", "Nonfinite/main"):
            values = [step[name] for step in steps if name in step]
            assert log[name] == pytest.approx(np.mean(values), rel=1e-6), name


def test_the_number_of_steps_read_at_once_changes_nothing(monkeypatch):
    _, expected = run(make(), total_steps=4)
    monkeypatch.setattr(module, "FETCH_STEPS", 1)
    _, actual = run(make(), total_steps=4)
    for name in ("Loss/main", "Loss/extra", "step", "kimg"):
        assert [log.get(name) for log in actual] == [log.get(name) for log in expected]


def test_memory_is_that_of_a_process_with_tensorflow():
    assert 2**27 < process_memory() < 2**37


# === Signals ===


@pytest.fixture(autouse=True)
def usual_handlers():
    """A shell that starts the tests in the background lets them ignore SIGINT."""
    previous = [
        (signal.SIGINT, signal.signal(signal.SIGINT, signal.default_int_handler)),
        (signal.SIGTERM, signal.signal(signal.SIGTERM, signal.SIG_DFL)),
    ]
    yield
    for number, handler in previous:
        signal.signal(number, handler)


def handlers():
    return [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]


def send(number):
    # To this thread: a signal to the process may be seen some steps later.
    return lambda: signal.raise_signal(number)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_saves_and_stops_after_the_step(number):
    before = handlers()
    with pytest.raises(Interrupted) as caught:
        run(make(), total_steps=7, at={"step 2": send(number)})
    assert caught.value.number == number
    assert str(caught.value) == number.name
    assert run.events == ["begin 0 0", "tick 0", "step 1", "step 2", "save 2", "interrupted"]
    assert run.end == {"interrupted": True, "kimg": 2 * CONSTANT.stage(0).batch_size / 1000}
    assert handlers() == before


def test_a_signal_at_the_end_of_a_tick_keeps_the_tick():
    with pytest.raises(Interrupted):
        run(make(), total_steps=7, at={"step 3": send(signal.SIGTERM)})
    assert run.events[-4:] == ["step 3", "tick 0 ends", "save 3", "interrupted"]


@pytest.mark.parametrize("event", ["tick 0 ends", "save 3"])
def test_a_signal_between_ticks_stops_soon(event):
    with pytest.raises(Interrupted):
        run(make(), total_steps=12, at={event: send(signal.SIGTERM)})
    assert run.events[-1] == "interrupted"
    assert run.events[-2] in ("save 3", "save 4")
    assert "step 5" not in run.events


@pytest.mark.parametrize("event", ["step 5", "tick 1 ends"])
def test_a_signal_in_the_last_step_lets_the_run_end(event):
    """Else the run would count as complete without its last preset."""
    before = handlers()
    events, _ = run(make(), total_steps=5, at={event: send(signal.SIGTERM)})
    assert events[-3:] == ["tick 1 ends", "end", "save 5"]
    assert handlers() == before


def test_a_second_signal_ends_the_process_as_usual():
    before = handlers()
    with pytest.raises(KeyboardInterrupt):
        run(
            make(),
            total_steps=7,
            at={"step 2": send(signal.SIGTERM), "save 2": send(signal.SIGINT)},
        )
    assert run.events[-2:] == ["save 2", "interrupted"] and run.end == {"interrupted": True}
    assert handlers() == before


def test_handlers_are_restored_after_a_fault():
    before = handlers()

    def fail():
        raise RuntimeError("a fault")

    with pytest.raises(RuntimeError, match="a fault"):
        run(make(), total_steps=7, at={"tick 0 ends": fail})
    assert handlers() == before
    assert not any(event.startswith("save") for event in run.events)


def test_other_threads_leave_signals_alone():
    before, found = handlers(), []

    def work():
        found.append(handlers())
        found.append(run(make(), total_steps=2)[0][-1])

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [before, "save 2"]
    assert handlers() == before


def test_processes_stop_where_they_agree(monkeypatch):
    """Another process received a signal: this one is told after the steps that are read."""
    monkeypatch.setattr(module, "FETCH_STEPS", 2)
    asked = []

    def agree(number):
        asked.append(number)
        return int(signal.SIGTERM) if len(asked) == 2 else 0

    with pytest.raises(Interrupted) as caught:
        run(make(), total_steps=20, steps_per_tick=10, agree=agree)
    assert caught.value.number == signal.SIGTERM
    assert asked == [0, 0]
    assert run.events[-2:] == ["save 4", "interrupted"]


def test_a_process_stops_only_with_the_others(monkeypatch):
    monkeypatch.setattr(module, "FETCH_STEPS", 2)
    asked = []

    def agree(number):
        asked.append(number)
        return number

    with pytest.raises(Interrupted):
        run(
            make(),
            total_steps=20,
            steps_per_tick=10,
            at={"step 3": send(signal.SIGINT)},
            agree=agree,
        )
    assert asked == [0, signal.SIGINT]
    assert run.events[-2:] == ["save 4", "interrupted"]


# === A limited time ===


def test_a_run_whose_time_is_up_ends_as_a_complete_one(monkeypatch):
    """Within a tick, where the device is read the next time; its logs are those of its steps."""
    monkeypatch.setattr(module, "FETCH_STEPS", 2)
    trainer, over = make(), []
    events, logs = run(
        trainer,
        total_steps=20,
        steps_per_tick=5,
        at={"step 7": lambda: over.append(True)},
        is_over=lambda: bool(over),
    )
    assert events[-6:] == ["tick 1", "step 6", "step 7", "tick 1 ends", "end", "save 7"]
    assert [log["step"] for log in logs] == [5, 7] and "Loss/main" in logs[1]
    assert trainer.current_step() == 7


def test_a_signal_at_the_end_of_the_time_lets_the_run_end():
    over = []

    def both():
        over.append(True)
        signal.raise_signal(signal.SIGTERM)

    settings = {"total_steps": 20, "at": {"step 2": both}, "is_over": lambda: bool(over)}
    events, _ = run(make(), **settings)
    assert events[-4:] == ["step 2", "tick 0 ends", "end", "save 2"]


def test_processes_agree_that_the_time_is_up(monkeypatch):
    """The clock of another one was faster."""
    monkeypatch.setattr(module, "FETCH_STEPS", 2)
    events, _ = run(make(), total_steps=20, steps_per_tick=10, agree=lambda own: TIME_IS_UP)
    assert events[-4:] == ["step 2", "tick 0 ends", "end", "save 2"]


# === Losses that are not finite ===


@pytest.mark.parametrize("poison", [np.nan, np.inf])
def test_a_diverged_run_stops_and_says_where(poison):
    with pytest.raises(UserError) as caught:
        run(make(poison=poison), total_steps=200, steps_per_tick=100)
    line = str(caught.value)
    assert "\n" not in line
    assert f"Loss/main has not been finite for {MAX_NONFINITE_STEPS} steps" in line
    assert f"up to step {MAX_NONFINITE_STEPS - 1} (phase main)" in line
    assert "save" not in " ".join(run.events)
    # Losses are read every few steps, so it stops soon after.
    assert len([e for e in run.events if e.startswith("step")]) <= MAX_NONFINITE_STEPS + 10


def test_a_lazy_phase_counts_its_own_steps(monkeypatch):
    trainer = make()
    trainer.second.dense.kernel.assign([[np.nan], [0.0]])
    monkeypatch.setattr(module, "MAX_NONFINITE_STEPS", 3)
    with pytest.raises(UserError, match=r"Loss/extra has .* up to step 6 \(phase extra\)"):
        run(trainer, total_steps=30, steps_per_tick=30)


def test_fewer_losses_that_are_not_finite_do_not_stop_a_run():
    _, logs = run(make(poison=np.nan), total_steps=MAX_NONFINITE_STEPS - 1, steps_per_tick=50)
    assert np.isnan(logs[0]["Loss/main"])


def test_a_finite_loss_begins_the_count_anew():
    watch = module._NonfiniteWatch(lambda name: "main")
    for step in range(3 * MAX_NONFINITE_STEPS):
        finite = step % MAX_NONFINITE_STEPS == MAX_NONFINITE_STEPS - 1
        watch.check(step, {"Loss/a": 1.0 if finite else np.inf, "Nonfinite/a": np.nan})
    for step in range(MAX_NONFINITE_STEPS - 1):
        watch.check(step, {"Loss/b": np.nan})
    with pytest.raises(UserError, match="Loss/b"):
        watch.check(99, {"Loss/b": -np.inf})


# === Batches ===


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data") / "records"
    random = np.random.RandomState(0)
    with RecordsWriter(folder, (8, 8, 3), label_names=["a", "b"]) as writer:
        for i in range(10):
            photo = random.randint(0, 256, (8, 8, 3), np.uint8)
            writer.add(photo, np.eye(2, dtype=np.float32)[i % 2])
    return open_records(folder)


@pytest.mark.parametrize("labels", [False, True])
def test_batches_of_one_replica_are_those_of_the_records(records, labels):
    settings = {"batch_size": 4, "seed": 3, "mirror": True, "labels": labels}
    strategy = tf.distribute.get_strategy()
    batches = distributed_batches(strategy, records, start_step=0, **settings)
    expected = iter(records.dataset(start_step=0, **settings))
    seen = []
    for _ in range(6):
        batch, other = next(batches), next(expected)
        assert set(batch) == ({"photos", "labels"} if labels else {"photos"})
        assert batch["photos"].shape == (4, 8, 8, 3)
        for key in batch:
            np.testing.assert_array_equal(batch[key], other[key])
        seen.append(batch["photos"].numpy())
    later = distributed_batches(strategy, records, start_step=4, **settings)
    np.testing.assert_array_equal(next(later)["photos"], seen[4])
    np.testing.assert_array_equal(next(later)["photos"], seen[5])
