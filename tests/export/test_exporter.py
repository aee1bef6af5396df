"""The verb: a folder with a verified file and export.json, or one sentence."""

import json

import numpy as np
import pytest
from absl import flags

from export import __main__ as verb
from export import exporter, gpu_gate, repair, verify
from tests import golden_files as golden
from tests.cases import assert_close
from tests.export.tiny_presets import save
from tfgan_edit.config import UserError
from tfgan_edit.data.pairs import PairsWriter
from tfgan_edit.data.records import RecordsWriter
from tfgan_edit.storage import sha256_of

pytest.importorskip("ai_edge_litert")


@pytest.fixture(scope="module")
def presets(tmp_path_factory):
    folder = tmp_path_factory.mktemp("presets")
    for name in ("student", "stylegan2", "labels"):
        save(folder, name)
    return folder


@pytest.fixture
def run(presets, tmp_path):
    """run("student", "--quantize=int8") -> what export.json of out/ says."""

    def run(preset, *arguments):
        values = flags.FlagValues()
        verb.define_flags(values)
        values(["export", f"--preset={presets / preset}", f"--out={tmp_path / 'out'}", *arguments])
        verb.main(values)
        return json.loads((tmp_path / "out" / "export.json").read_text())

    return run


def records(path):
    with RecordsWriter(path, (20, 24, 3)) as writer:
        for photo in np.random.RandomState(0).randint(0, 256, (3, 20, 24, 3), np.uint8):
            writer.add(photo)
    return path


def test_what_an_application_reads(run, tmp_path, capsys):
    record = run("student", "--nocheck_gpu")
    (file,) = record["files"].items()
    assert file == (
        "model.tflite",
        {
            "bytes": (tmp_path / "out/model.tflite").stat().st_size,
            "sha256": sha256_of(tmp_path / "out/model.tflite"),
        },
    )
    (signature,) = record["signatures"]
    (photo,), (edited,) = signature["inputs"], signature["outputs"]
    for port in (photo, edited):
        assert port["shape"] == [1, 16, 16, 3] and port["range"] == [0, 1]
        assert port["layout"] == "NHWC" and port["dtype"] == "float32"
    assert (photo["name"], edited["name"]) == ("photo", "edited")
    framing = record["framing"]
    assert framing["resize"]["filter"] == "lanczos" and framing["strength"]["range"] == [0, 1]
    found = record["verification"]
    assert found["errors"]["edit"]["edited"]["max_error"] < 1e-4
    assert found["recommended"] and not found["exceeded"]
    assert found["contents"]["model.tflite"]["ops"]["CONV_2D"] > 5
    assert 0 < found["memory_bytes"]["model.tflite"] < 2**30
    assert found["gpu"] == {"status": "not checked", "reason": "--nocheck_gpu"}
    assert record["multiply_adds"] > 1e4 and len(record["preset"]["sha256"]) == 64
    assert record["preset"]["method"] == "student"
    text = capsys.readouterr().out
    assert "dB" in text and f"wrote {tmp_path / 'out'}" in text


@pytest.mark.large
def test_int8_from_records_and_from_seeds(run, tmp_path, monkeypatch):
    with pytest.raises(UserError, match="int8 needs --data"):
        run("student", "--quantize=int8")
    monkeypatch.setitem(verify.LIMITS, "int8", verify.Limit(min_psnr=10, good_psnr=55))
    data = records(tmp_path / "records")
    monkeypatch.setattr(repair, "MOST", 0)
    record = run("student", "--quantize=int8", f"--data={data}", "--nocheck_gpu")
    assert "repaired" not in record and not record["verification"]["recommended"]
    assert record["verification"]["contents"]["model.tflite"]["constant_bytes"]["int8"] > 500
    assert set(record["verification"]["examples"]["pictures"]) == {"records"}
    monkeypatch.setattr(repair, "MOST", 1)
    monkeypatch.setitem(verify.LIMITS, "int8", verify.Limit(min_psnr=10, good_psnr=28))
    record = run("stylegan2", "--quantize=int8", "--calibration_samples=5", "--nocheck_gpu")
    assert record["repaired"]["float32_layers"]
    assert record["verification"]["examples"]["pictures"] is None
    with pytest.raises(UserError, match="no records or pairs at .*nowhere"):
        run("student", "--quantize=int8", f"--data={tmp_path}/nowhere")


def test_labels_are_calibrated_on_pairs(tmp_path, presets):
    random, targets = np.random.RandomState(0), []
    with PairsWriter(
        tmp_path / "pairs", (16, 16), planes=("labels", "edges"), num_labels=5
    ) as writer:
        for _ in range(2):
            labels = random.randint(0, 5, (16, 16, 1))
            edges = 255 * random.randint(0, 2, (16, 16, 1))
            source = np.concatenate([labels, edges], axis=-1).astype(np.uint8)
            targets.append(random.randint(0, 256, (16, 16, 3)).astype(np.uint8))
            writer.add(source, targets[-1])
    graph = exporter.serving_graph(exporter.load_preset(presets / "labels"))
    pictures = exporter.StoredPictures(tmp_path / "pairs")
    (wanted,) = exporter.targets(graph, pictures, 1, first=3)
    np.testing.assert_array_equal(wanted, targets[1].astype(np.float32) / 255)
    assert exporter.targets(graph, exporter.DrawnPictures(), 1) is None
    ((inputs, _),) = next(exporter.examples(graph, pictures, 1, outputs=False)).values()
    source = pictures.records[0]
    np.testing.assert_array_equal(inputs["labels"][0, ..., 0], source[..., 0])
    np.testing.assert_array_equal(inputs["edges"][0, ..., 0], source[..., 1] / 255)


def test_limits(run, monkeypatch, tmp_path):
    monkeypatch.setitem(verify.LIMITS, "none", verify.Limit(max_error=1e-12))
    with pytest.raises(UserError, match="edited of edit differs from Keras .*--allow_error"):
        run("student", "--nocheck_gpu")
    assert not (tmp_path / "out").exists()
    found = run("student", "--nocheck_gpu", "--allow_error")["verification"]
    assert not found["recommended"] and "none may by 1e-12" in found["exceeded"][0]


def test_pairs_tell_what_a_file_loses(run, monkeypatch, tmp_path, capsys):
    """A file that loses too much is written, and says that nobody should take it."""
    random = np.random.RandomState(0)
    with PairsWriter(tmp_path / "pairs", (16, 16), planes=("photo",) * 3) as writer:
        for pair in random.randint(0, 256, (3, 2, 16, 16, 3), np.uint8):
            writer.add(*pair)
    monkeypatch.setitem(verify.LIMITS, "none", verify.Limit(max_error=1, max_psnr_loss=-1))
    found = run("student", "--nocheck_gpu", f"--data={tmp_path}/pairs")["verification"]
    assert abs(found["psnr_loss"]) < 1e-3 and not found["recommended"]
    assert "less PSNR than Keras against the targets" in found["exceeded"][0]
    assert "not recommended" in capsys.readouterr().out


def test_an_earlier_export_is_replaced_and_nothing_else(run, tmp_path):
    run("student", "--nocheck_gpu")
    run("student", "--format=saved_model")
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["export.json", "saved_model"]
    with pytest.raises(UserError, match="a SavedModel has float32 weights"):
        run("student", "--format=saved_model", "--quantize=fp16")
    (tmp_path / "out/export.json").write_text("{}")
    with pytest.raises(UserError, match="holds other files"):
        run("student", "--nocheck_gpu")


def test_onnx(run, tmp_path):
    pytest.importorskip("onnxruntime")
    record = run("student", "--format=onnx")
    assert list(record["files"]) == ["model.onnx"]
    assert record["verification"]["contents"]["model.onnx"]["opset"] >= 17
    runner = exporter.runner_of(tmp_path / "out", record)
    photo = np.full((1, 16, 16, 3), 0.25, np.float32)
    assert runner("edit", {"photo": photo})["edited"].shape == (1, 16, 16, 3)


def test_flags_that_are_missing():
    values = flags.FlagValues()
    verb.define_flags(values)
    values(["export", "--preset=x"])
    with pytest.raises(UserError, match="--out is missing"):
        verb.main(values)


OFFICIAL = {  # name: (file, name of the expected arrays, key of input and of output, options)
    "pix2pixhd": ("pix2pixhd_latest_net_G_zip.pth", "in/x", "out/img", {"resolution": (16, 16)}),
    "stylegan": ("stylegan1_tf.pkl", "in/z", "out/img", {}),
    "stylegan2": ("stylegan2_tf.pkl", "in/z", "out/img_psi06", {"truncation": 0.6}),
    "stylegan2_ada": ("ada_uncond_16.pkl", "in/z", "out/img_const", {}),
}


@pytest.mark.parametrize(
    "name",
    [
        *("pix2pixhd", "stylegan2_ada"),
        *(pytest.param(name, marks=pytest.mark.large) for name in ("stylegan", "stylegan2")),
    ],
)
def test_an_official_checkpoint_ships_at_once(convert, name, tmp_path):
    """convert, then export: the file draws what the original drew."""
    file, given, expected, options = OFFICIAL[name]
    preset = convert(golden.FOLDER / "checkpoints" / file)
    stem = file.removesuffix("_zip.pth").removesuffix(".pkl")
    arrays, _ = golden.load(f"checkpoints/{stem}_expected")
    settings = exporter.Settings(options=exporter.Options(**options), check_gpu=False)
    record = exporter.export(preset.path, tmp_path / "out", settings)
    assert record["system"] == name.removesuffix("_ada")
    (signature,) = record["signatures"]
    value = golden.nhwc(arrays[given][:1])
    value = value * 0.5 + 0.5 if name == "pix2pixhd" else value
    end = signature["inputs"][0]["name"]
    result = exporter.runner_of(tmp_path / "out", record)(signature["name"], {end: value})
    images = golden.nhwc(arrays[expected][:1])
    assert_close(*result.values(), np.clip(images * 0.5 + 0.5, 0, 1), golden.IMAGE)


def test_the_gpu_gate_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setattr(gpu_gate.ctypes.util, "find_library", lambda name: None)
    assert gpu_gate.check(tmp_path, {}) == {
        "status": "not checked",
        "reason": "no Vulkan driver: apt-get install chromium libvulkan1",
    }
