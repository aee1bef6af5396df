"""Latents from seeds, paths between them, mixed styles, studies of both, and their photos.

Functions of arrays and of a generator with `mapping` and `synthesis`; no files, no flags.
"""

import contextlib
import dataclasses
import itertools
import math
import typing

import numpy as np
from tqdm import tqdm

from tfgan_edit.config import UserError
from tfgan_edit.networks.mapping import latent_shape
from tfgan_edit.networks.stylemapgan import NUM_COARSE
from tfgan_edit.pictures import as_photos, image_grid

NOISE_MODES = ("constant", "random", "none")
PATHS = ("linear", "spherical")
LAYER_GROUPS = ("coarse", "middle", "fine")
DEVIATION_GAIN = 4  # grey values of a deviation map for one of the photos
NAMES_SHOWN = 20  # of labels, in messages
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


def parse_numbers(text):
    """Reads "-1,0,0.5" as a list of finite numbers.

    Raises:
        ValueError: anything else.
    """
    try:
        numbers = [float(part) for part in str(text).split(",")]
    except ValueError:
        numbers = [math.nan]
    if not all(map(math.isfinite, numbers)):
        raise ValueError(f"must be numbers separated by commas. Received: {text!r:.60}")
    return numbers


def layer_groups(num_ws):
    """Rows of w_plus by their effect: {"coarse": 4²-8², "middle": 16²-32², "fine": 64² and more}.

    That is the division of Karras et al., "A Style-Based Generator Architecture", arXiv
    1812.04948, section 3.1, by rows as StyleGAN has them, two a level. A network that ends below
    64² has fewer levels to share: 8² is coarse, 16² middle, 32² fine, and so on. The one row of a
    DCGAN is coarse.

    Returns:
        {name: range of rows}; a network of 8 pixels has none in the middle.
    """
    levels = num_ws // 2
    coarse = min(2 * max(min(2, levels - 2), 1), num_ws)
    fine = max(2 * min(4, levels - 1), coarse)
    ranges = range(coarse), range(coarse, fine), range(fine, num_ws)
    return dict(zip(LAYER_GROUPS, ranges, strict=True))


def code_groups(num_codes):
    """Style codes of a StyleMapGAN: {"coarse": of the stylemap's size, "fine": all others}."""
    return {"coarse": range(NUM_COARSE), "fine": range(NUM_COARSE, num_codes)}


def parse_layers(text, num_ws, groups=None):
    """Reads "coarse", "middle", "fine", "0-3" or "0,2" as a sorted list of rows of w_plus.

    Args:
        text: the above.
        num_ws: number of rows, or of style codes.
        groups: {name: rows}; default those of `layer_groups`.

    Raises:
        ValueError: anything else, or a group that a network of `num_ws` rows has not.
    """
    groups = layer_groups(num_ws) if groups is None else groups
    groups = {name: list(rows) for name, rows in groups.items() if rows}
    if text in groups:
        return groups[text]
    try:
        return sorted(set(parse_integers(text, num_ws - 1)))
    except ValueError as error:
        raise ValueError(f"must be {', '.join(groups)}, or numbers: {error}") from None


def parse_layer_groups(text, num_ws, groups=None):
    """Reads "coarse/middle/0-3", each part as in `parse_layers`: {part: list of rows}."""
    return {part: parse_layers(part, num_ws, groups) for part in text.split("/")}


def class_names(label_dim, label_names=None):
    """Names of the classes of one-hot labels, or None for labels of several attributes.

    Args:
        label_dim: size of a label vector.
        label_names: names of its columns, as records have them: those of one column of words are
            "column=word". Without names, each column is a class.
    """
    if label_names is None:
        return [str(i) for i in range(label_dim)]
    columns, _, words = zip(*(name.partition("=") for name in label_names), strict=True)
    return list(words) if all(words) and len(set(columns)) == 1 else None


def label_names(metadata, label_dim):
    """Names of the label columns that a preset was trained with, or None."""
    data = metadata.get("data")
    names = data.get("label_names") if isinstance(data, dict) else None
    is_list = isinstance(names, list) and len(names) == label_dim
    return names if is_list and all(isinstance(name, str) for name in names) else None


def parse_label(text, label_dim, label_names=None):
    """Reads a label [label_dim], float32.

    Args:
        text: number of a class, vector separated by commas, or names separated by commas: one
            in their columns, zero in the others.
        label_dim: size of a label vector.
        label_names: names of its columns, "hair=red" or "smile"; "red" does where no other
            column has that word.

    Raises:
        ValueError: anything else.
    """
    parts = [part.strip() for part in str(text).split(",")]
    if len(parts) == 1 and label_dim > 1 and parts[0].isdecimal() and int(parts[0]) < label_dim:
        return np.eye(label_dim, dtype=np.float32)[int(parts[0])]
    named = {}
    for i, name in enumerate(label_names or ()):
        for key in {name, name.partition("=")[2] or name}:
            named.setdefault(key, []).append(i)
    chosen = [named.get(part, ()) for part in parts]
    if all(len(columns) == 1 for columns in chosen):
        label = np.zeros(label_dim, np.float32)
        label[[columns[0] for columns in chosen]] = 1
        return label
    if len(parts) == label_dim:
        with contextlib.suppress(ValueError):
            return np.array(parse_numbers(text), np.float32)
    names = f", or of {shortened(label_names)}" if label_names else ""
    raise ValueError(
        f"must be a class in 0-{label_dim - 1} or {label_dim} numbers separated by commas{names}. "
        f"Received: {text!r:.60}"
    )


def shortened(names):
    """Names for a message of one line."""
    more = "" if len(names) <= NAMES_SHOWN else f" and {len(names) - NAMES_SHOWN} more"
    return ", ".join(names[:NAMES_SHOWN]) + more


def latents_from_seeds(seeds, z_dim):
    """z [N, z_dim], float32: RandomState(seed).randn(1, z_dim) each, as the official scripts."""
    rows = [np.random.RandomState(seed).randn(1, z_dim) for seed in seeds]
    return np.concatenate(rows).astype(np.float32)


def noise_from_seed(seed, z_dim, shapes):
    """Yields lists of noise maps [1, h, w, 1] endlessly, which follow z in a seed's numbers."""
    random = np.random.RandomState(seed)
    random.randn(1, z_dim)
    while True:
        yield [random.randn(1, h, w, 1).astype(np.float32) for h, w in shapes]


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
    """Orders photos for a grid of G · R + 1 rows and C + 1 columns with the sources at its edges.

    Args:
        photos: C column sources, R row sources, and row by row G times R · C mixed ones, each
            [H, W, channels].
    """
    photos = np.asarray(photos)
    columns, rows, mixed = np.split(photos, [num_columns, num_columns + num_rows])
    table = [np.full_like(photos[0], background), *columns]
    for i, cells in enumerate(_batches(mixed, num_columns)):
        table += [rows[i % num_rows], *cells]
    return np.stack(table)


def deviation_map(photos):
    """Standard deviation of each pixel's grey over photos [H, W, C], times 4: uint8 [H, W, C].

    Karras et al., arXiv 1812.04948, figure 4c.
    """
    total = squares = 0.0
    for count, photo in enumerate(photos, start=1):
        grey = photo.mean(axis=-1, keepdims=True)
        total, squares = total + grey, squares + grey**2
    deviation = np.sqrt(np.maximum(squares / count - (total / count) ** 2, 0))
    shown = np.clip(np.round(DEVIATION_GAIN * deviation), 0, 255).astype(np.uint8)
    return np.broadcast_to(shown, photo.shape)


@dataclasses.dataclass(frozen=True)
class Sampler:
    """A generator with the settings that hold for every picture that it draws.

    Attributes:
        generator: model with `mapping`, `synthesis`, `z_dim` and `label_dim`, and with `num_ws` and
            `w_dim` or, of stylemaps, `stylemap_shape` and `num_codes`.
        label: [label_dim], for a conditional generator, where a call gives no other.
        truncation, truncation_cutoff: as in `MappingNetwork`.
        noise: "constant" (the maps that the network holds), "none", or "random": maps that come
            from a seed, so that a picture does not depend on its neighbours.
        batch_size: pictures computed at a time.
        label_names: names of the columns of labels, as records have them.
        progress: whether to show a bar where drawing takes more than five seconds.
    """

    generator: typing.Any
    label: np.ndarray | None = None
    truncation: float = 1.0
    truncation_cutoff: int | None = None
    noise: str = "constant"
    batch_size: int = 8
    label_names: list | None = None
    progress: bool = False

    def __post_init__(self):
        if self.noise not in NOISE_MODES:
            raise ValueError(
                f"noise must be one of {', '.join(NOISE_MODES)}. Received: noise={self.noise!r}"
            )
        if not math.isfinite(self.truncation):
            raise ValueError(f"truncation must be finite. Received: truncation={self.truncation}")
        cutoff, num_ws = self.truncation_cutoff, self.num_layers
        if cutoff is not None and self.has_stylemaps:
            raise ValueError(f"a stylemap is truncated as a whole: truncation_cutoff={cutoff}")
        if cutoff is not None and not 0 <= cutoff <= num_ws:
            raise ValueError(f"truncation_cutoff must be in 0-{num_ws}. Received: {cutoff}")

    @property
    def has_stylemaps(self):
        """Whether latents are stylemaps [S, S, C], in place of w_plus [num_ws, w_dim]."""
        return hasattr(self.generator, "stylemap_shape")

    @property
    def num_layers(self):
        """Rows of w_plus, or style codes: what styles are mixed by."""
        return self.generator.num_codes if self.has_stylemaps else self.generator.num_ws

    def layer_groups(self):
        """{name: range of layers} by their effect."""
        groups = code_groups if self.has_stylemaps else layer_groups
        return groups(self.num_layers)

    def z(self, seeds):
        """z [N, z_dim] of N seeds."""
        return latents_from_seeds(seeds, self.generator.z_dim)

    def w_plus(self, z, label=None):
        """w_plus [N, num_ws, w_dim], or stylemaps [N, S, S, C], float32, of z [N, z_dim]."""
        label = self.label if label is None else label
        rows = [np.zeros((0, *latent_shape(self.generator)), np.float32)]
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
        if self.noise != "random":
            return self._synthesize(w_plus, self.noise)
        z_dim, shapes = self.generator.z_dim, self.generator.synthesis.noise_shapes
        maps = (next(noise_from_seed(seed, z_dim, shapes)) for seed in noise_seeds)
        return self._synthesize(w_plus, maps)

    def _synthesize(self, w_plus, noise):
        """Photos with a mode of noise, or with the maps that an iterator gives for each row.

        Raises:
            UserError: an image is not finite.
        """
        with tqdm(total=len(w_plus), unit="image", delay=5, disable=not self.progress) as bar:
            for part in _batches(w_plus, self.batch_size):
                maps = noise
                if not isinstance(noise, str):
                    layers = zip(*itertools.islice(noise, len(part)), strict=True)
                    maps = [np.concatenate(layer) for layer in layers]
                images = np.asarray(self.generator.synthesis(part, noise=maps))
                if not np.all(np.isfinite(images)):
                    raise UserError(
                        "this network's pictures are not finite (NaN): take another preset of it, "
                        "or train it anew"
                    )
                yield from as_photos(images)
                bar.update(len(part))

    def grid(self, seeds, columns=None, **layout):
        """One photo of all seeds; without a label, classes as columns, with a row a seed."""
        z = self.z(seeds)
        if self.generator.label_dim and self.label is None:
            names = class_names(self.generator.label_dim, self.label_names)
            labels = np.eye(len(names), dtype=np.float32)
            return self._sheet(seeds, names, [self.w_plus(z, label) for label in labels], **layout)
        photos = list(self.photos(self.w_plus(z), seeds))
        return image_grid(np.stack(photos), columns, **layout)

    def truncation_sweep(self, seeds, truncations, **layout):
        """One photo with a row a seed and a column a truncation (arXiv 1812.04948, figure 8)."""
        z = self.z(seeds)
        columns = [dataclasses.replace(self, truncation=t).w_plus(z) for t in truncations]
        return self._sheet(seeds, [f"{t:g}" for t in truncations], columns, **layout)

    def _sheet(self, seeds, names, columns, **layout):
        """One photo with a row a seed; `columns` are their w_plus [N, num_ws, w_dim]."""
        w_plus = np.stack(columns, axis=1).reshape(-1, *columns[0].shape[1:])
        photos = list(self.photos(w_plus, np.repeat(seeds, len(columns))))
        return _labelled(photos, seeds, names, **layout)

    def noise_study(self, seeds, draws, **layout):
        """One photo of what noise does to each seed (arXiv 1812.04948, figures 4 and 5).

        Columns: noise in all layers, in none, in the fine ones (64² and more, see
        `layer_groups`), in all others, and the `deviation_map` over that many draws of noise in
        all layers.

        Raises:
            ValueError: a network without noise.
        """
        shapes = self.generator.synthesis.noise_shapes
        if not shapes:
            raise ValueError("this network adds no noise")
        first_fine = layer_groups(self.generator.num_ws)["fine"].start // 2  # level
        is_fine = [h >= shapes[0][0] * 2**first_fine for h, _ in shapes]
        partial = [[False] * len(shapes), is_fine, [not fine for fine in is_fine]]

        def maps():
            for seed in seeds:
                drawn = noise_from_seed(seed, self.generator.z_dim, shapes)
                first = next(drawn)
                for kept in partial:
                    yield [m * keep for m, keep in zip(first, kept, strict=True)]
                yield first
                yield from itertools.islice(drawn, draws - 1)

        w_plus = np.repeat(self.w_plus(self.z(seeds)), len(partial) + draws, axis=0)
        photos = self._synthesize(w_plus, maps())
        cells = []
        for _ in seeds:
            none, fine, coarse, everywhere = itertools.islice(photos, 4)
            others = itertools.islice(photos, draws - 1)
            deviation = deviation_map(itertools.chain([everywhere], others))
            cells += [everywhere, none, fine, coarse, deviation]
        names = ["all noise", "none", "fine", "coarse", f"{DEVIATION_GAIN} x deviation"]
        return _labelled(cells, seeds, names, **layout)

    def table(self, row_seeds, column_seeds, layers, **layout):
        """One photo of row sources, column sources and their mixes, with the seeds as labels.

        Args:
            layers: {name: rows of w_plus that the columns give}; all rows again for each
                (arXiv 1812.04948, figure 3).
        """
        rows, columns = self.w_plus(self.z(row_seeds)), self.w_plus(self.z(column_seeds))
        if self.has_stylemaps:  # one for each style code
            rows, columns = (
                np.repeat(maps[:, np.newaxis], self.num_layers, axis=1) for maps in (rows, columns)
            )
        mixed = [mix_styles(rows, columns, chosen) for chosen in layers.values()]
        w_plus = np.concatenate([columns, rows, np.reshape(mixed, (-1, *rows.shape[1:]))])
        mixed_seeds = np.tile(np.repeat(row_seeds, len(columns)), len(layers))
        photos = list(self.photos(w_plus, [*column_seeds, *row_seeds, *mixed_seeds]))
        names = [f"{name} {seed}" for name in layers for seed in row_seeds]
        return _labelled(
            mixing_table(photos, len(rows), len(columns)),
            ["", *(names if len(layers) > 1 else row_seeds)],
            ["", *column_seeds],
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


def _labelled(photos, rows, columns, **layout):
    """One photo of a table with a label a row and a column."""
    rows, columns = [str(row) for row in rows], [str(column) for column in columns]
    return image_grid(
        np.stack(photos), len(columns), row_labels=rows, column_labels=columns, **layout
    )


def _batches(rows, size):
    return [rows[i : i + size] for i in range(0, len(rows), size)]
