"""GANs N' Roses: key maps, sizes and settings of the published checkpoints.

Names of layers are rosinality's. A file holds a network for each direction and domain: `G_A2B`,
`G_B2A`, their averages `…_ema`, `D_A`, `D_B` and the styles' `D_L`. Whether it is of the code line
"main" or "train" is told by the kernels of the contents and by what the global head reads.
"""

from tfgan_edit.checkpoints.key_map import Fixed, flatten_dense, rows
from tfgan_edit.checkpoints.stylegan2 import (
    CONV_LAYER,
    DENSE_LAYER,
    ROSINALITY_CONV_LAYER,
    ROSINALITY_DOWN_LAYER,
    ROSINALITY_SYNTHESIS_LAYER,
    ROSINALITY_TO_RGB,
    fir_filter,
    rosinality_block,
)
from tfgan_edit.checkpoints.stylegan2_settings import _chosen
from tfgan_edit.checkpoints.stylegan2_sizes import MAX_RESOLUTION, Shapes, check_size
from tfgan_edit.config import UserError
from tfgan_edit.networks.gans_n_roses import (
    CONTENT_KERNEL,
    GLOBAL_LEVEL,
    HEADS,
    MIN_RESOLUTION,
    STYLE_LEVEL,
)

STYLED_LAYER = tuple(row for row in ROSINALITY_SYNTHESIS_LAYER if row[1] != "noise_strength")
SETTINGS = {  # of the originals' constructors; the arrays tell all but the mapping's rate
    **dict.fromkeys(("size", "num_down", "latent_dim", "n_mlp", "n_res", "channel_multiplier")),
    "lr_mlp": "mapping_lr_multiplier",
}


# === Maps ===


def generator_map(generator):
    """Rows of a generator: `mapping.…`, `encoder.…`, `adain_bottleneck.…`, `convs.…`.

    Args:
        generator: a `GansNRosesGenerator`.

    Returns:
        List of `Entry` and `Fixed`.
    """
    entries = []
    for i, layer in enumerate(generator.mapping.dense_layers):
        entries += rows(f"mapping.{i}.", layer, DENSE_LAYER)
    return entries + _encoder(generator.encoder) + _decoder(generator.decoder)


def _encoder(encoder):
    fir = fir_filter(encoder)
    entries = rows("encoder.stem.0.", encoder.downs[0].fromrgb, ROSINALITY_CONV_LAYER)
    for i, block in enumerate(encoder.downs, start=1):
        entries += rosinality_block(f"encoder.stem.{i}.", block, fir)
    for i, block in enumerate(encoder.blocks, start=1 + len(encoder.downs)):
        entries += rows(f"encoder.stem.{i}.conv1.", block.conv0, ROSINALITY_CONV_LAYER)
        entries += rows(f"encoder.stem.{i}.conv2.", block.conv1, ROSINALITY_CONV_LAYER)
    for i, layer in enumerate(encoder.contents):
        entries += rows(f"encoder.content.{i}.", layer, ROSINALITY_CONV_LAYER)
    for i, layer in enumerate(encoder.style_downs):
        entries += rows(f"encoder.style.{i}.", layer, ROSINALITY_DOWN_LAYER)
        entries.append(Fixed(f"encoder.style.{i}.0.kernel", fir))
    dense = 1 + len(encoder.style_downs)  # behind the flatten
    width = encoder.content_shape[2]
    entries += _flattened(f"encoder.style.{dense}.", encoder.style_dense, STYLE_LEVEL, width)
    return entries + rows(f"encoder.style.{dense + 1}.", encoder.style_out, DENSE_LAYER)


def _decoder(decoder):
    fir = fir_filter(decoder, gain=4)
    entries = []
    for i, block in enumerate(decoder.blocks):
        entries += rows(f"adain_bottleneck.{i}.conv1.", block.conv0, STYLED_LAYER)
        entries += rows(f"adain_bottleneck.{i}.conv2.", block.conv1, STYLED_LAYER)
    entries += rows("conv1.", decoder.conv, STYLED_LAYER)
    entries += rows("to_rgb1.", decoder.torgb, ROSINALITY_TO_RGB)
    for i, block in enumerate(decoder.ups):
        entries += rows(f"convs.{2 * i}.", block.conv0, STYLED_LAYER)
        entries += rows(f"convs.{2 * i + 1}.", block.conv1, STYLED_LAYER)
        entries += rows(f"to_rgbs.{i}.", block.torgb, ROSINALITY_TO_RGB)
        entries.append(Fixed(f"convs.{2 * i}.conv.blur.kernel", fir))
        entries.append(Fixed(f"to_rgbs.{i}.upsample.kernel", fir))
    return entries


def discriminator_map(discriminator):
    """Rows of a `GansNRosesDiscriminator`: `l_branch.…`, `g_branch.…`, `g_adv.…`, `g_final.…`."""
    fir = fir_filter(discriminator)
    entries = _trunk("l_branch.", discriminator.local_trunk, fir)
    last = len(discriminator.local_trunk) + 1
    entries += rows(f"l_branch.{last}.0.", discriminator.local_logits, CONV_LAYER)
    entries += _trunk("g_branch.", discriminator.global_trunk, fir)
    width = discriminator.channels[4]
    if discriminator.variant == "main":
        entries += rows("g_adv.0.", discriminator.global_logits, CONV_LAYER)
        entries += rows("g_std.0.", discriminator.down, ROSINALITY_DOWN_LAYER)
        entries.append(Fixed("g_std.0.0.kernel", fir))
        entries += _flattened("g_std.2.", discriminator.dense, 4, width)
    else:
        last = len(discriminator.global_trunk) + 2  # behind the flatten
        entries += _flattened(f"g_branch.{last}.", discriminator.dense, 4, width)
        entries += rows("g_adv.", discriminator.global_logits, DENSE_LAYER)
    return entries + rows("g_final.", discriminator.diversity_logits, DENSE_LAYER)


def _trunk(prefix, blocks, fir):
    entries = rows(f"{prefix}0.", blocks[0].fromrgb, ROSINALITY_CONV_LAYER)
    for i, block in enumerate(blocks, start=1):
        entries += rosinality_block(f"{prefix}{i}.", block, fir)
    return entries


def _flattened(prefix, layer, side, channels):
    layout = flatten_dense(side, side, channels)
    table = (("weight", "kernel", layout), *DENSE_LAYER[1:])
    return rows(prefix, layer, table)


def style_discriminator_map(discriminator):
    """Rows of a `StyleDiscriminator`: `fc.0.…` up to `fc.5.…`."""
    entries, count = [], discriminator.num_layers
    for i, layer in enumerate(discriminator.dense_layers):
        entries += rows(f"fc.{i}.", layer, DENSE_LAYER)
    entries += rows(f"fc.{count}.fc.", discriminator.dense, DENSE_LAYER)
    return entries + rows(f"fc.{count + 1}.", discriminator.logits, DENSE_LAYER)


# === Sizes: arguments of our constructors that the arrays of a file tell ===


def generator_sizes(arrays):
    """Arguments of `GansNRosesGenerator`."""
    shape = Shapes(arrays)
    trunk = _trunk_widths(shape, "encoder.stem.")
    halvings = len(trunk) - 1
    blocks = 0
    while f"encoder.stem.{len(trunk) + blocks}.conv1.0.weight" in shape:
        blocks += 1
    styled = 0
    while f"encoder.style.{styled}.1.weight" in shape:
        styled += 1
    kernel = shape("encoder.content.0.0.weight", 4)[2]
    variants = [name for name, size in CONTENT_KERNEL.items() if size == kernel]
    if not variants:
        raise UserError(f"its content is read by kernels of {kernel}x{kernel}; known: 1 and 3")
    channels = _channels(trunk, STYLE_LEVEL * 2 ** (styled + halvings))
    w_dim, style_dim = shape("mapping.0.weight", 2)
    mapping_layers = shape.count("mapping.{}.weight")
    others = (mapping_layers + 3) * w_dim**2 + 18 * (2 * blocks + styled) * trunk[-1] ** 2
    check_size(arrays, channels, others)
    return {
        "resolution": max(channels),
        "style_dim": style_dim,
        "w_dim": w_dim,
        "variant": variants[0],
        "num_downsamplings": halvings,
        "mapping_layers": mapping_layers,
        "img_channels": shape("encoder.stem.0.0.weight", 4)[1],
        "num_res_blocks": blocks,
        "channels": channels,
    }


def discriminator_sizes(arrays):
    """Arguments of `GansNRosesDiscriminator`."""
    shape = Shapes(arrays)
    variant = "main" if "g_adv.0.weight" in shape else "train"
    trunk = _trunk_widths(shape, "g_branch.")
    resolution = GLOBAL_LEVEL[variant] * 2 ** (len(trunk) - 1)
    if variant == "main":
        trunk = [*trunk, shape("g_std.0.1.weight", 4)[0]]
    channels = _channels(trunk, resolution)
    local = len(_trunk_widths(shape, "l_branch.")) - 1
    hidden_dim = shape("g_final.weight", 2)[1]
    check_size(arrays, channels, 16 * trunk[-1] * hidden_dim)
    return {
        "resolution": resolution,
        "variant": variant,
        "hidden_dim": hidden_dim,
        "local_level": resolution >> local,
        "img_channels": shape("g_branch.0.0.weight", 4)[1],
        "channels": channels,
    }


def style_discriminator_sizes(arrays):
    """Arguments of `StyleDiscriminator`."""
    shape = Shapes(arrays)
    hidden_dim, style_dim = shape("fc.0.weight", 2)
    num_layers = shape.count("fc.{}.weight")
    check_size(arrays, {4: 1}, num_layers * hidden_dim**2)
    return {"style_dim": style_dim, "hidden_dim": hidden_dim, "num_layers": num_layers}


def _trunk_widths(shape, prefix):
    """Widths of the levels that a trunk passes, finest first."""
    trunk = [shape(f"{prefix}0.0.weight", 4)[0]]
    while f"{prefix}{len(trunk)}.skip.1.weight" in shape:
        trunk.append(shape(f"{prefix}{len(trunk)}.skip.1.weight", 4)[0])
    return trunk


def _channels(trunk, resolution):
    """{level: width} of a trunk that begins at `resolution`."""
    if len(trunk) < 2 or not MIN_RESOLUTION <= resolution <= MAX_RESOLUTION:
        raise UserError(
            f"its layers are those of {resolution} px and {len(trunk) - 1} halvings; expected "
            f"{MIN_RESOLUTION} to {MAX_RESOLUTION} px and at least one"
        )
    return {resolution >> i: width for i, width in enumerate(trunk)}


# === Settings: from and to the original constructors ===


def from_generator(settings):
    """Arguments of our generator that no array tells."""
    return {"mapping_lr_multiplier": 0.01, **_chosen(settings, SETTINGS)}


def from_others(settings):
    """{}: arrays tell all arguments of our discriminators."""
    _chosen(settings, SETTINGS)
    return {}


def generator_settings(generator):
    """Arguments of the original's `Generator`."""
    return {
        "size": generator.resolution[0],
        "num_down": generator.encoder.num_downsamplings,
        "latent_dim": generator.style_dim,
        "n_mlp": generator.mapping.num_layers,
        "n_res": generator.encoder.num_res_blocks,
        "lr_mlp": generator.mapping.lr_multiplier,
    }


def discriminator_settings(discriminator):
    """The same of its `Discriminator`.

    Raises:
        UserError: it lacks a head.
    """
    if discriminator.heads != HEADS:
        raise UserError(
            f"official discriminators have the heads {', '.join(HEADS)}. "
            f"Received: heads={discriminator.heads}"
        )
    return {"size": discriminator.resolution[0]}


def style_discriminator_settings(discriminator):
    """The same of its discriminator of latents."""
    return {"latent_dim": discriminator.style_dim}
