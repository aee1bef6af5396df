"""Layers with an equalised learning rate (arXiv 1710.10196, section 4.1).

Weights are stored with unit variance and scaled by 1 / sqrt(fan_in) when they are used, so
that Adam's step has the same relative size in every layer.
"""

import keras
import tensorflow as tf

from tfgan_edit.layers.registration import register
from tfgan_edit.ops.activation import ACTIVATIONS, bias_act, check_activation
from tfgan_edit.ops.convolution import conv2d_resample
from tfgan_edit.ops.upfirdn import resample_filter


def check_positive(**values):
    """Raises ValueError for the first value that is neither positive nor None."""
    for name, value in values.items():
        if value is not None and value <= 0:
            raise ValueError(f"{name} must be positive. Received: {name}={value}")


def check_not_negative(**values):
    """Raises ValueError for the first negative value."""
    for name, value in values.items():
        if value < 0:
            raise ValueError(f"{name} must not be negative. Received: {name}={value}")


def check_odd(kernel_size):
    """Raises ValueError for a kernel without a centre."""
    if kernel_size < 1 or kernel_size % 2 == 0:
        raise ValueError(
            f"kernel_size must be odd and positive. Received: kernel_size={kernel_size}"
        )


class ComputeDtypeLayer(keras.layers.Layer):
    """A layer whose inputs keep their dtype; only its products use `compute_dtype`.

    Keras would cast every input. Here activations may stay in float32 while convolutions
    multiply in half precision, and statistics stay exact.
    """

    def __init__(self, **kwargs):
        kwargs.setdefault("autocast", False)
        super().__init__(**kwargs)

    def add_weight(self, *args, **kwargs):
        kwargs.setdefault("autocast", False)
        return super().add_weight(*args, **kwargs)

    def product_dtype(self, x):
        """Dtype of convolutions on `x`: half precision if the policy says so."""
        half = self.compute_dtype in ("float16", "bfloat16")
        return self.compute_dtype if half else x.dtype


@register
class EqualizedDense(ComputeDtypeLayer):
    """y = activation(x · W · lr_multiplier / sqrt(fan_in) + b · lr_multiplier).

    Always computed in float32: latents and styles are small and sensitive.

    Args:
        units: size of the last axis of the output.
        activation: a key of `tfgan_edit.ops.activation.ACTIVATIONS`.
        use_bias: whether to add a bias.
        bias_init: initial value of the *effective* bias.
        lr_multiplier: factor on the learning rate of both weights.
    """

    def __init__(
        self,
        units,
        activation="linear",
        use_bias=True,
        bias_init=0.0,
        lr_multiplier=1.0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        check_positive(units=units, lr_multiplier=lr_multiplier)
        check_activation(activation)
        self.units = units
        self.activation = activation
        self.use_bias = use_bias
        self.bias_init = bias_init
        self.lr_multiplier = lr_multiplier

    def build(self, input_shape):
        fan_in = input_shape[-1]
        self.gain = self.lr_multiplier / fan_in**0.5
        self.kernel = self.add_weight(
            name="kernel",
            shape=(fan_in, self.units),
            initializer=keras.initializers.RandomNormal(stddev=1 / self.lr_multiplier),
        )
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                name="bias",
                shape=(self.units,),
                initializer=keras.initializers.Constant(self.bias_init / self.lr_multiplier),
            )

    def call(self, x):
        dtype = self.variable_dtype
        # The scale is on x, which is small beside the kernel.
        y = tf.matmul(tf.cast(x, dtype) * self.gain, tf.convert_to_tensor(self.kernel))
        bias = None
        if self.bias is not None:
            bias = tf.convert_to_tensor(self.bias) * self.lr_multiplier
        return bias_act(y, bias, activation=self.activation)

    def get_config(self):
        return {
            **super().get_config(),
            "units": self.units,
            "activation": self.activation,
            "use_bias": self.use_bias,
            "bias_init": self.bias_init,
            "lr_multiplier": self.lr_multiplier,
        }


@register
class EqualizedConv2D(ComputeDtypeLayer):
    """Convolution with equalised learning rate and optional FIR resampling.

    Args:
        filters: number of output channels.
        kernel_size: odd int.
        activation: a key of `tfgan_edit.ops.activation.ACTIVATIONS`.
        use_bias: whether to add a bias before the activation.
        bias_init: its initial value.
        up, down: int resampling factors.
        resample_taps: taps of the FIR filter.
        clamp: bound on the absolute value of the output, or None.
        gain: factor on the output, and on `clamp`.
    """

    def __init__(
        self,
        filters,
        kernel_size,
        activation="linear",
        use_bias=True,
        bias_init=0.0,
        up=1,
        down=1,
        resample_taps=(1, 3, 3, 1),
        clamp=None,
        gain=1.0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        check_positive(filters=filters, up=up, down=down, clamp=clamp)
        check_odd(kernel_size)
        check_activation(activation)
        self.filters = filters
        self.kernel_size = kernel_size
        self.activation = activation
        self.use_bias = use_bias
        self.bias_init = bias_init
        self.up = up
        self.down = down
        self.resample_taps = tuple(resample_taps)
        self.clamp = clamp
        self.gain = gain

    def build(self, input_shape):
        shape = (self.kernel_size, self.kernel_size, input_shape[-1], self.filters)
        self.scale = (shape[0] * shape[1] * shape[2]) ** -0.5
        self.kernel = self.add_weight(
            name="kernel", shape=shape, initializer=keras.initializers.RandomNormal(stddev=1)
        )
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                name="bias",
                shape=(self.filters,),
                initializer=keras.initializers.Constant(self.bias_init),
            )

    def call(self, x):
        dtype = self.product_dtype(x)
        resampled = self.up > 1 or self.down > 1
        kernel, scale = tf.convert_to_tensor(self.kernel), self.scale
        if dtype == "float16":  # the unscaled products could exceed its range
            kernel, scale = kernel * scale, None
        y = conv2d_resample(
            x,
            kernel,
            filter=resample_filter(self.resample_taps) if resampled else None,
            up=self.up,
            down=self.down,
            padding=self.kernel_size // 2,
            flip_kernel=self.up > 1,
            compute_dtype=dtype,
        )
        return bias_act(
            y,
            self.bias,
            scale=scale,
            activation=self.activation,
            gain=ACTIVATIONS[self.activation].gain * self.gain,
            clamp=None if self.clamp is None else self.clamp * self.gain,
        )

    def get_config(self):
        return {
            **super().get_config(),
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "activation": self.activation,
            "use_bias": self.use_bias,
            "bias_init": self.bias_init,
            "up": self.up,
            "down": self.down,
            "resample_taps": self.resample_taps,
            "clamp": self.clamp,
            "gain": self.gain,
        }
