"""Sample pictures that stay the same while the weights change."""

import math

import numpy as np
import tensorflow as tf

HEIGHT, WIDTH = 720, 1280  # grids fill about this many pixels …
ROWS, COLUMNS = 8, 12  # … with at most so many pictures


def grid_shape(height, width):
    """(rows, columns) of a grid of sample pictures of that size."""
    return int(np.clip(HEIGHT // height, 1, ROWS)), int(np.clip(WIDTH // width, 1, COLUMNS))


def frequent_labels(labels, count):
    """The `count` most frequent label vectors of [M, L], classes in the order of their numbers."""
    vectors, sizes = np.unique(labels, axis=0, return_counts=True)
    chosen = np.sort(np.argsort(-sizes, kind="stable")[:count])
    return vectors[chosen[::-1]]  # vectors that are sorted have the last class first


def latent_grid(generator, *, count, seed, labels=None, columns=1, batch_size=16):
    """Returns a function that draws the same `count` pictures of a generator at every call.

    With labels, each column of the grid shows one of the most frequent, each row one latent.

    Args:
        generator: network with `z_dim`, called as generator(z, labels=…, noise="constant").
        count: number of pictures.
        seed: of the latents.
        labels: [M, L] of the data for a conditional generator, or None.
        columns: of the grid.
        batch_size: pictures at once.
    """
    z = np.random.RandomState(seed).randn(count, generator.z_dim).astype(np.float32)
    if labels is not None:
        classes = frequent_labels(labels, columns)
        row, column = divmod(np.arange(count), columns)
        times = math.ceil(columns / len(classes))  # of a class in a row, with other latents
        z = z[row * times + column // len(classes)]
        labels = classes[column % len(classes)]

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
