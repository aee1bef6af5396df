"""Weights of TensorFlow.js graph models: a JSON manifest and its binary files; no graph is run.

Format: `weightsManifest` is a list of {"paths", "weights"}; the files of `paths`, joined, hold
the entries of `weights` one after another, little-endian, without padding.
"""

import json
import math
from pathlib import Path

import numpy as np

from tfgan_edit.config import UserError, reason_of

MAX_MANIFEST = 2**24  # bytes of JSON
MAX_BYTES = 2**30  # of weights
DTYPES = {"float32": "<f4", "int32": "<i4", "bool": "?", "uint8": "u1"}
STORED = {"float16": "<f2", "uint8": "u1", "uint16": "<u2"}


def read_tfjs(path):
    """Arrays of a model by the names in its manifest.

    Args:
        path: the JSON file; its binary files lie beside it.

    Returns:
        {name: array}; quantised ones as float32.

    Raises:
        UserError: not such a file, or files that do not fit together.
    """
    path = Path(path)
    try:
        if path.stat().st_size > MAX_MANIFEST:
            raise UserError(f"{path}: it is too long for the manifest of a TensorFlow.js model")
        groups = json.loads(path.read_text(encoding="utf-8"))["weightsManifest"]
        arrays = {}
        for group in groups:
            data = b"".join(_read_part(path, name) for name in group["paths"])
            arrays |= _split(data, group["weights"])
        return arrays
    except UserError as error:
        raise UserError(f"{path}: {error}") from error
    except OSError as error:
        raise UserError(f"cannot read {error.filename}: {error.strerror}") from error
    except Exception as error:  # whatever hostile values lead to
        raise UserError(f"{path} is no TensorFlow.js model: {reason_of(error):.80}") from error


def _read_part(path, name):
    if Path(name).name != name:
        raise UserError(f"its part {name!r:.80} points outside of its folder")
    part = path.parent / name
    if part.stat().st_size > MAX_BYTES:
        raise UserError(f"its part {name!r:.80} is longer than {MAX_BYTES:,} bytes")
    return part.read_bytes()


def _split(data, entries):
    arrays, start = {}, 0
    for entry in entries:
        quantization = entry.get("quantization")
        kind = STORED[quantization["dtype"]] if quantization else DTYPES[entry["dtype"]]
        count = math.prod(entry["shape"])
        if not all(type(side) is int and side >= 0 for side in entry["shape"]):
            raise UserError(f"its entry {entry['name']!r:.60} has shape {entry['shape']!r:.60}")
        end = start + count * np.dtype(kind).itemsize
        if end > len(data):
            raise UserError("its binary file is truncated; download it again")
        values = np.frombuffer(data[start:end], kind).reshape(entry["shape"])
        if quantization:
            values = values.astype(np.float32)
            if "scale" in quantization:
                values = values * np.float32(quantization["scale"]) + np.float32(
                    quantization["min"]
                )
        arrays[entry["name"]] = values
        start = end
    if start != len(data):
        raise UserError("its binary file is longer than its manifest says; download it again")
    return arrays
