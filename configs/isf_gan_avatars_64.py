"""ISF-GAN on the latents of `stylegan2-avatars-64`: smile, glasses, beard, long hair.

Paper: arXiv 2109.12492, with small widths and rates for them. Differs from it: most targets are the
source's own labels with one attribute changed, which is how it will be used; and before all losses
there are steps of linear edits and of the frozen scorer alone (docs/isf_gan.md).
Commands: python -m tfgan_edit.train --config configs/isf_gan_avatars_64.py
          python -m tfgan_edit.train --config configs/isf_gan_avatars_64.py:part=2
          (:part=2,generator=FOLDER,scorer=FOLDER behind .py take other presets or run folders)
Ablations: --set trainer.norm=adain (none), trainer.scorer_steps=0, trainer.r1_target=source;
           :embedding=runs/judge --set trainer.identity_weight=5; :part=2,encoder=runs/encoder,
           drawn faces through an encoder, which --set trainer.encoder_rate=0.1 lets learn, too.
docs/isf_gan.md goes on with less weight on pixels, as the preset `isf-gan-avatars-64` did.
Hardware and time: one CPU core (Intel Xeon, AVX-512 without bf16), 22 min for part 1 (linear edits
125 faces/s, the scorer 56 faces/s); part 2 was stopped at 23 kimg, 34 min with other work beside
(the scorer and diversity 18 faces/s, all losses 5 to 13).
"""

from tfgan_edit.config import RunConfig
from tfgan_edit.data.latents import LatentsConfig
from tfgan_edit.data.records import DataConfig
from tfgan_edit.trainers.isf_gan import ISFGANConfig

# Part 2: from rates and weights of part 1 to these.
ALL_LOSSES = dict(
    learning_rate=2e-4,
    warmup_steps=50,
    decay_steps=4_000,
    linear_steps=0,
    scorer_steps=1_500,
    scorer_weight=4.0,
    diversity_weight=30.0,  # above half of pixel_weight, or outcomes are all alike
    adversarial_weight=2.0,
    classification_weight=1.0,
    content_weight=0.2,
    latent_cycle_weight=0.3,
    image_cycle_weight=0.3,
    perceptual_cycle_weight=0.3,
    ema_kimg=1.0,
)


def get_config(
    part=1,
    generator="stylegan2-avatars-64",
    scorer="classifier-avatars-64",
    latents="drawn",
    encoder="",
    embedding="",
):
    """`part`: 1 learns from the scorer alone, 2 goes on from there with all losses."""
    others = {"encoder": encoder, "embedding": embedding}
    settings = dict(
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
        diversity_weight=0.0,
        noise="constant",
        truncation=0.7,
        mix_share=0.5,
        flip_share=0.8,
        ema_kimg=2.0,
    )
    return RunConfig(
        name="isf_gan_avatars_64" + ("_part1" if part == 1 else ""),
        trainer=ISFGANConfig(**settings | (ALL_LOSSES if part == 2 else {})),
        data=DataConfig("avatars:avataaars", resolution=64, num=10_000)
        if encoder
        else LatentsConfig(latents),
        frozen={"generator": generator, "scorer": scorer}
        | {role: path for role, path in others.items() if path},
        init_from="runs/isf_gan_avatars_64_part1" if part == 2 else None,
        batch_size=8,
        total_kimg=32.0 if part == 2 else 80.0,
        tick_kimg=1.6,
    )
