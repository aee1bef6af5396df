"""Inputs on which files are calibrated and compared with Keras: drawn faces, data, seeds."""

from pathlib import Path

import numpy as np

from tfgan_edit.config import UserError
from tfgan_edit.data import avatars
from tfgan_edit.data.pairs import is_pairs, open_pairs
from tfgan_edit.data.records import is_records, open_records
from tfgan_edit.editing.framing import fitted

DRAWN_STYLE = "avataaars"


class DrawnPictures:
    """Faces that the package draws, the same ones every time.

    Attributes:
        identity: JSON value that says which pictures these are.
    """

    identity = {"drawn": DRAWN_STYLE}

    def photo(self, index, size):
        """Photo `index` at (height, width): float32 [height, width, 3] in [0, 1]."""
        photo, _ = avatars.draw(DRAWN_STYLE, index, resolution=max(size))
        return _in_unit(fitted(photo, size))

    def plane(self, index, kind, size):
        """None: no labels or edges are drawn, their ports draw them."""

    def target(self, index, size):
        """None: nobody drew what should become of a photo."""


class StoredPictures:
    """Photos of records, or the sources of pairs.

    Args:
        path: of records or pairs.

    Attributes:
        identity: JSON value that says which pictures these are.

    Raises:
        UserError: there is neither at `path`.
    """

    def __init__(self, path):
        path = Path(path)
        self._targets = None
        if is_pairs(path):
            pairs = open_pairs(path)
            self.records, self.planes, self._targets = pairs.sources, pairs.planes, pairs.targets
            self.identity = {"pairs": pairs.hash}
        elif is_records(path):
            self.records = open_records(path)
            self.planes = ("photo",) * self.records.channels
            self.identity = {"records": self.records.hash}
        else:
            raise UserError(
                f"no records or pairs at {path}: make them with prepare_data or make_pairs"
            )

    def photo(self, index, size):
        """Photo `index`, from the start again if there are fewer; as of `DrawnPictures`."""
        count = self.planes.count("photo")
        if count not in (1, 3, 6):
            raise UserError("the pairs hold no photos, which this network reads: give others")
        photo = self.records[index % self.records.num][..., : min(count, 3)]
        return _in_unit(fitted(np.broadcast_to(photo, (*photo.shape[:2], 3)), size))

    def plane(self, index, kind, size):
        """Labels or edges: float32 [height, width, 1], as ports of that kind want them."""
        if kind not in self.planes or self.records.resolution != tuple(size):
            return None
        plane = self.records[index % self.records.num][..., [self.planes.index(kind)]]
        return _in_unit(plane) if kind == "edges" else plane.astype(np.float32)

    def target(self, index, size):
        """What pairs say that should become of photo `index`, or None; as `photo`."""
        if self._targets is None:
            return None
        return _in_unit(fitted(self._targets[index % self._targets.num], size))


def examples(graph, pictures, count, seed=0, outputs=True, first=0):
    """Inputs of all signatures and what Keras makes of them.

    Args:
        graph: `ServingGraph`.
        pictures: `DrawnPictures` or `StoredPictures`.
        count: number of examples.
        seed: of what is drawn.
        outputs: whether the last signatures are run, too; codes that another signature reads are
            always made.
        first: number of the first picture.

    Yields:
        {name of a signature: (inputs, outputs)}, each {name of a port: array}; outputs may be {}.
    """
    random = np.random.RandomState(seed)
    functions = {signature.name: signature.traced() for signature in graph.signatures}
    read = {p.name for s in graph.signatures for p in s.inputs if p.kind == "code"}
    for index in range(first, first + count):
        example, made = {}, {}
        for signature in graph.signatures:
            inputs = {
                port.name: made[port.name]
                if port.kind == "code"
                else _value(port, pictures, index, number, random)
                for number, port in enumerate(signature.inputs)
            }
            results = {}
            if outputs or read & {port.name for port in signature.outputs}:
                tensors = functions[signature.name](*inputs.values())
                results = {name: tensor.numpy() for name, tensor in tensors.items()}
            made.update(results)
            example[signature.name] = (inputs, results)
        yield example


def targets(graph, pictures, count, first=0):
    """What the network should make of the pictures of `examples`: [float32 [H, W, 3]], or None.

    Only networks that are trained on pairs have targets, and only pairs hold them.
    """
    port = graph.signatures[0].outputs[0]
    if graph.task not in ("photo_to_photo", "labels_to_photo"):
        return None
    found = [pictures.target(index, port.shape[1:3]) for index in range(first, first + count)]
    return None if any(photo is None for photo in found) else found


def _value(port, pictures, index, number, random):
    """A value for input `number`; second photos are the next ones."""
    size = port.shape[1:3]
    value = None
    if port.kind == "photo":
        value = pictures.photo(index + number, size)
        if port.shape[-1] == 1:
            value = value.mean(axis=-1, keepdims=True)
    elif port.kind in ("labels", "edges"):
        value = pictures.plane(index, port.kind, size)
    value = port.draw(random) if value is None else value[np.newaxis]
    return np.ascontiguousarray(value, np.float32)


def _in_unit(photo):
    return photo.astype(np.float32) / 255
