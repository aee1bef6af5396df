"""Measures an edit: does it succeed, what else does it change, and how real does it look?

  python -m tfgan_edit.evaluate_edits --editor runs/pix2pixhd_smile --scorer runs/classifier \\
      --attribute smile --faces generated:runs/faces --direction directions/smile.npz \\
      --strength 2 --real data/avatars64 --out runs/pix2pixhd_smile
  python -m tfgan_edit.evaluate_edits --faces generated:presets/faces --resolution 256 \\
      --scorer faces:faceres+emotion --attribute smile --direction smile.npz --strength 2 --out x/
  python -m tfgan_edit.evaluate_edits --editor runs/pix2pixhd_smile,runs/mobile_smile \\
      --scorer runs/classifier --attribute smile --faces avatars:avataaars:smile --out results/

Faces are generated anew and compared with the edit of their latents along --direction; or they
are pairs, a folder of them or drawn ones, whose targets are the truth; or photos: a folder, zip or
records. It appends to edits.jsonl and writes a picture, faces and edits side by side.
"""

import datetime
import functools
import json
import time
from pathlib import Path

import numpy as np
from absl import flags

from tfgan_edit.config import UserError, run_verb
from tfgan_edit.data import prepare
from tfgan_edit.data.pairs import PairsConfig, is_pairs
from tfgan_edit.editing import evaluation
from tfgan_edit.editing.attributes import class_certainties
from tfgan_edit.editing.directions import load_direction
from tfgan_edit.editing.editors import Edit, load_editor
from tfgan_edit.editing.image_distances import DISTANCES, PhotoDistance, find_distance
from tfgan_edit.editing.scorers import load_scorer
from tfgan_edit.editing.style_functions import StyleFunctionEditor
from tfgan_edit.metrics.extractors import EXTRACTORS, FeatureFunction
from tfgan_edit.metrics.photo_sets import open_photos
from tfgan_edit.metrics.weights import weight_files
from tfgan_edit.pictures import image_grid, write_picture
from tfgan_edit.preset import load_preset, preset_networks

RECORDS = "edits.jsonl"
SHOWN = 12  # faces on the picture
GENERATED, AVATARS = "generated:", "avatars:"


def define_flags(f):
    kinds = (flags.DEFINE_string, flags.DEFINE_integer, flags.DEFINE_float, flags.DEFINE_list)
    text, integer, number, words = (functools.partial(kind, flag_values=f) for kind in kinds)
    words(
        "editor",
        [],
        "Presets of one-pass networks, of a StyleGAN or a style function (ISF-GAN) with --encoder, "
        "or none, for --direction.",
    )
    text("scorer", None, "Preset of a classifier, a .keras model, or faces:NETWORK+NETWORK.")
    words("scorer_names", [], "Names of the probabilities of a .keras model.")
    text("attribute", None, "Name of the scorer's, or a:b, from b to a.")
    flags.DEFINE_bool("reverse", False, "The edit takes the attribute away.", flag_values=f)
    words("keep", ["all"], "Attributes that should stay, or all.")
    text("faces", None, "generated:PRESET, a pairs folder, avatars:STYLE:ATTRIBUTE, or photos.")
    integer("num", 500, "Faces.", lower_bound=2)
    integer("resolution", None, "Side of the faces. Default: the editor's.", lower_bound=8)
    integer("seed", 2, "Of generated and drawn faces; another than that of latents and pairs.", 0)
    number("truncation", 0.7, "Of generated faces.")
    text("direction", None, "Of the latent edit that generated faces are compared with.")
    number("strength", None, "Of that edit, in units of the direction.")
    text("encoder", None, "Encoder of the editors that edit latents; without, they project.")
    text("real", None, "Photos: those of the target's class are compared with the edits.")
    text("features", "lite0", "For identity and Fréchet distance; none: the scorer's own.")
    text("distance", "auto", f"To a known truth: auto, none, {', '.join(DISTANCES)}.")
    flags.DEFINE_multi_string(
        "weights", [], "NAME=FILE, trained weights of a feature network; see evaluate.",
        flag_values=f,
    )
    text("out", None, f"Folder of {RECORDS} and of the picture.")


def main(f, others=()):
    numbers, picture = run(f, others)
    print(table(numbers))
    print(f"appended to {Path(f.out) / RECORDS}\nwrote {picture}")


def run(f, others=()):
    """Does what the parsed flags `f` say: ({editor: numbers}, the picture's path).

    Args:
        others: further editors, with a `name`, `resolution` and `parents`.
    """
    for name in ("editor", "scorer", "attribute", "faces", "out"):
        # Edits along a direction are measured with or without an editor beside them.
        if not f[name].value and not (name == "editor" and (others or f.direction)):
            raise UserError(f"--{name} is missing; see --help for examples")
    if not (f.editor or others or f.faces.startswith(GENERATED)):
        raise UserError(
            f"--editor is missing: --direction alone edits {GENERATED}PRESET, not {f.faces}"
        )
    if (f.direction is None) != (f.strength is None):
        raise UserError("give both --direction and --strength, or neither")
    started = time.perf_counter()
    scorer = load_scorer(f.scorer, f.scorer_names)
    direction = load_direction(f.direction) if f.direction else None
    opened = [(short_name(path), open_editor(f, path, direction)) for path in f.editor]
    opened += [(other.name, other) for other in others]
    editors = dict(opened)
    if len(editors) < len(opened):
        raise UserError(f"editors {', '.join(n for n, _ in opened)}: two of them have one name")
    sides = {editor.resolution for editor in editors.values()} - {None}
    if len(sides) > 1:
        raise UserError(f"editors {', '.join(editors)}: they edit photos of different sizes")
    if f.resolution:
        sides = {(f.resolution, f.resolution)}
    faces = faces_to_edit(f, scorer, direction, next(iter(sides), None))
    numbers, edited = evaluation.compare_edits(
        faces,
        {
            name: functools.partial(editor, edit=edit_for(f, editor))
            for name, editor in editors.items()
        },
        make_measure(f, scorer, faces),
    )
    picture = write_samples(f, faces, edited)
    record = {
        "faces": faces.name,
        "attribute": f.attribute,
        "reverse": f.reverse,
        "seed": f.seed,
        "results": numbers,
        "parents": {
            "scorer": scorer.sha256,
            "editors": {name: editor.parents for name, editor in editors.items()},
            "direction": direction.hash if direction else None,
            "strength": f.strength,
        },
    }
    append_record(Path(f.out) / RECORDS, record, started)
    return numbers, picture


def append_record(path, record, started):
    """Appends a line of JSON: a record, its seconds since `started`, and the time."""
    seconds = round(time.perf_counter() - started, 3)
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    try:
        with open(path, "a", encoding="utf-8") as file:
            file.write(json.dumps({**record, "seconds": seconds, "time": now}) + "\n")
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}") from error


def short_name(path):
    """The last folder of a path that is not just "preset"."""
    path = Path(path).resolve()
    return path.parent.name if path.name == "preset" else path.name


def open_editor(f, path, direction):
    networks = preset_networks(path)
    if "style_function" in networks:
        encoder = None if "encoder" in networks else f.encoder  # it may have one of its own
        return load_editor(path, encoder=encoder, progress=True)
    if f.encoder:
        return load_editor(path, direction=direction, encoder=f.encoder, progress=True)
    return load_editor(path)


def edit_for(f, editor):
    """The `Edit` that --attribute, --reverse and --strength ask of an editor."""
    if isinstance(editor, StyleFunctionEditor):
        present, _, absent = f.attribute.partition(":")
        if "=" not in present:
            return Edit(target=f"{present}={0 if f.reverse else 1}")
        if f.reverse and not absent:
            raise UserError(
                f"--reverse of {present}: say what it becomes, --attribute {present}:NAME=VALUE"
            )
        return Edit(target=absent if f.reverse else present)
    return Edit(f.strength) if getattr(editor, "direction", None) else Edit()


def faces_to_edit(f, scorer, direction, sides):
    """The `Faces` that --faces asks for."""
    settings = {"num": f.num, "reverse": f.reverse}
    if f.faces.startswith(GENERATED):
        preset = load_preset(f.faces.removeprefix(GENERATED), names=["generator"])
        return evaluation.generated_faces(
            preset,
            scorer,
            f.attribute,
            direction=direction,
            strength=f.strength,
            truncation=f.truncation,
            seed=f.seed,
            sides=sides,
            **settings,
        )
    if f.faces.startswith(AVATARS) and f.faces.count(":") == 2:
        if sides is None:
            raise UserError(f"--resolution is missing: {f.faces} can be drawn at any size")
        config = PairsConfig(f.faces, resolution=sides, num=f.num, seed=f.seed)
        return evaluation.paired_faces(prepare(config), f.num)
    if is_pairs(f.faces):
        return evaluation.paired_faces(prepare(PairsConfig(f.faces)), f.num)
    return evaluation.classified_faces(
        open_photos(f.faces, sides), scorer, f.attribute, **settings
    )


def feature_function(name, given):
    """The `FeatureFunction` of --features, or None for none."""
    if name == "none":
        return None
    if name not in EXTRACTORS:
        raise UserError(f"--features={name}: must be none, {', '.join(EXTRACTORS)}")
    return FeatureFunction(name, given)


def make_measure(f, scorer, faces):
    given = weight_files(f.weights)
    features = feature_function(f.features, given)
    real = None
    if f.real:
        if features is None:
            raise UserError("--real is for a Fréchet distance, which needs --features")
        real = target_photos(f, scorer, faces.photos.shape[1:3])
    distance = None
    if f.distance != "none" and "truth" in faces.others:
        side = min(faces.photos.shape[1:3])
        distance = PhotoDistance(find_distance(f.distance, side=side, given=given))
    return evaluation.EditMeasure(
        scorer,
        f.attribute,
        reverse=f.reverse,
        keep=None if f.keep == ["all"] else f.keep,
        features=features,
        real=real,
        distance=distance,
    )


def target_photos(f, scorer, sides):
    """Photos of --real that are of the target's class by the scorer."""
    photo_set = open_photos(f.real, sides)
    photos = np.concatenate(list(photo_set.batches(photo_set.num, evaluation.BATCH_SIZE)))
    scores = evaluation.scores_of(photos, scorer)
    source, target = class_certainties(scores, scorer.names, f.attribute, f.reverse)
    chosen = photos[target > source]
    if len(chosen) < 2:
        raise UserError(f"--real={f.real}: {len(chosen)} of its pictures are of the target's class")
    return chosen


def write_samples(f, faces, edited):
    """Faces and their edits in columns; returns the picture's path."""
    columns = ["face", *edited]
    photos = np.stack([faces.photos[:SHOWN], *(photos[:SHOWN] for photos in edited.values())], 1)
    grid = image_grid(
        photos.reshape(-1, *photos.shape[2:]), len(columns), column_labels=columns
    )
    kind = "generated" if f.faces.startswith(GENERATED) else Path(f.faces.replace(":", "_")).name
    path = Path(f.out) / f"edits-{kind}.png"
    write_picture(path, grid)
    return path


def table(numbers):
    """Lines of a table, an editor a column."""
    rows = list(dict.fromkeys(key for values in numbers.values() for key in values))
    lines = ["".join([f"{'':24}", *(f" {name:>17.17}" for name in numbers)])]
    for row in rows:
        cells = [
            f"{values[row]:18.4g}" if row in values else f"{'':18}" for values in numbers.values()
        ]
        lines.append("".join([f"{row:24}", *cells]))
    return "\n".join(lines)


if __name__ == "__main__":
    run_verb(main, define_flags)
