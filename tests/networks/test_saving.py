"""Networks of presets, saved as `.keras`: `keras.saving.load_model` in a new process."""

import os
import pathlib
import re
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfgan_edit
from tests.cases import assert_close
from tests.networks.every_network import feature_networks, networks
from tfgan_edit.layers.registration import PACKAGE

ROOT = pathlib.Path(__file__).parents[2]


def in_a_new_process(made, folder):
    """{name: (outputs there, outputs here)} of {name: (network, arguments)}, by way of presets."""
    roles = {name: network for name, (network, _) in made.items()}
    tfgan_edit.save_preset(folder / "preset", roles, config={}, metadata={})
    loaded = tfgan_edit.load_preset(folder / "preset").networks
    for name, (_, inputs) in made.items():
        loaded[name].save(folder / f"{name}.keras")
        np.savez(folder / f"{name}.inputs.npz", **inputs)
    script = pathlib.Path(__file__).with_name("load_saved.py")
    process = subprocess.run(
        [sys.executable, str(script), str(folder)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert process.returncode == 0, process.stderr[-2000:]
    found = {}
    for name, (network, inputs) in made.items():
        with np.load(folder / f"{name}.outputs.npz") as outputs:
            found[name] = list(outputs.values()), tf.nest.flatten(network(*inputs.values()))
    return found


@pytest.fixture(scope="module")
def trained():
    return networks()


@pytest.fixture(scope="module")
def frozen():
    return feature_networks()


@pytest.mark.parametrize("kind", ("trained", pytest.param("frozen", marks=pytest.mark.large)))
def test_a_new_process_computes_the_same(kind, request, tmp_path):
    made = request.getfixturevalue(kind)
    for name, (outputs, expected) in in_a_new_process(made, tmp_path).items():
        assert len(outputs) == len(expected) > 0, name
        for number, pair in enumerate(zip(outputs, expected)):
            assert_close(*pair, 1e-6, f"{name}[{number}]")


def test_no_network_is_left_out(trained):
    """All classes that a preset or a `.keras` file of a trained network can name."""
    registered = {
        cls
        for name, cls in keras.saving.get_custom_objects().items()
        if name.startswith(f"{PACKAGE}>")
        and issubclass(cls, keras.Model)
        and re.fullmatch(r"tfgan_edit\.networks\.\w+", cls.__module__)
    }
    reached = {
        type(layer) for network, _ in trained.values() for layer in network._flatten_layers()
    }
    assert len(registered) > 20
    assert not {cls.__name__ for cls in registered - reached}
