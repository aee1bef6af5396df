"""Source -> records: folders, zips, labels, limits, reuse, and nothing left behind."""

import errno
import json
import os
import zipfile

import numpy as np
import pytest
from PIL import Image

from tfgan_edit import storage
from tfgan_edit.config import UserError
from tfgan_edit.data import avatars, preparation, sources
from tfgan_edit.data.preparation import prepare, prepare_records
from tfgan_edit.data.records import DataConfig


def make_pictures(folder, num=5, size=(20, 20)):
    folder.mkdir(parents=True, exist_ok=True)
    for index in range(num):
        Image.new("RGB", size, (index, 2 * index, 99)).save(folder / f"{index:02d}.png")
    return folder


def import_from(source, dest, **settings):
    settings = {"resolution": 8, "workers": 1, "progress": False} | settings
    return prepare_records(str(source), dest, **settings)


def test_a_folder_is_read_in_the_order_of_names(tmp_path):
    source = make_pictures(tmp_path / "in")
    make_pictures(tmp_path / "in" / "deeper", num=2)
    (source / "notes.txt").write_text("hello")
    (source / "._00.png").write_bytes(b"a Mac's shadow file")
    outcome = import_from(source, tmp_path / "out")
    assert [int(photo[0, 0, 0]) for photo in outcome.records[:]] == [0, 1, 2, 3, 4, 0, 1]
    assert outcome.remarks == ("2 files are not pictures by their ending: ignored",)
    manifest = outcome.records.manifest
    assert manifest["skipped"] == [] and "LANCZOS" in manifest["resize_rule"]
    assert "white" in manifest["decode_rule"]
    assert import_from(source, tmp_path / "less", num=3).records.num == 3


def test_two_workers_give_the_same_as_one(tmp_path, monkeypatch):
    source = make_pictures(tmp_path / "in", num=70)
    (source / "05.png").write_bytes(b"broken")
    one = import_from(source, tmp_path / "one")
    two = import_from(source, tmp_path / "two", workers=2)
    monkeypatch.setattr(sources, "_RUN_BYTES", 3 * 8 * 8 * 3)  # three photos a task
    three = import_from(source, tmp_path / "three", workers=2)
    assert one.records.hash == two.records.hash == three.records.hash
    assert one.skipped == two.skipped == three.skipped and one.records.num == 69


def test_few_unreadable_files_are_listed(tmp_path):
    source = make_pictures(tmp_path / "in", num=40)
    (source / "05.png").write_bytes(b"broken")
    (source / "17.png").unlink()
    (source / "17.png").symlink_to("nowhere.png")
    outcome = import_from(source, tmp_path / "out")
    assert [name for name, _ in outcome.skipped] == ["05.png", "17.png"]
    assert outcome.records.num == 38
    assert outcome.records.manifest["num_unreadable"] == 2
    assert outcome.records.manifest["skipped"] == [list(entry) for entry in outcome.skipped]


def test_many_unreadable_files_stop_and_leave_nothing(tmp_path):
    source = make_pictures(tmp_path / "in", num=19)
    (source / "05.png").write_bytes(b"broken")
    with pytest.raises(UserError, match=r"1 of 19 .*05.png \(not a picture"):
        import_from(source, tmp_path / "out")
    assert os.listdir(tmp_path) == ["in"]


def test_a_zip_gives_the_same_as_its_folder(tmp_path):
    source = make_pictures(tmp_path / "in")
    with zipfile.ZipFile(tmp_path / "in.zip", "w") as archive:
        for path in sorted(source.iterdir()):
            archive.write(path, f"../../{path.name}")  # a name that must not be followed
        archive.writestr("__MACOSX/00.png", b"shadow")
    folder = import_from(source, tmp_path / "a").records
    zipped = import_from(tmp_path / "in.zip", tmp_path / "b").records
    assert folder.hash == zipped.hash
    assert sorted(os.listdir(tmp_path)) == ["a", "b", "in", "in.zip"]


@pytest.mark.parametrize("as_zip", [False, True])
def test_dataset_json_brings_labels(tmp_path, as_zip):
    source = make_pictures(tmp_path / "in", num=3)
    text = json.dumps({"labels": [["00.png", 1], ["01.png", 0], ["02.png", 1]]})
    (source / "dataset.json").write_text(text)
    if as_zip:
        with zipfile.ZipFile(tmp_path / "in.zip", "w") as archive:
            for path in source.iterdir():
                archive.write(path, path.name)
        source = tmp_path / "in.zip"
    records = import_from(source, tmp_path / "out").records
    assert records.label_names == ["class=0", "class=1"]
    np.testing.assert_array_equal(records.labels, [[0, 1], [1, 0], [0, 1]])


def test_csv_labels_and_what_does_not_fit(tmp_path):
    source = make_pictures(tmp_path / "in", num=4)
    table = tmp_path / "labels.csv"
    table.write_text("file,smile\n00.png,1\n02.png,-1\n03.png,1\nlost.png,1\n")
    outcome = import_from(source, tmp_path / "out", labels_file=str(table))
    np.testing.assert_array_equal(outcome.records.labels, [[1], [0], [1]])
    assert [int(photo[0, 0, 0]) for photo in outcome.records[:]] == [0, 2, 3]
    said = " ".join(outcome.remarks)
    assert "1 pictures have no row" in said and "01.png" in said and "lost.png" in said
    table.write_text("file,smile\nx.png,1\n")
    with pytest.raises(UserError, match="'x.png'"):
        import_from(source, tmp_path / "other", labels_file=str(table))


def test_the_same_request_reuses_and_another_is_refused(tmp_path):
    source = make_pictures(tmp_path / "in")
    first = import_from(source, tmp_path / "out")
    again = import_from(source, tmp_path / "out")
    assert again.reused and not first.reused and again.records.hash == first.records.hash
    with pytest.raises(UserError, match="different: resolution"):
        import_from(source, tmp_path / "out", resolution=16)
    make_pictures(tmp_path / "in", num=6)
    with pytest.raises(UserError, match="different: identity, num"):
        import_from(source, tmp_path / "out")
    with pytest.raises(UserError, match="holds no records"):
        import_from(source, source)


def test_a_full_disk_is_one_line_and_leaves_nothing(tmp_path, monkeypatch):
    source = make_pictures(tmp_path / "in")

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(storage.os, "fsync", full)
    with pytest.raises(UserError, match="out: the disk is full"):
        import_from(source, tmp_path / "out")
    assert os.listdir(tmp_path) == ["in"]


def test_avatars_become_records_with_artwork_and_labels(tmp_path):
    records = import_from("avatars:adventurer", tmp_path / "out", num=6, seed=2).records
    photo, known = avatars.draw("adventurer", 4, seed=2, resolution=8)
    np.testing.assert_array_equal(records[4], photo)
    np.testing.assert_array_equal(
        records.labels[4], avatars.label_vector(known, "adventurer")
    )
    assert records.manifest["artwork"]["licence"] == "CC BY 4.0"
    assert records.manifest["label_schema"]["clothing_color"]["kind"] == "absent"


def test_a_box_of_avatars_is_in_percent(tmp_path):
    box = dict(num=4, crop="18,4,82,68")
    records = import_from("avatars:avataaars", tmp_path / "out", **box).records
    photo, _ = avatars.draw("avataaars", 3, resolution=8, crop=(18, 4, 82, 68))
    np.testing.assert_array_equal(records[3], photo)
    assert import_from("avatars:avataaars", tmp_path / "out", **box).reused
    with pytest.raises(UserError, match=r"different: crop"):
        import_from("avatars:avataaars", tmp_path / "out", num=4)
    face = import_from("avatars:avataaars", tmp_path / "face", num=4, crop="face").records
    assert face.hash == records.hash  # it is the style's


@pytest.mark.parametrize(
    "settings, message",
    [
        (dict(source="nowhere"), "'nowhere'"),
        (dict(source=""), "no folder or file"),
        (dict(source="empty"), "no pictures in"),
        (dict(source="text.zip"), "neither a folder nor a zip"),
        (dict(source="avatars:bob"), "avatars:avataaars or avatars:adventurer"),
        (dict(source="avatars:avataaars", resolution="8x16"), "8x16"),
        (dict(source="avatars:avataaars", crop="0,0,164,164"), "in percent of the side"),
        (dict(source="avatars:avataaars", crop="0,0,60,61"), "a square in percent of the side"),
        (dict(source="avatars:avataaars", labels_file="x.csv"), "--labels"),
        (dict(num=0), "--num"),
        (dict(resolution="big"), "'big'"),
        (dict(resolution=6), "multiple of 4"),
        (dict(resolution="8x6"), "multiple of 4"),
        (dict(crop="middle"), "'middle'"),
        (dict(crop="face"), "it is of avatars"),
        (dict(crop="5,5,5,9"), "RIGHT must exceed"),
        (dict(crop="0,0,10,20"), "aspect"),
        (dict(crop="0,0,50,50"), "do not hold"),
        (dict(resize="nearest"), "lanczos, box"),
        (dict(workers=0), "at least 1"),
        (dict(labels_file="nowhere.csv"), "nowhere.csv"),
    ],
)
def test_wrong_values_are_named(tmp_path, monkeypatch, settings, message):
    make_pictures(tmp_path / "in")
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.zip").write_text("text")
    monkeypatch.chdir(tmp_path)
    before = sorted(os.listdir(tmp_path))
    with pytest.raises(UserError, match=message) as caught:
        import_from(**({"source": "in", "dest": tmp_path / "out"} | settings))
    assert "\n" not in str(caught.value)
    assert sorted(os.listdir(tmp_path)) == before


def test_resolutions():
    assert preparation.parse_resolution("48x64") == (48, 64)
    assert preparation.parse_resolution((12, 8)) == (12, 8)
    assert preparation.parse_resolution("64") == preparation.parse_resolution(64) == (64, 64)


def test_a_config_finds_what_it_made_before(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = DataConfig(resolution=8, num=4)
    records = prepare(config, progress=False)
    assert records.path.parent.name == "data" and "avataaars_8-" in records.path.name
    drawn = []
    monkeypatch.setattr(avatars, "draw_many", lambda *_, **__: drawn.append(1))
    assert prepare(config, progress=False).hash == records.hash and not drawn
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    other = prepare(DataConfig(resolution=8, num=4, seed=1), progress=False)
    assert other.path != records.path and other.hash != records.hash
    cut = prepare(DataConfig(resolution=8, num=4, crop="18,4,82,68"), progress=False)
    assert cut.path != records.path and cut.hash != records.hash


def test_a_config_may_name_records(tmp_path):
    source = make_pictures(tmp_path / "in")
    import_from(source, tmp_path / "out")
    config = DataConfig(source=str(tmp_path / "out"), resolution=8)
    assert prepare(config).num == 5
    for changes, message in [
        (dict(resolution=16), "8x8"),
        (dict(num=7), "subset"),
        (dict(labels=True), "labels"),
        (dict(subset=6), "subset=6"),
    ]:
        settings = {"source": config.source, "resolution": 8} | changes
        with pytest.raises(UserError, match=message):
            prepare(DataConfig(**settings))
