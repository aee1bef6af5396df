"""The page in a real browser: what a person does, and what then is in the picture."""

import base64
import io
import json
import re

import numpy as np
import pytest
from PIL import Image

from tests.edit_page.conftest import SIDE, png, some_photo
from tests.serving import ask, serving
from tfgan_edit.edit_page.server import MAX_UPLOAD, make_edit_app
from tfgan_edit.editing.editors import Edit
from tfgan_edit.editing.regions import Region, StylemapEdit, named_mask

ME, OTHER, THIRD = (some_photo(seed) for seed in range(3))
PIXELS = """(id) => {
    const canvas = document.getElementById(id);
    const context = canvas.getContext("2d");
    return [...context.getImageData(0, 0, canvas.width, canvas.height).data];
}"""


class Person:
    """Uses the page, and knows the last change that it asked for."""

    def __init__(self, page):
        self.page, self.changes, self.session = page, [], None
        page.on("request", self._note)
        page.wait_for_selector("body[data-ready]")

    def _note(self, request):
        if request.url.endswith("/edit"):
            self.changes.append(json.loads(request.post_data))
            self.session = re.search(r"/api/sessions/[^/]+", request.url)[0]

    def choose(self, photo, number=None, name="me.png"):
        """A file for the photo, or for a reference."""
        if number is not None:
            self.page.get_by_role("radio", name=f"Reference {number}").check(force=True)
        place = "photo" if number is None else "reference"
        file = {"name": name, "mimeType": "image/png", "buffer": png(photo)}
        self.page.locator(f"#{place}-file").set_input_files([file])
        self.settle()

    def choose_file(self, path, body):
        path.write_bytes(body)
        self.page.locator("#photo-file").set_input_files([path])
        self.settle()

    def settle(self):
        self.page.wait_for_selector(".is-busy", state="detached")

    def drag(self, canvas, points):
        """A line through points in pixels of the network."""
        box = self.page.locator(canvas).bounding_box()
        places = [
            (box["x"] + x * box["width"] / SIDE, box["y"] + y * box["height"] / SIDE)
            for x, y in points
        ]
        self.page.mouse.move(*places[0])
        self.page.mouse.down()
        for place in places[1:]:
            self.page.mouse.move(*place, steps=3)
        self.page.mouse.up()
        self.settle()

    def slide(self, name, value):
        self.page.get_by_label(name).evaluate(
            """(input, value) => {
                input.value = value;
                input.dispatchEvent(new Event("input"));
            }""",
            str(value),
        )
        self.settle()

    def hint(self):
        return self.page.locator("#reference-hint").inner_text()

    def message(self):
        self.page.wait_for_selector("#message", state="visible")
        return self.page.locator("#message p").inner_text()

    def picture(self, which="after"):
        """uint8 [H, W, 3] of what is shown."""
        values = self.page.evaluate(PIXELS, which)
        return np.array(values, np.uint8).reshape(SIDE, SIDE, 4)[:, :, :3]

    def mask(self, number=0):
        """The mask of a part in the last change, 0 and 1."""
        data = base64.b64decode(self.changes[-1]["regions"][number]["mask"])
        return np.asarray(Image.open(io.BytesIO(data)).convert("L")) / 255


@pytest.fixture
def person(url, open_page):
    return Person(open_page(url, viewport={"width": 1320, "height": 900}))


def expected(editor, regions=(), strength=1.0, **stylemap):
    edit = Edit(strength=strength, stylemap=StylemapEdit(regions=regions, **stylemap))
    return editor.apply(editor.encode(ME[np.newaxis]), edit)[0]


# === What a person does ===


def test_upload_paint_and_slide_without_encoding_again(person, editor, tmp_path):
    before = editor.encoded
    person.choose(ME)
    person.choose(OTHER, 1)
    np.testing.assert_array_equal(person.picture("before"), ME)
    assert person.hint() == "Paint what to take, or add a half."
    person.slide("Size", 4)
    person.drag("#reference", [(4, 4), (4, 12)])
    mask = person.mask()
    assert mask[4:12, 3:5].all() and not mask[:, 7:].any() and mask.sum() < 50
    for strength in (100, 55, 0, 30):
        person.slide("Strength", strength)
    assert editor.encoded == before + 2
    region = Region(OTHER, mask)
    np.testing.assert_array_equal(person.picture(), expected(editor, (region,), 0.3))
    assert np.abs(person.picture().astype(int) - expected(editor)).max() > 1
    with person.page.expect_download() as download:
        person.page.get_by_role("link", name="Save").click()
    assert download.value.suggested_filename == "me-edited.png"
    download.value.save_as(tmp_path / "saved.png")
    np.testing.assert_array_equal(Image.open(tmp_path / "saved.png"), person.picture())


def test_two_references_halves_and_choices(person, editor):
    person.choose(ME)
    for number, photo, half in ((1, OTHER, "left"), (3, THIRD, "bottom")):
        person.choose(photo, number)
        with person.page.expect_response("**/edit"):
            person.page.get_by_role("button", name=half, exact=True).click()
    person.page.locator("summary").click()
    person.page.get_by_label("A cell is taken if").select_option("soft")
    person.settle()
    masks = [named_mask(half, (SIDE, SIDE)) for half in ("left", "bottom")]
    np.testing.assert_array_equal(person.mask(1), masks[1])
    regions = (Region(OTHER, masks[0]), Region(THIRD, masks[1]))
    np.testing.assert_array_equal(person.picture(), expected(editor, regions, pooling="soft"))


def test_a_part_is_dragged_and_moved_by_keys_and_numbers(person, editor):
    person.choose(ME)
    person.choose(OTHER, 1)
    person.slide("Size", 5)
    person.drag("#reference", [(4, 4), (6, 6)])
    person.drag("#photo", [(5, 5), (9, 8)])
    assert person.changes[-1]["regions"][0]["shift"] == [3, 4]
    person.page.locator("#photo").press("ArrowDown")
    person.settle()
    assert person.changes[-1]["regions"][0]["shift"] == [4, 4]
    assert person.page.get_by_label("down").input_value() == "4"
    person.page.get_by_label("right").fill("-2")
    person.settle()
    assert person.changes[-1]["regions"][0]["shift"] == [4, -2]
    region = Region(OTHER, person.mask(), (4, -2))
    np.testing.assert_array_equal(person.picture(), expected(editor, (region,)))


@pytest.mark.large
def test_erase_undo_clear_and_keys(person, editor):
    person.choose(ME)
    person.choose(OTHER, 1)
    person.slide("Size", 3)
    canvas = person.page.locator("#reference")
    canvas.press("ArrowLeft")  # the brush begins in the middle
    canvas.press("Space")
    person.settle()
    assert person.mask()[7:9, 6:8].all()
    painted = person.mask().sum()
    person.page.get_by_role("radio", name="Eraser").click()
    person.drag("#reference", [(5, 6), (5, 10)])
    assert 0 < person.mask().sum() < painted
    person.page.get_by_role("button", name="Undo").click()
    person.settle()
    assert person.mask().sum() == painted
    person.page.get_by_role("button", name="Clear").click()
    person.settle()
    # Of a mask without pixels nothing is asked: the picture is the photo rebuilt.
    assert person.changes[-1]["regions"] == [] and person.hint().startswith("Paint what to take")
    np.testing.assert_array_equal(person.picture(), expected(editor))
    person.page.keyboard.press("Control+z")
    person.settle()
    assert person.mask().sum() == painted


@pytest.mark.large
def test_photos_are_replaced_and_removed(person, editor):
    person.choose(THIRD)
    person.choose(THIRD, 1)
    person.slide("Size", 16)
    person.drag("#reference", [(8, 8), (8, 9)])
    person.choose(OTHER, 1)  # the mask stays
    person.choose(ME)
    region = Region(OTHER, person.mask())
    np.testing.assert_array_equal(person.picture(), expected(editor, (region,)))
    person.page.get_by_role("button", name="Remove").click()
    person.settle()
    np.testing.assert_array_equal(person.picture(), expected(editor))
    assert person.page.locator("#slots .is-used").count() == 0
    assert person.page.locator("#message").is_hidden()


@pytest.mark.large
def test_the_slider_of_a_direction(person, editor, direction):
    person.choose(ME)
    assert "smile" in person.page.locator("#direction-row").inner_text()
    person.slide("smile", -1.5)
    moved = direction.apply(editor.encode(ME[np.newaxis]), -1.5)
    np.testing.assert_array_equal(person.picture(), editor.apply(moved, Edit())[0])


# === Bad input, and ends ===


def test_bad_files_are_named_and_the_page_goes_on(url, open_page, bomb, tmp_path):
    person = Person(open_page(url, expected="status of 400"))
    person.choose_file(tmp_path / "broken.png", png(ME)[:-300])
    assert person.message().startswith("broken.png: the picture cannot be read: damaged")
    person.choose_file(tmp_path / "bomb.png", bomb)
    assert "bomb.png: the picture cannot be read: more than" in person.message()
    person.choose_file(tmp_path / "huge.png", bytes(MAX_UPLOAD + 1))
    assert person.message() == "huge.png: more than 16 MiB"
    person.page.get_by_role("button", name="Close this message").click()
    assert person.page.locator("#message").is_hidden() and not person.changes
    person.choose(ME)
    np.testing.assert_array_equal(person.picture("before"), ME)


@pytest.mark.large
def test_an_ended_session_is_begun_again_unseen(url, open_page, editor):
    person = Person(open_page(url, expected="status of 410"))
    person.choose(ME)
    person.choose(OTHER, 2)
    first = person.session
    assert ask(url, f"{first}/end", "POST")[0] == 200
    person.slide("Size", 16)
    person.drag("#reference", [(8, 8), (8, 9)])
    assert person.session != first and person.page.locator("#message").is_hidden()
    region = Region(OTHER, person.mask())
    np.testing.assert_array_equal(person.picture(), expected(editor, (region,)))


def test_closing_the_page_ends_its_session(person, url):
    person.choose(ME)
    person.page.close(run_before_unload=False)
    for _ in range(50):
        if ask(url, f"{person.session}/edit", "POST", b"")[0] == 410:
            return
        person.page.context.new_page().close()  # takes a moment
    raise AssertionError("the session is still there")


@pytest.mark.large
def test_photos_of_the_command_line(editor, open_page):
    given = [("me.png", png(ME)), ("other.png", png(OTHER)), ("third.png", png(THIRD))]
    with serving(make_edit_app(editor, given=given)) as url:
        person = Person(open_page(url))
        person.settle()
        np.testing.assert_array_equal(person.picture(), expected(editor))
        assert person.page.locator("#slots .is-used").count() == 2
        assert person.page.locator("#direction-row").is_hidden()


# === Form ===


def test_every_control_has_a_name_and_fits_narrow_windows(person):
    person.choose(ME)
    person.choose(OTHER, 1)
    unnamed = person.page.evaluate(
        """() => [...document.querySelectorAll("button, input, select, a, canvas, img")].filter(
            (e) => !(e.ariaLabel || e.labels?.length || e.textContent.trim() || e.alt !== undefined)
        ).map((e) => e.outerHTML)"""
    )
    assert unnamed == []
    for width in (320, 390, 640, 820, 1020, 1320):
        person.page.set_viewport_size({"width": width, "height": 700})
        wide = person.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert wide == 0, width
