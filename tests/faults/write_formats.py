"""Writes small files of every format of this version, which later versions must read for ever.

    python -m tests.faults.write_formats tests/golden/formats_1

Run once a format version; what is in `tests/golden` is never written again.
"""

import json
import sys
from pathlib import Path

import numpy as np

from tests.trainers import line_trainer
from tfgan_edit.data import PairsWriter
from tfgan_edit.data.records import RecordsWriter
from tfgan_edit.editing.directions import Direction
from tfgan_edit.editing.latents import _finish, _shard_path, _write_shard
from tfgan_edit.editing.style_functions import save_layers
from tfgan_edit.networks.stylegan2 import StyleGAN2Generator
from tfgan_edit.preset import save_preset
from tfgan_edit.storage import write_json
from tfgan_edit.trainers.state import StateFolder

Z = np.linspace(-1, 1, 8, dtype=np.float32).reshape(2, 4)


def photo(number, channels=3):
    return np.arange(16 * channels, dtype=np.uint8).reshape(4, 4, channels) + number


def main(folder):
    folder = Path(folder)
    generator = StyleGAN2Generator(
        8, z_dim=4, w_dim=4, mapping_layers=1, channel_base=16, channel_max=2
    )
    random = np.random.RandomState(0)
    for weight in generator.weights:
        weight.assign(random.randn(*weight.shape))
    save_preset(
        folder / "preset",
        {"generator": generator},
        config={"note": "ü"},
        metadata={"method": "stylegan2", "licence": "CC0", "created": "2026-01-01T00:00:00+00:00"},
    )
    with RecordsWriter(folder / "records", (4, 4, 3), label_names=["a", "b"]) as writer:
        for i in range(3):
            writer.add(photo(i), [i, 1])
    with PairsWriter(folder / "pairs", (4, 4), planes=("photo",) * 3) as writer:
        for i in range(2):
            writer.add(photo(i), photo(i + 9), {"certainty": i / 2})
    trainer = line_trainer.make()
    for _ in range(3):
        trainer.step_function(line_trainer.line_batch())
    StateFolder(folder / "state").save(trainer, {"step": 3, "images": 24, "seconds": 1.5})
    Direction(np.array([3.0, 0, 4], np.float32), (0, 2), {"attribute": "smile"}).save(
        folder / "direction.npz"
    )
    save_layers(folder / "layers.json", {"smile": [1, 2]}, {"smile": [0.5, 0.25]}, {"seed": 1})
    _write_latents(folder / "latents")
    expected = {
        "images": generator(Z, noise="none").numpy(),
        "kernel": trainer.first.dense.kernel.numpy(),
        "average": trainer.averages["first"].dense.kernel.numpy(),
    }
    np.savez(folder / "expected.npz", **expected)


def _write_latents(path):
    """As `score_latents` does."""
    request = {
        "format": "tfgan_edit.latents",
        "format_version": 1,
        "num": 2,
        "names": ["smile"],
        "truncation": 1.0,
        "truncation_cutoff": None,
        "parents": {"generator": {"path": "x", "sha256": "y"}},
    }
    path.mkdir(parents=True)
    write_json(path / "manifest.json", {**request, "hash": None})
    scores = np.array([[0.25], [0.75]], np.float32)
    _write_shard(_shard_path(path, 0, 1), z=Z, w=2 * Z, scores=scores)
    _finish(path, json.loads(json.dumps(request)), 1)


if __name__ == "__main__":
    main(sys.argv[1])
