"""The API reference: every public name has a docstring, and pdoc makes pages of them."""

import importlib.util
import inspect
import subprocess
import sys
from pathlib import Path

import keras
import pytest

PROGRAM = Path(__file__).parents[1] / "docs/reference.py"
# Said by the class: Keras calls these, with what the class' docstring lists.
OF_KERAS = ("build", "call", "compute_output_shape", "get_config")


def loaded_program():
    spec = importlib.util.spec_from_file_location("reference", PROGRAM)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def public(owner, module):
    """(name, value) of classes, functions and properties that are written in a module."""
    for name, value in vars(owner).items():
        function = value.fget if isinstance(value, property) else inspect.unwrap(value)
        function = getattr(function, "__func__", function)
        if name.startswith("_") or getattr(function, "__module__", None) != module.__name__:
            continue
        if inspect.isclass(function) or inspect.isfunction(function):
            yield name, value


def undocumented(module):
    if not module.__doc__:
        yield module.__name__
    if hasattr(module, "define_flags"):  # a verb, which is for the command line
        return
    for name, value in public(module, module):
        if not inspect.getdoc(value):
            yield f"{module.__name__}.{name}"
        if not inspect.isclass(value):
            continue
        for member, _ in public(value, module):
            if issubclass(value, keras.Layer) and member in OF_KERAS:
                continue
            if not inspect.getdoc(getattr(value, member)):
                yield f"{module.__name__}.{name}.{member}"


def test_every_public_name_has_a_docstring():
    modules = list(loaded_program().modules())
    assert len(modules) > 150
    assert [name for module in modules for name in undocumented(module)] == []


def test_a_missing_docstring_is_seen(tmp_path):
    path = tmp_path / "written.py"
    path.write_text(
        '"""A module."""\n\nfrom pathlib import Path  # of others\n\n\n'
        "def plain():\n    pass\n\n\n"
        'class A:\n    """A class."""\n\n'
        "    @property\n    def size(self):\n        return 1\n\n"
        "    @staticmethod\n    def made():\n        return A()\n\n"
        "    def _own(self):\n        pass\n"
    )
    spec = importlib.util.spec_from_file_location("written", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert list(undocumented(module)) == ["written.plain", "written.A.size", "written.A.made"]


@pytest.mark.large
def test_pages(tmp_path):
    pytest.importorskip("pdoc")
    done = subprocess.run(
        [sys.executable, str(PROGRAM), str(tmp_path / "site")],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert "Warn:" not in done.stderr and "Warning:" not in done.stderr, done.stderr[-2000:]
    assert f"wrote {tmp_path}/site/index.html" in done.stdout
    page = (tmp_path / "site/tfgan_edit.html").read_text()
    assert "load_editor" in page and "tfgan_edit/ops.html" in page
    page = (tmp_path / "site/tfgan_edit/ops/upfirdn.html").read_text()
    assert "upfirdn2d" in page and "Arguments:" in page
