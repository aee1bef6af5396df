"""Pictures of the same latents at every tick, and their film."""

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tfgan_edit.callbacks import image_grid as module
from tfgan_edit.callbacks.image_grid import ImageGrid

SIZE = (28, 18)  # three columns and two rows of 8 pixels, 2 between them


def grey(value, channels):
    """Six pictures of one grey value in [-1, 1]."""
    return np.full((6, 8, 8, channels), value, np.float32)


def run(folder, kimgs, start=0, every=1, interrupted=False, channels=3):
    values = iter(np.linspace(-1, 1, len(kimgs) + 1))
    grid = ImageGrid(folder, lambda: grey(next(values), channels), columns=3, every=every)
    grid.on_train_begin({"step": start, "images": start * 4})
    for tick, kimg in enumerate(kimgs):
        grid.on_epoch_end(tick, {"kimg": kimg, "step": start + tick + 1})
    grid.on_train_end({"interrupted": True} if interrupted else {})


def brightness(picture):
    """Mean of the first of the six."""
    return np.asarray(picture.convert("L"))[:8, :8].mean()


def pictures(folder):
    return sorted(path.name for path in (folder / "samples").glob("fakes*"))


@pytest.mark.parametrize("kimgs", [[0.004, 0.008, 0.012], [5.0, 10.0, 12000.0]])
def test_a_picture_at_the_start_and_after_every_tick(tmp_path, kimgs):
    run(tmp_path, kimgs)
    names = [f"fakes{round(kimg * 1000):08d}.png" for kimg in (0, *kimgs)]
    assert pictures(tmp_path) == names
    with Image.open(tmp_path / "samples" / names[0]) as picture:
        assert picture.size == SIZE
        assert brightness(picture) == 0
    with Image.open(tmp_path / "samples" / names[-1]) as picture:
        assert brightness(picture) == 255


@pytest.mark.parametrize("channels", [1, 3])
def test_the_film_shows_every_picture_in_order(tmp_path, channels):
    run(tmp_path, [1.0, 2.0], channels=channels)
    with Image.open(tmp_path / "samples" / "evolution.gif") as film:
        assert (film.n_frames, film.size) == (3, SIZE)
        seen = []
        for frame in range(3):
            film.seek(frame)
            seen.append(brightness(film))
    np.testing.assert_allclose(seen, [0, 127.5, 255], atol=4)


def test_a_long_run_makes_a_film_of_limited_length(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "GIF_FRAMES", 4)
    run(tmp_path, list(np.arange(1.0, 10.0)))
    with Image.open(tmp_path / "samples" / "evolution.gif") as film:
        assert film.n_frames == 4
        film.seek(3)
        assert brightness(film) > 250  # the last picture is in it


def test_an_interrupted_run_makes_no_film(tmp_path):
    run(tmp_path, [1.0], interrupted=True)
    assert len(pictures(tmp_path)) == 2
    assert not (tmp_path / "samples" / "evolution.gif").exists()


def test_a_resumed_run_goes_on_where_it_was(tmp_path):
    run(tmp_path, [1.0, 2.0], interrupted=True)
    run(tmp_path, [2.0, 3.0], start=1)
    assert pictures(tmp_path) == [f"fakes{n:08d}.png" for n in (0, 1000, 2000, 3000)]
    with Image.open(tmp_path / "samples" / "evolution.gif") as film:
        assert film.n_frames == 4


def test_every_second_tick(tmp_path):
    run(tmp_path, [1.0, 2.0, 3.0, 4.0, 5.0], every=2)
    assert pictures(tmp_path) == [f"fakes{n:08d}.png" for n in (0, 2000, 4000)]


def test_tensorboard_shows_the_grid(tmp_path):
    run(tmp_path, [1.0])
    steps = []
    for path in (tmp_path / "tensorboard").iterdir():
        for event in tf.compat.v1.train.summary_iterator(str(path)):
            steps += [event.step for value in event.summary.value if value.tag == "fakes"]
    assert sorted(steps) == [0, 1]
