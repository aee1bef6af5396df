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


def get_config(generator="runs/mobilestylegan_256", scorer="faces:faceres+emotion"):
    return RunConfig(
        name="isf_gan_faces",
        trainer=ISFGANConfig(
            attributes=("smile", "male", "age=young", "age=old"),
            z_dim=16,
            hidden_dim=256,
            d_width=32,
            d_channel_max=256,
            learning_rate=2e-4,
            final_learning_rate=5e-5,
            warmup_steps=200,
            decay_steps=4000,
            noise="constant",
            truncation=0.7,
            mix_share=0.5,
            flip_share=0.5,
            ema_kimg=4.0,
        ),
        data=LatentsConfig("drawn"),
        frozen={"generator": generator, "scorer": scorer},
        batch_size=4,
        total_kimg=16.0,
        tick_kimg=0.4,
    )
