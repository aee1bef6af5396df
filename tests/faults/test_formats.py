"""Files of the first version are read for ever; those of a later one are refused in one line."""

import json
import shutil

import numpy as np
import pytest

from tests import golden_files
from tests.faults.write_formats import Z, photo
from tests.trainers import line_trainer
from tfgan_edit.config import UserError
from tfgan_edit.data import open_pairs
from tfgan_edit.data.records import open_records
from tfgan_edit.editing.directions import load_direction
from tfgan_edit.editing.latents import open_latents
from tfgan_edit.editing.style_functions import parse_attribute_layers
from tfgan_edit.preset import load_preset
from tfgan_edit.trainers.state import StateFolder

FIRST = golden_files.FOLDER / "formats_1"


@pytest.fixture(scope="module")
def expected():
    with np.load(FIRST / "expected.npz") as arrays:
        return dict(arrays)


def restore(folder):
    trainer = line_trainer.make(seed=7)
    facts = StateFolder(folder / "state").restore(trainer)
    return trainer, facts


READ = {  # file with its version: how it is read
    "preset/config.json": lambda folder: load_preset(folder / "preset"),
    "records/manifest.json": lambda folder: open_records(folder / "records"),
    "pairs/manifest.json": lambda folder: open_pairs(folder / "pairs"),
    "latents/manifest.json": lambda folder: open_latents(folder / "latents"),
    "state/0000000003/state.json": restore,
    "layers.json": lambda folder: parse_attribute_layers(
        str(folder / "layers.json"), ["smile"], 6
    ),
}


def test_a_preset(expected):
    preset = READ["preset/config.json"](FIRST)
    images = preset.require("generator")(Z, noise="none")
    np.testing.assert_allclose(images, expected["images"], rtol=1e-5, atol=1e-5)
    assert preset.config == {"note": "ü"} and preset.metadata["licence"] == "CC0"


def test_records():
    records = open_records(FIRST / "records")
    np.testing.assert_array_equal(records[:], np.stack([photo(i) for i in range(3)]))
    np.testing.assert_array_equal(records.labels, [[0, 1], [1, 1], [2, 1]])
    assert records.label_names == ["a", "b"]
    records.verify()


def test_pairs():
    pairs = open_pairs(FIRST / "pairs")
    np.testing.assert_array_equal(pairs.sources[:], np.stack([photo(0), photo(1)]))
    np.testing.assert_array_equal(pairs.targets[:], np.stack([photo(9), photo(10)]))
    np.testing.assert_allclose(pairs.scores()["certainty"], [0, 0.5])
    pairs.verify()


def test_latents_a_direction_and_layers():
    latents = open_latents(FIRST / "latents")
    np.testing.assert_array_equal(latents.w, 2 * Z)
    np.testing.assert_array_equal(latents.scores, [[0.25], [0.75]])
    direction = load_direction(FIRST / "direction.npz")
    np.testing.assert_array_equal(direction.vectors, [3, 0, 4])
    assert direction.layers == (0, 2) and direction.metadata == {"attribute": "smile"}
    assert READ["layers.json"](FIRST) == {"smile": [1, 2]}


def test_a_state(expected):
    trainer, facts = restore(FIRST)
    assert (facts["step"], facts["images"], facts["seconds"]) == (3, 24, 1.5)
    np.testing.assert_array_equal(trainer.first.dense.kernel, expected["kernel"])
    np.testing.assert_array_equal(trainer.averages["first"].dense.kernel, expected["average"])
    assert trainer.current_step() == 3


@pytest.mark.parametrize("file", READ)
def test_a_newer_version_is_refused_in_one_line(tmp_path, file):
    folder = shutil.copytree(FIRST, tmp_path / "formats")
    content = json.loads((folder / file).read_text())
    assert content["format_version"] == 1
    (folder / file).write_text(json.dumps({**content, "format_version": 2}))
    with pytest.raises(UserError, match="format 2.*reads.*1.*upgrade tfgan_edit") as caught:
        READ[file](folder)
    assert "\n" not in str(caught.value)


def test_a_newer_direction_is_refused_in_one_line(tmp_path):
    with np.load(FIRST / "direction.npz") as arrays:
        manifest = {**json.loads(arrays["manifest"].item()), "format_version": 2}
        path = tmp_path / "direction.npz"
        np.savez(path, vectors=arrays["vectors"], manifest=np.array(json.dumps(manifest)))
    with pytest.raises(UserError, match="has format 2, this version reads 1; upgrade tfgan_edit"):
        load_direction(path)


def test_what_was_written_before_versions_were_is_read(tmp_path):
    """States and layers of the first days say no version."""
    folder = shutil.copytree(FIRST, tmp_path / "formats")
    for file in ("state/0000000003/state.json", "layers.json"):
        content = json.loads((folder / file).read_text())
        del content["format_version"]
        (folder / file).write_text(json.dumps(content))
        assert READ[file](folder)
