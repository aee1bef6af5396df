"""AlexNet, VGG and SqueezeNet: plain stacks whose activations after each ReLU are features."""

import keras

from tfgan_edit.layers.registration import register
from tfgan_edit.networks.features.frozen import IMAGENET_MEAN, IMAGENET_STD, FeatureNetwork

# Networks trained with Caffe take colours minus these means, of the order of 255, not scaled.
CAFFE_MEAN, CAFFE_STD = (123.68 / 255, 116.779 / 255, 103.939 / 255), (1 / 255,) * 3


@register
class AlexNet(FeatureNetwork):
    """Convolutions of the one-column AlexNet: Krizhevsky, "One weird trick", arXiv 1404.5997.

    Call: images [N, H, W, 3] in [-1, 1] -> {"relu1": [N, h, w, 64], … "relu5": …}.

    Args:
        widths: filters of the five convolutions.
    """

    def __init__(self, widths=(64, 192, 384, 256, 256), name=None, dtype=None):
        widths = tuple(widths)

        def graph(x, layers):
            x = layers.rescale(x, IMAGENET_MEAN, IMAGENET_STD)
            outputs = {}
            shapes = [(11, 4, 2), (5, 1, 2), (3, 1, 1), (3, 1, 1), (3, 1, 1)]
            pairs = zip(widths, shapes, strict=True)
            for i, (filters, (kernel, strides, padding)) in enumerate(pairs, start=1):
                if i in (2, 3):
                    x = layers.max_pool(x)
                x = layers.conv(
                    x,
                    filters,
                    kernel,
                    strides,
                    name=f"conv{i}",
                    activation="relu",
                    padding=padding,
                )
                outputs[f"relu{i}"] = x
            return outputs

        super().__init__(graph, (None, None, 3), {"widths": widths}, name, dtype)


@register
class VGG(FeatureNetwork):
    """VGG16 by default: Simonyan and Zisserman, arXiv 1409.1556, table 1, D (E is VGG19).

    Call: images [N, H, W, 3] in [-1, 1] -> {"relu1_1": [N, H, W, 64], … "relu5_3": …}; with
    dense layers, of 224x224 px only, also {"fc2": [N, dense], after its ReLU}.

    Args:
        repeats: convolutions of each block.
        widths: filters of each block.
        dense: units of the two layers behind the convolutions; 0 leaves them out.
        mean, std: of the colours in [0, 1] that the weights were trained with.
    """

    def __init__(
        self,
        repeats=(2, 2, 3, 3, 3),
        widths=(64, 128, 256, 512, 512),
        dense=0,
        mean=IMAGENET_MEAN,
        std=IMAGENET_STD,
        name=None,
        dtype=None,
    ):
        settings = {
            "repeats": tuple(repeats),
            "widths": tuple(widths),
            "dense": dense,
            "mean": tuple(mean),
            "std": tuple(std),
        }

        def graph(x, layers):
            x = layers.rescale(x, mean, std)
            outputs = {}
            for i, (count, filters) in enumerate(zip(repeats, widths, strict=True), start=1):
                for j in range(1, count + 1):
                    x = layers.conv(x, filters, 3, name=f"conv{i}_{j}", activation="relu")
                    outputs[f"relu{i}_{j}"] = x
                if dense or i < len(repeats):
                    x = layers.max_pool(x, 2, 2)
            if dense:  # as convolutions: kernels of PyTorch's and of TensorFlow's order fit both
                x = layers.conv(x, dense, 7, name="fc1", activation="relu", padding="valid")
                x = layers.conv(x, dense, 1, name="fc2", activation="relu")
                outputs["fc2"] = keras.layers.Flatten(dtype=layers.policy)(x)
            return outputs

        side = 224 if dense else None
        super().__init__(graph, (side, side, 3), settings, name, dtype)


@register
class SqueezeNet(FeatureNetwork):
    """Convolutions of SqueezeNet 1.1: Iandola et al., arXiv 1602.07360, fire modules.

    Call: images [N, H, W, 3] in [-1, 1] -> {"relu1": after the first convolution, "fire2": …,
    "fire9": …}. Pooling rounds sizes up.

    Args:
        squeezes: filters of the 1x1 convolution of fire modules 2 to 9; each expands to eight
            times as many.
        stem: filters of the first convolution.
    """

    def __init__(
        self, squeezes=(16, 16, 32, 32, 48, 48, 64, 64), stem=64, name=None, dtype=None
    ):
        squeezes = tuple(squeezes)

        def graph(x, layers):
            x = layers.rescale(x, IMAGENET_MEAN, IMAGENET_STD)
            x = layers.conv(x, stem, 3, 2, name="conv1", activation="relu", padding="valid")
            outputs = {"relu1": x}
            for i, squeeze in enumerate(squeezes, start=2):
                if i in (2, 4, 6):
                    # After a ReLU, a zero never wins against what the window holds.
                    x = keras.layers.ZeroPadding2D(((0, 1), (0, 1)), dtype=layers.policy)(x)
                    x = layers.max_pool(x)
                x = _fire(layers, x, squeeze, f"fire{i}")
                outputs[f"fire{i}"] = x
            return outputs

        settings = {"squeezes": squeezes, "stem": stem}
        super().__init__(graph, (None, None, 3), settings, name, dtype)


def _fire(layers, x, squeeze, name):
    x = layers.conv(x, squeeze, 1, name=f"{name}_squeeze", activation="relu")
    return layers.concatenate(
        layers.conv(x, 4 * squeeze, 1, name=f"{name}_expand1x1", activation="relu"),
        layers.conv(x, 4 * squeeze, 3, name=f"{name}_expand3x3", activation="relu"),
    )
