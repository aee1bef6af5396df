"""stats.jsonl and TensorBoard scalars: one record a tick."""

import json
import math

import keras
import tensorflow as tf

from tfgan_edit.storage import atomic_file, explained


class StatisticsLog(keras.callbacks.Callback):
    """Appends the logs of each tick to stats.jsonl and to TensorBoard.

    Records after the step that a run resumes from are dropped: those ticks come again.

    Args:
        folder: run folder.
    """

    def __init__(self, folder):
        super().__init__()
        self.path = folder / "stats.jsonl"
        self.writer = tf.summary.create_file_writer(str(folder / "tensorboard"))

    def on_train_begin(self, logs=None):
        if not self.path.exists():
            return
        kept = []
        for line in self.path.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                if json.loads(line)["step"] <= logs["step"]:
                    kept.append(line)
            except (ValueError, KeyError, TypeError):  # a line that a crash cut short
                continue
        with atomic_file(self.path, "w") as file:
            file.writelines(line + "\n" for line in kept)

    def on_epoch_end(self, epoch, logs=None):
        # JSON has no NaN; null says that there is no number. Keras turns all logs into floats.
        record = {
            "tick": epoch,
            **{k: (v if math.isfinite(v) else None) for k, v in logs.items()},
            "step": int(logs["step"]),
        }
        with explained(self.path), open(self.path, "a", encoding="utf-8") as file:
            file.write(json.dumps(record) + "\n")
        with self.writer.as_default(step=int(logs["step"])):
            for name, value in logs.items():
                tf.summary.scalar(name, value)
        self.writer.flush()

    def on_train_end(self, logs=None):
        self.writer.close()
