"""Writes tests/golden/web: tiny exports of each kind, and what Keras makes of the tests' pictures.

  python -m tests.export.web.make_golden
"""

import shutil
import tempfile
from pathlib import Path

import numpy as np

from export.exporter import Settings, export
from tests.editing.rose_presets import save_roses
from tests.editing.tiny_stylemapgan import save_stylemapgan
from tests.export.tiny_presets import save
from tests.export.web import pictures
from tests.export.web.pictures import GOLDEN
from tfgan_edit.editing.alignment import FaceSquare, paste_back
from tfgan_edit.editing.editors import Edit, load_editor
from tfgan_edit.editing.framing import fitted
from tfgan_edit.editing.regions import Region, StylemapEdit

PRESETS = {  # name: function that writes the preset to a folder
    "student": lambda folder: save(folder.parent, folder.name),
    "roses": save_roses,
    "maps": save_stylemapgan,
    "labels": lambda folder: save(folder.parent, folder.name),  # which needs more than photos
}


def write(folder):
    """Exports all presets below a folder; returns {name: uint8 [H, W, 3]} of Keras."""
    with tempfile.TemporaryDirectory() as place:
        presets = {name: Path(place) / name for name in PRESETS}
        for name, preset in presets.items():
            PRESETS[name](preset)
            export(preset, folder / name, Settings(check_gpu=False))
        return expected(presets)


def expected(presets):
    """What editors of the presets make of the pictures."""
    photo, reference = (pictures.photo(*given) for given in (pictures.PHOTO, pictures.REFERENCE))
    editors = {name: load_editor(presets[name]) for name in ("student", "roses", "maps")}
    cut = {name: fitted(photo, editor.resolution or (16, 16)) for name, editor in editors.items()}

    def edited(name, edit=Edit()):
        return editors[name](cut[name], edit)

    def taken(mask):
        return Edit(stylemap=StylemapEdit(regions=(Region(fitted(reference, mask.shape), mask),)))

    whole = edited("student")
    (style,) = editors["roses"].random_styles([pictures.SEED])
    return {
        "student": whole,
        "student_half": edited("student", Edit(strength=pictures.STRENGTH)),
        "student_pasted": paste_back(photo, whole, FaceSquare.centred(photo.shape)),
        "roses": edited("roses", Edit(style=style)),
        "roses_reference": edited("roses", Edit(reference=reference)),
        "maps_stroke": edited("maps", taken(pictures.stroke_mask(16))),
        "maps_all": edited("maps", taken(np.ones((16, 16), np.float32))),
    }


def main():
    shutil.rmtree(GOLDEN, ignore_errors=True)
    GOLDEN.mkdir(parents=True)
    np.savez_compressed(GOLDEN / "expected.npz", **write(GOLDEN))


if __name__ == "__main__":
    main()
