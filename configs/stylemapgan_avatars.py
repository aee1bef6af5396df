"""StyleMapGAN on drawn faces: small widths, sized for two cores, or twice those for a GPU.

Paper: arXiv 2104.14754; R1 is weaker and averages are shorter, as the run is, and the mapping
learns ten times faster than there, relative to the rest.
Commands:
  python -m tfgan_edit.train --config configs/stylemapgan_avatars.py
  python -m tfgan_edit.train --config configs/stylemapgan_avatars.py:resolution=128
  python -m tfgan_edit.train --config configs/stylemapgan_avatars.py:resolution=32
  python -m tfgan_edit.train --config configs/stylemapgan_avatars.py:device=gpu
Hardware and time: 17.5 images/s at 64 px on one core (Intel Xeon, AVX-512 without bf16), two hours
for 120 kimg, which docs/stylemapgan.md measures. Not yet run to its end.
"""

from tfgan_edit.config import RunConfig
from tfgan_edit.data.records import DataConfig
from tfgan_edit.trainers.stylemapgan import StyleMapGANConfig

CPU = {"4": 64, "8": 64, "16": 48, "32": 32, "64": 16, "128": 16}
GPU = {"4": 128, "8": 128, "16": 96, "32": 64, "64": 32, "128": 16}


def get_config(resolution=64, device="cpu"):
    """`device`: gpu has twice the widths and the batch."""
    gpu = device == "gpu"
    return RunConfig(
        name=f"stylemapgan_avatars_{resolution}" + ("_gpu" if gpu else ""),
        trainer=StyleMapGANConfig(
            stylemap_size=8,
            stylemap_channels=32,
            mapping_layers=4,
            mapping_lr_multiplier=0.1,
            code_channels=32 if gpu else 16,
            channels=GPU if gpu else CPU,
            learning_rate=0.003,
            r1_gamma=1.0,
            pixel_weight=5.0,
            perceptual="pixels" if gpu else "auto",  # Lite0's depthwise layers are slow in XLA
            ema_kimg=5.0,
            ema_rampup=0.05,
        ),
        data=DataConfig(source="avatars:avataaars", resolution=resolution, num=20_000),
        batch_size=32 if gpu else 8,
        total_kimg=400.0,
        tick_kimg=4.0,
        precision="float32" if gpu else "auto",
    )
