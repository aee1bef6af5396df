"""Which two pictures of a set become a pair (StyleGAN2 Distillation, arXiv 2003.03581, section 3.1,
steps 6 and 7), and which pairs are refused."""

import numpy as np

from tfgan_edit.config import UserError
from tfgan_edit.metrics.extractors import EXTRACTORS, FeatureFunction
from tfgan_edit.metrics.perceptual import BACKBONES, PairDistance


def choose_pairs(source, target, classes, strengths, threshold):
    """The pair of each set of pictures along a direction.

    Of the pairs whose members belong certainly to opposite classes and agree in all that is to
    be kept, the one with the smallest step along the direction, which changes the face least;
    of equal steps, the one whose less certain member is most certain.

    Args:
        source, target: certainties [N, S] of the two classes.
        classes: integers [N, S, G] of the attributes that a pair must agree in.
        strengths: [S] of the pictures.
        threshold: certainty from which a picture counts.

    Returns:
        first, second: int [N], which picture is source and which target, -1 where none fits.
        causes: N entries, None for a pair, else "source" or "target": no picture certain of that
            class; or the number of the attribute that changes with the smallest certain step.
    """
    strengths = np.asarray(strengths, np.float64)
    agree = classes[:, :, np.newaxis] == classes[:, np.newaxis]  # [N, S, S, G]
    certain = (source >= threshold)[:, :, np.newaxis] & (target >= threshold)[:, np.newaxis]
    sureness = np.minimum(source[:, :, np.newaxis], target[:, np.newaxis])
    steps = np.abs(strengths[:, np.newaxis] - strengths)

    def best(allowed):
        step = np.where(allowed, steps, np.inf)
        closest = allowed & (step == step.min(axis=(1, 2), keepdims=True))
        order = np.where(closest, sureness, -1.0).reshape(len(source), -1)
        return np.unravel_index(np.argmax(order, axis=1), steps.shape)

    allowed = certain & agree.all(axis=-1)
    found = allowed.any(axis=(1, 2))
    first, second = (np.where(found, index, -1) for index in best(allowed))
    nearest = best(certain)
    causes = []
    for n in range(len(source)):
        if found[n]:
            causes.append(None)
        elif not certain[n].any():
            causes.append("target" if (source[n] >= threshold).any() else "source")
        else:
            same = agree[n, nearest[0][n], nearest[1][n]]
            causes.append(int(np.argmin(same)))
    return first, second, causes


class DistanceBound:
    """Refuses pairs that are too far apart: the identity and background guard.

    Args:
        name: "lpips_BACKBONE"; an extractor of `metrics.extractors`, for 1 - cosine of its
            features; or "pixels", the mean |x - y| of images in [-1, 1].
        bound: largest distance.
        region: (left, top, right, bottom) as fractions of the sides: pixels inside, where
            the edit is meant to be, do not count. Only of "pixels".
        given: {name of weights: path} by the user.

    Raises:
        UserError: an unknown distance, or missing weights.
    """

    def __init__(self, name, bound, region=None, given=None):
        self.name, self.bound, self.region = name, bound, region
        known = ["pixels", *(f"lpips_{backbone}" for backbone in BACKBONES), *EXTRACTORS]
        if name not in known:
            raise UserError(f"distance {name!r} is unknown; known: {', '.join(known)}")
        if region is not None and name != "pixels":
            raise ValueError(f"region is for 'pixels' only. Received: name={name!r}")
        self._function = None
        if name.startswith("lpips_"):
            self._function = PairDistance(name.removeprefix("lpips_"), given)
        elif name != "pixels":
            self._function = FeatureFunction(name, given)

    @property
    def request(self):
        """What was asked for, JSON values for the pairs' manifest."""
        identity = None if self._function is None else self._function.identity
        return {"name": self.name, "bound": self.bound, "region": self.region, "by": identity}

    def distances(self, x, y):
        """Distances [N] of photos uint8 [N, H, W, C]."""
        if self.name == "pixels":
            changes = np.abs(x.astype(np.float32) - y).mean(axis=-1) / 127.5
            return np.average(
                changes.reshape(len(x), -1), axis=1, weights=self._outside(x.shape[1:3]).ravel()
            )
        if isinstance(self._function, PairDistance):
            return self._function(x, y)
        size = self._function.batch_size
        parts = [slice(i, i + size) for i in range(0, len(x), size)]
        return np.concatenate([self._cosine_distances(x[part], y[part]) for part in parts])

    def _cosine_distances(self, x, y):
        x, y = self._function(x), self._function(y)
        lengths = np.linalg.norm(x, axis=1) * np.linalg.norm(y, axis=1)
        return 1 - np.sum(x * y, axis=1) / lengths

    def _outside(self, sides):
        outside = np.ones(sides)
        if self.region is not None:
            left, top, right, bottom = self.region
            rows = slice(round(top * sides[0]), round(bottom * sides[0]))
            outside[rows, round(left * sides[1]) : round(right * sides[1])] = 0
        return outside
