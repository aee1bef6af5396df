"""A phone's student of Pix2PixHD on pairs of drawn faces at 64 px, on two cores.

166 times fewer products than the published generator. With a teacher, what that makes of the
sources is a second target.
Paper: arXiv 1711.11585 and 2108.06908.
Command: python -m tfgan_edit.train
    --config configs/mobile_s_avatars_64.py:pairs=pairs/smile,teacher=runs/pix2pixhd_avatars_64
Hardware and time: 38 images/s with a teacher on one core (Intel Xeon, AVX-512 without bf16), 29
minutes.
Result: mobile-s-smile-64 in the package, 93.4 % success on generated faces, 92.0 % on drawn ones.
"""

from tfgan_edit.config import RunConfig
from tfgan_edit.data.pairs import PairsConfig
from tfgan_edit.trainers.pix2pixhd import Pix2PixHDConfig

KIMG = 60.0


def get_config(pairs="avatars:avataaars:smile", teacher="", size="mobile-s"):
    """`pairs`: a folder of 64 px that make_pairs wrote, or drawn pairs; `teacher`: a run."""
    drawn = pairs.startswith("avatars:")
    return RunConfig(
        name=f"{size.replace('-', '_')}_avatars_64",
        trainer=Pix2PixHDConfig(
            generator=size,
            num_downsamplings=3,
            norm="demodulated",  # the instance norm takes flat colours away
            d_width=32,
            d_layers=2,
            perceptual_weight=0.0,
            pixel_weight=20.0,
            learning_rate=0.0005,
            constant_kimg=KIMG / 2,
            decay_kimg=KIMG / 2,
            ema_kimg=1.0,
        ),
        data=PairsConfig(pairs, resolution=64, num=8000 if drawn else None),
        frozen={"teacher": teacher} if teacher else {},
        batch_size=8,
        total_kimg=KIMG,
        tick_kimg=2.0,
        precision="auto",
    )
