"""Installs exports into the Android demo: checked, all together or not at all.

  python -m export --preset runs/pix2pixhd_smile --format tflite --quantize fp16 --out exports/smile
  python -m export.android --models exports/smile,exports/roses
  python -m export.android --models exports/smile --title "A smile"
  python -m export.android --remove smile

A model's name is that of its folder; one of the same name gives way. The demo's assets then hold
each model's files and export.json, and models.json with the hashes of these.
"""

import json
import re
import shutil
from pathlib import Path

from absl import flags

from export.exporter import FORMAT_VERSION, MANIFEST, is_export
from tfgan_edit.config import UserError, run_verb
from tfgan_edit.storage import atomic_folder, read_json, sha256_of

ASSETS = Path(__file__).parents[1] / "android_demo/app/src/main/assets/models"
LIST = "models.json"
LIST_FORMAT = {"format": "tfgan_edit models", "format_version": 1}


def define_flags(f):
    flags.DEFINE_list("models", [], "Folders of exports to install.", flag_values=f)
    flags.DEFINE_string(
        "title", None, "What people read, of a single model. Default: its name.", flag_values=f
    )
    flags.DEFINE_list("remove", [], "Names of installed models to remove.", flag_values=f)
    flags.DEFINE_string("assets", str(ASSETS), "Folder of an application's models.", flag_values=f)


def main(f):
    if not f.models and not f.remove:
        raise UserError("--models is missing; see --help for examples")
    if f.title is not None and len(f.models) != 1:
        raise UserError(f"--title={f.title} is of one model; give --models one folder")
    titles = None if f.title is None else [f.title]
    for entry in install(f.models, f.assets, titles=titles, remove=f.remove):
        print(f"{entry['folder']}: {entry['title']}")
    print(f"wrote {f.assets}")


def install(paths, assets=ASSETS, titles=None, remove=()):
    """Adds exports to the models of an application.

    Args:
        paths: folders of exports.
        assets: folder of the application's models; it is made where it is missing.
        titles: one a path for people, or None for those of the folders' names.
        remove: names of models to leave out.

    Returns:
        All entries of models.json, {"folder", "title", "sha256"}.

    Raises:
        UserError: an export is missing, damaged or not for phones; two have one name; there is
            no model to remove. Nothing is changed then.
    """
    assets = Path(assets)
    entries = {entry["folder"]: entry for entry in installed(assets)}
    for name in remove:
        if entries.pop(name, None) is None:
            raise UserError(f"--remove={name}: installed are {', '.join(entries) or 'none'}")
    sources = {name: assets / name for name in entries}
    names = [_name(path) for path in paths]
    for path, name, title in zip(paths, names, titles or [None] * len(names), strict=True):
        if names.count(name) > 1:
            raise UserError(f"two exports are named {name}: rename a folder")
        check(path)
        title = title or name.replace("_", " ").replace("-", " ").capitalize()
        sources[name] = Path(path)
        entries[name] = {
            "folder": name, "title": title, "sha256": sha256_of(Path(path) / MANIFEST)
        }
    entries = list(entries.values())
    with atomic_folder(assets, replace=True) as folder:
        for name, source in sources.items():
            (folder / name).mkdir()
            for file in (MANIFEST, *read_json(source / MANIFEST)["files"]):
                shutil.copyfile(source / file, folder / name / file)
        text = json.dumps(LIST_FORMAT | {"models": entries}, indent=2, ensure_ascii=False)
        (folder / LIST).write_text(text + "\n", encoding="utf-8")
    return entries


def installed(assets=ASSETS):
    """Entries of models.json; none where nothing is installed.

    Raises:
        UserError: the folder holds something else.
    """
    assets = Path(assets)
    if not assets.exists() or assets.is_dir() and not any(assets.iterdir()):
        return []
    if not (assets / LIST).is_file():
        raise UserError(f"--assets={assets} holds other files; choose another folder")
    found = read_json(assets / LIST)
    if {key: found.get(key) for key in LIST_FORMAT} != LIST_FORMAT:
        raise UserError(f"{assets / LIST} is of another version of this package")
    return found["models"]


def check(path):
    """Raises `UserError` for what is no whole export, or none that the demo can show."""
    path = Path(path)
    if not is_export(path):
        raise UserError(f"{path} is no export: make one with python -m export --out {path}")
    record = read_json(path / MANIFEST)
    if record["format_version"] != FORMAT_VERSION:
        raise UserError(f"{path} is of version {record['format_version']}: export it again")
    if record["file_format"] != "tflite":
        raise UserError(f"{path} is for {record['file_format']}; phones take --format=tflite")
    reason = unshowable(record)
    if reason:
        raise UserError(f"{path} cannot be shown by the demo: {reason}")
    for name, file in record["files"].items():
        if sha256_of(path / name) != file["sha256"]:
            raise UserError(f"{path / name} is not the file that was exported: export it again")


def unshowable(record):
    """Why an export's first signature cannot be fed with photos and fingers, or None."""
    inputs = record["signatures"][0]["inputs"]
    if record["framing"] is None or not any(port["kind"] == "photo" for port in inputs):
        return f"it edits no photo ({record['task']})"
    for port in inputs:
        by_seed = port.get("distribution") == "standard_normal"
        if port["kind"] not in ("photo", "mask") and not by_seed:
            return f"nothing there gives its input {port['name']} ({port['kind']})"
    return None


def _name(path):
    """Of a folder, in letters that assets and every file system take."""
    name = re.sub(r"[^a-z0-9_-]+", "_", Path(path).resolve().name.lower()).strip("_-")
    if not name:
        raise UserError(f"{path}: its name has no letters or digits; rename the folder")
    return name


if __name__ == "__main__":
    run_verb(main, define_flags)
