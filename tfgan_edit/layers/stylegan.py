"""Layers of StyleGAN (arXiv 1812.04948).

Here the gain sqrt(2) of the leaky ReLU (He et al. 2015) scales the weights and stands before the
bias, as in progressive growing (arXiv 1710.10196); StyleGAN2 has it behind the activation.
"""

import math

import keras
import tensorflow as tf

from tfgan_edit.layers.equalized import (
    ComputeDtypeLayer,
    EqualizedConv2D,
    EqualizedDense,
)
from tfgan_edit.layers.registration import register
from tfgan_edit.ops.activation import bias_act
from tfgan_edit.ops.normalization import instance_norm, normalize_2nd_moment
from tfgan_edit.ops.upfirdn import filter2d, resample_filter

HE_GAIN = math.sqrt(2)
BOX = (1, 1)  # taps of nearest-neighbour enlargement and of the mean of 2×2 pixels
NORMALIZATIONS = ("instance", "pixel", None)


def blur(x, taps):
    """Low-pass filter of constant size with zeros around: [N, H, W, C] -> [N, H, W, C]."""
    return filter2d(x, resample_filter(taps))


@register
class LReLUDense(ComputeDtypeLayer):
    """y = lrelu(sqrt(2) · x · W · lr_multiplier / sqrt(fan_in) + b · lr_multiplier).

    Args:
        units: size of the last axis of the output.
        lr_multiplier: factor on the learning rate of both weights.
    """

    def __init__(self, units, lr_multiplier=1.0, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.lr_multiplier = lr_multiplier
        self.dense = EqualizedDense(
            units, use_bias=False, lr_multiplier=lr_multiplier, name="dense"
        )

    def build(self, input_shape):
        self.dense.build(input_shape)
        self.bias = self.add_weight(name="bias", shape=(self.units,), initializer="zeros")

    def call(self, x):
        bias = tf.convert_to_tensor(self.bias) * self.lr_multiplier
        return bias_act(self.dense(x), bias, scale=HE_GAIN, activation="lrelu", gain=1.0)

    def get_config(self):
        return {
            **super().get_config(),
            "units": self.units,
            "lr_multiplier": self.lr_multiplier,
        }


@register
class LReLUConv2D(ComputeDtypeLayer):
    """y = lrelu(sqrt(2) · conv(x) + b) with equalised learning rate.

    Args:
        filters: number of output channels.
        kernel_size: odd int.
        down: 1 or 2; 2 blurs before the convolution and takes means of 2×2 pixels behind it.
        resample_taps: taps of the blur.
    """

    def __init__(self, filters, kernel_size, down=1, resample_taps=(1, 2, 1), **kwargs):
        super().__init__(**kwargs)
        self.filters = filters
        self.kernel_size = kernel_size
        self.down = down
        self.resample_taps = tuple(resample_taps)
        self.conv = EqualizedConv2D(
            filters,
            kernel_size,
            use_bias=False,
            down=down,
            resample_taps=BOX,
            gain=HE_GAIN,
            name="conv",
            dtype=self.dtype_policy,
        )

    def build(self, input_shape):
        self.conv.build(input_shape)
        self.bias = self.add_weight(name="bias", shape=(self.filters,), initializer="zeros")

    def call(self, x):
        if self.down > 1:
            x = blur(x, self.resample_taps)
        return bias_act(self.conv(x), self.bias, activation="lrelu", gain=1.0)

    def get_config(self):
        return {
            **super().get_config(),
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "down": self.down,
            "resample_taps": self.resample_taps,
        }


@register
class StyledActivation(ComputeDtypeLayer):
    """Noise, bias, leaky ReLU, normalisation and style, behind each convolution (figure 1b).

    y = s · norm(lrelu(x + strength · noise + b)) + t, with (s - 1, t) an affine function of w:
    with "instance" this is adaptive instance normalisation (equation 1). In float32.

    Call: `layer(x, w, noise=None)` with x [N, H, W, C], w [N, w_dim] and noise [N or 1, H, W, 1]
    -> [N, H, W, C].

    Args:
        use_noise: whether a strength per channel adds noise.
        use_styles: whether w scales and shifts.
        normalization: "instance" (over H and W), "pixel" (over C, without mean) or None.
    """

    def __init__(self, use_noise=True, use_styles=True, normalization="instance", **kwargs):
        super().__init__(**kwargs)
        if normalization not in NORMALIZATIONS:
            raise ValueError(
                "normalization must be 'instance', 'pixel' or None. "
                f"Received: normalization={normalization!r}"
            )
        self.use_noise = use_noise
        self.use_styles = use_styles
        self.normalization = normalization

    def build(self, x_shape, w_shape):
        _, height, width, channels = x_shape
        self.bias = self.add_weight(name="bias", shape=(channels,), initializer="zeros")
        if self.use_noise:
            self.noise_strength = self.add_weight(
                name="noise_strength", shape=(channels,), initializer="zeros"
            )
            self.noise_constant = self.add_weight(
                name="noise_constant",
                shape=(1, height, width, 1),
                initializer=keras.initializers.RandomNormal(stddev=1),
                trainable=False,
            )
        if self.use_styles:
            self.affine = EqualizedDense(2 * channels, name="affine")
            self.affine.build(w_shape)

    def call(self, x, w, noise=None):
        if noise is not None:
            noise = tf.convert_to_tensor(noise) * tf.convert_to_tensor(self.noise_strength)
        x = bias_act(x, self.bias, noise=noise, activation="lrelu", gain=1.0)
        if self.normalization == "pixel":
            x = normalize_2nd_moment(x)
        elif self.normalization == "instance":
            x = instance_norm(x, 1e-8)
        if self.use_styles:
            style = self.affine(w)[:, tf.newaxis, tf.newaxis]
            scale, shift = tf.split(style, 2, axis=-1)
            x = x * (scale + 1.0) + shift
        return x

    def get_config(self):
        return {
            **super().get_config(),
            "use_noise": self.use_noise,
            "use_styles": self.use_styles,
            "normalization": self.normalization,
        }
