"""StyleGAN on drawn faces at 64 px: on a GPU, or growing from 16 px, then without noise, on a core.

Paper: arXiv 1812.04948, with small widths, four mapping layers, short stages and a weak R1. Noise
(its section 3.2) draws what a latent need not say, as curls of hair; drawn faces have nothing of
that kind, and networks so small draw the same streaks across all eyes with it. Part 2 goes on
without, at 64 px.
Commands:
  python -m tfgan_edit.train --config configs/stylegan_avatars_64.py:device=gpu
  python -m tfgan_edit.train --config configs/stylegan_avatars_64.py
  python -m tfgan_edit.train --config configs/stylegan_avatars_64.py:part=2
Hardware and time: 6,984 images/s on one NVIDIA H200 (export.training), ten minutes, the first four
shared. One core of an AMD EPYC with bf16, other work beside: 51 min (16 px 180 images/s, 64 px 90),
then 28 min.
Result: that of the GPU is in the package as stylegan-avatars-64; docs/stylegan.md.
"""

from tfgan_edit.config import RunConfig
from tfgan_edit.data.records import DataConfig
from tfgan_edit.trainers.stylegan import StyleGANConfig


def get_config(part=1, device="cpu"):
    """`part`: 1 grows; 2 goes on from there without noise. `device`: gpu has the widths of
    stylegan2_avatars_64.py there, and trains at 64 px without noise from nothing."""
    if device == "gpu":
        return RunConfig(
            name="stylegan_avatars_64_gpu",
            trainer=StyleGANConfig(
                z_dim=128,
                w_dim=128,
                mapping_layers=4,
                channels={"4": 128, "8": 128, "16": 96, "32": 64, "64": 32},
                use_noise=False,
                start_resolution=64,
                batch_sizes={},
                learning_rate=0.002,
                r1_gamma=1.0,
                ema_kimg=10.0,
                ema_rampup=0.05,
            ),
            data=DataConfig(source="avatars:avataaars", resolution=64, num=20_000),
            batch_size=64,
            total_kimg=3600.0,
            tick_kimg=20.0,
            precision="float32",
        )
    return RunConfig(
        name="stylegan_avatars_64" + ("_part1" if part == 1 else ""),
        trainer=StyleGANConfig(
            z_dim=128,
            w_dim=128,
            mapping_layers=4,
            channels={"4": 96, "8": 96, "16": 64, "32": 32, "64": 16},
            use_noise=part == 1,
            start_resolution=16 if part == 1 else 64,
            stage_kimg=60.0,
            fade_kimg=60.0,
            batch_sizes={},
            learning_rate=0.002,
            r1_gamma=1.0,
            ema_kimg=5.0,
            ema_rampup=0.05,
        ),
        data=DataConfig(source="avatars:avataaars", resolution=64, num=20_000),
        batch_size=32,
        total_kimg=300.0 if part == 1 else 160.0,
        tick_kimg=10.0,
        precision="auto",
        init_from="runs/stylegan_avatars_64_part1" if part == 2 else None,
    )
