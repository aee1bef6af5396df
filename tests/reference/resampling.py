"""Up-sampling, FIR filtering and down-sampling, one step of the definition a line."""

import numpy as np


def _pair(value):
    return (value, value) if np.ndim(value) == 0 else tuple(value)


def _margins(padding):
    """int, (height, width) or (top, bottom, left, right) -> the four margins."""
    if np.ndim(padding) == 0:
        return (padding,) * 4
    if len(padding) == 2:
        return (padding[0], padding[0], padding[1], padding[1])
    return tuple(padding)


def resample_filter(taps, *, normalize=True, flip=False, gain=1.0, separable=None):
    """Prepared filter: outer product below 8 taps, divided by its sum."""
    taps = np.asarray(taps, np.float64)
    if separable is None:
        separable = taps.ndim == 1 and taps.size >= 8
    if taps.ndim == 1 and not separable:
        taps = np.outer(taps, taps)
    if normalize:
        taps = taps / taps.sum()
    if flip:
        taps = np.flip(taps)
    return taps * gain ** (taps.ndim / 2)


def insert_zeros(x, up):
    """`up - 1` zeros after every pixel: length H becomes H * up."""
    up_y, up_x = _pair(up)
    n, h, w, c = x.shape
    out = np.zeros((n, h * up_y, w * up_x, c))
    out[:, ::up_y, ::up_x] = x
    return out


def pad_or_crop(x, padding):
    """Zero padding; a negative margin cuts rows or columns off."""
    top, bottom, left, right = _margins(padding)
    n, h, w, c = x.shape
    out = np.zeros((n, h + top + bottom, w + left + right, c))
    for i in range(out.shape[1]):
        for j in range(out.shape[2]):
            if 0 <= i - top < h and 0 <= j - left < w:
                out[:, i, j] = x[:, i - top, j - left]
    return out


def correlate(x, filter_2d):
    """Valid correlation of every channel with the same [fh, fw] filter."""
    fh, fw = filter_2d.shape
    n, h, w, c = x.shape
    out = np.zeros((n, h - fh + 1, w - fw + 1, c))
    for i in range(out.shape[1]):
        for j in range(out.shape[2]):
            window = x[:, i : i + fh, j : j + fw]  # [N, fh, fw, C]
            out[:, i, j] = np.einsum("nabc,ab->nc", window, filter_2d)
    return out


def upfirdn2d(x, filter, *, up=1, down=1, padding=0, flip_filter=False, gain=1.0):
    x = np.asarray(x, np.float64)
    filter = np.ones((1, 1)) if filter is None else np.asarray(filter, np.float64)
    if filter.ndim == 1:
        filter = np.outer(filter, filter)  # separable: gain**0.5 along each axis
    kernel = filter if flip_filter else filter[::-1, ::-1]
    down_y, down_x = _pair(down)
    x = insert_zeros(x, up)
    x = pad_or_crop(x, padding)
    x = correlate(x, kernel * gain)
    return x[:, ::down_y, ::down_x]


def _taps(filter):
    shape = (1, 1) if filter is None else np.shape(filter)
    return (shape[0], shape[0]) if len(shape) == 1 else shape


def up_margins(filter, up):
    """Padding that makes an up-sampled picture exactly `up` times as large."""
    (th, tw), (uy, ux) = _taps(filter), _pair(up)
    return np.array([(th + uy - 1) // 2, (th - uy) // 2, (tw + ux - 1) // 2, (tw - ux) // 2])


def down_margins(filter, down):
    (th, tw), (dy, dx) = _taps(filter), _pair(down)
    return np.array([(th - dy + 1) // 2, (th - dy) // 2, (tw - dx + 1) // 2, (tw - dx) // 2])


def filter2d(x, filter, *, padding=0, flip_filter=False, gain=1.0):
    th, tw = _taps(filter)
    margins = np.array([th // 2, (th - 1) // 2, tw // 2, (tw - 1) // 2])
    margins = margins + _margins(padding)
    return upfirdn2d(x, filter, padding=margins, flip_filter=flip_filter, gain=gain)


def upsample2d(x, filter, *, up=2, padding=0, flip_filter=False, gain=1.0):
    margins = up_margins(filter, up) + _margins(padding)
    gain = gain * np.prod(_pair(up))
    return upfirdn2d(x, filter, up=up, padding=margins, flip_filter=flip_filter, gain=gain)


def downsample2d(x, filter, *, down=2, padding=0, flip_filter=False, gain=1.0):
    margins = down_margins(filter, down) + _margins(padding)
    return upfirdn2d(x, filter, down=down, padding=margins, flip_filter=flip_filter, gain=gain)
