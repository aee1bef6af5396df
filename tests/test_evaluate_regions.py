"""The verb `evaluate_regions` on a tiny StyleMapGAN: drawn faces, photos with labels, bad input."""

import json

import numpy as np
import pytest
from absl import flags
from PIL import Image

from tests.editing.tiny_stylemapgan import save_stylemapgan
from tfgan_edit import evaluate_regions
from tfgan_edit.config import UserError
from tfgan_edit.data.avatars import part_masks
from tfgan_edit.metrics import Evaluation, evaluate
from tfgan_edit.metrics.photo_sets import open_photos


@pytest.fixture(scope="module")
def preset(tmp_path_factory):
    return save_stylemapgan(tmp_path_factory.mktemp("presets") / "stylemapgan").path


def run(preset, **values):
    f = flags.FlagValues()
    evaluate_regions.define_flags(f)
    f(["evaluate_regions", f"--preset={preset}", *(f"--{k}={v}" for k, v in values.items())])
    evaluate_regions.main(f)


def test_drawn_faces_and_the_same_numbers_by_evaluate(preset, tmp_path, capsys):
    run(preset, photos="avatars:avataaars", num=8, parts="hair,eyes", out=tmp_path / "out")
    record = json.loads((tmp_path / "out" / "regions.json").read_text())
    results = record["results"]
    assert set(results) == {"hair", "eyes", "mean"} and results["hair"]["pairs"] == 4
    pairs = [results["hair"]["mse_src"], results["eyes"]["mse_src"]]
    assert results["mean"]["mse_src"] == pytest.approx(np.mean(pairs))
    assert "hair             4" in capsys.readouterr().out
    kinds = {"fake": "edited", "real": "sources", "references": "references", "masks": "masks"}
    sets = {key: open_photos(str(tmp_path / "out/hair" / name)) for key, name in kinds.items()}
    with Image.open(tmp_path / "out/regions.png") as picture:  # two parts, three pairs of four
        assert picture.width > 12 * 16 and 2 * 16 < picture.height < picture.width
    again = evaluate("mse_local", [Evaluation(**sets)])["results"]
    assert again["mse_src"] == pytest.approx(results["hair"]["mse_src"], rel=1e-6)
    assert again["mse_ref"] == pytest.approx(results["hair"]["mse_ref"], rel=1e-6)


def test_parts_of_drawn_faces_are_where_they_belong():
    masks = part_masks("avataaars", 5, resolution=64)
    rows = {part: np.nonzero(mask)[0].mean() for part, mask in masks.items()}
    assert rows["eyes"] < rows["mouth"]
    assert 2 <= masks["eyes"].sum() < masks["hair"].sum()
    assert not (masks["eyes"] & masks["mouth"]).any()


def test_photos_with_labels(preset, tmp_path, capsys):
    random = np.random.RandomState(0)
    for folder in ("photos", "labels"):
        (tmp_path / folder).mkdir()
    for name in "abcd":
        photo = random.randint(0, 256, (24, 24, 3), np.uint8)
        Image.fromarray(photo).save(tmp_path / "photos" / f"{name}.jpg")
        label = np.zeros([48, 48], np.uint8)
        label[:24] = 13
        Image.fromarray(label).save(tmp_path / "labels" / f"{name}.png")
    values = {"photos": tmp_path / "photos", "labels": tmp_path / "labels"}
    run(preset, **values, parts="hair")
    assert "hair             2" in capsys.readouterr().out
    with pytest.raises(UserError, match="part nose: no two photos have it"):
        run(preset, **values, parts="nose")
    with pytest.raises(UserError, match="--parts=tail: known are background, skin"):
        run(preset, **values, parts="tail")
    (tmp_path / "labels" / "d.png").unlink()
    with pytest.raises(UserError, match="there is no map for the photo d.jpg"):
        run(preset, **values)
    with pytest.raises(UserError, match="--labels is missing"):
        run(preset, photos=tmp_path / "photos")
    with pytest.raises(UserError, match="--photos=avatars:nobody"):
        run(preset, photos="avatars:nobody")
