"""The `edit` verb with GANs N' Roses: pictures, folders and videos in styles."""

import json

import numpy as np
import pytest
from absl import flags
from PIL import Image

from tests.editing.rose_presets import save_roses
from tests.editing.test_video import make_video, read, sound_packets
from tfgan_edit import edit as verb
from tfgan_edit.config import UserError
from tfgan_edit.editing import alignment
from tfgan_edit.editing.editors import Edit, load_editor
from tfgan_edit.editing.style_editor import edits_of, weight_direction


@pytest.fixture(scope="module")
def preset(tmp_path_factory):
    return save_roses(tmp_path_factory.mktemp("presets") / "roses")


@pytest.fixture
def run(preset, tmp_path, monkeypatch):
    """Runs the verb in this process, in a folder with pictures: run("--out=x.png")."""
    monkeypatch.chdir(tmp_path)
    random = np.random.RandomState(0)
    (tmp_path / "photos").mkdir()
    for name in ("photos/a.png", "photos/b.png", "drawing.png"):
        photo = random.randint(0, 256, (16, 16, 3), np.uint8)
        Image.fromarray(photo).save(tmp_path / name)

    def run(*arguments):
        values = flags.FlagValues()
        verb.define_flags(values)
        values(["edit", f"--preset={preset}", *arguments])
        return verb.edit(values)

    return run


def pixels(path):
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"))


def test_one_drawing(run, preset):
    editor = load_editor(preset)
    photo, drawing = pixels("photos/a.png"), pixels("drawing.png")
    assert run("--photo=photos/a.png", "--out=x.png") == "x.png (16x16 pixels)"
    np.testing.assert_array_equal(pixels("x.png"), editor(photo))
    run("--photo=photos/a.png", "--out=x.png", "--style=random:3", "--truncation=0.5")
    style = editor.truncated(editor.random_styles([3])[0], 0.5)
    np.testing.assert_array_equal(pixels("x.png"), editor(photo, Edit(style=style)))
    expected = editor(photo, Edit(reference=drawing))
    for reference in ("--style=reference:drawing.png", "--reference=drawing.png"):
        run("--photo=photos/a.png", "--out=x.png", reference)
        np.testing.assert_array_equal(pixels("x.png"), expected)
    run("--photo=photos/a.png", "--out=x.png", "--direction=sefa:1", "--strength=2")
    direction = weight_direction(editor, 1)
    expected = editor(photo, Edit(strength=2.0, direction=direction))
    np.testing.assert_array_equal(pixels("x.png"), expected)
    run("--photo=drawing.png", "--out=x.png", "--backward")
    np.testing.assert_array_equal(pixels("x.png"), load_editor(preset, backward=True)(drawing))


def test_a_grid_of_drawings(run, preset):
    editor = load_editor(preset)
    photo = pixels("photos/a.png")
    run("--photo=photos/a.png", "--out=x.png", "--styles=8", "--style=random:4")
    cells = pixels("x.png").reshape(3, 16, 3, 16, 3).swapaxes(1, 2).reshape(9, 16, 16, 3)
    drawn = editor.variations(photo[np.newaxis], edits_of(editor.random_styles(range(4, 12))))
    np.testing.assert_array_equal(cells[4], photo)
    np.testing.assert_array_equal(np.delete(cells, 4, axis=0), drawn[:, 0])


def test_a_folder_remembers_its_styles(run, tmp_path):
    assert run("--photo=photos", "--out=done", "--styles=3") == "2 pictures to done, 2 of them now"
    assert pixels("done/a.png").shape == (32, 32, 3)
    manifest = json.loads((tmp_path / "done/edits.json").read_text())
    assert manifest["styles"] == 3 and manifest["parents"]["translates"] == "generator"
    with pytest.raises(UserError, match=r"holds other edits \(they differ in style\)"):
        run("--photo=photos", "--out=done", "--styles=3", "--style=random:2")


def test_a_video_in_nine_parts(run, tmp_path, preset):
    source = make_video(tmp_path / "in.mp4", 10)
    said = run("--photo=in.mp4", "--out=out.mp4", "--styles=8", "--style=blend:1",
               "--batch_size=4", "--flicker=pixels")
    assert said.startswith("out.mp4 (10 frames); flicker ") and "9 pairs of frames" in said
    frames = read("out.mp4")[0]
    assert frames.shape == (10, 48, 48, 3)
    middle = frames[:, 16:32, 16:32].mean(axis=(1, 2, 3))
    assert np.all(np.diff(middle) > 5)  # the source, which becomes brighter
    assert sound_packets("out.mp4") == sound_packets(source)


def test_a_style_that_is_fixed_does_not_change(run, tmp_path):
    make_video(tmp_path / "in.mp4", 4)
    run("--photo=in.mp4", "--out=one.mp4", "--flicker=none", "--box=0,0,32,32")
    run("--photo=in.mp4", "--out=two.mp4", "--flicker=none", "--box=0,0,32,32", "--batch_size=1")
    np.testing.assert_array_equal(read("one.mp4")[0], read("two.mp4")[0])


@pytest.mark.parametrize(
    "sound, said", ((None, "in.mp4 has no sound"), ("aac", "in.mp4 has no clear beat"))
)
def test_a_sound_without_a_beat_is_named(run, tmp_path, capsys, sound, said):
    make_video(tmp_path / "in.mp4", 4, sound=sound)
    run("--photo=in.mp4", "--out=out.mp4", "--style=beats", "--flicker=none", "--period=2")
    assert f"{said}: the style changes every 2 s instead" in capsys.readouterr().out


def test_a_face_is_followed(run, tmp_path, monkeypatch, capsys):
    """Where the detector sees nothing, the last place stays."""
    make_video(tmp_path / "in.mp4", 4)
    face = np.array([[20, 12], [28, 12], [24, 16], [21, 19], [27, 19]], np.float64)
    seen = iter([face, face, face + (3, 0), None, face])
    monkeypatch.setattr(alignment, "detect_landmarks", lambda photo: next(seen))
    run("--photo=in.mp4", "--out=out.mp4", "--align=mtcnn", "--follow", "--flicker=none")
    assert read("out.mp4")[0].shape == read("in.mp4")[0].shape
    assert "1 of 4 frames show no face: the last place was kept" in capsys.readouterr().out
    monkeypatch.setattr(alignment, "detect_landmarks", lambda photo: None)
    with pytest.raises(UserError, match="in.mp4 cannot be edited: no face was found"):
        run("--photo=in.mp4", "--out=none.mp4", "--align=mtcnn", "--follow")
    assert not (tmp_path / "none.mp4").exists()


@pytest.mark.parametrize(
    "arguments, match",
    (
        (["--style=own"], "--style=own: must be random:SEED"),
        (["--style=mean", "--styles=3"], "--styles=3: --style=mean is one style"),
        (["--style=blend:1"], "--style=blend: is for videos"),
        (["--strength=2"], "strength 2 is of a direction"),
        (["--direction=sefa:x"], "--direction=sefa:x: must be sefa:NUMBER"),
        (["--direction=sefa:99"], "component 99 of SeFA is not in 0-5"),
        (["--follow"], "--follow finds faces of a video: it needs --align=mtcnn"),
        (["--style=mean", "--reference=drawing.png"], "give --style or --reference, not both"),
        (["--reference=photos"], "reference photos cannot be read"),
        (["--encoder=x"], "draws in styles: encoder is for a StyleGAN"),
    ),
)
def test_mistakes_are_one_line(run, arguments, match):
    with pytest.raises(UserError, match=match) as caught:
        run("--photo=photos/a.png", "--out=x.png", *arguments)
    assert "\n" not in str(caught.value)
