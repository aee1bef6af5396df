"""What edits of latents achieve: a style function beside directions, on the same new faces.

Nothing is projected: faces are drawn, so that their latents are known, and every method toggles
one attribute at a time. Directions are compared at the strength at which they keep as much of the
identity as the style function (Liu et al., arXiv 2109.12492, section IV; Shen et al., arXiv
1907.10786).
"""

import dataclasses

import numpy as np
import tensorflow as tf
from tqdm import tqdm

from tfgan_edit.config import UserError
from tfgan_edit.editing.attributes import place_of
from tfgan_edit.editing.evaluation import BATCH_SIZE, EditMeasure, scores_of
from tfgan_edit.editing.latents import draw_z
from tfgan_edit.editing.targets import TOGGLE, Exchange, Target
from tfgan_edit.metrics.groups import irregularity, mean_distance
from tfgan_edit.networks.attribute_classifier import label_vectors
from tfgan_edit.ops.images import image_to_photo
from tfgan_edit.sampling import interpolation

STRENGTHS = (0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0)  # of directions, in units, to choose from
LEAST = 4  # faces of a class that are needed
OUTCOMES, DIVERSE, FRAMES = 10, 20, 20  # of a face, faces, and frames of a path (section IV-B)


class Faces:
    """New faces of a generator, with their latents and scores.

    Args:
        preset: `Preset` with a "generator".
        scorer: `Scorer`.
        num: how many.
        truncation: of w.
        seed: another than that of latents that anything was trained on.

    Attributes:
        w_plus: [N, num_ws, w_dim].
        photos: uint8 [N, H, W, 3].
        scores: probabilities [N, K] of the scorer.
    """

    def __init__(self, preset, scorer, *, num, truncation=0.7, seed=2):
        self.generator = preset.require("generator")
        self.scorer = scorer
        self._draw = tf.function(
            lambda w_plus: image_to_photo(self.generator.synthesis(w_plus, noise="constant")),
            autograph=False,
            reduce_retracing=True,
        )
        z = draw_z(seed, 0, num, self.generator.z_dim)
        self.w_plus = self.generator.mapping(z, truncation=truncation).numpy()
        self.photos = self.draw(self.w_plus, "faces")
        self.scores = scores_of(self.photos, scorer)

    def draw(self, w_plus, what=None):
        """Photos uint8 [N, H, W, 3] of latents."""
        bar = tqdm(_batches(w_plus), what, unit="batch", delay=5, leave=False)
        return np.concatenate([self._draw(tf.constant(part)).numpy() for part in bar])

    def labels(self, names):
        """Labels [N, L] of those names."""
        found = label_vectors(self.scores, self.scorer.names).numpy()
        return found[:, [place_of(name, self.scorer.names) for name in names]]

    def classes(self, attribute):
        """[N]: 1 where an attribute is present, 0 where it is not; of `a:b`, where it is a, where
        it is b, and -1 elsewhere."""
        first, pair, second = attribute.partition(":")
        has = self.labels([first])[:, 0].astype(int)
        if not pair:
            return has
        return np.where(has, 1, self.labels([second])[:, 0].astype(int) - 1)


def _batches(rows):
    return [rows[i : i + BATCH_SIZE] for i in range(0, len(rows), BATCH_SIZE)]


class StyleMethod:
    """Toggles by a `StyleFunction`; every sample is another outcome."""

    def __init__(self, style):
        self.style = style

    def knows(self, attribute):
        """Whether the attribute can be edited."""
        return set(attribute.split(":")) <= set(self.style.names)

    def edited(self, faces, rows, attribute, sample=0, strength=1.0):
        """w_plus [n, num_ws, w_dim] of the faces with these numbers, the attribute toggled."""
        labels = faces.labels(self.style.names)[rows]
        first, pair, second = attribute.partition(":")
        target = Exchange(first, second) if pair else Target({attribute: TOGGLE})
        return self.style.edited(faces.w_plus[rows], labels, target, sample, strength)


@dataclasses.dataclass(frozen=True)
class LinearMethod:
    """Toggles along directions, {attribute: `Direction`}; all samples are equal."""

    directions: dict
    strength: float = 1.0

    def knows(self, attribute):
        """Whether the attribute can be edited."""
        return attribute in self.directions

    def edited(self, faces, rows, attribute, sample=0, strength=1.0):
        """The same; against the direction where the attribute is present."""
        signs = np.where(faces.classes(attribute)[rows] == 1, -1.0, 1.0)
        units = self.strength * strength * signs
        return self.directions[attribute].apply(faces.w_plus[rows], units)


class LatentEditMeasure:
    """Measures methods on `Faces`.

    Args:
        faces: `Faces`.
        distance: function of photos, photos -> distances [N], for diversity and paths, or None.
        distance_name: what it is, for the names of numbers.
        features: as of `EditMeasure`.
    """

    def __init__(self, faces, *, distance=None, distance_name="", features=None):
        self.faces, self.distance, self.distance_name = faces, distance, distance_name
        self._measures, self._rows = {}, {}
        self._features = features

    def rows(self, attribute):
        """[(reverse, numbers of faces)]: those to which it is given, those that lose it."""
        classes = self.faces.classes(attribute)
        found = [(reverse, np.flatnonzero(classes == reverse)) for reverse in (False, True)]
        short = min(len(rows) for _, rows in found)
        if short < LEAST:
            raise UserError(
                f"attribute {attribute!r}: only {short} of {len(classes)} generated faces are of "
                f"one class, {LEAST} are needed: draw more, or leave it out"
            )
        return found

    def success(self, method, attribute):
        """{name: number} of one outcome a face, the mean of both ways; see `EditMeasure`.

        And "disentanglement": how much of all that changes, in mean absolute probabilities, is
        the attribute that was edited.
        """
        results = []
        for reverse, rows in self.rows(attribute):
            photos = self.faces.draw(method.edited(self.faces, rows, attribute), attribute)
            measure = self._measure(attribute, reverse)
            numbers = measure(self.faces.photos[rows], photos)
            after = scores_of(photos, self.faces.scorer)
            changes = np.abs(after - self.faces.scores[rows]).mean(axis=0)
            places = [place_of(name, self.faces.scorer.names) for name in attribute.split(":")]
            numbers["disentanglement"] = float(changes[places].sum() / max(changes.sum(), 1e-12))
            results.append(numbers)
        return mean_numbers(results)

    def _measure(self, attribute, reverse):
        key = attribute, reverse
        if key not in self._measures:
            real = None
            if self._features is not None:
                real = self.faces.photos[self.faces.classes(attribute) == (not reverse)]
            self._measures[key] = EditMeasure(
                self.faces.scorer, attribute, reverse=reverse, features=self._features, real=real
            )
        return self._measures[key]

    def variety(self, method, attribute):
        """{name: number}: diversity of ten outcomes a face, irregularity and step of paths."""
        if self.distance is None:
            return {}
        rows = np.concatenate([rows[: DIVERSE // 2] for _, rows in self.rows(attribute)])
        outcomes = np.stack(
            [
                self.faces.draw(method.edited(self.faces, rows, attribute, sample))
                for sample in range(OUTCOMES)
            ],
            axis=1,
        )
        edited = method.edited(self.faces, rows, attribute)
        paths = np.stack([self.faces.w_plus[rows], edited])
        frames = interpolation(paths, FRAMES)[:-1]  # the last one is left out, as published
        frames = np.stack([self.faces.draw(step) for step in frames], axis=1)
        paths = np.mean([irregularity(self.distance, photos) for photos in frames], axis=0)
        diversity = np.mean([mean_distance(self.distance, photos) for photos in outcomes])
        name = self.distance_name
        return {
            f"diversity_{name}": float(diversity),
            f"pir_{name}": float(paths[0]),
            f"ppl_{name}": float(paths[1]),
        }


def mean_numbers(results):
    """Mean of dictionaries of numbers, of the names that all have; "num" is the sum."""
    names = [name for name in results[0] if all(name in r for r in results)]
    means = {name: float(np.mean([r[name] for r in results])) for name in names}
    return means | ({"num": sum(r["num"] for r in results)} if "num" in means else {})


def identity_name(numbers):
    """The name of the cosine of identities among the numbers of `EditMeasure`.

    Raises:
        UserError: there is none.
    """
    found = [name for name in numbers if name.startswith("identity_")]
    if not found:
        raise UserError(
            "directions are compared at equal identity, which nothing measures here: give "
            "--features, or a scorer with features"
        )
    return found[0]


def match_identity(measure, method, attribute, identity):
    """The `LinearMethod` whose strength keeps as much of the identity as `identity`.

    Strengths are tried from weak to strong; between two, the cosine counts as linear. Beyond the
    strongest one, that is taken.
    """
    last_strength, last = 0.0, 1.0
    for strength in STRENGTHS:
        numbers = measure.success(dataclasses.replace(method, strength=strength), attribute)
        cosine = numbers[identity_name(numbers)]
        if cosine <= identity:
            way = (last - identity) / max(last - cosine, 1e-12)
            strength = last_strength + np.clip(way, 0, 1) * (strength - last_strength)
            break
        last_strength, last = strength, cosine
    return dataclasses.replace(method, strength=float(strength))


def compare_methods(measure, style, linear, attributes):
    """Measures methods on every attribute.

    Args:
        measure: `LatentEditMeasure`.
        style: {name: `StyleMethod`}; the first one's identity is what directions are matched to.
        linear: {name: `LinearMethod`}.
        attributes: binary ones of the scorer, or `a:b`, two values of a categorical one.

    Returns:
        {attribute: {method: numbers}}; those of directions have their "strength".
    """
    table = {}
    for attribute in attributes:
        table[attribute] = results = {}
        for name, method in style.items():
            if method.knows(attribute):
                results[name] = measure.success(method, attribute)
                results[name] |= measure.variety(method, attribute)
        for name, method in linear.items():
            if not method.knows(attribute):
                continue
            if results:
                first = next(iter(results.values()))
                identity = first[identity_name(first)]
                method = match_identity(measure, method, attribute, identity)
            results[name] = measure.success(method, attribute)
            results[name] |= measure.variety(method, attribute)
            results[name]["strength"] = method.strength
    return table


def summary(table):
    """{method: means over the attributes} of what `compare_methods` returns."""
    methods = dict.fromkeys(name for results in table.values() for name in results)
    return {
        name: mean_numbers([r[name] for r in table.values() if name in r]) for name in methods
    }
