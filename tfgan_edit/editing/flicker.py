"""How much a video flickers: what changes from frame to frame beyond what its source does."""

import numpy as np
import tensorflow as tf


class Flicker:
    """Mean distance of consecutive frames of an edit, and of its source.

    Memory holds the features of one frame.

    Args:
        distance: `ImageDistance`.

    Attributes:
        counts: pairs of consecutive frames.
    """

    def __init__(self, distance):
        self.distance = distance
        self.counts = 0
        self._sums = np.zeros(2)
        self._last = [None, None]
        self._features = tf.function(
            lambda photos: distance.features(tf.cast(photos, tf.float32) / 127.5 - 1),
            autograph=False,
            reduce_retracing=True,
        )

    def add(self, sources, edits):
        """Takes the next frames of both, uint8 [n, H, W, 3] of one size throughout."""
        for side, photos in enumerate((sources, edits)):
            features = self._features(tf.constant(photos))
            last = self._last[side]
            before = tf.nest.map_structure(lambda x: x[:-1], features)
            if last is not None:
                before = tf.nest.map_structure(
                    lambda a, b: tf.concat([a, b], axis=0), last, before
                )
            after = features if last is not None else tf.nest.map_structure(
                lambda x: x[1:], features
            )
            self._last[side] = tf.nest.map_structure(lambda x: x[-1:], features)
            pairs = tf.nest.flatten(after)[0].shape[0]
            if pairs:
                self._sums[side] += float(tf.reduce_sum(self.distance.compare(before, after)))
            if side == 0:
                self.counts += pairs

    @property
    def results(self):
        """{"source", "edit": mean distances, "flicker": their difference}, NaN without pairs."""
        source, edit = self._sums / self.counts if self.counts else (np.nan, np.nan)
        return {"source": float(source), "edit": float(edit), "flicker": float(edit - source)}

    def __str__(self):
        values = self.results
        return (
            f"flicker {values['flicker']:+.4f}: consecutive frames differ by {values['edit']:.4f} "
            f"in the edit, {values['source']:.4f} in the source ({self.distance.what}, "
            f"{self.counts} pairs of frames)"
        )
