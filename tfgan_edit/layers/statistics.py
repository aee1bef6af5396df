"""Statistics over the minibatch."""

from tfgan_edit.layers.equalized import (
    ComputeDtypeLayer,
    check_not_negative,
    check_positive,
)
from tfgan_edit.layers.registration import register
from tfgan_edit.ops.normalization import minibatch_stddev


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
