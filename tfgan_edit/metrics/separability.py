"""Linear separability: how well a hyperplane in latent space tells an attribute.

Karras et al., "A Style-Based Generator Architecture", arXiv 1812.04948, section 4.2. The paper sums
over 40 classifiers of CelebA-HQ, which no package brings; here one attribute at a time is
measured, so 2 to the power of the entropy is that attribute's factor of the published score.
"""

import numpy as np

from tfgan_edit.config import UserError
from tfgan_edit.metrics.hyperplanes import fit_hyperplane
from tfgan_edit.metrics.pairs import ATTRIBUTES
from tfgan_edit.metrics.registry import metric

KEPT = 0.5  # share of the samples of which the classifier is surest


@metric(
    "ls_SPACE_ATTRIBUTE_N",
    ("generator", "fake"),
    minimum=20,
    extractors=("faceres_male", "emotion"),
    SPACE="(?P<space>[zw])",
    ATTRIBUTE=f"(?P<attribute>{'|'.join(ATTRIBUTES)})",
)
def linear_separability(evaluation, name, space, attribute, num):
    """Linear separability of an attribute in z or w: 2^H(attribute | side of the hyperplane)."""
    if evaluation.generator.label_dim:
        raise UserError(f"{name}: latents of conditional generators are not measured here")
    extractor, column = ATTRIBUTES[attribute]
    probabilities = evaluation.features("fake", extractor, num, name)[:, column]
    latents = evaluation.fake.latents(num)
    if space == "w":
        parts = np.array_split(latents, -(-num // 1000))
        mapped = [evaluation.generator.mapping(z)[:, -1] for z in parts]
        latents = np.concatenate(mapped)
    return {name: float(2 ** conditional_entropy(latents, probabilities))}


def conditional_entropy(latents, probabilities):
    """H(Y | X) in bits of the labels Y of the surer half, and X, the sides of a hyperplane.

    Args:
        latents: [N, D].
        probabilities: [N] of the attribute.

    Raises:
        UserError: the surer half has one label only.
    """
    sure = np.argsort(-np.abs(probabilities - 0.5), kind="stable")[: int(KEPT * len(latents))]
    x, y = latents[sure].astype(np.float64), probabilities[sure] > 0.5
    if y.all() or not y.any():
        raise UserError(
            f"linear separability: all of the {len(y):,} surest pictures are classified alike; "
            "take more pictures or another attribute"
        )
    v = fit_hyperplane(x, y)
    side = x @ v[:-1] + v[-1] > 0
    entropy = 0.0
    for share in (side, ~side):
        positive = y[share].mean() if share.any() else 0.0
        for p in (positive, 1 - positive):
            entropy -= share.mean() * p * np.log2(p) if p > 0 else 0.0
    return float(entropy)
