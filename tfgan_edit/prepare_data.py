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

import signal
import sys

from absl import flags

from tfgan_edit.config import UserError
from tfgan_edit.config import run_verb
from tfgan_edit.data.preparation import prepare_records

_SOURCE = flags.DEFINE_string(
    "source",
    None,
    "Folder or zip of pictures (jpg, png, webp, bmp, tiff; with dataset.json labels, if there "
    "are), tfds:NAME[/config][:split], or avatars:STYLE.",
)
_DEST = flags.DEFINE_string("dest", None, "The records folder to make.")
_RESOLUTION = flags.DEFINE_string(
    "resolution",
    "64",
    "Side in pixels or HEIGHTxWIDTH; multiples of 4, for StyleGAN2 powers of two.",
)
_CROP = flags.DEFINE_string(
    "crop",
    "center",
    "center: largest centred box; none: all of it, on black; or LEFT,TOP,RIGHT,BOTTOM pixels.",
)
_RESIZE = flags.DEFINE_string(
    "resize", "lanczos", "lanczos or box, both antialiased; box is how FFHQ 256 was made."
)
_LABELS = flags.DEFINE_string(
    "labels", None, "CSV: header row, file names in the first column, labels in the others."
)
_NUM = flags.DEFINE_integer(
    "num", None, "How many photos: the first by name, or to draw (10,000)."
)
_SEED = flags.DEFINE_integer("seed", 0, "Which avatars are drawn.")
_WORKERS = flags.DEFINE_integer("workers", None, "Processes; all processors if not given.")

_SHOWN = 20  # names of skipped pictures in the report; the manifest has them all


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
    print(
        "next: python -m tfgan_edit.train "
        f"--set data.source={records.path} --set data.resolution={records.resolution[0]}"
    )


def main(_):
    """Reads the flags, prepares the records, says what happened."""
    if not _SOURCE.value:
        raise UserError(
            "--source is missing: a folder, a zip, tfds:NAME or avatars:STYLE (see --help)"
        )
    if not _DEST.value:
        raise UserError("--dest is missing: the records folder to make")
    signal.signal(signal.SIGTERM, _stop)
    try:
        outcome = prepare_records(
            _SOURCE.value,
            _DEST.value,
            resolution=_RESOLUTION.value,
            crop=_CROP.value,
            resize=_RESIZE.value,
            labels_file=_LABELS.value,
            num=_NUM.value,
            seed=_SEED.value,
            workers=_WORKERS.value,
        )
    except KeyboardInterrupt:
        print("interrupted: nothing was left behind", file=sys.stderr)
        sys.exit(130)
    _report(outcome)


if __name__ == "__main__":
    run_verb(main)
