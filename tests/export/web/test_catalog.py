"""Which exports the page offers, what is said of others, and how LiteRT.js comes to it."""

import json
import subprocess

import pytest

from export.exporter import FORMAT, FORMAT_VERSION
from export.web import catalog, runtime
from tfgan_edit.config import UserError

RECORD = {"format": FORMAT, "format_version": FORMAT_VERSION, "file_format": "tflite"}


@pytest.fixture
def exports(tmp_path):
    """exports("a/b", file_format="onnx") writes that export; returns the folder of all."""

    def write(path, **changes):
        folder = tmp_path / path
        folder.mkdir(parents=True)
        (folder / "export.json").write_text(json.dumps(RECORD | changes))
        return tmp_path

    return write


def test_exports_are_found_below_folders(exports, tmp_path):
    exports("smile")
    exports("more/smile")
    exports("more/a b/ü")
    found = catalog.find([tmp_path / "smile", tmp_path / "more"])
    assert found.folders == {
        "smile": tmp_path / "smile",
        "-": tmp_path / "more/a b/ü",
        "smile-2": tmp_path / "more/smile",
    }
    assert found.describe()["exports"][0] == {"id": "smile", "url": "/exports/smile/"}


def test_what_browsers_cannot_run_is_named(exports, tmp_path):
    exports("smile")
    exports("onnx", file_format="onnx")
    exports("later", format_version=99)
    exports("other", format="something")
    (exports("broken") / "broken/export.json").write_text("{")
    refused = dict((path.name, reason) for path, reason in catalog.find([tmp_path]).refused)
    assert refused.keys() == {"onnx", "later", "other", "broken"}
    assert refused["onnx"] == "is for onnx; browsers run tflite"
    assert "version 99, not 1" in refused["later"]
    assert "not of this package" in refused["other"]


def test_nothing_to_show(exports, tmp_path):
    with pytest.raises(UserError, match="--models=.*nowhere: there is no such folder"):
        catalog.find([tmp_path / "nowhere"])
    with pytest.raises(UserError, match="no export for browsers; make one with"):
        catalog.find([tmp_path])
    exports("onnx", file_format="onnx")
    with pytest.raises(UserError, match="no export for browsers; .*onnx: is for onnx"):
        catalog.find([tmp_path])


def test_npm_is_missing_or_offline(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(runtime.shutil, "which", lambda name: None)
    with pytest.raises(UserError, match="needs LiteRT.js .* npm fetches: apt-get install npm"):
        runtime.runtime_folder()

    def fail(command, **settings):
        raise subprocess.CalledProcessError(1, command, stderr="npm error code ENOTFOUND\nmore")

    monkeypatch.setattr(runtime.shutil, "which", lambda name: "/bin/npm")
    monkeypatch.setattr(runtime.subprocess, "run", fail)
    with pytest.raises(UserError, match=r"npm could not .* \(npm error code ENOTFOUND\): is it"):
        runtime.runtime_folder()
    assert not list((tmp_path / "tfgan_edit").iterdir())


def test_the_runtime_is_assembled_without_a_bundler(tmp_path):
    modules, folder = tmp_path / "node_modules", tmp_path / "litert"
    for name in (f"{runtime.CORE}/dist", f"{runtime.CORE}/wasm", f"{runtime.PARTS}/dist", "out"):
        (modules / name).mkdir(parents=True)
    folder.mkdir()
    (modules / runtime.CORE / "dist/index.js").write_text('import {a} from "@litertjs/wasm-utils";')
    (modules / runtime.PARTS / "dist/index.js").write_text("export const a = 1;")
    (modules / runtime.CORE / "wasm/x.wasm").write_bytes(b"wasm")
    runtime.assemble(modules, folder)
    assert (folder / "core.js").read_text() == 'import {a} from "./wasm-utils.js";'
    assert (folder / "wasm/x.wasm").exists() and (folder / "wasm-utils.js").exists()
    (modules / runtime.CORE / "dist/index.js").write_text("")
    with pytest.raises(UserError, match="does not import .*: it was changed"):
        runtime.assemble(modules, tmp_path / "out")


def test_the_lock_names_the_version_and_a_hash():
    lock = json.loads((runtime.LOCK / "package-lock.json").read_text())
    packages = lock["packages"]
    assert packages[f"node_modules/{runtime.CORE}"]["version"] == runtime.version()
    for name in (runtime.CORE, runtime.PARTS):
        assert packages[f"node_modules/{name}"]["integrity"].startswith("sha512-")
