"""Bias, activation, gain, clamp, in this order."""

import numpy as np

_SELU_SCALE = 1.0507009873554804934193349852946
_SELU_ALPHA = 1.6732632423543772848170429916717


def _sigmoid(x):
    return 1 / (1 + np.exp(-x))


# name: (function of x and alpha, default alpha, default gain)
ACTIVATIONS = {
    "linear": (lambda x, alpha: x, 0, 1),
    "relu": (lambda x, alpha: np.maximum(x, 0), 0, np.sqrt(2)),
    "lrelu": (lambda x, alpha: np.where(x < 0, alpha * x, x), 0.2, np.sqrt(2)),
    "tanh": (lambda x, alpha: np.tanh(x), 0, 1),
    "sigmoid": (lambda x, alpha: _sigmoid(x), 0, 1),
    "elu": (lambda x, alpha: np.where(x < 0, np.exp(x) - 1, x), 0, 1),
    "selu": (
        lambda x, alpha: _SELU_SCALE * np.where(x < 0, _SELU_ALPHA * (np.exp(x) - 1), x),
        0,
        1,
    ),
    "softplus": (lambda x, alpha: np.log1p(np.exp(x)), 0, 1),
    "swish": (lambda x, alpha: x * _sigmoid(x), 0, np.sqrt(2)),
}


def bias_act(x, bias=None, *, activation="linear", alpha=None, gain=None, clamp=None):
    function, default_alpha, default_gain = ACTIVATIONS[activation]
    x = np.asarray(x, np.float64)
    if bias is not None:
        x = x + np.asarray(bias, np.float64)
    x = function(x, default_alpha if alpha is None else alpha)
    x = x * (default_gain if gain is None else gain)
    return x if clamp is None else np.clip(x, -clamp, clamp)
