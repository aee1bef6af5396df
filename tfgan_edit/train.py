"""Trains a recipe; without flags, StyleGAN2 on faces that the package draws (15 minutes).

Examples:
  python -m tfgan_edit.train
  python -m tfgan_edit.train --config configs/stylegan2_avatars_64.py --workdir runs/a64
  python -m tfgan_edit.train --config configs/stylegan2.py --set data.source=/photos.zip \\
      --set trainer.r1_gamma=5 --dry_run

The same command again resumes the run where its state stands. Ctrl-C saves and stops.
"""

import shlex
import sys

from absl import flags

from tfgan_edit import quick_start
from tfgan_edit.config import load_recipe, override, run_verb
from tfgan_edit.run import Run, tiny
from tfgan_edit.trainers.loop import Interrupted
from tfgan_edit.trainers.strategy import make_deterministic


def define_flags(f):
    flags.DEFINE_string(
        "config", None, "Recipe, a Python file; default: the quick start.", flag_values=f
    )
    flags.DEFINE_string("workdir", None, "Run folder; default: runs/NAME.", flag_values=f)
    flags.DEFINE_multi_string(
        "set", [], "key=value, overrides the recipe. Example: trainer.r1_gamma=5", flag_values=f
    )
    flags.DEFINE_bool(
        "dry_run", False, "Print configuration, sizes, memory and time; stop.", flag_values=f
    )
    flags.DEFINE_bool(
        "deterministic",
        False,
        "The same bits at every run, also on GPUs, where it takes more time.",
        flag_values=f,
    )
    flags.DEFINE_bool(
        "tiny", False, "Shrink the recipe to two steps, to see that it runs.", flag_values=f
    )


GENERATE = (
    "generate --preset {} --seeds 0-31 --out faces.png",
    "generate --preset {} --seeds 0-7 --loop --out faces.gif",
)
NEXT = {  # method: what to do with its preset
    "attribute_classifier": (
        "score_latents --preset runs/quick_start --scorer {} --out latents",
    ),
    "encoder": (
        "project --preset runs/stylegan2_avatars_64 --encoder {} --photo me.png --out projected",
    ),
    "gans_n_roses": (
        "edit --preset {} --photo me.png --out drawings.png --styles 8",
        "evaluate --preset {} --metrics fd_lite0_1000,dfd_lite0,content",
    ),
    "isf_gan": (
        "edit --preset {} --photo me.png --target smile=toggle --samples 5 --out edits.png",
    ),
    "pix2pixhd": ("edit --preset {} --photo me.png --out edited.png --before_after",),
}


def main(f):
    config = quick_start.get_config() if f.config is None else load_recipe(f.config)
    config = override(tiny(config) if f.tiny else config, f.set)
    if f.deterministic:
        make_deterministic()
    if f.dry_run:
        Run(config).describe()
        return
    workdir = f.workdir or f"runs/{config.name}{'_tiny' if f.tiny else ''}"
    run = Run(config, workdir)
    try:
        run.train()
    except Interrupted as signal:
        print(
            f"stopped by {signal}; the state is saved, and the model as it is in "
            f"{workdir}/preset. To go on:\n  {_command()}"
        )
        sys.exit(128 + signal.number)
    if run.chief:
        print(
            f"\nrun folder: {workdir}\n"
            f"  pictures  {workdir}/samples  (evolution.gif shows the training)\n"
            f"  model     {workdir}/preset\n"
            "next, try:"
        )
        for command in NEXT.get(config.trainer.method, GENERATE):
            print(f"  python -m tfgan_edit.{command.format(workdir)}")


def _command():
    return shlex.join(["python", "-m", "tfgan_edit.train", *sys.argv[1:]])


if __name__ == "__main__":
    run_verb(main, define_flags)
