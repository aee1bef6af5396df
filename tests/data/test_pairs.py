"""Pairs: written, opened, read in step, drawn, imported from folders, and what can be wrong."""

import dataclasses
import json
import shutil

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tfgan_edit.config import UserError
from tfgan_edit.data import PairsConfig, PairsWriter, avatars, open_pairs, pair_sources, prepare
from tfgan_edit.ops.label_maps import instance_edges

NUM = 11


def numbered(number, channels=3):
    """A photo that tells its number and, in the first channel, its columns."""
    photo = np.full((8, 8, channels), number, np.uint8)
    photo[:, :, 0] = np.arange(8)
    return photo


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pairs") / "numbers"
    with PairsWriter(folder, (8, 8), planes=("photo",) * 6, notes={"parents": ["a"]}) as writer:
        for i in range(NUM):
            writer.add(numbered(i, 6), numbered(100 + i), {"certainty": i / 10, "all": [i, 1]})
        writer.notes["rejected"] = {"uncertain": 3}
    return folder


def test_what_was_written_is_read(folder):
    pairs = open_pairs(folder)
    assert (pairs.num, pairs.resolution, pairs.hash) == (NUM, (8, 8), open_pairs(folder).hash)
    assert pairs.facts == {
        "resolution": 8,
        "planes": ("photo",) * 6,
        "num_labels": 0,
        "img_channels": 3,
    }
    assert pairs.manifest["parents"] == ["a"]
    assert pairs.manifest["rejected"] == {"uncertain": 3}
    scores = pairs.scores()
    np.testing.assert_allclose(scores["certainty"], np.arange(NUM) / 10)
    assert scores["all"].shape == (NUM, 2)
    examples = pairs.examples(NUM + 1)
    np.testing.assert_array_equal(examples["sources"][0], numbered(0, 6))
    np.testing.assert_array_equal(examples["sources"][0], examples["sources"][-1])
    np.testing.assert_array_equal(examples["targets"][3], numbered(103))
    pairs.verify()


@pytest.mark.parametrize("mirror", (False, True))
def test_both_of_a_pair_come_together_in_the_order_of_records(folder, mirror):
    pairs = open_pairs(folder)
    settings = {"batch_size": 4, "seed": 3, "mirror": mirror, "subset": 7}
    batches = [
        {name: x.numpy() for name, x in batch.items()}
        for batch in pairs.dataset(**settings).take(6)
    ]
    photos = [batch["photos"].numpy() for batch in pairs.targets.dataset(**settings).take(6)]
    turned = 0
    for batch, targets in zip(batches, photos, strict=True):
        np.testing.assert_array_equal(batch["targets"], targets)
        np.testing.assert_array_equal(batch["sources"][:, 0, 0, 1] + 100, targets[:, 0, 0, 1])
        np.testing.assert_array_equal(batch["sources"][..., 0], targets[..., 0])
        turned += np.sum(targets[:, 0, 0, 0] == 7)
    assert (0 < turned < 24) if mirror else turned == 0
    resumed = next(iter(pairs.dataset(start_step=2, **settings)))
    np.testing.assert_array_equal(resumed["sources"], batches[2]["sources"])
    halves = pairs.replica_dataset(num_replicas=2, **settings).take(2)
    joined = np.concatenate([half["sources"].numpy() for half in halves])
    np.testing.assert_array_equal(joined, batches[0]["sources"])


def test_a_writer_leaves_all_or_nothing(tmp_path):
    with pytest.raises(ZeroDivisionError):
        with PairsWriter(tmp_path / "pairs", (8, 8)) as writer:
            writer.add(numbered(0), numbered(1))
            1 / 0
    with pytest.raises(UserError, match="nothing to write to .*pairs: there is no pair"):
        with PairsWriter(tmp_path / "pairs", (8, 8)):
            pass
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ValueError, match="`photo` must be uint8"):
        with PairsWriter(tmp_path / "pairs", (8, 8)) as writer:
            writer.add(numbered(0), np.zeros((4, 4, 3), np.uint8))
    with pytest.raises(ValueError, match="needs the scores"):
        with PairsWriter(tmp_path / "pairs", (8, 8)) as writer:
            writer.add(numbered(0), numbered(1), {"a": 1})
            writer.add(numbered(0), numbered(1))
    (tmp_path / "there").mkdir()
    with pytest.raises(UserError, match="there exists already"):
        with PairsWriter(tmp_path / "there", (8, 8)):
            pass
    with pytest.raises(ValueError, match="planes"):
        PairsWriter(tmp_path / "pairs", (8, 8), planes=("depth",))
    with pytest.raises(ValueError, match="num_labels=0"):
        PairsWriter(tmp_path / "pairs", (8, 8), planes=("labels",))


# === Damage ===


def other_records(folder, copy):
    """The targets of other pairs."""
    with PairsWriter(folder.parent / "other", (8, 8)) as writer:
        for i in range(NUM):
            writer.add(numbered(i), numbered(i))
    shutil.rmtree(copy / "target")
    shutil.move(folder.parent / "other" / "target", copy / "target")


def fewer_records(folder, copy):
    with PairsWriter(folder.parent / "few", (8, 8)) as writer:
        writer.add(numbered(0), numbered(1))
    shutil.rmtree(copy / "target")
    shutil.move(folder.parent / "few" / "target", copy / "target")


def other_planes(folder, copy):
    path = copy / "manifest.json"
    manifest = json.loads(path.read_text())
    path.write_text(json.dumps({**manifest, "planes": ["photo"] * 5 + ["edges"]}))


@pytest.mark.parametrize(
    "damage, message",
    (
        (other_records, "source or target is not the one"),
        (fewer_records, "11 of 8x8x6 sources do not fit 1 of 8x8x3 targets"),
        (other_planes, "its hash does not fit"),
        (lambda _, copy: (copy / "manifest.json").write_text("{}"), "does not describe pairs"),
        (lambda _, copy: (copy / "manifest.json").unlink(), "cannot read"),
        (lambda _, copy: shutil.rmtree(copy), "there is no such folder"),
        (lambda _, copy: shutil.rmtree(copy / "source"), "no records at"),
    ),
)
def test_damage_is_named(folder, tmp_path, damage, message):
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    damage(tmp_path / "beside", copy)
    with pytest.raises(UserError, match=message):
        open_pairs(copy)


def test_changed_scores_are_named(folder, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    (copy / "scores.npz").write_bytes(b"other")
    with pytest.raises(UserError, match="scores.npz is damaged"):
        open_pairs(copy).verify()


# === Drawn ===


@pytest.mark.parametrize("attribute", ("smile", "eyeglasses", "sunglasses"))
def test_drawn_pairs_differ_in_one_attribute(attribute):
    drawn = avatars.draw_pairs("avataaars", attribute, 12, resolution=16, progress=False)
    for index, ((source, without), (target, with_it)) in enumerate(drawn):
        assert without[attribute] == 0 and with_it == {**without, attribute: 1}
        assert not np.array_equal(source, target)
        alone, known = avatars.draw("avataaars", index, resolution=16, attributes=with_it)
        assert known == with_it
        np.testing.assert_array_equal(alone, target)
    assert index == 11


def test_drawn_pairs_are_cut_as_faces_are(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = PairsConfig("avatars:avataaars:smile", resolution=16, num=4, crop="face")
    pairs = prepare(config, progress=False)
    source, target = (
        avatars.draw("avataaars", 3, resolution=16, attributes={"smile": smile}, crop="face")[0]
        for smile in (0, 1)
    )
    np.testing.assert_array_equal(pairs.sources.photos([3])[0], source)
    np.testing.assert_array_equal(pairs.targets.photos([3])[0], target)
    whole = prepare(dataclasses.replace(config, crop="center"), progress=False)
    assert whole.path != pairs.path
    with pytest.raises(UserError, match="crop 10,0,110,100: of avatars it is a square in percent"):
        prepare(dataclasses.replace(config, crop="10,0,110,100"), progress=False)


def test_drawn_pairs_are_made_once(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = PairsConfig("avatars:avataaars:smile", resolution=16, num=8)
    pairs = prepare(config, progress=False)
    assert pairs.path.parent.name == "data" and "avataaars_smile_16" in pairs.path.name
    assert pairs.manifest["artwork"]["author"] and pairs.manifest["attribute"] == "smile"
    monkeypatch.setattr(avatars, "draw_pairs", lambda *_, **__: iter(()))
    assert prepare(config, progress=False).hash == pairs.hash
    other = PairsConfig("avatars:avataaars:smile", resolution=16, num=9, dest=str(pairs.path))
    with pytest.raises(UserError, match="another request"):
        prepare(other, progress=False)


def test_a_pairs_folder_is_used_as_it_is(folder):
    assert prepare(PairsConfig(str(folder))).num == NUM
    assert prepare(PairsConfig(str(folder), resolution=8, num=NUM, subset=2)).num == NUM
    for changes, message in (
        ({"resolution": 16}, "8x8 pixels, the recipe says data.resolution=16"),
        ({"num": 3}, "hold 11 pairs, the recipe says num=3"),
        ({"subset": 12}, "subset=12"),
    ):
        with pytest.raises(UserError, match=message):
            prepare(PairsConfig(str(folder), **changes))


# === Imported ===


def write(path, array, mode=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array, mode).save(path)


def make_layout(root, *folders, num=3, size=8):
    for place, name in enumerate(folders):
        for i in range(num):
            ending = "png" if place else "bmp"  # names match without their endings
            colour = np.full((size, size, 3), 10 * place + i, np.uint8)
            write(root / name / f"{i}.{ending}", colour)
    return root


def imported(root, tmp_path, **settings):
    settings = {"resolution": 8, "dest": str(tmp_path / "out")} | settings
    return prepare(PairsConfig(str(root), **settings), progress=False)


def test_folders_of_the_published_code(tmp_path):
    root = make_layout(tmp_path / "in", "train_A", "train_B", "train_C")
    pairs = imported(root, tmp_path)
    assert pairs.planes == ("photo",) * 3 and pairs.num == 3
    np.testing.assert_array_equal(pairs.sources[:][:, 0, 0, 0], [0, 1, 2])
    np.testing.assert_array_equal(pairs.targets[:][:, 0, 0, 0], [10, 11, 12])
    assert imported(root, tmp_path).hash == pairs.hash


def test_two_inputs(tmp_path):
    root = make_layout(tmp_path / "in", "a", "b", "c")
    (root / "b" / "1.png").unlink()
    pairs = imported(
        root / "a", tmp_path, targets=str(root / "b"), second_sources=str(root / "c")
    )
    assert pairs.planes == ("photo",) * 6
    np.testing.assert_array_equal(pairs.sources[0][0, 0], [0, 0, 0, 20, 20, 20])
    assert pairs.manifest["without_partner"] == ["1"]


def test_label_maps_and_instances(tmp_path):
    root = make_layout(tmp_path / "in", "train_img", num=1, size=16)
    labels = np.zeros((16, 16), np.uint8)
    labels[:8] = 34
    instances = np.zeros((16, 16), np.uint16)
    instances[4:12, 4:12] = 26001
    write(root / "train_label" / "0.png", labels)
    write(root / "train_inst" / "0.png", instances)
    pairs = imported(root, tmp_path, num_labels=35)
    assert pairs.planes == ("labels", "edges") and pairs.facts["num_labels"] == 35
    source = pairs.sources[0]
    np.testing.assert_array_equal(source[..., 0], labels[1::2, 1::2])
    shrunk = instances[1::2, 1::2].astype(np.int32)
    np.testing.assert_array_equal(source[..., 1:], 255 * instance_edges(shrunk[np.newaxis])[0])
    with pytest.raises(UserError, match="label 34, outside of 0 … 33"):
        imported(root, tmp_path, num_labels=34, dest=str(tmp_path / "other"))


def test_edges_are_those_of_the_networks_input():
    instances = np.random.default_rng(0).integers(3, size=(9, 7))
    expected = instance_edges(tf.constant(instances[np.newaxis]))[0]
    np.testing.assert_array_equal(pair_sources.borders(instances), 255 * expected)


def test_what_cannot_be_read_is_skipped_up_to_a_limit(tmp_path):
    root = make_layout(tmp_path / "in", "train_A", "train_B", num=40)
    (root / "train_B" / "7.png").write_bytes(b"broken")
    pairs = imported(root, tmp_path)
    assert pairs.num == 39 and pairs.manifest["skipped"][0][0] == "7.bmp"
    for i in range(3):
        (root / "train_A" / f"{i}.bmp").write_bytes(b"broken")
    with pytest.raises(UserError, match="3 of 40 pairs cannot be read, more than 5 %"):
        imported(root, tmp_path, dest=str(tmp_path / "other"))
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize(
    "settings, message",
    (
        ({"resolution": None}, "data.resolution is needed"),
        ({"num": 0}, "data.num must be at least 1"),
        ({"num_labels": 5}, "data.num_labels=5"),
        ({"crop": "middle"}, "crop 'middle'"),
    ),
)
def test_wrong_settings_are_named(tmp_path, settings, message):
    root = make_layout(tmp_path / "in", "train_A", "train_B")
    with pytest.raises(UserError, match=message):
        imported(root, tmp_path, **settings)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "source, message",
    (
        ("avatars:avataaars:hair_color", "must be avatars:STYLE:ATTRIBUTE.*smile"),
        ("avatars:avataaars", "must be avatars:STYLE:ATTRIBUTE"),
        ("avatars:cubism:smile", "`style` must be one of"),
        ("nowhere", "'nowhere' is not a folder"),
    ),
)
def test_wrong_sources_are_named(source, message):
    with pytest.raises(UserError, match=message):
        prepare(PairsConfig(source, resolution=16), progress=False)


def test_folders_that_do_not_match_are_named(tmp_path):
    root = make_layout(tmp_path / "in", "train_A", "train_B", num=2)
    write(root / "train_B" / "0.png", np.zeros((4, 4, 3), np.uint8))
    with pytest.raises(UserError, match="differ in size: .*0.bmp 8x8, .*0.png 4x4"):
        imported(root, tmp_path)
    (root / "train_A" / "0.png").write_bytes(b"")
    with pytest.raises(UserError, match="have one name"):
        imported(root, tmp_path)
    (root / "train_A" / "0.png").unlink()
    shutil.rmtree(root / "train_B")
    with pytest.raises(UserError, match="holds no train_A and train_B"):
        imported(root, tmp_path)
    with pytest.raises(UserError, match="cannot read nowhere"):
        imported(root / "train_A", tmp_path, targets="nowhere")
    write(root / "other" / "x.png", np.zeros((8, 8, 3), np.uint8))
    with pytest.raises(UserError, match="no picture of .*train_A has its name in"):
        imported(root / "train_A", tmp_path, targets=str(root / "other"))
    write(root / "train_label" / "x.png", np.zeros((8, 8, 3), np.uint8))
    (root / "other").rename(root / "train_img")
    shutil.rmtree(root / "train_A")
    with pytest.raises(UserError, match="holds colours"):
        imported(root, tmp_path, num_labels=3)


def test_tiny_settings_are_drawn():
    tiny = PairsConfig("pairs/somewhere", mirror=False).tiny()
    assert (tiny.source, tiny.resolution, tiny.num) == ("avatars:avataaars:smile", 16, 16)
    assert tiny.reading == {"mirror": False, "subset": None}
