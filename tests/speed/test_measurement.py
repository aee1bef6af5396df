"""Medians, ratios, alternation and the exponent."""

import pytest

from tfgan_edit.speed.measurement import alternate, exponent, gain, row


def test_a_row_is_the_median_and_the_range():
    measured = row("training", "float32", [3.0, 1.0, 2.0, 10.0, 2.5], "images/s", calls=4)
    assert (measured.value, measured.low, measured.high) == (2.5, 1.0, 10.0)
    assert measured.more == {"calls": 4}


@pytest.mark.parametrize(
    "unit, value, better",
    [("images/s", 30.0, 3.0), ("photos/s", 5.0, 0.5), ("ms/image", 5.0, 2.0), ("GiB", 20.0, 0.5)],
)
def test_more_speed_and_less_of_everything_else_is_better(unit, value, better):
    assert gain(value, 10.0, unit) == pytest.approx(better)


def test_rounds_alternate_after_a_first_call_that_does_not_count():
    calls = []

    def function(name):
        def once():
            calls.append(name)
            return len(calls)

        return once

    values = alternate({"a": function("a"), "b": function("b")}, repeats=3)
    assert "".join(calls) == "ab" + "ababab"
    assert values == {"a": [3, 5, 7], "b": [4, 6, 8]}


def test_the_exponent_of_a_power_law():
    sizes = [32, 64, 128, 256]
    assert exponent(sizes, [0.5 * r**1.7 for r in sizes]) == pytest.approx(1.7)
    # y = 0, 1, 0 and x = 0, 1, 2 in powers of two: the best line is flat
    assert exponent([1, 2, 4], [1, 2, 1]) == pytest.approx(0.0, abs=1e-12)
