"""What the package makes of small photos, for the tests of the Android demo's Kotlin.

    python -m tests.android_demo.golden_vectors    # writes the files; pytest compares them
"""

import base64
import io
import json
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from export.framing import describe_framing
from tests.export.web.pictures import photo
from tfgan_edit.editing.alignment import FaceSquare, cut, paste_back
from tfgan_edit.editing.framing import fitted
from tfgan_edit.storage import atomic_file

DEMO = Path(__file__).parents[2] / "android_demo"
FOLDER = DEMO / "core/src/test/resources/golden"
SIZE = 8  # of the network's pictures
FACES = {  # name: (height, width) of the photo, eyes, mouth; in turn shrunk, sampled, padded
    "turned": ((45, 48), (20.5, 19.0), (26.0, 21.0), (21.5, 26.0)),
    "large": ((72, 78), (31.5, 32.0), (43.0, 31.0), (37.5, 44.0)),
    "small": ((24, 28), (11.0, 10.5), (13.0, 10.0), (12.0, 12.5)),
    "at the border": ((36, 28), (4.0, 7.0), (10.0, 8.5), (6.0, 14.5)),
    "beyond the photo": ((14, 33), (10.0, 3.0), (20.0, 4.5), (14.0, 13.5)),
    "around the photo": ((7, 5), (-2.0, 1.0), (6.0, 2.0), (2.5, 10.0)),
}


def packed(array):
    """Plain values for JSON."""
    array = np.ascontiguousarray(array)
    return {"shape": list(array.shape), "bytes": base64.b64encode(array.tobytes()).decode()}


def resizing():
    cases = []
    sizes = [((31, 42), (8, 8)), ((8, 8), (20, 12)), ((17, 10), (17, 32)), ((3, 150), (4, 16))]
    for number, (source, target) in enumerate(sizes):
        picture = photo(source, number)
        image = Image.fromarray(picture).resize(target[::-1], Image.Resampling.LANCZOS)
        cases.append({"photo": packed(picture), "result": packed(image)})
    return cases


def middles():
    sizes = [((31, 50), (8, 8)), ((41, 19), (16, 12)), ((5, 7), (8, 16)), ((8, 8), (8, 8))]
    return [
        {"photo": packed(photo(source)), "result": packed(fitted(photo(source), target))}
        for source, target in sizes
    ]


def faces():
    cases = []
    for name, (size, left, right, mouth) in FACES.items():
        picture, edited = photo(size), photo((SIZE, SIZE), 1)
        square = FaceSquare.of_landmarks([left, right, (0, 0), mouth, mouth])
        cases.append({
            "name": name,
            "left_eye": left,
            "right_eye": right,
            "mouth": mouth,
            "centre": square.centre,
            "half_side": square.half_side,
            "photo": packed(picture),
            "cut": packed(cut(picture, square, SIZE)),
            "edited": packed(edited),
            "pasted": packed(paste_back(picture, edited, square)),
        })
    return cases


def values():
    """Bytes as floats, floats as bytes."""
    floats = np.linspace(-0.1, 1.1, 500).astype(np.float32)
    halves = ((np.arange(8) * 32 + 0.5) / 255).astype(np.float32)
    floats = np.concatenate([floats, halves, np.float32([-np.inf, np.inf, 3e9, -3e9])])
    to_byte = np.clip(np.round(255 * floats), 0, 255).astype(np.uint8)
    to_float = np.arange(256).astype(np.float32) / 255
    return {"floats": packed(floats), "to_byte": packed(to_byte), "to_float": packed(to_float)}


def blends():
    one, other = photo((9, 11)), photo((9, 11), 1)
    results = []
    for strength in (0.0, 0.25, 1 / 3, 0.5, 0.9, 1.0):
        mixed = one + strength * (other.astype(np.float64) - one)
        results.append({"strength": strength, "result": packed(np.round(mixed).astype(np.uint8))})
    return {"photo": packed(one), "edited": packed(other), "results": results}


def orientations():
    """Beginnings of JPEGs of both byte orders; a photo as stored, and upright."""
    stored, cases = photo((3, 5)), []
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x010F] = "a maker"  # an entry before it
        exif[0x0112] = orientation
        exif.endian = "<" if orientation % 2 else ">"
        file = io.BytesIO()
        image = Image.fromarray(stored)
        image.save(file, "JPEG", exif=exif, quality=50)
        image.getexif()[0x0112] = orientation
        cases.append({
            "orientation": orientation,
            "jpeg": packed(np.frombuffer(file.getvalue()[:80], np.uint8)),
            "upright": packed(ImageOps.exif_transpose(image)),
        })
    return {"stored": packed(stored), "cases": cases}


def styles():
    seeds = (0, 7, 4_000_000_000)
    return [
        {"seed": seed, "values": packed(np.random.RandomState(seed).randn(701).astype(np.float32))}
        for seed in seeds
    ]


def files():
    """{name of a file: its text}."""
    contents = {
        "framing": describe_framing(SIZE, SIZE),
        "resizing": resizing(),
        "middles": middles(),
        "faces": faces(),
        "values": values(),
        "blends": blends(),
        "orientations": orientations(),
        "styles": styles(),
    }
    return {f"{name}.json": json.dumps(c, indent=1) + "\n" for name, c in contents.items()}


if __name__ == "__main__":
    for name, text in files().items():
        with atomic_file(FOLDER / name, "w") as file:
            file.write(text)
