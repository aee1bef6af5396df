"""What a person sees while a run goes on: a bar, one line a tick, and log.txt."""

import datetime

import keras
from tqdm import tqdm

from tfgan_edit.storage import explained
from tfgan_edit.trainers.loop import process_memory

COLUMNS = {  # log name: heading of the status line
    "Loss/G/loss": "G",
    "Loss/D/loss": "D",
    "Loss/r1_penalty": "R1",
    "Loss/path_length": "path",
    "Loss/signs/real": "sign",
    "Augment/p": "p",
    "Loss/cross_entropy": "loss",
    "Accuracy/train": "accuracy",
}


class RunLog:
    """Prints lines above the progress bar and appends them to a file."""

    def __init__(self, path=None):
        self.path = path

    def __call__(self, line):
        tqdm.write(line)
        if self.path is not None:
            with explained(self.path), open(self.path, "a", encoding="utf-8") as file:
                file.write(line + "\n")


class Progress(keras.callbacks.Callback):
    """Bar in images with images/s and time left, and one aligned line a tick.

    Args:
        total_images: length of the run, or None where its time decides.
        log: `RunLog`.
        seconds: seconds of training before this process.
    """

    def __init__(self, total_images, log, seconds=0.0):
        super().__init__()
        self.total_images = total_images
        self.log = log
        self.seconds = seconds

    def on_train_begin(self, logs=None):
        self.bar = tqdm(
            total=self.total_images,
            initial=logs["images"],
            unit="img",
            unit_scale=True,
            dynamic_ncols=True,
            mininterval=1.0,
            smoothing=0.05,
        )

    def on_train_batch_end(self, batch, logs=None):
        self.bar.update(logs["images"])

    def on_epoch_end(self, epoch, logs=None):
        self.seconds += logs["seconds"]
        elapsed = datetime.timedelta(seconds=round(self.seconds))
        losses = "  ".join(
            f"{heading} {logs[name]:6.3f}" for name, heading in COLUMNS.items() if name in logs
        )
        bad = sum(value for name, value in logs.items() if name.startswith("Nonfinite/"))
        self.log(
            f"tick {epoch:4d}  kimg {logs['kimg']:9.1f}  time {str(elapsed):>8}  "
            f"img/s {logs['images_per_second']:7.1f}  mem {process_memory() / 2**30:5.2f} GiB  "
            f"{losses}" + (f"  nonfinite {bad:.1f}" if bad else "")
        )

    def on_train_end(self, logs=None):
        self.bar.close()
