"""Pix2PixHD: coarse-to-fine generator and multi-scale discriminator.

Wang et al., "High-Resolution Image Synthesis and Semantic Manipulation with Conditional GANs",
arXiv 1711.11585; sizes in its appendix A. All networks are convolutional throughout: weights fit
pictures of any size.

What a translator reads are photos, or planes of labels, edges and features, as
`ops.label_maps.translator_input` joins them; for the networks they are channels.
"""

import math

import keras
import tensorflow as tf

from tfgan_edit.layers.equalized import ComputeDtypeLayer, check_not_negative, check_positive
from tfgan_edit.layers.normalized import (
    NormalizedConv2D,
    NormalizedConv2DTranspose,
    check_one_of,
)
from tfgan_edit.layers.registration import register
from tfgan_edit.ops.images import bounded
from tfgan_edit.ops.label_maps import instance_means

NORMS = ("instance", "batch", "demodulated")
PADDINGS = ("reflect", "reflect_all")
UPSAMPLINGS = ("transposed", "bilinear")


def joined(x, y, norm):
    """x + y, halved in variance if no norm that follows does it."""
    return (x + y) * math.sqrt(0.5) if norm == "demodulated" else x + y


def halved(x):
    """Mean over 3×3 pixels around every second one, those outside not counted, in float32.

    [N, H, W, C] -> [N, ceil(H / 2), ceil(W / 2), C].
    """
    x = tf.cast(x, tf.float32)
    # The mean of the two pixels at a border, put outside of them, leaves their mean as it is.
    # Zeros and a division would do, but graphics processors of phones then divide twice.
    top, bottom = (tf.reduce_mean(y, 1, keepdims=True) for y in (x[:, :2], x[:, -2:]))
    x = tf.concat([top, x, bottom], axis=1)
    left, right = (tf.reduce_mean(y, 2, keepdims=True) for y in (x[:, :, :2], x[:, :, -2:]))
    x = tf.concat([left, x, right], axis=2)
    return tf.nn.avg_pool2d(x, 3, 2, "VALID")


def doubled(x):
    """Bilinear interpolation between pixels' centres: [N, H, W, C] -> [N, 2 H, 2 W, C]."""
    height, width = (
        dynamic if static is None else static
        for static, dynamic in zip(x.shape[1:3], tf.unstack(tf.shape(x)[1:3]), strict=True)
    )
    return tf.cast(tf.image.resize(x, [2 * height, 2 * width], "bilinear"), x.dtype)


@register
class BilinearConv2D(NormalizedConv2D):
    """`NormalizedConv2D` behind a doubling: [N, H, W, I] -> [N, 2 H, 2 W, filters].

    Every pixel is made of equally many weights, so there is no pattern of period 2 as behind
    transposed convolutions; four times their products.
    """

    def call(self, x):
        return super().call(doubled(x))


class Part(ComputeDtypeLayer):
    """A layer of layers, with the arguments that all of them take."""

    def __init__(
        self, norm="instance", padding="reflect", upsampling="transposed", **kwargs
    ):
        super().__init__(**kwargs)
        check_one_of(NORMS, norm=norm)
        check_one_of(PADDINGS, padding=padding)
        check_one_of(UPSAMPLINGS, upsampling=upsampling)
        self.norm = norm
        self.padding = padding
        self.upsampling = upsampling

    def convolution(self, filters, kernel_size=3, strides=1, *, name, activation="relu"):
        """A convolution of this part's norm, padding and precision."""
        # The published networks reflect around full-size products only.
        reflects = strides == 1 or self.padding == "reflect_all"
        return NormalizedConv2D(
            filters,
            kernel_size,
            strides,
            padding="reflect" if reflects else "zeros",
            norm=self.norm,
            activation=activation,
            dtype=self.dtype_policy,
            name=name,
        )

    def up_convolution(self, filters, *, name):
        """One that doubles both sides."""
        bilinear = self.upsampling == "bilinear"
        reflects = bilinear or self.padding == "reflect_all"
        return (BilinearConv2D if bilinear else NormalizedConv2DTranspose)(
            filters,
            padding="reflect" if reflects else "zeros",
            norm=self.norm,
            activation="relu",
            dtype=self.dtype_policy,
            name=name,
        )

    def residual_blocks(self, filters, count):
        """List of `ResidualBlock`s of this part's settings."""
        return [
            ResidualBlock(
                filters,
                norm=self.norm,
                padding=self.padding,
                upsampling=self.upsampling,
                dtype=self.dtype_policy,
                name=f"block{i}",
            )
            for i in range(count)
        ]

    def get_config(self):
        return {
            **super().get_config(),
            "norm": self.norm,
            "padding": self.padding,
            "upsampling": self.upsampling,
        }


def build_in_turn(layers, channels):
    """Builds layers of which each reads what the one before writes, `channels` the first."""
    for layer in layers:
        layer.build((None, None, None, channels))
        layer.built = True
        channels = layer.filters


@register
class ResidualBlock(Part):
    """x + norm(conv(relu(norm(conv(x))))): [N, H, W, filters] of both input and output.

    Args:
        filters: number of channels.
        norm, padding, upsampling: as of `Pix2PixHDGenerator`.
    """

    def __init__(self, filters, **kwargs):
        super().__init__(**kwargs)
        check_positive(filters=filters)
        self.filters = filters
        self.conv0 = self.convolution(filters, name="conv0")
        self.conv1 = self.convolution(filters, name="conv1", activation="linear")

    def build(self, input_shape):
        build_in_turn([self.conv0, self.conv1], input_shape[-1])

    def call(self, x):
        return joined(x, self.conv1(self.conv0(x)), self.norm)

    def get_config(self):
        return {**super().get_config(), "filters": self.filters}


@register
class Pix2PixHDTrunk(Part):
    """The global generator up to its colours: [N, H, W, C] -> [N, H', W', width].

    7×7 convolution, halvings, residual blocks, doublings. H' is H rounded up to a multiple of
    2^num_downsamplings.

    Args:
        width, num_downsamplings, num_blocks, norm, padding, upsampling: as of `Pix2PixHDGenerator`.
    """

    def __init__(self, width=64, num_downsamplings=4, num_blocks=9, **kwargs):
        super().__init__(**kwargs)
        check_positive(width=width)
        check_not_negative(num_downsamplings=num_downsamplings, num_blocks=num_blocks)
        self.width = width
        self.num_downsamplings = num_downsamplings
        self.num_blocks = num_blocks
        widths = [width * 2**i for i in range(num_downsamplings + 1)]
        self.stem = self.convolution(width, 7, name="stem")
        self.downs = [
            self.convolution(filters, strides=2, name=f"down{i}")
            for i, filters in enumerate(widths[1:])
        ]
        self.blocks = self.residual_blocks(widths[-1], num_blocks)
        self.ups = [
            self.up_convolution(filters, name=f"up{i}")
            for i, filters in enumerate(reversed(widths[:-1]))
        ]

    def build(self, input_shape):
        layers = [self.stem, *self.downs, *self.blocks, *self.ups]
        build_in_turn(layers, input_shape[-1])

    def call(self, x):
        return self.features(x)[-1]

    def features(self, x):
        """Maps behind the residual blocks and behind each doubling, coarse to fine."""
        for layer in (self.stem, *self.downs, *self.blocks):
            x = layer(x)
        maps = [x]
        for layer in self.ups:
            maps.append(layer(maps[-1]))
        return maps

    def get_config(self):
        return {
            **super().get_config(),
            "width": self.width,
            "num_downsamplings": self.num_downsamplings,
            "num_blocks": self.num_blocks,
        }


@register
class Pix2PixHDEnhancer(Part):
    """One level of the local enhancer: detail from the picture, structure from below.

    Call: `level(x, coarse)` with the picture x [N, H, W, C] and the features of the level below
    [N, H / 2, W / 2, 2 · width] -> [N, H, W, width].

    Args:
        width: number of output channels.
        num_blocks: residual blocks, at half the size.
        norm, padding, upsampling: as of `Pix2PixHDGenerator`.
    """

    def __init__(self, width=32, num_blocks=3, **kwargs):
        super().__init__(**kwargs)
        check_positive(width=width)
        check_not_negative(num_blocks=num_blocks)
        self.width = width
        self.num_blocks = num_blocks
        self.stem = self.convolution(width, 7, name="stem")
        self.down = self.convolution(2 * width, strides=2, name="down")
        self.blocks = self.residual_blocks(2 * width, num_blocks)
        self.up = self.up_convolution(width, name="up")

    def build(self, x_shape, coarse_shape=None):
        build_in_turn([self.stem, self.down, *self.blocks, self.up], x_shape[-1])

    def call(self, x, coarse):
        x = joined(self.down(self.stem(x)), coarse, self.norm)
        for layer in (*self.blocks, self.up):
            x = layer(x)
        return x

    def get_config(self):
        return {**super().get_config(), "width": self.width, "num_blocks": self.num_blocks}


class Translator(keras.Model):
    """Arguments that generator and local enhancer share, and their last layer."""

    num_enhancers = 0
    color_kernel = 7

    def __init__(
        self,
        in_channels=3,
        out_channels=3,
        width=64,
        num_downsamplings=4,
        num_blocks=9,
        norm="instance",
        padding="reflect",
        upsampling="transposed",
        residual=False,
        half_activations=True,
        **kwargs,
    ):
        super().__init__(autocast=False, **kwargs)
        check_positive(in_channels=in_channels, out_channels=out_channels, width=width)
        if residual and in_channels != out_channels:
            raise ValueError(
                "residual adds to the picture that comes in: out_channels must be in_channels. "
                f"Received: in_channels={in_channels}, out_channels={out_channels}"
            )
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.width = width
        self.num_downsamplings = num_downsamplings
        self.num_blocks = num_blocks
        self.norm = norm
        self.padding = padding
        self.upsampling = upsampling
        self.residual = residual
        self.half_activations = half_activations
        self.to_image = NormalizedConv2D(
            out_channels,
            self.color_kernel,
            padding="reflect",
            activation="tanh",
            dtype=self.dtype_policy,
            name="to_image",
        )

    def _trunk(self, width):
        return Pix2PixHDTrunk(
            width, self.num_downsamplings, self.num_blocks, name="trunk", **self._part()
        )

    def _part(self):
        return {
            "norm": self.norm,
            "padding": self.padding,
            "upsampling": self.upsampling,
            "dtype": self.dtype_policy,
        }

    def _build_parts(self, parts):
        for part in parts:
            part.build((None, None, None, self.in_channels))
            part.built = True
        build_in_turn([self.to_image], self.width)
        if self.residual:  # at first nothing changes
            self.to_image.kernel.assign(tf.zeros_like(self.to_image.kernel))
            self.to_image.bias.assign(tf.zeros_like(self.to_image.bias))
        self.built = True

    def _activations(self, images):
        """`images` in the dtype of activations, after a look at their shape."""
        *_, height, width, channels = images.shape
        if len(images.shape) != 4 or channels != self.in_channels:
            raise ValueError(
                f"images must be [N, H, W, {self.in_channels}]. Received: {images.shape}"
            )
        # Reflections need 4 pixels around 7×7 and 2 around 3×3.
        smallest = max(3, 2**self.num_downsamplings) * 2**self.num_enhancers + 1
        if any(side is not None and side < smallest for side in (height, width)):
            raise ValueError(
                f"images must have at least {smallest} pixels a side for these halvings. "
                f"Received: {images.shape}"
            )
        return tf.cast(images, self.compute_dtype if self.half_activations else "float32")

    def _check_multiple(self, images, multiple):
        if any(side is not None and side % multiple for side in images.shape[1:3]):
            raise ValueError(
                f"images must have sides that are multiples of {multiple}. "
                f"Received: {images.shape}"
            )

    def features(self, images):
        """Maps [N, h, w, c] from the smallest size to the full one, coarse to fine."""
        raise NotImplementedError

    def call(self, images, training=None):
        return self.paint(self.features(images), images)

    def paint(self, maps, images):
        """The picture of what `features(images)` returned: float32 [N, H', W', out_channels]."""
        painted = tf.cast(self.to_image(maps[-1]), tf.float32)
        if self.residual:  # a change is from -2, white to black, to 2
            return bounded(tf.cast(images, tf.float32) + 2.0 * painted)
        return painted

    def get_config(self):
        return {
            "name": self.name,
            "dtype": self.dtype_policy.name,
            "in_channels": self.in_channels,
            "out_channels": self.out_channels,
            "width": self.width,
            "num_downsamplings": self.num_downsamplings,
            "num_blocks": self.num_blocks,
            "norm": self.norm,
            "padding": self.padding,
            "upsampling": self.upsampling,
            "residual": self.residual,
            "half_activations": self.half_activations,
        }


@register
class Pix2PixHDGenerator(Translator):
    """The global generator: pictures -> pictures (section 3.2).

    Call: `generator(images)` with [N, H, W, in_channels] -> float32 [N, H', W', out_channels] in
    [-1, 1]; H' is H rounded up to a multiple of 2^num_downsamplings. The published one has
    182,443,267 parameters.

    Args:
        in_channels: photos 3; labels and edges as `ops.label_maps.translator_input` counts them.
        out_channels: colours.
        width: channels at full size; each halving doubles them.
        num_downsamplings: number of halvings.
        num_blocks: residual blocks at the smallest size.
        norm: "instance" (published), "batch" or "demodulated", as in `NormalizedConv2D`.
        padding: "reflect" as published, where strided convolutions pad with zeros; "reflect_all"
            pads with zeros nowhere, so that the border leaves no mark for blobs to start from.
        upsampling: "transposed" convolutions (published), or "bilinear" interpolation in front
            of convolutions, which leaves no checkerboard.
        residual: the last layer draws not the picture but its change, twice its value in [-1, 1];
            what stays need not pass the smallest size. For photos into photos; not published.
        half_activations: False keeps activations in float32 and only multiplies in half
            precision, which is faster on CPUs.

    Raises:
        ValueError: for images of other channels, or too small for the halvings; if residual, for
            sides that are no multiples of 2^num_downsamplings.
    """

    def __init__(self, in_channels=3, out_channels=3, **kwargs):
        super().__init__(in_channels, out_channels, **kwargs)
        self.trunk = self._trunk(self.width)
        self.build()

    def build(self, input_shape=None):
        if not self.built:
            self._build_parts([self.trunk])

    def features(self, images):
        x = self._activations(images)
        if self.residual:
            self._check_multiple(images, 2**self.num_downsamplings)
        return self.trunk.features(x)


@register
class Pix2PixHDLocalEnhancer(Translator):
    """Local enhancer around a global generator: pictures -> pictures (section 3.2).

    Call: `enhancer(images)` with [N, H, W, in_channels] -> float32 [N, H, W, out_channels] in
    [-1, 1], for sides that are multiples of 2^(num_downsamplings + num_enhancers). The generator
    reads the picture `num_enhancers` times halved.

    Coarse to fine: train a `Pix2PixHDGenerator` of `width * 2**num_enhancers` at the small size,
    copy it with `load_global`, train under `train_only_finest()`, then everything.

    Args:
        width: channels at full size, half of those of the generator below (published: 32).
        num_enhancers: number of levels around the generator.
        num_local_blocks: residual blocks of each level.
        in_channels, out_channels, num_downsamplings, num_blocks, norm, padding, upsampling,
            residual, half_activations: as of `Pix2PixHDGenerator`.

    Raises:
        ValueError: for images of other channels, or of sizes that do not halve so often.
    """

    def __init__(
        self,
        in_channels=3,
        out_channels=3,
        width=32,
        num_enhancers=1,
        num_local_blocks=3,
        **kwargs,
    ):
        super().__init__(in_channels, out_channels, width, **kwargs)
        check_positive(num_enhancers=num_enhancers)
        self.num_enhancers = num_enhancers
        self.num_local_blocks = num_local_blocks
        self.trunk = self._trunk(width * 2**num_enhancers)
        self.enhancers = [
            Pix2PixHDEnhancer(
                width * 2**i, num_local_blocks, name=f"enhancer{i}", **self._part()
            )
            for i in reversed(range(num_enhancers))
        ]
        self.build()

    def build(self, input_shape=None):
        if not self.built:
            self._build_parts([self.trunk, *self.enhancers])

    def features(self, images):
        x = self._activations(images)
        self._check_multiple(images, 2 ** (self.num_downsamplings + self.num_enhancers))
        pyramid = [x]
        for _ in self.enhancers:
            pyramid.append(tf.cast(halved(pyramid[-1]), x.dtype))
        maps = self.trunk.features(pyramid.pop())
        for enhancer in self.enhancers:
            maps.append(enhancer(pyramid.pop(), maps[-1]))
        return maps

    def load_global(self, generator):
        """Copies a trained `Pix2PixHDGenerator`, without its last layer.

        Raises:
            ValueError: it is not of the arguments of this network's own.
        """
        mine, theirs = self.trunk.get_config(), generator.trunk.get_config()
        for name in ("width", "num_downsamplings", "num_blocks", "norm", "padding", "upsampling"):
            if mine[name] != theirs[name]:
                raise ValueError(
                    f"generator must have {name}={mine[name]!r}. "
                    f"Received: {name}={theirs[name]!r}"
                )
        self.trunk.set_weights(generator.trunk.get_weights())

    def train_only_finest(self, only=True):
        """Freezes all but the outermost level and the colours, or with False nothing.

        Before the optimiser is built: it keeps the variables that are trainable then.
        """
        for part in (self.trunk, *self.enhancers[:-1]):
            part.trainable = not only

    def get_config(self):
        return {
            **super().get_config(),
            "num_enhancers": self.num_enhancers,
            "num_local_blocks": self.num_local_blocks,
        }


@register
class Pix2PixHDEncoder(Pix2PixHDGenerator):
    """Feature encoder: what an instance looks like, as a few numbers (section 3.4).

    Call: `encoder(images, instances)` with [N, H, W, in_channels] and int [N, H, W], H and W
    multiples of 2^num_downsamplings -> float32 [N, H, W, out_channels] in [-1, 1], for every
    pixel the mean over its instance.

    Args: as of `Pix2PixHDGenerator`; `out_channels` features.
    """

    def __init__(self, in_channels=3, out_channels=3, width=16, num_blocks=0, **kwargs):
        super().__init__(
            in_channels, out_channels, width=width, num_blocks=num_blocks, **kwargs
        )

    def call(self, images, instances, training=None):
        return instance_means(super().call(images), instances)


@register
class PatchDiscriminator(ComputeDtypeLayer):
    """One scale: [N, H, W, C] -> the outputs of all layers, the last one logits [N, h, w, 1].

    Args:
        width, num_layers, channel_max, norm: as of `Pix2PixHDDiscriminator`.
    """

    def __init__(self, width=64, num_layers=3, channel_max=512, norm="instance", **kwargs):
        super().__init__(**kwargs)
        check_positive(width=width, num_layers=num_layers, channel_max=channel_max)
        check_one_of(NORMS, norm=norm)
        self.width = width
        self.num_layers = num_layers
        self.channel_max = channel_max
        self.norm = norm
        # (filters, strides, norm): the first and the last layer have no norm.
        table = [(width, 2, None)]
        for i in range(1, num_layers + 1):
            filters = min(2 * table[-1][0], channel_max)
            table.append((filters, 2 if i < num_layers else 1, norm))
        table.append((1, 1, None))
        self.convolutions = [
            NormalizedConv2D(
                filters,
                4,
                strides,
                norm=layer_norm,
                activation="linear" if i > num_layers else "lrelu",
                dtype=self.dtype_policy,
                name=f"conv{i}",
            )
            for i, (filters, strides, layer_norm) in enumerate(table)
        ]

    def build(self, input_shape):
        build_in_turn(self.convolutions, input_shape[-1])

    def call(self, x):
        maps = []
        for layer in self.convolutions:
            x = layer(x)
            maps.append(x)
        return maps

    def get_config(self):
        return {
            **super().get_config(),
            "width": self.width,
            "num_layers": self.num_layers,
            "channel_max": self.channel_max,
            "norm": self.norm,
        }


@register
class Pix2PixHDDiscriminator(keras.Model):
    """Multi-scale discriminator of patches (section 3.2).

    Call: `discriminator(images, conditions=None)` with [N, H, W, C]; conditions, what the
    generator read, stand before the images' channels -> a list of scales, full size first, each a
    list of the float32 outputs of all layers [N, h, w, c]. The last one of a scale is its logits
    [N, h, w, 1], the others serve feature matching.

    Args:
        in_channels: of conditions and images together.
        width: filters of the first layer; each further layer doubles them.
        num_layers: convolutions of stride 2.
        num_scales: discriminators; each reads half the size of the one before.
        channel_max: bound on the filters.
        norm: "instance" (published), "batch" or "demodulated", as in `NormalizedConv2D`.
        half_activations: as of `Pix2PixHDGenerator`.

    Raises:
        ValueError: for images of other channels.
    """

    def __init__(
        self,
        in_channels=6,
        width=64,
        num_layers=3,
        num_scales=2,
        channel_max=512,
        norm="instance",
        half_activations=True,
        **kwargs,
    ):
        super().__init__(autocast=False, **kwargs)
        check_positive(in_channels=in_channels, num_scales=num_scales)
        self.in_channels = in_channels
        self.width = width
        self.num_layers = num_layers
        self.num_scales = num_scales
        self.channel_max = channel_max
        self.norm = norm
        self.half_activations = half_activations
        self.scales = [
            PatchDiscriminator(
                width, num_layers, channel_max, norm, dtype=self.dtype_policy, name=f"scale{i}"
            )
            for i in range(num_scales)
        ]
        self.build()

    def build(self, input_shape=None):
        if self.built:
            return
        for scale in self.scales:
            scale.build((None, None, None, self.in_channels))
            scale.built = True
        self.built = True

    def call(self, images, conditions=None, training=None):
        x = images if conditions is None else tf.concat([conditions, images], axis=-1)
        if x.shape[-1] != self.in_channels:
            raise ValueError(
                f"images and conditions must have {self.in_channels} channels together. "
                f"Received: {x.shape[-1]}"
            )
        dtype = self.compute_dtype if self.half_activations else "float32"
        outputs = []
        for i, scale in enumerate(self.scales):
            x = halved(x) if i else x
            outputs.append([tf.cast(y, tf.float32) for y in scale(tf.cast(x, dtype))])
        return outputs

    def get_config(self):
        return {
            "name": self.name,
            "dtype": self.dtype_policy.name,
            "in_channels": self.in_channels,
            "width": self.width,
            "num_layers": self.num_layers,
            "num_scales": self.num_scales,
            "channel_max": self.channel_max,
            "norm": self.norm,
            "half_activations": self.half_activations,
        }
