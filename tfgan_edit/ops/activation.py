"""Scale, noise, bias and activation with the gain that keeps the variance.

(arXiv 1912.04958, appendix B: what a layer does after its convolution, in one operation.)
"""

import math
from typing import NamedTuple

import tensorflow as tf


class Activation(NamedTuple):
    function: callable  # (x, alpha) -> y
    alpha: float  # default slope or scale, 0 where the function has none
    gain: float  # default gain; sqrt(2) for one-sided functions (He et al. 2015)


ACTIVATIONS = {
    "linear": Activation(lambda x, alpha: x, 0.0, 1.0),
    "relu": Activation(lambda x, alpha: tf.nn.relu(x), 0.0, math.sqrt(2)),
    "lrelu": Activation(lambda x, alpha: tf.nn.leaky_relu(x, alpha), 0.2, math.sqrt(2)),
    "tanh": Activation(lambda x, alpha: tf.math.tanh(x), 0.0, 1.0),
    "sigmoid": Activation(lambda x, alpha: tf.math.sigmoid(x), 0.0, 1.0),
    "elu": Activation(lambda x, alpha: tf.nn.elu(x), 0.0, 1.0),
    "selu": Activation(lambda x, alpha: tf.nn.selu(x), 0.0, 1.0),
    "softplus": Activation(lambda x, alpha: tf.math.softplus(x), 0.0, 1.0),
    "swish": Activation(lambda x, alpha: x * tf.math.sigmoid(x), 0.0, math.sqrt(2)),
}

HOMOGENEOUS = ("linear", "relu", "lrelu")  # f(g x) = g f(x) for g > 0


def check_activation(activation):
    """Raises ValueError for a name that is not in `ACTIVATIONS`."""
    if activation not in ACTIVATIONS:
        raise ValueError(
            f"activation must be one of {', '.join(ACTIVATIONS)}. "
            f"Received: activation={activation!r}"
        )


def bias_act(
    x,
    bias=None,
    *,
    scale=None,
    noise=None,
    activation="linear",
    alpha=None,
    gain=None,
    clamp=None,
):
    """y = clip(gain * activation(scale * x + noise + bias), -clamp, clamp).

    Args:
        x: [..., C], any float dtype.
        bias: [C] or None.
        scale: a number, or a tensor that broadcasts to `x`, or None.
        noise: tensor that broadcasts to `x`, or None.
        activation: a key of `ACTIVATIONS`.
        alpha: slope of `lrelu` below zero; default 0.2.
        gain: factor after the activation; default per activation, `sqrt(2)` for `lrelu`.
        clamp: bound on |y|, or None.

    Returns:
        Same shape and dtype as `x`.

    Raises:
        ValueError: unknown activation or negative clamp.
    """
    check_activation(activation)
    if clamp is not None and clamp < 0:
        raise ValueError(f"clamp must be >= 0 or None. Received: clamp={clamp}")
    entry = ACTIVATIONS[activation]
    alpha = entry.alpha if alpha is None else alpha
    gain = entry.gain if gain is None else gain
    outer = 1.0
    if activation in HOMOGENEOUS and gain > 0:
        # On the small factors instead of the result. In this order the graph optimiser of
        # TensorFlow 2.21 does not try to fuse convolution, bias and leaky ReLU either, which
        # fails where gradients are taken.
        gain, outer = 1.0, gain
    terms = {"scale": scale, "noise": noise, "bias": bias}
    terms = {key: tf.cast(term, x.dtype) * outer for key, term in terms.items() if term is not None}
    if "scale" not in terms and outer != 1:
        terms["scale"] = tf.constant(outer, x.dtype)
    if "scale" in terms:
        x = x * terms["scale"]
    for key in ("noise", "bias"):
        if key in terms:
            x = x + terms[key]
    x = entry.function(x, alpha)
    x = x if gain == 1 else x * gain
    if clamp is not None:
        x = tf.clip_by_value(x, tf.constant(-clamp, x.dtype), tf.constant(clamp, x.dtype))
    return x
