"""The part of `edit` that opens the page: flags, and the photos that it begins with.

  python -m tfgan_edit.edit --preset runs/stylemapgan --serve
  python -m tfgan_edit.edit --preset runs/stylemapgan --serve --photo me.png \\
      --reference a.png,b.png --direction directions/smile.npz --open_browser
"""

from pathlib import Path

from absl import flags

from tfgan_edit import edit_regions
from tfgan_edit.config import UserError
from tfgan_edit.editing.stylemap_editor import StylemapEditor

# Flags of `edit` that the page reads; what others say is done by hand in it.
READ = ("preset", "photo", "reference", "direction", "steps", "distance", "weights")
OWN = ("serve", "port", "open_browser")


def define_flags(f):
    flags.DEFINE_bool(
        "serve", False, "Open a page on this machine on which a StyleMapGAN's photos are edited by "
        "hand; --photo, --reference and --direction are what it begins with.", flag_values=f,
    )
    flags.DEFINE_integer("port", 0, "Of the page; 0 takes a free one.", 0, 65535, flag_values=f)
    flags.DEFINE_bool("open_browser", False, "Show the page in the browser.", flag_values=f)


def refuse_flags(f, names):
    """Raises a `UserError` for a flag of `names` that the page does not read."""
    for name in names:
        if f[name].present and name not in READ + OWN:
            raise UserError(f"--{name} is not for --serve: the page has controls, or does without")


def serve(f, editor):
    """Shows the page of an editor until Ctrl-C."""
    from tfgan_edit.edit_page.server import make_edit_app
    from tfgan_edit.local_page import run

    if not isinstance(editor, StylemapEditor):
        raise UserError(f"--serve is for a StyleMapGAN, {f.preset} is another network")
    # It has a slider of its own beside that of the regions.
    direction, editor.direction = editor.direction, None
    app = make_edit_app(editor, direction=direction, given=given_photos(f))
    run(app, port=f.port, open_browser=f.open_browser)


def given_photos(f):
    """(name, bytes) of the photo, or None without one, and of the references."""
    from tfgan_edit.edit_page.changes import MOST_REFERENCES

    references = edit_regions.reference_files(f)
    if len(references) > MOST_REFERENCES:
        raise UserError(f"--reference: the page shows up to {MOST_REFERENCES} references")
    photo = _file("photo", f.photo) if f.photo else None
    return [photo, *(_file("reference", path) for path in references)]


def _file(flag, path):
    try:
        return Path(path).name, Path(path).read_bytes()
    except OSError as error:
        raise UserError(f"--{flag}={path} cannot be read: {error.strerror}") from error
