"""StyleMapGAN, the small generator that was published for FFHQ at 1024 px.

Paper: arXiv 2104.14754; stylemaps of 16 or 32, style codes of 64 channels.
Command: python -m tfgan_edit.train --config configs/stylemapgan_ffhq.py:size=32 \\
             --set data.source=data/ffhq1024
Hardware and time: not yet run.
"""

from tfgan_edit.config import RunConfig
from tfgan_edit.data.records import DataConfig
from tfgan_edit.trainers.stylemapgan import StyleMapGANConfig


def get_config(size=16):
    return RunConfig(
        name=f"stylemapgan_ffhq_{size}x{size}",
        trainer=StyleMapGANConfig(stylemap_size=size, code_channels=64),
        data=DataConfig(source="data/ffhq1024", resolution=1024, mirror=True),
        batch_size=16,
        total_kimg=5000.0,
        tick_kimg=10.0,
        preset_ticks=10,
    )
