"""Key maps of StyleGAN2: names and layouts of official files -> variables of our networks.

Three columns make a row: the name in the file, the attribute of our layer, the layout. Three
families of names are known: NVIDIA's TensorFlow (`synthesis/8x8/Conv0_up/weight`), StyleGAN2-ADA
for PyTorch (`synthesis.b8.conv0.weight`), rosinality's (`convs.0.conv.weight`). The latter two
hold the same values. In the first, kernels of up-sampling layers are turned by 180 degrees and
biases of styles lack the 1 that is added to them, which rounds them by at most 6e-8; all else
comes back bit by bit. No gain is folded into any of them. Labels of the first StyleGAN2
(`joint_norm`, `label_logits`) have names in TensorFlow's files only.
"""

import numpy as np

from tfgan_edit.checkpoints.key_map import (
    AS_IS,
    COLOUR_BIAS,
    CONST,
    CONV,
    CONV_5D,
    DENSE,
    FLIPPED,
    MAP,
    NOISE,
    PLUS_ONE,
    SCALAR,
    VECTOR,
    Entry,
    Fixed,
    flatten_dense,
    flatten_rows,
    rows,
)
from tfgan_edit.config import UserError
from tfgan_edit.ops.upfirdn import resample_filter

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

TF_DENSE_LAYER = (
    ("weight", "kernel", AS_IS),
    ("bias", "bias", AS_IS),
)
TF_CONV_LAYER = TF_DENSE_LAYER  # [in, out] and HWIO as ours
TF_CONV_WITHOUT_BIAS = (("weight", "kernel", AS_IS),)
TF_STYLE = (
    ("mod_weight", "affine.kernel", AS_IS),
    ("mod_bias", "affine.bias", PLUS_ONE),
)
TF_SYNTHESIS_LAYER = (
    ("weight", "kernel", AS_IS),
    ("bias", "bias", AS_IS),
    ("noise_strength", "noise_strength", AS_IS),
    *TF_STYLE,
)
TF_UP_LAYER = (("weight", "kernel", FLIPPED), *TF_SYNTHESIS_LAYER[1:])
TF_TO_RGB = (*TF_CONV_LAYER, *TF_STYLE)


def fir_filter(network, gain=1):
    """The FIR filter of a network as files store it, [taps, taps]."""
    taps = getattr(network, "synthesis", network).resample_taps
    return np.asarray(resample_filter(taps) * gain, np.float32)


# === StyleGAN2-ADA for PyTorch ===


def _ada_mapping(mapping):
    entries = []
    if mapping.num_ws is not None:  # absent from files whose average was not tracked
        entries.append(Entry("mapping.w_avg", mapping.w_avg, AS_IS, optional=True))
    if mapping.embed is not None:
        entries += rows("mapping.embed.", mapping.embed, DENSE_LAYER)
    for i, layer in enumerate(mapping.dense_layers):
        entries += rows(f"mapping.fc{i}.", layer, DENSE_LAYER)
    return entries


def _ada_filters(prefix, block, fir):
    """A block holds the filter, and each of its convolutions but the colour layer."""
    names = ("fromrgb", "conv0", "conv1", "skip")
    present = [f".{name}" for name in names if getattr(block, name, None) is not None]
    return [Fixed(f"{prefix}{name}.resample_filter", fir) for name in ("", *present)]


def pytorch_ada_generator_map(generator):
    """Rows for the state of `G` or `G_ema`: `mapping.…`, `synthesis.b4.…` and so on.

    Args:
        generator: a `StyleGAN2Generator`.

    Returns:
        List of `Entry` and `Fixed`.
    """
    _require_ada(joint_norm=generator.label_dim and generator.mapping.joint_norm)
    entries = _ada_mapping(generator.mapping)
    synthesis = generator.synthesis
    fir = fir_filter(generator)
    for level, block in zip(synthesis.levels, synthesis.blocks, strict=True):
        prefix = f"synthesis.b{level}"
        entries += _ada_filters(prefix, block, fir)
        if block.conv0 is None:
            entries.append(Entry(f"{prefix}.const", block.constant, CONST))
        else:
            entries += rows(f"{prefix}.conv0.", block.conv0, ADA_SYNTHESIS_LAYER)
        entries += rows(f"{prefix}.conv1.", block.conv1, ADA_SYNTHESIS_LAYER)
        if block.torgb is not None:
            entries += rows(f"{prefix}.torgb.", block.torgb, ADA_TO_RGB)
        if block.skip is not None:
            entries += rows(f"{prefix}.skip.", block.skip, CONV_WITHOUT_BIAS)
    return entries


def pytorch_ada_discriminator_map(discriminator):
    """Rows for the state of `D`: `b32.fromrgb.…` down to `b4.out.…`, and `mapping.…`."""
    _require_ada(label_logits=discriminator.label_dim and discriminator.label_logits)
    fir = fir_filter(discriminator)
    entries = [Fixed("b4.conv.resample_filter", fir)]
    for level, block in zip(
        reversed(discriminator.levels[1:]), discriminator.blocks, strict=True
    ):
        entries += _ada_filters(f"b{level}", block, fir)
        if block.fromrgb is not None:
            entries += rows(f"b{level}.fromrgb.", block.fromrgb, CONV_LAYER)
        entries += rows(f"b{level}.conv0.", block.conv0, CONV_LAYER)
        entries += rows(f"b{level}.conv1.", block.conv1, CONV_LAYER)
        if block.skip is not None:
            entries += rows(f"b{level}.skip.", block.skip, CONV_WITHOUT_BIAS)
    if discriminator.fromrgb is not None:
        entries += rows("b4.fromrgb.", discriminator.fromrgb, CONV_LAYER)
        entries.append(Fixed("b4.fromrgb.resample_filter", fir))
    entries += rows("b4.conv.", discriminator.conv, CONV_LAYER)
    entries += _flattened("b4.fc.", discriminator, flatten_dense)
    entries += rows("b4.out.", discriminator.logits, DENSE_LAYER)
    if discriminator.mapping is not None:
        entries += _ada_mapping(discriminator.mapping)
    return entries


def _require_ada(**labels):
    """Raises if an option for the labels of the first StyleGAN2 is on."""
    for name, value in labels.items():
        if value:
            raise UserError(
                f"StyleGAN2-ADA's networks read labels in another way. Received: {name}=True; "
                "convert to stylegan2-tf"
            )


def _flattened(prefix, discriminator, layout):
    layout = layout(*discriminator.constant_shape, discriminator.channels[4])
    table = (("weight", "kernel", layout), ("bias", "bias", AS_IS))
    return rows(prefix, discriminator.dense, table)


# === rosinality ===


def rosinality_generator_map(generator):
    """Rows for the state `g_ema` (or `g`) with the file's `latent_avg` added to it.

    Only the "skip" architecture without labels exists there.
    """
    _require(generator.synthesis, "skip", generator.label_dim)
    mapping, synthesis = generator.mapping, generator.synthesis
    fir = fir_filter(generator, gain=4)  # rosinality's up-sampling filters carry their gain
    entries = [Entry("latent_avg", mapping.w_avg, VECTOR, optional=True)]
    for i, layer in enumerate(mapping.dense_layers):
        entries += rows(f"style.{i + 1}.", layer, DENSE_LAYER)  # style.0 has no weights
    first, *others = synthesis.blocks
    entries.append(Entry("input.input", first.constant, MAP))
    entries += rows("conv1.", first.conv1, ROSINALITY_SYNTHESIS_LAYER)
    entries += rows("to_rgb1.", first.torgb, ROSINALITY_TO_RGB)
    for i, block in enumerate(others):
        entries += rows(f"convs.{2 * i}.", block.conv0, ROSINALITY_SYNTHESIS_LAYER)
        entries += rows(f"convs.{2 * i + 1}.", block.conv1, ROSINALITY_SYNTHESIS_LAYER)
        entries += rows(f"to_rgbs.{i}.", block.torgb, ROSINALITY_TO_RGB)
        entries.append(Fixed(f"convs.{2 * i}.conv.blur.kernel", fir))
        entries.append(Fixed(f"to_rgbs.{i}.upsample.kernel", fir))
    layers = [layer for block in synthesis.blocks for layer in block.convolutions]
    for i, layer in enumerate(layers):
        # Files of the first versions have no noise maps.
        entries.append(Entry(f"noises.noise_{i}", layer.noise_constant, MAP, optional=True))
    return entries


def rosinality_block(prefix, block, fir):
    """Rows of a `StyleGAN2DiscriminatorBlock` but those of its `fromrgb`."""
    return [
        *rows(f"{prefix}conv1.", block.conv0, ROSINALITY_CONV_LAYER),
        *rows(f"{prefix}conv2.", block.conv1, ROSINALITY_DOWN_LAYER),
        *rows(f"{prefix}skip.", block.skip, ROSINALITY_SKIP),
        Fixed(f"{prefix}conv2.0.kernel", fir),
        Fixed(f"{prefix}skip.0.kernel", fir),
    ]


def rosinality_discriminator_map(discriminator):
    """Rows for the state `d`; only the "resnet" architecture without labels exists."""
    _require(discriminator, "resnet", discriminator.label_dim)
    entries = rows("convs.0.", discriminator.blocks[0].fromrgb, ROSINALITY_CONV_LAYER)
    fir = fir_filter(discriminator)
    for i, block in enumerate(discriminator.blocks, start=1):
        entries += rosinality_block(f"convs.{i}.", block, fir)
    entries += rows("final_conv.", discriminator.conv, ROSINALITY_CONV_LAYER)
    entries += _flattened("final_linear.0.", discriminator, flatten_dense)
    entries += rows("final_linear.1.", discriminator.logits, DENSE_LAYER)
    return entries


def _require(network, architecture, label_dim):
    if network.architecture != architecture or label_dim:
        raise UserError(
            f"rosinality's format has architecture={architecture!r} and label_dim=0 only. "
            f"Received: architecture={network.architecture!r}, label_dim={label_dim}"
        )


# === NVIDIA, TensorFlow ===


def tensorflow_generator_map(generator):
    """Rows for the variables of `G` or `Gs`: `mapping/…`, `synthesis/4x4/…`, `dlatent_avg`."""
    mapping, synthesis = generator.mapping, generator.synthesis
    entries = [Entry("dlatent_avg", mapping.w_avg, AS_IS, optional=True)]
    if mapping.embed is not None and mapping.joint_norm:  # StyleGAN2
        entries.append(Entry("mapping/LabelConcat/weight", mapping.embed.kernel, AS_IS))
    elif mapping.embed is not None:  # StyleGAN2-ADA
        entries += rows("mapping/LabelEmbed/", mapping.embed, TF_DENSE_LAYER)
    for i, layer in enumerate(mapping.dense_layers):
        entries += rows(f"mapping/Dense{i}/", layer, TF_DENSE_LAYER)
    for level, block in zip(synthesis.levels, synthesis.blocks, strict=True):
        prefix = f"synthesis/{level}x{level}"
        if block.conv0 is None:
            entries.append(Entry(f"{prefix}/Const/const", block.constant, MAP))
            entries += rows(f"{prefix}/Conv/", block.conv1, TF_SYNTHESIS_LAYER)
        else:
            entries += rows(f"{prefix}/Conv0_up/", block.conv0, TF_UP_LAYER)
            entries += rows(f"{prefix}/Conv1/", block.conv1, TF_SYNTHESIS_LAYER)
        if block.torgb is not None:
            entries += rows(f"{prefix}/ToRGB/", block.torgb, TF_TO_RGB)
        if block.skip is not None:
            entries += rows(f"{prefix}/Skip/", block.skip, TF_CONV_WITHOUT_BIAS)
    layers = [layer for block in synthesis.blocks for layer in block.convolutions]
    for i, layer in enumerate(layers):
        entries.append(Entry(f"synthesis/noise{i}", layer.noise_constant, MAP))
    return entries


def tensorflow_discriminator_map(discriminator):
    """Rows for the variables of `D`: `32x32/FromRGB/…` down to `Output/…`."""
    entries = []
    levels = reversed(discriminator.levels[1:])
    for level, block in zip(levels, discriminator.blocks, strict=True):
        prefix = f"{level}x{level}"
        if block.fromrgb is not None:
            entries += rows(f"{prefix}/FromRGB/", block.fromrgb, TF_CONV_LAYER)
        entries += rows(f"{prefix}/Conv0/", block.conv0, TF_CONV_LAYER)
        entries += rows(f"{prefix}/Conv1_down/", block.conv1, TF_CONV_LAYER)
        if block.skip is not None:
            entries += rows(f"{prefix}/Skip/", block.skip, TF_CONV_WITHOUT_BIAS)
    if discriminator.fromrgb is not None:
        entries += rows("4x4/FromRGB/", discriminator.fromrgb, TF_CONV_LAYER)
    entries += rows("4x4/Conv/", discriminator.conv, TF_CONV_LAYER)
    entries += _flattened("4x4/Dense0/", discriminator, flatten_rows)
    entries += rows("Output/", discriminator.logits, TF_DENSE_LAYER)
    if discriminator.mapping is not None:
        entries += rows("LabelEmbed/", discriminator.mapping.embed, TF_DENSE_LAYER)
        for i, layer in enumerate(discriminator.mapping.dense_layers):
            entries += rows(f"Mapping{i}/", layer, TF_DENSE_LAYER)
    return entries
