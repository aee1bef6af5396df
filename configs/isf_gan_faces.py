"""ISF-GAN on photo-real faces: smile, what looks male, young and old, on MobileStyleGAN at 256 px.

Paper: arXiv 2109.12492, with small widths and the distance whose weights are installed.
Teacher and scorers: see docs/faces.md (convert, configs/mobilestylegan_256.py, TFGAN_EDIT_WEIGHTS).
Command: python -m tfgan_edit.train --config configs/isf_gan_faces.py
         (:generator=FOLDER,scorer=faces:NETWORK+NETWORK behind .py take others)
Hardware and time: meant for a night of 2 CPU cores. Not yet run; --dry_run says how long it takes.
"""

from tfgan_edit.config import RunConfig
from tfgan_edit.data.latents import LatentsConfig
from tfgan_edit.trainers.isf_gan import ISFGANConfig


def get_config(
    generator="runs/mobilestylegan_256", scorer="faces:dlib_gender+dlib_age+emotion"
):
    return RunConfig(
        name="isf_gan_faces",
        trainer=ISFGANConfig(
            attributes=("smile", "male", "age"),
            z_dim=16,
            hidden_dim=256,
            residual=True,
            layers=(0, 1, 2, 3, 4, 5, 6, 7),  # of 16: the finest ones please a scorer with colours
            d_width=16,
            d_channel_max=128,
            learning_rate=5e-4,
            final_learning_rate=3e-5,
            warmup_steps=100,
            decay_steps=1_100,
            beta_1=0.9,
            coupled_decay=0.0,
            max_gradient_norm=None,
            scorer_weight=2.0,
            scorer_temperature=3.0,
            linear_steps=500,
            scorer_steps=500,
            pixel_weight=2.0,
            classification_weight=0.5,
            diversity_weight=1.0,
            noise="constant",
            truncation=0.7,
            mix_share=0.25,
            flip_share=0.8,
            bank_size=512,
            ema_kimg=0.2,
        ),
        data=LatentsConfig("drawn"),
        frozen={"generator": generator, "scorer": scorer},
        batch_size=4,
        total_kimg=4.16,
        tick_kimg=0.16,
    )
