"""HDF5 as Keras writes its weights: groups of whole arrays; read without the HDF5 library.

The library trusts files too much to open any. Format: "HDF5 File Format Specification", version 3,
the parts that h5py writes by default (superblock 0, groups as symbol tables, one piece an array).
Numbers are little-endian; attributes are passed over, and nothing outside of the file is followed.
"""

import struct

from tfgan_edit.checkpoints.pickles import checked_key
from tfgan_edit.checkpoints.stored import contiguous
from tfgan_edit.config import UserError

SIGNATURE = b"\x89HDF\r\n\x1a\n"
MAX_DEPTH = 16  # of groups in groups; Keras' nest six deep
MAX_OBJECTS = 100_000  # groups, arrays and blocks of them
# Messages of an object's header.
DATASPACE, LINK_INFO, DATATYPE, LAYOUT, FILTERS = 0x1, 0x2, 0x3, 0x8, 0xB
CONTINUATION, SYMBOL_TABLE = 0x10, 0x11
FIXED_POINT, FLOATING_POINT = 0, 1
CONTIGUOUS = 1
HARD_LINKS = (0, 1)  # kinds of symbols; 2 is a soft link


def read(data):
    """{path in the file, as "block1_conv1/kernel:0": `StoredArray`}.

    Raises:
        UserError: forms that are not read, or a damaged file.
    """
    version, offset_size, length_size = data[8], data[13], data[14]
    if version != 0 or (offset_size, length_size) != (8, 8):
        raise UserError(
            f"it is HDF5 of a form that is not read here (superblock {version}); save it by h5py's "
            "defaults, or its arrays as .npz"
        )
    (base,) = struct.unpack_from("<Q", data, 24)
    (root,) = struct.unpack_from("<Q", data, 64)
    return _Reader(data[base:]).group(root, "", 0)


class _Reader:
    def __init__(self, data):
        self.data = data
        self.objects = 0

    def unpack(self, form, place):
        return struct.unpack_from(f"<{form}", self.data, place)

    def count(self, depth=0):
        self.objects += 1
        if self.objects > MAX_OBJECTS or depth > MAX_DEPTH:
            raise UserError("it nests values deeper or more often than any checkpoint")

    def group(self, place, path, depth):
        """Arrays in and below the object whose header is at `place`."""
        self.count(depth)
        messages = self.messages(place)
        if SYMBOL_TABLE not in messages:
            return {path: self.array(messages, path)}
        tree, heap = self.unpack("QQ", messages[SYMBOL_TABLE])
        if bytes(self.data[heap : heap + 4]) != b"HEAP":
            raise UserError("it is damaged: a group has no names; download it again")
        (names,) = self.unpack("Q", heap + 24)
        arrays = {}
        for name, header in self.symbols(tree, depth):
            name = checked_key(self.text(names + name))
            arrays |= self.group(header, f"{path}/{name}" if path else name, depth + 1)
        return arrays

    def messages(self, place):
        """{kind: place of its first message} of an object's header."""
        version, count, size = self.unpack("BxH4xI", place)
        if version != 1:
            raise UserError(
                "it is HDF5 of a form that is not read here (header of another version); save "
                "its arrays as .npz"
            )
        found, blocks = {}, [(place + 16, size)]
        while blocks and count:
            self.count()
            start, size = blocks.pop(0)
            end = start + size
            while start + 8 <= end and count:
                kind, length = self.unpack("HH", start)
                if kind == CONTINUATION:
                    blocks.append(self.unpack("QQ", start + 8))
                found.setdefault(kind, start + 8)
                start, count = start + 8 + length, count - 1
        return found

    def symbols(self, tree, depth):
        """Yields (place of the name, place of the header) below a node of a group's tree."""
        self.count(depth)
        signature, kind, level, count = self.unpack("4sBBH", tree)
        if signature != b"TREE" or kind != 0:
            raise UserError("it is damaged: a group has no members; download it again")
        for i in range(count):
            (child,) = self.unpack("Q", tree + 32 + 16 * i)  # between keys of 8 bytes
            if level:
                yield from self.symbols(child, depth + 1)
            else:
                yield from self.leaf(child)

    def leaf(self, place):
        signature, count = self.unpack("4s2xH", place)
        if signature != b"SNOD":
            raise UserError("it is damaged: a group has no members; download it again")
        for i in range(count):
            name, header, kind = self.unpack("QQI", place + 8 + 40 * i)
            if kind in HARD_LINKS:
                yield name, header

    def text(self, place):
        data = bytes(self.data[place : place + 256])
        return data[: data.index(0)].decode()

    def array(self, messages, path):
        if LINK_INFO in messages:
            raise UserError(f"{path or '/'!r:.80} is a group of a later form; save it as .npz")
        if not {DATASPACE, DATATYPE, LAYOUT} <= messages.keys() or FILTERS in messages:
            raise UserError(f"{path!r:.80} is compressed or no array; save it as .npz")
        dtype = self.dtype(messages[DATATYPE], path)
        start, size = self.extent(messages[LAYOUT], path)
        return contiguous(dtype, self.shape(messages[DATASPACE]), self.data[start : start + size])

    def shape(self, place):
        version, rank = self.unpack("BB", place)
        return self.unpack(f"{rank}Q", place + (8 if version == 1 else 4))

    def dtype(self, place, path):
        kind, bits, size = self.unpack("BB2xI", place)
        letter = {FLOATING_POINT: "f", FIXED_POINT: "i" if bits & 8 else "u"}.get(kind & 15)
        if letter is None or size not in (1, 2, 4, 8) or (letter, size) == ("f", 1):
            raise UserError(f"{path!r:.80} holds no numbers")
        return f"{'>' if bits & 1 else '<'}{letter}{size}"

    def extent(self, place, path):
        version, kind = self.unpack("BB", place)
        if version not in (3, 4) or kind != CONTIGUOUS:
            raise UserError(f"{path!r:.80} is stored in pieces; save it as .npz")
        start, size = self.unpack("QQ", place + 2)
        if size and start + size > len(self.data):
            raise UserError("it is truncated; download it again")
        return start, size
