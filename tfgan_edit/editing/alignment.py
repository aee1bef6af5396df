"""Faces cut upright at a standard size, as in FFHQ, and pasted back.

The rule is that of FFHQ (Karras et al., arXiv 1812.04948, appendix A): a square around the eyes
and the mouth. Landmarks come from a file, or from a detector of another package.
"""

import csv
import dataclasses
import functools
import math
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

from tfgan_edit.config import UserError
from tfgan_edit.storage import read_json

DETECTOR = "mtcnn"  # package on PyPI, with its weights; MIT
# Rows of eyes (left and right in the picture) and corners of the mouth among the landmarks.
FIVE = ([0], [1], 3, 4)  # eye, eye, nose, corner, corner: of MTCNN, CelebA and others
SIXTY_EIGHT = (range(36, 42), range(42, 48), 48, 54)  # of the iBUG 300-W annotation, and dlib's
# The square of FFHQ: half its side is the larger one of these multiples of the distances from eye
# to eye and from eyes to mouth; its centre lies below the eyes by a part of the latter.
EYES_FACTOR, MOUTH_FACTOR, CENTRE_SHIFT = 2.0, 1.8, 0.1
FEATHER = 0.1  # of an edit's soft border, as a part of its side
MAX_SUPERSAMPLING = 4  # times the side at which a turned face is sampled before it is averaged
MIN_PIXELS = 2  # of a photo that is shrunk first, for one pixel of the result
# What a square needs outside of the photo, in sides: how far it must lie inside to need nothing,
# what is added else, and the standard deviation of the blur, which is full at the photo's border
# and sets in 1 / BLUR_SLOPE of the margin inside.
BORDER, MIN_BORDER, MARGIN, BLUR, BLUR_SLOPE = 0.1, 3, 0.3, 0.02, 3  # MIN_BORDER in pixels


@dataclasses.dataclass(frozen=True)
class FaceSquare:
    """A turned square in a photo.

    Attributes:
        centre: (x, y), pixels from the left upper corner of the photo.
        half_side: (x, y), from the centre to the middle of the right side.
    """

    centre: tuple[float, float]
    half_side: tuple[float, float]

    @property
    def side(self):
        """Length of a side, pixels of the photo."""
        return 2 * math.hypot(*self.half_side)

    @classmethod
    def of_landmarks(cls, landmarks):
        """The square of FFHQ around a face.

        Args:
            landmarks: [5, 2] or [68, 2] of (x, y) in pixels, 0 at the centre of the first pixel.

        Raises:
            ValueError: another number, numbers that are not finite, or eyes and mouth in one place.
        """
        points = np.asarray(landmarks, np.float64)
        rows = {(5, 2): FIVE, (68, 2): SIXTY_EIGHT}.get(points.shape)
        if rows is None or not np.all(np.isfinite(points)):
            raise ValueError(f"landmarks must be 5 or 68 finite (x, y). Received: {points.shape}")
        left_eye, right_eye = (points[list(eye)].mean(axis=0) for eye in rows[:2])
        eyes = (left_eye + right_eye) / 2
        eye_to_eye = right_eye - left_eye
        eye_to_mouth = (points[rows[2]] + points[rows[3]]) / 2 - eyes
        # Along the line of the eyes and across the line from eyes to mouth.
        across = eye_to_eye - eye_to_mouth[::-1] * (-1, 1)
        length = np.linalg.norm(across)
        if length < 1e-6:
            raise ValueError(f"landmarks must not lie in one place. Received: eyes at {eyes}")
        distances = np.linalg.norm(eye_to_eye), np.linalg.norm(eye_to_mouth)
        half = max(EYES_FACTOR * distances[0], MOUTH_FACTOR * distances[1])
        centre = eyes + CENTRE_SHIFT * eye_to_mouth + 0.5
        return cls(tuple(map(float, centre)), tuple(map(float, across / length * half)))

    @classmethod
    def centred(cls, shape):
        """The largest upright square in the middle of a photo [H, W, C]."""
        height, width = shape[:2]
        return cls((width / 2, height / 2), (min(height, width) / 2, 0.0))

    def affine(self, size):
        """(a, b, c, d, e, f): x = a u + b v + c, y = d u + e v + f of a picture of `size` px."""
        x, y = np.array(self.half_side) * (2 / size)
        (half_x, half_y), (centre_x, centre_y) = self.half_side, self.centre
        # The v axis is the u axis turned by a quarter: (-y, x).
        return x, -y, centre_x - half_x + half_y, y, x, centre_y - half_y - half_x


def cut(photo, square, size):
    """The face in a square, upright.

    What lies outside of the photo is its mirror image, blurred and faded into its median colour
    towards the outside, as in FFHQ.

    Args:
        photo: uint8 [H, W, 3].
        square: `FaceSquare`.
        size: of the result.

    Returns:
        uint8 [size, size, 3].
    """
    photo, square = _shrunk(photo, square, size)
    photo, square = _cropped(photo, square)
    photo, square = _padded(photo, square)
    large = size * min(max(math.ceil(square.side / size), 1), MAX_SUPERSAMPLING)
    image = Image.fromarray(photo).transform(
        (large, large), Image.Transform.AFFINE, square.affine(large), Image.Resampling.BICUBIC
    )
    if large > size:
        image = image.resize((size, size), Image.Resampling.LANCZOS)
    return np.asarray(image)


def paste_back(photo, edited, square, feather=FEATHER):
    """A photo with an edited face in the place from which it was cut.

    Args:
        photo: uint8 [H, W, 3], the whole one.
        edited: uint8 [S, S, 3], of any size.
        square: `FaceSquare` from which the face was cut.
        feather: width of the soft border inside the square, as a part of its side, 0…0.5.

    Returns:
        uint8 [H, W, 3].
    """
    if not 0 <= feather <= 0.5:
        raise ValueError(f"feather must be in 0…0.5. Received: feather={feather}")
    height, width = photo.shape[:2]
    size = max(round(square.side), 1)
    face = Image.fromarray(edited)
    if size < len(edited):  # averaged down, not sampled
        face = face.resize((size, size), Image.Resampling.LANCZOS)
    size = face.width
    # Distance to the nearest border at each pixel, in units of the feather.
    ramp = np.minimum(np.arange(size) + 0.5, size - np.arange(size) - 0.5) / size
    ramp = np.clip(ramp / feather, 0, 1) if feather else np.ones(size)
    mask = Image.fromarray(np.round(255 * np.outer(ramp, ramp)).astype(np.uint8))
    affine = _inverse(square.affine(size))
    settings = (width, height), Image.Transform.AFFINE, affine, Image.Resampling.BICUBIC
    mask = np.asarray(mask.transform(*settings), np.float32)[..., np.newaxis] / 255
    face = np.asarray(face.transform(*settings), np.float32)
    return np.round(photo + mask * (face - photo)).astype(np.uint8)


def _inverse(affine):
    matrix = np.vstack([np.reshape(affine, (2, 3)), (0, 0, 1)])
    return tuple(np.linalg.inv(matrix)[:2].ravel())


def _moved(square, left, top):
    return dataclasses.replace(square, centre=(square.centre[0] - left, square.centre[1] - top))


def _shrunk(photo, square, size):
    """Photo and square at 1/n of their size, with at least two pixels for one of the result."""
    factor = int(square.side / size / MIN_PIXELS)
    if factor < 2:
        return photo, square
    image = Image.fromarray(photo)
    target = round(image.width / factor), round(image.height / factor)
    scale = np.divide(target, image.size)
    centre, half = np.multiply(square.centre, scale), np.multiply(square.half_side, scale.mean())
    photo = np.asarray(image.resize(target, Image.Resampling.LANCZOS))
    return photo, FaceSquare(tuple(map(float, centre)), tuple(map(float, half)))


def _bounds(square):
    """Left, top, right and bottom of a turned square with a border of a tenth of its side."""
    border = max(BORDER * square.side, MIN_BORDER)
    reach = abs(square.half_side[0]) + abs(square.half_side[1]) + border
    left, top = np.floor(np.subtract(square.centre, reach)).astype(int)
    right, bottom = np.ceil(np.add(square.centre, reach)).astype(int)
    return left, top, right, bottom


def _cropped(photo, square):
    left, top, right, bottom = _bounds(square)
    left, top = max(left, 0), max(top, 0)
    if left >= min(right, photo.shape[1]) or top >= min(bottom, photo.shape[0]):
        raise ValueError(f"the square must lie in the photo. Received: {square}, {photo.shape}")
    return photo[top:bottom, left:right], _moved(square, left, top)


def _padded(photo, square):
    """Photo and square with what the square needs outside of the photo."""
    height, width = photo.shape[:2]
    left, top, right, bottom = _bounds(square)
    pads = np.maximum([-left, -top, right - width, bottom - height], 0)
    if pads.max() <= max(round(BORDER * square.side), MIN_BORDER):  # the border alone
        return photo, square
    pads = np.maximum(pads, round(MARGIN * square.side))
    left, top, right, bottom = pads
    padded = np.pad(photo, [(top, bottom), (left, right), (0, 0)], "reflect")
    y, x = np.mgrid[: padded.shape[0], : padded.shape[1]]
    inside_x = np.minimum(x / left, (padded.shape[1] - 1 - x) / right)
    inside_y = np.minimum(y / top, (padded.shape[0] - 1 - y) / bottom)
    outside = (1 - np.minimum(inside_x, inside_y))[..., np.newaxis]  # 1 at the edge, 0 in the photo
    blurred = Image.fromarray(padded).filter(ImageFilter.GaussianBlur(BLUR * square.side))
    padded = padded.astype(np.float32)
    padded += (np.asarray(blurred) - padded) * np.clip(BLUR_SLOPE * outside + 1, 0, 1)
    padded += (np.median(padded, axis=(0, 1)) - padded) * np.clip(outside, 0, 1)
    return np.clip(np.round(padded), 0, 255).astype(np.uint8), _moved(square, -left, -top)


# === Landmarks ===


def read_landmarks(path):
    """Landmarks of the faces of photos, by the photo's name.

    Args:
        path: .json, {name: [[x, y], …]}, or only [[x, y], …] for a single photo; or .csv, a row
            "name,x,y,x,y,…" each, such as CelebA's. 5 or 68 points in pixels of the upright photo.

    Returns:
        {name: float [5 or 68, 2]}; the name of a single list is "".

    Raises:
        UserError: a missing or damaged file, or another number of points.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix == ".json":
        entries = read_json(path)
        entries = entries if isinstance(entries, dict) else {"": entries}
    elif suffix == ".csv":
        entries = _read_csv(path)
    else:
        raise UserError(f"landmarks {path}: give a .json or .csv file")
    return {name: _points(path, name, values) for name, values in entries.items()}


def landmarks_of(table, name):
    """The landmarks of one photo, by its path, its file's name, or that without an ending.

    Raises:
        UserError: the table has none.
    """
    file = Path(name)
    for key in (name, file.name, file.stem, ""):
        if key in table:
            return table[key]
    raise UserError(f"the landmarks have no entry for {file.name}: add one, or leave the photo out")


def detect_landmarks(photo):
    """Five landmarks [5, 2] of the largest face of a photo uint8 [H, W, 3], by MTCNN; or None.

    Zhang et al., "Joint Face Detection and Alignment using Multi-task Cascaded Convolutional
    Networks", arXiv 1604.02878.

    Raises:
        UserError: the package is not installed.
    """
    faces = _detector().detect_faces(photo)
    if not faces:
        return None
    face = max(faces, key=lambda face: face["box"][2] * face["box"][3])
    names = ("left_eye", "right_eye", "nose", "mouth_left", "mouth_right")
    return np.array([face["keypoints"][name] for name in names], np.float64)


@functools.lru_cache(maxsize=1)
def _detector():
    try:
        from mtcnn import MTCNN
    except ImportError:
        raise UserError(
            f"the detector {DETECTOR} is not installed: pip install {DETECTOR}==1.0.0; or give a "
            "file of landmarks"
        ) from None
    return MTCNN()


def _read_csv(path):
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            rows = [row for row in csv.reader(file) if row]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"cannot read {path}: {' '.join(str(error).split())}") from error
    if rows and not _is_number(rows[0][-1]):  # the names of the columns
        rows = rows[1:]
    return {row[0].strip(): row[1:] for row in rows}


def _is_number(text):
    try:
        float(text)
    except ValueError:
        return False
    return True


def _points(path, name, values):
    try:
        points = np.array(values, np.float64).reshape(-1, 2)
    except (TypeError, ValueError, OverflowError):
        points = np.zeros((0, 2))
    if len(points) not in (5, 68) or not np.all(np.isfinite(points)):
        whose = " ".join(name.split())[:80] or "the photo"
        raise UserError(f"{path}: the landmarks of {whose} are not 5 or 68 pairs of numbers")
    return points
