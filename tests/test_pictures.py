import av
import numpy as np
import pytest
from PIL import Image

from tfgan_edit.config import UserError
from tfgan_edit.ops.images import image_to_photo
from tfgan_edit.pictures import (
    as_photos,
    image_grid,
    write_animation,
    write_picture,
)


def colours(count, height=4, width=6):
    """Photos of one grey value each: 1, 2, 3 …"""
    values = np.arange(1, count + 1, dtype=np.uint8)
    return np.broadcast_to(values[:, None, None, None], (count, height, width, 3))


def decode(path):
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        frames = [f.to_ndarray(format="rgb24") for f in container.decode(stream)]
        return frames, float(stream.average_rate)


def smooth_frames(count, height=31, width=45):
    y, x = np.mgrid[0:height, 0:width] / 50
    return [
        np.stack([np.sin(4 * x + i / 9), np.cos(3 * y + i / 9), x - y], -1) for i in range(count)
    ]


# === values ===


def test_photos_round_to_nearest_and_clip():
    images = np.array([-9, -1, -0.996, 0, 0.5, 1, 9, np.nan, np.inf, -np.inf])[:, None]
    assert as_photos(images).ravel().tolist() == [0, 0, 1, 128, 191, 255, 255, 0, 255, 0]
    with pytest.raises(ValueError, match="dtype=int64"):
        as_photos(np.zeros((2, 2), np.int64))


def test_photos_equal_those_of_the_op():
    images = np.random.RandomState(0).uniform(-1.2, 1.2, (2, 16, 16, 3)).astype(np.float32)
    np.testing.assert_array_equal(as_photos(images), image_to_photo(images).numpy())


# === grids ===


@pytest.mark.parametrize(
    "count, columns, expected",
    [(1, None, (1, 1)), (5, None, (2, 3)), (9, None, (3, 3)), (5, 4, (2, 4)), (3, 9, (1, 3))],
)
def test_grid_places_every_picture(count, columns, expected):
    grid = image_grid(colours(count), columns, padding=3, background=77)
    rows, columns = expected
    assert grid.shape == (rows * 7 - 3, columns * 9 - 3, 3)
    cells = [
        grid[y : y + 4, x : x + 6] for y in range(0, rows * 7, 7) for x in range(0, columns * 9, 9)
    ]
    for i, cell in enumerate(cells):
        assert np.unique(cell).tolist() == [i + 1 if i < count else 77]
    assert (grid == 77).sum() == grid.size - count * 4 * 6 * 3


def test_grid_of_floats_and_of_one_channel():
    grid = image_grid(np.array([-1.0, 1.0]).reshape(2, 1, 1, 1), padding=0)
    assert grid.tolist() == [[[0], [255]]]


def test_labels_stand_beside_their_pictures():
    photos = np.broadcast_to(np.uint8([200, 0, 0]), (6, 30, 40, 3))
    labels = {"row_labels": ["", "22"], "column_labels": ["a", "", "long label"]}
    grid = image_grid(photos, 3, padding=2, background=255, **labels)
    red = (grid == [200, 0, 0]).all(-1)
    assert red.sum() == 6 * 30 * 40
    top, left = np.argwhere(red).min(0)
    starts = np.flatnonzero(np.diff(red[top].astype(int), prepend=0) == 1)
    assert len(starts) == 3

    ink_y, ink_x = np.nonzero(~red & (grid[:, :, 0] < 100))
    beside = ink_y >= top
    assert (ink_x[beside] < left).all()
    assert (ink_y[beside] >= top + 32).all() and (ink_y[beside] < top + 62).all()
    assert abs(ink_y[beside].mean() - (top + 32 + 15)) < 3
    first, third = ink_x[~beside & (ink_x < starts[1])], ink_x[~beside & (ink_x > starts[1] + 40)]
    assert abs(first.mean() - (starts[0] + 20)) < 3 and abs(third.mean() - (starts[2] + 20)) < 3
    assert np.ptp(third) > 40  # wider than a picture, and not cut:
    assert third.max() < grid.shape[1] - 1 and ink_y.min() > 0
    assert len(first) + len(third) == np.sum(~beside)


def test_labels_show_on_dark_grey_grids():
    grid = image_grid(np.zeros((1, 20, 20, 1), np.uint8), background=0, row_labels=["1"])
    assert grid.shape[2] == 1 and grid.max() > 200


@pytest.mark.parametrize(
    "images, options, match",
    [
        (np.zeros((4, 4, 3)), {}, r"shape=\(4, 4, 3\)"),
        (np.zeros((0, 4, 4, 3)), {}, r"shape=\(0, 4"),
        (np.zeros((2, 4, 4, 2)), {}, r"4, 2\)"),
        (np.zeros((2, 4, 4, 3)), {"columns": 0}, "columns=0"),
        (np.zeros((2, 4, 4, 3)), {"padding": -1}, "padding=-1"),
        (np.zeros((2, 4, 4, 3)), {"row_labels": ["1", "2"]}, "row_labels must hold 1"),
    ],
)
def test_grid_refuses(images, options, match):
    with pytest.raises(ValueError, match=match):
        image_grid(images, **options)


# === pictures ===


@pytest.mark.parametrize("suffix", ["png", "PNG", "jpg", "jpeg", "webp"])
@pytest.mark.parametrize("shape", [(9, 7, 3), (9, 7, 1), (9, 7)])
def test_picture_reads_back(tmp_path, suffix, shape):
    path = tmp_path / "new" / f"x.{suffix}"
    write_picture(path, np.full(shape, 100, np.uint8))
    with Image.open(path) as picture:
        assert picture.size == (7, 9)
        assert picture.format == {"jpg": "JPEG"}.get(suffix, suffix.upper())
        pixels = np.asarray(picture.convert("RGB")).astype(int)
    assert np.abs(pixels - 100).max() <= (0 if suffix.lower() == "png" else 2)


def test_picture_refuses(tmp_path):
    with pytest.raises(UserError, match=r"'.tif' is not a picture format; end it with .png, .jpg"):
        write_picture(tmp_path / "x.tif", np.zeros((2, 2, 3)))
    with pytest.raises(UserError, match="'no suffix' is not"):
        write_picture(tmp_path / "x", np.zeros((2, 2, 3)))
    with pytest.raises(UserError, match="1x20000 pixels are more than 16383.*use .png"):
        write_picture(tmp_path / "x.webp", np.zeros((20000, 1, 3)))
    with pytest.raises(ValueError, match=r"C in \(1, 3\).*\(2, 2, 4\)"):
        write_picture(tmp_path / "x.jpg", np.zeros((2, 2, 4)))
    with pytest.raises(ValueError, match="shape"):
        write_picture(tmp_path / "x.png", np.zeros((1, 2, 2, 3)))
    assert not any(tmp_path.iterdir())


# === animations ===


@pytest.mark.parametrize(
    "suffix, fps, size, error",
    # 4:2:0 colour and 256 colours a frame cost a few grey values on these steep ramps.
    [("mp4", 24, (32, 46), 6), ("mp4", 29.97, (32, 46), 6), ("gif", 25, (31, 45), 12)],
)
def test_animation_reads_back(tmp_path, suffix, fps, size, error):
    frames = smooth_frames(30)
    path = tmp_path / f"x.{suffix}"
    assert write_animation(path, iter(frames), fps) == 30
    decoded, rate = decode(path)
    assert len(decoded) == 30
    assert decoded[0].shape == (*size, 3)
    assert rate == pytest.approx(fps, rel=0.01)
    for frame, original in zip(decoded, frames, strict=True):
        assert np.abs(frame[:31, :45].astype(int) - as_photos(original)).mean() < error
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_mp4_repeats_the_edge_of_odd_sizes(tmp_path):
    frames = [np.full((7, 5, 3), 160, np.uint8)] * 3
    write_animation(tmp_path / "x.mp4", frames)
    decoded, _ = decode(tmp_path / "x.mp4")
    assert decoded[0].shape == (8, 6, 3)
    assert np.abs(decoded[0].astype(int) - 160).max() <= 4


def test_mp4_without_h264(tmp_path, monkeypatch):
    monkeypatch.setattr(av.codec, "codecs_available", {"mpeg4"})
    write_animation(tmp_path / "x.mp4", smooth_frames(5), 10)
    with av.open(str(tmp_path / "x.mp4")) as container:
        assert container.streams.video[0].codec_context.name == "mpeg4"
        assert len(list(container.decode(video=0))) == 5


def test_mp4_index_is_at_the_front(tmp_path):
    write_animation(tmp_path / "x.mp4", smooth_frames(5))
    data = (tmp_path / "x.mp4").read_bytes()
    assert 0 < data.index(b"moov") < data.index(b"mdat")


def test_gif_keeps_the_average_speed_and_loops(tmp_path):
    write_animation(tmp_path / "x.gif", smooth_frames(24), fps=24)
    with Image.open(tmp_path / "x.gif") as picture:
        assert picture.info["loop"] == 0
        durations = []
        for i in range(picture.n_frames):
            picture.seek(i)
            durations.append(picture.info["duration"])
    assert sum(durations) == 1000 and set(durations) == {40, 50}


def test_gif_of_one_frame_and_of_grey_ones(tmp_path):
    write_animation(tmp_path / "x.gif", [np.zeros((8, 8, 1))])
    decoded, _ = decode(tmp_path / "x.gif")
    assert len(decoded) == 1 and np.abs(decoded[0].astype(int) - 128).max() <= 1


@pytest.mark.parametrize("suffix", ["gif", "mp4"])
def test_animation_that_fails_leaves_what_was_there(tmp_path, suffix):
    path = tmp_path / f"x.{suffix}"
    path.write_bytes(b"old")

    def broken():
        yield from smooth_frames(3)
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        write_animation(path, broken())
    with pytest.raises(ValueError, match="at least one frame"):
        write_animation(path, [])
    with pytest.raises(ValueError, match=r"frame 1 must be \(4, 4, 3\)"):
        write_animation(path, [np.zeros((4, 4, 3)), np.zeros((4, 5, 3))])
    with pytest.raises(ValueError, match="frame 0 must be"):
        write_animation(path, [np.zeros((4, 4, 2))])
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_animation_refuses(tmp_path):
    with pytest.raises(
        UserError, match="'.avi' is not an animation format; end it with .gif, .mp4"
    ):
        write_animation(tmp_path / "x.avi", smooth_frames(2))
    with pytest.raises(UserError, match="fps=60 is not in the range 0…50"):
        write_animation(tmp_path / "x.gif", smooth_frames(2), 60)
    with pytest.raises(UserError, match="fps=0 is not in"):
        write_animation(tmp_path / "x.mp4", smooth_frames(2), 0)


def test_mp4_reads_its_frames_one_by_one(tmp_path):
    alive, most = 0, 0

    class Frame:
        def __init__(self, value):
            nonlocal alive, most
            alive += 1
            most = max(most, alive)
            self.value = value

        def __array__(self, dtype=None, copy=None):
            return np.full((16, 16, 3), self.value, np.uint8)

        def __del__(self):
            nonlocal alive
            alive -= 1

    write_animation(tmp_path / "x.mp4", (Frame(i) for i in range(50)))
    assert most <= 2
