"""Penalties: losses on gradients. Each is called under the tape that differentiates it."""

import math

import tensorflow as tf


def r1_penalty(discriminate, images):
    """R1 (arXiv 1801.04406, eq. 9 without γ/2): |d sum(D(x)) / dx|² per sample.

    Args:
        discriminate: images -> logits [N, 1].
        images: [N, H, W, C].

    Returns:
        (penalty [N], logits [N, 1]).
    """
    with tf.GradientTape() as tape:
        tape.watch(images)
        logits = discriminate(images)
        total = tf.reduce_sum(logits)
    gradients = tf.cast(tape.gradient(total, images), tf.float32)
    return tf.reduce_sum(tf.square(gradients), axis=[1, 2, 3]), logits


def heads_r1_penalty(discriminate, inputs, mode="mean", batch=None):
    """R1 of a discriminator of several heads: Σ_heads |d h / dx|² per sample.

    h is the mean of a head's logits over samples and places, as published with GANs N' Roses
    (arXiv 2106.06561), or their sum. Of a batch of N the mean makes the penalty N² times smaller
    than the sum does; of a map of logits, the square of its size again.

    Args:
        discriminate: inputs -> list of logits [N, …].
        inputs: [N, …].
        mode: "mean" or "sum".
        batch: samples that the mean is over, where these are but a part of them; default N.

    Returns:
        float32 [N].
    """
    if mode not in ("mean", "sum"):
        raise ValueError(f"mode must be 'mean' or 'sum'. Received: mode={mode!r}")
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(inputs)
        heads = discriminate(inputs)
        size = inputs.shape[0] if batch is None else batch
        totals = []
        for logits in heads:
            count = size * math.prod(logits.shape[1:]) if mode == "mean" else 1
            totals.append(tf.reduce_sum(tf.cast(logits, tf.float32)) / count)
    penalties = []
    for total in totals:
        gradients = tf.cast(tape.gradient(total, inputs), tf.float32)
        penalties.append(tf.reduce_sum(tf.square(gradients), axis=range(1, len(inputs.shape))))
    return tf.add_n(penalties)


def path_lengths(synthesize, w_plus, directions):
    """|Jᵀy| of the generator (arXiv 1912.04958, eq. 4), averaged over the rows of w_plus.

    Args:
        synthesize: w_plus -> images [N, H, W, C].
        w_plus: [N, num_ws, w_dim].
        directions: standard normal y [N, H, W, C].

    Returns:
        lengths [N]: sqrt(mean over rows of sum over w_dim of (d sum(G(w) y) / dw)² / (H W)).
    """
    with tf.GradientTape() as tape:
        tape.watch(w_plus)
        images = synthesize(w_plus)
        pixels = math.prod(images.shape[1:3])
        total = tf.reduce_sum(images * directions) / math.sqrt(pixels)
    gradients = tape.gradient(total, w_plus)
    return tf.sqrt(tf.reduce_mean(tf.reduce_sum(tf.square(gradients), axis=2), axis=1))


def path_length_penalty(lengths, mean_length):
    """(|Jᵀy| - a)² per sample (arXiv 1912.04958, eq. 4): [N] -> [N]."""
    return tf.square(lengths - mean_length)
