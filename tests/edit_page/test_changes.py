"""Requests of the page: what they become, and how bad ones are named."""

import base64
import io
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tfgan_edit.config import UserError
from tfgan_edit.edit_page.changes import read_change
from tfgan_edit.edit_page.sessions import Photo, Session

SIZE = (16, 24)


def as_text(picture):
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


@pytest.fixture(scope="module")
def session():
    session = Session(0.0)
    for name, level in (("me", 1), ("other", 2)):
        photo = np.full([*SIZE, 3], level, np.uint8)
        session.photos[name] = Photo(photo, np.full([4, 6, 3], level, np.float32))
    return session


MASK = np.zeros(SIZE, np.uint8)
MASK[2:5, 3:9] = 255
REGION = {"reference": "other", "mask": as_text(MASK), "shift": [-2, 5], "strength": 0.5}


def read(session, **values):
    return read_change(json.dumps({"photo": "me", **values}), session, SIZE)


def test_a_change_becomes_an_edit(session):
    change = read(
        session, strength=0.25, direction=-1.5, space="w", pooling="soft", regions=[REGION]
    )
    assert change.stylemap.shape == (1, 4, 6, 3) and np.all(change.stylemap == 1)
    assert change.direction == -1.5 and change.edit.strength == 0.25
    edit = change.edit.stylemap
    assert (edit.space, edit.pooling) == ("w", "soft")
    (region,) = edit.regions
    assert region.shift == (-2, 5) and region.strength == 0.5
    assert np.all(region.reference == 2) and region.reference.dtype == np.float32
    np.testing.assert_array_equal(region.mask, MASK / 255)


def test_what_is_left_out(session):
    change = read(session)
    assert change.direction == 0 and change.edit.strength == 1
    assert change.edit.stylemap.regions == () and change.edit.stylemap.space == "w_plus"


@pytest.mark.parametrize(
    "values, message",
    (
        ({"photo": None}, "photo is missing"),
        ({"photo": "gone"}, "the photo is not here: add it again"),
        ({"photo": ["me"]}, "photo must be text"),
        ({"strength": float("nan")}, "strength must be a number from 0 to 1"),
        ({"strength": 1.01}, "strength must be"),
        ({"strength": True}, "strength must be"),
        ({"strength": "1"}, "strength must be"),
        ({"direction": 1e300}, "direction must be"),
        ({"space": "z"}, "space must be one of w_plus, w"),
        ({"space": []}, "space must be one of"),
        ({"pooling": 3}, "pooling must be one of max, half, soft"),
        ({"path": "/etc"}, "'path' is not one of photo, strength"),
        ({"regions": {}}, "regions must be a list of up to 3"),
        ({"regions": [REGION] * 4}, "regions must be a list of up to 3"),
        ({"regions": ["x"]}, "region 1 must be an object"),
        ({"regions": [{"mask": "x"}]}, "region 1: reference is missing"),
        ({"regions": [{"reference": "other"}]}, "region 1: mask is missing"),
        ({"regions": [REGION, {**REGION, "reference": "gone"}]}, "the reference is not here"),
        ({"regions": [{**REGION, "mask": "%%%"}]}, "region 1: mask must be a picture in base64"),
        ({"regions": [{**REGION, "mask": "aGFsbG8="}]}, "mask cannot be read: cannot identify"),
        ({"regions": [{**REGION, "mask": REGION["mask"][:64]}]}, "region 1: mask cannot be read"),
        ({"regions": [{**REGION, "mask": as_text(0 * MASK)}]}, "region 1: a mask has no pixels"),
        ({"regions": [{**REGION, "mask": as_text(MASK.T)}]}, "24x16 pixels .* has 16x24"),
        ({"regions": [{**REGION, "shift": [1]}]}, r"shift must be \[down, right\]"),
        ({"regions": [{**REGION, "shift": [1, 0.5]}]}, "shift must be in whole pixels"),
        ({"regions": [{**REGION, "shift": [0, 1e9]}]}, "shift must be a number from -24 to 24"),
        ({"regions": [{**REGION, "strength": -1}]}, "region 1: strength must be"),
    ),
)
def test_bad_changes_are_named(session, values, message):
    with pytest.raises(UserError, match=message):
        read(session, **values)


@pytest.mark.parametrize("body", (b"", b"\xff", b"[" * 100_000, b"3", b"null", b"{\"photo\": "))
def test_what_is_no_change(session, body):
    with pytest.raises(UserError, match="a change must be"):
        read_change(body, session, SIZE)


def test_a_bomb_is_not_decoded(session, bomb):
    mask = base64.b64encode(bomb).decode()
    with pytest.raises(UserError, match="region 1: a mask must .* this one has 9600x9600"):
        read(session, regions=[{**REGION, "mask": mask}])


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5) | st.just("me"),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(st.sampled_from([*REGION, "photo", "regions", "space"]), inner, max_size=4),
    max_leaves=12,
)


@given(JSON)
@settings(max_examples=50)
def test_any_json_is_read_or_named(session, values):
    for body in (values, {"photo": "me", "regions": values}, {"photo": "me", "regions": [values]}):
        try:
            read_change(json.dumps(body), session, SIZE)
        except UserError as error:
            assert "\n" not in str(error) and len(str(error)) < 300
