"""StyleMapGAN: latents with space, and an encoder into them.

Kim et al., "Exploiting Spatial Dimensions of Latent in GAN for Real-time Image Editing", arXiv
2104.14754. The discriminator is StyleGAN2's residual one.

Words: a *stylemap* [S, S, C] is the latent of a picture; the *resizer* makes *style codes* of it,
two at each level S, 2S … R, and each modulates one convolution pixel by pixel. The first two, at
the stylemap's size, are the coarse ones. Paper and published code differ: γ and β come from 3×3
convolutions, the norm is over pixels and channels jointly, and only one convolution has the
stylemap's size; this is the published code's network.
"""

import math

import keras
import tensorflow as tf

from tfgan_edit.layers.equalized import (
    ComputeDtypeLayer,
    EqualizedConv2D,
    check_not_negative,
    check_positive,
)
from tfgan_edit.layers.registration import register
from tfgan_edit.layers.stylemap import StylemapConv2D
from tfgan_edit.networks.mapping import MappingNetwork
from tfgan_edit.networks.stylegan2 import (
    RESNET_GAIN,
    StyleGAN2DiscriminatorBlock,
    channel_table,
    level_policies,
    levels_of,
)

NUM_COARSE = 2  # style codes of the stylemap's size


@register
class StylemapMapping(MappingNetwork):
    """F: z [N, C] -> stylemap [N, S, S, C].

    Call: `mapping(z, truncation=1.0)`; truncation moves a stylemap towards the average one,
    w_avg + truncation · (w - w_avg), w_avg [S · S · C].

    Args:
        stylemap_shape: (S, S, C).
        num_layers: number of layers, all with an activation; the last makes the map.
        lr_multiplier: learning rate of the layers relative to the rest.
    """

    def __init__(self, stylemap_shape, num_layers=8, lr_multiplier=0.01, **kwargs):
        channels = stylemap_shape[-1]
        check_positive(num_layers=num_layers)
        super().__init__(
            channels,
            math.prod(stylemap_shape),
            num_ws=1,
            num_layers=num_layers,
            hidden_dim=channels,
            lr_multiplier=lr_multiplier,
            **kwargs,
        )
        self.stylemap_shape = tuple(stylemap_shape)

    def call(self, z, labels=None, truncation=1.0, truncation_cutoff=None):
        if truncation_cutoff is not None:
            raise ValueError(
                "a stylemap is truncated as a whole. "
                f"Received: truncation_cutoff={truncation_cutoff}"
            )
        w = super().call(z, truncation=truncation)
        return tf.reshape(w, [-1, *self.stylemap_shape])

    def get_config(self):
        return {
            "name": self.name,
            "dtype": self.dtype_policy.name,
            "stylemap_shape": self.stylemap_shape,
            "num_layers": self.num_layers,
            "lr_multiplier": self.lr_multiplier,
        }


@register
class StyleMapGANBlock(ComputeDtypeLayer):
    """Two modulated convolutions that double the size, and a residual branch.

    Call: `block(x, low_code, high_code)` with x and its code at [N, H, W], the other code at
    [N, 2H, 2W] -> [N, 2H, 2W, channels].

    Args:
        channels: width of this level.
        half_activations: keep activations, not only products, in half precision.
        norm, resample_taps: as in `StylemapConv2D`.
    """

    def __init__(
        self,
        channels,
        half_activations=True,
        norm="layer",
        resample_taps=(1, 3, 3, 1),
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.channels = channels
        self.half_activations = half_activations
        self.norm = norm
        self.resample_taps = tuple(resample_taps)
        layer = {"resample_taps": resample_taps, "dtype": self.dtype_policy}
        self.conv0 = StylemapConv2D(channels, up=2, norm=norm, name="conv0", **layer)
        self.conv1 = StylemapConv2D(
            channels, norm=norm, gain=RESNET_GAIN, name="conv1", **layer
        )
        self.skip = EqualizedConv2D(
            channels, 1, up=2, use_bias=False, gain=RESNET_GAIN, name="skip", **layer
        )

    def build(self, x_shape, low_code_shape, high_code_shape):
        self.conv0.build(x_shape, low_code_shape)
        self.conv1.build((*high_code_shape[:-1], self.channels), high_code_shape)
        self.skip.build(x_shape)

    def call(self, x, low_code, high_code):
        dtype = self.compute_dtype if self.half_activations else "float32"
        x, low_code, high_code = (tf.cast(value, dtype) for value in (x, low_code, high_code))
        return self.skip(x) + self.conv1(self.conv0(x, low_code), high_code)

    def get_config(self):
        return {
            **super().get_config(),
            "channels": self.channels,
            "half_activations": self.half_activations,
            "norm": self.norm,
            "resample_taps": self.resample_taps,
        }


class _StylemapNetwork(keras.Model):
    """Arguments that synthesis network and encoder share: sizes, widths, precision."""

    def __init__(
        self,
        resolution,
        stylemap_size=8,
        stylemap_channels=64,
        img_channels=3,
        channel_base=32768,
        channel_max=512,
        channels=None,
        num_half_res=4,
        half_activations=True,
        resample_taps=(1, 3, 3, 1),
        **kwargs,
    ):
        super().__init__(autocast=False, **kwargs)
        check_positive(stylemap_channels=stylemap_channels, img_channels=img_channels)
        check_not_negative(num_half_res=num_half_res)
        levels, constant_shape = levels_of(resolution)
        if stylemap_size not in levels[:-1]:
            raise ValueError(
                f"stylemap_size must be one of {', '.join(map(str, levels[:-1]))} for "
                f"resolution={resolution}. Received: stylemap_size={stylemap_size}"
            )
        self.levels = [r for r in levels if r >= stylemap_size]
        sides = (side * stylemap_size // 4 for side in constant_shape)
        self.stylemap_shape = (*sides, stylemap_channels)
        self.stylemap_size = stylemap_size
        self.stylemap_channels = stylemap_channels
        self.resolution = tuple(side * levels[-1] // 4 for side in constant_shape)
        self.img_channels = img_channels
        self.channel_base = channel_base
        self.channel_max = channel_max
        self.channels = channel_table(self.levels, channel_base, channel_max, channels)
        self.num_half_res = num_half_res
        self.half_activations = half_activations
        self.resample_taps = tuple(resample_taps)
        self.policies = level_policies(self.levels, self.dtype_policy, num_half_res)

    def shape_at(self, level, channels):
        """(None, height, width, channels) of a level."""
        factor = level // self.stylemap_size
        return None, *(side * factor for side in self.stylemap_shape[:2]), channels

    def get_config(self):
        height, width = self.resolution
        return {
            "name": self.name,
            "dtype": self.dtype_policy.name,
            "resolution": height if height == width == self.levels[-1] else self.resolution,
            "stylemap_size": self.stylemap_size,
            "stylemap_channels": self.stylemap_channels,
            "img_channels": self.img_channels,
            "channel_base": self.channel_base,
            "channel_max": self.channel_max,
            "channels": {str(r): c for r, c in self.channels.items()},
            "num_half_res": self.num_half_res,
            "half_activations": self.half_activations,
            "resample_taps": self.resample_taps,
        }


@register
class StyleMapGANSynthesis(_StylemapNetwork):
    """Resizer and G: stylemap -> images.

    Call: `synthesis(stylemap)` with a stylemap [N, S, S, C], or one for each style code
    [N, num_codes, S, S, C] (the paper's W+), -> float32 [N, H, W, img_channels], about [-1, 1].
    It is `decode(codes(stylemap))`. There is no noise: an argument `noise`, which other synthesis
    networks have, is not read.

    Args:
        resolution: power of two >= 8, or (height, width).
        stylemap_size: S, the shorter side: 4, 8, 16 … below the resolution.
        stylemap_channels: C.
        img_channels: number of colours.
        code_channels: width of all style codes, 64 in the small network that was published for
            1024 px; None: the width of their levels.
        channel_base, channel_max: width of level r is min(channel_base // r, channel_max).
        channels: {level: width} instead of the two above.
        norm: as in `StylemapConv2D`.
        num_half_res, half_activations, resample_taps: as in `StyleGAN2Synthesis`.
    """

    noise_shapes = []

    def __init__(self, resolution, code_channels=None, norm="layer", **kwargs):
        super().__init__(resolution, **kwargs)
        check_positive(code_channels=code_channels)
        self.code_channels = code_channels
        self.norm = norm
        taps = {"resample_taps": self.resample_taps}
        self.resizer = [
            EqualizedConv2D(
                self.channels[r] if code_channels is None else code_channels,
                3,
                activation="lrelu",
                up=2 if first and r > self.stylemap_size else 1,
                name=f"code_{r}_{0 if first else 1}",
                dtype=self.policies[r],
                **taps,
            )
            for r in self.levels
            for first in (True, False)
        ]
        self.num_codes = len(self.resizer)
        self.first = StylemapConv2D(
            self.channels[self.stylemap_size],
            norm=norm,
            name=f"conv_{self.stylemap_size}",
            dtype=self.policies[self.stylemap_size],
        )
        self.blocks = [
            StyleMapGANBlock(
                self.channels[r],
                half_activations=self.half_activations,
                norm=norm,
                name=f"block_{r}",
                dtype=self.policies[r],
                **taps,
            )
            for r in self.levels[1:]
        ]
        self.to_rgb = StylemapConv2D(
            self.img_channels, 1, norm=norm, name="to_rgb", dtype="float32"
        )
        self.build()

    def build(self, input_shape=None):
        if self.built:
            return
        channels, code_shapes = self.stylemap_channels, []
        for layer, level in zip(self.resizer, self.code_levels, strict=True):
            layer.build(self.shape_at(level // layer.up, channels))
            layer.built = True
            channels = layer.filters
            code_shapes.append(self.shape_at(level, channels))
        x_shape = self.shape_at(self.stylemap_size, self.channels[self.stylemap_size])
        self.constant = self.add_weight(
            name="constant",
            shape=(1, *x_shape[1:]),
            initializer=keras.initializers.RandomNormal(stddev=1),
            autocast=False,
        )
        self.first.build(x_shape, code_shapes[0])
        self.first.built = True
        for i, (block, level) in enumerate(zip(self.blocks, self.levels[1:], strict=True)):
            block.build(x_shape, code_shapes[2 * i + 1], code_shapes[2 * i + 2])
            block.built = True
            x_shape = self.shape_at(level, block.channels)
        self.to_rgb.build(x_shape, code_shapes[-1])
        self.to_rgb.built = True
        self.built = True

    @property
    def code_levels(self):
        """Level of each style code: S, S, 2S, 2S …"""
        return [r for r in self.levels for _ in range(2)]

    def call(self, stylemap, noise=None):
        return self.decode(self.codes(stylemap))

    def codes(self, stylemap):
        """The style codes [N, h, w, K], coarse to fine, of stylemaps as in `call`.

        Of a map for each code, code i is the i-th that the i-th map gives.
        """
        shape, wanted = tuple(stylemap.shape[1:]), self.stylemap_shape
        if shape not in (wanted, (self.num_codes, *wanted)):
            raise ValueError(
                f"stylemap must be [N, {', '.join(map(str, wanted))}], or have an axis of "
                f"{self.num_codes} behind N. Received: {stylemap.shape}"
            )
        stylemap, codes = tf.cast(stylemap, tf.float32), []
        if len(shape) == 3:
            x = stylemap
            for layer, level in zip(self.resizer, self.code_levels, strict=True):
                x = layer.call(tf.cast(x, self._dtype_at(level)))
                codes.append(x)
            return codes
        waiting = tf.concat(tf.unstack(stylemap, axis=1), axis=0)  # [num_codes · N, S, S, C]
        size = tf.shape(stylemap)[0]
        for layer, level in zip(self.resizer, self.code_levels, strict=True):
            waiting = layer.call(tf.cast(waiting, self._dtype_at(level)))
            codes.append(waiting[:size])
            waiting = waiting[size:]
        return codes

    def decode(self, codes):
        """Images float32 [N, H, W, img_channels] of all style codes, in the order of `codes`."""
        if len(codes) != self.num_codes:
            raise ValueError(f"codes must be {self.num_codes}. Received: {len(codes)}")
        dtype = self._dtype_at(self.stylemap_size)
        # `tf.repeat` would make five axes of it.
        x = tf.tile(tf.cast(self.constant, dtype), [tf.shape(codes[0])[0], 1, 1, 1])
        x = self.first.call(x, tf.cast(codes[0], dtype))
        for block, low_code, high_code in zip(
            self.blocks, codes[1:-1:2], codes[2:-1:2], strict=True
        ):
            x = block.call(x, low_code, high_code)
        return self.to_rgb.call(tf.cast(x, tf.float32), tf.cast(codes[-1], tf.float32))

    def _dtype_at(self, level):
        """Dtype of the activations of a level."""
        half = self.half_activations and "mixed" in self.policies[level]
        return self.policies[level].removeprefix("mixed_") if half else "float32"

    def get_config(self):
        return {
            **super().get_config(),
            "code_channels": self.code_channels,
            "norm": self.norm,
        }


@register
class StyleMapGANGenerator(keras.Model):
    """z -> images, by `.mapping` and `.synthesis`.

    Call: `generator(z, truncation=1.0)` with z [N, C] -> float32 [N, H, W, img_channels].
    `labels` and `noise`, which other generators have, are not read.

    Args:
        resolution: as in `StyleMapGANSynthesis`.
        mapping_layers: 8 as published.
        mapping_lr_multiplier: learning rate of the mapping relative to the rest.
        synthesis: further arguments go to `StyleMapGANSynthesis`.
    """

    label_dim = 0

    def __init__(
        self,
        resolution,
        mapping_layers=8,
        mapping_lr_multiplier=0.01,
        name=None,
        dtype=None,
        **synthesis,
    ):
        super().__init__(name=name, dtype=dtype, autocast=False)
        self.synthesis = StyleMapGANSynthesis(
            resolution, dtype=self.dtype_policy, name="synthesis", **synthesis
        )
        self.mapping = StylemapMapping(
            self.synthesis.stylemap_shape,
            num_layers=mapping_layers,
            lr_multiplier=mapping_lr_multiplier,
            name="mapping",
        )
        self.z_dim = self.synthesis.stylemap_channels
        self.stylemap_shape = self.synthesis.stylemap_shape
        self.num_codes = self.synthesis.num_codes
        self.resolution = self.synthesis.resolution
        self.img_channels = self.synthesis.img_channels
        self.built = True

    def call(self, z, labels=None, truncation=1.0, truncation_cutoff=None, noise=None):
        stylemap = self.mapping(
            z, truncation=truncation, truncation_cutoff=truncation_cutoff
        )
        return self.synthesis(stylemap)

    def get_config(self):
        synthesis = self.synthesis.get_config()
        del synthesis["name"], synthesis["dtype"]
        return {
            "name": self.name,
            "dtype": self.dtype_policy.name,
            "mapping_layers": self.mapping.num_layers,
            "mapping_lr_multiplier": self.mapping.lr_multiplier,
            **synthesis,
        }


@register
class StyleMapGANEncoder(_StylemapNetwork):
    """E: images -> stylemaps.

    Call: `encoder(images)` with images [N, H, W, img_channels] in [-1, 1] -> float32 [N, S, S, C].
    StyleGAN2's residual blocks down to the stylemap's size, and a convolution whose activation
    gives stylemaps the range of those that the mapping makes.

    Args: as of `StyleMapGANSynthesis`.
    """

    def __init__(self, resolution, **kwargs):
        super().__init__(resolution, **kwargs)
        self.blocks = [
            StyleGAN2DiscriminatorBlock(
                self.channels[r],
                self.channels[r // 2],
                from_rgb=r == self.levels[-1],
                half_activations=self.half_activations,
                resample_taps=self.resample_taps,
                name=f"block_{r}",
                dtype=self.policies[r],
            )
            for r in reversed(self.levels[1:])
        ]
        self.to_stylemap = EqualizedConv2D(
            self.stylemap_channels, 3, activation="lrelu", name="to_stylemap", dtype="float32"
        )
        self.build()

    def build(self, input_shape=None):
        if self.built:
            return
        for block, level in zip(self.blocks, reversed(self.levels[1:]), strict=True):
            block.build(self.shape_at(level, block.channels), (None, None, None, self.img_channels))
            block.built = True
        self.to_stylemap.build(
            self.shape_at(self.stylemap_size, self.channels[self.stylemap_size])
        )
        self.to_stylemap.built = True
        self.built = True

    def call(self, images):
        wanted = *self.resolution, self.img_channels
        if tuple(images.shape[1:]) != wanted:
            raise ValueError(
                f"images must be [N, {', '.join(map(str, wanted))}]. Received: {images.shape}"
            )
        x = images
        for i, block in enumerate(self.blocks):
            x, _ = block.call(None if i == 0 else x, x)
        return self.to_stylemap.call(tf.cast(x, tf.float32))
