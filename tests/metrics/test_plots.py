"""Curves: which records are drawn, and where."""

import json

import numpy as np
import pytest

from tfgan_edit.config import UserError
from tfgan_edit.metrics.plots import CELL, HEIGHT, TOP, WIDTH, plot, read_curves, read_tables, ticks


def write(folder, metric, records):
    lines = [json.dumps({"metric": metric, **record}) for record in records]
    (folder / f"metric-{metric}.jsonl").write_text("\n".join([*lines, '{"metric": "cut sh']))


def test_records_of_a_training_by_kimg_the_last_counts(tmp_path):
    write(
        tmp_path,
        "pr_lite0_1k",
        [
            {"kimg": 8.0, "results": {"p": 0.5, "r": 0.1}},
            {"kimg": 4.0, "results": {"p": 0.4, "r": 0.0}},
            {"kimg": 8.0, "results": {"p": 0.6, "r": 0.2, "r_sd": 1.0}},
            {"results": {"p": 0.9, "r": 0.9}},
        ],
    )
    assert read_curves(tmp_path) == {
        "pr_lite0_1k": {"p": [(4.0, 0.4), (8.0, 0.6)], "r": [(4.0, 0.0), (8.0, 0.2)]}
    }


def test_folders_without_records(tmp_path):
    with pytest.raises(UserError, match="no metric of a training in"):
        plot(tmp_path)


@pytest.mark.parametrize(
    "low, high, expected",
    [
        (0, 10, [0, 2, 4, 6, 8, 10]),
        (0.13, 0.47, [0.1, 0.2, 0.3, 0.4, 0.5]),
        (-3, 41, [-10, 0, 10, 20, 30, 40, 50]),
        (5, 5, [2, 3, 4, 5, 6, 7, 8]),
        (0, 0, [-0.6, -0.4, -0.2, 0, 0.2, 0.4, 0.6]),
    ],
)
def test_ticks_are_round_and_hold_the_values(low, high, expected):
    np.testing.assert_allclose(ticks(low, high), expected, atol=1e-12)


def test_a_falling_curve_falls(tmp_path):
    for metric, points in (("fd", [(0, 100.0), (10, 0.0)]), ("kid", [(3, 1.0)])):
        write(tmp_path, metric, [{"kimg": k, "results": {metric: v}} for k, v in points])
    photo = plot(tmp_path)
    assert photo.shape == (2 * HEIGHT, WIDTH, 3) and photo.dtype == np.uint8
    blue = np.all(photo[:HEIGHT] == (0x00, 0x72, 0xB2), axis=-1)
    rows, columns = np.nonzero(blue)
    assert np.corrcoef(rows, columns)[0, 1] > 0.99  # rows count downwards
    dot = np.all(photo[HEIGHT:] == (0x00, 0x72, 0xB2), axis=-1)
    assert 20 < dot.sum() < 60


def test_a_table_is_blue_where_its_numbers_are_high(tmp_path):
    old = {"smile/happy": 0.0, "smile/sad": 0.0}
    last = {"smile/happy": 1.0, "smile/sad": 0.25, "frown/happy": 0.0, "frown/sad": 1.0}
    write(tmp_path, "confusion", [{"results": old}, {"results": last}])
    assert read_tables(tmp_path) == {
        "confusion": {"smile": {"happy": 1.0, "sad": 0.25}, "frown": {"happy": 0.0, "sad": 1.0}}
    }
    photo = plot(tmp_path)
    assert photo.shape == (2 * TOP + 2 * CELL, WIDTH, 3)
    cells = photo[2 * TOP + 4 :: CELL, [200, 600]]  # a pixel of each cell, beside its number
    blue, white = (0x00, 0x72, 0xB2), (255, 255, 255)
    assert [tuple(c) for c in cells[:, 0]] == [blue, white] and tuple(cells[1, 1]) == blue
    assert tuple(cells[0, 1]) == tuple(round(255 + 0.25 * (c - 255)) for c in blue)
