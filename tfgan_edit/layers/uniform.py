"""Layers without equalised rates, whose weights begin uniform in ±1 / sqrt(fan_in).

That is how PyTorch begins its layers, and with them networks whose papers name nothing else.
"""

import keras
import numpy as np
import tensorflow as tf

from tfgan_edit.layers.equalized import ComputeDtypeLayer, check_positive
from tfgan_edit.layers.registration import register
from tfgan_edit.ops.convolution import conv2d
from tfgan_edit.ops.modulation import row_of


def _uniform(fan_in):
    limit = float(fan_in) ** -0.5
    return keras.initializers.RandomUniform(-limit, limit)


@register
class UniformDense(ComputeDtypeLayer):
    """y = x · W + b: [..., I] -> [..., units]; of rows [N, rows or 1, I] -> [N, rows, units].

    Always computed in float32: latents are small and sensitive.

    Args:
        units: size of the last axis of the output.
        rows: number of rows that have weights of their own, W_r and b_r; None for one W and b.
    """

    def __init__(self, units, rows=None, **kwargs):
        super().__init__(**kwargs)
        check_positive(units=units, rows=rows)
        self.units = units
        self.rows = rows

    def build(self, input_shape):
        fan_in = input_shape[-1]
        first = () if self.rows is None else (self.rows,)
        self.kernel = self.add_weight(
            name="kernel", shape=(*first, fan_in, self.units), initializer=_uniform(fan_in)
        )
        self.bias = self.add_weight(
            name="bias", shape=(*first, self.units), initializer=_uniform(fan_in)
        )

    def call(self, x):
        x = tf.cast(x, self.variable_dtype)
        kernel, bias = tf.convert_to_tensor(self.kernel), tf.convert_to_tensor(self.bias)
        if self.rows is None:
            return tf.matmul(x, kernel) + bias
        if x.shape[0] == 1:
            # What ships has a batch of 1. LiteRT's accelerator for graphics processors compiles
            # the product of three axes below and gives wrong numbers, so a product a row.
            rows = [row_of(x, index if x.shape[1] > 1 else 0) for index in range(self.rows)]
            y = [tf.matmul(row, kernel[index]) for index, row in enumerate(rows)]
            return tf.reshape(tf.concat(y, axis=-1), [1, self.rows, self.units]) + bias
        y = tf.matmul(tf.transpose(x, [1, 0, 2]), kernel)  # [R, N, I] · [R, I, O]
        return tf.transpose(y, [1, 0, 2]) + bias

    def get_config(self):
        return {**super().get_config(), "units": self.units, "rows": self.rows}


@register
class UniformConv2D(ComputeDtypeLayer):
    """y = x * W + b: [N, H, W, I] -> [N, H', W', filters], strides of 1.

    Args:
        filters: number of output channels.
        kernel_size: side of the kernel, or (height, width).
        padding: "same", zeros around the picture that keep its size, for odd sides; or "valid".
        use_bias: whether to add b.
    """

    def __init__(self, filters, kernel_size, padding="same", use_bias=True, **kwargs):
        super().__init__(**kwargs)
        check_positive(filters=filters)
        self.kernel_size = tuple(int(side) for side in np.broadcast_to(kernel_size, 2))
        if min(self.kernel_size) < 1 or padding not in ("same", "valid"):
            raise ValueError(
                "kernel_size must be positive and padding same or valid. "
                f"Received: kernel_size={kernel_size}, padding={padding!r}"
            )
        if padding == "same" and not all(side % 2 for side in self.kernel_size):
            raise ValueError(
                f"padding='same' needs odd sides. Received: kernel_size={kernel_size}"
            )
        self.filters = filters
        self.padding = padding
        self.use_bias = use_bias

    def build(self, input_shape):
        shape = (*self.kernel_size, input_shape[-1], self.filters)
        initializer = _uniform(np.prod(shape[:3]))
        self.kernel = self.add_weight(name="kernel", shape=shape, initializer=initializer)
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                name="bias", shape=(self.filters,), initializer=initializer
            )

    def call(self, x):
        above, left = (side // 2 for side in self.kernel_size)
        padding = (above, above, left, left) if self.padding == "same" else 0
        y = conv2d(
            x,
            tf.convert_to_tensor(self.kernel),
            padding=padding,
            compute_dtype=self.product_dtype(x),
        )
        return y if self.bias is None else y + tf.cast(self.bias, y.dtype)

    def get_config(self):
        return {
            **super().get_config(),
            "filters": self.filters,
            "kernel_size": list(self.kernel_size),
            "padding": self.padding,
            "use_bias": self.use_bias,
        }
