"""Draws latents of a generator and scores the attributes of their pictures.

Examples:
  python -m tfgan_edit.score_latents --preset runs/faces --scorer runs/classifier \\
      --out latents/faces --num 20000 --truncation 0.7
  python -m tfgan_edit.score_latents --preset runs/faces --scorer smiles.keras \\
      --scorer_names smile --out latents/smiles

The folder is what find_direction reads. The same command again goes on where it stopped.
"""

import functools

from absl import flags

from tfgan_edit import sampling
from tfgan_edit.config import UserError, run_verb
from tfgan_edit.editing.latents import score_latents
from tfgan_edit.editing.scorers import load_scorer
from tfgan_edit.generate import checked
from tfgan_edit.preset import load_preset


def define_flags(f):
    kinds = (flags.DEFINE_string, flags.DEFINE_integer, flags.DEFINE_float)
    text, integer, number = (functools.partial(kind, flag_values=f) for kind in kinds)
    text("preset", None, "Preset of a generator, or a run folder that has one.")
    text("scorer", None, "Preset of a classifier, a .keras model, or faces:NETWORK+NETWORK.")
    text("scorer_names", None, "Names of a .keras model's probabilities: smile,hair_color=black")
    text("out", None, "Folder to write.")
    integer("num", 20_000, "How many latents.", lower_bound=1)
    integer("seed", 0, "Of the latents.", lower_bound=0)
    number("truncation", 0.7, "Of the pictures: from 1, full variety, to 0, the average one.")
    integer("truncation_cutoff", None, "Truncate only the first N layers.")
    text("label", None, "Name or number of a class, or a vector, for a conditional generator.")
    integer("batch_size", 32, "Pictures computed at a time.", lower_bound=1)


def main(f):
    for flag in ("preset", "scorer", "out"):
        if not f[flag].value:
            raise UserError(f"--{flag} is missing; see --help for an example")
    preset = load_preset(f.preset, names=["generator"])
    generator = preset.require("generator")
    if f.label is not None and not generator.label_dim:
        raise UserError(f"--label={f.label}: {f.preset} has no labels; leave the flag out")
    if f.label is None and generator.label_dim:
        raise UserError(f"--label is missing: {f.preset} has {generator.label_dim} classes")
    label = f.label
    if label is not None:
        names = sampling.label_names(preset.metadata, generator.label_dim)
        label = checked("label", sampling.parse_label, label, generator.label_dim, names)
    checked("", sampling.Sampler, generator, label, f.truncation, f.truncation_cutoff)
    outcome = score_latents(
        f.out,
        preset,
        load_scorer(f.scorer, f.scorer_names.split(",") if f.scorer_names else None),
        num=f.num,
        seed=f.seed,
        truncation=f.truncation,
        truncation_cutoff=f.truncation_cutoff,
        label=label,
        batch_size=f.batch_size,
    )
    if not outcome.scored:
        print(f"{f.out} is complete: {f.num:,} latents")
        return
    print(
        f"wrote {f.out}: {f.num:,} latents, {outcome.scored:,} of them now, "
        f"{outcome.scored / outcome.seconds:.1f}/s, generator busy {outcome.busy:.1%}"
    )


if __name__ == "__main__":
    run_verb(main, define_flags)
