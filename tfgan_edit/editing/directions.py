"""Directions in w: what to add to the latent of a face to change one thing in its picture.

`Direction` is what an edit needs; the functions below find one, from scored latents (the paper's
class centres, or the normal of a hyperplane) or from the generator alone.
"""

import dataclasses
import hashlib
import json
from pathlib import Path

import numpy as np

from tfgan_edit.checkpoints.archives import Archive
from tfgan_edit.checkpoints.numpy_files import read_npy, read_npz
from tfgan_edit.config import UserError, reason_of
from tfgan_edit.editing.attributes import place_of
from tfgan_edit.metrics.hyperplanes import fit_hyperplane
from tfgan_edit.pictures import image_grid
from tfgan_edit.storage import atomic_file

FORMAT = "tfgan_edit.direction"
FORMAT_VERSION = 1
SUPERVISED = ("centres", "logistic", "svm")
UNSUPERVISED = ("sefa", "ganspace")
STRENGTHS = (-3, -2, -1, 0, 1, 2, 3)  # of the columns of a strip, in units
HELD_OUT = 5  # every fifth certain sample measures the accuracy
MIN_CERTAIN = 25  # samples a class: 20 to fit, 5 held out
PARALLEL = 1e-3  # share of a direction's length below which nothing of it is left


@dataclasses.dataclass(frozen=True)
class Direction:
    """What to add to w, for one unit of strength.

    Attributes:
        vectors: float32 [w_dim] for all rows of w_plus alike, or [num_ws, w_dim]; of a stylemap
            [S, S, C].
        layers: rows of w_plus that are moved; None for all.
        metadata: JSON values. Of a direction that was found here: `attribute`, `method`,
            `unit`, `deviation` (one standard deviation of the projections of w, the length of
            one unit), `centre_distance` (between the classes, in units), `held_out_accuracy`,
            `counts`, `threshold`, `condition_on`, `parents`.
    """

    vectors: np.ndarray
    layers: tuple[int, ...] | None = None
    metadata: dict = dataclasses.field(default_factory=dict)

    def __post_init__(self):
        vectors = np.asarray(self.vectors)
        if vectors.ndim not in (1, 2, 3) or 0 in vectors.shape or not np.isfinite(vectors).all():
            raise ValueError(
                "vectors must be finite, [w_dim], [num_ws, w_dim] or [S, S, C]. "
                f"Received: shape={vectors.shape}"
            )
        object.__setattr__(self, "vectors", vectors.astype(np.float32))
        if self.layers is not None:
            object.__setattr__(self, "layers", tuple(int(layer) for layer in self.layers))

    @property
    def name(self):
        """The attribute, or the method that found the direction."""
        return self.metadata.get("attribute") or self.metadata.get("method") or "direction"

    @property
    def hash(self):
        """Hash of what the direction does: vectors and layers."""
        vectors = np.ascontiguousarray(self.vectors, "<f4")
        named = f"{vectors.shape} {self.layers}".encode()
        return hashlib.sha256(named + vectors.tobytes()).hexdigest()

    def offsets(self, num_ws):
        """float32 [num_ws, w_dim]: one unit of strength, zero in rows that stay."""
        vectors = self.vectors if self.vectors.ndim == 1 else self.vectors[:num_ws]
        rows = np.broadcast_to(vectors, (num_ws, vectors.shape[-1]))
        moved = np.arange(num_ws) if self.layers is None else list(self.layers)
        offsets = np.zeros_like(rows)
        offsets[moved] = rows[moved]
        return offsets

    def apply(self, w_plus, strength):
        """w_plus [N, num_ws, w_dim] + strength (a number, or [N]) · one unit; or stylemaps."""
        strength = np.reshape(np.asarray(strength, np.float32), [-1] + [1] * (w_plus.ndim - 1))
        unit = self.vectors if w_plus.ndim == 4 else self.offsets(w_plus.shape[1])
        return w_plus + strength * unit

    def within(self, mask):
        """The same of a stylemap with every cell weighted by a mask [S, S]."""
        return dataclasses.replace(self, vectors=self.vectors * np.asarray(mask)[..., np.newaxis])

    def check(self, generator, sha256=None):
        """Raises a `UserError` if the direction is not one of this generator.

        A generator that says `ignores_further_rows` takes directions of its teacher, which has
        more rows of w_plus behind its own.

        Args:
            generator: network with `w_dim` and `num_ws`.
            sha256: of its preset.
        """
        again = "find it again with latents of this preset"
        shape = getattr(generator, "stylemap_shape", None)
        if shape is not None or self.vectors.ndim == 3:
            self._check_stylemap(shape, again)
            return self._check_origin(sha256, again)
        size = self.vectors.shape[-1]
        if size != generator.w_dim:
            raise UserError(
                f"direction {self.name!r} is of a generator with w of {size} numbers, this one "
                f"has {generator.w_dim}: {again}"
            )
        num_rows = len(self.vectors) if self.vectors.ndim == 2 else generator.num_ws
        if getattr(generator, "ignores_further_rows", False):
            num_rows = min(num_rows, generator.num_ws)
        if num_rows != generator.num_ws:
            raise UserError(
                f"direction {self.name!r} has {len(self.vectors)} rows of w_plus, this generator "
                f"has {generator.num_ws}: {again}"
            )
        if self.layers is not None and not set(self.layers) <= set(range(generator.num_ws)):
            raise UserError(
                f"direction {self.name!r} moves the layers {list(self.layers)}, this generator "
                f"has 0-{generator.num_ws - 1}: {again}"
            )
        self._check_origin(sha256, again)

    def _check_stylemap(self, shape, again):
        if self.vectors.shape != shape:
            wanted = "w" if shape is None else f"stylemaps of {list(shape)}"
            raise UserError(
                f"direction {self.name!r} is of {list(self.vectors.shape)} numbers, this "
                f"generator has {wanted}: {again}"
            )

    def _check_origin(self, sha256, again):
        origin = self.metadata.get("parents", {}).get("generator", {}).get("sha256")
        if sha256 is not None and origin is not None and origin != sha256:
            raise UserError(
                f"direction {self.name!r} was found for another generator (preset "
                f"{origin[:12]}…, this is {sha256[:12]}…): {again}"
            )

    def save(self, path):
        """Writes an .npz file with the vectors and a manifest.

        Raises:
            UserError: another suffix, or it cannot be written.
        """
        if Path(path).suffix != ".npz":
            raise UserError(f"cannot write the direction to {path}: its name must end in .npz")
        manifest = {
            "format": FORMAT,
            "format_version": FORMAT_VERSION,
            "layers": self.layers,
            "hash": self.hash,
            **self.metadata,
        }
        text = json.dumps(manifest, sort_keys=True, allow_nan=False)
        with atomic_file(path) as file:
            np.savez(file, vectors=self.vectors, manifest=np.array(text))


def load_direction(path):
    """Reads a direction: an .npz file of `Direction.save`, or an official .npy file.

    Official files hold [num_ws, w_dim], [1, w_dim] or [w_dim] numbers, StyleMapGAN's [C, S, S];
    one unit is what they say.

    Raises:
        UserError: no such file, or something else.
    """
    path = Path(path)
    if path.suffix not in (".npz", ".npy"):
        raise UserError(f"direction {path}: give an .npz file of find_direction, or an .npy file")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UserError(f"cannot read direction {path}: {error.strerror}") from error
    try:
        if path.suffix == ".npy":
            return _official(data, path)
        arrays = {name: a.numpy() for name, a in read_npz(Archive(memoryview(data))).items()}
        manifest = json.loads(arrays["manifest"].item())
        if manifest.pop("format") != FORMAT:
            raise ValueError("another format")
        version = manifest.pop("format_version")
        if version != FORMAT_VERSION:
            raise UserError(
                f"it has format {version!r:.20}, this version reads {FORMAT_VERSION}; upgrade "
                "tfgan_edit, or find it again"
            )
        layers, known = manifest.pop("layers"), manifest.pop("hash")
        direction = Direction(arrays["vectors"], layers, manifest)
    except UserError as error:
        raise UserError(f"direction {path}: {error}") from error
    except Exception as error:  # whatever a parser says about hostile bytes
        reason = reason_of(error)
        raise UserError(f"{path} is not a direction, or damaged: {reason:.100}") from error
    if direction.hash != known:
        raise UserError(f"{path} is damaged: its hash does not fit its content; find it again")
    return direction


def _official(data, path):
    vectors = read_npy(memoryview(data)).numpy()
    if vectors.ndim == 3:
        vectors = np.transpose(vectors, (1, 2, 0))
    if vectors.dtype.kind != "f" or vectors.ndim not in (1, 2, 3):
        raise ValueError(f"it holds {vectors.dtype} {list(vectors.shape)}")
    vectors = vectors[0] if vectors.ndim == 2 and len(vectors) == 1 else vectors
    metadata = {"attribute": path.stem, "method": "file", "unit": "as the file says"}
    return Direction(vectors, None, metadata)


def strip(sampler, direction, seeds, strengths=STRENGTHS):
    """A photo to judge a direction by: a row a face, a column a strength.

    Args:
        sampler: `Sampler` of the direction's generator.
        direction: `Direction`.
        seeds: of the faces.
        strengths: of the columns, in units.
    """
    faces = sampler.w_plus(sampler.z(seeds))
    moved = np.concatenate([direction.apply(face[np.newaxis], strengths) for face in faces])
    photos = list(sampler.photos(moved, np.repeat(seeds, len(strengths))))
    return image_grid(
        np.stack(photos),
        len(strengths),
        row_labels=[str(seed) for seed in seeds],
        column_labels=[f"{strength:+g}" for strength in strengths],
    )


# === From scored latents ===


def find_direction(
    latents, attribute, *, method="centres", threshold=0.9, condition_on=(), layers=None
):
    """Finds the direction of an attribute in w.

    Args:
        latents: `Latents`.
        attribute: a name of the scores, against the rest; or `a:b`, from b to a.
        method: "centres": the difference of the two classes' mean w (StyleGAN2 Distillation,
            arXiv 2003.03581, section 3.1); "logistic", "svm": the normal of the hyperplane
            between them (InterFaceGAN, arXiv 1907.10786, section 3.1).
        threshold: probability from which a sample counts as certain.
        condition_on: attributes whose directions are projected out (InterFaceGAN, section 3.2).
        layers: rows of w_plus that it shall move; None for all.

    Returns:
        A `Direction` whose unit is one standard deviation of the projections of w.

    Raises:
        UserError: an unknown attribute, too few certain samples, or nothing left after
            conditioning.
    """
    w = latents.w.astype(np.float64)
    chosen, positive = certain_samples(latents, attribute, threshold)
    held = _held_out(positive)
    fit = SOLVERS[method]
    normal = _unit(fit(w[chosen[~held]], positive[~held]))
    others = []
    for other in condition_on:
        rows, labels = certain_samples(latents, other, threshold)
        others.append(_unit(fit(w[rows], labels)))
    normal = orthogonalized(normal, others, attribute, condition_on)
    projections = w @ normal
    deviation = projections.std()
    centres = [w[chosen[~held][positive[~held] == side]].mean(axis=0) @ normal for side in (1, 0)]
    guesses = projections[chosen[held]] > np.mean(centres)
    accuracy = np.mean([np.mean(guesses[positive[held] == side] == side) for side in (1, 0)])
    return Direction(
        np.reshape(normal * deviation, latents.manifest.get("stylemap_shape", [-1])),
        layers,
        {
            "attribute": attribute,
            "method": method,
            "threshold": threshold,
            "condition_on": list(condition_on),
            "counts": {"positive": int(positive.sum()), "negative": int((~positive).sum())},
            "held_out_accuracy": float(accuracy),
            "centre_distance": float((centres[0] - centres[1]) / deviation),
            **_origin(latents, deviation),
        },
    )


def certain_samples(latents, attribute, threshold):
    """(indices [M], bool [M] whether positive) of the samples of which the scorer is certain.

    Positive: the probability of the attribute is at least `threshold`; negative: it is at most
    1 - threshold or, of a pair `a:b`, that of b is at least `threshold`.
    """
    if not 0.5 <= threshold < 1:
        raise UserError(f"threshold {threshold} must be in 0.5…1, below 1")
    first, separator, second = attribute.partition(":")
    of_first = latents.scores[:, place_of(first, latents.names)]
    positive = of_first >= threshold
    negative = of_first <= 1 - threshold
    if separator:
        negative = latents.scores[:, place_of(second, latents.names)] >= threshold
        positive, negative = positive & ~negative, negative & ~positive
    counts = int(positive.sum()), int(negative.sum())
    if min(counts) < MIN_CERTAIN:
        what = "only one class" if 0 in counts else "too few certain samples"
        raise UserError(
            f"attribute {attribute!r}: {what}: {counts[0]} of {len(latents)} are certainly it and "
            f"{counts[1]} certainly not (threshold {threshold:g}), {MIN_CERTAIN} of each are "
            "needed: score more latents, or lower the threshold"
        )
    chosen = np.flatnonzero(positive | negative)
    return chosen, positive[chosen]


def _held_out(positive):
    """bool [M]: every `HELD_OUT`-th sample of either class."""
    held = np.zeros(len(positive), bool)
    for side in (True, False):
        held[np.flatnonzero(positive == side)[HELD_OUT - 1 :: HELD_OUT]] = True
    return held


def _centre_difference(w, positive):
    return w[positive].mean(axis=0) - w[~positive].mean(axis=0)


def _logistic_normal(w, positive):
    return fit_hyperplane(w, positive, "logistic", balanced=True)[:-1]


def _svm_normal(w, positive):
    return fit_hyperplane(w, positive, "squared_hinge")[:-1]


SOLVERS = dict(zip(SUPERVISED, (_centre_difference, _logistic_normal, _svm_normal), strict=True))


def _unit(vector):
    return vector / np.linalg.norm(vector)


def orthogonalized(normal, others, name, other_names):
    """Unit vector [D] of what is left of `normal` after projecting out `others`."""
    if not others:
        return normal
    basis, _ = np.linalg.qr(np.stack(others, axis=1))
    rest = normal - basis @ (basis.T @ normal)
    if np.linalg.norm(rest) < PARALLEL:
        raise UserError(
            f"direction {name!r} lies in the span of {', '.join(other_names)}: nothing of it is "
            "left; condition on fewer"
        )
    return _unit(rest)


def _origin(latents, deviation):
    parents = {"latents": {"path": str(latents.path), "hash": latents.hash}}
    return {
        "space": "stylemap" if "stylemap_shape" in latents.manifest else "w",
        "unit": "one standard deviation of the projections of w",
        "deviation": float(deviation),
        "parents": parents | latents.manifest["parents"],
    }


# === From the generator ===


def principal_direction(latents, component, layers=None):
    """GANSpace (arXiv 2004.02546, section 2.1): a principal component of w, 0 the largest."""
    w = latents.w.astype(np.float64)
    values, vectors = np.linalg.eigh(np.cov(w, rowvar=False))
    return _component("ganspace", latents, values, vectors, component, layers)


def weight_direction(latents, generator, component, layers=None):
    """SeFA (arXiv 2007.06600, section 2.2, equation 6): a direction that moves styles the most.

    An eigenvector of AᵀA, A being the style transformations w -> style of the convolutions of
    `layers`, one below the other; component 0 has the largest eigenvalue.
    """
    kernels = style_kernels(generator)
    chosen = range(len(kernels)) if layers is None else [i for i in layers if i < len(kernels)]
    if not chosen:
        raise UserError(
            f"sefa needs layers with a convolution: this generator has 0-{len(kernels) - 1}"
        )
    transposed = np.concatenate([kernels[i] for i in chosen], axis=1).astype(np.float64)  # Aᵀ
    values, vectors = np.linalg.eigh(transposed @ transposed.T)
    return _component("sefa", latents, values, vectors, component, layers)


def style_kernels(generator):
    """[w_dim, channels] of each convolution; row k of w_plus styles the k-th: w · kernel + bias."""
    styled = [
        layer
        for block in generator.synthesis.blocks
        for layer in getattr(block, "styles", None) or block.convolutions
    ]
    return [np.asarray(layer.affine.kernel) * layer.affine.gain for layer in styled]


def _component(method, latents, values, vectors, component, layers):
    """The direction of an eigenvector; `values` are ascending, as of `numpy.linalg.eigh`."""
    if not 0 <= component < len(values):
        raise UserError(f"component {component} is not in 0-{len(values) - 1}")
    normal = vectors[:, -1 - component]
    normal = normal * np.sign(normal[np.argmax(np.abs(normal))])  # else the sign is arbitrary
    deviation = (latents.w.astype(np.float64) @ normal).std()
    return Direction(
        normal * deviation,
        layers,
        {
            "attribute": f"{method}_{component}",
            "method": method,
            "component": component,
            "share": float(values[-1 - component] / values.sum()),
            **_origin(latents, deviation),
        },
    )
