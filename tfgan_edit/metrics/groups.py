"""Metrics of groups of pictures: several outputs for one source, or the frames of a path.

Each folder below --images is a group; frames are in the order of their names.
"""

import itertools

import numpy as np
from tqdm import tqdm

from tfgan_edit.config import UserError
from tfgan_edit.metrics import distances
from tfgan_edit.metrics.pairs import ATTRIBUTES
from tfgan_edit.metrics.registry import metric

MOST_REAL = 1001  # real pictures, each of which is compared with the next


def groups(evaluation, name, least):
    """Yields the photos [n, H, W, C] of each group, n >= `least`, with a bar after 5 s."""
    fake = evaluation.fake
    evaluation.counts["fake"] = fake.num
    for folder, indices in tqdm(fake.groups.items(), desc=name, unit="group", delay=5):
        if len(indices) < least:
            raise UserError(
                f"{name} needs at least {least} pictures a folder, {folder or fake.name} has "
                f"{len(indices)}"
            )
        yield fake.photos(indices)


def pair_distances(distance, photos, pairs):
    """Distances [len(pairs)] of pairs of numbers."""
    first, second = np.array(list(pairs)).T
    parts = [slice(i, i + 16) for i in range(0, len(first), 16)]
    return np.concatenate([distance(photos[first[p]], photos[second[p]]) for p in parts])


def mean_distance(distance, photos):
    """Mean distance of all pairs i < j of photos [n, H, W, C]."""
    pairs = itertools.combinations(range(len(photos)), 2)
    return float(pair_distances(distance, photos, pairs).mean())


def irregularity(distance, photos):
    """(range of the steps' distances over that of first and last, mean step) of a path's frames."""
    step = pair_distances(distance, photos, itertools.pairwise(range(len(photos))))
    whole = pair_distances(distance, photos, [(0, len(photos) - 1)])[0]
    return float((step.max() - step.min()) / (whole + 1e-6)), float(step.mean())


@metric("diversity_BACKBONE", ("groups",))
def diversity(evaluation, name, backbone):
    """LPIPS of all pairs i < j of a group, mean over pairs, then over groups."""
    distance = evaluation.function(f"lpips_{backbone}")
    values = [mean_distance(distance, photos) for photos in groups(evaluation, name, 2)]
    return {name: float(np.mean(values)), f"{name}_group_sd": float(np.std(values))}


@metric("diversity", ("groups", "distance"))
def diversity_by_distance(evaluation, name):
    """The same by --distance, for where there is no LPIPS; and that of real pictures, if given.

    diversity_real is the mean of up to 1,000 random pairs of them, and …_share the ratio.
    """
    identity = {"size": None, "resize": None, "weights": {}, **evaluation.distance.identity}
    evaluation.used.append({"extractor": evaluation.distance.name, **identity})
    values = [mean_distance(evaluation.distance, p) for p in groups(evaluation, name, 2)]
    results = {name: float(np.mean(values)), f"{name}_group_sd": float(np.std(values))}
    if evaluation.real is not None:
        evaluation.real.require(2, name)
        num = evaluation.counts["real"] = min(evaluation.real.num, MOST_REAL)
        photos = np.concatenate([*evaluation.real.batches(num, 64)])
        order = np.random.default_rng(evaluation.seed).permutation(num)
        real = pair_distances(evaluation.distance, photos[order], itertools.pairwise(range(num)))
        real = real.mean()
        results |= {f"{name}_real": float(real), f"{name}_share": results[name] / float(real)}
    return results


@metric("diversity_isfgan_BACKBONE", ("groups",))
def diversity_isfgan(evaluation, name, backbone):
    """As ISF-GAN's code computes it: n - 1 pairs of a picture with itself are counted too."""
    distance = evaluation.function(f"lpips_{backbone}")
    values = []
    for photos in groups(evaluation, name, 2):
        pairs = list(itertools.combinations(range(len(photos)), 2))
        total = pair_distances(distance, photos, pairs).sum()
        values.append(total / (len(pairs) + len(photos) - 1))
    return {name: float(np.mean(values)), f"{name}_group_sd": float(np.std(values))}


@metric("pir_BACKBONE", ("groups",))
def path_irregularity(evaluation, name, backbone):
    """ISF-GAN's PIR, range of the steps' LPIPS over LPIPS(first, last), and the mean step."""
    distance = evaluation.function(f"lpips_{backbone}")
    values = [irregularity(distance, photos) for photos in groups(evaluation, name, 3)]
    ratio, step = np.mean(values, axis=0)
    return {name: float(ratio), f"{name}_step": float(step)}


@metric("confusion", ("groups",), extractors=("faceres_male", "emotion"))
def confusion(evaluation, name):
    """Mean probability of each attribute (column) in each folder of --images (row); see --plot."""
    results = {}
    for folder, photos in zip(evaluation.groups, groups(evaluation, name, 1), strict=True):
        for attribute, (extractor, column) in ATTRIBUTES.items():
            probabilities = evaluation.function(extractor).of_all(photos)[:, column]
            results[f"{folder or '.'}/{attribute}"] = float(probabilities.mean())
    return results


@metric("dfd_EXTRACTOR", ("real", "groups"))
def diversity_frechet(evaluation, name, extractor):
    """Fréchet distance of each group to all real pictures, mean over groups (GNR's DFID).

    dfd_inception is the DFID of "GANs N' Roses" (Chong and Forsyth, arXiv 2106.06561), section
    4: one face, many random styles. Compare only numbers of equally many pictures a group.
    """
    real = distances.moments(evaluation.features("real", extractor, None, name))
    function = evaluation.function(extractor)
    values = []
    for photos in groups(evaluation, name, 2):
        fake = distances.moments(function.of_all(photos))
        values.append(distances.frechet_distance(real, fake))
    return {name: float(np.mean(values)), f"{name}_group_sd": float(np.std(values))}
