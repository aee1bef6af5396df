"""Table "memory": peak of a training step by resolution, batch and micro-batch."""

import dataclasses
import math
import tempfile

import tensorflow as tf
from tqdm import tqdm

from tfgan_edit.config import UserError
from tfgan_edit.data import prepare
from tfgan_edit.run import Run
from tfgan_edit.speed.child import Child, OverLimit
from tfgan_edit.speed.measurement import Table, row
from tfgan_edit.speed.sizes import at_resolutions, widths
from tfgan_edit.trainers.loop import process_memory

MARGIN = 0.9  # of the free memory that a process may take where no limit is given
TOLERANCE = 1 / 16  # of the largest batch: the search ends there


def measure(config, settings):
    """Peak memory of one step with all phases, each in a process of its own.

    For the recipe's batch, its half and its quarter, and for its batch in micro-batches of a half
    and a quarter. With `memory_limit`, also the largest batch that stays within.
    """
    limit = (settings.memory_limit or MARGIN * _free_gib()) * 2**30
    rows, notes, known = [], [], {}
    with tempfile.TemporaryDirectory() as folder:
        sizes = at_resolutions(config, settings.resolutions, folder)
        for sized in sizes.values():
            prepare(sized.data, progress=False)
        plans = [
            (resolution, precision, plan)
            for resolution in sizes
            for precision in settings.precisions
            for plan in _plans(config)
        ]
        for resolution, precision, (batch, micro) in tqdm(plans, desc="memory", leave=False):
            candidate = _candidate(sizes[resolution], precision, batch, micro)
            peak = peak_memory(candidate, limit)
            setting = f"{resolution} px, batch {batch}"
            setting += f" in parts of {micro}, {precision}" if micro else f", {precision}"
            if peak is None:
                notes.append(f"{setting}: more than {limit / 2**30:.1f} GiB")
            else:
                rows.append(row("peak memory", setting, [peak / 2**30], "GiB"))
                if micro is None:
                    known.setdefault((resolution, precision), []).append((batch, peak))
        if settings.memory_limit:
            rows += _largest_batches(sizes, settings, limit, known)
    notes.insert(0, f"{widths(sized)}; one step with all phases, tracing included; one repeat")
    return Table(rows, notes)


def peak_memory(config, limit):
    """Bytes that one step takes at most, or None if that is more than `limit`."""
    with Child.of("the process that measures memory", one_step, config) as child:
        try:
            on_gpu = tf.config.list_physical_devices("GPU")
            peak = child.next(memory_limit=None if on_gpu else limit)
        except OverLimit:
            return None
    return None if peak is None or peak > limit else peak


def one_step(config):
    """In the child: yields the peak after a step with all phases, None if a GPU has no room."""
    run = Run(config)
    try:
        first = run.schedule.stages[-1].first_step  # when all has grown
        phases = run.trainer.heaviest_phases()
        logs = run.trainer.step_function(next(run.batches(first)), phases, first)
        float(next(iter(logs.values())))
    except tf.errors.ResourceExhaustedError:
        yield None
    yield process_memory()


def largest(peak, limit, unit, known=()):
    """Largest multiple of `unit` whose peak is within `limit`, to `TOLERANCE`.

    Peaks are nearly linear in the batch: the line through the last two says what to try next, and
    that nothing above fits once it leaves no room for another `TOLERANCE`.

    Args:
        peak: function of a number of images -> bytes, or None for more than `limit`.
        limit: bytes.
        unit: of the numbers that are tried.
        known: [(images, bytes)] that are within, ascending.

    Returns:
        The number, 0 if not even `unit` fits.
    """
    points = [(images / unit, taken) for images, taken in known][-2:]
    low = int(points[-1][0]) if points else 0  # the largest that fits, in units
    high = math.inf  # the smallest that does not
    while True:
        step = max(1, int(TOLERANCE * low))
        room = _room(points, limit)
        if high - low <= step or room < low + step:
            return low * unit
        if low < room < high:  # a line from small batches foretells a large one badly: not too far
            guess = int(min(room, 32 * low))
        else:
            guess = max(1, 2 * low) if high == math.inf else (low + high) // 2
        taken = peak(guess * unit)
        if taken is None:
            high = guess
        else:
            low = guess
            points = [*points[-1:], (guess, taken)]


def _room(points, limit):
    """What the line through two points leaves room for; without a rising line anything."""
    if len(points) < 2:
        return math.inf
    (first, before), (last, after) = points
    slope = (after - before) / (last - first)
    return math.inf if slope <= 0 else last + (limit - after) / slope


def _largest_batches(sizes, settings, limit, known):
    """`known`: {(resolution, precision): [(batch, bytes)]}."""
    for resolution, sized in sizes.items():
        for precision in settings.precisions:
            tried = tqdm(desc=f"largest batch, {resolution} px, {precision}", leave=False)

            def peak(batch, sized=sized, precision=precision, tried=tried):
                tried.update()
                candidate = _candidate(sized, precision, batch, sized.trainer.micro_batch)
                return peak_memory(candidate, limit)

            points = [] if sized.trainer.micro_batch else known.get((resolution, precision), [])
            with tried:
                batch = largest(peak, limit, _unit(sized), points)
            name = f"largest batch within {settings.memory_limit:g} GiB"
            yield row(name, f"{resolution} px, {precision}", [batch], "images")


def _candidate(config, precision, batch, micro):
    trainer = dataclasses.replace(config.trainer, micro_batch=micro)
    return dataclasses.replace(config, trainer=trainer, batch_size=batch, precision=precision)


def _plans(config):
    """[(batch, micro-batch or None)] that the trainer accepts."""
    full = config.batch_size
    plans = [(max(full // 4, 1), None), (max(full // 2, 1), None), (full, None)]
    plans += [(full, full // 2), (full, full // 4)]
    return [plan for plan in dict.fromkeys(plans) if plan[1] != 0 and _accepts(config, *plan)]


def _unit(config):
    """The smallest batch all of whose multiples the trainer accepts."""
    micro = config.trainer.micro_batch
    batches = range(1, config.batch_size + 1)
    return next(
        (b for b in batches if all(_accepts(config, b * k, micro) for k in range(1, 9))),
        config.batch_size,
    )


def _accepts(config, batch, micro):
    try:
        _candidate(config, config.precision, batch, micro).trainer.check(
            batch_size=batch, num_replicas=1
        )
    except UserError:
        return False
    return True


def _free_gib():
    if tf.config.list_physical_devices("GPU"):
        return float("inf")  # the device says when it is full
    with open("/proc/meminfo") as file:
        free = next(line for line in file if line.startswith("MemAvailable"))
    return int(free.split()[1]) / 2**20
