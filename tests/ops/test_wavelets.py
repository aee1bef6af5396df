"""The inverse Haar transform: against NumPy, its inverse, and its gain."""

import numpy as np
import pytest
import tensorflow as tf

from tests.cases import assert_close, jit_equal
from tests.reference import mobilestylegan as reference
from tfgan_edit.ops.wavelets import inverse_haar


def sample(*shape):
    return np.random.default_rng(1).normal(size=shape).astype(np.float32)


def test_bands_become_pictures_of_twice_the_size():
    x = sample(2, 3, 5, 12)
    y = jit_equal(inverse_haar, x)
    assert y.shape == (2, 6, 10, 3)
    # The reference has all bands but the first side by side for each channel.
    order = [0, 1, 2, 3, 6, 9, 4, 7, 10, 5, 8, 11]
    for picture, bands in zip(y.numpy(), x.transpose(0, 3, 1, 2)[:, order], strict=True):
        assert_close(picture.transpose(2, 0, 1), reference.inverse_haar(bands), 1e-6)
    assert_close(inverse_haar(x, gain=2), 2 * y, 1e-6)


def test_the_transform_is_orthonormal():
    """Bands come back from the picture, by the inner products with the four patterns."""
    x = sample(1, 4, 4, 8)
    y = inverse_haar(x).numpy()
    assert_close(np.sum(y**2), np.sum(x**2), 1e-5)
    signs = [(1, 1, 1, 1), (1, 1, -1, -1), (1, -1, 1, -1), (1, -1, -1, 1)]
    corners = [y[:, a::2, b::2] for a in (0, 1) for b in (0, 1)]
    bands = [sum(s * c for s, c in zip(row, corners)) / 2 for row in signs]
    assert_close(np.concatenate(bands, axis=-1), x, 1e-6)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
def test_dtype_is_kept(dtype):
    assert inverse_haar(tf.cast(sample(1, 2, 2, 4), dtype)).dtype == dtype


def test_other_channels_are_refused():
    with pytest.raises(ValueError, match="four bands. Received: 6 channels"):
        inverse_haar(sample(1, 2, 2, 6))
