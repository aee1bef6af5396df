"""Latents from seeds, paths between them, mixed styles, and the photos they give.

Functions of arrays and of a generator with `mapping` and `synthesis`; no files, no flags.
"""

import dataclasses
import itertools
import math
import typing

import numpy as np
from tqdm import tqdm

from tfgan_edit.pictures import as_photos, image_grid

NOISE_MODES = ("constant", "random", "none")
PATHS = ("linear", "spherical")
# Rows of w_plus by their effect at 1024 pixels: 4²-8², 16²-32², 64²-1024² (Karras et al., "A
# Style-Based Generator Architecture", arXiv 1812.04948, section 3.1).
LAYER_GROUPS = {"coarse": (0, 4), "middle": (4, 8), "fine": (8, None)}
MAX_SEED = 2**32 - 1  # of numpy.random.RandomState
MAX_COUNT = 10**6


def parse_integers(text, highest=MAX_SEED):
    """Reads "0-15", "1,4,9" or "0-3,7" as a list of integers in 0…highest.

    Raises:
        ValueError: anything else, or more than a million numbers.
    """
    numbers = []
    for part in str(text).split(","):
        first, dash, last = part.strip().partition("-")
        if not (first.isdecimal() and (last.isdecimal() or not dash)):
            raise ValueError(f"must be like 0-15 or 1,4,9. Received: {text!r:.60}")
        start, stop = int(first), int(last or first)
        if start > stop or stop > highest:
            raise ValueError(f"must be rising ranges in 0-{highest}. Received: {text!r:.60}")
        if len(numbers) + stop - start >= MAX_COUNT:
            raise ValueError(f"must be at most {MAX_COUNT} numbers. Received: {text!r:.60}")
        numbers.extend(range(start, stop + 1))
    return numbers


def parse_layers(text, num_ws):
    """Reads a layer range, "coarse", "middle", "fine", "0-3" or "0,2", as a list of rows."""
    if text not in LAYER_GROUPS:
        try:
            return sorted(set(parse_integers(text, num_ws - 1)))
        except ValueError as error:
            raise ValueError(f"must be {', '.join(LAYER_GROUPS)}, or numbers: {error}") from None
    start, stop = LAYER_GROUPS[text]
    layers = list(range(num_ws))[start:stop]
    if not layers:
        raise ValueError(
            f"{text} layers start at {start}, this network has layers 0-{num_ws - 1}; "
            "give a range of those"
        )
    return layers


def parse_label(text, label_dim):
    """Reads a class index or a comma-separated vector as a label [label_dim], float32."""
    parts = [part.strip() for part in str(text).split(",")]
    if len(parts) == 1 and label_dim > 1:
        if parts[0].isdecimal() and int(parts[0]) < label_dim:
            return np.eye(label_dim, dtype=np.float32)[int(parts[0])]
    elif len(parts) == label_dim:
        try:
            label = np.array([float(part) for part in parts], np.float32)
        except ValueError:
            label = np.array([np.nan])
        if np.all(np.isfinite(label)):
            return label
    raise ValueError(
        f"must be a class in 0-{label_dim - 1} or {label_dim} numbers separated by commas. "
        f"Received: {text!r:.60}"
    )


def latents_from_seeds(seeds, z_dim):
    """z [N, z_dim], float32: RandomState(seed).randn(1, z_dim) each, as the official scripts."""
    rows = [np.random.RandomState(seed).randn(1, z_dim) for seed in seeds]
    return np.concatenate(rows).astype(np.float32)


def noise_from_seed(seed, z_dim, shapes):
    """Noise maps [1, h, w, 1] that follow z in the random numbers of a seed."""
    random = np.random.RandomState(seed)
    random.randn(1, z_dim)
    return [random.randn(1, h, w, 1).astype(np.float32) for h, w in shapes]


def interpolate(start, end, t, path="linear"):
    """Codes between two [..., D]: at t = 0 the first, at t = 1 the second.

    "spherical" turns along the last axis at constant speed (Shoemake, "Animating rotation with
    quaternion curves", 1985): sin((1 - t) a) / sin(a) start + sin(t a) / sin(a) end, with a the
    angle between the two; parallel codes are joined by a line.
    """
    if path not in PATHS:
        raise ValueError(f"path must be one of {', '.join(PATHS)}. Received: path={path!r}")
    line = (1 - t) * start + t * end
    if path == "linear":
        return line
    lengths = np.linalg.norm(start, axis=-1) * np.linalg.norm(end, axis=-1)
    cosine = np.sum(start * end, axis=-1) / np.maximum(lengths, 1e-12)
    angle = np.arccos(np.clip(cosine, -1, 1))[..., np.newaxis]
    sine = np.sin(angle)
    # Below, float32 has no digits left for the quotient; a zero has no direction.
    curved = (sine > 1e-4) & (lengths > 0)[..., np.newaxis]
    sine = np.where(curved, sine, 1)
    arc = np.sin((1 - t) * angle) / sine * start + np.sin(t * angle) / sine * end
    return np.where(curved, arc, line).astype(start.dtype)


def interpolation(codes, frames, path="linear", loop=False):
    """Codes [F, ...] along a path through codes [K, ...], `frames` from one to the next.

    F = (K - 1) · frames + 1, the last code included; with `loop` F = K · frames, and the frame
    after the last would be the first.
    """
    if len(codes) < 2 or frames < 1:
        raise ValueError(
            "a path needs at least two codes and one frame between them. "
            f"Received: {len(codes)} codes, frames={frames}"
        )
    stops = [*codes, codes[0]] if loop else codes
    steps = [
        interpolate(start, end, np.float32(i / frames), path)
        for start, end in itertools.pairwise(stops)
        for i in range(frames)
    ]
    return np.stack(steps if loop else [*steps, codes[-1]])


def mix_styles(rows, columns, layers):
    """w_plus [R, C, num_ws, w_dim]: `rows` [R, num_ws, w_dim] with `layers` from `columns`."""
    mixed = np.repeat(rows[:, np.newaxis], len(columns), axis=1)
    mixed[:, :, layers] = columns[np.newaxis][:, :, layers]
    return mixed


def mixing_table(photos, num_rows, num_columns, background=255):
    """Orders photos for a grid of (R + 1) rows and C + 1 columns with the sources at its edges.

    Args:
        photos: C column sources, R row sources, R · C mixed ones row by row, each [H, W, C].
    """
    photos = np.asarray(photos)
    columns, rows, mixed = np.split(photos, [num_columns, num_columns + num_rows])
    table = [np.full_like(photos[0], background), *columns]
    for i, row in enumerate(rows):
        table += [row, *mixed[i * num_columns : (i + 1) * num_columns]]
    return np.stack(table)


@dataclasses.dataclass(frozen=True)
class Sampler:
    """A generator with the settings that hold for every picture that it draws.

    Attributes:
        generator: model with `mapping`, `synthesis`, `z_dim`, `num_ws` and `label_dim`.
        label: [label_dim], for a conditional generator, where a call gives no other.
        truncation, truncation_cutoff: as in `MappingNetwork`.
        noise: "constant" (the maps that the network holds), "none", or "random": maps that come
            from a seed, so that a picture does not depend on its neighbours.
        batch_size: pictures computed at a time.
        progress: whether to show a bar where drawing takes more than five seconds.
    """

    generator: typing.Any
    label: np.ndarray | None = None
    truncation: float = 1.0
    truncation_cutoff: int | None = None
    noise: str = "constant"
    batch_size: int = 8
    progress: bool = False

    def __post_init__(self):
        if self.noise not in NOISE_MODES:
            raise ValueError(
                f"noise must be one of {', '.join(NOISE_MODES)}. Received: noise={self.noise!r}"
            )
        if not math.isfinite(self.truncation):
            raise ValueError(f"truncation must be finite. Received: truncation={self.truncation}")
        cutoff, num_ws = self.truncation_cutoff, self.generator.num_ws
        if cutoff is not None and not 0 <= cutoff <= num_ws:
            raise ValueError(f"truncation_cutoff must be in 0-{num_ws}. Received: {cutoff}")

    def z(self, seeds):
        """z [N, z_dim] of N seeds."""
        return latents_from_seeds(seeds, self.generator.z_dim)

    def w_plus(self, z, label=None):
        """w_plus [N, num_ws, w_dim], float32, of z [N, z_dim]."""
        label = self.label if label is None else label
        rows = [np.zeros((0, self.generator.num_ws, self.generator.w_dim), np.float32)]
        for part in _batches(z, self.batch_size):
            labels = None if label is None else np.tile(label, (len(part), 1))
            rows.append(
                self.generator.mapping(
                    part,
                    labels=labels,
                    truncation=self.truncation,
                    truncation_cutoff=self.truncation_cutoff,
                )
            )
        return np.concatenate(rows)

    def photos(self, w_plus, noise_seeds):
        """Yields the photo [H, W, C] of each row of w_plus; a seed each for random noise."""
        with tqdm(total=len(w_plus), unit="image", delay=5, disable=not self.progress) as bar:
            for part, seeds in zip(
                _batches(w_plus, self.batch_size),
                _batches(noise_seeds, self.batch_size),
                strict=True,
            ):
                yield from as_photos(self.generator.synthesis(part, noise=self._maps(seeds)))
                bar.update(len(part))

    def _maps(self, seeds):
        if self.noise != "random":
            return self.noise
        shapes = self.generator.synthesis.noise_shapes
        drawn = [noise_from_seed(seed, self.generator.z_dim, shapes) for seed in seeds]
        return [np.concatenate(layer) for layer in zip(*drawn, strict=True)]

    def grid(self, seeds, columns=None, **layout):
        """One photo of all seeds; without a label, a conditional generator's classes as rows."""
        z = self.z(seeds)
        classes = [self.label]
        if self.generator.label_dim and self.label is None:
            classes = np.eye(self.generator.label_dim, dtype=np.float32)
            columns = len(seeds)
            layout = {"row_labels": [str(i) for i in range(len(classes))], **layout}
        w_plus = np.concatenate([self.w_plus(z, label) for label in classes])
        photos = list(self.photos(w_plus, list(seeds) * len(classes)))
        return image_grid(np.stack(photos), columns, **layout)

    def table(self, row_seeds, column_seeds, layers, **layout):
        """One photo of row sources, column sources and their mixes, with the seeds as labels."""
        rows, columns = self.w_plus(self.z(row_seeds)), self.w_plus(self.z(column_seeds))
        mixed = mix_styles(rows, columns, layers)
        w_plus = np.concatenate([columns, rows, mixed.reshape(-1, *rows.shape[1:])])
        noise_seeds = [*column_seeds, *row_seeds, *np.repeat(row_seeds, len(columns))]
        photos = mixing_table(list(self.photos(w_plus, noise_seeds)), len(rows), len(columns))
        return image_grid(
            photos,
            len(columns) + 1,
            row_labels=["", *map(str, row_seeds)],
            column_labels=["", *map(str, column_seeds)],
            **layout,
        )

    def animation(self, seeds, space="w", path="linear", frames=48, loop=False):
        """Yields the photos on a path through the seeds, all with the first seed's noise."""
        z = self.z(seeds)
        if space == "z":
            w_plus = self.w_plus(interpolation(z, frames, path, loop))
        else:
            w_plus = interpolation(self.w_plus(z), frames, path, loop)
        return self.photos(w_plus, [seeds[0]] * len(w_plus))


def _batches(rows, size):
    return [rows[i : i + size] for i in range(0, len(rows), size)]
