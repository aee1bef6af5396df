"""Beats: clicks of a known tempo are found, sounds without a beat are not given any."""

import numpy as np
import pytest

from tfgan_edit.editing.beats import RATE, beat_times, onset_strength


def clicks(times, seconds, noise=0.0, seed=0):
    """Short tones at times, on a hiss."""
    random = np.random.RandomState(seed)
    samples = noise * random.randn(round(seconds * RATE))
    burst = np.sin(np.arange(400) * 0.9) * np.exp(-np.arange(400) / 80)
    for time in times:
        start = round(time * RATE)
        part = samples[start : start + len(burst)]
        part += burst[: len(part)]
    return samples.astype(np.float32)


@pytest.mark.parametrize("tempo", (90.0, 120.0, 150.0))
@pytest.mark.parametrize("noise", (0.0, 0.05))
def test_a_metronome(tempo, noise):
    times = np.arange(0.6, 9.6, 60 / tempo)
    found = beat_times(clicks(times, 10, noise))
    assert len(found) == pytest.approx(len(times), abs=2)
    distances = np.abs(found[:, np.newaxis] - times).min(axis=1)
    assert distances.max() < 0.05


def test_beats_go_on_where_a_click_is_missing():
    times = np.arange(0.5, 9.5, 0.5)
    found = beat_times(clicks(np.delete(times, [5, 11]), 10))
    assert np.abs(found - times[5]).min() < 0.06 and np.abs(found - times[11]).min() < 0.06


@pytest.mark.parametrize(
    "samples",
    (
        np.zeros(5 * RATE, np.float32),
        np.zeros(10, np.float32),
        np.zeros(0, np.float32),
        clicks([1.0], 0.5),
        clicks([], 10, noise=0.3),
        clicks([2.0, 2.9, 3.2, 5.0, 5.2, 7.7], 10, noise=0.01),
    ),
    ids=("silence", "short", "empty", "hush", "hiss", "irregular"),
)
def test_sounds_without_a_beat(samples):
    assert beat_times(samples).shape == (0,)


def test_onsets_are_where_the_sound_begins():
    strength = onset_strength(clicks([2.0], 4))
    assert np.argmax(strength) * 128 / RATE == pytest.approx(2.0, abs=0.03)
    assert strength.mean() == pytest.approx(0, abs=1e-5)
