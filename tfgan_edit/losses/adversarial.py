"""Adversarial losses: logits -> loss per sample.

Logits are [N, 1], or maps [N, h, w, 1] of discriminators that judge patches, whose mean counts.
"""

import tensorflow as tf


def logistic_generator_loss(fake_logits):
    """Non-saturating loss softplus(-D(G(z))) (arXiv 1406.2661, section 3): [N, …] -> [N]."""
    return _mean_of_patches(tf.math.softplus(-fake_logits))


def logistic_discriminator_loss(real_logits, fake_logits):
    """softplus(-D(x)) + softplus(D(G(z))) (arXiv 1406.2661, eq. 1): [N, …] -> [N]."""
    return logistic_generator_loss(real_logits) + logistic_fake_loss(fake_logits)


def logistic_fake_loss(fake_logits):
    """softplus(D(G(z))), what a discriminator loses on fakes alone: [N, …] -> [N]."""
    return _mean_of_patches(tf.math.softplus(fake_logits))


def least_squares_generator_loss(fake_logits):
    """(D(G(z)) - 1)² (arXiv 1611.04076, eq. 9, twice it): [N, …] -> [N].

    Without the factor 1/2 as in Pix2PixHD, whose other weights are relative to it.
    """
    return _mean_of_patches(tf.square(fake_logits - 1))


def least_squares_discriminator_loss(real_logits, fake_logits):
    """((D(x) - 1)² + D(G(z))²) / 2 (arXiv 1611.04076, eq. 9): [N, …] -> [N]."""
    return _mean_of_patches((tf.square(real_logits - 1) + tf.square(fake_logits)) / 2)


def hinge_generator_loss(fake_logits):
    """-D(G(z)) (arXiv 1705.02894, section 3): [N, …] -> [N]."""
    return _mean_of_patches(-fake_logits)


def hinge_discriminator_loss(real_logits, fake_logits):
    """max(0, 1 - D(x)) + max(0, 1 + D(G(z))) (arXiv 1705.02894, section 3): [N, …] -> [N]."""
    return _mean_of_patches(tf.nn.relu(1 - real_logits) + tf.nn.relu(1 + fake_logits))


def sum_over_scales(loss, *scales):
    """The loss of several discriminators, added up (arXiv 1711.11585, eq. 3).

    Args:
        loss: a loss of this module.
        *scales: for each of its arguments a list of logits, one a discriminator.

    Returns:
        [N].
    """
    return tf.add_n([loss(*logits) for logits in zip(*scales, strict=True)])


def _mean_of_patches(x):
    return tf.reduce_mean(x, axis=range(1, len(x.shape)))
