"""What a student takes from a teacher's activations: -> loss per sample."""

import tensorflow as tf


def attention_loss(student_maps, teacher_maps):
    """Distance of attention maps (arXiv 1612.03928, eq. 2, squared, mean over the maps).

    The attention of a layer is where its activations are large: the sum over channels of their
    squares, divided by its norm over the picture. So channels need not correspond, whose
    projections online distillation has to learn (arXiv 2108.06908, section 3.3). No gradient
    flows into the teacher.

    Args:
        student_maps, teacher_maps: lists of activations [N, h, w, c], coarse to fine; those of
            one size are compared, other channels and further maps are allowed.

    Returns:
        [N], each between 0 and 2.

    Raises:
        ValueError: no two maps have one size.
    """
    teachers = {tuple(x.shape[1:3]): tf.stop_gradient(x) for x in teacher_maps}
    losses = [
        tf.reduce_sum(tf.square(_attention(x) - _attention(teachers[size])), axis=[1, 2])
        for x in student_maps
        if (size := tuple(x.shape[1:3])) in teachers
    ]
    if not losses:
        sizes = [[tuple(x.shape[1:3]) for x in maps] for maps in (student_maps, teacher_maps)]
        raise ValueError(f"maps must share a size. Received: sizes {sizes[0]} and {sizes[1]}")
    return tf.add_n(losses) / len(losses)


def _attention(x):
    """[N, h, w, c] -> [N, h, w] of norm 1."""
    energy = tf.reduce_sum(tf.square(tf.cast(x, tf.float32)), axis=-1)
    return energy * tf.math.rsqrt(
        tf.reduce_sum(tf.square(energy), axis=[1, 2], keepdims=True) + 1e-12
    )
