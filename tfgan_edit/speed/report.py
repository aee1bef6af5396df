"""A record as text: GitHub tables that are aligned for a terminal as well."""

from tfgan_edit.speed import machine
from tfgan_edit.speed.history import change

COLUMNS = ("measure", "setting", "median", "low", "high", "unit")


def text(record, last=None):
    """Markdown of a record of `benchmark`.

    Args:
        record: {"machine", "recipe", "repeats", "tables": {name: {"rows", "notes"}}}.
        last: {(table, measure, setting): earlier row}, shown as a column of changes.
    """
    recipe = record["recipe"]
    parts = [
        f"{recipe['name']}, batch {recipe['batch_size']}; {machine.sentence(record['machine'])}. "
        f"Median, lowest and highest of {record['repeats']} repeats."
    ]
    for name, table in record["tables"].items():
        parts += [f"## {name}", _table(name, table["rows"], last or {})]
        parts += ["\n".join(f"- {note}" for note in table["notes"])] if table["notes"] else []
    return "\n\n".join(parts) + "\n"


def number(value):
    """Four digits, and none in front of the point are lost: 0.0123, 12.34, 720,000."""
    if isinstance(value, str):
        return value
    if value == int(value):
        return f"{value:,.0f}"
    if abs(value) < 0.001:
        return f"{value:.1e}"
    digits = max(0, 4 - len(f"{abs(value):.0f}")) if abs(value) >= 1 else 4
    return f"{value:,.{digits}f}"


def _table(name, rows, last):
    further = list(dict.fromkeys(column for row in rows for column in row["more"]))
    changes = [last.get((name, row["measure"], row["setting"])) for row in rows]
    heads = [*COLUMNS, *further, *(["against last"] if any(changes) else [])]
    lines = []
    for row, before in zip(rows, changes, strict=True):
        cells = [row["measure"], row["setting"]]
        cells += [number(row[key]) for key in ("value", "low", "high")]
        cells += [row["unit"], *(number(row["more"].get(column, "")) for column in further)]
        if any(changes):
            cells.append(change(row, before) if before else "")
        lines.append(cells)
    left = [head in ("measure", "setting", "unit", "against last") for head in heads]
    return markdown([heads, *lines], left)


def markdown(lines, left):
    """A table of lines of texts, the heads first, aligned for a terminal as well.

    Args:
        lines: of equally many texts.
        left: for each column, whether it holds words and not numbers.
    """
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    columns = list(zip(widths, left, strict=True))
    rule = "|".join("-" * (w + 2) if words else "-" * (w + 1) + ":" for w, words in columns)
    first, *others = (
        " | ".join(
            cell.ljust(width) if words else cell.rjust(width)
            for cell, (width, words) in zip(cells, columns, strict=True)
        )
        for cells in lines
    )
    return "\n".join([f"| {first} |", f"|{rule}|", *(f"| {line} |" for line in others)])
