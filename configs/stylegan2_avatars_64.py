"""StyleGAN2 on drawn faces at 64 px, grown from the quick start's 32 px, on two cores.

Paper: arXiv 1912.04958, with small widths and two mapping layers.
Commands:
  python -m tfgan_edit.train
  python -m tfgan_edit.train --config configs/stylegan2_avatars_64.py
Hardware and time: 55 images/s on one core (Intel Xeon, AVX-512 without bf16), three hours in all.
Result: after 250 kimg, in the package as stylegan2-avatars-64; not yet run to its end.
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
