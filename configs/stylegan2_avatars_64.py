"""StyleGAN2 on drawn faces at 64 px: on a GPU, or grown from the quick start's 32 px on two cores.

Paper: arXiv 1912.04958, with small widths and few mapping layers.
Commands:
  python -m tfgan_edit.train --config configs/stylegan2_avatars_64.py:device=gpu
  python -m tfgan_edit.train
  python -m tfgan_edit.train --config configs/stylegan2_avatars_64.py
Hardware and time: 5,315 images/s on one NVIDIA H200 (export.training), six minutes; with the small
widths 55 images/s on one core (Intel Xeon, AVX-512 without bf16), three hours.
Result: that of the GPU is in the package as stylegan2-avatars-64.
"""

from tfgan_edit.config import RunConfig
from tfgan_edit.data.records import DataConfig
from tfgan_edit.trainers.stylegan2 import StyleGAN2Config


def get_config(device="cpu"):
    """`device`: gpu has twice the widths, and begins from nothing."""
    if device == "gpu":
        return RunConfig(
            name="stylegan2_avatars_64_gpu",
            trainer=StyleGAN2Config(
                z_dim=128,
                w_dim=128,
                mapping_layers=4,
                channels={"4": 128, "8": 128, "16": 96, "32": 64, "64": 32},
                learning_rate=0.0025,
                r1_gamma=0.5,
                path_length_interval=16,
                ema_kimg=10.0,
                ema_rampup=0.05,
            ),
            data=DataConfig(source="avatars:avataaars", resolution=64, num=20_000),
            batch_size=64,
            total_kimg=1920.0,
            tick_kimg=20.0,
            precision="float32",
        )
    return RunConfig(
        name="stylegan2_avatars_64",
        trainer=StyleGAN2Config(
            z_dim=128,
            w_dim=128,
            mapping_layers=2,
            channels={"4": 64, "8": 64, "16": 64, "32": 32, "64": 16},
            learning_rate=0.003,
            r1_gamma=1.0,
            path_length_weight=0.0,
            ema_kimg=5.0,
            ema_rampup=0.05,
        ),
        data=DataConfig(source="avatars:avataaars", resolution=64, num=20_000),
        batch_size=32,
        total_kimg=600.0,
        tick_kimg=5.0,
        precision="auto",
        init_from="runs/quick_start",
    )
