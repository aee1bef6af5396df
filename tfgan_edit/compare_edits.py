"""Compares edits of latents: style functions (ISF-GAN) and directions, on the same new faces.

Example:
  python -m tfgan_edit.compare_edits --preset runs/isf_gan_avatars_64 \\
      --scorer runs/classifier_avatars_64 --latents latents/avatars_64 --out results/
  python -m tfgan_edit.compare_edits --preset runs/adaln,runs/adain,runs/none --scorer … --out …

Every binary attribute is toggled in new faces; of age=old:age=young, one value becomes the other.
Directions are found in --latents by --baselines (class centres; svm, InterFaceGAN's boundaries),
and taken as strong as leaves the identity as well kept as the first style function does. It appends
to comparisons.jsonl and writes pictures: every method, and ten outcomes for one face.
"""

import functools
import time
from pathlib import Path

import numpy as np
from absl import flags

from tfgan_edit.config import UserError, run_verb
from tfgan_edit.editing import directions, latent_evaluation
from tfgan_edit.editing.attributes import place_of
from tfgan_edit.editing.image_distances import DISTANCES, PhotoDistance, find_distance
from tfgan_edit.editing.latents import open_latents
from tfgan_edit.editing.scorers import load_scorer
from tfgan_edit.editing.style_functions import load_style_function
from tfgan_edit.evaluate_edits import append_record, feature_function, short_name, table
from tfgan_edit.metrics.weights import weight_files
from tfgan_edit.networks.attribute_classifier import attribute_groups
from tfgan_edit.pictures import image_grid, write_picture

RECORDS = "comparisons.jsonl"
SHOWN = 8  # faces on a picture


def define_flags(f):
    kinds = (flags.DEFINE_string, flags.DEFINE_integer, flags.DEFINE_float, flags.DEFINE_list)
    text, integer, number, words = (functools.partial(kind, flag_values=f) for kind in kinds)
    words("preset", [], "Presets of style functions of one generator; the first leads.")
    text("generator", None, "Their StyleGAN. Default: the one that they were trained with.")
    text("scorer", None, "Judge: preset of a classifier, faces:NETWORK, or a .keras model.")
    words("scorer_names", [], "Names of the probabilities of a .keras model.")
    text("layers", None, "Rows that the style functions may change, as of edit.")
    words(
        "attributes",
        [],
        "Binary ones to compare, or a:b, two values of one. Default: the binary ones of the first "
        "style function.",
    )
    text("latents", None, "Folder of score_latents, to find directions in.")
    words("baselines", ["centres", "svm"], f"Of {', '.join(directions.SUPERVISED)}.")
    number("threshold", 0.9, "Certainty of latents that directions are found in.")
    integer("num", 200, "Faces.", lower_bound=8)
    integer("seed", 2, "Of the faces; another than that of latents.", lower_bound=0)
    number("truncation", 0.7, "Of the faces.")
    text("distance", "auto", f"For diversity and paths: auto, none, {', '.join(DISTANCES)}.")
    text("features", "none", "For identity and Fréchet distance; none: the scorer's own.")
    flags.DEFINE_multi_string(
        "weights", [], "NAME=FILE, trained weights of a feature network; see evaluate.",
        flag_values=f,
    )
    text("out", None, f"Folder of {RECORDS} and of the pictures.")


def main(f):
    comparison, means, pictures = run(f)
    for attribute, numbers in comparison.items():
        print(f"\n{attribute}\n{table(numbers)}")
    print(f"\nmean over the attributes\n{table(means)}")
    print(f"appended to {Path(f.out) / RECORDS}", *(f"wrote {path}" for path in pictures), sep="\n")


def run(f):
    """Does what the parsed flags `f` say: ({attribute: {method: numbers}}, means, pictures)."""
    for name in ("preset", "scorer", "out"):
        if not f[name].value:
            raise UserError(f"--{name} is missing; see --help for examples")
    started = time.perf_counter()
    scorer = load_scorer(f.scorer, f.scorer_names)
    loaded = {
        short_name(path): load_style_function(
            path, generator=f.generator, scorer=scorer, layers=f.layers
        )
        for path in f.preset
    }
    if len(loaded) < len(f.preset):
        raise UserError(f"--preset={','.join(f.preset)}: two of them have one name")
    generators = {generator.sha256: generator for _, generator, _ in loaded.values()}
    if len(generators) > 1:
        raise UserError(f"--preset={','.join(f.preset)}: they edit latents of other generators")
    (generator,) = generators.values()
    style = {
        name: latent_evaluation.StyleMethod(function) for name, (_, _, function) in loaded.items()
    }
    names = next(iter(style.values())).style.names
    attributes = f.attributes or binary_attributes(names)
    for attribute in attributes:
        check_attribute(attribute, names)
    linear = find_directions(f, generator, attributes)
    faces = latent_evaluation.Faces(
        generator, scorer, num=f.num, truncation=f.truncation, seed=f.seed
    )
    measure = make_measure(f, faces)
    for attribute in attributes:
        measure.rows(attribute)  # refuses what has too few faces, before all that takes long
    comparison = latent_evaluation.compare_methods(measure, style, linear, attributes)
    means = latent_evaluation.summary(comparison)
    pictures = write_pictures(f, faces, style, linear, comparison)
    record = record_of(f, comparison, means, loaded, scorer)
    append_record(Path(f.out) / RECORDS, record, started)
    return comparison, means, pictures


def check_attribute(attribute, names):
    """Raises UserError unless it can be toggled: a binary one, or two values with : between."""
    first, pair, second = attribute.partition(":")
    if not pair:
        place_of(first, binary_attributes(names))
        return
    for name in (first, second):
        place_of(name, names)
    if first == second or first.partition("=")[0] != second.partition("=")[0]:
        raise UserError(
            f"--attributes: {attribute} must name two values of one attribute, as age=old:age=young"
        )


def binary_attributes(names):
    """Names of the attributes that have one label."""
    return [name for name, places in attribute_groups(names).items() if len(places) == 1]


def find_directions(f, generator, attributes):
    """{method: `LinearMethod`} of --baselines."""
    if f.latents is None:
        return {}
    unknown = [name for name in f.baselines if name not in directions.SUPERVISED]
    if unknown:
        known = ", ".join(directions.SUPERVISED)
        raise UserError(f"--baselines={','.join(unknown)}: must be of {known}")
    latents = open_latents(f.latents)
    methods = {}
    for method in f.baselines:
        found = {
            name: directions.find_direction(latents, name, method=method, threshold=f.threshold)
            for name in attributes
        }
        for direction in found.values():
            direction.check(generator.require("generator"), generator.sha256)
        methods[method] = latent_evaluation.LinearMethod(found)
    return methods


def make_measure(f, faces):
    given = weight_files(f.weights)
    features = feature_function(f.features, given)
    if f.distance == "none":
        return latent_evaluation.LatentEditMeasure(faces, features=features)
    found = find_distance(f.distance, side=min(faces.photos.shape[1:3]), given=given)
    distance = PhotoDistance(found)
    return latent_evaluation.LatentEditMeasure(
        faces, distance=distance, distance_name=distance.name, features=features
    )


def write_pictures(f, faces, style, linear, comparison):
    """A picture an attribute, a row a face and a column a method; and one of ten outcomes."""
    rows, paths = np.arange(min(SHOWN, len(faces.photos))), []
    for attribute, numbers in comparison.items():
        columns = {"face": faces.photos[rows]}
        for name, values in numbers.items():
            method = style.get(name) or linear[name]
            strength = values.get("strength", 1.0)
            edited = method.edited(faces, rows, attribute, strength=strength)
            columns[name] = faces.draw(edited)
        paths.append(write_columns(f, f"methods-{attribute}", columns))
    first = next(iter(style.values()))
    for attribute in list(comparison)[:1]:
        rows = np.zeros(1, int)
        columns = {"face": faces.photos[rows]}
        for sample in range(latent_evaluation.OUTCOMES):
            edited = first.edited(faces, rows, attribute, sample)
            columns[str(sample)] = faces.draw(edited)
        paths.append(write_columns(f, f"outcomes-{attribute}", columns))
    return paths


def write_columns(f, name, columns):
    path = Path(f.out) / f"{name.replace(':', '_')}.png"
    photos = np.stack(list(columns.values()), axis=1)
    grid = image_grid(
        photos.reshape(-1, *photos.shape[2:]), len(columns), column_labels=list(columns)
    )
    write_picture(path, grid)
    return path


def record_of(f, comparison, means, loaded, scorer):
    """What is appended to the records."""
    return {
        "attributes": comparison,
        "mean": means,
        "num": f.num,
        "seed": f.seed,
        "truncation": f.truncation,
        "parents": {
            "scorer": scorer.sha256,
            "style_functions": {name: preset.sha256 for name, (preset, _, _) in loaded.items()},
            "latents": f.latents and open_latents(f.latents).hash,
        },
    }


if __name__ == "__main__":
    run_verb(main, define_flags)
