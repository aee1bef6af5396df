"""MobileStyleGAN of photo-real faces reduced to 256 px; its end learns from its own pictures.

Paper: arXiv 2104.04767; the published network draws 1024 px only. `convert` makes the teacher:
         python -m tfgan_edit.convert --source random-face --out presets/faces
Command: python -m tfgan_edit.train --config configs/mobilestylegan_256.py
         (:teacher=FOLDER behind .py takes another preset)
Hardware, time and result: 2 CPU cores (Intel Xeon, AVX-512 without bf16), shared with other
         work: 300 images in 9 minutes; 38.9 dB beside the teacher's picture made small, before
         them 33.8. The whole recipe, 1,000 images, is not yet run.
"""

from tfgan_edit.config import RunConfig
from tfgan_edit.data.generated import GeneratedConfig
from tfgan_edit.trainers.mobilestylegan import MobileReductionConfig


def get_config(teacher="presets/faces"):
    return RunConfig(
        name="mobilestylegan_256",
        trainer=MobileReductionConfig(),
        data=GeneratedConfig(resolution=256),
        frozen={"teacher": teacher},
        batch_size=4,
        total_kimg=1.0,
        tick_kimg=0.1,
        preset_ticks=5,
    )
