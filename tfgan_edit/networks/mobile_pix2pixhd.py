"""Translators for phones: the shape of Pix2PixHD's generator at a fortieth of its products.

Halvings, residual blocks at the smallest size and doublings as in arXiv 1711.11585, section 3.2,
made of separable convolutions (arXiv 1704.04861) and inverted residuals (arXiv 1801.04381).
Shortcuts add what the way down knew of each size, so that few channels need to carry only what
an edit changes. All tensors have four axes and doublings are bilinear, as graphics processors of
phones want them; padding reflects everywhere.
"""

from tfgan_edit.layers.equalized import check_positive
from tfgan_edit.layers.normalized import NormalizedConv2D, NormalizedDepthwiseConv2D
from tfgan_edit.layers.registration import register
from tfgan_edit.networks.pix2pixhd import Part, Translator, build_in_turn, doubled, joined

# Multiply-adds at 256 px with 4 halvings: 0.33, 0.62 and 1.34 billion; the published generator
# has 54.4 billion, 166, 87 and 41 times as many.
SIZES = {
    "mobile-s": {"width": 12, "num_blocks": 5},
    "mobile-m": {"width": 16, "num_blocks": 6},
    "mobile-l": {"width": 24, "num_blocks": 6},
}


class _MobilePart(Part):
    """A layer of layers of a mobile translator."""

    def __init__(self, norm="instance", **kwargs):
        super().__init__(norm, padding="reflect_all", upsampling="bilinear", **kwargs)

    def depthwise(self, filters, strides=1, *, name):
        return NormalizedDepthwiseConv2D(
            filters,
            strides=strides,
            padding="reflect",
            norm=self.norm,
            activation="relu",
            dtype=self.dtype_policy,
            name=name,
        )

    def get_config(self):
        config = super().get_config()
        del config["padding"], config["upsampling"]
        return config


@register
class SeparableConv2D(_MobilePart):
    """3×3 convolution of each channel, then of each pixel: [N, H, W, I] -> [N, H', W', filters].

    Args:
        filters: number of output channels.
        strides: 1 or 2.
        norm: as of `Pix2PixHDGenerator`.
    """

    def __init__(self, filters, strides=1, **kwargs):
        super().__init__(**kwargs)
        check_positive(filters=filters, strides=strides)
        self.filters = filters
        self.strides = strides
        self.pointwise = self.convolution(filters, 1, name="pointwise")

    def build(self, input_shape):
        channels = input_shape[-1]
        self.spatial = self.depthwise(channels, self.strides, name="spatial")
        build_in_turn([self.spatial, self.pointwise], channels)

    def call(self, x):
        return self.pointwise(self.spatial(x))

    def get_config(self):
        return {**super().get_config(), "filters": self.filters, "strides": self.strides}


@register
class InvertedResidual(_MobilePart):
    """x + project(depthwise(expand(x))): [N, H, W, filters] of both input and output.

    Args:
        filters: number of channels.
        expansion: times as many channels between.
        norm: as of `Pix2PixHDGenerator`.
    """

    def __init__(self, filters, expansion=2, **kwargs):
        super().__init__(**kwargs)
        check_positive(filters=filters, expansion=expansion)
        self.filters = filters
        self.expansion = expansion
        self.expand = self.convolution(filters * expansion, 1, name="expand")
        self.spatial = self.depthwise(filters * expansion, name="spatial")
        self.project = self.convolution(filters, 1, name="project", activation="linear")

    def build(self, input_shape):
        build_in_turn([self.expand, self.spatial, self.project], input_shape[-1])

    def call(self, x):
        return joined(x, self.project(self.spatial(self.expand(x))), self.norm)

    def get_config(self):
        return {**super().get_config(), "filters": self.filters, "expansion": self.expansion}


@register
class ShortcutUp(_MobilePart):
    """Doubles, adds a shortcut and mixes: `up(x, shortcut)`.

    [N, H, W, I], [N, 2 H, 2 W, filters] -> [N, 2 H, 2 W, filters]. Channels are reduced before
    the doubling, where that takes a quarter of the products.

    Args:
        filters: number of output channels.
        norm: as of `Pix2PixHDGenerator`.
    """

    def __init__(self, filters, **kwargs):
        super().__init__(**kwargs)
        check_positive(filters=filters)
        self.filters = filters
        self.reduce = self.convolution(filters, 1, name="reduce")
        self.mix = SeparableConv2D(
            filters, norm=self.norm, dtype=self.dtype_policy, name="mix"
        )

    def build(self, x_shape, shortcut_shape=None):
        build_in_turn([self.reduce, self.mix], x_shape[-1])

    def call(self, x, shortcut):
        return self.mix(joined(doubled(self.reduce(x)), shortcut, self.norm))

    def get_config(self):
        return {**super().get_config(), "filters": self.filters}


@register
class MobilePix2PixHDGenerator(Translator):
    """Pictures -> pictures, for phones.

    Call: `generator(images)` with [N, H, W, in_channels], sides multiples of
    2^num_downsamplings -> float32 [N, H, W, out_channels] in [-1, 1].

    Args:
        width: channels at full size; each halving doubles them. `SIZES` has the family's.
        num_blocks: inverted residuals at the smallest size.
        expansion: times as many channels inside of them.
        norm: "instance"; "batch", which vanishes in a converted network; or "demodulated", which
            needs no statistics of the picture.
        in_channels, out_channels, num_downsamplings, residual, half_activations: as of
            `Pix2PixHDGenerator`.

    Raises:
        ValueError: for images of other channels, or of sizes that do not halve so often.
    """

    color_kernel = 3

    def __init__(
        self,
        in_channels=3,
        out_channels=3,
        width=16,
        num_downsamplings=4,
        num_blocks=6,
        expansion=2,
        norm="instance",
        residual=False,
        half_activations=True,
        **kwargs,
    ):
        super().__init__(
            in_channels,
            out_channels,
            width,
            num_downsamplings,
            num_blocks,
            norm,
            padding="reflect_all",
            upsampling="bilinear",
            residual=residual,
            half_activations=half_activations,
            **kwargs,
        )
        self.expansion = expansion
        part = {"norm": norm, "dtype": self.dtype_policy}
        widths = [width * 2**i for i in range(num_downsamplings + 1)]
        self.stem = NormalizedConv2D(
            width, padding="reflect", activation="relu", name="stem", **part
        )
        self.downs = [
            SeparableConv2D(filters, strides=2, name=f"down{i}", **part)
            for i, filters in enumerate(widths[1:])
        ]
        self.blocks = [
            InvertedResidual(widths[-1], expansion, name=f"block{i}", **part)
            for i in range(num_blocks)
        ]
        self.ups = [
            ShortcutUp(filters, name=f"up{i}", **part)
            for i, filters in enumerate(reversed(widths[:-1]))
        ]
        self.build()

    def build(self, input_shape=None):
        if not self.built:
            build_in_turn([self.stem, *self.downs, *self.blocks, *self.ups], self.in_channels)
            self._build_parts([])

    def features(self, images):
        """Maps [N, h, w, c] from the smallest size to the full one, coarse to fine."""
        self._check_multiple(images, 2**self.num_downsamplings)
        shortcuts = [self.stem(self._activations(images))]
        for layer in self.downs:
            shortcuts.append(layer(shortcuts[-1]))
        x = shortcuts.pop()
        for layer in self.blocks:
            x = layer(x)
        maps = [x]
        for layer in self.ups:
            maps.append(layer(maps[-1], shortcuts.pop()))
        return maps

    def get_config(self):
        config = super().get_config()
        del config["padding"], config["upsampling"]
        return {**config, "expansion": self.expansion}
