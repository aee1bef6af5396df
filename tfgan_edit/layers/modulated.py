"""Layers that a style modulates (arXiv 1912.04958, figure 2)."""

import keras
import tensorflow as tf

from tfgan_edit.layers.equalized import (
    ComputeDtypeLayer,
    EqualizedDense,
    check_odd,
    check_positive,
)
from tfgan_edit.layers.registration import register
from tfgan_edit.ops.activation import ACTIVATIONS, check_activation
from tfgan_edit.ops.modulation import modulated_conv2d
from tfgan_edit.ops.upfirdn import resample_filter


@register
class SynthesisLayer(ComputeDtypeLayer):
    """Modulated 3×3 convolution, noise, bias and activation.

    Call: `layer(x, w, noise=None, gain=1.0)` with `x` [N, H, W, I], `w` [N, w_dim] and noise
    [N or 1, H * up, W * up, 1] -> [N, H * up, W * up, filters].

    Args:
        filters: number of output channels.
        kernel_size: odd int.
        up: 1 or 2; 2 is a transposed convolution followed by the FIR filter.
        use_noise: whether a learned strength adds noise before the bias.
        activation: a key of `tfgan_edit.ops.activation.ACTIVATIONS`.
        resample_taps: taps of the FIR filter.
        clamp: bound on the absolute value of the output, or None.
    """

    def __init__(
        self,
        filters,
        kernel_size=3,
        up=1,
        use_noise=True,
        activation="lrelu",
        resample_taps=(1, 3, 3, 1),
        clamp=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        check_positive(filters=filters, up=up, clamp=clamp)
        check_odd(kernel_size)
        check_activation(activation)
        self.filters = filters
        self.kernel_size = kernel_size
        self.up = up
        self.use_noise = use_noise
        self.activation = activation
        self.resample_taps = tuple(resample_taps)
        self.clamp = clamp

    def build(self, x_shape, w_shape):
        in_channels = x_shape[-1]
        self.affine = EqualizedDense(in_channels, bias_init=1.0, name="affine")
        self.affine.build(w_shape)
        self.kernel = self.add_weight(
            name="kernel",
            shape=(self.kernel_size, self.kernel_size, in_channels, self.filters),
            initializer=keras.initializers.RandomNormal(stddev=1),
        )
        self.bias = self.add_weight(name="bias", shape=(self.filters,), initializer="zeros")
        if self.use_noise:
            self.noise_strength = self.add_weight(
                name="noise_strength", shape=(), initializer="zeros"
            )
            self.noise_constant = self.add_weight(
                name="noise_constant",
                shape=(1, x_shape[1] * self.up, x_shape[2] * self.up, 1),
                initializer=keras.initializers.RandomNormal(stddev=1),
                trainable=False,
            )

    def call(self, x, w, noise=None, gain=1.0):
        if noise is not None:
            noise = tf.convert_to_tensor(noise) * tf.convert_to_tensor(self.noise_strength)
        return modulated_conv2d(
            x,
            tf.convert_to_tensor(self.kernel),
            self.affine(w),
            noise=noise,
            bias=self.bias,
            activation=self.activation,
            gain=ACTIVATIONS[self.activation].gain * gain,
            clamp=None if self.clamp is None else self.clamp * gain,
            filter=resample_filter(self.resample_taps) if self.up > 1 else None,
            up=self.up,
            padding=self.kernel_size // 2,
            flip_kernel=self.up > 1,
            compute_dtype=self.product_dtype(x),
        )

    def get_config(self):
        return {
            **super().get_config(),
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "up": self.up,
            "use_noise": self.use_noise,
            "activation": self.activation,
            "resample_taps": self.resample_taps,
            "clamp": self.clamp,
        }


@register
class ToRGB(ComputeDtypeLayer):
    """Modulated 1×1 convolution without demodulation: [N, H, W, I], [N, w_dim] -> colours.

    Args:
        img_channels: number of colour channels.
        clamp: bound on the absolute value of the output, or None.
    """

    def __init__(self, img_channels=3, clamp=None, **kwargs):
        super().__init__(**kwargs)
        check_positive(img_channels=img_channels, clamp=clamp)
        self.img_channels = img_channels
        self.clamp = clamp

    def build(self, x_shape, w_shape):
        in_channels = x_shape[-1]
        self.scale = in_channels**-0.5
        self.affine = EqualizedDense(in_channels, bias_init=1.0, name="affine")
        self.affine.build(w_shape)
        self.kernel = self.add_weight(
            name="kernel",
            shape=(1, 1, in_channels, self.img_channels),
            initializer=keras.initializers.RandomNormal(stddev=1),
        )
        self.bias = self.add_weight(
            name="bias", shape=(self.img_channels,), initializer="zeros"
        )

    def call(self, x, w):
        return modulated_conv2d(
            x,
            tf.convert_to_tensor(self.kernel),
            self.affine(w) * self.scale,
            demodulate=False,
            bias=self.bias,
            clamp=self.clamp,
            compute_dtype=self.product_dtype(x),
        )

    def get_config(self):
        return {
            **super().get_config(),
            "img_channels": self.img_channels,
            "clamp": self.clamp,
        }
