"""Reconstructions and interpolations of test photos by a StyleMapGAN, measured by `evaluate`."""

import json

import numpy as np
import pytest
from absl import flags

from tests.editing.tiny_stylemapgan import save_stylemapgan
from tfgan_edit import evaluate
from tfgan_edit.config import UserError
from tfgan_edit.data.records import RecordsWriter
from tfgan_edit.editing.editors import load_editor
from tfgan_edit.metrics.pairs import squared_error
from tfgan_edit.metrics.photo_sets import (
    GeneratedPhotos,
    InterpolatedPhotos,
    RebuiltPhotos,
    open_photos,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rebuilt")
    save_stylemapgan(folder / "preset")
    for name, side in (("photos", 16), ("small", 8)):
        with RecordsWriter(folder / name, (side, side, 3)) as writer:
            for photo in photos(side):
                writer.add(photo)
    return folder


def photos(side=16):
    return np.random.RandomState(0).randint(0, 256, (5, side, side, 3), np.uint8)


def test_the_error_of_reconstructions(folder):
    values = flags.FlagValues()
    evaluate.define_flags(values)
    arguments = ["--metrics=mse", f"--sources={folder / 'photos'}"]
    values(["evaluate", f"--preset={folder / 'preset'}", *arguments])
    (record,) = evaluate.run(values)
    expected = squared_error(load_editor(folder / "preset")(photos()), photos()).mean()
    assert record["results"]["mse"] == pytest.approx(expected, rel=1e-2)
    assert json.loads((folder / "preset" / "metric-mse.jsonl").read_text())["metric"] == "mse"


def test_pictures_between_stylemaps_of_photos(folder):
    editor = load_editor(folder / "preset")
    sources = open_photos(str(folder / "photos"))
    rebuilt = RebuiltPhotos(sources, editor.encoder, editor.generator, hash="")
    stylemaps = rebuilt.stylemaps(batch_size=2)
    np.testing.assert_allclose(stylemaps, editor.encode(photos()), rtol=1e-4, atol=1e-5)
    drawn = GeneratedPhotos(editor.generator, name="preset", batch_size=4)
    same = np.repeat(stylemaps[:1], 3, axis=0)  # between equal stylemaps there is one picture
    (batch,) = InterpolatedPhotos(drawn, same).batches(3, 4)
    assert np.abs(batch.astype(int) - editor(photos()[0])).max() <= 1
    (random,) = InterpolatedPhotos(drawn).batches(3, 4)
    assert random.shape == (3, 16, 16, 3)
    with pytest.raises(UserError, match=r"latents of \[2, 2, 3\], .* needs \[4, 4, 3\]"):
        InterpolatedPhotos(drawn, np.zeros([2, 2, 2, 3], np.float32))


def test_photos_of_another_size_are_named(folder):
    with pytest.raises(UserError, match="pictures of 8x8 pixels, the networks take 16x16"):
        evaluate.rebuilt_photos(str(folder / "small"), folder / "preset")
