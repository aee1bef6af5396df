"""Layers of MobileStyleGAN (Belousov, arXiv 2104.04767, sections 3.2 to 3.4)."""

import math

import keras
import tensorflow as tf

from tfgan_edit.layers.equalized import ComputeDtypeLayer, EqualizedDense, check_positive
from tfgan_edit.layers.registration import register
from tfgan_edit.ops.activation import bias_act
from tfgan_edit.ops.wavelets import inverse_haar

# Leaky ReLU of slope 0.2 without a gain: its kernels have a larger variance instead.
KERNEL_STDDEV = math.sqrt(2 / (1 + 0.2**2))


@register
class HaarUpsampling(ComputeDtypeLayer):
    """Channels scaled by a style, then one level of the inverse Haar transform.

    Call: `layer(x, w, scale=None)` with x [N, H, W, 4 C], w [N, w_dim] and a further factor on
    the result's channels [N, C] -> [N, 2 H, 2 W, C]. The factor is multiplied in before the
    transform, which keeps channels apart, where there are a quarter as many values.

    Args:
        low_pass: x has the LL band alone, [N, H, W, C], and so has the result, which is the mean
            over squares of 2 × 2 of what all bands would give.
    """

    def __init__(self, low_pass=False, **kwargs):
        super().__init__(**kwargs)
        self.low_pass = low_pass

    def build(self, x_shape, w_shape):
        self.affine = EqualizedDense(x_shape[-1], bias_init=1.0, name="affine")
        self.affine.build(w_shape)

    def call(self, x, w, scale=None):
        styles = self.affine(w) * 0.5  # of the transform
        if scale is not None:
            styles = styles * (scale if self.low_pass else tf.tile(scale, [1, 4]))
        x = x * tf.cast(styles[:, tf.newaxis, tf.newaxis], x.dtype)
        return x if self.low_pass else inverse_haar(x, gain=2)

    def get_config(self):
        return {**super().get_config(), "low_pass": self.low_pass}


@register
class MobileSynthesisLayer(ComputeDtypeLayer):
    """Convolution of styled maps, noise, bias and leaky ReLU.

    Call: `layer(x, w, noise=None)` with x and noise [N or 1, H, W, I or 1], w [N, w_dim] ->
    [N, H, W, filters]; or `layer.convolve(x * layer.style(w), noise)`.

    The demodulation of StyleGAN2 does not depend on w here, so it is a part of the kernels.

    Args:
        filters: number of output channels.
        separable: a depthwise 3×3 and a pointwise convolution, or one of 3×3.
    """

    def __init__(self, filters, separable=True, **kwargs):
        super().__init__(**kwargs)
        check_positive(filters=filters)
        self.filters = filters
        self.separable = separable

    def build(self, x_shape, w_shape):
        in_channels = x_shape[-1]
        self.scale = (9 * in_channels) ** -0.5
        self.affine = EqualizedDense(in_channels, bias_init=1.0, name="affine")
        self.affine.build(w_shape)
        size = 1 if self.separable else 3
        self.depthwise = None
        if self.separable:
            self.depthwise = self.add_weight(
                name="depthwise",
                shape=(3, 3, in_channels, 1),
                initializer=keras.initializers.RandomNormal(stddev=1),
            )
        self.kernel = self.add_weight(
            name="kernel",
            shape=(size, size, in_channels, self.filters),
            initializer=keras.initializers.RandomNormal(stddev=KERNEL_STDDEV),
        )
        self.bias = self.add_weight(name="bias", shape=(self.filters,), initializer="zeros")
        self.noise_strength = self.add_weight(
            name="noise_strength", shape=(), initializer="zeros"
        )
        self.noise_constant = self.add_weight(
            name="noise_constant",
            shape=(1, x_shape[1], x_shape[2], 1),
            initializer=keras.initializers.RandomNormal(stddev=1),
            trainable=False,
        )

    def style(self, w):
        """Factors [N, I] on the channels of x."""
        return self.affine(w) * self.scale

    def call(self, x, w, noise=None):
        styles = tf.cast(self.style(w)[:, tf.newaxis, tf.newaxis], x.dtype)
        return self.convolve(x * styles, noise)

    def convolve(self, x, noise=None):
        """What follows the style."""
        dtype = self.product_dtype(x)
        y = tf.cast(x, dtype)
        if self.depthwise is not None:
            y = tf.nn.depthwise_conv2d(y, tf.cast(self.depthwise, dtype), [1] * 4, "SAME")
        y = tf.nn.conv2d(y, tf.cast(self.kernel, dtype), 1, "SAME")
        if noise is not None:
            noise = tf.convert_to_tensor(noise) * tf.convert_to_tensor(self.noise_strength)
        return bias_act(
            tf.cast(y, x.dtype), self.bias, noise=noise, activation="lrelu", gain=1.0
        )

    def get_config(self):
        return {
            **super().get_config(),
            "filters": self.filters,
            "separable": self.separable,
        }
