"""Key map of StyleGAN2: names and layouts of official files -> variables of our networks.

Three columns make a row: the name in the file, the attribute of our layer, the layout. Two
families of names are known: StyleGAN2-ADA for PyTorch (`synthesis.b8.conv0.weight`) and
rosinality's stylegan2-pytorch (`convs.0.conv.weight`). Their arrays hold the same values;
no gain is folded into any of them. The rows are read in both directions.
"""

import operator
from collections.abc import Callable
from typing import NamedTuple

import keras
import numpy as np

from tfgan_edit.ops.upfirdn import resample_filter


class Layout(NamedTuple):
    """How an array of a file becomes one of ours, and back."""

    name: str
    load: Callable[[np.ndarray], np.ndarray]
    store: Callable[[np.ndarray], np.ndarray]


class Entry(NamedTuple):
    """One array: its name in the file, our variable, the layout between them."""

    source: str
    variable: keras.Variable
    layout: Layout
    optional: bool = False  # some files lack it; the variable then keeps its value


def _transposed(*axes):
    inverse = np.argsort(axes)
    return lambda a: np.transpose(a, axes), lambda a: np.transpose(a, inverse)


def _then(first, second):
    """`first` on loading before `second`, undone in reverse order on storing."""
    return lambda a: second[0](first[0](a)), lambda a: first[1](second[1](a))


_DROP_FIRST = (operator.itemgetter(0), lambda a: a[None])  # [1, …] <-> […]
_OIHW_TO_HWIO = _transposed(2, 3, 1, 0)  # same orientation in space, also for up-sampling
_NCHW_TO_NHWC = _transposed(0, 2, 3, 1)

AS_IS = Layout("as_is", lambda a: a, lambda a: a)
SCALAR = Layout("scalar", *_DROP_FIRST)  # [1] <-> []
VECTOR = Layout("vector", np.ravel, np.ravel)  # [1, n] or [n] -> [n]
DENSE = Layout("dense", *_transposed(1, 0))  # [out, in] <-> [in, out]
CONV = Layout("conv", *_OIHW_TO_HWIO)
CONV_5D = Layout("conv_5d", *_then(_DROP_FIRST, _OIHW_TO_HWIO))  # [1, O, I, k, k] <-> HWIO
MAP = Layout("map", *_NCHW_TO_NHWC)  # [1, C, h, w] <-> [1, h, w, C]
CONST = Layout(  # [C, h, w] <-> [1, h, w, C]
    "const", *_then(_DROP_FIRST[::-1], _NCHW_TO_NHWC)
)
NOISE = Layout(  # [h, w] <-> [1, h, w, 1]
    "noise", lambda a: a[None, :, :, None], lambda a: a[0, :, :, 0]
)
COLOUR_BIAS = Layout(  # [1, C, 1, 1] <-> [C]
    "colour_bias", np.ravel, lambda a: a[None, :, None, None]
)


def flatten_dense(height, width, channels):
    """Dense layer after a flatten: inputs in order C, h, w <-> inputs in order h, w, C."""

    def load(a):  # [out, C * h * w] -> [h * w * C, out]
        a = np.reshape(a, [-1, channels, height, width])
        return np.reshape(np.transpose(a, (2, 3, 1, 0)), [height * width * channels, -1])

    def store(a):
        a = np.reshape(a, [height, width, channels, -1])
        return np.reshape(np.transpose(a, (3, 2, 0, 1)), [-1, channels * height * width])

    return Layout("flatten_dense", load, store)


# === Tables: (name in the file, attribute of our layer, layout) ===

DENSE_LAYER = (
    ("weight", "kernel", DENSE),
    ("bias", "bias", AS_IS),
)
CONV_LAYER = (
    ("weight", "kernel", CONV),
    ("bias", "bias", AS_IS),
)
CONV_WITHOUT_BIAS = (("weight", "kernel", CONV),)

ADA_SYNTHESIS_LAYER = (
    ("weight", "kernel", CONV),
    ("bias", "bias", AS_IS),
    ("noise_strength", "noise_strength", AS_IS),
    ("noise_const", "noise_constant", NOISE),
    ("affine.weight", "affine.kernel", DENSE),
    ("affine.bias", "affine.bias", AS_IS),
)
ADA_TO_RGB = (
    ("weight", "kernel", CONV),
    ("bias", "bias", AS_IS),
    ("affine.weight", "affine.kernel", DENSE),
    ("affine.bias", "affine.bias", AS_IS),
)

ROSINALITY_SYNTHESIS_LAYER = (
    ("conv.weight", "kernel", CONV_5D),
    ("activate.bias", "bias", AS_IS),
    ("noise.weight", "noise_strength", SCALAR),
    ("conv.modulation.weight", "affine.kernel", DENSE),
    ("conv.modulation.bias", "affine.bias", AS_IS),
)
ROSINALITY_TO_RGB = (
    ("conv.weight", "kernel", CONV_5D),
    ("bias", "bias", COLOUR_BIAS),
    ("conv.modulation.weight", "affine.kernel", DENSE),
    ("conv.modulation.bias", "affine.bias", AS_IS),
)
ROSINALITY_CONV_LAYER = (  # indices of a sequence: convolution, activation
    ("0.weight", "kernel", CONV),
    ("1.bias", "bias", AS_IS),
)
ROSINALITY_DOWN_LAYER = (  # blur, convolution, activation
    ("1.weight", "kernel", CONV),
    ("2.bias", "bias", AS_IS),
)
ROSINALITY_SKIP = (("1.weight", "kernel", CONV),)

# FIR filters are stored beside the weights; ours come from the constructor.
FILTER_SUFFIXES = (".resample_filter", ".blur.kernel", ".upsample.kernel", ".0.kernel")


def _rows(prefix, layer, table):
    return [
        Entry(f"{prefix}.{source}", operator.attrgetter(attribute)(layer), layout)
        for source, attribute, layout in table
    ]


# === StyleGAN2-ADA for PyTorch ===


def _ada_mapping(mapping):
    entries = []
    if mapping.num_ws is not None:  # absent from files whose average was not tracked
        entries.append(Entry("mapping.w_avg", mapping.w_avg, AS_IS, optional=True))
    if mapping.embed is not None:
        entries += _rows("mapping.embed", mapping.embed, DENSE_LAYER)
    for i, layer in enumerate(mapping.dense_layers):
        entries += _rows(f"mapping.fc{i}", layer, DENSE_LAYER)
    return entries


def pytorch_ada_generator_map(generator):
    """Rows for the state of `G` or `G_ema`: `mapping.…`, `synthesis.b4.…` and so on.

    Args:
        generator: a `StyleGAN2Generator`.

    Returns:
        List of `Entry`.
    """
    entries = _ada_mapping(generator.mapping)
    synthesis = generator.synthesis
    for level, block in zip(synthesis.levels, synthesis.blocks, strict=True):
        prefix = f"synthesis.b{level}"
        if block.conv0 is None:
            entries.append(Entry(f"{prefix}.const", block.constant, CONST))
        else:
            entries += _rows(f"{prefix}.conv0", block.conv0, ADA_SYNTHESIS_LAYER)
        entries += _rows(f"{prefix}.conv1", block.conv1, ADA_SYNTHESIS_LAYER)
        if block.torgb is not None:
            entries += _rows(f"{prefix}.torgb", block.torgb, ADA_TO_RGB)
        if block.skip is not None:
            entries += _rows(f"{prefix}.skip", block.skip, CONV_WITHOUT_BIAS)
    return entries


def pytorch_ada_discriminator_map(discriminator):
    """Rows for the state of `D`: `b32.fromrgb.…` down to `b4.out.…`, and `mapping.…`."""
    entries = []
    for level, block in zip(
        reversed(discriminator.levels[1:]), discriminator.blocks, strict=True
    ):
        if block.fromrgb is not None:
            entries += _rows(f"b{level}.fromrgb", block.fromrgb, CONV_LAYER)
        entries += _rows(f"b{level}.conv0", block.conv0, CONV_LAYER)
        entries += _rows(f"b{level}.conv1", block.conv1, CONV_LAYER)
        if block.skip is not None:
            entries += _rows(f"b{level}.skip", block.skip, CONV_WITHOUT_BIAS)
    if discriminator.fromrgb is not None:
        entries += _rows("b4.fromrgb", discriminator.fromrgb, CONV_LAYER)
    entries += _rows("b4.conv", discriminator.conv, CONV_LAYER)
    entries += _flattened("b4.fc", discriminator)
    entries += _rows("b4.out", discriminator.logits, DENSE_LAYER)
    if discriminator.mapping is not None:
        entries += _ada_mapping(discriminator.mapping)
    return entries


def _flattened(prefix, discriminator):
    layout = flatten_dense(*discriminator.constant_shape, discriminator.channels[4])
    table = (("weight", "kernel", layout), ("bias", "bias", AS_IS))
    return _rows(prefix, discriminator.dense, table)


# === rosinality ===


def rosinality_generator_map(generator):
    """Rows for the state `g_ema` (or `g`) with the file's `latent_avg` added to it.

    Only the "skip" architecture without labels exists there.
    """
    _require(generator.synthesis, "skip", generator.label_dim)
    mapping, synthesis = generator.mapping, generator.synthesis
    entries = [Entry("latent_avg", mapping.w_avg, VECTOR, optional=True)]
    for i, layer in enumerate(mapping.dense_layers):
        entries += _rows(f"style.{i + 1}", layer, DENSE_LAYER)  # style.0 has no weights
    first, *others = synthesis.blocks
    entries.append(Entry("input.input", first.constant, MAP))
    entries += _rows("conv1", first.conv1, ROSINALITY_SYNTHESIS_LAYER)
    entries += _rows("to_rgb1", first.torgb, ROSINALITY_TO_RGB)
    for i, block in enumerate(others):
        entries += _rows(f"convs.{2 * i}", block.conv0, ROSINALITY_SYNTHESIS_LAYER)
        entries += _rows(f"convs.{2 * i + 1}", block.conv1, ROSINALITY_SYNTHESIS_LAYER)
        entries += _rows(f"to_rgbs.{i}", block.torgb, ROSINALITY_TO_RGB)
    layers = [layer for block in synthesis.blocks for layer in block.convolutions]
    for i, layer in enumerate(layers):
        entries.append(Entry(f"noises.noise_{i}", layer.noise_constant, MAP))
    return entries


def rosinality_discriminator_map(discriminator):
    """Rows for the state `d`; only the "resnet" architecture without labels exists."""
    _require(discriminator, "resnet", discriminator.label_dim)
    entries = _rows("convs.0", discriminator.blocks[0].fromrgb, ROSINALITY_CONV_LAYER)
    for i, block in enumerate(discriminator.blocks, start=1):
        entries += _rows(f"convs.{i}.conv1", block.conv0, ROSINALITY_CONV_LAYER)
        entries += _rows(f"convs.{i}.conv2", block.conv1, ROSINALITY_DOWN_LAYER)
        entries += _rows(f"convs.{i}.skip", block.skip, ROSINALITY_SKIP)
    entries += _rows("final_conv", discriminator.conv, ROSINALITY_CONV_LAYER)
    entries += _flattened("final_linear.0", discriminator)
    entries += _rows("final_linear.1", discriminator.logits, DENSE_LAYER)
    return entries


def _require(network, architecture, label_dim):
    if network.architecture != architecture or label_dim:
        raise ValueError(
            f"rosinality's format has architecture={architecture!r} and label_dim=0 only. "
            f"Received: architecture={network.architecture!r}, label_dim={label_dim}"
        )


# === Reading and writing ===


def assign_weights(network, entries, arrays):
    """Sets the variables of a network from the arrays of a file: all of them or none.

    Args:
        network: the network that `entries` was made for.
        entries: rows of one of the maps above.
        arrays: {name: array}. Every name must be used up. FIR filters are not loaded,
            but must be those that the network was made with.

    Returns:
        Names of optional rows that the file lacks, so that the caller can say so.

    Raises:
        ValueError: names missing from `arrays` or unknown to the map, an array of
            another shape, or another FIR filter.
    """
    filters = {name for name in arrays if name.endswith(FILTER_SUFFIXES)}
    known = {entry.source for entry in entries}
    absent = {entry.source for entry in entries if entry.source not in arrays}
    optional = {entry.source for entry in entries if entry.optional}
    missing, surplus = absent - optional, set(arrays) - known - filters
    if missing or surplus:
        raise ValueError(
            f"the file does not fit {network.name}: missing {sorted(missing)}, "
            f"surplus {sorted(surplus)}"
        )
    _check_filters(network, {name: arrays[name] for name in filters})
    values = []
    for entry in entries:
        if entry.source in absent:
            continue
        value = _load(entry, np.asarray(arrays[entry.source], np.float32))
        values.append((entry.variable, value))
    for variable, value in values:  # only now: a refused file changes nothing
        variable.assign(value)
    return sorted(absent)


def export_arrays(entries):
    """The inverse: {name in the file: array in its layout}, without FIR filters."""
    return {
        entry.source: np.asarray(
            entry.layout.store(keras.ops.convert_to_numpy(entry.variable)), order="C"
        )
        for entry in entries
    }


def _load(entry, array):
    wanted = tuple(entry.variable.shape)
    try:
        value = entry.layout.load(array)
    except (ValueError, IndexError):  # too few or too many axes for the layout
        value = None
    if value is None or value.shape != wanted:
        raise ValueError(
            f"{entry.source} has shape {list(array.shape)}, which as {entry.layout.name} "
            f"does not give the {list(wanted)} of {entry.variable.path}"
        )
    return value


def _check_filters(network, filters):
    # Up-sampling filters carry a gain of 4 in some files: compare them by their sum.
    taps = getattr(network, "synthesis", network).resample_taps
    wanted = resample_filter(taps)
    for name, filter in sorted(filters.items()):
        filter = np.asarray(filter, np.float64)
        scale = np.sum(filter)
        if filter.shape != wanted.shape or not np.allclose(filter, wanted * scale, atol=1e-6):
            raise ValueError(
                f"{name} is not the FIR filter of the network, resample_taps={taps}. "
                f"Received: {filter.tolist()}"
            )
