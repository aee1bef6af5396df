import numpy as np
import pytest

from tfgan_edit.config import UserError
from tfgan_edit.data.photos import UnreadablePhoto
from tfgan_edit.editing.alignment import FaceSquare
from tfgan_edit.editing.editors import Edit
from tfgan_edit.editing.framing import (
    BoxFinder,
    Follower,
    Framing,
    LandmarkFinder,
    SquareFraming,
    fitted,
)


class Painter:
    """An editor whose result is green."""

    resolution = (16, 16)

    def size_for(self, height, width):
        return self.resolution

    def variations(self, photos, edits):
        assert photos.shape[1:3] == self.resolution
        green = np.zeros_like(photos) + np.array([0, 255, 0], np.uint8)
        return np.stack([green] * len(edits))


@pytest.fixture
def photo():
    return np.random.RandomState(0).randint(0, 200, (40, 60, 3), np.uint8)


def test_fitted_takes_the_middle():
    photo = np.zeros((10, 30, 3), np.uint8)
    photo[:, 10:20] = 200
    assert (fitted(photo, (5, 5)) == 200).all()
    assert fitted(photo, (10, 30)) is photo


def test_the_whole_photo_comes_out_at_the_editors_size(photo):
    framing = Framing(Painter())
    assert framing.find(photo, "x.png") is None
    assert framing.before(photo).shape == (16, 16, 3)
    result, = framing.edit([photo], [None], Edit())
    assert result.shape == (16, 16, 3) and (result[..., 1] == 255).all()


def test_a_box_is_pasted_back_with_a_soft_border(photo):
    framing = SquareFraming(Painter(), BoxFinder((20, 10, 50, 40)), feather=0.2)
    result, = framing.edit([photo], [framing.find(photo, "x.png")], Edit())
    assert result.shape == photo.shape and framing.before(photo) is photo
    outside = np.ones((40, 60), bool)
    outside[10:40, 20:50] = False
    np.testing.assert_array_equal(result[outside], photo[outside])
    np.testing.assert_array_equal(result[20:30, 30:40], np.full((10, 10, 3), (0, 255, 0)))
    border = result[25, 21:26, 1].astype(float) - photo[25, 21:26, 1]
    share = border / (255.0 - photo[25, 21:26, 1])
    assert (np.diff(share) > 0).all()  # grows towards the middle


def test_landmarks_say_where_the_face_is(photo, tmp_path):
    file = tmp_path / "landmarks.csv"
    file.write_text("a.jpg,25,15,35,15,30,20,27,25,33,25\nb.jpg,5,5,5,5,5,5,5,5,5,5\n")
    finder = LandmarkFinder(file)
    square = finder(photo, "a.jpg")
    np.testing.assert_allclose(square.centre, (30.5, 16.5))  # a tenth below the eyes
    assert square.side == 40  # 2 · max(2 · 10, 1.8 · 10)
    for name, match in (("c.jpg", "no entry for c.jpg"), ("b.jpg", "must not lie in one place")):
        with pytest.raises(UnreadablePhoto, match=match):
            finder(photo, name)


def test_boxes_that_do_not_fit(photo):
    with pytest.raises(UserError, match="box 0,0,10,11 is 10 wide and 11 high: faces are cut as"):
        BoxFinder((0, 0, 10, 11))
    with pytest.raises(UnreadablePhoto, match="60x40 pixels do not hold the box"):
        BoxFinder((30, 10, 70, 50))(photo, "x.png")
    wide = Painter()
    wide.resolution = (16, 32)
    with pytest.raises(UserError, match="faces are cut as squares, this editor draws 32x16"):
        SquareFraming(wide, BoxFinder((0, 0, 8, 8)))


def test_a_follower_glides_and_keeps_the_last_place(photo):
    """After a half-life, half of the way; no face: no move."""
    squares = [
        FaceSquare((20.0, 20.0), (10.0, 0.0)),
        FaceSquare((30.0, 24.0), (14.0, 2.0)),
        None,
        FaceSquare((25.0, 22.0), (12.0, 1.0)),
    ]
    waiting = iter(squares)

    def find(photo, name):
        square = next(waiting)
        if square is None:
            raise UnreadablePhoto("no face was found")
        return square

    follower = Follower(find, half_life=0.1)
    assert follower(photo, "x", 0.0) == squares[0]
    second = follower(photo, "x", 0.1)
    np.testing.assert_allclose(second.centre, (25, 22))
    np.testing.assert_allclose(second.half_side, (12, 1))
    assert follower(photo, "x", 0.2) == second and follower.lost == 1
    np.testing.assert_allclose(follower(photo, "x", 0.3).centre, (25, 22))
    with pytest.raises(UnreadablePhoto, match="no face was found"):
        Follower(lambda photo, name: find_nothing())(photo, "x", 0.0)


def find_nothing():
    raise UnreadablePhoto("no face was found")
