"""Trainings that go wrong without a number that is not finite: said once, as a line of the log."""

import math

import keras
import numpy as np

from tfgan_edit.pictures import as_photos

SIDE = 8  # pixels of the pooled pictures that are compared
COLLAPSED = 0.25  # diversity of the pictures, as a part of that of the data
HEALTHY = 0.5
PATIENCE = 3  # ticks in a row
SETTLED_KIMG = 200.0  # by when a training that was never diverse should be
LOG = "Diversity/pictures"


def picture_diversity(images):
    """How far pictures are from their mean: root mean square distance of features.

    Features are the colours of the picture pooled to at most `SIDE` x `SIDE` pixels and, of each
    such cell, the deviation of the pixels in it: what is where, and how rough it is.

    Args:
        images: [N, H, W, C], float in [-1, 1] or uint8.

    Returns:
        A number; 0 for equal pictures.
    """
    values = as_photos(images).astype(np.float32) / 127.5 - 1
    count, height, width, channels = values.shape
    rows, columns = min(SIDE, height), min(SIDE, width)
    values = values[:, : height // rows * rows, : width // columns * columns]
    cells = values.reshape(count, rows, height // rows, columns, width // columns, channels)
    features = [cells.mean(axis=(2, 4)), cells.std(axis=(2, 4))]
    features = np.concatenate([part.reshape(count, -1) for part in features], axis=1)
    return float(np.sqrt(features.var(axis=0).sum()))


class Watchdog(keras.callbacks.Callback):
    """Warns of mode collapse and of an augmentation at its limit.

    Adds `Diversity/pictures` to the logs of every tick, for the callbacks after it: the diversity
    of the sample pictures as a part of that of as many of the data. Collapse is said where it
    stays below `COLLAPSED` for `PATIENCE` ticks, after it was above `HEALTHY` or after
    `SETTLED_KIMG`; a young generator draws much the same picture from all latents.

    Args:
        log: function of a line.
        draw: function of no arguments -> pictures [N, H, W, C]; None if they are not drawn from
            latents.
        reference: as many pictures of the data.
    """

    def __init__(self, log, draw=None, reference=None):
        super().__init__()
        self.log = log
        self.draw = draw
        self.expected = 0.0 if draw is None else picture_diversity(reference)
        self.best = 0.0
        self.low_ticks = 0
        self.said = set()

    def on_epoch_end(self, epoch, logs=None):
        if self.expected:  # else all pictures of the data are the same
            logs[LOG] = picture_diversity(self.draw()) / self.expected
            self._look_at(logs[LOG], logs["kimg"])
        if logs.get("Augment/p", 0.0) >= 1.0:
            self._say(
                "augmentation",
                "warning: the augmentation's p is 1, its limit, and the discriminator still "
                "overfits: the pictures may get worse from here; take an earlier preset, more "
                "photos, or a larger trainer.r1_gamma",
            )
        else:
            self.said.discard("augmentation")

    def _look_at(self, diversity, kimg):
        self.best = max(self.best, diversity)
        self.low_ticks = self.low_ticks + 1 if diversity < COLLAPSED else 0
        if self.low_ticks >= PATIENCE and (self.best >= HEALTHY or kimg >= SETTLED_KIMG):
            self._say(
                "collapse",
                f"warning: the pictures are {diversity:.0%} as diverse as the data for "
                f"{self.low_ticks} ticks (mode collapse?): look at the samples; take an earlier "
                "preset, a larger trainer.r1_gamma or a smaller trainer.learning_rate",
            )
        elif diversity >= COLLAPSED or math.isnan(diversity):
            self.said.discard("collapse")

    def _say(self, what, line):
        if what not in self.said:
            self.said.add(what)
            self.log(line)
