"""Good files with random damage: refused in one line, or read as something valid."""

import random

import numpy as np
import pytest

from tests import golden_files as golden
from tests.checkpoints import official_files as files
from tests.checkpoints.pickle_writer import Name, encode
from tests.faults.damage import damaged
from tfgan_edit.checkpoints import nvidia_files, safetensors
from tfgan_edit.checkpoints.conversion import convert_network, find_networks, select
from tfgan_edit.checkpoints.files import read_checkpoint
from tfgan_edit.config import UserError

FILES = (
    "checkpoints/ada_uncond_16.pkl",
    "checkpoints/rosinality_zip.pt",
    "checkpoints/rosinality_legacy.pt",
    "checkpoints/stylegan2_tf.pkl",
    "checkpoints/storage_cases_zip.pt",
    "checkpoints/storage_cases_legacy.pt",
    "ada_d_resnet_cond_16.npz",
    SAFETENSORS := "rosinality_g_32 as safetensors",
)
READINGS, CONVERSIONS = 60, 4  # a file; conversions only of what could be read


def contents(name, folder):
    if name != SAFETENSORS:
        return (golden.FOLDER / name).read_bytes()
    arrays = golden.under(golden.load("rosinality_g_32")[0], "param/")
    safetensors.write(folder / "good", arrays, {"format": "pt"})
    return (folder / "good").read_bytes()


def read(path):
    """The checkpoint, or None where it was refused as it should be."""
    try:
        return read_checkpoint(path)
    except UserError as error:
        assert "\n" not in str(error) and len(str(error)) < 600
        return None


def convert(checkpoint, size):
    try:
        chosen = select(find_networks(checkpoint))
        networks = [convert_network(item, checkpoint, size).network for item in chosen.values()]
    except UserError as error:
        assert "\n" not in str(error) and len(str(error)) < 600
        return
    for network in networks:
        assert all(np.isfinite(np.asarray(weight)).all() for weight in network.weights)


@pytest.mark.parametrize("name", FILES)
def test_damaged_files(tmp_path, name):
    data = contents(name, tmp_path)
    source = random.Random(f"damage {name}")
    path, conversions, refusals = tmp_path / "file", 0, 0
    for _ in range(READINGS):
        path.write_bytes(damaged(data, source))
        checkpoint = read(path)
        refusals += checkpoint is None
        if checkpoint is not None and conversions < CONVERSIONS:
            conversions += 1
            convert(checkpoint, len(data))
    assert 0 < refusals


@pytest.mark.parametrize("name", FILES)
def test_cut_files(tmp_path, name):
    data = contents(name, tmp_path)
    path = tmp_path / "file"
    for part in np.linspace(1, len(data) - 1, 40, dtype=int):
        path.write_bytes(data[:part])
        assert read(path) is None


SNIPPETS = [
    *(encode(value) for value in (None, True, 0, 3, 2**40, 1.5, "x", "<", "f4", b"abcd", (2,), ())),
    *(encode(value) for value in ({}, [], [1, [2]], {"a": 1}, ("storage", 1), (1, (2,), 3))),
    *(encode(Name(*name.rsplit(".", 1))) for name in nvidia_files.CONSTRUCTORS),
    *(b"(", b"0", b"1", b"a", b"e", b"s", b"u", b"t", b"\x85", b"\x86", b"\x87", b"b", b"R"),
    *(b"R", b"\x81", b"\x90", b"\x93", b"\x94", b"h\x00", b"h\x01", b"q\x00", b"q\x01", b"Q"),
    encode(files.numpy_value(np.ones(2, np.float32))),
    encode(files.own_storage(np.ones(2, np.float32), parameter=True)),
    encode(files.tf_network({"x": np.ones(2, np.float32)})),
    encode(files.persistent_module("G", {"x": np.ones(2, np.float32)}, {})),
]


@pytest.mark.parametrize("seed", range(10))
def test_random_programs(tmp_path, seed):
    """Allowed instructions and names in any order."""
    source = random.Random(seed)
    path, read_well = tmp_path / "file", 0
    for _ in range(150):
        code = b"".join(source.choices(SNIPPETS, k=source.randrange(1, 12)))
        path.write_bytes(b"\x80\x02" + code + b".")
        checkpoint = read(path)
        if checkpoint is not None:
            read_well += 1
            convert(checkpoint, len(code))
    assert read_well > 0
