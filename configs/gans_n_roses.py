"""GANs N' Roses from photos to drawings at 256 px, with the published settings.

Paper: arXiv 2106.06561; the settings are those of the published code.
Data: folders of pictures, such as selfie2anime of U-GAT-IT (arXiv 1907.10830), 3,400 of each.
Commands:
  python -m tfgan_edit.train --config configs/gans_n_roses.py:data=selfie2anime
  python -m tfgan_edit.train --config configs/gans_n_roses.py:data=photos,target=drawings
Hardware and time: the authors trained for about 5 days on a Quadro RTX 6000. Not yet run.
"""

from tfgan_edit.config import RunConfig
from tfgan_edit.data.unpaired import UnpairedConfig
from tfgan_edit.trainers.gans_n_roses import GansNRosesConfig

STEPS, BATCH = 300_000, 6


def get_config(data="selfie2anime", target="", variant="main"):
    """`data`: a folder with trainA and trainB, or domain A with `target` as B; `variant`: train."""
    return RunConfig(
        name="gans_n_roses",
        trainer=GansNRosesConfig(variant=variant),
        data=UnpairedConfig(data, target, resolution=256),
        batch_size=BATCH,
        total_kimg=STEPS * BATCH / 1000,
        tick_kimg=6.0,
        preset_ticks=12,
    )
