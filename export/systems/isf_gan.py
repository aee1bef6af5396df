"""ISF-GAN: latent + attributes + z -> latent, in front of a StyleGAN's file that reads latents."""

import numpy as np

from export.serving import Port, ServingGraph, Signature, normal, serves, standard_normal
from tfgan_edit.networks.isf_gan import ImplicitStyleFunction


@serves(ImplicitStyleFunction, role="style_function")
def style_function(preset, network, options):
    """Latent, target and noise to latent."""
    options.refuse(preset.path, "resolution", "latent", "truncation", "noise")
    shape = (1, network.num_ws, network.w_dim)
    latent = Port("w_plus", "latent", shape, None, "a row a layer", standard_normal(shape))
    edited = Port("edited", "latent", shape, None, "the latent that shows the attributes")
    names = ", ".join(network.label_names)
    shape = (1, len(network.label_names))
    labels = Port("labels", "condition", shape, (0.0, 1.0), f"0 or 1: {names}", _binary(shape))
    shape = (1, network.z_dim)
    z = normal("z", shape)
    return ServingGraph(
        system="isf_gan",
        task="latent_to_latent",
        signatures=(Signature("edit", (latent, labels, z), (edited,), network),),
        networks=(network,),
    )


def _binary(shape):
    return lambda random: random.randint(0, 2, shape).astype(np.float32)
