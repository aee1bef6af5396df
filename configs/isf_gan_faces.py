"""ISF-GAN on photo-real faces: smile, what looks male, age, glasses, on MobileStyleGAN at 128 px.

Paper: arXiv 2109.12492, with small widths and the distance whose weights are installed. Differs
from it as configs/isf_gan_avatars_64.py does: linear edits of scored latents, then the scorer
alone.
Teacher and scorers: see docs/faces.md (convert, configs/mobilestylegan_256.py, TFGAN_EDIT_WEIGHTS).
Commands:
  python -m tfgan_edit.train --config configs/mobilestylegan_256.py --set data.resolution=128 \\
      --set total_kimg=0.2 --set trainer.ema_kimg=0.05 --workdir runs/mobilestylegan_128
  python -m tfgan_edit.score_latents --preset runs/mobilestylegan_256 --num 3000 --truncation 0.7 \\
      --batch_size 4 --scorer faces:dlib_gender+dlib_age+emotion --out latents/faces_256
  python -m tfgan_edit.train --config configs/isf_gan_faces.py
  (:generator=FOLDER,scorer=faces:NETWORK+NETWORK,latents=FOLDER behind .py take others)
Glasses too, which a classifier of photos knows (configs/classifier_faces_64.py):
  python -m tfgan_edit.score_latents --preset runs/mobilestylegan_256 --num 3000 --truncation 0.7 \\
      --batch_size 4 --out latents/faces_four \\
      --scorer faces:dlib_gender+dlib_age+emotion+runs/classifier_faces_64:Eyeglasses
  python -m tfgan_edit.train --config \\
      configs/isf_gan_faces.py:glasses=runs/classifier_faces_64,latents=latents/faces_four
Hardware and time: one core of an AMD EPYC with bf16: 4 min of scores at 11.6 latents/s, 22 min of
training: linear edits 180 faces/s, the scorer 5 faces/s. Without bf16 (Intel Xeon) and shared 9
and 56 min.
Result: docs/isf_gan.md.
"""

from tfgan_edit.config import RunConfig
from tfgan_edit.data.latents import LatentsConfig
from tfgan_edit.trainers.isf_gan import ISFGANConfig


def get_config(
    generator="runs/mobilestylegan_128",
    scorer="faces:dlib_gender+dlib_age+emotion",
    latents="latents/faces_256",
    glasses="",
):
    """`glasses`: a classifier of photos that knows Eyeglasses."""
    if glasses:
        scorer += f"+{glasses}:Eyeglasses"
    return RunConfig(
        name="isf_gan_faces" + ("_four" if glasses else ""),
        trainer=ISFGANConfig(
            attributes=("smile", "male", "age") + (("Eyeglasses",) if glasses else ()),
            z_dim=16,
            hidden_dim=256,
            residual=True,
            layers=(0, 1, 2, 3, 4, 5, 6, 7),  # of 16: the finest please a scorer with colours
            d_width=16,
            d_channel_max=128,
            learning_rate=3e-4,
            final_learning_rate=3e-5,
            warmup_steps=100,
            decay_steps=12_000,
            beta_1=0.9,
            coupled_decay=0.0,
            max_gradient_norm=None,
            scorer_weight=2.0,
            scorer_temperature=3.0,
            linear_steps=6_000,  # of latents whose labels are known: nothing is drawn
            scorer_steps=1_500,
            pixel_weight=2.0,
            classification_weight=0.5,
            diversity_weight=0.0,
            noise="constant",
            truncation=0.7,
            mix_share=0.25,
            flip_share=0.8,
            ema_kimg=0.4,
        ),
        data=LatentsConfig(latents),
        frozen={"generator": generator, "scorer": scorer},
        batch_size=4,
        total_kimg=30.0,
        tick_kimg=1.0,
    )
