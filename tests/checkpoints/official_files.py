"""Files in the official formats, from networks of ours; written without PyTorch."""

import io
import json
import struct
import zipfile

import numpy as np

from tests.checkpoints.pickle_writer import Call, Name, Persistent, dumps, encode
from tfgan_edit.checkpoints.key_map import export_arrays
from tfgan_edit.checkpoints.torch_files import MAGIC, PROTOCOL

STORAGES = {"float32": "FloatStorage", "float16": "HalfStorage", "float64": "DoubleStorage"}
ORDERED_DICT = Name("collections", "OrderedDict")


class TorchWriter:
    """Tensors as a pickle names them; `storages` collects (key, array)."""

    def __init__(self):
        self.storages = []

    def tensor(self, array, parameter=False):
        key = str(len(self.storages))
        # In the order of its memory, as tensors of any strides are stored.
        strides = tuple(s // array.itemsize for s in array.strides)
        order = sorted(range(array.ndim), key=lambda axis: -array.strides[axis])
        self.storages.append((key, np.ascontiguousarray(np.transpose(array, order))))
        storage = Persistent(
            ("storage", Name("torch", STORAGES[array.dtype.name]), key, "cuda:0", array.size)
        )
        tensor = Call(
            Name("torch._utils", "_rebuild_tensor_v2"),
            (storage, 0, array.shape, strides, False, Call(ORDERED_DICT)),
        )
        if parameter:
            rebuild = Name("torch._utils", "_rebuild_parameter")
            return Call(rebuild, (tensor, True, Call(ORDERED_DICT)))
        return tensor

    def values(self, value):
        if isinstance(value, np.ndarray):
            return self.tensor(value)
        if isinstance(value, dict):
            return {key: self.values(item) for key, item in value.items()}
        return value


def torch_zip(value, folder="archive"):
    writer = TorchWriter()
    code = dumps(writer.values(value))
    members = {"data.pkl": code, "byteorder": b"little", "version": b"3\n"}
    members |= {f"data/{key}": array.tobytes() for key, array in writer.storages}
    return zipped({f"{folder}/{name}": data for name, data in members.items()})


def torch_stream(value, writer=None):
    """As `torch.save` before 1.6."""
    if writer is None:
        writer = TorchWriter()
        value = writer.values(value)
    system = {"protocol_version": PROTOCOL, "little_endian": True, "type_sizes": {"int": 4}}
    keys = [key for key, _ in writer.storages]
    file = b"".join(map(dumps, (MAGIC, PROTOCOL, system, value, keys)))
    for _, array in writer.storages:
        file += struct.pack("<q", array.size) + array.tobytes()
    return file


def zipped(members, method=zipfile.ZIP_STORED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return file.getvalue()


def npz(arrays, meta=None, compressed=True):
    file = io.BytesIO()
    extra = {} if meta is None else {"meta": np.array(json.dumps(meta))}
    (np.savez_compressed if compressed else np.savez)(file, **arrays, **extra)
    return file.getvalue()


# === NVIDIA, PyTorch ===


def persistent_module(class_name, arrays, settings):
    """A module with its arrays below dotted names, as the official code pickles it."""
    own = {name: array for name, array in arrays.items() if "." not in name}
    children = dict.fromkeys(name.split(".")[0] for name in arrays if "." in name)
    below = {
        child: {n[len(child) + 1 :]: a for n, a in arrays.items() if n.startswith(f"{child}.")}
        for child in children
    }
    buffers = ("resample_filter", "noise_const", "w_avg")
    state = {
        "training": False,
        "_parameters": {n: own_storage(a, True) for n, a in own.items() if n not in buffers},
        "_buffers": {n: own_storage(a, False) for n, a in own.items() if n in buffers},
        "_modules": {n: persistent_module("Part", a, {}) for n, a in below.items()},
        "_init_args": (),
        "_init_kwargs": settings,
    }
    meta = {
        "type": "class",
        "version": 6,
        "module_src": "raise SystemExit('executed')",
        "class_name": class_name,
        "state": state,
    }
    return Call(Name("torch_utils.persistence", "_reconstruct_persistent_obj"), (meta,))


def own_storage(array, parameter):
    """A tensor of a plain pickle: its storage is a stream of its own."""
    inner = TorchWriter()
    inner.tensor(array)
    kind = Name("torch", STORAGES[array.dtype.name])
    stream = torch_stream(Persistent(("storage", kind, "0", "cpu", array.size)), inner)
    storage = Call(Name("torch.storage", "_load_from_bytes"), (stream,))
    strides = tuple(s // array.itemsize for s in array.strides)
    hooks = Call(ORDERED_DICT)
    tensor = Call(
        Name("torch._utils", "_rebuild_tensor_v2"), (storage, 0, array.shape, strides, False, hooks)
    )
    if not parameter:
        return tensor
    return Call(Name("torch._utils", "_rebuild_parameter"), (tensor, True, hooks))


def ada_pickle(networks):
    """{name: (arrays, settings)} as a network pickle."""
    values = {"training_set_kwargs": {"class_name": "training.dataset.ImageFolderDataset"}}
    for name, (arrays, settings) in networks.items():
        values[name] = persistent_module(name, arrays, settings)
    return dumps({**values, "augment_pipe": None}, protocol=3)


# === NVIDIA, TensorFlow ===


def numpy_value(array):
    dtype = Call(Name("numpy", "dtype"), (array.dtype.str[1:], False, True), _dtype_state("<"))
    return Call(
        Name("numpy.core.multiarray", "_reconstruct"),
        (Name("numpy", "ndarray"), (0,), b"b"),
        state=(1, array.shape, dtype, False, array.tobytes()),
    )


def _dtype_state(order):
    return (3, order, None, None, None, -1, -1, 0)


def tf_network(variables, settings=None, components=None, version=4):
    state = {
        "version": version,
        "name": "network",
        "static_kwargs": settings or {},
        "components": components or {},
        "build_module_src": "raise SystemExit('executed')",
        "build_func_name": "G_main",
        "variables": [(name, numpy_value(array)) for name, array in variables.items()],
    }
    return Call(Name("dnnlib.tflib.network", "Network"), (), state, new=True)


def tf_generator(arrays, settings=None, version=4):
    parts = {
        part: {
            name.removeprefix(f"{part}/"): array
            for name, array in arrays.items()
            if name.startswith(f"{part}/")
        }
        for part in ("synthesis", "mapping")
    }
    own = {name: array for name, array in arrays.items() if "/" not in name}
    components = {part: tf_network(a, version=version) for part, a in parts.items()}
    own["lod"] = np.zeros((), np.float32)
    return tf_network(own, settings, components, version)


def tf_pickle(g, d, gs):
    return b"\x80\x03" + encode((g, d, gs)) + b"."


def official(network, rows):
    """{official name: array} of a network of ours."""
    return export_arrays(rows(network))
