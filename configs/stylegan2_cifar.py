"""StyleGAN2-ADA's `cifar`: class-conditional CIFAR-10 at 32 px.

Paper: arXiv 2006.06676, FID 2.42 with tuned settings, adaptive augmentation and 100,000 kimg on
2 GPUs. No style mixing, no path length penalty, a plain discriminator.
Command: python -m tfgan_edit.train --config configs/stylegan2_cifar.py
Hardware and time: not yet run.
"""

from tfgan_edit.config import RunConfig
from tfgan_edit.data.records import DataConfig
from tfgan_edit.trainers.adaptive_augmentation import AugmentationConfig
from tfgan_edit.trainers.stylegan2 import StyleGAN2Config


def get_config():
    return RunConfig(
        name="stylegan2_cifar",
        trainer=StyleGAN2Config(
            mapping_layers=2,
            d_architecture="orig",
            group_size=32,
            learning_rate=0.0025,
            r1_gamma=0.01,
            path_length_weight=0.0,
            style_mixing=0.0,
            ema_kimg=500.0,
            ema_rampup=0.05,
            augmentation=AugmentationConfig("bgc"),
        ),
        data=DataConfig(source="tfds:cifar10:train", resolution=32, labels=True),
        batch_size=64,
        total_kimg=100_000.0,
        precision="mixed_float16",
    )
