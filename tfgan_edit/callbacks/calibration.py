"""A classifier on photos that it did not learn from: accuracy, and calibrated probabilities."""

import keras
import numpy as np
import tensorflow as tf

from tfgan_edit.metrics.calibration import expected_calibration_error, fit_temperature, softmax
from tfgan_edit.ops.images import photo_to_image

BATCH_SIZE = 256


class Calibration(keras.callbacks.Callback):
    """Measures a classifier on held-out photos and sets its temperatures.

    Args:
        trainer: `AttributeClassifierTrainer`; its averaged network is measured.
        records: `Records` with labels.
        subset: how many of them the training sees; the others are held out.
        every: ticks between two calibrations.
        log: function of a line.

    Attributes:
        results: {name: number} of the last one: of each attribute `accuracy/NAME`,
            `confidence/NAME` (mean probability of the chosen value), `ece/NAME` (expected
            calibration error, after calibration) and `temperature/NAME`; the means
            `accuracy/mean` and `ece/mean`; and `held_out`, the number of photos.
    """

    def __init__(self, trainer, records, subset, every, log):
        super().__init__()
        self.classifier = trainer.averages["classifier"]
        self.learning = trainer.networks["classifier"]  # its statistics overwrite the average's
        self.records = records
        chosen = np.arange(records.num) if subset is None else records.subset_indices(subset)
        self.held_out = np.setdiff1d(np.arange(records.num), chosen)
        self.every = every
        self.log = log
        self.results = {}
        self.stale = False
        self._logits = tf.function(self._of_photos, autograph=False, reduce_retracing=True)

    def on_train_begin(self, logs=None):
        if not len(self.held_out):
            self.log(
                "no photos are held out: accuracy is not measured and probabilities are not "
                "calibrated; set data.subset below the number of photos"
            )

    def on_epoch_end(self, epoch, logs=None):
        self.stale = True
        if (epoch + 1) % self.every == 0:
            self._measure()

    def on_train_end(self, logs=None):
        if self.stale and not (logs and logs.get("interrupted")):
            self._measure()

    def _measure(self):
        self.stale = False
        if not len(self.held_out):
            return
        logits = np.concatenate(
            [
                self._logits(tf.constant(self.records.photos(self.held_out[i : i + BATCH_SIZE])))
                for i in range(0, len(self.held_out), BATCH_SIZE)
            ]
        )
        self.results, temperatures = held_out_results(
            logits, self.records.labels[self.held_out], self.classifier.groups
        )
        for classifier in (self.classifier, self.learning):
            classifier.temperature.assign(temperatures)
        self.log(table(self.results, self.classifier.groups))

    def _of_photos(self, photos):
        return self.classifier(photo_to_image(photos))


def held_out_results(logits, labels, groups):
    """({name: number}, temperature of each attribute) of logits and labels [N, L]."""
    results, temperatures = {}, []
    for attribute, places in groups.items():
        scores, targets = logits[:, places], labels[:, places]
        if len(places) == 1:  # softmax of (logit, 0) is the sigmoid
            scores = np.concatenate([scores, np.zeros_like(scores)], axis=1)
            targets = np.concatenate([targets, 1 - targets], axis=1)
        temperature = fit_temperature(scores, targets)
        probabilities = softmax(scores / temperature)
        correct = probabilities.argmax(axis=1) == targets.argmax(axis=1)
        confidences = probabilities.max(axis=1)
        temperatures.append(temperature)
        results |= {
            f"accuracy/{attribute}": float(correct.mean()),
            f"confidence/{attribute}": float(confidences.mean()),
            f"ece/{attribute}": expected_calibration_error(confidences, correct),
            f"temperature/{attribute}": temperature,
        }
    for name in ("accuracy", "ece"):
        values = [results[f"{name}/{attribute}"] for attribute in groups]
        results[f"{name}/mean"] = float(np.mean(values))
    return results | {"held_out": len(logits)}, temperatures


def table(results, groups):
    """Results as lines for a person."""
    lines = [f"{'':16}{'accuracy':>10}{'confidence':>12}{'ECE':>8}{'temperature':>13}"]
    for attribute in groups:
        accuracy, confidence, error, temperature = (
            results[f"{name}/{attribute}"]
            for name in ("accuracy", "confidence", "ece", "temperature")
        )
        lines.append(
            f"{attribute:16.16}{accuracy:10.4f}{confidence:12.4f}{error:8.4f}{temperature:13.3f}"
        )
    lines.append(f"{results['held_out']:,} held-out photos")
    return "\n".join(lines)
