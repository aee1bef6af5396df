"""Where weight files are looked for, what is said if there are none, and TensorFlow.js files."""

import dataclasses
import json

import numpy as np
import pytest

from tests.metrics.weight_states import write_state
from tfgan_edit.config import UserError
from tfgan_edit.metrics import weights
from tfgan_edit.metrics.extractors import EXTRACTORS
from tfgan_edit.metrics.perceptual import BACKBONES, lpips_files
from tfgan_edit.metrics.tfjs_files import read_tfjs
from tfgan_edit.metrics.weights import FILES, find_file, read_file
from tfgan_edit.storage import sha256_of

STATE = {"a.weight": np.arange(6, dtype=np.float32).reshape(2, 3)}


@pytest.fixture
def package(tmp_path, monkeypatch):
    """An installed package `some-weights` with weights/x.pth, which fails when imported."""
    site = tmp_path / "site"
    (site / "some_weights").mkdir(parents=True)
    (site / "some_weights/__init__.py").write_text("raise RuntimeError('imported')")
    path = write_state(site / "some_weights/x.pth", STATE)
    info = site / "some_weights-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: some-weights\nVersion: 1.0\n")
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.delenv(weights.VARIABLE, raising=False)
    file = dataclasses.replace(
        FILES["lite0"],
        file="x.pth",
        sha256=sha256_of(path),
        package="some-weights",
        member="some_weights/x.pth",
    )
    monkeypatch.setitem(FILES, "lite0", file)
    return path


def test_the_users_file_then_the_folder_then_the_package(package, tmp_path, monkeypatch):
    assert find_file("lite0") == package
    folder = tmp_path / "folder"
    folder.mkdir()
    own = write_state(folder / "x.pth", STATE)
    monkeypatch.setenv(weights.VARIABLE, str(folder))
    assert find_file("lite0") == own
    assert find_file("lite0", {"lite0": package}) == package
    monkeypatch.setenv(weights.VARIABLE, str(tmp_path))  # has no such file
    assert find_file("lite0") == package


def test_arrays_and_where_they_come_from(package):
    arrays, source = read_file("lite0")
    np.testing.assert_array_equal(arrays["a.weight"], STATE["a.weight"])
    assert source == {
        "file": "x.pth",
        "sha256": sha256_of(package),
        "official": True,
        "licence": "Apache-2.0",
    }


def test_a_changed_file_in_a_package_is_refused_and_a_users_is_marked(package, tmp_path):
    write_state(package, {"a.weight": np.zeros(2, np.float32)})
    with pytest.raises(UserError, match="x.pth is not the published x.pth"):
        read_file("lite0")
    assert read_file("lite0", {"lite0": package})[1]["official"] is False
    converted = tmp_path / "converted.npz"
    np.savez(converted, **STATE)
    arrays, source = read_file("lite0", {"lite0": converted})
    assert list(arrays) == ["a.weight"] and source["official"] is False


def test_known_hashes_may_be_prefixes_or_absent(package, monkeypatch):
    for sha256, official in [(sha256_of(package)[:8], True), ("", None)]:
        monkeypatch.setitem(FILES, "lite0", dataclasses.replace(FILES["lite0"], sha256=sha256))
        assert read_file("lite0")[1]["official"] is official


@pytest.mark.parametrize("name", FILES)
def test_every_file_says_how_to_get_it(name, monkeypatch):
    monkeypatch.setattr(weights.importlib.metadata, "distribution", _absent)
    monkeypatch.delenv(weights.VARIABLE, raising=False)
    with pytest.raises(UserError, match=f"the weights '{name}' .* are not here: .+ --weights "):
        find_file(name)
    assert FILES[name].licence


def _absent(name):
    raise weights.importlib.metadata.PackageNotFoundError(name)


def test_extractors_name_files_that_are_known():
    used = {file for extractor in EXTRACTORS.values() for file in extractor.files}
    used |= {file for backbone in BACKBONES for file in lpips_files(backbone)}
    assert used <= set(FILES)


# === TensorFlow.js ===


def write_tfjs(folder, entries, data, paths=("x.bin",)):
    manifest = {"weightsManifest": [{"paths": list(paths), "weights": entries}]}
    (folder / "x.json").write_text(json.dumps(manifest))
    (folder / "x.bin").write_bytes(data)
    return folder / "x.json"


def entry(name, shape, dtype="float32", **quantization):
    result = {"name": name, "shape": list(shape), "dtype": dtype}
    return {**result, "quantization": quantization} if quantization else result


def test_arrays_of_every_kind(tmp_path):
    values = np.linspace(-2, 3, 6)
    parts = [
        (entry("plain", (2, 3)), values.astype("<f4")),
        (entry("half", (6,), dtype="float32") | {"quantization": {"dtype": "float16"}}, values),
        (entry("axes", (2,), "int32"), np.array([1, 2], "<i4")),
        (entry("flag", (), "bool"), np.array(True)),
    ]
    quantized = entry("byte", (3,)) | {"quantization": {"dtype": "uint8", "scale": 0.5, "min": -1}}
    data = b"".join(
        [
            parts[0][1].tobytes(),
            parts[1][1].astype("<f2").tobytes(),
            parts[2][1].tobytes(),
            b"\x01",
            bytes([0, 1, 255]),
        ]
    )
    path = write_tfjs(tmp_path, [e for e, _ in parts] + [quantized], data)
    arrays = read_tfjs(path)
    np.testing.assert_array_equal(arrays["plain"], values.reshape(2, 3).astype("f"))
    np.testing.assert_array_equal(arrays["half"], values.astype("<f2").astype("f"))
    np.testing.assert_array_equal(arrays["axes"], [1, 2])
    np.testing.assert_allclose(arrays["byte"], [-1, -0.5, 126.5])
    assert arrays["flag"] and arrays["half"].dtype == np.float32


@pytest.mark.parametrize(
    "entries, size, paths, match",
    [
        ([entry("a", (3,))], 8, ["x.bin"], "truncated"),
        ([entry("a", (3,))], 16, ["x.bin"], "longer than its manifest says"),
        ([entry("a", (3,))], 12, ["../x.bin"], "points outside of its folder"),
        ([entry("a", (3,))], 12, ["y.bin"], "cannot read .*y.bin: No such file"),
        ([entry("a", (-1, -3))], 12, ["x.bin"], r"entry 'a' has shape \[-1, -3\]"),
        ([entry("a", (3,), "string")], 12, ["x.bin"], "is no TensorFlow.js model: 'string'"),
        ([{"name": "a"}], 12, ["x.bin"], "is no TensorFlow.js model"),
    ],
)
def test_damaged_files_are_named(tmp_path, entries, size, paths, match):
    with pytest.raises(UserError, match=match) as caught:
        read_tfjs(write_tfjs(tmp_path, entries, bytes(size), paths))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", '{"weightsManifest": 3}', "[" * 100_000])
def test_other_json_is_no_model(tmp_path, text):
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(UserError, match="x.json is no TensorFlow.js model"):
        read_tfjs(tmp_path / "x.json")
