"""What an edit achieves: success, what it should have left alone, and how real the result looks.

The measures of StyleGAN2 Distillation (arXiv 2003.03581, section 4) and of the editing papers
after it. Nothing here knows how the pictures were edited.
"""

import dataclasses

import numpy as np
import tensorflow as tf
from tqdm import tqdm

from tfgan_edit.config import UserError
from tfgan_edit.editing.attributes import (
    attribute_classes,
    class_certainties,
    edited_attributes,
    probability_changes,
)
from tfgan_edit.editing.latents import draw_z
from tfgan_edit.editing.pairs import photo_function
from tfgan_edit.metrics.distances import frechet_distance, moments
from tfgan_edit.metrics.pairs import signal_to_noise
from tfgan_edit.networks.attribute_classifier import attribute_groups
from tfgan_edit.ops.images import photo_to_image

BATCH_SIZE = 32  # photos scored at once
DRAWN_AT_ONCE = 64  # faces of one draw of latents …
PIXELS_AT_ONCE = 2**22  # … of which so many pixels are in memory: 4 faces of 1024 px
MOST_DRAWN = 100  # faces drawn for one that is certainly of the source's class
CHANGED_SHARE = 0.9  # of all that an edit changes lies in the changed region


@dataclasses.dataclass(frozen=True)
class Faces:
    """Faces to edit.

    Attributes:
        name: for tables.
        photos: uint8 [N, H, W, 3], of the source's class.
        others: {name: uint8 [N, H, W, 3]} of edits to compare with, for instance the truth.
    """

    name: str
    photos: np.ndarray
    others: dict


def generated_faces(
    preset,
    scorer,
    attribute,
    *,
    num,
    direction=None,
    strength=1.0,
    threshold=0.9,
    reverse=False,
    truncation=0.7,
    seed=2,
    sides=None,
):
    """Faces that a generator draws and that certainly belong to the source's class.

    Args:
        preset: `Preset` of a generator with w_plus.
        scorer: `Scorer`.
        attribute, reverse, threshold: as of `editing.pair_tasks.AttributePairs`.
        num: faces.
        direction, strength: of the latent edit that they are compared with, or None.
        truncation: of w.
        seed: another than that of latents and pairs, so that nothing was trained on these faces.
        sides: (height, width) of the photos; None for the generator's. Never larger.

    Raises:
        UserError: too few such faces, or a direction of another generator.
    """
    generator = preset.require("generator")
    photos_of = photo_function(generator, sides or generator.resolution)
    offsets = None
    if direction is not None:
        direction.check(generator, preset.sha256)
        offsets = strength * direction.offsets(generator.num_ws)

    @tf.function(autograph=False)
    def draw(z):
        w_plus = generator.mapping(z, truncation=truncation)
        photos = photos_of(w_plus)
        scores = scorer.probabilities(photo_to_image(photos))
        return photos, photos if offsets is None else photos_of(w_plus + offsets), scores

    size = int(np.clip(PIXELS_AT_ONCE // np.prod(generator.resolution), 1, DRAWN_AT_ONCE))
    photos, edited, found, part = [], [], 0, 0
    with tqdm(total=num, desc="faces to edit", unit="face", delay=5) as bar:
        while found < num:
            if part * DRAWN_AT_ONCE >= MOST_DRAWN * num:
                raise UserError(
                    f"{found} of {part * DRAWN_AT_ONCE:,} generated faces are certainly without "
                    f"the edit ({attribute}, threshold {threshold:g}), {num} are needed: lower "
                    "the threshold or the number"
                )
            z = draw_z(seed, part, DRAWN_AT_ONCE, generator.z_dim)
            drawn = [draw(tf.constant(z[i : i + size])) for i in range(0, DRAWN_AT_ONCE, size)]
            faces, moved, scores = (np.concatenate(arrays) for arrays in zip(*drawn, strict=True))
            source, _ = class_certainties(scores, scorer.names, attribute, reverse)
            chosen = np.flatnonzero(source >= threshold)[: num - found]
            photos.append(faces[chosen])
            edited.append(moved[chosen])
            found += len(chosen)
            part += 1
            bar.update(len(chosen))
    others = {} if direction is None else {"latent edit": np.concatenate(edited)}
    return Faces("generated faces", np.concatenate(photos), others)


def paired_faces(pairs, num):
    """The first sources of `Pairs`, with their targets as the truth."""
    batch = pairs.examples(min(num, pairs.num))
    return Faces(f"pairs {pairs.path.name}", batch["sources"], {"truth": batch["targets"]})


def classified_faces(photo_set, scorer, attribute, *, num, reverse=False, threshold=0.5):
    """The first photos of a `metrics.photo_sets.PhotoSet` that belong to the source's class.

    Raises:
        UserError: there are none.
    """
    chosen, found = [], 0
    with tqdm(total=num, desc="faces to edit", unit="face", delay=5) as bar:
        for photos in photo_set.batches(photo_set.num, BATCH_SIZE):
            scores = scores_of(photos, scorer)
            source, _ = class_certainties(scores, scorer.names, attribute, reverse)
            chosen.append(photos[source >= threshold][: num - found])
            found += len(chosen[-1])
            bar.update(len(chosen[-1]))
            if found == num:
                break
    if not found:
        raise UserError(f"{photo_set.name}: none of its pictures is without the edit ({attribute})")
    return Faces(photo_set.name, np.concatenate(chosen), {})


def scores_of(photos, scorer):
    """Probabilities [N, K] of photos uint8 [N, H, W, 3]."""
    starts = range(0, len(photos), BATCH_SIZE)
    return scorer.of_batches(photos[start : start + BATCH_SIZE] for start in starts)


def changed_region(before, after):
    """bool [H, W]: the smallest set of pixels that holds 90 % of what edits change, over all pairs.

    Args:
        before, after: photos uint8 [N, H, W, 3].
    """
    change = sum(
        np.square(x.astype(np.float32) - y).sum(axis=-1)
        for x, y in zip(before, after, strict=True)
    )
    order = np.argsort(-change, axis=None, kind="stable")
    held = np.cumsum(change.ravel()[order], dtype=np.float64)
    inside = np.zeros(change.size, bool)
    inside[order[: np.searchsorted(held, CHANGED_SHARE * held[-1]) + 1]] = held[-1] > 0
    return inside.reshape(change.shape)


class EditMeasure:
    """Measures edits of one attribute.

    Args:
        scorer: `Scorer` that judges.
        attribute, reverse: as of `editing.pair_tasks.AttributePairs`.
        keep: attributes that should stay; None for all others of the scorer's.
        features: `metrics.extractors.FeatureFunction` of faces, or None for the scorer's own.
        real: photos uint8 [M, H, W, 3] of the target's class, for the Fréchet distance, or None.
        distance: `image_distances.PhotoDistance` to a truth, or None.
    """

    def __init__(
        self,
        scorer,
        attribute,
        *,
        reverse=False,
        keep=None,
        features=None,
        real=None,
        distance=None,
    ):
        self.scorer, self.attribute, self.reverse = scorer, attribute, reverse
        edited = edited_attributes(attribute)
        others = [name for name in attribute_groups(scorer.names) if name not in edited]
        self.keep = others if keep is None else list(keep)
        self.distance = distance
        self._features = features
        self._real = None
        if real is not None and features is not None:
            self._real = moments(self._rows(real))

    def __call__(self, photos, edited, *, region=None, truth=None):
        """Numbers about edits of `photos`, both uint8 [N, H, W, 3].

        Args:
            region: bool [H, W], where the edit is meant to be.
            truth: what the edits should be, or None.

        Returns:
            "success": share of the target's class by the scorer; "gain": mean rise of that
            class' probability; "kept": mean share of the other attributes that keep their class,
            and "kept_NAME" each; "all_kept": share of faces that keep them all; "change_NAME":
            mean change of their probabilities, see `probability_changes`; "identity_BY": mean
            cosine of features; "psnr_outside": dB, of the pixels outside the region, mean;
            "psnr_truth", "DISTANCE_truth"; "fd_BY": Fréchet distance to the real photos. What
            cannot be measured is left out.
        """
        names = self.scorer.names
        before, after = (scores_of(p, self.scorer) for p in (photos, edited))
        source, target = class_certainties(after, names, self.attribute, self.reverse)
        _, target_before = class_certainties(before, names, self.attribute, self.reverse)
        same = np.equal(*(attribute_classes(s, names, self.keep) for s in (before, after)))
        numbers = {
            "num": len(photos),
            "success": float(np.mean(target > source)),
            "gain": float(np.mean(target - target_before)),
        }
        if self.keep:
            numbers |= {"kept": float(same.mean()), "all_kept": float(same.all(axis=1).mean())}
            shares = zip(self.keep, same.mean(axis=0), strict=True)
            numbers |= {f"kept_{name}": float(share) for name, share in shares}
            changes = probability_changes(before, after, names, self.keep).mean(axis=0)
            numbers |= {f"change_{n}": float(c) for n, c in zip(self.keep, changes, strict=True)}
        rows = self._rows(edited)
        if rows is not None:
            own = self._rows(photos)
            lengths = np.linalg.norm(rows, axis=1) * np.linalg.norm(own, axis=1)
            cosines = np.sum(rows * own, axis=1) / np.maximum(lengths, 1e-12)
            numbers[f"identity_{self._by}"] = float(cosines.mean())
        if self._real is not None:
            distance = frechet_distance(self._real, moments(rows))
            numbers[f"fd_{self._by}_{len(photos)}"] = distance
        if region is not None and not region.all():
            numbers["psnr_outside"] = mean_psnr(photos[:, ~region], edited[:, ~region])
        if truth is not None:
            numbers["psnr_truth"] = mean_psnr(truth, edited)
            if self.distance is not None:
                parts = [slice(i, i + BATCH_SIZE) for i in range(0, len(truth), BATCH_SIZE)]
                distances = [self.distance(truth[part], edited[part]) for part in parts]
                key = f"{self.distance.name}_truth"
                numbers[key] = float(np.concatenate(distances).mean())
        return numbers

    @property
    def _by(self):
        return "scorer" if self._features is None else self._features.identity["extractor"]

    def _rows(self, photos):
        """Features [N, D] of photos; None where nothing gives any."""
        if self._features is None:
            if self.scorer.embed is None:
                return None
            parts = [photos[i : i + BATCH_SIZE] for i in range(0, len(photos), BATCH_SIZE)]
            return np.concatenate(
                [self.scorer.embedding(photo_to_image(part)).numpy() for part in parts]
            )
        size = self._features.batch_size
        parts = [photos[i : i + size] for i in range(0, len(photos), size)]
        return np.concatenate([self._features(part) for part in parts])


def mean_psnr(x, y):
    """Mean over photos of the peak signal-to-noise ratio, dB; of equal ones 54.2, half a level.

    Args:
        x, y: uint8 [N, ..., C].
    """
    shape = (len(x), -1, 1, x.shape[-1])
    return float(np.mean(signal_to_noise(x.reshape(shape), y.reshape(shape))))


def compare_edits(faces, editors, measure):
    """Edits faces by every editor, beside the edits that came with the faces.

    Args:
        faces: `Faces`.
        editors: {name: function of photos -> edited photos}.
        measure: `EditMeasure`.

    Returns:
        ({name: numbers}, {name: photos}): of the editors and of `faces.others`.
    """
    edited = dict(faces.others)
    for name, editor in editors.items():
        edited[name] = editor(faces.photos)
    truth = faces.others.get("truth")
    reference = next(iter(faces.others.values()), None)
    region = None if reference is None else changed_region(faces.photos, reference)
    numbers = {
        name: measure(
            faces.photos, photos, region=region, truth=None if name == "truth" else truth
        )
        for name, photos in edited.items()
    }
    return numbers, edited
