"""Makes pairs of pictures, without and with an attribute, for training a one-pass edit.

  python -m tfgan_edit.make_pairs --preset runs/faces --direction directions/smile.npz \\
      --scorer runs/classifier --keep all --num 10000 --out pairs/smile

An attribute that no direction reaches: each face is optimised. Rare closed eyes are sought:

  python -m tfgan_edit.make_pairs --preset runs/faces --direction directions/smile.npz \\
      --scorer runs/classifier --keep all --refine 20 --refine_layers 2-7 \\
      --balance eyes_closed --out pairs/smile

Two photos and their style mix, or the face between them:

  python -m tfgan_edit.make_pairs --preset runs/faces --mix_layers coarse --out pairs/mix
  python -m tfgan_edit.make_pairs --preset runs/faces --blend 0.5 --out pairs/blend

The same command again goes on where it stopped.
"""

import functools

from absl import flags

from tfgan_edit.config import UserError, run_verb
from tfgan_edit.editing.attributes import edited_attributes
from tfgan_edit.editing.directions import load_direction
from tfgan_edit.editing.pair_choice import DistanceBound
from tfgan_edit.editing.pair_tasks import (
    AttributePairs,
    BlendedPairs,
    MixedPairs,
    RefinedPairs,
)
from tfgan_edit.editing.pairs import make_pairs
from tfgan_edit.editing.refinement import Refinement
from tfgan_edit.editing.scorers import load_scorer
from tfgan_edit.metrics.weights import weight_files
from tfgan_edit.networks.attribute_classifier import attribute_groups
from tfgan_edit.preset import load_preset
from tfgan_edit.sampling import parse_layers

OF_ATTRIBUTES = (
    "scorer", "scorer_names", "attribute", "reverse", "strengths", "threshold", "keep",
    "max_distance", "region", "balance", "refine", "refine_layers",
    "refine_pixel_weight",
)


def define_flags(f):
    kinds = (flags.DEFINE_string, flags.DEFINE_integer, flags.DEFINE_float, flags.DEFINE_list)
    text, integer, number, words = (functools.partial(kind, flag_values=f) for kind in kinds)
    several = functools.partial(flags.DEFINE_multi_string, flag_values=f)
    text("preset", None, "Preset with the generator, or a run folder that has one.")
    text("out", None, "Pairs folder to make.")
    integer("num", 10000, "Pairs.", lower_bound=1)
    text("direction", None, "Direction of find_direction, or an official .npy file.")
    text("scorer", None, "Preset of a classifier, a .keras model, or faces:NETWORK+NETWORK.")
    words("scorer_names", [], "Names of the probabilities of a .keras model.")
    text("attribute", None, "Name of the scorer's, or a:b, from b to a. Default: the direction's.")
    flags.DEFINE_bool("reverse", False, "From photos with it to photos without.", flag_values=f)
    words(
        "strengths",
        [],
        "Of the pictures of a set. Default: 0, ±D/2, ±D with D the distance of the direction's "
        "class centres.",
    )
    number("threshold", 0.9, "Probability from which a picture certainly is of a class.")
    words("keep", [], "Attributes in which a pair must agree, or all.")
    words(
        "balance", [], "Attributes whose classes should be as frequent among the faces, or all."
    )
    integer(
        "refine", None, "Steps that optimise each face, where no direction succeeds: 20.", 1
    )
    text("refine_layers", None, "Rows of w_plus that it may move: 2-7 at 64 px. Default: all.")
    number("refine_pixel_weight", 50.0, "How much it is held to the pixels of the face.", 0.0)
    several(
        "max_distance",
        [],
        "NAME=BOUND: no pair farther apart. lpips_alex, lite0, arcface … (1 - cosine of "
        "features), or pixels (mean |x - y| of [-1, 1]).",
    )
    words(
        "region", [], "LEFT,TOP,RIGHT,BOTTOM, fractions of the sides: pixels inside do not count."
    )
    several("weights", [], "NAME=FILE, trained weights of a feature network; see evaluate.")
    text("mix_layers", None, "Triplets: rows from the second photo: coarse, middle, fine, 0-3.")
    number("blend", None, "Triplets: share of the second photo in the blend, like 0.5.", 0.0, 1.0)
    integer("seed", 1, "Of the faces; another than that of the scored latents.", lower_bound=0)
    number("truncation", 0.7, "From 1, full variety, to 0, the average picture.")
    integer("resolution", None, "Side of the photos. Default: the generator's.", lower_bound=8)
    integer("batch_size", 32, "Pictures computed at a time.", lower_bound=1)


def main(f):
    outcome = run(f)
    pairs = outcome.pairs
    if not outcome.sets:
        print(f"{pairs.path} is complete: {pairs.num:,} pairs")
        return
    print(
        f"wrote {pairs.path}: {pairs.num:,} pairs; {60 * outcome.sets / outcome.seconds:,.0f} sets "
        f"a minute, drawing {outcome.busy:.0%} of the time\n"
        f"of {pairs.manifest['sets']:,} sets {pairs.manifest['fitting']:,} gave a pair"
    )
    for reason, count in pairs.manifest["rejected"].items():
        print(f"  {count:8,} rejected: {reason}")
    print(f"look at {pairs.path / 'pairs.png'}")


def run(f):
    """Does what the parsed flags `f` say; returns the `Outcome`."""
    for name in ("preset", "out"):
        if not f[name].value:
            raise UserError(f"--{name} is missing; see --help for examples")
    kinds = [name for name in ("direction", "mix_layers", "blend") if f[name].value is not None]
    if len(kinds) != 1:
        raise UserError("give one of --direction, --mix_layers and --blend")
    if kinds != ["direction"]:
        for name in OF_ATTRIBUTES:
            if f[name].present:
                raise UserError(f"--{name} is for pairs along a --direction, not for --{kinds[0]}")
    preset = load_preset(f.preset, names=["generator"])
    generator = preset.require("generator")
    if not hasattr(generator, "num_ws"):
        raise UserError(f"--preset={f.preset}: its generator has no w_plus latents")
    return make_pairs(
        f.out,
        preset,
        pair_task(f, kinds[0], generator),
        num=f.num,
        seed=f.seed,
        truncation=f.truncation,
        resolution=f.resolution,
        batch_size=f.batch_size,
    )


def pair_task(f, kind, generator):
    """What --direction, --mix_layers or --blend asks for."""
    if kind == "mix_layers":
        return MixedPairs(layers_of(f, "mix_layers", generator))
    if kind == "blend":
        return BlendedPairs(f.blend)
    if not f.scorer:
        raise UserError("--scorer is missing: it chooses the pairs along a --direction")
    direction = load_direction(f.direction)
    scorer = load_scorer(f.scorer, f.scorer_names)
    attribute = f.attribute or direction.metadata.get("attribute") or ""
    others = [n for n in attribute_groups(scorer.names) if n not in edited_attributes(attribute)]
    settings = {
        "strengths": numbers(f, "strengths") or default_strengths(direction),
        "threshold": f.threshold,
        "keep": others if f.keep == ["all"] else f.keep,
        "bounds": distance_bounds(f),
        "reverse": f.reverse,
        "balance": others if f.balance == ["all"] else f.balance,
    }
    if f.refine is None:
        for name in ("refine_layers", "refine_pixel_weight"):
            if f[name].present:
                raise UserError(f"--{name} is for --refine, which is missing")
        return AttributePairs(direction, scorer, attribute, **settings)
    layers = f.refine_layers and layers_of(f, "refine_layers", generator)
    refinement = Refinement(f.refine, layers, pixel_weight=f.refine_pixel_weight)
    return RefinedPairs(direction, scorer, attribute, refinement=refinement, **settings)


def layers_of(f, flag, generator):
    """The rows of w_plus that a flag names."""
    try:
        return tuple(parse_layers(f[flag].value, generator.num_ws))
    except ValueError as error:
        raise UserError(f"--{flag}: {error}") from error


def default_strengths(direction):
    """0, ±D/2, ±D with D the distance of the class centres, in units of the direction."""
    distance = direction.metadata.get("centre_distance")
    if distance is None:
        raise UserError(
            f"--strengths is missing: direction {direction.name!r} does not say how far apart its "
            "classes are; give some, like -2,-1,0,1,2"
        )
    return [round(step * distance, 4) for step in (-1, -0.5, 0, 0.5, 1)]


def distance_bounds(f):
    """One `DistanceBound` for each --max_distance."""
    region = tuple(numbers(f, "region")) or None
    if region and not (
        len(region) == 4 and 0 <= region[0] < region[2] <= 1 and 0 <= region[1] < region[3] <= 1
    ):
        raise UserError(f"--region={','.join(f.region)}: LEFT,TOP,RIGHT,BOTTOM must rise in 0…1")
    bounds, given = [], weight_files(f.weights)
    for text in f.max_distance:
        name, _, bound = text.partition("=")
        try:
            value = float(bound)
        except ValueError:
            raise UserError(f"--max_distance {text}: must be NAME=BOUND, like lite0=0.2") from None
        bounds.append(DistanceBound(name, value, region if name == "pixels" else None, given))
    if region and not any(bound.region for bound in bounds):
        raise UserError("--region is for --max_distance pixels=BOUND, which is missing")
    return bounds


def numbers(f, flag):
    """The numbers of a list flag."""
    try:
        return [float(text) for text in f[flag].value]
    except ValueError:
        raise UserError(f"--{flag}={','.join(f[flag].value)}: must be numbers") from None


if __name__ == "__main__":
    run_verb(main, define_flags)
