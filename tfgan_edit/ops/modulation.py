"""Modulated convolution: styles scale the input maps (arXiv 1912.04958, section 2.2)."""

import tensorflow as tf

from tfgan_edit.ops.activation import bias_act
from tfgan_edit.ops.convolution import conv2d_resample


def row_of(w_plus, index):
    """One row of w_plus [N, rows, w_dim]: [N, w_dim].

    By a slice and a new shape: graphics processors of phones refuse an index that drops an axis.
    """
    return tf.reshape(w_plus[:, index : index + 1 or None], [-1, w_plus.shape[-1]])


def modulated_conv2d(
    x,
    kernel,
    styles,
    *,
    demodulate=True,
    noise=None,
    bias=None,
    activation="linear",
    gain=None,
    clamp=None,
    filter=None,
    up=1,
    down=1,
    padding=0,
    flip_kernel=False,
    method="scale",
    compute_dtype=None,
):
    """Convolution whose kernel is scaled per sample: w'[n, k, i, o] = s[n, i] w[k, i, o].

    With demodulation, w'' = w' / sqrt(sum_{k, i} w'² + 1e-8) (equation 3), which keeps
    the variance of the output at one.

    Args:
        x: [N, H, W, I].
        kernel: [kh, kw, I, O].
        styles: [N, I].
        demodulate: divide by the norm of the scaled kernel.
        noise: [N or 1, H', W', 1] that is added to the convolution, or None.
        bias, activation, gain, clamp: what follows, as in `bias_act`.
        filter, up, down, padding, flip_kernel, compute_dtype: as in `conv2d_resample`.
        method: "scale" multiplies input and output and convolves once for all samples;
            "grouped" builds one kernel a sample, needs a fixed N, and runs on GPUs and under
            XLA (on CPUs TensorFlow has no gradient of grouped convolutions outside of XLA).
            Equal up to rounding; only "scale" can be exported to TFLite.

    Returns:
        [N, H', W', O], dtype of `x`.
    """
    if method not in ("scale", "grouped"):
        raise ValueError(f"method must be 'scale' or 'grouped'. Received: {method!r}")
    compute = x.dtype if compute_dtype is None else tf.as_dtype(compute_dtype)
    statistics = tf.float32 if x.dtype in (tf.float16, tf.bfloat16) else x.dtype
    kernel, styles = tf.cast(kernel, statistics), tf.cast(styles, statistics)
    if demodulate and tf.float16 in (x.dtype, compute):
        # Half precision ends at 65,504: bring both factors to a maximum of one. The
        # demodulation cancels any factor on them.
        fan_in = kernel.shape[0] * kernel.shape[1] * kernel.shape[2]
        largest = tf.reduce_max(tf.abs(kernel), axis=[0, 1, 2], keepdims=True)
        kernel = kernel * (fan_in**-0.5 / tf.maximum(largest, 1e-8))
        largest = tf.reduce_max(tf.abs(styles), axis=1, keepdims=True)
        styles = styles / tf.maximum(largest, 1e-8)
    demodulation = None
    if demodulate:
        energy = tf.reduce_sum(tf.square(kernel), axis=[0, 1])  # [I, O]
        demodulation = tf.math.rsqrt(tf.matmul(tf.square(styles), energy) + 1e-8)  # [N, O]
    resampling = {
        "filter": filter,
        "up": up,
        "down": down,
        "padding": padding,
        "flip_kernel": flip_kernel,
        "compute_dtype": compute_dtype,
    }
    if method == "scale":
        x = bias_act(x, scale=styles[:, tf.newaxis, tf.newaxis, :])
        x = conv2d_resample(x, kernel, **resampling)
        scale = None if demodulation is None else demodulation[:, tf.newaxis, tf.newaxis, :]
    else:
        kernels = kernel[tf.newaxis] * styles[:, tf.newaxis, tf.newaxis, :, tf.newaxis]
        if demodulation is not None:
            kernels = kernels * demodulation[:, tf.newaxis, tf.newaxis, tf.newaxis, :]
        x, scale = _convolve_grouped(x, kernels, resampling), None
    return bias_act(
        x,
        bias,
        scale=scale,
        noise=noise,
        activation=activation,
        gain=gain,
        clamp=clamp,
    )


def _convolve_grouped(x, kernels, resampling):
    """One kernel a sample: [N, H, W, I] * [N, kh, kw, I, O] -> [N, H', W', O].

    Samples become groups of channels of one picture.
    """
    n, height, width, in_channels = x.shape
    _, kh, kw, _, out_channels = kernels.shape
    if n is None:
        raise ValueError("method 'grouped' needs a fixed batch size. Received: x of batch None")
    x = tf.reshape(tf.transpose(x, [1, 2, 0, 3]), [1, height, width, n * in_channels])
    kernels = tf.transpose(kernels, [1, 2, 3, 0, 4])
    kernels = tf.reshape(kernels, [kh, kw, in_channels, n * out_channels])
    x = conv2d_resample(x, kernels, **resampling)
    _, height, width, _ = x.shape
    return tf.transpose(tf.reshape(x, [height, width, n, out_channels]), [2, 0, 1, 3])
