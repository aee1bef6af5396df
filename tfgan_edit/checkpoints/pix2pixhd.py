"""Key maps and sizes of Pix2PixHD: names and layouts of official files <-> our networks.

Official names are indices of sequences: a convolution, its norm, its activation. Instance norm
has no arrays, but files from before PyTorch 0.4 hold averages for it that were never used.
"""

import re

from tfgan_edit.checkpoints.key_map import AS_IS, CONV, Unused, rows
from tfgan_edit.checkpoints.stored import brief
from tfgan_edit.checkpoints.stylegan2_sizes import Shapes, check_parameters
from tfgan_edit.config import UserError

CONV_LAYER = (
    ("weight", "kernel", CONV),  # of transposed ones [in, out, k, k] <-> [k, k, out, in]
    ("bias", "bias", AS_IS),
)
BATCH_NORM = (
    ("weight", "batch_norm.gamma", AS_IS),
    ("bias", "batch_norm.beta", AS_IS),
    ("running_mean", "batch_norm.moving_mean", AS_IS),
    ("running_var", "batch_norm.moving_variance", AS_IS),
)


# === Maps ===


def _convolution(prefix, index, layer):
    """Rows of a convolution at `index` of a sequence and of its norm, behind it."""
    norm = f"{prefix}{index + 1}."
    entries = rows(f"{prefix}{index}.", layer, CONV_LAYER)
    if layer.norm == "batch":
        entries += [*rows(norm, layer, BATCH_NORM), Unused(f"{norm}num_batches_tracked")]
    elif layer.norm == "instance":
        entries += [Unused(f"{norm}running_mean"), Unused(f"{norm}running_var")]
    return entries


def _blocks(prefix, start, blocks):
    entries = []
    for index, block in enumerate(blocks, start):
        sequence = f"{prefix}{index}.conv_block."
        entries += _convolution(sequence, 1, block.conv0) + _convolution(sequence, 5, block.conv1)
    return entries


def _trunk(trunk):
    """(rows, index behind the last activation)."""
    entries = _convolution("model.", 1, trunk.stem)
    index = 4
    for layer in trunk.downs:
        entries += _convolution("model.", index, layer)
        index += 3
    entries += _blocks("model.", index, trunk.blocks)
    index += len(trunk.blocks)
    for layer in trunk.ups:
        entries += _convolution("model.", index, layer)
        index += 3
    return entries, index


def generator_map(generator):
    """Rows of the global generator's `model.…`.

    Args:
        generator: a `Pix2PixHDGenerator`.

    Returns:
        List of `Entry` and `Unused`.
    """
    entries, index = _trunk(generator.trunk)
    return entries + _convolution("model.", index + 1, generator.to_image)


def local_enhancer_map(enhancer):
    """The same for a `Pix2PixHDLocalEnhancer`: `model.…`, `model1_1.…`, `model1_2.…` and so on."""
    entries, _ = _trunk(enhancer.trunk)
    for number, level in enumerate(enhancer.enhancers, 1):
        entries += _convolution(f"model{number}_1.", 1, level.stem)
        entries += _convolution(f"model{number}_1.", 4, level.down)
        entries += _blocks(f"model{number}_2.", 0, level.blocks)
        entries += _convolution(f"model{number}_2.", len(level.blocks), level.up)
    return entries + _convolution(f"model{number}_2.", len(level.blocks) + 4, enhancer.to_image)


def discriminator_map(discriminator):
    """The same for a `Pix2PixHDDiscriminator`: `scale0_layer0.…`; scale 0 is the coarsest."""
    entries = []
    for number, scale in enumerate(reversed(discriminator.scales)):
        for i, layer in enumerate(scale.convolutions):
            entries += _convolution(f"scale{number}_layer{i}.", 0, layer)
    return entries


def plain_discriminator_map(discriminator):
    """The same where feature matching was off: `layer0.0.…`, one sequence a scale."""
    entries = []
    for number, scale in enumerate(reversed(discriminator.scales)):
        for i, layer in enumerate(scale.convolutions):
            entries += _convolution(f"layer{number}.", _plain_index(i), layer)
    return entries


def _plain_index(i):
    return max(3 * i - 1, 0)  # convolution, activation; convolution, norm, activation; …


# === Sizes: arguments of our constructors that the arrays of a file tell ===


def generator_sizes(arrays):
    """Arguments of `Pix2PixHDGenerator`."""
    shape = Shapes(arrays)
    arguments, last = _trunk_sizes(shape)
    return {**arguments, "out_channels": shape(f"model.{last}.weight", 4)[0]}


def local_enhancer_sizes(arrays):
    """Arguments of `Pix2PixHDLocalEnhancer`."""
    shape = Shapes(arrays)
    arguments, _ = _trunk_sizes(shape)
    levels = 0
    while f"model{levels + 1}_1.1.weight" in shape:
        levels += 1
    blocks = shape.count("model1_2.{}.conv_block.1.weight")
    width = shape(f"model{levels}_1.1.weight", 4)[0]
    if arguments["width"] != width * 2**levels:
        raise UserError(
            f"its generator has {arguments['width']} channels at full size and the outermost of "
            f"its {levels} enhancers {width}; each must have half of those of the one before"
        )
    check_parameters(arrays, levels * blocks * 18 * (2 * width) ** 2)
    return {
        **arguments,
        "width": width,
        "num_enhancers": levels,
        "num_local_blocks": blocks,
        "out_channels": shape(f"model{levels}_2.{blocks + 4}.weight", 4)[0],
    }


def discriminator_sizes(arrays):
    """Arguments of `Pix2PixHDDiscriminator`."""
    return _discriminator_sizes(
        arrays,
        "scale{}_layer0.0.weight",
        lambda i: f"scale0_layer{i}.0.weight",
        "scale0_layer1.1.weight",
    )


def plain_discriminator_sizes(arrays):
    """The same where feature matching was off."""
    return _discriminator_sizes(
        arrays,
        "layer{}.0.weight",
        lambda i: f"layer0.{_plain_index(i)}.weight",
        "layer0.3.weight",
    )


def _trunk_sizes(shape):
    """(arguments, index of the last convolution)."""
    found = (re.fullmatch(r"model\.(\d{1,4})\.conv_block\.1\.weight", n) for n in shape.arrays)
    blocks = sorted(int(match[1]) for match in found if match)
    halvings, rest = divmod(blocks[0] - 4, 3) if blocks else (0, 1)
    if halvings < 0 or rest:
        raise UserError(f"its residual blocks are model.{blocks}; the first may be 4, 7, 10 …")
    width, in_channels = shape("model.1.weight", 4)[:2]
    narrow = shape(f"model.{blocks[0]}.conv_block.1.weight", 4)[0]
    if narrow != width * 2**halvings:
        raise UserError(
            f"its {halvings} halvings lead from {width} to {narrow} channels; each must double them"
        )
    check_parameters(shape.arrays, (18 * len(blocks) + 12) * narrow**2)
    arguments = {
        "in_channels": in_channels,
        "width": width,
        "num_downsamplings": halvings,
        "num_blocks": len(blocks),
        "norm": "batch" if "model.2.weight" in shape else "instance",
    }
    return arguments, 5 + 6 * halvings + len(blocks)


def _discriminator_sizes(arrays, scale, layer, norm):
    """`scale`: name of a scale's first array, `layer` of a layer's, `norm` of the first norm's."""
    shape = Shapes(arrays)
    scales, filters = shape.count(scale), []
    while layer(len(filters)) in shape:
        filters.append(shape(layer(len(filters)), 4)[0])
    halvings = len(filters) - 2
    if halvings < 1:
        raise UserError(f"its discriminators have {len(filters)} layers, at least 3 are expected")
    width, widest = filters[0], filters[-2]
    capped = widest != width * 2**halvings
    pairs = zip(filters, filters[1:], strict=False)
    check_parameters(arrays, scales * sum(16 * a * b for a, b in pairs))
    return {
        "in_channels": shape(scale.format(0), 4)[1],
        "width": width,
        "num_layers": halvings,
        "num_scales": scales,
        "channel_max": widest if capped else max(widest, 512),
        "norm": "batch" if norm in shape else "instance",
    }


# === Settings: from and to the original constructors ===


def settings(values):
    """{}: arrays tell all arguments of our networks.

    Raises:
        UserError: a padding that they do not have.
    """
    padding = values.get("padding_type", "reflect")
    if padding != "reflect":
        raise UserError(f"its network has padding_type={brief(padding)}; only 'reflect' is known")
    return {}


def generator_settings(generator):
    """Arguments of the original's `GlobalGenerator`.

    Raises:
        UserError: a network that it cannot express.
    """
    return {
        **_translator_settings(generator),
        "n_downsampling": generator.num_downsamplings,
        "n_blocks": generator.num_blocks,
    }


def local_enhancer_settings(enhancer):
    """The same of its `LocalEnhancer`."""
    return {
        **_translator_settings(enhancer),
        "n_downsample_global": enhancer.num_downsamplings,
        "n_blocks_global": enhancer.num_blocks,
        "n_local_enhancers": enhancer.num_enhancers,
        "n_blocks_local": enhancer.num_local_blocks,
    }


def discriminator_settings(discriminator):
    """The same of its `MultiscaleDiscriminator`."""
    _check_has(discriminator, "norm", "instance", "batch")
    widest = discriminator.scales[0].convolutions[-2].filters
    if widest != min(discriminator.width * 2**discriminator.num_layers, 512):
        raise UserError(
            f"official discriminators bound their filters by 512. "
            f"Received: channel_max={discriminator.channel_max}"
        )
    return {
        "input_nc": discriminator.in_channels,
        "ndf": discriminator.width,
        "n_layers": discriminator.num_layers,
        "norm": discriminator.norm,
        "num_D": discriminator.num_scales,
        "getIntermFeat": True,
    }


def _translator_settings(network):
    _check_has(network, "norm", "instance", "batch")
    _check_has(network, "padding", "reflect")
    _check_has(network, "upsampling", "transposed")
    return {
        "input_nc": network.in_channels,
        "output_nc": network.out_channels,
        "ngf": network.width,
        "norm": network.norm,
    }


def _check_has(network, name, *allowed):
    value = getattr(network, name)
    if value not in allowed:
        raise UserError(
            f"official networks have {name} {' or '.join(map(repr, allowed))}. "
            f"Received: {name}={value!r}"
        )
