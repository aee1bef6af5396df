"""The page in a browser: photos in, edits out that equal the package's, and what goes wrong."""

import io
import json
import shutil

import numpy as np
import pytest
from PIL import Image

from export.web.catalog import find
from export.web.runtime import runtime_folder
from export.web.server import page_app
from tests.export.web import pictures
from tests.export.web.pictures import GOLDEN
from tests.serving import serving
from tests.tools import missing
from tfgan_edit.config import UserError
from tfgan_edit.editing.framing import fitted

LIMIT = 2  # of 255, between browser and Keras
PATIENCE = 60_000  # milliseconds, on a machine with other work


@pytest.fixture(scope="module")
def expected():
    """{name: uint8 [H, W, 3]} that Keras made of the pictures."""
    with np.load(GOLDEN / "expected.npz") as file:
        return dict(file)


@pytest.fixture(scope="module")
def runtime():
    try:
        return runtime_folder()
    except UserError as error:
        missing(str(error))


@pytest.fixture
def visit(runtime, open_page):
    """visit(folder of exports, **settings of open_page) -> the page, once it shows its models."""
    servers = []

    def visit(folder=GOLDEN, **settings):
        server = serving(page_app(find([folder]), runtime))
        servers.append(server)
        page = open_page(server.__enter__(), **settings)
        page.set_default_timeout(PATIENCE)
        page.wait_for_selector("#model option", state="attached")
        # One thread: threads only get in each other's way while other tests run.
        page.select_option("#device", "wasm")
        return page

    yield visit
    for server in servers:
        server.__exit__(None, None, None)


def png(picture):
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG")
    return file.getvalue()


def give(page, picture, field="file", name="photo.png"):
    """Chooses a file: an array, or bytes as they are."""
    buffer = png(picture) if isinstance(picture, np.ndarray) else picture
    page.set_input_files(f"#{field}", {"name": name, "mimeType": "image/png", "buffer": buffer})


def give_photos(page, model, field=None):
    """Chooses a model and the photo, and another picture in a field; the edit is there then."""
    page.select_option("#model", model)
    if field:
        give(page, pictures.photo(*pictures.REFERENCE), field)
        page.wait_for_selector(f"#{field}-thumbnail", state="visible")
    give(page, pictures.photo(*pictures.PHOTO))
    ready(page)


def ready(page):
    page.wait_for_selector("body[data-state=ready][data-edited]")


def choose(page, name, value):
    page.check(f"input[name={name}][value={value}]", force=True)


def runs(page):
    return int(page.get_attribute("#runs", "data-runs"))


def await_runs(page, count):
    """Waits until at least so many signatures ran, and all is done; returns how many."""
    for _ in range(PATIENCE // 50):
        if runs(page) >= count:
            break
        page.wait_for_timeout(50)
    ready(page)
    return runs(page)


def set_slider(page, name, value):
    page.eval_on_selector(
        f"#{name}", "(input, value) => { input.value = value;"
        " input.dispatchEvent(new Event('input')); input.dispatchEvent(new Event('change')); }",
        value,
    )


def saved(page, kind="image/png"):
    """What the save button gives: uint8 [H, W, 3] and the file's name."""
    page.select_option("#save-type", kind)
    with page.expect_download() as download:
        page.click("#save")
    with Image.open(download.value.path()) as image:
        return np.asarray(image.convert("RGB")), download.value.suggested_filename


def assert_equal(found, wanted):
    assert found.shape == wanted.shape
    assert np.abs(found.astype(int) - wanted).max() <= LIMIT


# === Edits ===


def test_a_photo_is_edited(visit, expected):
    """In the photo and cut out; at full strength and at half, without running again."""
    page = visit()
    give_photos(page, "student")
    assert page.is_visible("#divider") and not page.is_hidden("#canvas")
    pasted, name = saved(page)
    assert_equal(pasted, expected["student_pasted"])
    assert name == "photo-student.png"
    choose(page, "view", "cut")
    assert_equal(saved(page)[0], expected["student"])
    before = runs(page)
    set_slider(page, "strength", pictures.STRENGTH)
    assert page.text_content("#strength-value") == "50 %"
    assert_equal(saved(page)[0], expected["student_half"])
    set_slider(page, "strength", 0)
    assert_equal(saved(page)[0], fitted(pictures.photo(*pictures.PHOTO), (16, 16)))
    assert runs(page) == before == 1, "the slider ran the network"
    assert saved(page, "image/jpeg")[1] == "photo-student.jpg"
    assert page.text_content("#runs-on") == "Runs on the processor, 1 thread."
    assert page.locator("#latency tr[data-part=model] td").first.text_content() != "–"
    facts = page.inner_text("#facts")
    assert "pix2pixhd" in facts and "16 × 16" in facts and "float32" in facts


def test_the_divider_and_the_frame(visit):
    """What is seen: the photo on one side, the edit on the other; another part after a move."""
    page = visit()
    give_photos(page, "student")
    choose(page, "view", "cut")

    def middle():  # the colour in the middle of the canvas, once it is drawn
        return page.evaluate(
            """() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => {
                const canvas = document.getElementById('canvas');
                done(Array.from(canvas.getContext('2d').getImageData(
                    canvas.width / 2, canvas.height / 2, 1, 1).data));
            })))"""
        )

    page.focus("#divider")
    page.keyboard.press("Home")
    edit = middle()
    page.keyboard.press("End")
    assert page.get_attribute("#divider", "aria-valuenow") == "100"
    photo = middle()
    assert photo != edit
    set_slider(page, "strength", 0)
    page.keyboard.press("Home")
    assert middle() == photo
    choose(page, "tool", "frame")
    page.focus("#overlay")
    for key in ("+", "+", "ArrowLeft"):
        page.keyboard.press(key)
    moved = await_runs(page, 2)
    choose(page, "tool", "compare")
    assert middle() != photo
    choose(page, "tool", "frame")
    page.click("#mark-face")
    box = page.locator("#overlay").bounding_box()
    for x, y in ((0.4, 0.4), (0.55, 0.42), (0.47, 0.6)):
        assert "Tap the" in page.text_content("#message")
        page.mouse.click(box["x"] + x * box["width"], box["y"] + y * box["height"])
    await_runs(page, moved + 1)
    assert page.is_hidden("#message")


def test_many_styles_and_that_of_a_drawing(visit, expected):
    """The photo is encoded once, whatever the number of styles."""
    page = visit()
    give_photos(page, "roses")
    page.wait_for_selector("#styles button:nth-child(8)[data-drawn]")
    # Its encoding, style 0, and a small picture of each.
    assert await_runs(page, 10) == 10
    page.click(f"#styles [data-seed='{pictures.SEED}']")
    assert await_runs(page, 11) == 11
    assert page.input_value("#seed") == str(pictures.SEED)
    found, _ = saved(page)
    assert_equal(found, expected["roses"])
    give(page, pictures.photo(*pictures.REFERENCE), "drawing")
    assert await_runs(page, 13) == 13  # its style, then the drawing
    assert_equal(saved(page)[0], expected["roses_reference"])
    page.fill("#seed", "900")
    page.keyboard.press("Tab")
    page.wait_for_selector("#styles [data-seed='907'][data-drawn]")
    page.click("#shuffle")
    page.wait_for_selector("#styles [aria-pressed=true]:not([data-seed='900'])")


def test_a_part_of_a_reference_is_painted(visit, expected):
    page = visit()
    give_photos(page, "maps", "reference")
    choose(page, "tool", "paint")
    nothing = saved(page)[0]
    set_slider(page, "brush-width", pictures.WIDTH)
    box = page.locator("#overlay").bounding_box()

    def stroke():
        for press, (x, y) in zip((page.mouse.down, page.mouse.up), pictures.STROKE, strict=True):
            page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])
            press()

    stroke()
    assert await_runs(page, 2) == 2
    assert_equal(saved(page)[0], expected["maps_stroke"])
    page.click("#mask-fill")
    await_runs(page, 3)
    assert_equal(saved(page)[0], expected["maps_all"])
    page.click("#mask-undo")
    await_runs(page, 4)
    assert_equal(saved(page)[0], expected["maps_stroke"])
    choose(page, "brush", "erase")
    stroke()
    await_runs(page, 5)
    np.testing.assert_array_equal(saved(page)[0], nothing)


# === Files and camera ===


def test_what_cannot_be_read_is_said_and_the_page_lives_on(visit, expected):
    page = visit()
    page.select_option("#model", "student")
    for name, data, reason in (
        ("notes.txt", b"no picture", "no picture that this browser knows"),
        ("half.png", png(pictures.photo((300, 300)))[:2000], "damaged, or too large"),
        ("huge.png", _png_header(30_000, 20_000), "600 million pixels; 89 are the most"),
    ):
        give(page, data, name=name)
        page.wait_for_selector(f"#message:has-text('{name} cannot be shown. It')")
        assert reason in page.text_content("#message")
    page.evaluate("() => { navigator.mediaDevices.getUserMedia = async () => {"
                  " throw new DOMException('', 'NotAllowedError'); }; }")
    page.click("#camera")
    page.wait_for_selector("#message:has-text('The camera was not allowed')")
    give(page, pictures.photo(*pictures.PHOTO))
    ready(page)
    assert page.is_hidden("#message")
    assert_equal(saved(page)[0], expected["student_pasted"])


def test_the_camera_and_a_dropped_file(visit):
    """A file is turned upright by its EXIF entry."""
    page = visit()
    page.select_option("#model", "student")
    page.evaluate("""() => {
        const canvas = Object.assign(document.createElement('canvas'), {width: 64, height: 48});
        const draw = () => canvas.getContext('2d').fillRect(0, 0, 64, 48);
        draw();
        setInterval(draw, 50);
        window.asked = [];
        navigator.mediaDevices.getUserMedia = async (wish) => {
            window.asked.push(wish.video.facingMode);
            window.stream = canvas.captureStream();
            return window.stream;
        };
    }""")
    assert page.evaluate("window.asked") == []
    page.click("#camera")
    page.wait_for_selector("#camera-dialog[open]")
    page.click("#turn")
    page.wait_for_selector("#take:enabled")
    assert page.evaluate("window.asked") == ["user", "environment"]
    page.click("#take")
    ready(page)
    assert saved(page)[0].shape == (48, 64, 3)
    assert page.evaluate("window.stream.getTracks()[0].readyState") == "ended"
    page.evaluate(
        """(bytes) => {
            const data = new DataTransfer();
            data.items.add(new File([new Uint8Array(bytes)], 'phone.jpg', {type: 'image/jpeg'}));
            for (const kind of ['dragenter', 'dragover', 'drop'])
                document.body.dispatchEvent(new DragEvent(kind,
                    {dataTransfer: data, bubbles: true, cancelable: true}));
        }""",
        list(stored_on_its_side()),
    )
    await_runs(page, 2)
    set_slider(page, "strength", 0)
    upright, name = saved(page)
    assert upright.shape == (64, 40, 3) and name.startswith("phone")
    assert upright[:28, :, 0].min() > 230 and upright[36:].max() < 30


def stored_on_its_side():
    """A JPEG whose left half is red and, as its EXIF entry says, the upper one; else black."""
    picture = np.zeros((40, 64, 3), np.uint8)
    picture[:, :32] = (250, 20, 20)
    file, exif = io.BytesIO(), Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(picture).save(file, "JPEG", quality=95, exif=exif)
    return file.getvalue()


# === Models ===


@pytest.fixture
def changed(tmp_path):
    """Folder of three exports, of which one has another byte than was hashed, one is short."""
    for name in ("sound", "changed", "short"):
        shutil.copytree(GOLDEN / "student", tmp_path / name)
    data = bytearray((tmp_path / "changed/model.tflite").read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / "changed/model.tflite").write_bytes(data)
    (tmp_path / "short/model.tflite").write_bytes(data[:-16])
    return tmp_path


def test_a_model_that_was_changed_is_refused(visit, changed):
    page = visit(changed)
    page.select_option("#model", "changed")
    page.wait_for_selector("#message:has-text('is not the one that export.json describes')")
    page.select_option("#model", "short")
    page.wait_for_selector("#message:has-text('bytes, export.json says')")
    give(page, pictures.photo(*pictures.PHOTO))
    page.wait_for_selector("body[data-state=failed]")
    assert page.is_disabled("#save") and runs(page) == 0
    page.select_option("#model", "sound")
    ready(page)
    assert page.is_hidden("#message") and runs(page) == 1


def test_another_device(visit, expected):
    """Threads give the same; the label is what the runtime says."""
    page = visit()
    give_photos(page, "student")
    ids = page.eval_on_selector_all("#device option", "(all) => all.map((one) => one.value)")
    if "threads" not in ids:
        pytest.skip("this machine has one processor")
    page.select_option("#device", "threads")
    await_runs(page, 2)
    text = page.text_content("#runs-on")
    assert text.endswith("threads.") and int(text.split()[-2]) > 1
    assert_equal(saved(page)[0], expected["student_pasted"])


def test_a_graphics_processor_that_fails(visit, expected):
    """The browser names one that then cannot be had: the processor takes over, and says so."""
    page = visit()
    page.add_init_script(
        "Object.defineProperty(navigator, 'gpu', {value: {requestAdapter: async () => "
        "({info: {vendor: 'acme'}, features: new Set()})}})"
    )
    page.reload()
    page.select_option("#device", "webgpu")
    page.wait_for_selector("#message:has-text('The processor does it instead')")
    give_photos(page, "student")
    text = page.text_content("#runs-on")
    assert text.startswith("Runs on the processor, 1 thread. WebGPU, acme, float32 failed (")
    assert_equal(saved(page)[0], expected["student_pasted"])


def test_what_the_page_offers(visit):
    """Exports that read more than photos are named with the reason; every control has a name."""
    page = visit()
    options = page.locator("#model option").all_text_contents()
    assert options == ["maps", "roses", "student"]
    assert "labels: it reads labels" in page.locator("#refused li").text_content()
    unnamed = page.evaluate(
        """() => Array.from(document.querySelectorAll('button, input, select, [role=slider]'))
            .filter((one) => !(one.labels?.length || one.ariaLabel || one.textContent.trim()))
            .map((one) => one.id)"""
    )
    assert unnamed == []


def _png_header(width, height):
    """The beginning of a PNG of that size."""
    numbers = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    return b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + numbers + b"\x08\x02\0\0\0\0\0\0\0"


@pytest.mark.large
def test_fifty_megapixels(visit):
    """Cut as by the package, and saved whole, though no canvas but the last has all of them."""
    picture = np.tile(pictures.photo((577, 866)), (10, 10, 1))
    page = visit()
    page.select_option("#model", "student")
    give(page, png(picture), name="large.png")
    ready(page)
    set_slider(page, "strength", 0)
    np.testing.assert_array_equal(saved(page)[0], picture)
    choose(page, "view", "cut")
    assert np.abs(saved(page)[0].astype(int) - fitted(picture, (16, 16))).max() <= 1


# === The goldens ===


@pytest.mark.large
def test_the_goldens_have_the_form_that_is_written_now(tmp_path, expected):
    from tests.export.web.make_golden import PRESETS, write

    # With other weights: what the goldens' make of the pictures is tested above.
    made = write(tmp_path)
    assert {k: v.shape for k, v in made.items()} == {k: v.shape for k, v in expected.items()}

    def keys(value):
        return {k: keys(v) for k, v in value.items()} if isinstance(value, dict) else None

    for name in PRESETS:
        old, new = (json.loads((f / name / "export.json").read_text()) for f in (GOLDEN, tmp_path))
        for record in (old, new):
            record["verification"].pop("gpu", None)
            record["versions"] = record["verification"]["contents"] = None
        assert keys(old) == keys(new)
        assert old["signatures"] == new["signatures"] and old["framing"] == new["framing"]
