"""Packs a preset to give away: only some of its networks, weights as float16.

Example:
  python -m tfgan_edit.pack_preset --preset runs/stylegan2_avatars_64 \\
      --networks generator,discriminator --out stylegan2-avatars-64

The model card keeps what the training wrote and says what `evaluate` has measured since; the packed
one's weights are rounded, and so its hash is its own: directions and pairs belong to the one that
they were made with.
"""

from pathlib import Path

import numpy as np
from absl import flags
from PIL import Image

from tfgan_edit.config import UserError, run_verb
from tfgan_edit.metrics.registry import read_records, records_folder
from tfgan_edit.preset import SAMPLES, WEIGHTS_DTYPES, load_preset, save_preset


def define_flags(f):
    flags.DEFINE_string("preset", None, "Preset or run folder to pack.", flag_values=f)
    flags.DEFINE_string("out", None, "Folder to write.", flag_values=f)
    flags.DEFINE_list("networks", [], "Those to keep. Default: all.", flag_values=f)
    flags.DEFINE_enum(
        "weights", "float16", WEIGHTS_DTYPES, "What weights are stored as.", flag_values=f
    )
    flags.DEFINE_string("note", None, "What the model card says of its making.", flag_values=f)


def main(f):
    for flag in ("preset", "out"):
        if not f[flag].value:
            raise UserError(f"--{flag} is missing; see --help for an example")
    preset = load_preset(f.preset, names=f.networks or None)
    picture = preset.path / SAMPLES
    note = {"note": f.note} if f.note else {}
    save_preset(
        f.out,
        preset.networks,
        config=preset.config,
        metadata={
            **preset.metadata,
            **note,
            "metrics": {**preset.metadata.get("metrics", {}), **measured(preset)},
            "packed_from": preset.sha256,
        },
        weights_dtype=f.weights,
        samples=np.asarray(Image.open(picture)) if picture.is_file() else None,
    )
    size = sum(file.stat().st_size for file in Path(f.out).iterdir())
    print(f"wrote {f.out} ({', '.join(preset.networks)}; {size / 1e6:.1f} MB)")


def measured(preset):
    """{name: value} of what `evaluate` appended beside a preset after that was written."""
    results = {}
    for record in read_records(records_folder(preset.path)):
        if str(record.get("time", "")) >= str(preset.metadata.get("created", "")):  # ISO 8601, UTC
            results |= record["results"]
    return results


if __name__ == "__main__":
    run_verb(main, define_flags)
