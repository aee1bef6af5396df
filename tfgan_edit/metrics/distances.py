"""Distances between two sets of features: Fréchet, kernel, precision and recall, and kin.

NumPy in float64, apart from all feature extraction. Feature arrays may be larger than what one
wants in memory (memory-mapped): they are read in pieces of `ROWS` rows.
"""

import numpy as np
from tqdm import tqdm

ROWS = 1024  # rows of features in float64 at a time: 16 MiB at 2,048 features


class Moments:
    """Mean and covariance of rows that come in batches.

    Batches are merged by their centred sums (Chan, Golub and LeVeque, "Updating formulae and a
    pairwise algorithm for computing sample variances", 1979), so a large mean costs no digits.

    Args:
        size: number of features, D.
    """

    def __init__(self, size):
        self.num = 0
        self.mean = np.zeros(size)
        self._scatter = np.zeros((size, size))

    def add(self, rows):
        """Takes rows [n, D]."""
        rows = np.asarray(rows, np.float64)
        num = self.num + len(rows)
        mean = rows.mean(axis=0)
        centred, shift = rows - mean, mean - self.mean
        self._scatter += centred.T @ centred
        self._scatter += np.outer(shift, shift) * (self.num * len(rows) / num)
        self.mean += shift * (len(rows) / num)
        self.num = num
        return self

    @property
    def covariance(self):
        """[D, D], divided by N - 1 as in the first FID; NVIDIA's PyTorch code divides by N."""
        return self._scatter / (self.num - 1)


def moments(features):
    """`Moments` of features [N, D], N >= 2."""
    result = Moments(features.shape[1])
    for start in range(0, len(features), ROWS):
        result.add(features[start : start + ROWS])
    return result


def frechet_distance(real, fake):
    """|m1 - m2|^2 + tr(S1 + S2 - 2 (S1 S2)^(1/2)) of two `Moments` (Dowson and Landau, 1982).

    The trace of the root is that of the symmetric (S1^(1/2) S2 S1^(1/2))^(1/2), which is the sum
    of the singular values of S1^(1/2) S2^(1/2): no general matrix root, no imaginary rest, no
    trouble with fewer samples than features.

    Reference: Heusel et al., "GANs Trained by a Two Time-Scale Update Rule Converge to a Local
    Nash Equilibrium", arXiv 1706.08500, equation 6.
    """
    roots = _symmetric_root(real.covariance), _symmetric_root(fake.covariance)
    trace = np.linalg.svd(roots[0] @ roots[1], compute_uv=False).sum()
    shift = real.mean - fake.mean
    spread = np.trace(real.covariance) + np.trace(fake.covariance)
    # Of equal sets, rounding leaves about ±1e-13 of the spread.
    return float(max(shift @ shift + spread - 2 * trace, 0.0))


def _symmetric_root(matrix):
    values, vectors = np.linalg.eigh(matrix)
    # What rounding leaves of a zero would weigh by its root: 1e-16 becomes 1e-8.
    noise = len(values) * np.finfo(np.float64).eps * values[-1]
    return (vectors * np.sqrt(np.where(values > noise, values, 0))) @ vectors.T


def kernel_distance(real, fake, subsets=100, subset_size=1000, seed=0):
    """Unbiased squared maximum mean discrepancy with the kernel (x·y / D + 1)^3.

    Reference: Binkowski et al., "Demystifying MMD GANs", arXiv 1801.01401, section 4 and 4.4.

    Args:
        real, fake: features [N, D], [M, D].
        subsets: random subsets, each without replacement, that are averaged.
        subset_size: of each; fewer where a set is smaller.
        seed: of the subsets.

    Returns:
        (mean, standard deviation) over subsets. Multiply by 1,000 where papers do.
    """
    size = min(subset_size, len(real), len(fake))
    if size == len(real) == len(fake):
        subsets = 1  # all would be the whole sets
    random = np.random.default_rng(seed)
    values = []
    for _ in tqdm(range(subsets), desc="kernel distance", unit="subset", delay=5):
        x = np.asarray(real[np.sort(random.choice(len(real), size, replace=False))], np.float64)
        y = np.asarray(fake[np.sort(random.choice(len(fake), size, replace=False))], np.float64)
        values.append(_unbiased_discrepancy(x, y))
    return float(np.mean(values)), float(np.std(values))


def _unbiased_discrepancy(x, y):
    size = len(x)

    def kernel(a, b):
        base = a @ b.T / a.shape[1] + 1
        return base * base * base  # ten times as fast as base ** 3

    xx, yy = kernel(x, x), kernel(y, y)
    within = xx.sum() - np.trace(xx) + yy.sum() - np.trace(yy)
    return within / (size * (size - 1)) - 2 * kernel(x, y).mean()


def _squared_distances(a, b):
    """[N, M] of |a_i - b_j|^2, float64."""
    squares = np.sum(a * a, axis=1)[:, np.newaxis] + np.sum(b * b, axis=1)
    return np.maximum(squares - 2 * (a @ b.T), 0)


def _pieces(rows, columns):
    """Slices of `rows` such that a piece's distances to all columns take 128 MiB at most."""
    size = max(2**24 // max(columns, 1), 1)
    return [slice(start, start + size) for start in range(0, rows, size)]


def _radii(features, k):
    """Squared distance [N] of each row to its k-th nearest other row."""
    radii = np.empty(len(features))
    for piece in _pieces(len(features), len(features)):
        distances = _squared_distances(features[piece], features)
        rows = np.arange(len(distances))
        distances[rows, rows + piece.start] = -1  # itself, before all others
        radii[piece] = np.partition(distances, k, axis=1)[:, k]
    return radii


def neighbourhoods(real, fake, k):
    """How the balls around the rows of one set, up to their k-th neighbour, hold the other set.

    Args:
        real, fake: features [N, D], [M, D], N and M above k. Both are held in float64: 50,000
            pictures of 4,096 features take 3.3 GB.
        k: 3 for precision and recall, 5 for density and coverage, as in the papers.

    Returns:
        {"precision": share of fake in some real ball, "recall": share of real in some fake ball
        (Kynkäänniemi et al., arXiv 1904.06991, equations 1-3), "density": real balls a fake lies
        in, divided by k, "coverage": share of real balls that hold a fake (Naeem et al., arXiv
        2002.09797, equations 4 and 5)}.
    """
    if k >= min(len(real), len(fake)):
        raise ValueError(f"k must be below {min(len(real), len(fake))}. Received: k={k}")
    # Distances do not change, but their rounding errors do, which are of the size of the squares.
    centre = np.mean(real, axis=0, dtype=np.float64)
    real, fake = real - centre, fake - centre
    real_radii, fake_radii = _radii(real, k), _radii(fake, k)
    covered = np.zeros(len(real), bool)
    precise, recalled, held = 0, np.zeros(len(real), bool), 0
    for piece in _pieces(len(fake), len(real)):
        distances = _squared_distances(fake[piece], real)
        in_real = distances <= real_radii
        precise += in_real.any(axis=1).sum()
        held += in_real.sum()
        covered |= in_real.any(axis=0)
        recalled |= (distances <= fake_radii[piece, np.newaxis]).any(axis=0)
    return {
        "precision": float(precise / len(fake)),
        "recall": float(recalled.mean()),
        "density": float(held / (k * len(fake))),
        "coverage": float(covered.mean()),
    }


def inception_score(logits, splits=10):
    """exp(mean KL(p(y|x) || p(y))) by parts of the set: mean and standard deviation over them.

    Reference: Salimans et al., "Improved Techniques for Training GANs", arXiv 1606.03498,
    section 4.

    Args:
        logits: [N, classes], N >= splits.
    """
    logits = np.asarray(logits, np.float64)
    logits = logits - logits.max(axis=1, keepdims=True)
    log_p = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    scores = []
    for part in np.array_split(log_p, splits):
        p = np.exp(part)
        with np.errstate(divide="ignore"):
            log_mean = np.log(p.mean(axis=0))
        divergence = np.sum(np.where(p > 0, p * (part - log_mean), 0), axis=1)
        scores.append(np.exp(divergence.mean()))
    return float(np.mean(scores)), float(np.std(scores))
