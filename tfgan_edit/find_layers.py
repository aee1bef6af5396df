"""Finds the rows of w_plus that each attribute of a style function (ISF-GAN) needs.

Example:
  python -m tfgan_edit.find_layers --preset runs/isf_gan_avatars_64 \\
      --scorer runs/classifier_avatars_64 --out layers.json

Every row alone is taken from the edited latents of new faces; the rows kept are the fewest that
together do most of the edit. `edit --layers layers.json` then changes no others.
"""

import functools

import numpy as np
from absl import flags
from tqdm import tqdm

from tfgan_edit.config import UserError, run_verb
from tfgan_edit.editing.latent_evaluation import Faces
from tfgan_edit.editing.scorers import load_scorer
from tfgan_edit.editing.style_functions import (
    CERTAIN,
    chosen_rows,
    load_style_function,
    save_layers,
    sensitivity,
)
from tfgan_edit.networks.attribute_classifier import attribute_groups


def define_flags(f):
    kinds = (flags.DEFINE_string, flags.DEFINE_integer, flags.DEFINE_float, flags.DEFINE_list)
    text, integer, number, words = (functools.partial(kind, flag_values=f) for kind in kinds)
    text("preset", None, "Preset of a style function, or a run folder.")
    text("generator", None, "Its StyleGAN. Default: the one it was trained with.")
    text("scorer", None, "Judge: preset of a classifier, faces:NETWORK, or a .keras model.")
    words("scorer_names", [], "Names of the probabilities of a .keras model.")
    text("out", None, "The rows, a .json file.")
    integer("num", 64, "Faces.", lower_bound=8)
    integer("seed", 2, "Of the faces.", lower_bound=0)
    number("truncation", 0.7, "Of the faces.")
    number("share", CERTAIN, "Of the effect of single rows that those kept shall have.", 0.0, 1.0)


def main(f):
    for flag in ("preset", "scorer", "out"):
        if not f[flag].value:
            raise UserError(f"--{flag} is missing; see --help for an example")
    scorer = load_scorer(f.scorer, f.scorer_names)
    preset, generator, style = load_style_function(
        f.preset, generator=f.generator, scorer=scorer
    )
    faces = Faces(generator, scorer, num=f.num, truncation=f.truncation, seed=f.seed)
    labels = faces.labels(style.names)
    layers, effects = {}, {}
    for attribute in tqdm(attribute_groups(style.names), "attributes", delay=5):
        success, kept = sensitivity(style, faces.draw, scorer, faces.w_plus, labels, attribute)
        layers[attribute] = chosen_rows(success[:-1], f.share)
        effects[attribute] = {"success": np.round(success, 4).tolist(), "kept": kept.tolist()}
        rows = ",".join(map(str, layers[attribute]))
        print(f"{attribute:16} rows {rows:24} all rows: {success[-1]:+.2f} of the probability")
    parents = {"style_function": preset.sha256, "scorer": scorer.sha256}
    save_layers(f.out, layers, effects, {"parents": parents, "num": f.num, "share": f.share})
    print(f"wrote {f.out}")


if __name__ == "__main__":
    run_verb(main, define_flags)
