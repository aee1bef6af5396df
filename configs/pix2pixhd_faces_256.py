"""Pix2PixHD on pairs of photo-real faces at 256 px, of a quarter of the published width.

Paper: arXiv 1711.11585; it draws what changes in the face instead of the face. Pairs and scorers:
see docs/faces.md, with two whole chains (`distill`) and what they reached.
Commands:
  python -m tfgan_edit.train --config configs/pix2pixhd_faces_256.py:pairs=pairs/face_smile
  (:generator=mobile-m behind .py for a network of a phone's size)
Hardware and time: one core of an AMD EPYC with bfloat16: 23 min, 5.8 images/s; mobile-m 17 min; a
student of it 17 min.
Result: docs/faces.md.
"""

from tfgan_edit.config import RunConfig
from tfgan_edit.data.pairs import PairsConfig
from tfgan_edit.trainers.pix2pixhd import Pix2PixHDConfig

KIMG = 8.0


def get_config(pairs="pairs/face_smile", generator="global"):
    """`pairs`: a folder of 256 px that make_pairs wrote; `generator`: of Pix2PixHDConfig."""
    return RunConfig(
        name="pix2pixhd_faces_256",
        trainer=Pix2PixHDConfig(
            generator=generator,
            width=16 if generator == "global" else None,
            num_downsamplings=3,
            num_blocks=6 if generator == "global" else None,
            padding="reflect_all",
            upsampling="bilinear",
            residual=True,  # what an edit leaves alone stays sharp; instance norms keep it alive
            d_width=16,
            perceptual_weight=0.0,
            pixel_weight=20.0,
            learning_rate=0.0003,
            constant_kimg=KIMG / 2,
            decay_kimg=KIMG / 2,
            ema_kimg=0.3,
        ),
        data=PairsConfig(pairs, resolution=256),
        batch_size=1,
        total_kimg=KIMG,
        tick_kimg=1.0,
        precision="auto",
    )
