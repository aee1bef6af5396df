"""StyleGAN-family face editing in TensorFlow and Keras 3, from training to the phone."""

import os
import sys

if sys.argv[:1] == ["-m"]:  # python -m tfgan_edit.…: a person reads what is printed
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from tfgan_edit.networks import stylegan2 as _stylegan2  # noqa: F401 - registers its classes
from tfgan_edit.preset import Preset, load_preset, save_preset

__version__ = "0.1.0"
__all__ = ["Preset", "load_preset", "save_preset", "__version__"]
