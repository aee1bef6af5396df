import numpy as np
import pytest

from tfgan_edit.config import UserError
from tfgan_edit.editing.pair_choice import DistanceBound, choose_pairs

STRENGTHS = (-3.0, -1.5, 0.0, 1.5, 3.0)


def certainties(target):
    return 1 - np.array(target), np.array(target)


def test_the_smallest_certain_step_is_taken():
    target = [[0.0, 0.05, 0.5, 0.93, 1.0], [0.02, 0.08, 0.95, 0.97, 1.0]]
    first, second, causes = choose_pairs(
        *certainties(target), np.zeros((2, 5, 0)), STRENGTHS, 0.9
    )
    assert (first.tolist(), second.tolist()) == ([1, 1], [3, 2])
    assert causes == [None, None]


def test_of_equal_steps_the_surest():
    target = [[0.01, 0.92, 0.09, 0.99, 0.5]]  # 0→1 and 2→3, also 2→1
    first, second, _ = choose_pairs(*certainties(target), np.zeros((1, 5, 0)), STRENGTHS, 0.9)
    assert (first[0], second[0]) == (0, 1)


def test_members_agree_in_what_is_kept():
    target = np.array([[0.0, 0.05, 0.95, 0.96, 1.0]] * 2)
    classes = np.zeros((2, 5, 2), int)
    classes[0, 2:4, 1] = 1  # the second attribute changes, and comes back
    classes[1, 2:, 0] = 1
    first, second, causes = choose_pairs(*certainties(target), classes, STRENGTHS, 0.9)
    assert (first[0], second[0]) == (1, 4)
    assert (first[1], second[1], causes[1]) == (-1, -1, 0)


def test_why_there_is_no_pair():
    target = [[0.2, 0.3, 0.4, 0.95, 1.0], [0.0, 0.1, 0.2, 0.8, 0.89]]
    first, _, causes = choose_pairs(*certainties(target), np.zeros((2, 5, 0)), STRENGTHS, 0.9)
    assert first.tolist() == [-1, -1] and causes == ["source", "target"]


def test_pixels_inside_the_region_do_not_count():
    x = np.zeros((2, 8, 8, 3), np.uint8)
    y = x.copy()
    y[0, 4:, :4] = 255  # the lower left quarter
    y[1, :2, :2] = 51
    whole = DistanceBound("pixels", 1).distances(x, y)
    np.testing.assert_allclose(whole, [0.5, 0.4 * 4 / 64])
    outside = DistanceBound("pixels", 1, region=(0, 0.5, 0.5, 1)).distances(x, y)
    np.testing.assert_allclose(outside, [0, 0.4 * 4 / 48])


def test_unknown_distances_are_named():
    with pytest.raises(UserError, match="distance 'lite' is unknown; known: pixels, lpips_alex"):
        DistanceBound("lite", 0.1)
    with pytest.raises(UserError, match="the weights 'arcface' .* are not here"):
        DistanceBound("arcface", 0.1)
