"""Curves of metrics over a training, drawn with Pillow."""

import json
import math
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from tfgan_edit.config import UserError

WIDTH, HEIGHT = 800, 500  # pixels, of one chart
LEFT, RIGHT, TOP, BOTTOM = 70, 20, 40, 50  # margins, pixels
# Okabe and Ito's colours, which colour-blind people can tell apart.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")


def read_curves(folder):
    """{metric: {result: [(kimg, value), …]}} of the records in a run folder.

    Of several records of one step, as resumed runs make them, the last counts; records without
    "kimg" and results of deviations are left out.

    Raises:
        UserError: no record of a training is there.
    """
    curves = {}
    for path in sorted(Path(folder).glob("metric-*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            try:
                record = json.loads(line)
                points, results = record["kimg"], record["results"]
            except (ValueError, KeyError, TypeError):  # cut short by a crash, or of one preset
                continue
            chart = curves.setdefault(record["metric"], {})
            for name, value in results.items():
                if not name.endswith("_sd"):
                    chart.setdefault(name, {})[points] = value
    if not curves:
        raise UserError(
            f"no metric of a training in {folder}: train with --set metrics=fd_lite0_2k, say"
        )
    return {
        metric: {name: sorted(points.items()) for name, points in chart.items()}
        for metric, chart in curves.items()
    }


def plot_curves(curves):
    """One chart a metric, below each other, over kimg: photo uint8 [H, W, 3]."""
    return np.concatenate([_chart(name, lines) for name, lines in curves.items()])


def ticks(low, high, count=5):
    """Round numbers, 1, 2 or 5 times a power of ten apart, from at most `low` to `high` or more."""
    if high <= low:
        low, high = low - 0.5 * (abs(low) or 1), high + 0.5 * (abs(high) or 1)
    rough = (high - low) / count
    power = 10 ** math.floor(math.log10(rough))
    step = min(f * power for f in (1, 2, 5, 10) if f * power >= rough * (1 - 1e-9))
    return [step * i for i in range(math.floor(low / step), math.ceil(high / step) + 1)]


def _chart(title, lines):
    picture = Image.new("RGB", (WIDTH, HEIGHT), "white")
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(14)
    points = [point for line in lines.values() for point in line]
    across, up = ([p[axis] for p in points] for axis in (0, 1))
    x_ticks, y_ticks = ticks(min(across), max(across)), ticks(min(up), max(up))

    def place(kimg, value):
        x = (kimg - x_ticks[0]) / (x_ticks[-1] - x_ticks[0])
        y = (value - y_ticks[0]) / (y_ticks[-1] - y_ticks[0])
        return LEFT + x * (WIDTH - LEFT - RIGHT), HEIGHT - BOTTOM - y * (HEIGHT - TOP - BOTTOM)

    for tick in y_ticks:
        x, y = place(x_ticks[0], tick)
        draw.line([(x, y), (WIDTH - RIGHT, y)], "#dddddd")
        draw.text((x - 6, y), f"{tick:.6g}", "black", font, "rm")
    for tick in x_ticks:
        x, y = place(tick, y_ticks[0])
        draw.line([(x, y), (x, TOP)], "#dddddd")
        draw.text((x, y + 6), f"{tick:.6g}", "black", font, "mt")
    draw.text((LEFT, TOP / 2), title, "black", font, "lm")
    draw.text((WIDTH / 2, HEIGHT - 8), "thousand images seen", "black", font, "mb")
    for i, (name, line) in enumerate(lines.items()):
        colour = COLOURS[i % len(COLOURS)]
        path = [place(*point) for point in line]
        draw.line(path, colour, 2)
        for x, y in path:
            draw.ellipse([x - 3, y - 3, x + 3, y + 3], colour)
        if len(lines) > 1:
            draw.text((WIDTH - RIGHT - 6, TOP + 4 + 18 * i), name, colour, font, "rt")
    return np.asarray(picture)
