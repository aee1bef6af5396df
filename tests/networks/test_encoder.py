"""Encoder into w_plus: promises of a network, offsets, sizes."""

import numpy as np
import pytest

from tests.cases import run_network_test
from tfgan_edit.networks.encoder import LatentEncoder

TINY = {"resolution": 8, "num_ws": 4, "w_dim": 5, "channel_max": 6}


def images(*shape, seed=1):
    return np.random.default_rng(seed).uniform(-1, 1, shape).astype(np.float32)


def test_keeps_the_promises_of_a_network(tmp_path):
    # fromrgb, conv0, conv1, skip of the block of 8 px; dense of 4x4x6; w; three offsets.
    block = (3 * 6 + 6) + 2 * (9 * 36 + 6) + 36
    heads = (96 * 6 + 6) + (6 * 5 + 5) + (6 * 15 + 15)
    run_network_test(
        LatentEncoder,
        TINY,
        {"images": images(2, 8, 8, 3)},
        expected_shape=(2, 4, 5),
        expected_params=(block + heads, 5),
        tmp_path=tmp_path,
    )


def test_first_row_has_no_offset_and_w_starts_from_the_average():
    encoder = LatentEncoder(**TINY)
    x = images(2, 8, 8, 3)
    before = encoder(x).numpy()
    encoder.w_avg.assign(np.arange(5))
    w, offsets = encoder.parts(x)
    w_plus = encoder(x).numpy()
    assert not np.any(offsets[:, 0]) and np.all(np.any(offsets[:, 1:] != 0, axis=2))
    np.testing.assert_allclose(w_plus, w[:, np.newaxis] + offsets, rtol=1e-6)
    np.testing.assert_allclose(w_plus - before, np.tile(np.arange(5), (2, 4, 1)), atol=1e-5)


def test_larger_images_are_averaged_down():
    encoder = LatentEncoder(**TINY)
    x = images(1, 24, 24, 3)
    small = x.reshape(1, 8, 3, 8, 3, 3).mean(axis=(2, 4))
    np.testing.assert_allclose(encoder(x), encoder(small), rtol=1e-4, atol=1e-5)


def test_rectangles():
    encoder = LatentEncoder(resolution=(12, 8), num_ws=4, w_dim=5, channel_max=6)
    assert encoder(images(1, 12, 8, 3)).shape == (1, 4, 5)
    assert encoder.get_config()["resolution"] == (12, 8)


@pytest.mark.parametrize("shape", [(1, 8, 16, 3), (1, 12, 12, 3), (1, 8, 8, 1), (1, 4, 4, 3)])
def test_images_of_another_size_are_refused(shape):
    with pytest.raises(ValueError, match=r"images must be \[N, 8, 8, 3\] or a multiple"):
        LatentEncoder(**TINY)(images(*shape))
