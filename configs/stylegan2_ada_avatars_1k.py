"""StyleGAN2 on a thousand drawn faces, with adaptive augmentation (ADA) or without.

Paper: arXiv 2006.06676, whose question this is: training on little data. These runs are short, so
p may go from 0 to 1 in a fifth of one.
Commands, for the same data and budget twice (docs/ada.md compares the results):
  python -m tfgan_edit.train --config configs/stylegan2_ada_avatars_1k.py
  python -m tfgan_edit.train --config configs/stylegan2_ada_avatars_1k.py:ada=False
  python -m tfgan_edit.train --config configs/stylegan2_ada_avatars_1k.py:resolution=32,kimg=80
Hardware and time: 64 px planned for two hours of 2 CPU cores with bfloat16 each, not yet run; 32 px
for 80 kimg 51 minutes on one shared core each, fd_lite0_5k 175.1 without and 187.3 with ADA.
"""

from tfgan_edit.config import RunConfig
from tfgan_edit.data.records import DataConfig
from tfgan_edit.trainers.adaptive_augmentation import AugmentationConfig
from tfgan_edit.trainers.stylegan2 import StyleGAN2Config


def get_config(ada=True, resolution=64, kimg=500.0):
    widths = {"4": 64, "8": 64, "16": 64, "32": 32, "64": 32}
    return RunConfig(
        name=f"stylegan2_ada_avatars_1k_{resolution}" + ("" if ada else "_without"),
        trainer=StyleGAN2Config(
            z_dim=128,
            w_dim=128,
            mapping_layers=2,
            channels={level: n for level, n in widths.items() if int(level) <= resolution},
            learning_rate=0.003,
            r1_gamma=1.0 if resolution > 32 else 0.5,
            path_length_weight=0.0,
            ema_kimg=5.0,
            ema_rampup=0.05,
            augmentation=AugmentationConfig("bgc" if ada else "", kimg=kimg / 5),
        ),
        data=DataConfig(source="avatars:avataaars", resolution=resolution, num=1000),
        batch_size=32,
        total_kimg=float(kimg),
        tick_kimg=5.0,
        precision="auto",
    )
