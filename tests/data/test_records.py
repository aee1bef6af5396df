"""Records: whole or not at all, and damage is named."""

import errno
import json
import os

import numpy as np
import pytest

from tfgan_edit import storage
from tfgan_edit.config import UserError
from tfgan_edit.data import records as records_module
from tfgan_edit.data.records import RecordsWriter, is_records, open_records

SHAPE = (8, 12, 3)
PHOTO_BYTES = 8 * 12 * 3


def photo(index):
    return np.random.default_rng(index).integers(0, 256, SHAPE, np.uint8)


def write(folder, num=10, labels=True, **settings):
    names = ["index", "odd"] if labels else None
    with RecordsWriter(folder, SHAPE, label_names=names, **settings) as writer:
        for index in range(num):
            writer.add(photo(index), [index, index % 2] if labels else None)
    return open_records(folder)


def test_photos_and_labels_come_back_from_several_shards(tmp_path):
    records = write(tmp_path / "faces", shard_bytes=4 * PHOTO_BYTES, notes={"source": "x"})
    names = sorted(os.listdir(tmp_path / "faces"))
    assert names == [f"images-0000{i}-of-00003.npy" for i in range(3)] + [
        "labels.npy",
        "manifest.json",
    ]
    assert (records.num, records.resolution, records.channels) == (10, (8, 12), 3)
    assert [shard["num"] for shard in records.manifest["shards"]] == [4, 4, 2]
    assert records.manifest["source"] == "x"
    order = [9, 0, 4, 3, 4]
    expected = np.stack([photo(index) for index in order])
    np.testing.assert_array_equal(records.photos(order), expected)
    np.testing.assert_array_equal(records[-1], photo(9))
    assert records[2:5].shape == (3, *SHAPE)
    np.testing.assert_array_equal(records.labels[:, 0], np.arange(10))
    assert records.label_names == ["index", "odd"]
    records.verify()
    with pytest.raises(IndexError):
        records[10]


def test_a_training_is_told_the_labels_of_its_photos(tmp_path):
    records = write(tmp_path / "faces")
    assert records.facts["label_dim"] == 2 and len(records.facts["labels"]) == 10
    some = records.for_training(labels=True, subset=4)
    np.testing.assert_array_equal(some.facts["labels"][:, 0], records.subset_indices(4))
    assert some.facts["label_names"] == ["index", "odd"]
    none = records.for_training(labels=False, subset=4).facts
    assert (none["label_dim"], none["labels"], none["label_names"]) == (0, None, None)


def test_hash_names_the_content_and_not_the_place(tmp_path):
    first = write(tmp_path / "a", notes={"source": "here"})
    assert first.hash == write(tmp_path / "b").hash
    assert first.hash != write(tmp_path / "c", num=9).hash
    assert first.hash != write(tmp_path / "d", labels=False).hash


def test_an_error_in_the_middle_leaves_nothing(tmp_path):
    with pytest.raises(RuntimeError):
        with RecordsWriter(tmp_path / "faces", SHAPE) as writer:
            writer.add(photo(0))
            raise RuntimeError
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    "owner, name", [(storage.os, "fsync"), (storage.os, "rename"), (records_module.np, "save")]
)
def test_a_full_disk_leaves_nothing(tmp_path, monkeypatch, owner, name):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(owner, name, full)
    with pytest.raises(UserError, match="faces: the disk is full"):
        write(tmp_path / "faces")
    monkeypatch.undo()
    assert os.listdir(tmp_path) == []


def test_leftovers_of_a_killed_process_are_removed(tmp_path):
    dead = tmp_path / ".faces.0.partial"
    dead.mkdir()
    write(tmp_path / "faces")
    assert os.listdir(tmp_path) == ["faces"]


def test_an_existing_folder_is_refused(tmp_path):
    (tmp_path / "faces").mkdir()
    with pytest.raises(UserError, match="exists"):
        write(tmp_path / "faces")


def test_two_processes_that_write_the_same_agree(tmp_path):
    with RecordsWriter(tmp_path / "faces", SHAPE) as slow:
        slow.add(photo(0))
        os.rename(slow._folder, tmp_path / "aside")
        write(tmp_path / "faces", num=1, labels=False)
        os.rename(tmp_path / "aside", slow._folder)
    assert open_records(tmp_path / "faces").num == 1
    assert os.listdir(tmp_path) == ["faces"]


def test_no_photos_is_an_error(tmp_path):
    with pytest.raises(UserError, match="no photo"):
        write(tmp_path / "faces", num=0)
    assert os.listdir(tmp_path) == []


def test_wrong_photos_and_labels_are_refused(tmp_path):
    with RecordsWriter(tmp_path / "faces", SHAPE, label_names=["a"]) as writer:
        with pytest.raises(ValueError, match="uint8"):
            writer.add(np.zeros((8, 8, 3), np.uint8), [1])
        with pytest.raises(ValueError, match="uint8"):
            writer.add(np.zeros(SHAPE, np.float32), [1])
        with pytest.raises(ValueError, match="labels"):
            writer.add(photo(0))
        with pytest.raises(ValueError, match="1 values"):
            writer.add(photo(0), [1, 2])
        writer.add(photo(0), [1])


def _truncate(folder):
    path = folder / "images-00000-of-00001.npy"
    path.write_bytes(path.read_bytes()[:-5])


def _reshape(folder):
    np.save(folder / "images-00000-of-00001.npy", np.zeros((3, *SHAPE), np.uint8))


def _edit(**changes):
    def damage(folder):
        path = folder / "manifest.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | changes))

    return damage


@pytest.mark.parametrize(
    "damage, message",
    [
        (lambda folder: (folder / "images-00000-of-00001.npy").unlink(), "is missing"),
        (lambda folder: (folder / "labels.npy").unlink(), "labels.npy is missing"),
        (_truncate, "truncated"),
        (_reshape, "the manifest says"),
        (lambda folder: (folder / "images-00000-of-00001.npy").write_bytes(b""), "damaged"),
        (lambda folder: (folder / "manifest.json").unlink(), "manifest.json is missing"),
        (lambda folder: (folder / "manifest.json").write_text("{"), "not JSON"),
        (lambda folder: (folder / "manifest.json").write_text("[]"), "does not describe"),
        (_edit(format_version=99), "99"),
        (_edit(label_names=["x", "y"]), "hash does not fit"),
        (_edit(shards=None), "shards=None"),
        (_edit(num=None), "num=None"),
        (_edit(shards=[{"num": 1, "file": "../x.npy", "sha256": ""}]), "shards="),
    ],
)
def test_damage_is_one_line_that_names_file_and_fix(tmp_path, damage, message):
    write(tmp_path / "faces")
    damage(tmp_path / "faces")
    with pytest.raises(UserError, match=message) as caught:
        open_records(tmp_path / "faces")
    assert "prepare_data" in str(caught.value) and "\n" not in str(caught.value)


def test_changed_pixels_are_found_by_verify_only(tmp_path):
    write(tmp_path / "faces")
    path = tmp_path / "faces" / "images-00000-of-00001.npy"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(UserError, match="sha256"):
        open_records(tmp_path / "faces").verify()


def test_records_are_told_from_other_folders(tmp_path):
    write(tmp_path / "faces")
    assert is_records(tmp_path / "faces")
    assert not is_records(tmp_path) and not is_records(tmp_path / "nowhere")
    with pytest.raises(UserError, match="no such folder"):
        open_records(tmp_path / "nowhere")


def test_subsets_are_random_and_lie_in_each_other(tmp_path):
    records = write(tmp_path / "faces", num=40)
    small, large = records.subset_indices(5), records.subset_indices(20)
    assert len(set(small)) == 5 and set(small) <= set(large)
    assert list(large) != list(range(20))
    with pytest.raises(UserError, match="subset=41"):
        records.subset_indices(41)
