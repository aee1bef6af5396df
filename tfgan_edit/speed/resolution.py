"""Table "resolution": what a step and a picture cost from one resolution to the next."""

import dataclasses
import gc
import statistics
import tempfile

import keras

from tfgan_edit.run import Run
from tfgan_edit.speed import training
from tfgan_edit.speed.measurement import Table, alternate, exponent, row
from tfgan_edit.speed.sizes import at_resolutions, widths

BATCH = 4  # images a step; more do not fit everywhere at 256 px


def measure(config, settings):
    """Milliseconds an image of the main phases and of synthesis, and the a of time ~ R^a.

    One resolution after the other, the precisions of each in turn.
    """
    config = dataclasses.replace(config, batch_size=BATCH)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        sizes = at_resolutions(config, settings.resolutions, folder)
        for resolution, sized in sizes.items():
            functions = {}
            for precision in settings.precisions:
                run = Run(dataclasses.replace(sized, precision=precision))
                functions["training", precision] = _milliseconds(
                    training.steps(run, settings.steps, run.trainer.main_phases())
                )
                if (name := run.trainer.drawing_network) is not None:
                    functions["synthesis", precision] = training.synthesis(
                        run.trainer.averages[name], BATCH
                    )
            for (name, precision), times in alternate(functions, settings.repeats).items():
                setting = f"{resolution} px, {precision}"
                speed = {"images/s": 1000 / statistics.median(times)}
                rows.append(row(name, setting, times, "ms/image", **speed))
            del run, functions  # before the next one is built
            keras.utils.clear_session()
            gc.collect()
    notes = [f"batch {BATCH}; {widths(sized)}; main phases only"]
    if len(settings.resolutions) > 1:
        notes += _exponents(rows, settings)
    return Table(rows, notes)


def _milliseconds(images_a_second):
    return lambda: 1000 / images_a_second()


def _exponents(rows, settings):
    values = {(r.measure, r.setting): r.value for r in rows}
    for name in dict.fromkeys(r.measure for r in rows):
        for precision in settings.precisions:
            times = [values[name, f"{r} px, {precision}"] for r in settings.resolutions]
            a = exponent(settings.resolutions, times)
            yield f"{name}, {precision}: time ~ resolution^{a:.2f} (least squares of logarithms)"
