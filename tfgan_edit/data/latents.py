"""Latents on disk: scored ones of `score_latents`, and files of others, for training and editing.

    latents/  manifest.json                what was drawn, by which generator and scorer
              latents-00000-of-00020.npz   z [n, z_dim], w [n, w_dim], scores [n, K], float32

Files of StyleFlow's kind are .npy or pickles of [N, 1, num_ws, w_dim], with attributes beside them.
"""

import dataclasses
from pathlib import Path

import numpy as np

from tfgan_edit.checkpoints.files import read_checkpoint
from tfgan_edit.checkpoints.numpy_files import load_npz
from tfgan_edit.config import UserError
from tfgan_edit.data.preparation import prepare
from tfgan_edit.data.records import canonical_hash, is_plain_name
from tfgan_edit.networks.attribute_classifier import label_vectors
from tfgan_edit.storage import read_json, sha256_of

FORMAT = "tfgan_edit.latents"
FORMAT_VERSION = 1
MANIFEST = "manifest.json"
ARRAYS = ("z", "w", "scores")
DRAWN = "drawn"
SKIPPED = "-"  # in place of the name of a column that is no label


@dataclasses.dataclass(frozen=True)
class Latents:
    """Latents with the scores of their pictures.

    Attributes:
        path: the folder.
        manifest: content of manifest.json.
        z: float32 [N, z_dim].
        w: float32 [N, w_dim], before truncation.
        scores: float32 [N, K], probabilities.
        names: K names of the scores.
        hash: content hash.
    """

    path: Path
    manifest: dict
    z: np.ndarray
    w: np.ndarray
    scores: np.ndarray

    @property
    def names(self):
        """Names of the scores' columns."""
        return self.manifest["names"]

    @property
    def hash(self):
        """Content hash."""
        return self.manifest["hash"]

    def __len__(self):
        return len(self.z)


def open_latents(path):
    """Opens a finished folder of scored latents.

    Raises:
        UserError: no such folder, an unfinished or a damaged one.
    """
    path = Path(path)
    if not (path / MANIFEST).is_file():
        raise UserError(f"no latents at {path}: {MANIFEST} is missing; make them by score_latents")
    manifest = read_json(path / MANIFEST)
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise UserError(f"{path} does not hold latents; make them by score_latents")
    if manifest.get("format_version") != FORMAT_VERSION:
        raise UserError(
            f"{path} has latents of format {manifest.get('format_version')!r:.20}, this version "
            f"reads {FORMAT_VERSION}; upgrade tfgan_edit, or make them again by score_latents"
        )
    if not manifest.get("hash"):
        raise UserError(f"{path} is unfinished: run the same score_latents again, it goes on")
    shards, names = manifest.get("shards"), manifest.get("names")
    if (
        not isinstance(manifest["hash"], str)
        or not isinstance(names, list)
        or not all(isinstance(name, str) for name in names)
        or not isinstance(shards, list)
        or not shards
        or not all(isinstance(s, dict) and is_plain_name(s.get("file")) for s in shards)
    ):
        raise UserError(f"{path / MANIFEST} is damaged: score the latents again")
    parts = [_read_shard(path / shard["file"], shard.get("sha256")) for shard in shards]
    try:
        z, w, scores = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    except ValueError as error:
        raise UserError(f"{path} is damaged: its shards do not fit together") from error
    shapes = [len(z), len(w), *scores.shape], [len(scores)] * 3 + [len(names)]
    if z.ndim != 2 or w.ndim != 2 or shapes[0] != shapes[1]:
        raise UserError(
            f"{path} is damaged: z {list(z.shape)}, w {list(w.shape)} and scores "
            f"{list(scores.shape)} of {len(names)} names; score the latents again"
        )
    return Latents(path, manifest, z, w, scores)


def _read_shard(file, sha256):
    if not file.is_file() or sha256_of(file) != sha256:
        raise UserError(
            f"{file} is missing or was changed: remove the folder and score the latents again"
        )
    arrays = load_npz(file)
    found = [arrays.get(name) for name in ARRAYS]
    if any(array is None or array.dtype != np.float32 for array in found):
        raise UserError(f"{file} is damaged: it does not hold {', '.join(ARRAYS)} as float32")
    return found


# === As the data of a training ===


@dataclasses.dataclass(frozen=True)
class LatentsConfig:
    """Which latents a run trains on.

    Args:
        source: "drawn", new latents of the frozen generator in every step; a folder that
            score_latents made; or a file, .npy or a pickle, of w or w_plus: [N, w_dim],
            [N, num_ws, w_dim] or, as StyleFlow's, [N, 1, num_ws, w_dim].
        labels: File with the attributes of such a file's latents: .npy [N, K] or [N, K, 1] of
            probabilities, or a text whose first line is N, whose second the names, and whose
            others are a name of a picture and K numbers, sorted by the names of the pictures.
        label_names: Names of the columns of a .npy file of labels, "-" for those to leave out.
        seed: The order of training.
    """

    source: str = DRAWN
    labels: str = ""
    label_names: tuple[str, ...] = ()
    seed: int = 0

    reading = {}  # keyword arguments of `LatentData.dataset`

    def tiny(self):
        """New latents of whatever generator there is."""
        return LatentsConfig(seed=self.seed)


class LatentData:
    """Latents for training; `prepare` makes it of a `LatentsConfig`.

    Attributes:
        latents: float32 [M, num_ws, w_dim], num_ws 1 for w; None for drawn ones.
        num: M; 0 for drawn ones, which do not end.
        labels: [M, K] of 0 or 1, or None.
        label_names: K names, or None.
        hash: of content and order; of drawn ones "".
        manifest: {}, or what score_latents wrote.
        resolution: None; how large their pictures are, the generator says.
    """

    resolution = None

    def __init__(self, latents=None, labels=None, label_names=None, hash="", manifest=None):
        self.latents = latents
        self.num = 0 if latents is None else len(latents)
        self.labels = labels
        self.label_names = label_names
        self.hash = hash
        self.manifest = manifest or {}

    def __len__(self):
        return self.num

    @property
    def facts(self):
        """What a trainer is told of its data: keyword arguments of a `build`."""
        shape = None if self.latents is None else self.latents.shape[1:]
        return {
            "resolution": None,
            "latent_shape": shape,
            "latents": self.latents,
            "labels": self.labels,
            "label_names": self.label_names,
            "truncation": self.manifest.get("truncation"),
            "truncation_cutoff": self.manifest.get("truncation_cutoff"),
        }

    def examples(self, count):
        """The first elements, from the start again if there are fewer, as a batch of arrays."""
        places = np.arange(count, dtype=np.int64)
        if self.latents is None:
            return {"positions": places}
        rows = places % self.num
        batch = {"latents": self.latents[rows], "partners": self.latents[rows]}
        return batch if self.labels is None else {**batch, "labels": self.labels[rows]}

    def loader(self, *, seed, **others):
        """Function of positions in endless training, int64 [n] -> batch.

        {"latents", "partners": [n, num_ws, w_dim]}, two independent orders of the same, and
        "labels" of the first; of drawn latents {"positions": [n]}.
        """
        import tensorflow as tf

        from tfgan_edit.data.pipeline import permuted

        if self.latents is None:
            return lambda positions: {"positions": positions}
        table = tf.constant(self.latents)
        labels = None if self.labels is None else tf.constant(self.labels)

        def load(positions):
            rows = permuted(positions, self.num, seed)
            partners = permuted(positions, self.num, seed ^ 1)
            batch = {"latents": tf.gather(table, rows), "partners": tf.gather(table, partners)}
            return batch if labels is None else {**batch, "labels": tf.gather(labels, rows)}

        return load

    def dataset(self, **settings):
        """Endless batches; see `tfgan_edit.data.pipeline.dataset`."""
        from tfgan_edit.data import pipeline  # pipelines need TensorFlow, records do not

        return pipeline.dataset(self, **settings)

    def replica_dataset(self, **settings):
        """One input worker's batches; see `tfgan_edit.data.pipeline.replica_dataset`."""
        from tfgan_edit.data import pipeline

        return pipeline.replica_dataset(self, **settings)


@prepare.register
def _(config: LatentsConfig, *, progress=True):
    source = Path(config.source)
    if config.source == DRAWN or source.is_dir():
        if config.labels or config.label_names:
            raise UserError(
                f"data.labels={config.labels!r}: it is for a file of latents; data.source="
                f"{config.source} brings its own"
            )
        if config.source == DRAWN:
            return LatentData()
        latents = open_latents(source)
        labels = label_vectors(latents.scores, latents.names).numpy()
        manifest = latents.manifest
        return LatentData(latents.w[:, np.newaxis], labels, latents.names, latents.hash, manifest)
    latents = read_latents(source)
    labels, names = None, None
    hashes = [sha256_of(source)]
    if config.labels:
        scores, names = read_scores(config.labels, config.label_names)
        if len(scores) != len(latents):
            raise UserError(
                f"data.labels={config.labels} has {len(scores):,} rows, data.source={source} "
                f"{len(latents):,} latents: they must be of the same pictures"
            )
        labels = label_vectors(scores, names).numpy()
        hashes += [sha256_of(config.labels), list(names)]
    return LatentData(latents, labels, names, canonical_hash(hashes))


def read_latents(path):
    """Reads a file of latents: float32 [N, num_ws, w_dim], num_ws 1 where all rows are equal.

    Raises:
        UserError: no such file, or something else.
    """
    arrays = _numbered_arrays(path)
    try:
        latents = arrays[0] if len(arrays) == 1 else np.concatenate(arrays)
    except ValueError as error:
        raise UserError(f"{path}: its latents differ in shape: {error!s:.80}") from error
    if latents.ndim == 4 and latents.shape[1] == 1:
        latents = latents[:, 0]
    if latents.ndim == 2:
        latents = latents[:, np.newaxis]
    if latents.ndim != 3 or latents.dtype.kind != "f" or not np.isfinite(latents).all():
        raise UserError(
            f"{path} holds {latents.dtype} {list(latents.shape)}: latents are finite numbers "
            "[N, w_dim], [N, num_ws, w_dim] or [N, 1, num_ws, w_dim]"
        )
    latents = latents.astype(np.float32)
    return latents[:, :1] if np.all(latents == latents[:, :1]) else latents


def read_scores(path, names=()):
    """Reads the attributes of latents: (float32 [N, K] in 0…1, K names).

    Args:
        path: as of `LatentsConfig.labels`.
        names: of the columns of a .npy file.

    Raises:
        UserError: no such file, something else, or names that do not fit.
    """
    path = Path(path)
    if path.suffix == ".npy":
        (table,) = _numbered_arrays(path)
        table = table[..., 0] if table.ndim == 3 and table.shape[2] == 1 else table
        if not names:
            raise UserError(f"data.label_names is missing: {path} does not name its columns")
        if table.ndim != 2 or table.shape[1] != len(names):
            raise UserError(
                f"{path} has the shape {list(table.shape)}, data.label_names names {len(names)} "
                "columns: give one each, - for those to leave out"
            )
    else:
        names, table = _attribute_list(path)
    kept = [i for i, name in enumerate(names) if name != SKIPPED]
    table, names = np.asarray(table, np.float32)[:, kept], [names[i] for i in kept]
    for name, column in zip(names, table.T, strict=True):
        if not np.all((column >= 0) & (column <= 1)):
            raise UserError(
                f"{path}: {name!r} has values from {column.min():g} to {column.max():g}; labels "
                f"are in 0…1: leave it out by naming it {SKIPPED}, or give another file"
            )
    return table, names


def _attribute_list(path):
    """(names, [N, K]) of a text: N, names, then a picture and K numbers a line."""
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", "it is no text")
        raise UserError(f"cannot read labels {path}: {reason}") from error
    try:
        count, names = int(lines[0]), lines[1].split()
        rows = sorted(line.split() for line in lines[2:] if line.strip())
        table = np.array([[float(word) for word in row[1:]] for row in rows], np.float32)
        if table.shape != (count, len(names)):
            raise ValueError(f"{list(table.shape)} numbers for {count} x {len(names)}")
    except (ValueError, IndexError) as error:
        raise UserError(
            f"{path} is no list of attributes: {error!s:.80}; its first line is a count, its "
            "second names, the others are a picture and as many numbers"
        ) from error
    return names, table


def _numbered_arrays(path):
    """Arrays of a .npy file or a pickle, in the order of their numbers; nothing of it is run."""
    checkpoint = read_checkpoint(path)
    arrays = {}
    for state in checkpoint.states:
        arrays |= {(state.path, *_number(name)): array for name, array in state.arrays.items()}
    if not arrays:
        raise UserError(f"{path}: it holds no arrays")
    return [arrays[key] for key in sorted(arrays)]


def _number(name):
    return (int(name), "") if name.isdecimal() else (-1, name)
