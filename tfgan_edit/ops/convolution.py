"""Convolution joined with up- or down-sampling (arXiv 1912.04958, appendix B)."""

import itertools

import tensorflow as tf

from tfgan_edit.ops.gradients import named_gradient
from tfgan_edit.ops.placement import uses_cpu_kernels
from tfgan_edit.ops.upfirdn import (
    filter_size,
    normalize_padding,
    pad2d,
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
        x = pad2d(x, (top, bottom, left, right))
        top = bottom = left = right = 0
    dtype = x.dtype
    compute_dtype = dtype if compute_dtype is None else compute_dtype
    x, kernel = tf.cast(x, compute_dtype), tf.cast(kernel, compute_dtype)
    return tf.cast(_Convolution(kernel.shape, stride, (top, bottom, left, right))(x, kernel), dtype)


def conv2d_transpose(x, kernel, *, stride, compute_dtype=None):
    """Inserts zeros, then convolves truly: [N, H, W, I] * [kh, kw, I, O] -> [N, H', W', O].

    H' = (H - 1) * stride + kh. This is the gradient of `conv2d`, also when grouped.
    """
    _, height, width, channels = x.shape
    kh, kw, in_channels, out_channels = kernel.shape
    groups = channels // in_channels
    dtype = x.dtype
    compute_dtype = dtype if compute_dtype is None else compute_dtype
    x, kernel = tf.cast(x, compute_dtype), tf.cast(kernel, compute_dtype)
    if groups == 1:
        kernel = tf.transpose(kernel, [0, 1, 3, 2])
    else:  # [kh, kw, I, G * O] -> [kh, kw, O, G * I]
        kernel = tf.reshape(kernel, [kh, kw, in_channels, groups, out_channels // groups])
        kernel = tf.transpose(kernel, [0, 1, 4, 3, 2])
        kernel = tf.reshape(kernel, [kh, kw, out_channels // groups, channels])
    convolution = _Convolution(kernel.shape, stride, (0, 0, 0, 0))
    size = [(height - 1) * stride + kh, (width - 1) * stride + kw, out_channels]
    return tf.cast(convolution.transposed(x, kernel, size), dtype)


# {bytes a number: pixels up to which a gradient for weights is one matrix product}. oneDNN's own
# kernels are slow there: 8.1 against 3.7 ms for eight bfloat16 maps of 8 x 8 with 512 channels.
SMALL_MAP = {2: 16 * 16, 4: 8 * 8, 8: 8 * 8}


class _Convolution:
    """y = x * k of one stride and padding, and its two gradients.

    The three are each other's derivatives, so that any order of gradient stays among them:
    call (x, k), `transposed` (y, k) and `weights_gradient` (x, y).
    """

    def __init__(self, kernel_shape, stride, padding):
        self.kernel_shape = kernel_shape
        self.strides = [1, stride, stride, 1]
        self.sides = padding
        kh, kw, _, _ = kernel_shape
        # The names of paddings matter: with explicit numbers the gradients miss the fast
        # kernels of oneDNN (measured: 60 ms instead of 3 for one strided bfloat16 convolution).
        self.padding = {"padding": "EXPLICIT", "explicit_paddings": [0, 0, *padding, 0, 0]}
        if not any(padding):
            self.padding = {"padding": "VALID"}
        elif stride == 1 and kh == kw and set(padding) == {(kh - 1) / 2}:
            self.padding = {"padding": "SAME"}

    def __call__(self, x, kernel):
        @named_gradient
        def convolve(x, kernel):
            def gradient(dy):
                dx = self.transposed(dy, kernel, x.shape[1:])
                return dx, self.weights_gradient(x, dy)

            y = tf.raw_ops.Conv2D(
                input=x, filter=kernel, strides=self.strides, **self.padding
            )
            return y, gradient

        return convolve(x, kernel)

    def transposed(self, y, kernel, size):
        """Gradient with respect to x: [N, H', W', O], [kh, kw, I, O] -> [N, *size]."""

        @named_gradient
        def transpose(y, kernel):
            def gradient(dx):
                return self(dx, kernel), self.weights_gradient(dx, y)

            n = tf.shape(y)[0] if y.shape[0] is None else y.shape[0]
            x = tf.raw_ops.Conv2DBackpropInput(
                input_sizes=[n, *size],
                filter=kernel,
                out_backprop=y,
                strides=self.strides,
                **self.padding,
            )
            return tf.ensure_shape(x, [y.shape[0], *size]), gradient

        return transpose(y, kernel)

    def weights_gradient(self, x, y):
        """Gradient with respect to k: [N, H, W, I], [N, H', W', O] -> [kh, kw, I, O]."""

        @named_gradient
        def correlate(x, y):
            def gradient(dk):
                return self.transposed(y, dk, x.shape[1:]), self(x, dk)

            grouped = x.shape[-1] != self.kernel_shape[2]
            small = y.shape[1] * y.shape[2] <= SMALL_MAP[x.dtype.size]
            if small and not grouped and uses_cpu_kernels():
                return self._product(x, y), gradient
            kernel = tf.raw_ops.Conv2DBackpropFilter(
                input=x,
                filter_sizes=self.kernel_shape,
                out_backprop=y,
                strides=self.strides,
                **self.padding,
            )
            return kernel, gradient

        return correlate(x, y)

    def _product(self, x, y):
        """The same as one product over all pixels: [kh kw I, N H' W'] · [N H' W', O]."""
        kh, kw, in_channels, out_channels = self.kernel_shape
        _, height, width, _ = y.shape
        stride = self.strides[1]
        # Pixels in cells of stride x stride: a strided slice costs ten times a plain one.
        rows, columns = height + (kh - 1) // stride, width + (kw - 1) // stride
        top, _, left, _ = self.sides
        bottom, right = rows * stride - x.shape[1] - top, columns * stride - x.shape[2] - left
        x = pad2d(x, (top, bottom, left, right))
        x = tf.reshape(x, [-1, rows, stride, columns, stride * in_channels])
        patches = []
        for i, j in itertools.product(range(kh), range(kw)):
            begin = [0, i // stride, i % stride, j // stride, j % stride * in_channels]
            patch = tf.slice(x, begin, [-1, height, 1, width, in_channels])
            patches.append(tf.reshape(patch, [-1, in_channels]))
        x, y = tf.concat(patches, axis=1), tf.reshape(y, [-1, out_channels])
        return tf.reshape(tf.matmul(x, y, transpose_a=True), self.kernel_shape)


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
        compute_dtype: as in `conv2d`; the filter stays in the dtype of `x`.

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
