"""Metrics while a run goes on: every few ticks and at the end."""

import copy

import keras
import tensorflow as tf

from tfgan_edit.metrics import append_record, check_metric, evaluate


class MetricRun(keras.callbacks.Callback):
    """Evaluates metrics and appends them to metric-NAME.jsonl and TensorBoard.

    A resumed run may measure a tick again; its later record counts.

    Args:
        folder: run folder.
        names: of metrics.
        evaluation: `Evaluation` of the training's pictures and the averaged generator.
        every: ticks between two evaluations.
        log: function of a line.

    Attributes:
        results: {name: number} of the last evaluation.

    Raises:
        UserError: when made, if a metric is unknown, lacks weights or has too few pictures.
    """

    def __init__(self, folder, names, evaluation, every, log):
        super().__init__()
        for name in names:
            check_metric(name, evaluation.given, evaluation)
        self.folder = folder
        self.names = names
        self.evaluation = evaluation
        self.every = every
        self.log = log
        self.results = {}
        self.logs = None
        self.writer = tf.summary.create_file_writer(str(folder / "tensorboard"))

    def on_epoch_end(self, epoch, logs=None):
        self.logs = {"tick": epoch, **logs}
        if (epoch + 1) % self.every == 0:
            self._measure()

    def on_train_end(self, logs=None):
        if self.logs is not None and not (logs and logs.get("interrupted")):
            self._measure()
        self.writer.close()

    def _measure(self):
        step, kimg = int(self.logs["step"]), self.logs["kimg"]
        # A copy: the weights have changed, and of a growing network the graph as well.
        evaluation = self.evaluation.with_fake(copy.copy(self.evaluation.fake))
        for name in self.names:
            record = evaluate(name, [evaluation])
            record |= {"tick": self.logs["tick"], "step": step, "kimg": kimg}
            append_record(self.folder, record)
            self.results |= record["results"]
            values = "  ".join(f"{key} {value:.5g}" for key, value in record["results"].items())
            self.log(f"kimg {kimg:9.1f}  {values}  ({record['seconds']:.1f} s)")
            with self.writer.as_default(step=step):
                for key, value in record["results"].items():
                    tf.summary.scalar(f"Metrics/{key}", value)
        self.writer.flush()
        self.logs = None  # what is measured now is not measured again at the end
