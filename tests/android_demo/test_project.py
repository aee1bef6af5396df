"""The demo's project files agree with each other; installed models are those that were exported."""

import json
import re
import tomllib

import numpy as np
import pytest

from export import android
from export.exporter import runner_of
from export.flatbuffer import operations
from tests.android_demo.golden_vectors import DEMO
from tfgan_edit.storage import read_json

VERSIONS = tomllib.loads((DEMO / "gradle/libs.versions.toml").read_text())["versions"]


def text(path):
    return (DEMO / path).read_text()


def test_the_readme_names_the_versions():
    readme = text("README.md")
    wrapper = text("gradle/wrapper/gradle-wrapper.properties")
    gradle = re.search(r"gradle-([\d.]+)-bin\.zip", wrapper)
    for name, version in {
        "Android Gradle plugin": VERSIONS["agp"],
        "Gradle": gradle[1],
        "Kotlin": VERSIONS["kotlin"],
        "LiteRT": VERSIONS["litert"],
        "JUnit": VERSIONS["junit"],
    }.items():
        assert f"{name} {version}" in readme
    compiler = re.search(r"^version=(\S+)$", text("tools/kotlin.sh"), re.M)[1]
    assert f"Kotlin {compiler} from npm" in readme
    # The compiler here reads what Gradle's reads: it must not be older.
    assert [*map(int, compiler.split("."))] >= [*map(int, VERSIONS["kotlin"].split("."))]


def test_modules_use_the_catalog():
    """No version is written a second time, and every alias exists."""
    catalog = tomllib.loads(text("gradle/libs.versions.toml"))
    known = {name.replace("-", ".") for name in catalog["libraries"]}
    known |= {f"plugins.{name.replace('-', '.')}" for name in catalog["plugins"]}
    used = set()
    for path in ("build.gradle.kts", "core/build.gradle.kts", "app/build.gradle.kts"):
        used |= set(re.findall(r"libs\.([\w.]+)", text(path)))
        assert not re.search(r'"[\w.]+:[\w.-]+:[\d.]+"', text(path))
    assert used == known
    for module in re.findall(r'":(\w+)"', text("settings.gradle.kts")):
        assert (DEMO / module / "build.gradle.kts").is_file()


def test_kotlin_does_not_repeat_what_exports_say():
    """Numbers of framing stand in export.json alone."""
    numbers = set()

    def collect(value):
        for item in value.values() if isinstance(value, dict) else value:
            if isinstance(item, (dict, list)):
                collect(item)
            elif isinstance(item, float) and item not in (0.0, 1.0, -1.0, 0.5, 2.0):
                numbers.add(item)

    collect(read_json(DEMO / "core/src/test/resources/golden/framing.json"))
    assert len(numbers) >= 4
    for path in DEMO.glob("*/src/main/kotlin/**/*.kt"):
        found = {float(n) for n in re.findall(r"(?<![\w.])\d+\.\d+(?![\w.])", path.read_text())}
        assert not found & numbers, path


MODELS = android.installed()


@pytest.mark.parametrize("entry", MODELS, ids=[entry["folder"] for entry in MODELS])
def test_an_installed_model(entry):
    """Its files are whole, and do in LiteRT what export.json says; small enough for git."""
    folder = android.ASSETS / entry["folder"]
    android.check(folder)
    record = json.loads((folder / "export.json").read_text())
    assert android.sha256_of(folder / "export.json") == entry["sha256"]
    assert sum(file["bytes"] for file in record["files"].values()) < 3e6
    assert {p.name for p in folder.iterdir()} == {"export.json", *record["files"]}
    run = runner_of(folder, record)
    for signature in record["signatures"]:
        inputs = {
            port["name"]: np.full(port["shape"], 0.5, np.float32) for port in signature["inputs"]
        }
        outputs = run(signature["name"], inputs)
        for port in signature["outputs"]:
            assert outputs[port["name"]].shape == tuple(port["shape"])
            assert np.all(np.isfinite(outputs[port["name"]]))
    assert all(op.builtin for op in operations((folder / "model.tflite").read_bytes()))
