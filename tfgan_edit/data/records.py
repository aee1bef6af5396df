"""Training data on disk: raw uint8 photos in memory-mapped shards, and a manifest.

    manifest.json                   what is in the folder, where it came from, its hash
    images-00000-of-00004.npy       uint8 [n, H, W, C]
    labels.npy                      float32 [N, L], only if there are labels

Any photo can be read without the ones before it, so the position in the data is the step
number and a resumed run continues bit for bit. A folder appears under its name when it is
complete, never before.
"""

import contextlib
import copy
import dataclasses
import hashlib
import importlib.metadata
import json
import os
import pathlib

import numpy as np

from tfgan_edit.config import UserError
from tfgan_edit.storage import atomic_folder, sha256_of

FORMAT = "tfgan_edit.records"
FORMAT_VERSION = 1
MANIFEST = "manifest.json"
LABELS = "labels.npy"
SHARD_BYTES = 2**30  # 87,381 photos of 64 x 64


@dataclasses.dataclass(frozen=True)
class DataConfig:
    """Which photos a run trains on, and how they are read.

    Args:
        source: A records folder, or what `prepare_data --source` takes: `avatars:STYLE`,
            `tfds:NAME[/config][:split]`, a folder or a zip of pictures.
        dest: Folder for the prepared records; "" = `data/<name>` in the working folder,
            with a name made from the source and these settings.
        resolution: Side in pixels, or (height, width).
        num: Photos to draw or import; None = all (10,000 avatars).
        mirror: Whether each photo is flipped left to right with probability 1/2.
        labels: Whether the run is conditioned on the labels.
        crop: `center`, `none` (letter-box), of avatars `face`, or `LEFT,TOP,RIGHT,BOTTOM` in
            pixels, of avatars in percent of the side.
        seed: Which avatars are drawn, and the order of training.
        subset: Train on this many of the photos, chosen at random; None = all.
    """

    source: str = "avatars:avataaars"
    dest: str = ""
    resolution: int | tuple[int, int] = 64
    num: int | None = None
    mirror: bool = False
    labels: bool = False
    crop: str = "center"
    seed: int = 0
    subset: int | None = None

    @property
    def reading(self):
        """Keyword arguments of `Records.dataset`."""
        return {"mirror": self.mirror, "subset": self.subset, "labels": self.labels}

    def tiny(self):
        """The same settings with 16 drawn avatars of 16 px."""
        return dataclasses.replace(
            self, source="avatars:avataaars", dest="", resolution=16, num=16, subset=None
        )


def canonical_hash(value):
    """Hash of a JSON value, the same for the same content."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def content_hash(manifest):
    """Hash over everything that names the data: pixels, labels and their names."""
    named = {
        "resolution": manifest["resolution"],
        "shards": [[shard["num"], shard["sha256"]] for shard in manifest["shards"]],
        "labels": manifest["labels"]["sha256"] if manifest["labels"] else None,
        "label_names": manifest["label_names"],
    }
    return canonical_hash(named)


def _package_version():
    try:
        return importlib.metadata.version("tfgan_edit")
    except importlib.metadata.PackageNotFoundError:  # run from a source folder
        return "unknown"


class RecordsWriter:
    """Writes a records folder, whole or not at all.

    The folder grows beside `dest` under a hidden name and is renamed when the `with`
    block ends without an error; otherwise it is removed.

    Args:
        dest: The folder to make; it must not exist.
        resolution: (height, width, channels) of every photo.
        label_names: Names of the label columns, or None.
        notes: Further entries of the manifest (source, request, crop, licence, ...).
        shard_bytes: Size at which a shard is closed.

    Example:
        with RecordsWriter("faces", (64, 64, 3)) as writer:
            writer.add(photo)
        records = open_records("faces")

    Raises:
        UserError: If `dest` exists.
    """

    def __init__(
        self,
        dest,
        resolution,
        *,
        label_names=None,
        notes=None,
        shard_bytes=SHARD_BYTES,
    ):
        if len(resolution) != 3 or min(resolution) < 1:
            raise ValueError(
                "`resolution` must be (height, width, channels). "
                f"Received: resolution={resolution}"
            )
        self.dest = pathlib.Path(dest).absolute()
        self.resolution = tuple(int(side) for side in resolution)
        self.label_names = None if label_names is None else list(label_names)
        self.notes = dict(notes or {})
        self.num = 0
        self._per_shard = max(1, shard_bytes // int(np.prod(self.resolution)))
        self._folder = None
        self._place = contextlib.ExitStack()
        self._shard = None
        self._shard_nums = []
        self._labels = []

    def __enter__(self):
        if self.dest.exists():
            raise UserError(f"{self.dest} exists already: choose another folder")
        self._folder = self._place.enter_context(atomic_folder(self.dest))
        return self

    def __exit__(self, error_type, error, traceback):
        if error_type is not None:
            self._abandon_shard()
            return self._place.__exit__(error_type, error, traceback)
        written_hash = None
        try:
            with self._place:
                try:
                    written_hash = self._finish()
                finally:
                    self._abandon_shard()
        except UserError:
            # Another process may have made the same records in the meantime.
            if not (is_records(self.dest) and open_records(self.dest).hash == written_hash):
                raise
        return None

    def _abandon_shard(self):
        if self._shard is not None:
            with contextlib.suppress(OSError):  # a full disk, already raised
                self._shard.close()

    def add(self, photo, labels=None):
        """Appends one photo, uint8 [H, W, C], and its labels, float [L]."""
        photo = np.asarray(photo)
        if photo.shape != self.resolution or photo.dtype != np.uint8:
            raise ValueError(
                f"`photo` must be uint8 {list(self.resolution)}. "
                f"Received: {photo.dtype} {list(photo.shape)}"
            )
        if (labels is None) != (self.label_names is None):
            raise ValueError(
                "every photo needs labels exactly if there are label names. Received: "
                f"labels={labels}, label_names={self.label_names}"
            )
        if labels is not None:
            labels = np.asarray(labels, np.float32)
            if labels.shape != (len(self.label_names),):
                raise ValueError(
                    f"`labels` must have {len(self.label_names)} values. "
                    f"Received: shape {list(labels.shape)}"
                )
            self._labels.append(labels)
        if self._shard is None:
            self._open_shard()
        self._shard.write(np.ascontiguousarray(photo).data)
        self._shard_nums[-1] += 1
        self.num += 1
        if self._shard_nums[-1] == self._per_shard:
            self._close_shard()

    def _open_shard(self):
        self._shard_nums.append(0)
        self._shard = open(self._shard_path(len(self._shard_nums) - 1), "wb")
        self._write_header(self._per_shard)

    def _shard_path(self, index, of=None):
        ending = "" if of is None else f"-of-{of:05d}"
        return self._folder / f"images-{index:05d}{ending}.npy"

    def _write_header(self, num):
        # The format leaves room for the first dimension to grow, so that a header with
        # another `num` has the same length.
        header = {
            "descr": "|u1",
            "fortran_order": False,
            "shape": (num, *self.resolution),
        }
        np.lib.format.write_array_header_1_0(self._shard, header)

    def _close_shard(self):
        if self._shard_nums[-1] != self._per_shard:
            self._shard.seek(0)
            self._write_header(self._shard_nums[-1])
        self._shard.close()
        self._shard = None

    def _finish(self):
        if not self.num:
            raise UserError(f"nothing to write to {self.dest}: there is no photo")
        if self._shard is not None:
            self._close_shard()
        total = len(self._shard_nums)
        shards = []
        for index, num in enumerate(self._shard_nums):
            path = self._shard_path(index, of=total)
            os.rename(self._shard_path(index), path)
            shards.append(
                {"file": path.name, "num": num, "sha256": sha256_of(path)}
            )
        labels = None
        if self.label_names is not None:
            path = self._folder / LABELS
            np.save(path, np.stack(self._labels), allow_pickle=False)
            labels = {"file": LABELS, "sha256": sha256_of(path)}
        manifest = {
            "format": FORMAT,
            "format_version": FORMAT_VERSION,
            "made_with": f"tfgan_edit {_package_version()}",
            "num": self.num,
            "resolution": list(self.resolution),
            "shards": shards,
            "labels": labels,
            "label_names": self.label_names,
        }
        manifest["hash"] = content_hash(manifest)
        manifest |= self.notes
        text = json.dumps(manifest, indent=2) + "\n"
        (self._folder / MANIFEST).write_text(text, "utf-8")
        return manifest["hash"]


def is_records(path):
    """Whether `path` is a records folder, complete or damaged."""
    try:
        with open(pathlib.Path(path) / MANIFEST, encoding="utf-8") as file:
            return json.load(file).get("format") == FORMAT
    except (OSError, ValueError, AttributeError, RecursionError):
        return False


def read_manifest(path):
    """Reads and checks the manifest of a records folder.

    Raises:
        UserError: If there is none, or it cannot be understood.
    """
    path = pathlib.Path(path)
    again = "make the folder again with prepare_data"
    if not path.is_dir():
        raise UserError(f"no records at {path}: there is no such folder")
    try:
        manifest = json.loads((path / MANIFEST).read_text("utf-8"))
    except FileNotFoundError:
        raise UserError(f"no records at {path}: {MANIFEST} is missing; {again}") from None
    except (ValueError, RecursionError):
        raise UserError(f"{path / MANIFEST} is damaged: not JSON; {again}") from None
    except OSError as error:
        raise UserError(f"cannot read {path / MANIFEST}: {error.strerror}") from None
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise UserError(f"{path / MANIFEST} does not describe records; {again}")
    version = manifest.get("format_version")
    if version != FORMAT_VERSION:
        raise UserError(
            f"{path} has records of format {version!r:.20}, this version reads "
            f"{FORMAT_VERSION}; upgrade tfgan_edit, or {again}"
        )
    wrong = _wrong_entry(manifest)
    if wrong:
        raise UserError(f"{path / MANIFEST} is damaged: {wrong}; {again}")
    if content_hash(manifest) != manifest["hash"]:
        raise UserError(
            f"{path / MANIFEST} is damaged: its hash does not fit its content; {again}"
        )
    return manifest


def _wrong_entry(manifest):
    """What is wrong with the entries of a manifest that nobody has checked; "" if nothing."""
    known = ("num", "resolution", "shards", "labels", "label_names", "hash")
    missing = [name for name in known if name not in manifest]
    if missing:
        return f"entries miss ({', '.join(missing)})"
    shape, shards, labels, names = (manifest[name] for name in known[1:5])
    if not _is_count(manifest["num"]):
        return f"num={manifest['num']!r:.40}"
    if not isinstance(shape, list) or len(shape) != 3 or not all(map(_is_count, shape)):
        return f"resolution={shape!r:.40}"
    if not isinstance(shards, list) or not all(map(_is_shard, shards)):
        return f"shards={shards!r:.60}"
    if names is not None and not (
        isinstance(names, list) and names and all(isinstance(name, str) for name in names)
    ):
        return f"label_names={names!r:.60}"
    if (labels is None) != (names is None) or not (labels is None or _is_file(labels)):
        return f"labels={labels!r:.60}"
    return ""


def _is_shard(entry):
    return _is_file(entry) and _is_count(entry.get("num"))


def is_plain_name(name):
    """Whether a manifest's `name` is that of a file in the manifest's own folder."""
    if not isinstance(name, str) or name in ("", "..") or "\0" in name:
        return False
    return pathlib.PurePath(name).name == name


def _is_count(value):
    return type(value) is int and 0 < value < 2**48


def _is_file(entry):
    """Whether an entry names a file in the folder itself, and its hash."""
    return (
        isinstance(entry, dict)
        and is_plain_name(entry.get("file"))
        and isinstance(entry.get("sha256"), str)
    )


def _open_array(path, dtype, shape):
    """Maps an .npy file into memory after checking its size."""
    fix = "copy the file again or make the folder again with prepare_data"
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except FileNotFoundError:
        raise UserError(f"{path} is missing; {fix}") from None
    except Exception:  # NumPy parses the header as Python: errors of any kind
        raise UserError(f"{path} is truncated or damaged; {fix}") from None
    if not isinstance(array, np.ndarray):  # an archive of arrays
        raise UserError(f"{path} is no array; {fix}")
    if array.dtype != dtype or array.shape != shape:
        raise UserError(
            f"{path} holds {array.dtype} {list(array.shape)}, the manifest says "
            f"{np.dtype(dtype)} {list(shape)}; {fix}"
        )
    return array


class Records:
    """Photos on disk with random access; made by `open_records`.

    Attributes:
        path: The folder.
        manifest: Content of `manifest.json`.
        num: Number of photos.
        resolution: (height, width).
        channels: Number of channels.
        labels: float32 [num, L] or None.
        label_names: L names or None.
        hash: Hash over pixels, labels and label names.
        shard_files: Path of each shard.
        shard_starts: Number of the first photo of each shard, and `num`; int64.
        subset: How many of the photos a training is made on, or None; see `for_training`.
    """

    def __init__(self, path, manifest):
        self.path = pathlib.Path(path)
        self.manifest = manifest
        self.num = manifest["num"]
        *resolution, self.channels = manifest["resolution"]
        self.resolution = tuple(resolution)
        self.label_names = manifest["label_names"]
        self.subset = None
        self.hash = manifest["hash"]
        photo_shape = tuple(manifest["resolution"])
        self.shard_files = [self.path / shard["file"] for shard in manifest["shards"]]
        self._shards = [
            _open_array(file, np.uint8, (shard["num"], *photo_shape))
            for file, shard in zip(self.shard_files, manifest["shards"], strict=True)
        ]
        nums = [shard["num"] for shard in manifest["shards"]]
        self.shard_starts = np.concatenate([[0], np.cumsum(nums, dtype=np.int64)])
        if self.shard_starts[-1] != self.num:
            raise UserError(
                f"{self.path / MANIFEST} is damaged: {self.num} photos, but the shards "
                f"hold {self.shard_starts[-1]}; make the folder again with prepare_data"
            )
        self.labels = None
        if manifest["labels"]:
            shape = (self.num, len(self.label_names))
            file = self.path / manifest["labels"]["file"]
            self.labels = np.array(_open_array(file, np.float32, shape))

    def __len__(self):
        return self.num

    def __repr__(self):
        height, width = self.resolution
        return f"<Records {self.path}: {self.num} photos of {height}x{width}>"

    def __getitem__(self, index):
        if isinstance(index, slice):
            return self.photos(np.arange(*index.indices(self.num)))
        if not -self.num <= index < self.num:
            raise IndexError(f"photo {index} of {self.num}")
        return self.photos([index % self.num])[0]

    @property
    def facts(self):
        """What a trainer is told of its data: keyword arguments of a `build`."""
        height, width = self.resolution
        labels = self.labels
        if labels is not None and self.subset is not None:
            labels = labels[self.subset_indices(self.subset)]
        return {
            "resolution": height if height == width else (height, width),
            "img_channels": self.channels,
            "label_dim": 0 if labels is None else labels.shape[1],
            "labels": labels,
            "label_names": self.label_names,
        }

    def for_training(self, labels, subset):
        """The same records with the `facts` of a training on a subset, with or without labels."""
        records = copy.copy(self)
        records.subset = subset
        if not labels:
            records.labels = records.label_names = None
        return records

    def examples(self, count):
        """The first elements, from the start again if there are fewer, as a batch of arrays."""
        indices = np.arange(count) % self.num
        batch = {"photos": self.photos(indices)}
        return batch if self.labels is None else {**batch, "labels": self.labels[indices]}

    @property
    def num_bytes(self):
        """Size of the pixels in memory."""
        return self.num * int(np.prod(self.manifest["resolution"]))

    def photos(self, indices):
        """Photos with these numbers, uint8 [n, H, W, C], in the order asked for."""
        indices = np.asarray(indices, np.int64)
        if indices.size and not 0 <= indices.min() <= indices.max() < self.num:
            raise IndexError(f"photo numbers must be in 0 ... {self.num - 1}")
        if len(self._shards) == 1:
            return self._shards[0][indices]
        photos = np.empty((len(indices), *self.manifest["resolution"]), np.uint8)
        shards = np.searchsorted(self.shard_starts, indices, side="right") - 1
        for shard in np.unique(shards):
            chosen = shards == shard
            photos[chosen] = self._shards[shard][indices[chosen] - self.shard_starts[shard]]
        return photos

    def subset_indices(self, subset):
        """Numbers of a random subset of that size, sorted; smaller ones lie in larger."""
        if not 1 <= subset <= self.num:
            raise UserError(
                f"subset={subset} of {self.path}: must be in 1 ... {self.num}"
            )
        # Raw bits of Philox are the same in every NumPy version.
        order = np.argsort(np.random.Philox(key=0).random_raw(self.num), kind="stable")
        return np.sort(order[:subset])

    def verify(self):
        """Reads every file and compares its hash with the manifest.

        Raises:
            UserError: Names the first file whose content changed.
        """
        files = list(self.manifest["shards"])
        files += [self.manifest["labels"]] if self.manifest["labels"] else []
        for entry in files:
            if sha256_of(self.path / entry["file"]) != entry["sha256"]:
                raise UserError(
                    f"{self.path / entry['file']} was changed: its sha256 is not the "
                    "manifest's; copy it again or make the folder again"
                )

    def dataset(self, **settings):
        """Endless `tf.data.Dataset` of batches; see `tfgan_edit.data.pipeline.dataset`."""
        from tfgan_edit.data import pipeline  # pipelines need TensorFlow, records do not

        return pipeline.dataset(self, **settings)

    def replica_dataset(self, **settings):
        """One input worker's batches; see `tfgan_edit.data.pipeline.replica_dataset`."""
        from tfgan_edit.data import pipeline

        return pipeline.replica_dataset(self, **settings)


def open_records(path):
    """Opens a records folder. Sizes are checked now, contents by `Records.verify`.

    Raises:
        UserError: If the folder, its manifest or a file is missing, truncated or of another
            shape than the manifest says.
    """
    return Records(path, read_manifest(path))
