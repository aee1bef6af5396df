"""Labels that come with pictures: a CSV table, or a StyleGAN `dataset.json`."""

import csv
import dataclasses
import json
import math
import posixpath

import numpy as np

from tfgan_edit.config import UserError

MAX_CATEGORIES = 1000  # more different words in a column are names, not categories


@dataclasses.dataclass(frozen=True)
class LabelTable:
    """Label vectors by picture name.

    Attributes:
        names: Names of the label columns.
        rows: Picture name -> float32 [L].
        schema: Column of the source -> {"kind", "values"}.
    """

    names: list
    rows: dict
    schema: dict

    def match(self, pictures):
        """Finds each picture's row, by its path in the source or by its file name.

        Returns:
            Picture -> vector for those that have a row, pictures without a row, and rows
            without a picture.
        """
        by_file = {}
        for picture in pictures:
            by_file.setdefault(posixpath.basename(picture), []).append(picture)
        known = set(pictures)
        found = {}
        lost = []
        for name, vector in self.rows.items():
            if name in known:
                found[name] = vector
            elif len(by_file.get(name, ())) == 1:
                found[by_file[name][0]] = vector
            elif name in by_file:
                raise UserError(
                    f"label row {name!r} fits {len(by_file[name])} pictures, for instance "
                    f"{by_file[name][0]} and {by_file[name][1]}: write paths in the table"
                )
            else:
                lost.append(name)
        without = [picture for picture in pictures if picture not in found]
        return found, without, lost


def _column(path, name, values):
    """Strings of one column -> label names, float32 [N, n], schema entry."""
    try:
        numbers = np.array([float(value) for value in values], np.float32)
    except ValueError:
        numbers = None
    if numbers is not None:
        if not np.isfinite(numbers).all():
            raise UserError(f"{path}: column {name!r} holds a number that is not finite")
        levels = set(numbers.tolist())
        if levels <= {-1.0, 1.0} and -1.0 in levels:
            numbers = (numbers + 1) / 2
            levels = {0.0, 1.0}
        kind = "binary" if levels <= {0.0, 1.0} else "number"
        schema = {"kind": kind, "values": [0, 1] if kind == "binary" else []}
        return [name], numbers[:, None], schema
    categories = sorted(set(values))
    if len(categories) > MAX_CATEGORIES:
        raise UserError(
            f"{path}: column {name!r} has {len(categories)} different words, at most "
            f"{MAX_CATEGORIES} categories are possible; remove the column"
        )
    places = {category: place for place, category in enumerate(categories)}
    one_hot = np.eye(len(categories), dtype=np.float32)
    vectors = one_hot[[places[value] for value in values]]
    schema = {"kind": "one-hot", "values": categories}
    return [f"{name}={category}" for category in categories], vectors, schema


def read_csv(path):
    """Reads a table: first column file names, header row label names.

    A column of 0 and 1, or of -1 and 1 (CelebA; -1 becomes 0), is binary; other numbers
    stay as they are; words become one-hot columns `name=word`.

    Raises:
        UserError: If the file is missing, empty or not such a table.
    """
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            table = [row for row in csv.reader(file) if row]
    except OSError as error:
        raise UserError(f"cannot read --labels {path}: {error.strerror}") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"--labels {path} is not a CSV table in UTF-8: {error}") from None
    if len(table) < 2 or len(table[0]) < 2:
        raise UserError(
            f"--labels {path} must have a header row, a column of file names and at least "
            "one column of labels, separated by commas"
        )
    header = [cell.strip() for cell in table[0]]
    if len(set(header)) != len(header):
        raise UserError(f"--labels {path}: two columns have the same name")
    files = {}
    for number, row in enumerate(table[1:], start=2):
        cells = [cell.strip() for cell in row]
        if len(cells) != len(header) or not all(cells):
            raise UserError(
                f"--labels {path}: row {number} ({cells[0]}) must have {len(header)} "
                "cells, none of them empty"
            )
        if cells[0] in files:
            raise UserError(f"--labels {path}: row {number} repeats {cells[0]}")
        files[cells[0]] = cells
    names = []
    vectors = []
    schema = {}
    for place, name in enumerate(header[1:], start=1):
        values = [cells[place] for cells in files.values()]
        columns, numbers, schema[name] = _column(path, name, values)
        names += columns
        vectors.append(numbers)
    rows = dict(zip(files, np.concatenate(vectors, axis=1), strict=True))
    return LabelTable(names, rows, schema)


def read_dataset_json(text, where):
    """Reads StyleGAN's `{"labels": [["00000/img.png", 3], ...]}`.

    Integers become one-hot vectors, lists of numbers stay as they are.

    Returns:
        A `LabelTable`, or None if the file says that there are no labels.

    Raises:
        UserError: If the file is something else.
    """
    wrong = f'{where} must hold {{"labels": [["picture.png", label], ...]}}'
    try:
        entries = json.loads(text)["labels"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise UserError(wrong) from None
    if not entries:
        return None
    try:
        labels = {str(name): label for name, label in entries}
    except (ValueError, TypeError):
        raise UserError(wrong) from None
    if all(type(label) is int and label >= 0 for label in labels.values()):
        num = max(labels.values()) + 1
        if num > MAX_CATEGORIES:
            raise UserError(f"{where}: {num} classes, at most {MAX_CATEGORIES} are possible")
        one_hot = np.eye(num, dtype=np.float32)
        rows = {name: one_hot[label] for name, label in labels.items()}
        schema = {"class": {"kind": "one-hot", "values": list(range(num))}}
        return LabelTable([f"class={place}" for place in range(num)], rows, schema)
    try:
        rows = {name: np.array(label, np.float32) for name, label in labels.items()}
    except (ValueError, TypeError, OverflowError):
        raise UserError(f"{where}: labels must be integers or lists of numbers") from None
    shapes = {vector.shape for vector in rows.values()}
    finite = all(math.isfinite(vector.sum()) for vector in rows.values())
    if len(shapes) != 1 or len(next(iter(shapes))) != 1 or not finite:
        raise UserError(
            f"{where}: labels must all be integers from 0, or all be lists of as many numbers"
        )
    num = next(iter(shapes))[0]
    schema = {"label": {"kind": "number", "values": []}}
    return LabelTable([f"label_{place}" for place in range(num)], rows, schema)
