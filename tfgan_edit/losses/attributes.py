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


def scorer_loss(log_odds, labels, temperature=1.0):
    """What a scorer misses in pictures: cross-entropy, sum over its labels: -> [N].

    Args:
        log_odds: of the scorer, [N, L].
        labels: what it should say, [N, L], 0 or 1.
        temperature: that log-odds are divided by. One that is always certain rewards, at 1,
            pictures of which it is not.
    """
    losses = tf.nn.sigmoid_cross_entropy_with_logits(
        labels=tf.cast(labels, tf.float32), logits=log_odds / temperature
    )
    return tf.reduce_sum(losses, axis=1)


def negative_log(probabilities):
    """-log p, finite also at 0."""
    return -tf.math.log(probabilities + LEAST_PROBABILITY)
