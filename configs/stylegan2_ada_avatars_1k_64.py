"""StyleGAN2 on a thousand drawn faces at 64 px, with adaptive augmentation (ADA) or without.

Paper: arXiv 2006.06676, whose question this is: training on little data. p moves five times as
fast as there, because this run is short.
Commands, for the same data and budget twice (docs/ada.md compares the results):
  python -m tfgan_edit.train --config configs/stylegan2_ada_avatars_1k_64.py
  python -m tfgan_edit.train --config configs/stylegan2_ada_avatars_1k_64.py:ada=False
Hardware and time: planned for two hours of 2 CPU cores each. Not yet run.
"""

from tfgan_edit.config import RunConfig
from tfgan_edit.data.records import DataConfig
from tfgan_edit.trainers.adaptive_augmentation import AugmentationConfig
from tfgan_edit.trainers.stylegan2 import StyleGAN2Config


def get_config(ada=True):
    return RunConfig(
        name="stylegan2_ada_avatars_1k_64" + ("" if ada else "_without"),
        trainer=StyleGAN2Config(
            z_dim=128,
            w_dim=128,
            mapping_layers=2,
            channels={"4": 64, "8": 64, "16": 64, "32": 32, "64": 32},
            learning_rate=0.003,
            r1_gamma=1.0,
            path_length_weight=0.0,
            ema_kimg=5.0,
            ema_rampup=0.05,
            augmentation=AugmentationConfig("bgc" if ada else "", kimg=100.0),
        ),
        data=DataConfig(source="avatars:avataaars", resolution=64, num=1000),
        batch_size=32,
        total_kimg=500.0,
        tick_kimg=5.0,
        precision="auto",
    )
