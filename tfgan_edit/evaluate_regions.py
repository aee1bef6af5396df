"""Measures local edits of a StyleMapGAN as its paper does: pairs by masks, MSE_src and MSE_ref.

  python -m tfgan_edit.evaluate_regions --preset stylemapgan-avatars-64 \\
      --photos avatars:avataaars --num 500
  python -m tfgan_edit.evaluate_regions --preset presets/celeba_hq --photos test/ \\
      --labels CelebAMask-HQ-labels/ --out local_edits/

For each part of a face, two photos make a pair whose masks of the part overlap most, then the two
of those left, and so on; the part of the second is put into the first, where either mask is.
Labels are pictures of the photos' names with the numbers of CelebAMask-HQ; of drawn faces the
parts are known. With --out, sources, references, masks and edits are written for `evaluate`, and
some of them side by side as regions.png.
"""

import functools
from pathlib import Path

import numpy as np
from absl import flags
from PIL import Image
from tqdm import tqdm

from tfgan_edit.config import UserError, run_verb
from tfgan_edit.data import avatars
from tfgan_edit.data.photos import UnreadablePhoto, whole_photo
from tfgan_edit.data.sources import FileSource
from tfgan_edit.editing import part_pairs
from tfgan_edit.editing.editors import load_editor
from tfgan_edit.editing.framing import fitted
from tfgan_edit.editing.regions import POOLINGS, SPACES
from tfgan_edit.editing.stylemap_editor import StylemapEditor
from tfgan_edit.pictures import image_grid, write_picture
from tfgan_edit.storage import write_json

AVATARS = "avatars:"
RESULTS, PICTURE = "regions.json", "regions.png"
SHOWN = 3  # pairs a part on the picture
KINDS = {"sources": "photo", "references": "other", "masks": "part", "edited": "result"}


def define_flags(f):
    text = functools.partial(flags.DEFINE_string, flag_values=f)
    text("preset", None, "Preset of a StyleMapGAN, or its run folder.")
    text("photos", None, "Folder of test photos, or avatars:STYLE.")
    text("labels", None, "Folder of label maps with the photos' names.")
    flags.DEFINE_integer("num", 500, "Photos at most.", lower_bound=2, flag_values=f)
    flags.DEFINE_integer("seed", 2, "Of drawn faces; training has 0.", flag_values=f)
    flags.DEFINE_list("parts", [], "Some of the parts. Default: all.", flag_values=f)
    flags.DEFINE_enum("space", "w_plus", SPACES, "Where masks act.", flag_values=f)
    flags.DEFINE_enum("pooling", "max", POOLINGS, "When a cell is in a mask.", flag_values=f)
    text("out", None, "Folder for regions.json and the pictures.")


def main(f):
    for flag in ("preset", "photos"):
        if not f[flag].value:
            raise UserError(f"--{flag} is missing; see --help for examples")
    editor = load_editor(f.preset)
    if not isinstance(editor, StylemapEditor):
        raise UserError(f"--preset={f.preset} is no StyleMapGAN: it has no regions")
    photos, masks = drawn(f, editor) if f.photos.startswith(AVATARS) else read(f, editor)
    results, shown = {}, {}
    for part in chosen(f, masks):
        results[part], shown[part] = measure(f, editor, photos, masks[part], part)
    columns = ("mse_src", "mse_ref", "mse_between")
    results["mean"] = {
        key: float(np.mean([values[key] for values in results.values()]))
        for key in ("pairs", *columns)
    }
    print(f"{'part':12} pairs " + " ".join(f"{column:>12}" for column in columns))
    for part, values in results.items():
        numbers = " ".join(f"{values[column]:12.5f}" for column in columns)
        print(f"{part:12} {values['pairs']:5.0f} {numbers}")
    if f.out:
        request = {name: f[name].value for name in ("photos", "labels", "num", "seed")}
        request |= {"space": f.space, "pooling": f.pooling, "parents": editor.parents}
        write_json(Path(f.out) / RESULTS, {**request, "results": results})
        write_picture(Path(f.out) / PICTURE, grid(shown))
        print(f"wrote {f.out}; look at {PICTURE}")


def grid(shown):
    """A row a part, of its pictures in `shown` {part: [[H, W, 3]]}."""
    count = max(map(len, shown.values()))
    empty = np.full_like(next(iter(shown.values()))[0], 255)
    rows = [pictures + [empty] * (count - len(pictures)) for pictures in shown.values()]
    labels = list(KINDS.values()) * (count // len(KINDS))
    return image_grid(np.concatenate(rows), count, row_labels=list(shown), column_labels=labels)


def chosen(f, masks):
    unknown = [part for part in f.parts if part not in masks]
    if unknown:
        raise UserError(f"--parts={','.join(unknown)}: known are {', '.join(masks)}")
    return f.parts or list(masks)


def drawn(f, editor):
    """Drawn faces uint8 [N, H, W, 3], and {part: masks bool [N, H, W]}."""
    style = f.photos.removeprefix(AVATARS)
    try:
        avatars.style_named(style)
    except ValueError as error:
        raise UserError(f"--photos={f.photos}: {error}") from error
    side = max(editor.resolution)
    photos, masks = [], []
    for index in tqdm(range(f.num), desc="drawing", unit="face", delay=5):
        photos.append(fitted(avatars.draw(style, index, f.seed, side)[0], editor.resolution))
        masks.append(avatars.part_masks(style, index, f.seed, side))
    return np.stack(photos), {part: np.stack([m[part] for m in masks]) for part in masks[0]}


def read(f, editor):
    """Photos and masks of --photos and --labels, as of `drawn`."""
    if not f.labels:
        raise UserError("--labels is missing: the parts of photos are read from label maps")
    names = FileSource(f.photos).pictures[: f.num]
    files = {Path(name).stem: name for name in FileSource(f.labels).pictures}
    photos, labels = [], []
    for name in tqdm(names, desc="reading", unit="photo", delay=5):
        if Path(name).stem not in files:
            raise UserError(f"--labels={f.labels}: there is no map for the photo {name}")
        try:
            photos.append(fitted(whole_photo(Path(f.photos) / name), editor.resolution))
            label = whole_photo(Path(f.labels) / files[Path(name).stem])[..., 0]
        except UnreadablePhoto as error:
            raise UserError(f"{name} cannot be read: {error}") from error
        size = editor.resolution[::-1]
        labels.append(np.asarray(Image.fromarray(label).resize(size, Image.Resampling.NEAREST)))
    return np.stack(photos), part_pairs.masks_of(np.stack(labels), part_pairs.CELEBA_PARTS)


def measure(f, editor, photos, masks, part):
    """{"pairs", "mse_src", "mse_ref", "mse_between"} of a part; with --out, pictures of some."""
    pairs = part_pairs.greedy_pairs(part_pairs.overlaps(masks))
    if not pairs:
        raise UserError(f"part {part}: no two photos have it at one place; leave it out by --parts")
    errors, shown = part_pairs.PartErrors(), []
    edits = part_pairs.edit_pairs(editor, photos, masks, pairs, f.space, f.pooling)
    for number, result in enumerate(tqdm(edits, part, len(pairs), unit="pair", delay=5)):
        errors.add(result)
        if f.out:
            white = np.repeat(255 * result.mask[..., np.newaxis], 3, axis=-1).astype(np.uint8)
            pictures = (result.source, result.reference, white, result.edited)
            if number < SHOWN:
                shown += pictures
            for kind, picture in zip(KINDS, pictures, strict=True):
                write_picture(Path(f.out) / part / kind / f"{number:04d}.png", picture)
    return {"pairs": len(pairs), **errors.results()}, shown


if __name__ == "__main__":
    run_verb(main, define_flags)
