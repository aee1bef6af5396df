"""Where photos come from: a folder, a zip, a TFDS data set, or avatars drawn here."""

import dataclasses
import hashlib
import itertools
import os
import pathlib
import posixpath
import zipfile

import numpy as np

from tfgan_edit.config import UserError, reason_of
from tfgan_edit.data import avatars
from tfgan_edit.data import labels as label_tables
from tfgan_edit.data import photos
from tfgan_edit.data import workers as worker_processes

DATASET_JSON = "dataset.json"
DEFAULT_AVATARS = 10_000
_RUN = 32  # pictures a worker reads at a time …
_RUN_BYTES = 2**22  # … or as many as make so many bytes of photos


@dataclasses.dataclass(frozen=True)
class Sample:
    """One picture of a source: a photo with its labels, or the reason why there is none."""

    name: str
    photo: np.ndarray | None = None
    labels: np.ndarray | None = None
    reason: str | None = None


class Source:
    """What all sources tell.

    Attributes:
        total: Pictures to be read.
        label_names: Names of the label columns, or None.
        identity: JSON value; equal for the same pictures and labels.
        notes: Entries for the manifest.
        skipped: [name, reason] of pictures that are left out before reading.
        remarks: Sentences for the report.
        enlarged: Photos that were smaller than the resolution, counted while reading.
    """

    def __init__(self):
        self.total = 0
        self.label_names = None
        self.identity = {}
        self.notes = {}
        self.skipped = []
        self.remarks = []
        self.enlarged = 0

    def samples(self, fitting, workers):
        """Yields a `Sample` for each of the `total` pictures, in a fixed order."""
        raise NotImplementedError

    def _read(self, container, items, fitting, workers):
        """Yields samples for (name, item, labels) triples, read by worker processes."""
        items = iter(items)
        pending = []
        height, width = fitting.resolution
        size = min(max(_RUN_BYTES // (height * width * 3), 1), _RUN)

        def tasks():
            while run := list(itertools.islice(items, size)):
                pending.append(run)
                yield container, [item for _, item, _ in run], fitting

        read = worker_processes.map_in_order(photos.read_run, tasks(), workers=workers)
        for stack, reasons, enlarged in read:
            self.enlarged += enlarged
            stack = iter(stack)
            for (name, _, label), reason in zip(pending.pop(0), reasons, strict=True):
                if reason:
                    yield Sample(name, reason=reason)
                else:
                    yield Sample(name, next(stack), label)


class FileSource(Source):
    """Picture files below a folder or in a zip, in the order of their names.

    Args:
        path: Folder or zip.
        labels_file: CSV table, or None; then `dataset.json` in the source is looked at.
        num: Take the first so many pictures; None = all.
    """

    def __init__(self, path, labels_file=None, num=None):
        super().__init__()
        self.path = pathlib.Path(path)
        if self.path.is_dir():
            sizes = _folder_files(self.path)
            self._read_text = lambda name: (self.path / name).read_bytes()
        else:
            sizes = _zip_files(self.path)
            self._read_text = self._unpacked
        pictures = sorted(name for name in sizes if _is_picture(name))
        others = len(sizes) - len(pictures) - (DATASET_JSON in sizes)
        if others:
            self.remarks.append(f"{others} files are not pictures by their ending: ignored")
        if not pictures:
            raise UserError(
                f"no pictures in {self.path}: looked for {', '.join(photos.ENDINGS)}"
            )
        table = self._label_table(labels_file, sizes)
        self.labels = {}
        if table:
            pictures = self._match(table, pictures, labels_file or DATASET_JSON)
            self.label_names = table.names
            self.notes["label_schema"] = table.schema
        if num is not None and num > len(pictures):
            self.remarks.append(f"{num} photos were asked for, there are {len(pictures)}")
        self.pictures = pictures[:num]
        self.total = len(self.pictures)
        digest = hashlib.sha256()
        for name in self.pictures:
            label = self.labels[name].tolist() if table else None
            digest.update(f"{name}\0{sizes[name]}\0{label}\n".encode())
        self.identity = {"pictures": digest.hexdigest(), "labels": self.label_names}

    def _unpacked(self, name):
        try:
            with zipfile.ZipFile(self.path) as archive:
                return photos.read_entry(archive, name)
        except UserError as error:
            raise UserError(f"{self.path}/{name}: {error}") from error

    def _label_table(self, labels_file, sizes):
        if labels_file:
            return label_tables.read_csv(labels_file)
        if DATASET_JSON in sizes:
            text = self._read_text(DATASET_JSON)
            return label_tables.read_dataset_json(text, f"{self.path}/{DATASET_JSON}")
        return None

    def _match(self, table, pictures, where):
        self.labels, without, lost = table.match(pictures)
        if not self.labels:
            raise UserError(
                f"no row of {where} names a picture of {self.path}: the first row says "
                f"{next(iter(table.rows))!r}, the first picture is {pictures[0]!r}"
            )
        self.skipped += [[name, f"no row in {where}"] for name in without]
        if without:
            self.remarks.append(
                f"{len(without)} pictures have no row in {where}: {_some(without)}"
            )
        if lost:
            self.remarks.append(f"{len(lost)} rows of {where} have no picture: {_some(lost)}")
            self.notes["label_rows_without_picture"] = lost
        return [name for name in pictures if name in self.labels]

    def samples(self, fitting, workers):
        items = ((name, name, self.labels.get(name)) for name in self.pictures)
        if workers is None and self.total < 256:
            workers = 1  # starting processes takes longer
        yield from self._read(str(self.path), items, fitting, workers)


def _some(names):
    shown = ", ".join(names[:5])
    return shown if len(names) <= 5 else f"{shown}, and {len(names) - 5} more"


def _is_picture(name):
    file = posixpath.basename(name)
    hidden = file.startswith(".") or name.startswith("__MACOSX/")
    return file.lower().endswith(photos.ENDINGS) and not hidden


def _folder_files(folder):
    """Path in the folder -> size in bytes."""
    sizes = {}
    for parent, _, files in os.walk(folder):
        below = pathlib.Path(parent).relative_to(folder).as_posix()
        for file in files:  # plain strings: paths as objects take ten times as long
            name = file if below == "." else f"{below}/{file}"
            try:
                sizes[name] = os.stat(os.path.join(parent, file)).st_size
            except OSError:  # a link to nowhere: named when it is read
                sizes[name] = 0
    return sizes


def _zip_files(path):
    """Entry -> (size in bytes, CRC)."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except zipfile.BadZipFile:
        raise UserError(
            f"{path} is neither a folder nor a zip file: give --source a folder, a zip, "
            "tfds:NAME or avatars:STYLE"
        ) from None
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror or error}") from None
    except Exception as error:  # of a directory that lies
        raise UserError(f"{path} is a damaged zip file: {reason_of(error):.200}") from error
    return {
        entry.filename: (entry.file_size, entry.CRC)
        for entry in entries
        if entry.filename and not entry.filename.endswith("/")
    }


class AvatarSource(Source):
    """Faces drawn by `tfgan_edit.data.avatars`.

    Args:
        style: A name in `avatars.STYLES`.
        num: How many; None = 10,000.
        seed: Another seed gives other faces.
    """

    def __init__(self, style, num=None, seed=0):
        super().__init__()
        if style not in avatars.STYLES:
            raise UserError(
                f"avatars:{style} is not a style: use "
                + " or ".join(f"avatars:{known}" for known in avatars.STYLES)
            )
        self.style = style
        self.seed = seed
        self.total = DEFAULT_AVATARS if num is None else num
        self.label_names = avatars.label_names(style)
        self.identity = {"style": style, "seed": seed, "drawing": avatars.DRAWING}
        self.notes = {
            "artwork": avatars.artwork(style),
            "label_schema": avatars.label_schema(style),
        }

    def samples(self, fitting, workers):
        height, width = fitting.resolution
        if height != width:
            raise UserError(f"avatars are square: --resolution {height}x{width} is not")
        drawn = avatars.draw_many(
            self.style,
            self.total,
            seed=self.seed,
            resolution=height,
            workers=workers,
            progress=False,
            crop=avatar_crop(fitting.crop),
        )
        for index, (photo, known) in enumerate(drawn):
            vector = avatars.label_vector(known, self.style)
            yield Sample(f"{self.style}/{self.seed}/{index}", photo, vector)


def avatar_crop(crop):
    """What `avatars.draw` takes for the crop of a `photos.Fitting`.

    Raises:
        UserError: a box that is no square in percent.
    """
    if isinstance(crop, str):
        return None if crop in photos.WHOLE else crop
    left, top, right, bottom = crop
    if max(right, bottom) > 100 or right - left != bottom - top:
        raise UserError(
            f"crop {left},{top},{right},{bottom}: of avatars it is a square in percent of the "
            "side, at most 100"
        )
    return crop


class TfdsSource(Source):
    """A TensorFlow Datasets data set with a picture in each example.

    Args:
        name: "NAME", "NAME/config", or either with ":split" behind it; the split is "train"
            if none is given.
        num: Take the first so many; None = all.
    """

    def __init__(self, name, num=None):
        super().__init__()
        import tensorflow_datasets as tfds  # slow to import, and rarely needed

        self.name, _, split = name.partition(":")
        self.split = split or "train"
        try:
            self._builder = tfds.builder(self.name)
        except tfds.core.DatasetNotFoundError:
            raise UserError(f"tfds:{self.name} is not a data set that TFDS knows") from None
        except ValueError as error:
            raise UserError(f"tfds:{self.name}: {_first_line(error)}") from None
        self._prepare_builder()
        try:
            available = self._builder.info.splits[self.split].num_examples
        except (KeyError, ValueError):
            known = ", ".join(self._builder.info.splits)
            raise UserError(
                f"tfds:{self.name} has no split {self.split!r}: it has {known}"
            ) from None
        self.total = available if num is None else min(num, available)
        features = self._builder.info.features
        self._image = _image_feature(features, self.name)
        self._columns, schema = _label_features(features)
        if self._columns:
            self.label_names = [name for _, names in self._columns for name in names]
            self.notes["label_schema"] = schema
        self.notes["citation"] = self._builder.info.citation
        self.identity = {"tfds": self._builder.info.full_name, "split": self.split}

    def _prepare_builder(self):
        try:
            self._builder.download_and_prepare()
        # Anything may go wrong in a data set's own script or on the way to its server.
        except Exception as error:
            raise UserError(
                f"tfds:{self.name} could not be downloaded or prepared "
                f"({_first_line(error)}): prepare it where there is a connection and copy the "
                "tensorflow_datasets folder, or set TFDS_DATA_DIR"
            ) from None

    def samples(self, fitting, workers):
        import tensorflow_datasets as tfds

        encoded = self._builder.as_dataset(
            split=self.split,
            shuffle_files=False,
            read_config=tfds.ReadConfig(try_autocache=False),  # each example is read once
            decoders={self._image: tfds.decode.SkipDecoding()},
        )
        examples = tfds.as_numpy(encoded.take(self.total))
        items = (
            (f"{self.split}[{number}]", bytes(example[self._image]), self._labels(example))
            for number, example in enumerate(examples)
        )
        yield from self._read("", items, fitting, workers)

    def _labels(self, example):
        if not self._columns:
            return None
        vectors = []
        for path, names in self._columns:
            value = example
            for key in path:
                value = value[key]
            if len(names) == 1:
                vectors.append([float(value)])
            else:
                vectors.append(np.eye(len(names), dtype=np.float32)[int(value)])
        return np.concatenate(vectors).astype(np.float32)


def _first_line(error):
    return str(error).strip().partition("\n")[0] or type(error).__name__


def _image_feature(features, name):
    import tensorflow_datasets as tfds

    images = [
        key for key, kind in features.items() if isinstance(kind, tfds.features.Image)
    ]
    if not images:
        raise UserError(f"tfds:{name} has no picture among its features")
    return "image" if "image" in images else images[0]


def _label_features(features, path=()):
    """Features that are labels -> [(path, column names), ...] and their schema."""
    import tensorflow_datasets as tfds

    columns = []
    schema = {}
    for key, kind in features.items():
        here = (*path, key)
        name = "/".join(here) if path[:1] != ("attributes",) else key
        if isinstance(kind, tfds.features.ClassLabel):
            schema[name] = {"kind": "one-hot", "values": kind.names}
            columns.append((here, [f"{name}={value}" for value in kind.names]))
        elif isinstance(kind, tfds.features.FeaturesDict):
            inner, inner_schema = _label_features(kind, here)
            columns += inner
            schema |= inner_schema
        elif isinstance(kind, tfds.features.Scalar) and kind.np_dtype == np.bool_:
            schema[name] = {"kind": "binary", "values": [0, 1]}
            columns.append((here, [name]))
    return columns, schema


def open_source(text, *, labels_file=None, num=None, seed=0):
    """Makes the source that `--source` names.

    Args:
        text: `avatars:STYLE`, `tfds:NAME[/config][:split]`, a folder or a zip.
        labels_file: CSV table for a folder or zip, or None.
        num: How many photos; None = all.
        seed: Which avatars are drawn.

    Raises:
        UserError: If there is no such source, or it holds no pictures.
    """
    if num is not None and num < 1:
        raise UserError(f"--num must be at least 1, not {num}")
    kind, _, rest = text.partition(":")
    if kind in ("avatars", "tfds") and labels_file:
        raise UserError(f"--labels is for folders and zips; {text} brings its own labels")
    if kind == "avatars":
        return AvatarSource(rest, num, seed)
    if kind == "tfds":
        return TfdsSource(rest, num)
    if not text or not os.path.exists(text):
        raise UserError(
            f"there is no folder or file {text!r}: give --source a folder, a zip, tfds:NAME "
            "or avatars:STYLE"
        )
    return FileSource(text, labels_file, num)
