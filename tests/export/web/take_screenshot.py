"""Takes the README's picture of the page.

  python -m tests.export.web.take_screenshot --models exports --model smile
  python -m tests.export.web.take_screenshot --models exports --model gnr --photo me.png --dark \\
      --out gnr.png --width 390
"""

import io

from absl import flags
from PIL import Image

from tests.export.web.visiting import edit, visiting
from tfgan_edit.config import UserError, run_verb
from tfgan_edit.storage import atomic_file

LIMIT = 300_000  # bytes
COLOURS = 256  # where that is exceeded


def define_flags(f):
    flags.DEFINE_list("models", None, "Folders of exports.", flag_values=f)
    flags.DEFINE_string("model", None, "Which one: the name of its folder.", flag_values=f)
    flags.DEFINE_string("photo", None, "Else a drawn face.", flag_values=f)
    flags.DEFINE_string("reference", None, "Else another one.", flag_values=f)
    flags.DEFINE_string("out", "docs/web_page.png", "File to write.", flag_values=f)
    flags.DEFINE_integer("width", 1180, "Of the window.", flag_values=f)
    flags.DEFINE_integer("height", 760, "Of the window.", flag_values=f)
    flags.DEFINE_bool("dark", False, "At night.", flag_values=f)


def main(f):
    if not f.models or not f.model:
        raise UserError("--models and --model are missing; see --help for examples")
    window = {"width": f.width, "height": f.height}
    scheme = "dark" if f.dark else "light"
    with visiting(f.models, viewport=window, color_scheme=scheme) as page:
        edit(page, f.model, f.photo, f.reference)
        if page.is_visible("#style-card"):
            page.wait_for_selector("#styles button:last-child[data-drawn]")
        page.wait_for_selector("#busy", state="hidden")
        page.evaluate("() => new Promise((done) => requestAnimationFrame(() => "
                      "requestAnimationFrame(done)))")
        data = page.screenshot()
    if len(data) > LIMIT:
        small = io.BytesIO()
        with Image.open(io.BytesIO(data)) as image:
            image.convert("RGB").quantize(COLOURS).save(small, "PNG", optimize=True)
        data = small.getvalue()
    with atomic_file(f.out) as file:
        file.write(data)
    print(f"wrote {f.out}, {len(data):,} bytes")


if __name__ == "__main__":
    run_verb(main, define_flags)
