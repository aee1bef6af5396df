"""A small residual network that tells the attributes of a face.

The edit that a generator teaches is only as good as the classifier that scored its pictures
(StyleGAN2 Distillation, arXiv 2003.03581, section 3.1, takes any pretrained one). Widths and
depth are free; blocks are those of residual networks (arXiv 1512.03385) without normalisation, so
that a picture's scores do not depend on its batch.
"""

import math

import keras
import tensorflow as tf

from tfgan_edit.layers.equalized import (
    ComputeDtypeLayer,
    EqualizedConv2D,
    EqualizedDense,
    check_positive,
)
from tfgan_edit.layers.registration import register

SMALLEST = 4  # pixels a side at which the positions of features still count


def attribute_groups(label_names):
    """Attribute -> places of its labels.

    `smile` is a binary attribute, `hair_color=black`, `hair_color=brown`, … are the values of one
    that has exactly one of them. Names are in the order of their first label.
    """
    groups = {}
    for place, name in enumerate(label_names):
        groups.setdefault(name.partition("=")[0], []).append(place)
    return groups


def label_vectors(probabilities, label_names):
    """Probabilities [N, L] of labels -> float32 [N, L] of 0 and 1.

    A binary attribute is there from 1/2 on; of the values of a categorical one, the likeliest is.
    """
    columns = [None] * len(label_names)
    for places in attribute_groups(label_names).values():
        values = tf.gather(probabilities, places, axis=1)
        if len(places) == 1:
            labels = tf.cast(values >= 0.5, tf.float32)
        else:
            labels = tf.one_hot(tf.argmax(values, axis=1), len(places))
        for place, column in zip(places, tf.unstack(labels, axis=1), strict=True):
            columns[place] = column
    return tf.stack(columns, axis=1)


@register
class AttributeClassifier(keras.Model):
    """Images -> logits of labels.

    Call: `classifier(images)` with images [N, H, W, img_channels] in [-1, 1] -> float32
    [N, L], a logit a label: of a binary attribute against its absence, of a categorical one
    against its other values. `probabilities` turns them into calibrated probabilities;
    `embed` gives the features before the last layer.

    Args:
        resolution: side in pixels, or (height, width); multiples of 4.
        label_names: L names, see `attribute_groups`.
        img_channels: number of colours.
        width: channels at half the resolution; doubled at every further halving …
        max_width: … up to this.
        feature_dim: size of the embedding.
    """

    def __init__(
        self,
        resolution,
        label_names,
        img_channels=3,
        width=16,
        max_width=128,
        feature_dim=128,
        **kwargs,
    ):
        super().__init__(autocast=False, **kwargs)
        check_positive(
            img_channels=img_channels, width=width, max_width=max_width, feature_dim=feature_dim
        )
        sides = (resolution, resolution) if isinstance(resolution, int) else tuple(resolution)
        if len(sides) != 2 or any(side < 8 or side % 4 for side in sides):
            raise ValueError(
                "resolution must be multiples of 4, at least 8. "
                f"Received: resolution={resolution}"
            )
        if not label_names:
            raise ValueError(f"label_names must name labels. Received: {label_names}")
        self.resolution = sides
        self.label_names = list(label_names)
        self.img_channels = img_channels
        self.width = width
        self.max_width = max_width
        self.feature_dim = feature_dim
        self.groups = attribute_groups(self.label_names)
        count = max(math.ceil(math.log2(min(sides) / 2 / SMALLEST)), 0)
        self.stem = EqualizedConv2D(
            width, 3, activation="lrelu", name="stem", dtype=self.dtype_policy
        )
        self.blocks = [
            HalvingBlock(
                min(width * 2 ** (i + 1), max_width), name=f"block{i}", dtype=self.dtype_policy
            )
            for i in range(count)
        ]
        self.dense = EqualizedDense(feature_dim, activation="lrelu", name="dense")
        self.logits = EqualizedDense(len(self.label_names), name="logits")
        self.build()

    def build(self, input_shape=None):
        if self.built:
            return
        height, width = (side // 2 for side in self.resolution)
        self.stem.build((None, height, width, 4 * self.img_channels))
        channels = self.width
        for block in self.blocks:
            block.build((None, height, width, channels))
            block.built = True
            height, width, channels = -(-height // 2), -(-width // 2), block.filters
        self.dense.build((None, height * width * channels))
        self.logits.build((None, self.feature_dim))
        self.temperature = self.add_weight(
            name="temperature",
            shape=(len(self.groups),),
            initializer="ones",
            trainable=False,
            autocast=False,
        )
        self.built = True

    def embed(self, images):
        """Features [N, feature_dim], float32, of which the logits are a linear function."""
        shape = (*self.resolution, self.img_channels)
        if tuple(images.shape[1:]) != shape:
            raise ValueError(f"images must be [N, {shape}]. Received: {images.shape}")
        # Four pixels as channels: all of the picture at a quarter of a full-size layer's work.
        x = self.stem(tf.nn.space_to_depth(tf.cast(images, tf.float32), 2))
        for block in self.blocks:
            x = block(x)
        x = tf.cast(x, tf.float32)
        return self.dense(tf.reshape(x, [-1, math.prod(x.shape[1:])]))

    def call(self, images):
        return self.logits(self.embed(images))

    def probabilities(self, logits):
        """Logits [N, L] -> probabilities [N, L], calibrated by a temperature an attribute.

        p = softmax(logits / T) over the values of a categorical attribute, sigmoid(logit / T)
        of a binary one (Guo et al., "On Calibration of Modern Neural Networks", arXiv
        1706.04599, section 4.2).
        """
        return self._by_attribute(logits, tf.sigmoid, tf.nn.softmax)

    def log_odds(self, logits):
        """Logits [N, L] -> log(p / (1 - p)) [N, L] of `probabilities`, which stays a number where
        these are 0 and 1 to the last bit."""
        return self._by_attribute(logits, tf.identity, _against_others)

    def _by_attribute(self, logits, binary, categorical):
        columns = [None] * len(self.label_names)
        for number, places in enumerate(self.groups.values()):
            scaled = tf.gather(logits, places, axis=1) / self.temperature[number]
            known = binary(scaled) if len(places) == 1 else categorical(scaled)
            for place, column in zip(places, tf.unstack(known, axis=1), strict=True):
                columns[place] = column
        return tf.stack(columns, axis=1)

    def get_config(self):
        return {
            "name": self.name,
            "dtype": self.dtype_policy.name,
            "resolution": list(self.resolution),
            "label_names": self.label_names,
            "img_channels": self.img_channels,
            "width": self.width,
            "max_width": self.max_width,
            "feature_dim": self.feature_dim,
        }


def _against_others(logits):
    """Log-odds of each value: its logit less the logarithm of the others' sum of powers of e."""
    others = logits[:, tf.newaxis] - 1e30 * tf.eye(logits.shape[1])
    return logits - tf.reduce_logsumexp(others, axis=2)


def halved(x):
    """[N, H, W, C] -> [N, ⌈H / 2⌉, ⌈W / 2⌉, C], means of 2×2 pixels."""
    return tf.nn.avg_pool2d(x, 2, 2, "SAME")


@register
class HalvingBlock(ComputeDtypeLayer):
    """(conv(p(conv(x))) + conv1x1(p(x))) / √2 with p the average over 2×2 pixels.

    [N, H, W, C] -> [N, ⌈H / 2⌉, ⌈W / 2⌉, filters].

    Args:
        filters: number of output channels.
    """

    def __init__(self, filters, **kwargs):
        super().__init__(**kwargs)
        check_positive(filters=filters)
        self.filters = filters
        policy = {"dtype": self.dtype_policy}
        self.conv1 = EqualizedConv2D(filters, 3, "lrelu", gain=0.5**0.5, name="conv1", **policy)
        self.skip = EqualizedConv2D(
            filters, 1, use_bias=False, gain=0.5**0.5, name="skip", **policy
        )

    def build(self, input_shape):
        # Before the average: a mouth is a few pixels.
        self.conv0 = EqualizedConv2D(
            input_shape[-1], 3, "lrelu", name="conv0", dtype=self.dtype_policy
        )
        for layer in (self.conv0, self.conv1, self.skip):
            layer.build(input_shape)

    def call(self, x):
        return self.conv1(halved(self.conv0(x))) + self.skip(halved(x))

    def get_config(self):
        return {**super().get_config(), "filters": self.filters}
