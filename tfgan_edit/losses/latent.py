"""Losses between latents: -> loss per sample."""

import tensorflow as tf


def neighbourhood_loss(w_plus, edited):
    """Length of what an edit adds, over all rows (arXiv 2109.12492, section III-C): -> [N].

    The norm itself, not its square, as in the published code.

    Args:
        w_plus, edited: [N, num_ws, w_dim].
    """
    square = tf.reduce_sum(tf.square(edited - w_plus), axis=[1, 2])
    return tf.sqrt(square + 1e-12)  # differentiable at zero
