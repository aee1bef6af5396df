"""Scored latents: what a folder holds, that it resumes, and what is refused."""

import json
import shutil

import numpy as np
import pytest

from tests.editing import tiny_faces
from tfgan_edit.config import UserError
from tfgan_edit.editing import latents as module
from tfgan_edit.editing.latents import draw_z, open_latents, score_latents
from tfgan_edit.editing.scorers import load_scorer
from tfgan_edit.preset import load_preset


@pytest.fixture(scope="module")
def faces(tmp_path_factory):
    folder = tmp_path_factory.mktemp("faces")
    tiny_faces.save_presets(folder)
    return load_preset(folder / "generator"), load_scorer(folder / "classifier")


@pytest.fixture(scope="module", autouse=True)
def small_shards():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "SHARD_ROWS", 10)
        yield


SETTINGS = {"num": 25, "seed": 3, "truncation": 0.5, "truncation_cutoff": 2, "batch_size": 8}


@pytest.fixture(scope="module")
def folder(faces, tmp_path_factory):
    path = tmp_path_factory.mktemp("scored") / "latents"
    outcome = score_latents(path, *faces, **SETTINGS)
    assert outcome.scored == 25
    assert 0 < outcome.busy <= 1
    return path


def test_scores_are_those_of_the_pictures_of_w(faces, folder):
    preset, scorer = faces
    latents = open_latents(folder)
    assert len(latents) == 25 and latents.names == tiny_faces.NAMES
    np.testing.assert_array_equal(latents.z[10:20], draw_z(3, 1, 10, 6))
    generator = preset.networks["generator"]
    mapped = generator.mapping(latents.z)
    np.testing.assert_allclose(latents.w, mapped[:, 0], atol=1e-5)
    w_plus = generator.mapping.truncate(mapped, 0.5, 2)
    scores = scorer(generator.synthesis(w_plus, noise="constant"))
    assert latents.scores.dtype == np.float32
    for i, name in enumerate(latents.names):
        np.testing.assert_allclose(latents.scores[:, i], scores[name], atol=1e-4)
    assert latents.scores.std(axis=0).min() > 0


def test_the_manifest_names_the_parents(faces, folder):
    preset, scorer = faces
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["parents"]["generator"]["sha256"] == preset.sha256
    assert manifest["parents"]["scorer"]["sha256"] == scorer.sha256
    for key in ("num", "seed", "truncation", "truncation_cutoff"):
        assert manifest[key] == SETTINGS[key]
    assert [shard["file"] for shard in manifest["shards"]] == [
        f"latents-{i:05d}-of-00003.npz" for i in range(3)
    ]


def test_an_interrupted_folder_goes_on(faces, folder, tmp_path, monkeypatch):
    written = []

    def write(file, **arrays):
        if len(written) == 2:
            raise UserError("the disk is full")
        written.append(file)
        original(file, **arrays)

    original = module._write_shard
    monkeypatch.setattr(module, "_write_shard", write)
    path = tmp_path / "interrupted"
    with pytest.raises(UserError, match="disk is full"):
        score_latents(path, *faces, **SETTINGS)
    with pytest.raises(UserError, match="is unfinished: run the same score_latents again"):
        open_latents(path)
    monkeypatch.setattr(module, "_write_shard", original)
    assert score_latents(path, *faces, **SETTINGS).scored == 5
    assert score_latents(path, *faces, **SETTINGS).scored == 0
    resumed, whole = open_latents(path), open_latents(folder)
    assert resumed.hash == whole.hash
    np.testing.assert_array_equal(resumed.scores, whole.scores)


def test_another_request_is_refused(faces, folder, tmp_path):
    for change, message in (({"seed": 4}, "seed"), ({"truncation": 1.0}, "truncation")):
        with pytest.raises(UserError, match=f"differ in {message}"):
            score_latents(folder, *faces, **{**SETTINGS, **change})
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "file").touch()
    with pytest.raises(UserError, match="holds other files"):
        score_latents(tmp_path / "other", *faces, **SETTINGS)
    with pytest.raises(UserError, match="it is a file"):
        score_latents(tmp_path / "other" / "file", *faces, **SETTINGS)


def test_seeds_and_shards_give_other_latents():
    a, b, c = draw_z(0, 0, 4, 3), draw_z(1, 0, 4, 3), draw_z(0, 1, 4, 3)
    assert not np.intersect1d(a, b).size and not np.intersect1d(a, c).size
    many = draw_z(0, 0, 20_000, 2)
    assert abs(many.mean()) < 0.02 and many.std() == pytest.approx(1, abs=0.02)
    # Folders of other machines and years go on with the same numbers.
    np.testing.assert_allclose(a[0], [-1.8313078, -0.17735435, 0.0382792], rtol=1e-6)


def test_damaged_folders_are_refused(folder, tmp_path):
    folder = shutil.copytree(folder, tmp_path / "copy")
    shard = folder / "latents-00001-of-00003.npz"
    shard.write_bytes(shard.read_bytes()[:-1])
    with pytest.raises(UserError, match="latents-00001-of-00003.npz is missing or was changed"):
        open_latents(folder)
    (folder / "manifest.json").write_text("{}")
    with pytest.raises(UserError, match="does not hold latents"):
        open_latents(folder)
    with pytest.raises(UserError, match="manifest.json is missing; make them by score_latents"):
        open_latents(tmp_path / "nowhere")
