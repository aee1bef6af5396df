"""DCGAN on a folder of real photographs at 64 px: the baseline of configs/stylegan2_photos_64.py.

Paper: arXiv 1511.06434, at half of its widths, and mirrored photos.
Commands:
  python -m tfgan_edit.prepare_data --source PHOTOS --dest data/photos64 --resolution 64
  python -m tfgan_edit.train --config configs/dcgan_photos_64.py
Hardware and time: 66 images/s on one core of an AMD EPYC with bf16; docs/results.md compares both
in the same time.
"""

from tfgan_edit.config import RunConfig
from tfgan_edit.data.records import DataConfig
from tfgan_edit.trainers.dcgan import DCGANConfig


def get_config():
    return RunConfig(
        name="dcgan_photos_64",
        trainer=DCGANConfig(width=64, max_width=512, ema_kimg=5.0, ema_rampup=0.05),
        data=DataConfig(source="data/photos64", resolution=64, mirror=True),
        batch_size=32,
        total_kimg=400.0,
        tick_kimg=5.0,
        precision="auto",
    )
