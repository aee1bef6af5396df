"""The editor of a StyleMapGAN: rebuilding, blending, moving, mixing, directions, refinement."""

import dataclasses

import numpy as np
import pytest

from tests.editing.tiny_stylemapgan import save_stylemapgan
from tfgan_edit.config import UserError
from tfgan_edit.editing.directions import Direction
from tfgan_edit.editing.editors import Edit, load_editor
from tfgan_edit.editing.image_distances import PixelDistance
from tfgan_edit.editing.inversion import ProjectionSettings
from tfgan_edit.editing.regions import Region, StylemapEdit, named_mask, parse_moves
from tfgan_edit.editing.stylemap_editor import Refinement, StylemapEditor
from tfgan_edit.metrics.pairs import squared_error
from tfgan_edit.ops.images import image_to_photo, photo_to_image


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return save_stylemapgan(tmp_path_factory.mktemp("presets") / "stylemapgan").path


@pytest.fixture(scope="module")
def editor(folder):
    return load_editor(folder, batch_size=2)


@pytest.fixture(scope="module")
def photos():
    return np.random.RandomState(1).randint(0, 256, (3, 16, 16, 3), np.uint8)


def near(a, b, levels=1):
    return np.abs(a.astype(int) - b).max() <= levels


def drawn(editor, stylemaps):
    return image_to_photo(editor.generator.synthesis(stylemaps)).numpy()


def region(photos, mask="left", **settings):
    return Region(photos[2], named_mask(mask, (16, 16)), **settings)


def with_regions(*regions, strength=1.0, **settings):
    return Edit(strength, stylemap=StylemapEdit(regions=regions, **settings))


def test_without_an_edit_photos_are_rebuilt(editor, photos):
    assert isinstance(editor, StylemapEditor) and editor.resolution == (16, 16)
    rebuilt = editor(photos)
    expected = drawn(editor, editor.encoder(photo_to_image(photos)))
    assert rebuilt.dtype == np.uint8 and near(rebuilt, expected)
    assert near(editor(photos[1]), rebuilt[1])


def test_interpolation_of_stylemaps(editor, photos):
    ends = editor.encode(photos[:2]), editor.encode(photos[2:])
    edited = editor(photos[:2], Edit(0.25, reference=photos[2]))
    assert near(edited, drawn(editor, 0.75 * ends[0] + 0.25 * ends[1]))


@pytest.mark.parametrize("space", ("w", "w_plus"))
@pytest.mark.parametrize("pooling", ("max", "half", "soft"))
def test_a_region_changes_its_side_most(editor, photos, space, pooling):
    rebuilt = editor(photos[:2])
    edit = with_regions(region(photos), space=space, pooling=pooling)
    edited = editor(photos[:2], edit)
    change = np.abs(edited.astype(int) - rebuilt).mean((0, 1, 3))
    assert change[:8].mean() > 2 * change[8:].mean()
    none = dataclasses.replace(edit, strength=0.0)
    assert near(editor(photos[:2], none), rebuilt)


def test_the_whole_mask_gives_the_reference(editor, photos):
    whole = Region(photos[2], np.ones([16, 16], np.float32))
    assert near(editor(photos[0], with_regions(whole)), editor(photos[2]))
    stylemap = dataclasses.replace(whole, reference=editor.encode(photos[2:])[0])
    assert near(editor(photos[0], with_regions(stylemap)), editor(photos[2]))


def test_later_regions_lie_above_earlier_ones(editor, photos):
    whole = np.ones([16, 16], np.float32)
    edit = with_regions(Region(photos[1], whole), Region(photos[2], whole))
    assert near(editor(photos[0], edit), editor(photos[2]))
    out = with_regions(Region(photos[1], whole), Region(photos[2], whole, shift=(16, 0)))
    assert near(editor(photos[0], out), editor(photos[1]))


def test_moves(editor, photos):
    moves = parse_moves("2x4 from 0,0 to 2,0", (4, 4))
    stylemaps, reference = editor.encode(photos[:2]), editor.encode(photos[2:])
    expected = stylemaps.copy()
    expected[:, 2:] = reference[:, :2]
    edit = Edit(reference=photos[2], stylemap=StylemapEdit(moves=moves))
    assert near(editor(photos[:2], edit), drawn(editor, expected))


def test_scales(editor, photos):
    synthesis = editor.generator.synthesis
    first, second = (synthesis.codes(editor.encode(p[np.newaxis])) for p in photos[[0, 2]])
    edit = Edit(reference=photos[2], stylemap=StylemapEdit(scale="coarse"))
    expected = image_to_photo(synthesis.decode(second[:2] + first[2:])).numpy()
    assert near(editor(photos[:1], edit), expected)
    fine = Edit(reference=photos[2], stylemap=StylemapEdit(scale="fine"))
    expected = image_to_photo(synthesis.decode(first[:2] + second[2:])).numpy()
    assert near(editor(photos[:1], fine), expected)


def test_a_direction_everywhere_and_in_a_region(editor, photos):
    vectors = np.random.RandomState(0).randn(4, 4, 3).astype(np.float32)
    direction = Direction(vectors)
    stylemaps = editor.encode(photos[:2])
    edited = editor(photos[:2], Edit(2.0, direction))
    assert near(edited, drawn(editor, stylemaps + 2 * vectors))
    vectors[:, 2:] = 0
    change = StylemapEdit(mask=named_mask("left", (16, 16)))
    edited = editor(photos[:2], Edit(2.0, direction, stylemap=change))
    assert near(edited, drawn(editor, stylemaps + 2 * vectors))


def test_references_are_encoded_once(editor, photos, monkeypatch):
    edit = Edit(0.5, reference=np.ascontiguousarray(photos[2, ::-1]))
    codes = editor.encode(photos[:1])
    calls = []
    encode = editor.encode
    monkeypatch.setattr(editor, "encode", lambda p: calls.append(len(p)) or encode(p))
    for strength in (0.1, 0.5, 0.9):
        editor.apply(codes, dataclasses.replace(edit, strength=strength))
    assert calls == [1]


def test_refinement_comes_closer_to_the_photo(editor, photos):
    stylemaps = editor.encode(photos)
    refinement = Refinement(editor.generator, PixelDistance(), steps=30, learning_rate=0.05)
    refined = refinement(photos, stylemaps)
    before, after = (squared_error(drawn(editor, w), photos) for w in (stylemaps, refined))
    assert np.all(after < 0.95 * before)
    # Each photo by itself, and from the start again.
    other_way_round = refinement(photos[::-1], stylemaps[::-1])
    np.testing.assert_allclose(other_way_round[::-1], refined, atol=1e-2)


def test_steps_ask_for_refinement(folder, photos):
    plain = load_editor(folder)
    refined = load_editor(folder, projection=ProjectionSettings(steps=10), distance="pixels")
    errors = [squared_error(e(photos[0])[None], photos[:1]).mean() for e in (plain, refined)]
    assert errors[1] < errors[0] and refined.refinement.steps == 10


# === What does not fit ===


EMPTY, SMALL = np.zeros([16, 16], np.float32), np.ones([8, 8], np.float32)
PHOTO = np.zeros([16, 16, 3], np.uint8)


@pytest.mark.parametrize(
    "edit, message",
    (
        (Edit(stylemap=StylemapEdit(scale="fine")), "reference is missing: fine codes"),
        (Edit(stylemap=StylemapEdit(moves=("any",))), "reference is missing: moved parts"),
        (Edit(stylemap=StylemapEdit(mask=EMPTY)), "give a reference or a direction"),
        (Edit(reference=PHOTO[:8]), r"a photo of \[8, 16, 3\], .* takes \[16, 16, 3\]"),
        (with_regions(Region(PHOTO, EMPTY)), "has no pixels"),
        (with_regions(Region(PHOTO, SMALL)), r"16x16 pixels as the photo, .*\[8, 8\]"),
        (
            with_regions(Region(np.zeros([8, 8, 3], np.float32), EMPTY + 1)),
            r"a stylemap of \[8, 8, 3\], .* takes \[4, 4, 3\]",
        ),
        (Edit(float("nan")), "strength nan"),
        (Edit(direction=Direction(np.ones(8))), r"of \[8\] numbers, this .* \[4, 4, 3\]"),
    ),
)
def test_edits_that_cannot_be_done_are_named(editor, photos, edit, message):
    with pytest.raises(UserError, match=message):
        editor(photos[0], edit)


def test_networks_of_two_trainings_are_named(tmp_path):
    save_stylemapgan(tmp_path / "wrong", stylemap_channels=2)
    with pytest.raises(UserError, match=r"gives stylemaps of \[4, 4, 2\].*not of one training"):
        load_editor(tmp_path / "wrong")


def test_it_brings_its_own_encoder(folder):
    with pytest.raises(UserError, match="has an encoder of its own"):
        load_editor(folder, encoder=folder)
