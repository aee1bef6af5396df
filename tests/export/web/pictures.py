"""Pictures and strokes that the tests and the generator of their goldens share."""

from pathlib import Path

import numpy as np

GOLDEN = Path(__file__).parents[2] / "golden" / "web"  # written by make_golden.py
PHOTO, REFERENCE = ((90, 120), 0), ((40, 40), 3)  # sizes and seeds
SEED = 5  # of a style
STRENGTH = 0.5
# A stroke over a map of 16 pixels: its ends as parts of the picture's sides, its width as a part.
STROKE, WIDTH = ((0.24, 0.24), (0.6, 0.6)), 0.21


def photo(size, seed=0):
    """Noise over a gradient, with hard edges: uint8 [H, W, 3]."""
    height, width = size
    random = np.random.RandomState(seed)
    slope = np.linspace(0, 200, width)[None, :, None] * np.linspace(0.3, 1, height)[:, None, None]
    picture = slope + random.randint(0, 56, (height, width, 3))
    picture[height // 3 : height // 2, width // 4 : width // 2] = (255, 0, 255)
    return np.clip(picture, 0, 255).astype(np.uint8)


def stroke_mask(side):
    """float32 [side, side], 1 within half of `WIDTH` of the line between the ends of `STROKE`."""
    (x0, y0), (x1, y1) = (side * np.array(end) for end in STROKE)
    y, x = np.mgrid[:side, :side] + 0.5
    along = ((x - x0) * (x1 - x0) + (y - y0) * (y1 - y0)) / ((x1 - x0) ** 2 + (y1 - y0) ** 2)
    along = np.clip(along, 0, 1)
    distance = np.hypot(x - x0 - along * (x1 - x0), y - y0 - along * (y1 - y0))
    radius = WIDTH * side / 2
    assert np.abs(distance - radius).min() > 0.1, "a pixel of the mouse would decide"
    return (distance <= radius).astype(np.float32)
