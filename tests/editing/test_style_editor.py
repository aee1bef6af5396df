"""Drawing in styles: random, of a reference, truncated, moved by SeFA, both directions."""

import numpy as np
import pytest
import tensorflow as tf

from tests.editing.rose_presets import save_roses
from tfgan_edit.config import UserError
from tfgan_edit.editing.directions import Direction
from tfgan_edit.editing.editors import Edit, load_editor
from tfgan_edit.editing.style_editor import StyleEditor, edits_of, weight_direction
from tfgan_edit.ops.images import image_to_photo, photo_to_image


@pytest.fixture(scope="module")
def presets(tmp_path_factory):
    folder = tmp_path_factory.mktemp("roses")
    save_roses(folder / "both")
    save_roses(folder / "one", backward=False)
    return folder


@pytest.fixture(scope="module")
def editor(presets):
    return load_editor(presets / "both", batch_size=2)


@pytest.fixture(scope="module")
def photos():
    return np.random.RandomState(1).randint(0, 256, (3, 16, 16, 3), np.uint8)


def drawn(generator, photos, styles):
    return image_to_photo(generator(photo_to_image(photos), tf.constant(styles, tf.float32)))


def test_a_random_style(editor, photos):
    assert isinstance(editor, StyleEditor) and editor.resolution == (16, 16)
    style = np.random.RandomState(7).randn(3)
    expected = drawn(editor.generator, photos, [style] * 3)
    edited = editor(photos, Edit(style=editor.random_styles([7])[0]))
    assert np.abs(edited.astype(int) - expected).max() <= 1
    assert np.any(editor(photos) != edited)  # that of seed 0
    one = editor(photos[1], Edit(style=editor.random_styles([7])[0]))
    assert np.abs(one.astype(int) - edited[1]).max() <= 1


def test_a_style_for_each_photo_across_batches(editor, photos):
    styles = editor.random_styles([1, 2, 3])
    edited = editor(photos, Edit(style=styles))
    for photo, style, expected in zip(photos, styles, edited, strict=True):
        alone = editor(photo, Edit(style=style))
        assert np.abs(alone.astype(int) - expected).max() <= 1


def test_variations_encode_once(editor, photos, monkeypatch):
    calls = []
    encode = editor.encode
    monkeypatch.setattr(editor, "encode", lambda x: calls.append(len(x)) or encode(x))
    styles = editor.random_styles(range(4))
    results = editor.variations(photos, edits_of(styles))
    assert results.shape == (4, 3, 16, 16, 3) and calls == [2, 1]
    np.testing.assert_array_equal(results[2], editor(photos, Edit(style=styles[2])))


def test_a_reference_is_read_by_the_opposite_encoder(editor, photos):
    reference = np.random.RandomState(3).randint(0, 256, (20, 16, 3), np.uint8)
    middle = reference[2:18]
    backward = editor.preset.networks["backward_generator"]
    style = backward.encode(photo_to_image(middle[np.newaxis]))[1].numpy()
    expected = drawn(editor.generator, photos, np.repeat(style, 3, axis=0))
    edited = editor(photos, Edit(reference=reference))
    assert np.abs(edited.astype(int) - expected).max() <= 1


def test_both_directions(presets, editor, photos):
    back = load_editor(presets / "both", backward=True)
    assert back.generator.get_config() == editor.opposite.get_config()
    expected = drawn(editor.opposite, photos, np.random.RandomState(0).randn(1, 3).repeat(3, 0))
    assert np.abs(back(photos).astype(int) - expected).max() <= 1
    assert back.parents["translates"] != editor.parents["translates"]


def test_truncation(editor):
    w = editor.random_styles(range(200))
    assert np.abs(w.mean(axis=0) - editor.w_avg).max() < 0.3 * w.std(axis=0).max()
    np.testing.assert_allclose(editor.truncated(w, 1.0), w, atol=1e-6)
    np.testing.assert_allclose(editor.truncated(w[0], 0.0), editor.w_avg)
    half = editor.truncated(w, 0.5)
    np.testing.assert_allclose(half - editor.w_avg, (w - editor.w_avg) / 2, atol=1e-6)


def test_directions_of_the_weights(editor, photos):
    """Orthogonal unit vectors, of which the first moves the layers' styles the most."""
    directions = [weight_direction(editor, i) for i in range(editor.generator.w_dim)]
    vectors = np.stack([direction.vectors for direction in directions])
    np.testing.assert_allclose(vectors @ vectors.T, np.eye(len(vectors)), atol=1e-5)
    layers = editor.generator.decoder.affines

    def moved(vector):
        zero = np.zeros((1, len(vector)), np.float32)
        return sum(float(tf.norm(a(zero + vector) - a(zero)) ** 2) for a in layers)

    lengths = [moved(vector) for vector in vectors]
    assert np.all(np.diff(lengths) < 1e-4 * lengths[0])
    shares = [direction.metadata["share"] for direction in directions]
    np.testing.assert_allclose(np.array(lengths) / sum(lengths), shares, atol=1e-4)
    style = editor.random_styles([0])[0]
    edited = editor(photos, Edit(strength=3.0, direction=directions[1], style=style))
    np.testing.assert_array_equal(edited, editor(photos, Edit(style=style + 3 * vectors[1])))


@pytest.mark.parametrize(
    "preset, settings, edit, match",
    (
        ("one", {"backward": True}, {}, "has no network 'backward_generator'"),
        ("one", {}, {"reference": np.zeros((16, 16, 3), np.uint8)}, "one direction only"),
        ("both", {"encoder": "x"}, {}, "draws in styles: encoder is for a StyleGAN"),
        ("both", {}, {"strength": 2.0}, "strength 2 is of a direction: give one"),
        ("both", {}, {"direction": Direction(np.ones(3))}, "of a generator with w of 3 numbers"),
        ("both", {}, {"direction": Direction(np.ones((2, 6)))}, "has 2 rows of w_plus, .* has 1"),
        (
            "both",
            {},
            {"style": np.zeros(6), "reference": np.zeros((16, 16, 3), np.uint8)},
            "a style or a reference, not both",
        ),
    ),
)
def test_what_cannot_be_done_is_one_line(presets, photos, preset, settings, edit, match):
    with pytest.raises(UserError, match=match) as caught:
        load_editor(presets / preset, **settings)(photos, Edit(**edit))
    assert "\n" not in str(caught.value)


def test_components_end(editor):
    with pytest.raises(UserError, match="component 6 of SeFA is not in 0-5"):
        weight_direction(editor, 6)
