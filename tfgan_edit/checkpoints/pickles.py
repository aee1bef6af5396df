"""Pickles read as data: no name is imported, no object is called.

The opcodes of the pickle machine (Python's `pickletools` documents them) are interpreted here.
A global is a name that must stand in a table of constructors; each makes plain values, arrays or
inert records from plain values. Memory and time are bounded by the file's size: numbers of
opcodes and of copied characters are limited, and large byte strings are views of the file.
"""

import dataclasses
import struct

from tfgan_edit.checkpoints.stored import Record
from tfgan_edit.config import UserError

MAX_OPCODES = 500_000  # a 1024-px pickle of three networks has 50,000
MAX_COPIED = 2**25  # bytes of text and of copied collections
MAX_INTEGER_BYTES = 32

_MARK = object()


@dataclasses.dataclass
class Budget:
    """What reading one file may still spend, over all pickles in it."""

    opcodes: int = MAX_OPCODES
    copied: int = MAX_COPIED

    def step(self):
        """Counts one instruction; raises `UserError` over the limit."""
        self.opcodes -= 1
        if self.opcodes < 0:
            raise UserError(f"its pickle has over {MAX_OPCODES:,} instructions, no checkpoint has")

    def copy(self, size):
        """Counts bytes that are copied; raises `UserError` over the limit."""
        self.copied -= size
        if self.copied < 0:
            raise UserError(f"its pickle copies over {MAX_COPIED:,} bytes of text and lists")


@dataclasses.dataclass(frozen=True)
class Global:
    """A name that the pickle refers to; it stays a name."""

    name: str


def read_pickle(data, constructors, start=0, persistent=None, budget=None):
    """Interprets one pickle of protocol 2 to 5.

    Args:
        data: memoryview of bytes.
        constructors: {"module.name": function of (budget, *arguments) or None}; None for names
            that may occur, but not be called. They must not trust their arguments.
        start: where in `data` the pickle begins.
        persistent: function of a persistent id -> value; None where none may occur.
        budget: a `Budget` to share between the pickles of a file.

    Returns:
        (value, position after the pickle). Values are None, bool, int, float, str, memoryview,
        tuple, list, dict, set, and what the constructors return.

    Raises:
        UserError: a name outside the table, a limit, or damage, in one line.
    """
    machine = _Machine(data, constructors, start, persistent, budget or Budget())
    try:
        return machine.run(), machine.position
    except (IndexError, KeyError, TypeError, ValueError, struct.error) as error:
        if isinstance(error, UserError):
            raise
        raise UserError(
            f"its pickle is damaged near byte {machine.position}: {error!s:.80}"
        ) from error


class _Machine:
    def __init__(self, data, constructors, position, persistent, budget):
        self.data = data
        self.constructors = constructors
        self.position = position
        self.persistent = persistent
        self.budget = budget
        self.stack = []
        self.marks = []
        self.memo = {}

    def run(self):
        while True:
            self.budget.step()
            code = self.take(1)[0]
            if code == ord("."):
                return self.pop()
            action = _ACTIONS.get(code)
            if action is None:
                raise UserError(
                    f"its pickle uses the instruction {chr(code)!r} at byte {self.position - 1}, "
                    "which no checkpoint needs; the file is damaged, hostile, or of protocol 0"
                )
            action(self)

    # Bytes

    def take(self, count):
        end = self.position + count
        if end > len(self.data):
            raise UserError("its pickle ends too early; the file is truncated: download it again")
        part = self.data[self.position : end]
        self.position = end
        return part

    def number(self, format):
        return struct.unpack(format, self.take(struct.calcsize(format)))[0]

    def line(self):
        window = bytes(self.data[self.position : self.position + 256])
        end = window.index(b"\n")
        self.position += end + 1
        return window[:end].decode("ascii")

    def text(self, count, encoding="utf-8"):
        self.budget.copy(count)
        return str(self.take(count), encoding, "surrogatepass" if encoding == "utf-8" else "strict")

    def integer(self, count):
        if count > MAX_INTEGER_BYTES:
            raise UserError(f"its pickle holds an integer of {count} bytes")
        return int.from_bytes(self.take(count), "little", signed=True)

    # Stack

    def push(self, value):
        self.stack.append(value)

    def pop(self):
        value = self.stack.pop()
        if value is _MARK:
            raise UserError("its pickle is damaged: a value is missing")
        return value

    def top(self):
        if self.stack[-1] is _MARK:
            raise UserError("its pickle is damaged: a value is missing")
        return self.stack[-1]

    def mark(self):
        self.marks.append(len(self.stack))
        self.push(_MARK)

    def pop_to_mark(self):
        start = self.marks.pop()
        items = self.stack[start + 1 :]
        del self.stack[start:]
        return items

    def tuple_of(self, count):
        items = [self.pop() for _ in range(count)]
        self.push(tuple(reversed(items)))

    def memoize(self, index):
        self.memo[index] = self.top()

    # Collections

    def append(self, items):
        target = self.top()
        if not isinstance(target, list):
            raise UserError(f"its pickle appends to a {type(target).__name__}")
        target.extend(items)

    def set_items(self, items):
        target = self.top()
        if not isinstance(target, dict) or len(items) % 2:
            raise UserError(f"its pickle sets items of a {type(target).__name__}")
        for key, value in zip(items[::2], items[1::2], strict=True):
            target[checked_key(key)] = value

    def add(self, items):
        target = self.top()
        if not isinstance(target, set):
            raise UserError(f"its pickle adds to a {type(target).__name__}")
        target.update(map(checked_key, items))

    # Names and objects

    def refer(self, module, name):
        if not (isinstance(module, str) and isinstance(name, str)):
            raise UserError("its pickle is damaged: the name of a class is no text")
        self.push(Global(checked_name(f"{module}.{name}", self.constructors)))

    def refer_from_stack(self):
        name, module = self.pop(), self.pop()
        self.refer(module, name)

    def construct(self):
        arguments, target = self.pop(), self.pop()
        if not isinstance(target, Global) or not isinstance(arguments, tuple):
            raise UserError(f"its pickle calls a {type(target).__name__}, which is not allowed")
        constructor = self.constructors[target.name]
        if constructor is None:
            raise UserError(f"its pickle calls {target.name}, which is only a name here")
        self.push(constructor(self.budget, *arguments))

    def build(self):
        state, target = self.pop(), self.top()
        if isinstance(target, Record):
            target.state = state
        elif hasattr(target, "set_state"):
            target.set_state(state)
        elif not isinstance(target, dict):  # attributes of an ordered dict hold no weights
            raise UserError(f"its pickle sets attributes of a {type(target).__name__}")

    def load_persistent(self):
        if self.persistent is None:
            raise UserError("its pickle refers to data outside of it, which is not allowed here")
        self.push(self.persistent(self.pop()))


def checked_name(name, constructors):
    """The name itself; `UserError` unless it stands in the table."""
    if name in constructors:
        return name
    raise UserError(
        f"its pickle asks for {name!r:.80}, which is not among the names that checkpoints need; "
        "nothing of it was run: do not open this file with other software"
    )


def checked_key(key):
    """The key itself; `UserError` unless its hash is harmless (text and small integers)."""
    if isinstance(key, (str, type(None))) or isinstance(key, int) and abs(key) < 2**53:
        return key
    raise UserError(f"its pickle has a dictionary key or set item of type {type(key).__name__}")


def _constant(value):
    return lambda machine: machine.push(value)


def _number(format):
    return lambda machine: machine.push(machine.number(format))


def _text(format, encoding="utf-8"):
    return lambda machine: machine.push(machine.text(machine.number(format), encoding))


def _bytes(format):
    return lambda machine: machine.push(machine.take(machine.number(format)))


def _long(format):
    return lambda machine: machine.push(machine.integer(machine.number(format)))


def _get(format):
    return lambda machine: machine.push(machine.memo[machine.number(format)])


def _put(format):
    return lambda machine: machine.memoize(machine.number(format))


def _protocol(machine):
    protocol = machine.number("<B")
    if not 2 <= protocol <= 5:
        raise UserError(f"its pickle has protocol {protocol}; save it with protocol 2 to 5")


_ACTIONS = {
    ord(code): action
    for code, action in {
        "\x80": _protocol,
        "\x95": lambda m: m.take(8),  # FRAME: a hint on buffering
        "N": _constant(None),
        "\x88": _constant(True),
        "\x89": _constant(False),
        "K": _number("<B"),
        "M": _number("<H"),
        "J": _number("<i"),
        "G": _number(">d"),
        "\x8a": _long("<B"),
        "\x8b": _long("<I"),
        "\x8c": _text("<B"),
        "X": _text("<I"),
        "\x8d": _text("<Q"),
        # Python 2's strings: names when short, an array's bytes when long.
        "U": _text("<B", "latin-1"),
        "T": _bytes("<I"),
        "C": _bytes("<B"),
        "B": _bytes("<I"),
        "\x8e": _bytes("<Q"),
        "\x96": _bytes("<Q"),  # BYTEARRAY8
        "(": lambda m: m.mark(),
        "0": lambda m: m.pop(),
        "1": lambda m: m.pop_to_mark(),
        ")": _constant(()),
        "\x85": lambda m: m.tuple_of(1),
        "\x86": lambda m: m.tuple_of(2),
        "\x87": lambda m: m.tuple_of(3),
        "t": lambda m: m.push(tuple(m.pop_to_mark())),
        "]": lambda m: m.push([]),
        "a": lambda m: m.append([m.pop()]),
        "e": lambda m: m.append(m.pop_to_mark()),
        "}": lambda m: m.push({}),
        "s": lambda m: m.set_items([m.pop(), m.pop()][::-1]),
        "u": lambda m: m.set_items(m.pop_to_mark()),
        "\x8f": lambda m: m.push(set()),
        "\x90": lambda m: m.add(m.pop_to_mark()),
        "h": _get("<B"),
        "j": _get("<I"),
        "q": _put("<B"),
        "r": _put("<I"),
        "\x94": lambda m: m.memoize(len(m.memo)),
        "c": lambda m: m.refer(m.line(), m.line()),
        "\x93": lambda m: m.refer_from_stack(),
        "R": lambda m: m.construct(),
        "\x81": lambda m: m.construct(),  # NEWOBJ
        "b": lambda m: m.build(),
        "Q": lambda m: m.load_persistent(),
    }.items()
}
