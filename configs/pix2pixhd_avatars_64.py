"""Pix2PixHD on pairs of drawn faces at 64 px, sized for half an hour of a core.

Paper: arXiv 1711.11585, with few channels, a distance of pixels in place of VGG19's features, and
weights that are demodulated instead of activations that are normalised.
Command: python -m tfgan_edit.train --config configs/pix2pixhd_avatars_64.py:pairs=pairs/smile
Hardware and time: 31 images/s on one core (Intel Xeon, AVX-512 without bf16), 32 minutes.
Result: eyeglasses, 4,000 pairs: 95.2 % success on generated faces, 80.6 % on drawn ones; smile,
5,000 optimised pairs: 97.2 and 92.8 %.
"""

from tfgan_edit.config import RunConfig
from tfgan_edit.data.pairs import PairsConfig
from tfgan_edit.trainers.pix2pixhd import Pix2PixHDConfig

KIMG = 60.0


def get_config(pairs="avatars:avataaars:smile"):
    """`pairs`: a folder of 64 px that make_pairs wrote, or drawn pairs."""
    drawn = pairs.startswith("avatars:")
    return RunConfig(
        name="pix2pixhd_avatars_64",
        trainer=Pix2PixHDConfig(
            width=16,
            num_downsamplings=2,
            num_blocks=4,
            norm="demodulated",  # the instance norm takes flat colours away
            padding="reflect_all",
            upsampling="bilinear",
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
        batch_size=8,
        total_kimg=KIMG,
        tick_kimg=2.0,
        precision="auto",
    )
