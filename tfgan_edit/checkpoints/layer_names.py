"""Names of our layers -> prefixes in the states that their authors published.

A function each, of a layer's name, which returns where its kernel and bias are and where the
batch normalisation behind it is, if there is one. The networks of TensorFlow.js and ONNX
files have functions that return the arrays themselves.
"""

import dataclasses
import math


@dataclasses.dataclass(frozen=True)
class Names:
    """Where a layer's weights are in a PyTorch state: prefixes of its parts.

    Attributes:
        layer: prefix of "weight" and "bias".
        norm: prefix of the batch normalisation that follows, or None.
    """

    layer: str
    norm: str | None = None


def lite0(layer):
    """EfficientNet-Lite: `efficientnet_lite_pytorch`."""
    special = {"stem": ("_conv_stem", "_bn0"), "head": ("_conv_head", "_bn1"), "logits": ("_fc",)}
    if layer in special:
        return Names(*special[layer])
    block, part = layer.removeprefix("block").split("_")
    norm = {"expand": "_bn0", "depthwise": "_bn1", "project": "_bn2"}[part]
    return Names(f"_blocks.{block}._{part}_conv", f"_blocks.{block}.{norm}")


def alexnet(layer):
    """torchvision: ReLUs and pools are counted too."""
    return Names(f"features.{(0, 3, 6, 8, 10)[int(layer.removeprefix('conv')) - 1]}")


def vgg(repeats):
    """torchvision: a ReLU behind every convolution and a pool behind every block are counted."""

    def names(layer):
        if layer.startswith("fc"):
            return Names({"fc1": "classifier.0", "fc2": "classifier.3"}[layer])
        block, place = map(int, layer.removeprefix("conv").split("_"))
        return Names(f"features.{2 * (sum(repeats[: block - 1]) + place - 1) + block - 1}")

    return names


def squeezenet(layer):
    """torchvision, version 1.1."""
    if layer == "conv1":
        return Names("features.0")
    fire, part = layer.removeprefix("fire").split("_")
    return Names(f"features.{(3, 4, 6, 7, 9, 10, 11, 12)[int(fire) - 2]}.{part}")


def inception(layer):
    """torchvision, and the conversion of the FID's network that has the same names."""
    return Names("fc") if layer == "fc" else Names(f"{layer}.conv", f"{layer}.bn")


def arcface(layer):
    """IR-SE50 in PyTorch; batch normalisation stands behind strided convolutions and the end."""
    norms = {"input_layer.0": "input_layer.1", "output_layer.3": "output_layer.4"}
    if layer in norms:
        return Names(layer, norms[layer])
    stem, _, place = layer.rpartition(".")
    if layer.endswith(("res_layer.3", "shortcut_layer.0")):
        return Names(layer, f"{stem}.{int(place) + 1}")
    return Names(layer)


def faceres_values(layer, arrays):
    """Kernel and bias of a layer of `FaceRes`; depthwise kernels have their scale beside them."""
    if layer.startswith("conv_dw_"):
        norm = f"{layer}_bn/batchnorm_1"
        # [h, w, C, 1] · [C]
        kernel = arrays[f"{layer}/depthwise_kernel"] * arrays[f"{norm}/mul"][:, None]
        return kernel, arrays[f"{norm}/sub"]
    if layer.startswith("conv"):
        kernel = arrays[f"{layer}/convolution/merged_input"]
        return kernel, arrays[f"{layer}_bn/batchnorm_1/sub"]
    return arrays[f"{layer}/kernel"], arrays[f"{layer}/bias"]


def emotion_values(layer, arrays):
    """Weights of a layer of `Emotion`, some of whose names the conversion lost."""
    lost = {
        "depthwise_1": ["unknown_9"],
        "depthwise_2": ["unknown_15"],
        "depthwise_3": ["unknown_26"],
        "depthwise_4": ["unknown_32"],
        "conv2d_5": ["unknown_43", "unknown_44"],
    }
    kind = "separable_conv2d" if layer.startswith("separable") else "Conv2D"
    stem = f"StatefulPartitionedCall/model_1/{layer}/{kind}"
    names = lost.get(layer, [f"{stem}_weights", f"{stem}_bn_offset"])
    return [arrays[name] for name in names]


def dlib_gender_values(layer, arrays):
    """Kernel and bias of a layer of `DlibGender`; a factor on its input is multiplied in."""
    numbers = {"conv1": 19, "conv2": 16, "conv3": 12, "conv4": 9, "feats": 4, "gender_pred": 1}
    number = numbers[layer]
    if layer.startswith("conv"):
        return _with_affine(number, arrays)
    kernel = arrays[f"layer_{number}_weights"] * arrays[f"layer_{number + 1}_scalar"]
    if layer == "feats":  # channels before rows and columns there, behind them here
        channels = arrays["layer_9_bias"].size
        side = math.isqrt(len(kernel) // channels)
        kernel = kernel.reshape(channels, side, side, -1).transpose(1, 2, 0, 3)
        kernel = kernel.reshape(channels * side**2, -1)
    return kernel, arrays[f"layer_{number}_bias"]


def dlib_age_values(layer, arrays):
    """Kernel and bias of a layer of `DlibAge`."""
    if layer == "age_pred":
        return arrays["layer_1_weights"], arrays["layer_1_bias"]
    first = {"stem": 52, "unit1": 47, "unit2": 39, "unit3": 28, "unit4": 20, "unit5": 9}
    unit, _, part = layer.partition("_")
    return _with_affine(first[unit] - (3 if part == "conv2" else 0), arrays)


def _with_affine(number, arrays):
    """Kernel and bias of an ONNX convolution [O, I, h, w] and the channels' affine behind it."""
    kernel, bias = (arrays[f"layer_{number}_{part}"] for part in ("weights", "bias"))
    scale, offset = (arrays[f"layer_{number - 1}_{k}"].ravel() for k in ("scale", "offset"))
    return kernel.transpose(2, 3, 1, 0) * scale, bias * scale + offset
