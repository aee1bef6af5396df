"""Pairs for one-pass edits, made by a generator and chosen by a scorer.

Steps 5 to 7 of StyleGAN2 Distillation (Viazovetskyi et al., arXiv 2003.03581, section 3.1): a new
latent, a set of pictures along the direction, a scorer's opinion of each of them, and the two
that certainly belong to opposite classes. What the pictures of a set are, tasks of
`editing.pair_tasks` say.
"""

import collections
import concurrent.futures
import dataclasses
import json
import shutil
import time
from pathlib import Path

import numpy as np
import tensorflow as tf
from tqdm import tqdm

from tfgan_edit.config import UserError
from tfgan_edit.data.pairs import PairsWriter, open_pairs
from tfgan_edit.editing.latents import draw_z
from tfgan_edit.metrics.resizing import resize
from tfgan_edit.ops.images import image_to_photo, photo_to_image
from tfgan_edit.pictures import image_grid, write_picture
from tfgan_edit.storage import atomic_file, read_json, write_json

SETS_PER_PART = 128  # sets of pictures between two files; what an interruption costs at most
SETS_BEFORE_DOUBT = 1024  # after so many sets …
LEAST_YIELD = 0.01  # … a smaller share of pairs stops the work
SHOWN = 32  # pairs on the contact sheet
REDUCTION = "bicubic_antialiased"  # of larger pictures, a key of `metrics.resizing.RULES`


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What `make_pairs` did.

    Attributes:
        pairs: the `Pairs`.
        sets: sets of pictures drawn now.
        seconds: what that took.
        busy: share of it in which pictures were drawn and scored.
    """

    pairs: object
    sets: int
    seconds: float
    busy: float


def make_pairs(
    path,
    preset,
    task,
    *,
    num,
    seed=1,
    truncation=0.7,
    resolution=None,
    batch_size=32,
    progress=True,
):
    """Draws sets of pictures until they gave `num` pairs, and writes a pairs folder; resumes.

    Parts wait in `.NAME.parts` beside the folder until all are there. A part is a pure function
    of the request and its number, so the same request goes on where it stopped, also to another
    `num`.

    Args:
        path: the pairs folder to make.
        preset: `Preset` with a "generator" that has w_plus.
        task: one of `editing.pair_tasks`.
        num: pairs.
        seed: of z; give another than that of the latents behind the direction.
        truncation: of w, as in `MappingNetwork`.
        resolution: side of the written photos; None for the generator's. Never larger.
        batch_size: pictures drawn at once, at least one set.
        progress: whether a bar is shown.

    Returns:
        An `Outcome`.

    Raises:
        UserError: `path` holds other pairs, the task does not fit the generator, or hardly any
            set gives a pair.
    """
    path = Path(path)
    generator = preset.require("generator")
    task.prepare(preset)
    if generator.label_dim:
        raise UserError(f"{preset.path}: pairs of conditional generators are not supported")
    sides = _sides(generator, resolution)
    request = {
        **task.request,
        "num": num,
        "seed": seed,
        "truncation": truncation,
        "noise": "constant",
        "resolution": sides,
        "reduction": REDUCTION if sides != tuple(generator.resolution) else None,
        "parents": {"generator": preset.sha256, **task.parents},
    }
    request = json.loads(json.dumps(request))
    if path.exists():
        return Outcome(_existing(path, request), 0, 0.0, 0.0)
    parts = _Parts(path.with_name(f".{path.name}.parts"), request)
    draw = _drawing_function(generator, task, truncation, sides)
    look = _looking_function(generator, task, truncation, sides)
    sets_per_batch = max(1, batch_size // task.pictures_per_set)
    started, sets, busy = time.perf_counter(), 0, 0.0
    begun = min(parts.num, num)
    with (
        tqdm(total=num, initial=begun, unit="pair", disable=not progress) as bar,
        concurrent.futures.ThreadPoolExecutor(1) as worker,
    ):
        while parts.num < num:
            z = _latents_of_part(generator, task, look, seed, len(parts.files), batch_size)
            chosen = []
            for start in range(0, SETS_PER_PART, sets_per_batch):
                clock = time.perf_counter()
                drawn = [t.numpy() for t in draw(z[start : start + sets_per_batch])]
                busy += time.perf_counter() - clock
                chosen.append(worker.submit(task.select, *drawn))
            before = parts.num
            parts.add([selected.result() for selected in chosen])
            sets += SETS_PER_PART
            bar.update(min(parts.num, num) - min(before, num))
            minutes = (time.perf_counter() - started) / 60
            rate = (min(parts.num, num) - begun) / minutes
            bar.set_postfix_str(f"{rate:.0f} pairs/min", refresh=False)
            parts.check_yield(task)
    seconds = time.perf_counter() - started
    pairs = parts.gather(path, task, sides, preset.metadata.get("licence"))
    return Outcome(pairs, sets, seconds, busy / seconds if sets else 0.0)


def _sides(generator, resolution):
    own = tuple(generator.resolution)
    if resolution is None:
        return own
    if resolution > min(own):
        raise UserError(
            f"resolution {resolution}: the generator draws {own[1]}x{own[0]} pixels; pairs are "
            "never enlarged"
        )
    return tuple(side * resolution // min(own) for side in own)


def photo_function(generator, sides):
    """Graph function w_plus [N, num_ws, w_dim] -> photos uint8 [N, *sides, C], reduced in size."""

    def photos_of(w_plus):
        photos = image_to_photo(generator.synthesis(w_plus, noise="constant"))
        if tuple(photos.shape[1:3]) == tuple(sides):
            return photos
        return tf.cast(resize(photos, sides, REDUCTION), tf.uint8)

    return photos_of


def _drawing_function(generator, task, truncation, sides):
    """Compiled z [B, latents, z_dim] -> what `task.select` takes."""
    photos_of = photo_function(generator, sides)

    @tf.function(autograph=False, reduce_retracing=True)
    def draw(z):
        w_plus = generator.mapping(tf.reshape(z, [-1, z.shape[-1]]), truncation=truncation)
        rows = tf.reshape(w_plus, [-1, z.shape[1], *w_plus.shape[1:]])
        return task.compute(generator, rows, photos_of)

    return draw


def _looking_function(generator, task, truncation, sides):
    """Compiled z [B, z_dim] -> scores [B, K] of the faces."""
    photos_of = photo_function(generator, sides)

    @tf.function(autograph=False, reduce_retracing=True)
    def look(z):
        photos = photos_of(generator.mapping(z, truncation=truncation))
        return task.scorer.probabilities(photo_to_image(photos))

    return look


def _latents_of_part(generator, task, look, seed, part, batch_size):
    """z [SETS_PER_PART, latents, z_dim], chosen among more where the task prefers some."""
    num = SETS_PER_PART * task.candidates
    z = draw_z(seed, part, num, task.latents_per_set * generator.z_dim)
    if task.candidates > 1:
        starts = range(0, num, batch_size)
        scores = np.concatenate([look(z[i : i + batch_size]).numpy() for i in starts])
        random = np.random.RandomState(np.random.MT19937(np.random.SeedSequence([seed, part, 1])))
        z = z[task.choose(scores, SETS_PER_PART, random)]
    return z.reshape(SETS_PER_PART, -1, generator.z_dim)


def _existing(path, request):
    pairs = open_pairs(path)
    if pairs.manifest.get("request") != request:
        made = pairs.manifest.get("request") or {}
        changed = [key for key in request if made.get(key) != request[key]]
        raise UserError(
            f"{path} holds other pairs (they differ in {', '.join(changed)}): choose another "
            "folder, or remove it"
        )
    return pairs


class _Parts:
    """What was chosen so far, on disk: part k comes from sets k · SETS_PER_PART on.

    Attributes:
        files: of the parts, in order.
        num: pairs in them.
        rejected: {reason: sets}.
    """

    def __init__(self, folder, request):
        self.folder, self.request = folder, request
        self.files, self.num, self.rejected = [], 0, collections.Counter()
        note, wanted = folder / "request.json", {**request, "num": None}  # parts suit any number
        if note.exists() and {**read_json(note), "num": None} != wanted:
            raise UserError(
                f"{folder} holds the beginning of other pairs: remove it, or choose another "
                "folder for these"
            )
        write_json(note, wanted)
        while self.num < request["num"] and (file := self._file(len(self.files))).exists():
            with np.load(file, allow_pickle=False) as arrays:
                self._count(file, len(arrays["targets"]), json.loads(arrays["rejected"].item()))

    def _file(self, number):
        return self.folder / f"part-{number:06d}.npz"

    def _count(self, file, num, rejected):
        self.files.append(file)
        self.num += num
        self.rejected.update(rejected)

    def add(self, selections):
        """Writes the next part: the (arrays, rejected) of its batches."""
        arrays = {
            name: np.concatenate([batch[name] for batch, _ in selections])
            for name in selections[0][0]
        }
        rejected = sum((reasons for _, reasons in selections), collections.Counter())
        file = self._file(len(self.files))
        with atomic_file(file) as opened:
            np.savez(opened, **arrays, rejected=np.array(json.dumps(rejected)))
        self._count(file, len(arrays["targets"]), rejected)

    def check_yield(self, task):
        sets = len(self.files) * SETS_PER_PART
        if sets >= SETS_BEFORE_DOUBT and self.num < LEAST_YIELD * sets:
            reasons = ", ".join(f"{why}: {n:,}" for why, n in self.rejected.most_common())
            raise UserError(f"{self.num} of {sets:,} sets gave a pair ({reasons}): {task.advice()}")

    def gather(self, path, task, sides, licence=None):
        """Writes the pairs folder with its contact sheet, and removes the parts."""
        left, shown = self.request["num"], []
        notes = {
            "kind": task.kind,
            "attribute": self.request.get("attribute"),
            "parents": self.request["parents"],
            "licence": licence,  # of the generator that drew them
            "request": self.request,
            "sets": len(self.files) * SETS_PER_PART,
            "fitting": self.num,  # of these sets; the pairs are the first of them
            "rejected": dict(self.rejected.most_common()),
        }
        with PairsWriter(path, sides, planes=task.planes, notes=notes) as writer:
            for file in self.files:
                with np.load(file, allow_pickle=False) as archive:
                    arrays = {name: archive[name][:left] for name in archive if name != "rejected"}
                left -= len(arrays["targets"])
                sources, targets = arrays.pop("sources"), arrays.pop("targets")
                for i, (source, target) in enumerate(zip(sources, targets, strict=True)):
                    scores = {name: values[i] for name, values in arrays.items()}
                    writer.add(source, target, scores=scores or None)
                    if len(shown) < SHOWN:
                        shown.append(side_by_side(source, target))
        write_picture(path / "pairs.png", image_grid(np.stack(shown), columns=4))
        shutil.rmtree(self.folder)
        return open_pairs(path)


def side_by_side(source, target):
    """The photos of a source [H, W, 3 k] and its target, uint8 [H, (k + 1) W, 3]."""
    return np.concatenate([*np.split(source, source.shape[-1] // 3, axis=-1), target], axis=1)
