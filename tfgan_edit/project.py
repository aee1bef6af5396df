"""Finds the latents of photos: the picture that a generator can draw and that is nearest to each.

  python -m tfgan_edit.project --preset runs/faces --photo me.jpg --out projections/me
  python -m tfgan_edit.project --preset runs/faces --photo photos/ --out projections/
  python -m tfgan_edit.project --preset runs/faces --photo photos/ --out projections/ \\
      --encoder runs/encoder --align landmarks.csv

For every photo it writes projected.npz (w_plus, noise maps), projected.png (the photo beside the
result), projected.mp4 (the search) and report.json: into --out for a file, into a folder of its own
for each picture of a folder. The same command again goes on with the photos that are not done.
"""

import dataclasses
import functools
import json
from pathlib import Path

import numpy as np
from absl import flags
from PIL import Image
from tqdm import tqdm

from tfgan_edit.config import UserError, run_verb
from tfgan_edit.data.photos import Fitting, UnreadablePhoto, read_photo, whole_photo
from tfgan_edit.data.sources import FileSource
from tfgan_edit.editing.alignment import (
    DETECTOR,
    FaceSquare,
    cut,
    detect_landmarks,
    landmarks_of,
    read_landmarks,
)
from tfgan_edit.editing.image_distances import DISTANCES, find_distance
from tfgan_edit.editing.inversion import SPACES, ProjectionSettings, Projector
from tfgan_edit.metrics.weights import weight_files
from tfgan_edit.ops.images import photo_to_image
from tfgan_edit.pictures import image_grid, write_animation, write_picture
from tfgan_edit.preset import load_preset
from tfgan_edit.storage import atomic_file, read_json, sha256_of, write_json

REPORT = "report.json"
FPS = 24
# A search from an encoder's latents is short and does not leave them by exploration.
FROM_ENCODER = {"steps": 100, "exploration": 0.0}


def define_flags(f):
    kinds = (flags.DEFINE_string, flags.DEFINE_integer, flags.DEFINE_float, flags.DEFINE_enum)
    text, integer, number, choice = (functools.partial(kind, flag_values=f) for kind in kinds)
    text("preset", None, "Preset with a generator, or a run folder that has one.")
    text("photo", None, "Picture file, or a folder of them.")
    text("out", None, "Folder to write to.")
    choice("space", "w_plus", SPACES, "One vector for all layers, or one each.")
    text("encoder", None, "Preset of an encoder for this generator, whose latents are the start.")
    integer(
        "steps",
        None,
        "Of the search; default 1000, or 100 with --encoder, which 0 takes as it is.",
        lower_bound=0,
    )
    number("learning_rate", ProjectionSettings.learning_rate, "Of the search.", lower_bound=0)
    number(
        "tolerance",
        ProjectionSettings.tolerance,
        "Ends the search early once 50 steps gain less than this part; 0: never.",
        lower_bound=0,
    )
    choice("distance", "auto", ["auto", *DISTANCES], "What is minimised; auto: the best at hand.")
    flags.DEFINE_multi_string(
        "weights", [], "NAME=FILE, trained weights of the distance's network.", flag_values=f
    )
    text(
        "align",
        "none",
        "Cut faces as FFHQ's by landmarks: a .csv or .json file of 5 or 68 points a photo, or "
        f"{DETECTOR}, a package that finds them; none: take the middle of each photo.",
    )
    integer("seed", 0, "Of the random numbers of the search.", lower_bound=0)
    integer("batch_size", 4, "Photos at a time.", lower_bound=1)
    integer("frames", 100, "Of the video, about; 0: none.", lower_bound=0)


def main(f):
    print(f"wrote {project(f)}")


def project(f):
    """Does what the parsed flags `f` say; returns a line about what was written."""
    for flag in ("preset", "photo", "out"):
        if not f[flag].value:
            raise UserError(f"--{flag} is missing; see --help for examples")
    preset = load_preset(f.preset, names=["generator"])
    generator = checked_generator(f, preset)
    encoder = load_encoder(f, preset, generator) if f.encoder else None
    settings = make_settings(f)
    tasks = find_tasks(f)
    read = PhotoReader(f.align, generator)
    distance = find_distance(
        f.distance, side=min(generator.resolution), given=weight_files(f.weights)
    )
    print(f"distance: {distance.what}")
    inputs = {
        "preset": preset.sha256,
        "encoder": encoder.sha256 if encoder else None,
        "settings": dataclasses.asdict(settings),
        "distance": distance.identity,
        "align": sha256_of(f.align) if read.table else f.align,
        "frames": f.frames,
    }
    waiting = [task for task in tasks if not task.is_done(inputs)]
    size = min(f.batch_size, max(len(waiting), 1))
    projector = Projector(generator, distance, settings, size, f.frames)
    skipped, finished = {}, 0
    with tqdm(total=len(waiting) * settings.steps, unit="step", delay=5) as bar:
        for batch in batches(waiting, size, read, skipped):
            photos = np.stack([photo for _, photo, _ in batch])
            start = None
            if encoder:
                start = encoder.networks["encoder"](photo_to_image(photos)).numpy()
            results = projector(photos, start, on_step=lambda n=len(batch): bar.update(n))
            for (task, photo, square), result in zip(batch, results, strict=True):
                task.write(generator, photo, square, result, inputs, f.frames)
            finished += len(batch)  # some early, and some photos could not be read
            bar.update((finished + len(skipped)) * settings.steps - bar.n)
    return summary(f, tasks, skipped, len(tasks) - len(waiting))


def checked_generator(f, preset):
    generator = preset.require("generator")
    if not hasattr(generator, "num_ws"):
        method = preset.metadata.get("method", "not stated")
        raise UserError(
            f"--preset={f.preset}: its generator (method: {method}) has no w_plus latents"
        )
    if generator.img_channels not in (1, 3):
        raise UserError(
            f"--preset={f.preset}: its pictures have {generator.img_channels} channels; photos "
            "have 1 or 3"
        )
    return generator


def load_encoder(f, preset, generator):
    """The preset of --encoder, if it is for this generator."""
    encoder = load_preset(f.encoder, names=["encoder"])
    network = encoder.networks["encoder"]
    found = (network.num_ws, network.w_dim, network.img_channels)
    wanted = (generator.num_ws, generator.w_dim, generator.img_channels)
    if found != wanted:
        raise UserError(
            f"--encoder={f.encoder} makes {found[0]}x{found[1]} latents of {found[2]} colours, "
            f"--preset={f.preset} takes {wanted[0]}x{wanted[1]} of {wanted[2]}: give the encoder "
            "that was trained for this generator"
        )
    if preset.sha256 not in encoder.metadata.get("parents", [preset.sha256]):
        print(
            f"warning: --encoder={f.encoder} was trained for another state of the generator than "
            f"--preset={f.preset}"
        )
    return encoder


def make_settings(f):
    values = {"learning_rate": f.learning_rate, "tolerance": f.tolerance, "seed": f.seed}
    if f.encoder:
        values |= FROM_ENCODER
    if f.steps is not None:
        values["steps"] = f.steps
    if f.steps == 0:
        if not f.encoder:
            raise UserError("--steps=0 is for --encoder, whose latents are then the result")
        values["noise_weight"] = 0.0  # the network's own noise maps, with which it was trained
    return ProjectionSettings(space=f.space, **values)


def find_tasks(f):
    """A task a photo of --photo."""
    photo, out = Path(f.photo), Path(f.out)
    if out.exists() and not out.is_dir():
        raise UserError(f"--out={f.out} is a file: give a folder")
    if photo.is_file():
        return [Task(photo.name, photo, out)]
    if not photo.is_dir():
        raise UserError(f"--photo={f.photo}: there is no such file or folder")
    names = FileSource(photo).pictures
    stems = [name.rpartition(".")[0] for name in names]
    return [
        # Pictures that differ in their ending alone keep it.
        Task(name, photo / name, out / (name if stems.count(stem) > 1 else stem))
        for name, stem in zip(names, stems, strict=True)
    ]


def batches(tasks, size, read, skipped):
    """Yields lists of (task, photo, square); what cannot be read goes to `skipped`."""
    batch = []
    for task in tasks:
        try:
            batch.append((task, *read(task)))
        except UnreadablePhoto as error:
            skipped[task.name] = str(error)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def summary(f, tasks, skipped, num_before):
    num = len(tasks) - len(skipped)
    for name, reason in skipped.items():
        print(f"left out: {name}: {reason}")
    if not num:
        raise UserError(f"--photo={f.photo}: nothing was projected, no picture can be used")
    reports = [read_json(t.folder / REPORT) for t in tasks if t.name not in skipped]
    psnr = np.mean([report["psnr"] for report in reports])
    distance = np.mean([report["distance"] for report in reports])
    before = f", {num_before} of them before" if num_before else ""
    return f"{num} projections to {f.out}{before}: PSNR {psnr:.2f} dB, distance {distance:.4g}"


class PhotoReader:
    """Reads photos at the size of a generator, cut by landmarks where --align says so."""

    def __init__(self, align, generator):
        self.align, self.generator = align, generator
        height, width = generator.resolution
        if align != "none" and height != width:
            raise UserError(
                f"--align={align}: faces are cut as squares, this generator draws "
                f"{width}x{height}; leave it out"
            )
        self.table = None if align in ("none", DETECTOR) else read_landmarks(align)
        if align == "none":
            print("photos are not aligned: of each, the middle is taken (see --align for faces)")

    def __call__(self, task):
        """(photo uint8 [H, W, C], `FaceSquare` or None) of a task."""
        square = None
        if self.align == "none":
            photo, _ = read_photo(task.path, Fitting(self.generator.resolution))
        else:
            photo, square = self._cut(task)
        if self.generator.img_channels == 1:
            photo = np.asarray(Image.fromarray(photo).convert("L"))[..., np.newaxis]
        return photo, square

    def _cut(self, task):
        photo = whole_photo(task.path)
        if self.table:
            landmarks = landmarks_of(self.table, task.name)
        else:
            landmarks = detect_landmarks(photo)
        if landmarks is None:
            raise UnreadablePhoto(f"{DETECTOR} finds no face")
        try:
            square = FaceSquare.of_landmarks(landmarks)
            return cut(photo, square, self.generator.resolution[0]), square
        except ValueError as error:
            raise UnreadablePhoto(f"its landmarks do not fit: {error}") from error


@dataclasses.dataclass(frozen=True)
class Task:
    """A photo and the folder of its projection."""

    name: str
    path: Path
    folder: Path

    def inputs(self, inputs):
        """What decides the result, as JSON gives it back."""
        return json.loads(json.dumps({"photo": sha256_of(self.path), **inputs}))

    def is_done(self, inputs):
        report = self.folder / REPORT
        return report.is_file() and read_json(report).get("inputs") == self.inputs(inputs)

    def write(self, generator, photo, square, result, inputs, frames):
        """Writes the files of a projection; the report, which says that it is done, last."""
        (self.folder / REPORT).unlink(missing_ok=True)
        projected = next(result.photos(generator))
        both = image_grid(np.stack([photo, projected]), columns=2, padding=0)
        write_picture(self.folder / "projected.png", both)
        if frames:
            search = result.photos(generator, result.path)
            pairs = (np.concatenate([photo, frame], axis=1) for frame in search)
            write_animation(self.folder / "projected.mp4", pairs, FPS)
        place = {} if square is None else dataclasses.asdict(square)
        arrays = {f"noise_{i}": noise for i, noise in enumerate(result.noise)}
        with atomic_file(self.folder / "projected.npz") as file:
            np.savez(file, w_plus=result.w_plus, distances=result.distances, **arrays)
        write_json(
            self.folder / REPORT,
            {
                "name": self.name,
                "psnr": result.psnr,
                "distance": result.distances[-1],
                "distance_at_start": result.distances[0],
                "steps": len(result.distances) - 1,
                "square": place,
                "inputs": self.inputs(inputs),
            },
        )


if __name__ == "__main__":
    run_verb(main, define_flags)
