"""Encoder of drawn faces into the latents of `stylegan2-avatars-64`, for `project --encoder`.

Papers: pSp, arXiv 2008.00951, and e4e, arXiv 2102.02766, with small widths; the perceptual
distance is the best one whose weights are installed (pip install -e ".[weights]").
Command: python -m tfgan_edit.train --config configs/encoder_avatars_64.py
         (:generator=FOLDER behind .py takes another preset or run folder)
Hardware and time: 42 images/s on one core (Intel Xeon, AVX-512 without bf16), 24 minutes.
Result after 40 of 60 kimg: 100 steps from it reach what 300 without it do, see
docs/distillation.md.
"""

from tfgan_edit.config import RunConfig
from tfgan_edit.data.records import DataConfig
from tfgan_edit.trainers.encoder import EncoderConfig


def get_config(generator="stylegan2-avatars-64"):
    return RunConfig(
        name="encoder_avatars_64",
        trainer=EncoderConfig(
            channels={"4": 192, "8": 128, "16": 96, "32": 48, "64": 24},
            ema_kimg=2.0,
        ),
        data=DataConfig(source="avatars:avataaars", resolution=64, num=20_000),
        frozen={"generator": generator},
        batch_size=8,
        total_kimg=60.0,
        tick_kimg=4.0,
        precision="auto",
    )
