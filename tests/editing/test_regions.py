"""Local edits against the golden files of the original code, and by hand."""

import numpy as np
import pytest

from tests import golden_files as golden
from tests.cases import assert_close
from tests.networks.stylemapgan_networks import NAMES, kept, load
from tfgan_edit.config import UserError
from tfgan_edit.editing.regions import (
    Move,
    StylemapEdit,
    blend,
    check_mask,
    mixed,
    moved,
    named_mask,
    parse_moves,
    parse_shift,
    pooled_mask,
    transplanted,
)


def codes_of(name):
    """(synthesis, codes of x1, codes of x2, stylemaps of both, mask [2, H, W] in 0…1, …)."""
    networks, arrays, meta = load(name)
    synthesis = networks["generator"].synthesis
    stylemaps = [networks["encoder"](golden.nhwc(arrays[f"in/x{i}"])) for i in (1, 2)]
    mask = (arrays["in/mask"] > -1).astype(np.float32)
    return synthesis, stylemaps, mask, arrays, meta


# === The original's results ===


@pytest.mark.parametrize("name", NAMES)
def test_a_region_in_the_space_of_codes(name):
    synthesis, stylemaps, mask, arrays, meta = codes_of(name)
    codes = blend(*map(synthesis.codes, stylemaps), mask)
    rows, expected = kept(arrays, meta, "edit_wplus")
    assert_close(synthesis.decode(codes)[rows], expected, golden.IMAGE)


def test_a_region_in_the_space_of_stylemaps():
    synthesis, stylemaps, mask, arrays, meta = codes_of("stylemapgan_full_32_s8")
    (stylemap,) = blend(stylemaps[:1], stylemaps[1:], mask)
    rows, expected = kept(arrays, meta, "edit_w")
    assert_close(synthesis(stylemap)[rows], expected, golden.IMAGE)


@pytest.mark.parametrize("scale, key", (("coarse", "mix_coarse"), ("fine", "mix_fine")))
def test_mixed_scales(scale, key):
    """The original names what image 1 gives; here it is what the reference gives."""
    synthesis, stylemaps, _, arrays, meta = codes_of("stylemapgan_full_32_s8")
    first, second = map(synthesis.codes, stylemaps)
    rows, expected = kept(arrays, meta, key)
    assert_close(synthesis.decode(mixed(second, first, scale))[rows], expected, golden.IMAGE)


def test_the_demonstration():
    """Two references with shifts up and down, in order; three strengths of the blend."""
    synthesis, stylemaps, _, arrays, meta = codes_of("stylemapgan_full_32_s8")
    demo = meta["demo"]
    codes = synthesis.codes(np.repeat(stylemaps[0][:1], demo["steps"], axis=0))
    strength = np.linspace(0, 1, demo["steps"], dtype=np.float32).reshape(-1, 1, 1, 1)
    for i in range(2):
        codes = blend(
            codes,
            synthesis.codes(stylemaps[1][i : i + 1]),
            arrays["in/demo_mask"][i],
            shift=(demo["shift_y"][i], demo["shift_x"][i]),
            strength=strength,
            pooling="half",
        )
    expected = golden.nhwc(arrays["out/edit_demo"])
    assert_close(synthesis.decode(codes), expected, golden.IMAGE)
    assert not np.allclose(expected[0], expected[2])


# === By hand ===


def test_pooling():
    mask = np.zeros([1, 4, 4], np.float32)
    mask[0, 0, 0] = 1  # one of four pixels
    mask[0, 2:, 2:] = [[1, 1], [1, 0]]  # three of four
    values = {"max": [[1, 0], [0, 1]], "half": [[0, 0], [0, 1]], "soft": [[0.25, 0], [0, 0.75]]}
    for pooling, expected in values.items():
        pooled = pooled_mask(mask, (2, 2), pooling)
        np.testing.assert_array_equal(pooled[0, :, :, 0], expected, pooling)


@pytest.mark.parametrize("shift", ((1, 0), (0, -1), (-2, 1), (3, 0), (5, 5)))
def test_moved_maps_bring_in_zeros(shift):
    x = np.arange(1, 13, dtype=np.float32).reshape(1, 3, 4, 1)
    expected = np.zeros_like(x)
    for row in range(3):
        for column in range(4):
            to = row + shift[0], column + shift[1]
            if 0 <= to[0] < 3 and 0 <= to[1] < 4:
                expected[0, to[0], to[1]] = x[0, row, column]
    np.testing.assert_array_equal(moved(x, shift), expected)


def test_blend_by_hand():
    """The reference's upper left cell goes one cell to the right, at half strength."""
    source, reference = np.zeros([1, 2, 2, 1], np.float32), np.full([1, 2, 2, 1], 8, np.float32)
    mask = np.zeros([1, 4, 4], np.float32)
    mask[0, :2, :2] = 1
    settings = {"shift": (0, 3), "strength": 0.5}  # 3 pixels are one cell, rounded towards zero
    (result,) = blend([source], [reference], mask, **settings)
    np.testing.assert_array_equal(result[0, :, :, 0], [[0, 4], [0, 0]])
    (result,) = blend([source], [reference], mask, shift=(0, -3))
    np.testing.assert_array_equal(result, source)  # out of the picture


def test_moves():
    source, reference = np.zeros([2, 3, 3, 1]), np.arange(9.0).reshape(1, 3, 3, 1)
    moves = parse_moves("1x2 from 0,1 to 2,0; 1x1 at 1,1", (3, 3))
    assert moves == (Move(1, 2, (0, 1), (2, 0)), Move(1, 1, (1, 1), (1, 1)))
    result = transplanted(source, reference, moves)
    for row in result[..., 0]:
        np.testing.assert_array_equal(row, [[0, 0, 0], [0, 4, 0], [1, 2, 0]])
    assert not source.any()


@pytest.mark.parametrize(
    "text, message",
    (
        ("2x4", "must be like '2x4 from 3,2 to 4,2'"),
        ("2x2 from 7,0 to 0,0", "2x2 cells at 7,0 do not fit a stylemap of 8x8"),
        ("2x2 from 0,0 to 0,7", "at 0,7 do not fit"),
        ("0x2 at 0,0", "0x2 cells"),
        ("1x1 at 0,0;", "must be like"),
    ),
)
def test_moves_that_are_none(text, message):
    with pytest.raises(UserError, match=message):
        parse_moves(text, (8, 8))


def test_named_masks():
    assert named_mask("left", (4, 6))[:, :3].all() and not named_mask("left", (4, 6))[:, 3:].any()
    assert named_mask("bottom", (4, 6))[2:].all() and not named_mask("bottom", (4, 6))[:2].any()
    mask = named_mask("1,0,3,2/5,3,6,4", (4, 6))
    assert mask.sum() == 5 and mask[0, 1] == mask[3, 5] == 1
    assert named_mask("eyes.png", (4, 6)) is None
    for text in ("0,0,7,1", "2,0,2,1", "1,2,3", "3,0,1,1"):
        with pytest.raises(UserError, match="LEFT,TOP,RIGHT,BOTTOM within 6x4 pixels"):
            named_mask(text, (4, 6))


def test_shifts():
    assert parse_shift("8,-5") == (8, -5) and parse_shift("+1,0") == (1, 0)
    for text in ("8", "a,b", "1,2,3", "1.5,2"):
        with pytest.raises(UserError, match="must be DOWN,RIGHT in pixels"):
            parse_shift(text)


def test_masks_that_are_none():
    with pytest.raises(UserError, match="has no pixels"):
        check_mask(np.zeros([4, 4]), (4, 4))
    with pytest.raises(UserError, match=r"of 6x4 pixels as the photo, this one has .*\[4, 4\]"):
        check_mask(np.ones([4, 4]), (4, 6))


@pytest.mark.parametrize(
    "name, value", (("space", "z"), ("pooling", "min"), ("scale", "middle"))
)
def test_unknown_settings_are_named(name, value):
    with pytest.raises(ValueError, match=f"{name}='{value}'"):
        StylemapEdit(**{name: value})
