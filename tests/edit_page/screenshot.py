"""Pictures of the page of `edit --serve`, with drawn faces:

  python -m tests.edit_page.screenshot --preset stylemapgan-avatars-64 --out docs/edit_page.png
  python -m tests.edit_page.screenshot --preset stylemapgan-avatars-64 --out shots/

A folder gets the page empty and in use, at the widths of a desktop, a tablet and a phone, light and
dark.
"""

import contextlib
import functools
import io
import logging
from pathlib import Path

from absl import flags
from PIL import Image

from tests.serving import serving
from tests.tools import require_tool
from tfgan_edit.config import run_verb
from tfgan_edit.data.avatars import draw
from tfgan_edit.edit_page.server import make_edit_app
from tfgan_edit.editing.editors import load_editor

WIDTHS = {"desktop": (1320, 900), "tablet": (820, 1100), "phone": (390, 844)}
EXAMPLES = (53, 12, 50)  # numbers of drawn faces: the photo, pink hair, a smile


def define_flags(f):
    text = functools.partial(flags.DEFINE_string, flag_values=f)
    text("preset", None, "Preset of a StyleMapGAN.")
    text("out", None, "A .png, or a folder for all of them.")


def main(f):
    logging.getLogger("asyncio").setLevel(logging.ERROR)
    editor = load_editor(f.preset)
    app = make_edit_app(editor, given=[face(number, editor) for number in EXAMPLES])
    empty = make_edit_app(editor)
    with serving(app) as url, serving(empty) as empty_url, chromium() as browser:
        if Path(f.out).suffix:
            take(browser, url, f.out, WIDTHS["desktop"], "light", use)
            return
        Path(f.out).mkdir(parents=True, exist_ok=True)
        for name, size in WIDTHS.items():
            for scheme in ("light", "dark"):
                take(browser, empty_url, f"{f.out}/{name}_{scheme}_empty.png", size, scheme)
                take(browser, url, f"{f.out}/{name}_{scheme}.png", size, scheme, use)


@contextlib.contextmanager
def chromium():
    from playwright.sync_api import sync_playwright

    path = require_tool("chromium", "apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path)
        yield browser
        browser.close()


def face(number, editor):
    """(name, PNG) of a drawn face at twice the editor's size."""
    photo, _ = draw("avataaars", number, resolution=2 * max(editor.resolution))
    file = io.BytesIO()
    Image.fromarray(photo).save(file, "PNG")
    return f"face{number}.png", file.getvalue()


def take(browser, url, out, size, scheme, prepare=None):
    width, height = size
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme=scheme, device_scale_factor=1
    )
    page = context.new_page()
    page.goto(url)
    page.wait_for_selector("body[data-ready]")
    if prepare is not None:
        # On a phone the result stays above what is painted on: paint where there is room.
        page.set_viewport_size({"width": width, "height": 3000})
        prepare(page)
        page.set_viewport_size({"width": width, "height": height})
    page.screenshot(path=out, full_page=width > height)
    context.close()
    print(f"wrote {out}")


def use(page):
    """Takes the hair of one face and the mouth of another, and divides the result."""
    page.get_by_role("radio", name="Reference 2").evaluate("radio => radio.click()")
    paint(page, [(0.4, 0.55), (0.6, 0.55)])
    page.get_by_role("radio", name="Reference 1").evaluate("radio => radio.click()")
    paint(page, [(0.25, 0.35), (0.3, 0.2), (0.5, 0.12), (0.7, 0.2), (0.75, 0.35)])
    page.wait_for_selector(".is-busy", state="detached")
    page.evaluate(
        """() => {
            const compare = document.getElementById("compare");
            compare.value = 40;
            compare.dispatchEvent(new Event("input"));
        }"""
    )


def paint(page, points):
    """Draws a line on the reference through points, in parts of its sides."""
    canvas = page.locator("#reference")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=8)
    page.mouse.up()


if __name__ == "__main__":
    run_verb(main, define_flags)
