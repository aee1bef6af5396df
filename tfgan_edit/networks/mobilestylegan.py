"""MobileStyleGAN: a StyleGAN2 generator of a twentieth of the multiplications.

Belousov, "MobileStyleGAN: A Lightweight Convolutional Neural Network for High-Fidelity Image
Synthesis", arXiv 2104.04767. It shares the mapping network and so the space W of the StyleGAN2
that it was distilled from.

Rows of w_plus: 0 the convolution at 4², then of each level one for up-sampling and the first
convolution and one for the second, and the last for the colours. So row k means what row k of
that StyleGAN2 means, which has two rows more for the level of the picture's own size.
"""

import keras
import tensorflow as tf

from tfgan_edit.layers.equalized import ComputeDtypeLayer, check_positive
from tfgan_edit.layers.mobilestylegan import HaarUpsampling, MobileSynthesisLayer
from tfgan_edit.layers.modulated import ToRGB
from tfgan_edit.layers.registration import register
from tfgan_edit.networks.stylegan2 import (
    StyledBlocks,
    StyleGAN2Generator,
    channel_table,
    levels_of,
)
from tfgan_edit.ops.wavelets import inverse_haar


@register
class MobileSynthesisBlock(ComputeDtypeLayer):
    """One level of the synthesis network.

    Call: `block(x, w_plus, noise)` with x [N, H, W, I] (None at the first level), the block's
    rows of w_plus [N, rows, w_dim] and its noise maps (a list of tensors or Nones) ->
    [N, 2H, 2W, last_channels].

    Args:
        channels: width of this level.
        constant_shape: (height, width) of the learned constant at the first level, else None.
        last_channels: width of the second convolution; default `channels`.
        half_activations: keep activations, not only products, in half precision.
    """

    def __init__(
        self, channels, constant_shape=None, last_channels=None, half_activations=True, **kwargs
    ):
        super().__init__(**kwargs)
        self.channels = channels
        self.constant_shape = None if constant_shape is None else tuple(constant_shape)
        self.last_channels = last_channels or channels
        self.half_activations = half_activations
        policy = {"dtype": self.dtype_policy}
        if constant_shape is None:
            self.up = HaarUpsampling(name="up", **policy)
            self.conv1 = MobileSynthesisLayer(channels, name="conv1", **policy)
            self.conv2 = MobileSynthesisLayer(self.last_channels, name="conv2", **policy)
        else:
            self.up = self.conv2 = None
            self.conv1 = MobileSynthesisLayer(channels, False, name="conv1", **policy)

    @property
    def convolutions(self):
        return [layer for layer in (self.conv1, self.conv2) if layer is not None]

    @property
    def styles(self):
        """Layers whose affine maps read a row each of w_plus; that of `conv1` reads the first."""
        return [layer for layer in (self.up or self.conv1, self.conv2) if layer is not None]

    def build(self, x_shape, w_shape):
        w_shape = (None, w_shape[-1])
        if self.up is None:
            shape = (1, *self.constant_shape, self.channels)
            self.constant = self.add_weight(
                name="constant",
                shape=shape,
                initializer=keras.initializers.RandomNormal(stddev=1),
            )
            self.conv1.build((None, *shape[1:]), w_shape)
            self.output_size = self.constant_shape
            return
        _, height, width, in_channels = x_shape
        if in_channels % 4:
            raise ValueError(
                f"every level needs a multiple of four channels. Received: {in_channels}"
            )
        self.output_size = (2 * height, 2 * width)
        self.up.build(x_shape, w_shape)
        self.conv1.build((None, *self.output_size, in_channels // 4), w_shape)
        self.conv2.build((None, *self.output_size, self.channels), w_shape)

    def call(self, x, w_plus, noise):
        dtype = self.compute_dtype if self.half_activations else "float32"
        if self.up is None:
            return self.conv1(tf.cast(self.constant, dtype), w_plus[:, 0], noise[0])
        w = w_plus[:, 0]
        x = self.up(tf.cast(x, dtype), w, self.conv1.style(w))
        x = self.conv1.convolve(x, noise[0])
        return self.conv2(x, w_plus[:, 1], noise[1])

    def get_config(self):
        return {
            **super().get_config(),
            "channels": self.channels,
            "constant_shape": self.constant_shape,
            "last_channels": self.last_channels,
            "half_activations": self.half_activations,
        }


@register
class MobileStyleGANSynthesis(StyledBlocks, keras.Model):
    """w_plus -> images.

    Call: `synthesis(w_plus, noise="constant")` with w_plus [N, num_ws, w_dim] -> float32
    [N, H, W, img_channels], about [-1, 1]; `noise` as in `StyleGAN2Synthesis`.

    The published network ends at half the picture's size, with the wavelet coefficients of the
    picture. With `colour_width` it ends at the picture's size, with colours: the second
    convolution of the last level has so many channels, and a modulated 1×1 convolution follows.
    All levels before are those of a published network of any larger size.

    Args:
        resolution: power of two >= 16.
        w_dim: size of w.
        img_channels: number of colours.
        channel_base, channel_max: width of level r is min(channel_base // r, channel_max).
        channels: {level: width} instead of the two above.
        colour_width: channels before the colours, or None for the published end.
        half_activations: as in `StyleGAN2Synthesis`.
    """

    architecture = "mobile"

    def __init__(
        self,
        resolution=1024,
        w_dim=512,
        img_channels=3,
        channel_base=32768,
        channel_max=512,
        channels=None,
        colour_width=None,
        half_activations=True,
        **kwargs,
    ):
        super().__init__(autocast=False, **kwargs)
        check_positive(w_dim=w_dim, img_channels=img_channels, colour_width=colour_width)
        levels, self.constant_shape = levels_of(resolution)
        if len(levels) < 3 or self.constant_shape != (4, 4):
            raise ValueError(
                f"resolution must be a power of two >= 16. Received: resolution={resolution}"
            )
        self.resolution = (levels[-1], levels[-1])
        self.levels = levels if colour_width else levels[:-1]
        self.w_dim = w_dim
        self.img_channels = img_channels
        self.channel_base = channel_base
        self.channel_max = channel_max
        self.channels = channel_table(self.levels, channel_base, channel_max, channels)
        self.colour_width = colour_width
        self.half_activations = half_activations
        self.num_ws = 2 * len(self.levels)
        self.noise_seed = keras.random.SeedGenerator(name="noise_seed")
        policy = {"dtype": self.dtype_policy}
        self.blocks = [
            MobileSynthesisBlock(
                self.channels[r],
                constant_shape=self.constant_shape if r == 4 else None,
                last_channels=colour_width if r == self.levels[-1] else None,
                half_activations=half_activations,
                name=f"block_{r}",
                **policy,
            )
            for r in self.levels
        ]
        bands = 1 if colour_width else 4
        self.torgb = ToRGB(bands * img_channels, name="torgb", **policy)
        self.build()

    def build(self, input_shape=None):
        if self.built:
            return
        x_shape, w_shape = None, (None, self.w_dim)
        for block in self.blocks:
            block.build(x_shape, w_shape)
            block.built = True
            x_shape = (None, *block.output_size, block.last_channels)
        self.torgb.build(x_shape, w_shape)
        self.built = True

    def call(self, w_plus, noise="constant"):
        w_plus = self.checked(w_plus)
        maps = self.noise_maps(noise, tf.shape(w_plus)[0])
        x = self.features(w_plus, maps, 0, len(self.blocks))
        return self.image(x, w_plus)

    def features(self, w_plus, maps, first, end, x=None):
        """Maps [N, h, w, C] behind the blocks `first` … `end` - 1, of those before them, x.

        Args:
            w_plus: float32 [N, num_ws or more, w_dim].
            maps: of `noise_maps`, or those of a network with more blocks.
        """
        for i in range(first, end):
            rows = slice(2 * i - 1 if i else 0, 2 * i + 1)  # the first block has one row
            x = self.blocks[i].call(x, w_plus[:, rows], maps[rows])
        return x

    def image(self, x, w_plus):
        """Images of the maps behind the last block."""
        x = tf.cast(self.torgb(x, w_plus[:, self.num_ws - 1]), tf.float32)
        return x if self.colour_width else inverse_haar(x)

    def get_config(self):
        return {
            "name": self.name,
            "dtype": self.dtype_policy.name,
            "resolution": self.resolution[0],
            "w_dim": self.w_dim,
            "img_channels": self.img_channels,
            "channel_base": self.channel_base,
            "channel_max": self.channel_max,
            "channels": {str(r): c for r, c in self.channels.items()},
            "colour_width": self.colour_width,
            "half_activations": self.half_activations,
        }


@register
class MobileStyleGAN(StyleGAN2Generator):
    """z -> images, by `.mapping`, that of StyleGAN2, and `.synthesis`.

    Call and arguments: as of `StyleGAN2Generator`; further arguments go to
    `MobileStyleGANSynthesis`.
    """

    synthesis_class = MobileStyleGANSynthesis
    ignores_further_rows = True  # of directions: its teacher has levels that it lacks
