"""MobileStyleGAN of photo-real faces reduced to 256 px; its end learns from its own pictures.

Paper: arXiv 2104.04767; the published network draws 1024 px only. `convert` makes the teacher:
         python -m tfgan_edit.convert --source random-face --out presets/faces
Command: python -m tfgan_edit.train --config configs/mobilestylegan_256.py
         (:teacher=FOLDER behind .py takes another preset)
Hardware and time: 2 CPU cores; see docs/faces.md for what was measured.
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
        total_kimg=4.0,
        tick_kimg=0.2,
        preset_ticks=5,
    )
