"""Writes a page of presets: samples, data, time, machine, metrics and licence of each.

Example:
  python -m tfgan_edit.gallery --out docs/gallery.html
  python -m tfgan_edit.gallery --presets runs/quick_start,stylegan2-avatars-64 --out gallery.html

Without --presets, of those that come with the package. Pictures are linked, not copied: keep the
presets where they are. Everything is read from their metadata; nothing is measured again.
"""

from pathlib import Path

from absl import flags

from tfgan_edit.config import UserError, run_verb
from tfgan_edit.distill_report import Report
from tfgan_edit.model_card import as_text
from tfgan_edit.preset import SAMPLES, SHIPPED, read_preset, shipped_presets

# Of calibration, a number an attribute: left to the model card.
DETAILS = ("temperature/", "confidence/", "ece/")


def define_flags(f):
    flags.DEFINE_list(
        "presets", [], "Presets, run folders or names. Default: all shipped ones.", flag_values=f
    )
    flags.DEFINE_string("out", None, "HTML file to write.", flag_values=f)


def main(f):
    if not f.out:
        raise UserError("--out is missing; see --help for an example")
    if not f.out.endswith(".html"):
        raise UserError(f"--out={f.out} must end with .html")
    presets = f.presets or shipped_presets()
    write(presets, f.out)
    print(f"wrote {f.out} ({len(presets)} presets)")


def write(presets, out):
    """Writes the page `out` of presets: paths of presets or run folders, or names."""
    out = Path(out)
    page = Report(out.parent, "Trained networks", out.name)
    for name in presets:
        folder, entries, metadata = read_preset(name)
        page.heading(Path(name).name)
        if folder.parent == SHIPPED:
            page.text(f'Comes with the package: tfgan_edit.load_preset("{folder.name}")')
        if (folder / SAMPLES).is_file():
            page.picture(folder / SAMPLES, f"{Path(name).name}, samples of its training")
        page.table(["as its training wrote it"], _rows(entries, metadata))
    page.write()


def _rows(entries, metadata):
    """(what, text) of what a reader asks; nothing for what is not stated."""
    data = metadata.get("data") or {}
    rows = [
        ("method", metadata.get("method")),
        *((name, _network(entry)) for name, entry in entries.items()),
        ("data", data.get("name") if isinstance(data, dict) else data),
        ("pictures in the data", data.get("num") if isinstance(data, dict) else None),
        ("pictures seen, in thousands", metadata.get("kimg")),
        ("recipe", metadata.get("recipe")),
        ("how", metadata.get("note")),
        ("time", metadata.get("time")),
        ("hardware", metadata.get("hardware")),
        ("precision", metadata.get("precision")),
        *_metrics(metadata.get("metrics") or {}),
        ("licence", metadata.get("licence")),
    ]
    return [(what, as_text(value)) for what, value in rows if value not in (None, "", {}, [])]


def _network(entry):
    return f"{entry['class_name']}, {entry['parameters']:,} parameters"


def _metrics(metrics):
    return [item for item in metrics.items() if not item[0].startswith(DETAILS)]


if __name__ == "__main__":
    run_verb(main, define_flags)
