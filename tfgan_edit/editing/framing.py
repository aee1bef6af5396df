"""How a photo of any size comes to an editor's size, and its edit back into the photo."""

import dataclasses

import numpy as np
from PIL import Image

from tfgan_edit.config import UserError
from tfgan_edit.data.photos import UnreadablePhoto
from tfgan_edit.editing import alignment
from tfgan_edit.editing.alignment import FaceSquare, cut, paste_back


def fitted(photo, size):
    """The middle of a photo uint8 [H, W, 3] at `size` (height, width), antialiased."""
    if photo.shape[:2] == tuple(size):
        return photo
    scale = min(side / target for side, target in zip(photo.shape, size))
    kept = [round(scale * target) for target in size]
    top, left = ((side - part) // 2 for side, part in zip(photo.shape, kept))
    image = Image.fromarray(photo[top : top + kept[0], left : left + kept[1]])
    return np.asarray(image.resize(tuple(size)[::-1], Image.Resampling.LANCZOS))


class Framing:
    """The whole photo: its middle at the editor's size, which is also the size of the result.

    Args:
        editor: `Editor`.
    """

    def __init__(self, editor):
        self.editor = editor

    def find(self, photo, name):
        """Where in a photo the face is, for `edit`; None for all of it.

        Raises:
            UnreadablePhoto: it is nowhere.
        """
        return None

    def before(self, photo):
        """What the result is to be compared with."""
        return fitted(photo, self.editor.size_for(*photo.shape[:2]))

    def edit(self, photos, places, edit):
        """Edits photos uint8 [N][H, W, 3] of one size: [N][H', W', 3]."""
        return self.variations(photos, places, [edit])[0]

    def variations(self, photos, places, edits):
        """Several edits of photos: [K][N][H', W', 3]."""
        faces = self.faces(photos, places)
        return [
            self._finished(photos, places, edited)
            for edited in self.editor.variations(faces, edits)
        ]

    def faces(self, photos, places):
        """What the editor is given: uint8 [N, h, w, 3]."""
        return np.stack([self.before(photo) for photo in photos])

    def _finished(self, photos, places, edited):
        """Photos with what the editor made of them."""
        return list(edited)


class SquareFraming(Framing):
    """A square of the photo, edited and pasted back with a soft border.

    Args:
        editor: `Editor`.
        find: function of a photo and its name -> `FaceSquare`.
        feather: width of the border, as a part of the square's side, 0…0.5.

    Raises:
        UserError: the editor's pictures are not square.
    """

    def __init__(self, editor, find, feather=alignment.FEATHER):
        super().__init__(editor)
        self.find, self.feather = find, feather
        if editor.resolution is not None and len(set(editor.resolution)) > 1:
            height, width = editor.resolution
            raise UserError(f"faces are cut as squares, this editor draws {width}x{height}")

    def before(self, photo):
        return photo

    def faces(self, photos, places):
        sizes = [self.editor.size_for(round(p.side), round(p.side))[0] for p in places]
        return np.stack([
            cut(photo, place, max(sizes))
            for photo, place in zip(photos, places, strict=True)
        ])

    def _finished(self, photos, places, edited):
        return [
            paste_back(photo, face, place, self.feather)
            for photo, face, place in zip(photos, edited, places, strict=True)
        ]


class Follower:
    """Follows a face through a video: `follower(photo, name, time)` -> `FaceSquare`.

    Centre, size and turn are averages that forget with a half-life, so that the square glides where
    the finder jumps. Where no face is found, the last square stays.

    Args:
        find: function of a photo and its name -> `FaceSquare`, as `LandmarkFinder`.
        half_life: seconds.

    Attributes:
        lost: frames without a face.
    """

    def __init__(self, find, half_life=0.15):
        self.find, self.half_life = find, half_life
        self.lost = 0
        self._last, self._time = None, None

    def __call__(self, photo, name, time):
        try:
            found = self.find(photo, name)
        except UnreadablePhoto:
            if self._last is None:
                raise
            self.lost += 1
            return self._last
        if self._last is not None:
            keep = 0.5 ** (max(time - self._time, 0.0) / self.half_life)
            found = FaceSquare(
                *(
                    tuple(keep * a + (1 - keep) * b for a, b in zip(old, new, strict=True))
                    for old, new in zip(
                        (self._last.centre, self._last.half_side),
                        (found.centre, found.half_side),
                        strict=True,
                    )
                )
            )
        self._last, self._time = found, time
        return found


@dataclasses.dataclass(frozen=True)
class BoxFinder:
    """The same box in every photo: (left, top, right, bottom), pixels.

    Raises:
        UserError: the box is not a square.
    """

    box: tuple[int, int, int, int]

    def __post_init__(self):
        left, top, right, bottom = self.box
        if not right - left == bottom - top > 0:
            raise UserError(
                f"box {','.join(map(str, self.box))} is {right - left} wide and {bottom - top} "
                "high: faces are cut as squares"
            )

    def __call__(self, photo, name):
        left, top, right, bottom = self.box
        height, width = photo.shape[:2]
        if left < 0 or top < 0 or right > width or bottom > height:
            raise UnreadablePhoto(f"{width}x{height} pixels do not hold the box {self.box}")
        half = (right - left) / 2
        return FaceSquare((left + half, top + half), (half, 0.0))


class LandmarkFinder:
    """FFHQ's square around a face, by landmarks.

    Args:
        source: a .csv or .json file, or the name of a detector, `alignment.DETECTOR`.

    Raises:
        UserError: a missing or damaged file.
    """

    def __init__(self, source):
        self.table = None
        if source != alignment.DETECTOR:
            self.table = alignment.read_landmarks(source)

    def __call__(self, photo, name):
        if self.table is None:
            points = alignment.detect_landmarks(photo)
            if points is None:
                raise UnreadablePhoto("no face was found")
        else:
            try:
                points = alignment.landmarks_of(self.table, name)
            except UserError as error:
                raise UnreadablePhoto(str(error)) from error
        try:
            return FaceSquare.of_landmarks(points)
        except ValueError as error:
            raise UnreadablePhoto(f"landmarks: {error}") from error
