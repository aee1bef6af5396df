"""Zip archives as views of a file in memory.

Python's `zipfile` reads a directory of any length and copies every member. Here the directory's
length is limited, a stored member is a view, and a compressed one is inflated to its declared
size, which is limited over the whole archive. Format: PKWARE's APPNOTE 6.3.
"""

import struct
import zlib
from typing import NamedTuple

from tfgan_edit.config import UserError

MAX_MEMBERS = 65_535
MAX_INFLATED = 2**28  # bytes, beside 20 times the file's size
STORED, DEFLATED = 0, 8
_END, _END64, _LOCATOR64 = b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07"
_ABSENT16, _ABSENT32 = 0xFFFF, 0xFFFFFFFF  # "see the ZIP64 field"


class _Member(NamedTuple):
    method: int
    crc: int
    packed: int  # bytes in the archive
    size: int  # bytes of the contents
    header: int  # offset of the local header


class Archive:
    """The members of a zip file.

    Args:
        data: memoryview of the whole file.

    Raises:
        UserError: a damaged, encrypted or hostile archive, in one line.
    """

    def __init__(self, data):
        self.data = data
        try:
            self.members = dict(self._directory())
        except struct.error as error:
            raise UserError(f"it is a damaged zip archive: {error}") from error
        inflated = sum(m.size for m in self.members.values() if m.method == DEFLATED)
        if inflated > MAX_INFLATED + 20 * len(data):
            raise UserError(f"it is an archive that would inflate to {inflated:,} bytes")

    def read(self, name):
        """Bytes of a member: a view where it is stored, else inflated; checked by its CRC."""
        member = self.members[name]
        header = self.data[member.header : member.header + 30].tobytes().ljust(30, b"\0")
        signature, _, name_length, extra_length = struct.unpack("<4s22sHH", header)
        start = member.header + 30 + name_length + extra_length
        packed = self.data[start : start + member.packed]
        if signature != b"PK\x03\x04" or len(packed) != member.packed:
            raise UserError(f"its member {name!r:.80} is cut off; download the file again")
        data = packed if member.method == STORED else _inflate(name, packed, member.size)
        if len(data) != member.size or zlib.crc32(data) != member.crc:
            raise UserError(
                f"its member {name!r:.80} is damaged (checksum); download the file again"
            )
        return data

    def _directory(self):
        count, size, start = self._end()
        if count > MAX_MEMBERS or size > len(self.data):
            raise UserError(f"it is an archive of {count:,} members, which no checkpoint has")
        position, seen = start, set()
        for _ in range(count):
            fields = struct.unpack_from("<4s4xHH4xIIIHHH8xI", self.data, position)
            signature, flags, method, crc, packed, size, *lengths, header = fields
            name_length, extra_length, comment_length = lengths
            if signature != b"PK\x01\x02":
                raise UserError("it is a damaged zip archive: its directory is cut off")
            position += 46
            name = bytes(self.data[position : position + name_length])
            name = name.decode("utf-8", "replace")
            position += name_length
            extra = self.data[position : position + extra_length]
            position += extra_length + comment_length
            size, packed, header = _zip64(extra, size, packed, header)
            _check_name(name, seen)
            if flags & 1 or method not in (STORED, DEFLATED):
                raise UserError(f"its member {name!r:.80} is encrypted or packed by {method=}")
            if method == STORED and packed != size:
                raise UserError(f"its member {name!r:.80} has two sizes")
            yield name, _Member(method, crc, packed, size, header)

    def _end(self):
        """(members, bytes of the directory, its offset), from the record at the end."""
        tail = bytes(self.data[-(22 + _ABSENT16) :])
        at = tail.rfind(_END)
        if at < 0 or at + 22 > len(tail):
            raise UserError("it is a truncated zip archive; download it again")
        count, size, start = struct.unpack_from("<10xHII", tail, at)
        at += len(self.data) - len(tail)
        if at >= 20 and self.data[at - 20 : at - 16] == _LOCATOR64:
            (at,) = struct.unpack_from("<8xQ", self.data, at - 20)
            if at + 56 > len(self.data) or self.data[at : at + 4] != _END64:
                raise UserError("it is a damaged zip archive: its ZIP64 record is missing")
            count, size, start = struct.unpack_from("<32xQQQ", self.data, at)
        return count, size, start


def _zip64(extra, *sizes):
    """Sizes and offset, from the ZIP64 field where they did not fit into 32 bits."""
    while len(extra) >= 4:
        kind, length = struct.unpack_from("<HH", extra)
        field, extra = extra[4 : 4 + length], extra[4 + length :]
        if kind == 1:
            values = iter(struct.unpack_from(f"<{len(field) // 8}Q", field))
            return [next(values, size) if size == _ABSENT32 else size for size in sizes]
    return sizes


def _check_name(name, seen):
    parts = name.replace("\\", "/").split("/")
    if name.startswith(("/", "\\")) or ".." in parts or ":" in name or "\0" in name:
        raise UserError(f"its member {name!r:.80} points outside of the archive")
    if name in seen:
        raise UserError(f"it has two members {name!r:.80}")
    seen.add(name)


def _inflate(name, packed, size):
    machine = zlib.decompressobj(-15)
    try:
        data = machine.decompress(packed, size + 1)
    except zlib.error as error:
        raise UserError(f"its member {name!r:.80} is damaged: {error}") from error
    return memoryview(data)
