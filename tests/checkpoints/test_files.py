"""Reading checkpoint files: every storage, every format, and what is none."""

import gzip
import io
import pickle
import struct
import tracemalloc
import zipfile

import ml_dtypes
import numpy as np
import pytest

from tests import golden_files as golden
from tests.checkpoints import official_files as files
from tests.checkpoints.pickle_writer import Call, Name, Raw, dumps, encode
from tfgan_edit.checkpoints import kinds, safetensors
from tfgan_edit.checkpoints.conversion import find_networks
from tfgan_edit.checkpoints.files import read_checkpoint
from tfgan_edit.config import UserError
from tfgan_edit.networks.stylegan2 import StyleGAN2Discriminator

CHECKPOINTS = golden.FOLDER / "checkpoints"


@pytest.fixture
def read(tmp_path):
    """read(bytes) -> the checkpoint."""

    def read(data):
        path = tmp_path / "file"
        path.write_bytes(data)
        return read_checkpoint(path)

    return read


@pytest.mark.parametrize("serialisation", ("zip", "legacy"))
def test_every_storage(serialisation):
    """Transposed, sliced, channels-last, expanded, half, bfloat16, integer, bool, empty …"""
    checkpoint = read_checkpoint(CHECKPOINTS / f"storage_cases_{serialisation}.pt")
    states = {state.path: state.arrays for state in checkpoint.states}
    arrays = {
        f"{path}/{name}".lstrip("/"): array
        for path, group in states.items()
        for name, array in group.items()
    }
    expected = golden.under(golden.load("checkpoints/storage_cases_expected")[0], "out/")
    for name, value in expected.items():
        actual = arrays.pop({"nested/list": "nested/list/0"}.get(name, name))
        if name == "bfloat16":
            assert actual.dtype == ml_dtypes.bfloat16
            actual = actual.astype(np.float32)
        assert (actual.dtype, actual.shape) == (value.dtype, value.shape), name
        np.testing.assert_array_equal(actual, value, name)
    assert not arrays
    plain = states[""]["plain"]
    assert not plain.flags.writeable and not plain.flags.owndata  # a view of the file


@pytest.mark.parametrize("form", ("TensorFlow pickle", "persistent pickle", "zip", "legacy", "npz"))
def test_a_large_file_is_read_in_at_most_twice_its_size(form, tmp_path):
    """Arrays are views of the mapped file where they can be; copies come one at a time."""
    arrays = {f"b{i}.weight": np.full([256, 256, 3, 3], i, np.float32) for i in range(4)}
    path = tmp_path / "file"
    path.write_bytes(
        {
            "TensorFlow pickle": lambda: files.tf_pickle(*3 * [files.tf_network(arrays)]),
            "persistent pickle": lambda: files.ada_pickle({"G_ema": (arrays, {})}),
            "zip": lambda: files.torch_zip({"g_ema": arrays}),
            "legacy": lambda: files.torch_stream({"g_ema": arrays}),
            "npz": lambda: files.npz(arrays, compressed=False),
        }[form]()
    )
    tracemalloc.start()
    try:
        checkpoint = read_checkpoint(path)
        peak = tracemalloc.get_traced_memory()[1]  # without the map, which the disk backs
    finally:
        tracemalloc.stop()
    size = path.stat().st_size
    assert sum(a.nbytes for state in checkpoint.states for a in state.arrays.values()) >= size - 1e5
    assert peak < size


def test_strided_weights_of_a_persistent_module(read):
    """Channels-last networks store their kernels in another order."""
    kernel = np.arange(576, dtype=np.float32).reshape(8, 3, 3, 8).transpose(0, 3, 1, 2)
    assert kernel.strides == (288, 4, 96, 32)
    data = files.ada_pickle({"G": ({"b8.conv.weight": kernel}, {"z_dim": 3})})
    (state,) = read(data).states
    np.testing.assert_array_equal(state.arrays["b8.conv.weight"], kernel)
    assert state.settings == {"z_dim": 3} and state.path == "G"


@pytest.mark.parametrize("form", (files.torch_zip, files.torch_stream))
def test_persistent_modules_that_torch_saved(read, form):
    module = files.persistent_module("Generator", {"b8.conv.weight": np.ones(3, np.float32)}, {})
    (state,) = read(form({"G_ema": module})).states
    np.testing.assert_array_equal(state.arrays["b8.conv.weight"], [1, 1, 1])


@pytest.mark.parametrize("protocol", (2, 3, 4, 5))
def test_arrays_that_python_pickled(read, protocol):
    arrays = {
        "float": np.linspace(0, 1, 6, dtype=np.float32).reshape(2, 3),
        "fortran": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        "big_endian": np.arange(3, dtype=">f4"),
        "integer": np.arange(4, dtype=np.int64),
        "scalar_array": np.array(2.5, np.float16),
    }
    (state,) = read(pickle.dumps({**arrays, "scalar": np.float32(3)}, protocol)).states
    assert set(state.arrays) == set(arrays)
    for name, array in arrays.items():
        np.testing.assert_array_equal(state.arrays[name], array)
        assert state.arrays[name].dtype == array.dtype


def test_arrays_that_python_2_pickled(read):
    """Its strings are bytes: short ones are names, long ones contents."""
    array = np.arange(100, dtype=np.float32)

    def string(data):
        short, size = len(data) < 256, len(data)
        return Raw((b"U" + bytes([size]) if short else b"T" + struct.pack("<I", size)) + data)

    def value(array):
        call = files.numpy_value(array)
        version, shape, dtype, fortran, data = call.state
        return call._replace(state=(version, shape, dtype, fortran, string(data)))

    code = b"}(" + encode(string(b"long")) + encode(value(array))
    code += encode(string(b"short")) + encode(value(array[:3])) + b"u"
    (state,) = read(dumps(Raw(code))).states
    np.testing.assert_array_equal(state.arrays["long"], array)
    np.testing.assert_array_equal(state.arrays["short"], array[:3])


@pytest.mark.parametrize("compressed", (True, False))
def test_npz(read, compressed):
    arrays = {"param/g_ema/input.input": np.ones((1, 2)), "param/x": np.ones(3, bool)}
    data = files.npz({**arrays, "in/z": np.ones(2)}, {"ctor": {"size": 8}}, compressed)
    checkpoint = read(data)
    states = {state.path: state for state in checkpoint.states}
    assert set(states) == {"g_ema", ""} and checkpoint.others == ["in"]
    assert list(states["g_ema"].arrays) == ["input.input"]
    assert states["g_ema"].settings == {"size": 8}


@pytest.mark.parametrize(
    "meta, settings",
    [
        ({"ctor": {"size": 8}}, {"G_ema": {"size": 8}, "D": {"size": 8}}),
        (
            {"ctor": {"D": {"c_dim": 3}, "G_ema": {"w_dim": 4}}},
            {"G_ema": {"w_dim": 4}, "D": {"c_dim": 3}},
        ),
        ({"ctor": {"D": {"c_dim": 3}}}, {"G_ema": {}, "D": {"c_dim": 3}}),
        (
            {"G_kwargs": {"w_dim": 4}, "D_kwargs": {"c_dim": 3}},
            {"G_ema": {"w_dim": 4}, "D": {"c_dim": 3}},
        ),
        ({"ctor": 5, "other": []}, {"G_ema": {}, "D": {}}),
        ([1], {"G_ema": {}, "D": {}}),
        (None, {"G_ema": {}, "D": {}}),
    ],
)
def test_constructor_arguments_in_meta(read, meta, settings):
    checkpoint = read(files.npz({"G_ema/x": np.ones(2), "D/x": np.ones(2)}, meta))
    assert {state.path: state.settings for state in checkpoint.states} == settings


def test_npy(read, tmp_path):
    file = io.BytesIO()
    np.save(file, np.asfortranarray(np.arange(6, dtype=np.int16).reshape(2, 3)))
    (state,) = read(file.getvalue()).states
    np.testing.assert_array_equal(state.arrays["file"], [[0, 1, 2], [3, 4, 5]])


def test_safetensors(tmp_path):
    arrays = {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.float32(2.5)[None][0:0]}
    arrays["scalar"] = np.array(3, np.float32)
    path = tmp_path / "file.safetensors"
    safetensors.write(path, arrays, {"format": "pt", "meta": '{"ctor": {"size": 8}}'})
    assert int.from_bytes(path.read_bytes()[:8], "little") % 8 == 0
    (state,) = read_checkpoint(path).states
    assert state.settings == {"size": 8}
    assert set(state.arrays) == set(arrays)
    for name, array in arrays.items():
        np.testing.assert_array_equal(state.arrays[name], array)


def test_safetensors_of_other_writers(read):
    """Half precisions, integers, no padding, arrays in any order."""
    half = np.array([1, 2], np.float16).tobytes()
    brain = np.array([1.5], ml_dtypes.bfloat16).tobytes()
    header = (
        '{"g_ema.i":{"dtype":"I64","shape":[1],"data_offsets":[6,14]},'
        '"g_ema.h":{"dtype":"F16","shape":[2],"data_offsets":[0,4]},'
        '"g_ema.b":{"dtype":"BF16","shape":[1],"data_offsets":[4,6]}}'
    ).encode()
    body = half + brain + np.array([-7], np.int64).tobytes()
    (state,) = read(struct.pack("<Q", len(header)) + header + body).states
    assert state.path == "g_ema"
    values = {name: array.astype(float).tolist() for name, array in state.arrays.items()}
    assert values == {"h": [1, 2], "b": [1.5], "i": [-7]}


def test_names_behind_a_data_parallel_wrapper(read):
    names = ("module.conv.weight", "module.conv.bias")
    (state,) = read(files.torch_zip({name: np.ones(2, np.float32) for name in names})).states
    assert list(state.arrays) == ["conv.weight", "conv.bias"]


def test_zip_with_64_bit_sizes(read, tmp_path):
    """As PyTorch writes them: sizes stand in extra fields."""
    plain = files.torch_zip({"x": np.ones(3, np.float32)})
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(plain)) as source, zipfile.ZipFile(file, "w") as target:
        for name in source.namelist():
            with target.open(name, "w", force_zip64=True) as member:
                member.write(source.read(name))
    data = file.getvalue()
    end = data.rfind(b"PK\x05\x06")
    count, size, start = struct.unpack_from("<10xHII", data, end)
    record = b"PK\x06\x06" + struct.pack("<QHHIIQQQQ", 44, 45, 45, 0, 0, count, count, size, start)
    locator = b"PK\x06\x07" + struct.pack("<IQI", 0, end, 1)
    last = struct.pack("<4s4HIIH", b"PK\x05\x06", 0, 0, 65535, 65535, 2**32 - 1, 2**32 - 1, 0)
    (state,) = read(data[:end] + record + locator + last).states
    np.testing.assert_array_equal(state.arrays["x"], [1, 1, 1])


def test_names_of_networks_and_wrappers_before_those_of_arrays(read):
    """As Lightning and data-parallel training write them."""
    arrays = {"module.g_ema.x": np.ones(1), "module.d.x": np.ones(2), "module.y": np.ones(3)}
    arrays = {name: array.astype(np.float32) for name, array in arrays.items()}
    states = read(files.torch_zip({"state_dict": arrays, "epoch": 3})).states
    sizes = {state.path: {n: a.size for n, a in state.arrays.items()} for state in states}
    expected = {"state_dict/g_ema": {"x": 1}, "state_dict/d": {"x": 2}, "state_dict": {"y": 3}}
    assert sizes == expected
    inside = {"g_ema.module.x": arrays["module.y"]}
    (state,) = read(files.torch_stream(inside)).states
    assert (state.path, list(state.arrays)) == ("g_ema", ["x"])


# === What is no checkpoint ===


@pytest.mark.parametrize(
    "data, message",
    [
        (b"", "is empty"),
        (b"<!DOCTYPE html><html>Quota exceeded", "web page"),
        (b"\n <html lang=en>", "web page"),
        (b"\xef\xbb\xbf<!doctype html>", "web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00", "Git-LFS pointer"),
        (gzip.compress(b"x", mtime=0), "gzip"),
        (b"\x89PNG\r\n\x1a\n", "PNG picture"),
        (b"\x89HDF\r\n\x1a\n", "damaged"),
        (b"\x89HDF\r\n\x1a\n" + b"\x02" * 90, r"not read here \(superblock 2\)"),
        (b"\0" * 257 + b"ustar", "tar archive"),
        (b"hello world", "no checkpoint of a known format"),
        (b"\x80", "truncated|damaged|too early"),
        (b"PK\x03\x04", "truncated zip archive"),
        (files.zipped({"word/document.xml": b""}), "zip archive without a checkpoint"),
        (files.zipped({"models/faces.pt": b""}), "around 'models/faces.pt'; unpack it"),
        (files.zipped({"config.json": b"", "model.weights.h5": b""}), "a .keras file"),
        (pickle.dumps({"a": 1}), "no arrays"),
        (pickle.dumps({"a": np.ones(3)}), "1 arrays, as a"),
    ],
)
def test_what_is_no_checkpoint(read, data, message):
    with pytest.raises(UserError, match=message):
        find_networks(read(data))


@pytest.mark.parametrize("path", ("nowhere.pkl", "."))
def test_what_is_no_file(path):
    with pytest.raises(UserError, match="no such file|not a file"):
        read_checkpoint(path)


# === What is known but cannot be converted ===

KNOWN = {
    "StyleGAN2's growing discriminator": ("FromRGB_lod0/weight", "Output/weight"),
    "StyleGAN2 with progressive growing": ("synthesis/ToRGB_lod0/mod_weight",),
    "StyleGAN3": ("synthesis.input.transform", "synthesis.L0_36_512.weight"),
    "an earlier discriminator of GANs N' Roses": ("d_branch.0.0.weight",),
}


@pytest.mark.parametrize("title", KNOWN)
@pytest.mark.parametrize("place", ("", "net"))
def test_known_systems_are_named(read, title, place):
    arrays = {name: np.ones(1, np.float32) for name in KNOWN[title]}
    data = files.torch_zip({place: arrays} if place else arrays)
    with pytest.raises(UserError, match=f"recognised as {title}.*cannot convert yet") as error:
        find_networks(read(data))
    assert not place or f"({place})" in str(error.value)


def test_a_discriminator_beside_an_unknown_generator_is_not_taken_alone(read):
    """Others than rosinality's discriminators have its names."""
    names = golden.under(golden.load("rosinality_d_32")[0], "param/")
    d = {name: np.ones(1, np.float32) for name in names}
    other = {"synthesis.input.transform": np.ones(1, np.float32)}
    checkpoint = read(files.torch_zip({"discriminator": d, "g_ema": other}))
    with pytest.raises(UserError, match=r"recognised as StyleGAN3 \(g_ema\)"):
        find_networks(checkpoint)
    (found,) = find_networks(checkpoint, kind="rosinality")
    assert found.role == "discriminator" and found.state.path == "discriminator"


def test_a_networks_own_names_decide():
    """No kind takes another's arrays, but for StyleMapGAN's discriminator: it is rosinality's."""
    for kind in kinds.KINDS:
        for network in kind.networks:
            names = [mark.replace("\\", "") for mark in network.marks]
            name = network.names[0] if network.only_named else ""
            matches = kinds.recognise(dict.fromkeys(names), name)
            assert (kind, network) in matches
            others = {other.name for other, _ in matches} - {kind.name}
            shared = network.build is StyleGAN2Discriminator
            assert others <= ({"rosinality", "stylemapgan"} if shared else set())


def test_allowed_names_that_stand_alone(read):
    """Constructors of plain values; each occurs in official files."""
    value = {
        "size": Call(Name("torch", "Size"), ((2, 3),)),
        "device": Call(Name("torch", "device"), ("cuda",)),
        "options": Call(Name("argparse", "Namespace"), (), {"lr": 0.1}, new=True),
        "bytes": Call(Name("_codecs", "encode"), ("\xff", "latin1")),
        "x": files.own_storage(np.ones(2, np.float32), parameter=True),
    }
    checkpoint = read(dumps(value))
    assert [list(state.arrays) for state in checkpoint.states] == [["x"]]
    assert checkpoint.others == ["size", "device", "options", "bytes"]
