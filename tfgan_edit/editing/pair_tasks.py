"""What pairs of pictures for one-pass edits are made of, see `editing.pairs.make_pairs`.

Sections 3.1 and 3.2 of StyleGAN2 Distillation (Viazovetskyi et al., arXiv 2003.03581): photos along
a direction, of which a scorer chooses two; mixes and blends of two photos. And, beyond the paper,
latents that are optimised one by one, for attributes that no straight line changes.
"""

import collections
import dataclasses

import numpy as np
import tensorflow as tf

from tfgan_edit.config import UserError
from tfgan_edit.editing.attributes import (
    attribute_classes,
    class_certainties,
    edited_attributes,
    place_of,
)
from tfgan_edit.editing.pair_choice import choose_pairs
from tfgan_edit.editing.refinement import LatentRefiner
from tfgan_edit.networks.attribute_classifier import attribute_groups
from tfgan_edit.ops.images import photo_to_image

CANDIDATES = 8  # faces looked at for each that is used, where some are preferred


class AttributePairs:
    """Photos without and with an attribute.

    Args:
        direction: `Direction`.
        scorer: `Scorer`.
        attribute: a name of the scorer's, or `a:b` for pairs from b to a.
        strengths: of the pictures of a set, in units of the direction.
        threshold: probability from which a picture certainly belongs to a class.
        keep: names of attributes in which a pair must agree.
        bounds: `editing.pair_choice.DistanceBound`s.
        reverse: pairs from photos with the attribute to photos without it.
        balance: names of attributes whose classes should be as frequent as each other among the
            faces; as far as `CANDIDATES` times as many faces allow.

    Raises:
        UserError: unknown names, or values out of range.
    """

    kind, latents_per_set, planes = "attribute", 1, ("photo",) * 3

    def __init__(
        self, direction, scorer, attribute, *, strengths, threshold=0.9, keep=(), bounds=(),
        reverse=False, balance=(),
    ):
        self.direction, self.scorer, self.attribute = direction, scorer, attribute
        self.strengths, self.threshold = tuple(strengths), threshold
        self.keep, self.bounds, self.reverse = tuple(keep), tuple(bounds), reverse
        self.balance = tuple(balance)
        if not 0.5 <= threshold < 1:
            raise UserError(f"threshold {threshold:g} must be in 0.5…1, below 1")
        if len(set(self.strengths)) < max(len(self.strengths), 2):
            raise UserError(f"strengths {self.strengths} must be two or more different numbers")
        for name in attribute.split(":"):
            place_of(name, scorer.names)  # checks it
        edited = edited_attributes(attribute)
        others = [name for name in attribute_groups(scorer.names) if name not in edited]
        for flag, names in (("keep", self.keep), ("balance", self.balance)):
            for name in names:
                if name not in others:
                    raise UserError(f"{flag} {name!r}: must be one of {', '.join(others)}")

    @property
    def request(self):
        """What was asked for, JSON values for the manifest."""
        balance = {"balance": self.balance} if self.balance else {}
        return {
            **balance,
            "kind": self.kind,
            "attribute": self.attribute,
            "reverse": self.reverse,
            "strengths": self.strengths,
            "threshold": self.threshold,
            "keep": self.keep,
            "bounds": [bound.request for bound in self.bounds],
            "names": self.scorer.names,
        }

    @property
    def parents(self):
        """{what: hash} of what the pairs are made from."""
        return {"direction": self.direction.hash, "scorer": self.scorer.sha256}

    @property
    def pictures_per_set(self):
        """Number of pictures drawn for one pair."""
        return len(self.strengths)

    @property
    def candidates(self):
        """Number of latents that `choose` wants to see for each that is used."""
        return CANDIDATES if self.balance else 1

    def choose(self, scores, num, random):
        """Places of `num` sets among candidates.

        Each has a chance in inverse proportion to how frequent its classes are (weighted sampling
        without replacement, Efraimidis and Spirakis, 2006).

        Args:
            scores: probabilities [C, K] of the unchanged faces.
            num: how many.
            random: `np.random.RandomState`.
        """
        weights = np.ones(len(scores))
        for classes in attribute_classes(scores, self.scorer.names, self.balance).T:
            _, own, counts = np.unique(classes, return_inverse=True, return_counts=True)
            weights /= counts[own]
        keys = np.log(random.uniform(size=len(scores))) / weights
        keys[~self._usable(scores)] = -np.inf
        return np.argsort(-keys, kind="stable")[:num]

    def _usable(self, scores):
        return np.ones(len(scores), bool)

    def prepare(self, preset):
        """Before `compute`; raises a `UserError` if the direction is of another generator."""
        self.direction.check(preset.require("generator"), preset.sha256)

    def compute(self, generator, w_plus, photos_of):
        """w_plus [B, 1, num_ws, w_dim] -> (photos uint8 [B, S, H, W, 3], scores [B, S, K])."""
        offsets = self.direction.offsets(generator.num_ws)
        moves = np.reshape(self.strengths, (-1, 1, 1)).astype(np.float32) * offsets
        rows = tf.reshape(w_plus + moves, [-1, *offsets.shape])
        photos = photos_of(rows)
        # Of the very pixels that are written.
        scores = self.scorer.probabilities(photo_to_image(photos))
        count = len(self.strengths)
        return (
            tf.reshape(photos, [-1, count, *photos.shape[1:]]),
            tf.reshape(scores, [-1, count, len(self.scorer.names)]),
        )

    def select(self, photos, scores):
        """Arrays of the pairs among B sets, and why each of the others is none."""
        strengths = np.array(self.strengths, np.float32)
        return self._select(photos, scores, self.strengths, np.tile(strengths, (len(scores), 1)))

    def _select(self, photos, scores, steps, strengths):
        """The same of pictures at places `steps` [S], and what strengths [B, S] these are."""
        names = self.scorer.names
        source, target = class_certainties(scores, names, self.attribute, self.reverse)
        classes = attribute_classes(scores, names, self.keep)
        first, second, causes = choose_pairs(source, target, classes, steps, self.threshold)
        rejected = collections.Counter(self._words(cause) for cause in causes if cause is not None)
        kept = np.flatnonzero(first >= 0)
        for bound in self.bounds:
            if len(kept):
                distances = bound.distances(photos[kept, first[kept]], photos[kept, second[kept]])
                rejected[f"{bound.name} above {bound.bound:g}"] += int(
                    np.sum(~(distances <= bound.bound))
                )
                kept = kept[distances <= bound.bound]
        places = (kept, first[kept]), (kept, second[kept])
        arrays = {
            "sources": photos[places[0]],
            "targets": photos[places[1]],
            "source_scores": scores[places[0]],
            "target_scores": scores[places[1]],
            "source_strengths": strengths[places[0]],
            "target_strengths": strengths[places[1]],
        }
        return arrays, +rejected

    def _words(self, cause):
        if isinstance(cause, str):
            return f"no picture certain of the {cause}'s class"
        return f"{self.keep[cause]} changes"

    def advice(self):
        """What to do where too few pairs are good enough."""
        return "lower the threshold, widen the strengths, or keep fewer attributes"


class RefinedPairs(AttributePairs):
    """Unchanged faces, and what optimisation makes of the best of their pictures along a direction.

    Args:
        refinement: `Refinement`.
        others: as of `AttributePairs`; 0 must be among the strengths.
    """

    def __init__(self, *args, refinement, **kwargs):
        super().__init__(*args, **kwargs)
        self.refinement, self._refiner = refinement, None
        if 0 not in self.strengths:
            raise UserError(f"strengths {self.strengths}: pairs to refine start at strength 0")

    @property
    def candidates(self):
        """As of `AttributePairs`; more than one, as only faces of the source's class are of use."""
        return CANDIDATES

    @property
    def request(self):
        return {**super().request, "refinement": dataclasses.asdict(self.refinement)}

    @property
    def pictures_per_set(self):
        return len(self.strengths) + 1

    def prepare(self, preset):
        super().prepare(preset)
        self._refiner = LatentRefiner(
            preset.require("generator"), self.scorer, self.attribute, keep=self.keep,
            reverse=self.reverse, settings=self.refinement,
        )

    def _usable(self, scores):
        source, _ = class_certainties(scores, self.scorer.names, self.attribute, self.reverse)
        return source >= self.threshold

    def compute(self, generator, w_plus, photos_of):
        """w_plus [B, 1, num_ws, w_dim] -> (photos uint8 [B, 2, H, W, 3], scores [B, 2, K],
        strengths [B, 2] of the starts)."""
        photos, scores = super().compute(generator, w_plus, photos_of)
        own = self.strengths.index(0)
        _, target = class_certainties(scores, self.scorer.names, self.attribute, self.reverse)
        best = tf.gather(tf.constant(self.strengths, tf.float32), tf.argmax(target, axis=1))
        rows = w_plus[:, 0]
        start = rows + best[:, tf.newaxis, tf.newaxis] * self.direction.offsets(generator.num_ws)
        refined = photos_of(self._refiner(start, rows))
        after = self.scorer.probabilities(photo_to_image(refined))
        return (
            tf.stack([photos[:, own], refined], axis=1),
            tf.stack([scores[:, own], after], axis=1),
            tf.stack([tf.zeros_like(best), best], axis=1),
        )

    def select(self, photos, scores, strengths):
        return self._select(photos, scores, (0, 1), strengths)

    def advice(self):
        return "lower the threshold, take more steps, or keep fewer attributes"


class MixedPairs:
    """Two photos and their mix: some rows of w_plus of the second, the others of the first.

    Args:
        layers: rows of w_plus that come from the second photo.
    """

    kind, latents_per_set, pictures_per_set, planes = "mix", 2, 3, ("photo",) * 6
    parents, candidates = {}, 1

    def __init__(self, layers):
        self.layers = tuple(layers)

    @property
    def request(self):
        """What was asked for, JSON values for the manifest."""
        return {"kind": self.kind, "layers": self.layers}

    def prepare(self, preset):
        """Every generator with w_plus will do."""

    def _target(self, w_plus):
        from_second = np.isin(np.arange(w_plus.shape[2]), self.layers)[:, np.newaxis]
        return tf.where(from_second, w_plus[:, 1], w_plus[:, 0])

    def compute(self, generator, w_plus, photos_of):
        """w_plus [B, 2, num_ws, w_dim] -> (photos uint8 [B, 3, H, W, 3],)."""
        three = tf.concat([w_plus, self._target(w_plus)[:, tf.newaxis]], axis=1)
        photos = photos_of(tf.reshape(three, [-1, *three.shape[2:]]))
        return (tf.reshape(photos, [-1, 3, *photos.shape[1:]]),)

    def select(self, photos):
        """Every triplet is one: nothing is judged."""
        sources = np.concatenate([photos[:, 0], photos[:, 1]], axis=-1)
        return {"sources": sources, "targets": photos[:, 2]}, collections.Counter()


class BlendedPairs(MixedPairs):
    """Two photos and the face between them, of (1 - weight) w₁ + weight w₂."""

    kind = "blend"

    def __init__(self, weight=0.5):
        self.weight = weight

    @property
    def request(self):
        """What was asked for, JSON values for the manifest."""
        return {"kind": self.kind, "weight": self.weight}

    def _target(self, w_plus):
        return (1 - self.weight) * w_plus[:, 0] + self.weight * w_plus[:, 1]
