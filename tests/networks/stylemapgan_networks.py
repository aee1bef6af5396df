"""The networks of StyleMapGAN's golden files, filled with their weights."""

import functools

from tests import golden_files as golden
from tfgan_edit.checkpoints import stylemapgan as checkpoint
from tfgan_edit.checkpoints.key_map import assign_weights
from tfgan_edit.checkpoints.stylegan2 import rosinality_discriminator_map
from tfgan_edit.networks.stylegan2 import StyleGAN2Discriminator
from tfgan_edit.networks.stylemapgan import StyleMapGANEncoder, StyleMapGANGenerator

NAMES = ("stylemapgan_full_32_s8", "stylemapgan_small_64_s8")


@functools.cache
def load(name):
    """(networks by role, arrays, meta) of a golden file."""
    arrays, meta = golden.load(name)
    options = meta["ctor"]
    sizes = {
        "resolution": options["size"],
        "stylemap_size": options["latent_spatial_size"],
        "stylemap_channels": options["style_dim"],
        "channels": meta["channels"],
    }
    generator = StyleMapGANGenerator(
        **sizes,
        mapping_layers=options["mapping_layer_num"],
        code_channels=options["style_dim"] if options["small_generator"] else None,
    )
    networks = {
        "generator": (generator, checkpoint.generator_map, "g_ema"),
        "encoder": (StyleMapGANEncoder(**sizes), checkpoint.encoder_map, "e_ema"),
        "discriminator": (
            StyleGAN2Discriminator(options["size"], channels=meta["channels"]),
            rosinality_discriminator_map,
            "discriminator",
        ),
    }
    for network, rows, official in networks.values():
        assign_weights(network, rows(network), golden.under(arrays, f"param/{official}/"))
    return {role: network for role, (network, *_) in networks.items()}, arrays, meta


def kept(arrays, meta, key):
    """(which samples, expected NHWC) of an output, of which files keep some samples."""
    first, end = meta["kept"].get(key, {}).get("samples", (0, None))
    return slice(first, end), golden.nhwc(arrays[f"out/{key}"])
