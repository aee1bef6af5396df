"""The smallest trainer: two networks of one layer that fit a line."""

import keras
import numpy as np
import tensorflow as tf

from tfgan_edit.layers.equalized import EqualizedDense
from tfgan_edit.layers.registration import register
from tfgan_edit.trainers.gan import GANTrainer, Phase


@register
class LineNetwork(keras.Model):
    """x [n, 2] -> [n, 1], and a statistic that only updates change."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.dense = EqualizedDense(1, name="dense")
        self.dense.build((None, 2))
        self.mean = self.add_weight(name="mean", shape=(2,), initializer="zeros", trainable=False)
        self.built = True

    def call(self, x):
        return self.dense(x)

    def get_config(self):
        return {"name": self.name}


class LineTrainer(GANTrainer):
    """Two networks; `main` fits the first to y, `extra` shrinks the second every third step."""

    def __init__(self, decay=0.5, poison=None, **kwargs):
        super().__init__(
            {"first": LineNetwork(name="first"), "second": LineNetwork(name="second")},
            averaged=["first"],
            phases=[Phase("main", "first"), Phase("extra", "second", 3)],
            optimizers={
                "first": keras.optimizers.SGD(0.1),
                "second": keras.optimizers.SGD(0.1),
            },
            **kwargs,
        )
        self.decay = decay
        self.poison = poison

    def phase_loss(self, phase, batch, random):
        x = batch["images"]
        if phase == "extra":
            loss = tf.reduce_sum(tf.square(self.second(x)), axis=1)
            return loss, {"Loss/extra": loss}, []
        noise = random.normal("noise", x.shape[0], [1])
        loss = tf.reduce_sum(tf.square(self.first(x) - batch["y"] + 0.1 * noise), axis=1)
        if self.poison is not None:
            loss = loss * self.poison
        new_mean = 0.9 * self.first.mean.value + 0.1 * tf.reduce_mean(x, axis=0)
        return loss, {"Loss/main": loss}, [(self.first.mean, new_mean)]

    def average_decay(self, images_seen, batch_size):
        return tf.constant(self.decay)


def line_batch(size=8):
    """x and y = x · (1, -2)."""
    x = np.random.RandomState(0).randn(size, 2).astype(np.float32)
    return {"images": tf.constant(x), "y": tf.constant(x @ [[1.0], [-2.0]], tf.float32)}


def make(seed=0, **kwargs):
    """A trainer with the same initial weights at every call."""
    keras.utils.set_random_seed(1)
    return LineTrainer(seed=seed, **kwargs)
