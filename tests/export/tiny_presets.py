"""Presets of networks of a few channels, with weights off their initial values."""

import numpy as np

from tfgan_edit.networks.gans_n_roses import GansNRosesGenerator
from tfgan_edit.networks.isf_gan import ImplicitStyleFunction
from tfgan_edit.networks.mobile_pix2pixhd import MobilePix2PixHDGenerator
from tfgan_edit.networks.mobilestylegan import MobileStyleGAN
from tfgan_edit.networks.pix2pixhd import Pix2PixHDGenerator, Pix2PixHDLocalEnhancer
from tfgan_edit.networks.stylegan import StyleGANGenerator
from tfgan_edit.networks.stylegan2 import StyleGAN2Discriminator, StyleGAN2Generator
from tfgan_edit.preset import save_preset

TRANSLATOR = {"width": 4, "num_downsamplings": 2, "num_blocks": 1}
FACES = {"channel_max": 8, "z_dim": 8, "w_dim": 8, "mapping_layers": 2}
ROSES = {
    "w_dim": 8,
    "num_downsamplings": 2,
    "mapping_layers": 2,
    "channels": dict.fromkeys((8, 16, 32), 8),
}
FUNCTION = {"w_dim": 8, "z_dim": 4, "hidden_dim": 8}
PHOTOS = {"data": {"resolution": [16, 16]}}
LABELS = {"inputs": {"planes": ["labels", "edges"], "num_labels": 5}, **PHOTOS}
NETWORKS = {  # name: (function that makes it, metadata)
    "translator": (lambda: Pix2PixHDGenerator(**TRANSLATOR), PHOTOS),
    "any_size": (lambda: Pix2PixHDGenerator(**TRANSLATOR), {}),
    "enhancer": (lambda: Pix2PixHDLocalEnhancer(num_local_blocks=1, **TRANSLATOR), PHOTOS),
    "mixer": (lambda: Pix2PixHDGenerator(in_channels=6, **TRANSLATOR), PHOTOS),
    "labels": (lambda: Pix2PixHDGenerator(in_channels=6, **TRANSLATOR), LABELS),
    "planes": (lambda: Pix2PixHDGenerator(in_channels=7, **TRANSLATOR), PHOTOS),
    "student": (lambda: MobilePix2PixHDGenerator(norm="demodulated", **TRANSLATOR), PHOTOS),
    "stylegan": (lambda: StyleGANGenerator(16, **FACES), {}),
    "stylegan2": (lambda: StyleGAN2Generator(16, **FACES), {}),
    "mobilestylegan": (lambda: MobileStyleGAN(32, **FACES), {}),
    "classes": (lambda: StyleGAN2Generator(16, label_dim=3, **FACES), {}),
    "half": (lambda: StyleGAN2Generator(16, dtype="mixed_bfloat16", **FACES), {}),
    "gans_n_roses": (lambda: GansNRosesGenerator(32, **ROSES), {}),
    "isf_gan": (lambda: ImplicitStyleFunction(6, ["smile", "hair"], **FUNCTION), {}),
    "critic": (lambda: StyleGAN2Discriminator(16, channel_max=8), {}),
}


def save(folder, name):
    """Writes the preset `name` below a folder and returns its path."""
    make, metadata = NETWORKS[name]
    network = make()
    random = np.random.RandomState(0)
    for weight in network.weights:
        weight.assign_add(0.3 * random.randn(*weight.shape))
    metadata = {"method": name, **metadata}
    role = "style_function" if name == "isf_gan" else "generator"
    return save_preset(folder / name, {role: network}, config={}, metadata=metadata)
