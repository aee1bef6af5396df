"""Convolution, normalisation and activation as one layer.

All tensors have four axes: Keras' `GroupNormalization(groups=-1)`, which also normalises by
instance, makes five, and the graphics processors of phones refuse those.
"""

import keras
import tensorflow as tf

from tfgan_edit.layers.equalized import ComputeDtypeLayer, check_positive
from tfgan_edit.layers.registration import register
from tfgan_edit.ops.activation import ACTIVATIONS, check_activation
from tfgan_edit.ops.convolution import conv2d
from tfgan_edit.ops.normalization import instance_norm

NORMS = (None, "instance", "batch", "demodulated")
PADDINGS = ("zeros", "reflect")


def check_one_of(allowed, **values):
    """Raises ValueError for the first value that is not allowed."""
    for name, value in values.items():
        if value not in allowed:
            raise ValueError(
                f"{name} must be one of {', '.join(map(repr, allowed))}. "
                f"Received: {name}={value!r}"
            )


def _pad(x, before, after, padding):
    """x with `before` rows and columns in front and `after` behind: [N, H, W, C]."""
    if before == after == 0:
        return x  # a padding of nothing is an operation of its own in a converted file
    if padding != "reflect":
        return tf.pad(x, [[0, 0], [before, after], [before, after], [0, 0]])
    return _reflected(_reflected(x, before, after, axis=1), before, after, axis=2)


def _reflected(x, before, after, axis):
    """tf.pad(x, …, "REFLECT") of one axis, as slices put together.

    XNNPACK, which computes TFLite files on processors, has no MIRROR_PAD: each cuts the network
    and runs by itself. A student of 256 px takes 14 ms instead of 54 this way, on one core, and a
    training step on CPUs a third less.
    """

    size = x.shape[axis]
    if size is not None and size <= max(before, after):
        raise ValueError(f"reflecting {max(before, after)} pixels needs more than {size} of them")

    def lines(starts):
        ends = [start + 1 or None for start in starts]
        parts = [
            x[:, start:end] if axis == 1 else x[:, :, start:end]
            for start, end in zip(starts, ends, strict=True)
        ]
        # XNNPACK puts up to five parts together.
        return parts if len(parts) < 3 else [tf.concat(parts, axis)]

    first = lines(range(before, 0, -1))
    last = lines(range(-2, -2 - after, -1))
    return tf.concat([*first, x, *last], axis)


class _NormalizedConvolution(ComputeDtypeLayer):
    """What the two layers below share: their arguments, weights, and all behind the product."""

    def __init__(
        self, filters, kernel_size=3, padding="zeros", norm=None, activation="linear", **kwargs
    ):
        super().__init__(**kwargs)
        check_positive(filters=filters, kernel_size=kernel_size)
        check_one_of(PADDINGS, padding=padding)
        check_one_of(NORMS, norm=norm)
        check_activation(activation)
        self.filters = filters
        self.kernel_size = kernel_size
        self.padding = padding
        self.norm = norm
        self.activation = activation

    def _add_weights(self, kernel_shape, fan_in):
        self.kernel = self.add_weight(
            name="kernel",
            shape=kernel_shape,
            initializer=keras.initializers.RandomNormal(stddev=0.02),
        )
        limit = fan_in**-0.5
        self.bias = self.add_weight(
            name="bias",
            shape=(self.filters,),
            initializer=keras.initializers.RandomUniform(-limit, limit),
            trainable=self.norm != "instance",  # which subtracts it again; files still have it
        )
        if self.norm == "batch":
            self.batch_norm = keras.layers.BatchNormalization(
                momentum=0.9,
                epsilon=1e-5,
                gamma_initializer=keras.initializers.RandomNormal(1.0, 0.02),
                dtype="float32",
                name="batch_norm",
            )
            self.batch_norm.build((None, None, None, self.filters))

    def _product_kernel(self, in_axis, gain=1.0):
        """The kernel; if demodulated, with weights of each output whose squares sum to gain²."""
        kernel = tf.convert_to_tensor(self.kernel)
        if self.norm != "demodulated":
            return kernel
        gain *= ACTIVATIONS[self.activation].gain
        energy = tf.reduce_sum(tf.square(kernel), [0, 1, in_axis], keepdims=True)
        return kernel * (gain * tf.math.rsqrt(energy + 1e-8))

    def _finish(self, y, dtype):
        """activation(norm(y + bias)) in `dtype`."""
        y = tf.cast(y, dtype)
        if self.norm == "instance":
            y = instance_norm(y)
        else:
            y = y + tf.cast(self.bias, dtype)
        if self.norm == "batch":
            y = tf.cast(self.batch_norm(y), dtype)
        activation = ACTIVATIONS[self.activation]
        return activation.function(y, activation.alpha)

    def get_config(self):
        return {
            **super().get_config(),
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "padding": self.padding,
            "norm": self.norm,
            "activation": self.activation,
        }


@register
class NormalizedConv2D(_NormalizedConvolution):
    """y = activation(norm(x padded by k // 2 * W + b)).

    [N, H, W, I] -> [N, H', W', filters] with H' = (H + 2 (k // 2) - k) // strides + 1.

    Args:
        filters: number of output channels.
        kernel_size: k.
        strides: 1 or 2.
        padding: "zeros" or "reflect", which repeats no pixel of the edge.
        norm: None; "instance", as `instance_norm`; "batch", with Keras' moving averages; or
            "demodulated": the weights of each output are scaled to the norm that keeps the
            variance of independent inputs. Instance norm lets a network hide the strength of
            its signals in a blob; this does not (arXiv 1912.04958, section 2).
        activation: a key of `tfgan_edit.ops.activation.ACTIVATIONS`.
    """

    def __init__(self, filters, kernel_size=3, strides=1, **kwargs):
        super().__init__(filters, kernel_size, **kwargs)
        check_positive(strides=strides)
        self.strides = strides

    def build(self, input_shape):
        shape = (self.kernel_size, self.kernel_size, input_shape[-1], self.filters)
        self._add_weights(shape, fan_in=shape[0] * shape[1] * shape[2])

    def call(self, x):
        dtype = self.product_dtype(x)
        margin = self.kernel_size // 2
        padded = _pad(tf.cast(x, dtype), margin, margin, self.padding)
        kernel = tf.cast(self._product_kernel(in_axis=2), dtype)
        return self._finish(conv2d(padded, kernel, stride=self.strides), x.dtype)

    def get_config(self):
        return {**super().get_config(), "strides": self.strides}


@register
class NormalizedDepthwiseConv2D(NormalizedConv2D):
    """The same of each channel with a kernel of its own (arXiv 1704.04861, section 3.1).

    [N, H, W, filters] -> [N, H', W', filters]. Multiplies in the dtype of its input: half
    precision gains nothing on k² products a value.
    """

    def build(self, input_shape):
        if input_shape[-1] != self.filters:
            raise ValueError(
                f"filters must be the {input_shape[-1]} channels of the input. "
                f"Received: filters={self.filters}"
            )
        shape = (self.kernel_size, self.kernel_size, self.filters, 1)
        self._add_weights(shape, fan_in=self.kernel_size**2)

    def call(self, x):
        margin = self.kernel_size // 2
        padded = _pad(x, margin, margin, self.padding)
        kernel = tf.cast(self._product_kernel(in_axis=3), x.dtype)
        strides = [1, self.strides, self.strides, 1]
        return self._finish(tf.nn.depthwise_conv2d(padded, kernel, strides, "VALID"), x.dtype)


@register
class NormalizedConv2DTranspose(_NormalizedConvolution):
    """The same, transposed, with stride 2: [N, H, W, I] -> [N, 2H, 2W, filters].

    Pixel (i, j) of the input is the centre of the 3×3 pixels around (2i, 2j) that it adds to.

    Args: as of `NormalizedConv2D`, kernel 3×3. Only the last row and column lie on padding.
    """

    def __init__(self, filters, **kwargs):
        super().__init__(filters, 3, **kwargs)

    def build(self, input_shape):
        shape = (3, 3, self.filters, input_shape[-1])
        self._add_weights(shape, fan_in=9 * self.filters)  # as PyTorch counts it, from the outputs

    def call(self, x):
        dtype = self.product_dtype(x)
        # A quarter of the 9 · I products reaches each output: a gain of 2 keeps the variance.
        kernel = tf.cast(self._product_kernel(in_axis=3, gain=2.0), dtype)
        y = tf.cast(x, dtype)
        if self.padding == "reflect":
            y = _pad(y, 0, 1, "reflect")
        n, height, width, _ = (
            dynamic if static is None else static
            for static, dynamic in zip(y.shape, tf.unstack(tf.shape(y)), strict=True)
        )
        size = [n, 2 * height + 1, 2 * width + 1, self.filters]
        y = tf.nn.conv2d_transpose(y, kernel, size, 2, "VALID")
        end = -2 if self.padding == "reflect" else None
        return self._finish(y[:, 1:end, 1:end], x.dtype)

    def get_config(self):
        config = super().get_config()
        del config["kernel_size"]
        return config
