"""StyleGAN2 and StyleGAN2-ADA: generator and discriminator.

Karras et al., "Analyzing and Improving the Image Quality of StyleGAN", arXiv 1912.04958, and
"Training Generative Adversarial Networks with Limited Data", arXiv 2006.06676.

Words: a *level* r is 4 · 2^i, the size of a block's shorter side for square pictures; its width
is `channels[r]`. num_ws = 2 · log2(R) - 2 rows of w_plus feed the layers, and the colour layer of
a block shares its row with the first convolution of the next block.
"""

import math

import keras
import numpy as np
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
from tfgan_edit.layers.statistics import MinibatchStddev
from tfgan_edit.networks.mapping import MappingNetwork
from tfgan_edit.ops.modulation import row_of
from tfgan_edit.ops.upfirdn import downsample2d, resample_filter, upsample2d

ARCHITECTURES = ("skip", "resnet", "orig")
RESNET_GAIN = math.sqrt(0.5)  # keeps the variance of a sum of two branches at one


def levels_of(resolution):
    """Splits a resolution into levels and the constant's shape.

    64 -> ([4, 8, 16, 32, 64], (4, 4)); (96, 64) -> ([4, 8, 16, 32, 64], (6, 4)).

    Raises:
        ValueError: a side below 8, or not divisible often enough.
    """
    sides = np.atleast_1d(resolution)
    if sides.dtype.kind not in "iu" or sides.shape not in ((1,), (2,)):
        raise ValueError(
            f"resolution must be an int or (height, width). Received: resolution={resolution!r}"
        )
    height, width = (int(sides[0]), int(sides[-1]))
    shorter = min(height, width)
    doublings = int(math.log2(shorter / 4)) if shorter >= 8 else 0
    power_of_two = len(sides) == 2 or shorter == 4 * 2**doublings
    if doublings < 1 or height % 2**doublings or width % 2**doublings or not power_of_two:
        raise ValueError(
            "resolution must be a power of two >= 8, or (height, width) that is a multiple of "
            f"2^n of a constant of at least 4 pixels a side. Received: resolution={resolution}"
        )
    levels = [4 * 2**i for i in range(doublings + 1)]
    return levels, (height // 2**doublings, width // 2**doublings)


def channel_table(levels, channel_base=32768, channel_max=512, channels=None):
    """{level: min(channel_base // level, channel_max)}, with entries of `channels` instead."""
    table = {r: min(channel_base // r, channel_max) for r in levels}
    table.update({int(r): int(c) for r, c in (channels or {}).items() if int(r) in table})
    narrow = {r: c for r, c in table.items() if c < 1}
    if narrow:
        raise ValueError(
            f"every level needs at least one channel. Received: channel_base={channel_base}, "
            f"channel_max={channel_max}, channels={channels}, which gives {narrow}"
        )
    return table


def level_policies(levels, policy, num_half_res):
    """{level: dtype policy}: the `num_half_res` finest levels (never 4) use half precision."""
    names = {}
    for i, r in enumerate(levels):
        half = "mixed" in policy.name and r > 4 and i >= len(levels) - num_half_res
        names[r] = policy.name if half else "float32"
    return names


def resolve_noise(noise, layers, batch_size, seed, count=None):
    """The `noise` argument of a synthesis network as a map or None for each layer.

    Args:
        noise: "constant", "random", "none", or a map [N or 1, h, w, 1] or None for each layer.
        layers: all layers that add noise, of which each has `noise_constant` [1, h, w, 1].
        batch_size: N.
        seed: `keras.random.SeedGenerator` of random maps.
        count: how many of the first layers need a map; default all.
    """
    if isinstance(noise, (list, tuple)):
        if len(noise) != len(layers):
            raise ValueError(
                f"noise must have {len(layers)} maps, one a layer. Received: {len(noise)}"
            )
        return list(noise[:count])
    constants = [layer.noise_constant for layer in layers[:count]]
    if noise == "constant":
        return constants
    if noise == "random":
        shapes = [(batch_size, *constant.shape[1:]) for constant in constants]
        return [keras.random.normal(shape, seed=seed) for shape in shapes]
    if noise == "none":
        return [None] * len(constants)
    raise ValueError(
        "noise must be 'constant', 'random', 'none' or a list of maps. "
        f"Received: noise={noise!r}"
    )


@register
class StyleGAN2SynthesisBlock(ComputeDtypeLayer):
    """One level of the synthesis network.

    Call: `block(x, image, w_plus, noise)` with x [N, H, W, I] (None at the first level), the
    image so far or None, the block's rows of w_plus [N, rows, w_dim] and its noise maps (a list
    of tensors or Nones) -> (x [N, 2H, 2W, channels], image or None).

    Args:
        channels: width of this level.
        constant_shape: (height, width) of the learned constant at the first level, else None.
        architecture: "skip" adds an image at every level, "resnet" adds a residual branch,
            "orig" neither.
        to_rgb: whether this level has a colour layer.
        img_channels: number of colours.
        half_activations: keep activations, not only products, in half precision.
        clamp, resample_taps: as in `SynthesisLayer`.
    """

    def __init__(
        self,
        channels,
        constant_shape=None,
        architecture="skip",
        to_rgb=True,
        img_channels=3,
        half_activations=True,
        clamp=None,
        resample_taps=(1, 3, 3, 1),
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.channels = channels
        self.constant_shape = None if constant_shape is None else tuple(constant_shape)
        self.architecture = architecture
        self.to_rgb = to_rgb
        self.img_channels = img_channels
        self.half_activations = half_activations
        self.clamp = clamp
        self.resample_taps = tuple(resample_taps)
        layer = {"clamp": clamp, "resample_taps": resample_taps, "dtype": self.dtype_policy}
        self.conv0 = None
        if constant_shape is None:
            self.conv0 = SynthesisLayer(channels, up=2, name="conv0", **layer)
        self.conv1 = SynthesisLayer(channels, name="conv1", **layer)
        self.torgb = None
        if to_rgb:
            self.torgb = ToRGB(
                img_channels, clamp=clamp, name="torgb", dtype=self.dtype_policy
            )
        self.skip = None
        if architecture == "resnet" and constant_shape is None:
            self.skip = EqualizedConv2D(
                channels,
                1,
                use_bias=False,
                up=2,
                resample_taps=resample_taps,
                gain=RESNET_GAIN,
                name="skip",
                dtype=self.dtype_policy,
            )

    @property
    def convolutions(self):
        """The block's `SynthesisLayer`s, in order."""
        return [layer for layer in (self.conv0, self.conv1) if layer is not None]

    def build(self, x_shape, w_shape):
        w_shape = (None, w_shape[-1])
        if self.conv0 is None:
            self.constant = self.add_weight(
                name="constant",
                shape=(1, *self.constant_shape, self.channels),
                initializer=keras.initializers.RandomNormal(stddev=1),
            )
            x_shape = (None, *self.constant_shape, self.channels)
        else:
            self.conv0.build(x_shape, w_shape)
            if self.skip is not None:
                self.skip.build(x_shape)
            x_shape = (None, 2 * x_shape[1], 2 * x_shape[2], self.channels)
        self.conv1.build(x_shape, w_shape)
        if self.torgb is not None:
            self.torgb.build(x_shape, w_shape)
        self.output_size = x_shape[1:3]

    def activation_dtype(self):
        """Of the activations between blocks."""
        return self.compute_dtype if self.half_activations else "float32"

    def call(self, x, image, w_plus, noise):
        dtype = self.activation_dtype()
        if self.conv0 is None:
            x = tf.repeat(tf.cast(self.constant, dtype), tf.shape(w_plus)[0], axis=0)
            x = self.conv1(x, row_of(w_plus, 0), noise[0])
        else:
            x = tf.cast(x, dtype)
            shortcut = None if self.skip is None else self.skip(x)
            x = self.conv0(x, row_of(w_plus, 0), noise[0])
            gain = 1.0 if shortcut is None else RESNET_GAIN
            x = self.conv1(x, row_of(w_plus, 1), noise[1], gain=gain)
            x = x if shortcut is None else x + shortcut
        if image is not None:
            image = upsample2d(image, resample_filter(self.resample_taps))
        if self.torgb is not None:
            colours = self.torgb(x, row_of(w_plus, len(self.convolutions)))
            colours = tf.cast(colours, tf.float32)  # images add up in float32
            image = colours if image is None else image + colours
        return x, image

    def get_config(self):
        return {
            **super().get_config(),
            "channels": self.channels,
            "constant_shape": self.constant_shape,
            "architecture": self.architecture,
            "to_rgb": self.to_rgb,
            "img_channels": self.img_channels,
            "half_activations": self.half_activations,
            "clamp": self.clamp,
            "resample_taps": self.resample_taps,
        }


class _PyramidNetwork(keras.Model):
    """Arguments that generator and discriminator share: sizes, widths, precision."""

    def __init__(
        self,
        resolution,
        img_channels=3,
        channel_base=32768,
        channel_max=512,
        channels=None,
        architecture=None,
        clamp=None,
        num_half_res=4,
        half_activations=True,
        resample_taps=(1, 3, 3, 1),
        **kwargs,
    ):
        super().__init__(autocast=False, **kwargs)
        check_positive(img_channels=img_channels, clamp=clamp)
        check_not_negative(num_half_res=num_half_res)
        self.levels, self.constant_shape = levels_of(resolution)
        if architecture not in ARCHITECTURES:
            raise ValueError(
                f"architecture must be one of {', '.join(ARCHITECTURES)}. "
                f"Received: architecture={architecture!r}"
            )
        self.resolution = tuple(
            side * self.levels[-1] // 4 for side in self.constant_shape
        )
        self.img_channels = img_channels
        self.channel_base = channel_base
        self.channel_max = channel_max
        self.channels = channel_table(self.levels, channel_base, channel_max, channels)
        self.architecture = architecture
        self.clamp = clamp
        self.num_half_res = num_half_res
        self.half_activations = half_activations
        self.resample_taps = tuple(resample_taps)
        self.policies = level_policies(self.levels, self.dtype_policy, num_half_res)

    def get_config(self):
        height, width = self.resolution
        return {
            "name": self.name,
            "dtype": self.dtype_policy.name,
            "resolution": height if height == width == self.levels[-1] else self.resolution,
            "img_channels": self.img_channels,
            "channel_base": self.channel_base,
            "channel_max": self.channel_max,
            "channels": {str(r): c for r, c in self.channels.items()},
            "architecture": self.architecture,
            "clamp": self.clamp,
            "num_half_res": self.num_half_res,
            "half_activations": self.half_activations,
            "resample_taps": self.resample_taps,
        }


class StyledBlocks:
    """Synthesis network of `blocks` with `convolutions` that add noise; `num_ws`, `w_dim`,
    `noise_seed`."""

    @property
    def noise_shapes(self):
        """[(h, w), …] of the noise maps, one a convolution."""
        return [tuple(constant.shape[1:3]) for constant in self.noise_constants]

    @property
    def noise_constants(self):
        """Stored noise maps [1, h, w, 1], one a convolution."""
        return [layer.noise_constant for layer in self._convolutions()]

    def _convolutions(self):
        return [layer for block in self.blocks for layer in block.convolutions]

    def noise_maps(self, noise, batch_size):
        """Resolves the `noise` argument to a list of maps or Nones."""
        return resolve_noise(noise, self._convolutions(), batch_size, self.noise_seed)

    def checked(self, w_plus):
        """w_plus as float32; ValueError unless it is [N, num_ws, w_dim]."""
        if w_plus.shape[1] != self.num_ws or w_plus.shape[2] != self.w_dim:
            raise ValueError(
                f"w_plus must be [N, {self.num_ws}, {self.w_dim}]. Received: {w_plus.shape}"
            )
        return tf.cast(w_plus, tf.float32)


@register
class StyleGAN2Synthesis(StyledBlocks, _PyramidNetwork):
    """w_plus -> images.

    Call: `synthesis(w_plus, noise="constant")` with w_plus [N, num_ws, w_dim] ->
    float32 [N, H, W, img_channels], about [-1, 1]. `noise` is "constant" (one stored map a layer),
    "random" (new maps a call), "none", or a list with a map [N or 1, h, w, 1], as in
    `noise_shapes`, or None for each layer.

    Args:
        resolution: power of two >= 8, or (height, width).
        w_dim: size of w.
        img_channels: number of colours.
        channel_base, channel_max: width of level r is min(channel_base // r, channel_max).
        channels: {level: width} instead of the two above.
        architecture: "skip" (published), "resnet" or "orig".
        clamp: bound on activations; 256 with half precision, else None.
        num_half_res: number of finest levels in half precision under a mixed dtype policy.
        half_activations: False keeps activations in float32 and only multiplies in half
            precision, which is faster on CPUs.
        resample_taps: taps of the FIR filter.
    """

    def __init__(self, resolution, w_dim=512, architecture="skip", **kwargs):
        super().__init__(resolution, architecture=architecture, **kwargs)
        check_positive(w_dim=w_dim)
        self.w_dim = w_dim
        self.num_ws = 2 * len(self.levels)
        self.noise_seed = keras.random.SeedGenerator(name="noise_seed")
        self.blocks = [
            StyleGAN2SynthesisBlock(
                self.channels[r],
                constant_shape=self.constant_shape if r == 4 else None,
                architecture=architecture,
                to_rgb=architecture == "skip" or r == self.levels[-1],
                img_channels=self.img_channels,
                half_activations=self.half_activations,
                clamp=self.clamp,
                resample_taps=self.resample_taps,
                name=f"block_{r}",
                dtype=self.policies[r],
            )
            for r in self.levels
        ]
        self.build()

    def build(self, input_shape=None):
        if self.built:
            return
        x_shape = (None, *self.constant_shape, self.channels[4])
        for block in self.blocks:
            block.build(x_shape, (None, self.w_dim))
            block.built = True
            x_shape = (None, *block.output_size, block.channels)
        self.built = True

    def call(self, w_plus, noise="constant"):
        w_plus = self.checked(w_plus)
        maps = self.noise_maps(noise, tf.shape(w_plus)[0])
        x = image = None
        row = 0
        for block in self.blocks:
            layers = len(block.convolutions)
            # The colour layer reads the row after the convolutions, without consuming it.
            rows = w_plus[:, row : row + layers + 1]
            x, image = block.call(x, image, rows, maps[row : row + layers])
            row += layers
        return image

    def get_config(self):
        return {**super().get_config(), "w_dim": self.w_dim}


@register
class StyleGAN2Generator(keras.Model):
    """z -> images, by `.mapping` and `.synthesis`.

    Call: `generator(z, labels=None, truncation=1.0, truncation_cutoff=None, noise="constant")`
    with z [N, z_dim], labels [N, label_dim] -> float32 [N, H, W, img_channels].

    Args:
        resolution: power of two >= 8, or (height, width).
        z_dim, w_dim: sizes of the latents.
        label_dim: size of a label vector, 0 for none.
        mapping_layers: 8 as published; 2 for small data sets.
        mapping_dim: width of the mapping's hidden layers; default w_dim.
        mapping_lr_multiplier: learning rate of the mapping relative to the rest.
        joint_norm: as in `MappingNetwork`; True is how the first StyleGAN2 reads labels.
        synthesis: further arguments go to `StyleGAN2Synthesis`.
    """

    synthesis_class = StyleGAN2Synthesis

    def __init__(
        self,
        resolution,
        z_dim=512,
        w_dim=512,
        label_dim=0,
        mapping_layers=8,
        mapping_dim=None,
        mapping_lr_multiplier=0.01,
        joint_norm=False,
        name=None,
        dtype=None,
        **synthesis,
    ):
        super().__init__(name=name, dtype=dtype, autocast=False)
        check_positive(z_dim=z_dim)
        check_not_negative(label_dim=label_dim, mapping_layers=mapping_layers)
        self.synthesis = self.synthesis_class(
            resolution, w_dim=w_dim, dtype=self.dtype_policy, name="synthesis", **synthesis
        )
        self.mapping = MappingNetwork(
            z_dim,
            w_dim,
            num_ws=self.synthesis.num_ws,
            label_dim=label_dim,
            num_layers=mapping_layers,
            hidden_dim=mapping_dim,
            lr_multiplier=mapping_lr_multiplier,
            joint_norm=joint_norm,
            name="mapping",
        )
        self.z_dim = z_dim
        self.w_dim = w_dim
        self.label_dim = label_dim
        self.num_ws = self.synthesis.num_ws
        self.resolution = self.synthesis.resolution
        self.img_channels = self.synthesis.img_channels
        self.built = True

    def call(
        self, z, labels=None, truncation=1.0, truncation_cutoff=None, noise="constant"
    ):
        w_plus = self.mapping(
            z, labels=labels, truncation=truncation, truncation_cutoff=truncation_cutoff
        )
        return self.synthesis(w_plus, noise=noise)

    def get_config(self):
        synthesis = self.synthesis.get_config()
        del synthesis["name"], synthesis["dtype"], synthesis["w_dim"]
        return {
            "name": self.name,
            "dtype": self.dtype_policy.name,
            "z_dim": self.z_dim,
            "w_dim": self.w_dim,
            "label_dim": self.label_dim,
            "mapping_layers": self.mapping.num_layers,
            "mapping_dim": self.mapping.hidden_dim,
            "mapping_lr_multiplier": self.mapping.lr_multiplier,
            "joint_norm": self.mapping.joint_norm,
            **synthesis,
        }


@register
class StyleGAN2DiscriminatorBlock(ComputeDtypeLayer):
    """One level of the discriminator.

    Call: `block(x, image)` -> (x at half the size, image at half the size or None).

    Args:
        channels: width of this level.
        out_channels: width of the next coarser level.
        architecture: "resnet" (published), "skip" or "orig".
        from_rgb: whether this level reads the image.
        half_activations, clamp, resample_taps: as in `StyleGAN2Synthesis`.
    """

    def __init__(
        self,
        channels,
        out_channels,
        architecture="resnet",
        from_rgb=False,
        half_activations=True,
        clamp=None,
        resample_taps=(1, 3, 3, 1),
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.channels = channels
        self.out_channels = out_channels
        self.architecture = architecture
        self.from_rgb = from_rgb
        self.half_activations = half_activations
        self.clamp = clamp
        self.resample_taps = tuple(resample_taps)
        layer = {"resample_taps": resample_taps, "dtype": self.dtype_policy}
        lrelu = {"activation": "lrelu", "clamp": clamp, **layer}
        resnet = architecture == "resnet"
        self.fromrgb = None
        if from_rgb:
            self.fromrgb = EqualizedConv2D(channels, 1, name="fromrgb", **lrelu)
        self.conv0 = EqualizedConv2D(channels, 3, name="conv0", **lrelu)
        self.conv1 = EqualizedConv2D(
            out_channels, 3, down=2, gain=RESNET_GAIN if resnet else 1.0, name="conv1", **lrelu
        )
        self.skip = None
        if resnet:
            self.skip = EqualizedConv2D(
                out_channels,
                1,
                down=2,
                use_bias=False,
                gain=RESNET_GAIN,
                name="skip",
                **layer,
            )

    @property
    def ordered_layers(self):
        """Layers in the order in which Freeze-D counts them."""
        layers = (self.fromrgb, self.conv0, self.conv1, self.skip)
        return [layer for layer in layers if layer is not None]

    def build(self, x_shape, image_shape):
        if self.fromrgb is not None:
            self.fromrgb.build(image_shape)
        self.conv0.build(x_shape)
        self.conv1.build(x_shape)
        if self.skip is not None:
            self.skip.build(x_shape)

    def call(self, x, image):
        dtype = self.compute_dtype if self.half_activations else "float32"
        if self.fromrgb is not None:
            colours = self.fromrgb(tf.cast(image, dtype))
            x = colours if x is None else tf.cast(x, dtype) + colours
        x = tf.cast(x, dtype)
        image = (
            downsample2d(image, resample_filter(self.resample_taps))
            if self.architecture == "skip"
            else None
        )
        shortcut = None if self.skip is None else self.skip(x)
        x = self.conv1(self.conv0(x))
        return (x if shortcut is None else shortcut + x), image

    def get_config(self):
        return {
            **super().get_config(),
            "channels": self.channels,
            "out_channels": self.out_channels,
            "architecture": self.architecture,
            "from_rgb": self.from_rgb,
            "half_activations": self.half_activations,
            "clamp": self.clamp,
            "resample_taps": self.resample_taps,
        }


@register
class StyleGAN2Discriminator(_PyramidNetwork):
    """images -> logits.

    Call: `discriminator(images, labels=None)` with images [N, H, W, img_channels] in [-1, 1] and
    labels [N, label_dim] -> float32 [N, 1]. Labels act by projection (arXiv 1802.05637), as in
    StyleGAN2-ADA, or as weights of an output each (`label_logits`), as in the first StyleGAN2.

    Args:
        resolution: power of two >= 8, or (height, width).
        label_dim: size of a label vector, 0 for none.
        architecture: "resnet" (published), "skip" or "orig".
        dense_dim: width of the layer before the last; default that of level 4.
        mapping_layers: layers of the label mapping.
        mapping_lr_multiplier: their relative learning rate.
        label_logits: an output a label, of which the sum of output times label is taken; there is
            no label mapping.
        group_size: of the minibatch statistic; None for the whole batch.
        num_stddev_channels: number of minibatch statistics, 0 for none.
        freeze_layers: Freeze-D (arXiv 2002.10964): the first n layers do not learn.
        others: as in `StyleGAN2Synthesis`.
    """

    def __init__(
        self,
        resolution,
        label_dim=0,
        architecture="resnet",
        dense_dim=None,
        mapping_layers=8,
        mapping_lr_multiplier=0.01,
        label_logits=False,
        group_size=4,
        num_stddev_channels=1,
        freeze_layers=0,
        **kwargs,
    ):
        super().__init__(resolution, architecture=architecture, **kwargs)
        check_not_negative(
            label_dim=label_dim,
            mapping_layers=mapping_layers,
            num_stddev_channels=num_stddev_channels,
        )
        check_positive(dense_dim=dense_dim)
        self.label_dim = label_dim
        self.mapping_layers = mapping_layers
        self.mapping_lr_multiplier = mapping_lr_multiplier
        self.label_logits = label_logits
        self.group_size = group_size
        self.num_stddev_channels = num_stddev_channels
        self.freeze_layers = freeze_layers
        width = self.channels[4]
        self.dense_dim = width if dense_dim is None else dense_dim
        self.blocks = [
            StyleGAN2DiscriminatorBlock(
                self.channels[r],
                self.channels[r // 2],
                architecture=architecture,
                from_rgb=architecture == "skip" or r == self.levels[-1],
                half_activations=self.half_activations,
                clamp=self.clamp,
                resample_taps=self.resample_taps,
                name=f"block_{r}",
                dtype=self.policies[r],
            )
            for r in reversed(self.levels[1:])
        ]
        lrelu = {"activation": "lrelu", "dtype": "float32"}
        self.fromrgb = None
        if architecture == "skip":
            self.fromrgb = EqualizedConv2D(width, 1, name="fromrgb", **lrelu)
        self.stddev = MinibatchStddev(group_size, num_stddev_channels, name="stddev")
        self.conv = EqualizedConv2D(width, 3, clamp=self.clamp, name="conv", **lrelu)
        self.dense = EqualizedDense(self.dense_dim, name="dense", **lrelu)
        self.mapping = None
        outputs = max(label_dim, 1)
        if label_dim and not label_logits:
            outputs = width
            self.mapping = MappingNetwork(
                z_dim=0,
                w_dim=width,
                label_dim=label_dim,
                num_layers=mapping_layers,
                lr_multiplier=mapping_lr_multiplier,
                name="mapping",
            )
        self.logits = EqualizedDense(outputs, name="logits")
        self.build()
        self._freeze(freeze_layers)

    def build(self, input_shape=None):
        if self.built:
            return
        (height, width), image_channels = self.resolution, self.img_channels
        for block in self.blocks:
            x_shape = (None, height, width, block.channels)
            block.build(x_shape, (None, height, width, image_channels))
            block.built = True
            height, width = height // 2, width // 2
        channels = self.channels[4]
        if self.fromrgb is not None:
            self.fromrgb.build((None, height, width, image_channels))
        self.conv.build((None, height, width, channels + self.num_stddev_channels))
        self.dense.build((None, height * width * channels))
        self.logits.build((None, self.dense_dim))
        self.built = True

    def _freeze(self, count):
        layers = [layer for block in self.blocks for layer in block.ordered_layers]
        if not 0 <= count <= len(layers):
            raise ValueError(
                f"freeze_layers must be in 0…{len(layers)}. Received: freeze_layers={count}"
            )
        for layer in layers[:count]:
            layer.trainable = False

    def call(self, images, labels=None):
        height, width = self.resolution
        if tuple(images.shape[1:]) != (height, width, self.img_channels):
            raise ValueError(
                f"images must be [N, {height}, {width}, {self.img_channels}]. "
                f"Received: {images.shape}"
            )
        x, image = None, images
        for block in self.blocks:
            x, image = block.call(x, image)
        x = tf.cast(x, tf.float32)
        if self.fromrgb is not None:
            x = x + self.fromrgb(tf.cast(image, tf.float32))
        x = self.conv(self.stddev(x))
        x = self.dense(tf.reshape(x, [-1, math.prod(x.shape[1:])]))
        x = self.logits(x)
        if not self.label_dim:
            return x
        if labels is None:
            raise ValueError(
                f"labels [N, {self.label_dim}] are required by this conditional network. "
                "Received: labels=None"
            )
        if self.label_logits:
            return tf.reduce_sum(x * tf.cast(labels, x.dtype), axis=1, keepdims=True)
        projection = self.mapping(labels, labels=labels)
        scale = self.channels[4] ** -0.5
        return tf.reduce_sum(x * projection, axis=1, keepdims=True) * scale

    def get_config(self):
        return {
            **super().get_config(),
            "label_dim": self.label_dim,
            "dense_dim": self.dense_dim,
            "mapping_layers": self.mapping_layers,
            "mapping_lr_multiplier": self.mapping_lr_multiplier,
            "label_logits": self.label_logits,
            "group_size": self.group_size,
            "num_stddev_channels": self.num_stddev_channels,
            "freeze_layers": self.freeze_layers,
        }
