"""Normalisation of latents and of maps, and the minibatch statistic."""

import tensorflow as tf


def normalize_2nd_moment(x, axis=-1, epsilon=1e-8):
    """x / sqrt(mean(x²) + epsilon) along `axis` (arXiv 1710.10196, section 4.2)."""
    return x * tf.math.rsqrt(tf.reduce_mean(tf.square(x), axis, keepdims=True) + epsilon)


def instance_norm(x, epsilon=1e-5):
    """(x - mean) / sqrt(variance + epsilon) over the pixels of each channel of each sample.

    (arXiv 1607.08022, section 2.) [N, H, W, C] of any float dtype; computed in float32 at least.
    The variance is the biased one: the mean of the squares. Four axes throughout: Keras'
    `GroupNormalization(groups=-1)` makes five, which the graphics processors of phones refuse.
    """
    return _standardized(x, _mean_over_pixels, epsilon)


def layer_norm(x, epsilon=1e-5):
    """The same over all pixels and channels of each sample together (arXiv 1607.06450)."""
    return _standardized(x, lambda y: _mean_over_groups(_mean_over_pixels(y), 1), epsilon)


def group_norm(x, groups=8, epsilon=1e-5):
    """The same over all pixels of each of `groups` sets of channels (arXiv 1803.08494).

    Raises:
        ValueError: the channels do not divide among the groups.
    """
    if x.shape[-1] % groups:
        raise ValueError(
            f"groups must divide the {x.shape[-1]} channels. Received: groups={groups}"
        )
    return _standardized(x, lambda y: _mean_over_groups(_mean_over_pixels(y), groups), epsilon)


def _standardized(x, mean, epsilon):
    """(x - mean(x)) / sqrt(mean((x - mean(x))²) + epsilon) with means that broadcast to x."""
    y = tf.cast(x, tf.float32) if x.dtype in (tf.float16, tf.bfloat16) else x
    y = y - mean(y)
    return tf.cast(y * tf.math.rsqrt(mean(tf.square(y)) + epsilon), x.dtype)


def _mean_over_pixels(y):
    """Of rows, then of their means: phones add up one number after the other, and 65,536 of them
    that way cost three digits."""
    return tf.reduce_mean(tf.reduce_mean(y, 2, keepdims=True), 1, keepdims=True)


def _mean_over_groups(y, groups):
    """[N, 1, 1, C] -> [N, 1, 1, C], the mean of each group for all of its channels."""
    channels = y.shape[-1]
    if groups == 1:
        return tf.reduce_mean(y, 3, keepdims=True)
    means = tf.reduce_mean(tf.reshape(y, [-1, 1, groups, channels // groups]), 3, keepdims=True)
    return tf.reshape(tf.repeat(means, channels // groups, axis=3), [-1, 1, 1, channels])


def minibatch_stddev(x, group_size=4, num_channels=1):
    """Appends the standard deviation over a group of samples (arXiv 1710.10196, section 3).

    Samples b, b + M, b + 2M, … form a group, where M = N / G. The statistic is computed
    over the *local* batch: with several replicas each one sees only its own samples.

    Args:
        x: [N, H, W, C].
        group_size: G, number of samples in a group; None or more than N means N.
        num_channels: F, number of statistics; C must be divisible by it.

    Returns:
        [N, H, W, C + F]. Computed in float32 at least.

    Raises:
        ValueError: N not divisible by the group, or C by `num_channels`.
    """
    n, height, width, channels = x.shape
    if channels % num_channels:
        raise ValueError(
            f"num_channels must divide the {channels} channels. Received: {num_channels}"
        )
    if n is None:
        n = tf.shape(x)[0]
        group = n if group_size is None else tf.minimum(group_size, n)
    else:
        group = n if group_size is None else min(group_size, n)
        if n % group:
            raise ValueError(
                f"group_size must divide the batch of {n} samples. Received: {group_size}"
            )
    y = tf.cast(x, tf.float32) if x.dtype in (tf.float16, tf.bfloat16) else x
    y = tf.reshape(y, [group, n // group, height * width, num_channels, channels // num_channels])
    y = y - tf.reduce_mean(y, axis=0, keepdims=True)
    y = tf.sqrt(tf.reduce_mean(tf.square(y), axis=0) + 1e-8)  # [M, H * W, F, C / F]
    y = tf.reduce_mean(y, axis=[1, 3])  # [M, F]
    y = tf.tile(y[:, tf.newaxis, tf.newaxis, :], [group, height, width, 1])
    return tf.concat([x, tf.cast(y, x.dtype)], axis=-1)


def batch_stddev(x, epsilon=1e-8):
    """sqrt(variance + epsilon) of each feature over the samples, biased: [N, D] -> [1, D]."""
    centred = x - tf.reduce_mean(x, axis=0, keepdims=True)
    return tf.sqrt(tf.reduce_mean(tf.square(centred), axis=0, keepdims=True) + epsilon)
