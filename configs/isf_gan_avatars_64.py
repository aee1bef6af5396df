"""ISF-GAN on the latents of `stylegan2_avatars_64.py`: smile, glasses, beard, long hair.

Paper: arXiv 2109.12492, with small widths, rates for them, and half of the targets the source's
own labels with one attribute changed, which is how it will be used.
Command: python -m tfgan_edit.train --config configs/isf_gan_avatars_64.py
         (:generator=FOLDER,scorer=FOLDER behind .py take other presets or run folders)
Ablations: --set trainer.norm=adain (none), trainer.residual=true, trainer.r1_target=source,
           trainer.identity_weight=1 with --set "frozen={…,'embedding':'runs/classifier_…'}".
Hardware and time: planned for an hour on 2 CPU cores. Not yet run to its end.
"""

from tfgan_edit.config import RunConfig
from tfgan_edit.data.latents import LatentsConfig
from tfgan_edit.trainers.isf_gan import ISFGANConfig


def get_config(
    generator="stylegan2-avatars-64",
    scorer="classifier-avatars-64",
    latents="drawn",
):
    return RunConfig(
        name="isf_gan_avatars_64",
        trainer=ISFGANConfig(
            attributes=("smile", "eyeglasses", "facial_hair", "long_hair"),
            z_dim=16,
            hidden_dim=256,
            after_dim=512,
            residual=True,
            layers=(0, 1, 2, 3, 4, 5, 6, 7),  # of 10: the finest please a scorer with colours
            d_width=32,
            d_channel_max=128,
            learning_rate=4e-4,
            final_learning_rate=3e-5,
            warmup_steps=200,
            decay_steps=13_000,
            beta_1=0.9,
            coupled_decay=0.0,  # Adam would make of it a full step for weights of small gradients
            max_gradient_norm=None,
            scorer_weight=2.0,
            linear_steps=2_500,
            scorer_steps=8_000,
            pixel_weight=20.0,
            classification_weight=0.5,
            diversity_weight=8.0,
            noise="constant",
            truncation=0.7,
            mix_share=0.5,
            flip_share=0.8,
            ema_kimg=2.0,
        ),
        data=LatentsConfig(latents),
        frozen={"generator": generator, "scorer": scorer},
        batch_size=8,
        total_kimg=104.0,
        tick_kimg=1.6,
    )
