import dataclasses

import numpy as np
import pytest

from tests.editing.teachers import bright_direction, save_generator
from tfgan_edit.config import UserError
from tfgan_edit.editing.editors import DirectionEditor, Edit, TranslationEditor, load_editor
from tfgan_edit.editing.inversion import ProjectionSettings
from tfgan_edit.networks.encoder import LatentEncoder
from tfgan_edit.networks.mobile_pix2pixhd import MobilePix2PixHDGenerator
from tfgan_edit.networks.pix2pixhd import Pix2PixHDGenerator
from tfgan_edit.networks.stylegan2 import StyleGAN2Discriminator
from tfgan_edit.ops.images import image_to_photo, photo_to_image
from tfgan_edit.preset import load_preset, save_preset


@pytest.fixture(scope="module")
def presets(tmp_path_factory):
    """A folder with a StyleGAN, encoders, translators of one and of two photos, and another."""
    folder = tmp_path_factory.mktemp("presets")
    save_generator(folder / "faces")
    sizes = {"width": 4, "num_downsamplings": 2, "num_blocks": 1}
    networks = {
        "encoder": LatentEncoder(16, 6, 8, channel_max=8, name="encoder"),
        "wrong_encoder": LatentEncoder(16, 5, 8, channel_max=8, name="encoder"),
        "translator": Pix2PixHDGenerator(**sizes),
        "student": MobilePix2PixHDGenerator(**sizes),
        "mixer": Pix2PixHDGenerator(in_channels=6, **sizes),
        "labels": Pix2PixHDGenerator(in_channels=7, **sizes),
        "no_editor": StyleGAN2Discriminator(16, channel_max=8),
    }
    random = np.random.RandomState(0)
    for name, network in networks.items():
        for weight in network.weights:
            weight.assign_add(0.1 * random.randn(*weight.shape))
        role = "encoder" if "encoder" in name else "generator"
        metadata = {"method": name}
        if name == "student":
            metadata["data"] = {"resolution": [16, 16]}
        save_preset(folder / name, {role: network}, config={}, metadata=metadata)
    return folder


@pytest.fixture(scope="module")
def direction(presets):
    return bright_direction(load_preset(presets / "faces"))


@pytest.fixture(scope="module")
def photos():
    return np.random.RandomState(1).randint(0, 256, (3, 16, 16, 3), np.uint8)


# === one pass ===


def test_a_translator_edits_photos_and_batches(presets, photos):
    editor = load_editor(presets / "translator", batch_size=2)
    assert isinstance(editor, TranslationEditor) and editor.resolution is None
    edited = editor(photos)
    assert edited.shape == photos.shape and edited.dtype == np.uint8
    output = editor.generator(photo_to_image(photos))
    np.testing.assert_array_equal(edited, image_to_photo(output))
    one = editor(photos[1])
    assert one.shape == (16, 16, 3) and np.abs(one.astype(int) - edited[1]).max() <= 1


def test_strength_mixes_pixels(presets, photos):
    editor = load_editor(presets / "translator")
    np.testing.assert_array_equal(editor(photos, Edit(strength=0)), photos)
    half, whole = editor(photos, Edit(strength=0.5)), editor(photos)
    assert np.abs(half - (photos + whole.astype(float)) / 2).max() <= 1


def test_two_photos(presets, photos):
    editor = load_editor(presets / "mixer")
    edited = editor(photos[:2], Edit(reference=photos[2]))
    both = np.concatenate([photos[:2], photos[[2, 2]]], axis=-1)
    np.testing.assert_array_equal(edited, image_to_photo(editor.generator(photo_to_image(both))))


def test_sizes(presets, photos):
    free, fixed = load_editor(presets / "translator"), load_editor(presets / "student")
    assert free.size_for(33, 18) == (32, 16) and free.size_for(1, 1) == (4, 4)
    assert fixed.size_for(33, 18) == fixed.resolution == (16, 16)
    with pytest.raises(ValueError, match=r"photo must be \[16, 12, 3\] for this editor"):
        free(photos[:, :15, :13])
    with pytest.raises(ValueError, match=r"photo must be \[16, 16, 3\]"):
        fixed(photos[:, :12])
    with pytest.raises(ValueError, match=r"photo must be uint8 .* Received: float64"):
        free(photos / 255)


# === along a direction ===


def test_encoded_faces_move_along_the_direction(presets, direction, photos):
    editor = load_editor(
        presets / "faces", direction=direction, encoder=presets / "encoder", batch_size=2
    )
    assert isinstance(editor, DirectionEditor) and editor.resolution == (16, 16)
    w_plus = editor.encoder(photo_to_image(photos)).numpy()
    expected = editor.generator.synthesis(direction.apply(w_plus, 2.0), noise="constant")
    edited = editor(photos, Edit(strength=2.0))
    assert np.abs(edited.astype(int) - image_to_photo(expected)).max() <= 1
    back = dataclasses.replace(direction, vectors=-direction.vectors)
    same = editor(photos, Edit(strength=-2.0, direction=back))
    np.testing.assert_array_equal(same, edited)


def test_projected_faces_come_back(presets, direction):
    settings = ProjectionSettings(steps=80, learning_rate=0.3, exploration=0)
    editor = load_editor(
        presets / "faces", direction=direction, projection=settings, distance="pixels",
        batch_size=2,
    )
    z = np.random.RandomState(2).randn(2, 8).astype(np.float32)
    faces = image_to_photo(editor.generator(z, noise="constant")).numpy()
    codes = editor.encode(faces)
    same = editor.apply(codes, Edit(strength=0))
    average = image_to_photo(editor.generator(np.zeros((1, 8), np.float32), truncation=0)).numpy()
    errors = [np.square(faces.astype(float) - other).mean() for other in (same, average)]
    assert errors[0] < 0.5 * errors[1]
    assert np.any(editor.apply(codes, Edit(strength=2)) != same)


# === mistakes ===


@pytest.mark.parametrize(
    "preset, settings, edit, match",
    [
        ("translator", {}, {"strength": 1.5}, "strength 1.5: a one-pass edit goes from 0"),
        ("mixer", {}, {}, "mixer needs a reference: it reads two photos"),
        ("translator", {}, {"reference": np.zeros((16, 16, 3), np.uint8)}, "one photo$"),
        ("translator", {"encoder": "x"}, {}, "edits in one pass: encoder is for a StyleGAN"),
        ("labels", {}, {}, "labels translates 7 channels into 3: photos need .* 3 or 6"),
        ("no_editor", {}, {}, r"no_editor \(method: no_editor\) edits no photos; give a"),
        ("faces", {"encoder": "encoder"}, {}, "faces edits along a direction: give one"),
        ("faces", {"encoder": "wrong_encoder"}, {}, "gives w_plus of 5x8 numbers, .* 6x8"),
        ("faces", {"encoder": "translator"}, {}, "no network 'encoder'"),
    ],
)
def test_what_cannot_be_done_is_one_line(presets, photos, preset, settings, edit, match):
    if "encoder" in settings:
        settings = {"encoder": presets / settings["encoder"]}
    with pytest.raises(UserError, match=match) as caught:
        load_editor(presets / preset, **settings)(photos, Edit(**edit))
    assert "\n" not in str(caught.value)


def test_directions_of_other_generators(presets, direction, photos):
    editor = load_editor(presets / "faces", encoder=presets / "encoder")
    other = dataclasses.replace(direction, vectors=np.ones(7))
    with pytest.raises(UserError, match="'bright' is of a generator with w of 7 numbers"):
        editor(photos, Edit(direction=other))
