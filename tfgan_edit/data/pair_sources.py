"""Where pairs come from: faces drawn here twice, or folders of pictures with matching names."""

import dataclasses
import itertools
import pathlib
import re

import numpy as np
import tqdm

from tfgan_edit.config import UserError, reason_of
from tfgan_edit.data import avatars, photos
from tfgan_edit.data import workers as worker_processes
from tfgan_edit.data.pairs import PairsWriter, is_pairs, open_pairs
from tfgan_edit.data.preparation import MAX_UNREADABLE, parse_crop, parse_resolution
from tfgan_edit.data.records import canonical_hash
from tfgan_edit.data.sources import DEFAULT_AVATARS, avatar_crop

_RUN = 16  # pairs a worker reads at a time
_NUMBERS = ("L", "P", "I", "I;16")  # modes of pictures whose pixels are numbers
# Folders that the published code reads, (input, target): arXiv 1711.11585's and its forks'.
_LAYOUTS = (("train_A", "train_B"), ("train_label", "train_img"))


@dataclasses.dataclass(frozen=True)
class _Column:
    """A folder of pictures, one a pair."""

    folder: str
    kind: str  # photo, labels or instances

    @property
    def planes(self):
        return {"photo": ("photo",) * 3, "labels": ("labels",), "instances": ("edges",)}[self.kind]


def prepare_pairs(config, *, progress=True):
    """Draws or imports what a `PairsConfig` asks for, or finds it where it was left.

    Returns:
        `Pairs`.

    Raises:
        UserError: If there is no such source, its pictures do not match, more than 5 % of them
            are unreadable, or the folder holds something else. Nothing is left behind.
    """
    if config.resolution is None:
        raise UserError(
            f"data.resolution is needed to make pairs of {config.source}: set it to a side in "
            "pixels, or give a pairs folder as data.source"
        )
    if config.num is not None and config.num < 1:
        raise UserError(f"data.num must be at least 1, not {config.num}")
    resolution = parse_resolution(config.resolution)
    drawn = config.source.startswith("avatars:")
    source = (_Drawn if drawn else _Folders)(config, resolution)
    request = {"source": source.identity, "resolution": list(resolution), "num": source.num}
    size = "x".join(str(side) for side in dict.fromkeys(resolution))
    stem = re.sub(r"[^A-Za-z0-9]+", "_", config.source.removeprefix("avatars:")).strip("_")
    name = f"pairs_{stem[-40:]}_{size}-{canonical_hash(request)[:8]}"
    dest = pathlib.Path(config.dest or pathlib.Path("data") / name)
    if not dest.exists():
        try:
            notes = {"origin": config.source, "request": request}
            _write(source, dest, resolution, notes, progress)
        except UserError:
            if not is_pairs(dest):  # else another process made them in the meantime
                raise
        except OSError as error:
            raise UserError(f"cannot write {dest}: {error.strerror or error}") from error
    if not is_pairs(dest):
        raise UserError(f"{dest} exists and holds no pairs: choose another data.dest")
    pairs = open_pairs(dest)
    if pairs.manifest.get("request") != request:
        raise UserError(
            f"{dest} holds pairs of another request (of {pairs.manifest.get('origin')}): choose "
            "another data.dest or remove it"
        )
    return pairs


def _write(source, dest, resolution, notes, progress):
    writer = PairsWriter(
        dest,
        resolution,
        planes=source.planes,
        num_labels=source.num_labels,
        notes={**notes, **source.notes},
    )
    skipped = []
    bar = tqdm.tqdm(
        total=source.num, desc=f"writing {dest.name}", unit="pair", disable=not progress
    )
    with bar, writer:
        for name, pair, reason in source.pairs():
            bar.update()
            if reason is None:
                writer.add(*pair)
                continue
            skipped.append([name, reason])
            if len(skipped) > MAX_UNREADABLE * source.num:
                named = "; ".join(f"{name} ({reason})" for name, reason in skipped[:5])
                raise UserError(
                    f"{len(skipped)} of {source.num} pairs cannot be read, more than 5 %: "
                    f"{named}. Repair or remove them; nothing was written"
                )
        writer.notes["skipped"] = skipped


class _Drawn:
    """`avatars:STYLE:ATTRIBUTE`: the same faces without and with an attribute."""

    planes = ("photo",) * 3
    num_labels = 0

    def __init__(self, config, resolution):
        self.style, _, self.attribute = config.source.removeprefix("avatars:").partition(":")
        self.seed = config.seed
        self.num = DEFAULT_AVATARS if config.num is None else config.num
        height, self.side = resolution
        if height != self.side:
            raise UserError(f"avatars are square: data.resolution {height}x{self.side} is not")
        crop = avatar_crop(parse_crop(config.crop, resolution, drawn=True))
        try:
            self._faces = avatars.draw_pairs(
                self.style, self.attribute, self.num, seed=self.seed, resolution=self.side,
                progress=False, crop=crop,
            )
        except ValueError as error:
            raise UserError(
                f"data.source {config.source!r} must be avatars:STYLE:ATTRIBUTE: {error}"
            ) from None
        self.identity = {
            "avatars": [self.style, self.attribute, self.seed],
            "drawing": avatars.DRAWING,
            **({"crop": config.crop} if crop else {}),  # of whole faces as without it
        }
        self.notes = {"artwork": avatars.artwork(self.style), "attribute": self.attribute}

    def pairs(self):
        for index, ((without, _), (with_it, _)) in enumerate(self._faces):
            yield f"{self.style}/{self.seed}/{index}", (without, with_it), None


class _Folders:
    """Pictures that belong together by their names without endings."""

    def __init__(self, config, resolution):
        self.fitting = photos.Fitting(resolution, parse_crop(config.crop, resolution))
        self.num_labels = config.num_labels
        *sources, target = _columns(config)
        self.columns = (*sources, target)
        self.planes = tuple(plane for column in sources for plane in column.planes)
        if ("labels" in self.planes) != (config.num_labels > 0):
            raise UserError(
                f"data.num_labels={config.num_labels}: give the number of labels for "
                f"{_LAYOUTS[1][0]}, and 0 without"
            )
        if config.crop == "none" and self.planes[0] == "labels":
            raise UserError("data.crop none would fill label maps with a label: use center")
        found = [_pictures(column.folder) for column in self.columns]
        stems = sorted(set(found[0]).intersection(*found))
        alone = sorted(set().union(*found).difference(stems))
        if not stems:
            raise UserError(
                f"no picture of {self.columns[0].folder} has its name in {target.folder}: names "
                "without their endings must be equal"
            )
        self.rows = [[pictures[stem] for pictures in found] for stem in stems[: config.num]]
        self.num = len(self.rows)
        sizes = [[pathlib.Path(file).stat().st_size for file in row] for row in self.rows]
        self.identity = {
            "folders": [[str(pathlib.Path(c.folder).resolve()), c.kind] for c in self.columns],
            "files": canonical_hash([stems[: config.num], sizes]),
            "crop": config.crop,
            "num_labels": config.num_labels,
        }
        self.notes = {"without_partner": alone}

    def pairs(self):
        tasks = (
            (self.columns, self.rows[first : first + _RUN], self.fitting, self.num_labels)
            for first in range(0, self.num, _RUN)
        )
        workers = 1 if self.num < 256 else None  # starting processes takes longer
        read = worker_processes.map_in_order(_read_run, tasks, workers=workers)
        results = itertools.chain.from_iterable(read)
        for (file, *_), (pair, reason) in zip(self.rows, results, strict=True):
            yield pathlib.Path(file).name, pair, reason


def _columns(config):
    """Source columns, then the target's."""
    root = pathlib.Path(config.source)
    if not root.is_dir():
        raise UserError(
            f"data.source {config.source!r} is not a folder: give a pairs folder, a folder of "
            "pictures or avatars:STYLE:ATTRIBUTE"
        )
    if config.targets:
        folders = [config.source, config.second_sources, config.targets]
        return [_Column(folder, "photo") for folder in folders if folder]
    for source, target in _LAYOUTS:
        if (root / source).is_dir() and (root / target).is_dir():
            kind = "labels" if source == "train_label" else "photo"
            columns = [_Column(str(root / source), kind), _Column(str(root / target), "photo")]
            if kind == "labels" and (root / "train_inst").is_dir():
                columns.insert(1, _Column(str(root / "train_inst"), "instances"))
            return columns
    known = " or ".join(f"{source} and {target}" for source, target in _LAYOUTS)
    raise UserError(
        f"data.source {config.source} is no pairs folder and holds no {known}: give the folder "
        "of the targets as data.targets"
    )


def _pictures(folder):
    """{name without its ending: path} of a folder."""
    try:
        files = sorted(pathlib.Path(folder).iterdir())
    except OSError as error:
        raise UserError(f"cannot read {folder}: {error.strerror}") from None
    pictures = {}
    for file in files:
        if file.suffix.lower() in photos.ENDINGS and not file.name.startswith("."):
            if file.stem in pictures:
                raise UserError(f"{file} and {pictures[file.stem]} have one name: remove one")
            pictures[file.stem] = str(file)
    if not pictures:
        raise UserError(f"no pictures in {folder}: looked for {', '.join(photos.ENDINGS)}")
    return pictures


def _read_run(task):
    """Reads rows of files, one a column -> [((source, target), None) or (None, reason)]."""
    columns, rows, fitting, num_labels = task
    return [_read_row(columns, files, fitting, num_labels) for files in rows]


def _read_row(columns, files, fitting, num_labels):
    try:
        sizes = [_upright_size(file) for file in files]
        if len(set(sizes)) > 1:
            shown = ", ".join(f"{f} {w}x{h}" for f, (w, h) in zip(files, sizes, strict=True))
            raise UserError(
                f"pictures of a pair differ in size: {shown}; crop or scale them alike"
            )
        *sources, target = [
            _read(column.kind, file, fitting, num_labels)
            for column, file in zip(columns, files, strict=True)
        ]
        return (np.concatenate(sources, axis=-1), target), None
    except photos.UnreadablePhoto as error:
        return None, str(error)


def _upright_size(file):
    """(width, height) as it is shown."""
    try:
        with photos.opened(file) as image:
            size = image.size
            turned = image.getexif().get(0x0112, 1) >= 5  # orientations 5-8 lie on their side
    except Exception as error:  # decoders raise many kinds of errors on damaged files
        raise photos.UnreadablePhoto(f"{file}: {reason_of(error):.200}") from None
    return size[::-1] if turned else size


def _read(kind, file, fitting, num_labels):
    """uint8 [H, W, planes] of one picture."""
    if kind == "photo":
        return photos.read_photo(file, fitting)[0]
    numbers = _read_numbers(file, fitting)
    if kind == "instances":
        return borders(numbers)
    if not 0 <= numbers.min() <= numbers.max() < min(num_labels, 256):
        raise UserError(
            f"{file} holds label {max(numbers.max(), -numbers.min())}, outside of 0 … "
            f"{num_labels - 1}: set data.num_labels, at most 256"
        )
    return numbers.astype(np.uint8)[..., np.newaxis]


def _read_numbers(file, fitting):
    """Pixels that are numbers, int64 [H, W], the nearest one of each."""
    try:
        with photos.opened(file) as image:
            if image.mode not in _NUMBERS:
                raise photos.UnreadablePhoto(f"{file} holds colours ({image.mode}), not numbers")
            numbers = np.asarray(image).astype(np.int64)
    except photos.UnreadablePhoto:
        raise
    except Exception as error:  # decoders raise many kinds of errors on damaged files
        raise photos.UnreadablePhoto(f"{file}: {reason_of(error):.200}") from None
    height, width = fitting.resolution
    left, top, right, bottom = photos.crop_box(numbers.shape[::-1], fitting)
    rows = top + ((np.arange(height) + 0.5) * (bottom - top) / height).astype(int)
    columns = left + ((np.arange(width) + 0.5) * (right - left) / width).astype(int)
    return numbers[rows[:, np.newaxis], columns]


def borders(instances):
    """`ops.label_maps.instance_edges` of one map, without TensorFlow: [H, W] -> uint8 0 or 255."""
    edges = np.zeros(instances.shape, bool)
    below, beside = np.diff(instances, axis=0) != 0, np.diff(instances, axis=1) != 0
    edges[1:] |= below
    edges[:-1] |= below
    edges[:, 1:] |= beside
    edges[:, :-1] |= beside
    return np.where(edges, 255, 0).astype(np.uint8)[..., np.newaxis]
