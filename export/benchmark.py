"""Measures exports on this machine: latency, size and memory, beside Keras.

  python -m export.benchmark --exports exports/smile,exports/smile_int8 --preset runs/smile
  python -m export.benchmark --exports exports/a,exports/b --threads 1,2 --out benchmarks/export

Every file runs in a process of its own, in turn with the others, after a call that does not
count. Keras runs the preset's network as one compiled graph. --out gets benchmark.json and
benchmark.md.
"""

import contextlib
import functools
import itertools
import statistics
from pathlib import Path

import numpy as np
from absl import flags

from export import child
from export.exporter import MANIFEST, is_export
from export.keras_process import keras_calls
from tfgan_edit.config import UserError, run_verb
from tfgan_edit.speed import machine
from tfgan_edit.speed.child import Child
from tfgan_edit.speed.measurement import alternate
from tfgan_edit.speed.report import markdown, number
from tfgan_edit.storage import atomic_file, read_json, write_json

RUNTIMES = {"tflite": "LiteRT", "onnx": "ONNX Runtime"}
COLUMNS = ("export", "runtime", "quantize", "threads", "median ms", "p90 ms", "MB", "MiB of memory")


def define_flags(f):
    kinds = flags.DEFINE_string, flags.DEFINE_list, flags.DEFINE_integer
    text, words, integer = (functools.partial(kind, flag_values=f) for kind in kinds)
    words("exports", [], "Folders that python -m export wrote.")
    words("preset", [], "Presets whose Keras networks are measured beside them, one an export.")
    words("threads", ["1", "2"], "Numbers of threads.")
    integer("repeats", 15, "Calls that count.", lower_bound=1)
    text("out", None, "Folder for benchmark.json and benchmark.md.")


def main(f):
    if not f.exports:
        raise UserError("--exports is missing; see --help for examples")
    wrong = [text for text in f.threads if not text.isdecimal() or text == "0"]
    if wrong:
        raise UserError(f"--threads={','.join(wrong)}: give numbers from 1 on, such as 1,2")
    for path in f.exports:
        if not is_export(path):
            raise UserError(f"--exports={path}: there is no {MANIFEST} of python -m export")
    rows = measure(f.exports, f.preset, [int(text) for text in f.threads], f.repeats)
    record = {"machine": machine.describe(), "repeats": f.repeats, "rows": rows}
    text = f"{machine.sentence(record['machine'])}\n\n{table(rows)}\n"
    print(text, end="")
    if f.out:
        write_json(Path(f.out) / "benchmark.json", record)
        with atomic_file(Path(f.out) / "benchmark.md", "w") as file:
            file.write(text)
        print(f"\nfigures: {f.out}/benchmark.json, benchmark.md")


def measure(exports, presets, threads, repeats):
    """[{column: value}], a row for every file, and Keras, at every number of threads.

    Args:
        exports: folders that `exporter.export` wrote.
        presets: folders of the presets of the first exports, in their order.
        threads: numbers of threads.
        repeats: calls that count.
    """
    with contextlib.ExitStack() as stack:
        facts, calls = {}, {}
        for fact, start in _candidates(exports, presets, threads):
            calls[len(facts)] = stack.enter_context(start()).next
            facts[len(facts)] = fact
        answers = alternate(calls, repeats)
    rows = []
    for key, found in answers.items():
        times = [answer["milliseconds"] for answer in found]
        figures = {
            "median_ms": statistics.median(times),
            "p90_ms": float(np.percentile(times, 90)),
            "memory_bytes": max(answer["memory_bytes"] for answer in found),
        }
        rows.append({**facts[key], **figures})
    return rows


def _candidates(exports, presets, threads):
    """Yields (facts of a row, function that starts its process)."""
    for path, preset in itertools.zip_longest(exports, presets):
        record = read_json(Path(path) / MANIFEST)
        kind = record["file_format"]
        if kind not in RUNTIMES:
            raise UserError(f"--exports={path} is a {kind}, which servers run: give other exports")
        for count in threads:
            for name, file in sorted(record["files"].items()):
                fact = {
                    "export": Path(path).name + (f"/{name}" if len(record["files"]) > 1 else ""),
                    "runtime": RUNTIMES[kind],
                    "quantize": record["quantize"],
                    "recommended": record["verification"]["recommended"],
                    "threads": count,
                    "bytes": file["bytes"],
                }
                run = child.command(kind, Path(path, name), count)
                yield fact, functools.partial(Child, f"{path}/{name}", run)
            if preset is not None:
                fact = {
                    "export": Path(path).name,
                    "runtime": "Keras",
                    "quantize": "none",
                    "recommended": True,
                    "threads": count,
                    "bytes": 4 * record["parameters"],
                }
                arguments = keras_calls, preset, record["choices"], count
                yield fact, functools.partial(Child.of, f"Keras {preset}", *arguments)


def table(rows):
    """Markdown of `measure`'s rows."""
    lines = [COLUMNS]
    for row in rows:
        numbers = (row["median_ms"], row["p90_ms"], row["bytes"] / 1e6, row["memory_bytes"] / 2**20)
        quantize = row["quantize"] + ("" if row["recommended"] else ", not recommended")
        words = row["export"], row["runtime"], quantize, str(row["threads"])
        lines.append((*words, *map(number, numbers)))
    return markdown(lines, left=[i < 3 for i in range(len(COLUMNS))])


if __name__ == "__main__":
    run_verb(main, define_flags)
