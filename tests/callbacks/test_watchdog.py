"""Mode collapse and augmentation at its limit are said, once, and only then."""

import types

import numpy as np
import pytest

from tfgan_edit.callbacks.watchdog import COLLAPSED, LOG, PATIENCE, Watchdog, picture_diversity
from tfgan_edit.run import once_a_step

RANDOM = np.random.RandomState(0)
DATA = RANDOM.randint(0, 256, (12, 20, 16, 3)).astype(np.uint8)


def test_equal_pictures_have_no_diversity_and_others_a_known_one():
    assert picture_diversity(np.repeat(DATA[:1], 5, axis=0)) == pytest.approx(0, abs=1e-4)
    # Half black, half white: each of 8 · 8 · 3 pooled colours is 1 from its mean, 0.
    pictures = np.stack([np.full((16, 16, 3), v, np.float32) for v in (-1.0, 1.0)])
    assert picture_diversity(pictures) == pytest.approx(np.sqrt(8 * 8 * 3), rel=1e-5)
    # Stripes of another phase have the colours of each other when pooled, noise has more texture.
    smooth = np.zeros((2, 16, 16, 1), np.float32)
    rough = np.stack([smooth[0], np.tile([-1.0, 1.0], (16, 8))[..., np.newaxis]])
    assert picture_diversity(smooth) == 0 and picture_diversity(rough) > 1


def test_pictures_smaller_than_the_grid_and_of_one_colour():
    assert picture_diversity(RANDOM.randn(4, 5, 3, 1)) > 0


def watch(shares, kimgs=None, **logs):
    """Lines of a watchdog that sees pictures of these diversities."""
    lines, found = [], []
    drawn = iter(shares)
    mean = DATA.mean(axis=0, keepdims=True)

    def draw():
        return np.round(mean + next(drawn) * (DATA - mean)).astype(np.uint8)

    dog = Watchdog(lines.append, draw, DATA)
    for tick in range(len(shares)):
        now = {"kimg": kimgs[tick] if kimgs else 1.0, **logs}
        dog.on_epoch_end(tick, now)
        found.append(now[LOG])
    np.testing.assert_allclose(found, shares, rtol=0.1, atol=0.02)
    return lines


def test_collapse_is_said_once_after_some_ticks():
    lines = watch([0.3, 0.9, *[0.1] * (PATIENCE + 4)])
    assert len(lines) == 1 and "mode collapse" in lines[0] and "% as diverse" in lines[0]
    assert "\n" not in lines[0]
    assert len(watch([0.9, *[0.1] * PATIENCE, 0.9, *[0.1] * PATIENCE])) == 2


@pytest.mark.parametrize(
    "shares", [[0.9, 0.1, 0.1, 0.9, 0.1, 0.1], [0.1] * 9, [0.9, *[COLLAPSED + 0.1] * 9]]
)
def test_young_and_healthy_trainings_are_left_alone(shares):
    assert watch(shares) == []


def test_a_training_that_never_became_diverse_is_said():
    assert len(watch([0.1] * 6, kimgs=[100, 150, 199, 201, 300, 400])) == 1


def test_augmentation_at_its_limit_is_said_once():
    lines = watch([0.9] * 3, **{"Augment/p": 1.0})
    assert len(lines) == 1 and "p is 1, its limit" in lines[0]
    assert watch([0.9] * 3, **{"Augment/p": 0.99}) == []


def test_data_of_one_picture_and_networks_that_draw_none_have_no_diversity():
    same = np.repeat(DATA[:1], 4, axis=0)
    for dog in (Watchdog(print, lambda: same, same), Watchdog(print)):
        logs = {"kimg": 1.0}
        dog.on_epoch_end(0, logs)
        assert LOG not in logs


def test_callbacks_share_the_pictures_of_a_step():
    steps, drawn = iter([0, 0, 3, 3, 3]), []
    trainer = types.SimpleNamespace(current_step=lambda: next(steps))
    draw = once_a_step(lambda: drawn.append(1) or len(drawn), trainer)
    assert [draw() for _ in range(5)] == [1, 1, 2, 2, 2] and len(drawn) == 2
