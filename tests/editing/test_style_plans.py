"""What --style says: parsing, several styles, courses over time, layout."""

import numpy as np
import pytest
from PIL import Image

from tests.editing.rose_presets import save_roses
from tfgan_edit.config import UserError
from tfgan_edit.editing.editors import Edit, load_editor
from tfgan_edit.editing.style_plans import (
    Plan,
    StyleCourse,
    StylePlan,
    StyleRequest,
    files_of,
    grid_of,
    one_style,
    parse_style,
    several_styles,
)


@pytest.fixture(scope="module")
def editor(tmp_path_factory):
    folder = tmp_path_factory.mktemp("plans")
    save_roses(folder / "roses")
    return load_editor(folder / "roses")


@pytest.fixture
def drawing(tmp_path):
    path = tmp_path / "drawing.png"
    photo = np.random.RandomState(0).randint(0, 256, (16, 16, 3), np.uint8)
    Image.fromarray(photo).save(path)
    return path, photo


RANDOM_1, RANDOM_2 = StyleRequest("random", seed=1), StyleRequest("random", seed=2)


@pytest.mark.parametrize(
    "text, request_",
    (
        ("random:7", StyleRequest("random", seed=7)),
        ("random 7", StyleRequest("random", seed=7)),
        ("reference:a b.png", StyleRequest("reference", file="a b.png")),
        ("reference C:\\x.png", StyleRequest("reference", file="C:\\x.png")),
        ("mean", StyleRequest("mean")),
        ("blend", StyleRequest("blend")),
        ("beats:3", StyleRequest("beats", seed=3)),
        ("interpolate:random:1,random:2", StyleRequest("interpolate", ends=(RANDOM_1, RANDOM_2))),
        ("interpolate random:1 random:2", StyleRequest("interpolate", ends=(RANDOM_1, RANDOM_2))),
        (
            "interpolate mean,reference:x.png",
            StyleRequest(
                "interpolate", ends=(StyleRequest("mean"), StyleRequest("reference", file="x.png"))
            ),
        ),
    ),
)
def test_forms(text, request_):
    assert parse_style(text) == request_


@pytest.mark.parametrize(
    "text",
    ("", "random", "random:x", "reference", "mean:1", "blend:x", "interpolate:random:1",
     "interpolate:blend:1,random:2", "interpolate:a,b,c", "own"),
)
def test_other_forms_are_refused(text):
    with pytest.raises(UserError, match="must be random:SEED, reference:FILE, mean"):
        parse_style(text)


def test_one_style(editor, drawing):
    path, photo = drawing
    np.testing.assert_array_equal(
        one_style(editor, parse_style("random:4")), editor.random_styles([4])[0]
    )
    np.testing.assert_array_equal(one_style(editor, parse_style("mean")), editor.w_avg)
    request = parse_style(f"reference:{path}")
    assert files_of(request) == [str(path)]
    np.testing.assert_array_equal(one_style(editor, request), editor.style_of_photo(photo))
    between = one_style(editor, parse_style("interpolate:random:1,random:2"))
    np.testing.assert_allclose(between, editor.random_styles([1, 2]).mean(axis=0), rtol=1e-6)
    with pytest.raises(UserError, match="is for videos"):
        one_style(editor, parse_style("blend:1"))
    with pytest.raises(UserError, match="reference x.png cannot be read"):
        one_style(editor, parse_style("reference:x.png"))


def test_several_styles(editor):
    np.testing.assert_array_equal(
        several_styles(editor, parse_style("random:5"), 3), editor.random_styles([5, 6, 7])
    )
    steps = several_styles(editor, parse_style("interpolate:random:1,random:2"), 5)
    ends = editor.random_styles([1, 2])
    np.testing.assert_allclose(steps[[0, -1]], ends, rtol=1e-6)
    np.testing.assert_allclose(steps[1], 0.75 * ends[0] + 0.25 * ends[1], rtol=1e-5)
    with pytest.raises(UserError, match="--styles=2: --style=mean is one style"):
        several_styles(editor, parse_style("mean"), 2)


def test_a_fixed_course(editor):
    course = StyleCourse(editor, parse_style("random:5"), number=2, count=3)
    w = course([0.0, 1.0, 99.0])
    np.testing.assert_array_equal(w, np.repeat(editor.random_styles([7]), 3, axis=0))


def test_an_interpolation_goes_to_and_fro(editor):
    course = StyleCourse(editor, parse_style("interpolate:random:1,random:2"), period=4.0)
    first, second = editor.random_styles([1, 2])
    w = course([0.0, 1.0, 2.0, 4.0])
    np.testing.assert_allclose(w, [first, (first + second) / 2, second, first], rtol=1e-5,
                               atol=1e-6)
    later = StyleCourse(editor, course.request, period=4.0, number=1, count=2)
    np.testing.assert_allclose(later([0.0, 2.0]), [second, first], rtol=1e-5, atol=1e-6)


def test_a_blend_is_smooth_and_of_variance_one(editor, monkeypatch):
    monkeypatch.setattr(editor, "styles_of", lambda styles: styles)
    course = StyleCourse(editor, parse_style("blend:3"))
    times = np.arange(0, 400, 2.5)
    far = course(times)
    assert abs(far.std() - 1) < 0.1
    frames = course(10 + np.arange(30) / 30)
    # A Gaussian blend of 0.7 s has a derivative of deviation 1 / (0.7 √2) a second.
    step = np.abs(np.diff(frames, axis=0)).max()
    assert 0 < step < 4 / (0.7 * np.sqrt(2)) / 30
    np.testing.assert_array_equal(course(times[7:9]), far[7:9])  # any time by itself
    other = StyleCourse(editor, parse_style("blend:3"), number=1)
    assert np.abs(other(times[:3]) - far[:3]).max() > 0.1


def test_styles_change_at_beats(editor):
    course = StyleCourse(editor, parse_style("beats:10"), beats=np.array([0.5, 1.5]))
    w = course([0.0, 0.49, 0.5, 1.0, 1.6, 9.0])
    expected = editor.random_styles([10, 10, 11, 11, 12, 12])
    np.testing.assert_array_equal(w, expected)
    regular = StyleCourse(editor, parse_style("beats:10"), beats=None, period=2.0)
    np.testing.assert_array_equal(regular([0.0, 1.9, 2.0, 4.5]), editor.random_styles(
        [10, 10, 11, 12]
    ))


def test_plans(editor):
    change = Edit(strength=1.0)
    assert Plan([change]).edits() == Plan([change]).at([0.0]) == [change]
    plan = StylePlan(editor, parse_style("random:1"), 3, 0.5, change=change)
    styles = np.stack([edit.style for edit in plan.edits()])
    expected = editor.truncated(editor.random_styles([1, 2, 3]), 0.5)
    np.testing.assert_allclose(styles, expected, rtol=1e-6)
    at = plan.at(np.array([0.0, 1.0]))
    assert [edit.style.shape for edit in at] == [(2, 6)] * 3
    np.testing.assert_allclose(at[2].style[1], expected[2], rtol=1e-6)
    one = StylePlan(editor, parse_style("mean"), change=change)
    np.testing.assert_allclose(one.edits()[0].style, editor.w_avg, rtol=1e-6)


@pytest.mark.parametrize("count, rows, columns, place", ((8, 3, 3, (1, 1)), (2, 2, 2, (0, 0))))
def test_layout(count, rows, columns, place):
    source = np.full((4, 6, 3), 255, np.uint8)
    results = [np.full((4, 6, 3), 10 * (i + 1), np.uint8) for i in range(count)]
    grid = grid_of(source, results)
    assert grid.shape == (4 * rows, 6 * columns, 3)
    cells = grid.reshape(rows, 4, columns, 6, 3).mean(axis=(1, 3, 4))
    assert cells[place] == 255
    drawn = [c for c in np.delete(cells.ravel(), place[0] * columns + place[1]) if c != 255]
    assert drawn == [10 * (i + 1) for i in range(count)]
