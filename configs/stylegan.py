"""StyleGAN, configuration F, as published for FFHQ at 1024 px; batches for 1, 2, 4 or 8 GPUs.

Paper: arXiv 1812.04948, FID 4.42 after 25,000 kimg (6 days 14 hours on 8 V100, 41 days on one).
Command: python -m tfgan_edit.train --config configs/stylegan.py --set data.source=data/ffhq1024
         python -m tfgan_edit.train --config configs/stylegan.py:resolution=256,gpus=1 \\
             --set data.source=data/photos256
Hardware and time: not yet run.
"""

from tfgan_edit.config import RunConfig
from tfgan_edit.data.records import DataConfig
from tfgan_edit.trainers.stylegan import StyleGANConfig


def get_config(resolution=1024, gpus=8):
    batch = 4 * gpus
    sizes = {r: max(2048 // r, batch) for r in (16, 32, 64, 128, 256, 512)}
    return RunConfig(
        name=f"stylegan_{resolution}",
        trainer=StyleGANConfig(batch_sizes={8: 128 if gpus == 1 else 256, **sizes}),
        data=DataConfig(source=f"data/ffhq{resolution}", resolution=resolution, mirror=True),
        batch_size=batch,
    )
