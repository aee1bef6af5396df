"""The `edit` verb."""

import json

import numpy as np
import pytest
from absl import flags
from PIL import Image

from tests.editing.teachers import (
    bright_direction,
    save_encoder,
    save_generator,
    save_style_function,
)
from tests.editing.test_video import make_video, read, sound_packets
from tfgan_edit import edit as verb
from tfgan_edit.config import UserError
from tfgan_edit.editing.editors import Edit, load_editor
from tfgan_edit.networks.encoder import LatentEncoder
from tfgan_edit.networks.pix2pixhd import Pix2PixHDGenerator
from tfgan_edit.preset import save_preset


@pytest.fixture(scope="module")
def presets(tmp_path_factory):
    """A StyleGAN with a direction and an encoder, translators of one and of two photos."""
    folder = tmp_path_factory.mktemp("presets")
    faces = save_generator(folder / "faces")
    bright_direction(faces).save(folder / "bright.npz")
    save_style_function(folder / "style", faces)
    save_encoder(folder / "its_encoder")
    save_style_function(folder / "with_encoder", faces, encoder=folder / "its_encoder")
    sizes = {"width": 4, "num_downsamplings": 2, "num_blocks": 1}
    networks = {
        "encoder": LatentEncoder(16, 6, 8, channel_max=8, name="encoder"),
        "translator": Pix2PixHDGenerator(**sizes),
        "mixer": Pix2PixHDGenerator(in_channels=6, **sizes),
    }
    metadata = {"method": "test", "data": {"resolution": [16, 16]}}
    for name, network in networks.items():
        role = "encoder" if name == "encoder" else "generator"
        save_preset(folder / name, {role: network}, config={}, metadata=metadata)
    return folder


@pytest.fixture
def run(presets, tmp_path, monkeypatch):
    """Runs the verb in this process, in a folder with pictures: run("--out=x.png")."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos/more").mkdir(parents=True)
    random = np.random.RandomState(0)
    for name in ("photos/a.png", "photos/b.bmp", "photos/more/c.png"):
        photo = random.randint(0, 256, (24, 30, 3), np.uint8)
        Image.fromarray(photo).save(tmp_path / name)
    (tmp_path / "photos/broken.jpg").write_bytes(b"no picture")

    def run(*arguments, preset="translator"):
        values = flags.FlagValues()
        verb.define_flags(values)
        values(["edit", f"--preset={presets / preset}", *arguments])
        return verb.edit(values)

    return run


def pixels(path):
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"))


def test_a_photo_in_one_pass(run, presets):
    assert run("--photo=photos/a.png", "--out=x.png") == "x.png (16x16 pixels)"
    run("--photo=photos/a.png", "--out=before.png", "--strength=0")
    expected = load_editor(presets / "translator")(pixels("before.png"))
    np.testing.assert_array_equal(pixels("x.png"), expected)
    run("--photo=photos/a.png", "--out=both.png", "--before_after")
    both = np.concatenate([pixels("before.png"), pixels("x.png")], axis=1)
    np.testing.assert_array_equal(pixels("both.png"), both)


def test_a_face_is_pasted_back(run):
    result = run("--photo=photos/a.png", "--out=x.png", "--box=2,2,20,20", "--feather=0.2")
    assert result == "x.png (30x24 pixels)"
    before, after = pixels("photos/a.png"), pixels("x.png")
    changed = (before != after).any(axis=-1)
    assert changed[2:20, 2:20].mean() > 0.9
    changed[2:20, 2:20] = False
    assert not changed.any()


def test_along_a_direction(run, presets):
    along = (f"--direction={presets / 'bright.npz'}", f"--encoder={presets / 'encoder'}")
    results = {}
    for strength in (-2, 2):
        out = f"x{strength}.png"
        run("--photo=photos/a.png", f"--out={out}", f"--strength={strength}", *along,
            preset="faces")
        results[strength] = pixels(out)
    assert results[2][:8].mean() > results[-2][:8].mean() + 20


def test_outcomes_of_a_target_side_by_side(run, presets):
    photo, encoder = "--photo=photos/a.png", f"--encoder={presets / 'encoder'}"
    target = "--target=bright=1,tone=toggle"
    assert run(photo, encoder, target, "--samples=3", "--seed=4", "--before_after", "--out=x.png",
               preset="style") == "x.png (64x16 pixels)"
    columns = np.split(pixels("x.png"), 4, axis=1)
    for i, column in enumerate(columns[1:]):
        run(photo, encoder, target, f"--seed={4 + i}", "--out=one.png", preset="style")
        np.testing.assert_array_equal(pixels("one.png"), column)
    assert np.any(columns[1] != columns[2]) and np.any(columns[0] != columns[1])
    run(photo, encoder, target, "--layers=0-1", "--strength=0.5", "--out=rows.png", preset="style")
    assert np.any(pixels("rows.png") != columns[1])


def test_an_encoder_in_the_preset_is_enough(run, presets):
    given = f"--encoder={presets / 'its_encoder'}"
    for preset, flags_of in (("with_encoder", []), ("style", [given])):
        run("--photo=photos/a.png", "--target=red", f"--out={preset}.png", *flags_of, preset=preset)
    np.testing.assert_array_equal(pixels("with_encoder.png"), pixels("style.png"))


@pytest.mark.parametrize("preset", ["style", "faces"])
def test_the_way_to_an_edit_as_a_video(run, presets, preset):
    arguments = ["--photo=photos/a.png", f"--encoder={presets / 'encoder'}", "--frames=4"]
    if preset == "style":
        arguments += ["--target=bright=toggle", "--samples=2"]
    else:
        arguments += [f"--direction={presets / 'bright.npz'}", "--strength=3"]
    count = 9 if preset == "style" else 5
    result = run(*arguments, "--out=x.mp4", preset=preset)
    assert result == f"x.mp4 ({count} frames)"
    frames = read("x.mp4")[0]
    assert frames.shape == (count, 16, 16, 3)
    steps = np.abs(np.diff(frames.astype(int), axis=0)).mean(axis=(1, 2, 3))
    whole = np.abs(frames[0].astype(int) - frames[4]).mean()
    assert steps[:4].max() < 0.7 * whole  # no jump


def test_two_photos(run, presets):
    run("--photo=photos/a.png", "--reference=photos/b.bmp", "--out=x.png", preset="mixer")
    run("--photo=photos/a.png", "--out=a.png", "--strength=0")
    run("--photo=photos/b.bmp", "--out=b.png", "--strength=0")
    editor = load_editor(presets / "mixer")
    expected = editor(pixels("a.png"), Edit(reference=pixels("b.png")))
    np.testing.assert_array_equal(pixels("x.png"), expected)


def test_a_folder_is_finished_later(run, tmp_path, capsys):
    assert run("--photo=photos", "--out=done") == "3 pictures to done, 3 of them now"
    assert "skipped broken.jpg: " in capsys.readouterr().out
    done = tmp_path / "done"
    names = sorted(str(path.relative_to(done)) for path in done.rglob("*.png"))
    assert names == ["a.png", "b.bmp.png", "more/c.png"]
    manifest = json.loads((tmp_path / "done/edits.json").read_text())
    assert manifest["strength"] == 1 and "generator" in manifest["parents"]
    (tmp_path / "done/a.png").unlink()
    assert run("--photo=photos", "--out=done") == "3 pictures to done, 1 of them now"
    with pytest.raises(UserError, match=r"holds other edits \(they differ in strength\)"):
        run("--photo=photos", "--out=done", "--strength=0.5")


def test_a_video_keeps_its_sound(run, tmp_path):
    source = make_video(tmp_path / "in.mp4", 10)
    result = run("--photo=in.mp4", "--out=out.mp4", "--box=8,0,40,32", "--batch_size=4")
    assert result == "out.mp4 (10 frames)"
    before, after = read(source)[0], read("out.mp4")[0]
    assert after.shape == before.shape
    assert np.abs(after[:, :, 44:].astype(int) - before[:, :, 44:]).max() < 12
    assert np.abs(after[:, 8:24, 16:32].astype(int) - before[:, 8:24, 16:32]).mean() > 12
    assert sound_packets("out.mp4") == sound_packets(source)


@pytest.mark.parametrize(
    "arguments, match",
    [
        (["--photo=photos/a.png"], "--out is missing; see --help"),
        (["--photo=x.png", "--out=x.png"], "--photo=x.png: there is no such file or folder"),
        (["--photo=photos/a.png", "--out=x.tif"], "cannot write x.tif: '.tif' is not a picture"),
        (["--photo=photos/broken.jpg", "--out=x.png"], "broken.jpg cannot be edited: not a pic"),
        (["--photo=photos", "--out=x.png"], "--out=x.png: --photo is a folder, so give a folder"),
        (["--photo=photos/a.png", "--out=x.png", "--strength=2"], "strength 2: a one-pass edit"),
        (["--photo=photos/a.png", "--out=x.png", "--box=1,2"], "--box=1,2: must be LEFT,TOP"),
        (["--photo=photos/a.png", "--out=x.png", "--box=0,0,9,8"], "box 0,0,9,8 is 9 wide and 8"),
        (["--photo=photos/a.png", "--out=x.png", "--box=9,9,29,29"], "30x24 pixels do not hold"),
        (
            ["--photo=photos/a.png", "--out=x.png", "--box=0,0,8,8", "--align=x.csv"],
            "give --box or --align, not both",
        ),
        (["--photo=photos/a.png", "--out=x.png", "--align=x.csv"], "cannot read x.csv"),
        (["--photo=photos/a.png", "--out=x.png", "--reference=photos"], "reference=photos cannot"),
        (["--photo=photos/a.png", "--out=x.png", "--target=a=1"], "has no target attributes"),
        (["--photo=photos/a.png", "--out=x.png", "--samples=2"], "only edits by --target have"),
        (["--photo=photos/a.png", "--out=x.png", "--layers=1"], "no style function .*: layers is"),
        (["--photo=photos/a.png", "--out=x.mp4", "--frames=2"], "does not edit latents"),
        (["--photo=photos/a.png", "--out=x.png", "--styles=8"], "--styles is for GANs N' Roses"),
        (["--photo=photos/a.png", "--out=x.png", "--backward"], "backward is for GANs N' Roses"),
        (["--photo=photos/a.png", "--out=x.png", "--direction=sefa:1"], "find_direction --method"),
    ],
)
def test_mistakes_are_one_line_and_leave_nothing(run, tmp_path, arguments, match):
    with pytest.raises(UserError, match=match) as caught:
        run(*arguments)
    assert "\n" not in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["photos"]
