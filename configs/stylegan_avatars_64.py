"""StyleGAN on drawn faces, growing from 16 to 64 px, sized for an hour of two cores.

Paper: arXiv 1812.04958, with small widths, four mapping layers, short stages and a weak R1.
Command: python -m tfgan_edit.train --config configs/stylegan_avatars_64.py
Hardware and time: planned for an hour on 2 CPU cores; not yet run.
"""

from tfgan_edit.config import RunConfig
from tfgan_edit.data.records import DataConfig
from tfgan_edit.trainers.stylegan import StyleGANConfig


def get_config():
    return RunConfig(
        name="stylegan_avatars_64",
        trainer=StyleGANConfig(
            z_dim=128,
            w_dim=128,
            mapping_layers=4,
            channels={"4": 96, "8": 96, "16": 64, "32": 32, "64": 16},
            start_resolution=16,
            stage_kimg=60.0,
            fade_kimg=60.0,
            batch_sizes={},
            learning_rate=0.002,
            r1_gamma=1.0,
            ema_kimg=5.0,
            ema_rampup=0.05,
        ),
        data=DataConfig(source="avatars:avataaars", resolution=64, num=20_000),
        batch_size=32,
        total_kimg=400.0,
        tick_kimg=10.0,
        precision="auto",
    )
