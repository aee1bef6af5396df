"""Statistics over the minibatch."""

import tensorflow as tf

from tfgan_edit.layers.equalized import (
    ComputeDtypeLayer,
    check_not_negative,
    check_positive,
)
from tfgan_edit.layers.registration import register
from tfgan_edit.ops.normalization import batch_stddev, minibatch_stddev
from tfgan_edit.ops.replicas import global_batch


@register
class MinibatchStddev(ComputeDtypeLayer):
    """Appends the standard deviation over groups of samples: [N, H, W, C] -> C + F channels.

    Args:
        group_size: samples a group; None means the whole batch.
        num_channels: number of appended channels F; 0 leaves the input as it is.
    """

    def __init__(self, group_size=4, num_channels=1, **kwargs):
        super().__init__(**kwargs)
        check_positive(group_size=group_size)
        check_not_negative(num_channels=num_channels)
        self.group_size = group_size
        self.num_channels = num_channels

    def build(self, input_shape):
        pass

    def call(self, x):
        if not self.num_channels:
            return x
        return minibatch_stddev(x, self.group_size, self.num_channels)

    def get_config(self):
        return {
            **super().get_config(),
            "group_size": self.group_size,
            "num_channels": self.num_channels,
        }


@register
class BatchStddev(ComputeDtypeLayer):
    """Standard deviation of each feature over the batch, for every sample: [N, D] -> [N, D].

    The batch is that of all replicas together. All rows of the result are equal, so what reads
    them judges the batch and no sample of it (arXiv 2106.06561, section 3).

    Args:
        mean: average the deviations over features to one number and append it to x: -> D + 1.
    """

    def __init__(self, mean=False, **kwargs):
        super().__init__(**kwargs)
        self.mean = mean

    def build(self, input_shape):
        pass

    def call(self, x):
        deviation = batch_stddev(global_batch(x))  # [1, D]
        if self.mean:
            deviation = tf.reduce_mean(deviation, axis=1, keepdims=True)
        deviation = tf.repeat(deviation, tf.shape(x)[0], axis=0)
        return tf.concat([x, deviation], axis=1) if self.mean else deviation

    def get_config(self):
        return {**super().get_config(), "mean": self.mean}
