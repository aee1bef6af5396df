"""Table "speed": training steps, synthesis and the input pipeline of a recipe."""

import dataclasses
import functools
import time

import tensorflow as tf

from tfgan_edit.networks.mapping import latent_shape
from tfgan_edit.run import Run
from tfgan_edit.speed.measurement import Table, alternate, median_gain, row

PIPELINE_SECONDS = 1.0  # length of one repeat of the data measurement


def measure(config, settings):
    """The recipe as it is, in each precision.

    Rows: `training` (steps of the main phases), `step with PHASE` for every lazy phase,
    `synthesis` (averaged generator of a GAN, batch 8, constant noise), `encoding` (averaged
    encoder, batch 8), `input pipeline`.
    """
    runs = {p: Run(dataclasses.replace(config, precision=p)) for p in settings.precisions}
    functions = {}
    for precision, run in runs.items():
        functions["training", precision] = steps(run, settings.steps, run.trainer.main_phases())
        for phase in lazy_phases(run):
            with_phase = run.trainer.phases_with(phase)
            functions[f"step with {phase}", precision] = steps(run, 1, with_phase)
        averages = run.trainer.averages
        if (name := run.trainer.drawing_network) is not None:
            functions["synthesis", precision] = synthesis(averages[name])
        if "encoder" in averages:
            functions["encoding", precision] = encoding(averages["encoder"])
    run = runs[settings.precisions[0]]
    stage = run.schedule.stages[-1]
    batches = run.batches(stage.first_step)
    functions["input pipeline", "uint8"] = pipeline(batches, stage.batch_size)

    values = alternate(functions, settings.repeats)
    rows = []
    for (name, setting), numbers in values.items():
        unit = "ms/image" if name in ("synthesis", "encoding") else "images/s"
        first = values.get((name, settings.precisions[0]))
        more = {"ratio": median_gain(numbers, first, unit)} if first else {}
        rows.append(row(name, setting, numbers, unit, **more))
    return Table(rows, [f"ratio: times as fast as {settings.precisions[0]}"])


def lazy_phases(run):
    """Names of the phases that only some steps have."""
    return [p.name for p in run.trainer.phases if p.interval > 1]


def steps(run, count, phases):
    """Function: images/s of `count` training steps of these phases, when all has grown."""
    stage = run.schedule.stages[-1]
    batches = run.batches(stage.first_step)

    def once():
        start = time.perf_counter()
        for _ in range(count):
            logs = run.trainer.step_function(next(batches), phases, stage.first_step)
        float(next(iter(logs.values())))  # waits for the device
        return count * stage.batch_size / (time.perf_counter() - start)

    return once


def synthesis(generator, batch_size=8, calls=5):
    """Function: milliseconds an image of a generator's synthesis with constant noise."""
    latents = tf.random.normal([batch_size, *latent_shape(generator)])
    draw = functools.partial(generator.synthesis, noise="constant")
    return _milliseconds(draw, latents, calls)


def encoding(encoder, batch_size=8, calls=5):
    """Function: milliseconds an image of an encoder that says its `resolution`."""
    images = tf.random.uniform([batch_size, *encoder.resolution, encoder.img_channels], -1, 1)
    return _milliseconds(encoder, images, calls)


def _milliseconds(network, inputs, calls):
    """Function: milliseconds that a network takes for one of its inputs."""
    compiled = tf.function(lambda x: network(x), autograph=False)

    def once():
        start = time.perf_counter()
        for _ in range(calls):
            outputs = compiled(inputs)
        outputs.numpy()  # waits for the device
        return (time.perf_counter() - start) * 1000 / (calls * len(inputs))

    return once


def pipeline(batches, batch_size):
    """Function: images/s that an iterator of batches delivers to nobody."""

    def once():
        count, start = 0, time.perf_counter()
        while time.perf_counter() - start < PIPELINE_SECONDS:
            next(batches)
            count += batch_size
        return count / (time.perf_counter() - start)

    return once
