"""StyleGAN-family face editing in TensorFlow and Keras 3, from training to the phone."""

from tfgan_edit.quiet import quiet_start

with quiet_start():
    import keras  # noqa: F401

from tfgan_edit.data import register_tfds_on_import
from tfgan_edit.networks import pix2pixhd, stylegan, stylegan2  # noqa: F401 - registers classes
from tfgan_edit.preset import Preset, load_preset, save_preset

register_tfds_on_import()

__version__ = "0.1.0"
__all__ = ["Preset", "load_preset", "save_preset", "__version__"]
