"""Finds a direction that changes one attribute of a face: in w, or in stylemaps of photos.

Examples:
  python -m tfgan_edit.find_direction --latents latents/faces --attribute smile \\
      --out directions/smile.npz
  python -m tfgan_edit.find_direction --latents latents/faces --method svm --threshold 0.95 \\
      --attribute hair_color=blond:hair_color=black --condition_on smile,eyeglasses --layers fine \\
      --out directions/blond.npz
  python -m tfgan_edit.find_direction --latents latents/faces --method sefa --component 2 \\
      --out directions/sefa_2.npz
  python -m tfgan_edit.find_direction --preset runs/stylemapgan --photos data/avatars64 \\
      --method svm --attribute smile --out directions/smile.npz

Beside the direction it writes a picture of the same name: faces at strengths from -3 to 3.
"""

import functools
from pathlib import Path

from absl import flags

from tfgan_edit import sampling
from tfgan_edit.config import UserError, run_verb
from tfgan_edit.editing import directions
from tfgan_edit.editing.latents import encode_photos, open_latents
from tfgan_edit.editing.scorers import load_scorer
from tfgan_edit.generate import checked
from tfgan_edit.metrics.photo_sets import open_photos
from tfgan_edit.pictures import write_picture
from tfgan_edit.preset import load_preset

OWN_FLAGS = {
    directions.SUPERVISED: ("attribute", "threshold", "condition_on"),
    directions.UNSUPERVISED: ("component",),
}


def define_flags(f):
    kinds = (flags.DEFINE_string, flags.DEFINE_integer, flags.DEFINE_float, flags.DEFINE_enum)
    text, integer, number, choice = (functools.partial(kind, flag_values=f) for kind in kinds)
    text("latents", None, "Folder that score_latents made.")
    text(
        "photos",
        None,
        "StyleMapGAN, in place of --latents: records with labels, or any photos with --scorer.",
    )
    text("scorer", None, "Preset with a classifier that scores --photos; default: their labels.")
    text("out", None, "The direction, an .npz file.")
    text("attribute", None, "Name of a score, against the rest; or a:b, from b to a.")
    choice(
        "method",
        "centres",
        [*directions.SUPERVISED, *directions.UNSUPERVISED],
        "centres: difference of class means; logistic, svm: normal of a hyperplane; sefa, "
        "ganspace: without attributes.",
    )
    number("threshold", 0.9, "Probability from which a score counts as certain.")
    text("condition_on", None, "Attributes whose directions are projected out, like a,b.")
    integer("component", 0, "Of sefa and ganspace: 0 moves the picture the most.", lower_bound=0)
    text("layers", None, "Rows of w_plus to move: coarse, middle, fine, 0-7 …; default all.")
    text("preset", None, "The generator's preset; default: the one that the latents name.")
    text("seeds", "0-5", "Faces of the picture.")


def main(f):
    if not f.out or not (f.latents or f.photos):
        missing = "latents" if f.out else "out"
        raise UserError(f"--{missing} is missing; see --help for examples")
    if f.latents and (f.photos or f.scorer):
        raise UserError("--photos and --scorer take the place of --latents: give one of both")
    if f.photos and not f.preset:
        raise UserError("--photos needs --preset, the StyleMapGAN that encodes them")
    supervised = f.method in directions.SUPERVISED
    for methods, names in OWN_FLAGS.items():
        for name in names:
            if f[name].present and f.method not in methods:
                raise UserError(f"--{name} is for {', '.join(methods)}, not for {f.method}")
    if supervised and not f.attribute:
        raise UserError(f"--attribute is missing: {f.method} finds the direction of one")
    seeds = checked("seeds", sampling.parse_integers, f.seeds)
    if f.photos:
        preset = load_preset(f.preset, names=["generator", "encoder"])
        latents = latents_of_photos(f, preset)
    else:
        latents = open_latents(f.latents)
        preset = load_preset(
            f.preset or latents.manifest["parents"]["generator"]["path"], names=["generator"]
        )
    generator = preset.require("generator")
    layers = None
    if f.layers is not None and f.photos:
        raise UserError(f"--layers={f.layers}: a stylemap is moved as a whole; leave it out")
    if f.layers is not None:
        layers = checked("layers", sampling.parse_layers, f.layers, generator.num_ws)
    if supervised:
        direction = directions.find_direction(
            latents,
            f.attribute,
            method=f.method,
            threshold=f.threshold,
            condition_on=f.condition_on.split(",") if f.condition_on else (),
            layers=layers,
        )
    elif f.photos:
        raise UserError(f"--method={f.method} is for w; of --photos, {supervised_names()} are")
    elif f.method == "sefa":
        direction = directions.weight_direction(latents, generator, f.component, layers)
    else:
        direction = directions.principal_direction(latents, f.component, layers)
    direction.check(generator, preset.sha256)
    direction.save(f.out)
    manifest = latents.manifest
    sampler = sampling.Sampler(
        generator,
        manifest["label"],
        truncation=manifest["truncation"],
        truncation_cutoff=manifest["truncation_cutoff"],
        progress=True,
    )
    picture = Path(f.out).with_suffix(".png")
    write_picture(picture, directions.strip(sampler, direction, seeds))
    print(f"wrote {f.out}: {describe(direction.metadata)}\nwrote {picture}")


def supervised_names():
    return ", ".join(directions.SUPERVISED)


def latents_of_photos(f, preset):
    """Stylemaps of --photos with the scores of --scorer, or with their labels."""
    photos = open_photos(f.photos, getattr(preset.require("generator"), "resolution", None))
    return encode_photos(preset, photos, load_scorer(f.scorer) if f.scorer else None)


def describe(metadata):
    """One line about what was found."""
    if metadata["method"] in directions.UNSUPERVISED:
        return f"{metadata['attribute']}, {metadata['share']:.1%} of the total"
    counts = metadata["counts"]
    return (
        f"{metadata['attribute']} by {metadata['method']} of {counts['positive']:,} and "
        f"{counts['negative']:,} certain samples, classes {metadata['centre_distance']:.2f} units "
        f"apart, held-out accuracy {metadata['held_out_accuracy']:.1%}"
    )


if __name__ == "__main__":
    run_verb(main, define_flags)
