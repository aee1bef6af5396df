"""Faces that this project draws itself: exactly labelled, in two drawn styles.

A face is a pure function of (style, seed, index): every choice comes from a hash of its
own name, so choices are independent and a new one leaves the others as they are.

Attributes. Binary ones are 0 or 1, categorical ones a name. As label columns
(`label_names`, `label_vector`) the binary attributes come first, then each
categorical one as one-hot columns `hair_color=black`, `hair_color=brown`, ...

  * `eyeglasses` and `sunglasses` are exclusive: one slot holds clear glasses, dark glasses or
    nothing. Apart from that logical bond all attributes are independent.
  * `eyes_closed` says how the eyes are drawn; dark lenses hide them from view, so look
    at it where `sunglasses` is 0.
  * `long_hair` is hair that reaches the jaw; hats and scarves are left out, because they
    hide the hair. Facial hair has the hair's colour.
  * Only friendly expressions are drawn.
  * Colours are shades of those that their attributes name.

Artwork belongs to its authors, see `artwork`.
"""

import dataclasses
import functools
import hashlib
import importlib.metadata
import importlib.resources
import io
import json
import math

import dicebear
import numpy as np
import resvg_py
import tqdm
from PIL import Image

from tfgan_edit.data import workers as worker_processes

# Hair and skin differ by at least 40 of 255 in some channel, shades by 18, so that a beard can be
# seen on every face.
_HAIR = {
    "black": "#1a1210",
    "brown": "#55301a",
    "blond": "#f2d64b",
    "red": "#e0340a",
    "silver": "#e8e1e1",
    "pink": "#f272a8",
}
_SKIN = {
    "light": "#ffdbb4",
    "medium": "#edb98a",
    "tan": "#d08b5b",
    "brown": "#ae5d29",
    "dark": "#7d5a48",
}
_CLOTHING = {
    "navy": "#25557c",
    "blue": "#5199e4",
    "green": "#3fa66b",
    "yellow": "#f6d04d",
    "red": "#e0413f",
    "white": "#f4f4f4",
    "charcoal": "#3c4048",
}
_BACKGROUND = {
    "sky": "#a5dcf2",
    "lavender": "#c5b8f0",
    "mint": "#aee8c8",
    "lemon": "#fbf0a8",
    "slate": "#71819a",
}
# By how much of 255 each channel of a colour moves from face to face. A picture whose colours
# are exactly some of a few gives itself away by them, and a discriminator looks at nothing else.
_SHADES = {"hair_color": 12, "skin_tone": 10, "clothing_color": 16, "background": 16}
_PALETTES = {
    "hair_color": _HAIR,
    "skin_tone": _SKIN,
    "clothing_color": _CLOTHING,
    "background": _BACKGROUND,
}

# Probability of 1. The eyewear slot: 25 % clear glasses, 15 % dark ones, 60 % none.
_BINARY = {
    "smile": 0.5,
    "eyeglasses": 0.25,
    "sunglasses": 0.15,
    "facial_hair": 0.25,
    "long_hair": 0.5,
    "eyes_closed": 0.2,
}

_EYEWEAR = {"eyeglasses", "sunglasses"}

# Name -> the values it takes, in the order of the label columns.
ATTRIBUTES = {name: (0, 1) for name in _BINARY} | {
    name: tuple(palette) for name, palette in _PALETTES.items()
}

DRAWING = 3  # raised whenever the same (style, seed, index) gives another face
SUPERSAMPLING = 2  # the renderer's own 4 x 4 coverage leaves seams between shapes at 64 px


@dataclasses.dataclass(frozen=True)
class Style:
    """What one artist's drawing style offers for each attribute.

    Args:
        hair: Name of the artwork's part for hair.
        facial_hair: Name of the part that holds facial hair.
        eyewear: Name of the part that holds glasses.
        variants: Part -> value of its attribute -> variants of the artwork to choose from;
            the key None holds variants that no attribute names.
        attributes: Attributes that this style can show.
        ink: Options that are the same for every face.
        face: Where faces are, with eyes and chins of all styles at the same places: (left, top,
            right, bottom) in percent of the side.
    """

    hair: str
    facial_hair: str
    eyewear: str
    variants: dict
    attributes: tuple = tuple(ATTRIBUTES)
    ink: dict = dataclasses.field(default_factory=dict)
    face: tuple = (0, 0, 100, 100)


def _numbered(prefix, *numbers):
    return tuple(f"{prefix}{number:02d}" for number in numbers)


STYLES = {
    "avataaars": Style(
        hair="top",
        facial_hair="facialHair",
        eyewear="accessories",
        variants={
            "top": {
                0: (
                    "dreads01",
                    "frizzle",
                    "shaggy",
                    "shortCurly",
                    "shortFlat",
                    "shortRound",
                    "shortWaved",
                    "theCaesar",
                    "theCaesarAndSidePart",
                ),
                1: (
                    "bigHair",
                    "bob",
                    "curvy",
                    "dreads",
                    "longButNotTooLong",
                    "miaWallace",
                    "straight01",
                    "straight02",
                    "straightAndStrand",
                ),
            },
            "eyes": {0: ("default", "side", "squint"), 1: ("closed", "happy")},
            "mouth": {0: ("serious",), 1: ("default", "smile")},
            "eyebrows": {
                None: (
                    "default",
                    "defaultNatural",
                    "flatNatural",
                    "raisedExcited",
                    "raisedExcitedNatural",
                )
            },
            "accessories": {
                "eyeglasses": ("prescription01", "prescription02", "round"),
                "sunglasses": ("kurt", "sunglasses", "wayfarers"),
            },
            "facialHair": {
                1: ("beardLight", "beardMajestic", "beardMedium", "moustacheMagnum")
            },
            "clothes": {
                None: (
                    "blazerAndShirt",
                    "collarAndSweater",
                    "hoodie",
                    "shirtCrewNeck",
                    "shirtScoopNeck",
                    "shirtVNeck",
                )
            },
        },
        ink={"accessoriesColor": "#262e33"},
        face=(18, 4, 82, 68),
    ),
    "adventurer": Style(
        hair="hair",
        facial_hair="details",
        eyewear="glasses",
        variants={
            "hair": {
                0: _numbered("short", 2, 4, 7, 8, 9, 10, 11, 14, 16, 18),
                1: _numbered("long", 1, 4, 5, 6, 7, 9, 16, 17, 19, 21, 24, 26),
            },
            "eyes": {
                0: _numbered("variant", 1, 2, 3, 24, 25, 26),
                1: _numbered("variant", 19, 20),
            },
            "mouth": {
                0: _numbered("variant", 6, 8, 9, 10),
                1: _numbered("variant", 1, 5, 22, 23, 25, 26, 28, 30),
            },
            "eyebrows": {None: _numbered("variant", 5, 6, 8, 10, 11, 12, 15)},
            "glasses": {
                "eyeglasses": _numbered("variant", 2, 4, 5),
                "sunglasses": _numbered("variant", 1),
            },
            "details": {1: ("mustache",)},
        },
        attributes=tuple(name for name in ATTRIBUTES if name != "clothing_color"),
        ink={"earringsProbability": 0},
        face=(8, 8, 92, 92),
    ),
}


def style_named(style):
    """Returns the `Style` of a name.

    Raises:
        ValueError: If there is no such style.
    """
    if style not in STYLES:
        raise ValueError(
            f"`style` must be one of {', '.join(STYLES)}. Received: style={style!r}"
        )
    return STYLES[style]


@functools.cache
def _definition(style):
    style_named(style)
    text = importlib.resources.files("dicebear_styles").joinpath(f"{style}.json")
    return json.loads(text.read_text("utf-8"))


@functools.cache
def _artwork(style):
    return dicebear.Style(_definition(style))


def artwork(style):
    """Author, licence and origin of a style's artwork, from its own metadata."""
    meta = _definition(style)["meta"]
    return {
        "style": style,
        "title": meta["source"]["name"],
        "source": meta["source"]["url"],
        "author": meta["creator"]["name"],
        "author_url": meta["creator"]["url"],
        "licence": meta["license"]["name"],
        "licence_url": meta["license"]["url"],
        "notice": meta["license"]["text"],
        "drawn_with": {
            name: importlib.metadata.version(name)
            for name in ("dicebear-core", "dicebear-styles", "resvg-py")
        },
    }


def label_schema(style):
    """Attribute -> {"kind": "binary" | "one-hot" | "absent", "values": [...]}."""
    offered = style_named(style).attributes
    schema = {}
    for name, values in ATTRIBUTES.items():
        if name not in offered:
            schema[name] = {"kind": "absent", "values": []}
        else:
            kind = "binary" if name in _BINARY else "one-hot"
            schema[name] = {"kind": kind, "values": list(values)}
    return schema


def label_names(style):
    """Names of the label columns of a style: `smile`, ..., `hair_color=black`, ..."""
    offered = style_named(style).attributes
    binary = [name for name in _BINARY if name in offered]
    one_hot = [
        f"{name}={value}"
        for name, palette in _PALETTES.items()
        if name in offered
        for value in palette
    ]
    return binary + one_hot


def label_vector(attributes, style):
    """Attributes of one face -> float32 [len(label_names(style))] of 0 and 1."""
    offered = style_named(style).attributes
    values = [float(attributes[name]) for name in _BINARY if name in offered]
    for name, palette in _PALETTES.items():
        if name in offered:
            values += [float(attributes[name] == value) for value in palette]
    return np.asarray(values, np.float32)


def _uniform(style, index, seed, choice):
    """A number in [0, 1) that depends on nothing but these four names."""
    digest = hashlib.sha256(f"{style}/{seed}/{index}/{choice}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2.0**64


def _pick(values, uniform):
    return values[math.floor(uniform * len(values))]


def sample_attributes(style, index, seed=0):
    """Attributes of face number `index`: name -> 0 or 1, or a colour's name."""
    offered = style_named(style).attributes
    attributes = {}
    for name, probability in _BINARY.items():
        if name == "sunglasses":  # the upper end of the number that decides eyeglasses
            uniform = 1.0 - _uniform(style, index, seed, "eyeglasses")
            attributes[name] = int(uniform <= probability)
        else:
            attributes[name] = int(_uniform(style, index, seed, name) < probability)
    for name, palette in _PALETTES.items():
        if name in offered:
            uniform = _uniform(style, index, seed, name)
            attributes[name] = _pick(tuple(palette), uniform)
    return attributes


def _with_changes(attributes, changes, style):
    offered = style_named(style).attributes
    for name, value in changes.items():
        if name not in offered:
            raise ValueError(
                f"`attributes` of style {style!r} may name {', '.join(offered)}. "
                f"Received: {name!r}"
            )
        if value not in ATTRIBUTES[name]:
            raise ValueError(
                f"attribute {name!r} must be one of {ATTRIBUTES[name]}. "
                f"Received: {value!r}"
            )
    if changes.get("eyeglasses") and changes.get("sunglasses"):
        raise ValueError("eyeglasses and sunglasses exclude each other, both are 1")
    changed = attributes | changes
    if changes.get("eyeglasses"):
        changed["sunglasses"] = 0
    if changes.get("sunglasses"):
        changed["eyeglasses"] = 0
    return changed


def _shade(name, style, index, seed, attributes):
    """This face's own shade of the colour that an attribute names, "#rrggbb"."""
    colour = bytes.fromhex(_PALETTES[name][attributes[name]][1:])
    channels = []
    for i, channel in enumerate(colour):
        uniform = _uniform(style, index, seed, f"{name}:shade{i}")
        channels.append(round(channel + (2 * uniform - 1) * _SHADES[name]))
    return "#" + bytes(np.clip(channels, 0, 255).tolist()).hex()


def _drawing_options(style, index, seed, attributes):
    """Options for the drawing library: every variant and colour is pinned."""
    artist = style_named(style)
    options = dict(artist.ink, seed=f"{style}/{seed}/{index}")
    eyewear = [name for name in ("eyeglasses", "sunglasses") if attributes[name]]
    wanted = {
        artist.hair: attributes["long_hair"],
        artist.eyewear: eyewear[0] if eyewear else 0,
        artist.facial_hair: attributes["facial_hair"],
        "eyes": attributes["eyes_closed"],
        "mouth": attributes["smile"],
    }
    for part, variants in artist.variants.items():
        choices = variants.get(wanted.get(part))
        options[f"{part}Probability"] = 100 if choices else 0
        if choices:
            choice = f"{part}:{wanted.get(part)}"
            uniform = _uniform(style, index, seed, choice)
            options[f"{part}Variant"] = _pick(choices, uniform)
    shades = {
        name: _shade(name, style, index, seed, attributes)
        for name in _PALETTES
        if name in artist.attributes
    }
    options |= {
        "hairColor": shades["hair_color"],
        "skinColor": shades["skin_tone"],
        "backgroundColor": shades["background"],
    }
    if "clothing_color" in shades:
        options["facialHairColor"] = shades["hair_color"]
        options["clothesColor"] = shades["clothing_color"]
    return options


def draw(style, index, seed=0, resolution=64, attributes=None, crop=None):
    """Draws one face.

    Args:
        style: A name in `STYLES`.
        index: Number of the face, 0, 1, 2, ...
        seed: Another seed gives other faces.
        resolution: Height and width in pixels.
        attributes: Changes to the face's own attributes, for instance `{"smile": 1}`; all
            that they do not name stays as it was.
        crop: (left, top, right, bottom), the square of the drawing that is shown, in percent of
            its side; "face", the style's; None shows all.

    Returns:
        The photo, uint8 [resolution, resolution, 3], and its attributes, a dictionary.

    Raises:
        ValueError: For an unknown style, attribute or value, a resolution below 8, or a crop that
            is no square of the drawing.
    """
    if resolution < 8:
        raise ValueError(
            f"`resolution` must be at least 8. Received: resolution={resolution}"
        )
    if crop == "face":
        crop = style_named(style).face
    left, top, right, bottom = crop or (0, 0, 100, 100)
    if not (0 <= left < right <= 100 and 0 <= top and bottom <= 100):
        raise ValueError(f"`crop` must be in 0…100 percent. Received: crop={crop}")
    if right - left != bottom - top:
        raise ValueError(f"`crop` must be square. Received: crop={crop}")
    known = sample_attributes(style, index, seed)
    known = _with_changes(known, attributes or {}, style)
    options = _drawing_options(style, index, seed, known)
    svg = dicebear.Avatar(_artwork(style), options).to_string()
    shown = resolution * SUPERSAMPLING
    side = round(shown * 100 / (right - left))
    png = resvg_py.svg_to_bytes(
        svg_string=svg, width=side, height=side, skip_system_fonts=True
    )
    with Image.open(io.BytesIO(bytes(png))) as large:
        x, y = (min(round(side * edge / 100), side - shown) for edge in (left, top))
        cut = large.convert("RGB").crop((x, y, x + shown, y + shown))
        photo = cut.reduce(SUPERSAMPLING)
    return np.array(photo), known


# Part of a face -> the attribute whose change shows where it is, and what would be in front of it.
PARTS = {
    "eyes": ("eyes_closed", {"eyeglasses": 0, "sunglasses": 0}),
    "mouth": ("smile", {"facial_hair": 0}),
    "hair": ("hair_color", {"facial_hair": 0}),
}


def part_masks(style, index, seed=0, resolution=64):
    """Where the parts of a face are: {name of `PARTS`: bool [resolution, resolution]}.

    Exactly those pixels that another value of the part's attribute draws otherwise; glasses and
    beards, which would hide them, are taken off.
    """
    offered = style_named(style).attributes
    known = sample_attributes(style, index, seed)
    masks = {}
    for part, (attribute, bare) in PARTS.items():
        bare = {name: value for name, value in bare.items() if name in offered}
        other = next(v for v in reversed(ATTRIBUTES[attribute]) if v != known[attribute])
        first, _ = draw(style, index, seed, resolution, bare)
        second, _ = draw(style, index, seed, resolution, {**bare, attribute: other})
        masks[part] = np.any(first != second, axis=-1)
    return masks


def _draw_run(task):
    style, indices, seed, resolution, versions, crop = task
    drawn = [
        draw(style, index, seed, resolution, changes, crop)
        for index in indices
        for changes in versions
    ]
    return np.stack([photo for photo, _ in drawn]), [known for _, known in drawn]


def _draw_versions(style, num, versions, seed, resolution, start, workers, progress, crop=None):
    """Yields (photo, attributes) of each face in each of the versions, changes of attributes."""
    style_named(style)
    run = max(32 // len(versions), 1)  # 0.1 s of work a task at 64 px
    tasks = (
        (style, range(first, min(first + run, start + num)), seed, resolution, versions, crop)
        for first in range(start, start + num, run)
    )
    if workers is None and num * len(versions) < 256:
        workers = 1
    total = num * len(versions)
    bar = tqdm.tqdm(total=total, desc=f"drawing {style}", unit="face", disable=not progress)
    with bar:
        for photos, known in worker_processes.map_in_order(_draw_run, tasks, workers=workers):
            for photo, attributes in zip(photos, known, strict=True):
                bar.update()
                yield photo, attributes


def draw_many(
    style, num, *, seed=0, resolution=64, start=0, workers=None, progress=True, crop=None
):
    """Yields (photo, attributes) of faces `start` ... `start + num - 1`, in order.

    Args:
        workers: Number of processes; None takes all processors, and fewer than 256 faces
            are drawn in this process.
        progress: Whether a bar is shown on stderr.
        crop: As of `draw`.
    """
    return _draw_versions(style, num, ({},), seed, resolution, start, workers, progress, crop)


def draw_pairs(
    style,
    attribute,
    num,
    *,
    seed=0,
    resolution=64,
    start=0,
    workers=None,
    progress=True,
    crop=None,
):
    """Yields ((photo, attributes), (photo, attributes)) of each face without and with one.

    The two faces differ in that binary attribute alone; of `eyeglasses` and `sunglasses`,
    which exclude each other, both lack the other one.

    Args: as of `draw_many`.

    Raises:
        ValueError: If the style has no such attribute, or it is not binary.
    """
    offered = [name for name in style_named(style).attributes if name in _BINARY]
    if attribute not in offered:
        raise ValueError(
            f"`attribute` must be one of {', '.join(offered)}. Received: attribute={attribute!r}"
        )
    without, others = {attribute: 0}, {}
    if attribute in _EYEWEAR:
        others = dict.fromkeys(_EYEWEAR - {attribute}, 0)
    versions = (without | others, {attribute: 1} | others)
    drawn = _draw_versions(style, num, versions, seed, resolution, start, workers, progress, crop)
    return zip(drawn, drawn, strict=True)
