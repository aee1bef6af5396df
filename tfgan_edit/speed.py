"""What `benchmark` measures: medians of repeats that alternate between settings."""

import dataclasses
import statistics
import time

import keras
import tensorflow as tf
from tqdm import tqdm

from tfgan_edit.run import Run, hardware
from tfgan_edit.trainers.loop import process_memory

PIPELINE_SECONDS = 1.0  # length of one repeat of the data measurement


def measure(config, precisions, *, repeats, steps):
    """Returns {"machine": …, "rows": [{"measure", "setting", "value", "unit"}]}.

    Args:
        config: `RunConfig`.
        precisions: names, compared with each other; ratios are to the first one.
        repeats: of each measurement.
        steps: training steps a repeat.
    """
    runs = {p: Run(dataclasses.replace(config, precision=p)) for p in precisions}
    first = next(iter(runs.values()))
    measurements = {}
    for precision, run in runs.items():
        measurements["training", precision] = (_training(run, steps), "images/s")
        for phase in run.trainer.phases:
            if phase.interval > 1:
                name = f"step with {phase.name}"
                measurements[name, precision] = (_training(run, 1, phase.name), "images/s")
        measurements["synthesis", precision] = (_synthesis(run), "ms/image")
    measurements["input pipeline", "uint8"] = (_pipeline(first), "images/s")

    values = {key: [] for key in measurements}
    for function, _ in tqdm(measurements.values(), desc="compiling", leave=False):
        function()
    for _ in tqdm(range(repeats), desc="measuring", leave=False):
        for key, (function, _) in measurements.items():
            values[key].append(function())
    rows = []
    for (name, setting), numbers in values.items():
        median = statistics.median(numbers)
        unit = measurements[name, setting][1]
        base = statistics.median(values.get((name, precisions[0]), numbers))
        ratio = base / median if unit == "ms/image" else median / base
        rows.append(
            {
                "measure": name,
                "setting": setting,
                "value": median,
                "low": min(numbers),
                "high": max(numbers),
                "unit": unit,
                "ratio": ratio,
            }
        )
    machine = {
        "hardware": hardware(first.strategy),
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
        "peak_memory_gib": process_memory() / 2**30,
    }
    return {"machine": machine, "recipe": config.to_json(), "repeats": repeats, "rows": rows}


def table(figures):
    """Aligned text of `measure`'s result."""
    machine, recipe = figures["machine"], figures["recipe"]
    lines = [
        f"{recipe['name']}: batch {recipe['batch_size']}, {machine['hardware']}, TensorFlow "
        f"{machine['tensorflow']}, Keras {machine['keras']}, peak memory "
        f"{machine['peak_memory_gib']:.2f} GiB, median of {figures['repeats']}",
        f"{'measure':20} {'setting':16} {'median':>10} {'low':>10} {'high':>10}  unit        ratio",
    ]
    lines += [
        f"{row['measure']:20} {row['setting']:16} {row['value']:10.2f} {row['low']:10.2f} "
        f"{row['high']:10.2f}  {row['unit']:10} {row['ratio']:6.2f}"
        for row in figures["rows"]
    ]
    return "\n".join(lines)


def _training(run, steps, lazy_phase=None):
    """Function: images/s of steps without lazy phases, or with one of them."""
    batches = run.batches(0)
    trainer = run.trainer
    phases = [p.name for p in trainer.phases if p.interval == 1 or p.name == lazy_phase]

    def once():
        start = time.perf_counter()
        for _ in range(steps):
            logs = trainer.step_function(next(batches), phases)
        float(next(iter(logs.values())))
        return steps * run.config.batch_size / (time.perf_counter() - start)

    return once


def _synthesis(run, batch_size=8):
    """Function: milliseconds an image of the averaged generator."""
    generator = run.trainer.averages["generator"]
    w_plus = tf.random.normal([batch_size, generator.num_ws, generator.w_dim])
    synthesize = tf.function(lambda w: generator.synthesis(w, noise="constant"))

    def once():
        start = time.perf_counter()
        for _ in range(5):
            images = synthesize(w_plus)
        images.numpy()
        return (time.perf_counter() - start) * 1000 / (5 * batch_size)

    return once


def _pipeline(run):
    """Function: images/s that the records deliver to nobody."""
    batches = run.batches(0)

    def once():
        count, start = 0, time.perf_counter()
        while time.perf_counter() - start < PIPELINE_SECONDS:
            next(batches)
            count += run.config.batch_size
        return count / (time.perf_counter() - start)

    return once
