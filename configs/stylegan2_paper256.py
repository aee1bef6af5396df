"""StyleGAN2-ADA's `paper256`: FFHQ at 256 px with half the channels.

Paper: arXiv 2006.06676, FID 4.3 with 70,000 photos (box filter: prepare_data --resize box).
Command: python -m tfgan_edit.train --config configs/stylegan2_paper256.py
Hardware and time: 8 GPUs in the paper. Not yet run.
"""

from tfgan_edit.config import RunConfig
from tfgan_edit.data.records import DataConfig
from tfgan_edit.trainers.stylegan2 import StyleGAN2Config


def get_config():
    return RunConfig(
        name="stylegan2_paper256",
        trainer=StyleGAN2Config(
            channel_base=16384,
            group_size=8,
            learning_rate=0.0025,
            r1_gamma=1.0,
            ema_kimg=20.0,
        ),
        data=DataConfig(source="data/ffhq256", resolution=256, mirror=True),
        batch_size=64,
        precision="mixed_float16",
    )
