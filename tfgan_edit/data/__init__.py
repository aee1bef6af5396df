"""Photos for training: drawn or imported once, then read as tf.data of dictionaries."""

import importlib

# Loaded when first asked for: worker processes import this package for drawing and
# decoding alone, and need neither TensorFlow nor the rest.
_PLACES = {
    "DataConfig": "records",
    "GeneratedConfig": "generated",
    "LatentsConfig": "latents",
    "Pairs": "pairs",
    "PairsConfig": "pairs",
    "PairsWriter": "pairs",
    "Records": "records",
    "RecordsWriter": "records",
    "open_pairs": "pairs",
    "open_records": "records",
    "Unpaired": "unpaired",
    "UnpairedConfig": "unpaired",
    "prepare": "preparation",
    "register_tfds_on_import": "tfds_registration",
}
__all__ = sorted(_PLACES)


def __getattr__(name):
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_PLACES[name]}"), name)
