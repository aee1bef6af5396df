"""What the replicas of a training see together."""

import tensorflow as tf


def global_batch(x):
    """The rows [N, …] of all replicas, [R · N, …], in their order; x itself on one device.

    Differentiable any number of times: the gradient of a row is the sum of what all replicas
    make of it. Collective: every replica must call it, outside of functions of its own.
    """
    context = tf.distribute.get_replica_context()
    if context is None or context.num_replicas_in_sync == 1:
        return x
    rows = None if x.shape[0] is None else x.shape[0] * context.num_replicas_in_sync
    return tf.ensure_shape(context.all_gather(x, axis=0), [rows, *x.shape[1:]])


def own_rows(x):
    """The inverse of `global_batch`: this replica's rows [N, …] of [R · N, …]."""
    context = tf.distribute.get_replica_context()
    if context is None or context.num_replicas_in_sync == 1:
        return x
    count = x.shape[0] // context.num_replicas_in_sync
    begin = [context.replica_id_in_sync_group * count] + [0] * (len(x.shape) - 1)
    return tf.slice(x, begin, [count, *x.shape[1:]])
