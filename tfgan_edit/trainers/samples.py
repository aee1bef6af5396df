"""Sample pictures that stay the same while the weights change."""

import numpy as np
import tensorflow as tf


def latent_grid(generator, *, count, seed, labels=None, batch_size=16):
    """Returns a function that draws the same `count` pictures of a generator at every call.

    Args:
        generator: network with `z_dim`, called as generator(z, labels=…, noise="constant").
        count: number of pictures.
        seed: of the latents.
        labels: [count, L] or None.
        batch_size: pictures at once.
    """
    z = np.random.RandomState(seed).randn(count, generator.z_dim).astype(np.float32)

    @tf.function(autograph=False)
    def synthesize(z, labels):
        return generator(z, labels=labels, noise="constant")

    def draw():
        parts = []
        for i in range(0, count, batch_size):
            rows = None if labels is None else tf.constant(labels[i : i + batch_size])
            parts.append(synthesize(tf.constant(z[i : i + batch_size]), rows).numpy())
        return np.concatenate(parts)

    return draw
