"""The loss of WGAN-GP (arXiv 1704.00028) with the drift term of Progressive GAN (arXiv 1710.10196,
appendix A.1)."""

import tensorflow as tf

from tfgan_edit.losses.penalties import r1_penalty


def wasserstein_generator_loss(fake_logits):
    """-D(G(z)): [N, 1] -> [N]."""
    return -fake_logits[:, 0]


def wasserstein_discriminator_loss(real_logits, fake_logits, drift=0.001):
    """D(G(z)) - D(x) + drift · D(x)²: [N, 1] -> [N]."""
    return (fake_logits - real_logits + drift * tf.square(real_logits))[:, 0]


def wasserstein_gradient_penalty(discriminate, reals, fakes, mixture, factor=1):
    """(|d D(m) / dm| - 1)² at m = x + u (G(z) - x) (arXiv 1704.00028, eq. 3 without λ).

    Args:
        discriminate: images -> logits [N, 1].
        reals, fakes: [N, H, W, C].
        mixture: u [N], uniform in (0, 1).
        factor: f, for a gradient by f × f equal pixels in place of each of the images'.

    Returns:
        penalty [N].
    """
    mixture = tf.reshape(mixture, [-1, 1, 1, 1])
    squares, _ = r1_penalty(discriminate, reals + mixture * (fakes - reals))
    return tf.square(tf.sqrt(squares) / factor - 1.0)
