"""Everything that the package reads from others: a good file of each kind, and its reader."""

import dataclasses
import io
import json
import shutil
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
from PIL import Image

from tests import golden_files as golden
from tests.checkpoints import official_files, openvino_writer
from tests.editing.teachers import colour_scorer, save_generator
from tests.editing.test_video import make_video
from tests.faults.damage import damaged, damaged_json
from tests.metrics.onnx_writer import write_onnx
from tests.trainers import line_trainer
from tfgan_edit.checkpoints import safetensors
from tfgan_edit.checkpoints.files import read_checkpoint
from tfgan_edit.config import UserError
from tfgan_edit.data import PairsWriter, open_pairs
from tfgan_edit.data import pairs as pairs_module
from tfgan_edit.data import records as records_module
from tfgan_edit.data.labels import read_csv, read_dataset_json
from tfgan_edit.data.latents import read_latents, read_scores
from tfgan_edit.data.pair_sources import _read_numbers
from tfgan_edit.data.photos import Fitting, UnreadablePhoto, read_photo, read_run, whole_photo
from tfgan_edit.data.records import RecordsWriter, open_records
from tfgan_edit.data.sources import FileSource
from tfgan_edit.edit_regions import read_mask
from tfgan_edit.editing.alignment import read_landmarks
from tfgan_edit.editing.directions import Direction, load_direction
from tfgan_edit.editing.latents import open_latents, score_latents
from tfgan_edit.editing.scorers import load_scorer
from tfgan_edit.editing.style_functions import parse_attribute_layers, save_layers
from tfgan_edit.editing.video import edit_video, first_frame, read_sound
from tfgan_edit.metrics.onnx_files import read_onnx
from tfgan_edit.metrics.photo_sets import FilePhotos, read_codes
from tfgan_edit.metrics.plots import read_curves, read_tables
from tfgan_edit.metrics.tfjs_files import read_tfjs
from tfgan_edit.preset import load_preset
from tfgan_edit.storage import read_json, sha256_of, write_json
from tfgan_edit.trainers.state import StateFolder

REFUSALS = (UserError, UnreadablePhoto)  # the second names no file; its callers do
LIMIT = 600  # characters of a refusal


@dataclasses.dataclass(frozen=True)
class Reader:
    """A kind of file.

    Attributes:
        make: function of an empty folder that writes good files.
        read: function of the folder; raises one of `REFUSALS`, or asserts what it read.
        cases: damaged copies at scale 1.
        files: glob patterns of the files to damage, in the folder.
        seal: function of (folder, damaged file) that mends hashes, so that damage gets as far
            as what is behind them; used for every other case.
        refuses: False for readers that pass over what they cannot read.
    """

    make: Callable
    read: Callable
    cases: int = 40
    files: tuple[str, ...] = ("*",)
    seal: Callable | None = None
    refuses: bool = True

    def damage(self, folder, random):
        """Damages one file in the folder; JSON by its values as often as by its bytes."""
        found = sorted({f for p in self.files for f in folder.glob(p) if f.is_file()})
        file = random.choice(found)
        data = file.read_bytes()
        as_json = file.suffix == ".json" and random.random() < 0.5
        file.write_bytes((damaged_json if as_json else damaged)(data, random))
        if self.seal is not None and random.random() < 0.5:
            self.seal(folder, file)
        return file


def outcome(reader, folder):
    """"refused" or "read"; anything else is an error of the package."""
    try:
        reader.read(folder)
    except REFUSALS as error:
        text = str(error)
        assert text and len(text.splitlines()) == 1 and len(text) < LIMIT, text
        return "refused"
    return "read"


# === Pictures ===


def _picture(size=(24, 20)):
    ramp = np.arange(size[0] * size[1] * 3, dtype=np.uint32) * 7 % 251
    return Image.fromarray(ramp.reshape(size[1], size[0], 3).astype(np.uint8))


def _photo_file(ending, **options):
    def make(folder):
        exif = Image.Exif()
        exif[0x0112] = 6  # lies on its side
        _picture().save(folder / f"photo.{ending}", exif=exif, **options)

    return make


def _read_photo(folder):
    (file,) = folder.iterdir()
    photo, _ = read_photo(file, Fitting((16, 16)))
    assert photo.shape == (16, 16, 3) and photo.dtype == np.uint8
    whole = whole_photo(file)
    assert whole.ndim == 3 and whole.shape[2] == 3 and whole.dtype == np.uint8


def _make_mask(folder):
    Image.fromarray(np.tile(np.arange(16, dtype=np.uint8) * 16, (16, 1))).save(folder / "mask.png")


def _read_mask(folder):
    mask = read_mask(str(folder / "mask.png"), (16, 16))
    assert mask.shape == (16, 16) and set(np.unique(mask)) <= {0.0, 1.0}


def _make_label_map(folder):
    numbers = np.arange(64, dtype=np.uint8).reshape(8, 8) % 5
    Image.fromarray(numbers).save(folder / "map.png")


def _read_label_map(folder):
    numbers = _read_numbers(folder / "map.png", Fitting((8, 8)))
    assert numbers.shape == (8, 8) and numbers.dtype == np.int64


# === Folders, zips and tables of pictures ===


def _encoded():
    file = io.BytesIO()
    _picture().save(file, "PNG")
    return file.getvalue()


def _make_zip(method):
    def make(folder):
        labels = {"labels": [["a/0.png", 0], ["a/1.png", 2], ["b/2.png", 1]]}
        with zipfile.ZipFile(folder / "photos.zip", "w", method) as archive:
            for name, _ in labels["labels"]:
                archive.writestr(name, _encoded())
            archive.writestr("dataset.json", json.dumps(labels))

    return make


def _read_source(path):
    source = FileSource(path)
    photos, reasons, _ = read_run((str(path), source.pictures, Fitting((16, 16))))
    assert photos.shape[1:] == (16, 16, 3) or not len(photos)
    assert len(photos) + sum(map(bool, reasons)) == len(source.pictures)
    assert all("\n" not in reason for reason in reasons if reason)
    for label in source.labels.values():
        assert np.isfinite(label).all()


def _read_zip(folder):
    path = folder / "photos.zip"
    try:
        _read_source(path)
    finally:
        photos = FilePhotos(path)
        assert photos.photos([0]).dtype == np.uint8


def _make_labelled_folder(folder):
    for name in "ab":
        _picture().save(folder / f"{name}.png")
    (folder / "dataset.json").write_text('{"labels": [["a.png", [0.5, 1]], ["b.png", [0, 2]]]}')


def _make_csv(folder):
    (folder / "labels.csv").write_text("file,smile,hair,age\na.png,1,dark,20\nb.png,-1,red,31.5\n")


def _read_csv(folder):
    table = read_csv(folder / "labels.csv")
    for row in table.rows.values():
        assert row.shape == (len(table.names),) and np.isfinite(row).all()


def _make_dataset_json(folder):
    (folder / "dataset.json").write_text('{"labels": [["a.png", 3], ["b.png", 0], ["c.png", 1]]}')


def _read_dataset_json(folder):
    path = folder / "dataset.json"
    table = read_dataset_json(path.read_bytes(), str(path))
    for row in table.rows.values() if table else ():
        assert row.shape == (len(table.names),) and np.isfinite(row).all()


def _make_landmarks(suffix):
    def make(folder):
        points = [[5, 6], [11, 6], [8, 9], [6, 12], [10.5, 12]]
        if suffix == "json":
            (folder / "points.json").write_text(json.dumps({"a.png": points, "b.png": points}))
        else:
            row = ",".join(str(number) for point in points for number in point)
            (folder / "points.csv").write_text(f"name{',x' * 10}\na.png,{row}\n")

    return make


def _read_landmarks(folder):
    (file,) = folder.iterdir()
    for points in read_landmarks(file).values():
        assert points.shape in ((5, 2), (68, 2)) and np.isfinite(points).all()


# === Records, pairs, latents, directions ===


def _make_records(folder):
    with RecordsWriter(
        folder / "records", (8, 8, 3), label_names=["x", "y"], shard_bytes=600
    ) as writer:
        for i in range(7):
            writer.add(np.full((8, 8, 3), i, np.uint8), [i, 0])


def _reseal_records(folder, file):
    """The manifest's hashes of its files and of itself, as far as they can be made."""
    path = folder / "records" / "manifest.json"
    try:
        manifest = json.loads(path.read_bytes())
        for entry in [*manifest["shards"], manifest["labels"]]:
            if entry["file"] == file.name:
                entry["sha256"] = sha256_of(file)
        manifest["hash"] = records_module.content_hash(manifest)
        path.write_text(json.dumps(manifest))
    except Exception:  # damage of any kind: the file stays as it is
        pass


def _read_records(folder):
    records = open_records(folder / "records")
    photos = records.photos(np.arange(records.num))
    assert photos.shape == (records.num, *records.resolution, records.channels)
    assert photos.dtype == np.uint8
    records.facts, records.examples(2), repr(records)
    records.verify()


def _make_pairs(folder):
    with PairsWriter(folder / "pairs", (8, 8), planes=("photo",) * 3) as writer:
        for i in range(3):
            photo = np.full((8, 8, 3), i, np.uint8)
            writer.add(photo, photo, {"certainty": i / 4})


def _reseal_pairs(folder, file):
    path = folder / "pairs" / "manifest.json"
    try:
        manifest = json.loads(path.read_bytes())
        if file.name == manifest["scores"]["file"]:
            manifest["scores"]["sha256"] = sha256_of(file)
        manifest["hash"] = pairs_module.content_hash(manifest)
        path.write_text(json.dumps(manifest))
    except Exception:  # as above
        pass


def _read_pairs(folder):
    pairs = open_pairs(folder / "pairs")
    pairs.examples(2), repr(pairs), pairs.facts
    pairs.scores()
    pairs.verify()


def _make_scored_latents(folder):
    with _kept("preset", save_generator) as preset:
        score_latents(folder / "latents", preset, colour_scorer(), num=6, progress=False)


def _reseal_latents(folder, file):
    path = folder / "latents" / "manifest.json"
    try:
        manifest = json.loads(path.read_bytes())
        for shard in manifest["shards"]:
            if shard["file"] == file.name:
                shard["sha256"] = sha256_of(file)
        path.write_text(json.dumps(manifest))
    except Exception:  # as above
        pass


def _read_scored_latents(folder):
    latents = open_latents(folder / "latents")
    assert len(latents.w) == len(latents.z) == len(latents.scores) == len(latents)
    assert latents.scores.shape[1] == len(latents.names)
    assert isinstance(latents.hash, str)


def _make_direction(folder):
    Direction(np.eye(4, 6, dtype=np.float32)[1], None, {"attribute": "smile"}).save(
        folder / "smile.npz"
    )
    np.save(folder / "smile.npy", np.arange(12, dtype=np.float32).reshape(2, 6))


def _read_directions(folder):
    for file in sorted(folder.iterdir()):
        assert np.isfinite(load_direction(file).vectors).all()


def _make_codes(folder):
    np.savez_compressed(folder / "projected.npz", w_plus=np.ones((2, 4, 6), np.float32), loss=1.0)


def _read_codes(folder):
    codes = read_codes(folder / "projected.npz")
    assert codes.ndim == 3 and codes.dtype == np.float32


def _make_latent_files(folder):
    np.save(folder / "w.npy", np.linspace(0, 1, 24, dtype=np.float32).reshape(3, 8))
    np.save(folder / "labels.npy", np.eye(3, 2, dtype=np.float32))
    (folder / "labels.txt").write_text("3\nmale\tsmile\nb.png\t0\t1\na.png\t1\t1\nc.png 0 0\n")


def _read_latent_files(folder):
    latents = read_latents(folder / "w.npy")
    assert latents.ndim == 3 and np.isfinite(latents).all()
    for path, names in ((folder / "labels.npy", ["x", "y"]), (folder / "labels.txt", ())):
        scores, names = read_scores(path, names)
        assert scores.shape[1:] == (len(names),) and ((scores >= 0) & (scores <= 1)).all()


def _make_layers(folder):
    save_layers(folder / "layers.json", {"bright": [0, 1], "tone": [2]}, {"bright": [0.5]}, {})


def _read_layers(folder):
    names = ("bright", "red", "tone=warm", "tone=cold")
    for rows in parse_attribute_layers(str(folder / "layers.json"), names, 6).values():
        assert all(0 <= row < 6 for row in rows)


def _make_metrics(folder):
    lines = [
        {"metric": "fd", "kimg": k, "step": k, "tick": k, "results": {"fd": 9 - k, "a/b": 1.0}}
        for k in range(3)
    ]
    (folder / "metric-fd.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


def _read_metrics(folder):
    read_curves(folder), read_tables(folder)


# === Presets, states, models ===


def _make_preset(folder):
    with _kept("preset", save_generator) as preset:
        shutil.copytree(preset.path, folder / "preset")


def _reseal_preset(folder, file):
    path = folder / "preset" / "config.json"
    try:
        config = read_json(path)
        for name, entry in config["networks"].items():
            if file.name == f"{name}.weights.h5":
                entry["sha256"] = sha256_of(file)
        write_json(path, config)
    except Exception:  # as above
        pass


def _read_preset(folder):
    keras.utils.clear_session(free_memory=False)
    for network in load_preset(folder / "preset").networks.values():
        assert network.built


def _make_state(folder):
    StateFolder(folder / "state").save(
        line_trainer.make(), {"step": 3, "images": 24, "seconds": 1.5}
    )


def _reseal_state(folder, file):
    (path,) = folder.glob("state/*/state.json")
    try:
        facts = read_json(path)
        facts["sha256"] = sha256_of(path.with_name("trainer.weights.h5"))
        write_json(path, facts)
    except Exception:  # as above
        pass


def _read_state(folder):
    facts = StateFolder(folder / "state").restore(line_trainer.make(), report=lambda line: None)
    assert type(facts["step"]) is int and facts["step"] == 3
    assert type(facts.get("seconds", 0.0)) in (int, float)


def _make_keras_file(folder):
    inputs = keras.Input((8, 8, 3))
    x = keras.layers.Conv2D(2, 3, strides=4, activation="relu")(inputs)
    outputs = keras.layers.Dense(2, activation="sigmoid")(keras.layers.Flatten()(x))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        keras.Model(inputs, outputs).save(folder / "scorer.keras")


def _damage_keras_file(folder, random):
    """Besides its bytes: the values in its configuration, in a sound archive."""
    path = folder / "scorer.keras"
    if random.random() < 0.5:
        path.write_bytes(damaged(path.read_bytes(), random))
        return path
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = random.choice(sorted(members))
    change = damaged_json if name.endswith(".json") and random.random() < 0.8 else damaged
    members[name] = change(members[name], random)
    path.write_bytes(official_files.zipped(members))
    return path


def _read_keras_file(folder):
    keras.utils.clear_session(free_memory=False)
    scorer = load_scorer(folder / "scorer.keras", ["x", "y"])
    assert len(scorer.names) == 2


@dataclasses.dataclass(frozen=True)
class _KerasReader(Reader):
    def damage(self, folder, random):
        return _damage_keras_file(folder, random)


def _golden_checkpoint(name):
    def make(folder):
        shutil.copy(golden.FOLDER / name, folder / "file")

    return make


def _make_safetensors(folder):
    arrays = golden.under(golden.load("rosinality_g_32")[0], "param/")
    safetensors.write(folder / "file", arrays, {"format": "pt"})


def _make_hdf5(folder):
    import h5py

    with h5py.File(folder / "file", "w") as file:
        for name in ("conv1", "conv2"):
            file[f"{name}/{name}/kernel:0"] = np.ones((3, 3, 2, 4), np.float32)
            file[f"{name}/{name}/bias:0"] = np.ones(4, np.float32)


def _make_openvino(folder):
    for name, data in openvino_writer.files_of(openvino_writer.mobilestylegan()).items():
        (folder / name).write_bytes(data)


def _read_checkpoint(folder):
    path = next((f for f in folder.iterdir() if f.suffix in ("", ".xml")), None)
    for state in read_checkpoint(path).states:
        for array in state.arrays.values():
            np.asarray(array).sum() if array.dtype.kind in "fiub" else None


def _make_tfjs(folder):
    entries = [
        {"name": "a", "shape": [2, 3], "dtype": "float32"},
        {
            "name": "b",
            "shape": [4],
            "dtype": "float32",
            "quantization": {"dtype": "uint8", "scale": 0.5, "min": -1.0},
        },
    ]
    manifest = {"weightsManifest": [{"paths": ["x.bin"], "weights": entries}]}
    (folder / "x.json").write_text(json.dumps(manifest))
    (folder / "x.bin").write_bytes(np.ones(6, "<f4").tobytes() + bytes(range(4)))


def _read_tfjs(folder):
    for array in read_tfjs(folder / "x.json").values():
        assert array.dtype.kind in "fiub"


def _make_onnx(folder):
    write_onnx(folder / "x.onnx", {"a": np.ones((2, 3), np.float32), "b": np.arange(4)})


def _read_onnx(folder):
    for array in read_onnx(folder / "x.onnx").values():
        assert array.dtype.kind in "fiub"


# === Video ===


def _make_video(folder):
    make_video(folder / "clip.mp4", num=4)


def _read_video(folder):
    source = folder / "clip.mp4"
    assert first_frame(source).dtype == np.uint8
    read_sound(source, 8000)
    edit_video(source, folder / "edited.mp4", lambda photos, times: photos, progress=False)


# === All of them ===

_made = {}


class _kept:
    """What is costly to make, made once a process; lives as long as its folder."""

    def __init__(self, name, make):
        self.name, self.make = name, make

    def __enter__(self):
        if self.name not in _made:
            _made[self.name] = self.make(Path(_made["folder"]) / self.name)
        return _made[self.name]

    def __exit__(self, *error):
        return None


def keep_in(folder):
    """Says where costly files are made."""
    _made.clear()
    _made["folder"] = folder


READERS = {
    **{
        f"photo.{ending}": Reader(_photo_file(ending), _read_photo)
        for ending in ("png", "jpg", "webp", "bmp", "tif")
    },
    "mask": Reader(_make_mask, _read_mask),
    "label map": Reader(_make_label_map, _read_label_map),
    "zip, stored": Reader(_make_zip(zipfile.ZIP_STORED), _read_zip),
    "zip, deflated": Reader(_make_zip(zipfile.ZIP_DEFLATED), _read_zip),
    "folder with dataset.json": Reader(_make_labelled_folder, _read_source),
    "dataset.json": Reader(_make_dataset_json, _read_dataset_json),
    "labels.csv": Reader(_make_csv, _read_csv),
    "landmarks.json": Reader(_make_landmarks("json"), _read_landmarks),
    "landmarks.csv": Reader(_make_landmarks("csv"), _read_landmarks),
    "records": Reader(_make_records, _read_records, 60, ("records/*",), _reseal_records),
    "pairs": Reader(_make_pairs, _read_pairs, 60, ("pairs/*", "pairs/*/*"), _reseal_pairs),
    "scored latents": Reader(
        _make_scored_latents, _read_scored_latents, 60, ("latents/*",), _reseal_latents
    ),
    "direction": Reader(_make_direction, _read_directions),
    "projected.npz": Reader(_make_codes, _read_codes),
    "latents.npy and labels": Reader(_make_latent_files, _read_latent_files),
    "layers.json": Reader(_make_layers, _read_layers),
    "metric.jsonl": Reader(_make_metrics, _read_metrics, refuses=False),
    "preset": Reader(_make_preset, _read_preset, 4, ("preset/*.json", "preset/*.h5")),
    "preset, resealed": Reader(
        _make_preset, _read_preset, 6, ("preset/*.json", "preset/*.h5"), _reseal_preset
    ),
    "state": Reader(_make_state, _read_state, 10, ("state/*/*",), _reseal_state),
    "scorer.keras": _KerasReader(_make_keras_file, _read_keras_file, 8),
    **{
        f"checkpoint {name}": Reader(_golden_checkpoint(f"checkpoints/{name}"), _read_checkpoint)
        for name in (
            *("ada_uncond_16.pkl", "stylegan2_tf.pkl", "stylegan1_tf.pkl", "rosinality_zip.pt"),
            *("rosinality_legacy.pt", "storage_cases_zip.pt", "storage_cases_legacy.pt"),
        )
    },
    "checkpoint npz": Reader(_golden_checkpoint("ada_d_resnet_cond_16.npz"), _read_checkpoint),
    "checkpoint safetensors": Reader(_make_safetensors, _read_checkpoint),
    "checkpoint hdf5": Reader(_make_hdf5, _read_checkpoint),
    "checkpoint openvino": Reader(_make_openvino, _read_checkpoint),
    "tfjs": Reader(_make_tfjs, _read_tfjs),
    "onnx": Reader(_make_onnx, _read_onnx),
    "video": Reader(_make_video, _read_video, 8),
}
