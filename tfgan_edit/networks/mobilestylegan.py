"""MobileStyleGAN: a StyleGAN2 generator of a twentieth of the multiplications.

Belousov, "MobileStyleGAN: A Lightweight Convolutional Neural Network for High-Fidelity Image
Synthesis", arXiv 2104.04767. It shares the mapping network and so the space W of the StyleGAN2
that it was distilled from.

Rows of w_plus: 0 the convolution at 4², then of each level one for up-sampling and the first
convolution and one for the second, and the last for the colours. So row k means what row k of
that StyleGAN2 means, which has two rows more for the level of the picture's own size.
"""

import keras
import numpy as np
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
from tfgan_edit.ops.modulation import row_of
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
        low_pass: x has its low-pass band alone, and the size stays.
        half_activations: keep activations, not only products, in half precision.
    """

    def __init__(
        self,
        channels,
        constant_shape=None,
        last_channels=None,
        low_pass=False,
        half_activations=True,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.channels = channels
        self.constant_shape = None if constant_shape is None else tuple(constant_shape)
        self.last_channels = last_channels or channels
        self.low_pass = low_pass
        self.half_activations = half_activations
        policy = {"dtype": self.dtype_policy}
        if constant_shape is None:
            self.up = HaarUpsampling(low_pass, name="up", **policy)
            self.conv1 = MobileSynthesisLayer(channels, name="conv1", **policy)
            self.conv2 = MobileSynthesisLayer(self.last_channels, name="conv2", **policy)
        else:
            self.up = self.conv2 = None
            self.conv1 = MobileSynthesisLayer(channels, False, name="conv1", **policy)

    @property
    def convolutions(self):
        """The block's `MobileSynthesisLayer`s, in order."""
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
        self.output_size = (height, width)
        self.up.build(x_shape, w_shape)
        if not self.low_pass:
            self.output_size = (2 * height, 2 * width)
            in_channels //= 4
        self.conv1.build((None, *self.output_size, in_channels), w_shape)
        self.conv2.build((None, *self.output_size, self.channels), w_shape)

    def call(self, x, w_plus, noise):
        dtype = self.compute_dtype if self.half_activations else "float32"
        if self.up is None:
            return self.conv1(tf.cast(self.constant, dtype), row_of(w_plus, 0), noise[0])
        w = row_of(w_plus, 0)
        x = self.up(tf.cast(x, dtype), w, self.conv1.style(w))
        x = self.conv1.convolve(x, noise[0])
        return self.conv2(x, row_of(w_plus, 1), noise[1])

    def get_config(self):
        return {
            **super().get_config(),
            "channels": self.channels,
            "constant_shape": self.constant_shape,
            "last_channels": self.last_channels,
            "low_pass": self.low_pass,
            "half_activations": self.half_activations,
        }


@register
class MobileStyleGANSynthesis(StyledBlocks, keras.Model):
    """w_plus -> images.

    Call: `synthesis(w_plus, noise="constant")` with w_plus [N, num_ws, w_dim] -> float32
    [N, H, W, img_channels], about [-1, 1]; `noise` as in `StyleGAN2Synthesis`.

    The network ends at half the picture's size, with the wavelet coefficients of the picture. A
    `reduction` of 2 gives the low-pass band of these alone, the exact means over squares of
    2 × 2. One of 4 also computes the last level at half its size, from the low-pass band of the
    level before, one of 8 the last two at the size before them, and so on: see `reduced`.

    Args:
        resolution: power of two >= 16, of the picture that is not reduced.
        w_dim: size of w.
        img_channels: number of colours.
        channel_base, channel_max: width of level r is min(channel_base // r, channel_max).
        channels: {level: width} instead of the two above.
        reduction: power of two, by which pictures are smaller.
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
        reduction=1,
        half_activations=True,
        **kwargs,
    ):
        super().__init__(autocast=False, **kwargs)
        check_positive(w_dim=w_dim, img_channels=img_channels)
        levels, self.constant_shape = levels_of(resolution)
        if len(levels) < 3 or self.constant_shape != (4, 4):
            raise ValueError(
                f"resolution must be a power of two >= 16. Received: resolution={resolution}"
            )
        self.full_resolution = levels[-1]
        if reduction not in [2**i for i in range(len(levels) - 1)]:
            raise ValueError(
                f"reduction must be a power of two that leaves at least 8 of {resolution} px. "
                f"Received: reduction={reduction}"
            )
        self.resolution = (levels[-1] // reduction,) * 2
        self.levels = levels[:-1]
        self.w_dim = w_dim
        self.img_channels = img_channels
        self.channel_base = channel_base
        self.channel_max = channel_max
        self.channels = channel_table(self.levels, channel_base, channel_max, channels)
        odd = {r: c for r, c in self.channels.items() if c % 4 and r < self.levels[-1]}
        if odd:
            raise ValueError(f"levels below the last need widths 4 n. Received: channels={odd}")
        self.reduction = reduction
        self.half_activations = half_activations
        self.num_ws = 2 * len(self.levels)
        self.noise_seed = keras.random.SeedGenerator(name="noise_seed")
        policy = {"dtype": self.dtype_policy}
        self.blocks = []
        for i, level in enumerate(self.levels):
            # Levels that feed one without high-pass bands need not compute any.
            feeds_low_pass = i >= self.num_shared and i + 1 < len(self.levels)
            self.blocks.append(
                MobileSynthesisBlock(
                    self.channels[level],
                    constant_shape=self.constant_shape if level == 4 else None,
                    last_channels=self.channels[level] // 4 if feeds_low_pass else None,
                    low_pass=i > self.num_shared,
                    half_activations=half_activations,
                    name=f"block_{level}",
                    **policy,
                )
            )
        bands = 4 if reduction == 1 else 1
        self.torgb = ToRGB(bands * img_channels, name="torgb", **policy)
        self.build()

    @property
    def num_shared(self):
        """How many blocks are the same whatever the reduction."""
        low_pass = max(self.reduction.bit_length() - 2, 0)
        return len(self.levels) - (low_pass + 1 if low_pass else 0)

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
            w_plus: float32 [N, num_ws, w_dim].
            maps: of `noise_maps`.
        """
        for i in range(first, end):
            rows = slice(2 * i - 1 if i else 0, 2 * i + 1)  # the first block has one row
            x = self.blocks[i].call(x, w_plus[:, rows], maps[rows])
        return x

    def image(self, x, w_plus):
        """Images of the maps behind the last block."""
        x = tf.cast(self.torgb(x, row_of(w_plus, -1)), tf.float32)
        return inverse_haar(x) if self.reduction == 1 else x * 0.5  # means of the low-pass band

    def get_config(self):
        return {
            "name": self.name,
            "dtype": self.dtype_policy.name,
            "resolution": self.full_resolution,
            "w_dim": self.w_dim,
            "img_channels": self.img_channels,
            "channel_base": self.channel_base,
            "channel_max": self.channel_max,
            "channels": {str(r): c for r, c in self.channels.items()},
            "reduction": self.reduction,
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


def reduced(generator, reduction):
    """A `MobileStyleGAN` that draws nearly the same pictures, smaller.

    Levels that are computed at a lower size get the weights for the low-pass band and depthwise
    kernels for inputs that are constant over the squares that became a pixel, of which they give
    the exact means. What the high-pass bands and the non-linearities would add is missing.

    Args:
        generator: `MobileStyleGAN` with a `reduction` of 1.
        reduction: power of two, see `MobileStyleGANSynthesis`.

    Raises:
        ValueError: a generator that is reduced already.
    """
    source = generator.synthesis
    if source.reduction != 1:
        raise ValueError(f"the generator must not be reduced. Received: {source.reduction}")
    result = MobileStyleGAN(**{**generator.get_config(), "reduction": reduction})
    result.mapping.set_weights(generator.mapping.get_weights())
    factor = 1
    for block, full in zip(result.synthesis.blocks, source.blocks, strict=True):
        factor *= 2 if block.low_pass else 1
        pairs = list(zip(block.convolutions, full.convolutions, strict=True))
        if block.up is None:
            block.constant.assign(full.constant)
        else:
            pairs.append((block.up.affine, full.up.affine))
        for layer, other in pairs:
            _assign_reduced(layer, other, factor)
    for layer, other in (
        (result.synthesis.torgb, source.torgb),
        (result.synthesis.torgb.affine, source.torgb.affine),
    ):
        _assign_reduced(layer, other, factor)
    return result


def _assign_reduced(layer, source, factor):
    """Own weights of a layer, cut to its channels, for pixels of `factor` times the size."""
    if isinstance(layer, MobileSynthesisLayer):
        _assign_reduced(layer.affine, source.affine, factor)
        noise = tf.convert_to_tensor(source.noise_constant)
        noise = tf.nn.avg_pool2d(noise, factor, factor, "VALID")
        deviation = tf.math.reduce_std(noise) if factor > 1 else tf.constant(1.0)
        layer.noise_constant.assign(noise / deviation)
        layer.noise_strength.assign(source.noise_strength * deviation)
    if getattr(layer, "depthwise", None) is not None:
        # Of the taps beside the middle, 1 / factor falls on the next pixel.
        share = 1 / factor
        taps = np.array([[share, 0, 0], [1 - share, 1, 1 - share], [0, 0, share]], np.float32)
        kernel = keras.ops.convert_to_numpy(source.depthwise)
        layer.depthwise.assign(np.einsum("ai,bj,ijcm->abcm", taps, taps, kernel))
    width = layer.kernel.shape[-1]
    layer.kernel.assign(source.kernel[..., :width])
    layer.bias.assign(source.bias[:width])
