"""Photos of the page: few, for a while, and then gone from memory."""

import gc
import weakref

import numpy as np
import pytest

from tfgan_edit.edit_page.sessions import MOST_PHOTOS, MOST_SESSIONS, Photo, Sessions
from tfgan_edit.local_page import Refusal


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def sessions():
    return Sessions(seconds=100, clock=Clock())


def some_photo():
    return Photo(np.zeros([16, 16, 3], np.uint8), np.zeros([4, 4, 3], np.float32))


def refused(status, function, *arguments):
    with pytest.raises(Refusal) as error:
        function(*arguments)
    return error.value.status == status


def test_a_photo_is_found_by_its_name_in_its_session(sessions):
    mine, others = sessions.get(sessions.begin()), sessions.get(sessions.begin())
    photo = some_photo()
    name = mine.add(photo)
    assert mine.photo(name) is photo
    assert refused(404, others.photo, name) and refused(404, mine.photo, "guess")
    with pytest.raises(Refusal, match="the reference is not here"):
        mine.photo("guess", "reference")


def test_a_session_holds_few_photos(sessions):
    session = sessions.get(sessions.begin())
    names = [session.add(some_photo()) for _ in range(MOST_PHOTOS)]
    assert len(set(names)) == MOST_PHOTOS
    assert refused(400, session.add, some_photo())


def test_an_unused_session_ends_and_its_photos_leave_the_memory(sessions):
    name, other = sessions.begin(), sessions.begin()
    held = sessions.get(name)  # as a request that is still waiting holds it
    photo = some_photo()
    pixels = weakref.ref(photo.pixels)
    held.add(photo)
    del photo
    for sessions.clock.now in (90, 180):  # used again and again: it stays
        sessions.get(name)
    assert len(sessions) == 1 and refused(410, sessions.get, other)
    sessions.clock.now = 281
    sessions.sweep()
    gc.collect()
    assert len(sessions) == 0 and pixels() is None
    assert refused(410, sessions.get, name)


def test_the_session_unused_for_longest_makes_room(sessions):
    names = [sessions.begin() for _ in range(MOST_SESSIONS)]
    sessions.get(names[0])
    sessions.begin()
    assert len(sessions) == MOST_SESSIONS
    assert refused(410, sessions.get, names[1])
    sessions.get(names[0])


def test_the_end_of_all(sessions):
    session = sessions.get(sessions.begin())
    session.add(some_photo())
    sessions.end("unknown")
    sessions.clear()
    assert len(sessions) == 0 and not session.photos
