"""States in PyTorch's layout and names for networks of ours, with random batch normalisation."""

import keras
import numpy as np

from tests.checkpoints.official_files import torch_stream
from tfgan_edit.networks.features.frozen import ChannelAffine


def random_state(network, names_of, seed=0):
    """{name: array} that `features.fill(network, …, names_of)` reads; kernels of unit gain."""
    random = np.random.default_rng(seed)
    state = {}
    for layer in network.layers:
        if not layer.weights:
            continue
        names = names_of(layer.name)
        if isinstance(layer, keras.layers.PReLU):
            state[f"{names.layer}.weight"] = random.uniform(0, 0.5, layer.alpha.shape[-1])
            continue
        if isinstance(layer, ChannelAffine):
            state |= _norm(names.layer, layer.scale.shape[0], random)
            continue
        kernel = random.standard_normal(layer.kernel.shape)
        kernel /= np.sqrt(np.prod(kernel.shape[:-1]))
        if isinstance(layer, keras.layers.DepthwiseConv2D):
            kernel = kernel.transpose(2, 3, 0, 1) * np.sqrt(kernel.shape[2])
        elif isinstance(layer, keras.layers.Conv2D):
            kernel = kernel.transpose(3, 2, 0, 1)
        else:
            kernel = kernel.T
        state[f"{names.layer}.weight"] = kernel
        if not layer.use_bias:
            continue
        size = layer.bias.shape[0]
        if names.norm is None or names.layer == "output_layer.3":  # ArcFace's last has both
            state[f"{names.layer}.bias"] = random.standard_normal(size)
        if names.norm is not None:
            state |= _norm(names.norm, size, random)
    return {name: array.astype(np.float32) for name, array in state.items()}


def _norm(name, size, random):
    return {
        f"{name}.weight": random.uniform(0.5, 1.5, size),
        f"{name}.bias": random.standard_normal(size),
        f"{name}.running_mean": random.standard_normal(size),
        f"{name}.running_var": random.uniform(0.5, 1.5, size),
        f"{name}.num_batches_tracked": np.array(7.0),
    }


def write_state(path, state):
    """A file as `torch.save` wrote them before version 1.6."""
    path.write_bytes(torch_stream(state))
    return path
