"""A StyleMapGAN of 16 px whose encoder and generator are random."""

import keras
import numpy as np

from tfgan_edit.networks.stylemapgan import StyleMapGANEncoder, StyleMapGANGenerator
from tfgan_edit.preset import load_preset, save_preset

SIZES = {"resolution": 16, "stylemap_size": 4, "stylemap_channels": 3, "channel_max": 6}


def save_stylemapgan(folder, **encoder):
    """A preset of it, loaded; arguments replace those of the encoder."""
    keras.utils.set_random_seed(5)
    networks = {
        "generator": StyleMapGANGenerator(mapping_layers=2, name="generator", **SIZES),
        "encoder": StyleMapGANEncoder(name="encoder", **{**SIZES, **encoder}),
    }
    random = np.random.RandomState(5)
    for network in networks.values():
        for weight in network.weights:
            weight.assign_add(0.1 * random.randn(*weight.shape))
    metadata = {"method": "stylemapgan", "data": {"resolution": [16, 16]}}
    save_preset(folder, networks, config={}, metadata=metadata)
    return load_preset(folder)
