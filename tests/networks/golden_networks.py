"""The networks of the golden files, filled with their weights."""

from tests import golden_files as golden
from tfgan_edit.checkpoints import stylegan2 as checkpoint
from tfgan_edit.checkpoints.key_map import assign_weights
from tfgan_edit.networks.stylegan2 import StyleGAN2Discriminator, StyleGAN2Generator


def ada_generator(name):
    """Returns (generator, arrays, meta) of a StyleGAN2-ADA golden file."""
    arrays, meta = golden.load(name)
    options = meta["ctor"]
    generator = StyleGAN2Generator(
        options["img_resolution"],
        z_dim=options["z_dim"],
        w_dim=options["w_dim"],
        label_dim=options["c_dim"],
        img_channels=options["img_channels"],
        mapping_layers=options["mapping_kwargs"]["num_layers"],
        **options["synthesis_kwargs"],
    )
    entries = checkpoint.pytorch_ada_generator_map(generator)
    assign_weights(generator, entries, golden.under(arrays, "param/"))
    return generator, arrays, meta


def ada_discriminator(name):
    arrays, meta = golden.load(name)
    options = meta["ctor"]
    discriminator = StyleGAN2Discriminator(
        options["img_resolution"],
        label_dim=options["c_dim"],
        img_channels=options["img_channels"],
        channel_base=options["channel_base"],
        channel_max=options["channel_max"],
        group_size=options["epilogue_kwargs"]["mbstd_group_size"],
        mapping_layers=options.get("mapping_kwargs", {}).get("num_layers", 8),
    )
    entries = checkpoint.pytorch_ada_discriminator_map(discriminator)
    assign_weights(discriminator, entries, golden.under(arrays, "param/"))
    return discriminator, arrays, meta


def rosinality_generator():
    arrays, meta = golden.load("rosinality_g_32")
    options = meta["ctor"]
    generator = StyleGAN2Generator(
        options["size"],
        z_dim=options["style_dim"],
        w_dim=options["style_dim"],
        mapping_layers=options["n_mlp"],
        channels=meta["channels"],
    )
    state = golden.under(arrays, "param/")
    state["latent_avg"] = arrays["in/truncation_latent"]
    entries = checkpoint.rosinality_generator_map(generator)
    assign_weights(generator, entries, state)
    return generator, arrays, meta


def rosinality_discriminator():
    arrays, meta = golden.load("rosinality_d_32")
    discriminator = StyleGAN2Discriminator(
        meta["ctor"]["size"], channels=meta["channels"], group_size=4
    )
    entries = checkpoint.rosinality_discriminator_map(discriminator)
    assign_weights(discriminator, entries, golden.under(arrays, "param/"))
    return discriminator, arrays, meta
