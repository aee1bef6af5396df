"""ISF-GAN: a function that edits latents of a frozen StyleGAN, and its discriminator.

Liu et al., "ISF-GAN: An Implicit Style Function for High-Resolution Image-to-Image Translation",
IEEE TMM 2022, arXiv 2109.12492.
"""

import keras
import tensorflow as tf

from tfgan_edit.layers.equalized import ComputeDtypeLayer, check_positive
from tfgan_edit.layers.normalized import check_one_of
from tfgan_edit.layers.registration import register
from tfgan_edit.layers.uniform import UniformConv2D, UniformDense
from tfgan_edit.networks.stylegan2 import levels_of
from tfgan_edit.ops.images import pooled_to

NORMS = ("adaln", "adain", "none")
SHARED, OWN, AFTER = 4, 3, 3  # layers: of f1 for all rows, of f1 for one row, of f2
EPSILON = 1e-5  # of the norms
FIRST_EDIT = 0.01  # of what a residual function begins to add, against one that is not residual


def _layer_norm(name, affine=True):
    return keras.layers.LayerNormalization(
        epsilon=EPSILON, center=affine, scale=affine, dtype="float32", name=name
    )


@register
class AdaptiveLayerNorm(ComputeDtypeLayer):
    """(1 + γ) · LN(x) + β with γ and β linear functions of a style (section III-B).

    [N, R, D], style [N, R, S] -> [N, R, D]; LN over D. Always computed in float32.

    Args:
        affine: whether LN has a gain and a bias of its own: AdaLN. Without, on rows, it is the
            instance norm of AdaIN.
    """

    def __init__(self, affine=True, **kwargs):
        super().__init__(**kwargs)
        self.affine = affine
        self.norm = _layer_norm("norm", affine)

    def build(self, x_shape, style_shape):
        self.dense = UniformDense(2 * x_shape[-1], name="dense")
        self.dense.build(style_shape)
        self.norm.build(x_shape)

    def call(self, x, style):
        # Not tf.split: LiteRT's accelerator for graphics processors mixes the rows of its halves.
        both = self.dense(style)
        gamma, beta = both[..., : x.shape[-1]], both[..., x.shape[-1] :]
        return (1 + gamma) * self.norm(tf.cast(x, tf.float32)) + beta

    def get_config(self):
        return {**super().get_config(), "affine": self.affine}


@register
class ImplicitStyleFunction(keras.Model):
    """w* = M(w, d, z): latents that show the attributes d, another w* for every z.

    Call: `function(w_plus, labels, z)` with w_plus [N, num_ws, w_dim], labels [N, L] of 0 or 1,
    z [N, z_dim] standard normal -> [N, num_ws, w_dim]. A function of one row takes latents with
    any number of rows and treats all alike. Always computed in float32.

    f1 makes of z and d a style for each row, the norm applies it to w, f2 gives w*; f2 and all of
    f1 but its last layers are shared by the rows (section III-B, figure 2).

    Args:
        num_ws: rows of w_plus; 1 for a function of w.
        label_names: L names of attributes.
        w_dim: size of w.
        z_dim: size of z.
        hidden_dim: width of f1.
        after_dim: width inside f2; None for w_dim, as published.
        layers: rows that may change, the others stay as they are; () for all.
        norm: how a style is applied: "adaln", "adain", or "none", which adds it.
        pre_norm: norms inside f1 and f2 stand before linear layers, else behind activations.
        residual: whether w is added to the result; before training, that is nearly all of it.
    """

    def __init__(
        self,
        num_ws,
        label_names,
        w_dim=512,
        z_dim=64,
        hidden_dim=512,
        norm="adaln",
        pre_norm=True,
        residual=False,
        after_dim=None,
        layers=(),
        **kwargs,
    ):
        super().__init__(autocast=False, **kwargs)
        check_positive(num_ws=num_ws, w_dim=w_dim, z_dim=z_dim, hidden_dim=hidden_dim)
        check_positive(after_dim=after_dim)
        check_one_of(NORMS, norm=norm)
        if not label_names:
            raise ValueError(f"label_names must name attributes. Received: {label_names}")
        self.num_ws = num_ws
        self.label_names = list(label_names)
        self.w_dim = w_dim
        self.z_dim = z_dim
        self.hidden_dim = hidden_dim
        self.norm = norm
        self.pre_norm = pre_norm
        self.residual = residual
        self.after_dim = after_dim
        self.layers_that_change = list(layers)
        if not set(layers) <= set(range(num_ws)):
            raise ValueError(f"layers must be rows of 0 … {num_ws - 1}. Received: {list(layers)}")
        self.shared = [UniformDense(hidden_dim, name=f"shared{i}") for i in range(SHARED)]
        self.shared_norms = [_layer_norm(f"shared_norm{i}") for i in range(SHARED - 1)]
        self.own = [
            UniformDense(w_dim if i == OWN - 1 else hidden_dim, rows=num_ws, name=f"own{i}")
            for i in range(OWN)
        ]
        self.adaptive = None
        if norm != "none":
            self.adaptive = AdaptiveLayerNorm(affine=norm == "adaln", name="adaptive")
        self.after = [
            UniformDense(w_dim if i == AFTER - 1 else after_dim or w_dim, name=f"after{i}")
            for i in range(AFTER)
        ]
        norms = AFTER if pre_norm else AFTER - 1
        self.after_norms = [_layer_norm(f"after_norm{i}") for i in range(norms)]
        self.build()

    def build(self, input_shape=None):
        if self.built:
            return
        size = self.z_dim + len(self.label_names)
        for layer in self.shared:
            layer.build((None, size))
            size = self.hidden_dim
        for layer in self.own:
            layer.build((None, self.num_ws, self.hidden_dim))
        rows = (None, self.num_ws, self.w_dim)
        if self.adaptive is not None:
            self.adaptive.build(rows, rows)
            self.adaptive.built = True
        inside = (*rows[:-1], self.after_dim or self.w_dim)
        for layer, shape in zip(self.after, (rows, inside, inside), strict=True):
            layer.build(shape)
        norms = (rows, inside, inside) if self.pre_norm else (inside, inside)
        for layer, shape in zip(self.after_norms, norms, strict=True):
            layer.build(shape)
        for layer in self.shared_norms:
            layer.build((None, self.hidden_dim))
        if self.residual:
            for weight in self.after[-1].weights:
                weight.assign(FIRST_EDIT * weight)
        self.built = True

    def styles(self, labels, z):
        """Styles [N, num_ws, w_dim] of the rows: f1."""
        x = tf.concat([tf.cast(z, tf.float32), tf.cast(labels, tf.float32)], axis=-1)
        x = tf.nn.relu(self.shared[0](x))
        for dense, norm in zip(self.shared[1:], self.shared_norms, strict=True):
            x = tf.nn.relu(dense(norm(x))) if self.pre_norm else norm(tf.nn.relu(dense(x)))
        x = x[:, tf.newaxis]  # [N, 1, hidden_dim], of all rows
        for dense in self.own[:-1]:
            x = tf.nn.relu(dense(x))
        return self.own[-1](x)

    def styled(self, w_plus, styles):
        """w_plus [N, num_ws, w_dim] with the styles applied, before f2."""
        w_plus = tf.cast(w_plus, tf.float32)
        return w_plus + styles if self.adaptive is None else self.adaptive(w_plus, styles)

    def call(self, w_plus, labels, z):
        self._check(w_plus, labels, z)
        x = self.styled(w_plus, self.styles(labels, z))
        norms = list(self.after_norms)
        if self.pre_norm:
            x = norms.pop(0)(x)
        for dense, norm in zip(self.after, norms, strict=False):
            x = norm(tf.nn.relu(dense(x)))
        x = self.after[-1](x)
        w_plus = tf.cast(w_plus, tf.float32)
        edited = w_plus + x if self.residual else x
        if not self.layers_that_change:
            return edited
        changing = [[row in self.layers_that_change] for row in range(self.num_ws)]
        return tf.where(changing, edited, w_plus)

    def _check(self, w_plus, labels, z):
        rows = w_plus.shape[1] if self.num_ws == 1 else self.num_ws
        for name, value, shape in (
            ("w_plus", w_plus, (rows, self.w_dim)),
            ("labels", labels, (len(self.label_names),)),
            ("z", z, (self.z_dim,)),
        ):
            if tuple(value.shape[1:]) != shape:
                raise ValueError(f"{name} must be [N, {shape}]. Received: {value.shape}")

    def get_config(self):
        return {
            "name": self.name,
            "dtype": self.dtype_policy.name,
            "num_ws": self.num_ws,
            "label_names": self.label_names,
            "w_dim": self.w_dim,
            "z_dim": self.z_dim,
            "hidden_dim": self.hidden_dim,
            "norm": self.norm,
            "pre_norm": self.pre_norm,
            "residual": self.residual,
            "after_dim": self.after_dim,
            "layers": self.layers_that_change,
        }


def _activated(x):
    return tf.nn.leaky_relu(x, 0.2)


@register
class PreActivationBlock(ComputeDtypeLayer):
    """(p(x) or conv1x1(x) averaged + conv(a(p(conv(a(x)))))) / √2, p the average of 2×2 pixels.

    [N, H, W, C] -> [N, H / 2, W / 2, filters], with a the leaky ReLU of slope 0.2. The block of
    StarGAN v2's discriminator (arXiv 1912.01865, appendix).

    Args:
        filters: number of output channels; the shortcut is a convolution only if C differs.
    """

    def __init__(self, filters, **kwargs):
        super().__init__(**kwargs)
        check_positive(filters=filters)
        self.filters = filters

    def build(self, input_shape):
        channels = input_shape[-1]
        policy = {"dtype": self.dtype_policy}
        self.conv1 = UniformConv2D(channels, 3, name="conv1", **policy)
        self.conv2 = UniformConv2D(self.filters, 3, name="conv2", **policy)
        self.skip = None
        if channels != self.filters:
            self.skip = UniformConv2D(self.filters, 1, use_bias=False, name="skip", **policy)
            self.skip.build(input_shape)
        self.conv1.build(input_shape)
        self.conv2.build(input_shape)

    def call(self, x):
        # A convolution of single pixels and an average commute; behind it, there are fewer.
        shortcut = tf.nn.avg_pool2d(x, 2, 2, "VALID")
        shortcut = shortcut if self.skip is None else self.skip(shortcut)
        x = tf.nn.avg_pool2d(self.conv1(_activated(x)), 2, 2, "VALID")
        return (self.conv2(_activated(x)) + shortcut) / 2**0.5

    def get_config(self):
        return {**super().get_config(), "filters": self.filters}


@register
class ISFGANDiscriminator(keras.Model):
    """Images -> logits of being real and of attributes.

    Call: `discriminator(images)` with images [N, H, W, img_channels] in [-1, 1], of its resolution
    or a whole multiple of it, which is averaged down -> float32 [N, 1 + label_dim]: real against
    fake, then attributes. `heads(images)` gives the two apart.

    The trunk is StarGAN v2's; two heads stand on it, where StarGAN v2 has one logit a domain
    (section III-C).

    Args:
        resolution: power of two >= 8, or (height, width), as in `StyleGAN2Synthesis`.
        label_dim: L, number of attributes.
        img_channels: number of colours.
        width: channels at full resolution; None for 2^14 / resolution, 64 at 256 px. Doubled at
            every halving …
        channel_max: … up to this.
    """

    def __init__(
        self, resolution, label_dim, img_channels=3, width=None, channel_max=512, **kwargs
    ):
        super().__init__(autocast=False, **kwargs)
        check_positive(label_dim=label_dim, img_channels=img_channels, width=width)
        check_positive(channel_max=channel_max)
        levels, (height, width_4) = levels_of(resolution)
        factor = levels[-1] // 4
        self.resolution = (height * factor, width_4 * factor)
        self.label_dim = label_dim
        self.img_channels = img_channels
        self.width = max(2**14 // levels[-1], 1) if width is None else width
        self.channel_max = channel_max
        policy = {"dtype": self.dtype_policy}
        self.stem = UniformConv2D(self.width, 3, name="stem", **policy)
        self.blocks = [
            PreActivationBlock(
                min(self.width * 2 ** (i + 1), channel_max), name=f"block{i}", **policy
            )
            for i in range(len(levels) - 1)
        ]
        channels = self.blocks[-1].filters
        self.source_head, self.attribute_head = (
            [
                UniformConv2D(channels, (height, width_4), "valid", name=f"{name}0", **policy),
                UniformConv2D(outputs, 1, name=f"{name}1", **policy),
            ]
            for name, outputs in (("source", 1), ("attributes", label_dim))
        )
        self.build()

    def build(self, input_shape=None):
        if self.built:
            return
        height, width = self.resolution
        self.stem.build((None, height, width, self.img_channels))
        channels = self.width
        for block in self.blocks:
            block.build((None, height, width, channels))
            block.built = True
            height, width, channels = height // 2, width // 2, block.filters
        for whole, last in (self.source_head, self.attribute_head):
            whole.build((None, height, width, channels))
            last.build((None, 1, 1, channels))
        self.built = True

    def heads(self, images):
        """(logits of being real [N, 1], logits of attributes [N, L])."""
        shape = (*self.resolution, self.img_channels)
        x = self.stem(pooled_to(tf.cast(images, tf.float32), shape))
        for block in self.blocks:
            x = block(x)
        x = _activated(x)
        heads = (self.source_head, self.attribute_head)
        logits = (last(_activated(whole(x))) for whole, last in heads)
        return tuple(tf.cast(y[:, 0, 0], tf.float32) for y in logits)

    def call(self, images):
        return tf.concat(self.heads(images), axis=-1)

    def get_config(self):
        height, width = self.resolution
        return {
            "name": self.name,
            "dtype": self.dtype_policy.name,
            "resolution": height if height == width else list(self.resolution),
            "label_dim": self.label_dim,
            "img_channels": self.img_channels,
            "width": self.width,
            "channel_max": self.channel_max,
        }
