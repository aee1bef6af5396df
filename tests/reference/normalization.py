"""Second-moment normalisation and the minibatch statistic."""

import numpy as np


def normalize_2nd_moment(x, axis=-1, epsilon=1e-8):
    x = np.asarray(x, np.float64)
    return x / np.sqrt(np.mean(x**2, axis=axis, keepdims=True) + epsilon)


def minibatch_stddev(x, group_size=4, num_channels=1):
    """x [N, H, W, C] with the statistics appended: [N, H, W, C + num_channels]."""
    x = np.asarray(x, np.float64)
    n, h, w, c = x.shape
    group = n if group_size is None else min(group_size, n)
    groups = n // group  # sample b belongs to group b mod `groups`
    width = c // num_channels
    statistic = np.zeros((n, h, w, num_channels))
    for g in range(groups):
        members = x[g::groups]  # [group, H, W, C]
        deviation = np.sqrt(np.var(members, axis=0) + 1e-8)  # [H, W, C]
        for f in range(num_channels):
            channels = slice(f * width, (f + 1) * width)
            statistic[g::groups, ..., f] = deviation[..., channels].mean()
    return np.concatenate([x, statistic], axis=-1)
