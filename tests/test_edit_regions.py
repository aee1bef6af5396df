"""The verbs `edit` and `generate` on a StyleMapGAN: pictures in, pictures out, and bad input."""

import numpy as np
import pytest
from absl import flags
from PIL import Image

from tests.editing.test_video import make_video
from tests.editing.test_video import read as read_video
from tests.editing.tiny_stylemapgan import save_stylemapgan
from tfgan_edit import edit, generate
from tfgan_edit.config import UserError
from tfgan_edit.editing.editors import Edit, load_editor
from tfgan_edit.editing.framing import fitted
from tfgan_edit.editing.regions import Region, StylemapEdit, named_mask
from tfgan_edit.preset import load_preset


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A preset, photos of its size and of others, masks."""
    folder = tmp_path_factory.mktemp("stylemapgan")
    save_stylemapgan(folder / "preset")
    random = np.random.RandomState(0)
    for name, side in (("me", 16), ("other", 16), ("third", 48)):
        Image.fromarray(random.randint(0, 256, (side, side, 3), np.uint8)).save(
            folder / f"{name}.png"
        )
    mask = np.zeros([32, 32], np.uint8)
    mask[:, :16] = 255
    Image.fromarray(mask).save(folder / "left.png")
    Image.fromarray(0 * mask).save(folder / "black.png")
    Image.fromarray(mask[:8]).save(folder / "wide.png")
    (folder / "text.png").write_text("no picture")
    return folder


def run(verb, folder, out, *arguments):
    values = flags.FlagValues()
    verb.define_flags(values)
    named = [argument.replace("@", f"{folder}/") for argument in arguments]
    target = f"{out}/" if not out.suffix else out
    values([verb.__name__, f"--preset={folder / 'preset'}", f"--out={target}", *named])
    verb.main(values)
    return out


def picture(path):
    return np.asarray(Image.open(path)).astype(int)


def photo(folder, name):
    return np.asarray(Image.open(folder / f"{name}.png"))


def test_a_region_by_name_and_by_file(folder, tmp_path):
    editor = load_editor(folder / "preset")
    region = Region(photo(folder, "other"), named_mask("left", (16, 16)), (0, 4))
    expected = editor(photo(folder, "me"), Edit(stylemap=StylemapEdit(regions=(region,))))
    for mask in ("left", "@left.png", "0,0,8,16"):
        out = run(
            edit, folder, tmp_path / "out.png", "--photo=@me.png", "--reference=@other.png",
            f"--mask={mask}", "--shift=0,4",
        )
        assert np.abs(picture(out) - expected).max() <= 1, mask


def test_several_references_beside_each_other(folder, tmp_path):
    out = run(
        edit, folder, tmp_path / "out.png", "--photo=@me.png",
        "--reference=@other.png,@third.png",
        "--mask=left", "--mask=right", "--space=w", "--before_after",
    )
    shown = picture(out)
    assert shown.shape == (16, 64, 3)  # the photo, two references, the edit
    np.testing.assert_array_equal(shown[:, :16], photo(folder, "me"))
    other = photo(folder, "other").astype(int)
    np.testing.assert_array_equal(shown[:, 16:24], other[:, :8])  # taken
    assert np.all(shown[:, 24:32] <= 0.31 * other[:, 8:] + 1)  # not taken


@pytest.mark.parametrize(
    "arguments",
    (
        [],
        ["--reference=@other.png", "--strength=0.5"],
        ["--reference=@third.png", "--scale=coarse"],
        ["--reference=@other.png", "--move=2x4 from 0,0 to 2,0"],
    ),
)
def test_other_edits_give_other_pictures(folder, tmp_path, arguments):
    out = run(edit, folder, tmp_path / "out.png", "--photo=@me.png", *arguments)
    rebuilt = load_editor(folder / "preset")(photo(folder, "me")).astype(int)
    assert (np.abs(picture(out) - rebuilt).max() > 1) == bool(arguments)


def test_an_animation_begins_with_the_photo_rebuilt(folder, tmp_path):
    out = run(
        edit, folder, tmp_path / "out.gif", "--photo=@me.png", "--reference=@other.png",
        "--mask=left", "--frames=4",
    )
    with Image.open(out) as animation:
        assert animation.n_frames == 5


def test_a_folder(folder, tmp_path):
    photos = tmp_path / "photos"
    photos.mkdir()
    for name in ("me", "third"):
        Image.fromarray(photo(folder, name)).save(photos / f"{name}.png")
    arguments = (f"--photo={photos}", "--reference=@other.png", "--mask=@left.png")
    out = run(edit, folder, tmp_path / "out", *arguments)
    assert {path.name for path in out.glob("*.png")} == {"me.png", "third.png"}
    with pytest.raises(UserError, match="holds other edits .*mask"):
        run(edit, folder, out, *arguments[:2], "--mask=right")


@pytest.mark.parametrize(
    "arguments, message",
    (
        (["--mask=left"], "--mask needs a --reference each"),
        (["--reference=@other.png", "--mask=@nowhere.png"], "nowhere.png: there is no such file"),
        (["--reference=@other.png", "--mask=@black.png"], "black.png: a mask has no pixels"),
        (["--reference=@other.png", "--mask=@wide.png"], "has 32x8 pixels, the preset's .* 16x16"),
        (["--reference=@other.png", "--mask=@text.png"], "text.png cannot be read"),
        (["--reference=@nowhere.png"], "nowhere.png cannot be read"),
        (["--reference=@text.png", "--mask=left"], "text.png cannot be read"),
        (["--reference=@other.png", "--mask=left", "--mask=right"], "1 references need as many"),
        (["--reference=@other.png", "--mask=left", "--scale=fine"], "are different edits"),
        (["--reference=@other.png", "--mask=left", "--shift=x"], "must be DOWN,RIGHT"),
        (["--reference=@other.png", "--move=9x9 at 0,0"], "do not fit a stylemap of 4x4"),
        (["--scale=fine"], "a reference is missing: fine codes"),
        (["--target=smile=1"], "has no target attributes"),
    ),
)
def test_bad_input_is_named(folder, tmp_path, arguments, message):
    with pytest.raises(UserError, match=message):
        run(edit, folder, tmp_path / "out.png", "--photo=@me.png", *arguments)
    assert not (tmp_path / "out.png").exists()


# === Random pictures ===


def test_random_pictures_with_truncation(folder, tmp_path):
    generator = load_preset(folder / "preset").networks["generator"]
    out = run(generate, folder, tmp_path / "pictures", "--seeds=3", "--truncation=0.7")
    z = np.random.RandomState(3).randn(1, generator.z_dim).astype(np.float32)
    image = np.asarray(generator(z, truncation=0.7))[0]
    expected = np.clip(np.round((image + 1) * 127.5), 0, 255)
    assert np.abs(picture(out / "seed0003.png") - expected).max() <= 1


def test_tables_latents_and_animations(folder, tmp_path):
    generator = load_preset(folder / "preset").networks["generator"]
    run(
        generate, folder, tmp_path / "table.png", "--mix_rows=1", "--mix_columns=2,3",
        "--mix_layers=coarse/fine/0-2",
    )
    assert picture(tmp_path / "table.png").shape[0] > 4 * 16
    run(generate, folder, tmp_path / "latents.npz", "--seeds=0-2")
    with np.load(tmp_path / "latents.npz") as arrays:
        np.testing.assert_allclose(
            arrays["stylemaps"], generator.mapping(arrays["z"]), rtol=1e-4, atol=1e-6
        )
    run(generate, folder, tmp_path / "morph.gif", "--seeds=1,2", "--frames=2")
    with pytest.raises(UserError, match="a stylemap is truncated as a whole"):
        run(generate, folder, tmp_path / "grid.png", "--truncation_cutoff=2")
    with pytest.raises(UserError, match="must be coarse, fine, or numbers"):
        run(
            generate, folder, tmp_path / "table.png", "--mix_rows=1", "--mix_columns=2",
            "--mix_layers=middle",
        )


def test_a_video_with_a_region(folder, tmp_path):
    clip = make_video(tmp_path / "clip.mp4", num=3, size=(32, 32), sound=None)
    out = run(
        edit, folder, tmp_path / "out.mp4", f"--photo={clip}", "--reference=@other.png",
        "--mask=left", "--before_after",
    )
    editor = load_editor(folder / "preset")
    frames, _ = read_video(clip)
    region = Region(photo(folder, "other"), named_mask("left", (16, 16)))
    faces = np.stack([fitted(frame, (16, 16)) for frame in frames])
    edited = editor(faces, Edit(stylemap=StylemapEdit(regions=(region,))))
    shown, _ = read_video(out)
    assert shown.shape == (3, 16, 48, 3)  # the frame, the reference, the edit
    # The codec halves the resolution of colours, so that only the brightness is compared.
    assert np.abs(shown[:, :, 32:].mean(-1) - edited.mean(-1)).mean() < 12
    assert np.abs(shown[:, :, :16].mean(-1) - faces.mean(-1)).mean() < 4
