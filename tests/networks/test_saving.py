"""`model.save("x.keras")` here, `keras.saving.load_model` in a new process."""

import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest

from tests.cases import assert_close
from tests.networks import golden_networks
from tfgan_edit.networks.mapping import MappingNetwork
from tfgan_edit.networks.mobilestylegan import MobileStyleGAN
from tfgan_edit.networks.pix2pixhd import Pix2PixHDGenerator
from tfgan_edit.networks.stylegan import StyleGANGenerator
from tfgan_edit.networks.stylegan2 import (
    StyleGAN2Discriminator,
    StyleGAN2Generator,
    StyleGAN2Synthesis,
)

ROOT = pathlib.Path(__file__).parents[2]
TINY = {"channels": {4: 6, 8: 5, 16: 4}}


def sample(*shape):
    return np.random.default_rng(1).normal(size=shape).astype(np.float32)


def networks():
    """{name: (network, inputs)}: every class, and golden weights."""
    generator, arrays, _ = golden_networks.ada_generator("ada_g_skip_cond_16")
    generator_inputs = {"z": arrays["in/z"], "labels": arrays["in/c"]}
    discriminator, arrays, _ = golden_networks.ada_discriminator("ada_d_resnet_cond_16")
    images = np.transpose(arrays["in/img"], (0, 2, 3, 1))
    return {
        "generator": (generator, generator_inputs),
        "discriminator": (discriminator, {"images": images, "labels": arrays["in/c"]}),
        "tall": (
            StyleGAN2Generator((24, 16), 5, 6, architecture="resnet", **TINY),
            {"z": sample(2, 5)},
        ),
        "half": (
            StyleGAN2Discriminator(16, dtype="mixed_bfloat16", freeze_layers=3, **TINY),
            {"images": sample(4, 16, 16, 3)},
        ),
        "mobilestylegan": (MobileStyleGAN(32, 5, 6, channel_max=8), {"z": sample(2, 5)}),
        "stylegan": (StyleGANGenerator(16, 5, 6, **TINY), {"z": sample(2, 5)}),
        "pix2pixhd": (
            Pix2PixHDGenerator(width=4, num_downsamplings=2, num_blocks=1),
            {"images": sample(1, 16, 16, 3)},
        ),
        "mapping": (MappingNetwork(5, 6, num_ws=3), {"z": sample(2, 5)}),
        "synthesis": (StyleGAN2Synthesis(16, 6, **TINY), {"w_plus": sample(2, 6, 6)}),
    }


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Saves all networks, loads them in one new process; returns {name: both outputs}."""
    folder = tmp_path_factory.mktemp("saved")
    expected = {}
    for name, (network, inputs) in networks().items():
        network.save(folder / f"{name}.keras")
        np.savez(folder / f"{name}.inputs.npz", **inputs)
        expected[name] = network(**inputs).numpy()
    script = pathlib.Path(__file__).with_name("load_saved.py")
    process = subprocess.run(
        [sys.executable, str(script), str(folder)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert process.returncode == 0, process.stderr[-2000:]
    return {
        name: (np.load(folder / f"{name}.outputs.npy"), value)
        for name, value in expected.items()
    }


@pytest.mark.parametrize(
    "name",
    (
        *("generator", "discriminator", "tall", "half", "mapping", "synthesis"),
        *("mobilestylegan", "stylegan", "pix2pixhd"),
    ),
)
def test_a_new_process_computes_the_same(saved, name):
    assert_close(*saved[name], 1e-6)
