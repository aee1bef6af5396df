"""Maps of labels and instances as inputs of a translator (arXiv 1711.11585, section 3.3)."""

import tensorflow as tf


def label_planes(labels, num_labels):
    """One plane a label: int [N, H, W] -> float32 [N, H, W, num_labels] of 0 and 1.

    A label outside 0 … num_labels - 1 is zero in every plane.
    """
    return tf.one_hot(labels, num_labels)


def instance_edges(instances):
    """Borders of instances: int [N, H, W] -> float32 [N, H, W, 1].

    1 where a pixel's instance differs from that of one of its four neighbours, else 0.
    """
    rows = tf.cast(instances[:, 1:] != instances[:, :-1], tf.float32)
    columns = tf.cast(instances[:, :, 1:] != instances[:, :, :-1], tf.float32)
    above, below = (tf.pad(rows, [[0, 0], side, [0, 0]]) for side in ([1, 0], [0, 1]))
    left, right = (tf.pad(columns, [[0, 0], [0, 0], side]) for side in ([1, 0], [0, 1]))
    return tf.maximum(tf.maximum(above, below), tf.maximum(left, right))[..., tf.newaxis]


def translator_input(labels=None, num_labels=0, instances=None, images=None):
    """Joins what a translator reads into [N, H, W, channels], float32.

    Args:
        labels: int [N, H, W], or None; becomes `num_labels` planes.
        num_labels: number of labels.
        instances: int [N, H, W], any numbers, or None; becomes one plane of edges.
        images: [N, H, W, C] in [-1, 1], photos or instance features, or None.

    Raises:
        ValueError: there is nothing to join, or labels without their number.
    """
    if labels is not None and num_labels < 1:
        raise ValueError(f"labels need num_labels >= 1. Received: num_labels={num_labels}")
    planes = [
        None if labels is None else label_planes(labels, num_labels),
        None if instances is None else instance_edges(instances),
        None if images is None else tf.cast(images, tf.float32),
    ]
    planes = [plane for plane in planes if plane is not None]
    if not planes:
        raise ValueError("one of labels, instances and images is needed. Received: none")
    return tf.concat(planes, axis=-1)


def instance_means(features, instances):
    """Gives every pixel the mean over its instance in its own picture.

    Args:
        features: [N, H, W, C], float32.
        instances: int [N, H, W], any numbers.

    Returns:
        [N, H, W, C].
    """
    shape = tf.shape(features)
    pixels = shape[1] * shape[2]
    ids = tf.reshape(instances, [shape[0], pixels])
    flat = tf.reshape(features, [shape[0] * pixels, features.shape[-1]])
    # Instances in order of their numbers, counted from 0 without gaps: at most one a pixel.
    order = tf.argsort(ids, axis=1, stable=True)
    ordered = tf.gather(ids, order, batch_dims=1)
    starts = tf.cast(ordered[:, 1:] != ordered[:, :-1], tf.int32)
    ranks = tf.pad(tf.cumsum(starts, axis=1), [[0, 0], [1, 0]])
    ranks = tf.gather(ranks, tf.argsort(order, axis=1), batch_dims=1)
    segments = tf.reshape(ranks + pixels * tf.range(shape[0])[:, tf.newaxis], [-1])
    sums = tf.math.unsorted_segment_sum(flat, segments, shape[0] * pixels)
    counts = tf.math.unsorted_segment_sum(tf.ones_like(flat[:, :1]), segments, shape[0] * pixels)
    means = tf.gather(sums / tf.maximum(counts, 1.0), segments)
    return tf.reshape(means, shape)
