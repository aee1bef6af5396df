"""Convolution joined with up- or down-sampling (arXiv 1912.04958, appendix B)."""

import tensorflow as tf

from tfgan_edit.ops.upfirdn import (
    filter_size,
    normalize_padding,
    upfirdn2d,
)


def conv2d(x, kernel, *, stride=1, padding=0, compute_dtype=None):
    """Correlation with zero padding: [N, H, W, I] * [kh, kw, I, O] -> [N, H', W', O].

    With G times I input channels it is a grouped convolution, where O counts all groups.

    Args:
        padding: as in `upfirdn2d`; negative values crop.
        compute_dtype: dtype of the multiplication; the result has the dtype of `x`. On
            processors with bfloat16 units this doubles the speed while all else stays
            in float32.
    """
    top, bottom, left, right = normalize_padding(padding)
    if min(top, bottom, left, right) < 0:
        x = upfirdn2d(x, None, padding=(top, bottom, left, right))
        top = bottom = left = right = 0
    dtype = x.dtype
    compute_dtype = dtype if compute_dtype is None else compute_dtype
    # The names of paddings matter: with explicit numbers the gradients miss the fast kernels
    # of oneDNN (measured: 60 ms instead of 3 for one strided convolution in bfloat16).
    square = kernel.shape[0] == kernel.shape[1]
    if not any((top, bottom, left, right)):
        pads = "VALID"
    elif square and stride == 1 and {top, bottom, left, right} == {(kernel.shape[0] - 1) / 2}:
        pads = "SAME"
    else:
        pads = [[0, 0], [top, bottom], [left, right], [0, 0]]
    y = tf.nn.conv2d(tf.cast(x, compute_dtype), tf.cast(kernel, compute_dtype), stride, pads)
    return tf.cast(y, dtype)


def conv2d_transpose(x, kernel, *, stride, compute_dtype=None):
    """Inserts zeros, then convolves truly: [N, H, W, I] * [kh, kw, I, O] -> [N, H', W', O].

    H' = (H - 1) * stride + kh. This is the gradient of `conv2d`, also when grouped.
    """
    n, height, width, channels = x.shape
    kh, kw, in_channels, out_channels = kernel.shape
    groups = channels // in_channels
    n = tf.shape(x)[0] if n is None else n
    dtype = x.dtype
    compute_dtype = dtype if compute_dtype is None else compute_dtype
    kernel = tf.cast(kernel, compute_dtype)
    if groups == 1:
        kernel = tf.transpose(kernel, [0, 1, 3, 2])
    else:  # [kh, kw, I, G * O] -> [kh, kw, O, G * I]
        kernel = tf.reshape(kernel, [kh, kw, in_channels, groups, out_channels // groups])
        kernel = tf.transpose(kernel, [0, 1, 4, 3, 2])
        kernel = tf.reshape(kernel, [kh, kw, out_channels // groups, channels])
    size = [n, (height - 1) * stride + kh, (width - 1) * stride + kw, out_channels]
    y = tf.raw_ops.Conv2DBackpropInput(
        input_sizes=size,
        filter=kernel,
        out_backprop=tf.cast(x, compute_dtype),
        strides=[1, stride, stride, 1],
        padding="VALID",
    )
    y = tf.ensure_shape(y, [x.shape[0], *size[1:]])
    return tf.cast(y, dtype)


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
    compute_dtype=None,
):
    """Up-samples by FIR, convolves, and down-samples by FIR, padding only once.

    Equivalent to: `upfirdn2d(up)`, convolution without padding, decimation through the
    filter; the cheapest order is chosen.

    Args:
        x: [N, H, W, I].
        kernel: [kh, kw, I, O].
        filter: prepared by `resample_filter`, or None.
        up, down: int factors.
        padding: of the convolution at the up-sampled size, usually k // 2.
        flip_kernel: False correlates, True convolves.
        flip_filter: as in `upfirdn2d`.
        compute_dtype: as in `conv2d`.

    Returns:
        [N, H * up / down, W * up / down, O] for padding k // 2 and odd k.
    """
    kh, kw, _, _ = kernel.shape
    fh, fw = filter_size(filter)
    top, bottom, left, right = normalize_padding(padding)
    if up > 1:
        top, bottom = top + (fh + up - 1) // 2, bottom + (fh - up) // 2
        left, right = left + (fw + up - 1) // 2, right + (fw - up) // 2
    if down > 1:
        top, bottom = top + (fh - down + 1) // 2, bottom + (fh - down) // 2
        left, right = left + (fw - down + 1) // 2, right + (fw - down) // 2
    pads = (top, bottom, left, right)
    fir = {"filter": filter, "flip_filter": flip_filter}
    pointwise = kh == kw == 1

    if pointwise and up == 1 and down > 1:  # fewer pixels first
        x = upfirdn2d(x, down=down, padding=pads, **fir)
        return conv2d(x, kernel, compute_dtype=compute_dtype)
    if pointwise and up > 1 and down == 1:
        x = conv2d(x, kernel, compute_dtype=compute_dtype)
        return upfirdn2d(x, up=up, padding=pads, gain=up**2, **fir)
    if up == 1 and down > 1:  # the FIR at full size, then a strided convolution
        x = upfirdn2d(x, padding=pads, **fir)
        kernel = tf.reverse(kernel, [0, 1]) if flip_kernel else kernel
        return conv2d(x, kernel, stride=down, compute_dtype=compute_dtype)
    if up > 1:
        # Transposed convolution without zeros to multiply; it convolves truly. Its
        # output is larger than the padded input by kernel - 1 on each side.
        kernel = kernel if flip_kernel else tf.reverse(kernel, [0, 1])
        x = conv2d_transpose(x, kernel, stride=up, compute_dtype=compute_dtype)
        # Rows after the last zero insertion (up - 1) and the kernel's surplus.
        pads = (
            top - (kh - 1),
            bottom - (kh - up),
            left - (kw - 1),
            right - (kw - up),
        )
        x = upfirdn2d(x, padding=pads, gain=up**2, **fir)
        return x if down == 1 else upfirdn2d(x, down=down, **fir)
    kernel = tf.reverse(kernel, [0, 1]) if flip_kernel else kernel
    return conv2d(x, kernel, padding=pads, compute_dtype=compute_dtype)
