"""Distances between images that gradients flow through: what projection and encoders minimise.

Which one is used is always said: numbers of different distances do not compare.
"""

import keras
import tensorflow as tf

from tfgan_edit.config import UserError
from tfgan_edit.metrics.extractors import FeatureFunction, load_network
from tfgan_edit.metrics.perceptual import MIN_SIDE, load_lpips, lpips_files
from tfgan_edit.metrics.weights import find_file
from tfgan_edit.networks.features.efficientnet import Stage
from tfgan_edit.ops.images import photo_to_image

MAX_SIDE = 256  # larger images are averaged down first (arXiv 1912.04958, appendix D)
COARSEST = 8  # pixels of the smallest scale of `PixelDistance`


class ImageDistance:
    """Distance of images to targets whose features are computed once.

    distance.compare(distance.features(x), distance.features(y)) -> float32 [N], for x and y
    [N, H, W, 1 or 3] in [-1, 1].

    Attributes:
        name: key of `DISTANCES`.
        what: a few words for messages and reports.
        identity: JSON value that says what computes it, the hashes of weight files among it.
    """

    name: str
    what: str
    identity: dict

    def features(self, images):
        """A structure of tensors [N, …]."""
        raise NotImplementedError

    def compare(self, x, y):
        """Distances [N] of two structures of features."""
        raise NotImplementedError

    def __call__(self, x, y):
        return self.compare(self.features(x), self.features(y))


class PixelDistance(ImageDistance):
    """Mean squared difference, averaged over scales: the image and its halves down to 8 px."""

    name, what = "pixels", "squared differences of pixels at several scales"

    def __init__(self, given=None):
        self.identity = {"distance": self.name}

    def features(self, images):
        scales = [limit_size(images)]
        while min(scales[-1].shape[1:3]) >= 2 * COARSEST:
            scales.append(tf.nn.avg_pool2d(scales[-1], 2, 2, "VALID"))
        return scales

    def compare(self, x, y):
        errors = [
            tf.reduce_mean(tf.square(a - b), axis=(1, 2, 3)) for a, b in zip(x, y, strict=True)
        ]
        return tf.add_n(errors) / len(errors)


class LPIPSDistance(ImageDistance):
    """LPIPS with VGG16, the distance of StyleGAN2's projector; of images of at least 32 px."""

    name, what = "lpips_vgg", "LPIPS with VGG16"
    backbone = "vgg"

    def __init__(self, given=None):
        self.network, sources = load_lpips(self.backbone, given=given)
        self.identity = {"distance": self.name, "weights": sources}

    def features(self, images):
        return self.network.backbone(_rgb(limit_size(images)))

    def compare(self, x, y):
        return self.network.compare(x, y)


class LPIPSAlexDistance(LPIPSDistance):
    """LPIPS with AlexNet, the distance of StarGAN v2 and ISF-GAN."""

    name, what = "lpips_alex", "LPIPS with AlexNet"
    backbone = "alex"


class Lite0Distance(ImageDistance):
    """EfficientNet-Lite0's activations before each of its strides, and pixels.

    As in LPIPS (arXiv 1801.03924, eq. 1), activations are divided by their length over channels
    and squared differences averaged over space; but all channels weigh the same, and nothing was
    fitted to what people see. `PixelDistance` is added, as this network hardly sees colours.
    """

    name, what = "lite0", "EfficientNet-Lite0's features and pixels"

    def __init__(self, given=None):
        network, sources = load_network("lite0", given)
        self.pixels = PixelDistance()
        self.identity = {"distance": self.name, "weights": sources}
        taps = {name: network.get_layer(name).output for name in _strided(network)}
        self.network = keras.Model(network.inputs, taps)
        self.network.trainable = False

    def features(self, images):
        images = limit_size(images)
        maps = self.network(_rgb(images), training=False)
        units = {k: tf.math.l2_normalize(m, axis=-1, epsilon=1e-6) for k, m in maps.items()}
        return units, self.pixels.features(images)

    def compare(self, x, y):
        (x, x_pixels), (y, y_pixels) = x, y
        total = self.pixels.compare(x_pixels, y_pixels)
        for name, units in x.items():
            difference = tf.reduce_sum(tf.square(units - y[name]), axis=-1)
            total += tf.reduce_mean(difference, axis=(1, 2))
        return total


def _strided(network):
    """Names of the layers that each strided block of an EfficientNet-Lite begins with."""
    names, number = [], 0
    for stage in (Stage(*stage) for stage in network.get_config()["stages"]):
        if stage.strides > 1 and stage.expansion > 1:
            names.append(f"block{number}_expand")
        number += stage.repeats
    return names


class IdentityDistance(ImageDistance):
    """1 - cosine of ArcFace's embeddings of faces (pSp, arXiv 2008.00951, eq. 4)."""

    name, what = "identity", "ArcFace's identity"

    def __init__(self, given=None):
        self.function = FeatureFunction("arcface", given)
        self.identity = self.function.identity

    def features(self, images):
        embeddings = self.function.of_tensor((images + 1.0) * 127.5)
        return tf.math.l2_normalize(embeddings, axis=-1)

    def compare(self, x, y):
        return 1.0 - tf.reduce_sum(x * y, axis=-1)


# Best first; what comes behind pixels, which need no weights, is taken by name only.
DISTANCES = {
    d.name: d for d in (LPIPSDistance, Lite0Distance, PixelDistance, LPIPSAlexDistance)
}
FILES = {
    "lpips_vgg": lpips_files("vgg"),
    "lite0": ("lite0",),
    "pixels": (),
    "lpips_alex": lpips_files("alex"),
}


def find_distance(name="auto", *, side, given=None):
    """The distance of that name, or the best one whose weights are here.

    Args:
        name: key of `DISTANCES`, or "auto".
        side: of the images, the shorter one, pixels.
        given: {name of weights: path} by the user.

    Raises:
        UserError: an unknown name, missing weights, or images too small for it.
    """
    if name == "auto":
        name = next(key for key in DISTANCES if _fits(key, side, given))
    elif name not in DISTANCES:
        raise UserError(f"distance {name!r} is unknown: use auto, {', '.join(DISTANCES)}")
    elif name != "pixels" and side < MIN_SIDE:
        raise UserError(
            f"distance {name!r} needs images of at least {MIN_SIDE} px, these have {side}: "
            "use pixels"
        )
    return DISTANCES[name](given)


class PhotoDistance:
    """A distance of photos, with one graph for all batches: `distance(x, y)` with x and y uint8
    [N, H, W, 1 or 3] -> float32 [N].

    Args:
        distance: `ImageDistance`.

    Attributes:
        name, identity: of it.
    """

    def __init__(self, distance):
        self.name, self.identity = distance.name, distance.identity
        self._of_photos = tf.function(
            lambda x, y: distance(photo_to_image(x), photo_to_image(y)),
            autograph=False,
            reduce_retracing=True,
        )

    def __call__(self, x, y):
        return self._of_photos(tf.constant(x), tf.constant(y)).numpy()


def _fits(name, side, given):
    if name != "pixels" and side < MIN_SIDE:
        return False
    try:
        for file in FILES[name]:
            find_file(file, given)
    except UserError:
        return False
    return True


def limit_size(images):
    """Images averaged down by a whole factor so that the shorter side is at most 511 px."""
    factor = min(images.shape[1:3]) // MAX_SIDE
    return tf.nn.avg_pool2d(images, factor, factor, "VALID") if factor > 1 else images


def _rgb(images):
    return tf.repeat(images, 3, axis=-1) if images.shape[-1] == 1 else images
