"""Metrics of a translation into styles, by GANs N' Roses: its pictures, and what its codes keep."""

import dataclasses
import math

import numpy as np
import tensorflow as tf
from tqdm import tqdm

from tfgan_edit.config import UserError
from tfgan_edit.data.records import canonical_hash
from tfgan_edit.editing.attributes import attribute_classes, common_attributes
from tfgan_edit.metrics.photo_sets import PhotoSet
from tfgan_edit.metrics.registry import metric
from tfgan_edit.networks.gans_n_roses import GansNRosesGenerator
from tfgan_edit.ops.images import image_to_photo, photo_to_image
from tfgan_edit.ops.jitter import NUM_UNIFORM, jitter

VIEWS = 8  # of each face, for the spread of its styles
BATCH_SIZE = 16


@dataclasses.dataclass(frozen=True)
class Translation:
    """Generators of both directions and the faces that are translated.

    Attributes:
        forward: generator from domain A to B.
        backward: generator from B to A, or None.
        faces: uint8 [M, H, W, C] of domain A.
        seed: of styles and views.
        scorers: `Scorer` of faces and one of drawings, or None.
        attributes: that drawings should keep; () for all that both scorers know.
    """

    forward: GansNRosesGenerator
    backward: GansNRosesGenerator | None
    faces: np.ndarray
    seed: int = 0
    scorers: tuple | None = None
    attributes: tuple[str, ...] = ()


class TranslatedPhotos(PhotoSet):
    """Each face in random styles: picture k · i + j is face i in its j-th style of k.

    Every face has styles of its own, which depend on the seed, the face and j alone.

    Args:
        translation: `Translation`.
        styles: k, drawings of each face.
        name: for messages.
        hash: of the generator's weights and the faces.
    """

    def __init__(self, translation, styles, *, name, hash=""):
        self.translation, self.styles, self.name = translation, styles, name
        generator = translation.forward
        self.num = len(translation.faces) * styles
        self.shape = (*generator.resolution, generator.img_channels)
        self.hash = canonical_hash([hash, translation.seed, styles])
        self._draw = tf.function(self._drawn, autograph=False, reduce_retracing=True)

    @property
    def groups(self):
        """{face: numbers of its pictures}."""
        return {
            f"face {i}": range(i * self.styles, (i + 1) * self.styles)
            for i in range(len(self.translation.faces))
        }

    def _drawn(self, photos, styles):
        return image_to_photo(self.translation.forward(photo_to_image(photos), styles))

    def photos(self, numbers):
        """uint8 [n, H, W, C] of the pictures with these numbers."""
        numbers = np.asarray(numbers)
        parts = []
        for start in range(0, len(numbers), BATCH_SIZE):
            faces, places = np.divmod(numbers[start : start + BATCH_SIZE], self.styles)
            photos = tf.constant(self.translation.faces[faces])
            styles = [self._style(*pair) for pair in zip(faces, places, strict=True)]
            parts.append(self._draw(photos, tf.constant(np.stack(styles))).numpy())
        return np.concatenate(parts)

    def _style(self, face, place):
        key = (self.translation.seed, int(face), int(place))
        size = self.translation.forward.style_dim
        return np.random.default_rng(key).standard_normal(size, np.float32)

    def batches(self, num, batch_size):
        for start in range(0, num, batch_size):
            yield self.photos(range(start, min(start + batch_size, num)))


@metric("content", ("translation",))
def content(evaluation, name):
    """What a drawing keeps of a face (1 all, 0 as of another face), and style under augmentation.

    content: 1 - d(c, c') / d(c, others), d the distance of content codes: c of a face, c' of what
    the way back makes of its drawing in a random style. style_spread: variance of the styles of
    views of a face over the variance of those of faces; 0 if the style sees nothing of the place.
    """
    translation = evaluation.translation
    if translation.backward is None:
        raise UserError(f"{name} needs the generators of both directions")
    faces = translation.faces
    if len(faces) < 2:
        raise UserError(f"{name} compares faces with each other: give at least 2")
    evaluation.counts["fake"] = len(faces)
    random = np.random.default_rng(translation.seed)
    codes, returned, styles, spreads = [], [], [], []
    for start in tqdm(range(0, len(faces), BATCH_SIZE), desc=name, unit="batch", delay=5):
        photos = photo_to_image(faces[start : start + BATCH_SIZE])
        size = photos.shape[0]
        z = random.standard_normal((size, translation.forward.style_dim), np.float32)
        code, own = translation.forward.encode(photos)
        drawn = translation.forward.decode(code, z)
        back = translation.backward.decode(translation.backward.encode(drawn)[0], own)
        codes.append(code.numpy())
        returned.append(translation.forward.encode(back)[0].numpy())
        styles.append(own.numpy())
        views = jitter(
            tf.repeat(photos, VIEWS, axis=0),
            random.uniform(size=(size * VIEWS, NUM_UNIFORM)).astype(np.float32),
        )
        of_views = translation.forward.encode(views)[1].numpy().reshape(size, VIEWS, -1)
        spreads.append(of_views.var(axis=1))
    codes, returned = np.concatenate(codes), np.concatenate(returned)
    others = _distance(codes, np.roll(codes, 1, axis=0))
    across = np.concatenate(styles).var(axis=0).mean()
    spread = np.concatenate(spreads).mean() / across if across > 0 else math.inf
    return {
        name: float(1 - _distance(codes, returned) / others),
        f"{name}_style_spread": float(spread),
    }


@metric("kept_attributes", ("translation", "fake"))
def kept_attributes(evaluation, name):
    """Share of drawings that show what their faces do: of each attribute that both scorers name.

    kept_attributes is the mean, …_by_chance the same of drawings and other faces, which agree
    where most are alike.
    """
    translation, drawings = evaluation.translation, evaluation.fake
    if translation.scorers is None:
        raise UserError(f"{name} needs a scorer of faces and one of drawings: give --scorers")
    names = (scorer.names for scorer in translation.scorers)
    common = common_attributes(*names, chosen=translation.attributes)
    evaluation.counts["fake"] = drawings.num
    faces = translation.faces
    parts = (faces[i : i + BATCH_SIZE] for i in range(0, len(faces), BATCH_SIZE))
    first, second = translation.scorers
    shown = attribute_classes(first.of_batches(parts), first.names, common)  # [M, A]
    batches = drawings.batches(drawings.num, BATCH_SIZE)
    total = -(-drawings.num // BATCH_SIZE)
    batches = tqdm(batches, desc=name, total=total, unit="batch", delay=5)
    drawn = attribute_classes(second.of_batches(batches), second.names, common)
    drawn = drawn.reshape(len(faces), -1, len(common))  # [M, k, A]
    kept, chance = (
        np.mean(drawn == classes[:, np.newaxis], axis=(0, 1))
        for classes in (shown, np.roll(shown, 1, axis=0))
    )
    return {
        name: float(kept.mean()),
        f"{name}_by_chance": float(chance.mean()),
        **{f"{name}_{a}": float(share) for a, share in zip(common, kept, strict=True)},
    }


def _distance(a, b):
    """Mean over samples of the length of a difference of codes."""
    difference = (a - b).reshape(len(a), -1).astype(np.float64)
    return np.linalg.norm(difference, axis=1).mean()
