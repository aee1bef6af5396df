"""Maps of feature networks: arrays of official files -> variables of our networks.

Batch normalisation of a trained network is multiplied into the layer before it, so several arrays
of a file make one of ours. The rows of these maps have names of ours, `LAYER/VARIABLE`; arrays of
such names are made by a function each of an official form. Nothing is written back.
"""

import re

import keras
import numpy as np

from tfgan_edit.checkpoints import layer_names
from tfgan_edit.checkpoints.key_map import AS_IS, Entry
from tfgan_edit.checkpoints.stylegan2_sizes import Shapes
from tfgan_edit.config import UserError
from tfgan_edit.networks.features.frozen import IMAGENET_MEAN, IMAGENET_STD, ChannelAffine
from tfgan_edit.networks.features.lpips import LPIPS, LPIPSHeads
from tfgan_edit.networks.features.stacks import CAFFE_MEAN, CAFFE_STD

VGG16, VGG19 = (2, 2, 3, 3, 3), (2, 2, 4, 4, 4)  # convolutions of each block


def variables(network):
    """{"LAYER/VARIABLE": variable} of a feature network; heads of LPIPS are "lin0", "lin1" …"""
    if isinstance(network, LPIPS):
        return variables(network.backbone) | variables(network.heads)
    if isinstance(network, LPIPSHeads):
        return {weight.name: weight for weight in network.weights}
    return {
        f"{layer.name}/{weight.name}": weight
        for layer in network.layers
        for weight in layer.weights
    }


def layer_rows(network):
    """Rows for arrays that have names of ours."""
    return [Entry(name, variable, AS_IS) for name, variable in variables(network).items()]


def fill(network, arrays, names_of, epsilon=1e-5):
    """Sets the weights of a feature network from a PyTorch state, or from arrays named as ours.

    Args:
        network: functional `keras.Model`.
        arrays: {name: array}; names that are not needed are passed over.
        names_of: function of a layer's name -> `layer_names.Names`.
        epsilon: of the batch normalisation.

    Raises:
        UserError: an array is missing or has another shape: another network's file.
    """
    ours = variables(network)
    if not ours.keys() <= arrays.keys():
        arrays = pytorch_values(network, Taken(arrays), names_of, epsilon)
    for name, variable in ours.items():
        set_variable(variable, np.asarray(arrays[name]), name.rpartition("/")[0])


def fill_heads(heads, arrays):
    """Sets the weights of `LPIPSHeads` from a file of them or from arrays named as ours.

    Raises:
        UserError: another file.
    """
    arrays = from_lpips_heads(arrays, {}, heads)
    for name, variable in variables(heads).items():
        if name not in arrays:
            raise UserError(f"it holds no LPIPS heads: {name}.model.1.weight is missing")
        set_variable(variable, arrays[name], name)


def set_variable(variable, value, name):
    """Assigns an array of the variable's shape.

    Raises:
        UserError: it has another shape, or holds NaN or infinity.
    """
    if tuple(variable.shape) != value.shape:
        raise UserError(
            f"it is another network's file: {name} needs shape {list(variable.shape)}, the file "
            f"has {list(value.shape)}"
        )
    if not np.all(np.isfinite(value)):
        raise UserError(f"its weights of {name} are not finite; download it again")
    variable.assign(value.astype(np.float32))


# === PyTorch's layouts ===


class Taken:
    """The arrays of a file, which remembers the names that were asked for."""

    def __init__(self, arrays):
        self.arrays, self.names = arrays, set()

    def __contains__(self, name):
        return name in self.arrays

    def __getitem__(self, name):
        if name not in self.arrays:
            some = ", ".join(list(self.arrays)[:3])
            raise UserError(f"it is another network's file: {name!r} is not among {some}, …")
        self.names.add(name)
        return self.arrays[name]

    def rest(self):
        """{name: array} that no layer has taken."""
        return {name: a for name, a in self.arrays.items() if name not in self.names}


def pytorch_values(network, arrays, names_of, epsilon=1e-5):
    """{"LAYER/VARIABLE": array} of a PyTorch state.

    Kernels change from [O, I, h, w] to [h, w, I, O], of depthwise convolutions from [C, 1, h, w]
    to [h, w, C, 1], of dense layers from [O, I] to [I, O]. Batch normalisation,
    y = (x - mean) / sqrt(var + epsilon) · scale + offset, is multiplied into the layer before it.

    Args:
        network, names_of, epsilon: as in `fill`.
        arrays: `Taken`.

    Raises:
        UserError: an array is missing.
    """
    values = {}
    for layer in network.layers:
        if not layer.weights:
            continue
        names = names_of(layer.name)
        if isinstance(layer, ChannelAffine):
            found = _affine(arrays, names.layer, epsilon)
        elif isinstance(layer, keras.layers.PReLU):
            found = [np.reshape(arrays[f"{names.layer}.weight"], (1, 1, -1))]
        else:
            found = _kernel_and_bias(layer, arrays, names, epsilon)
        for variable, value in zip(layer.weights, found, strict=True):
            values[f"{layer.name}/{variable.name}"] = value
    return values


def from_pytorch(names_of, epsilon=1e-5):
    """`Network.prepare` of a PyTorch state; what it does not need keeps its name."""

    def prepare(arrays, settings, network):
        taken = Taken(arrays)
        return pytorch_values(network, taken, names_of, epsilon) | taken.rest()

    return prepare


def _affine(arrays, name, epsilon):
    """Scale and offset [C] of a batch normalisation."""
    mean, variance = (arrays[f"{name}.running_{k}"] for k in ("mean", "var"))
    scale = 1 / np.sqrt(variance.astype(np.float64) + epsilon)
    if f"{name}.weight" in arrays:  # absent where it was fixed to one
        scale = scale * arrays[f"{name}.weight"]
    return scale, arrays[f"{name}.bias"] - mean * scale


def _kernel_and_bias(layer, arrays, names, epsilon):
    kernel = arrays[f"{names.layer}.weight"].astype(np.float64)
    if len(layer.weights) == 1:
        return [_keras_kernel(layer, kernel)]
    if names.norm is None:
        return _keras_kernel(layer, kernel), arrays[f"{names.layer}.bias"]
    scale, offset = _affine(arrays, names.norm, epsilon)
    if f"{names.layer}.bias" in arrays:
        offset = offset + scale * arrays[f"{names.layer}.bias"]
    return _keras_kernel(layer, kernel * scale.reshape(-1, *[1] * (kernel.ndim - 1))), offset


def _keras_kernel(layer, kernel):
    if isinstance(layer, keras.layers.DepthwiseConv2D):
        return kernel.transpose(2, 3, 0, 1) if kernel.ndim == 4 else kernel
    if isinstance(layer, keras.layers.Conv2D):
        if kernel.ndim == 2:  # a dense layer over [C, h, w], here a convolution of that size
            height, width, channels, filters = layer.kernel.shape
            if kernel.size == height * width * channels * filters:
                kernel = kernel.reshape(filters, channels, height, width)
        return kernel.transpose(2, 3, 1, 0) if kernel.ndim == 4 else kernel
    return kernel.T


# === Keras' layouts ===


def from_keras_vgg(arrays, settings, network):
    """`Network.prepare` of VGG in Keras' files, and of HED, which holds its convolutions.

    Kernels are [h, w, I, O] there; the first reads blue before red, and dense layers rows before
    channels, as ours.
    """
    ours, renamed = variables(network), {}
    for name, array in arrays.items():
        layer = _keras_layer(name)
        own = f"{layer}/{'bias' if array.ndim == 1 else 'kernel'}"
        if own == "conv1_1/kernel":
            array = array[:, :, ::-1]
        if layer and layer.startswith("fc") and own in ours and array.ndim == 2:
            shape = ours[own].shape
            array = array.reshape(shape) if array.size == np.prod(shape) else array
        renamed[own if layer else name] = array
    return renamed


def _keras_layer(name):
    """Our name of the layer of an array in Keras' VGG or in HED, or None."""
    match = re.match(r"block(\d)_conv(\d)/", name)
    if match:
        return f"conv{match[1]}_{match[2]}"
    match = re.match(r"block(\d)/layers/conv2d(?:_(\d))?/vars/", name)
    if match:
        return f"conv{match[1]}_{int(match[2] or 0) + 1}"
    match = re.match(r"(fc[12])/", name)
    return match and match[1]


# === LPIPS ===


def from_lpips_heads(arrays, settings, network):
    """`Network.prepare` of heads [1, C, 1, 1] as `linN.model.1.weight` or StarGAN v2's name."""
    form = re.compile(r"(?:lin|lpips_weights\.)(\d+)\.(?:model|main)\.1\.weight")
    matches = {name: form.fullmatch(name) for name in arrays}
    return {
        f"lin{match[1]}" if match else name: np.ravel(arrays[name]) if match else arrays[name]
        for name, match in matches.items()
    }


def from_lpips(arrays, settings, network):
    """`Network.prepare` of a whole LPIPS network, kernels [h, w, I, O], heads `linN` [C]."""
    form = re.compile(r"(fire\d)/(squeeze|expand\dx\d)\w*/")
    return {form.sub(r"\1_\2/", name): array for name, array in arrays.items()}


# === Sizes: arguments of our constructors that the arrays tell ===


def vgg_sizes(repeats):
    """Of torchvision's names."""

    def sizes(arrays):
        shape = Shapes(arrays)
        first = [layer_names.vgg(repeats)(f"conv{i + 1}_1").layer for i in range(len(repeats))]
        dense = "classifier.0.weight"
        return {
            "repeats": repeats,
            "widths": [shape(f"{name}.weight", 4)[0] for name in first],
            "dense": shape(dense, 2)[0] if dense in shape else 0,
        }

    return sizes


def keras_vgg_sizes(repeats):
    """Of Keras' names."""

    def sizes(arrays):
        kernels = {_keras_layer(n): a.shape[-1] for n, a in arrays.items() if a.ndim in (2, 4)}
        try:
            widths = [kernels[f"conv{i}_1"] for i in range(1, 6)]
        except KeyError as error:
            raise UserError(f"the kernel of {error} is missing from it") from error
        return {
            "repeats": repeats,
            "widths": widths,
            "dense": kernels.get("fc1", 0),
            "mean": CAFFE_MEAN,
            "std": CAFFE_STD,
        }

    return sizes


def alexnet_sizes(arrays):
    """Arguments of `AlexNet` for the arrays of a file."""
    shape = Shapes(arrays)
    names = [layer_names.alexnet(f"conv{i}").layer for i in range(1, 6)]
    return {"widths": [shape(f"{name}.weight", 4)[0] for name in names]}


def squeezenet_sizes(arrays):
    """Arguments of `SqueezeNet` for the arrays of a file."""
    shape = Shapes(arrays)
    names = [layer_names.squeezenet(f"fire{i}_squeeze").layer for i in range(2, 10)]
    return {
        "squeezes": [shape(f"{name}.weight", 4)[0] for name in names],
        "stem": shape("features.0.weight", 4)[0],
    }


def inception_sizes(arrays):
    """Of the network of the FID, which has 1,008 classes; torchvision's has as many as ImageNet."""
    sizes = _inception(arrays)
    if sizes["classes"] == 1000:
        raise UserError(
            "it has 1,000 classes: torchvision's Inception without its second output (AuxLogits); "
            "give the whole file, or the FID's, of 1,008 classes"
        )
    return sizes


def torchvision_inception_sizes(arrays):
    """Arguments of `InceptionV3` for the arrays of torchvision's file."""
    return {
        **_inception(arrays),
        "last_pool": "average",
        "count_padding": True,
        "mean": IMAGENET_MEAN,
        "std": IMAGENET_STD,
    }


def _inception(arrays):
    shape = Shapes(arrays)
    stem = shape("Conv2d_1a_3x3.conv.weight", 4)[0]
    return {
        "classes": shape("fc.weight", 2)[0],
        "width_divisor": max(32 // max(stem, 1), 1),
    }


def arcface_sizes(arrays):
    """A stage has units of equal width; its input is halved at its first unit."""
    shape = Shapes(arrays)
    stages = []
    for i in range(shape.count("body.{}.res_layer.1.weight")):
        filters = shape(f"body.{i}.res_layer.1.weight", 4)[0]
        if not stages or stages[-1][0] != filters:
            stages.append([filters, 0])
        stages[-1][1] += 1
    size, values = shape("output_layer.3.weight", 2)
    filters = max(stages[-1][0], 1)
    return {
        "stages": stages,
        "stem": shape("input_layer.0.weight", 4)[0],
        "size": size,
        "side": round((values / filters) ** 0.5) * 2 ** len(stages),
        "reduction": filters // max(shape(f"body.{i}.res_layer.5.fc1.weight", 4)[0], 1),
    }


def lpips_heads_sizes(arrays):
    """Arguments of `LPIPSHeads` for the arrays of a file."""
    heads = from_lpips_heads(arrays, {}, None)
    count = Shapes(heads).count("lin{}")
    return {"widths": [heads[f"lin{i}"].size for i in range(count)]}


def lpips_sizes(arrays):
    """Of a whole LPIPS network, by the names of its backbone's layers."""
    shape = Shapes(arrays)
    if "conv1_1/kernel" in shape:
        first = [shape(f"conv{i}_1/kernel", 4)[3] for i in range(1, 6)]
        return {"backbone": "vgg", "backbone_settings": {"widths": first}}
    if "fire2/squeeze1x1/kernel" in shape:
        squeezes = [shape(f"fire{i}/squeeze1x1/kernel", 4)[3] for i in range(2, 10)]
        stem = shape("conv1/kernel", 4)[3]
        return {"backbone": "squeeze", "backbone_settings": {"squeezes": squeezes, "stem": stem}}
    widths = [shape(f"conv{i}/kernel", 4)[3] for i in range(1, 6)]
    return {"backbone": "alex", "backbone_settings": {"widths": widths}}
