"""A visit of the page by a script: for the README's picture and its table of times."""

import contextlib
import io
import shutil

from PIL import Image

from export.web import catalog
from export.web.runtime import runtime_folder
from export.web.server import page_app
from tests.serving import serving
from tfgan_edit.config import UserError
from tfgan_edit.data import avatars

PATIENCE = 600_000  # milliseconds
# Drawn faces: (style, seed, pixels).
FACE, OTHER_FACE = ("avataaars", 3, 512), ("avataaars", 11, 512)


@contextlib.contextmanager
def visiting(folders, **options):
    """A Playwright page that shows the exports below folders; options of its context."""
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium")
    if chromium is None:
        raise UserError("chromium is missing: apt-get install chromium")
    app = page_app(catalog.find(folders), runtime_folder())
    with serving(app) as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium)
        page = browser.new_context(**options).new_page()
        page.set_default_timeout(PATIENCE)
        page.goto(url)
        page.wait_for_selector("#model option", state="attached")
        yield page
        browser.close()


def edit(page, model, photo=None, reference=None):
    """Chooses a model and files, by default drawn faces, and waits for the edit."""
    page.select_option("#model", model)
    give(page, "file", photo, FACE)
    if page.is_visible("#reference-card"):
        give(page, "reference", reference, OTHER_FACE)
    page.wait_for_selector("body[data-state=ready][data-edited]")


def give(page, field, path, face):
    """A file, or the drawing of a face."""
    if path is not None:
        page.set_input_files(f"#{field}", path)
        return
    style, seed, resolution = face
    file = io.BytesIO()
    drawing, _ = avatars.draw(style, seed, resolution=resolution)
    Image.fromarray(drawing).save(file, "PNG")
    picture = {"name": f"{style}-{seed}.png", "mimeType": "image/png", "buffer": file.getvalue()}
    page.set_input_files(f"#{field}", picture)
