"""Attribute classifier of photos at 64 px: glasses, hats, hair, for a photo-real generator.

Data: photos with a table of 0 and 1, cropped so that eyes are where FFHQ has them, for example
CelebA's aligned ones, non-commercial (8,000 of them gave the result below; with more, raise
:subset=, the others are held out):
  python -m tfgan_edit.prepare_data --source img_align_celeba.zip --labels list_attr_celeba.csv \\
      --dest data/celeba_ffhq64 --resolution 64 --crop 6,34,172,200
Command: python -m tfgan_edit.train --config configs/classifier_faces_64.py:data=data/celeba_ffhq64
(views=1 behind a comma: for gans_n_roses_faces.py)
Hardware and time: one CPU core (Intel Xeon, AVX-512 without bf16), 600 to 760 photos/s: 4 min.
Result: accuracy on 1,000 held-out photos, in %: Eyeglasses 97.3, Wearing_Hat 98.3, Blond_Hair 94.7,
Black_Hair 88.4, Bangs 95.1, Smiling 88.4, Male 95.6; expected calibration error 0.007 to 0.029.
"""

from tfgan_edit.config import RunConfig
from tfgan_edit.data.records import DataConfig
from tfgan_edit.ops.jitter import MILD_JITTER, NO_JITTER
from tfgan_edit.trainers.attribute_classifier import AttributeClassifierConfig


def get_config(data="data/celeba_ffhq64", subset=7000, views=0):
    """`views`: 1, of faces as `gans_n_roses_faces.py` turns, moves and flips them."""
    return RunConfig(
        name="classifier_faces_64" + ("_views" if views else ""),
        trainer=AttributeClassifierConfig(flip=True, jitter=MILD_JITTER if views else NO_JITTER),
        data=DataConfig(source=data, resolution=64, subset=subset, labels=True),
        batch_size=64,
        total_kimg=160.0,
        tick_kimg=16.0,
        preset_ticks=2,
    )
