"""Curves of metrics over a training, and tables of groups, drawn with Pillow."""

import math

import numpy as np
from PIL import Image, ImageColor, ImageDraw, ImageFont

from tfgan_edit.config import UserError
from tfgan_edit.metrics.registry import read_records

WIDTH, HEIGHT = 800, 500  # pixels, of one chart
LEFT, RIGHT, TOP, BOTTOM = 70, 20, 40, 50  # margins, pixels
TABLE_LEFT, CELL = 150, 36  # width of the rows' names, height of a row, pixels
# Okabe and Ito's colours, which colour-blind people can tell apart.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")


def read_curves(folder):
    """{metric: {result: [(kimg, value), …]}} of the records in a run folder.

    Of several records of one step, as resumed runs make them, the last counts; records without
    "kimg" and results of deviations are left out.
    """
    curves = {}
    for record in read_records(folder):
        if "kimg" not in record:
            continue
        chart = curves.setdefault(record["metric"], {})
        for name, value in record["results"].items():
            if not name.endswith("_sd"):
                chart.setdefault(name, {})[record["kimg"]] = value
    return {
        metric: {name: sorted(points.items()) for name, points in chart.items()}
        for metric, chart in curves.items()
    }


def read_tables(folder):
    """{metric: {row: {column: value}}} of the last records whose results are named ROW/COLUMN."""
    tables = {}
    for record in read_records(folder):
        table = {}
        for name, value in record["results"].items():
            row, slash, column = name.rpartition("/")
            if slash:
                table.setdefault(row, {})[column] = value
        if table:
            tables[record["metric"]] = table
    return tables


def plot(folder):
    """The charts of all metrics in a folder, below each other: photo uint8 [H, W, 3].

    Raises:
        UserError: there is nothing to draw.
    """
    charts = [chart(name, lines) for name, lines in read_curves(folder).items()]
    charts += [_table(name, rows) for name, rows in read_tables(folder).items()]
    if not charts:
        raise UserError(
            f"no metric of a training in {folder}: train with --set metrics=fd_lite0_2k, say"
        )
    return np.concatenate(charts)


def ticks(low, high, count=5):
    """Round numbers, 1, 2 or 5 times a power of ten apart, from at most `low` to `high` or more."""
    if high <= low:
        low, high = low - 0.5 * (abs(low) or 1), high + 0.5 * (abs(high) or 1)
    rough = (high - low) / count
    power = 10 ** math.floor(math.log10(rough))
    step = min(f * power for f in (1, 2, 5, 10) if f * power >= rough * (1 - 1e-9))
    return [step * i for i in range(math.floor(low / step), math.ceil(high / step) + 1)]


def chart(title, lines):
    """A line chart with a legend: {name: [(x, y), …]} -> uint8 [HEIGHT, WIDTH, 3]."""
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


def _table(title, rows):
    """Numbers in [0, 1] on cells from white to blue."""
    columns = list(dict.fromkeys(column for row in rows.values() for column in row))
    width, height = (WIDTH - TABLE_LEFT - RIGHT) / len(columns), CELL
    picture = Image.new("RGB", (WIDTH, 2 * TOP + CELL * len(rows)), "white")
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(14)
    draw.text((RIGHT, TOP / 2), title, "black", font, "lm")
    for j, column in enumerate(columns):
        x = TABLE_LEFT + (j + 0.5) * width
        draw.text((x, 1.5 * TOP), column, "black", font, "mm")
        for i, row in enumerate(rows.values()):
            top = 2 * TOP + i * height
            share = min(max(row.get(column, 0.0), 0.0), 1.0)
            blue = ImageColor.getrgb(COLOURS[0])
            fill = tuple(round(255 + share * (c - 255)) for c in blue)
            draw.rectangle([x - width / 2, top, x + width / 2 - 1, top + height - 1], fill)
            ink = "white" if share > 0.6 else "black"
            draw.text((x, top + height / 2), f"{row.get(column, 0.0):.2f}", ink, font, "mm")
    for i, row in enumerate(rows):
        draw.text((TABLE_LEFT - 8, 2 * TOP + (i + 0.5) * height), row, "black", font, "rm")
    return np.asarray(picture)
