"""StyleGAN: generator and discriminator that grow.

Karras et al., "A Style-Based Generator Architecture for Generative Adversarial Networks",
arXiv 1812.04948; growing and the discriminator are those of Progressive GAN, arXiv 1710.10196.

Words: a *level* r is 4 · 2^i, the size of a block's shorter side for square pictures; its width
is `channels[r]`. num_ws = 2 · log2(R) - 2 rows of w_plus feed the layers, two a level. A *stage*
of growing is (level, alpha): pictures are alpha · those of the level + (1 - alpha) · the enlarged
ones of the level below. Blocks above the level take no part in it.
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
from tfgan_edit.layers.registration import register
from tfgan_edit.layers.statistics import MinibatchStddev
from tfgan_edit.layers.stylegan import (
    BOX,
    HE_GAIN,
    LReLUConv2D,
    LReLUDense,
    StyledActivation,
    blur,
)
from tfgan_edit.networks.mapping import MappingNetwork
from tfgan_edit.networks.stylegan2 import (
    channel_table,
    level_policies,
    levels_of,
    resolve_noise,
)
from tfgan_edit.ops.modulation import row_of
from tfgan_edit.ops.upfirdn import downsample2d, resample_filter, upsample2d


def enlarge(images, factor):
    """Repeats pixels: [N, H, W, C] -> [N, factor · H, factor · W, C]."""
    if factor == 1:
        return images
    return upsample2d(images, resample_filter((1,) * factor), up=factor)


def shrink(images, factor):
    """Means of factor × factor pixels: [N, H, W, C] -> [N, H / factor, W / factor, C]."""
    if factor == 1:
        return images
    return downsample2d(images, resample_filter((1,) * factor), down=factor)


def fade(alpha, newer, older):
    """alpha · newer + (1 - alpha) · older: exactly one of the two at alpha = 0 and 1."""
    alpha = tf.cast(alpha, newer.dtype)
    return alpha * newer + (1.0 - alpha) * older


@register
class StyleGANSynthesisBlock(ComputeDtypeLayer):
    """One level of the synthesis network.

    Call: `block(x, w_plus, noise)` with x [N, H, W, I] (None at the first level), the block's two
    rows of w_plus [N, 2, w_dim] and its two noise maps or Nones -> [N, 2H, 2W, channels].

    Args:
        channels: width of this level.
        first_size: (height, width) at the first level, which has no input; else None.
        learned_constant: whether the first level starts from a constant, else from a linear
            function of w ("traditional input").
        img_channels: number of colours of `to_rgb`; None for a level that is never shown.
        use_noise, use_styles, normalization: as in `StyledActivation`.
        resample_taps: taps of the blur behind enlargement.
    """

    def __init__(
        self,
        channels,
        first_size=None,
        learned_constant=True,
        img_channels=3,
        use_noise=True,
        use_styles=True,
        normalization="instance",
        resample_taps=(1, 2, 1),
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.channels = channels
        self.first_size = None if first_size is None else tuple(first_size)
        self.learned_constant = learned_constant
        self.img_channels = img_channels
        self.use_noise = use_noise
        self.use_styles = use_styles
        self.normalization = normalization
        self.resample_taps = tuple(resample_taps)
        style = {
            "use_noise": use_noise,
            "use_styles": use_styles,
            "normalization": normalization,
        }
        conv = {"use_bias": False, "gain": HE_GAIN, "dtype": self.dtype_policy}
        self.conv0 = self.dense = None
        if first_size is None:
            self.conv0 = EqualizedConv2D(
                channels, 3, up=2, resample_taps=BOX, name="conv0", **conv
            )
        elif not learned_constant:
            self.dense = EqualizedDense(
                math.prod(self.first_size) * channels, use_bias=False, name="dense"
            )
        self.conv1 = EqualizedConv2D(channels, 3, name="conv1", **conv)
        self.style0 = StyledActivation(name="style0", **style)
        self.style1 = StyledActivation(name="style1", **style)
        self.torgb = None
        if img_channels is not None:
            self.torgb = EqualizedConv2D(img_channels, 1, name="torgb", dtype=self.dtype_policy)

    @property
    def styles(self):
        """The block's layers that read a row of w_plus, in order."""
        return [self.style0, self.style1]

    def build(self, x_shape, w_shape):
        w_shape = (None, w_shape[-1])
        if self.conv0 is not None:
            self.conv0.build(x_shape)
            self.output_size = (2 * x_shape[1], 2 * x_shape[2])
        else:
            self.output_size = self.first_size
        if self.dense is not None:
            self.dense.build(w_shape)
        elif self.conv0 is None:
            self.constant = self.add_weight(
                name="constant",
                shape=(1, *self.first_size, self.channels),
                initializer="ones",
            )
        shape = (None, *self.output_size, self.channels)
        self.style0.build(shape, w_shape)
        self.conv1.build(shape)
        self.style1.build(shape, w_shape)
        if self.torgb is not None:
            self.torgb.build(shape)

    def call(self, x, w_plus, noise):
        if self.conv0 is not None:
            x = blur(self.conv0(x), self.resample_taps)
        elif self.dense is not None:
            # The gain of Progressive GAN, whose first layer is a convolution of 4×4 pixels.
            x = self.dense(row_of(w_plus, 0)) * (HE_GAIN / 4)
            x = tf.reshape(x, [-1, *self.first_size, self.channels])
        else:
            x = tf.repeat(tf.convert_to_tensor(self.constant), tf.shape(w_plus)[0], axis=0)
        x = self.style0(x, row_of(w_plus, 0), noise[0])
        return self.style1(self.conv1(x), row_of(w_plus, 1), noise[1])

    def get_config(self):
        return {
            **super().get_config(),
            "channels": self.channels,
            "first_size": self.first_size,
            "learned_constant": self.learned_constant,
            "img_channels": self.img_channels,
            "use_noise": self.use_noise,
            "use_styles": self.use_styles,
            "normalization": self.normalization,
            "resample_taps": self.resample_taps,
        }


class _GrowingNetwork(keras.Model):
    """Arguments that generator and discriminator share: sizes, widths, stage of growing."""

    def __init__(
        self,
        resolution,
        img_channels=3,
        channel_base=16384,
        channel_max=512,
        channels=None,
        resample_taps=(1, 2, 1),
        start_level=4,
        level=None,
        alpha=1.0,
        **kwargs,
    ):
        super().__init__(autocast=False, **kwargs)
        check_positive(img_channels=img_channels)
        self.levels, self.constant_shape = levels_of(resolution)
        if start_level not in self.levels:
            raise ValueError(
                f"start_level must be one of {self.levels}. Received: start_level={start_level}"
            )
        self.resolution = tuple(side * self.levels[-1] // 4 for side in self.constant_shape)
        self.img_channels = img_channels
        self.channel_base = channel_base
        self.channel_max = channel_max
        self.channels = channel_table(self.levels, channel_base, channel_max, channels)
        self.resample_taps = tuple(resample_taps)
        self.start_level = start_level
        self.policies = level_policies(self.levels, self.dtype_policy, len(self.levels))
        self.grow_to(self.levels[-1] if level is None else level, alpha)

    def grow_to(self, level, alpha=1.0):
        """Sets the stage of calls that name none; it is saved with the network.

        Args:
            level: from `start_level` to the resolution.
            alpha: weight of this level beside the one below, in [0, 1].
        """
        if not 0 <= alpha <= 1:
            raise ValueError(f"alpha must be in [0, 1]. Received: alpha={alpha}")
        self.level = self._checked(level)
        self.alpha = float(alpha)

    def _checked(self, level):
        shown = self.levels[self.levels.index(self.start_level) :]
        if level not in shown:
            raise ValueError(f"level must be one of {shown}. Received: level={level}")
        return int(level)

    def _stage(self, level, alpha):
        """(level, alpha, pixels of the full size per pixel of the calls' images) of a call."""
        if level is None:
            alpha = self.alpha if alpha is None else alpha
            return self.level, alpha, self.levels[-1] // self.level
        return self._checked(level), 1.0 if alpha is None else alpha, 1

    def _fades(self, level, alpha):
        """Whether the level below takes part in a stage."""
        settled = isinstance(alpha, (int, float)) and alpha == 1
        return level > self.start_level and not settled

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
            "resample_taps": self.resample_taps,
            "start_level": self.start_level,
            "level": self.level,
            "alpha": self.alpha,
        }


@register
class StyleGANSynthesis(_GrowingNetwork):
    """w_plus -> images.

    Call: `synthesis(w_plus, noise="constant", level=None, alpha=None)` with w_plus
    [N, num_ws, w_dim] -> float32 [N, H, W, img_channels], about [-1, 1]. `noise` is "constant"
    (one stored map a layer), "random" (new maps a call), "none", or a list with a map
    [N or 1, h, w, 1], as in `noise_shapes`, or None for each layer. With `level` (a Python int)
    and `alpha` (a number or a scalar tensor, default 1) images have the size of that level;
    without, they have the full size: those of a network that has not grown up (`grow_to`) are
    enlarged by repeating pixels.

    Args:
        resolution: power of two >= 8, or (height, width).
        w_dim: size of w.
        learned_constant: False starts from a linear function of w ("traditional input").
        use_noise: whether layers add noise.
        use_styles: whether w scales and shifts the maps of each layer.
        normalization: "instance", "pixel" (Progressive GAN) or None.
        img_channels: number of colours.
        channel_base, channel_max: width of level r is min(channel_base // r, channel_max).
        channels: {level: width} instead of the two above.
        resample_taps: taps of the blur.
        start_level: coarsest level that has colour layers, where growing can start: 4 as
            published, `resolution` for a network that does not grow.
        level, alpha: stage of growing of calls that name none, as in `grow_to`; default the
            last.
    """

    def __init__(
        self,
        resolution,
        w_dim=512,
        learned_constant=True,
        use_noise=True,
        use_styles=True,
        normalization="instance",
        **kwargs,
    ):
        super().__init__(resolution, **kwargs)
        check_positive(w_dim=w_dim)
        if learned_constant and not use_styles:
            raise ValueError(
                "pictures depend on w by styles or by the input. Received: "
                "learned_constant=True, use_styles=False"
            )
        self.w_dim = w_dim
        self.learned_constant = learned_constant
        self.use_noise = use_noise
        self.use_styles = use_styles
        self.normalization = normalization
        self.num_ws = 2 * len(self.levels)
        self.noise_seed = keras.random.SeedGenerator(name="noise_seed")
        self.blocks = [
            StyleGANSynthesisBlock(
                self.channels[r],
                first_size=self.constant_shape if r == 4 else None,
                learned_constant=learned_constant,
                img_channels=self.img_channels if r >= self.start_level else None,
                use_noise=use_noise,
                use_styles=use_styles,
                normalization=normalization,
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
        x_shape = None
        for block in self.blocks:
            block.build(x_shape, (None, self.w_dim))
            block.built = True
            x_shape = (None, *block.output_size, block.channels)
        self.built = True

    @property
    def noise_shapes(self):
        """[(h, w), …] of the noise maps, two a level; empty without noise."""
        return [tuple(constant.shape[1:3]) for constant in self.noise_constants]

    @property
    def noise_constants(self):
        """Stored noise maps [1, h, w, 1], two a level; empty without noise."""
        return [layer.noise_constant for layer in self._noisy_layers()]

    def _noisy_layers(self):
        return [style for block in self.blocks for style in block.styles if self.use_noise]

    def call(self, w_plus, noise="constant", level=None, alpha=None):
        if tuple(w_plus.shape[1:]) != (self.num_ws, self.w_dim):
            raise ValueError(
                f"w_plus must be [N, {self.num_ws}, {self.w_dim}]. Received: {w_plus.shape}"
            )
        w_plus = tf.cast(w_plus, tf.float32)
        level, alpha, factor = self._stage(level, alpha)
        blocks = self.blocks[: self.levels.index(level) + 1]
        size, count = tf.shape(w_plus)[0], 2 * len(blocks)
        maps = resolve_noise(noise, self._noisy_layers(), size, self.noise_seed, count)
        maps = maps or [None] * count  # of a network without noise
        x = below = None
        for i, block in enumerate(blocks):
            rows = slice(2 * i, 2 * i + 2)
            below, x = x, block.call(x, w_plus[:, rows], maps[rows])
        images = blocks[-1].torgb(x)
        if self._fades(level, alpha):
            images = fade(alpha, images, enlarge(blocks[-2].torgb(below), 2))
        return enlarge(images, factor)

    def get_config(self):
        return {
            **super().get_config(),
            "w_dim": self.w_dim,
            "learned_constant": self.learned_constant,
            "use_noise": self.use_noise,
            "use_styles": self.use_styles,
            "normalization": self.normalization,
        }


@register
class StyleGANGenerator(keras.Model):
    """z -> images, by `.mapping` and `.synthesis`.

    Call: `generator(z, labels=None, truncation=1.0, truncation_cutoff=None, noise="constant",
    level=None, alpha=None)` with z [N, z_dim], labels [N, label_dim] -> float32
    [N, H, W, img_channels]. The paper's pictures have truncation 0.7 with cutoff 8 (appendix B).

    Variants of the paper's table 1, all with `resample_taps` as they are:
    B tuned baseline: `mapping_layers=0, learned_constant=False, use_styles=False,
    use_noise=False, normalization="pixel"`; C mapping and styles: `learned_constant=False,
    use_noise=False`; D constant input: `use_noise=False`; E noise, F mixing: the defaults.

    Args:
        resolution: power of two >= 8, or (height, width).
        z_dim, w_dim: sizes of the latents.
        label_dim: size of a label vector, 0 for none.
        mapping_layers: 8 as published; 0 makes w the normalised z, of the same size.
        mapping_dim: width of the mapping's hidden layers; default w_dim.
        mapping_lr_multiplier: learning rate of the mapping relative to the rest.
        synthesis: further arguments go to `StyleGANSynthesis`.
    """

    def __init__(
        self,
        resolution,
        z_dim=512,
        w_dim=512,
        label_dim=0,
        mapping_layers=8,
        mapping_dim=None,
        mapping_lr_multiplier=0.01,
        name=None,
        dtype=None,
        **synthesis,
    ):
        super().__init__(name=name, dtype=dtype, autocast=False)
        check_positive(z_dim=z_dim)
        self.synthesis = StyleGANSynthesis(
            resolution, w_dim=w_dim, name="synthesis", dtype=self.dtype_policy, **synthesis
        )
        self.mapping = MappingNetwork(
            z_dim,
            w_dim,
            self.synthesis.num_ws,
            label_dim,
            mapping_layers,
            mapping_dim,
            mapping_lr_multiplier,
            joint_norm=True,
            gain_before_bias=True,
            name="mapping",
        )
        self.z_dim, self.w_dim, self.label_dim = z_dim, w_dim, label_dim
        self.num_ws = self.synthesis.num_ws
        self.resolution = self.synthesis.resolution
        self.img_channels = self.synthesis.img_channels
        self.built = True

    def grow_to(self, level, alpha=1.0):
        """Sets the stage of calls that name none, as `StyleGANSynthesis.grow_to`."""
        self.synthesis.grow_to(level, alpha)

    def call(
        self,
        z,
        labels=None,
        truncation=1.0,
        truncation_cutoff=None,
        noise="constant",
        level=None,
        alpha=None,
    ):
        cut = {"truncation": truncation, "truncation_cutoff": truncation_cutoff}
        w_plus = self.mapping(z, labels=labels, **cut)
        return self.synthesis(w_plus, noise=noise, level=level, alpha=alpha)

    def get_config(self):
        return {
            **self.synthesis.get_config(),
            "name": self.name,
            "z_dim": self.z_dim,
            "label_dim": self.label_dim,
            "mapping_layers": self.mapping.num_layers,
            "mapping_dim": self.mapping.hidden_dim,
            "mapping_lr_multiplier": self.mapping.lr_multiplier,
        }


@register
class StyleGANDiscriminatorBlock(ComputeDtypeLayer):
    """One level of the discriminator: [N, 2H, 2W, channels] -> [N, H, W, out_channels].

    Args:
        channels: width of this level.
        out_channels: width of the next coarser level.
        from_rgb: whether growing can show images to this level.
        resample_taps: taps of the blur before reduction.
    """

    def __init__(
        self, channels, out_channels, from_rgb=True, resample_taps=(1, 2, 1), **kwargs
    ):
        super().__init__(**kwargs)
        self.channels = channels
        self.out_channels = out_channels
        self.from_rgb = from_rgb
        self.resample_taps = tuple(resample_taps)
        dtype = self.dtype_policy
        self.fromrgb = None
        if from_rgb:
            self.fromrgb = LReLUConv2D(channels, 1, name="fromrgb", dtype=dtype)
        self.conv0 = LReLUConv2D(channels, 3, name="conv0", dtype=dtype)
        self.conv1 = LReLUConv2D(
            out_channels, 3, down=2, resample_taps=resample_taps, name="conv1", dtype=dtype
        )

    def build(self, x_shape, image_shape):
        if self.fromrgb is not None:
            self.fromrgb.build(image_shape)
        self.conv0.build(x_shape)
        self.conv1.build(x_shape)

    def call(self, x):
        return self.conv1(self.conv0(x))

    def get_config(self):
        return {
            **super().get_config(),
            "channels": self.channels,
            "out_channels": self.out_channels,
            "from_rgb": self.from_rgb,
            "resample_taps": self.resample_taps,
        }


@register
class StyleGANDiscriminator(_GrowingNetwork):
    """images -> logits.

    Call: `discriminator(images, labels=None, level=None, alpha=None)` with images
    [N, H, W, img_channels] in [-1, 1] and labels [N, label_dim], usually one-hot -> float32
    [N, 1]: with labels, the sum of an output a class times the label. With `level` and `alpha`,
    as in `StyleGANSynthesis`, images have the size of that level; without, the full size.

    Args:
        resolution: power of two >= 8, or (height, width).
        label_dim: size of a label vector, 0 for none.
        dense_dim: width of the layer before the last; default that of level 4.
        group_size: of the minibatch statistic; None for the whole batch.
        num_stddev_channels: number of minibatch statistics, 0 for none.
        others: as in `StyleGANSynthesis`.
    """

    def __init__(
        self,
        resolution,
        label_dim=0,
        dense_dim=None,
        group_size=4,
        num_stddev_channels=1,
        **kwargs,
    ):
        super().__init__(resolution, **kwargs)
        check_not_negative(label_dim=label_dim, num_stddev_channels=num_stddev_channels)
        check_positive(dense_dim=dense_dim)
        self.label_dim = label_dim
        self.dense_dim = self.channels[4] if dense_dim is None else dense_dim
        self.group_size = group_size
        self.num_stddev_channels = num_stddev_channels
        self.blocks = [
            StyleGANDiscriminatorBlock(
                self.channels[r],
                self.channels[r // 2],
                from_rgb=r >= self.start_level,
                resample_taps=self.resample_taps,
                name=f"block_{r}",
                dtype=self.policies[r],
            )
            for r in reversed(self.levels[1:])
        ]
        width, dtype = self.channels[4], self.policies[4]
        self.fromrgb = None
        if self.start_level == 4:
            self.fromrgb = LReLUConv2D(width, 1, name="fromrgb", dtype=dtype)
        self.stddev = MinibatchStddev(group_size, num_stddev_channels, name="stddev")
        self.conv = LReLUConv2D(width, 3, name="conv", dtype=dtype)
        self.dense = LReLUDense(self.dense_dim, name="dense")
        self.logits = EqualizedDense(max(label_dim, 1), name="logits")
        self.build()

    def build(self, input_shape=None):
        if self.built:
            return
        size = self.resolution
        for block in self.blocks:
            block.build((None, *size, block.channels), (None, *size, self.img_channels))
            block.built = True
            size = (size[0] // 2, size[1] // 2)
        if self.fromrgb is not None:
            self.fromrgb.build((None, *size, self.img_channels))
        self.conv.build((None, *size, self.channels[4] + self.num_stddev_channels))
        self.dense.build((None, math.prod(size) * self.channels[4]))
        self.logits.build((None, self.dense_dim))
        self.built = True

    def fromrgb_of(self, level):
        """The colour layer of a level."""
        layers = [block.fromrgb for block in self.blocks] + [self.fromrgb]
        return layers[-1 - self.levels.index(level)]

    def call(self, images, labels=None, level=None, alpha=None):
        level, alpha, factor = self._stage(level, alpha)
        scale = self.levels[-1] // level // factor
        height, width = (side // scale for side in self.resolution)
        if tuple(images.shape[1:]) != (height, width, self.img_channels):
            raise ValueError(
                f"images must be [N, {height}, {width}, {self.img_channels}]. "
                f"Received: {images.shape}"
            )
        images = shrink(tf.cast(images, tf.float32), factor)
        x = self.fromrgb_of(level)(images)
        for i, block in enumerate(self.blocks[len(self.levels) - 1 - self.levels.index(level) :]):
            x = block.call(x)
            if i == 0 and self._fades(level, alpha):
                x = fade(alpha, x, self.fromrgb_of(level // 2)(shrink(images, 2)))
        x = self.conv(self.stddev(x))
        x = self.logits(self.dense(tf.reshape(x, [-1, math.prod(x.shape[1:])])))
        if not self.label_dim:
            return x
        if labels is None:
            raise ValueError(
                f"labels [N, {self.label_dim}] are required by this conditional network. "
                "Received: labels=None"
            )
        return tf.reduce_sum(x * tf.cast(labels, x.dtype), axis=1, keepdims=True)

    def get_config(self):
        return {
            **super().get_config(),
            "label_dim": self.label_dim,
            "dense_dim": self.dense_dim,
            "group_size": self.group_size,
            "num_stddev_channels": self.num_stddev_channels,
        }
