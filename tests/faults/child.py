"""Run as a process: trainings that are killed, and otherwise disturbed.

    python -m tests.faults.child

reads a JSON object a line and answers each with one: {"start": settings} forks a training and
gives its pid, {"wait": pid} its exit status. Forking saves the import of TensorFlow; nothing of
TensorFlow is run before. A training's output goes to the file `log`.
"""

import dataclasses
import json
import os
import resource
import signal
import sys
import threading
import time
from pathlib import Path

import keras
import tensorflow as tf

from tests.trainers.line_trainer import LineNetwork
from tests.trainers.train_replicas import SETTINGS
from tfgan_edit import storage
from tfgan_edit.config import RunConfig, UserError
from tfgan_edit.data import DataConfig
from tfgan_edit.ops.images import photo_to_image
from tfgan_edit.run import Run
from tfgan_edit.trainers.gan import GANTrainer, Phase
from tfgan_edit.trainers.optimizers import FusedAdam
from tfgan_edit.trainers.strategy import make_deterministic
from tfgan_edit.trainers.stylegan2 import StyleGAN2Config

BATCH, TICK_STEPS = 4, 3


class PhotoLineTrainer(GANTrainer):
    """Two dense layers on mean colours, with Adam, an average, a lazy phase, and noise."""

    def __init__(self, seed):
        names = ("first", "second")
        super().__init__(
            {name: LineNetwork(name=name) for name in names},
            averaged=["first"],
            phases=[Phase("main", "first"), Phase("extra", "second", 3)],
            optimizers={name: FusedAdam(0.01) for name in names},
            seed=seed,
        )

    def phase_loss(self, phase, batch, random):
        x = tf.reduce_mean(photo_to_image(batch["photos"]), axis=(1, 2))[:, :2]
        noise = random.normal("noise", x.shape[0], [1])
        y = self.first(x) - x[:, :1] + 0.1 * noise if phase == "main" else self.second(x)
        loss = tf.reduce_sum(tf.square(y), axis=1)
        mean = 0.9 * self.first.mean.value + 0.1 * tf.reduce_mean(x, axis=0)
        return loss, {f"Loss/{phase}": loss}, [(self.first.mean, mean)]

    def average_decay(self, images_seen, batch_size):
        return tf.constant(0.9)

    def sampler(self, examples, seed):
        return examples["photos"], lambda: examples["photos"]


@dataclasses.dataclass(frozen=True)
class PhotoLineConfig:
    method = "photo_line"

    def check(self, batch_size, num_replicas):
        pass

    def build(self, *, seed, **others):
        keras.utils.set_random_seed(seed)
        return PhotoLineTrainer(seed)


def config(system, data, steps, strategy="one"):
    trainer = PhotoLineConfig()
    if system == "stylegan2":
        trainer = StyleGAN2Config(r1_interval=2, path_length_interval=2, **SETTINGS)
    return RunConfig(
        name="faults",
        trainer=trainer,
        data=DataConfig(source=str(data), resolution=16, mirror=True),
        batch_size=BATCH,
        total_kimg=steps * BATCH / 1000,
        tick_kimg=TICK_STEPS * BATCH / 1000,
        preset_ticks=2,
        precision="float32",
        jit_compile="off",
        strategy=strategy,
    )


# === Faults ===


def kill_at_write(number):
    """SIGKILL just before the `number`-th flush, renaming, exchange or removal of any file."""
    left = [number]

    def counted(function):
        def call(*args, **kwargs):
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return function(*args, **kwargs)

        return call

    for owner, name in (
        (os, "fsync"),
        (os, "replace"),
        (os, "rename"),
        (storage.shutil, "rmtree"),
        (storage, "_exchange_names"),
        (keras.Model, "save_weights"),
    ):
        setattr(owner, name, counted(getattr(owner, name)))


def kill_after(trainer, step, seconds):
    """SIGKILL so many seconds after a step was begun; the tick may be over by then."""

    def watch():
        while trainer.begun < step:
            time.sleep(0.0005)
        time.sleep(seconds)
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=watch, daemon=True).start()


def note_steps(trainer, path):
    """Appends the number of each step to a file as it begins."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    run_step = trainer.step_function
    trainer.begun = -1

    def step_function(batch, phases=None, step=None):
        trainer.begun = step
        os.write(file, f"{step}\n".encode())
        return run_step(batch, phases, step)

    trainer.step_function = step_function


def jumping_clock():
    """The time of day goes a year back and forth at every look at it."""
    real, signs = time.time, [1]

    def jump():
        signs[0] = -signs[0]
        return real() + signs[0] * 3.2e7

    time.time = jump


def lose(trainer, step, function, *args):
    """Calls a function that takes data away, in the middle of the training."""

    def watch():
        while trainer.begun < step:
            time.sleep(0.0005)
        function(*args)

    threading.Thread(target=watch, daemon=True).start()


def train(settings):
    """One training in this process."""
    if "tf_config" in settings:
        os.environ["TF_CONFIG"] = json.dumps(settings["tf_config"])
    if settings.get("jumping_clock"):
        jumping_clock()
    if "uid" in settings:  # whom permissions bind
        os.setgid(settings["uid"])
        os.setuid(settings["uid"])
    if settings.get("deterministic"):
        make_deterministic()
    path = Path(settings["workdir"])
    run = Run(
        config(
            settings.get("system", "line"),
            settings["data"],
            settings["steps"],
            settings.get("strategy", "one"),
        ),
        path,
    )
    note_steps(run.trainer, settings.get("steps_file", f"{path}.steps"))
    if "kill_at_write" in settings:
        kill_at_write(settings["kill_at_write"])
    if "kill_after" in settings:
        kill_after(run.trainer, *settings["kill_after"])
    if "shorten" in settings:
        lose(run.trainer, 4, os.truncate, settings["shorten"], 100)
    if "delete" in settings:
        lose(run.trainer, 4, os.unlink, settings["delete"])
    if "delete_early" in settings:  # between opening and mapping
        os.unlink(settings["delete_early"])
    if "file_size" in settings:
        resource.setrlimit(resource.RLIMIT_FSIZE, (settings["file_size"],) * 2)
    if settings.get("blind"):  # another program fills the disk after one has looked at it
        from tfgan_edit import preset
        from tfgan_edit.trainers import state

        preset.require_space = state.require_space = lambda path, variables: None
    run.train()


def fork(settings):
    pid = os.fork()
    if pid:
        return pid
    log = os.open(settings["log"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
    for descriptor in (1, 2):
        os.dup2(log, descriptor)
    status = 1
    try:
        train(settings)
        status = 0
    except UserError as error:  # as the verb does
        os.write(2, f"error: {error}\n".encode())
        status = 2
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)


def main():
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever is printed is no answer
    for line in sys.stdin:
        ((command, value),) = json.loads(line).items()
        if command == "start":
            answer = fork(value)
        else:
            answer = os.waitstatus_to_exitcode(os.waitpid(value, 0)[1])
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
