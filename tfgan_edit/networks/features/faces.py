"""Two small networks of faces: sex, age and identity, and seven expressions."""

import keras

from tfgan_edit.layers.registration import register
from tfgan_edit.networks.features.frozen import FeatureNetwork

EXPRESSIONS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
MOBILENET = (
    (64, 1),
    (128, 2),
    (128, 1),
    (256, 2),
    (256, 1),
    (512, 2),
    *[(512, 1)] * 5,
    (1024, 2),
    (1024, 1),
)


@register
class FaceRes(FeatureNetwork):
    """MobileNet (Howard et al., arXiv 1704.04861) with heads for sex and age; 3,489,403 values.

    Call: faces [N, 224, 224, 3] in [-1, 1] -> {"embedding": [N, 1024], "male": [N, 1],
    probability, "ages": [N, 100], probabilities of the years 0 to 99, "age": [N, 1], their mean}.

    Args:
        stages: (filters, strides) of the separable convolutions.
        stem: filters of the first convolution.
        hidden: units between embedding and heads.
    """

    def __init__(self, stages=MOBILENET, stem=32, hidden=256, name=None, dtype=None):
        stages = tuple(tuple(stage) for stage in stages)

        def graph(x, layers):
            x = layers.rescale(x, (0.0,) * 3, (1 / 255,) * 3)  # colours in [0, 255]
            x = layers.conv(x, stem, 3, 2, name="conv1", activation="relu6")
            for i, (filters, strides) in enumerate(stages, start=1):
                x = layers.depthwise(x, 3, strides, name=f"conv_dw_{i}", activation="relu6")
                x = layers.conv(x, filters, 1, name=f"conv_pw_{i}", activation="relu6")
            embedding = layers.mean(x)
            x = layers.dense(embedding, hidden, name="feats", activation="relu")
            ages = layers.dense(x, 100, name="age_pred", activation="softmax")
            male = layers.dense(x, 1, name="gender_pred", activation="sigmoid")
            age = ExpectedClass()(ages)
            return {"embedding": embedding, "male": male, "ages": ages, "age": age}

        settings = {"stages": stages, "stem": stem, "hidden": hidden}
        super().__init__(graph, (None, None, 3), settings, name, dtype)


@register
class ExpectedClass(keras.layers.Layer):
    """Mean number of the class: probabilities [N, K] -> [N, 1], float32."""

    def call(self, probabilities):
        probabilities = keras.ops.cast(probabilities, "float32")
        classes = keras.ops.arange(probabilities.shape[-1], dtype="float32")
        return keras.ops.sum(probabilities * classes, axis=-1, keepdims=True)


@register
class Emotion(FeatureNetwork):
    """A small Xception (Arriaga et al., arXiv 1710.07557) of grey faces; 205,127 values.

    Call: faces [N, 64, 64, 3] in [-1, 1], which become grey inside -> {"expressions": [N, 7],
    probabilities in the order of `EXPRESSIONS`}.

    Args:
        widths: of the two first convolutions and the two residual blocks.
    """

    def __init__(self, widths=(32, 64, 128, 256), name=None, dtype=None):
        widths = tuple(widths)

        def graph(x, layers):
            x = Luminance(dtype="float32")(x)
            x = layers.conv(
                x, widths[0], 3, 2, name="conv2d_1", activation="relu", padding="valid"
            )
            x = layers.conv(x, widths[1], 3, name="conv2d_2", activation="relu", padding="valid")
            for i, filters in enumerate(widths[2:]):
                # The first block's input has passed a ReLU already, the second's passes one here.
                y = keras.layers.ReLU(dtype=layers.policy)(x)
                y = layers.depthwise(y, 3, name=f"depthwise_{2 * i + 1}", use_bias=False)
                separable = f"separable_conv2d_{2 * i + 1}"
                y = layers.conv(y, filters, 1, name=separable, activation="relu")
                y = layers.depthwise(y, 3, name=f"depthwise_{2 * i + 2}", use_bias=False)
                y = layers.conv(y, filters, 1, name=f"separable_conv2d_{2 * i + 2}")
                y = layers.max_pool(y, 3, 2, "same")
                x = layers.add(y, layers.conv(x, filters, 1, 2, name=f"conv2d_{i + 3}"))
            x = layers.conv(x, len(EXPRESSIONS), 3, name="conv2d_5")
            return {"expressions": keras.ops.softmax(layers.mean(x))}

        super().__init__(graph, (64, 64, 3), {"widths": widths}, name, dtype)


@register
class Luminance(keras.layers.Layer):
    """Grey value of RGB [..., 3] -> [..., 1]: 0.2989 R + 0.587 G + 0.114 B."""

    def call(self, x):
        return keras.ops.sum(x * [0.2989, 0.587, 0.114], axis=-1, keepdims=True)
