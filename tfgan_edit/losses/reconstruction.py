"""Losses between what a network made and what it should have made: -> loss per sample."""

import tensorflow as tf

# Weights of VGG19's activations (arXiv 1711.11585, section 4, with the published code's 1 / 32).
PERCEPTUAL_WEIGHTS = {
    "relu1_1": 1 / 32,
    "relu2_1": 1 / 16,
    "relu3_1": 1 / 8,
    "relu4_1": 1 / 4,
    "relu5_1": 1.0,
}


def l1_loss(fake, real):
    """Mean of |fake - real| over all axes but the first, in float32: [N, …] -> [N]."""
    difference = tf.abs(tf.cast(fake, tf.float32) - tf.cast(real, tf.float32))
    return tf.reduce_mean(difference, axis=range(1, len(difference.shape)))


def squared_loss(fake, real):
    """Mean of (fake - real)² over all axes but the first, in float32: [N, …] -> [N]."""
    difference = tf.cast(fake, tf.float32) - tf.cast(real, tf.float32)
    return tf.reduce_mean(tf.square(difference), axis=range(1, len(difference.shape)))


def feature_matching_loss(fake_maps, real_maps):
    """Distance of a multi-scale discriminator's activations (arXiv 1711.11585, eq. 4).

    The published code divides by the number of scales, which the paper does not, and gives the
    n activations of a scale weights of 4 / n. No gradient flows into the real ones.

    Args:
        fake_maps, real_maps: list of scales, each a list of the outputs [N, h, w, c] of all
            layers; the last ones, the logits, are left out.

    Returns:
        [N].
    """
    losses = []
    for fakes, reals in zip(fake_maps, real_maps, strict=True):
        weight = 4 / (len(fakes) - 1) / len(fake_maps)
        for fake, real in zip(fakes[:-1], reals[:-1], strict=True):
            losses.append(weight * l1_loss(fake, tf.stop_gradient(real)))
    return tf.add_n(losses)


def perceptual_loss(fake_features, real_features, weights=None):
    """Weighted distance of a frozen network's activations (arXiv 1711.11585, section 4).

    The published network is `VGG((2, 2, 4, 4, 4), mean=(0.5,) * 3, std=(0.5,) * 3)` of
    `networks.features.stacks`: VGG19 with torchvision's weights, which reads [-1, 1] as it is.
    No gradient flows into the real ones.

    Args:
        fake_features, real_features: {name: [N, …]}, with at least the names of `weights`.
        weights: {name: weight}; default `PERCEPTUAL_WEIGHTS`.

    Returns:
        [N].
    """
    weights = PERCEPTUAL_WEIGHTS if weights is None else weights
    return tf.add_n(
        [
            weight * l1_loss(fake_features[name], tf.stop_gradient(real_features[name]))
            for name, weight in weights.items()
        ]
    )
