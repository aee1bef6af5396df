"""Files that were made to be run, to fill the memory, or to be written elsewhere."""

import io
import json
import os
import shutil
import struct
import zipfile
import zlib

import keras
import numpy as np
import pytest
from PIL import Image

from tests.checkpoints.official_files import zipped
from tests.faults.guard import guarded, peak_memory
from tfgan_edit.checkpoints import archives
from tfgan_edit.checkpoints.numpy_files import load_npz
from tfgan_edit.config import UserError
from tfgan_edit.data.pair_sources import _read_numbers, _upright_size
from tfgan_edit.data.photos import MIN_BOMB_BYTES, Fitting, UnreadablePhoto, read_photo, read_run
from tfgan_edit.data.records import RecordsWriter, content_hash, open_records
from tfgan_edit.data.sources import FileSource
from tfgan_edit.editing.scorers import load_scorer
from tfgan_edit.editing.video import first_frame
from tfgan_edit.metrics.photo_sets import FilePhotos
from tfgan_edit.preset import load_preset, save_preset
from tfgan_edit.run import _lock

FITTING = Fitting((16, 16))
ROOM = 2**28  # bytes that refusing any of these may take


def refused(read, folder, match):
    """The block's one-line refusal, within a guard and `ROOM`."""
    before = peak_memory(reset=True)
    with guarded(folder), pytest.raises((UserError, UnreadablePhoto), match=match) as caught:
        read()
    assert "\n" not in str(caught.value)
    assert peak_memory() - before < ROOM
    return str(caught.value)


# === Programs ===


@pytest.mark.parametrize("name", ["photo.png", "photo.eps"])
def test_a_picture_that_is_a_program(tmp_path, name):
    """Pillow gives PostScript to Ghostscript; here it is no picture, whatever its name."""
    text = "%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n(canary) (w) file\n"
    (tmp_path / name).write_text(text + "%%EOF\n")
    refused(lambda: read_photo(tmp_path / name, FITTING), tmp_path, "not a picture")
    refused(lambda: _upright_size(tmp_path / name), tmp_path, "cannot identify")


@pytest.mark.parametrize(
    "text",
    [
        "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:1,\nsecret.mp4\n#EXT-X-ENDLIST\n",
        "#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/x.ts\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile secret.mp4\n",
        '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"/>',
    ],
)
def test_a_video_that_names_other_files(tmp_path, text):
    from tests.editing.test_video import make_video

    make_video(tmp_path / "secret.mp4", num=2)
    for name in ("clip.mp4", "clip.m3u8", "clip.ffconcat"):
        (tmp_path / name).write_text(text)
        refused(lambda: first_frame(tmp_path / name), tmp_path, "cannot be decoded")


def keras_file(config):
    file = io.BytesIO()
    metadata = {"keras_version": keras.__version__, "date_saved": "2026-01-01"}
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("metadata.json", json.dumps(metadata))
        archive.writestr("config.json", json.dumps(config))
        archive.writestr("model.weights.h5", b"")
    return file.getvalue()


def sequential(*layers):
    return {
        "module": "keras",
        "class_name": "Sequential",
        "config": {"name": "s", "layers": list(layers)},
        "registered_name": None,
    }


INPUT = {
    "module": "keras.layers",
    "class_name": "InputLayer",
    "config": {"batch_shape": [None, 8, 8, 3], "dtype": "float32", "name": "i"},
    "registered_name": None,
}


def named(module, class_name, **config):
    return {
        "module": module,
        "class_name": class_name,
        "config": config,
        "registered_name": class_name,
    }


CODE = {
    "class_name": "__lambda__",
    "config": {"code": "4wAAAA==", "defaults": None, "closure": None},
}
KERAS_FILES = {
    "a Lambda layer": sequential(INPUT, named("keras.layers", "Lambda", name="l", function=CODE)),
    "a lambda": CODE,
    "a function of os": sequential(INPUT, named("os", "system", command="touch canary")),
    "a call of os": named("os", "system", command="touch canary"),
    "a class of subprocess": named("subprocess", "Popen", args=["touch", "canary"]),
    "a download": sequential(
        INPUT,
        named(
            "keras.layers",
            "Lambda",
            name="l",
            function={
                "module": "keras.utils",
                "class_name": "function",
                "config": "get_file",
                "registered_name": "function",
            },
            arguments={"fname": "canary", "origin": "file:///etc/passwd"},
        ),
    ),
    "no module": named("tests.no_such_module", "Model"),
}


@pytest.mark.parametrize("case", KERAS_FILES)
def test_a_keras_file_that_is_a_program(tmp_path, monkeypatch, case):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "scorer.keras"
    path.write_bytes(keras_file(KERAS_FILES[case]))
    refused(lambda: load_scorer(path, ["x"]), tmp_path, "not a Keras model that can be loaded")
    assert os.listdir(tmp_path) == ["scorer.keras"]


def test_an_old_keras_file_is_refused(tmp_path):
    """HDF5 models know no safe mode."""
    path = tmp_path / "scorer.keras"
    shutil.copy(_weights(tmp_path), path)
    refused(lambda: load_scorer(path, ["x"]), tmp_path, "not a Keras model that can be loaded")


def _weights(folder):
    layer = keras.layers.Dense(1)
    layer.build((None, 2))
    model = keras.Sequential([keras.Input((2,)), layer])
    model.save_weights(folder / "x.weights.h5")
    return folder / "x.weights.h5"


# === Bombs ===


def huge_png(side):
    def chunk(kind, data):
        crc = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + crc

    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    pixels = zlib.compress(bytes(10_000))
    start = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
    return start + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


@pytest.mark.parametrize("side", [10_000, 60_000])
def test_a_picture_of_too_many_pixels(tmp_path, side):
    path = tmp_path / "photo.png"
    path.write_bytes(huge_png(side))
    refused(lambda: read_photo(path, FITTING), tmp_path, "more than 89,478,485 pixels")
    refused(lambda: _read_numbers(path, FITTING), tmp_path, "decompression bomb")


def test_a_zip_whose_pictures_or_labels_inflate(tmp_path):
    zeros = bytes(MIN_BOMB_BYTES + 1)
    for name, other in (("dataset.json", "a.png"), ("a.png", "b.png")):
        members = {name: zeros, other: huge_png(4)}
        path = tmp_path / "photos.zip"
        path.write_bytes(zipped(members, zipfile.ZIP_DEFLATED))
        if name == "dataset.json":
            refused(lambda: FileSource(path), tmp_path, "decompression bomb")
        else:
            refused(lambda: FilePhotos(path), tmp_path, "a.png cannot be read: a decompression")
            _, reasons, _ = read_run((str(path), [name], FITTING))
            assert reasons[0].startswith("a decompression bomb")


def test_arrays_that_are_not_there(tmp_path, monkeypatch):
    header = "{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000,), }"
    npy = b"\x93NUMPY\x01\x00" + struct.pack("<H", 118) + header.encode().ljust(117) + b"\n"
    path = tmp_path / "x.npz"
    path.write_bytes(zipped({"w_plus.npy": npy}))
    refused(lambda: load_npz(path), tmp_path, "bytes, but 0 are stored")
    monkeypatch.setattr(archives, "MAX_INFLATED", 2**20)
    path.write_bytes(zipped({"w_plus.npy": npy + bytes(2**22)}, zipfile.ZIP_DEFLATED))
    refused(lambda: load_npz(path), tmp_path, "would inflate to")


# === Places ===


def test_names_in_a_zip_lead_nowhere(tmp_path):
    """Members are read into memory; nothing is written under their names."""
    picture = io.BytesIO()
    Image.new("RGB", (16, 16)).save(picture, "PNG")
    names = ["../../out.png", "/tmp/out.png", "a/../../out.png", "C:\\out.png"]
    link = zipfile.ZipInfo("link.png")
    link.external_attr = 0o120777 << 16
    (tmp_path / "in").mkdir()
    path = tmp_path / "in" / "photos.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, picture.getvalue())
        archive.writestr(link, "/etc/passwd")
    with guarded(tmp_path / "in"):
        source = FileSource(path)
        photos, reasons, _ = read_run((str(path), source.pictures, FITTING))
    assert len(photos) == 4 and [bool(reason) for reason in reasons].count(True) == 1
    assert os.listdir(tmp_path) == ["in"] and os.listdir(tmp_path / "in") == ["photos.zip"]


@pytest.mark.parametrize("name", ["../secret.npy", "/etc/passwd", "a/b.npy", "", "..", "x\0.npy"])
def test_a_manifest_names_files_of_its_own_folder_only(tmp_path, name):
    with RecordsWriter(tmp_path / "records", (4, 4, 3)) as writer:
        writer.add(np.zeros((4, 4, 3), np.uint8))
    path = tmp_path / "records" / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["shards"][0]["file"] = name
    manifest["hash"] = content_hash(manifest)
    path.write_text(json.dumps(manifest))
    refused(lambda: open_records(tmp_path / "records"), tmp_path, "is damaged: shards=")


def test_links_in_a_preset_are_not_written_through(tmp_path):
    """A preset with a link to another's file gives way; that file stays as it was."""
    from tests.trainers.line_trainer import LineNetwork

    precious = tmp_path / "precious"
    precious.write_text("precious")
    for target in (tmp_path / "preset", tmp_path / "linked"):
        save_preset(target, {"first": LineNetwork()}, config={}, metadata={})
    for name in ("first.weights.h5", "metadata.json", "README.md"):
        (tmp_path / "linked" / name).unlink()
        (tmp_path / "linked" / name).symlink_to(precious)
    refused(lambda: load_preset(tmp_path / "linked"), tmp_path, "is damaged")
    save_preset(tmp_path / "linked", {"first": LineNetwork()}, config={}, metadata={})
    assert precious.read_text() == "precious"
    assert load_preset(tmp_path / "linked").networks


def test_a_lock_that_is_a_link_empties_no_file(tmp_path):
    (tmp_path / "precious").write_text("precious")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "lock").symlink_to(tmp_path / "precious")
    with pytest.raises(UserError, match="run folder .*: "), _lock(tmp_path / "run"):
        pass
    assert (tmp_path / "precious").read_text() == "precious"
