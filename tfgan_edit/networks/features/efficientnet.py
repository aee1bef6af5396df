"""EfficientNet-Lite: Tan and Le, "EfficientNet", arXiv 1905.11946, without squeeze-and-excitation.

The Lite variants, made for phones, have ReLU6 in place of swish.
"""

import dataclasses

from tfgan_edit.layers.registration import register
from tfgan_edit.networks.features.frozen import FeatureNetwork


@dataclasses.dataclass(frozen=True)
class Stage:
    """Blocks of equal width; the first has the stride."""

    repeats: int
    kernel: int
    strides: int
    expansion: int
    filters: int


LITE0 = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)


@register
class EfficientNetLite(FeatureNetwork):
    """EfficientNet-Lite0 by default: 4,631,000 values with batch normalisation folded in.

    Call: images [N, H, W, 3] in [-1, 1], trained at 224 px -> {"features": [N, head], the mean
    over space of the last activation, "logits": [N, classes]}.

    Args:
        stages: (repeats, kernel, strides, expansion, filters) each.
        stem: filters of the first convolution.
        head: filters of the last, the number of features.
        classes: number of logits; 1,000 for ImageNet.
    """

    def __init__(self, stages=LITE0, stem=32, head=1280, classes=1000, name=None, dtype=None):
        stages = tuple(tuple(stage) for stage in stages)

        def graph(x, layers):
            # Trained on (p - 127) / 128 of p in [0, 255].
            x = layers.rescale(x, [127 / 255] * 3, [128 / 255] * 3)
            x = layers.conv(x, stem, 3, 2, name="stem", activation="relu6")
            number = 0
            for stage in stages:
                stage = Stage(*stage)
                for i in range(stage.repeats):
                    strides = stage.strides if i == 0 else 1
                    x = _block(layers, x, stage, strides, f"block{number}")
                    number += 1
            x = layers.conv(x, head, 1, name="head", activation="relu6")
            features = layers.mean(x)
            return {"features": features, "logits": layers.dense(features, classes, name="logits")}

        settings = {"stages": stages, "stem": stem, "head": head, "classes": classes}
        super().__init__(graph, (None, None, 3), settings, name, dtype)


def _block(layers, x, stage, strides, name):
    """Inverted residual: expand, filter by channel, project; added where the shape stays."""
    y, width = x, x.shape[-1]
    if stage.expansion > 1:
        expanded = width * stage.expansion
        y = layers.conv(y, expanded, 1, name=f"{name}_expand", activation="relu6")
    y = layers.depthwise(y, stage.kernel, strides, name=f"{name}_depthwise", activation="relu6")
    y = layers.conv(y, stage.filters, 1, name=f"{name}_project")
    return layers.add(x, y) if strides == 1 and width == stage.filters else y
