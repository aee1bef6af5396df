"""What the page asks for, as JSON: read strictly, and turned into an `Edit`."""

import base64
import binascii
import dataclasses
import io
import json
import warnings

import numpy as np
from PIL import Image

from tfgan_edit.config import UserError
from tfgan_edit.data.photos import UnreadablePhoto, whole_photo
from tfgan_edit.editing.editors import Edit
from tfgan_edit.editing.regions import POOLINGS, SPACES, Region, StylemapEdit, check_mask

MOST_REFERENCES = 3
KEYS = ("photo", "strength", "direction", "space", "pooling", "regions")
REGION_KEYS = ("reference", "mask", "shift", "strength")


@dataclasses.dataclass(frozen=True)
class Change:
    """An edit that a page asks for.

    Attributes:
        stylemap: of the photo, float32 [1, S, S, C].
        direction: strength of the page's direction, in units.
        edit: `Edit`, whose references are stylemaps.
    """

    stylemap: np.ndarray
    direction: float
    edit: Edit


def read_change(body, session, resolution):
    """`Change` of a request's body.

    Args:
        body: bytes of JSON, {"photo": name, "strength": 0…1, "direction": units, "space": …,
            "pooling": …, "regions": [{"reference": name, "mask": PNG in base64, "shift": [down,
            right], "strength": 0…1}, …]}; only "photo" is needed, and of a region "reference" and
            "mask".
        session: `Session` that holds the photos.
        resolution: (height, width) of photos and masks.

    Raises:
        UserError: anything else, named.
    """
    try:
        values = json.loads(body)
    except (ValueError, RecursionError):
        raise UserError("a change must be JSON") from None
    _check_keys("a change", values, KEYS, needed=("photo",))
    regions = values.get("regions", [])
    if not isinstance(regions, list) or len(regions) > MOST_REFERENCES:
        raise UserError(f"regions must be a list of up to {MOST_REFERENCES}")
    photo = session.photo(_text("photo", values["photo"]))
    change = StylemapEdit(
        regions=tuple(
            _region(f"region {number}", region, session, resolution)
            for number, region in enumerate(regions, 1)
        ),
        space=_choice("space", values.get("space", SPACES[0]), SPACES),
        pooling=_choice("pooling", values.get("pooling", POOLINGS[0]), POOLINGS),
    )
    return Change(
        photo.stylemap[np.newaxis],
        _number("direction", values.get("direction", 0.0), -1000, 1000),
        Edit(strength=_number("strength", values.get("strength", 1.0), 0, 1), stylemap=change),
    )


def _region(what, values, session, resolution):
    _check_keys(what, values, REGION_KEYS, needed=("reference", "mask"))
    reference = session.photo(_text(f"{what}: reference", values["reference"]), "reference")
    shift = values.get("shift", [0, 0])
    if not isinstance(shift, list) or len(shift) != 2:
        raise UserError(f"{what}: shift must be [down, right] in pixels")
    limit = max(resolution)
    shift = tuple(_number(f"{what}: shift", part, -limit, limit) for part in shift)
    if any(part != int(part) for part in shift):
        raise UserError(f"{what}: shift must be in whole pixels")
    return Region(
        reference.stylemap,
        _mask(what, values["mask"], resolution),
        tuple(int(part) for part in shift),
        _number(f"{what}: strength", values.get("strength", 1.0), 0, 1),
    )


def _mask(what, text, resolution):
    """Mask float32 [H, W] of 0 and 1 from a picture in base64, white where it is 1."""
    try:
        data = base64.b64decode(_text(f"{what}: mask", text), validate=True)
    except (binascii.Error, ValueError):
        raise UserError(f"{what}: mask must be a picture in base64") from None
    try:
        # Of a small file that holds a very large picture no more than its size is read.
        with warnings.catch_warnings(action="ignore"), Image.open(io.BytesIO(data)) as image:
            shape = image.size[::-1]
        if shape != tuple(resolution):
            raise UserError(
                f"a mask must be of {resolution[1]}x{resolution[0]} pixels as the photo, "
                f"this one has {shape[1]}x{shape[0]}"
            )
        mask = (whole_photo(io.BytesIO(data)).mean(axis=2) > 127.5).astype(np.float32)
        check_mask(mask, resolution)
    except (UnreadablePhoto, OSError, Image.DecompressionBombError) as error:
        reason = str(error).partition(" <")[0]  # Pillow names the buffer in memory
        raise UserError(f"{what}: mask cannot be read: {reason}") from error
    except UserError as error:
        raise UserError(f"{what}: {error}") from error
    return mask


def _check_keys(what, values, allowed, needed):
    if not isinstance(values, dict):
        raise UserError(f"{what} must be an object of {', '.join(allowed)}")
    for name in needed:
        if values.get(name) is None:
            raise UserError(f"{what}: {name} is missing")
    for name in values:
        if name not in allowed:
            raise UserError(f"{what}: {name!r:.40} is not one of {', '.join(allowed)}")


def _text(name, value):
    if not isinstance(value, str):
        raise UserError(f"{name} must be text")
    return value


def _number(name, value, low, high):
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not is_number or not low <= value <= high:  # false for NaN
        raise UserError(f"{name} must be a number from {low} to {high}")
    return float(value)


def _choice(name, value, allowed):
    if value not in allowed:
        raise UserError(f"{name} must be one of {', '.join(allowed)}")
    return value
