"""Draws pictures with the generator of a preset.

A grid, single pictures, a table of mixed styles, a truncation sweep, a study of noise, an
animation from seed to seed, latents:

  python -m tfgan_edit.generate --preset runs/faces --out grid.png --seeds 0-15 --truncation 0.7
  python -m tfgan_edit.generate --preset runs/faces --out pictures/ --seeds 1,4,9
  python -m tfgan_edit.generate --preset runs/faces --out table.png --mix_rows 1,2 --mix_columns 3,4
  python -m tfgan_edit.generate --preset runs/faces --out sweep.png --truncation_sweep=-1,0,0.7,1
  python -m tfgan_edit.generate --preset runs/faces --out noise.png --noise_study 100
  python -m tfgan_edit.generate --preset runs/faces --out morph.mp4 --seeds 1,4,9 --loop
  python -m tfgan_edit.generate --preset runs/faces --out latents.npz --seeds 0-99

A seed gives z = numpy.random.RandomState(seed).randn(1, z_dim), as in the official scripts.
"""

import functools
import json
from pathlib import Path

import numpy as np
from absl import flags

from tfgan_edit import pictures, sampling
from tfgan_edit.config import UserError, run_verb
from tfgan_edit.preset import load_preset
from tfgan_edit.storage import atomic_file

# Flags that only one kind of output reads; given for another, they are a mistake.
OWN_FLAGS = {
    "a grid": ["columns"],
    "a mixing table": ["mix_rows", "mix_columns", "mix_layers"],
    "a truncation sweep": ["truncation_sweep"],
    "a noise study": ["noise_study"],
    "an animation": ["interpolate", "path", "frames", "fps", "loop"],
}
FOLDER, LATENTS = "single pictures", "latents"
# Tables, and the flag whose place their own flags take.
TABLES = {"a mixing table": "seeds", "a truncation sweep": "truncation", "a noise study": "noise"}


def define_flags(f):
    kinds = (flags.DEFINE_string, flags.DEFINE_integer, flags.DEFINE_float, flags.DEFINE_enum)
    text, integer, number, choice = (functools.partial(kind, flag_values=f) for kind in kinds)
    text("preset", None, "Preset, or a run folder that has one.")
    text(
        "out",
        None,
        f"{', '.join(pictures.PICTURE_FORMATS)}: a grid, or the table that --mix_rows, "
        "--truncation_sweep or --noise_study ask for; a folder, ending in /: single pictures; "
        f"{', '.join(pictures.ANIMATION_SUFFIXES)}: an animation; .npz: latents.",
    )
    text("seeds", None, "Like 0-15 (the default of grids, folders and latents; else 0-3) or 1,4,9.")
    number("truncation", 1.0, "From 1, full variety, to 0, the average picture.")
    integer("truncation_cutoff", None, "Truncate only the first N layers.")
    text("truncation_sweep", None, "Truncations like -1,0,0.7,1: a column each, a row a seed.")
    text(
        "label",
        None,
        "Names, number of a class, or comma-separated vector. Without it, grids have a column a "
        "class and a row a seed.",
    )
    choice("noise", "constant", sampling.NOISE_MODES, "Noise maps.")
    integer(
        "noise_study",
        None,
        "Draws of noise. A row a seed: noise in all layers, in none, in fine ones only, in all "
        "others, and each pixel's standard deviation over the draws.",
        lower_bound=2,
    )
    integer("columns", None, "Pictures a row of the grid.", lower_bound=1)
    choice("interpolate", "w", ["z", "w"], "Space of the animation's path.")
    choice("path", "linear", sampling.PATHS, "The path from a seed to the next.")
    integer("frames", 48, "Frames from a seed to the next.", lower_bound=1)
    number("fps", 24.0, "Frames a second.")
    flags.DEFINE_bool("loop", False, "Go on from the last seed to the first.", flag_values=f)
    text("mix_rows", None, "Seeds of the table's rows.")
    text("mix_columns", None, "Seeds of the columns, which give their --mix_layers.")
    text(
        "mix_layers",
        "coarse",
        "coarse, middle, fine, or like 0-3 or 0,2. Several with / between, as in "
        "coarse/middle/fine: all rows again for each.",
    )
    integer("batch_size", 8, "Pictures computed at a time.", lower_bound=1)


def main(f):
    print(f"wrote {generate(f)}")


def generate(f):
    """Does what the parsed flags `f` say; returns a line about what was written."""
    kind = output_kind(f)
    preset = load_preset(f.preset, names=["generator"])
    generator = preset.require("generator")
    if not (hasattr(generator, "num_ws") or hasattr(generator, "stylemap_shape")):
        method = preset.metadata.get("method", "not stated")
        raise UserError(
            f"--preset={f.preset}: its generator (method: {method}) has no w_plus latents and no "
            "stylemaps"
        )
    sampler = make_sampler(f, preset, generator, kind)
    if kind == "a mixing table":
        known = sampler.num_layers, sampler.layer_groups()
        groups = checked("mix_layers", sampling.parse_layer_groups, f.mix_layers, *known)
        rows, columns = seeds_of(f, "mix_rows"), seeds_of(f, "mix_columns")
        return write_grid(f.out, sampler.table(rows, columns, groups))
    seeds = seeds_of(f, "seeds", "0-15" if kind in ("a grid", FOLDER, LATENTS) else "0-3")
    if kind == "a grid":
        return write_grid(f.out, sampler.grid(seeds, f.columns))
    if kind == "a truncation sweep":
        truncations = checked("truncation_sweep", sampling.parse_numbers, f.truncation_sweep)
        return write_grid(f.out, sampler.truncation_sweep(seeds, truncations))
    if kind == "a noise study":
        photo = checked("noise_study", sampler.noise_study, seeds, f.noise_study)
        return write_grid(f.out, photo)
    if kind == "an animation":
        if len(seeds) < 2:
            raise UserError(f"--seeds={f.seeds}: an animation goes between at least two seeds")
        photos = sampler.animation(seeds, f.interpolate, f.path, f.frames, f.loop)
        return f"{f.out} ({pictures.write_animation(f.out, photos, f.fps)} frames)"
    if kind == LATENTS:
        return write_latents(f, sampler, seeds, preset)
    return write_folder(f, sampler, seeds)


def output_kind(f):
    """What --out asks for; refuses flags that this would not read."""
    for flag in ("preset", "out"):
        if not f[flag].value:
            raise UserError(f"--{flag} is missing; see --help for examples")
    suffix = Path(f.out).suffix.lower()
    if f.out.endswith("/") or Path(f.out).is_dir():
        kind = FOLDER
    elif suffix == ".npz":
        kind = LATENTS
    elif suffix in pictures.ANIMATION_SUFFIXES:
        kind = "an animation"
    elif suffix in pictures.PICTURE_FORMATS:
        asked = (table for table in TABLES if any(f[name].present for name in OWN_FLAGS[table]))
        kind = next(asked, "a grid")
    else:
        allowed = [*pictures.PICTURE_FORMATS, *pictures.ANIMATION_SUFFIXES, ".npz"]
        raise UserError(f"--out={f.out}: must end in {', '.join(allowed)} or / for a folder")
    for owner, names in OWN_FLAGS.items():
        for name in names:
            if f[name].present and owner != kind:
                raise UserError(f"--{name} is for {owner}, but --out={f.out} is {kind}")
    if kind in TABLES and f[TABLES[kind]].present:
        own = ", --".join(OWN_FLAGS[kind])
        raise UserError(f"--{TABLES[kind]}: {kind} has --{own} instead; leave the flag out")
    return kind


def make_sampler(f, preset, generator, kind):
    label, label_dim = None, generator.label_dim
    names = sampling.label_names(preset.metadata, label_dim)
    if f.label is not None and not label_dim:
        raise UserError(f"--label={f.label}: {f.preset} has no labels; leave the flag out")
    if f.label is not None:
        label = checked("label", sampling.parse_label, f.label, label_dim, names)
    elif label_dim:
        classes = sampling.class_names(label_dim, names)
        if kind != "a grid" or classes is None:
            known = sampling.shortened(names) if names else f"classes 0-{label_dim - 1}"
            raise UserError(f"--label is missing: {f.preset} has {known}; give one")
        if f.columns:
            raise UserError(f"--columns={f.columns}: without --label a grid has a column a class")
    settings = (f.truncation, f.truncation_cutoff, f.noise, f.batch_size)
    return checked("", sampling.Sampler, generator, label, *settings, names, True)


def seeds_of(f, flag, default=None):
    if f[flag].value is None and default is None:
        raise UserError(f"--{flag} is missing: a mixing table needs --mix_rows and --mix_columns")
    return checked(
        flag, sampling.parse_integers, default if f[flag].value is None else f[flag].value
    )


def checked(flag, parse, *values):
    try:
        return parse(*values)
    except ValueError as error:
        raise UserError(f"--{flag}{': ' if flag else ''}{error}") from error


def write_grid(path, photo):
    pictures.write_picture(path, photo)
    return f"{path} ({photo.shape[1]}x{photo.shape[0]} pixels)"


def write_folder(f, sampler, seeds):
    # A batch at a time: the latents of many seeds need more room than their pictures.
    for part in (seeds[i : i + 1024] for i in range(0, len(seeds), 1024)):
        photos = sampler.photos(sampler.w_plus(sampler.z(part)), part)
        for seed, photo in zip(part, photos, strict=True):
            pictures.write_picture(Path(f.out) / f"seed{seed:04d}.png", photo)
    return f"{len(seeds)} pictures to {f.out}"


def write_latents(f, sampler, seeds, preset):
    z = sampler.z(seeds)
    space = "stylemaps" if sampler.has_stylemaps else "w_plus"
    arrays = {"z": z, space: sampler.w_plus(z), "seeds": np.array(seeds)}
    if sampler.label is not None:
        arrays["label"] = sampler.label
    meta = {
        "preset": preset.sha256,
        "truncation": sampler.truncation,
        "truncation_cutoff": sampler.truncation_cutoff,
        "z": "numpy.random.RandomState(seed).randn(1, z_dim)",
    }
    with atomic_file(f.out) as file:
        np.savez(file, **arrays, meta=np.array(json.dumps(meta)))
    return f"{f.out} ({len(seeds)} latents)"


if __name__ == "__main__":
    run_verb(main, define_flags)
