"""IR-SE50, the network of faces' identity.

Deng et al., "ArcFace", arXiv 1801.07698, section 3.2.2 (the improved residual unit), with
squeeze-and-excitation (Hu et al., arXiv 1709.01507). Layers bear the names of the public PyTorch
state.
"""

import keras

from tfgan_edit.layers.registration import register
from tfgan_edit.networks.features.frozen import FeatureNetwork

STAGES = ((64, 3), (128, 4), (256, 14), (512, 3))


@register
class ArcFace(FeatureNetwork):
    """IR-SE50 by default.

    Call: aligned faces [N, side, side, 3] in [-1, 1] -> {"embedding": [N, size], of length 1}.
    The cosine of two embeddings is their dot product.

    Args:
        stages: (filters, units) each; the first unit of a stage has stride 2.
        stem: filters of the first convolution.
        size: of the embedding.
        side: of the input, pixels; a multiple of 2^len(stages).
        reduction: of the squeeze-and-excitation.
    """

    def __init__(
        self, stages=STAGES, stem=64, size=512, side=112, reduction=16, name=None, dtype=None
    ):
        stages = tuple(tuple(stage) for stage in stages)
        settings = {
            "stages": stages,
            "stem": stem,
            "size": size,
            "side": side,
            "reduction": reduction,
        }

        def graph(x, layers):
            x = layers.conv(x, stem, 3, name="input_layer.0")
            x = layers.prelu(x, name="input_layer.2")
            number = 0
            for filters, units in stages:
                for unit in range(units):
                    strides = 2 if unit == 0 else 1
                    x = _unit(layers, x, filters, strides, reduction, f"body.{number}")
                    number += 1
            x = layers.affine(x, name="output_layer.0")
            # A dense layer over channels, rows and columns, as a convolution of that size.
            x = layers.conv(x, size, x.shape[1], name="output_layer.3", padding="valid")
            x = keras.layers.Flatten(dtype="float32")(x)
            return {"embedding": keras.layers.UnitNormalization(dtype="float32")(x)}

        super().__init__(graph, (side, side, 3), settings, name, dtype)


def _unit(layers, x, filters, strides, reduction, name):
    y = layers.affine(x, name=f"{name}.res_layer.0")
    y = layers.conv(y, filters, 3, name=f"{name}.res_layer.1", use_bias=False)
    y = layers.prelu(y, name=f"{name}.res_layer.2")
    y = layers.conv(y, filters, 3, strides, name=f"{name}.res_layer.3", padding=1)
    squeezed = keras.layers.GlobalAveragePooling2D(keepdims=True, dtype=layers.policy)(y)
    squeezed = layers.conv(
        squeezed,
        filters // reduction,
        1,
        name=f"{name}.res_layer.5.fc1",
        activation="relu",
        use_bias=False,
    )
    gate = layers.conv(
        squeezed,
        filters,
        1,
        name=f"{name}.res_layer.5.fc2",
        activation="sigmoid",
        use_bias=False,
    )
    y = keras.layers.Multiply(dtype=layers.policy)([y, gate])
    if x.shape[-1] != filters:
        x = layers.conv(x, filters, 1, strides, name=f"{name}.shortcut_layer.0", padding="valid")
    elif strides > 1:
        x = layers.max_pool(x, 1, strides)
    return layers.add(x, y)
