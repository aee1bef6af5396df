"""Feature extractors: a frozen network with its weights, its input size and its resizing rule.

Each part moves the numbers, so an extractor is one fixed combination under one name, which the
names of metrics carry: a number is comparable with others of the same extractor only.
"""

import dataclasses
import functools
from collections.abc import Callable

import numpy as np
import tensorflow as tf
from tqdm import tqdm

from tfgan_edit.checkpoints import layer_names
from tfgan_edit.checkpoints.features import VGG16, fill
from tfgan_edit.config import UserError
from tfgan_edit.metrics.resizing import resize
from tfgan_edit.metrics.weights import fill_values, find_file, read_file
from tfgan_edit.networks.features.arcface import ArcFace
from tfgan_edit.networks.features.dlib_faces import DlibAge, DlibGender
from tfgan_edit.networks.features.efficientnet import EfficientNetLite
from tfgan_edit.networks.features.faces import Emotion, FaceRes
from tfgan_edit.networks.features.frozen import IMAGENET_MEAN, IMAGENET_STD
from tfgan_edit.networks.features.inception import InceptionV3
from tfgan_edit.networks.features.stacks import VGG
from tfgan_edit.ops.images import photo_to_image

BATCH_SIZE = 32  # pictures: 19 MB of activations each in the widest network, Inception


@dataclasses.dataclass(frozen=True)
class Extractor:
    """What is measured with.

    Attributes:
        build: () -> the network, with random weights.
        load: (network, {file name: arrays}) -> None, sets the weights.
        files: names of weight files, keys of `weights.FILES`.
        output: which of the network's outputs is meant by "features".
        size: side of the network's square input, pixels.
        rule: how pictures become that size, a key of `resizing.RULES`.
        box: (top, left, bottom, right) of the part of a picture that is looked at, as fractions
            of its sides.
    """

    build: Callable
    load: Callable
    files: tuple[str, ...]
    output: str
    size: int
    rule: str
    box: tuple[float, float, float, float] = (0.0, 0.0, 1.0, 1.0)

    def inputs(self, photos):
        """What the network takes, [N, size, size, 3] in [-1, 1], of photos in [0, 255].

        Args:
            photos: tensor [N, H, W, 1 or 3].
        """
        if photos.shape[-1] == 1:
            photos = tf.repeat(photos, 3, axis=-1)
        sides = np.array([*photos.shape[1:3]] * 2)
        top, left, bottom, right = np.round(self.box * sides).astype(int)
        photos = photos[:, top:bottom, left:right]
        return photo_to_image(resize(photos, (self.size, self.size), self.rule))


def _inception(file, **settings):
    """Extractor of an Inception v3; 299 px."""
    return Extractor(
        build=functools.partial(InceptionV3, **settings),
        load=lambda network, arrays: fill(network, arrays[file], layer_names.inception, 1e-3),
        files=(file,),
        output="features",
        size=299,
        rule="bilinear_tf1",
    )


def _face(network, file, output, size, values_of, box):
    """Extractor of a small network of faces; `box` is of faces that are aligned as in FFHQ."""
    return Extractor(
        build=network,
        load=lambda network, arrays: fill_values(network, arrays[file], values_of),
        files=(file,),
        output=output,
        size=size,
        rule="bilinear_antialiased",
        box=box,
    )


_FACE, _DLIB_FACE = (0.22, 0.15, 0.92, 0.85), (0.26, 0.18, 0.9, 0.82)
_IMAGENET = {"mean": IMAGENET_MEAN, "std": IMAGENET_STD}
_FID = _inception("inception")
EXTRACTORS = {
    "lite0": Extractor(
        build=EfficientNetLite,
        load=lambda network, arrays: fill(network, arrays["lite0"], layer_names.lite0, 1e-3),
        files=("lite0",),
        output="features",
        size=224,
        rule="bicubic_antialiased",
    ),
    # The FID as it was first published and as NVIDIA computes it …
    "inception": _FID,
    "inception_logits": dataclasses.replace(_FID, output="logits"),
    # … after the resizing of "clean FID" (arXiv 2104.11222) …
    "inception_clean": dataclasses.replace(_FID, rule="bicubic_antialiased"),
    # … and as StyleMapGAN's code computes it, with another normalisation of colours.
    "inception_stylemapgan": dataclasses.replace(
        _inception("inception", **_IMAGENET), rule="bilinear_half_pixel"
    ),
    # Of ISF-GAN and StarGAN v2, whose "FID" is of another network.
    "inception_torchvision": dataclasses.replace(
        _inception(
            "inception_torchvision",
            classes=1000,
            last_pool="average",
            count_padding=True,
            **_IMAGENET,
        ),
        rule="bilinear_antialiased",
    ),
    # Of precision and recall (arXiv 1904.06991): the second dense layer.
    "vgg16": Extractor(
        build=functools.partial(VGG, dense=4096),
        load=lambda network, arrays: fill(network, arrays["vgg16"], layer_names.vgg(VGG16)),
        files=("vgg16",),
        output="fc2",
        size=224,
        rule="bicubic_antialiased",
    ),
    # Of ISF-GAN's identity score: at 256 px, rows 35-222 and columns 32-219, averaged to 112.
    "arcface": Extractor(
        build=ArcFace,
        load=lambda network, arrays: fill(network, arrays["arcface"], layer_names.arcface),
        files=("arcface",),
        output="embedding",
        size=112,
        rule="adaptive_average",
        box=(35 / 256, 32 / 256, 223 / 256, 220 / 256),
    ),
    "faceres": _face(FaceRes, "faceres", "embedding", 224, layer_names.faceres_values, _FACE),
    "faceres_male": _face(FaceRes, "faceres", "male", 224, layer_names.faceres_values, _FACE),
    "faceres_age": _face(FaceRes, "faceres", "age", 224, layer_names.faceres_values, _FACE),
    "emotion": _face(
        Emotion, "emotion", "expressions", 64, layer_names.emotion_values, (0.25, 0.18, 0.92, 0.82)
    ),
    "dlib_male": _face(
        DlibGender, "dlib_gender", "male", 32, layer_names.dlib_gender_values, _DLIB_FACE
    ),
    "dlib_age": _face(DlibAge, "dlib_age", "age", 64, layer_names.dlib_age_values, _DLIB_FACE),
}


def load_network(name, given=None):
    """The network of an extractor with its trained weights, frozen, and where they come from.

    Args:
        name: key of `EXTRACTORS`.
        given: {name of weights: path} by the user.

    Raises:
        UserError: weights are missing, damaged or another network's.
    """
    extractor = EXTRACTORS[name]
    arrays, sources = {}, {}
    for file in extractor.files:
        arrays[file], sources[file] = read_file(file, given)
    network = extractor.build()
    try:
        extractor.load(network, arrays)
    except UserError as error:
        paths = ", ".join(str(find_file(file, given)) for file in extractor.files)
        raise UserError(f"{paths}: {error}") from error
    network.trainable = False
    return network, sources


class FeatureFunction:
    """Photos -> features.

    Args:
        name: key of `EXTRACTORS`.
        given: {name of weights: path} by the user.
        batch_size: photos at once on each replica; a batch that is smaller is filled up, so that
            one graph is compiled.
        strategy: `tf.distribute.Strategy` of one process; default: one device.

    Attributes:
        batch_size: photos at once on all replicas.
        identity: JSON value that says what computes the features: equal identity, equal numbers.
    """

    def __init__(self, name, given=None, batch_size=BATCH_SIZE, strategy=None):
        self.extractor = EXTRACTORS[name]
        self.strategy = strategy or tf.distribute.get_strategy()
        self.batch_size = batch_size * self.strategy.num_replicas_in_sync
        with self.strategy.scope():
            self.network, sources = load_network(name, given)
        self.identity = {
            "extractor": name,
            "output": self.extractor.output,
            "weights": sources,
            "size": self.extractor.size,
            "resize": self.extractor.rule,
            "box": list(self.extractor.box),
        }
        self._compute = tf.function(
            lambda photos: self.strategy.run(self.of_tensor, args=(photos,)), autograph=False
        )

    def of_tensor(self, photos):
        """The same within a graph: [N, H, W, 1 or 3] in [0, 255] -> float32 [N, D], a tensor."""
        images = self.extractor.inputs(photos)
        return self.network(images, training=False)[self.extractor.output]

    def __call__(self, photos):
        """uint8 [N, H, W, 1 or 3] -> float32 [N, D]."""
        count = len(photos)
        filled = np.zeros((self.batch_size, *photos.shape[1:]), np.uint8)
        filled[:count] = photos
        shares = np.split(filled, self.strategy.num_replicas_in_sync)
        shared = self.strategy.experimental_distribute_values_from_function(
            lambda replica: tf.constant(shares[replica.replica_id_in_sync_group])
        )
        features = self.strategy.experimental_local_results(self._compute(shared))
        return np.concatenate(features)[:count]

    def of_all(self, photos):
        """uint8 [N, H, W, C], any N -> float32 [N, D]."""
        starts = range(0, len(photos), self.batch_size)
        return np.concatenate([self(photos[i : i + self.batch_size]) for i in starts])

    def of_photos(self, photo_set, num, title="features"):
        """Features float32 [num, D] of the first `num` of a set, with a bar after 5 s.

        Raises:
            UserError: features that are not finite.
        """
        rows = None
        with tqdm(total=num, desc=title, unit="image", delay=5) as bar:
            done = 0
            for photos in photo_set.batches(num, self.batch_size):
                features = self(photos)
                if not np.all(np.isfinite(features)):
                    raise UserError(f"{photo_set.name}: features of its pictures are not finite")
                rows = np.empty((num, features.shape[1]), np.float32) if rows is None else rows
                rows[done : done + len(features)] = features
                done += len(features)
                bar.update(len(features))
        return rows
