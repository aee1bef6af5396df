"""One level of the Haar wavelet transform of pictures, backwards."""

import tensorflow as tf


def inverse_haar(x, gain=1.0):
    """Bands -> pictures of twice the size.

    With bands LL, LH, HL, HH of channel q at pixel (i, j), for a, b in {0, 1}:
    y[2i + a, 2j + b, q] = gain / 2 · (LL + (-1)^a LH + (-1)^b HL + (-1)^(a + b) HH).
    LH holds differences of rows, HL of columns. `gain=1` is the orthonormal transform.

    Args:
        x: [N, H, W, 4 C], the bands one after another: C channels each of LL, LH, HL, HH.
        gain: factor; 2 saves the multiplication.

    Returns:
        [N, 2 H, 2 W, C], dtype of `x`.

    Raises:
        ValueError: channels that are no multiple of four.
    """
    if x.shape[-1] % 4:
        raise ValueError(f"x must have four bands. Received: {x.shape[-1]} channels")
    size = x.shape[-1] // 4
    ll, lh, hl, hh = (x[..., band * size : (band + 1) * size] for band in range(4))
    top, bottom, right, left = ll + lh, ll - lh, hl + hh, hl - hh
    y = tf.concat([top + right, top - right, bottom + left, bottom - left], axis=-1)
    y = y if gain == 2 else y * tf.cast(gain / 2, y.dtype)
    return tf.nn.depth_to_space(y, 2)
