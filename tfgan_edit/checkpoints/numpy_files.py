"""NumPy's arrays: in pickles, .npy and .npz files. Nothing is unpickled from inside an array."""

import io
import re
from pathlib import Path

import numpy as np

from tfgan_edit.checkpoints.archives import Archive
from tfgan_edit.checkpoints.stored import BFLOAT16, StoredArray, brief, contiguous
from tfgan_edit.config import UserError, reason_of

_DTYPE = re.compile(r"[<>|=]?([biuf][1248]|b1|[SU][0-9]{1,6}|V2)")


class _Dtype:
    """A dtype that a pickle is still describing."""

    def __init__(self, code):
        if not isinstance(code, str) or not _DTYPE.fullmatch(code):
            raise UserError(f"it holds an array of dtype {brief(code)}, which no checkpoint needs")
        self.dtype = np.dtype(code)

    def set_state(self, state):
        order = state[1]
        if order not in ("<", ">", "|", "="):
            raise UserError(f"it holds a dtype of byte order {brief(order)}")
        if order != "|":
            self.dtype = self.dtype.newbyteorder(order)


class _Array:
    """An array that a pickle is still describing."""

    stored = None

    def set_state(self, state):
        _, shape, dtype, fortran, data = state
        self.stored = contiguous(_described(dtype), shape, _as_bytes(data), bool(fortran))

    def numpy(self):
        if self.stored is None:
            raise UserError("it holds an array without contents")
        return self.stored.numpy()


def _as_bytes(data):
    if isinstance(data, str):  # Python 2's strings
        return memoryview(data.encode("latin-1"))
    if not isinstance(data, memoryview):
        raise UserError(f"it holds an array made from a {type(data).__name__}")
    return data


def _dtype(budget, code, *_):
    return _Dtype(code)


def _array(budget, *_):
    return _Array()


def _described(dtype):
    if not isinstance(dtype, _Dtype):
        raise UserError("it holds an array without a dtype")
    return dtype.dtype


def _scalar(budget, dtype, data):
    array = contiguous(_described(dtype), (), _as_bytes(data)).numpy()
    budget.copy(array.nbytes)
    return array.item()


def _from_buffer(budget, data, dtype, shape, order):
    return contiguous(_described(dtype), shape, _as_bytes(data), order == "F")


def _latin1(budget, text, encoding="latin1"):
    """Bytes as protocol 2 spells them: text to be encoded."""
    if encoding not in ("latin1", "latin-1") or not isinstance(text, str):
        raise UserError(f"its pickle encodes text as {brief(encoding)}, which is not allowed")
    budget.copy(len(text))
    return memoryview(text.encode("latin-1"))


CONSTRUCTORS = {
    "numpy.dtype": _dtype,
    "numpy.ndarray": None,
    "_codecs.encode": _latin1,
    **{
        f"numpy.{package}.{name}": constructor
        for package in ("core", "_core")
        for name, constructor in {
            "multiarray._reconstruct": _array,
            "multiarray.scalar": _scalar,
            "numeric._frombuffer": _from_buffer,
        }.items()
    },
}


def read_npy(data):
    """A `StoredArray` of the bytes of an .npy file."""
    head = io.BytesIO(data[:20_000])  # headers are limited to 10,000 characters by NumPy
    try:
        version = np.lib.format.read_magic(head)
        read = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }[version]
        shape, fortran, dtype = read(head)
    except Exception as error:  # NumPy parses the header as Python: errors of any kind
        raise UserError(f"it is a damaged .npy file: {reason_of(error):.80}") from error
    if dtype == np.dtype("V2"):  # how NumPy writes bfloat16
        dtype = BFLOAT16
    return contiguous(dtype, shape, data[head.tell() :], fortran)


def read_npz(archive):
    """{key: `StoredArray`} of an archive of .npy files."""
    return {
        name.removesuffix(".npy"): read_npy(archive.read(name))
        for name in archive.members
        if name.endswith(".npy")
    }


def load_npz(path):
    """{key: read-only array} of an .npz file: no bomb, and nothing of it is unpickled.

    Raises:
        UserError: no such file, another or a damaged one; one line that names it.
    """
    try:
        data = memoryview(Path(path).read_bytes())
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from error
    try:
        return {name: array.numpy() for name, array in read_npz(Archive(data)).items()}
    except UserError as error:
        raise UserError(f"{path}: {error}") from error
    except Exception as error:  # whatever a parser says about hostile bytes
        raise UserError(f"{path} is a damaged .npz file ({type(error).__name__})") from error


def is_array(value):
    """Whether a value stands for an array of a file."""
    return isinstance(value, (StoredArray, _Array))
