"""StyleMapGAN as published, at 256 px: CelebA-HQ, AFHQ, or a folder of your own.

Paper: arXiv 2104.14754; CelebA-HQ trains on 29,000 faces and AFHQ on 15,130 animals, of which 500
each are kept for tests. The paper compares after 5,000 kimg; published models "20M" saw 20,000.
Commands:
  python -m tfgan_edit.prepare_data --source PHOTOS --dest data/celeba_hq256 --resolution 256
  python -m tfgan_edit.train --config configs/stylemapgan.py:data=celeba_hq
  python -m tfgan_edit.train --config configs/stylemapgan.py:data=afhq,size=16
The loss wants LPIPS with VGG16 (docs/stylemapgan.md says where its weights go).
Hardware and time: not yet run (the paper: two weeks on 2 V100 for 5,000 kimg).
"""

from tfgan_edit.config import RunConfig
from tfgan_edit.data.records import DataConfig
from tfgan_edit.trainers.stylemapgan import StyleMapGANConfig


def get_config(data="celeba_hq", size=8, kimg=5000):
    """`data`: records are in data/NAME256; `size`: side of the stylemaps, 4, 8, 16 or 32."""
    return RunConfig(
        name=f"stylemapgan_{data}_{size}x{size}",
        trainer=StyleMapGANConfig(stylemap_size=size),  # the rest is the paper's
        data=DataConfig(source=f"data/{data}256", resolution=256, mirror=True),
        batch_size=16,
        total_kimg=float(kimg),
        tick_kimg=10.0,
        preset_ticks=10,
    )
