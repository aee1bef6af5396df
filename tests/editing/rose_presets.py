"""A tiny preset of GANs N' Roses whose outputs differ from style to style."""

import keras
import numpy as np

from tfgan_edit.networks.gans_n_roses import GansNRosesGenerator
from tfgan_edit.preset import save_preset

SIDE, STYLE_DIM, W_DIM = 16, 3, 6


def rose_generator(seed):
    keras.utils.set_random_seed(seed)
    generator = GansNRosesGenerator(
        SIDE,
        style_dim=STYLE_DIM,
        w_dim=W_DIM,
        num_downsamplings=2,
        mapping_layers=2,
        channels={4: 6, 8: 6, 16: 6},
    )
    random = np.random.RandomState(seed)
    for weight in generator.weights:
        weight.assign_add(0.2 * random.randn(*weight.shape))
    return generator


def save_roses(folder, backward=True, data=None):
    """Writes the preset; `data` is that of its recipe."""
    networks = {"generator": rose_generator(1)}
    if backward:
        networks["backward_generator"] = rose_generator(2)
    config = {} if data is None else {"data": data}
    return save_preset(folder, networks, config=config, metadata={"method": "gans_n_roses"})
