"""Resampling with finite impulse response (FIR) filters.

`upfirdn2d` is the one general operation; `filter2d`, `upsample2d` and `downsample2d`
only compute its padding and gain. (Karras et al. 2019, arXiv 1912.04958, appendix B.)
"""

import numpy as np
import tensorflow as tf

from tfgan_edit.ops.gradients import named_gradient
from tfgan_edit.ops.placement import traced_for_xla


def resample_filter(
    taps=(1, 3, 3, 1), *, normalize=True, flip=False, gain=1.0, separable=None
):
    """Prepares filter taps for `upfirdn2d`.

    Args:
        taps: [k] or [kh, kw] numbers.
        normalize: divide by the sum, so that a constant picture keeps its value.
        flip: reverse the taps along each axis.
        gain: factor on the whole two-dimensional filter.
        separable: keep one-dimensional taps as they are and filter each axis in turn.
            Default: from 8 taps on, where two passes are cheaper than one.

    Returns:
        float32 array, [k] if separable, else [kh, kw].
    """
    taps = np.asarray(taps, np.float64)
    if taps.ndim not in (1, 2) or taps.size == 0:
        raise ValueError(f"taps must be of shape [k] or [kh, kw]. Received: {taps.shape}")
    if separable is None:
        separable = taps.ndim == 1 and taps.size >= 8
    if separable and taps.ndim == 2:
        raise ValueError("separable needs one-dimensional taps. Received: 2-D taps")
    if taps.ndim == 1 and not separable:
        taps = np.outer(taps, taps)
    if normalize:
        taps = taps / taps.sum()
    if flip:
        taps = np.flip(taps)
    return (taps * gain ** (taps.ndim / 2)).astype(np.float32)


def upfirdn2d(x, filter, *, up=1, down=1, padding=0, flip_filter=False, gain=1.0):
    """Up-samples, pads, filters and down-samples a batch of pictures.

    1. Insert `up - 1` zeros after each pixel.
    2. Pad with zeros; a negative padding crops.
    3. Convolve every channel with the filter, keeping only full overlaps.
    4. Keep each `down`-th pixel, starting with the first.

    Args:
        x: [N, H, W, C], any float dtype.
        filter: [kh, kw] (not separable), [k] (each axis in turn) or None (identity).
        up, down: positive int or (height, width).
        padding: int, (height, width) or (top, bottom, left, right), counted in pixels
            of the up-sampled picture.
        flip_filter: False convolves, True correlates.
        gain: factor on the result.

    Returns:
        [N, (H * up + top + bottom - kh) // down + 1, likewise, C], dtype of `x`.
    """
    up_h, up_w = _pair(up, "up")
    down_h, down_w = _pair(down, "down")
    filter = np.ones([1, 1], np.float32) if filter is None else np.asarray(filter)
    if filter.ndim not in (1, 2):
        raise ValueError(f"filter must be [k] or [kh, kw]. Received shape: {filter.shape}")
    if not flip_filter:
        filter = np.flip(filter)  # the primitive below correlates
    filter = filter * gain ** (filter.ndim / 2)
    padding = normalize_padding(padding)
    if filter.ndim == 2:
        return _Resampling(filter, (up_h, up_w), (down_h, down_w), padding)(x)
    top, bottom, left, right = padding
    rows, columns = filter[:, np.newaxis], filter[np.newaxis]
    x = _Resampling(rows, (up_h, 1), (down_h, 1), (top, bottom, 0, 0))(x)
    return _Resampling(columns, (1, up_w), (1, down_w), (0, 0, left, right))(x)


def filter2d(x, filter, *, padding=0, flip_filter=False, gain=1.0):
    """Filters at constant size (plus `padding`). Arguments as in `upfirdn2d`."""
    return upfirdn2d(
        x,
        filter,
        padding=resampling_padding(filter, padding=padding),
        flip_filter=flip_filter,
        gain=gain,
    )


def upsample2d(x, filter, *, up=2, padding=0, flip_filter=False, gain=1.0):
    """Enlarges `up` times: [N, H, W, C] -> [N, H * up, W * up, C] (plus `padding`).

    The gain up² makes up for the inserted zeros.
    """
    up_h, up_w = _pair(up, "up")
    return upfirdn2d(
        x,
        filter,
        up=up,
        padding=resampling_padding(filter, up=up, padding=padding),
        flip_filter=flip_filter,
        gain=gain * up_h * up_w,
    )


def downsample2d(x, filter, *, down=2, padding=0, flip_filter=False, gain=1.0):
    """Shrinks `down` times: [N, H, W, C] -> [N, H / down, W / down, C] (plus `padding`)."""
    return upfirdn2d(
        x,
        filter,
        down=down,
        padding=resampling_padding(filter, down=down, padding=padding),
        flip_filter=flip_filter,
        gain=gain,
    )


def resampling_padding(filter, *, up=1, down=1, padding=0):
    """(top, bottom, left, right) that keeps the centre of the picture in its place."""
    kh, kw = filter_size(filter)
    top, bottom, left, right = normalize_padding(padding)
    sides = []
    for taps, u, d in zip(
        (kh, kw), _pair(up, "up"), _pair(down, "down"), strict=True
    ):
        if u > 1:
            sides.append(((taps + u - 1) // 2, (taps - u) // 2))
        elif d > 1:
            sides.append(((taps - d + 1) // 2, (taps - d) // 2))
        else:
            sides.append((taps // 2, (taps - 1) // 2))
    return (
        top + sides[0][0],
        bottom + sides[0][1],
        left + sides[1][0],
        right + sides[1][1],
    )


def filter_size(filter):
    """(height, width) of a prepared filter; (1, 1) for None."""
    if filter is None:
        return 1, 1
    shape = np.shape(filter)
    return (shape[0], shape[0]) if len(shape) == 1 else shape


def normalize_padding(padding):
    """int, (height, width) or four sides -> (top, bottom, left, right)."""
    sides = (padding,) if np.ndim(padding) == 0 else tuple(padding)
    if len(sides) == 1:
        sides *= 4
    elif len(sides) == 2:
        sides = (sides[0], sides[0], sides[1], sides[1])
    if len(sides) != 4:
        raise ValueError(f"padding must be 1, 2 or 4 integers. Received: {padding}")
    return tuple(int(side) for side in sides)


def _pair(factor, name):
    pair = (factor, factor) if np.ndim(factor) == 0 else tuple(factor)
    if len(pair) != 2 or min(pair) < 1:
        raise ValueError(f"{name} must be one or two integers >= 1. Received: {factor}")
    return pair


def _insert_zeros(x, up_h, up_w):
    """[N, H, W, C] -> [N, H * up_h, W * up_w, C], by tensors of rank 4 only (TFLite)."""
    if up_h == up_w == 1:
        return x
    _, height, width, channels = x.shape
    n = tf.shape(x)[0] if x.shape[0] is None else x.shape[0]
    if up_w > 1:
        x = tf.reshape(x, [n, height * width, 1, channels])
        x = tf.pad(x, [[0, 0], [0, 0], [0, up_w - 1], [0, 0]])
        width *= up_w
    if up_h > 1:
        x = tf.reshape(x, [n, height, 1, width * channels])
        x = tf.pad(x, [[0, 0], [0, 0], [0, up_h - 1], [0, 0]])
        height *= up_h
    return tf.reshape(x, [n, height, width, channels])


def pad2d(x, padding):
    """Pads [N, H, W, C] with zeros: (top, bottom, left, right).

    Negative sides crop, also rows that the other side's padding added.
    """
    pads = [max(side, 0) for side in padding]
    crops = [max(-side, 0) for side in padding]
    if crops[0] + crops[1] < x.shape[1] and crops[2] + crops[3] < x.shape[2]:
        return _pad_zeros(_crop(x, crops), pads)
    return _crop(_pad_zeros(x, pads), crops)


def _pad_zeros(x, pads):
    return tf.pad(x, [[0, 0], pads[:2], pads[2:], [0, 0]]) if any(pads) else x


def _crop(x, crops):
    if not any(crops):
        return x
    top, bottom, left, right = crops
    return x[:, top : x.shape[1] - bottom, left : x.shape[2] - right, :]


class _Resampling:
    """Up-sampling, padding, correlation with a [kh, kw] filter, down-sampling.

    Its gradient is another one, with `up` and `down` exchanged and the filter turned around.
    TensorFlow's own gradients take 1.4 times as long, in bfloat16 with strides 20 times.
    """

    def __init__(self, filter, up, down, padding):
        self.filter, self.up, self.down, self.padding = filter, up, down, padding

    def __call__(self, x):
        @named_gradient
        def resample(x):
            return self._forward(x), self._adjoint(x.shape[1:3])

        return resample(x)

    def _forward(self, x):
        x = pad2d(_insert_zeros(x, *self.up), self.padding)
        if self.filter.shape == (1, 1):
            return x[:, :: self.down[0], :: self.down[1], :] * float(self.filter[0, 0])
        if self.down[0] == self.down[1]:
            return _depthwise(x, self.filter, stride=self.down[0])
        # The primitive knows square strides only.
        return _depthwise(x, self.filter)[:, :: self.down[0], :: self.down[1], :]

    def _adjoint(self, size):
        padding = []
        for i in range(2):
            taps, up, down = self.filter.shape[i], self.up[i], self.down[i]
            before, after = self.padding[2 * i : 2 * i + 2]
            enlarged = size[i] * up
            kept = (enlarged + before + after - taps) // down + 1
            padding += [taps - 1 - before, enlarged - kept * down + before - up + 1]
        return _Resampling(np.flip(self.filter), self.down, self.up, tuple(padding))


def _depthwise(x, filter, stride=1):
    """Full overlaps of every channel with the same filter: a depthwise convolution, or under XLA,
    which fuses sums with what is around them but not convolutions, a sum of shifted pictures.
    """
    kh, kw = filter.shape
    if not traced_for_xla():
        kernel = np.repeat(filter[:, :, np.newaxis, np.newaxis], x.shape[-1], axis=2)
        strides = [1, stride, stride, 1]
        return tf.nn.depthwise_conv2d(x, tf.constant(kernel, x.dtype), strides, "VALID")
    bottom, right = x.shape[1] - kh + 1, x.shape[2] - kw + 1
    return tf.add_n(
        [
            x[:, i : i + bottom : stride, j : j + right : stride] * tf.constant(tap, x.dtype)
            for (i, j), tap in np.ndenumerate(filter)
        ]
    )
