"""How far probabilities can be trusted, and the temperature that mends them.

Guo et al., "On Calibration of Modern Neural Networks", arXiv 1706.04599.
"""

import numpy as np

BINS = 15  # of confidence, as in the paper
LOWEST, HIGHEST = 1e-3, 1e3  # temperatures


def fit_temperature(logits, targets):
    """T > 0 that minimises the cross-entropy of softmax(logits / T); section 4.2 of the paper.

    The cross-entropy is convex in 1 / T, so the zero of its derivative is found by bisection. Of N
    samples, K classes and no mistake it would have no minimum; the targets are therefore
    those of a uniform prior, (N + 1) / (N + K) for the true class (Platt, "Probabilistic outputs
    for support vector machines", 1999, section 2.2).

    Args:
        logits: [N, K].
        targets: [N, K], one-hot.
    """
    logits = np.asarray(logits, np.float64)
    count, classes = logits.shape
    smoothed = (np.asarray(targets, np.float64) * count + 1) / (count + classes)
    wanted = np.sum(smoothed * logits)
    low, high = np.log(1 / HIGHEST), np.log(1 / LOWEST)  # of log(1 / T)
    for _ in range(60):  # leaves 1e-17 of the interval
        middle = (low + high) / 2
        slope = np.sum(softmax(logits * np.exp(middle)) * logits) - wanted
        low, high = (low, middle) if slope > 0 else (middle, high)
    return float(np.exp(-low))


def softmax(logits):
    """Probabilities along the last axis."""
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def expected_calibration_error(confidences, correct):
    """Mean |accuracy - confidence| over bins of confidence, by their size (equation 3).

    Args:
        confidences: [N], probability of the class that was chosen.
        correct: bool [N], whether it is the true one.
    """
    places = np.minimum((confidences * BINS).astype(int), BINS - 1)
    gaps = np.bincount(places, np.asarray(correct, np.float64) - confidences, minlength=BINS)
    return float(np.abs(gaps).sum() / len(confidences))
