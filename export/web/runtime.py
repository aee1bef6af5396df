"""LiteRT.js, which runs TFLite files in browsers: fetched from npm once, kept in the user's cache.

`npm/package-lock.json` has the versions and the hashes that npm compares.
"""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from tfgan_edit.config import UserError
from tfgan_edit.storage import atomic_folder, read_json

LOCK = Path(__file__).parent / "npm"
CORE, PARTS = "@litertjs/core", "@litertjs/wasm-utils"
INSTALL = "apt-get install npm, or see https://nodejs.org"
SECONDS = 600  # for 12 MB


def version():
    """Version of LiteRT.js that the page is written for."""
    return read_json(LOCK / "package.json")["dependencies"][CORE]


def runtime_folder():
    """Folder with core.js, wasm-utils.js and wasm/; fetched first where it is not yet.

    Raises:
        UserError: npm is missing, or cannot fetch it.
    """
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(root) / "tfgan_edit" / f"litertjs-{version()}"
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as place:
            modules = _fetched(Path(place))
            with atomic_folder(folder) as made:
                assemble(modules, made)
    return folder


def _fetched(place):
    """Fetches the packages below `place`; returns node_modules."""
    npm = shutil.which("npm")
    if npm is None:
        raise UserError(f"the page needs LiteRT.js {version()}, which npm fetches: {INSTALL}")
    for file in LOCK.glob("*.json"):
        shutil.copy(file, place)
    print(f"fetching LiteRT.js {version()} with npm, 12 MB, once", flush=True)
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    try:
        subprocess.run(
            command, cwd=place, check=True, capture_output=True, text=True, timeout=SECONDS
        )
    except subprocess.TimeoutExpired as error:
        raise UserError(f"npm did not fetch LiteRT.js within {SECONDS} s: try again") from error
    except subprocess.CalledProcessError as error:
        reason = error.stderr.strip().partition("\n")[0] or f"exit code {error.returncode}"
        raise UserError(f"npm could not fetch LiteRT.js ({reason}): is it online?") from error
    return place / "node_modules"


def assemble(modules, folder):
    """Copies what the page loads from node_modules, so that no bundler is needed.

    Raises:
        UserError: the package is not built as expected.
    """
    source = (modules / CORE / "dist" / "index.js").read_text("utf-8")
    if source.count(f'"{PARTS}"') != 1:  # workers have no import maps for names of packages
        raise UserError(f"{CORE} {version()} does not import {PARTS} once: it was changed")
    (folder / "core.js").write_text(source.replace(f'"{PARTS}"', '"./wasm-utils.js"'), "utf-8")
    shutil.copy(modules / PARTS / "dist" / "index.js", folder / "wasm-utils.js")
    shutil.copytree(modules / CORE / "wasm", folder / "wasm")
