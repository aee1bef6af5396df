"""The page's arithmetic is that of the Python code: resizing, cutting, pasting, styles by seed."""

import base64

import numpy as np
import pytest
from PIL import Image

from export.framing import describe_framing
from export.web.catalog import Catalog
from export.web.server import page_app
from tests.export.web.pictures import photo
from tests.serving import serving
from tfgan_edit.editing.alignment import FaceSquare, cut, paste_back
from tfgan_edit.editing.framing import fitted

BYTES = "(text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0))"
TEXT = "(bytes) => btoa(Array.from(bytes, (b) => String.fromCharCode(b)).join(''))"


@pytest.fixture(scope="module")
def run(browser, tmp_path_factory):
    """run(names, module, code, **values): what an expression gives that names these exports.

    Arrays become `Uint8Array`s, and `Uint8Array`s arrays.
    """
    app = page_app(Catalog({}, []), tmp_path_factory.mktemp("runtime"))
    with serving(app) as url, browser.new_context() as context:
        page = context.new_page()
        page.goto(url + "exports.json")
        yield lambda *arguments, **values: evaluate(page, *arguments, **values)


def evaluate(page, names, module, code, **values):
    def packed(value):
        if isinstance(value, np.ndarray):
            return {"bytes": base64.b64encode(value.tobytes()).decode()}
        return value

    return page.evaluate(
        f"""async (given) => {{
            const bytes = {BYTES}, text = {TEXT};
            for (const key of Object.keys(given))
                if (given[key]?.bytes) given[key] = bytes(given[key].bytes);
            const {{{', '.join(values)}}} = given;
            const {{{names}}} = await import('/js/{module}.js');
            const pixels = await import('/js/framing.js');
            const result = {code};
            return result instanceof Uint8Array ? text(result) : result;
        }}""",
        {key: packed(value) for key, value in values.items()},
    )


def array(text, shape):
    return np.frombuffer(base64.b64decode(text), np.uint8).reshape(shape)


def assert_near(found, expected, limit, share=0.001):
    """No byte is off by more than `limit`, and few are off at all."""
    found, expected = np.asarray(found, int), np.asarray(expected, int)
    assert found.shape == expected.shape
    errors = np.abs(found - expected)
    assert errors.max() <= limit, f"off by {errors.max()}"
    assert (errors > 0).mean() <= share, f"{(errors > 0).mean():.2%} are off"


@pytest.mark.parametrize(
    ("source", "target"),
    [((61, 83), (16, 16)), ((16, 16), (40, 24)), ((33, 20), (33, 64)), ((7, 900), (8, 32))],
)
def test_resizing(run, source, target):
    picture = photo(source)
    rule = describe_framing(*target)["resize"]
    found = run(
        "resize", "resample", "resize(picture, source, target, rule)",
        picture=picture, source=source, target=target, rule=rule,
    )
    expected = Image.fromarray(picture).resize(target[::-1], Image.Resampling.LANCZOS)
    assert_near(array(found, (*target, 3)), np.asarray(expected), 1)


@pytest.mark.parametrize(
    ("size", "target"), [((45, 81), (16, 16)), ((90, 41), (32, 24)), ((9, 13), (16, 32))]
)
def test_the_middle_of_a_photo(run, size, target):
    picture = photo(size)
    found = run(
        "centerBox", "place",
        "pixels.cut(pixels.inMemory(picture, size), centerBox(size, target), framing)",
        picture=picture, size=size, target=target, framing=describe_framing(*target),
    )
    assert_near(array(found, (*target, 3)), fitted(picture, target), 1)


LANDMARKS = {  # name: size of the photo, eyes, and middle of the mouth
    "turned": ((170, 180), (82.0, 75.5), (105.0, 83.0), (87.0, 103.0)),
    "small": ((60, 60), (26.0, 27.0), (33.0, 26.0), (30.0, 35.0)),
    "outside": ((110, 120), (40.0, 38.5), (75.0, 46.0), (52.0, 66.0)),
    "at_the_edge": ((90, 100), (30.0, 20.0), (50.0, 20.0), (40.0, 40.0)),
    "near": ((700, 640), (260.0, 300.0), (400.0, 290.0), (335.0, 420.0)),
}


def square_of(name):
    size, left, right, mouth = LANDMARKS[name]
    return size, FaceSquare.of_landmarks([left, right, (0, 0), mouth, mouth])


@pytest.mark.parametrize("name", LANDMARKS)
def test_a_face(run, name):
    """Its square, its cut-out, and an edit of it in the photo."""
    framing = describe_framing(32, 32)
    size, square = square_of(name)
    _, left, right, mouth = LANDMARKS[name]
    found = run(
        "faceSquare", "place", "faceSquare({leftEye, rightEye, mouth}, rule)",
        leftEye=left, rightEye=right, mouth=mouth, rule=framing["crop"]["face_square"],
    )
    np.testing.assert_allclose(found["centre"], square.centre, rtol=1e-12)
    np.testing.assert_allclose(found["half"], square.half_side, rtol=1e-12)
    picture, values = photo(size), {"place": found, "size": size, "framing": framing}
    cut_out = run(
        "toRgb", "pixels", "pixels.cut(pixels.inMemory(picture, size), place, framing)",
        picture=picture, **values,
    )
    assert_near(array(cut_out, (32, 32, 3)), cut(picture, square, 32), 1)
    edited = photo((32, 32), seed=1)
    pasted = paste(run, picture, edited, strength=1, **values)
    assert_near(pasted, paste_back(picture, edited, square), 1)
    half = paste(run, picture, edited, strength=0.5, **values)
    assert_near(half, np.round((picture.astype(float) + pasted) / 2), 1, share=0.5)


@pytest.mark.parametrize("size", [(50, 50), (40, 90), (24, 200)])
def test_the_middle_comes_back(run, size):
    """Where it is a square, as pasted by the package; an edge of the photo is faded, too."""
    picture, edited = photo(size), photo((32, 32), seed=1)
    place = run("centerBox", "place", "centerBox(size, [32, 32])", size=size)
    pasted = paste(run, picture, edited, place=place, size=size, strength=1,
                   framing=describe_framing(32, 32))
    assert_near(pasted, paste_back(picture, edited, FaceSquare.centred(picture.shape)), 1)


def test_a_place_of_another_shape(run):
    """Its border is soft on each axis by a part of that axis."""
    picture, edited = photo((60, 40)), np.full((16, 32, 3), 255, np.uint8)
    place = {"kind": "box", "left": 4, "top": 10, "width": 32, "height": 16}
    framing = describe_framing(16, 32)
    pasted = paste(run, picture, edited, place=place, size=(60, 40), strength=1, framing=framing)
    feather = framing["paste_back"]["feather"]
    ramps = [np.minimum(np.arange(n) + 0.5, n - np.arange(n) - 0.5) / n for n in (16, 32)]
    mask = np.outer(*(np.clip(ramp / feather, 0, 1) for ramp in ramps))[..., None]
    expected = picture.astype(float)
    inside = expected[10:26, 4:36]
    expected[10:26, 4:36] = inside + mask * (255 - inside)
    assert_near(pasted, np.round(expected), 1, share=0.2)


def paste(run, picture, edited, **values):
    found = run(
        "toRgb", "pixels",
        """(() => {
            const out = picture.slice();
            const write = (left, top, width, rows) => {
                for (let y = 0; y < rows.length / width / 3; y++)
                    out.set(rows.subarray(3 * y * width, 3 * (y + 1) * width),
                        3 * ((top + y) * size[1] + left));
            };
            const source = pixels.inMemory(picture, size);
            pixels.pasteBack(source, edited, place, framing, strength, write);
            return out;
        })()""",
        picture=picture, edited=edited, **values,
    )
    return array(found, picture.shape)


def test_styles_by_seed(run):
    for seed, count in ((0, 8), (7, 5), (4_000_000_000, 700)):
        found = run("standardNormal", "random", "Array.from(standardNormal(seed, count))",
                    seed=seed, count=count)
        expected = np.random.RandomState(seed).randn(count).astype(np.float32)
        np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_bytes(run):
    values = np.linspace(-0.1, 1.1, 600).astype(np.float32)
    found = run("toBytes", "pixels", "toBytes(Float32Array.from(values))", values=values.tolist())
    expected = np.clip(np.round(255 * values.astype(np.float64)), 0, 255)
    np.testing.assert_array_equal(array(found, values.shape), expected)


def test_medians_leave_the_first_run_out(run):
    found = run(
        "Latency", "latency",
        """(() => {
            const latency = new Latency();
            const before = latency.medians();
            for (const [i, ms] of times.entries())
                latency.add({model: ms, post: i, ...(i % 2 && {pre: 1})});
            return [before, latency.first.model, latency.medians(), latency.count];
        })()""",
        times=[900, 10, 30, 20, 40],
    )
    assert found == [{}, 900, {"pre": 1, "model": 25, "post": 2.5}, 5]
