"""Training a classifier of labelled attributes, which later scores generated pictures."""

import dataclasses

import keras
import numpy as np
import tensorflow as tf

from tfgan_edit.config import UserError
from tfgan_edit.networks.attribute_classifier import AttributeClassifier
from tfgan_edit.ops.images import photo_to_image
from tfgan_edit.ops.jitter import NO_JITTER, NUM_UNIFORM, JitterConfig, jitter
from tfgan_edit.trainers.gan import GANTrainer, Phase
from tfgan_edit.trainers.optimizers import FusedAdam


@dataclasses.dataclass(frozen=True)
class AttributeClassifierConfig:
    """Settings of an attribute classifier.

    It learns from the data's labels, binary or categorical (`hair_color=black`). Photos outside
    of `data.subset` are held out: they measure it and calibrate its probabilities. The
    augmentation bridges what sets generated pictures apart from the data: shifts, blur, tints and
    noise.
    """

    width: int = 16  # channels at half the resolution, doubled at every halving …
    max_width: int = 128  # … up to this
    feature_dim: int = 128  # size of the embedding
    learning_rate: float = 0.02
    ema_kimg: float = 5.0  # half-life of the averaged weights, thousand images
    max_shift: float = 0.05  # of the sides, in whole pixels
    blur: float = 1.0  # up to this share of a picture is at half its resolution
    brightness: float = 0.05  # standard deviation of an offset a picture and colour
    noise: float = 0.05  # standard deviation of Gaussian noise on pixels
    flip: bool = False  # left to right with probability 1/2
    jitter: JitterConfig = NO_JITTER  # views, for those who judge views: see `ops.jitter.jitter`

    method = "attribute_classifier"

    def tiny(self):
        """The same settings with a network of a few channels."""
        return dataclasses.replace(self, width=4, max_width=8, feature_dim=8)

    def build(
        self,
        *,
        resolution,
        img_channels=3,
        label_dim=0,
        labels=None,
        label_names=None,
        precision="float32",
        jit_compile=False,
        half_activations=True,
        seed=0,
    ):
        """Returns an `AttributeClassifierTrainer` with a new network.

        Args:
            resolution: int or (height, width) of the photos, multiples of 4.
            img_channels: number of colours.
            label_dim: L, number of labels.
            labels: [M, L], 0 or 1, one value a categorical attribute.
            label_names: L names.
            precision, jit_compile, seed: as of every trainer.
            half_activations: not used; activations stay in float32.

        Raises:
            UserError: no labels, or labels that are not of attributes.
        """
        if not label_dim:
            raise UserError(
                "an attribute classifier learns from labels: set data.labels=true and give data "
                "that have some (prepare_data --labels)"
            )
        keras.utils.set_random_seed(seed)
        classifier = AttributeClassifier(
            resolution,
            label_names,
            img_channels=img_channels,
            width=self.width,
            max_width=self.max_width,
            feature_dim=self.feature_dim,
            dtype=precision,
            name="classifier",
        )
        check_labels(labels, classifier)
        return AttributeClassifierTrainer(
            classifier,
            self,
            jit_compile=jit_compile,
            loss_scaling=precision == "mixed_float16",
            seed=seed,
        )

    def check(self, *, batch_size, num_replicas):
        """Raises UserError for values that no training can have."""
        if not 0 <= self.max_shift < 0.5:
            raise UserError(f"trainer.max_shift must be in 0…0.5, got {self.max_shift}")
        if not 0 <= self.blur <= 1:
            raise UserError(f"trainer.blur must be in 0…1, got {self.blur}")


def check_labels(labels, classifier):
    """Raises a UserError unless every attribute is 0 or 1, or has exactly one value."""
    for attribute, places in classifier.groups.items():
        values = labels[:, places]
        if not np.isin(values, (0, 1)).all():
            raise UserError(
                f"label {attribute!r} holds numbers besides 0 and 1: replace them by words, which "
                "become categories, or leave the column out"
            )
        if len(places) > 1 and not (values.sum(axis=1) == 1).all():
            raise UserError(f"label {attribute!r} must have exactly one value for every photo")


class AttributeClassifierTrainer(GANTrainer):
    """One network and one phase.

    `batch` is {"photos": uint8 or "images": float in [-1, 1], [n, H, W, C]; "labels": [n, L]}.

    Args:
        classifier: `AttributeClassifier`.
        config: `AttributeClassifierConfig`.
        others: as in `GANTrainer`.
    """

    pictures_per_sample = 2

    def __init__(self, classifier, config, **kwargs):
        super().__init__(
            {"classifier": classifier},
            averaged=["classifier"],
            phases=[Phase("main", "classifier")],
            optimizers={"classifier": FusedAdam(config.learning_rate, beta_2=0.99)},
            **kwargs,
        )
        self.config = config

    def phase_loss(self, phase, batch, random):
        """Mean cross-entropy over the attributes."""
        images = batch["images"] if "images" in batch else photo_to_image(batch["photos"])
        labels = batch["labels"]
        logits = self.classifier(self.augmented(images, random))
        losses, hits = [], []
        for places in self.classifier.groups.values():
            of_labels, of_logits = (tf.gather(x, places, axis=1) for x in (labels, logits))
            if len(places) == 1:
                loss = tf.nn.sigmoid_cross_entropy_with_logits(of_labels, of_logits)[:, 0]
                hit = tf.equal(of_logits[:, 0] > 0, of_labels[:, 0] > 0.5)
            else:
                loss = tf.nn.softmax_cross_entropy_with_logits(of_labels, of_logits)
                hit = tf.equal(tf.argmax(of_logits, axis=1), tf.argmax(of_labels, axis=1))
            losses.append(loss)
            hits.append(tf.cast(hit, tf.float32))
        loss = tf.reduce_mean(tf.stack(losses, axis=1), axis=1)
        return loss, {"Loss/cross_entropy": loss, "Accuracy/train": tf.stack(hits)}, []

    def augmented(self, images, random):
        """Images [n, H, W, C] with another view, shift, blur, tint and noise each, in [-1, 1]."""
        config, (size, height, width, colours) = self.config, images.shape
        if config.jitter != NO_JITTER:
            uniform = random.uniform("jitter", size, [NUM_UNIFORM])
            images = jitter(images, uniform, **dataclasses.asdict(config.jitter))
        if config.flip:
            coins = random.integers("flip", size, 2)[:, tf.newaxis, tf.newaxis, tf.newaxis]
            images = tf.where(coins > 0, tf.reverse(images, [2]), images)
        for axis, side in ((1, height), (2, width)):
            limit = round(config.max_shift * side)
            shift = random.integers(f"shift_{axis}", size, 2 * limit + 1) - limit
            places = tf.range(side) + shift[:, tf.newaxis]
            places = tf.clip_by_value(places, 0, side - 1)  # pixels of the edge repeat
            images = tf.gather(images, places, axis=axis, batch_dims=1)
        coarse = tf.image.resize(tf.nn.avg_pool2d(images, 2, 2, "VALID"), (height, width))
        shares = tf.cast(random.integers("blur", size, 256), tf.float32) / 255 * config.blur
        images += shares[:, tf.newaxis, tf.newaxis, tf.newaxis] * (coarse - images)
        images += config.brightness * random.normal("brightness", size, [1, 1, colours])
        images += config.noise * random.normal("noise", size, [height, width, colours])
        return tf.clip_by_value(images, -1.0, 1.0)

    def average_decay(self, images_seen, batch_size):
        return self.half_life_decay(self.config.ema_kimg, images_seen, batch_size)

    def sampler(self, examples, seed):
        """Beside each photo a table: a row a label, its truth on the left, its score right."""
        photos, truth = examples["photos"], np.asarray(examples["labels"], np.float32)
        classifier = self.averages["classifier"]

        @tf.function(autograph=False)
        def score(photos):
            return classifier.probabilities(classifier(photo_to_image(photos)))

        def draw():
            scores = score(tf.constant(photos)).numpy()
            table = as_table(np.stack([truth, scores], axis=2), photos.shape[1:])
            return np.concatenate([photos, table], axis=2)

        return photos, draw


def as_table(values, shape):
    """Values [N, rows, columns] in [0, 1] as grey cells: uint8 [N, H, W, C], shape (H, W, C)."""
    height, width, colours = shape
    count, rows, columns = values.shape
    cells = values[:, np.arange(height) * rows // height]
    cells = cells[:, :, np.arange(width) * columns // width]
    grey = np.clip(np.round(255 * cells), 0, 255).astype(np.uint8)
    return np.repeat(grey[..., np.newaxis], colours, axis=3)
