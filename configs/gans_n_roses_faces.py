"""GANs N' Roses from photo-real faces, which a generator draws, to an artist's drawings, 128 px.

Paper: arXiv 2106.06561, with channels, heads, penalty and weights of `gans_n_roses_avatars.py`,
whose trained networks it goes on from: they draw this artist's drawings at 64 px.
The faces come first, see docs/faces.md and isf_gan_faces.py:
  python -m tfgan_edit.generate --preset runs/mobilestylegan_128 --seeds 0-3999 --truncation 0.8 \\
      --out faces/
Commands, the first with classifiers of photos (of CelebA's table with two columns renamed) and of
drawings, by which drawings keep smiles and glasses:
  sed '1s/Smiling/smile/;1s/Eyeglasses/eyeglasses/' list_attr_celeba.csv > named.csv
  python -m tfgan_edit.prepare_data --source img_align_celeba.zip --labels named.csv \\
      --dest data/celeba_named64 --resolution 64 --crop 6,34,172,200
  python -m tfgan_edit.train --config \\
      configs/classifier_faces_64.py:data=data/celeba_named64,views=1
  python -m tfgan_edit.train --config \\
      configs/classifier_avatars_64.py:style=adventurer,crop=face,views=1 --set total_kimg=120
  python -m tfgan_edit.train --config configs/gans_n_roses_faces.py:faces=faces,\\
scorer_a=runs/classifier_faces_64_views,scorer_b=runs/classifier_adventurer_64_face_views
  python -m tfgan_edit.train --config configs/gans_n_roses_faces.py:faces=faces
  python -m tfgan_edit.train --config configs/gans_n_roses_faces.py:faces=faces,drawings=manga \\
      --set init_from=none
Hardware and time: 34 kimg with classifiers, 87 min of one core (AMD EPYC, 6.5 images/s).
Result: docs/gans_n_roses.md.
"""

from tfgan_edit.config import RunConfig
from tfgan_edit.data.unpaired import UnpairedConfig
from tfgan_edit.ops.jitter import MILD_JITTER
from tfgan_edit.trainers.gans_n_roses import GansNRosesConfig

WIDTHS = {"4": 64, "8": 64, "16": 64, "32": 32, "64": 16, "128": 16}


def get_config(faces="faces", drawings="avatars:adventurer", scorer_a="", scorer_b=""):
    """`faces`, `drawings`: folders of pictures, records, or `avatars:STYLE`; `scorer_a`,
    `scorer_b`: classifiers of both, by which drawings keep what faces show."""
    given = {"scorer_a": scorer_a, "scorer_b": scorer_b}
    scorers = {role: path for role, path in given.items() if path}
    return RunConfig(
        name="gans_n_roses_faces" + ("_kept" if scorers else ""),
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
            scorer_weight=1.0 if scorers else 0.0,
            attributes=("smile", "eyeglasses") if scorers else (),
            r1_gamma=2.0,
            r1_mode="sum",
            jitter=MILD_JITTER,
            halving_steps=8_000,
            ema_decay=0.998,
        ),
        data=UnpairedConfig(
            faces,
            drawings,
            resolution=128,
            num=4_000,
            target_crop="face" if drawings.startswith("avatars:") else "center",
        ),
        frozen=scorers,
        batch_size=4,
        total_kimg=34.0,
        tick_kimg=1.0,
        precision="float32",
        init_from="gans-n-roses-avatars-64",
    )
