"""Edits photos in the browser, with files that export wrote; no photo leaves this machine.

  python -m export --preset runs/pix2pixhd_smile --quantize fp16 --out exports/smile
  python -m export.web --models exports
  python -m export.web --models exports/smile,exports/gnr --port 8000 --open_browser

The page takes a photo from a file, by drag and drop or from the camera, and shows the edit beside
it. All exports found in and below the folders can be chosen. LiteRT.js, which runs them, is fetched
with npm the first time.
"""

import functools

from absl import flags

from export.web import catalog
from export.web.runtime import runtime_folder
from tfgan_edit.config import UserError, run_verb


def define_flags(f):
    flags.DEFINE_list("models", None, "Folders of exports, or folders of such.", flag_values=f)
    number = functools.partial(flags.DEFINE_integer, flag_values=f)
    number("port", 0, "Of the page; 0 takes a free one.", lower_bound=0, upper_bound=65535)
    flags.DEFINE_bool("open_browser", False, "Show the page at once.", flag_values=f)


def main(f):
    if not f.models:
        raise UserError("--models is missing; see --help for examples")
    # These say what to install where aiohttp is missing.
    from export.web.server import page_app
    from tfgan_edit.local_page import run

    found = catalog.find(f.models)
    for folder, reason in found.refused:
        print(f"left out: {folder}: {reason}")
    app = page_app(found, runtime_folder())
    run(app, port=f.port, open_browser=f.open_browser)


if __name__ == "__main__":
    run_verb(main, define_flags)
