"""The recipe of `python -m tfgan_edit.train` without flags: StyleGAN2 on drawn faces, 32 px.

Small widths, two mapping layers, no path length penalty and a weak R1 make the most of a quarter
of an hour on two cores; the paper's own settings are recipes in `configs/`.
"""

from tfgan_edit.config import RunConfig
from tfgan_edit.data.records import DataConfig
from tfgan_edit.trainers.stylegan2 import StyleGAN2Config


def get_config():
    """The `RunConfig` of a training without --config."""
    return RunConfig(
        name="quick_start",
        trainer=StyleGAN2Config(
            z_dim=128,
            w_dim=128,
            mapping_layers=2,
            channels={"4": 64, "8": 64, "16": 64, "32": 32},
            learning_rate=0.003,
            r1_gamma=0.5,
            path_length_weight=0.0,
            ema_kimg=5.0,
            ema_rampup=0.05,
        ),
        data=DataConfig(source="avatars:avataaars", resolution=32, num=10_000),
        batch_size=32,
        total_kimg=200.0,
        tick_kimg=5.0,
        precision="auto",
    )
