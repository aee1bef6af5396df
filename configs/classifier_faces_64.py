"""Attribute classifier of photos at 64 px: glasses, hats, hair, for a photo-real generator.

Data: photos with a table of 0 and 1, cropped so that eyes are where FFHQ has them, for example
CelebA's aligned ones, non-commercial (8,000 of them gave the result below; with more, raise
:subset=, the others are held out):
  python -m tfgan_edit.prepare_data --source img_align_celeba.zip --labels list_attr_celeba.csv \\
      --dest data/celeba_ffhq64 --resolution 64 --crop 6,34,172,200
Command: python -m tfgan_edit.train --config configs/classifier_faces_64.py:data=data/celeba_ffhq64
Hardware and time: not yet run to its end.
"""

from tfgan_edit.config import RunConfig
from tfgan_edit.data.records import DataConfig
from tfgan_edit.trainers.attribute_classifier import AttributeClassifierConfig


def get_config(data="data/celeba_ffhq64", subset=7000):
    return RunConfig(
        name="classifier_faces_64",
        trainer=AttributeClassifierConfig(flip=True),
        data=DataConfig(source=data, resolution=64, subset=subset, labels=True),
        batch_size=64,
        total_kimg=160.0,
        tick_kimg=16.0,
        preset_ticks=2,
    )
