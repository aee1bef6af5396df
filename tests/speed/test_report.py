"""The text of a record."""

import dataclasses

import pytest

from tfgan_edit.speed import report
from tfgan_edit.speed.measurement import row

MACHINE = {
    "cpu": "Fast 9",
    "flags": ["avx2", "avx512f"],
    "cores": 2,
    "memory_gib": 23.5,
    "gpus": [],
    "load": 0.25,
    "tensorflow": "2.21.0",
    "keras": "3.15.1",
    "python": "3.11.7",
    "tfgan_edit": "abc1234",
    "date": "2026-11-22T05:00:00+00:00",
}


def record():
    rows = [
        row("training", "float32", [1200.0, 1234.5, 1300.0], "images/s", ratio=1.0),
        row("synthesis", "float32", [0.25], "ms/image"),
    ]
    table = {"rows": [dataclasses.asdict(r) for r in rows], "notes": ["ratio: of speeds"]}
    return {
        "machine": MACHINE,
        "recipe": {"name": "line", "batch_size": 4},
        "repeats": 3,
        "tables": {"speed": table},
    }


def test_machine_table_and_notes():
    assert report.text(record()) == (
        "line, batch 4; Fast 9 (avx2, avx512f), 2 cores, 23.5 GiB, load 0.25 before; "
        "TensorFlow 2.21.0, Keras 3.15.1, Python 3.11.7, tfgan_edit abc1234; "
        "2026-11-22T05:00:00+00:00. Median, lowest and highest of 3 repeats.\n"
        "\n"
        "## speed\n"
        "\n"
        "| measure   | setting | median |    low |   high | unit     | ratio |\n"
        "|-----------|---------|-------:|-------:|-------:|----------|------:|\n"
        "| training  | float32 |  1,234 |  1,200 |  1,300 | images/s |     1 |\n"
        "| synthesis | float32 | 0.2500 | 0.2500 | 0.2500 | ms/image |       |\n"
        "\n"
        "- ratio: of speeds\n"
    )


def test_rows_with_an_earlier_record_show_the_change():
    now = record()
    before = {**now["tables"]["speed"]["rows"][0], "value": 617.25, "low": 600.0, "high": 700.0}
    lines = report.text(now, {("speed", "training", "float32"): before}).splitlines()
    cells = [[cell.strip() for cell in line.split("|")] for line in lines if line[:1] == "|"]
    assert [line[-2] for line in cells if line[1] != cells[1][1]] == [
        "against last",
        "2.00 better!",
        "",
    ]


@pytest.mark.parametrize(
    "value, text",
    [
        (0, "0"),
        (7.0, "7"),
        (720123.4, "720,123"),
        (1234.56, "1,235"),
        (12.345, "12.35"),
        (9.9999, "10.00"),
        (0.0123456, "0.0123"),
        (0.000012, "1.2e-05"),
        ("5 %", "5 %"),
    ],
)
def test_numbers(value, text):
    assert report.number(value) == text
