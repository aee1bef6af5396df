"""Pairs on disk: what a translator reads, and what it should make of it.

    manifest.json     what is in the folder, its parents, its hash
    source/           records, uint8 [H, W, C]: a photo, two photos (C = 6), or other planes
    target/           records, uint8 [H, W, 1 or 3]; photo i belongs to source i
    scores.npz        float32 [N, …] arrays, only if the pairs were scored

What a channel of a source means is its *plane*: "photo", "labels" (numbers of labels) or "edges"
(255 at the borders of instances, else 0).
"""

import contextlib
import dataclasses
import pathlib

import numpy as np

from tfgan_edit.checkpoints.numpy_files import load_npz
from tfgan_edit.config import UserError
from tfgan_edit.data.preparation import parse_resolution, prepare
from tfgan_edit.data.records import (
    MANIFEST,
    RecordsWriter,
    canonical_hash,
    is_plain_name,
    open_records,
)
from tfgan_edit.storage import atomic_folder, read_json, sha256_of, write_json

FORMAT = "tfgan_edit.pairs"
FORMAT_VERSION = 1
PLANES = ("photo", "labels", "edges")
SOURCE, TARGET, SCORES = "source", "target", "scores.npz"


@dataclasses.dataclass(frozen=True)
class PairsConfig:
    """Which pairs a run trains on, and how they are read.

    Args:
        source: A pairs folder; or `avatars:STYLE:ATTRIBUTE`, drawn faces without and with a
            binary attribute; or a folder of source pictures, with `targets`; or a folder that
            holds `train_A` and `train_B`, or `train_label` and `train_img` (and `train_inst`).
        targets: Folder of pictures with the names of the sources'.
        second_sources: The same, of the second input of two-input tasks.
        num_labels: Number of labels of `train_label`.
        dest: Folder for the prepared pairs; "" = `data/pairs_<name>` in the working folder.
        resolution: Side in pixels, or (height, width); None = the pairs folder's own.
        num: Pairs to draw or import; None = all (10,000 of avatars).
        crop: As of `DataConfig`.
        mirror: Whether both of a pair are flipped left to right with probability 1/2.
        seed: Which avatars are drawn.
        subset: Train on this many of the pairs, chosen at random; None = all.
    """

    source: str
    targets: str = ""
    second_sources: str = ""
    num_labels: int = 0
    dest: str = ""
    resolution: int | tuple[int, int] | None = None
    num: int | None = None
    crop: str = "center"
    mirror: bool = True
    seed: int = 0
    subset: int | None = None

    @property
    def reading(self):
        """Keyword arguments of `Pairs.dataset`."""
        return {"mirror": self.mirror, "subset": self.subset}

    def tiny(self):
        """The same settings with 16 drawn pairs of 16 px."""
        return PairsConfig(
            "avatars:avataaars:smile", resolution=16, num=16, mirror=self.mirror, seed=self.seed
        )


class PairsWriter:
    """Writes a pairs folder, whole or not at all.

    Args:
        dest: The folder to make; it must not exist.
        resolution: (height, width) of both of every pair.
        planes: Meaning of each channel of a source.
        target_channels: 1 or 3.
        num_labels: Number of labels, if a plane holds them.
        notes: Further entries of the manifest (parents, attribute, direction, rejected, …);
            `writer.notes` may be added to until the block ends.

    Example:
        with PairsWriter("pairs/smile", (64, 64), notes={"attribute": "smile"}) as writer:
            writer.add(source, target, scores={"source": 0.02, "target": 0.99})
        pairs = open_pairs("pairs/smile")

    Raises:
        UserError: If `dest` exists, or nothing was added.
    """

    def __init__(
        self,
        dest,
        resolution,
        *,
        planes=("photo",) * 3,
        target_channels=3,
        num_labels=0,
        notes=None,
    ):
        unknown = [plane for plane in planes if plane not in PLANES]
        if unknown or not planes:
            raise ValueError(f"`planes` may hold {', '.join(PLANES)}. Received: planes={planes}")
        if ("labels" in planes) != (num_labels > 0):
            raise ValueError(
                "`num_labels` must be positive exactly if a plane holds labels. Received: "
                f"num_labels={num_labels}, planes={planes}"
            )
        self.dest = pathlib.Path(dest).absolute()
        self.resolution = tuple(resolution)
        self.planes = tuple(planes)
        self.target_channels = target_channels
        self.num_labels = num_labels
        self.notes = dict(notes or {})
        self.num = 0
        self._scores = {}

    def __enter__(self):
        self._block = self._writing()
        return self._block.__enter__()

    def __exit__(self, *error):
        return self._block.__exit__(*error)

    @contextlib.contextmanager
    def _writing(self):
        if self.dest.exists():
            raise UserError(f"{self.dest} exists already: choose another folder")
        source_shape = (*self.resolution, len(self.planes))
        target_shape = (*self.resolution, self.target_channels)
        with atomic_folder(self.dest) as folder:
            with (
                RecordsWriter(folder / SOURCE, source_shape) as self._sources,
                RecordsWriter(folder / TARGET, target_shape) as self._targets,
            ):
                yield self
                if not self.num:
                    raise UserError(f"nothing to write to {self.dest}: there is no pair")
            self._finish(folder)

    def add(self, source, target, scores=None):
        """Appends one pair: uint8 [H, W, C] each, and {name: number or array} of scores."""
        scores = scores or {}
        if self.num and scores.keys() != self._scores.keys():
            raise ValueError(
                f"every pair needs the scores {sorted(self._scores)}. Received: {sorted(scores)}"
            )
        self._sources.add(source)
        self._targets.add(target)
        for name, value in scores.items():
            self._scores.setdefault(name, []).append(np.asarray(value, np.float32))
        self.num += 1

    def _finish(self, folder):
        hashes = {name: open_records(folder / name).hash for name in (SOURCE, TARGET)}
        scores = None
        if self._scores:
            arrays = {name: np.stack(values) for name, values in self._scores.items()}
            np.savez(folder / SCORES, **arrays)
            scores = {"file": SCORES, "sha256": sha256_of(folder / SCORES)}
        manifest = {
            "format": FORMAT,
            "format_version": FORMAT_VERSION,
            "num": self.num,
            "resolution": list(self.resolution),
            "planes": list(self.planes),
            "num_labels": self.num_labels,
            "hashes": hashes,
            "scores": scores,
        }
        manifest["hash"] = content_hash(manifest)
        write_json(folder / MANIFEST, {**self.notes, **manifest})


def content_hash(manifest):
    """Hash over everything that a training sees: pixels, and what they mean."""
    return canonical_hash([manifest[key] for key in ("hashes", "planes", "num_labels")])


def is_pairs(path):
    """Whether `path` is a pairs folder, complete or damaged."""
    try:
        return read_json(pathlib.Path(path) / MANIFEST).get("format") == FORMAT
    except (UserError, AttributeError):
        return False


class Pairs:
    """Pairs on disk; made by `open_pairs`.

    Attributes:
        path: The folder.
        manifest: Content of `manifest.json`.
        num: Number of pairs.
        resolution: (height, width).
        sources, targets: `Records`.
        planes: Meaning of each channel of a source.
        num_labels: Number of labels of a plane of labels.
        hash: Hash over pixels and planes.
        columns: {name in a batch: `Records`}.
        labels: None; pairs have none.
    """

    labels = None

    def __init__(self, path, manifest):
        self.path = pathlib.Path(path)
        self.manifest = manifest
        self.sources = open_records(self.path / SOURCE)
        self.targets = open_records(self.path / TARGET)
        self.columns = {"sources": self.sources, "targets": self.targets}
        self.num = self.targets.num
        self.resolution = self.targets.resolution
        self.hash = manifest["hash"]
        self.planes = tuple(manifest["planes"])
        self.num_labels = manifest["num_labels"]

    def __len__(self):
        return self.num

    def __repr__(self):
        height, width = self.resolution
        return f"<Pairs {self.path}: {self.num} pairs of {height}x{width}>"

    @property
    def facts(self):
        """What a trainer is told of its data: keyword arguments of a `build`."""
        height, width = self.resolution
        return {
            "resolution": height if height == width else (height, width),
            "planes": self.planes,
            "num_labels": self.num_labels,
            "img_channels": self.targets.channels,
        }

    def examples(self, count):
        """The first elements, from the start again if there are fewer, as a batch of arrays."""
        indices = np.arange(count) % self.num
        return {name: records.photos(indices) for name, records in self.columns.items()}

    def scores(self):
        """{name: float32 [N, …]} of what was measured when the pairs were made; {} if nothing.

        Raises:
            UserError: If the file is missing or was changed.
        """
        entry = self.manifest["scores"]
        if entry is None:
            return {}
        path = self.path / entry["file"]
        if sha256_of(path) != entry["sha256"]:
            raise _damaged(path, "its sha256 is not the manifest's")
        return load_npz(path)

    def subset_indices(self, subset):
        """Numbers of a random subset of that size, sorted; smaller ones lie in larger."""
        return self.targets.subset_indices(subset)

    def verify(self):
        """Reads every file and compares its hash with the manifests.

        Raises:
            UserError: Names the first file whose content changed.
        """
        for records in self.columns.values():
            records.verify()
        self.scores()

    def dataset(self, **settings):
        """Endless batches of {"sources", "targets"}; see `tfgan_edit.data.pipeline.dataset`."""
        from tfgan_edit.data import pipeline  # pipelines need TensorFlow, pairs do not

        return pipeline.dataset(self, **settings)

    def replica_dataset(self, **settings):
        """One input worker's batches; see `tfgan_edit.data.pipeline.replica_dataset`."""
        from tfgan_edit.data import pipeline

        return pipeline.replica_dataset(self, **settings)


def open_pairs(path):
    """Opens a pairs folder. Sizes are checked now, contents by `Pairs.verify`.

    Raises:
        UserError: If the folder or a file is missing or damaged, or sources and targets do not
            fit each other.
    """
    path = pathlib.Path(path)
    if not path.is_dir():
        raise UserError(f"no pairs at {path}: there is no such folder")
    manifest = read_json(path / MANIFEST)
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise UserError(f"{path / MANIFEST} does not describe pairs: give a pairs folder")
    if manifest.get("format_version") != FORMAT_VERSION:
        raise UserError(
            f"{path} has pairs of format {manifest.get('format_version')!r:.20}, this version "
            f"reads {FORMAT_VERSION}: upgrade tfgan_edit, or make them again"
        )
    wrong = _wrong_entry(manifest)
    if wrong:
        raise _damaged(path / MANIFEST, wrong)
    if content_hash(manifest) != manifest["hash"]:
        raise _damaged(path / MANIFEST, "its hash does not fit its content")
    pairs = Pairs(path, manifest)
    expected = {SOURCE: pairs.sources.hash, TARGET: pairs.targets.hash}
    sizes = [(r.num, *r.resolution) for r in (pairs.sources, pairs.targets)]
    if sizes[0] != sizes[1] or pairs.sources.channels != len(pairs.planes):
        raise UserError(
            f"{path}: {_size(pairs.sources)} sources do not fit {_size(pairs.targets)} targets: "
            "make the pairs again"
        )
    if manifest["hashes"] != expected:
        raise _damaged(path, f"{SOURCE} or {TARGET} is not the one that belongs to it")
    return pairs


def _wrong_entry(manifest):
    """What is wrong with the entries of a manifest that nobody has checked; "" if nothing."""
    known = ("planes", "num_labels", "scores", "hashes", "hash")
    missing = [name for name in known if name not in manifest]
    if missing:
        return f"entries miss ({', '.join(missing)})"
    planes, num_labels, scores = (manifest[name] for name in known[:3])
    if not isinstance(planes, list) or not set(map(str, planes)) <= set(PLANES):
        return f"planes={planes!r:.60}"
    if type(num_labels) is not int or not 0 <= num_labels <= 256:
        return f"num_labels={num_labels!r:.60}"
    if scores is not None and not (
        isinstance(scores, dict)
        and is_plain_name(scores.get("file"))
        and isinstance(scores.get("sha256"), str)
    ):
        return f"scores={scores!r:.60}"
    return ""


def _size(records):
    return f"{records.num} of {'x'.join(map(str, (*records.resolution, records.channels)))}"


def _damaged(path, reason):
    return UserError(f"{path} is damaged: {reason}; copy it again or make the pairs again")


@prepare.register
def _(config: PairsConfig, *, progress=True):
    from tfgan_edit.data.pair_sources import prepare_pairs  # it writes with this module

    if is_pairs(config.source):
        pairs = open_pairs(config.source)
        wanted = pairs.resolution if config.resolution is None else config.resolution
        if parse_resolution(wanted) != pairs.resolution:
            raise UserError(
                f"pairs {config.source} are {'x'.join(map(str, pairs.resolution))} pixels, the "
                f"recipe says data.resolution={config.resolution}: set it to None"
            )
        if config.num is not None and config.num != pairs.num:
            raise UserError(
                f"pairs {config.source} hold {pairs.num} pairs, the recipe says "
                f"num={config.num}: use data.subset to train on a part"
            )
    else:
        pairs = prepare_pairs(config, progress=progress)
    if config.subset is not None:
        pairs.subset_indices(config.subset)  # checks the number
    return pairs
