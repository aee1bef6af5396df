"""What feature networks share: images in, named float32 tensors out, batch norm folded in."""

import keras
from keras import ops

from tfgan_edit.layers.registration import register

# Means and deviations of ImageNet's colours in [0, 1], in which most of these were trained.
IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class FeatureNetwork(keras.Model):
    """A functional graph of images [N, H, W, C], float32 in [-1, 1].

    Batch normalisation of a trained network is an affine map; it is folded into the convolution
    before it, of which only kernel and bias are left.

    Args:
        graph: function of (images, `Layers`) -> {name: tensor}.
        input_shape: (H, W, C), with None for sides that may vary.
        settings: what `get_config` returns beside name and dtype.
    """

    def __init__(self, graph, input_shape, settings, name=None, dtype=None):
        policy = keras.dtype_policies.get(dtype or keras.config.dtype_policy())
        images = keras.Input(input_shape, name="images", dtype="float32")
        outputs = graph(images, Layers(policy))
        outputs = {
            key: keras.layers.Activation("linear", dtype="float32", name=f"output_{key}")(value)
            for key, value in outputs.items()
        }
        super().__init__(inputs=images, outputs=outputs, name=name)
        self.dtype_policy = policy
        self._settings = settings

    def get_config(self):
        return {**self._settings, "name": self.name, "dtype": self.dtype_policy.name}


class Layers:
    """Makes the layers of one network, all with its dtype policy."""

    def __init__(self, policy):
        self.policy = policy

    def rescale(self, x, mean, std):
        """Images in [-1, 1] as (p - mean) / std of colours p in [0, 1]; one value a channel."""
        pairs = list(zip(mean, std, strict=True))
        scale, offset = [0.5 / s for _, s in pairs], [(0.5 - m) / s for m, s in pairs]
        return keras.layers.Rescaling(scale, offset, dtype="float32", name="rescale")(x)

    def conv(
        self,
        x,
        filters,
        kernel,
        strides=1,
        *,
        name,
        activation=None,
        padding="same",
        use_bias=True,
    ):
        """Convolution. An integer padding pads so many zeros on each side."""
        if isinstance(padding, int):
            x = keras.layers.ZeroPadding2D(padding, dtype=self.policy)(x) if padding else x
            padding = "valid"
        layer = keras.layers.Conv2D(
            filters,
            kernel,
            strides,
            padding,
            activation=activation,
            use_bias=use_bias,
            name=name,
            dtype=self.policy,
        )
        return layer(x)

    def depthwise(self, x, kernel, strides=1, *, name, activation=None, use_bias=True):
        """Depthwise convolution."""
        layer = keras.layers.DepthwiseConv2D(
            kernel,
            strides,
            "same",
            activation=activation,
            use_bias=use_bias,
            name=name,
            dtype=self.policy,
        )
        return layer(x)

    def prelu(self, x, *, name):
        """max(x, 0) + slope · min(x, 0), a slope each a channel."""
        return keras.layers.PReLU(shared_axes=(1, 2), name=name, dtype=self.policy)(x)

    def affine(self, x, *, name):
        """`ChannelAffine`."""
        return ChannelAffine(name=name, dtype=self.policy)(x)

    def dense(self, x, units, *, name, activation=None):
        """Dense layer."""
        return keras.layers.Dense(units, activation, name=name, dtype=self.policy)(x)

    def max_pool(self, x, size=3, strides=2, padding="valid"):
        """Largest value of windows."""
        return keras.layers.MaxPooling2D(size, strides, padding, dtype=self.policy)(x)

    def average_pool(self, x, size=2, strides=2):
        """Mean of windows."""
        return keras.layers.AveragePooling2D(size, strides, dtype=self.policy)(x)

    def mean(self, x):
        """Mean over space, in float32."""
        return keras.layers.GlobalAveragePooling2D(dtype="float32")(x)

    def add(self, *tensors):
        """Sum."""
        return keras.layers.Add(dtype=self.policy)(tensors)

    def concatenate(self, *tensors):
        """Channels one after another."""
        return keras.layers.Concatenate(dtype=self.policy)(tensors)


@register
class ChannelAffine(keras.layers.Layer):
    """scale · x + offset, a number each a channel: batch normalisation once it is trained."""

    def build(self, input_shape):
        shape = (input_shape[-1],)
        self.scale = self.add_weight(name="scale", shape=shape, initializer="ones")
        self.offset = self.add_weight(name="offset", shape=shape, initializer="zeros")

    def call(self, x):
        return x * ops.cast(self.scale, x.dtype) + ops.cast(self.offset, x.dtype)
