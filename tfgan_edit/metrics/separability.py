"""Linear separability: how well a hyperplane in latent space tells an attribute.

Karras et al., "A Style-Based Generator Architecture", arXiv 1812.04948, section 4.2. The paper sums
over 40 classifiers of CelebA-HQ, which no package brings; here one attribute at a time is
measured, so 2 to the power of the entropy is that attribute's factor of the published score.
"""

import numpy as np

from tfgan_edit.config import UserError
from tfgan_edit.metrics.pairs import ATTRIBUTES
from tfgan_edit.metrics.registry import metric

KEPT = 0.5  # share of the samples of which the classifier is surest
NEWTON_STEPS = 50


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
    side = hyperplane(x, y) > 0
    entropy = 0.0
    for share in (side, ~side):
        positive = y[share].mean() if share.any() else 0.0
        for p in (positive, 1 - positive):
            entropy -= share.mean() * p * np.log2(p) if p > 0 else 0.0
    return float(entropy)


def hyperplane(x, y, regularization=1.0):
    """Scores [N] of a linear support vector machine with squared hinge loss, fitted by Newton.

    Minimises |v|^2 / 2 + C sum max(0, 1 - s_i v·(x_i, 1))^2 with s = ±1, as LIBLINEAR does by
    default (Fan et al., 2008, equation 4), by generalised Newton steps (Keerthi and DeCoste, 2005).

    Args:
        x: [N, D].
        y: bool [N].
        regularization: C.
    """
    rows, sign = np.concatenate([x, np.ones((len(x), 1))], axis=1), np.where(y, 1.0, -1.0)

    def objective(v):
        return v @ v / 2 + regularization * np.sum(np.maximum(0, 1 - sign * (rows @ v)) ** 2)

    v = np.zeros(rows.shape[1])
    for _ in range(NEWTON_STEPS):
        active = sign * (rows @ v) < 1
        kept = rows[active]
        gradient = v - 2 * regularization * kept.T @ (sign[active] - kept @ v)
        if np.linalg.norm(gradient) <= 1e-8 * len(rows):
            break
        hessian = np.eye(len(v)) + 2 * regularization * kept.T @ kept
        direction = np.linalg.solve(hessian, gradient)
        length, slope = 1.0, gradient @ direction
        while objective(v - length * direction) > objective(v) - 1e-4 * length * slope:
            length /= 2
            if length < 1e-10:
                return rows @ v
        v = v - length * direction
    return rows @ v
