"""A checkpoint file of any known format -> the arrays of its networks, by their names in it."""

import dataclasses
import json
import mmap
from pathlib import Path
from typing import Any

import numpy as np

from tfgan_edit.checkpoints import (
    hdf5_files,
    nvidia_files,
    openvino_files,
    safetensors,
    torch_files,
)
from tfgan_edit.checkpoints.archives import Archive
from tfgan_edit.checkpoints.numpy_files import is_array, read_npy, read_npz
from tfgan_edit.checkpoints.pickles import checked_key
from tfgan_edit.checkpoints.stored import Record, brief
from tfgan_edit.config import UserError

MAX_DEPTH = 32  # of dictionaries in dictionaries; modules of networks nest ten deep
MAX_VISITS = 1_000_000
MAX_NAME = 1000  # characters of the names of nested networks
MAX_TEXT = 10_000_000  # characters of a file's `meta`
# Networks whose name stands before those of their arrays: "g_ema.conv1…", "G/synthesis…".
NETWORK_NAMES = (
    *("G", "D", "Gs", "G_ema", "g", "d", "g_ema", "e_ema", "generator", "discriminator"),
    *("generator_smooth", "mapnet"),
    *("G_A2B", "G_B2A", "G_A2B_ema", "G_B2A_ema", "D_A", "D_B", "D_L"),  # GANs N' Roses
)
PARAMETERS = "param/"
ARGUMENTS = "train_args"  # of StyleMapGAN's command line, which hold those of its networks
TF_NAMES = ("G", "D", "Gs")

NOT_CHECKPOINTS = (  # first bytes, what to say
    (b"version https://git-lfs", "it is a Git-LFS pointer; fetch the file itself: git lfs pull"),
    (b"\x1f\x8b", "it is compressed by gzip; unpack it first"),
    (b"BZh", "it is compressed by bzip2; unpack it first"),
    (b"\xfd7zXZ", "it is compressed by xz; unpack it first"),
    (b"7z\xbc\xaf", "it is a 7z archive; unpack it first"),
    (b"Rar!", "it is a RAR archive; unpack it first"),
    (b"\x89PNG", "it is a PNG picture, no checkpoint"),
    (b"\xff\xd8\xff", "it is a JPEG picture, no checkpoint"),
    (b"%PDF", "it is a PDF document, no checkpoint"),
)
SUFFIXES = (".pkl", ".pt", ".pth", ".ckpt", ".npz", ".safetensors", ".h5")
HTML = (b"<!doctype", b"<html", b"<?xml", b"<head")


@dataclasses.dataclass
class State:
    """The arrays of one network in a file.

    Attributes:
        path: where in the file, as "g_ema"; "" for the whole file.
        arrays: {name: array}, views of the file.
        settings: arguments of the original's constructor, where the file holds them.
    """

    path: str
    arrays: dict[str, Any]
    settings: dict[str, Any]


@dataclasses.dataclass
class Checkpoint:
    """What a file holds.

    Attributes:
        format: as "PyTorch zip archive".
        states: networks and other groups of arrays.
        others: names beside them that hold no arrays.
    """

    format: str
    states: list[State]
    others: list[str]


def read_checkpoint(path):
    """Reads a file without running anything in it.

    Args:
        path: PyTorch (zip, or stream before 1.6), NVIDIA pickle (TensorFlow or PyTorch), .npz,
            .npy, safetensors, HDF5, OpenVINO's .xml beside its .bin, or a wheel with such;
            known by its first bytes, not by its name.

    Returns:
        A `Checkpoint`; its arrays are read-only views of the file, which stays mapped.

    Raises:
        UserError: no checkpoint, a damaged or hostile one; one line that names the file.
    """
    path = Path(path)
    try:
        return _read(path, _map(path))
    except UserError as error:
        raise UserError(f"{path}: {error}") from error
    except Exception as error:  # whatever a parser says about hostile bytes
        reason = " ".join(f"{type(error).__name__}: {error!s:.100}".split())
        raise UserError(f"{path}: it is damaged ({reason}); download it again") from error


def _map(path):
    try:
        if not path.exists():
            raise UserError("there is no such file")
        if not path.is_file():
            raise UserError("it is not a file; give the checkpoint itself")
        if path.stat().st_size == 0:
            raise UserError("it is empty; download it again")
        with open(path, "rb") as file:
            return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    except OSError as error:
        raise UserError(f"it cannot be read: {error.strerror}") from error


def _read(path, data):
    head = bytes(data[:512])
    for start, sentence in NOT_CHECKPOINTS:
        if head.startswith(start):
            raise UserError(sentence)
    if openvino_files.is_openvino(head):
        return _openvino(*openvino_files.read_beside(path))
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(HTML):
        raise UserError("it is a web page saved in place of the file; download it again")
    if head.startswith(b"\x93NUMPY"):
        return _checkpoint("NumPy array", {path.stem: read_npy(data)})
    if head.startswith(hdf5_files.SIGNATURE):
        return _named_arrays("HDF5 file", hdf5_files.read(data), None)
    if safetensors.is_safetensors(data):
        arrays, metadata = safetensors.read(data)
        return _named_arrays("safetensors file", arrays, metadata.get("meta"))
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _read_archive(Archive(data))
    if torch_files.STREAM_START in head[:40]:
        value = torch_files.read_stream(data, nvidia_files.CONSTRUCTORS)
        return _checkpoint("PyTorch stream (before 1.6)", value)
    if head[:1] == b"\x80":
        value = nvidia_files.read(data)
        framework = "TensorFlow" if _is_tensorflow(value) else "PyTorch or Python"
        return _checkpoint(f"pickle ({framework})", value)
    if head[257:262] == b"ustar":
        raise UserError("it is a tar archive; give the checkpoint in it")
    raise UserError(
        f"it is no checkpoint of a known format (first bytes {head[:8]!r}); known: PyTorch, "
        "NVIDIA pickles, .npz, .npy, safetensors, HDF5"
    )


def _read_archive(archive):
    pickles = [name for name in archive.members if name.endswith("data.pkl")]
    if any(name.endswith("constants.pkl") for name in archive.members):
        raise UserError("it is a TorchScript program, not a state_dict; save its state_dict()")
    if len(pickles) == 1 and pickles[0].count("/") <= 1:
        folder = pickles[0].removesuffix("data.pkl")
        value = torch_files.read_zip(archive, folder, nvidia_files.CONSTRUCTORS)
        return _checkpoint("PyTorch zip archive", value)
    if any(name.endswith(".npy") for name in archive.members):
        arrays = read_npz(archive)
        meta = arrays.pop("meta", None)
        return _named_arrays("NumPy archive", arrays, None if meta is None else _text(meta))
    if openvino_files.has_pairs(archive.members):
        return _openvino(*openvino_files.read_archive(archive))
    if "config.json" in archive.members and "model.weights.h5" in archive.members:
        raise UserError("it is a .keras file; keras.saving.load_model reads it")
    inner = next((name for name in archive.members if name.endswith(SUFFIXES)), None)
    if inner is not None:
        raise UserError(f"it is a zip archive around {inner!r:.80}; unpack it and give that file")
    raise UserError(f"it is a zip archive without a checkpoint: {list(archive.members)[:3]!r:.80}")


def _openvino(arrays, hashes):
    """The checkpoint of networks that lie beside each other; their files' hashes are settings."""
    return Checkpoint("OpenVINO networks", [State("", arrays, {"sha256": hashes})], [])


def _text(array):
    value = array.numpy()
    if value.dtype.kind != "U" or value.size != 1 or value.nbytes > 4 * MAX_TEXT:
        raise UserError("its meta is no text")
    return str(value.reshape(())[()])


# === From nested values to states ===


def _named_arrays(format, arrays, meta):
    """The checkpoint of a flat {name: array}, with constructor arguments from `meta`, JSON."""
    arguments = _arguments_in(meta)
    others = []
    if any(name.startswith(PARAMETERS) for name in arrays):  # a reference file, with outputs
        parameters = {n: a for n, a in arrays.items() if n.startswith(PARAMETERS)}
        others = sorted({name.split("/")[0] for name in arrays.keys() - parameters.keys()})
        arrays = {n.removeprefix(PARAMETERS): a for n, a in parameters.items()}
    states = [
        State(network, _numpy(group), arguments[network])
        for network, group in _by_network(arrays).items()
    ]
    return Checkpoint(format, states, others)


def _by_network(arrays):
    """{network or "": {name in it: array}} of names that networks' names may stand before."""
    groups = {}
    for name, array in _unwrapped(arrays).items():
        first = next((n for n in NETWORK_NAMES if name.startswith((f"{n}.", f"{n}/"))), "")
        groups.setdefault(first, {})[name[len(first) + 1 :] if first else name] = array
    return {first: _unwrapped(group) for first, group in groups.items()}


def _arguments_in(meta):
    """{network: constructor's arguments} of a `meta`: "ctor", or "G_kwargs" and "D_kwargs"."""
    try:
        values = json.loads(meta) if isinstance(meta, str) and len(meta) <= MAX_TEXT else {}
    except (ValueError, RecursionError) as error:
        raise UserError(f"its meta is not JSON: {error!s:.80}") from error
    values = values if isinstance(values, dict) else {}
    values = {key: value for key, value in values.items() if isinstance(value, dict)}
    ctor = values.get("ctor", {})
    arguments = dict.fromkeys(("", *NETWORK_NAMES), ctor)  # of the only network
    for names, key in ((("", "G", "Gs", "G_ema"), "G_kwargs"), (("D",), "D_kwargs")):
        arguments |= dict.fromkeys(names, values.get(key, ctor))
    named = {k: v for k, v in ctor.items() if k in NETWORK_NAMES and isinstance(v, dict)}
    return dict.fromkeys(arguments, {}) | named if named else arguments


def _checkpoint(format, value):
    walk = _Walk()
    if isinstance(value, tuple) and len(value) == 3 and _is_tensorflow(value):
        value = dict(zip(TF_NAMES, value, strict=True))
    walk.visit(value, "", 0)
    arguments = value.get(ARGUMENTS) if isinstance(value, dict) else None
    if isinstance(arguments, Record) and isinstance(arguments.state, dict):
        for state in walk.states:
            state.settings = state.settings or arguments.state
    return Checkpoint(format, walk.states, walk.others)


def _is_tensorflow(value):
    values = value if isinstance(value, tuple) else (value,)
    return all(isinstance(v, Record) and v.name == nvidia_files.TF_NETWORK for v in values)


class _Walk:
    """Collects the states in nested values; shared values are visited at each place."""

    def __init__(self):
        self.states = []
        self.others = []
        self.visits = 0

    def visit(self, value, path, depth):
        self.count(1, depth, path)
        if isinstance(value, Record) and isinstance(value.state, dict):
            self.record(value, path, depth)
        elif isinstance(value, dict):
            self.dictionary(value, path, depth)
        elif isinstance(value, (list, tuple)):
            self.dictionary(dict(enumerate(value)), path, depth)

    def count(self, items, depth, path):
        self.visits += items
        if depth > MAX_DEPTH or len(path) > MAX_NAME or self.visits > MAX_VISITS:
            raise UserError("it nests values deeper or more often than any checkpoint")

    def dictionary(self, value, path, depth):
        self.count(len(value), depth, path)
        arrays = {str(k): v for k, v in value.items() if is_array(v)}
        for network, group in _by_network(arrays).items():
            place = "/".join(filter(None, (path, network)))
            self.states.append(State(place, _numpy(group), {}))
        for key, item in value.items():
            if str(key) not in arrays:
                count = len(self.states)
                self.visit(item, f"{path}/{key}" if path else str(key), depth + 1)
                if not path and len(self.states) == count:
                    self.others.append(str(key))

    def record(self, value, path, depth):
        arrays, settings = {}, {}
        if value.name == nvidia_files.TF_NETWORK:
            settings = _dictionary(value, "static_kwargs")
            settings = {**settings, "version": value.state.get("version")}
            self.variables(value, "", arrays, depth)
        elif "_modules" in value.state:
            settings = _dictionary(value, "_init_kwargs")
            self.module(value, "", arrays, depth)
        if arrays:
            self.states.append(State(path, _numpy(arrays), settings))

    def module(self, record, prefix, arrays, depth):
        """Adds the parameters and buffers of a PyTorch module by their dotted names."""
        for group in ("_parameters", "_buffers"):
            values = _dictionary(record, group)
            self.count(len(values), depth, prefix)
            arrays |= {f"{prefix}{name}": v for name, v in values.items() if is_array(v)}
        for name, child in _dictionary(record, "_modules").items():
            self.count(1, depth, prefix)
            if isinstance(child, Record) and isinstance(child.state, dict):
                self.module(child, f"{prefix}{name}.", arrays, depth + 1)

    def variables(self, record, prefix, arrays, depth):
        """Adds the variables of a TensorFlow network and of its components."""
        version = record.state.get("version")
        if version not in nvidia_files.TF_VERSIONS:
            raise UserError(
                f"it is a TensorFlow network pickle of version {brief(version)}; known: "
                f"{', '.join(map(str, nvidia_files.TF_VERSIONS))}"
            )
        values = record.state.get("variables") or ()
        self.count(len(values), depth, prefix)
        for name, value in values:
            if not is_array(value) and not isinstance(value, (int, float)):
                raise UserError(f"its variable {brief(name)} is a {type(value).__name__}")
            arrays[f"{prefix}{checked_key(name)}"] = value
        for name, child in _dictionary(record, "components").items():
            if isinstance(child, Record) and isinstance(child.state, dict):
                self.variables(child, f"{prefix}{name}/", arrays, depth + 1)


def _dictionary(record, name):
    """An entry of a record's state that should be a dictionary, else an empty one."""
    value = record.state.get(name)
    return value if isinstance(value, dict) else {}


def _unwrapped(arrays):
    """Without the "module." that PyTorch's data-parallel wrappers add to every name."""
    if all(name.startswith("module.") for name in arrays):
        return {name.removeprefix("module."): array for name, array in arrays.items()}
    return arrays


def _numpy(arrays):
    return {n: a.numpy() if is_array(a) else np.float32(a) for n, a in arrays.items()}
