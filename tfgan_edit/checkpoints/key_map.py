"""Key maps: rows between the names and layouts of a file and the variables of a network.

A map is a list of rows that is read in both directions: an `Entry` for an array of weights, a
`Fixed` for a constant that files store beside them, an `Unused` for what they may hold in vain.
"""

import operator
from collections.abc import Callable
from typing import NamedTuple

import keras
import numpy as np

from tfgan_edit.checkpoints.stored import BFLOAT16
from tfgan_edit.config import UserError


class Layout(NamedTuple):
    """How an array of a file becomes one of ours, and back."""

    name: str
    load: Callable[[np.ndarray], np.ndarray]
    store: Callable[[np.ndarray], np.ndarray]


class Entry(NamedTuple):
    """One array: its name in the file, our variable, the layout between them."""

    source: str
    variable: keras.Variable
    layout: Layout
    optional: bool = False  # some files lack it; the variable then keeps its value
    row: int | None = None  # of a variable that stacks arrays of several layers

    @property
    def shape(self):
        """Of the array in our layout."""
        shape = tuple(self.variable.shape)
        return shape if self.row is None else shape[1:]


class Fixed(NamedTuple):
    """A constant that files store, an FIR filter: compared on loading, written on storing."""

    source: str
    value: np.ndarray


class Unused(NamedTuple):
    """An array that some files hold and no network reads: passed over, and not written."""

    source: str


def _transposed(*axes):
    inverse = np.argsort(axes)
    return lambda a: np.transpose(a, axes), lambda a: np.transpose(a, inverse)


def _then(first, second):
    """`first` on loading before `second`, undone in reverse order on storing."""
    return lambda a: second[0](first[0](a)), lambda a: first[1](second[1](a))


_DROP_FIRST = (operator.itemgetter(0), lambda a: a[None])  # [1, …] <-> […]
_OIHW_TO_HWIO = _transposed(2, 3, 1, 0)  # same orientation in space, also for up-sampling
_NCHW_TO_NHWC = _transposed(0, 2, 3, 1)

AS_IS = Layout("as_is", lambda a: a, lambda a: a)
SCALAR = Layout("scalar", *_DROP_FIRST)  # [1] <-> []
VECTOR = Layout("vector", np.ravel, np.ravel)  # [1, n] or [n] -> [n]
DENSE = Layout("dense", *_transposed(1, 0))  # [out, in] <-> [in, out]
CONV = Layout("conv", *_OIHW_TO_HWIO)
CONV_5D = Layout("conv_5d", *_then(_DROP_FIRST, _OIHW_TO_HWIO))  # [1, O, I, k, k] <-> HWIO
MAP = Layout("map", *_NCHW_TO_NHWC)  # [1, C, h, w] <-> [1, h, w, C]
CONST = Layout(  # [C, h, w] <-> [1, h, w, C]
    "const", *_then(_DROP_FIRST[::-1], _NCHW_TO_NHWC)
)
NOISE = Layout(  # [h, w] <-> [1, h, w, 1]
    "noise", lambda a: a[None, :, :, None], lambda a: a[0, :, :, 0]
)
COLOUR_BIAS = Layout(  # [1, C, 1, 1] <-> [C]
    "colour_bias", np.ravel, lambda a: a[None, :, None, None]
)
FLIPPED = Layout(  # HWIO, kernel turned by 180 degrees
    "flipped", lambda a: a[::-1, ::-1], lambda a: a[::-1, ::-1]
)
PLUS_ONE = Layout("plus_one", lambda a: a + np.float32(1), lambda a: a - np.float32(1))


def flatten_dense(height, width, channels):
    """Dense layer after a flatten: inputs in order C, h, w <-> inputs in order h, w, C."""

    def load(a):  # [out, C * h * w] -> [h * w * C, out]
        a = np.reshape(a, [-1, channels, height, width])
        return np.reshape(np.transpose(a, (2, 3, 1, 0)), [height * width * channels, -1])

    def store(a):
        a = np.reshape(a, [height, width, channels, -1])
        return np.reshape(np.transpose(a, (3, 2, 0, 1)), [-1, channels * height * width])

    return Layout("flatten_dense", load, store)


def flatten_rows(height, width, channels):
    """The same for a kernel [C * h * w, out] with its inputs in rows."""
    columns = flatten_dense(height, width, channels)
    load, store = _then(_transposed(1, 0), (columns.load, columns.store))
    return Layout("flatten_rows", load, store)


def unflatten_dense(height, width, channels):
    """Dense layer whose outputs become a map: in order C, h, w <-> in order h, w, C."""
    outputs = flatten_rows(height, width, channels)
    return Layout(
        "unflatten_dense", *_then((outputs.load, outputs.store), _transposed(1, 0))
    )


def unflatten_bias(height, width, channels):
    """The same for its bias [C * h * w]."""

    def load(a):
        return np.ravel(np.transpose(np.reshape(a, [channels, height, width]), (1, 2, 0)))

    def store(a):
        return np.ravel(np.transpose(np.reshape(a, [height, width, channels]), (2, 0, 1)))

    return Layout("unflatten_bias", load, store)


def rows(prefix, layer, table):
    """Entries of a layer: `table` has (name below `prefix`, attribute of `layer`, layout)."""
    return [
        Entry(f"{prefix}{source}", operator.attrgetter(attribute)(layer), layout)
        for source, attribute, layout in table
    ]


def assign_weights(network, entries, arrays):
    """Sets the variables of a network from the arrays of a file: all of them or none.

    Args:
        network: the network that `entries` was made for.
        entries: the rows of a map.
        arrays: {name: array}. Every name must be used up; constants may be absent.

    Returns:
        Names of optional rows that the file lacks, so that the caller can say so.

    Raises:
        UserError: names missing from `arrays` or unknown to the map, an array of another shape,
            one with values that are no numbers, or another constant.
    """
    fixed = {row.source: row.value for row in entries if isinstance(row, Fixed)}
    unused = {row.source for row in entries if isinstance(row, Unused)}
    entries = [row for row in entries if isinstance(row, Entry)]
    absent = {entry.source for entry in entries if entry.source not in arrays}
    missing = absent - {entry.source for entry in entries if entry.optional}
    surplus = set(arrays) - {entry.source for entry in entries} - set(fixed) - unused
    if missing or surplus:
        raise UserError(
            f"the file does not fit {network.name}: missing {listed(sorted(missing))}, "
            f"surplus {listed(sorted(surplus))}"
        )
    for name in sorted(fixed.keys() & arrays.keys()):
        _check_fixed(name, np.asarray(arrays[name]), fixed[name])
    values = [
        (entry, _load(entry, np.asarray(arrays[entry.source])))
        for entry in entries
        if entry.source not in absent
    ]
    stacks = {}
    for entry, value in values:  # only now: a refused file changes nothing
        if entry.row is None:
            entry.variable.assign(value)
        else:
            variable, rows = stacks.setdefault(id(entry.variable), (entry.variable, {}))
            rows[entry.row] = value
    for variable, rows in stacks.values():
        stacked = keras.ops.convert_to_numpy(variable).copy()
        stacked[list(rows)] = list(rows.values())
        variable.assign(stacked)
    return sorted(absent)


def export_arrays(entries):
    """The inverse: {name in the file: array in its layout}."""
    return {
        row.source: row.value if isinstance(row, Fixed) else _store(row)
        for row in entries
        if not isinstance(row, Unused)
    }


def _store(entry):
    value = keras.ops.convert_to_numpy(entry.variable)
    value = value if entry.row is None else value[entry.row]
    return np.asarray(entry.layout.store(value), order="C")


def _load(entry, array):
    wanted = entry.shape
    _check_numbers(entry.source, array)
    try:
        value = entry.layout.load(array)
    except (ValueError, IndexError):  # too few or too many axes for the layout
        value = None
    if value is None or value.shape != wanted:
        raise UserError(
            f"{entry.source} has shape {list(array.shape)}, which as {entry.layout.name} "
            f"does not give the {list(wanted)} of {entry.variable.path}"
        )
    value = np.asarray(value, np.float32)
    if not np.isfinite(value).all():
        raise UserError(f"{entry.source} holds values that are not finite; the file is damaged")
    return value


def _check_numbers(name, array):
    if array.dtype.kind not in "biuf" and array.dtype != BFLOAT16:
        raise UserError(f"{name} holds {array.dtype}, not numbers")


def _check_fixed(name, array, wanted):
    _check_numbers(name, array)
    if array.shape != wanted.shape or not np.allclose(array.astype(np.float64), wanted, atol=1e-6):
        raise UserError(
            f"{name} is not the constant of the network, {list(wanted.shape)} with "
            f"{wanted.flat[:4].tolist()} …. Received: {list(array.shape)} with "
            f"{array.flat[:4].tolist()} …"
        )


def listed(names, limit=8):
    """The first names of a list as text, and how many more there are."""
    shown = ", ".join(names[:limit])
    return f"{shown} and {len(names) - limit} more" if len(names) > limit else shown or "nothing"
