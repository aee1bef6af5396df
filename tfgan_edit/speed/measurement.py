"""Rows of figures, and how they are taken: medians of repeats in alternating order."""

import dataclasses
import statistics

import numpy as np
from tqdm import tqdm

MORE_IS_BETTER = ("images/s", "photos/s", "images")  # of all other units less is better


@dataclasses.dataclass(frozen=True)
class Settings:
    """What `benchmark` was asked for, besides the recipe.

    Args:
        precisions: names, compared with each other; ratios are to the first one.
        repeats: of each measurement.
        steps: training steps a repeat.
        resolutions: sides in pixels, for the tables by resolution.
        memory_limit: GiB a process may take, None for no search of the largest batch.
        rival_python: interpreter that has the rival's packages.
        out: folder for what a table leaves, or None.
    """

    precisions: tuple[str, ...] = ("float32", "mixed_bfloat16")
    repeats: int = 5
    steps: int = 8
    resolutions: tuple[int, ...] = (32, 64, 128, 256)
    memory_limit: float | None = None
    rival_python: str | None = None
    out: str | None = None


@dataclasses.dataclass(frozen=True)
class Row:
    """One figure: the median of its repeats and their range.

    Args:
        measure, setting: what was measured under which setting; together they name the row.
        value, low, high: median, smallest and largest of the repeats.
        unit: of these three.
        more: {column: number or text} of further columns.
    """

    measure: str
    setting: str
    value: float
    low: float
    high: float
    unit: str
    more: dict = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Table:
    """Rows, and sentences that one needs to read them."""

    rows: list
    notes: list = dataclasses.field(default_factory=list)


def row(measure, setting, values, unit, **more):
    """`Row` of the repeats in `values`."""
    median = statistics.median(values)
    return Row(measure, setting, median, min(values), max(values), unit, more)


def gain(value, reference, unit):
    """How many times better than `reference` a value is: above 1 is faster or smaller."""
    return value / reference if unit in MORE_IS_BETTER else reference / value


def median_gain(values, references, unit):
    """`gain` of the median of repeats over that of others."""
    return gain(statistics.median(values), statistics.median(references), unit)


def alternate(functions, repeats):
    """Runs each function once, for what happens only the first time, then all in turn.

    A machine that slows down for a while slows all of them.

    Args:
        functions: {key: function of no arguments that returns a number}.
        repeats: rounds that count.

    Returns:
        {key: [number of each round]}.
    """
    for function in tqdm(functions.values(), desc="compiling", leave=False):
        function()
    values = {key: [] for key in functions}
    for _ in tqdm(range(repeats), desc="measuring", leave=False):
        for key, function in functions.items():
            values[key].append(function())
    return values


def exponent(sizes, costs):
    """The a of costs = c · sizes^a, by least squares of log costs over log sizes."""
    return float(np.polyfit(np.log(sizes), np.log(costs), 1)[0])
