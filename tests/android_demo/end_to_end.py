"""Models and what Python makes of photos with them, for the Kotlin to make the same.

    python -m tests.android_demo.end_to_end FOLDER

FOLDER gets small exports, installed as for the demo, and cases.json; android_demo/check.sh runs the
demo's engine on them, with LiteRT's C library.
"""

import json
import sys
from pathlib import Path

import numpy as np

from export import android
from export.exporter import Settings, export, runner_of
from tests.android_demo.golden_vectors import packed
from tests.editing.tiny_stylemapgan import save_stylemapgan
from tests.export.tiny_presets import NETWORKS, save
from tests.export.web.pictures import photo
from tfgan_edit.editing.alignment import FaceSquare, cut, paste_back
from tfgan_edit.editing.framing import fitted
from tfgan_edit.preset import save_preset
from tfgan_edit.storage import read_json

SQUARE = FaceSquare((30.2, 24.7), (13.9, 3.3))  # no pixel lies on its border


def main(folder):
    folder = Path(folder)
    presets = {
        "tiny_student": save(folder / "presets", "student"),
        "tiny_mixer": save(folder / "presets", "mixer"),
        "tiny_roses": _roses(folder / "presets"),
        "tiny_stylemap": save_stylemapgan(folder / "presets" / "stylemap").path,
    }
    for name, preset in presets.items():
        quantize = "fp16" if name == "tiny_student" else "none"
        export(preset, folder / name, Settings(check_gpu=False, quantize=quantize))
    bundled = [android.ASSETS / entry["folder"] for entry in android.installed()]
    android.install([*(folder / name for name in presets), *bundled], folder / "models")
    (folder / "cases.json").write_text(json.dumps(_cases(folder / "models")))


def _roses(folder):
    """With the generator of both directions, so that a drawing's style is read."""
    make, _ = NETWORKS["gans_n_roses"]
    networks = {"generator": make(), "backward_generator": make()}
    random = np.random.RandomState(0)
    for network in networks.values():
        for weight in network.weights:
            weight.assign_add(0.3 * random.randn(*weight.shape))
    return save_preset(folder / "roses", networks, config={}, metadata={"method": "gans_n_roses"})


def _cases(models):
    picture, other, drawing = photo((60, 70)), photo((33, 40), 1), photo((50, 35), 2)
    mask = np.zeros((16, 16), np.float32)
    mask[3:9, 2:11] = 1
    cases = [
        ("tiny_student", dict(square=None)),
        ("tiny_student", dict(square=SQUARE)),
        ("tiny_mixer", dict(square=SQUARE, reference=other)),
        ("tiny_roses", dict(square=None, seed=3, ran=["encode", "decode"])),
        ("tiny_roses", dict(square=None, seed=4, ran=["decode"])),
        ("tiny_roses", dict(square=None, drawing=drawing, ran=["read_style", "decode"])),
        ("tiny_roses", dict(square=SQUARE, drawing=drawing, ran=["encode", "decode"])),
        ("tiny_stylemap", dict(square=None, reference=other, mask=mask)),
        ("tiny_stylemap", dict(square=SQUARE, reference=other, mask=mask)),
    ]
    cases += [(path.name, dict(square=SQUARE)) for path in _one_photo(models)]
    return [_case(models / name, picture, **values) for name, values in cases]


def _one_photo(models):
    """Folders of the demo's own models that read one photo and nothing else."""
    folders = [models / entry["folder"] for entry in android.installed()]
    records = [read_json(folder / "export.json") for folder in folders]
    return [f for f, record in zip(folders, records) if len(record["signatures"][0]["inputs"]) == 1]


def _case(folder, picture, square, reference=None, seed=None, drawing=None, mask=None, ran=None):
    record = read_json(folder / "export.json")
    run, (height, width) = runner_of(folder, record), _size(record)
    small = fitted(picture, (height, width)) if square is None else cut(picture, square, height)
    inputs = {"photo": _values(small)}
    if reference is not None:
        inputs["reference"] = _values(fitted(reference, (height, width)))
    if mask is not None:
        inputs["mask"] = mask[np.newaxis, ..., np.newaxis]
    if seed is not None:
        size = record["signatures"][0]["inputs"][1]["shape"]
        inputs["style"] = np.random.RandomState(seed).randn(*size).astype(np.float32)
    if drawing is not None:
        values = {"reference": _values(fitted(drawing, (height, width)))}
        inputs["style"] = run("read_style", values)["reference_style"]
    first = record["signatures"][0]
    values = run(first["name"], inputs)[first["outputs"][0]["name"]][0]
    output = np.clip(np.round(255 * values), 0, 255).astype(np.uint8)
    edited = output if square is None else paste_back(picture, output, square)
    return {
        "model": folder.name,
        "photo": packed(picture),
        "square": square and {"centre": square.centre, "half_side": square.half_side},
        "reference": None if reference is None else packed(reference),
        "seed": seed,
        "drawing": None if drawing is None else packed(drawing),
        "mask": None if mask is None else packed(mask),
        "before": packed(small if square is None else picture),
        "edited": packed(edited),
        "ran": ran or [first["name"]],
    }


def _size(record):
    return record["framing"]["height"], record["framing"]["width"]


def _values(picture):
    return (picture.astype(np.float32) / 255)[np.newaxis]


if __name__ == "__main__":
    main(*sys.argv[1:])
