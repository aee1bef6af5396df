"""Adversarial losses: logits -> loss per sample."""

import tensorflow as tf


def logistic_generator_loss(fake_logits):
    """Non-saturating loss softplus(-D(G(z))) (arXiv 1406.2661, section 3): [N, 1] -> [N]."""
    return tf.reduce_sum(tf.math.softplus(-fake_logits), axis=-1)


def logistic_discriminator_loss(real_logits, fake_logits):
    """softplus(-D(x)) + softplus(D(G(z))) (arXiv 1406.2661, eq. 1): [N, 1] -> [N]."""
    loss = tf.math.softplus(-real_logits) + tf.math.softplus(fake_logits)
    return tf.reduce_sum(loss, axis=-1)
