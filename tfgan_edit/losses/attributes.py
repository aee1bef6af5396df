"""Losses of attributes: logits and labels -> loss per sample."""

import tensorflow as tf

LEAST_PROBABILITY = 1e-7  # 1 - p of float32 is 0 below it, and its logarithm is no number


def attribute_loss(logits, labels, positive_weights):
    """Cross-entropy of binary attributes, mean over them (arXiv 2109.12492, eq. 4): -> [N].

    -(p y log σ(x) + (1 - y) log σ(-x)), in which p balances rare and frequent attributes.

    Args:
        logits: [N, L].
        labels: [N, L], 0 or 1.
        positive_weights: p, [L].
    """
    losses = tf.nn.weighted_cross_entropy_with_logits(
        tf.cast(labels, tf.float32), tf.cast(logits, tf.float32), positive_weights
    )
    return tf.reduce_mean(losses, axis=1)


def negative_log(probabilities):
    """-log p, finite also at 0."""
    return -tf.math.log(probabilities + LEAST_PROBABILITY)
