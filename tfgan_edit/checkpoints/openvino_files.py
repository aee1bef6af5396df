"""Constants of networks in OpenVINO's intermediate representation, version 10; no graph is run.

A network is a pair: NAME.xml lists its layers, of which those of type "Const" say where in
NAME.bin their values lie. The XML is read by a parser that knows neither document types nor
entities.
"""

import hashlib
import re
from pathlib import Path
from xml.parsers import expat

from tfgan_edit.checkpoints.stored import brief, contiguous
from tfgan_edit.config import UserError

MAX_XML = 2**20  # bytes
MAX_LAYERS = 10_000
MAX_PAIRS = 8
DTYPES = {"f32": "<f4", "f16": "<f2", "i64": "<i8", "i32": "<i4", "u8": "u1", "boolean": "?"}
START = re.compile(rb"\s*(?:<\?xml[^>]{0,100}>\s*)?<net[\s>]")


def is_openvino(head):
    """Whether a file begins as the XML of such a network."""
    return START.match(head) is not None


def read_beside(path):
    """The networks in the folder of an XML file; see `read_pairs`."""
    files = {p.name: p for p in Path(path).parent.iterdir() if p.suffix in (".xml", ".bin")}
    return read_pairs(files, lambda name: memoryview(files[name].read_bytes()))


def read_archive(archive):
    """The networks in a wheel or another zip archive; see `read_pairs`."""
    return read_pairs(archive.members, archive.read)


def has_pairs(names):
    """Whether there are a .xml and a .bin file of one name."""
    return bool(_stems(names))


def read_pairs(names, read):
    """Constants of all networks among some files.

    Args:
        names: of the files.
        read: function of a name -> memoryview of its bytes.

    Returns:
        ({"NETWORK/constant": array}, {"NETWORK.xml": SHA-256, "NETWORK.bin": …}), where NETWORK
        is a file's name without its folder and suffix.

    Raises:
        UserError: a damaged or hostile file, in one line.
    """
    arrays, hashes = {}, {}
    stems = _stems(names)
    if len(stems) > MAX_PAIRS:
        raise UserError(f"it holds {len(stems)} networks, more than {MAX_PAIRS}")
    for stem in stems:
        xml, data = read(f"{stem}.xml"), read(f"{stem}.bin")
        network = stem.rpartition("/")[2]
        for name, (kind, shape, start, size) in _constants(xml, network).items():
            if start + size > len(data):
                raise UserError(f"{network}.bin is truncated or another network's; download again")
            array = contiguous(kind, shape, data[start : start + size])
            arrays[f"{network}/{name}"] = array.numpy()
        hashes[f"{network}.xml"] = hashlib.sha256(xml).hexdigest()
        hashes[f"{network}.bin"] = hashlib.sha256(data).hexdigest()
    return arrays, hashes


def _stems(names):
    return [n[:-4] for n in names if n.endswith(".xml") and f"{n[:-4]}.bin" in names]


def _constants(xml, network):
    """{name: (dtype, shape, offset, bytes)} of the layers of type "Const"."""
    if len(xml) > MAX_XML:
        raise UserError(f"{network}.xml is longer than {MAX_XML:,} bytes")
    layers = _Layers(network)
    parser = expat.ParserCreate(encoding="utf-8")
    parser.StartElementHandler = layers.start
    parser.StartDoctypeDeclHandler = layers.refuse
    try:
        parser.Parse(bytes(xml), True)
    except expat.ExpatError as error:
        raise UserError(f"{network}.xml is damaged: {error!s:.80}") from error
    return layers.constants


class _Layers:
    """Collects the constants while the XML is parsed."""

    def __init__(self, network):
        self.network, self.constants = network, {}
        self.names, self.constant, self.seen = set(), None, False

    def refuse(self, *declaration):
        raise UserError(f"{self.network}.xml declares a document type, which no network needs")

    def start(self, element, attributes):
        if not self.seen:
            version = attributes.get("version")
            if element != "net" or version != "10":
                raise UserError(f"{self.network}.xml is of version {brief(version)}, 10 is known")
            self.seen = True
        elif element == "layer":
            name = attributes.get("name", "")
            if name in self.names or len(self.names) >= MAX_LAYERS:
                raise UserError(f"{self.network}.xml has two layers {name!r:.60}, or too many")
            self.names.add(name)
            self.constant = name if attributes.get("type") == "Const" else None
        elif element == "data" and self.constant is not None:
            self.constants[self.constant] = self._place(attributes)
            self.constant = None

    def _place(self, attributes):
        try:
            kind = DTYPES[attributes["element_type"]]
            shape = [_natural(n) for n in attributes["shape"].split(",") if n.strip()]
            return kind, shape, _natural(attributes["offset"]), _natural(attributes["size"])
        except (KeyError, ValueError) as error:
            raise UserError(
                f"{self.network}.xml: the constant {self.constant!r:.60} is described by "
                f"{brief(attributes)}"
            ) from error


def _natural(text):
    """A number that is not negative, of at most 15 digits."""
    text = text.strip()
    if not re.fullmatch("[0-9]{1,15}", text):
        raise ValueError(text)
    return int(text)
