"""StyleGAN2-ADA's `auto`: settings by rule from resolution and number of GPUs.

Paper: arXiv 2006.06676, and the official code's rule (R1 grows with the pixels of a picture), with
its adaptive augmentation; starting from a preset, --set trainer.augmentation.kimg=100.
Command: python -m tfgan_edit.train --config configs/stylegan2_auto.py:resolution=128,gpus=2 \\
             --set data.source=data/photos128
Hardware and time: not yet run.
"""

from tfgan_edit.config import RunConfig
from tfgan_edit.data.records import DataConfig
from tfgan_edit.trainers.adaptive_augmentation import AugmentationConfig
from tfgan_edit.trainers.stylegan2 import StyleGAN2Config


def get_config(resolution=256, gpus=1):
    batch = max(min(gpus * min(4096 // resolution, 32), 64), gpus)
    return RunConfig(
        name=f"stylegan2_auto_{resolution}",
        trainer=StyleGAN2Config(
            mapping_layers=2,
            channel_base=32768 if resolution >= 512 else 16384,
            group_size=min(batch // gpus, 4),
            learning_rate=0.002 if resolution >= 1024 else 0.0025,
            r1_gamma=0.0002 * resolution**2 / batch,
            ema_kimg=batch * 10 / 32,
            ema_rampup=0.05,
            augmentation=AugmentationConfig("bgc"),
        ),
        data=DataConfig(source=f"data/photos{resolution}", resolution=resolution, mirror=True),
        batch_size=batch,
        precision="mixed_float16",
    )
