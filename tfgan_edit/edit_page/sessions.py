"""Photos of the people who edit in the page: in memory only, few, and not for long."""

import dataclasses
import secrets
import time

import numpy as np

from tfgan_edit.local_page import Refusal

SECONDS = 1800.0  # a session that asks for nothing so long is forgotten
MOST_SESSIONS = 32
MOST_PHOTOS = 8  # of a session: the photo, three references, and their successors


@dataclasses.dataclass(frozen=True)
class Photo:
    """A photo uint8 [H, W, 3] and its stylemap float32 [S, S, C], encoded once."""

    pixels: np.ndarray
    stylemap: np.ndarray


class Session:
    """What one page holds.

    Attributes:
        photos: {name: `Photo`}.
        turn: number of the newest edit that was asked for.
        used_at: when it was last asked for anything, seconds.
    """

    def __init__(self, now):
        self.photos, self.turn, self.used_at = {}, 0, now

    def check_room(self):
        """Raises a `Refusal` where no further photo may be held."""
        if len(self.photos) >= MOST_PHOTOS:
            raise Refusal(400, f"a page holds {MOST_PHOTOS} photos: remove one")

    def add(self, photo):
        """Keeps a photo; returns its name, which nobody can guess."""
        self.check_room()
        name = secrets.token_urlsafe(12)
        self.photos[name] = photo
        return name

    def photo(self, name, what="photo"):
        """A `Photo` by its name.

        Raises:
            Refusal: there is none, with status 404; `what` says what it was for.
        """
        if name not in self.photos:
            raise Refusal(404, f"the {what} is not here: add it again")
        return self.photos[name]


class Sessions:
    """All sessions: at most `MOST_SESSIONS`, the one unused for longest goes first.

    Args:
        seconds: that an unused one is kept.
        clock: function that gives seconds.
    """

    def __init__(self, seconds=SECONDS, clock=time.monotonic):
        self.seconds, self.clock = seconds, clock
        self._open = {}  # {name: Session}, the one unused for longest first

    def __len__(self):
        return len(self._open)

    def begin(self):
        """Name of a new session."""
        self.sweep()
        while len(self._open) >= MOST_SESSIONS:
            self.end(next(iter(self._open)))
        name = secrets.token_urlsafe(16)
        self._open[name] = Session(self.clock())
        return name

    def get(self, name):
        """A session by its name.

        Raises:
            Refusal: it has ended, with status 410.
        """
        self.sweep()
        session = self._open.pop(name, None)
        if session is None:
            raise Refusal(410, "this session has ended: load the page again")
        session.used_at = self.clock()
        self._open[name] = session
        return session

    def end(self, name):
        """Forgets a session and its photos, also where work of it is still waiting."""
        session = self._open.pop(name, None)
        if session is not None:
            session.photos.clear()

    def sweep(self):
        """Ends what was unused for too long."""
        limit = self.clock() - self.seconds
        for name in [name for name, session in self._open.items() if session.used_at < limit]:
            self.end(name)

    def clear(self):
        """Ends all sessions."""
        for name in list(self._open):
            self.end(name)
