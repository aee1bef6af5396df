"""StyleGAN2-ADA's `paper1024`: MetFaces and FFHQ at 1024 px.

Paper: arXiv 2006.06676. It starts from a model of FFHQ: --set init_from=PRESET.
Command: python -m tfgan_edit.train --config configs/stylegan2_paper1024.py
Hardware and time: 8 GPUs in the paper. Not yet run.
"""

from tfgan_edit.config import RunConfig
from tfgan_edit.data.records import DataConfig
from tfgan_edit.trainers.stylegan2 import StyleGAN2Config


def get_config():
    return RunConfig(
        name="stylegan2_paper1024",
        trainer=StyleGAN2Config(r1_gamma=2.0),
        data=DataConfig(source="data/metfaces1024", resolution=1024, mirror=True),
        batch_size=32,
        precision="mixed_float16",
    )
