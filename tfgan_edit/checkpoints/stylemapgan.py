"""Key maps, sizes and settings of StyleMapGAN: official files <-> our networks.

A file holds averaged generator and encoder, `g_ema` and `e_ema`, the raw ones, the discriminator,
whose names are those of rosinality's StyleGAN2, and the command line's `train_args`. The average
stylemap of truncation is in none; it is estimated.
"""

import math

from tfgan_edit.checkpoints.key_map import (
    AS_IS,
    CONV,
    CONV_5D,
    MAP,
    Entry,
    Fixed,
    rows,
    unflatten_bias,
    unflatten_dense,
)
from tfgan_edit.checkpoints.stored import brief
from tfgan_edit.checkpoints.stylegan2 import (
    CONV_WITHOUT_BIAS,
    DENSE_LAYER,
    ROSINALITY_CONV_LAYER,
    fir_filter,
    rosinality_block,
)
from tfgan_edit.checkpoints.stylegan2_sizes import MAX_RESOLUTION, Shapes, check_size
from tfgan_edit.config import UserError

CONSTANT = "decoder.input.input"
MODULATED_LAYER = (
    ("conv.weight", "conv.kernel", CONV_5D),
    ("conv.gamma.weight", "gamma.kernel", CONV),
    ("conv.gamma.bias", "gamma.bias", AS_IS),
    ("conv.beta.weight", "beta.kernel", CONV),
    ("conv.beta.bias", "beta.bias", AS_IS),
    ("activate.bias", "conv.bias", AS_IS),
)
UP_LAYER = (  # convolution, blur, activation
    ("0.weight", "kernel", CONV),
    ("2.bias", "bias", AS_IS),
)
NORMS = {"LayerNorm": "layer", "InstanceNorm2d": "instance", "GroupNorm": "group", None: None}


# === Maps ===


def generator_map(generator):
    """Rows of a `StyleMapGANGenerator`: `mapping_z.…`, `decoder.…`.

    Returns:
        List of `Entry` and `Fixed`; the average stylemap has no row.
    """
    *hidden, last = generator.mapping.dense_layers
    entries = []
    for i, layer in enumerate(hidden, start=1):  # mapping_z.0 has no weights
        entries += rows(f"mapping_z.{i}.", layer, DENSE_LAYER)
    shape = generator.stylemap_shape
    table = (
        ("weight", "kernel", unflatten_dense(*shape)),
        ("bias", "bias", unflatten_bias(*shape)),
    )
    entries += rows(f"mapping_z.{len(hidden) + 1}.", last, table)

    synthesis = generator.synthesis
    fir = fir_filter(generator, gain=4)  # up-sampling filters carry their gain
    entries.append(Entry(CONSTANT, synthesis.constant, MAP))
    for i, layer in enumerate(synthesis.resizer):
        prefix = f"decoder.convs_latent.{i}."
        entries += rows(prefix, layer, UP_LAYER if layer.up > 1 else ROSINALITY_CONV_LAYER)
        if layer.up > 1:
            entries.append(Fixed(f"{prefix}1.kernel", fir))
    entries += rows("decoder.conv1.", synthesis.first, MODULATED_LAYER)
    for i, block in enumerate(synthesis.blocks):
        prefix = f"decoder.convs.{i}."
        entries += rows(f"{prefix}conv1.", block.conv0, MODULATED_LAYER)
        entries += rows(f"{prefix}conv2.", block.conv1, MODULATED_LAYER)
        entries += rows(f"{prefix}skip.0.", block.skip, CONV_WITHOUT_BIAS)
        entries.append(Fixed(f"{prefix}conv1.conv.blur.kernel", fir))
        entries.append(Fixed(f"{prefix}skip.1.kernel", fir))
    return entries + rows("decoder.to_rgb.", synthesis.to_rgb, MODULATED_LAYER)


def encoder_map(encoder):
    """The same of a `StyleMapGANEncoder`: `from_rgb.…`, `convs.N.…`, `final_conv.…`."""
    fir = fir_filter(encoder)
    entries = rows("from_rgb.", encoder.blocks[0].fromrgb, ROSINALITY_CONV_LAYER)
    for i, block in enumerate(encoder.blocks):
        entries += rosinality_block(f"convs.{i}.", block, fir)
    return entries + rows("final_conv.", encoder.to_stylemap, ROSINALITY_CONV_LAYER)


# === Sizes: arguments of our constructors that the arrays of a file tell ===


def generator_sizes(arrays):
    """Arguments of `StyleMapGANGenerator`.

    Raises:
        UserError: arrays are missing or do not fit each other.
    """
    shape = Shapes(arrays)
    blocks = shape.count("decoder.convs.{}.conv2.conv.weight")
    names = [f"decoder.convs.{i}.conv2.conv.weight" for i in range(blocks)]
    widths = [shape(name, 5)[1] for name in ("decoder.conv1.conv.weight", *names)]
    count = shape.count("decoder.convs_latent.{}.0.weight")
    codes = [shape(f"decoder.convs_latent.{i}.0.weight", 4)[0] for i in range(count)]
    layers = 0
    while f"mapping_z.{layers + 1}.weight" in shape:
        layers += 1
    arguments = _sizes(shape, widths)
    height, width = shape(CONSTANT, 4)[2:]
    channels = shape("decoder.convs_latent.0.0.weight", 4)[1]
    others = height * width * channels * (channels + 1) + layers * channels**2
    widest = max(codes, default=0)
    check_size(arrays, arguments["channels"], others + 36 * widest * sum(widths))
    full = codes == [width for width in widths for _ in range(2)]
    if not full and len(set(codes)) != 1:
        raise UserError(
            f"its style codes have {codes} channels; expected those of the levels, {widths}, "
            "twice each, or one number"
        )
    return {
        **arguments,
        "stylemap_channels": channels,
        "img_channels": shape("decoder.to_rgb.conv.weight", 5)[1],
        "code_channels": None if full else codes[0],
        "mapping_layers": layers,
    }


def encoder_sizes(arrays):
    """Arguments of `StyleMapGANEncoder`; the generator's constant must be among the arrays."""
    shape = Shapes(arrays)
    if CONSTANT not in shape:
        raise UserError(
            "an encoder alone does not tell the size of its stylemaps: convert it from a file "
            "that holds its generator too"
        )
    count = shape.count("convs.{}.conv2.1.weight")
    widths = [shape(f"convs.{i}.conv2.1.weight", 4)[0] for i in reversed(range(count))]
    widths.append(shape("from_rgb.0.weight", 4)[0])
    arguments = _sizes(shape, widths)
    check_size(arrays, arguments["channels"], 0)
    return {
        **arguments,
        "stylemap_channels": shape("final_conv.0.weight", 4)[0],
        "img_channels": shape("from_rgb.0.weight", 4)[1],
    }


def _sizes(shape, widths):
    """Sizes and channels for the widths of all levels, from the stylemap's on."""
    constant = shape(CONSTANT, 4)[2:]
    size, doublings = min(constant), len(widths) - 1
    if size < 4 or size & (size - 1) or doublings < 1:
        raise UserError(
            f"its stylemaps have {constant[1]}x{constant[0]} pixels, doubled {doublings} times; "
            "expected 4, 8, 16 … and at least once"
        )
    if doublings > math.log2(MAX_RESOLUTION) or max(constant) * 2**doublings > MAX_RESOLUTION:
        raise UserError(
            f"its pictures have {max(constant)} times 2^{doublings} pixels a side, over "
            f"{MAX_RESOLUTION}"
        )
    sides = tuple(side * 2**doublings for side in constant)
    return {
        "resolution": sides if sides[0] != sides[1] else sides[0],
        "stylemap_size": size,
        "channels": {size * 2**i: width for i, width in enumerate(widths)},
    }


# === Settings: from and to the original's command line ===


def from_generator_settings(values):
    """{"norm": …, "mapping_lr_multiplier": …}, which no array tells.

    Args:
        values: `train_args`, of which those that do not shape networks are passed over.

    Raises:
        UserError: a norm that our networks do not have.
    """
    mode = values.get("normalize_mode", "LayerNorm")
    if not (mode is None or isinstance(mode, str)) or mode == "BatchNorm2d":
        raise UserError(
            f"its network has normalize_mode={brief(mode)}; only LayerNorm, InstanceNorm2d, "
            "GroupNorm and none are known"
        )
    multiplier = values.get("lr_mul", 0.01)
    if type(multiplier) not in (int, float) or not 0 < multiplier < math.inf:
        raise UserError(f"its network has lr_mul={brief(multiplier)}, which is no rate")
    # The original normalises nothing for a name that it does not know.
    return {"norm": NORMS.get(mode), "mapping_lr_multiplier": multiplier}


def from_encoder_settings(values):
    """{}: the arrays tell all."""
    return {}


def generator_settings(generator):
    """Arguments of the original's `Generator`."""
    synthesis, mapping = generator.synthesis, generator.mapping
    names = {norm: name for name, norm in NORMS.items()}
    return {
        **encoder_settings(synthesis),
        "mapping_layer_num": mapping.num_layers,
        "lr_mul": mapping.lr_multiplier,
        "normalize_mode": names[synthesis.norm],
        "small_generator": synthesis.code_channels is not None,
    }


def encoder_settings(network):
    """Arguments that the original's `Generator` and `Encoder` share.

    Raises:
        UserError: a network that they cannot express.
    """
    height, width = network.resolution
    if height != width:
        raise UserError(
            f"official networks are square. Received: resolution=({height}, {width})"
        )
    code_channels = getattr(network, "code_channels", None)
    if code_channels not in (None, network.stylemap_channels):
        raise UserError(
            "official style codes have the channels of stylemaps or of levels. Received: "
            f"code_channels={code_channels}"
        )
    return {
        "size": height,
        "latent_spatial_size": network.stylemap_size,
        "style_dim": network.stylemap_channels,
    }
