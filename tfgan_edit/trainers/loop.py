"""One explicit training loop for every strategy.

`keras.Model.fit` does not run on several machines (Keras issue 20585), so the `train` verb uses
this loop; the step itself is the trainer's `train_step`, which `fit` runs as well. A tick is a
Keras epoch: callbacks are `keras.callbacks.Callback`s.
"""

import contextlib
import re
import signal
import time
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from tfgan_edit.config import UserError

FETCH_STEPS = 10  # losses are read from the device every so many steps
MAX_NONFINITE_STEPS = 20  # consecutive steps with a loss that is not finite
# … with gradients that are not. A loss scale of 2^24 needs 24 of them to fall to 1.
MAX_NONFINITE_GRADIENTS = 50
TIME_IS_UP = 1000  # in place of a signal's number, and above all of them


class Interrupted(Exception):
    """SIGINT or SIGTERM arrived and the state is saved; `number` is the signal's."""

    def __init__(self, number):
        super().__init__(signal.Signals(number).name)
        self.number = number


def distributed_batches(strategy, records, *, batch_size, start_step, **settings):
    """Iterator over global batches for `strategy`, beginning at `start_step`."""

    def pipeline(context):
        return records.replica_dataset(
            batch_size=batch_size,
            num_replicas=context.num_replicas_in_sync,
            num_input_pipelines=context.num_input_pipelines,
            input_pipeline_id=context.input_pipeline_id,
            start_step=start_step,
            **settings,
        )

    if strategy.num_replicas_in_sync == 1:
        return iter(records.dataset(batch_size=batch_size, start_step=start_step, **settings))
    return iter(strategy.distribute_datasets_from_function(pipeline))


def train_loop(
    trainer,
    batches,
    *,
    schedule,
    total_steps,
    tick_images,
    callbacks,
    save_state,
    agree=None,
    is_over=lambda: False,
):
    """Runs ticks until `total_steps`, or until `is_over`.

    A state is saved after the callbacks of its tick, the last one after `on_train_end`: a process
    that is killed between the two repeats the tick, and a run that counts as complete is.

    Args:
        trainer: `GANTrainer`; its `step` says where to begin.
        batches: iterator of global batches that begins there.
        schedule: `Schedule`, which says how many images each step sees.
        total_steps: step at which to end.
        tick_images: images between two calls of `on_epoch_end` and `save_state`; a batch at least.
        callbacks: `keras.callbacks.Callback`s. `on_epoch_end(tick, logs)` receives the mean of
            every log since the last tick, and "kimg", "step", "seconds", "images_per_second".
            `on_train_end({"interrupted": True})` says that the run did not get to its end; with
            "kimg", that a signal stopped it and nothing is wrong with it.
        save_state: function of no arguments.
        agree: with several processes, a function of this process's signal number (0 for none)
            that returns one that any of them received, or 0. All stop at the same step then,
            as nobody can take a step alone. It is also asked about `TIME_IS_UP`.
        is_over: whether the run's time is up; asked where losses are read. The run then ends as
            it does at `total_steps`, with a shorter tick.

    Raises:
        UserError: a loss was not finite for `MAX_NONFINITE_STEPS` steps, or some gradient of a
            phase for `MAX_NONFINITE_GRADIENTS`.
        Interrupted: after a signal, with the state saved.
    """
    callbacks = keras.callbacks.CallbackList(callbacks, model=trainer)
    watch = _NonfiniteWatch(trainer.phase_of_log)
    tick_images = max(tick_images, *(stage.batch_size for stage in schedule.stages))
    step = trainer.current_step()
    with _signals() as received, _closing(callbacks, trainer, schedule):
        callbacks.on_train_begin({"step": step, "images": schedule.images(step)})
        while step < total_steps:
            tick = schedule.images(step) // tick_images
            end = min(schedule.steps((tick + 1) * tick_images), total_steps)
            callbacks.on_epoch_begin(tick)
            statistics, pending, start, first = _Means(), [], time.perf_counter(), step
            stop = 0
            while step < end and not stop:
                pending.append((step, trainer.step_function(next(batches), step=step)))
                images = schedule.stage(step).batch_size
                step += 1
                callbacks.on_train_batch_end(step, {"images": images})
                if len(pending) == FETCH_STEPS or step == end or received and not agree:
                    for number, logs in pending:
                        logs = {name: float(value) for name, value in logs.items()}
                        statistics.add(logs)
                        watch.check(number, logs)
                    pending = []
                    stop = TIME_IS_UP if is_over() else received[0] if received else 0
                    stop = agree(stop) if agree else stop
            if step == end or stop == TIME_IS_UP:
                seconds = time.perf_counter() - start
                images = schedule.images(step)
                logs = {
                    **statistics.means(),
                    "step": step,
                    "kimg": images / 1000,
                    "seconds": seconds,
                    "images_per_second": (images - schedule.images(first)) / seconds,
                }
                callbacks.on_epoch_end(tick, logs)
            if step == total_steps or stop == TIME_IS_UP:
                break  # a signal in the last step has nothing left to stop
            save_state()
            if stop:
                raise Interrupted(stop)
        callbacks.on_train_end({})
        save_state()


@contextlib.contextmanager
def _closing(callbacks, trainer, schedule):
    """Ends the callbacks, so that bars and files are closed, also when a run fails."""
    try:
        yield
    except Interrupted:
        kimg = schedule.images(trainer.current_step()) / 1000
        callbacks.on_train_end({"interrupted": True, "kimg": kimg})
        raise
    except BaseException:
        callbacks.on_train_end({"interrupted": True})
        raise


@contextlib.contextmanager
def _signals():
    """Collects SIGINT and SIGTERM; a second one ends the process as usual."""
    received, previous = [], {}

    def note(number, frame):
        received.append(number)
        for other, handler in previous.items():
            signal.signal(other, handler)

    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            previous[number] = signal.signal(number, note)
        except ValueError:  # not the main thread: signals are somebody else's
            break
    try:
        yield received
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


class _Means:
    """Means over a tick; a log counts in the steps that have it."""

    def __init__(self):
        self.sums, self.counts = {}, {}

    def add(self, logs):
        for name, value in logs.items():
            self.sums[name] = self.sums.get(name, 0.0) + value
            self.counts[name] = self.counts.get(name, 0) + 1

    def means(self):
        return {name: total / self.counts[name] for name, total in self.sums.items()}


class _NonfiniteWatch:
    """Stops a run whose losses or gradients have become NaN or infinite."""

    def __init__(self, phase_of):
        self.phase_of = phase_of
        self.count = {}

    def check(self, step, logs):
        for name, value in logs.items():
            if name.startswith("Nonfinite/"):
                self._check_gradients(step, name, value)
            if not name.startswith("Loss/"):
                continue
            self.count[name] = 0 if np.isfinite(value) else self.count.get(name, 0) + 1
            if self.count[name] >= MAX_NONFINITE_STEPS:
                raise UserError(
                    f"{name} has not been finite for {MAX_NONFINITE_STEPS} steps, up to step "
                    f"{step} (phase {self.phase_of(name)}): the training diverged. Go back to an "
                    "older state, or try a smaller trainer.learning_rate, a larger "
                    "trainer.r1_gamma, or --set precision=float32"
                )

    def _check_gradients(self, step, name, value):
        """Their losses may well be finite, and what is not is taken for 0 (`GANTrainer`)."""
        self.count[name] = self.count.get(name, 0) + 1 if value > 0 else 0
        if self.count[name] >= MAX_NONFINITE_GRADIENTS:
            raise UserError(
                f"gradients of phase {name.removeprefix('Nonfinite/')} have not been finite for "
                f"{MAX_NONFINITE_GRADIENTS} steps, up to step {step}: the training stands still. "
                "Go back to an older state, or try --set precision=float32, a smaller "
                "trainer.learning_rate or a larger trainer.r1_gamma"
            )


def process_memory():
    """Peak memory of this process, bytes; of the first GPU where there is one."""
    if tf.config.list_logical_devices("GPU"):
        return tf.config.experimental.get_memory_info("GPU:0")["peak"]
    return resident_memory(peak=True)


def resident_memory(pid="self", peak=False):
    """Bytes of memory that a process occupies, or the most it did; 0 if it has ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    # Not ru_maxrss of getrusage: that begins with the peak of the process that started it.
    found = re.search(rf"^{'VmHWM' if peak else 'VmRSS'}:\s*(\d+) kB$", status, re.MULTILINE)
    return int(found[1]) * 1024 if found else 0
