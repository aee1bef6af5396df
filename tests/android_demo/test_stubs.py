"""The classes that :app is type-checked against say what Android says."""

import ast
import functools
import importlib.metadata
import keyword
import re
import subprocess
from pathlib import Path

import pytest

from tests.tools import missing, require_tool

STUBS = Path(__file__).parents[2] / "android_demo/tools/stubs"
LISTS = "chaquopy-stubs-android"  # signatures of the API of Android 16, as Python stubs
NEVER_NULL = ("android.content.Context.getResources",)  # except before a context is attached
NUMBERS = ("boolean", "byte", "char", "double", "float", "int", "long", "short")
ANNOTATIONS = """package org.jetbrains.annotations;
import java.lang.annotation.*;
@Target({ElementType.METHOD, ElementType.PARAMETER, ElementType.FIELD, ElementType.TYPE_USE})
public @interface %s {}
"""


# === Android's side ===


@functools.cache
def module(package):
    """{name: class} of a package of the lists."""
    try:
        files = importlib.metadata.files(LISTS)
    except importlib.metadata.PackageNotFoundError:
        missing(f"{LISTS} is missing: pip install -e '.[test]'")
    first, *rest = package.split(".")
    wanted = "/".join([f"{first}-stubs", *rest, "__init__.pyi"])
    text = next((f.locate().read_text() for f in files if str(f) == wanted), "")
    return ast.parse(text)


def find(name):
    """The class of a dotted name, or None."""
    parts = name.split(".")
    for cut in range(len(parts) - 1, 0, -1):
        node = module(".".join(parts[:cut])) if parts[cut - 1][0].islower() else None
        for part in parts[cut:]:
            inside = getattr(node, "body", ())
            found = (n for n in inside if isinstance(n, ast.ClassDef) and n.name == part)
            node = next(found, None)
        if node is not None:
            return node
    return None


def lineage(name):
    """A class and all that it inherits from, as far as it is Android's."""
    node = find(name)
    if node is None:
        return
    yield node
    package = ".".join(part for part in name.split(".") if part[0].islower())
    for base in node.bases:
        dotted = ast.unparse(base).split("[")[0]
        # Of the same package without it, nested ones with the outer class.
        for full in (dotted, f"{package}.{dotted}"):
            if full.startswith("android") and find(full) is not None:
                yield from lineage(full)
                break


def signatures(name, member):
    """[(types of parameters, type of the result)] of all methods; None in it for a field."""
    member = f"{member}_" if keyword.iskeyword(member) else member
    for node in lineage(name):
        for item in node.body:
            if isinstance(item, ast.FunctionDef) and item.name == member:
                args = [*item.args.posonlyargs, *item.args.args]
                types = [ast.unparse(a.annotation) for a in args if a.annotation]
                if item.args.vararg:
                    types.append(f"*{ast.unparse(item.args.vararg.annotation)}")
                yield types, ast.unparse(item.returns)
            elif isinstance(item, (ast.AnnAssign, ast.Assign)):
                target = item.target if isinstance(item, ast.AnnAssign) else item.targets[0]
                if target.id == member:
                    yield None
        if member == "__init__":
            return


# === The stubs' side ===


@pytest.fixture(scope="module")
def described(tmp_path_factory):
    """What javap says of the stubs: {class: [(member, types of parameters or None)]}."""
    how = "apt-get install openjdk-17-jdk-headless"
    javac, javap = require_tool("javac", how), require_tool("javap", how)
    place = tmp_path_factory.mktemp("stubs")
    for name in ("NotNull", "Nullable"):
        path = place / f"org/jetbrains/annotations/{name}.java"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(ANNOTATIONS % name)
    files = [*STUBS.rglob("*.java"), *place.rglob("*.java")]
    subprocess.run([javac, "-d", place / "out", *files], check=True, timeout=120)
    classes = list((place / "out/android").rglob("*.class"))
    command = [javap, "-protected", *classes]
    text = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout
    return parse(text)


def parse(text):
    found, current = {}, None
    for line in text.splitlines():
        if match := re.match(r"\S.*(?:class|interface) ([\w.$]+)", line):
            current = match[1]
            found[current] = []
        elif match := re.match(r"  .*?([\w.$]+)\((.*)\)(?: throws .*)?;", line):
            name, types = match[1], re.sub(r"<[^<>]*>", "", match[2])
            name = "__init__" if name == current else name
            found[current].append((name, types.split(", ") if types else []))
        elif match := re.match(r"  .*?([\w$]+);", line):
            found[current].append((match[1], None))
    return found


def agree(ours, theirs):
    """Whether all parameters have the same types."""
    return len(ours) == len(theirs) and all(map(same, ours, theirs))


def same(our, their):
    element = our.removesuffix("...").removesuffix("[]")
    array = our.endswith("[]")
    name = element.replace("$", ".").rsplit(".", 1)[-1]
    if element in NUMBERS:
        wanted = f"JavaArrayJ{element.capitalize()}" if array else f"j{element}"
    else:
        wanted = "Type" if name == "Class" else name
        if array != ("JavaArray[" in their):
            return False
    if our.endswith("...") != their.startswith("*"):
        return False
    return re.search(rf"\b{wanted}\b", their) is not None


def says_nullable(name, member):
    """Whether the stub's result is marked, so that Kotlin asks for a check."""
    outer = name.split("$")[0].replace(".", "/")
    text = (STUBS / f"{outer}.java").read_text()
    return re.search(rf"@Nullable [\w.<>\[\]]+ {member}\(", text) is not None


def test_all_classes_are_androids(described):
    assert len(described) > 70
    for name in described:
        assert find(name.replace("$", ".")) is not None, name


def test_all_members_are_androids(described):
    checked, unmarked = 0, []
    for name, members in described.items():
        dotted = name.replace("$", ".")
        enum = any("Enum" in ast.unparse(base) for base in find(dotted).bases)
        for member, types in members:
            if member == "__init__" and types == [] or enum and types is not None:
                continue  # what javac adds by itself
            found = list(signatures(dotted, member))
            if types is None:
                assert None in found, f"{name}.{member}"
            else:
                fitting = [f for f in found if f is not None and agree(types, f[0])]
                assert fitting, f"{name}.{member}{types}: {found}"
                if fitting[0][1].endswith("| None") and not says_nullable(name, member):
                    unmarked.append(f"{dotted}.{member}")
            checked += 1
    assert checked > 200
    assert sorted({*unmarked} - {*NEVER_NULL}) == []  # these may return null


def test_what_android_lacks_is_noticed(described):
    assert find("android.widget.Slider") is None
    assert not list(signatures("android.widget.SeekBar", "setProgres"))
    (largest,) = signatures("android.app.ActivityManager", "getLargeMemoryClass")
    assert largest == ([], "int")
    circle, *_ = signatures("android.graphics.Canvas", "drawCircle")
    assert agree(["float"] * 3 + ["android.graphics.Paint"], circle[0])
    assert not agree(["float"] * 3 + ["android.graphics.Path"], circle[0])
    assert not agree(["int"] * 3 + ["android.graphics.Paint"], circle[0])
    assert not agree(["float"] * 4, circle[0]) and not agree(["float"] * 3, circle[0])
    put, *_ = signatures("android.os.Bundle", "putLong")
    assert agree(["java.lang.String", "long"], put[0])
    assert not agree(["java.lang.String", "int"], put[0])
    assert not same("int", "java.chaquopy.JavaArrayJInt") and same("int[]", "x.JavaArrayJInt")
    assert not same("java.lang.Object...", "java.lang.Object")
