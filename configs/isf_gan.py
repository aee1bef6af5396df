"""ISF-GAN: one function that edits several attributes of a frozen StyleGAN2, in many ways.

Paper: arXiv 2109.12492, its StyleGAN2 experiments; 50,000 updates of 16 faces. Weights of LPIPS
with AlexNet are needed: --set trainer.weights="{'alexnet': FILE, 'lpips_alex': FILE}".
Commands:
  python -m tfgan_edit.convert --source stylegan2-ffhq-config-f.pkl --out presets/ffhq
  python -m tfgan_edit.train --config configs/isf_gan.py:generator=presets/ffhq,scorer=CLASSIFIER
  (latents=FOLDER or FILE: of score_latents, or StyleFlow's, in place of new ones in every step)
Differs from the paper: faces are drawn and scored when they are needed, not stored; the scorer is
yours.
Hardware and time: 4 GPUs in the paper. Not yet run.
"""

from tfgan_edit.config import RunConfig
from tfgan_edit.data.latents import LatentsConfig
from tfgan_edit.trainers.isf_gan import ISFGANConfig


def get_config(generator="presets/ffhq", scorer="runs/classifier", latents="drawn"):
    return RunConfig(
        name="isf_gan",
        trainer=ISFGANConfig(perceptual="lpips_alex"),
        data=LatentsConfig(latents),
        frozen={"generator": generator, "scorer": scorer},
        batch_size=16,
        total_kimg=800.0,
        tick_kimg=8.0,
    )
