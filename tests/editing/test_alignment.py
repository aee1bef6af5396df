"""Cutting faces by landmarks, and pasting them back."""

import json

import numpy as np
import pytest

from tfgan_edit.config import UserError
from tfgan_edit.editing import alignment
from tfgan_edit.editing.alignment import (
    FaceSquare,
    cut,
    landmarks_of,
    paste_back,
    read_landmarks,
)

UPRIGHT = np.array([[40, 50], [60, 50], [50, 60], [43, 70], [57, 70]], float)


def waves(height, width):
    """A smooth photo without repetitions."""
    y, x = np.mgrid[:height, :width]
    colours = [np.sin(x / 17), np.cos(y / 13), np.sin((x + 2 * y) / 29)]
    return np.round(np.stack(colours, axis=-1) * 100 + 128).astype(np.uint8)


def turned(points, angle, centre=(50.0, 60.0)):
    c, s = np.cos(angle), np.sin(angle)
    return (points - centre) @ np.array([[c, s], [-s, c]]) + centre


def test_square_of_an_upright_face():
    # Eyes 20 apart and 20 above the mouth: half a side is 2 · 20; the centre lies a tenth of the
    # way to the mouth below the eyes, at pixel 52, whose middle is at 52.5.
    square = FaceSquare.of_landmarks(UPRIGHT)
    np.testing.assert_allclose(square.centre, (50.5, 52.5))
    np.testing.assert_allclose(square.half_side, (40, 0), atol=1e-12)
    assert square.side == 80
    tall = UPRIGHT + [[0, 0], [0, 0], [0, 0], [0, 10], [0, 10]]  # 30 to the mouth: 1.8 · 30
    assert FaceSquare.of_landmarks(tall).side == pytest.approx(108)


def test_square_turns_with_the_face_and_68_points_equal_5():
    angle = 0.3
    square = FaceSquare.of_landmarks(turned(UPRIGHT, angle))
    np.testing.assert_allclose(square.half_side, 40 * np.array([np.cos(angle), np.sin(angle)]))
    many = np.zeros((68, 2))
    many[36:42], many[42:48] = UPRIGHT[0], UPRIGHT[1]
    many[36] += 1
    many[37] -= 1  # only the mean counts
    many[48], many[54] = UPRIGHT[3:]
    assert FaceSquare.of_landmarks(many) == FaceSquare.of_landmarks(UPRIGHT)


@pytest.mark.parametrize("points", [UPRIGHT[:4], np.full((5, 2), np.nan), np.zeros((5, 2))])
def test_landmarks_without_a_face_are_refused(points):
    with pytest.raises(ValueError, match="landmarks must"):
        FaceSquare.of_landmarks(points)


def test_a_square_of_whole_pixels_is_cut_as_it_is():
    photo = waves(60, 90)
    np.testing.assert_array_equal(cut(photo, FaceSquare.centred(photo.shape), 60), photo[:, 15:75])


def test_cutting_turns_the_face_upright():
    """Every sampled pixel has the colours of the place that the geometry says."""
    photo = waves(200, 220)
    square = FaceSquare((110.0, 100.0), (40 * np.cos(0.5), 40 * np.sin(0.5)))
    face = cut(photo, square, 80).astype(float)
    for u, v in ((10, 10), (70, 15), (40, 60)):
        along = (np.array([u, v]) + 0.5) / 40 - 1
        x = 110 + 40 * (along[0] * np.cos(0.5) - along[1] * np.sin(0.5)) - 0.5
        y = 100 + 40 * (along[0] * np.sin(0.5) + along[1] * np.cos(0.5)) - 0.5
        expected = [np.sin(x / 17), np.cos(y / 13), np.sin((x + 2 * y) / 29)]
        np.testing.assert_allclose(face[v, u], np.array(expected) * 100 + 128, atol=2.5)


def test_large_faces_are_averaged_down_not_sampled():
    noise = np.random.RandomState(0).randint(0, 256, (400, 400, 3)).astype(np.uint8)
    face = cut(noise, FaceSquare((200.0, 200.0), (160.0, 20.0)), 16)
    assert face.std() < 0.15 * noise.std()  # some 400 pixels in one


def test_what_lies_outside_is_mirrored_and_fades():
    photo = waves(100, 100)
    square = FaceSquare((20.0, 50.0), (40.0, 0.0))  # reaches 20 pixels beyond the left edge
    face = cut(photo, square, 80)
    np.testing.assert_allclose(face[10:70, 40:], photo[20:80, 20:60], atol=1)
    mirrored = photo[20:80, 3:0:-1].astype(float)
    assert np.abs(face[10:70, 17:20] - mirrored).mean() < 30
    assert face[10:70, :20].std() > 1


@pytest.mark.parametrize("angle", [0.0, 0.4])
def test_pasting_back_what_was_cut_changes_nothing(angle):
    photo = waves(160, 200)
    square = FaceSquare((100.0, 80.0), (50 * np.cos(angle), 50 * np.sin(angle)))
    back = paste_back(photo, cut(photo, square, 200), square)
    assert np.abs(back.astype(int) - photo).max() <= 3


def test_pasting_is_soft_inside_and_leaves_the_outside():
    photo = np.zeros((100, 100, 3), np.uint8)
    square = FaceSquare((50.0, 50.0), (20.0, 0.0))
    white = np.full((80, 80, 3), 255, np.uint8)
    back = paste_back(photo, white, square, feather=0.25)
    inside = np.zeros((100, 100), bool)
    inside[30:70, 30:70] = True
    assert not back[~inside].any()
    assert (back[42:58, 42:58] == 255).all()
    assert 90 < back[50, 34, 0] < 140  # 4.5 of the 10 pixels of the border
    hard = paste_back(photo, white, square, feather=0.0)
    assert (hard[inside] == 255).all() and not hard[~inside].any()
    with pytest.raises(ValueError, match="feather must"):
        paste_back(photo, white, square, feather=0.6)


def test_a_square_beside_the_photo_is_refused():
    with pytest.raises(ValueError, match="the square must lie in the photo"):
        cut(waves(50, 50), FaceSquare((500.0, 20.0), (10.0, 0.0)), 16)


# === Files ===


def test_files_of_landmarks(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps({"x/one.jpg": UPRIGHT.tolist()}))
    (tmp_path / "single.json").write_text(json.dumps(UPRIGHT.tolist()))
    row = ",".join(str(v) for v in UPRIGHT.ravel())
    (tmp_path / "b.csv").write_text(f"image_id,{'v,' * 9}v\none.jpg,{row}\n")
    (tmp_path / "plain.csv").write_text(f"one,{row}\n")
    for file in ("a.json", "single.json", "b.csv", "plain.csv"):
        table = read_landmarks(tmp_path / file)
        np.testing.assert_array_equal(landmarks_of(table, "x/one.jpg"), UPRIGHT)
    with pytest.raises(UserError, match="no entry for two.jpg"):
        landmarks_of(read_landmarks(tmp_path / "b.csv"), "two.jpg")


@pytest.mark.parametrize(
    "name, text, words",
    [
        ("x.json", "{", "x.json is damaged"),
        ("x.json", '{"a.jpg": [[1, 2]]}', "landmarks of a.jpg are not 5 or 68 pairs"),
        ("x.json", '{"a.jpg": "none"}', "landmarks of a.jpg are not 5 or 68 pairs"),
        ("x.csv", "a.jpg,1,2,3\n", "landmarks of a.jpg are not 5 or 68 pairs"),
        ("x.txt", "", "give a .json or .csv file"),
    ],
)
def test_bad_files_are_named(tmp_path, name, text, words):
    (tmp_path / name).write_text(text)
    with pytest.raises(UserError, match=words):
        read_landmarks(tmp_path / name)


def test_missing_files_are_named(tmp_path):
    for name in ("none.csv", "none.json"):
        with pytest.raises(UserError, match=f"cannot read .*{name}"):
            read_landmarks(tmp_path / name)


def test_the_largest_detected_face_counts(monkeypatch):
    names = ("left_eye", "right_eye", "nose", "mouth_left", "mouth_right")

    class Detector:
        def detect_faces(self, photo):
            faces = [(4, UPRIGHT + 100), (9, UPRIGHT)]
            return [
                {"box": [0, 0, side, side], "keypoints": dict(zip(names, points, strict=True))}
                for side, points in faces[: len(photo)]
            ]

    monkeypatch.setattr(alignment, "_detector", Detector)
    np.testing.assert_array_equal(alignment.detect_landmarks(np.zeros((2, 2, 3))), UPRIGHT)
    assert alignment.detect_landmarks(np.zeros((0, 2, 3))) is None


def test_a_missing_detector_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "mtcnn", None)
    alignment._detector.cache_clear()
    with pytest.raises(UserError, match="pip install mtcnn"):
        alignment.detect_landmarks(np.zeros((2, 2, 3), np.uint8))
