"""The page of `edit --serve` under load: all at once, bad ones among them, and for long."""

import base64
import collections
import io
import json
import os
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from tests.edit_page.conftest import SIDE, png, some_photo
from tests.editing.tiny_stylemapgan import save_stylemapgan
from tests.serving import ask, serving
from tfgan_edit.edit_page.server import make_edit_app
from tfgan_edit.edit_page.sessions import MOST_SESSIONS
from tfgan_edit.editing.editors import Edit, load_editor
from tfgan_edit.editing.regions import Region, StylemapEdit, named_mask

MASK = named_mask("left", (SIDE, SIDE))
LEVELS = 5  # strengths that edits ask for
GROWTH = 24 * 2**20  # bytes by which the memory may vary: arenas, caches of the allocator
BAD = {  # what is wrong: (path below the session, or from /; method; body; headers) and the status
    "picture": (("photos", "POST", b"no picture", {}), 400),
    "json": (("edit", "POST", b"[" * 5000, {}), 400),
    "photo": (("edit", "POST", b'{"photo": "gone"}', {}), 404),
    "size": (("photos", "POST", b"", {"Content-Length": str(2**30)}), 413),
    "host": (("edit", "POST", b"{}", {"Host": "evil.example"}), 403),
    "origin": (("photos", "POST", b"", {"Origin": "http://evil.example"}), 403),
    "path": (("/../../../../etc/passwd", "GET", None, {}), 404),
}


@pytest.fixture(scope="module")
def editor(tmp_path_factory):
    return load_editor(save_stylemapgan(tmp_path_factory.mktemp("load") / "preset").path)


@pytest.fixture(scope="module")
def url(editor):
    with serving(make_edit_app(editor)) as url:
        yield url


class Visitor:
    """A page with two photos, and what its edits must be."""

    def __init__(self, url, editor, seed):
        self.url = url
        session = json.loads(ask(url, "/api/sessions", "POST")[2])["session"]
        self.path = f"/api/sessions/{session}"
        photos = [some_photo(seed), some_photo(seed + 1000)]
        self.photos = [self.add(photo) for photo in photos]
        codes = editor.encode(np.stack(photos))
        change = StylemapEdit(regions=(Region(codes[1], MASK),))
        self.expected = [
            editor.apply(codes[:1], Edit(strength=self.strength(i), stylemap=change))[0]
            for i in range(LEVELS)
        ]

    @staticmethod
    def strength(number):
        return number % LEVELS / (LEVELS - 1)

    def add(self, photo):
        return json.loads(ask(self.url, f"{self.path}/photos", "POST", png(photo))[2])["photo"]

    def remove(self, photo):
        assert ask(self.url, f"{self.path}/photos/{photo}", "DELETE")[0] == 200

    def edit(self, number):
        """The status; asserts that the picture is the right one."""
        mask = base64.b64encode(png((255 * MASK).astype(np.uint8))).decode()
        change = {
            "photo": self.photos[0],
            "strength": self.strength(number),
            "regions": [{"reference": self.photos[1], "mask": mask}],
        }
        status, _, body = ask(self.url, f"{self.path}/edit", "POST", change)
        if status == 200:
            picture = np.asarray(Image.open(io.BytesIO(body)))
            np.testing.assert_array_equal(picture, self.expected[number % LEVELS])
        return status

    def misbehave(self, name):
        """The status of a bad request."""
        path, method, body, headers = BAD[name][0]
        path = path if path.startswith("/") else f"{self.path}/{path}"
        return ask(self.url, path, method, body, headers)[0]


@pytest.mark.parametrize("requests", (40, pytest.param(500, marks=pytest.mark.large)))
def test_requests_at_once_with_bad_ones_among_them(url, editor, requests, record_faults):
    visitors = [Visitor(url, editor, seed) for seed in range(min(requests // 10, MOST_SESSIONS))]
    names = list(BAD)
    start = threading.Barrier(requests)

    def visit(number):
        visitor = visitors[number % len(visitors)]
        start.wait()
        if number % 2:
            return "edit", visitor.edit(number)
        name = names[number // 2 % len(names)]
        return name, visitor.misbehave(name)

    with ThreadPoolExecutor(requests) as pool:
        answers = collections.Counter(pool.map(visit, range(requests)))
    for (name, status), count in answers.items():
        allowed = {200, 409} if name == "edit" else {BAD[name][1]}
        assert status in allowed, (name, status, count)
    assert answers["edit", 200] >= len(visitors) / 2  # of each page at least the newest
    for number, visitor in enumerate(visitors):
        assert visitor.edit(number) == 200
    good = answers["edit", 200]
    record_faults("requests to a page at once", answered=good, overtaken=answers["edit", 409],
                  refused=requests - good - answers["edit", 409])


@pytest.mark.parametrize("edits", (80, pytest.param(5000, marks=pytest.mark.large)))
def test_memory_stays_over_many_edits(url, editor, edits, record_faults):
    visitor = Visitor(url, editor, 7)
    extra = some_photo(99)
    sizes = []
    for number in range(edits):
        assert visitor.edit(number) == 200
        if number % 10 == 0:  # another reference comes and goes
            visitor.remove(visitor.add(extra))
        if number in (edits // 4, edits - 1):
            sizes.append(resident())
    assert sizes[1] - sizes[0] < GROWTH, sizes
    record_faults("edits of one page", edits=edits)


def resident():
    """Bytes of memory that this process holds."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
