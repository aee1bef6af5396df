"""Convolution with resampling, and its modulated form."""

import numpy as np

from tests.reference import resampling


def conv2d(x, kernel):
    """Valid correlation: x [N, H, W, I], kernel [kh, kw, I, O]."""
    kh, kw = kernel.shape[:2]
    n, h, w, _ = x.shape
    out = np.zeros((n, h - kh + 1, w - kw + 1, kernel.shape[3]))
    for i in range(out.shape[1]):
        for j in range(out.shape[2]):
            window = x[:, i : i + kh, j : j + kw]  # [N, kh, kw, I]
            out[:, i, j] = np.einsum("nabi,abio->no", window, kernel)
    return out


def conv2d_resample(
    x,
    kernel,
    *,
    filter=None,
    up=1,
    down=1,
    padding=0,
    flip_kernel=False,
    flip_filter=False,
):
    """All padding first, then FIR, convolution, FIR, decimation.

    The FIR runs once for up-sampling (gain up**2) and once for down-sampling, and
    not at all where nothing is resampled.
    """
    x, kernel = np.asarray(x, np.float64), np.asarray(kernel, np.float64)
    if flip_kernel:
        kernel = kernel[::-1, ::-1]
    margins = np.array(resampling._margins(padding))
    if up > 1:
        margins = margins + resampling.up_margins(filter, up)
    if down > 1:
        margins = margins + resampling.down_margins(filter, down)
    x = resampling.upfirdn2d(
        x,
        filter if up > 1 else None,
        up=up,
        padding=margins,
        flip_filter=flip_filter,
        gain=up**2,
    )
    x = conv2d(x, kernel)
    if down > 1:
        x = resampling.upfirdn2d(x, filter, down=down, flip_filter=flip_filter)
    return x


def modulated_conv2d(
    x, kernel, styles, *, demodulate=True, noise=None, epsilon=1e-8, **resample
):
    """Every sample is convolved with its own kernel; styles [N, I]."""
    x, kernel = np.asarray(x, np.float64), np.asarray(kernel, np.float64)
    styles = np.asarray(styles, np.float64)
    outputs = []
    for sample, style in zip(x, styles, strict=True):
        own = kernel * style[None, None, :, None]
        if demodulate:
            own = own / np.sqrt(np.sum(own**2, axis=(0, 1, 2)) + epsilon)
        outputs.append(conv2d_resample(sample[None], own, **resample)[0])
    y = np.stack(outputs)
    return y if noise is None else y + np.asarray(noise, np.float64)
