"""LPIPS: Zhang et al., "The Unreasonable Effectiveness of Deep Features as a Perceptual Metric",
arXiv 1801.03924, equation 1."""

import keras
from keras import ops

from tfgan_edit.layers.registration import register
from tfgan_edit.networks.features.stacks import VGG, AlexNet, SqueezeNet

BACKBONES = {  # name: (class, the outputs that are compared)
    "alex": (AlexNet, tuple(f"relu{i}" for i in range(1, 6))),
    "vgg": (VGG, ("relu1_2", "relu2_2", "relu3_3", "relu4_3", "relu5_3")),
    "squeeze": (SqueezeNet, ("relu1", "fire3", "fire5", "fire6", "fire7", "fire8", "fire9")),
}
EPSILON = 1e-10  # added to the length of a feature vector


@register
class LPIPSHeads(keras.Model):
    """d(x, y) = sum over layers l of the mean over space of sum_c w_lc (x_lc - y_lc)^2.

    x_lc are activations of channel c, divided by their length over channels. Differentiable; there
    is no dropout.

    Call: `heads(x, y)` with lists of activations [N, h, w, C], one a layer -> [N], float32.

    Args:
        widths: channels of each layer.
    """

    def __init__(self, widths, name=None, dtype=None):
        super().__init__(name=name, dtype=dtype)
        self.widths = tuple(widths)
        self.heads = [
            self.add_weight(name=f"lin{i}", shape=(width,), initializer="ones", dtype="float32")
            for i, width in enumerate(self.widths)
        ]
        self.built = True

    def call(self, x, y):
        total = 0.0
        for a, b, head in zip(x, y, self.heads, strict=True):
            difference = ops.square(_unit(a) - _unit(b))
            total += ops.mean(ops.matmul(difference, head), axis=(1, 2))
        return total

    def get_config(self):
        return {"widths": self.widths, "name": self.name, "dtype": self.dtype_policy.name}


@register
class LPIPS(keras.Model):
    """`LPIPSHeads` of the activations of a backbone.

    Call: `lpips(x, y)` with images [N, H, W, 3] in [-1, 1], of at least 32 px -> [N], float32.

    Args:
        backbone: "alex", "vgg" or "squeeze".
        backbone_settings: arguments of the backbone's class, for other widths.
    """

    def __init__(self, backbone="alex", backbone_settings=None, name=None, dtype=None):
        super().__init__(name=name, dtype=dtype)
        if backbone not in BACKBONES:
            raise ValueError(
                f"backbone must be one of {', '.join(BACKBONES)}. Received: backbone={backbone!r}"
            )
        self.backbone_name = backbone
        self.backbone_settings = {  # as JSON gives them back
            key: list(value) if isinstance(value, tuple) else value
            for key, value in (backbone_settings or {}).items()
        }
        cls, self.taps = BACKBONES[backbone]
        self.backbone = cls(**self.backbone_settings, name="backbone", dtype=self.dtype_policy)
        widths = {key: tensor.shape[-1] for key, tensor in self.backbone.output.items()}
        self.heads = LPIPSHeads(
            [widths[tap] for tap in self.taps], name="heads", dtype=self.dtype_policy
        )
        self.built = True

    def call(self, x, y):
        return self.compare(self.backbone(x), self.backbone(y))

    def compare(self, x, y):
        """Distances [N] of the backbone's outputs {name: [N, h, w, C]} for two batches."""
        return self.heads([x[tap] for tap in self.taps], [y[tap] for tap in self.taps])

    def get_config(self):
        return {
            "backbone": self.backbone_name,
            "backbone_settings": self.backbone_settings,
            "name": self.name,
            "dtype": self.dtype_policy.name,
        }


def _unit(x):
    # The square root has no gradient at zero: a pixel without any activation stays zero.
    squares = ops.sum(ops.square(x), axis=-1, keepdims=True)
    length = ops.sqrt(ops.where(squares > 0, squares, 1.0))
    return x / (ops.where(squares > 0, length, 0.0) + EPSILON)
