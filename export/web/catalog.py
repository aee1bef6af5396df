"""The exports that a page offers: folders with export.json and a TFLite file."""

import dataclasses
import re
from pathlib import Path

from export.exporter import FORMAT, FORMAT_VERSION, MANIFEST
from tfgan_edit.config import UserError
from tfgan_edit.storage import read_json

FILE_FORMAT = "tflite"  # what browsers run


@dataclasses.dataclass(frozen=True)
class Catalog:
    """What was found below folders.

    Attributes:
        folders: {id, part of a URL: folder of an export}.
        refused: [(folder, reason)] of exports that browsers cannot run.
    """

    folders: dict[str, Path]
    refused: list[tuple[Path, str]]

    def describe(self):
        """Plain values for the page."""
        return {
            "exports": [{"id": name, "url": f"{url(name)}/"} for name in self.folders],
            "refused": [{"id": path.name, "reason": reason} for path, reason in self.refused],
        }


def url(name):
    """Path of an export in the URL of the page."""
    return f"/exports/{name}"


def find(paths):
    """The `Catalog` of exports in and below folders.

    Raises:
        UserError: there is no such folder, or no export that browsers can run.
    """
    folders, refused = {}, []
    for path in map(Path, paths):
        if not path.is_dir():
            raise UserError(f"--models={path}: there is no such folder")
        for manifest in sorted(path.rglob(MANIFEST)):
            reason = _unusable(manifest)
            if reason is None:
                folders[_unique(manifest.parent.resolve().name, folders)] = manifest.parent
            else:
                refused.append((manifest.parent, reason))
    if not folders:
        found = f"; {refused[0][0]}: {refused[0][1]}" if refused else ""
        raise UserError(
            f"--models={','.join(map(str, paths))}: no export for browsers{found}; make one with "
            "python -m export --preset PRESET --out DIR"
        )
    return Catalog(folders, refused)


def _unusable(manifest):
    """Why a browser cannot run an export, or None."""
    try:
        record = read_json(manifest)
    except UserError as error:
        return str(error)
    if not isinstance(record, dict) or record.get("format") != FORMAT:
        return f"{MANIFEST} is not of this package"
    if record.get("format_version") != FORMAT_VERSION:
        return f"{MANIFEST} has version {record.get('format_version')}, not {FORMAT_VERSION}"
    if record.get("file_format") != FILE_FORMAT:
        return f"is for {record.get('file_format')}; browsers run {FILE_FORMAT}"
    return None


def _unique(name, taken):
    """A name of letters, digits, dots and dashes that is not among those taken."""
    name = re.sub(r"[^\w.-]", "-", name, flags=re.ASCII).lstrip(".") or "export"
    number, unique = 2, name
    while unique in taken:
        number, unique = number + 1, f"{name}-{number}"
    return unique
