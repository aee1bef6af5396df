"""Edits by a style function: labels, targets, strengths, outcomes, rows, and what does not fit."""

import dataclasses
import shutil

import numpy as np
import pytest

from tests.editing.teachers import (
    NAMES,
    colour_scorer,
    save_classifier,
    save_encoder,
    save_generator,
    save_scorer,
    save_style_function,
)
from tfgan_edit.config import UserError
from tfgan_edit.editing.editors import Edit, load_editor
from tfgan_edit.editing.style_functions import (
    StyleFunction,
    StyleFunctionEditor,
    chosen_rows,
    load_style_function,
    parse_attribute_layers,
    save_layers,
    sensitivity,
)
from tfgan_edit.editing.targets import parse_target
from tfgan_edit.networks.attribute_classifier import label_vectors
from tfgan_edit.ops.images import image_to_photo, photo_to_image
from tfgan_edit.preset import load_preset, save_preset

ROWS = 6


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A StyleGAN, an encoder for it, a style function trained with it, and others that are not."""
    folder = tmp_path_factory.mktemp("style_functions")
    faces = save_generator(folder / "faces")
    shutil.copytree(folder / "faces", folder / "copy")
    save_encoder(folder / "encoder")
    save_style_function(folder / "edits", faces)
    save_style_function(folder / "own", faces, encoder=folder / "encoder")
    save_style_function(folder / "converted")
    save_style_function(folder / "stale", faces, parents=["another"])
    save_style_function(folder / "short", num_ws=4)
    save_scorer(folder / "scorer.keras")
    return folder


@pytest.fixture(scope="module")
def editor(folder):
    return load_editor(
        folder / "edits", encoder=folder / "encoder", scorer=colour_scorer(), batch_size=2
    )


@pytest.fixture(scope="module")
def photos():
    return np.random.RandomState(1).randint(0, 256, (3, 16, 16, 3), np.uint8)


def test_an_edit_is_that_of_the_networks(editor, photos):
    assert isinstance(editor, StyleFunctionEditor) and editor.resolution == (16, 16)
    images = photo_to_image(photos)
    w_plus = editor.encoder(images).numpy()
    labels = label_vectors(colour_scorer().probabilities(images), NAMES).numpy()
    labels[:, 0] = 1 - labels[:, 0]
    labels[:, 2:] = [0, 1]
    z = np.random.RandomState(5).randn(1, 4).astype(np.float32)
    moved = editor.style.function(w_plus, labels, np.repeat(z, 3, axis=0))
    expected = image_to_photo(editor.generator.synthesis(moved, noise="constant"))
    edited = editor(photos, Edit(target="bright=toggle,tone=cold", sample=5))
    assert np.abs(edited.astype(int) - expected).max() <= 1


def test_strength_goes_from_the_face_to_the_edit(editor, photos):
    codes = editor.encode(photos[:2])
    edit = Edit(target="bright=1")
    start, half, whole = (
        editor.moved(codes, dataclasses.replace(edit, strength=s)) for s in (0.0, 0.5, 1.0)
    )
    np.testing.assert_array_equal(start, codes[0])
    np.testing.assert_allclose(half, (start + whole) / 2, rtol=1e-5, atol=1e-6)
    other = editor.moved(codes, dataclasses.replace(edit, sample=1))
    assert np.abs(other - whole).max() > 0.01
    np.testing.assert_array_equal(editor.moved(codes, edit), whole)


def test_photos_are_encoded_once(editor, photos, monkeypatch):
    calls = []
    found = editor._found
    monkeypatch.setattr(editor, "_found", lambda batch: calls.append(1) or found(batch))
    for target in ("bright=1", "bright=0"):
        editor(photos[:2], Edit(target=target))
    editor(photos[1:], Edit(target="bright=1"))
    assert len(calls) <= 2


def test_rows_of_attributes_alone_change(editor):
    style = StyleFunction(
        editor.style.function, lambda images: images, {"bright": [4, 5], "red": [0]}
    )
    w_plus = np.random.RandomState(0).randn(2, ROWS, 8).astype(np.float32)
    labels = np.float32([[0, 0, 1, 0], [1, 1, 0, 1]])
    for text, rows in (
        ("bright=1", [4, 5]),
        ("red=1,bright=0", [0, 4, 5]),
        ("tone=warm", range(ROWS)),
    ):
        edited = style.edited(w_plus, labels, parse_target(text, NAMES))
        changed = np.flatnonzero(np.abs(edited - w_plus).max(axis=(0, 2)))
        np.testing.assert_array_equal(changed, list(rows))


def test_the_discriminator_knows_attributes_too(folder, photos):
    _, _, style = load_style_function(folder / "edits")
    discriminator = load_preset(folder / "edits").networks["discriminator"]
    logits = discriminator(photo_to_image(photos)).numpy()[:, 1:]
    np.testing.assert_array_equal(style.labels(photos)[:, :2], logits[:, :2] >= 0)
    np.testing.assert_array_equal(style.labels(photos)[:, 2:].sum(axis=1), 1)


def test_without_a_discriminator_the_scorer_of_training_knows_attributes(folder, photos, tmp_path):
    save_classifier(tmp_path / "scorer")
    preset = load_preset(folder / "edits")
    function = {"style_function": preset.networks["style_function"]}
    config = {"frozen": {**preset.config["frozen"], "scorer": str(tmp_path / "scorer")}}
    save_preset(tmp_path / "edits", function, config=config, metadata=preset.metadata)
    _, _, style = load_style_function(tmp_path / "edits")
    _, _, given = load_style_function(folder / "edits", scorer=tmp_path / "scorer")
    np.testing.assert_array_equal(style.labels(photos), given.labels(photos))
    save_preset(tmp_path / "none", function, config=preset.config, metadata=preset.metadata)
    with pytest.raises(UserError, match="names no scorer, .* give the preset of a classifier"):
        load_style_function(tmp_path / "none")


def test_the_encoder_that_learned_with_it_is_used(folder, photos):
    own, given = load_editor(folder / "own"), load_editor(folder / "edits", encoder=folder / "own")
    codes = [editor.encode(photos)[0] for editor in (own, given)]
    np.testing.assert_array_equal(*codes)
    assert own.parents["encoder"] == load_preset(folder / "own").sha256


# === Learned rows ===


def test_sensitivity_and_chosen_rows(editor):
    """A stand-in that only moves row 2: no other row has an effect."""

    class Moves:
        names = NAMES

        def edited(self, w_plus, labels, target, sample):
            edited = w_plus.copy()
            edited[:, 2] += np.where(labels[:, :1] > 0.5, -9, 9)
            return edited

    def draw(w_plus):
        level = np.clip(127.5 + 20 * w_plus[:, 2, 0], 0, 255)
        photos = np.full((len(w_plus), 16, 16, 3), 127.5)
        photos[:, :8] = level[:, np.newaxis, np.newaxis, np.newaxis]
        return photos.astype(np.uint8)

    w_plus = np.zeros((4, ROWS, 8), np.float32)
    w_plus[:2, :, 0], w_plus[2:, :, 0] = -3, 3
    labels = np.float32([[0, 0, 1, 0]] * 2 + [[1, 0, 1, 0]] * 2)
    success, kept = sensitivity(Moves(), draw, colour_scorer(), w_plus, labels, "bright")
    np.testing.assert_allclose(success[[0, 1, 3, 4, 5]], 0, atol=1e-6)
    assert success[2] > 0.9 and success[6] == success[2]
    np.testing.assert_array_equal(kept, 1)  # the lower half does not change
    assert chosen_rows(success[:-1]) == [2]


@pytest.mark.parametrize(
    "success, rows",
    [([0.1, 0.7, 0.5, -0.3], [1, 2]), ([0.0, -1.0], [0, 1]), ([0.4, 0.3, 0.3], [0, 1, 2])],
)
def test_fewest_rows_with_most_of_the_effect(success, rows):
    assert chosen_rows(np.array(success)) == rows


def test_layers_as_text_and_file(tmp_path):
    parse = parse_attribute_layers
    assert parse("4-5", NAMES, ROWS) == dict.fromkeys(("bright", "red", "tone"), [4, 5])
    assert parse("bright=4-5/tone=coarse", NAMES, ROWS) == {"bright": [4, 5], "tone": [0, 1]}
    save_layers(tmp_path / "layers.json", {"red": [1, 3]}, {"red": [0.5]}, {"parents": {}})
    assert parse(str(tmp_path / "layers.json"), NAMES, ROWS) == {"red": [1, 3]}
    for text, words in (
        ("blue=1", "attribute 'blue' is unknown"),
        ("red=9", "layers '9' of red: must be"),
        ("x.json", "cannot read|no such|does not exist"),
    ):
        with pytest.raises(UserError, match=words):
            parse(text, NAMES, ROWS)
    with pytest.raises(UserError, match="must end in .json"):
        save_layers(tmp_path / "layers.txt", {}, {}, {})


# === What does not fit ===


@pytest.mark.parametrize(
    "preset, settings, edit, words",
    [
        ("edits", {}, {}, "needs a target, as smile=1; known: bright, red, tone"),
        ("edits", {}, {"target": "light=1"}, "attribute 'light' is unknown"),
        ("edits", {}, {"target": "red", "reference": np.zeros(1)}, "not by a reference"),
        ("edits", {"direction": "x"}, {}, "edits by target attributes: a direction is for"),
        ("edits", {"generator": "copy"}, None, None),
        ("converted", {}, {}, "does not say whose latents it edits"),
        ("stale", {}, {}, "was trained with another generator than .* is now"),
        ("short", {"generator": "faces"}, {}, "edits latents of 4x8 numbers, generator .* 6x8"),
        ("faces", {"scorer": "x"}, {}, "faces is no style function .*: scorer is for one"),
        ("faces", {}, {"target": "smile=1"}, "faces has no target attributes"),
    ],
)
def test_what_cannot_be_done_is_one_line(folder, photos, preset, settings, edit, words):
    if "generator" in settings:
        settings = {"generator": folder / settings["generator"]}
    settings = {"encoder": folder / "encoder", **settings}
    if words is None:  # equal weights are an equal generator, wherever it lies
        assert load_editor(folder / preset, **settings).generator.num_ws == ROWS
        return
    with pytest.raises(UserError, match=words) as caught:
        load_editor(folder / preset, **settings)(photos, Edit(**edit))
    assert "\n" not in str(caught.value)


def test_a_scorer_that_lacks_an_attribute(folder):
    from tfgan_edit.editing.scorers import load_scorer

    scorer = load_scorer(folder / "scorer.keras", ["bright", "blue", "tone=warm", "tone=cold"])
    with pytest.raises(UserError, match="attribute 'red' is unknown; .*known: bright, blue"):
        load_style_function(folder / "edits", scorer=scorer)
