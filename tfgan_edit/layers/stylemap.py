"""Convolution that a map modulates, pixel by pixel (StyleMapGAN, arXiv 2104.14754, section 3.2)."""

from tfgan_edit.layers.equalized import ComputeDtypeLayer, EqualizedConv2D
from tfgan_edit.layers.normalized import check_one_of
from tfgan_edit.layers.registration import register
from tfgan_edit.ops.normalization import group_norm, instance_norm, layer_norm

NORMS = {"layer": layer_norm, "instance": instance_norm, "group": group_norm, None: lambda x: x}


@register
class StylemapConv2D(ComputeDtypeLayer):
    """y = activation(W * (norm(x) · γ(code) + β(code)) + b), γ and β by 3×3 convolutions.

    Call: `layer(x, code)` with x [N, H, W, I] and its style code [N, H, W, K] of the same size ->
    [N, H · up, W · up, filters]. There is no demodulation; γ starts at 1 and β at 0 but for the
    random kernels.

    Args:
        filters: number of output channels.
        kernel_size: odd int.
        up: 1, or 2 for a transposed convolution followed by the FIR filter.
        norm: a key of `NORMS`. "layer", the published one, is joint over pixels and channels,
            "group" has 8 groups; None for none.
        gain: factor on the output.
        resample_taps: taps of the FIR filter.
    """

    def __init__(
        self,
        filters,
        kernel_size=3,
        up=1,
        norm="layer",
        gain=1.0,
        resample_taps=(1, 3, 3, 1),
        **kwargs,
    ):
        super().__init__(**kwargs)
        check_one_of(NORMS, norm=norm)
        self.filters = filters
        self.kernel_size = kernel_size
        self.up = up
        self.norm = norm
        self.gain = gain
        self.resample_taps = tuple(resample_taps)
        self.conv = EqualizedConv2D(
            filters,
            kernel_size,
            activation="lrelu",
            up=up,
            gain=gain,
            resample_taps=resample_taps,
            name="conv",
            dtype=self.dtype_policy,
        )

    def build(self, x_shape, code_shape):
        shared = {"kernel_size": 3, "dtype": self.dtype_policy}
        self.gamma = EqualizedConv2D(x_shape[-1], bias_init=1.0, name="gamma", **shared)
        self.beta = EqualizedConv2D(x_shape[-1], name="beta", **shared)
        self.gamma.build(code_shape)
        self.beta.build(code_shape)
        self.conv.build(x_shape)

    def call(self, x, code):
        return self.conv(NORMS[self.norm](x) * self.gamma(code) + self.beta(code))

    def get_config(self):
        return {
            **super().get_config(),
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "up": self.up,
            "norm": self.norm,
            "gain": self.gain,
            "resample_taps": self.resample_taps,
        }
