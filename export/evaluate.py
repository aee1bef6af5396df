"""What quantisation costs an edit: exported files beside their presets, on the same faces.

  python -m export.evaluate --exports exports/smile,exports/smile_int8 --editor runs/smile \\
      --scorer runs/classifier --attribute smile --faces avatars:avataaars:smile --out results/

All else is as in tfgan_edit.evaluate_edits: faces, numbers, the picture, a line of edits.jsonl.
Files with one photo as input and one as output can be measured, in TFLite, ONNX or SavedModel.
"""

from pathlib import Path

import numpy as np
from absl import flags

from export.exporter import MANIFEST, is_export, runner_of
from tfgan_edit import evaluate_edits
from tfgan_edit.config import UserError, run_verb
from tfgan_edit.storage import read_json


def define_flags(f):
    flags.DEFINE_list("exports", [], "Folders that python -m export wrote.", flag_values=f)
    evaluate_edits.define_flags(f)


def main(f):
    if not f.exports:
        raise UserError("--exports is missing; see --help for examples")
    evaluate_edits.main(f, [ExportedEditor(path) for path in f.exports])


class ExportedEditor:
    """An exported file as an editor: `editor(photos, edit)`, uint8 [N, H, W, 3] -> the same.

    Args:
        folder: that `exporter.export` wrote.

    Attributes:
        name: of the folder.
        resolution: (height, width) of the photos.
        parents: {role: hash} of what decides the edits.

    Raises:
        UserError: it is no export of photo -> photo.
    """

    def __init__(self, folder):
        folder = Path(folder)
        if not is_export(folder):
            raise UserError(f"--exports={folder}: there is no {MANIFEST} of python -m export")
        record = read_json(folder / MANIFEST)
        signature = record["signatures"][0]
        kinds = [[port["kind"] for port in signature[end]] for end in ("inputs", "outputs")]
        if kinds != [["photo"], ["photo"]]:
            raise UserError(
                f"--exports={folder} makes {', '.join(kinds[1])} of {', '.join(kinds[0])}: only "
                "files that make one photo of one photo can be measured"
            )
        (photo,), (edited,) = signature["inputs"], signature["outputs"]
        self._signature, self._input, self._output = signature["name"], photo, edited["name"]
        self._runner = runner_of(folder, record)
        self.name = folder.resolve().name
        self.resolution = tuple(photo["shape"][1:3])
        self.parents = {"preset": record["preset"]["sha256"]} | {
            name: file["sha256"] for name, file in record["files"].items()
        }

    def __call__(self, photos, edit=None):
        return np.concatenate([self._edited(photo) for photo in photos])

    def _edited(self, photo):
        unit = photo[np.newaxis].astype(np.float32) / 255
        edited = self._runner(self._signature, {self._input["name"]: unit})[self._output]
        return np.round(255 * np.clip(edited, 0, 1)).astype(np.uint8)


if __name__ == "__main__":
    run_verb(main, define_flags)
