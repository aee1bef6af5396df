"""Frozen networks beside those that learn: what they draw, and what they say of pictures."""

import numpy as np
import tensorflow as tf

from tfgan_edit.editing.attributes import attribute_places, place_of
from tfgan_edit.editing.image_distances import (
    MAX_SIDE,
    IdentityDistance,
    find_distance,
)
from tfgan_edit.editing.latents import draw_z
from tfgan_edit.editing.scorers import as_scorer, classifier_scorer
from tfgan_edit.losses.attributes import scorer_loss
from tfgan_edit.networks.attribute_classifier import attribute_groups, label_vectors
from tfgan_edit.ops.images import pooled_to

BATCH_SIZE = 16  # faces scored at once


def random_w_plus(generator, size, random):
    """w_plus [size, num_ws, w_dim] of new latents; classes have equal shares.

    Args:
        generator: network with `mapping`, `z_dim` and `label_dim`.
        size: of the batch.
        random: `StepRandom`.
    """
    labels = None
    if generator.label_dim:
        labels = random.integers("labels", size, generator.label_dim)
        labels = tf.one_hot(labels, generator.label_dim)
    return generator.mapping(random.normal("z", size, [generator.z_dim]), labels=labels)


def random_noise(generator, size, random):
    """New noise maps [size, h, w, 1] for each layer, or "none" for a generator without any."""
    maps = [
        random.normal(f"noise_{i}", size, [h, w, 1])
        for i, (h, w) in enumerate(generator.synthesis.noise_shapes)
    ]
    return maps or "none"


class FrozenFaces:
    """Faces whose latents are edited: networks that draw and judge them, and their labels.

    Args:
        config: `ISFGANConfig`.
        networks: {role: network, or `Scorer` for "scorer"}.
        photos: (resolution, colours) of data of photos, or None for latents.
        latent_shape, latents, labels, label_names: as of `ISFGANConfig.build`.
        truncation: (factor, cutoff) of latents.
        seed: of the faces that are scored.

    Attributes:
        generator, encoder, embedding: networks, or None.
        shape: (height, width, colours) of pictures, those of the generator averaged to at most
            511 px.
        label_names: L names of the attributes that are edited.
        bank: labels [M, L] of faces.
        centres: differences [L, w_dim] of the mean latents of the bank's faces with and without a
            label; None for photos.
        labelled: whether the data have latents and all labels of them, so that their pictures need
            not be looked at.
        positive_weights: [L].
        distance, identity: of pictures, the second or None.
    """

    def __init__(
        self,
        config,
        networks,
        *,
        photos,
        latent_shape,
        latents,
        labels,
        label_names,
        truncation,
        seed,
    ):
        if "generator" not in networks:
            raise ValueError("frozen.generator is missing: name the preset whose latents it edits")
        self.generator = networks["generator"]
        self.encoder = networks.get("encoder")
        self.truncation = truncation
        self.noise = config.noise
        height, width = self.generator.resolution
        factor = max(min(height, width) // MAX_SIDE, 1)
        self.shape = (height // factor, width // factor, self.generator.img_channels)
        self._check_sizes(photos, latent_shape)
        self.scorer = None
        names = label_names
        if "scorer" in networks:
            self.scorer = as_scorer(networks["scorer"])
            names = self.scorer.names
        self._check_labels(config, labels, latent_shape)
        self.places = _chosen_places(config.attributes, names)
        self.label_names = [names[i] for i in self.places]
        self.centres = None
        known = labels is not None and list(label_names) == list(names)
        self.labelled = known and latents is not None
        if known:
            self.bank = np.asarray(labels, np.float32)[:, self.places]
            if self.labelled:
                w = self.truncated(self.spread(tf.constant(latents)))[:, 0]
                self.centres = class_centres(w.numpy(), self.bank)
        else:
            self.bank, latents = self._scored(config.bank_size, seed)
            self.centres = class_centres(latents, self.bank)
        self.positive_weights = self._positive_weights(config)
        side = min(self.shape[:2])
        self.distance = find_distance(config.perceptual, side=side, given=config.weights)
        self.identity = None
        if config.identity_weight and "embedding" in networks:
            self.identity = EmbeddingDistance(networks["embedding"])
        elif config.identity_weight:
            self.identity = IdentityDistance(config.weights)

    def _check_sizes(self, photos, latent_shape):
        generator = self.generator
        shape = (generator.num_ws, generator.w_dim)
        if latent_shape is not None and tuple(latent_shape) not in (shape, (1, shape[1])):
            raise ValueError(
                f"the latents have {latent_shape[0]}x{latent_shape[1]} numbers, frozen.generator "
                f"takes {shape[0]}x{shape[1]} or, for all rows, 1x{shape[1]}: give latents of it"
            )
        if (photos is None) != (self.encoder is None):
            raise ValueError(
                "data of photos need frozen.encoder, and no other data does: name the preset of "
                "an encoder, or take LatentsConfig"
            )
        if self.encoder is None:
            return
        if (self.encoder.num_ws, self.encoder.w_dim) != shape:
            raise ValueError(
                f"frozen.encoder gives {self.encoder.num_ws}x{self.encoder.w_dim} numbers, "
                f"frozen.generator takes {shape[0]}x{shape[1]}: train an encoder for it"
            )
        (height, width), colours = np.broadcast_to(photos[0], 2), photos[1]
        if (height, width, colours) != (*generator.resolution, generator.img_channels):
            raise ValueError(
                f"frozen.generator draws {generator.resolution[1]}x{generator.resolution[0]} "
                f"pixels, the photos have {width}x{height} of {colours} colours: prepare them at "
                "its size"
            )

    def _check_labels(self, config, labels, latent_shape):
        if self.scorer is not None:
            return
        if config.scorer_weight:
            raise ValueError(
                "frozen.scorer is missing: trainer.scorer_weight is of its opinion; name a "
                "classifier, or set the weight to 0"
            )
        if labels is None:
            raise ValueError(
                "frozen.scorer is missing: these data have no labels, so a classifier must give "
                "them"
            )
        if config.mix_share and latent_shape is not None:
            raise ValueError(
                "frozen.scorer is missing: mixed latents have other attributes than the data say; "
                "name a classifier, or set trainer.mix_share to 0"
            )

    def _positive_weights(self, config):
        weights = np.ones(len(self.label_names), np.float32)
        if config.balance:
            positive = self.bank.sum(axis=0)
            weights = ((len(self.bank) - positive + 1) / (positive + 1)).astype(np.float32)
        for name, weight in config.positive_weights.items():
            weights[place_of(name, self.label_names)] = weight
        return weights

    def _scored(self, num, seed):
        """Labels [num, L] and w [num, w_dim] of faces that the generator draws."""

        @tf.function(autograph=False)
        def score(z):
            w_plus = self.truncated(self.mapped(z))
            known = self.known_labels(self.images(w_plus, "constant"), {})
            return self.edited_labels(known), w_plus[:, 0]

        size = min(BATCH_SIZE, num)
        z = draw_z(seed, 0, -(-num // size) * size, self.generator.z_dim)
        parts = [score(tf.constant(z[i : i + size])) for i in range(0, len(z), size)]
        return tuple(np.concatenate(x)[:num] for x in zip(*parts, strict=True))

    def mapped(self, z):
        """w_plus [N, num_ws, w_dim] of z; classes of a conditional generator in turn."""
        labels = None
        if self.generator.label_dim:
            classes = tf.range(z.shape[0]) % self.generator.label_dim
            labels = tf.one_hot(classes, self.generator.label_dim)
        return self.generator.mapping(z, labels=labels)

    def spread(self, latents):
        """w or w_plus [N, 1 or num_ws, w_dim] -> [N, num_ws, w_dim]."""
        num_ws = self.generator.num_ws
        return tf.repeat(latents, num_ws, axis=1) if latents.shape[1] == 1 else latents

    def truncated(self, w_plus):
        """w_plus as the data's pictures have it."""
        return self.generator.mapping.truncate(w_plus, *self.truncation)

    def images(self, w_plus, noise):
        """Pictures [N, *shape] of latents, averaged to the size that all losses see."""
        images = self.generator.synthesis(w_plus, noise=noise)
        return pooled_to(tf.cast(images, tf.float32), self.shape)

    def noisy_images(self, w_plus, random):
        """The same with new noise, if the settings say so."""
        noise = self.noise
        if noise == "random":
            noise = random_noise(self.generator, w_plus.shape[0], random)
        return self.images(w_plus, noise)

    def known_labels(self, images, batch):
        """Labels [N, K], 0 or 1, of all that the scorer knows, or else the batch's."""
        if self.scorer is None:
            return batch["labels"]
        return label_vectors(self.scorer.probabilities(images), self.scorer.names)

    def edited_labels(self, known):
        """Those [N, L] of the attributes that are edited."""
        return tf.gather(known, self.places, axis=1)

    def scorer_loss(self, edited, known, targets, temperature=1.0):
        """What the scorer misses in edited pictures: cross-entropy, sum over its attributes: [N].

        Args:
            edited: [N, *shape].
            known: [N, K], labels of their sources.
            targets: [N, L] of the attributes that are edited; the others stay.
            temperature: that log-odds are divided by.
        """
        columns = tf.one_hot(self.places, known.shape[1])  # [L, K]
        edits = tf.matmul(targets, columns)
        labels = tf.where(tf.reduce_any(columns > 0, axis=0), edits, known)
        return scorer_loss(self.scorer.log_odds(edited), labels, temperature)


def class_centres(latents, labels):
    """Differences [L, D] of the means of latents [M, D] with and without each of labels [M, L].

    Zero for a label that all have, or none.
    """
    labels = labels[..., np.newaxis]
    having, without = (
        (mask * latents[:, np.newaxis]).sum(axis=0) / np.maximum(mask.sum(axis=0), 1)
        for mask in (labels, 1 - labels)
    )
    known = (labels.max(axis=0) > 0) & (labels.min(axis=0) < 1)
    return np.where(known, having - without, 0).astype(np.float32)


class EmbeddingDistance:
    """1 - cosine of the features of a classifier of faces.

    Args:
        classifier: `AttributeClassifier`.
    """

    def __init__(self, classifier):
        self.scorer = classifier_scorer(classifier)
        self.identity = {"distance": "embedding", "network": classifier.name}

    def __call__(self, x, y):
        x, y = (tf.math.l2_normalize(self.scorer.embedding(i), axis=-1) for i in (x, y))
        return 1.0 - tf.reduce_sum(x * y, axis=-1)


def _chosen_places(attributes, names):
    """Columns of the labels of attributes, all values of a categorical one; () for all."""
    return sorted(set(attribute_places(attributes or attribute_groups(names), names)))
