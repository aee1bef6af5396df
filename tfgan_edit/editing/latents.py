"""Scored latents: z, w and what a scorer says of their pictures, in shards on disk.

    latents/  manifest.json                what was drawn, by which generator and scorer
              latents-00000-of-00020.npz   z [n, z_dim], w [n, w_dim], scores [n, K], float32

The first two of the seven steps of StyleGAN2 Distillation (arXiv 2003.03581, section 3.1). A
shard is a pure function of the request and its number, so the same request goes on where it
stopped.
"""

import concurrent.futures
import dataclasses
import time
from pathlib import Path

import numpy as np
import tensorflow as tf
from tqdm import tqdm

from tfgan_edit.config import UserError
from tfgan_edit.data.latents import (  # noqa: F401 - what is written here is read there
    FORMAT,
    FORMAT_VERSION,
    MANIFEST,
    Latents,
    open_latents,
)
from tfgan_edit.data.records import canonical_hash
from tfgan_edit.ops.images import photo_to_image
from tfgan_edit.storage import atomic_file, read_json, sha256_of, write_json

SHARD_ROWS = 1024


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What `score_latents` did: pictures scored now, their seconds, and for what share of these
    the processor was at pictures and scores rather than waiting for latents or the disk."""

    scored: int
    seconds: float
    busy: float


def draw_z(seed, shard, num, z_dim):
    """z [num, z_dim] of one shard, float32; standard normal, the same in every NumPy version."""
    bits = np.random.MT19937(np.random.SeedSequence([seed, shard]))
    return np.random.RandomState(bits).randn(num, z_dim).astype(np.float32)


def score_latents(
    path,
    preset,
    scorer,
    *,
    num,
    seed=0,
    truncation=1.0,
    truncation_cutoff=None,
    label=None,
    batch_size=32,
    progress=True,
):
    """Draws latents, makes their pictures, scores them and writes the folder; resumes.

    Args:
        path: the folder to make or to finish.
        preset: `Preset` with a "generator".
        scorer: `Scorer`.
        num: how many.
        seed: of z.
        truncation, truncation_cutoff: of the pictures, as in `MappingNetwork`. The w that is
            written is the one before truncation, w_avg + truncation · (w - w_avg).
        label: [label_dim] for a conditional generator.
        batch_size: pictures at once.
        progress: whether to show a bar where it takes more than five seconds.

    Returns:
        An `Outcome`.

    Raises:
        UserError: `path` holds something else or other latents, or cannot be written.
    """
    path = Path(path)
    generator = preset.require("generator")
    request = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "num": num,
        "seed": seed,
        "truncation": truncation,
        "truncation_cutoff": truncation_cutoff,
        "label": None if label is None else np.asarray(label).tolist(),
        "noise": "constant",
        "z_dim": generator.z_dim,
        "w_dim": generator.w_dim,
        "names": list(scorer.names),
        "parents": {
            "generator": {"path": str(preset.path), "sha256": preset.sha256},
            "scorer": {"path": str(scorer.path), "sha256": scorer.sha256},
        },
    }
    _claim(path, request)
    shards = _shard_sizes(num)
    missing = [i for i in range(len(shards)) if not _shard_path(path, i, len(shards)).exists()]
    to_do = sum(shards[number] for number in missing)
    compute = _scoring_function(generator, scorer, truncation, truncation_cutoff, label)
    started, waited = time.perf_counter(), 0.0
    with (
        tqdm(
            total=num, initial=num - to_do, unit="latent", delay=5, disable=not progress
        ) as bar,
        concurrent.futures.ThreadPoolExecutor(1) as writer,
    ):
        written = None
        for number in missing:
            z = draw_z(seed, number, shards[number], generator.z_dim)
            parts = []
            for start in range(0, len(z), batch_size):
                clock = time.perf_counter()
                rows = [tensor.numpy() for tensor in compute(z[start : start + batch_size])]
                waited += time.perf_counter() - clock
                parts.append(rows)
                bar.update(len(rows[0]))
            w, scores = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
            if written is not None:
                written.result()  # raises what went wrong, as a full disk
            file = _shard_path(path, number, len(shards))
            written = writer.submit(_write_shard, file, z=z, w=w, scores=scores)
        if written is not None:
            written.result()
    seconds = time.perf_counter() - started
    _finish(path, request, len(shards))
    return Outcome(to_do, seconds, waited / seconds)


def _scoring_function(generator, scorer, truncation, truncation_cutoff, label):
    """Compiled z [n, z_dim] -> (w [n, w_dim], scores [n, K]); what they need is one graph."""
    labels = None if label is None else tf.constant(label, tf.float32)[tf.newaxis]

    # One graph for batches of any size, so that a resumed folder is computed by the same.
    @tf.function(autograph=False, input_signature=[tf.TensorSpec([None, generator.z_dim])])
    def compute(z):
        repeated = None if labels is None else tf.repeat(labels, tf.shape(z)[0], axis=0)
        w_plus = generator.mapping(z, labels=repeated)
        truncated = generator.mapping.truncate(w_plus, truncation, truncation_cutoff)
        images = generator.synthesis(truncated, noise="constant")
        return w_plus[:, 0], scorer.probabilities(images)

    return compute


def _shard_sizes(num):
    return [min(SHARD_ROWS, num - start) for start in range(0, num, SHARD_ROWS)]


def _shard_path(path, number, of):
    return path / f"latents-{number:05d}-of-{of:05d}.npz"


def _write_shard(file, **arrays):
    with atomic_file(file) as opened:
        np.savez(opened, **arrays)


def _claim(path, request):
    """Writes the request, or checks that the folder was begun with the same."""
    request = {**request, "hash": None}
    if path.exists() and not path.is_dir():
        raise UserError(f"cannot write latents to {path}: it is a file; choose a folder")
    if path.is_dir() and any(path.iterdir()):
        manifest = read_json(path / MANIFEST) if (path / MANIFEST).exists() else None
        if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
            raise UserError(f"cannot write latents to {path}: it holds other files; choose another")
        plain = _comparable(request)
        found = _comparable(manifest)
        changed = [key for key in plain if found.get(key) != plain[key]]
        if changed:
            raise UserError(
                f"{path} holds other latents (they differ in {', '.join(changed)}): choose another "
                "folder, or remove it"
            )
        return
    write_json(path / MANIFEST, request)


def _comparable(manifest):
    """What decides the content: places of files do not."""
    parents = manifest.get("parents", {})
    left_out = ("hash", "parents", "shards")
    kept = {key: value for key, value in manifest.items() if key not in left_out}
    return kept | {name: parent.get("sha256") for name, parent in parents.items()}


def _finish(path, request, count):
    files = [_shard_path(path, number, count) for number in range(count)]
    hashes = [sha256_of(file) for file in files]
    shards = [{"file": f.name, "sha256": h} for f, h in zip(files, hashes, strict=True)]
    content = canonical_hash([_comparable(request), hashes])
    write_json(path / MANIFEST, {**request, "shards": shards, "hash": content})


def encode_photos(preset, photos, scorer=None, batch_size=32, progress=True):
    """`Latents` of real photos, by the encoder of a StyleMapGAN; w holds their stylemaps, flat.

    Args:
        preset: `Preset` with "encoder".
        photos: `PhotoSet`; without a scorer one of records with labels.
        scorer: `Scorer`, or None for the labels.
        batch_size: photos at once.
        progress: whether to show a bar where it takes more than five seconds.

    Raises:
        UserError: the preset has no such encoder, or the photos another size or no labels.
    """
    encoder = preset.require("encoder")
    shape = getattr(encoder, "stylemap_shape", None)
    if shape is None:
        raise UserError(f"{preset.path} encodes no photos as stylemaps: give a StyleMapGAN")
    wanted = (*encoder.resolution, encoder.img_channels)
    if photos.shape != wanted:
        raise UserError(
            f"{photos.name} has photos of {list(photos.shape)}, {preset.path} takes "
            f"{list(wanted)}: make them of that size by prepare_data"
        )
    records = getattr(photos, "records", None)
    if scorer is None and (records is None or records.labels is None):
        raise UserError(f"{photos.name} has no labels: give a scorer")

    @tf.function(autograph=False, reduce_retracing=True)
    def compute(batch):
        images = photo_to_image(batch)
        scores = tf.zeros([tf.shape(images)[0], 0])
        return encoder(images), scores if scorer is None else scorer.probabilities(images)

    parts = []
    with tqdm(total=photos.num, unit="photo", delay=5, disable=not progress) as bar:
        for batch in photos.batches(photos.num, batch_size):
            parts.append([part.numpy() for part in compute(tf.constant(batch))])
            bar.update(len(batch))
    stylemaps, scores = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    w = stylemaps.reshape(len(stylemaps), -1)
    manifest = {
        "names": list(records.label_names if scorer is None else scorer.names),
        "stylemap_shape": list(shape),
        "label": None,
        "truncation": 1.0,
        "truncation_cutoff": None,
        "hash": canonical_hash([preset.sha256, photos.hash]),
        "parents": {
            "generator": {"path": str(preset.path), "sha256": preset.sha256},
            "photos": {"path": photos.name, "hash": photos.hash},
        },
    }
    if scorer is None:
        scores = records.labels  # all of them, in the order of `batches`
    else:
        manifest["parents"]["scorer"] = {"path": str(scorer.path), "sha256": scorer.sha256}
    return Latents(photos.name, manifest, np.zeros((len(w), 0), np.float32), w, scores)
