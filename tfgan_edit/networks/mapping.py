"""Mapping network: z -> w (arXiv 1812.04948, section 2; 2006.06676 for labels)."""

import functools

import keras
import tensorflow as tf

from tfgan_edit.layers.equalized import EqualizedDense, check_not_negative, check_positive
from tfgan_edit.layers.registration import register
from tfgan_edit.layers.stylegan import LReLUDense
from tfgan_edit.ops.normalization import normalize_2nd_moment


def latent_shape(generator):
    """Shape of what `synthesis` reads for a picture: (num_ws, w_dim), or that of a stylemap."""
    stylemap = getattr(generator, "stylemap_shape", None)
    return (generator.num_ws, generator.w_dim) if stylemap is None else tuple(stylemap)


@register
class MappingNetwork(keras.Model):
    """Normalised latent and label embedding through fully connected layers.

    Call: `mapping(z, labels=None, truncation=1.0, truncation_cutoff=None)` with `z`
    [N, z_dim] and `labels` [N, label_dim] -> w_plus [N, num_ws, w_dim]; truncation moves the
    first `truncation_cutoff` (default all) rows towards `w_avg`: w_avg + truncation * (w - w_avg).

    Args:
        z_dim: size of z; 0 for a network of labels alone.
        w_dim: size of w.
        num_ws: number of rows that w is repeated to; None returns [N, w_dim].
        label_dim: size of a label vector, 0 for none.
        num_layers: number of layers; 8 as published, 2 for small data sets.
        hidden_dim: width of the layers but the last; default w_dim.
        lr_multiplier: learning rate of the layers relative to the rest.
        joint_norm: normalise z and embedded labels as one vector, the embedding a plain matrix
            [label_dim, z_dim] (StyleGAN, the first StyleGAN2); False: each by itself
            (StyleGAN2-ADA).
        gain_before_bias: the layers are `LReLUDense` (StyleGAN); False: `EqualizedDense`.
    """

    def __init__(
        self,
        z_dim=512,
        w_dim=512,
        num_ws=None,
        label_dim=0,
        num_layers=8,
        hidden_dim=None,
        lr_multiplier=0.01,
        joint_norm=False,
        gain_before_bias=False,
        **kwargs,
    ):
        super().__init__(autocast=False, **kwargs)
        check_positive(w_dim=w_dim, num_ws=num_ws, hidden_dim=hidden_dim)
        check_not_negative(z_dim=z_dim, label_dim=label_dim, num_layers=num_layers)
        check_positive(lr_multiplier=lr_multiplier)
        if z_dim + label_dim < 1:
            raise ValueError(
                f"z_dim or label_dim must be positive. Received: z_dim={z_dim}, "
                f"label_dim={label_dim}"
            )
        self.z_dim = z_dim
        self.w_dim = w_dim
        self.num_ws = num_ws
        self.label_dim = label_dim
        self.num_layers = num_layers
        self.hidden_dim = hidden_dim
        self.lr_multiplier = lr_multiplier
        self.joint_norm = joint_norm
        self.gain_before_bias = gain_before_bias
        width = w_dim if hidden_dim is None else hidden_dim
        self.embed = None
        if label_dim and joint_norm:
            self.embed = keras.layers.Dense(
                z_dim,
                use_bias=False,
                kernel_initializer=keras.initializers.RandomNormal(stddev=1),
                name="embed",
                dtype="float32",
            )
        elif label_dim:
            self.embed = EqualizedDense(w_dim, name="embed")
        dense = functools.partial(EqualizedDense, activation="lrelu")
        dense = LReLUDense if gain_before_bias else dense
        self.dense_layers = [
            dense(
                w_dim if i == num_layers - 1 else width,
                lr_multiplier=lr_multiplier,
                name=f"dense_{i}",
            )
            for i in range(num_layers)
        ]
        self.build()

    def build(self, input_shape=None):
        if self.built:
            return
        size = self.z_dim
        if self.embed is not None:
            self.embed.build((None, self.label_dim))
            size += self.embed.units
        for layer in self.dense_layers:
            layer.build((None, size))
            size = layer.units
        if size != self.w_dim:
            raise ValueError(
                f"a mapping without layers needs w_dim={size}, the size of its input. "
                f"Received: w_dim={self.w_dim}"
            )
        if self.num_ws is not None:
            self.w_avg = self.add_weight(
                name="w_avg",
                shape=(self.w_dim,),
                initializer="zeros",
                trainable=False,
                autocast=False,
            )
        self.built = True

    def call(self, z, labels=None, truncation=1.0, truncation_cutoff=None):
        w = self.w(z, labels)
        if self.num_ws is None:
            return w
        w_plus = tf.repeat(w[:, tf.newaxis], self.num_ws, axis=1)
        return self.truncate(w_plus, truncation, truncation_cutoff)

    def w(self, z, labels=None):
        """w [N, w_dim] before truncation."""
        parts = []
        if self.z_dim:
            if len(z.shape) != 2 or z.shape[1] != self.z_dim:
                raise ValueError(f"z must be [N, {self.z_dim}]. Received: {z.shape}")
            parts.append(tf.cast(z, tf.float32))
        if self.embed is not None:
            if labels is None:
                raise ValueError(
                    f"labels [N, {self.label_dim}] are required by this conditional network. "
                    "Received: labels=None"
                )
            parts.append(tf.cast(self.embed(labels), tf.float32))
        if self.joint_norm:
            x = normalize_2nd_moment(tf.concat(parts, axis=-1))
        else:
            x = tf.concat([normalize_2nd_moment(part) for part in parts], axis=-1)
        for layer in self.dense_layers:
            x = layer(x)
        return x

    def truncate(self, w_plus, truncation=1.0, truncation_cutoff=None):
        """Moves the first rows of w_plus [N, num_ws, w_dim] towards the average w."""
        if isinstance(truncation, (int, float)) and truncation == 1:
            return w_plus
        w_avg = tf.convert_to_tensor(self.w_avg)
        truncated = w_avg + truncation * (w_plus - w_avg)
        if truncation_cutoff is None:
            return truncated
        rows = tf.range(self.num_ws)[:, tf.newaxis]
        return tf.where(rows < truncation_cutoff, truncated, w_plus)

    def get_config(self):
        return {
            "name": self.name,
            "dtype": self.dtype_policy.name,
            "z_dim": self.z_dim,
            "w_dim": self.w_dim,
            "num_ws": self.num_ws,
            "label_dim": self.label_dim,
            "num_layers": self.num_layers,
            "hidden_dim": self.hidden_dim,
            "lr_multiplier": self.lr_multiplier,
            "joint_norm": self.joint_norm,
            "gain_before_bias": self.gain_before_bias,
        }
