"""safetensors files: eight bytes of length, a JSON header, arrays one after another.

Read and written here in few lines, because the `safetensors` package gives no bfloat16 without
PyTorch and checks less. Format: the package's documentation, "Format".
"""

import json
import struct

import numpy as np

from tfgan_edit.checkpoints.stored import BFLOAT16, brief, contiguous
from tfgan_edit.config import UserError
from tfgan_edit.storage import atomic_file

MAX_HEADER = 2**24  # bytes; 300 arrays need 30,000
METADATA = "__metadata__"
DTYPES = {
    "F64": np.dtype("<f8"),
    "F32": np.dtype("<f4"),
    "F16": np.dtype("<f2"),
    "BF16": BFLOAT16,
    "I64": np.dtype("<i8"),
    "I32": np.dtype("<i4"),
    "I16": np.dtype("<i2"),
    "I8": np.dtype("i1"),
    "U8": np.dtype("u1"),
    "BOOL": np.dtype("?"),
}


def is_safetensors(data):
    """Whether a memoryview begins as such a file does."""
    if len(data) < 10:
        return False
    (size,) = struct.unpack_from("<Q", data)
    return data[8:9] == b"{" and size <= MAX_HEADER


def read(data):
    """({name: StoredArray}, {metadata: text}) of the bytes of a file.

    Raises:
        UserError: damage, overlapping arrays, or a size that does not fit the shape.
    """
    (size,) = struct.unpack_from("<Q", data)
    if 8 + size > len(data):
        raise UserError("it is a truncated safetensors file; download it again")
    try:
        header = json.loads(bytes(data[8 : 8 + size]))
    except (ValueError, RecursionError) as error:
        raise UserError(f"it is a damaged safetensors file: {error!s:.80}") from error
    if not isinstance(header, dict) or not isinstance(header.get(METADATA, {}), dict):
        raise UserError("it is a damaged safetensors file: its header is no dictionary")
    metadata = header.pop(METADATA, {})
    body = data[8 + size :]
    arrays, spans = {}, []
    for name, entry in header.items():
        try:
            start, end = entry["data_offsets"]
            dtype, shape = DTYPES[entry["dtype"]], entry["shape"]
        except (KeyError, TypeError, ValueError) as error:
            raise UserError(f"its entry {name!r:.60} is damaged: {brief(entry)}") from error
        if not all(type(n) is int for n in (start, end)) or not 0 <= start <= end <= len(body):
            raise UserError(f"its entry {name!r:.60} lies outside of the file; download it again")
        arrays[name] = contiguous(dtype, shape, body[start:end])
        spans.append((start, end))
    spans.sort()
    if any(end > start for (_, end), (start, _) in zip(spans, spans[1:], strict=False)):
        raise UserError("it is a damaged safetensors file: its arrays overlap")
    return arrays, metadata


def write(path, arrays, metadata):
    """Writes {name: float32 array} and {key: text}, in one step.

    Raises:
        UserError: the file cannot be written.
    """
    header, offset = {METADATA: metadata}, 0
    for name, array in arrays.items():
        end = offset + array.nbytes
        header[name] = {"dtype": "F32", "shape": array.shape, "data_offsets": [offset, end]}
        offset = end
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # arrays begin at a multiple of eight bytes
    with atomic_file(path) as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for array in arrays.values():
            file.write(np.asarray(array, "<f4", order="C").data)
