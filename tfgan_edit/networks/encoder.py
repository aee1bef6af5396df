"""Encoder of pictures into the latents of a StyleGAN: images -> w_plus.

Richardson et al., "Encoding in Style" (pSp), arXiv 2008.00951; Tov et al., "Designing an Encoder
for StyleGAN Image Manipulation" (e4e), arXiv 2102.02766. The heads read the last activation of a
residual network, which Alaluf et al. (ReStyle, arXiv 2104.02699, section 3.3) found as good as
pSp's pyramid of three scales.
"""

import keras
import tensorflow as tf

from tfgan_edit.layers.equalized import EqualizedDense, check_positive
from tfgan_edit.layers.registration import register
from tfgan_edit.networks.stylegan2 import (
    StyleGAN2DiscriminatorBlock,
    channel_table,
    level_policies,
    levels_of,
)
from tfgan_edit.ops.images import pooled_to


@register
class LatentEncoder(keras.Model):
    """w_plus_i = w_avg + w + offset_i, offset_0 = 0 (e4e, section 4).

    Call: `encoder(images)` with images [N, H, W, img_channels] in [-1, 1], of its resolution or a
    whole multiple of it, which is averaged down -> w_plus [N, num_ws, w_dim], float32.
    `encoder.parts(images)` -> w [N, w_dim] with the average, offsets [N, num_ws, w_dim].

    The trunk is that of StyleGAN2's discriminator: residual blocks down to 4x4.

    Args:
        resolution: power of two >= 8, or (height, width), as in `StyleGAN2Synthesis`.
        num_ws, w_dim: shape of w_plus.
        img_channels: number of colours.
        channel_base, channel_max: width of level r is min(channel_base // r, channel_max).
        channels: {level: width} instead of the two above.
        num_half_res, half_activations: as in `StyleGAN2Synthesis`.
    """

    def __init__(
        self,
        resolution,
        num_ws,
        w_dim=512,
        img_channels=3,
        channel_base=32768,
        channel_max=512,
        channels=None,
        num_half_res=4,
        half_activations=True,
        name=None,
        dtype=None,
    ):
        super().__init__(name=name, dtype=dtype, autocast=False)
        check_positive(num_ws=num_ws, w_dim=w_dim, img_channels=img_channels)
        self.levels, (height, width) = levels_of(resolution)
        factor = self.levels[-1] // 4
        self.resolution = (height * factor, width * factor)
        self.num_ws = num_ws
        self.w_dim = w_dim
        self.img_channels = img_channels
        self.channel_base = channel_base
        self.channel_max = channel_max
        self.channels = channel_table(self.levels, channel_base, channel_max, channels)
        self.num_half_res = num_half_res
        self.half_activations = half_activations
        policies = level_policies(self.levels, self.dtype_policy, num_half_res)
        self.blocks = [
            StyleGAN2DiscriminatorBlock(
                self.channels[r],
                self.channels[r // 2],
                from_rgb=r == self.levels[-1],
                half_activations=half_activations,
                name=f"block_{r}",
                dtype=policies[r],
            )
            for r in reversed(self.levels[1:])
        ]
        self.dense = EqualizedDense(self.channels[4], activation="lrelu", name="dense")
        self.w = EqualizedDense(w_dim, name="w")
        self.offsets = EqualizedDense((num_ws - 1) * w_dim, name="offsets")
        self.w_avg = self.add_weight(
            name="w_avg", shape=(w_dim,), initializer="zeros", trainable=False, autocast=False
        )
        self.build()

    def build(self, input_shape=None):
        if self.built:
            return
        height, width = self.resolution
        for block in self.blocks:
            x_shape = (None, height, width, block.channels)
            block.build(x_shape, (None, height, width, self.img_channels))
            block.built = True
            height, width = height // 2, width // 2
        self.dense.build((None, height * width * self.channels[4]))
        self.w.build((None, self.channels[4]))
        self.offsets.build((None, self.channels[4]))
        self.built = True

    def call(self, images):
        w, offsets = self.parts(images)
        return w[:, tf.newaxis] + offsets

    def parts(self, images):
        """(w [N, w_dim], offsets [N, num_ws - 1, w_dim]) of images; w_plus is made of both."""
        x = pooled_to(images, (*self.resolution, self.img_channels))
        for i, block in enumerate(self.blocks):
            x, _ = block.call(None if i == 0 else x, x)
        size = self.constant_size * self.channels[4]
        x = self.dense(tf.reshape(tf.cast(x, tf.float32), [-1, size]))
        w = tf.convert_to_tensor(self.w_avg) + self.w(x)
        offsets = tf.reshape(self.offsets(x), [-1, self.num_ws - 1, self.w_dim])
        return w, tf.pad(offsets, [(0, 0), (1, 0), (0, 0)])

    @property
    def constant_size(self):
        """Pixels of the last activation."""
        height, width = self.resolution
        return height * width * 16 // self.levels[-1] ** 2

    def get_config(self):
        height, width = self.resolution
        return {
            "name": self.name,
            "dtype": self.dtype_policy.name,
            "resolution": height if height == width == self.levels[-1] else self.resolution,
            "num_ws": self.num_ws,
            "w_dim": self.w_dim,
            "img_channels": self.img_channels,
            "channel_base": self.channel_base,
            "channel_max": self.channel_max,
            "channels": {str(r): c for r, c in self.channels.items()},
            "num_half_res": self.num_half_res,
            "half_activations": self.half_activations,
        }
