"""Table "data": `prepare_data` by size of the photos and number of workers, and the pipeline."""

import functools
import io
import shutil
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from tfgan_edit.data import avatars
from tfgan_edit.data.preparation import prepare_records
from tfgan_edit.data.workers import available_workers
from tfgan_edit.speed import training
from tfgan_edit.speed.measurement import Table, alternate, median_gain, row

RESOLUTION = 64  # of the records
SIZES = ((89, 109), (178, 218), (512, 512))  # width, height: CelebA halved and aligned, FFHQ
PHOTOS = 2000  # files a folder …
DRAWINGS = 16  # … that hold so many different pictures
GRAIN = 4.0  # standard deviation of the noise that gives drawings the bytes of photographs


def measure(config, settings):
    """Photos/s from folders of JPEGs into records, and images/s out of the records.

    The time includes the start of the workers, not that of Python and TensorFlow.
    """
    rows, notes = [], []
    with tempfile.TemporaryDirectory() as folder:
        functions = {}
        for width, height in SIZES:
            name = f"{width}×{height} JPEG to {RESOLUTION} px"
            source = Path(folder) / f"{width}x{height}"
            size = draw_jpegs(source, width, height)
            notes.append(f"{name}: {PHOTOS:,} files of {size / 1024:.1f} KiB")
            for workers in worker_counts(available_workers()):
                setting = f"{workers} worker{'s' if workers > 1 else ''}"
                functions[name, setting] = functools.partial(_prepare, source, workers)
        values = alternate(functions, settings.repeats)
        for (name, setting), speeds in values.items():
            ratio = median_gain(speeds, values[name, "1 worker"], "photos/s")
            rows.append(row(name, setting, speeds, "photos/s", ratio=ratio))
        records = _records(source, Path(folder) / "records", available_workers())
        batches = iter(records.dataset(batch_size=config.batch_size, mirror=True))
        once = training.pipeline(batches, config.batch_size)
        speeds = alternate({"pipeline": once}, settings.repeats)["pipeline"]
        setting = f"{RESOLUTION} px, batch {config.batch_size}, mirrored"
        rows.append(row("input pipeline", setting, speeds, "images/s"))
    return Table(rows, notes)


def worker_counts(cores):
    """1, 2, 4, … and all cores."""
    return sorted({2**i for i in range(cores.bit_length())} | {cores})


def draw_jpegs(folder, width, height):
    """Fills `folder` with `PHOTOS` JPEGs of drawn faces; returns their mean size in bytes."""
    folder.mkdir()
    random = np.random.default_rng(0)
    side = max(width, height)
    encoded = []
    for index in tqdm(range(DRAWINGS), desc=f"drawing {width}×{height}", leave=False):
        photo, _ = avatars.draw("avataaars", index, resolution=side)
        photo = photo[:height, (side - width) // 2 :][:, :width]
        grain = random.normal(0.0, GRAIN, photo.shape)
        photo = np.clip(photo + grain, 0, 255).astype(np.uint8)
        file = io.BytesIO()
        Image.fromarray(photo).save(file, "JPEG", quality=90)
        encoded.append(file.getvalue())
    for index in range(PHOTOS):
        (folder / f"{index:05d}.jpg").write_bytes(encoded[index % DRAWINGS])
    return sum(map(len, encoded)) / DRAWINGS


def _prepare(source, workers):
    start = time.perf_counter()
    dest = source.with_name(f"{source.name}-records")
    num = _records(source, dest, workers).num
    seconds = time.perf_counter() - start
    shutil.rmtree(dest)
    return num / seconds


def _records(source, dest, workers):
    return prepare_records(
        str(source), dest, resolution=RESOLUTION, workers=workers, progress=False
    ).records
