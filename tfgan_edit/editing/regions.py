"""Local edits of stylemaps: masks, blends, moved parts, mixed scales (StyleMapGAN, arXiv
2104.14754, section 3.3).

The spaces: "w" is the stylemap itself; "w_plus" are the style codes that the resizer makes of it,
which are blended each at its own size. What is pooled, and how:

    max    a cell belongs to the region if any of its pixels does: the paper's evaluations
    half   … if more than half of them do: the paper's demonstration
    soft   … in the share of its pixels that do: the formula in the paper's text
"""

import dataclasses
import re

import numpy as np
import tensorflow as tf

from tfgan_edit.config import UserError
from tfgan_edit.networks.stylemapgan import NUM_COARSE

POOLINGS = ("max", "half", "soft")
SPACES = ("w_plus", "w")
SCALES = ("coarse", "fine")
HALVES = {  # name: (rows, columns), parts of a mask's side
    "left": ((0, 1), (0, 0.5)),
    "right": ((0, 1), (0.5, 1)),
    "top": ((0, 0.5), (0, 1)),
    "bottom": ((0.5, 1), (0, 1)),
}


# === What to do ===


@dataclasses.dataclass(frozen=True)
class Region:
    """A part of another photo.

    Attributes:
        reference: the photo, uint8 [H, W, 3], or its stylemap, float32 [S, S, C].
        mask: float32 [H, W] in 0…1, of the reference: 1 where it is taken.
        shift: pixels (down, right) from where it is in the reference to where it goes.
        strength: 0 leaves the photo, 1 takes the reference.
    """

    reference: np.ndarray
    mask: np.ndarray
    shift: tuple[int, int] = (0, 0)
    strength: float = 1.0


@dataclasses.dataclass(frozen=True)
class Move:
    """A rectangle of stylemap cells of a reference, and where it goes: (row, column) of corners."""

    height: int
    width: int
    source: tuple[int, int]
    target: tuple[int, int]


@dataclasses.dataclass(frozen=True)
class StylemapEdit:
    """What to do with a stylemap, in this order.

    Attributes:
        moves: rectangles that the reference of the `Edit` gives.
        scale: "coarse" takes the codes of the stylemap's size from the reference, "fine" all
            others; None for none.
        regions: parts of further photos, one after the other.
        mask: float32 [H, W]: restricts the direction of the `Edit`; None for everywhere.
        space, pooling: of masks, as above.
    """

    moves: tuple[Move, ...] = ()
    scale: str | None = None
    regions: tuple[Region, ...] = ()
    mask: np.ndarray | None = None
    space: str = "w_plus"
    pooling: str = "max"

    def __post_init__(self):
        for name, allowed in (
            ("space", SPACES),
            ("pooling", POOLINGS),
            ("scale", (None, *SCALES)),
        ):
            if getattr(self, name) not in allowed:
                raise ValueError(
                    f"{name} must be one of {', '.join(map(str, allowed))}. "
                    f"Received: {name}={getattr(self, name)!r}"
                )


# === Masks ===


def named_mask(text, size):
    """A mask of a name or of rectangles: float32 [H, W] of 0 and 1, or None for another text.

    Args:
        text: left, right, top, bottom; or LEFT,TOP,RIGHT,BOTTOM in pixels, several with / between.
        size: (height, width).

    Raises:
        UserError: a rectangle outside the picture.
    """
    height, width = size
    mask = np.zeros(size, np.float32)
    if text in HALVES:
        rows, columns = HALVES[text]
        (top, bottom), (left, right) = (
            (round(part[0] * side), round(part[1] * side))
            for part, side in ((rows, height), (columns, width))
        )
        mask[top:bottom, left:right] = 1
        return mask
    if not re.fullmatch(r"[\d,/]+", text):
        return None
    for part in text.split("/"):
        edges = [int(edge) for edge in part.split(",") if edge]
        if len(edges) != 4 or not edges[0] < edges[2] <= width or not edges[1] < edges[3] <= height:
            raise UserError(
                f"mask {text}: must be LEFT,TOP,RIGHT,BOTTOM within {width}x{height} pixels"
            )
        left, top, right, bottom = edges
        mask[top:bottom, left:right] = 1
    return mask


def check_mask(mask, size):
    """Raises a `UserError` for a mask of another size, or of no pixels."""
    mask = np.asarray(mask)
    if mask.shape != tuple(size):
        raise UserError(
            f"a mask must be of {size[1]}x{size[0]} pixels as the photo, this one has the shape "
            f"{list(mask.shape)}"
        )
    if not np.any(mask > 0.5):
        raise UserError("a mask has no pixels: paint white what is to be taken from the reference")


def pooled_mask(mask, size, pooling="max"):
    """Share of a reference in each cell: float32 [N, H, W] -> [N, *size, 1] in 0…1.

    Args:
        mask: in 0…1; H and W are whole multiples of `size`.
        size: (height, width) of a map.
        pooling: one of `POOLINGS`.
    """
    x = tf.cast(mask, tf.float32)[..., tf.newaxis]
    factors = [side // cells for side, cells in zip(x.shape[1:3], size, strict=True)]
    if pooling == "max":
        pooled = tf.nn.max_pool2d(x, factors, factors, "VALID")
    else:
        pooled = tf.nn.avg_pool2d(x, factors, factors, "VALID")
    return pooled if pooling == "soft" else tf.cast(pooled > 0.5, tf.float32)


def moved(x, shift):
    """Maps [N, h, w, K] moved by (down, right) cells; what comes in at the edges is zero."""
    height, width = x.shape[1:3]
    down, right = tf.unstack(tf.convert_to_tensor(shift, tf.int32))
    rows, columns = tf.range(height) - down, tf.range(width) - right
    inside = [
        tf.cast((index >= 0) & (index < side), x.dtype)
        for index, side in ((rows, height), (columns, width))
    ]
    x = tf.roll(x, [down, right], [1, 2])
    return x * inside[0][:, tf.newaxis, tf.newaxis] * inside[1][:, tf.newaxis]


# === Operations on maps: one stylemap, or all style codes ===


def blend(maps, reference_maps, mask, *, shift=(0, 0), strength=1.0, pooling="max"):
    """maps + strength · mask · (reference - maps), where mask and reference are moved by `shift`.

    A shift counts in pixels; each map moves by as many of its cells as go into it, rounded
    towards zero.

    Args:
        maps: list of [N, h, w, K].
        reference_maps: list of [N or 1, h, w, K].
        mask: [N or 1, H, W] in 0…1, of the reference.
        shift: (down, right), pixels; tensors or ints.
        strength: a number, or a tensor that broadcasts to [N, 1, 1, 1].
        pooling: one of `POOLINGS`.

    Returns:
        List of maps.
    """
    shift = tf.convert_to_tensor(shift, tf.int32)
    blended = []
    for x, reference in zip(maps, reference_maps, strict=True):
        size = x.shape[1:3]
        share = pooled_mask(mask, size, pooling)
        cells = [side // part for side, part in zip(mask.shape[1:3], size, strict=True)]
        cells = tf.math.sign(shift) * (tf.abs(shift) // tf.constant(cells, tf.int32))
        share, reference = moved(share, cells), moved(reference, cells)
        blended.append(x + tf.cast(strength * share, x.dtype) * (reference - x))
    return blended


def mixed(maps, reference_maps, scale):
    """Style codes of which the reference gives the coarse, or the fine, ones (section 4)."""
    coarse = scale == "coarse"
    return [
        reference if (i < NUM_COARSE) == coarse else x
        for i, (x, reference) in enumerate(zip(maps, reference_maps, strict=True))
    ]


def transplanted(stylemap, reference, moves):
    """Stylemaps [N, S, S, C] with rectangles of a reference [N or 1, S, S, C] at other places."""
    result = np.array(stylemap)
    for move in moves:
        (from_row, from_column), (to_row, to_column) = move.source, move.target
        part = reference[:, from_row : from_row + move.height]
        part = part[:, :, from_column : from_column + move.width]
        rows = slice(to_row, to_row + move.height)
        result[:, rows, to_column : to_column + move.width] = part
    return result


def parse_moves(text, size):
    """Reads "2x4 from 3,2 to 4,2; 3x2 from 0,1 to 0,1" (HEIGHTxWIDTH, ROW,COLUMN) as `Move`s.

    Args:
        text: the above; "HxW at R,C" takes the same place in the reference.
        size: (height, width) of the stylemap, cells.

    Raises:
        UserError: another form, or a rectangle that reaches outside.
    """
    moves = []
    for part in text.split(";"):
        form = r"(\d+)x(\d+) (?:at (\d+),(\d+)|from (\d+),(\d+) to (\d+),(\d+))"
        match = re.fullmatch(form, part.strip())
        if match is None:
            raise UserError(
                f"move {part.strip()!r:.60}: must be like '2x4 from 3,2 to 4,2' (HEIGHTxWIDTH, "
                "ROW,COLUMN, in cells of the stylemap), several with ; between"
            )
        numbers = [int(number) for number in match.groups() if number is not None]
        height, width, *places = numbers
        move = Move(height, width, tuple(places[:2]), tuple(places[-2:]))
        for row, column in (move.source, move.target):
            if 0 in (height, width) or row + height > size[0] or column + width > size[1]:
                raise UserError(
                    f"move {part.strip()!r}: {height}x{width} cells at {row},{column} do not fit "
                    f"a stylemap of {size[0]}x{size[1]}"
                )
        moves.append(move)
    return tuple(moves)


def parse_shift(text):
    """Reads "8,-5" as (down, right) pixels.

    Raises:
        UserError: anything else.
    """
    if not re.fullmatch(r"[+-]?\d{1,5},[+-]?\d{1,5}", text):
        raise UserError(f"shift {text!r:.40}: must be DOWN,RIGHT in pixels, as 8,-5")
    return tuple(int(part) for part in text.split(","))
