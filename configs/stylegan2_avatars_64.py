"""StyleGAN2 on drawn faces at 64 px, sized for two hours of two cores.

Paper: arXiv 1912.04958, with small widths, two mapping layers and a weak R1.
Command: python -m tfgan_edit.train --config configs/stylegan2_avatars_64.py
Hardware and time: planned for two hours on 2 CPU cores. Not yet run to its end.
"""

from tfgan_edit.config import RunConfig
from tfgan_edit.data.records import DataConfig
from tfgan_edit.trainers.stylegan2 import StyleGAN2Config


def get_config():
    return RunConfig(
        name="stylegan2_avatars_64",
        trainer=StyleGAN2Config(
            z_dim=128,
            w_dim=128,
            mapping_layers=2,
            channels={"4": 96, "8": 96, "16": 64, "32": 32, "64": 16},
            learning_rate=0.003,
            r1_gamma=0.5,
            path_length_weight=0.0,
            ema_kimg=5.0,
            ema_rampup=0.05,
        ),
        data=DataConfig(source="avatars:avataaars", resolution=64, num=20_000),
        batch_size=32,
        total_kimg=1000.0,
        tick_kimg=10.0,
        precision="mixed_bfloat16",
    )
