"""Random numbers of a training step: a pure function of (seed, step, name).

A resumed run draws what the uninterrupted one would have drawn, and one replica draws what
two together draw: every replica draws for the global batch and keeps its own rows. That costs
little, as latents and noise maps are small beside activations.
"""

import math
import zlib

import tensorflow as tf


class StepRandom:
    """Draws for one step of one replica.

    Args:
        seed: int, the run's seed.
        step: int tensor.
        part, num_parts: which slice of the global batch this is (replica, micro-batch).
        scope: prefix of all names.
    """

    def __init__(self, seed, step, part=0, num_parts=1, scope=""):
        self.seed = seed
        self.step = step
        self.part = part
        self.num_parts = num_parts
        self.scope = scope

    def within(self, scope, part=0, num_parts=1):
        """The same step under another name, cut into further parts."""
        return StepRandom(
            self.seed,
            self.step,
            self.part * num_parts + part,
            self.num_parts * num_parts,
            f"{self.scope}/{scope}",
        )

    def uniform(self, name, batch, shape):
        """Uniform in (0, 1) [batch, *shape], different in every part."""
        draw = self._uniform(name, [self.num_parts * batch, *shape])
        if self.num_parts == 1:
            return draw
        begin = [self.part * batch] + [0] * len(shape)
        return tf.slice(draw, begin, [batch, *shape])

    def normal(self, name, batch, shape):
        """Standard normal [batch, *shape], different in every part."""
        uniform = self.uniform(name, batch, shape)
        return math.sqrt(2) * tf.math.erfinv(2.0 * uniform - 1.0)

    def integers(self, name, batch, limit):
        """int32 [batch] in 0…limit - 1, different in every part."""
        return tf.cast(self.uniform(name, batch, []) * limit, tf.int32)

    def shared_uniform(self, name):
        """One number in [0, 1), the same in every part."""
        return self._uniform(name, [])

    def _uniform(self, name, shape):
        """Numbers (k + ½) · 2⁻²³ in (0, 1), exact in float32.

        Made from Philox' integers, which are the same on every device and under XLA, whereas
        TensorFlow's floats are not. One bit more would round the largest number up to 1, whose
        normal quantile is infinite.
        """
        number = zlib.crc32(f"{self.seed}/{self.scope}/{name}".encode())
        key = tf.stack([tf.constant(number, tf.int64), tf.cast(self.step, tf.int64)])
        bits = tf.random.stateless_uniform(shape, key, None, None, tf.uint32, alg="philox")
        high = tf.cast(tf.bitwise.right_shift(bits, tf.constant(9, tf.uint32)), tf.float32)
        return (high + 0.5) * 2.0**-23
