"""What checkpoints are made of, once read: arrays that point into the file, and inert records."""

import dataclasses
import math
import reprlib
from typing import Any

import ml_dtypes
import numpy as np

from tfgan_edit.config import UserError

BFLOAT16 = np.dtype(ml_dtypes.bfloat16)
MAX_AXES = 16
MAX_REPEATED = 2**20  # elements of a view that repeats what it stores


def brief(value):
    """`repr` in at most 60 characters, of values that may hold each other many times over."""
    return f"{reprlib.repr(value):.60}"


@dataclasses.dataclass(repr=False)
class Storage:
    """Bytes that several arrays may share; `data` follows when they lie behind the pickle.

    Attributes:
        dtype: NumPy dtype.
        count: number of elements.
        data: bytes-like of `count * dtype.itemsize` bytes, or None until it is read.
    """

    dtype: np.dtype
    count: int
    data: Any = None


@dataclasses.dataclass(repr=False)
class StoredArray:
    """A strided view of a storage; sizes count elements.

    Raises:
        UserError: when made, if it would read outside its storage.
    """

    storage: Storage
    shape: tuple
    strides: tuple
    offset: int = 0

    def __post_init__(self):
        sizes = (*self.shape, *self.strides, self.offset)
        if len(self.shape) != len(self.strides) or len(self.shape) > MAX_AXES:
            raise UserError(
                f"an array has shape {brief(self.shape)} and strides {brief(self.strides)}"
            )
        if not all(type(size) is int and 0 <= size < 2**62 for size in sizes):
            raise UserError(f"an array has sizes that are no array's: {brief(sizes)}")
        count = math.prod(self.shape)
        steps = zip(self.shape, self.strides, strict=True)
        last = self.offset + sum((size - 1) * step for size, step in steps)
        if count and last >= self.storage.count or self.offset > self.storage.count:
            raise UserError(
                f"an array of shape {list(self.shape)}, strides {list(self.strides)} and offset "
                f"{self.offset} reads outside its storage of {self.storage.count} elements"
            )
        if count > max(self.storage.count, MAX_REPEATED):
            raise UserError(
                f"an array of shape {list(self.shape)} repeats a storage of "
                f"{self.storage.count} elements"
            )

    def numpy(self):
        """A NumPy array that shares the storage's bytes, read-only where they are."""
        dtype = self.storage.dtype
        return np.ndarray(
            self.shape,
            dtype,
            buffer=self.storage.data,
            offset=self.offset * dtype.itemsize,
            strides=[step * dtype.itemsize for step in self.strides],
        )


def contiguous(dtype, shape, data, fortran=False):
    """An array that fills `data` exactly, in C or Fortran order.

    Raises:
        UserError: the bytes are fewer or more than the shape needs, or the dtype holds objects.
    """
    dtype = np.dtype(dtype)
    if dtype.hasobject or dtype.fields or dtype.kind not in "biufUSV":
        raise UserError(f"it holds an array of dtype {dtype}, which no checkpoint needs")
    if (
        not isinstance(shape, (tuple, list))
        or len(shape) > MAX_AXES
        or not all(type(n) is int and n >= 0 for n in shape)
    ):
        raise UserError(f"an array has shape {brief(shape)}")
    count = math.prod(shape)
    if count * dtype.itemsize != len(data):
        raise UserError(
            f"an array of shape {list(shape)}, {dtype} needs {count * dtype.itemsize} bytes, "
            f"but {len(data)} are stored"
        )
    order = shape if fortran else tuple(reversed(shape))
    strides = [math.prod(order[:axis]) for axis in range(len(shape))]
    strides = strides if fortran else strides[::-1]
    return StoredArray(Storage(dtype, count, data), tuple(shape), tuple(strides))


@dataclasses.dataclass(repr=False)
class Record:
    """An object of a class that is not imported: its name and what was stored of it.

    Attributes:
        name: "module.Class".
        arguments: of its construction.
        state: what was to become its attributes.
    """

    name: str
    arguments: tuple = ()
    state: Any = None
