"""Distances of sets grow with noise, blur and compression."""

import numpy as np
import pytest

from tests.metrics.degraded_photos import DEGRADATIONS, smooth_photos
from tfgan_edit.metrics.distances import frechet_distance, kernel_distance, moments


def features(photos):
    """Mean and deviation of 8 random filters' answers over a photo: [N, 16].

    A trained network's stand-in that knows of edges and textures.
    """
    filters = np.random.default_rng(3).standard_normal((3, 3, 3, 8)) / 255
    windows = np.lib.stride_tricks.sliding_window_view(photos, (3, 3), axis=(1, 2))
    answers = np.abs(np.einsum("nhwcij,cijk->nhwk", windows, filters, optimize=True))
    return np.concatenate([answers.mean(axis=(1, 2)), answers.std(axis=(1, 2))], axis=1)


@pytest.mark.parametrize("degradation", DEGRADATIONS)
def test_distances_grow(degradation):
    degrade, strengths = DEGRADATIONS[degradation]
    photos = smooth_photos(64, 48)
    real = features(photos)
    fakes = [features(degrade(photos, strength)) for strength in strengths]
    frechet = [frechet_distance(moments(real), moments(fake)) for fake in fakes]
    kernel = [kernel_distance(real, fake)[0] for fake in fakes]
    assert frechet == sorted(frechet) and frechet[0] < 1e-9 < frechet[1]
    assert kernel == sorted(kernel) and kernel[0] < 0 < kernel[-1]  # unbiased: below 0 if equal
