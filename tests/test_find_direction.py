"""The `find_direction` verb."""

import numpy as np
import pytest
from absl import flags
from PIL import Image

from tests.editing import tiny_faces
from tests.editing.tiny_stylemapgan import save_stylemapgan
from tfgan_edit import find_direction as verb
from tfgan_edit.config import UserError
from tfgan_edit.data.records import RecordsWriter
from tfgan_edit.editing.directions import load_direction
from tfgan_edit.editing.latents import encode_photos, score_latents
from tfgan_edit.editing.scorers import load_scorer
from tfgan_edit.metrics.photo_sets import open_photos
from tfgan_edit.preset import load_preset


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Presets, and 400 scored latents of them."""
    folder = tmp_path_factory.mktemp("faces")
    tiny_faces.save_presets(folder)
    preset, scorer = load_preset(folder / "generator"), load_scorer(folder / "classifier")
    score_latents(folder / "latents", preset, scorer, num=400)
    return folder


@pytest.fixture
def run(folder, tmp_path, monkeypatch):
    """Runs the verb in this process, in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        values = flags.FlagValues()
        verb.define_flags(values)
        values(["find_direction", f"--latents={folder / 'latents'}", "--out=d.npz", *arguments])
        verb.main(values)

    return run


SMILE = ("--attribute=smile", "--threshold=0.5")


def test_it_writes_the_direction_and_a_picture(run, folder, capsys):
    run(*SMILE, "--method=logistic", "--layers=0-1", "--seeds=1,2", "--condition_on=glasses")
    output = capsys.readouterr().out
    assert "wrote d.npz: smile by logistic of" in output and "held-out accuracy" in output
    direction = load_direction("d.npz")
    preset = load_preset(folder / "generator")
    assert direction.layers == (0, 1)
    assert direction.metadata["condition_on"] == ["glasses"]
    assert direction.metadata["parents"]["generator"]["sha256"] == preset.sha256
    with Image.open("d.png") as picture:
        width, height = picture.size
    assert width > 7 * 8 and height > 2 * 8


@pytest.mark.parametrize("method", ["sefa", "ganspace"])
def test_directions_without_attributes(run, method, capsys):
    run(f"--method={method}", "--component=1", "--seeds=0")
    assert f"wrote d.npz: {method}_1" in capsys.readouterr().out
    assert load_direction("d.npz").metadata["component"] == 1


def test_mistakes_are_named(run, folder, tmp_path):
    other = tmp_path / "other"
    tiny_faces.save_presets(other, label_dim=2)
    for arguments, message in (
        ((), "--attribute is missing: centres finds the direction of one"),
        (("--method=sefa", "--attribute=smile"), "--attribute is for centres, logistic, svm"),
        ((*SMILE, "--component=1"), "--component is for sefa, ganspace"),
        ((*SMILE, "--layers=7"), "--layers: must be"),
        ((*SMILE, "--seeds=x"), "--seeds: must be like"),
        ((*SMILE, f"--preset={other / 'generator'}"), "found for another generator"),
        ((*SMILE, "--out=d.txt"), "must end in .npz"),
        ((*SMILE, "--latents=nowhere"), "no latents at nowhere"),
        (("--attribute=smiles",), "did you mean smile"),
    ):
        with pytest.raises(UserError, match=message):
            run(*arguments)


# === From photos, for StyleMapGAN ===


@pytest.fixture(scope="module")
def photos(folder):
    """Records of random photos, of which half are bright and say so; a StyleMapGAN."""
    random = np.random.RandomState(0)
    with RecordsWriter(folder / "records", (16, 16, 3), label_names=["bright"]) as writer:
        for i in range(200):
            photo = random.randint(0, 128, (16, 16, 3)) + 127 * (i % 2)
            writer.add(photo.astype(np.uint8), np.float32([i % 2]))
    save_stylemapgan(folder / "stylemapgan")
    return folder / "records"


def run_on_photos(folder, photos, *arguments):
    values = flags.FlagValues()
    verb.define_flags(values)
    preset = f"--preset={folder / 'stylemapgan'}"
    values(["find_direction", preset, f"--photos={photos}", "--out=d.npz", *arguments])
    verb.main(values)


def test_a_direction_of_stylemaps_of_labelled_photos(folder, photos, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run_on_photos(folder, photos, "--attribute=bright", "--method=svm", "--seeds=1")
    direction = load_direction("d.npz")
    assert direction.vectors.shape == (4, 4, 3)
    assert direction.metadata["space"] == "stylemap"
    assert direction.metadata["held_out_accuracy"] == 1
    assert direction.metadata["counts"] == {"positive": 100, "negative": 100}
    preset = load_preset(folder / "stylemapgan")
    direction.check(preset.networks["generator"], preset.sha256)
    # The encoder's answers to bright photos lie on its side.
    encoder = preset.networks["encoder"]
    grey = np.stack([np.full([16, 16, 3], value, np.float32) for value in (-0.5, 0.5)])
    dark, bright = np.sum(encoder(grey) * direction.vectors, axis=(1, 2, 3))
    assert bright > dark


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--latents=x", "--attribute=bright"], "take the place of --latents"),
        (["--attribute=bright", "--layers=0"], "a stylemap is moved as a whole"),
        (["--method=sefa"], "of --photos, centres, logistic, svm are"),
        (["--attribute=bright", "--preset="], "--photos needs --preset"),
    ],
)
def test_flags_that_photos_do_not_go_with(folder, photos, arguments, message):
    with pytest.raises(UserError, match=message):
        run_on_photos(folder, photos, *arguments)


def test_photos_that_cannot_be_encoded(folder, photos, tmp_path):
    preset = load_preset(folder / "stylemapgan")
    small = tmp_path / "small"
    with RecordsWriter(small, (8, 8, 3), label_names=["bright"]) as writer:
        writer.add(np.zeros([8, 8, 3], np.uint8), np.float32([1]))
    unlabelled = tmp_path / "unlabelled"
    with RecordsWriter(unlabelled, (16, 16, 3)) as writer:
        writer.add(np.zeros([16, 16, 3], np.uint8))
    for path, words in ((small, r"photos of \[8, 8, 3\], .* takes \[16, 16, 3\]"),
                        (unlabelled, "has no labels: give a scorer")):
        with pytest.raises(UserError, match=words):
            encode_photos(preset, open_photos(str(path)))
    with pytest.raises(UserError, match="encoder"):
        encode_photos(load_preset(folder / "generator"), open_photos(str(photos)))
