"""Turns pictures into records: the folder that training reads.

Examples:
  python -m tfgan_edit.prepare_data --source avatars:avataaars --dest data/faces \\
      --resolution 64 --num 10000
  python -m tfgan_edit.prepare_data --source photos/ --dest data/photos --resolution 128
  python -m tfgan_edit.prepare_data --source img_align_celeba.zip --dest data/celeba \\
      --resolution 64 --crop 19,39,159,179 --labels list_attr_celeba.csv
  python -m tfgan_edit.prepare_data --source tfds:oxford_flowers102:train --dest data/flowers \\
      --resolution 64
"""

import functools
import signal
import sys

from absl import flags

from tfgan_edit.config import UserError, run_verb
from tfgan_edit.data.photos import RESIZE_RULES
from tfgan_edit.data.preparation import prepare_records

_SHOWN = 20  # names of skipped pictures in the report; the manifest has them all


def define_flags(f):
    """Declares the verb's flags on `f`."""
    kinds = (flags.DEFINE_string, flags.DEFINE_integer, flags.DEFINE_enum)
    text, integer, choice = (functools.partial(kind, flag_values=f) for kind in kinds)
    text(
        "source",
        None,
        "Folder or zip of pictures (jpg, png, webp, bmp, tiff; with dataset.json labels, if "
        "there are), tfds:NAME[/config][:split], or avatars:STYLE.",
    )
    text("dest", None, "The records folder to make.")
    text(
        "resolution",
        "64",
        "Side in pixels or HEIGHTxWIDTH; multiples of 4, for StyleGAN2 powers of two.",
    )
    text(
        "crop",
        "center",
        "center: largest centred box; none: all of it, on black; face, of avatars; or "
        "LEFT,TOP,RIGHT,BOTTOM in pixels, of avatars in percent of the side.",
    )
    choice(
        "resize",
        "lanczos",
        list(RESIZE_RULES),
        "Both are antialiased; box is how FFHQ 256 was made.",
    )
    text(
        "labels",
        None,
        "CSV: header row, file names in the first column, labels in the others.",
    )
    integer("num", None, "How many photos: the first by name, or to draw (10,000).")
    integer("seed", 0, "Which avatars are drawn.")
    integer("workers", None, "Processes; all processors if not given.")


def _stop(*_):
    raise KeyboardInterrupt


def _report(outcome):
    records = outcome.records
    size = "x".join(str(side) for side in records.resolution)
    if outcome.reused:
        print(f"{records.path} was made by the same request already: nothing to do")
    for remark in outcome.remarks:
        print(remark)
    if outcome.skipped:
        print(f"left out: {len(outcome.skipped)}")
        for name, reason in outcome.skipped[:_SHOWN]:
            print(f"  {name}: {reason}")
        if len(outcome.skipped) > _SHOWN:
            more = len(outcome.skipped) - _SHOWN
            print(f"  and {more} more, see {records.path}/manifest.json")
    labels = f", {len(records.label_names)} label columns" if records.label_names else ""
    print(f"{records.num} photos of {size}{labels} are in {records.path}")
    artwork = records.manifest.get("artwork")
    if artwork:
        print(artwork["notice"])
    if any(side & (side - 1) for side in records.resolution):
        print(f"note: {size} is not a power of two, which StyleGAN2 needs")
    height, width = records.resolution
    side = height if height == width else f"'({height}, {width})'"
    print(
        "next: python -m tfgan_edit.train "
        f"--set data.source={records.path} --set data.resolution={side}"
    )


def main(f):
    """Does what the parsed flags `f` say, and reports."""
    if not f.source:
        raise UserError(
            "--source is missing: a folder, a zip, tfds:NAME or avatars:STYLE (see --help)"
        )
    if not f.dest:
        raise UserError("--dest is missing: the records folder to make")
    signal.signal(signal.SIGTERM, _stop)
    try:
        outcome = prepare_records(
            f.source,
            f.dest,
            resolution=f.resolution,
            crop=f.crop,
            resize=f.resize,
            labels_file=f.labels,
            num=f.num,
            seed=f.seed,
            workers=f.workers,
        )
    except KeyboardInterrupt:
        print("interrupted: nothing was left behind", file=sys.stderr)
        sys.exit(130)
    _report(outcome)


if __name__ == "__main__":
    run_verb(main, define_flags)
