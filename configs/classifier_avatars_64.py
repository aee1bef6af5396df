"""Attribute classifier of drawn faces at 64 px, the scorer of their generator's pictures.

Commands:
  python -m tfgan_edit.train --config configs/classifier_avatars_64.py
  python -m tfgan_edit.train --config configs/classifier_avatars_64.py:style=adventurer
Hardware and time: 12 min on 2 CPU cores that seven other processes shared.
Result: accuracy on the held-out photos, in %: smile 99.6, eyeglasses 99.95, sunglasses 100,
facial_hair 99.95, long_hair 100, hair_color 100, skin_tone 99.9, clothing_color 100, background
99.95; eyes_closed 97.3, of 97 that are possible, as dark lenses hide the eyes of 15 % of the faces.
Data: 18,000 avatars to learn from, 2,000 others to measure and calibrate.
"""

from tfgan_edit.config import RunConfig
from tfgan_edit.data.records import DataConfig
from tfgan_edit.ops.jitter import MILD_JITTER, NO_JITTER
from tfgan_edit.trainers.attribute_classifier import AttributeClassifierConfig


def get_config(style="avataaars", crop="center", views=0):
    """`crop`: face, of faces as `gans_n_roses_avatars.py` sees them; `views`: 1, and as it turns,
    moves and flips them."""
    name = "avatars" if style == "avataaars" else style
    return RunConfig(
        name=f"classifier_{name}_64"
        + ("" if crop == "center" else f"_{crop}")
        + ("_views" if views else ""),
        trainer=AttributeClassifierConfig(jitter=MILD_JITTER if views else NO_JITTER),
        data=DataConfig(
            source=f"avatars:{style}",
            resolution=64,
            num=20_000,
            subset=18_000,
            labels=True,
            crop=crop,
        ),
        batch_size=64,
        total_kimg=400.0,
        tick_kimg=24.0,
        preset_ticks=5,
    )
