import json
import os

import av
import numpy as np
import pytest
from absl import flags
from PIL import Image

from tfgan_edit import project as verb
from tfgan_edit.config import UserError
from tfgan_edit.editing import alignment
from tfgan_edit.networks.encoder import LatentEncoder
from tfgan_edit.networks.stylegan2 import StyleGAN2Discriminator, StyleGAN2Generator
from tfgan_edit.ops.images import image_to_photo
from tfgan_edit.preset import load_preset, save_preset

SIZES = {"z_dim": 6, "w_dim": 6, "mapping_layers": 1, "channel_max": 6}
SEARCH = ["--steps=4", "--frames=2"]


@pytest.fixture(scope="module")
def presets(tmp_path_factory):
    """A folder with presets: a generator, its encoder, and some that do not fit."""
    folder = tmp_path_factory.mktemp("presets")

    def save(name, networks, parents=()):
        metadata = {"method": "x", "parents": list(parents)}
        save_preset(folder / name, networks, config={}, metadata=metadata)
        return load_preset(folder / name).sha256

    generator = save("faces", {"generator": StyleGAN2Generator(16, **SIZES)})
    save("grey", {"generator": StyleGAN2Generator(16, img_channels=1, **SIZES)})
    save("four", {"generator": StyleGAN2Generator(16, img_channels=4, **SIZES)})
    save("wide", {"generator": StyleGAN2Generator((16, 32), **SIZES)})
    save("critic", {"generator": StyleGAN2Discriminator(16, channel_max=6)})
    encoder = {"encoder": LatentEncoder(16, 6, 6, channel_max=6)}
    save("encoder", encoder, [generator])
    save("another", encoder, ["0123"])
    save("grey_encoder", {"encoder": LatentEncoder(16, 6, 6, 1, channel_max=6)})
    save("narrow", {"encoder": LatentEncoder(16, 6, 5, channel_max=6)})
    return folder


@pytest.fixture
def run(presets, tmp_path, monkeypatch):
    """Runs the verb in this process, in a folder with pictures: run("--photo=a.png")."""
    monkeypatch.chdir(tmp_path)
    random = np.random.RandomState(0)
    (tmp_path / "photos/deep").mkdir(parents=True)
    for name, size in (("a.png", (16, 16)), ("deep/b.jpg", (24, 20)), ("c.png", (40, 40))):
        picture = Image.fromarray(random.randint(0, 256, (*size[::-1], 3)).astype(np.uint8))
        picture.save(tmp_path / "photos" / name)
    (tmp_path / "photos/broken.png").write_bytes(b"\x89PNG nothing")

    def run(*arguments, preset="faces", photo="photos/a.png", encoder="encoder"):
        values = flags.FlagValues()
        verb.define_flags(values)
        required = [f"--preset={presets / preset}", f"--photo={photo}", "--out=out"]
        if encoder:  # its latents are the result, which needs no step to be compiled
            required += [f"--encoder={presets / encoder}", "--steps=0", "--frames=0"]
        values(["project", *required, "--batch_size=2", *arguments])
        return verb.project(values)

    return run


def report(folder="out"):
    with open(os.path.join(folder, "report.json")) as file:
        return json.load(file)


def pixels(path):
    with Image.open(path) as picture:
        return np.asarray(picture)


# === outputs ===


def test_one_photo(run, presets, capsys):
    done = run(*SEARCH, encoder=None)
    assert done.startswith("1 projections to out: PSNR ")
    assert "distance: squared differences of pixels" in capsys.readouterr().out
    assert sorted(os.listdir("out")) == [
        "projected.mp4", "projected.npz", "projected.png", "report.json",
    ]
    found = dict(np.load("out/projected.npz"))
    generator = load_preset(presets / "faces").networks["generator"]
    noise = [found[f"noise_{i}"][np.newaxis] for i in range(5)]
    drawn = image_to_photo(generator.synthesis(found["w_plus"][np.newaxis], noise=noise))[0]
    both = pixels("out/projected.png")
    np.testing.assert_array_equal(both[:, :16], pixels("photos/a.png"))
    np.testing.assert_allclose(both[:, 16:].astype(float), drawn, atol=1)
    with av.open("out/projected.mp4") as video:
        frames = [frame.to_ndarray(format="rgb24") for frame in video.decode(video=0)]
    assert len(frames) == 3 and frames[0].shape == (16, 32, 3)
    facts = report()
    assert facts["steps"] == 4 and facts["distance"] == pytest.approx(found["distances"][-1])
    assert facts["inputs"]["preset"] == load_preset(presets / "faces").sha256
    error = np.mean((both[:, :16].astype(float) - both[:, 16:]) ** 2)
    assert facts["psnr"] == pytest.approx(10 * np.log10(255**2 / error), abs=1e-3)


def test_a_folder_with_a_broken_picture(run, capsys):
    assert run(photo="photos").startswith("3 projections to out: ")
    printed = capsys.readouterr().out
    assert "left out: broken.png: not a picture" in printed
    for name in ("a", "c", "deep/b"):
        assert sorted(os.listdir(f"out/{name}"))[-3:] == [
            "projected.npz", "projected.png", "report.json",
        ]
    assert report("out/deep/b")["name"] == "deep/b.jpg"
    assert not os.path.exists("out/broken")


def test_the_same_command_does_only_what_is_missing(run):
    run(photo="photos")
    before = {name: os.stat(f"out/{name}/projected.npz").st_mtime_ns for name in "ac"}
    os.remove("out/c/report.json")  # as if it had been interrupted
    assert ", 2 of them before: " in run(photo="photos")
    after = {name: os.stat(f"out/{name}/projected.npz").st_mtime_ns for name in "ac"}
    assert after["a"] == before["a"] and after["c"] != before["c"]
    first = np.load("out/a/projected.npz")["w_plus"]
    assert "before" not in run("--space=w", photo="photos")  # another search
    assert np.any(np.load("out/a/projected.npz")["w_plus"] != first)


def test_names_that_differ_in_the_ending_alone(run, tmp_path):
    (tmp_path / "photos/a.jpg").write_bytes((tmp_path / "photos/a.png").read_bytes())
    run(photo="photos")
    assert {"a.jpg", "a.png", "c", "deep"} <= set(os.listdir("out"))


def test_from_an_encoder(run, presets, capsys):
    run()
    assert "warning" not in capsys.readouterr().out
    encoder = load_preset(presets / "encoder").networks["encoder"]
    expected = encoder(pixels("photos/a.png")[np.newaxis] / np.float32(127.5) - 1)[0]
    found = np.load("out/projected.npz")["w_plus"]
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)
    assert report()["inputs"]["settings"]["exploration"] == 0
    drawn = load_preset(presets / "faces").networks["generator"].synthesis(found[np.newaxis])
    both = pixels("out/projected.png").astype(float)
    np.testing.assert_allclose(both[:, 16:], image_to_photo(drawn)[0], atol=1)
    run(encoder="another")
    assert "was trained for another state of the generator" in capsys.readouterr().out


def test_grey_generators_take_grey_photos(run):
    run(preset="grey", encoder="grey_encoder")
    np.testing.assert_array_equal(
        pixels("out/projected.png")[:, :16], np.asarray(Image.open("photos/a.png").convert("L"))
    )


def test_aligned_by_a_file(run, tmp_path):
    points = np.array([[14, 15], [22, 15], [18, 18], [15, 23], [21, 23]])
    (tmp_path / "faces.json").write_text(json.dumps({"c.png": points.tolist()}))
    run("--align=faces.json", photo="photos/c.png")
    square = alignment.FaceSquare.of_landmarks(points)
    face = alignment.cut(pixels("photos/c.png"), square, 16)
    np.testing.assert_array_equal(pixels("out/projected.png")[:, :16], face)
    assert report()["square"] == {
        "centre": list(square.centre), "half_side": list(square.half_side),
    }
    with pytest.raises(UserError, match="no entry for a.png"):
        run("--align=faces.json")
    (tmp_path / "far.json").write_text(json.dumps((points + 500).tolist()))
    with pytest.raises(UserError, match="nothing was projected"):
        run("--align=far.json", photo="photos/c.png")


def test_aligned_by_a_detector(run, monkeypatch, capsys):
    found = np.array([[14, 15], [22, 15], [18, 18], [15, 23], [21, 23]], float)
    monkeypatch.setattr(
        verb, "detect_landmarks", lambda photo: found if len(photo) == 40 else None
    )
    run("--align=mtcnn", photo="photos")
    assert "left out: a.png: mtcnn finds no face" in capsys.readouterr().out
    assert os.listdir("out") == ["c"]


# === mistakes ===


@pytest.mark.parametrize(
    "arguments, words",
    [
        ({"photo": "none.png"}, "--photo=none.png: there is no such file or folder"),
        ({"photo": "photos/broken.png"}, "nothing was projected"),
        ({"preset": "critic"}, "has no w_plus latents"),
        ({"preset": "four"}, "its pictures have 4 channels"),
        ({"preset": "encoder"}, "no network 'generator'"),
        ({"preset": "wide", "align": "mtcnn"}, "draws 32x16; leave it out"),
        ({"align": "none.csv"}, "cannot read none.csv"),
        ({"steps": "0"}, "--steps=0 is for --encoder"),
        ({"distance": "lite0"}, "needs images of at least 32 px"),
        ({"weights": "x"}, "--weights x: must be NAME=FILE"),
        ({"encoder": "narrow", "steps": "9"}, "makes 6x5 latents of 3 colours, .* takes 6x6 of 3"),
        ({"out": "photos/a.png"}, "--out=photos/a.png is a file"),
    ],
)
def test_mistakes_are_named(run, arguments, words):
    names = ("photo", "preset", "encoder")
    values = {"encoder": None} | {k: v for k, v in arguments.items() if k in names}
    given = [f"--{key}={value}" for key, value in arguments.items() if key not in names]
    with pytest.raises(UserError, match=words):
        run(*given, **values)
    assert not os.path.exists("out")


@pytest.mark.parametrize("flag", ["preset", "photo", "out"])
def test_missing_flags_are_named(flag):
    values = flags.FlagValues()
    verb.define_flags(values)
    given = {"preset": "a", "photo": "b", "out": "c"} | {flag: ""}
    values(["project", *(f"--{key}={value}" for key, value in given.items())])
    with pytest.raises(UserError, match=f"--{flag} is missing; see --help"):
        verb.project(values)


def test_help_shows_examples():
    assert "python -m tfgan_edit.project --preset runs/faces --photo me.jpg" in verb.__doc__
    assert all(len(line) <= 100 for line in verb.__doc__.splitlines())
