"""Measures training, synthesis and data speed on this machine.

Examples:
  python -m tfgan_edit.benchmark
  python -m tfgan_edit.benchmark --config configs/stylegan2_avatars_64.py --json speed.json
  python -m tfgan_edit.benchmark --precisions float32,mixed_bfloat16

Every figure is the median of repeats that alternate between the settings compared, so that a
machine that slows down for a while slows all of them.
"""

from absl import flags

from tfgan_edit.config import UserError, load_recipe, override, run_verb

CONFIG = flags.DEFINE_string("config", None, "Recipe to measure; default: the quick start.")
SET = flags.DEFINE_multi_string("set", [], "key=value, overrides the recipe; may be repeated.")
PRECISIONS = flags.DEFINE_list("precisions", ["float32", "mixed_bfloat16"], "Compared.")
REPEATS = flags.DEFINE_integer("repeats", 5, "Repeats of each measurement.", lower_bound=1)
STEPS = flags.DEFINE_integer("steps", 8, "Training steps of a repeat.", lower_bound=1)
JSON = flags.DEFINE_string("json", None, "Also write the figures to this file.")


def main(argv):
    del argv
    from tfgan_edit import quick_start
    from tfgan_edit.speed import measure, table
    from tfgan_edit.storage import write_json
    from tfgan_edit.trainers.gan import PRECISIONS as KNOWN

    unknown = set(PRECISIONS.value) - set(KNOWN)
    if unknown:
        raise UserError(f"--precisions {unknown.pop()!r} is unknown: use {', '.join(KNOWN)}")
    config = quick_start.get_config() if CONFIG.value is None else load_recipe(CONFIG.value)
    config = override(config, SET.value)
    figures = measure(config, PRECISIONS.value, repeats=REPEATS.value, steps=STEPS.value)
    print(table(figures))
    if JSON.value:
        write_json(JSON.value, figures)
        print(f"figures: {JSON.value}")


if __name__ == "__main__":
    run_verb(main)
