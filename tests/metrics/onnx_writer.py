"""ONNX files of constants alone, written byte by byte; the package `onnx` is not needed."""

import numpy as np

CODES = {"f4": 1, "u1": 2, "i1": 3, "i4": 6, "i8": 7, "b1": 9, "f2": 10, "f8": 11}


def varint(number):
    """Seven bits a byte, the lowest first."""
    data = bytearray()
    while number > 127:
        data.append(number & 127 | 128)
        number >>= 7
    return bytes([*data, number])


def field(number, value):
    """One field: an int, or bytes."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def tensor(name, array, **others):
    """A constant; `others` are fields by number, as field_14=1, after the rest."""
    array = np.asarray(array)
    dims = b"".join(field(1, side) for side in array.shape)
    code = field(2, CODES[array.dtype.str[1:]])
    extra = b"".join(field(int(key.removeprefix("field_")), v) for key, v in others.items())
    return dims + code + field(8, name.encode()) + field(9, array.tobytes()) + extra


def model(tensors):
    """The bytes of a file with such constants, beside fields that a reader passes over."""
    graph = field(1, b"a node") + b"".join(field(5, t) for t in tensors) + field(2, b"name")
    return field(1, 10) + field(2, b"a producer") + field(7, graph) + field(8, b"opset")


def write_onnx(path, arrays):
    path.write_bytes(model([tensor(name, array) for name, array in arrays.items()]))
    return path
