"""Beats of a sound: when would a listener tap?

Ellis, "Beat Tracking by Dynamic Programming", Journal of New Music Research 36(1), 2007: onsets are
rises of the spectrum's energy; the tempo is the lag at which onsets resemble themselves; beats are
the sequence at about this lag that hits most onsets.
"""

import numpy as np

RATE = 11_025  # samples a second that are looked at
WINDOW, HOP = 512, 128  # samples: 46 ms, and a value every 11.6 ms
BANDS = 32
FRAME = HOP / RATE  # seconds
TEMPO, SPREAD = 120.0, 1.0  # beats a minute that people favour; octaves of a standard deviation
SLOWEST, FASTEST = 40.0, 240.0
TIGHTNESS = 100.0  # how much a beat off the tempo costs (section 3.1)
CLEAR = 3.0  # peak of the onsets' strength, in standard deviations, below which there is no beat
REGULAR = 0.2  # and their correlation with themselves a beat later; of 5 s of noise up to 0.15
LEAST = 3  # beats


def beat_times(samples):
    """Seconds [m] of the beats of a sound; empty if there is no clear one.

    Args:
        samples: float [n], one channel, `RATE` a second.
    """
    strength = onset_strength(samples)
    if len(strength) < 4 * WINDOW // HOP or strength.max() < CLEAR:
        return np.zeros(0)
    lag = _lag(_smoothed(strength, 2.0))  # beats seldom lie on whole frames
    if lag is None:
        return np.zeros(0)
    # A few frames wide, so that a step may miss the peak by one.
    local = _smoothed(strength, max(lag / 32, 1.0))
    beats = _best_sequence(local, lag)
    # Taps before the first sound and after the last one are no beats.
    heard = np.flatnonzero(local[beats] > 0.5 * np.sqrt(np.mean(local[beats] ** 2)))
    beats = beats[heard[0] : heard[-1] + 1] if len(heard) else beats[:0]
    return beats * FRAME if len(beats) >= LEAST else np.zeros(0)


def _smoothed(strength, width):
    """Convolved with a Gaussian of `width` frames."""
    reach = 3 * int(np.ceil(width))
    taps = np.arange(-reach, reach + 1)
    return np.convolve(strength, np.exp(-0.5 * (taps / width) ** 2), mode="same")


def onset_strength(samples):
    """Sum over bands of the rises of the logarithm of energy, of mean 0 and deviation 1: [m].

    Value i is of the sound at i · FRAME seconds.
    """
    samples = np.pad(np.asarray(samples, np.float32), WINDOW // 2)
    count = max((len(samples) - WINDOW) // HOP + 1, 0)
    if count < 2:
        return np.zeros(count)
    energy = np.empty((count, BANDS), np.float32)
    window, edges = np.hanning(WINDOW), _band_edges()
    for start in range(0, count, 4096):  # 2 MiB of spectra at a time
        rows = np.arange(start, min(start + 4096, count))
        parts = samples[rows[:, np.newaxis] * HOP + np.arange(WINDOW)] * window
        power = np.abs(np.fft.rfft(parts, axis=1)) ** 2
        energy[rows] = np.add.reduceat(power, edges, axis=1)
    loudest = energy.max()
    if loudest <= 0:
        return np.zeros(count)
    level = np.log10(np.maximum(energy / loudest, 1e-6))  # 60 dB below the loudest is silence
    rises = np.maximum(np.diff(level, axis=0, prepend=level[:1]), 0).sum(axis=1)
    rises = rises - rises.mean()
    deviation = rises.std()
    return rises / deviation if deviation > 0 else np.zeros(count)


def _band_edges():
    """First bins of bands that widen with frequency, one bin at least."""
    edges = np.round(np.geomspace(1, WINDOW // 2, BANDS + 1)).astype(int)
    for i in range(1, len(edges)):
        edges[i] = max(edges[i], edges[i - 1] + 1)
    return edges[:BANDS]


def _lag(strength):
    """Frames between beats: where the weighted autocorrelation is largest; None if nowhere."""
    lags = np.arange(round(60 / FASTEST / FRAME), round(60 / SLOWEST / FRAME) + 1)
    lags = lags[lags < len(strength)]
    size = 2 ** int(np.ceil(np.log2(2 * len(strength))))
    spectrum = np.abs(np.fft.rfft(strength, size)) ** 2
    correlation = np.fft.irfft(spectrum)
    correlation = correlation[lags] / correlation[0]
    octaves = np.log2(60 / (lags * FRAME) / TEMPO)
    weighted = correlation * np.exp(-0.5 * (octaves / SPREAD) ** 2)
    best = int(np.argmax(weighted)) if len(lags) else 0
    return int(lags[best]) if len(lags) and correlation[best] > REGULAR else None


def _best_sequence(local, lag):
    """Frames of beats with the largest sum of strength less the cost of steps off the lag."""
    steps = np.arange(-2 * lag, -round(lag / 2) + 1)
    cost = -TIGHTNESS * np.log(-steps / lag) ** 2
    score, before = local.copy(), np.full(len(local), -1)
    for i in range(-steps[-1], len(local)):
        places = i + steps
        valid = places >= 0
        options = cost[valid] + score[places[valid]]
        best = int(np.argmax(options))
        if options[best] > 0:
            score[i] += options[best]
            before[i] = places[valid][best]
    beats = [int(len(score) - lag + np.argmax(score[-lag:]))]
    while before[beats[-1]] >= 0:
        beats.append(int(before[beats[-1]]))
    return np.array(beats[::-1])
