"""DCGAN on drawn faces at 64 px: the baseline of configs/stylegan2_avatars_64.py.

Paper: arXiv 1511.06434; its widths on a GPU, three eighths of them on processors, where a step of
32 pictures then takes 0.74 s of a core (Intel Xeon, AVX-512 without bf16), one of that recipe
0.66 s, R1 every 16 steps included.
Commands:
  python -m tfgan_edit.train --config configs/dcgan_avatars_64.py
  python -m tfgan_edit.train --config configs/dcgan_avatars_64.py:device=gpu
Hardware and time: 8,414 images/s on one NVIDIA H200 with three eighths of the widths, beside
another training (export.training); docs/dcgan.md.
"""

from tfgan_edit.config import RunConfig
from tfgan_edit.data.records import DataConfig
from tfgan_edit.trainers.dcgan import DCGANConfig


def get_config(device="cpu"):
    """`device`: gpu has the paper's widths, and batch and length of that recipe on a GPU."""
    gpu = device == "gpu"
    widths = {} if gpu else {"width": 48, "max_width": 384}
    return RunConfig(
        name="dcgan_avatars_64" + ("_gpu" if gpu else ""),
        trainer=DCGANConfig(ema_kimg=10.0 if gpu else 5.0, ema_rampup=0.05, **widths),
        data=DataConfig(source="avatars:avataaars", resolution=64, num=20_000),
        batch_size=64 if gpu else 32,
        total_kimg=1920.0 if gpu else 600.0,
        tick_kimg=20.0 if gpu else 5.0,
        precision="float32" if gpu else "auto",
    )
