"""history.jsonl: one record a run of `benchmark`, so that a regression is seen."""

import json
from pathlib import Path

from tfgan_edit.config import UserError, flatten
from tfgan_edit.speed.machine import HARDWARE
from tfgan_edit.speed.measurement import gain
from tfgan_edit.storage import atomic_file

# What a recipe may change without changing the speed of a step, or what rows state themselves.
FREE_KEYS = (
    "name",
    "data.dest",
    "total_kimg",
    "total_minutes",
    "tick_kimg",
    "preset_ticks",
    "seed",
    "init_from",
    "precision",
    "metrics",
)
NOTICEABLE = 0.02  # smaller changes are never marked


def read(path):
    """The records of a history file, oldest first; none if there is no such file.

    Raises:
        UserError: a line is not a record.
    """
    path = Path(path)
    if not path.exists():
        return []
    records = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            record = json.loads(line)
            record["machine"], record["recipe"], record["tables"]
        except (ValueError, KeyError, TypeError):
            raise UserError(
                f"{path}, line {number} is not a record of benchmark: remove the line"
            ) from None
        records.append(record)
    return records


def append(path, record):
    """Adds a record to a history file."""
    lines = [json.dumps(earlier) for earlier in read(path)]
    with atomic_file(path, "w") as file:
        file.writelines(line + "\n" for line in [*lines, json.dumps(record)])


def comparable(one, other):
    """Whether two records are of the same hardware and the same recipe.

    Only settings that both recipes know are compared, so that a setting added to the package
    does not end the history.
    """
    if any(one["machine"].get(key) != other["machine"].get(key) for key in HARDWARE):
        return False
    a, b = flatten(one["recipe"]), flatten(other["recipe"])
    return all(a[key] == b[key] for key in a.keys() & b.keys() if key not in FREE_KEYS)


def last_rows(records, record):
    """{(table, measure, setting): row} of the latest comparable record that has the row."""
    found = {}
    for earlier in records:
        if comparable(earlier, record):
            for name, table in earlier["tables"].items():
                for row in table["rows"]:
                    found[name, row["measure"], row["setting"]] = row
    return found


def change(row, last):
    """How many times better a row is than the last one, as text; `!` if that is no accident.

    No accident: each median lies outside the range of the other's repeats, by at least 2 %.
    """
    if not row["value"] or not last["value"]:
        return ""
    ratio = gain(row["value"], last["value"], row["unit"])
    apart = abs(ratio - 1) >= NOTICEABLE and not last["low"] <= row["value"] <= last["high"]
    apart = apart and not row["low"] <= last["value"] <= row["high"]
    mark = (" better!" if ratio > 1 else " worse!") if apart else ""
    return f"{ratio:.2f}{mark}"
