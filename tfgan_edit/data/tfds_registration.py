"""Makes `tfds.load("avatars/...")` known to TFDS without importing it."""

import importlib.abc
import importlib.util
import sys

_TFDS = "tensorflow_datasets"


def _register():
    importlib.import_module("tfgan_edit.data.avatars_tfds")


class _RegisteringLoader(importlib.abc.Loader):
    """Loads TFDS as its own loader does, then registers our data set."""

    def __init__(self, loader):
        self._loader = loader

    def create_module(self, spec):
        return self._loader.create_module(spec)

    def exec_module(self, module):
        # TFDS must find its own loader when it looks for its files.
        module.__spec__.loader = module.__loader__ = self._loader
        self._loader.exec_module(module)
        _register()


class _TfdsFinder(importlib.abc.MetaPathFinder):
    """Stands in front of the other finders until TFDS is imported, then leaves."""

    def find_spec(self, fullname, path=None, target=None):
        if fullname != _TFDS:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(fullname)
        if spec is not None and spec.loader is not None:
            spec.loader = _RegisteringLoader(spec.loader)
        return spec


def register_tfds_on_import():
    """Registers the `avatars` builder as soon as TFDS is imported, now if it already is.

    Importing TFDS takes 0.3 s and most programs do not need it. Calling this twice is the
    same as once.
    """
    if _TFDS in sys.modules:
        _register()
    elif not any(isinstance(finder, _TfdsFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _TfdsFinder())
