"""GANs N' Roses from photo-real faces, which a generator draws, to an artist's drawings, 128 px.

Paper: arXiv 2106.06561, with few channels, milder views, and heads, penalty and weights of
`gans_n_roses_avatars.py`. The faces come first, see docs/faces.md:
  python -m tfgan_edit.generate --preset runs/mobilestylegan_256 --seeds 0-4999 --truncation 0.8 \\
      --out faces/
Commands:
  python -m tfgan_edit.train --config configs/gans_n_roses_faces.py:faces=faces
  python -m tfgan_edit.train --config configs/gans_n_roses_faces.py:faces=faces,drawings=manga
Hardware and time: meant for a night of 2 CPU cores. Not yet run; --dry_run says how long it takes.
"""

from tfgan_edit.config import RunConfig
from tfgan_edit.data.unpaired import UnpairedConfig
from tfgan_edit.trainers.gans_n_roses import GansNRosesConfig, JitterConfig

WIDTHS = {"4": 96, "8": 96, "16": 96, "32": 64, "64": 32, "128": 16}


def get_config(faces="faces", drawings="avatars:adventurer"):
    """`faces`, `drawings`: folders of pictures, records, or `avatars:STYLE`."""
    return RunConfig(
        name="gans_n_roses_faces",
        trainer=GansNRosesConfig(
            variant="train",
            w_dim=128,
            num_downsamplings=3,
            mapping_layers=3,
            channels=WIDTHS,
            heads=("global", "diversity"),
            hidden_dim=64,
            style_hidden_dim=64,
            perceptual_weight=0.0,
            consistency_loss="variance",
            cycle_loss="squared",
            cycle_weight=5.0,
            style_weight=2.0,
            identity_weight=2.0,
            r1_gamma=2.0,
            r1_mode="sum",
            jitter=JitterConfig(degrees=10.0, enlarge=1.06),
            halving_steps=8_000,
            ema_decay=0.998,
        ),
        data=UnpairedConfig(
            faces,
            drawings,
            resolution=128,
            num=5_000,
            target_crop="face" if drawings.startswith("avatars:") else "center",
        ),
        batch_size=4,
        total_kimg=60.0,
        tick_kimg=1.0,
        precision="float32",
    )
