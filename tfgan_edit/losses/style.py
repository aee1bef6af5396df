"""Losses on styles: -> loss per sample. Their mean over the batch is what the paper states."""

import tensorflow as tf


def style_variance_loss(styles):
    """Σ_d (s_d - mean_d)² (arXiv 2106.06561, section 3.2): styles [N, D] -> [N].

    The mean over the batch is the sum over dimensions of the biased variance: augmentations of one
    image should have one style.
    """
    centre = tf.reduce_mean(styles, axis=0, keepdims=True)
    return tf.reduce_sum(tf.square(styles - centre), axis=1)


def style_cosine_loss(styles):
    """N Σ_j (1 - cos(s_i, s_j)), of the code line "train": styles [N, D] -> [N].

    The mean over the batch is the *sum* over all N² pairs, as published, so the weight of this loss
    grows with the square of the batch.
    """
    units = tf.math.l2_normalize(styles, axis=1, epsilon=1e-12)
    count = tf.cast(tf.shape(styles)[0], styles.dtype)
    similarity = tf.reduce_sum(units * tf.reduce_sum(units, axis=0, keepdims=True), axis=1)
    return count * (count - similarity)
