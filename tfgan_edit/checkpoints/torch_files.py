"""PyTorch's files without PyTorch: zip archives, and the stream that versions below 1.6 wrote.

A zip archive holds `NAME/data.pkl` and one member `NAME/data/KEY` a storage. The stream is five
pickles (magic number, protocol, system, object, keys) and, a storage each, an int64 count and the
elements. Tensors are views of storages: offset, shape and strides in elements.
"""

import struct

import numpy as np

from tfgan_edit.checkpoints import numpy_files
from tfgan_edit.checkpoints.pickles import Budget, Global, checked_key, read_pickle
from tfgan_edit.checkpoints.stored import BFLOAT16, Record, Storage, StoredArray, brief
from tfgan_edit.config import UserError

MAGIC, PROTOCOL = 0x1950A86A20F9469CFC6C, 1001
# The first pickle of the stream: protocol 2 (or another) and the magic number.
STREAM_START = b"\x8a\x0a" + MAGIC.to_bytes(10, "little") + b"."

DTYPES = {
    "DoubleStorage": np.dtype("<f8"),
    "FloatStorage": np.dtype("<f4"),
    "HalfStorage": np.dtype("<f2"),
    "BFloat16Storage": BFLOAT16,
    "LongStorage": np.dtype("<i8"),
    "IntStorage": np.dtype("<i4"),
    "ShortStorage": np.dtype("<i2"),
    "CharStorage": np.dtype("i1"),
    "ByteStorage": np.dtype("u1"),
    "BoolStorage": np.dtype("?"),
}


ITEM_SIZE = 128  # bytes of an item in a dictionary or set, about


def _mapping(budget, pairs=()):
    budget.copy(ITEM_SIZE * len(pairs))
    return {checked_key(key): value for key, value in pairs}


def _set(budget, items=()):
    budget.copy(ITEM_SIZE * len(items))
    return set(map(checked_key, items))


def _tensor(budget, storage, offset, shape, strides, *_):
    if not isinstance(storage, Storage):
        raise UserError("it holds a tensor without a storage")
    return StoredArray(storage, tuple(shape), tuple(strides), offset)


def _parameter(budget, tensor, *_):
    return tensor


def record(name):
    """A constructor of inert records."""
    return lambda budget, *arguments: Record(name, arguments)


CONSTRUCTORS = {
    **numpy_files.CONSTRUCTORS,
    "collections.OrderedDict": _mapping,
    "builtins.set": _set,
    "__builtin__.set": _set,
    "argparse.Namespace": record("argparse.Namespace"),
    "torch._utils._rebuild_tensor": _tensor,
    "torch._utils._rebuild_tensor_v2": _tensor,
    "torch._utils._rebuild_parameter": _parameter,
    "torch._utils._rebuild_parameter_with_state": _parameter,
    "torch.Size": lambda budget, sizes=(): tuple(sizes),
    "torch.device": record("torch.device"),
    **{f"torch.{name}": None for name in DTYPES},
    **{f"torch.cuda.{name}": None for name in DTYPES},
}


def read_zip(archive, folder, constructors):
    """The object in an archive; `folder` is "NAME/", where its data.pkl lies."""
    order = f"{folder}byteorder"
    if order in archive.members and archive.read(order) != b"little":
        raise UserError("it was written on a big-endian machine, which is not supported")
    storages = {}

    def persistent(identifier):
        storage, key, _ = _storage(identifier, storages)
        if storage.data is None:
            name = f"{folder}data/{key}"
            if name not in archive.members:
                raise UserError(f"its storage {key!r:.40} is missing")
            storage.data = archive.read(name)
            _check_size(storage, key)
        return storage

    return read_pickle(archive.read(f"{folder}data.pkl"), constructors, persistent=persistent)[0]


def read_stream(data, constructors, budget=None):
    """The object in a stream of `torch.save` before 1.6; `data` is a memoryview of all of it."""
    budget = budget or Budget()
    storages, parts = {}, []

    def persistent(identifier):
        storage, _, view = _storage(identifier, storages)
        if view is None:
            return storage
        part = Storage(storage.dtype, view[2])
        parts.append((part, storage, view[1]))
        return part

    def read(position, persistent=None):
        return read_pickle(data, constructors, position, persistent, budget)

    magic, position = read(0)
    protocol, position = read(position)
    system, position = read(position)
    if magic != MAGIC or protocol != PROTOCOL or not isinstance(system, dict):
        raise UserError("it is a damaged PyTorch file: its head is wrong")
    if system.get("little_endian") is not True:
        raise UserError("it was written on a big-endian machine, which is not supported")
    value, position = read(position, persistent)
    keys, position = read(position)
    if not isinstance(keys, list) or set(map(checked_key, keys)) != set(storages):
        raise UserError("it is a damaged PyTorch file: its list of storages is wrong")
    for key in keys:
        storage = storages[key]
        (count,) = struct.unpack("<q", _slice(data, position, 8))
        if count != storage.count:
            raise UserError(f"its storage {key!r:.40} has two sizes, {storage.count} and {count}")
        position += 8
        storage.data = _slice(data, position, count * storage.dtype.itemsize)
        position += len(storage.data)
    for part, storage, offset in parts:
        size = storage.dtype.itemsize
        part.data = _slice(storage.data, offset * size, part.count * size)
    return value


def _slice(data, start, size):
    part = data[start : start + size]
    if start < 0 or size < 0 or len(part) != size:
        raise UserError("it is a truncated PyTorch file; download it again")
    return part


def _check_size(storage, key):
    size = storage.count * storage.dtype.itemsize
    if len(storage.data) != size:
        raise UserError(f"its storage {key!r:.40} has {len(storage.data)} bytes instead of {size}")


def _storage(identifier, storages):
    """(storage, key, view) of a persistent id ("storage", class, key, device, count[, view])."""
    if not isinstance(identifier, tuple) or not 5 <= len(identifier) <= 6:
        raise UserError(f"its pickle refers to {brief(identifier)} outside of it")
    label, kind, key, _, count = identifier[:5]
    view = identifier[5] if len(identifier) == 6 else None
    name = kind.name.rpartition(".")[2] if isinstance(kind, Global) else None
    if label != "storage" or name not in DTYPES or not isinstance(key, str):
        raise UserError(f"its pickle refers to {brief(identifier)} outside of it")
    if type(count) is not int or not 0 <= count < 2**48:
        raise UserError(f"its storage {key!r:.40} has {brief(count)} elements")
    if view is not None and not (
        isinstance(view, tuple) and len(view) == 3 and all(type(n) is int for n in view[1:])
    ):
        raise UserError(f"its storage {key!r:.40} is a view {brief(view)}")
    storage = storages.setdefault(key, Storage(DTYPES[name], count))
    if (storage.dtype, storage.count) != (DTYPES[name], count):
        raise UserError(f"its storage {key!r:.40} is declared twice, differently")
    return storage, key, view
