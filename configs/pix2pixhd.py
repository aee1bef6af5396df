"""Pix2PixHD on pairs, with the settings of StyleGAN2 distillation.

Paper: arXiv 1711.11585, appendix A; arXiv 2003.03581, section 4: 512 px, batch 8, 100 epochs at
the full learning rate and 100 in which it falls.
Command: python -m tfgan_edit.train --config configs/pix2pixhd.py:pairs=pairs/smile
Hardware, time and result: not yet run.
"""

from tfgan_edit.config import RunConfig
from tfgan_edit.data.pairs import PairsConfig, is_pairs, open_pairs
from tfgan_edit.trainers.pix2pixhd import Pix2PixHDConfig

EPOCHS = 200


def get_config(pairs="pairs", num=50_000):
    """`pairs`: a folder that make_pairs wrote, or folders as `PairsConfig.source` takes them.

    The length is that of `num` pairs where the folder is not there yet to be counted.
    """
    kimg = EPOCHS * (open_pairs(pairs).num if is_pairs(pairs) else num) / 1000
    return RunConfig(
        name="pix2pixhd",
        trainer=Pix2PixHDConfig(constant_kimg=kimg / 2, decay_kimg=kimg / 2),
        data=PairsConfig(pairs),
        batch_size=8,
        total_kimg=kimg,
        tick_kimg=10.0,
        preset_ticks=50,
    )
