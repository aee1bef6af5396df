"""Measures training, synthesis and data speed on this machine.

Examples:
  python -m tfgan_edit.benchmark
  python -m tfgan_edit.benchmark --config configs/stylegan2_avatars_64.py --json speed.json
  python -m tfgan_edit.benchmark --precisions float32,mixed_bfloat16

Every figure is the median of repeats that alternate between the settings compared, so that a
machine that slows down for a while slows all of them.
"""

from absl import flags

from tfgan_edit import quick_start
from tfgan_edit.config import UserError, load_recipe, override, run_verb
from tfgan_edit.speed import measure, table
from tfgan_edit.storage import write_json
from tfgan_edit.trainers.gan import PRECISIONS


def define_flags(f):
    flags.DEFINE_string(
        "config", None, "Recipe to measure; default: the quick start.", flag_values=f
    )
    flags.DEFINE_multi_string("set", [], "key=value, overrides the recipe.", flag_values=f)
    flags.DEFINE_list(
        "precisions", ["float32", "mixed_bfloat16"], "Compared with each other.", flag_values=f
    )
    flags.DEFINE_integer(
        "repeats", 5, "Repeats of each measurement.", lower_bound=1, flag_values=f
    )
    flags.DEFINE_integer(
        "steps", 8, "Training steps of a repeat.", lower_bound=1, flag_values=f
    )
    flags.DEFINE_string("json", None, "Also write the figures to this file.", flag_values=f)


def main(f):
    unknown = [name for name in f.precisions if name not in PRECISIONS]
    if unknown or not f.precisions:
        raise UserError(f"--precisions {unknown} unknown: use some of {', '.join(PRECISIONS)}")
    config = quick_start.get_config() if f.config is None else load_recipe(f.config)
    config = override(config, f.set)
    figures = measure(config, f.precisions, repeats=f.repeats, steps=f.steps)
    print(table(figures))
    if f.json:
        write_json(f.json, figures)
        print(f"figures: {f.json}")


if __name__ == "__main__":
    run_verb(main, define_flags)
