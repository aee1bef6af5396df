"""Avatars: same number, same bytes; labels say what is drawn."""

import numpy as np
import pytest

from tfgan_edit.data import avatars, workers

STYLES = list(avatars.STYLES)


@pytest.mark.parametrize("style", STYLES)
def test_a_face_is_a_function_of_style_seed_and_index(style):
    photo, known = avatars.draw(style, 5, seed=3, resolution=32)
    again, known_again = avatars.draw(style, 5, seed=3, resolution=32)
    assert photo.shape == (32, 32, 3) and photo.dtype == np.uint8
    np.testing.assert_array_equal(photo, again)
    assert known == known_again == avatars.sample_attributes(style, 5, 3)
    for other in (dict(index=6, seed=3), dict(index=5, seed=4)):
        assert not np.array_equal(avatars.draw(style, resolution=32, **other)[0], photo)


@pytest.mark.parametrize("style", STYLES)
def test_each_attribute_alone_changes_the_picture(style):
    plain = {"eyeglasses": 0, "sunglasses": 0, "facial_hair": 0, "eyes_closed": 0}
    for index in range(4):
        photo, known = avatars.draw(style, index, attributes=plain)
        for name in avatars.STYLES[style].attributes:
            values = [value for value in avatars.ATTRIBUTES[name] if value != known[name]]
            changed, labels = avatars.draw(
                style, index, attributes=plain | {name: values[0]}
            )
            distance = np.abs(changed.astype(int) - photo).max(axis=-1)
            assert (distance > 30).sum() >= 4, (style, index, name)
            assert labels[name] == values[0]
            assert {**labels, name: known[name]} == known


@pytest.mark.parametrize("style", STYLES)
def test_long_hair_reaches_the_jaw_and_short_hair_does_not(style):
    plain = {"facial_hair": 0, "background": "sky"}
    for index in range(30):
        red, known = avatars.draw(
            style, index, attributes=plain | {"hair_color": "red"}
        )
        pink = avatars.draw(style, index, attributes=plain | {"hair_color": "pink"})[0]
        hair = np.abs(red.astype(int) - pink).max(axis=-1) > 60
        lowest = np.nonzero(hair.any(axis=1))[0].max() / 64
        assert (lowest > 0.62) == bool(known["long_hair"]), (style, index, lowest)


@pytest.mark.parametrize("style", STYLES)
def test_every_named_variant_exists_in_the_artwork(style):
    components = avatars._definition(style)["components"]
    for part, choices in avatars.STYLES[style].variants.items():
        for variants in choices.values():
            assert set(variants) <= set(components[part]["variants"])


def test_hair_and_skin_can_be_told_apart():
    def channels(colour):
        return np.array(list(bytes.fromhex(colour[1:])), int)

    for hair in avatars._HAIR.values():
        for skin in avatars._SKIN.values():
            assert np.abs(channels(hair) - channels(skin)).max() >= 40, (hair, skin)


def test_shades_of_different_colours_never_meet():
    for name, palette in avatars._PALETTES.items():
        colours = [np.array(list(bytes.fromhex(colour[1:])), int) for colour in palette.values()]
        for i, one in enumerate(colours):
            for other in colours[:i]:
                assert np.abs(one - other).max() > 2 * avatars._SHADES[name], (name, one, other)


def test_every_face_has_its_own_shades():
    known = dict.fromkeys(avatars._PALETTES) | {
        name: next(iter(palette)) for name, palette in avatars._PALETTES.items()
    }
    for name, palette in avatars._PALETTES.items():
        shades = [avatars._shade(name, "avataaars", index, 0, known) for index in range(50)]
        assert len(set(shades)) > 40
        named = np.array(list(bytes.fromhex(palette[known[name]][1:])), int)
        distances = [np.abs(np.array(list(bytes.fromhex(s[1:]))) - named).max() for s in shades]
        assert 0.7 * avatars._SHADES[name] < max(distances) <= avatars._SHADES[name]


def test_nothing_unfriendly_is_drawn():
    banned = {"vomit", "hearts", "cry", "xDizzy", "sad", "screamOpen", "angry", "skull"}
    for style in avatars.STYLES.values():
        for choices in style.variants.values():
            for variants in choices.values():
                assert not banned & set(variants)


def test_attributes_are_independent_and_have_their_stated_frequency():
    labels = np.stack(
        [
            avatars.label_vector(
                avatars.sample_attributes("avataaars", index, 1), "avataaars"
            )
            for index in range(4000)
        ]
    )
    names = avatars.label_names("avataaars")
    for name, probability in avatars._BINARY.items():
        error = abs(labels[:, names.index(name)].mean() - probability)
        assert error < 5 * np.sqrt(probability * (1 - probability) / 4000), name
    correlation = np.corrcoef(labels.T)
    for row, first in enumerate(names):
        for column, second in enumerate(names[:row]):
            same = first.partition("=")[0] == second.partition("=")[0]
            glasses = {first, second} == {"eyeglasses", "sunglasses"}
            if not (same or glasses):
                # five standard deviations of an empirical correlation: 5 / sqrt(4000)
                assert abs(correlation[row, column]) < 0.08, (first, second)
    both = labels[:, names.index("eyeglasses")] * labels[:, names.index("sunglasses")]
    assert not both.any()


def test_labels_are_binary_columns_then_one_hot_columns():
    known = avatars.sample_attributes("adventurer", 0)
    names = avatars.label_names("adventurer")
    vector = avatars.label_vector(known, "adventurer")
    assert vector.shape == (len(names),) and vector.dtype == np.float32
    assert vector[names.index("smile")] == known["smile"]
    assert vector[names.index(f"hair_color={known['hair_color']}")] == 1
    assert sum(vector[i] for i, name in enumerate(names) if "hair_color" in name) == 1
    assert not any("clothing" in name for name in names)
    assert avatars.label_schema("adventurer")["clothing_color"]["kind"] == "absent"
    assert "clothing_color" not in known


def test_artwork_names_author_and_licence():
    for style in STYLES:
        artwork = avatars.artwork(style)
        assert artwork["author"] and artwork["licence"] and artwork["notice"]


@pytest.mark.parametrize("style", STYLES)
def test_a_part_of_the_drawing_is_that_of_a_larger_one(style):
    whole, known = avatars.draw(style, 3, resolution=64)
    part, same = avatars.draw(style, 3, resolution=32, crop=(25, 0, 75, 50))
    np.testing.assert_array_equal(part, whole[:32, 16:48])
    assert known == same
    drawn = list(avatars.draw_many(style, 2, resolution=32, crop=(25, 0, 75, 50), progress=False))
    np.testing.assert_array_equal(drawn[1][0], avatars.draw(style, 1, resolution=64)[0][:32, 16:48])
    for crop in ((18, 4, 82, 68), (37, 37, 100, 100)):  # not of whole pixels
        assert avatars.draw(style, 0, resolution=20, crop=crop)[0].shape == (20, 20, 3)


def test_worker_processes_draw_the_same_and_do_not_import_tensorflow():
    serial = list(avatars.draw_many("avataaars", 40, resolution=16, workers=1, progress=False))
    spawned = list(
        avatars.draw_many("avataaars", 40, resolution=16, workers=2, progress=False)
    )
    for (photo, known), (other, other_known) in zip(serial, spawned, strict=True):
        np.testing.assert_array_equal(photo, other)
        assert known == other_known
    question = "import sys; from tfgan_edit.data import avatars; " + (
        "assert 'tensorflow' not in sys.modules and 'keras' not in sys.modules"
    )
    assert list(workers.map_in_order(exec, [question] * 2, workers=2)) == [None, None]


def test_work_comes_back_in_order_and_errors_are_passed_on():
    assert list(workers.map_in_order(abs, [-3, 2, -1], workers=1)) == [3, 2, 1]
    with pytest.raises(ZeroDivisionError):
        list(workers.map_in_order(eval, ["1", "1 / 0"], workers=2))
    with pytest.raises(ValueError, match="workers=0"):
        list(workers.map_in_order(abs, [1], workers=0))


@pytest.mark.parametrize(
    "arguments, message",
    [
        (dict(style="bob", index=0), "'bob'"),
        (dict(style="avataaars", index=0, resolution=4), "resolution=4"),
        (dict(style="adventurer", index=0, attributes={"clothing_color": "red"}), "may name"),
        (dict(style="avataaars", index=0, attributes={"smile": 2}), "Received: 2"),
        (
            dict(
                style="avataaars", index=0, attributes={"eyeglasses": 1, "sunglasses": 1}
            ),
            "exclude",
        ),
        (dict(style="avataaars", index=0, crop=(0, 0, 50, 101)), "0…100 percent"),
        (dict(style="avataaars", index=0, crop=(50, 0, 50, 0)), "0…100 percent"),
        (dict(style="avataaars", index=0, crop=(0, 0, 50, 60)), "square"),
    ],
)
def test_wrong_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        avatars.draw(**arguments)
