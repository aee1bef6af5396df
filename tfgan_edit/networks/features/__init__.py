"""Frozen networks whose features measure pictures; each registers its class when imported."""

from tfgan_edit.networks.features import arcface as _arcface  # noqa: F401
from tfgan_edit.networks.features import dlib_faces as _dlib_faces  # noqa: F401
from tfgan_edit.networks.features import efficientnet as _efficientnet  # noqa: F401
from tfgan_edit.networks.features import faces as _faces  # noqa: F401
from tfgan_edit.networks.features import inception as _inception  # noqa: F401
from tfgan_edit.networks.features import lpips as _lpips  # noqa: F401
from tfgan_edit.networks.features import stacks as _stacks  # noqa: F401
