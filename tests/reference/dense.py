"""Fully connected layer with equalised learning rate."""

import numpy as np

from tests.reference.activation import bias_act


def fully_connected(x, kernel, bias=None, *, activation="linear", lr_multiplier=1.0):
    """x [N, in], kernel [in, out]: act(x W lr / sqrt(in) + b lr)."""
    x, kernel = np.asarray(x, np.float64), np.asarray(kernel, np.float64)
    y = x @ (kernel * lr_multiplier / np.sqrt(kernel.shape[0]))
    if bias is not None:
        bias = np.asarray(bias, np.float64) * lr_multiplier
    return bias_act(y, bias, activation=activation)
