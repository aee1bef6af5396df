"""StyleGAN and StyleGAN2: z, w or w_plus -> photo."""

import numpy as np
import tensorflow as tf

from export.serving import (
    LATENTS,
    NOISE,
    Port,
    ServingGraph,
    Signature,
    hidden_zero,
    normal,
    photo,
    serves,
    to_photo,
)
from tfgan_edit.networks.stylegan import StyleGANGenerator
from tfgan_edit.networks.stylegan2 import StyleGAN2Generator


@serves(StyleGANGenerator, StyleGAN2Generator)
def generator(preset, network, options):
    """Latent of the chosen kind to photo."""
    options.refuse(preset.path, "resolution")
    latent, noise = options.latent or LATENTS[0], options.noise or NOISE[0]
    truncation = 1.0 if options.truncation is None else options.truncation
    inputs = _inputs(network, latent)

    def w_plus_of(latents, labels=None):
        if latent == "z":
            return network.mapping(latents, labels, truncation=truncation)
        if latent == "w":
            latents = tf.repeat(latents[:, tf.newaxis], network.num_ws, axis=1)
        return network.mapping.truncate(latents, truncation)

    def generate(latents, *labels):
        maps = noise
        if noise == "constant":
            zero = hidden_zero(latents)
            maps = [constant + zero for constant in network.synthesis.noise_constants]
        return to_photo(network.synthesis(w_plus_of(latents, *labels), noise=maps))

    height, width = network.resolution
    output = photo("photo", height, width, network.img_channels, "the generated picture")
    return ServingGraph(
        system="stylegan2" if isinstance(network, StyleGAN2Generator) else "stylegan",
        task=f"{latent}_to_photo",
        signatures=(Signature("generate", inputs, (output,), generate),),
        networks=(network,),
        choices={"latent": latent, "truncation": truncation, "noise": noise},
    )


def _inputs(network, latent):
    def draw(random):  # of the distribution that the mapping makes of z
        z = random.randn(1, network.z_dim).astype(np.float32)
        labels = _one_class(network.label_dim, random) if network.label_dim else None
        w_plus = network.mapping(z, labels)
        return (w_plus if latent == "w_plus" else w_plus[:, 0]).numpy()

    if latent == "z":
        shape = (1, network.z_dim)
        ports = [normal("z", shape)]
        if network.label_dim:
            shape = (1, network.label_dim)
            ports.append(
                Port("labels", "condition", shape, (0.0, 1.0), "1 for the class, else 0",
                     lambda random: _one_class(network.label_dim, random))
            )
        return tuple(ports)
    if latent == "w":
        shape, about = (1, network.w_dim), "for all layers"
    else:
        shape, about = (1, network.num_ws, network.w_dim), "a row a layer"
    return (Port(latent, "latent", shape, None, about, draw),)


def _one_class(label_dim, random):
    return np.eye(label_dim, dtype=np.float32)[[random.randint(label_dim)]]
