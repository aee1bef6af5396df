"""The server of the page, asked without a browser: photos, edits, bad input, load, the end."""

import base64
import functools
import gc
import io
import json
import threading
import time
import weakref
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from tests.edit_page.conftest import SIDE, png, some_photo
from tests.serving import ask, serving
from tfgan_edit.config import UserError
from tfgan_edit.edit_page.server import MAX_UPLOAD, make_edit_app
from tfgan_edit.editing.directions import Direction
from tfgan_edit.editing.editors import Edit
from tfgan_edit.editing.regions import HALVES, Region, StylemapEdit, named_mask


class Page:
    """Does what the page's script does."""

    def __init__(self, url):
        self.url = url
        self.path = f"/api/sessions/{self.ask('/api/sessions', 'POST')['session']}"

    def ask(self, path, method="GET", body=None):
        status, headers, answer = ask(self.url, path, method, body)
        if headers["Content-Type"].startswith("application/json"):
            answer = json.loads(answer)
        return answer if status == 200 else (status, answer["error"])

    def add(self, body):
        answer = self.ask(f"{self.path}/photos", "POST", body)
        return answer["photo"] if isinstance(answer, dict) else answer

    def edit(self, **change):
        return self.ask(f"{self.path}/edit", "POST", change)

    def region(self, photo, mask, **values):
        mask = base64.b64encode(png((255 * mask).astype(np.uint8))).decode()
        return {"reference": photo, "mask": mask, **values}


@pytest.fixture
def page(url):
    return Page(url)


def pixels(answer):
    return np.asarray(Image.open(io.BytesIO(answer)))


# === Edits ===


def test_an_edit_is_that_of_the_editor(page, editor, direction):
    me, other, third = (some_photo(seed) for seed in range(3))
    names = [page.add(png(photo)) for photo in (me, other, third)]
    masks = [named_mask(name, (SIDE, SIDE)) for name in ("left", "bottom")]
    before = editor.encoded
    drawn = page.edit(
        photo=names[0],
        strength=0.75,
        direction=-0.5,
        pooling="soft",
        regions=[
            page.region(names[1], masks[0], shift=[0, 4]),
            page.region(names[2], masks[1], strength=0.5),
        ],
    )
    assert editor.encoded == before
    regions = (Region(other, masks[0], (0, 4)), Region(third, masks[1], strength=0.5))
    edit = Edit(strength=0.75, stylemap=StylemapEdit(regions=regions, pooling="soft"))
    moved = direction.apply(editor.encode(me[np.newaxis]), -0.5)
    np.testing.assert_array_equal(pixels(drawn), editor.apply(moved, edit)[0])


@pytest.mark.large
def test_a_slider_never_encodes(page, editor):
    names = [page.add(png(some_photo(seed))) for seed in (0, 1)]
    before = editor.encoded
    region = page.region(names[1], named_mask("top", (SIDE, SIDE)))
    drawn = [
        pixels(page.edit(photo=names[0], strength=step / 4, regions=[region])) for step in range(5)
    ]
    assert editor.encoded == before
    np.testing.assert_array_equal(drawn[0], pixels(page.edit(photo=names[0])))
    away = [np.abs(picture.astype(int) - drawn[0]).mean() for picture in drawn]
    assert away == sorted(away) and away[-1] > away[0]


def test_photos_are_read_as_the_verb_reads_them(page, editor):
    wide = np.random.RandomState(0).randint(0, 256, (SIDE, 2 * SIDE, 3), np.uint8)
    name = page.add(png(wide))
    seen = pixels(page.ask(f"{page.path}/photos/{name}"))
    np.testing.assert_array_equal(seen, wide[:, SIDE // 2 : -SIDE // 2])
    np.testing.assert_array_equal(pixels(page.edit(photo=name)), editor(seen))


def test_named_masks(page):
    for name in HALVES:
        mask = pixels(page.ask(f"/api/masks/{name}"))
        np.testing.assert_array_equal(mask, 255 * named_mask(name, (SIDE, SIDE)))
    assert page.ask("/api/masks/0,0,1,1")[0] == 404


# === Bad input ===


@pytest.mark.parametrize(
    "body, message",
    (
        (b"", "the picture is empty"),
        (b"no picture at all", "the picture cannot be read: not a picture"),
        (png(some_photo(0))[:-200], "the picture cannot be read: damaged"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "cannot be read"),
        ("bomb", "the picture cannot be read: more than"),
    ),
)
def test_bad_uploads_are_named_and_the_server_lives_on(page, body, message, bomb):
    status, reason = page.add(bomb if body == "bomb" else body)
    assert status == 400 and message in reason
    name = page.add(png(some_photo(0)))
    assert pixels(page.edit(photo=name)).shape == (SIDE, SIDE, 3)


def test_huge_uploads_are_refused(page):
    status, reason = page.add(bytes(MAX_UPLOAD + 1))
    assert (status, reason) == (413, "more than 16 MiB")


def test_bad_edits_are_named(page):
    me = page.add(png(some_photo(0)))
    nothing = page.region(me, np.zeros([SIDE, SIDE]))
    assert page.edit(photo=me, regions=[nothing]) == (
        400, "region 1: a mask has no pixels: paint white what is to be taken from the reference",
    )
    missing = page.region("gone", np.ones([SIDE, SIDE]))
    assert page.edit(photo=me, regions=[missing]) == (
        404, "the reference is not here: add it again",
    )
    assert page.edit(photo="gone")[0] == 404
    assert page.ask(f"{page.path}/edit", "POST", b"\xff") == (400, "a change must be JSON")


def test_a_photo_that_was_removed(page):
    name = page.add(png(some_photo(0)))
    assert page.ask(f"{page.path}/photos/{name}", "DELETE") == {}
    assert page.edit(photo=name)[0] == page.ask(f"{page.path}/photos/{name}")[0] == 404


def test_photos_of_another_page_are_not_found(page, url):
    name = page.add(png(some_photo(0)))
    assert Page(url).edit(photo=name)[0] == 404


# === Many requests ===


def test_of_waiting_edits_only_the_newest_is_drawn(page, editor, app, monkeypatch):
    name = page.add(png(some_photo(0)))
    page.edit(photo=name)  # compiles
    entered, go_on = threading.Event(), threading.Event()
    drawn, apply = [], editor.apply

    def slow(codes, edit):
        drawn.append(edit.strength)
        entered.set()
        assert go_on.wait(20)
        return apply(codes, edit)

    monkeypatch.setattr(editor, "apply", slow)
    with ThreadPoolExecutor(6) as pool:
        first = pool.submit(page.edit, photo=name, strength=0.0)
        assert entered.wait(20)
        waiting = []
        for strength in (0.1, 0.2, 0.3, 0.4):
            waiting.append(pool.submit(page.edit, photo=name, strength=strength))
            time.sleep(0.1)  # they arrive in this order
        go_on.set()
        answers = [future.result() for future in waiting]
    assert isinstance(first.result(), bytes) and isinstance(answers[-1], bytes)
    assert answers[:-1] == [(409, "a newer change came")] * 3
    assert drawn == [0.0, 0.4]


@pytest.mark.large
def test_many_pages_at_once_and_a_bad_one_among_them(url, editor):
    def visit(number):
        page = Page(url)
        photo = some_photo(number)
        if number % 4 == 0:
            return page.add(b"bad")[0] == 400
        name = page.add(png(photo))
        drawn = pixels(page.edit(photo=name))
        page.ask(f"{page.path}/end", "POST")
        return np.array_equal(drawn, editor.apply(editor.encode(photo[np.newaxis]), Edit())[0])

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(visit, range(24)))


# === The end ===


@pytest.fixture
def kept(monkeypatch):
    """Weak references to every photo that a page reads."""
    from tfgan_edit.edit_page import server

    kept = []

    def read(self, data, read=server.EditPage._read):
        pixels = read(self, data).copy()
        kept.append(weakref.ref(pixels))
        return pixels

    monkeypatch.setattr(server.EditPage, "_read", read)
    return kept


def is_gone(reference):
    gc.collect()
    return reference() is None


def test_photos_are_gone_after_their_time_and_at_the_end(editor, kept, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    now = [0.0]
    with serving(make_edit_app(editor, seconds=1.0, clock=lambda: now[0])) as url:
        page = Page(url)
        assert isinstance(page.add(png(some_photo(0))), str)
        time.sleep(0.6)  # longer than between two sweeps
        assert not is_gone(kept[0])
        now[0] = 1.1
        for _ in range(200):  # nothing is asked for: the sweep alone ends it
            if is_gone(kept[0]):
                break
            time.sleep(0.1)
        assert is_gone(kept[0])
        assert page.add(png(some_photo(0))) == (410, "this session has ended: load the page again")
    with serving(make_edit_app(editor)) as url:
        closed, last = Page(url), Page(url)
        closed.add(png(some_photo(1)))
        last.add(png(some_photo(2)))
        closed.ask(f"{closed.path}/end", "POST")
        assert is_gone(kept[1]) and not is_gone(kept[2])
    assert is_gone(kept[2])
    assert not list(tmp_path.iterdir())


def test_photos_that_the_page_begins_with(editor):
    given = [None, ("other.png", b"bytes")]
    with serving(make_edit_app(editor, given=given)) as url:
        known = json.loads(ask(url, "/api/page")[2])
        get = functools.partial(ask, url)
        assert known["given"] == [None, "other.png"] and known["direction"] is None
        assert get("/api/given/1")[2] == b"bytes"
        assert get("/api/given/0")[0] == get("/api/given/2")[0] == 404
        page = Page(url)
        status, reason = page.edit(photo=page.add(png(some_photo(0))), direction=1)
        assert (status, reason) == (400, "direction: this page has none, start it with --direction")


def test_a_direction_of_another_generator_is_refused(editor):
    with pytest.raises(UserError, match="generator has stylemaps of"):
        make_edit_app(editor, direction=Direction(np.zeros([8, 8, 3])))
