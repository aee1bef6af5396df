"""Golden arrays of tests/golden: small reference values with random weights.

They were computed in float32 with the original code of each system, whose layouts they
keep (images NCHW, kernels OIHW, resampling arguments in x, y order). The functions here
turn them into the layouts and arguments of this package.
"""

import functools
import json
import pathlib

import numpy as np

FOLDER = pathlib.Path(__file__).parent / "golden"

# Limits of d = max|a - b| / max|b|, float32 on CPU. Two float implementations of one
# definition were seen to differ by the value in brackets.
OPERATOR = 2e-5  # (3e-7)
IMAGE = 1e-4  # (6e-6) images, features, codes
SCORE = 2e-4  # (2e-5) discriminator logits
GRADIENT = 5e-4  # (6e-6) first and second gradients


@functools.cache
def load(name):
    """Returns (arrays by key, meta) of `tests/golden/<name>.npz`."""
    with np.load(FOLDER / f"{name}.npz") as file:
        arrays = {key: file[key] for key in file.files if key != "meta"}
        return arrays, json.loads(str(file["meta"]))


def under(arrays, prefix):
    """The arrays below `prefix`, by the rest of their key."""
    return {k.removeprefix(prefix): v for k, v in arrays.items() if k.startswith(prefix)}


def nhwc(x):
    return np.transpose(x, (0, 2, 3, 1)) if np.ndim(x) == 4 else np.asarray(x)


def hwio(kernel):
    return np.transpose(kernel, (2, 3, 1, 0))


def yx(value):
    """int or (x, y) -> int or (height, width)."""
    return value if np.ndim(value) == 0 else (value[1], value[0])


def margins(x0_x1_y0_y1):
    """int or (x0, x1, y0, y1) -> int or (top, bottom, left, right)."""
    if np.ndim(x0_x1_y0_y1) == 0:
        return x0_x1_y0_y1
    x0, x1, y0, y1 = x0_x1_y0_y1
    return (y0, y1, x0, x1)
