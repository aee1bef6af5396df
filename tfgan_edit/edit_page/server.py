"""The server of the page: photos in, stylemaps kept, edited pictures out.

A photo is encoded once, when it is added; an edit blends what is kept and draws the result.
TensorFlow works in one thread and Pillow in another; of the edits of one page that wait, only the
newest is drawn.
"""

import asyncio
import io
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from aiohttp import web
from PIL import Image

from tfgan_edit.config import UserError
from tfgan_edit.data.photos import UnreadablePhoto, whole_photo
from tfgan_edit.edit_page.changes import MOST_REFERENCES, read_change
from tfgan_edit.edit_page.sessions import SECONDS, Photo, Sessions
from tfgan_edit.editing.editors import Edit
from tfgan_edit.editing.framing import fitted
from tfgan_edit.editing.regions import (
    HALVES,
    POOLINGS,
    SPACES,
    Region,
    StylemapEdit,
    named_mask,
)
from tfgan_edit.local_page import Limits, Refusal, make_app

STATIC = Path(__file__).parent / "static"
MAX_UPLOAD = 2**24  # bytes of a picture file
SWEEP_SECONDS = 60.0
UNITS = 3.0  # strength of a direction whose unit is known, at the end of its slider
LENGTHS = 20.0  # … of one of length 1 (arXiv 2104.14754, figure of semantic manipulation)


def make_edit_app(
    editor, *, direction=None, given=(), seconds=SECONDS, clock=time.monotonic, limits=None
):
    """The `Application` of the page.

    Args:
        editor: `StylemapEditor` without a direction.
        direction: `Direction` that gets a slider, or None.
        given: (name, bytes) of picture files that the page begins with: the photo, or None,
            then references.
        seconds: after which an unused session and its photos are forgotten, by …
        clock: … this.
        limits: `Limits`.
    """
    if direction is not None:
        direction.check(editor.generator, editor.preset.sha256)
    app = make_app({"/": STATIC}, limits=limits or Limits(body=MAX_UPLOAD))
    page = EditPage(editor, direction, given, Sessions(seconds, clock))
    page.add_routes(app.router)
    app.cleanup_ctx.append(page.running)
    return app


class EditPage:
    """Handlers of the page's requests; arguments as of `make_edit_app`."""

    def __init__(self, editor, direction, given, sessions):
        self.editor, self.direction = editor, direction
        self.given, self.sessions = given, sessions
        self.networks = ThreadPoolExecutor(1, "networks")
        self.pictures = ThreadPoolExecutor(1, "pictures")

    def add_routes(self, router):
        """Adds all of the page's addresses to an application's router."""
        router.add_get("/api/page", self.describe)
        router.add_get("/api/given/{number:[0-9]}", self.send_given)
        router.add_get("/api/masks/{name}", self.send_mask)
        router.add_post("/api/sessions", self.begin)
        session = "/api/sessions/{session}"
        router.add_post(f"{session}/end", self.end)
        router.add_post(f"{session}/photos", self.add_photo)
        router.add_get(f"{session}/photos/{{photo}}", self.send_photo)
        router.add_delete(f"{session}/photos/{{photo}}", self.remove_photo)
        router.add_post(f"{session}/edit", self.edit)

    async def running(self, app):
        """Forgets unused sessions while the app runs, and all of them at its end."""

        async def sweep():
            while True:
                await asyncio.sleep(min(SWEEP_SECONDS, self.sessions.seconds / 2))
                self.sessions.sweep()

        sweeper = asyncio.create_task(sweep())
        self.networks.submit(warm_up, self.editor)
        yield
        sweeper.cancel()
        self.sessions.clear()
        for pool in (self.networks, self.pictures):
            pool.shutdown(wait=True, cancel_futures=True)

    async def _in(self, pool, function, *arguments):
        return await asyncio.get_running_loop().run_in_executor(pool, function, *arguments)

    # === The page ===

    async def describe(self, request):
        """GET: what the page offers, as JSON."""
        height, width = self.editor.resolution
        return web.json_response(
            {
                "preset": Path(self.editor.preset.path).resolve().name,
                "width": width,
                "height": height,
                "references": MOST_REFERENCES,
                "max_upload": MAX_UPLOAD,
                "masks": list(HALVES),
                "spaces": list(SPACES),
                "poolings": list(POOLINGS),
                "direction": self._slider(),
                "given": [file and file[0] for file in self.given],
            }
        )

    def _slider(self):
        """Name and range of the direction's slider, or None."""
        if self.direction is None:
            return None
        known = "deviation" in self.direction.metadata
        return {"name": self.direction.name, "range": UNITS if known else LENGTHS}

    async def send_given(self, request):
        """GET: a picture that was given on the command line."""
        number = int(request.match_info["number"])
        if number >= len(self.given) or self.given[number] is None:
            raise Refusal(404, f"no photo {number} was given")
        return web.Response(body=self.given[number][1], content_type="application/octet-stream")

    async def send_mask(self, request):
        """GET: the mask of a named region."""
        name = request.match_info["name"]
        if name not in HALVES:
            raise Refusal(404, f"mask {name:.40} must be one of {', '.join(HALVES)}")
        mask = named_mask(name, self.editor.resolution)
        return _picture((255 * mask).astype(np.uint8))

    # === Photos ===

    async def begin(self, request):
        """POST: begins a session."""
        return web.json_response({"session": self.sessions.begin()})

    async def end(self, request):
        """POST: ends a session and forgets its photos."""
        self.sessions.end(request.match_info["session"])
        return web.json_response({})

    def _session(self, request):
        return self.sessions.get(request.match_info["session"])

    async def add_photo(self, request):
        """POST: takes a photo into a session."""
        self._session(request).check_room()
        data = await request.read()
        pixels = await self._in(self.pictures, self._read, data)
        stylemap = await self._in(self.networks, self.editor.encode, pixels[np.newaxis])
        name = self._session(request).add(Photo(pixels, stylemap[0]))
        return web.json_response({"photo": name})

    def _read(self, data):
        if not data:
            raise UserError("the picture is empty")
        try:
            return fitted(whole_photo(io.BytesIO(data)), self.editor.resolution)
        except UnreadablePhoto as error:
            raise UserError(f"the picture cannot be read: {error}") from error

    async def send_photo(self, request):
        """GET: a photo of a session as the editor sees it."""
        return _picture(self._session(request).photo(request.match_info["photo"]).pixels)

    async def remove_photo(self, request):
        """DELETE: forgets a photo."""
        self._session(request).photos.pop(request.match_info["photo"], None)
        return web.json_response({})

    # === Edits ===

    async def edit(self, request):
        """POST: the newest edit of a session; older ones that wait are dropped."""
        session = self._session(request)
        body = await request.read()
        change = await self._in(
            self.pictures, read_change, body, session, self.editor.resolution
        )
        session.turn += 1  # only now: a bad change overtakes none
        drawn = await self._in(
            self.networks, self._draw_newest, session, session.turn, change
        )
        return await self._in(self.pictures, _picture, drawn)

    def _draw_newest(self, session, turn, change):
        if session.turn != turn:
            raise Refusal(409, "a newer change came")
        return draw(self.editor, change, self.direction)


def warm_up(editor):
    """Compiles what the first edits need, before anybody waits for it."""
    stylemap = np.zeros([1, *editor.generator.stylemap_shape], np.float32)
    region = Region(stylemap[0], np.ones(editor.resolution, np.float32))
    for regions in ((), (region,)):
        editor.apply(stylemap, Edit(stylemap=StylemapEdit(regions=regions)))


def draw(editor, change, direction=None):
    """The photo uint8 [H, W, 3] of a `Change`."""
    stylemap = change.stylemap
    if change.direction:
        if direction is None:
            raise UserError("direction: this page has none, start it with --direction")
        stylemap = direction.apply(stylemap, change.direction)
    return editor.apply(stylemap, change.edit)[0]


def _picture(pixels):
    """A PNG; the fastest compression, as a person waits for it."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", compress_level=1)
    return web.Response(body=file.getvalue(), content_type="image/png")
