"""Inception v3: Szegedy et al., "Rethinking the Inception Architecture", arXiv 1512.00567.

Layers bear the names of PyTorch's state. The network of the Fréchet Inception distance is an
earlier training of 1,008 classes (December 2015): it leaves padding out of its averages, and its
last block takes the maximum where the others take the average.
"""

import keras

from tfgan_edit.layers.registration import register
from tfgan_edit.networks.features.frozen import FeatureNetwork

FID_MEAN = FID_STD = (128 / 255,) * 3


@register
class InceptionV3(FeatureNetwork):
    """The network of the FID by default; 2,048 features.

    Call: images [N, 299, 299, 3] in [-1, 1] -> {"features": [N, 2048 / width_divisor], "logits":
    [N, classes], without the output's bias, as the Inception score wants them}.

    Args:
        classes: number of logits.
        last_pool: "max" (FID) or "average", of the last block.
        count_padding: whether averages count the zeros of the padding (torchvision).
        mean, std: of the colours in [0, 1] that the weights were trained with.
        width_divisor: makes all layers narrower, for tests.
    """

    def __init__(
        self,
        classes=1008,
        last_pool="max",
        count_padding=False,
        mean=FID_MEAN,
        std=FID_STD,
        width_divisor=1,
        name=None,
        dtype=None,
    ):
        if last_pool not in ("max", "average"):
            raise ValueError(f"last_pool must be max or average. Received: {last_pool!r}")
        settings = {
            "classes": classes,
            "last_pool": last_pool,
            "count_padding": count_padding,
            "mean": tuple(mean),
            "std": tuple(std),
            "width_divisor": width_divisor,
        }

        def graph(x, layers):
            x = layers.rescale(x, mean, std)
            blocks = _Blocks(layers, width_divisor, count_padding)
            features = layers.mean(blocks.all(x, last_pool))
            logits = keras.layers.Dense(classes, use_bias=False, name="fc", dtype=layers.policy)
            return {"features": features, "logits": logits(features)}

        super().__init__(graph, (None, None, 3), settings, name, dtype)


class _Blocks:
    """The paper's blocks; figures 5, 6, 7 and 10 of it."""

    def __init__(self, layers, width_divisor, count_padding):
        self.layers = layers
        self.width_divisor = width_divisor
        self.count_padding = count_padding

    def all(self, x, last_pool):
        x = self.conv(x, "Conv2d_1a_3x3", 32, 3, 2, "valid")
        x = self.conv(x, "Conv2d_2a_3x3", 32, 3, 1, "valid")
        x = self.conv(x, "Conv2d_2b_3x3", 64, 3)
        x = self.layers.max_pool(x)
        x = self.conv(x, "Conv2d_3b_1x1", 80, 1)
        x = self.conv(x, "Conv2d_4a_3x3", 192, 3, 1, "valid")
        x = self.layers.max_pool(x)
        for name, pooled in (("Mixed_5b", 32), ("Mixed_5c", 64), ("Mixed_5d", 64)):
            x = self.small(x, name, pooled)
        x = self.reduce_6a(x, "Mixed_6a")
        for name, width in (
            ("Mixed_6b", 128),
            ("Mixed_6c", 160),
            ("Mixed_6d", 160),
            ("Mixed_6e", 192),
        ):
            x = self.factorized(x, name, width)
        x = self.reduce_7a(x, "Mixed_7a")
        x = self.wide(x, "Mixed_7b", "average")
        return self.wide(x, "Mixed_7c", last_pool)

    def conv(self, x, name, filters, kernel, strides=1, padding="same"):
        filters = max(filters // self.width_divisor, 1)
        return self.layers.conv(
            x, filters, kernel, strides, name=name, activation="relu", padding=padding
        )

    def chain(self, x, name, *steps):
        """Convolutions (suffix, filters, kernel[, strides, padding]) one after another."""
        for suffix, *step in steps:
            x = self.conv(x, f"{name}{suffix}", *step)
        return x

    def average(self, x):
        """Mean of 3x3, of the same size."""
        padding = "same"  # TensorFlow leaves the padding out of the mean
        if self.count_padding:
            x = keras.layers.ZeroPadding2D(1, dtype=self.layers.policy)(x)
            padding = "valid"
        return keras.layers.AveragePooling2D(3, 1, padding, dtype=self.layers.policy)(x)

    def small(self, x, name, pooled):
        return self.layers.concatenate(
            self.conv(x, f"{name}.branch1x1", 64, 1),
            self.chain(x, f"{name}.branch5x5", ("_1", 48, 1), ("_2", 64, 5)),
            self.chain(x, f"{name}.branch3x3dbl", ("_1", 64, 1), ("_2", 96, 3), ("_3", 96, 3)),
            self.conv(self.average(x), f"{name}.branch_pool", pooled, 1),
        )

    def reduce_6a(self, x, name):
        return self.layers.concatenate(
            self.conv(x, f"{name}.branch3x3", 384, 3, 2, "valid"),
            self.chain(
                x,
                f"{name}.branch3x3dbl",
                ("_1", 64, 1),
                ("_2", 96, 3),
                ("_3", 96, 3, 2, "valid"),
            ),
            self.layers.max_pool(x),
        )

    def factorized(self, x, name, width):
        return self.layers.concatenate(
            self.conv(x, f"{name}.branch1x1", 192, 1),
            self.chain(
                x,
                f"{name}.branch7x7",
                ("_1", width, 1),
                ("_2", width, (1, 7)),
                ("_3", 192, (7, 1)),
            ),
            self.chain(
                x,
                f"{name}.branch7x7dbl",
                ("_1", width, 1),
                ("_2", width, (7, 1)),
                ("_3", width, (1, 7)),
                ("_4", width, (7, 1)),
                ("_5", 192, (1, 7)),
            ),
            self.conv(self.average(x), f"{name}.branch_pool", 192, 1),
        )

    def reduce_7a(self, x, name):
        return self.layers.concatenate(
            self.chain(x, f"{name}.branch3x3", ("_1", 192, 1), ("_2", 320, 3, 2, "valid")),
            self.chain(
                x,
                f"{name}.branch7x7x3",
                ("_1", 192, 1),
                ("_2", 192, (1, 7)),
                ("_3", 192, (7, 1)),
                ("_4", 192, 3, 2, "valid"),
            ),
            self.layers.max_pool(x),
        )

    def wide(self, x, name, pool):
        pooled = self.average(x) if pool == "average" else self.layers.max_pool(x, 3, 1, "same")
        middle = self.conv(x, f"{name}.branch3x3_1", 384, 1)
        double = self.chain(x, f"{name}.branch3x3dbl", ("_1", 448, 1), ("_2", 384, 3))
        return self.layers.concatenate(
            self.conv(x, f"{name}.branch1x1", 320, 1),
            self.conv(middle, f"{name}.branch3x3_2a", 384, (1, 3)),
            self.conv(middle, f"{name}.branch3x3_2b", 384, (3, 1)),
            self.conv(double, f"{name}.branch3x3dbl_3a", 384, (1, 3)),
            self.conv(double, f"{name}.branch3x3dbl_3b", 384, (3, 1)),
            self.conv(pooled, f"{name}.branch_pool", 192, 1),
        )
