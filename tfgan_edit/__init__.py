"""StyleGAN-family face editing in TensorFlow and Keras 3, from training to the phone."""

import importlib

from tfgan_edit.quiet import quiet_start

with quiet_start():
    import keras  # noqa: F401

from tfgan_edit.data import register_tfds_on_import
from tfgan_edit.networks import (  # noqa: F401 - registers their classes
    attribute_classifier,
    dcgan,
    encoder,
    features,
    gans_n_roses,
    isf_gan,
    mobile_pix2pixhd,
    mobilestylegan,
    pix2pixhd,
    stylegan,
    stylegan2,
    stylemapgan,
)
from tfgan_edit.preset import Preset, load_preset, save_preset, shipped_presets

register_tfds_on_import()

__version__ = "0.1.0"
__all__ = [
    "Edit",
    "Preset",
    "load_editor",
    "load_preset",
    "save_preset",
    "shipped_presets",
    "__version__",
]


def __getattr__(name):
    # Loaded when first asked for: editing needs metrics and data, a network alone does not.
    if name not in ("Edit", "load_editor"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module("tfgan_edit.editing.editors"), name)
