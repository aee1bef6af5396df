"""Source -> records: read or draw every photo once, write them, report what happened."""

import concurrent.futures.process
import dataclasses
import functools
import pathlib
import re

import tqdm

from tfgan_edit.config import UserError
from tfgan_edit.data import avatars, photos
from tfgan_edit.data.records import (
    DataConfig,
    RecordsWriter,
    canonical_hash,
    is_records,
    open_records,
)
from tfgan_edit.data.sources import open_source

MAX_UNREADABLE = 0.05  # of the pictures; more points to a wrong source or a broken copy


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What `prepare_records` did.

    Attributes:
        records: The records.
        reused: Whether they were there already.
        skipped: [name, reason] of every picture that is not in the records.
        remarks: Sentences about the source.
    """

    records: object
    reused: bool = False
    skipped: tuple = ()
    remarks: tuple = ()


def parse_resolution(value):
    """64, "64" or "48x64" (height x width), or a pair -> (height, width).

    Raises:
        UserError: If it is none of these, below 8, or not a multiple of 4.
    """
    text = value
    if isinstance(value, str):
        if not re.fullmatch(r"\d+(x\d+)?", value):
            raise UserError(f"resolution {value!r}: give a side (64) or HEIGHTxWIDTH (48x64)")
        value = [int(side) for side in value.split("x")]
        value = value * 2 if len(value) == 1 else value
    height, width = (value, value) if isinstance(value, int) else value
    for side in (height, width):
        if side < 8 or side % 4:
            raise UserError(
                f"resolution {text}: each side must be a multiple of 4, at least 8 "
                "(StyleGAN2 trains on powers of two)"
            )
    return height, width


def parse_crop(text, resolution, drawn=False):
    """ "center", "none", "face" or "LEFT,TOP,RIGHT,BOTTOM" -> what `photos.Fitting` takes.

    Raises:
        UserError: If it is none of these, the box's aspect is not the resolution's, or it is the
            face of pictures that are not drawn.
    """
    if text in photos.WHOLE or (text == "face" and drawn):
        return text
    if text == "face":
        raise UserError(
            "crop face: it is of avatars; give a box, or align photos (project --align)"
        )
    if not re.fullmatch(r"\d+,\d+,\d+,\d+", text):
        raise UserError(
            f"crop {text!r}: give center, none, of avatars face, or LEFT,TOP,RIGHT,BOTTOM in pixels"
        )
    left, top, right, bottom = box = tuple(int(edge) for edge in text.split(","))
    if right <= left or bottom <= top:
        raise UserError(f"crop {text!r}: RIGHT must exceed LEFT, and BOTTOM TOP")
    height, width = resolution
    stretch = (right - left) * height / ((bottom - top) * width)
    if not 0.98 <= stretch <= 1.02:
        raise UserError(
            f"crop {text!r} is {right - left} wide and {bottom - top} high: its aspect must "
            f"be that of the resolution, {width} wide and {height} high"
        )
    return box


def prepare_records(
    source,
    dest,
    *,
    resolution,
    crop="center",
    resize="lanczos",
    labels_file=None,
    num=None,
    seed=0,
    workers=None,
    progress=True,
):
    """Draws or imports photos into a records folder, or finds them there.

    Args:
        source: See `sources.open_source`.
        dest: The folder to make. If it was made by the same request it is used as it is.
        resolution: (height, width), a side, or text.
        crop: See `parse_crop`; "face" is of avatars, a box of avatars in percent of the side.
        resize: "lanczos" or "box".
        labels_file: CSV table with labels for a folder or zip.
        num: How many photos; None = all.
        seed: Which avatars are drawn.
        workers: Processes; None = all processors.
        progress: Whether a bar is shown on stderr.

    Returns:
        An `Outcome`.

    Raises:
        UserError: If something cannot be read or written, more than 5 % of the pictures are
            unreadable, or `dest` holds something else. Nothing is left behind.
    """
    resolution = parse_resolution(resolution)
    if resize not in photos.RESIZE_RULES:
        known = ", ".join(photos.RESIZE_RULES)
        raise UserError(f"resize {resize!r} must be one of {known}")
    if workers is not None and workers < 1:
        raise UserError(f"workers must be at least 1, not {workers}")
    drawn = source.startswith("avatars:")
    fitting = photos.Fitting(resolution, parse_crop(crop, resolution, drawn), resize)
    dest = pathlib.Path(dest)
    opened = open_source(source, labels_file=labels_file, num=num, seed=seed)
    request = {
        "identity": opened.identity,
        "resolution": list(resolution),
        "num": opened.total,
        "crop": None if drawn and crop in photos.WHOLE else crop,
        "resize": None if drawn else resize,
    }
    if dest.exists():
        return _reuse(dest, request)
    notes = {
        "source": source,
        "request": request,
        "resize_rule": "drawn at this size" if drawn else photos.RESIZE_RULES[resize],
        "decode_rule": None if drawn else photos.RULES,
    }
    notes |= opened.notes
    try:
        return _write(opened, dest, fitting, notes, workers, progress)
    except concurrent.futures.process.BrokenProcessPool:
        raise UserError(
            "a worker process was ended from outside, perhaps for lack of memory: try again "
            "with --workers 1"
        ) from None
    except OSError as error:
        raise UserError(
            f"cannot write {dest}: {error.strerror or error}; nothing was left behind"
        ) from error


def _reuse(dest, request):
    if not is_records(dest):
        raise UserError(f"{dest} exists and holds no records: choose another folder")
    records = open_records(dest)
    made = records.manifest.get("request", {})
    if made != request:
        different = [key for key in request if made.get(key) != request[key]]
        raise UserError(
            f"{dest} holds records of another request (different: {', '.join(different)}; "
            f"source {records.manifest.get('source')}): choose another folder or remove it"
        )
    return Outcome(records, reused=True)


def _write(source, dest, fitting, notes, workers, progress):
    unreadable = []
    allowed = MAX_UNREADABLE * source.total
    bar = tqdm.tqdm(
        total=source.total,
        desc=f"writing {dest.name}",
        unit="photo",
        disable=not progress,
    )
    writer = RecordsWriter(
        dest, (*fitting.resolution, 3), label_names=source.label_names, notes=notes
    )
    with bar, writer:
        for sample in source.samples(fitting, workers):
            bar.update()
            if sample.reason is None:
                writer.add(sample.photo, sample.labels)
                continue
            unreadable.append([sample.name, sample.reason])
            if len(unreadable) > allowed:
                raise UserError(_too_many(unreadable, source.total))
        skipped = source.skipped + unreadable
        writer.notes["skipped"] = skipped
        writer.notes["num_unreadable"] = len(unreadable)
        writer.notes["num_enlarged"] = source.enlarged
    remarks = list(source.remarks)
    if source.enlarged:
        remarks.append(f"{source.enlarged} pictures were smaller than that and were enlarged")
    return Outcome(open_records(dest), False, tuple(skipped), tuple(remarks))


def _too_many(unreadable, total):
    named = "; ".join(f"{name} ({reason})" for name, reason in unreadable[:5])
    more = f"; and {len(unreadable) - 5} more" if len(unreadable) > 5 else ""
    return (
        f"{len(unreadable)} of {total} pictures cannot be read, more than 5 %: "
        f"{named}{more}. Repair or remove them; nothing was written"
    )


def _default_dest(config, resolution):
    """`data/<readable part>-<hash of what decides the content>`."""
    kind, _, rest = config.source.partition(":")
    stem = rest if kind in ("avatars", "tfds") else pathlib.Path(config.source).stem
    stem = re.sub(r"[^A-Za-z0-9]+", "_", stem).strip("_") or "photos"
    place = config.source
    if kind not in ("avatars", "tfds"):
        place = str(pathlib.Path(config.source).resolve())
    drawn = kind == "avatars"
    decisive = [
        place,
        config.num,
        None if drawn and config.crop in photos.WHOLE else config.crop,
        (config.seed, avatars.DRAWING) if drawn else None,
    ]
    size = "x".join(str(side) for side in dict.fromkeys(resolution))
    return pathlib.Path("data") / f"{stem}_{size}-{canonical_hash(decisive)[:8]}"


@functools.singledispatch
def prepare(config, *, progress=True):
    """Returns the data that a recipe's `data` asks for, made first if it is missing.

    Each type of settings has its own function. What it returns has `num`, `hash`, `manifest`,
    `resolution`, `facts` (keyword arguments of the trainer's `build`), `examples(count)`,
    `dataset(…)` and `replica_dataset(…)`, as `Records` have.

    Args:
        config: a `DataConfig`, or settings of another kind of data.
        progress: Whether bars are shown on stderr.

    Raises:
        UserError: If it cannot be made, or the folder does not fit the config.
    """
    raise TypeError(f"{type(config).__name__} is not a kind of data")


@prepare.register
def _(config: DataConfig, *, progress=True):
    resolution = parse_resolution(config.resolution)
    if is_records(config.source):
        records = open_records(config.source)
        if records.resolution != resolution:
            raise UserError(
                f"records {config.source} are {'x'.join(map(str, records.resolution))} "
                f"pixels, the recipe says {'x'.join(map(str, resolution))}: set "
                "data.resolution, or prepare them again"
            )
        if config.num is not None and config.num != records.num:
            raise UserError(
                f"records {config.source} hold {records.num} photos, the recipe says "
                f"num={config.num}: use data.subset to train on a part"
            )
    else:
        outcome = prepare_records(
            config.source,
            config.dest or _default_dest(config, resolution),
            resolution=resolution,
            crop=config.crop,
            num=config.num,
            seed=config.seed,
            progress=progress,
        )
        records = outcome.records
        if outcome.skipped and progress:
            tqdm.tqdm.write(
                f"{len(outcome.skipped)} pictures were left out, see "
                f"{records.path / 'manifest.json'}"
            )
    if config.labels and records.labels is None:
        raise UserError(
            f"data.labels=True: {records.path} has no labels; prepare the pictures with --labels "
            "FILE.csv or a dataset.json, or train with --set data.labels=False"
        )
    if config.subset is not None:
        records.subset_indices(config.subset)  # checks the number
    return records.for_training(config.labels, config.subset)
