"""Test pairs of local edits, chosen by how well the masks of a part fit (StyleMapGAN, arXiv
2104.14754, section 4), and the errors of their edits.
"""

import dataclasses

import numpy as np

from tfgan_edit.config import UserError
from tfgan_edit.editing.editors import Edit
from tfgan_edit.editing.regions import Region, StylemapEdit

# Groups of the labels of CelebAMask-HQ that the paper's evaluation edits as one part.
CELEBA_PARTS = {
    "background": (0,),
    "skin": (1,),
    "nose": (2,),
    "eye": (3, 4, 5),
    "eyebrow": (6, 7),
    "ear": (8, 9, 15),
    "lip": (10, 11, 12),
    "hair": (13, 14),
    "neck": (16, 17),
    "cloth": (18,),
}


def masks_of(labels, parts):
    """{part: bool [N, H, W]} of label maps, integers [N, H, W], and {part: labels}."""
    return {part: np.isin(labels, numbers) for part, numbers in parts.items()}


def overlaps(masks):
    """Intersection over union of masks bool [N, H, W] with each other: float64 [N, N].

    Of two masks without a pixel it is 0.
    """
    flat = masks.reshape(len(masks), -1).astype(np.float32)  # counts below 2^24 are exact
    common = (flat @ flat.T).astype(np.float64)
    sizes = np.diag(common)
    union = sizes[:, np.newaxis] + sizes - common
    return common / np.maximum(union, 1)


def greedy_pairs(scores):
    """Pairs (i, j, score) with i < j by falling score, every picture in one pair at most.

    Of equal scores the lower numbers come first; pairs of score 0 are left out.

    Args:
        scores: float [N, N], symmetric.
    """
    first, second = np.triu_indices(len(scores), 1)
    values = scores[first, second]
    pairs, used = [], np.zeros(len(scores), bool)
    for index in np.argsort(-values, kind="stable"):
        i, j = int(first[index]), int(second[index])
        if values[index] > 0 and not used[i] and not used[j]:
            used[[i, j]] = True
            pairs.append((i, j, float(values[index])))
    return pairs


@dataclasses.dataclass(frozen=True)
class PartEdit:
    """The edit of one pair: photos uint8 [H, W, 3], and the union of both masks, bool [H, W]."""

    source: np.ndarray
    reference: np.ndarray
    mask: np.ndarray
    edited: np.ndarray


def edit_pairs(editor, photos, masks, pairs, space="w_plus", pooling="max"):
    """Yields the `PartEdit` of each pair: the part of the second photo put into the first.

    Args:
        editor: `StylemapEditor`; every photo of a pair is encoded once.
        photos: uint8 [N, H, W, 3].
        masks: bool [N, H, W] of the part.
        pairs: of `greedy_pairs`.
        space, pooling: of the masks; the paper's evaluation on CelebA-HQ has the defaults.
    """
    for start in range(0, len(pairs), editor.batch_size):
        some = pairs[start : start + editor.batch_size]
        members = [number for pair in some for number in pair[:2]]
        stylemaps = np.split(editor.encode(photos[members]), len(some))
        for (i, j, _), (first, second) in zip(some, stylemaps, strict=True):
            union = masks[i] | masks[j]
            region = Region(second, union.astype(np.float32))
            change = StylemapEdit(regions=(region,), space=space, pooling=pooling)
            edited = editor.apply(first[np.newaxis], Edit(stylemap=change))[0]
            yield PartEdit(photos[i], photos[j], union, edited)


class PartErrors:
    """MSE_src, MSE_ref, and for comparison the error between both photos outside of the mask.

    Of values in [-1, 1]; sums run over all pixels of all pairs.
    """

    def __init__(self):
        self.sums, self.counts = np.zeros(3), np.zeros(3)

    def add(self, result):
        """Counts a `PartEdit`."""
        outside = ~result.mask
        compared = (
            (result.edited, result.source, outside),
            (result.edited, result.reference, result.mask),
            (result.reference, result.source, outside),
        )
        for i, (x, y, where) in enumerate(compared):
            error = ((x.astype(np.float64) - y) / 127.5) ** 2
            self.sums[i] += np.sum(error[where])
            self.counts[i] += np.count_nonzero(where) * x.shape[-1]

    def results(self):
        """{"mse_src", "mse_ref", "mse_between"}."""
        if not self.counts.all():
            raise UserError("masks of a part are all empty or all full: nothing can be measured")
        values = self.sums / self.counts
        return dict(zip(("mse_src", "mse_ref", "mse_between"), map(float, values), strict=True))
