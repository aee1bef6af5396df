"""Target attributes, as a person writes them, and the labels that they stand for."""

import numpy as np
import pytest

from tfgan_edit.config import UserError
from tfgan_edit.editing.targets import Exchange, next_labels, parse_target

NAMES = ["smile", "hair=black", "hair=red", "hair=blond", "glasses"]
LABELS = np.float32([[0, 1, 0, 0, 1], [1, 0, 0, 1, 0]])


@pytest.mark.parametrize(
    "text, wanted",
    [
        ("smile=1", [[1, 1, 0, 0, 1], [1, 0, 0, 1, 0]]),
        ("smile", [[1, 1, 0, 0, 1], [1, 0, 0, 1, 0]]),
        ("smile=1, glasses=0", [[1, 1, 0, 0, 0], [1, 0, 0, 1, 0]]),
        ("glasses=toggle", [[0, 1, 0, 0, 0], [1, 0, 0, 1, 1]]),
        ("hair=red", [[0, 0, 1, 0, 1], [1, 0, 1, 0, 0]]),
        ("hair=toggle,smile=toggle", [[1, 0, 1, 0, 1], [0, 1, 0, 0, 0]]),
    ],
)
def test_labels_of_targets(text, wanted):
    before = LABELS.copy()
    np.testing.assert_array_equal(parse_target(text, NAMES).labels(LABELS, NAMES), wanted)
    np.testing.assert_array_equal(LABELS, before)


def test_one_value_takes_the_place_of_another():
    names = ["smile", "age=young", "age=middle", "age=old"]
    labels = np.float32([[1, 1, 0, 0], [0, 0, 0, 1], [1, 0, 1, 0]])
    exchange = Exchange("age=old", "age=young")
    np.testing.assert_array_equal(
        exchange.labels(labels, names), [[1, 0, 0, 1], [0, 1, 0, 0], [1, 0, 0, 1]]
    )
    assert exchange.values == {"age": "old"}


def test_next_labels():
    np.testing.assert_array_equal(next_labels(LABELS, [0])[:, 0], [1, 0])
    np.testing.assert_array_equal(next_labels(LABELS, [1, 2, 3])[:, 1:4], [[0, 1, 0], [1, 0, 0]])


@pytest.mark.parametrize(
    "text, words",
    [
        ("smlie=1", "attribute 'smlie' is unknown; did you mean smile"),
        ("smile=2", "target 'smile=2': smile can be 0, 1, toggle"),
        ("hair=1", "target 'hair=1': hair can be black, red, blond, toggle"),
        ("hair", "hair can be black, red, blond, toggle"),
        ("smile=1,smile=0", "names smile twice"),
        ("", "names no attribute; known: smile, hair, glasses"),
    ],
)
def test_what_is_no_target_is_named(text, words):
    with pytest.raises(UserError, match=words):
        parse_target(text, NAMES)
