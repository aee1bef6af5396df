"""DCGAN: generator and discriminator, the baseline that style-based networks are measured by.

Radford, Metz and Chintala, "Unsupervised Representation Learning with Deep Convolutional
Generative Adversarial Networks", arXiv 1511.06434, section 3: strided convolutions in place of
pooling, batch norm in both networks except where pictures enter and leave, ReLU in the generator
and leaky ReLU in the discriminator.
"""

import math

import keras
import tensorflow as tf

from tfgan_edit.layers.equalized import check_positive
from tfgan_edit.layers.registration import register
from tfgan_edit.networks.stylegan2 import levels_of

LEAK = 0.2  # slope of the discriminator's leaky ReLU (section 4)


def initial_weights():
    """N(0, 0.02), as all weights begin (section 4)."""
    return keras.initializers.RandomNormal(stddev=0.02)


class _StridedNetwork(keras.Model):
    """Arguments and layers that the two networks share."""

    def __init__(
        self, resolution, img_channels=3, width=128, max_width=1024, kernel_size=5, **kwargs
    ):
        super().__init__(autocast=False, **kwargs)
        check_positive(
            img_channels=img_channels, width=width, max_width=max_width, kernel_size=kernel_size
        )
        levels, self.smallest = levels_of(resolution)
        factor = levels[-1] // levels[0]
        self.resolution = tuple(side * factor for side in self.smallest)
        self.img_channels = img_channels
        self.width = width
        self.max_width = max_width
        self.kernel_size = kernel_size
        # Of the maps of half the picture's size, a quarter, … and the smallest.
        self.widths = [min(width * 2**i, max_width) for i in range(len(levels) - 1)]

    def _batch_norm(self, name):
        """Over the batch of all replicas; momentum and epsilon as PyTorch has them."""
        return keras.layers.BatchNormalization(
            momentum=0.9, epsilon=1e-5, synchronized=True, dtype=self.dtype_policy, name=name
        )

    def _resampling(self, layer, filters, name, use_bias):
        """A convolution with stride 2, of class `layer`."""
        return layer(
            filters,
            self.kernel_size,
            strides=2,
            padding="same",
            use_bias=use_bias,
            kernel_initializer=initial_weights(),
            dtype=self.dtype_policy,
            name=name,
        )

    def get_config(self):
        return {
            "name": self.name,
            "dtype": self.dtype_policy.name,
            "resolution": list(self.resolution),
            "img_channels": self.img_channels,
            "width": self.width,
            "max_width": self.max_width,
            "kernel_size": self.kernel_size,
        }


@register
class DCGANSynthesis(_StridedNetwork):
    """w_plus -> images, where w_plus is z as its only row.

    Call: `synthesis(w_plus, noise="constant", training=None)` with w_plus [N, 1, z_dim] -> float32
    [N, H, W, img_channels] in [-1, 1]. A DCGAN adds no noise, so that argument is not read.
    With `training` batch norm takes the statistics of the batch, else their moving averages.

    Args: as of `DCGANGenerator`.
    """

    noise_shapes = []

    def __init__(self, resolution, z_dim=100, **kwargs):
        super().__init__(resolution, **kwargs)
        check_positive(z_dim=z_dim)
        self.z_dim = z_dim
        height, width = self.smallest
        *hidden, first = self.widths
        self.project = keras.layers.Dense(
            height * width * first,
            use_bias=False,
            kernel_initializer=initial_weights(),
            dtype=self.dtype_policy,
            name="project",
        )
        self.convolutions = [
            self._resampling(keras.layers.Conv2DTranspose, filters, f"conv{i}", use_bias=False)
            for i, filters in enumerate(reversed(hidden))
        ]
        self.norms = [self._batch_norm(f"norm{i}") for i in range(len(self.widths))]
        self.to_rgb = self._resampling(
            keras.layers.Conv2DTranspose, self.img_channels, "to_rgb", use_bias=True
        )
        self.build()

    def build(self, input_shape=None):
        if self.built:
            return
        self.project.build((None, self.z_dim))
        channels = self.widths[-1]
        self.norms[0].build((None, None, None, channels))
        for convolution, norm in zip(self.convolutions, self.norms[1:], strict=True):
            convolution.build((None, None, None, channels))
            channels = convolution.filters
            norm.build((None, None, None, channels))
        self.to_rgb.build((None, None, None, channels))
        self.built = True

    def call(self, w_plus, noise="constant", training=None):
        x = self.project(tf.cast(w_plus[:, 0], self.compute_dtype))
        x = tf.reshape(x, [-1, *self.smallest, self.widths[-1]])
        x = tf.nn.relu(self.norms[0](x, training=training))
        for convolution, norm in zip(self.convolutions, self.norms[1:], strict=True):
            x = tf.nn.relu(norm(convolution(x), training=training))
        return tf.math.tanh(tf.cast(self.to_rgb(x), tf.float32))

    def get_config(self):
        return {**super().get_config(), "z_dim": self.z_dim}


@register
class DCGANGenerator(keras.Model):
    """z -> images (figure 1): a projection to 4×4 maps, then transposed convolutions.

    Call: `generator(z, labels=None, truncation=1.0, truncation_cutoff=None, noise="constant",
    training=None)` with z [N, z_dim], standard normal -> float32 [N, H, W, img_channels] in
    [-1, 1]. For the verbs that work on w_plus [N, num_ws, w_dim] of style-based generators, z is
    its only row: `mapping` repeats nothing and learns nothing, and its average is 0.

    Args:
        resolution: power of two >= 8, or (height, width).
        z_dim: size of z.
        img_channels: number of colours.
        width: channels at half the resolution, doubled at every further halving …
        max_width: … up to this.
        kernel_size: of the convolutions.
    """

    label_dim = 0
    num_ws = 1

    def __init__(self, resolution, z_dim=100, *, name=None, dtype=None, **synthesis):
        super().__init__(name=name, dtype=dtype, autocast=False)
        self.synthesis = DCGANSynthesis(
            resolution, z_dim=z_dim, dtype=self.dtype_policy, name="synthesis", **synthesis
        )
        self.z_dim = self.w_dim = z_dim
        self.resolution = self.synthesis.resolution
        self.img_channels = self.synthesis.img_channels
        self.built = True

    def mapping(self, z, labels=None, truncation=1.0, truncation_cutoff=None):
        """z [N, z_dim] -> w_plus [N, 1, z_dim] = truncation · z."""
        if len(z.shape) != 2 or z.shape[1] != self.z_dim:
            raise ValueError(f"z must be [N, {self.z_dim}]. Received: {z.shape}")
        w_plus = tf.cast(z, tf.float32)[:, tf.newaxis]
        return w_plus if truncation_cutoff == 0 else truncation * w_plus

    def call(
        self,
        z,
        labels=None,
        truncation=1.0,
        truncation_cutoff=None,
        noise="constant",
        training=None,
    ):
        w_plus = self.mapping(z, labels, truncation, truncation_cutoff)
        return self.synthesis(w_plus, noise=noise, training=training)

    def get_config(self):
        synthesis = self.synthesis.get_config()
        return {**synthesis, "name": self.name, "dtype": self.dtype_policy.name}


@register
class DCGANDiscriminator(_StridedNetwork):
    """images -> logits: the generator's convolutions in reverse.

    Call: `discriminator(images, training=None)` with images [N, H, W, img_channels] in [-1, 1] ->
    float32 [N, 1]. With `training` batch norm takes the statistics of the batch, which should be
    of real or of generated pictures only.

    Args: as of `DCGANGenerator`.
    """

    def __init__(self, resolution, **kwargs):
        super().__init__(resolution, **kwargs)
        self.convolutions = [
            self._resampling(keras.layers.Conv2D, filters, f"conv{i}", use_bias=i == 0)
            for i, filters in enumerate(self.widths)
        ]
        self.norms = [self._batch_norm(f"norm{i}") for i in range(1, len(self.widths))]
        self.logits = keras.layers.Dense(
            1, kernel_initializer=initial_weights(), dtype="float32", name="logits"
        )
        self.build()

    def build(self, input_shape=None):
        if self.built:
            return
        channels = self.img_channels
        for i, convolution in enumerate(self.convolutions):
            convolution.build((None, None, None, channels))
            channels = convolution.filters
            if i:
                self.norms[i - 1].build((None, None, None, channels))
        self.logits.build((None, math.prod(self.smallest) * channels))
        self.built = True

    def call(self, images, training=None):
        x = tf.cast(images, self.compute_dtype)
        for i, convolution in enumerate(self.convolutions):
            x = convolution(x)
            x = self.norms[i - 1](x, training=training) if i else x
            x = tf.nn.leaky_relu(x, LEAK)
        x = tf.cast(x, tf.float32)
        return self.logits(tf.reshape(x, [-1, math.prod(x.shape[1:])]))
