"""Pairs by masks and the errors of their edits, against numbers worked by hand."""

import numpy as np
import pytest

from tfgan_edit.config import UserError
from tfgan_edit.editing.part_pairs import (
    CELEBA_PARTS,
    PartEdit,
    PartErrors,
    greedy_pairs,
    masks_of,
    overlaps,
)


def test_overlaps_are_intersections_over_unions():
    masks = np.zeros([4, 2, 4], bool)
    masks[0, 0] = masks[1, 0, :2] = masks[2, :, 0] = True  # 4, 2 and 2 pixels; the last none
    scores = overlaps(masks)
    np.testing.assert_allclose(scores[0], [1, 2 / 4, 1 / 5, 0])
    np.testing.assert_allclose(scores[1], [2 / 4, 1, 1 / 3, 0])
    assert np.all(scores == scores.T) and scores[3, 3] == 0


def test_the_best_pair_is_taken_first_and_every_picture_once():
    scores = np.zeros([6, 6])
    for i, j, value in ((0, 1, 0.8), (1, 2, 0.9), (0, 3, 0.7), (0, 4, 0.7), (3, 4, 0.6)):
        scores[i, j] = scores[j, i] = value
    # 1-2 leaves 0 to 3, the lower number of two equal ones; 4 and 5 have nobody.
    assert greedy_pairs(scores) == [(1, 2, 0.9), (0, 3, 0.7)]


def test_pairs_are_those_of_going_through_all_of_them():
    scores = np.random.RandomState(0).rand(21, 21)
    scores = scores + scores.T
    left, expected = set(range(21)), []
    while len(left) > 1:
        i, j = max(((i, j) for i in left for j in left if i < j), key=lambda pair: scores[pair])
        expected.append((i, j, scores[i, j]))
        left -= {i, j}
    assert greedy_pairs(scores) == expected and len(expected) == 10


def test_parts_are_groups_of_labels():
    assert sorted(label for group in CELEBA_PARTS.values() for label in group) == list(range(19))
    labels = np.array([[[3, 5], [13, 0]]])
    masks = masks_of(labels, CELEBA_PARTS)
    np.testing.assert_array_equal(masks["eye"], [[[True, True], [False, False]]])
    np.testing.assert_array_equal(masks["hair"], [[[False, False], [True, False]]])


def test_errors_by_hand():
    errors = PartErrors()
    mask = np.zeros([2, 2], bool)
    mask[0] = True
    shades = np.full([2, 2, 3], 100, np.uint8)
    errors.add(PartEdit(shades, shades + 50, mask, shades + 20))
    results = errors.results()
    assert results["mse_src"] == pytest.approx((20 / 127.5) ** 2)
    assert results["mse_ref"] == pytest.approx((30 / 127.5) ** 2)
    assert results["mse_between"] == pytest.approx((50 / 127.5) ** 2)
    empty = PartErrors()
    empty.add(PartEdit(shades, shades, ~mask | mask, shades))
    with pytest.raises(UserError, match="all empty or all full"):
        empty.results()
