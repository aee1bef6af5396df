"""StyleGAN2-ADA's `paper512`: small sets such as AFHQ at 512 px.

Paper: arXiv 2006.06676.
Command: python -m tfgan_edit.train --config configs/stylegan2_paper512.py
Hardware and time: 8 GPUs in the paper. Not yet run.
"""

from tfgan_edit.config import RunConfig
from tfgan_edit.data.records import DataConfig
from tfgan_edit.trainers.stylegan2 import StyleGAN2Config


def get_config():
    return RunConfig(
        name="stylegan2_paper512",
        trainer=StyleGAN2Config(
            group_size=8, learning_rate=0.0025, r1_gamma=0.5, ema_kimg=20.0
        ),
        data=DataConfig(source="data/afhq512", resolution=512, mirror=True),
        batch_size=64,
        precision="mixed_float16",
    )
