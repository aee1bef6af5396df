"""StyleGAN2 on a folder of real photographs at 64 px, sized for two cores.

Paper: arXiv 1912.04958, with small widths, and mirrored photos; ADA is that of arXiv 2006.06676.
Commands:
  python -m tfgan_edit.prepare_data --source PHOTOS --dest data/photos64 --resolution 64
  python -m tfgan_edit.train --config configs/stylegan2_photos_64.py
  python -m tfgan_edit.train --config configs/stylegan2_photos_64.py:ada=True
Hardware, time and result: one core of an AMD EPYC with bf16, 108 min, 318 kimg of 8,000 faces of
CelebA: fd_lite0_5k 20.2, kid_lite0_5k 0.015; docs/results.md compares others in the same time.
"""

from tfgan_edit.config import RunConfig
from tfgan_edit.data.records import DataConfig
from tfgan_edit.trainers.adaptive_augmentation import AugmentationConfig
from tfgan_edit.trainers.stylegan2 import StyleGAN2Config


def get_config(ada=False):
    return RunConfig(
        name="stylegan2_photos_64" + ("_ada" if ada else ""),
        trainer=StyleGAN2Config(
            z_dim=128,
            w_dim=128,
            mapping_layers=2,
            channels={"64": 32, "32": 64, "16": 64, "8": 64, "4": 64},
            learning_rate=0.003,
            r1_gamma=1.0,
            path_length_weight=0.0,
            ema_kimg=5.0,
            ema_rampup=0.05,
            augmentation=AugmentationConfig("bgc", kimg=100.0) if ada else AugmentationConfig(),
        ),
        data=DataConfig(source="data/photos64", resolution=64, mirror=True),
        batch_size=32,
        total_kimg=400.0,
        tick_kimg=5.0,
        precision="auto",
    )
