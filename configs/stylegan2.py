"""StyleGAN2, configuration F, as published for FFHQ at 1024 px.

Paper: arXiv 1912.04958, FID 2.84 after 25,000 kimg (9 days 18 hours on 8 V100).
Command: python -m tfgan_edit.train --config configs/stylegan2.py --set data.source=data/ffhq1024
Hardware and time: not yet run.
"""

from tfgan_edit.config import RunConfig
from tfgan_edit.data.records import DataConfig
from tfgan_edit.trainers.stylegan2 import StyleGAN2Config


def get_config():
    return RunConfig(
        name="stylegan2",
        trainer=StyleGAN2Config(),  # the defaults are configuration F
        data=DataConfig(source="data/ffhq1024", resolution=1024, mirror=True),
        batch_size=32,
    )
