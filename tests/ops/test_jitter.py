"""Random views: each transformation by itself against its meaning, and its probability."""

import numpy as np
import pytest

from tfgan_edit.ops.jitter import NUM_UNIFORM, jitter

HALF = np.full([1, NUM_UNIFORM], 0.5, np.float32)  # no turn, shift, shear; scale 1; no flip at 0.5
GATE, ANGLE, DX, DY, SCALE, SHEAR, LEFT, TOP, FLIP = range(NUM_UNIFORM)
STILL = {"enlarge": 1.0, "scale": (0.5, 1.5)}


def blob(side=33):
    """A picture whose channels are x, y and 1, about the centre."""
    x = np.arange(side, dtype=np.float32) - (side - 1) / 2
    ones = np.ones((side, side), np.float32)
    return np.stack([x * ones, x[:, np.newaxis] * ones, ones], axis=-1)[np.newaxis]


def draws(**values):
    """The uniform numbers of a sample, by name; those that are not given change nothing."""
    numbers = HALF.copy()
    numbers[0, GATE] = 0.0
    for name, value in values.items():
        numbers[0, globals()[name]] = value
    return numbers


def test_the_middle_of_all_numbers_changes_nothing():
    images = blob()
    np.testing.assert_allclose(jitter(images, draws(), **STILL), images, atol=1e-5)


@pytest.mark.parametrize("number, degrees", ((1.0, 30.0), (0.0, -30.0)))
def test_rotation(number, degrees):
    x, y, inside = np.moveaxis(
        jitter(blob(), draws(ANGLE=number), degrees=30.0, **STILL)[0].numpy(), -1, 0
    )
    middle = np.s_[10:23, 10:23]
    old = blob()[0]
    assert inside[middle].min() == pytest.approx(1)
    # It is what was seen at the place turned back.
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    np.testing.assert_allclose(
        x[middle], (cos * old[..., 0] - sin * old[..., 1])[middle], atol=1e-4
    )
    np.testing.assert_allclose(
        y[middle], (sin * old[..., 0] + cos * old[..., 1])[middle], atol=1e-4
    )


@pytest.mark.parametrize("number, factor", ((1.0, 1.5), (0.0, 0.5)))
def test_scale(number, factor):
    result = jitter(blob(), draws(SCALE=number), **STILL)[0].numpy()
    middle = np.s_[12:21, 12:21]
    np.testing.assert_allclose(result[middle], blob()[0][middle] / (factor, factor, 1), atol=1e-4)


def test_shift_leaves_grey():
    result = jitter(blob(), draws(DX=1.0), translate=0.25, **STILL)[0].numpy()
    # 8.25 pixels to the right; the first column mixes with the grey beside it.
    np.testing.assert_allclose(result[:, 9:, 0], blob()[0][:, 1:25, 0] - 0.25, atol=1e-4)
    np.testing.assert_allclose(result[:, 8, 2], 0.75, atol=1e-4)
    assert np.all(result[:, :8] == 0)


def test_shear_moves_rows():
    result = jitter(blob(), draws(SHEAR=1.0), shear=45.0, **STILL)[0].numpy()
    middle = np.s_[12:21, 12:21]
    old = blob()[0]
    np.testing.assert_allclose(
        result[..., 0][middle], (old[..., 0] - old[..., 1])[middle], atol=1e-4
    )
    np.testing.assert_allclose(result[..., 1][middle], old[..., 1][middle], atol=1e-4)


@pytest.mark.parametrize("number, corner", ((0.0, 0), (0.999, 10)))
def test_crop_of_the_enlarged_picture(number, corner):
    """20 px enlarged to 30, of which the corner's pixels are seen; nothing is grey."""
    images = blob(20)
    result = jitter(images, draws(LEFT=number, TOP=number), enlarge=1.5)[0].numpy()
    u = np.arange(20) + corner
    expected = np.clip((u + 0.5) / 1.5 - 0.5, 0, 19) - 9.5
    inner = np.s_[2:-2]
    np.testing.assert_allclose(result[10, inner, 0], expected[inner], atol=1e-4)
    np.testing.assert_allclose(result[inner, 10, 1], expected[inner], atol=1e-4)


def test_flip_is_the_last():
    numbers = draws(FLIP=0.0, DX=1.0)
    plain = jitter(blob(), draws(DX=1.0), **STILL)
    np.testing.assert_allclose(jitter(blob(), numbers, **STILL), plain[:, :, ::-1], atol=1e-4)


def test_probabilities():
    """Half of the samples are moved, half are flipped, independently; the crop is of all."""
    random = np.random.RandomState(0)
    numbers = random.uniform(0.01, 0.99, (400, NUM_UNIFORM)).astype(np.float32)
    images = np.tile(blob(9), (400, 1, 1, 1))
    result = jitter(images, numbers, enlarge=1.0).numpy()
    flipped = result[:, 4, 5, 0] < result[:, 4, 3, 0]
    same = np.abs(result - np.where(flipped[:, None, None, None], images[:, :, ::-1], images))
    moved = same.max(axis=(1, 2, 3)) > 1e-4
    assert 0.42 < flipped.mean() < 0.58 and 0.42 < moved.mean() < 0.58
    assert 0.17 < (flipped & moved).mean() < 0.33
    np.testing.assert_array_equal(moved, numbers[:, 0] < 0.5)
