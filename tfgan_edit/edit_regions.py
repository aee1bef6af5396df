"""The part of `edit` that is for StyleMapGAN: flags, masks, and pictures of what was done.

  python -m tfgan_edit.edit --preset runs/stylemapgan --photo me.png --out eyes.png \\
      --reference other.png --mask eyes_of_other.png
  python -m tfgan_edit.edit --preset runs/stylemapgan --photo me.png --out half.png \\
      --reference a.png,b.png --mask left --mask 8,8,40,40 --shift 0,0 --shift 0,-6
  python -m tfgan_edit.edit --preset runs/stylemapgan --photo me.png --out ears.png \\
      --reference cat.png --move "2x4 from 3,2 to 4,2; 3x2 at 0,1"
  python -m tfgan_edit.edit --preset runs/stylemapgan --photo me.png --out mixed.png \\
      --reference other.png --scale coarse
  python -m tfgan_edit.edit --preset runs/stylemapgan --photo me.png --out morph.mp4 \\
      --reference other.png --frames 48
"""

import functools
from pathlib import Path

import numpy as np
from absl import flags
from PIL import Image

from tfgan_edit.config import UserError
from tfgan_edit.data.photos import UnreadablePhoto, whole_photo
from tfgan_edit.editing.framing import fitted
from tfgan_edit.editing.regions import (
    HALVES,
    POOLINGS,
    SCALES,
    SPACES,
    Region,
    StylemapEdit,
    check_mask,
    named_mask,
    parse_moves,
    parse_shift,
)
from tfgan_edit.storage import sha256_of

NAMES = ("mask", "shift", "move", "scale", "space", "pooling")


def define_flags(f):
    texts = functools.partial(flags.DEFINE_multi_string, flag_values=f)
    choice = functools.partial(flags.DEFINE_enum, flag_values=f)
    texts(
        "mask",
        [],
        f"StyleMapGAN: what of the reference is taken: a picture, white where it is; "
        f"{', '.join(HALVES)}; or LEFT,TOP,RIGHT,BOTTOM in pixels of the preset's size, several "
        "with / between. One for each --reference; with --direction alone, where it acts.",
    )
    texts("shift", [], "DOWN,RIGHT pixels by which each mask and what it takes move.")
    flags.DEFINE_string(
        "move",
        None,
        "StyleMapGAN: cells of the stylemap from the reference, HEIGHTxWIDTH and ROW,COLUMN: "
        "'2x4 from 3,2 to 4,2; 3x2 at 0,1'.",
        flag_values=f,
    )
    choice("scale", None, SCALES, "StyleMapGAN: style codes that the reference gives.")
    choice("space", "w_plus", SPACES, "Whether masks act on style codes or on the stylemap.")
    choice("pooling", "max", POOLINGS, "When a cell is in a mask: any pixel, most, or in part.")


def refuse_flags(f):
    """Raises a `UserError` for a flag of StyleMapGAN's, given to another editor."""
    given = next((name for name in NAMES if f[name].present), None)
    if given:
        raise UserError(f"--{given} is for a StyleMapGAN, {f.preset} is another network")


def make_change(f, editor):
    """(`StylemapEdit` or None, the reference of the whole edit or None) that the flags ask for."""
    references = [read_reference(path, editor) for path in reference_files(f)]
    masks = [read_mask(text, editor.resolution) for text in f.mask]
    if f.shift and len(f.shift) != len(f.mask):
        raise UserError(f"--shift: give one for each of the {len(f.mask)} masks, or none")
    settings = {"space": f.space, "pooling": f.pooling}
    if masks and not references:
        if len(masks) > 1 or f.direction is None:
            raise UserError("--mask needs a --reference each, or alone a --direction")
        return StylemapEdit(mask=masks[0], **settings), None
    if masks:
        if len(masks) != len(references):
            raise UserError(
                f"--mask: {len(references)} references need as many masks, got {len(masks)}"
            )
        if f.move or f.scale:
            raise UserError("--mask and --move or --scale are different edits: give one of them")
        shifts = [parse_shift(text) for text in f.shift] or [(0, 0)] * len(masks)
        regions = tuple(map(Region, references, masks, shifts))
        return StylemapEdit(regions=regions, **settings), None
    if len(references) > 1:
        raise UserError(f"--reference: {len(references)} of them need a --mask each")
    moves = parse_moves(f.move, editor.generator.stylemap_shape[:2]) if f.move else ()
    return StylemapEdit(moves=moves, scale=f.scale, **settings), next(iter(references), None)


def reference_files(f):
    """Files of --reference, several with commas between."""
    if not f.reference or Path(f.reference).exists():
        return [f.reference] if f.reference else []
    return f.reference.split(",")


def request_of(f):
    """What of the flags decides the results, with hashes of files."""
    masks = [sha256_of(text) if Path(text).is_file() else text for text in f.mask]
    return {
        "reference": [sha256_of(path) for path in reference_files(f)],
        "mask": masks,
        **{name: f[name].value for name in NAMES if name != "mask"},
    }


def read_reference(path, editor):
    """The middle of a photo file at the editor's size."""
    try:
        whole = whole_photo(path)
    except UnreadablePhoto as error:
        raise UserError(f"--reference={path} cannot be read: {error}") from error
    return fitted(whole, editor.resolution)


def read_mask(text, size):
    """A mask float32 [H, W] of 0 and 1 at `size`, as --mask describes it.

    Raises:
        UserError: no such file, one of another shape, or a mask of no pixels.
    """
    mask = named_mask(text, size)
    if mask is None:
        if not Path(text).is_file():
            raise UserError(
                f"--mask={text}: there is no such file; or give {', '.join(HALVES)}, or "
                "LEFT,TOP,RIGHT,BOTTOM"
            )
        try:
            grey = whole_photo(text).mean(axis=2)
        except UnreadablePhoto as error:
            raise UserError(f"--mask={text} cannot be read: {error}") from error
        height, width = grey.shape
        if height * size[1] != width * size[0]:
            raise UserError(
                f"--mask={text} has {width}x{height} pixels, the preset's photos {size[1]}x"
                f"{size[0]}: give one of the same shape, at any size"
            )
        grey = Image.fromarray(grey.astype(np.float32))
        mask = np.asarray(grey.resize(size[::-1], Image.Resampling.BOX)) / 255
    mask = (mask > 0.5).astype(np.float32)
    try:
        check_mask(mask, size)
    except UserError as error:
        raise UserError(f"--mask={text}: {error}") from error
    return mask


def sources(edit):
    """References of an edit as photos; of those with a mask, what is not taken is dark."""
    if edit.stylemap is None:
        return []
    shown = [] if edit.reference is None else [edit.reference]
    for region in edit.stylemap.regions:
        shade = 0.3 + 0.7 * region.mask[..., np.newaxis]
        shown.append((region.reference * shade).astype(np.uint8))
    return shown
