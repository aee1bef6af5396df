"""Writes pickles opcode by opcode, with names that need not exist; for files and for attacks."""

import struct
from typing import Any, NamedTuple


class Name(NamedTuple):
    """A global."""

    module: str
    name: str


class Call(NamedTuple):
    """What calling `target` on the arguments gives, with `state` set afterwards if not None."""

    target: Any
    arguments: tuple = ()
    state: Any = None
    new: bool = False  # by NEWOBJ


class Persistent(NamedTuple):
    identifier: Any


class Raw(NamedTuple):
    """Opcodes as they are."""

    code: bytes


def dumps(value, protocol=2):
    return b"\x80" + bytes([protocol]) + encode(value) + b"."


def encode(value):
    """Opcodes that push `value`."""
    if isinstance(value, Raw):
        return value.code
    if isinstance(value, Name):
        return b"c" + f"{value.module}\n{value.name}\n".encode()
    if isinstance(value, Call):
        code = encode(value.target) + encode(value.arguments) + (b"\x81" if value.new else b"R")
        return code if value.state is None else code + encode(value.state) + b"b"
    if isinstance(value, Persistent):
        return encode(value.identifier) + b"Q"
    if value is None:
        return b"N"
    if isinstance(value, bool):
        return b"\x88" if value else b"\x89"
    if isinstance(value, int):
        size = value.bit_length() // 8 + 1
        return b"\x8a" + bytes([size]) + value.to_bytes(size, "little", signed=True)
    if isinstance(value, float):
        return b"G" + struct.pack(">d", value)
    if isinstance(value, str):
        data = value.encode()
        return b"X" + struct.pack("<I", len(data)) + data
    if isinstance(value, bytes):
        return b"B" + struct.pack("<I", len(value)) + value
    if isinstance(value, tuple):
        return b"(" + b"".join(map(encode, value)) + b"t"
    if isinstance(value, list):
        return b"](" + b"".join(map(encode, value)) + b"e"
    if isinstance(value, dict):
        items = [encode(key) + encode(item) for key, item in value.items()]
        return b"}(" + b"".join(items) + b"u"
    raise TypeError(type(value))
