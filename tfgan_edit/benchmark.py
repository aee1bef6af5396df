"""Measures on this machine how fast a recipe is, where the time goes, and how cost grows.

Examples:
  python -m tfgan_edit.benchmark
  python -m tfgan_edit.benchmark --config configs/stylegan2_avatars_64.py --out benchmarks
  python -m tfgan_edit.benchmark --tables speed,operations --precisions float32
  python -m tfgan_edit.benchmark --tables memory --memory_limit 20 --resolutions 64,128,256
  python -m tfgan_edit.benchmark --tables rival --rival_python ~/torch/bin/python

With --out, FOLDER/benchmark.json and benchmark.md hold the figures, and a line is added to
history.jsonl, with which the next run compares. docs/benchmark.md says how to read the tables.
"""

import dataclasses
import functools
import os
from pathlib import Path

import tensorflow as tf
from absl import flags

from tfgan_edit import quick_start
from tfgan_edit.config import UserError, load_recipe, override, run_verb
from tfgan_edit.speed import (
    augmentation,
    data,
    history,
    machine,
    memory,
    operations,
    replicas,
    report,
    resolution,
    rival,
    training,
)
from tfgan_edit.speed.measurement import Settings
from tfgan_edit.storage import atomic_file, write_json
from tfgan_edit.trainers.gan import PRECISIONS

TABLES = {
    "speed": training.measure,
    "operations": operations.measure,
    "resolution": resolution.measure,
    "memory": memory.measure,
    "replicas": replicas.measure,
    "data": data.measure,
    "augmentation": augmentation.measure,
    "rival": rival.measure,
}


def define_flags(f):
    """Declares the verb's flags on `f`."""
    kinds = flags.DEFINE_string, flags.DEFINE_list, flags.DEFINE_integer, flags.DEFINE_float
    text, words, integer, real = (functools.partial(kind, flag_values=f) for kind in kinds)
    defaults = Settings()
    text("config", None, "Recipe to measure; default: the quick start.")
    flags.DEFINE_multi_string("set", [], "key=value, overrides the recipe.", flag_values=f)
    words("precisions", list(defaults.precisions), "Compared with each other.")
    words("tables", ["speed"], f"Some of {', '.join(TABLES)}.")
    text("out", None, "Folder for benchmark.json, benchmark.md, history.jsonl and profiles.")
    integer("repeats", defaults.repeats, "Repeats of each measurement.", lower_bound=1)
    integer("steps", defaults.steps, "Training steps of a repeat.", lower_bound=1)
    sides = [str(side) for side in defaults.resolutions]
    words("resolutions", sides, "Of the tables resolution and memory.")
    real("memory_limit", None, "GiB; memory finds the largest batches within.", lower_bound=0.1)
    text("rival_python", None, "Interpreter with stylegan2-pytorch; default: this one.")
    flags.DEFINE_enum(
        "device", None, ["cpu", "gpu"], "Default: the GPU if there is one.", flag_values=f
    )


def main(f):
    """Measures what the parsed flags `f` say, prints it and writes it."""
    _check("precisions", f.precisions, PRECISIONS)
    _check("tables", f.tables, TABLES)
    settings = Settings(
        precisions=tuple(f.precisions),
        repeats=f.repeats,
        steps=f.steps,
        resolutions=_resolutions(f.resolutions),
        memory_limit=f.memory_limit,
        rival_python=f.rival_python,
        out=f.out,
    )
    config = quick_start.get_config() if f.config is None else load_recipe(f.config)
    config = override(config, f.set)
    _choose_device(f.device)
    earlier = history.read(Path(f.out) / "history.jsonl") if f.out else []
    record = {
        "machine": machine.describe(),
        "recipe": config.to_json(),
        "repeats": settings.repeats,
        "steps": settings.steps,
        "tables": {n: dataclasses.asdict(TABLES[n](config, settings)) for n in f.tables},
    }
    text = report.text(record, history.last_rows(earlier, record))
    print(text, end="")
    if f.out:
        out = Path(f.out)
        write_json(out / "benchmark.json", record)
        with atomic_file(out / "benchmark.md", "w") as file:
            file.write(text)
        history.append(out / "history.jsonl", record)
        print(f"\nfigures: {out}/benchmark.json, benchmark.md, history.jsonl")


def _check(flag, names, known):
    unknown = [name for name in names if name not in known]
    if unknown or not names:
        raise UserError(f"--{flag} {unknown} unknown: use some of {', '.join(known)}")


def _resolutions(texts):
    sides = [int(text) if text.isdecimal() else 0 for text in texts]
    wrong = [t for t, n in zip(texts, sides, strict=True) if n < 8 or n & (n - 1)]
    if wrong or not sides:
        raise UserError(f"--resolutions {wrong}: give powers of two from 8 on, such as 32,64")
    return tuple(sorted(set(sides)))


def _choose_device(name):
    if name == "cpu":
        os.environ["CUDA_VISIBLE_DEVICES"] = "-1"  # before TensorFlow looks; children inherit it
    if name == "gpu" and not tf.config.list_physical_devices("GPU"):
        raise UserError(
            "--device gpu: TensorFlow finds no GPU here; for NVIDIA's, install "
            "tfgan_edit[gpu] and look at nvidia-smi"
        )


if __name__ == "__main__":
    run_verb(main, define_flags)
