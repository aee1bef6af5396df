"""The numbers of export.json are those of the code that they describe."""

import numpy as np
from PIL import Image

from export.framing import describe_framing
from tests.cases import assert_close


def test_the_kernel_that_turns_faces():
    """A line of one pixel, moved by a quarter of one, is the kernel at steps of a pixel."""
    a = describe_framing(16, 16)["crop"]["face_square"]["sampling"]["a"]
    line = np.zeros((9, 9), np.float32)
    line[:, 4] = 1
    move = (1, 0, 0.25, 0, 1, 0)
    settings = line.shape, Image.Transform.AFFINE, move, Image.Resampling.BICUBIC
    found = np.asarray(Image.fromarray(line).transform(*settings))[4]
    distance = np.abs(np.arange(9) + 0.25 - 4)
    near = (a + 2) * distance**3 - (a + 3) * distance**2 + 1
    far = a * (distance**3 - 5 * distance**2 + 8 * distance - 4)
    kernel = np.where(distance < 1, near, np.where(distance < 2, far, 0))
    assert_close(found, kernel, 1e-6)
