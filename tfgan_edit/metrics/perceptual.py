"""LPIPS with its published weights."""

import tensorflow as tf

from tfgan_edit.checkpoints import layer_names
from tfgan_edit.checkpoints.features import VGG16, fill, fill_heads
from tfgan_edit.config import UserError
from tfgan_edit.metrics.weights import find_file, read_file
from tfgan_edit.networks.features.lpips import LPIPS
from tfgan_edit.ops.images import photo_to_image

BACKBONES = {  # name: (weight file, layer names)
    "alex": ("alexnet", layer_names.alexnet),
    "vgg": ("vgg16", layer_names.vgg(VGG16)),
    "squeeze": ("squeezenet", layer_names.squeezenet),
}
MIN_SIDE = 32  # below, nothing is left behind AlexNet's third pooling


def lpips_files(backbone, version="0.1"):
    """Names of the weight files of an LPIPS network: the backbone's and the heads'."""
    return BACKBONES[backbone][0], f"lpips_{backbone}" + ("" if version == "0.1" else "_v0.0")


def load_lpips(backbone="alex", version="0.1", given=None, network=None):
    """An `LPIPS` network with published weights, frozen, and where they come from.

    Args:
        backbone: "alex" (of the published numbers), "vgg" (of losses and path length), "squeeze".
        version: of the heads; "0.0" are those of the paper's first release.
        given: {name of weights: path} by the user.
        network: `LPIPS` to fill, or None for a new one.

    Raises:
        UserError: weights are missing, damaged or another network's.
    """
    network = LPIPS(backbone) if network is None else network
    files = lpips_files(backbone, version)
    arrays, sources = {}, {}
    for file in files:
        arrays[file], sources[file] = read_file(file, given)
    try:
        fill(network.backbone, arrays[files[0]], BACKBONES[backbone][1])
        fill_heads(network.heads, arrays[files[1]])
    except UserError as error:
        paths = ", ".join(str(find_file(file, given)) for file in files)
        raise UserError(f"{paths}: {error}") from error
    network.trainable = False
    return network, sources


class PairDistance:
    """LPIPS of pairs of photos.

    Args:
        backbone: key of `BACKBONES`.
        given: {name of weights: path} by the user.

    Attributes:
        identity: JSON value that says what computes the distances.
    """

    def __init__(self, backbone, given=None):
        self.network, sources = load_lpips(backbone, given=given)
        self.identity = {
            "extractor": f"lpips_{backbone}",
            "weights": sources,
            "size": None,
            "resize": None,
        }
        self.of_images = tf.function(self.network, autograph=False, reduce_retracing=True)

    def __call__(self, x, y):
        """Photos uint8 [N, H, W, 1 or 3] -> distances float32 [N].

        Raises:
            UserError: photos below 32 px.
        """
        if min(x.shape[1:3]) < MIN_SIDE:
            raise UserError(
                f"LPIPS needs pictures of at least {MIN_SIDE} px, these have "
                f"{x.shape[2]}x{x.shape[1]}"
            )
        return self.of_images(_rgb_image(x), _rgb_image(y)).numpy()


def _rgb_image(photos):
    images = photo_to_image(photos)
    return tf.repeat(images, 3, axis=-1) if images.shape[-1] == 1 else images
