"""A small EfficientNet-Lite in the place of Lite0, with a weight file in the official form."""

import dataclasses

from tests.metrics.weight_states import random_state, write_state
from tfgan_edit.checkpoints import layer_names
from tfgan_edit.metrics import extractors, weights
from tfgan_edit.networks.features.efficientnet import EfficientNetLite

STAGES = ((1, 3, 1, 1, 4), (2, 3, 2, 6, 6))


def build():
    return EfficientNetLite(STAGES, stem=4, head=12, classes=3)


def install(monkeypatch, folder):
    """Makes "lite0" small, found in `folder`; returns the path of its weights."""
    small = dataclasses.replace(extractors.EXTRACTORS["lite0"], build=build, size=16)
    monkeypatch.setitem(extractors.EXTRACTORS, "lite0", small)
    file = dataclasses.replace(weights.FILES["lite0"], sha256="", package="")
    monkeypatch.setitem(weights.FILES, "lite0", file)
    folder.mkdir(exist_ok=True)
    monkeypatch.setenv(weights.VARIABLE, str(folder))
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
    return write_state(folder / file.file, random_state(build(), layer_names.lite0))
