"""Writes the API reference, static HTML made of the docstrings.

  pip install -e ".[docs]"
  python docs/reference.py                # to build/reference, which git ignores
  python docs/reference.py public_html
"""

import importlib
import os
import pkgutil
import sys
import warnings
from pathlib import Path

PACKAGES = ("tfgan_edit", "export")
# Run by their paths, by interpreters that have other packages.
APART = ("tfgan_edit.speed.rival_process", "tfgan_edit.speed.rival_training")
ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "build/reference"


def modules():
    """All modules of the project, imported; a verb's `__main__` is left out."""
    for name in PACKAGES:
        package = importlib.import_module(name)
        yield package
        for found in pkgutil.walk_packages(package.__path__, f"{name}."):
            if found.name not in APART and not found.name.endswith("__main__"):
                yield importlib.import_module(found.name)


def write(folder):
    """Writes index.html and a page a module to a folder."""
    # TensorFlow asks for the processor's name; pdoc lets modules run nothing unless told.
    os.environ.setdefault("PDOC_ALLOW_EXEC", "1")
    import pdoc

    for module in list(modules()):
        _list_members(module)
    pdoc.render.configure(docformat="google", footer_text="tfgan_edit")
    with warnings.catch_warnings():
        # Names in annotations that a builder inherits from TFDS.
        warnings.filterwarnings("ignore", "Error parsing type annotation .*VersionOrStr")
        pdoc.pdoc(*PACKAGES, output_directory=Path(folder))


def _list_members(module):
    """Adds to `__all__` what pdoc would not find, names that are loaded late and modules."""
    for name in getattr(module, "__all__", ()):
        vars(module).setdefault(name, getattr(module, name))
    if not hasattr(module, "__path__"):
        return
    inside = {name for _, name, _ in pkgutil.iter_modules(module.__path__)}
    apart = {name for name in inside if f"{module.__name__}.{name}" in APART}
    if apart or hasattr(module, "__all__"):
        module.__all__ = [*getattr(module, "__all__", ()), *sorted(inside - apart - {"__main__"})]


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    folder = Path(sys.argv[1]) if sys.argv[1:] else FOLDER
    write(folder)
    print(f"wrote {folder}/index.html")
