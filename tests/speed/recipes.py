"""A recipe that is measured in seconds."""

import dataclasses

from tfgan_edit import quick_start
from tfgan_edit.run import tiny
from tfgan_edit.speed.measurement import Settings

_TINY = tiny(quick_start.get_config())
SETTINGS = Settings(precisions=("float32",), repeats=2, steps=1, resolutions=(8, 16))


def tiny_recipe(**changes):
    """The quick start with few channels, batch 4, at 16 px."""
    trainer = dataclasses.replace(_TINY.trainer, mapping_layers=1, channel_max=4)
    return dataclasses.replace(_TINY, trainer=trainer, **changes)
