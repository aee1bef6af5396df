"""Weights of ONNX files: the constants of the graph by name; no graph is run.

An ONNX file is one message in the wire format of protocol buffers: fields of a number, a kind and
a value. Three messages are read: Model, whose field 7 is the Graph; Graph, whose fields 5 are the
constants; and Tensor, which a constant is. What is not needed is passed over by its length.
"""

from pathlib import Path

from tfgan_edit.checkpoints.stored import contiguous
from tfgan_edit.config import UserError

MAX_BYTES = 2**30  # of a file; those that are used here have 11 MB
MAX_FIELDS = 1_000_000  # that are looked at, of which a constant needs four
MAX_NAME = 1000  # bytes
VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
GRAPH, CONSTANT = 7, 5
DIMS, DATA_TYPE, SEGMENT, NAME, RAW, LOCATION = 1, 2, 3, 8, 9, 14
# Fields of values that are not raw, with their type in the file.
TYPED = {4: "<f4", 7: "<i8", 10: "<f8"}
DTYPES = {1: "<f4", 2: "u1", 3: "i1", 6: "<i4", 7: "<i8", 9: "?", 10: "<f2", 11: "<f8"}


def read_onnx(path):
    """Arrays of a model by the names of its constants.

    Args:
        path: the file; weights in other files beside it are refused.

    Returns:
        {name: array}, read-only.

    Raises:
        UserError: not such a file, a damaged or a hostile one.
    """
    path = Path(path)
    try:
        if path.stat().st_size > MAX_BYTES:
            raise UserError(f"it is longer than {MAX_BYTES:,} bytes")
        data = memoryview(path.read_bytes())
        fields = _Fields()
        graphs = [value for number, value in fields.of(data) if number == GRAPH]
        if len(graphs) != 1 or not isinstance(graphs[0], memoryview):
            raise UserError("it is no ONNX file: it has no graph")
        arrays = {}
        for number, value in fields.of(graphs[0]):
            if number == CONSTANT:
                name, array = _constant(fields, value)
                if name in arrays:
                    raise UserError(f"two of its constants are called {name!r:.60}")
                arrays[name] = array
        return arrays
    except UserError as error:
        raise UserError(f"{path}: {error}") from error
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from error


class _Fields:
    """Reads the fields of messages, and counts them over the whole file."""

    def __init__(self):
        self.count = 0

    def of(self, data):
        """Yields (number, value): an int, or the bytes [length] of a nested value.

        Raises:
            UserError: bytes that are no message, or too many fields.
        """
        position = 0
        while position < len(data):
            self.count += 1
            if self.count > MAX_FIELDS:
                raise UserError("it has more fields than any ONNX file of weights")
            key, position = _varint(data, position)
            kind = key & 7
            if kind == VARINT:
                value, position = _varint(data, position)
            elif kind in (FIXED32, FIXED64, BYTES):
                size = {FIXED32: 4, FIXED64: 8}.get(kind)
                if size is None:
                    size, position = _varint(data, position)
                if size > len(data) - position:
                    raise UserError("it is no ONNX file, or a truncated one; download it again")
                value, position = data[position : position + size], position + size
            else:
                raise UserError(f"it is no ONNX file: it has a field of kind {kind}")
            yield key >> 3, value


def _varint(data, position):
    """(number, position behind it): seven bits a byte, the lowest first, at most 64 bits."""
    number = 0
    for i in range(10):
        if position + i >= len(data):
            break
        byte = data[position + i]
        number |= (byte & 127) << (7 * i)
        if byte < 128:
            return number, position + i + 1
    raise UserError("it is no ONNX file, or a truncated one; download it again")


def _constant(fields, data):
    """(name, array) of a Tensor message."""
    name, dims, code, location, values = "", [], 0, 0, {}
    if not isinstance(data, memoryview):
        raise UserError("it is no ONNX file: one of its constants is a number")
    for number, value in fields.of(data):
        nested = isinstance(value, memoryview)
        if number == DIMS:
            dims += _packed(value) if nested else [value]
        elif number == DATA_TYPE and not nested:
            code = value
        elif number == LOCATION and not nested:
            location = value
        elif number == NAME and nested:
            name = _text(value)
        elif (number == RAW or number in TYPED) and nested:
            if values:
                raise UserError(f"its constant {name!r:.60} has its values more than once")
            values[number] = value
        elif number == SEGMENT:
            raise UserError("one of its constants is a part of another, which is not supported")
    if location:
        raise UserError(f"its constant {name!r:.60} lies in another file, which is not supported")
    if code not in DTYPES:
        raise UserError(f"its constant {name!r:.60} has data type {code}, which is not supported")
    number, value = next(iter(values.items()), (RAW, memoryview(b"")))
    if number != RAW and TYPED[number] != DTYPES[code]:
        raise UserError(f"its constant {name!r:.60} has values of another type than it says")
    return name, contiguous(DTYPES[code], dims, value).numpy()


def _packed(data):
    """Numbers, one after another."""
    numbers, position = [], 0
    while position < len(data):
        number, position = _varint(data, position)
        numbers.append(number)
        if len(numbers) > 64:  # `contiguous` refuses more than any array has
            raise UserError("one of its constants has more than 64 axes")
    return numbers


def _text(value):
    if len(value) > MAX_NAME:
        raise UserError("the name of one of its constants is too long")
    try:
        return bytes(value).decode()
    except UnicodeDecodeError as error:
        raise UserError("the name of one of its constants is no text") from error
