"""Linear classifiers: hyperplanes between two classes, fitted by Newton's method."""

import numpy as np

NEWTON_STEPS = 100


def _squared_hinge(margin):
    """max(0, 1 - m)² with its first and second derivative."""
    short = np.maximum(0.0, 1.0 - margin)
    return short**2, -2.0 * short, 2.0 * (short > 0)


def _logistic(margin):
    """log(1 + e⁻ᵐ) with its first and second derivative."""
    wrong = 0.5 * (1.0 - np.tanh(margin / 2))  # 1 / (1 + eᵐ) without overflow
    return np.logaddexp(0.0, -margin), -wrong, wrong * (1.0 - wrong)


LOSSES = {"squared_hinge": _squared_hinge, "logistic": _logistic}


def fit_hyperplane(x, y, loss="squared_hinge", *, regularization=1.0, balanced=False):
    """The hyperplane v · (x, 1) = 0 that parts two classes best.

    Minimises |v|² / 2 + C Σ c_i loss(s_i v · (x_i, 1)) with s = ±1: the support vector machine
    with squared hinge loss, or logistic regression, of LIBLINEAR (Fan et al., 2008, equations 2
    and 4; the offset is regularised as there), by generalised Newton steps (Keerthi and DeCoste,
    2005).

    Args:
        x: [N, D].
        y: bool [N].
        loss: key of `LOSSES`.
        regularization: C.
        balanced: whether c_i = N / (2 N_class), so that both classes count the same; else 1.

    Returns:
        v, float64 [D + 1]: the normal and the offset.
    """
    x, basis = np.asarray(x, np.float64), None
    if x.shape[1] > len(x):  # the normal lies in the span of the rows: N numbers in place of D
        basis, triangle = np.linalg.qr(x.T)
        x = triangle.T
    rows = np.concatenate([x, np.ones((len(x), 1))], axis=1)
    y = np.asarray(y, bool)
    sign = np.where(y, 1.0, -1.0)
    weights = np.full(len(y), float(regularization))
    if balanced:
        weights *= len(y) / 2 / np.where(y, y.sum(), (~y).sum())

    def objective(v):
        return v @ v / 2 + weights @ LOSSES[loss](sign * (rows @ v))[0]

    v = np.zeros(rows.shape[1])
    for _ in range(NEWTON_STEPS):
        _, first, second = LOSSES[loss](sign * (rows @ v))
        gradient = v + rows.T @ (weights * sign * first)
        if np.linalg.norm(gradient) <= 1e-9 * len(rows):
            break
        hessian = np.eye(len(v)) + rows.T @ (rows * (weights * second)[:, np.newaxis])
        step = np.linalg.solve(hessian, gradient)
        length, slope = 1.0, gradient @ step
        while objective(v - length * step) > objective(v) - 1e-4 * length * slope:
            length /= 2
            if length < 1e-10:
                return _in_full(v, basis)
        v = v - length * step
    return _in_full(v, basis)


def _in_full(v, basis):
    """The hyperplane in the coordinates of x."""
    return v if basis is None else np.append(basis @ v[:-1], v[-1])
