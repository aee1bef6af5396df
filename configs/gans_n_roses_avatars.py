"""GANs N' Roses from drawn faces of one artist to those of another, sized for two cores.

Both are cut so that their eyes and chins are at the same places, as photos are.

Paper: arXiv 2106.06561, with few channels, milder views, and what was found to matter at this size:
a content of a quarter of the side; the discriminator of the authors' later code, which judges the
whole face at once, without its local head, which knows of strokes only; a penalty and weights that
leave the discriminators something to say.
Commands, the first with classifiers of both domains, by which drawings keep smiles, glasses, hair:
  python -m tfgan_edit.train --config configs/gans_n_roses_avatars.py:scorer_a=DIR,scorer_b=DIR
  python -m tfgan_edit.train --config configs/gans_n_roses_avatars.py
  python -m tfgan_edit.train --config configs/gans_n_roses_avatars.py:resolution=128
  python -m tfgan_edit.train --config configs/gans_n_roses_avatars.py:diversity=0
  python -m tfgan_edit.train --config configs/gans_n_roses_avatars.py:device=gpu
Hardware and time: 9.5 images/s at 64 px on one core (Intel Xeon, AVX-512 without bf16) after a
minute of compiling. Not yet run to its end from nothing; what parts of it reached is in
docs/gans_n_roses.md.
"""

from tfgan_edit.config import RunConfig
from tfgan_edit.data.unpaired import UnpairedConfig
from tfgan_edit.ops.jitter import MILD_JITTER
from tfgan_edit.trainers.gans_n_roses import GansNRosesConfig

WIDTHS = {"4": 64, "8": 64, "16": 64, "32": 32, "64": 16, "128": 16}
# What a drawing should keep of a face where scorers say so; colours are for the style.
KEPT = ("smile", "eyeglasses", "sunglasses", "facial_hair", "long_hair", "eyes_closed")
GPU_WIDTHS = {"4": 96, "8": 96, "16": 96, "32": 64, "64": 32, "128": 16}


def get_config(
    resolution=64,
    source="avataaars",
    target="adventurer",
    diversity=1,
    device="cpu",
    scorer_a="",
    scorer_b="",
):
    """`diversity`: 0 trains without the head that judges it; `device`: gpu sees more views;
    `scorer_a`, `scorer_b`: classifiers of both domains, by which drawings keep what faces show."""
    gpu = device == "gpu"
    given = {"scorer_a": scorer_a, "scorer_b": scorer_b}
    scorers = {role: path for role, path in given.items() if path}
    return RunConfig(
        name=f"gans_n_roses_avatars_{resolution}"
        + ("" if diversity else "_no_diversity")
        + ("_kept" if scorers else "")
        + ("_gpu" if gpu else ""),
        trainer=GansNRosesConfig(
            variant="train",
            w_dim=128,
            num_downsamplings=2 if resolution < 128 else 3,
            mapping_layers=3,
            channels=GPU_WIDTHS if gpu else WIDTHS,
            heads=("global", "diversity") if diversity else ("global",),
            hidden_dim=64,
            style_hidden_dim=64,
            perceptual_weight=0.0,  # of faces so plain, pixels say enough
            consistency_loss="variance",
            cycle_loss="squared",
            cycle_weight=5.0,
            style_weight=2.0,
            identity_weight=2.0,
            scorer_weight=1.0 if scorers else 0.0,
            attributes=KEPT if scorers else (),
            r1_gamma=2.0,
            r1_mode="sum",
            jitter=MILD_JITTER,
            halving_steps=15_000,
            ema_decay=0.998,
        ),
        data=UnpairedConfig(
            f"avatars:{source}",
            f"avatars:{target}",
            resolution=resolution,
            num=10_000,
            crop="face",
        ),
        frozen=scorers,
        batch_size=8 if gpu else 4,
        total_kimg=90.0,
        tick_kimg=1.0,
        precision="float32",
    )
