"""The page at the end of a distillation: what was made, how it looks, and what it achieves."""

import html
import json
import os
from pathlib import Path

import numpy as np
from PIL import Image

from tfgan_edit.metrics.plots import chart as chart
from tfgan_edit.pictures import write_picture
from tfgan_edit.storage import atomic_file

PAGE = """\
<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
body {{ font: 16px/1.5 sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }}
img {{ max-width: 100%; image-rendering: pixelated }}
table {{ border-collapse: collapse }}
td, th {{ border: 1px solid #ccc; padding: .2rem .6rem; text-align: right }}
td:first-child, th:first-child {{ text-align: left }}
</style>
<h1>{title}</h1>
{body}
</html>
"""


class Report:
    """A page that grows section by section, and a picture of all its sample pictures.

    Args:
        folder: where the page and report.png go; pictures are linked relative to it.
        title: of the page.
        name: of the page's file.
    """

    def __init__(self, folder, title, name="report.html"):
        self.folder, self.title, self.name = Path(folder), title, name
        self._body, self._samples = [], []

    def heading(self, text):
        """Begins a section."""
        self._body.append(f"<h2>{html.escape(text)}</h2>")

    def text(self, text):
        """Adds a paragraph."""
        self._body.append(f"<p>{html.escape(text)}</p>")

    def table(self, columns, rows):
        """Rows of a name and values; floats are shown with four digits."""
        lines = [["", *columns], *rows]
        cells = [
            "".join(f"<{tag}>{html.escape(_shown(value))}</{tag}>" for value in line)
            for tag, line in zip(["th", *["td"] * len(rows)], lines, strict=True)
        ]
        self._body.append(f"<table>{''.join(f'<tr>{line}</tr>' for line in cells)}</table>")

    def picture(self, path, caption, sample=False):
        """A picture file, in or near the folder; samples are also on report.png."""
        source = html.escape(os.path.relpath(path, self.folder), quote=True)
        caption = html.escape(caption)
        self._body.append(f'<p><img src="{source}" alt="{caption}"><br>{caption}</p>')
        if sample:
            self._samples.append(Path(path))

    def write(self):
        """Writes the page and, of the samples below each other, report.png."""
        page = PAGE.format(title=html.escape(self.title), body="\n".join(self._body))
        with atomic_file(self.folder / self.name, "w") as file:
            file.write(page)
        if self._samples:
            write_picture(self.folder / "report.png", stacked(map(_read, self._samples)))


def stacked(photos):
    """Photos uint8 [h, w, 3] of any sizes below each other on white."""
    photos = list(photos)
    width = max(photo.shape[1] for photo in photos)
    rows = [
        np.pad(photo, [(0, 8), (0, width - photo.shape[1]), (0, 0)], constant_values=255)
        for photo in photos
    ]
    return np.concatenate(rows)


def loss_curves(run_folder):
    """A chart a loss of a run's stats.jsonl, uint8 [H, W, 3]; None before two ticks."""
    charts = {}
    path = Path(run_folder) / "stats.jsonl"
    for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else ():
        record = json.loads(line)
        for name, value in record.items():
            if name in ("Loss/G/loss", "Loss/D/loss") and value is not None:
                charts.setdefault(name, []).append((record["kimg"], value))
    if not charts or min(map(len, charts.values())) < 2:
        return None
    return np.concatenate([chart(name, {name: points}) for name, points in charts.items()])


def _read(path):
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"))


def _shown(value):
    return f"{value:.4g}" if isinstance(value, float) else str(value)
