"""GANs N' Roses: one face, many drawings of it. Generators, and the discriminators beside them.

Chong and Forsyth, "GANs N' Roses: Stable, Controllable, Diverse Image to Image Translation",
arXiv 2106.06561.

A generator translates one domain into another. Its encoder splits an image of the first into
*content*, a map that keeps places, and *style*, a few numbers; its decoder draws any content in any
style of the second. Two code lines are published: "main", of the released weights, and "train",
which the authors advise to train with.

Words: a level r is the side of a map; its width is `channels[r]`. A style [style_dim] becomes, by
the mapping, one w [w_dim] for all layers of the decoder.
"""

import math

import keras
import tensorflow as tf

from tfgan_edit.layers.equalized import (
    ComputeDtypeLayer,
    EqualizedConv2D,
    EqualizedDense,
    check_not_negative,
    check_positive,
)
from tfgan_edit.layers.modulated import SynthesisLayer, ToRGB
from tfgan_edit.layers.registration import register
from tfgan_edit.layers.statistics import BatchStddev
from tfgan_edit.networks.stylegan2 import (
    RESNET_GAIN,
    StyleGAN2DiscriminatorBlock,
    level_policies,
)
from tfgan_edit.ops.upfirdn import resample_filter, upsample2d

VARIANTS = ("main", "train")
CONTENT_KERNEL = {"main": 1, "train": 3}
GLOBAL_LEVEL = {"main": 8, "train": 4}  # side of the map that the whole image is judged by
LOCAL_LEVEL = {"main": 32, "train": 16}  # and of the map whose places are judged
HEADS = ("local", "global", "diversity")
MIN_RESOLUTION = 16
STYLE_LEVEL = 4  # side of the map that the style is read from


def published_channels(level):
    """512 up to 32 px, then half as many with each doubling; at most 512, at least 16."""
    return min(max(16384 // level, 16), 512)


def check_variant(variant):
    """Raises `ValueError` unless it is one of `VARIANTS`."""
    if variant not in VARIANTS:
        raise ValueError(
            f"variant must be one of {', '.join(VARIANTS)}. Received: variant={variant!r}"
        )


def image_levels(resolution, halvings=None):
    """[coarsest, …, resolution / 2, resolution] after that many halvings; default down to 4.

    Raises:
        ValueError: the resolution is no power of two from 16 on, or is halved too often.
    """
    valid = isinstance(resolution, int) and resolution >= MIN_RESOLUTION
    if not valid or resolution & (resolution - 1):
        raise ValueError(
            f"resolution must be a power of two of at least {MIN_RESOLUTION}. "
            f"Received: resolution={resolution!r}"
        )
    most = int(math.log2(resolution / STYLE_LEVEL))
    halvings = most if halvings is None else halvings
    if not 1 <= halvings <= most:
        raise ValueError(
            f"num_downsamplings of {resolution} px must be in 1…{most}, down to {STYLE_LEVEL} px. "
            f"Received: num_downsamplings={halvings}"
        )
    return [resolution >> i for i in range(halvings, -1, -1)]


def widths(levels, channels=None):
    """{level: width}, the published ones with entries of `channels` instead."""
    given = {int(r): int(c) for r, c in (channels or {}).items()}
    table = {r: given.get(r, published_channels(r)) for r in levels}
    for level, count in table.items():
        check_positive(**{f"channels[{level}]": count})
    return table


@register
class EqualizedResidualBlock(ComputeDtypeLayer):
    """(x + f(x)) / √2, f two 3×3 convolutions with activations: [N, H, W, C] -> the same.

    Args:
        channels: C.
    """

    def __init__(self, channels, **kwargs):
        super().__init__(**kwargs)
        self.channels = channels
        layer = {"activation": "lrelu", "dtype": self.dtype_policy}
        self.conv0 = EqualizedConv2D(channels, 3, name="conv0", **layer)
        self.conv1 = EqualizedConv2D(channels, 3, gain=RESNET_GAIN, name="conv1", **layer)

    def build(self, x_shape):
        self.conv0.build(x_shape)
        self.conv1.build(x_shape)

    def call(self, x):
        return x * RESNET_GAIN + self.conv1(self.conv0(x))

    def get_config(self):
        return {**super().get_config(), "channels": self.channels}


@register
class ModulatedResidualBlock(ComputeDtypeLayer):
    """The same with convolutions that w modulates: [N, H, W, C], [N, w_dim] -> [N, H, W, C].

    Args:
        channels: C.
    """

    def __init__(self, channels, **kwargs):
        super().__init__(**kwargs)
        self.channels = channels
        layer = {"use_noise": False, "dtype": self.dtype_policy}
        self.conv0 = SynthesisLayer(channels, name="conv0", **layer)
        self.conv1 = SynthesisLayer(channels, name="conv1", **layer)

    def build(self, x_shape, w_shape):
        self.conv0.build(x_shape, w_shape)
        self.conv1.build(x_shape, w_shape)

    def call(self, x, w):
        return x * RESNET_GAIN + self.conv1(self.conv0(x, w), w, gain=RESNET_GAIN)

    def get_config(self):
        return {**super().get_config(), "channels": self.channels}


@register
class ModulatedUpBlock(ComputeDtypeLayer):
    """One doubling: `block(x, image, w)` with x [N, H, W, I], the image so far [N, H, W, colours]
    and w [N, w_dim] -> (x [N, 2H, 2W, channels], image of twice the size).

    Args:
        channels: width of the new level.
        img_channels: number of colours.
        half_activations: keep activations, not only products, in half precision.
        resample_taps: taps of the FIR filter.
    """

    def __init__(
        self,
        channels,
        img_channels=3,
        half_activations=True,
        resample_taps=(1, 3, 3, 1),
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.channels = channels
        self.img_channels = img_channels
        self.half_activations = half_activations
        self.resample_taps = tuple(resample_taps)
        layer = {
            "use_noise": False,
            "resample_taps": resample_taps,
            "dtype": self.dtype_policy,
        }
        self.conv0 = SynthesisLayer(channels, up=2, name="conv0", **layer)
        self.conv1 = SynthesisLayer(channels, name="conv1", **layer)
        self.torgb = ToRGB(img_channels, name="torgb", dtype=self.dtype_policy)

    def build(self, x_shape, image_shape, w_shape):
        self.conv0.build(x_shape, w_shape)
        x_shape = (None, 2 * x_shape[1], 2 * x_shape[2], self.channels)
        self.conv1.build(x_shape, w_shape)
        self.torgb.build(x_shape, w_shape)

    def call(self, x, image, w):
        x = tf.cast(x, self.compute_dtype if self.half_activations else "float32")
        x = self.conv1(self.conv0(x, w), w)
        image = upsample2d(image, resample_filter(self.resample_taps))
        return x, image + tf.cast(self.torgb(x, w), tf.float32)  # images add up in float32

    def get_config(self):
        return {
            **super().get_config(),
            "channels": self.channels,
            "img_channels": self.img_channels,
            "half_activations": self.half_activations,
            "resample_taps": self.resample_taps,
        }


class _Part(keras.Model):
    """Arguments that encoder and decoder share: sizes, widths, precision."""

    def __init__(
        self,
        resolution,
        num_downsamplings=4,
        img_channels=3,
        num_res_blocks=1,
        channels=None,
        num_half_res=4,
        half_activations=True,
        resample_taps=(1, 3, 3, 1),
        **kwargs,
    ):
        super().__init__(autocast=False, **kwargs)
        check_positive(img_channels=img_channels)
        check_not_negative(num_res_blocks=num_res_blocks, num_half_res=num_half_res)
        self.levels = image_levels(resolution, num_downsamplings)
        self.resolution = (resolution, resolution)
        self.num_downsamplings = num_downsamplings
        self.img_channels = img_channels
        self.num_res_blocks = num_res_blocks
        self.channels = widths(self.levels, channels)
        self.num_half_res = num_half_res
        self.half_activations = half_activations
        self.resample_taps = tuple(resample_taps)
        self.policies = level_policies(self.levels, self.dtype_policy, num_half_res)

    @property
    def content_shape(self):
        """[h, w, C] of a content."""
        return (self.levels[0], self.levels[0], self.channels[self.levels[0]])

    def _activations(self, x, level):
        """x in the dtype of the activations of a level."""
        policy = keras.dtype_policies.get(self.policies[level])
        return tf.cast(x, policy.compute_dtype if self.half_activations else "float32")

    def get_config(self):
        return {
            "name": self.name,
            "dtype": self.dtype_policy.name,
            "resolution": self.levels[-1],
            "num_downsamplings": self.num_downsamplings,
            "img_channels": self.img_channels,
            "num_res_blocks": self.num_res_blocks,
            "channels": {str(r): c for r, c in self.channels.items()},
            "num_half_res": self.num_half_res,
            "half_activations": self.half_activations,
            "resample_taps": self.resample_taps,
        }


@register
class GansNRosesEncoder(_Part):
    """images -> (content, styles).

    Call: `encoder(images)` with images [N, R, R, img_channels] in [-1, 1] -> content
    [N, h, h, C], h = R / 2^num_downsamplings, and styles [N, style_dim], both float32.

    Args:
        resolution: R, a power of two from 16 on.
        style_dim: numbers of a style.
        variant: "main" reads the content by 1×1 convolutions, "train" by 3×3.
        num_downsamplings: 4 of the released weights.
        img_channels: number of colours.
        num_res_blocks: residual blocks at the coarsest level.
        channels: {level: width} where it is not `published_channels`.
        num_half_res: number of finest levels in half precision under a mixed dtype policy.
        half_activations: False keeps activations in float32 and only multiplies in half
            precision, which is faster on CPUs.
        resample_taps: taps of the FIR filter.
    """

    def __init__(self, resolution, style_dim=8, variant="main", **kwargs):
        super().__init__(resolution, **kwargs)
        check_positive(style_dim=style_dim)
        check_variant(variant)
        self.style_dim = style_dim
        self.variant = variant
        coarsest, width = self.levels[0], self.channels[self.levels[0]]
        self.downs = [
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
        layer = {"dtype": self.policies[coarsest]}
        lrelu = {"activation": "lrelu", "resample_taps": self.resample_taps, **layer}
        self.blocks = [
            EqualizedResidualBlock(width, name=f"residual_{i}", **layer)
            for i in range(self.num_res_blocks)
        ]
        kernel = CONTENT_KERNEL[variant]
        self.contents = [
            EqualizedConv2D(width, kernel, name=f"content_{i}", **lrelu) for i in range(2)
        ]
        halvings = int(math.log2(coarsest / STYLE_LEVEL))
        self.style_downs = [
            EqualizedConv2D(width, 3, down=2, name=f"style_{coarsest >> i}", **lrelu)
            for i in range(halvings)
        ]
        self.style_dense = EqualizedDense(width, activation="lrelu", name="style_dense")
        self.style_out = EqualizedDense(style_dim, name="style_out")
        self.build()

    def build(self, input_shape=None):
        if self.built:
            return
        side = self.levels[-1]
        for block in self.downs:
            x_shape = (None, side, side, block.channels)
            block.build(x_shape, (None, side, side, self.img_channels))
            block.built = True
            side //= 2
        x_shape = (None, *self.content_shape)
        for layer in (*self.blocks, *self.contents, *self.style_downs):
            layer.build(x_shape)
        self.style_dense.build((None, STYLE_LEVEL**2 * x_shape[3]))
        self.style_out.build((None, x_shape[3]))
        self.built = True

    def call(self, images):
        if tuple(images.shape[1:]) != (*self.resolution, self.img_channels):
            raise ValueError(
                f"images must be [N, {self.levels[-1]}, {self.levels[-1]}, "
                f"{self.img_channels}]. Received: {images.shape}"
            )
        x = None
        for block in self.downs:
            x, _ = block.call(x, images)
        x = self._activations(x, self.levels[0])
        for block in self.blocks:
            x = block(x)
        content = self.contents[1](self.contents[0](x))
        for layer in self.style_downs:
            x = layer(x)
        x = tf.reshape(tf.cast(x, tf.float32), [-1, math.prod(x.shape[1:])])
        return tf.cast(content, tf.float32), self.style_out(self.style_dense(x))

    def get_config(self):
        return {**super().get_config(), "style_dim": self.style_dim, "variant": self.variant}


@register
class GansNRosesDecoder(_Part):
    """(content, w) -> images.

    Call: `decoder(content, w)` with content [N, h, h, C] and w [N, w_dim] -> float32
    [N, R, R, img_channels], about [-1, 1]: the sum of the colours of all levels.

    Args:
        resolution: R, a power of two from 16 on.
        w_dim: size of w.
        others: as in `GansNRosesEncoder`.
    """

    def __init__(self, resolution, w_dim=512, **kwargs):
        super().__init__(resolution, **kwargs)
        check_positive(w_dim=w_dim)
        self.w_dim = w_dim
        coarsest = self.levels[0]
        layer = {"dtype": self.policies[coarsest]}
        self.blocks = [
            ModulatedResidualBlock(self.channels[coarsest], name=f"residual_{i}", **layer)
            for i in range(self.num_res_blocks)
        ]
        self.conv = SynthesisLayer(
            self.channels[coarsest], use_noise=False, name="conv", **layer
        )
        self.torgb = ToRGB(self.img_channels, name="torgb", **layer)
        self.ups = [
            ModulatedUpBlock(
                self.channels[r],
                img_channels=self.img_channels,
                half_activations=self.half_activations,
                resample_taps=self.resample_taps,
                name=f"block_{r}",
                dtype=self.policies[r],
            )
            for r in self.levels[1:]
        ]
        self.build()

    def build(self, input_shape=None):
        if self.built:
            return
        x_shape, w_shape = (None, *self.content_shape), (None, self.w_dim)
        for layer in (*self.blocks, self.conv, self.torgb):
            layer.build(x_shape, w_shape)
            layer.built = True
        for block in self.ups:
            block.build(x_shape, (*x_shape[:3], self.img_channels), w_shape)
            block.built = True
            x_shape = (None, 2 * x_shape[1], 2 * x_shape[2], block.channels)
        self.built = True

    @property
    def affines(self):
        """The layers that make styles of maps from w, but those of colours above the first.

        SeFA (arXiv 2007.06600) takes directions from their kernels; these are the ones that the
        paper's code takes.
        """
        layers = [layer for block in self.blocks for layer in (block.conv0, block.conv1)]
        layers += [self.conv, self.torgb]
        layers += [layer for block in self.ups for layer in (block.conv0, block.conv1)]
        return [layer.affine for layer in layers]

    def call(self, content, w):
        x, w = self._activations(content, self.levels[0]), tf.cast(w, tf.float32)
        for block in self.blocks:
            x = block.call(x, w)
        x = self.conv(x, w)
        image = tf.cast(self.torgb(x, w), tf.float32)
        for block in self.ups:
            x, image = block.call(x, image, w)
        return image

    def get_config(self):
        return {**super().get_config(), "w_dim": self.w_dim}


@register
class StyleMapping(keras.Model):
    """styles [N, style_dim] -> w [N, w_dim], without the normalisation of StyleGAN's.

    Args:
        style_dim: numbers of a style.
        w_dim: size of w and of the hidden layers.
        num_layers: 5 as published.
        lr_multiplier: learning rate of the layers relative to the rest.
    """

    def __init__(self, style_dim=8, w_dim=512, num_layers=5, lr_multiplier=0.01, **kwargs):
        super().__init__(autocast=False, **kwargs)
        check_positive(
            style_dim=style_dim, w_dim=w_dim, num_layers=num_layers, lr_multiplier=lr_multiplier
        )
        self.style_dim = style_dim
        self.w_dim = w_dim
        self.num_layers = num_layers
        self.lr_multiplier = lr_multiplier
        self.dense_layers = [
            EqualizedDense(
                w_dim, activation="lrelu", lr_multiplier=lr_multiplier, name=f"dense_{i}"
            )
            for i in range(num_layers)
        ]
        self.build()

    def build(self, input_shape=None):
        if self.built:
            return
        for i, layer in enumerate(self.dense_layers):
            layer.build((None, self.style_dim if i == 0 else self.w_dim))
        self.built = True

    def call(self, styles):
        x = tf.cast(styles, tf.float32)
        for layer in self.dense_layers:
            x = layer(x)
        return x

    def get_config(self):
        return {
            "name": self.name,
            "dtype": self.dtype_policy.name,
            "style_dim": self.style_dim,
            "w_dim": self.w_dim,
            "num_layers": self.num_layers,
            "lr_multiplier": self.lr_multiplier,
        }


@register
class GansNRosesGenerator(keras.Model):
    """Images of one domain -> images of another, by `.encoder`, `.mapping` and `.decoder`.

    Call: `generator(images, styles=None)` with images [N, R, R, img_channels] in [-1, 1] and
    styles [N, style_dim], standard normal or of the encoder of the *opposite* direction; None takes
    the images' own, which draws them in their own domain. Returns float32 [N, R, R, img_channels].

    Args:
        resolution: R, a power of two from 16 on; 256 as published.
        style_dim: numbers of a style; few, so that they cannot hold content (8 as in MUNIT).
        w_dim: size of w.
        variant: "main" or "train", the published code line.
        num_downsamplings: 4 of the released weights.
        mapping_layers: layers of the mapping.
        mapping_lr_multiplier: their learning rate relative to the rest.
        parts: further arguments go to `GansNRosesEncoder` and `GansNRosesDecoder`.
    """

    label_dim = 0

    def __init__(
        self,
        resolution,
        style_dim=8,
        w_dim=512,
        variant="main",
        num_downsamplings=4,
        mapping_layers=5,
        mapping_lr_multiplier=0.01,
        name=None,
        dtype=None,
        **parts,
    ):
        super().__init__(name=name, dtype=dtype, autocast=False)
        parts |= {"num_downsamplings": num_downsamplings, "dtype": self.dtype_policy}
        self.encoder = GansNRosesEncoder(
            resolution, style_dim=style_dim, variant=variant, name="encoder", **parts
        )
        self.mapping = StyleMapping(
            style_dim,
            w_dim,
            num_layers=mapping_layers,
            lr_multiplier=mapping_lr_multiplier,
            name="mapping",
        )
        self.decoder = GansNRosesDecoder(resolution, w_dim=w_dim, name="decoder", **parts)
        self.resolution = self.encoder.resolution
        self.style_dim = style_dim
        self.w_dim = w_dim
        self.img_channels = self.encoder.img_channels
        self.channels = self.encoder.channels
        self.built = True

    def encode(self, images):
        """Images -> (content [N, h, h, C], styles [N, style_dim])."""
        return self.encoder(images)

    def decode(self, content, styles):
        """Content and styles -> images."""
        return self.decoder(content, self.mapping(styles))

    def call(self, images, styles=None):
        content, own = self.encoder(images)
        return self.decode(content, own if styles is None else styles)

    def get_config(self):
        parts = self.encoder.get_config()
        return {
            **parts,
            "name": self.name,
            "dtype": self.dtype_policy.name,
            "w_dim": self.w_dim,
            "mapping_layers": self.mapping.num_layers,
            "mapping_lr_multiplier": self.mapping.lr_multiplier,
        }


@register
class GansNRosesDiscriminator(keras.Model):
    """Images of one domain -> logits of up to three heads.

    Call: `discriminator(images)` with images [N, R, R, img_channels] -> list of float32 logits in
    the order of HEADS: of places [N, h, h, 1]; of the whole, [N, 8, 8, 1] ("main") or [N, 1]
    ("train"); of the batch's diversity, [N, 1] with equal rows, which reads nothing but the
    standard deviation of each feature over the batch of all replicas.

    Args:
        resolution: R, a power of two from 16 on.
        variant: "main" or "train": at which levels heads read, and how the global one does.
        heads: those of HEADS that there are; local and global have trunks of their own.
        hidden_dim: features whose deviations are judged.
        local_level: side h of the local head's map; default that of the variant, or R / 2.
        img_channels, channels, num_half_res, half_activations, resample_taps: as in
            `GansNRosesEncoder`.
    """

    label_dim = 0

    def __init__(
        self,
        resolution,
        variant="main",
        heads=HEADS,
        hidden_dim=128,
        local_level=None,
        img_channels=3,
        channels=None,
        num_half_res=4,
        half_activations=True,
        resample_taps=(1, 3, 3, 1),
        **kwargs,
    ):
        super().__init__(autocast=False, **kwargs)
        check_variant(variant)
        check_positive(hidden_dim=hidden_dim, local_level=local_level, img_channels=img_channels)
        check_not_negative(num_half_res=num_half_res)
        if not heads or any(head not in HEADS for head in heads):
            raise ValueError(f"heads may be {', '.join(HEADS)}. Received: heads={heads}")
        self.levels = image_levels(resolution)
        self.resolution = (resolution, resolution)
        self.variant = variant
        self.heads = tuple(head for head in HEADS if head in heads)
        self.hidden_dim = hidden_dim
        self.local_level = local_level or min(LOCAL_LEVEL[variant], resolution // 2)
        if self.local_level not in self.levels[:-1]:
            raise ValueError(
                f"local_level must be one of {self.levels[:-1]}. Received: {local_level}"
            )
        self.img_channels = img_channels
        self.channels = widths(self.levels, channels)
        self.num_half_res = num_half_res
        self.half_activations = half_activations
        self.resample_taps = tuple(resample_taps)
        self.policies = level_policies(self.levels, self.dtype_policy, num_half_res)
        self.global_level = GLOBAL_LEVEL[variant]
        self.local_trunk, self.local_logits = [], None
        if "local" in self.heads:
            self.local_trunk = self._trunk("local", self.local_level)
            self.local_logits = EqualizedConv2D(1, 1, name="local_logits", dtype="float32")
        self.global_trunk, self.global_logits = [], None
        if {"global", "diversity"} & set(self.heads):
            self.global_trunk = self._trunk("global", self.global_level)
        if "global" in self.heads:
            self.global_logits = (
                EqualizedConv2D(1, 1, name="global_logits", dtype="float32")
                if variant == "main"
                else EqualizedDense(1, name="global_logits")
            )
        self.down = self.dense = None
        if "diversity" in self.heads or (variant == "train" and self.global_trunk):
            lrelu = {"activation": "lrelu", "dtype": "float32"}
            if variant == "main":
                self.down = EqualizedConv2D(
                    self.channels[4], 3, down=2, resample_taps=resample_taps, name="down", **lrelu
                )
            self.dense = EqualizedDense(hidden_dim, name="dense", **lrelu)
        self.deviation = self.diversity_logits = None
        if "diversity" in self.heads:
            self.deviation = BatchStddev(name="deviation")
            self.diversity_logits = EqualizedDense(1, name="diversity_logits")
        self.build()

    def _trunk(self, name, level):
        return [
            StyleGAN2DiscriminatorBlock(
                self.channels[r],
                self.channels[r // 2],
                from_rgb=r == self.levels[-1],
                half_activations=self.half_activations,
                resample_taps=self.resample_taps,
                name=f"{name}_{r}",
                dtype=self.policies[r],
            )
            for r in reversed(self.levels)
            if r > level
        ]

    def build(self, input_shape=None):
        if self.built:
            return
        for trunk in (self.local_trunk, self.global_trunk):
            side = self.levels[-1]
            for block in trunk:
                x_shape = (None, side, side, block.channels)
                block.build(x_shape, (None, side, side, self.img_channels))
                block.built = True
                side //= 2
        if self.local_logits is not None:
            level = self.local_level
            self.local_logits.build((None, level, level, self.channels[level]))
        level, features = self.global_level, (None, self.hidden_dim)
        x_shape = (None, level, level, self.channels[level])
        if self.global_logits is not None:
            self.global_logits.build(x_shape if self.variant == "main" else features)
        if self.down is not None:
            self.down.build(x_shape)
        if self.dense is not None:
            self.dense.build((None, 16 * self.channels[4]))
        if self.diversity_logits is not None:
            self.diversity_logits.build(features)
        self.built = True

    def call(self, images):
        if tuple(images.shape[1:]) != (*self.resolution, self.img_channels):
            raise ValueError(
                f"images must be [N, {self.levels[-1]}, {self.levels[-1]}, "
                f"{self.img_channels}]. Received: {images.shape}"
            )
        logits = []
        if self.local_logits is not None:
            logits.append(self.local_logits(self._descend(self.local_trunk, images)))
        if not self.global_trunk:
            return logits
        x = self._descend(self.global_trunk, images)
        features = None
        if self.dense is not None:
            y = x if self.down is None else self.down(x)
            features = self.dense(tf.reshape(y, [-1, math.prod(y.shape[1:])]))
        if self.global_logits is not None:
            logits.append(self.global_logits(x if self.variant == "main" else features))
        if self.diversity_logits is not None:
            logits.append(self.diversity_logits(self.deviation(features)))
        return logits

    def _descend(self, trunk, images):
        """Images -> the last map of a trunk, float32."""
        x = None
        for block in trunk:
            x, _ = block.call(x, images)
        return tf.cast(x, tf.float32)

    def get_config(self):
        return {
            "name": self.name,
            "dtype": self.dtype_policy.name,
            "resolution": self.levels[-1],
            "variant": self.variant,
            "heads": self.heads,
            "hidden_dim": self.hidden_dim,
            "local_level": self.local_level,
            "img_channels": self.img_channels,
            "channels": {str(r): c for r, c in self.channels.items()},
            "num_half_res": self.num_half_res,
            "half_activations": self.half_activations,
            "resample_taps": self.resample_taps,
        }


@register
class StyleDiscriminator(keras.Model):
    """styles [N, style_dim] -> logits [N, 1]: random, or of an encoder?

    The mean over features of their standard deviations over the batch (of all replicas) is a
    further feature of the last but one layer.

    Args:
        style_dim: numbers of a style.
        hidden_dim: width of the layers.
        num_layers: layers before the statistic.
    """

    def __init__(self, style_dim=8, hidden_dim=256, num_layers=4, **kwargs):
        super().__init__(autocast=False, **kwargs)
        check_positive(style_dim=style_dim, hidden_dim=hidden_dim, num_layers=num_layers)
        self.style_dim = style_dim
        self.hidden_dim = hidden_dim
        self.num_layers = num_layers
        lrelu = {"activation": "lrelu"}
        self.dense_layers = [
            EqualizedDense(hidden_dim, name=f"dense_{i}", **lrelu) for i in range(num_layers)
        ]
        self.deviation = BatchStddev(mean=True, name="deviation")
        self.dense = EqualizedDense(hidden_dim, name="dense", **lrelu)
        self.logits = EqualizedDense(1, name="logits")
        self.build()

    def build(self, input_shape=None):
        if self.built:
            return
        for i, layer in enumerate(self.dense_layers):
            layer.build((None, self.hidden_dim if i else self.style_dim))
        self.dense.build((None, self.hidden_dim + 1))
        self.logits.build((None, self.hidden_dim))
        self.built = True

    def call(self, styles):
        x = tf.cast(styles, tf.float32)
        for layer in self.dense_layers:
            x = layer(x)
        return self.logits(self.dense(self.deviation(x)))

    def get_config(self):
        return {
            "name": self.name,
            "dtype": self.dtype_policy.name,
            "style_dim": self.style_dim,
            "hidden_dim": self.hidden_dim,
            "num_layers": self.num_layers,
        }
