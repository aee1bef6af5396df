"""What `--style` says: one style, several for a picture, or styles that change with time.

    random:SEED              a random style
    reference:FILE           that of a drawing
    mean                     the mean of all styles
    interpolate:STYLE,STYLE  between two of these; in a video from one to the other and back
    blend:SEED               in a video, styles that flow into each other
    beats:SEED               in a video, another random style at each beat of its sound

A blank may stand for the colon, and for the comma.
"""

import dataclasses
import re

import numpy as np

from tfgan_edit.config import UserError
from tfgan_edit.data.photos import UnreadablePhoto, whole_photo
from tfgan_edit.editing.framing import fitted
from tfgan_edit.pictures import image_grid

FORMS = "random:SEED, reference:FILE, mean, interpolate:STYLE,STYLE, blend:SEED or beats:SEED"
OVER_TIME = ("blend", "beats")
PERIOD = 4.0  # seconds of an interpolation to and fro
SMOOTHNESS = 0.7  # seconds, standard deviation of the Gaussian that blends, as published
KNOT = 0.1  # seconds between the random styles that are blended
REACH = 3 * SMOOTHNESS  # of a Gaussian


@dataclasses.dataclass(frozen=True)
class StyleRequest:
    """A parsed `--style`.

    Attributes:
        kind: first word of the form.
        seed: of random, blend and beats.
        file: of reference.
        ends: two `StyleRequest`s of interpolate.
    """

    kind: str
    seed: int = 0
    file: str = ""
    ends: tuple = ()


def parse_style(text):
    """Text as above -> `StyleRequest`.

    Raises:
        UserError: it has another form.
    """
    kind, _, rest = re.sub(r"[:\s]+", " ", text.strip(), count=1).partition(" ")
    if kind in ("random", *OVER_TIME) and re.fullmatch(r"\d{1,9}", rest):
        return StyleRequest(kind, seed=int(rest))
    if kind in OVER_TIME and not rest:
        return StyleRequest(kind)
    if kind == "reference" and rest:
        return StyleRequest(kind, file=rest)
    if kind == "mean" and not rest:
        return StyleRequest(kind)
    if kind == "interpolate":
        parts = re.findall(r"(?:(?:random|reference)[:\s]+)?[^,\s]+", rest)
        if len(parts) == 2:
            ends = tuple(parse_style(part) for part in parts)
            if all(end.kind in ("random", "reference", "mean") for end in ends):
                return StyleRequest(kind, ends=ends)
    raise UserError(f"--style={text}: must be {FORMS}")


def files_of(request):
    """Paths of the pictures that a request reads."""
    files = [file for end in request.ends for file in files_of(end)]
    return [request.file, *files] if request.file else files


def one_style(editor, request):
    """w [w_dim] of a request that names one style, of interpolate the middle."""
    if request.kind == "random":
        return editor.random_styles([request.seed])[0]
    if request.kind == "mean":
        return editor.w_avg
    if request.kind == "reference":
        try:
            photo = whole_photo(request.file)
        except UnreadablePhoto as error:
            raise UserError(f"--style: reference {request.file} cannot be read: {error}") from error
        return editor.style_of_photo(photo)
    if request.kind == "interpolate":
        return several_styles(editor, request, 3)[1]
    raise UserError(f"--style={request.kind}: is for videos")


def several_styles(editor, request, count):
    """w [count, w_dim]: of seeds one after the other, or steps of an interpolation.

    Raises:
        UserError: the request names one style only.
    """
    if request.kind in ("random", *OVER_TIME):
        return editor.random_styles(range(request.seed, request.seed + count))
    if request.kind == "interpolate":
        first, second = (one_style(editor, end) for end in request.ends)
        return first + np.linspace(0, 1, count)[:, np.newaxis] * (second - first)
    raise UserError(f"--styles={count}: --style={request.kind} is one style; give random:SEED")


def styles_of(editor, request, count):
    """w [count, w_dim] of a request, whatever the count."""
    if count > 1:
        return several_styles(editor, request, count)
    return one_style(editor, request)[np.newaxis]


class StyleCourse:
    """Styles over time: `course(times)` with seconds [n] -> w [n, w_dim].

    Any time can be asked for by itself, so a video of any length needs no more memory.

    Args:
        editor: `StyleEditor`.
        request: `StyleRequest`.
        beats: seconds [m] of beats, ascending, for "beats"; None for one every period.
        period: seconds of an interpolation to and fro, or between changes.
        number, count: which of how many courses of the same request that are seen together;
            interpolations begin at other times.
    """

    def __init__(self, editor, request, beats=None, period=PERIOD, number=0, count=1):
        self.editor, self.request, self.period = editor, request, period
        self.beats, self.number, self.count = beats, number, count
        self.ends = None
        if request.kind == "interpolate":
            self.ends = [one_style(editor, end) for end in request.ends]
        elif request.kind not in OVER_TIME:
            self.ends = [styles_of(editor, request, count)[number]]

    def __call__(self, times):
        times = np.asarray(times, np.float64)
        if self.request.kind == "blend":
            return self.editor.styles_of(np.stack([self._blended(t) for t in times]))
        if self.request.kind == "beats":
            passed = np.floor(times / self.period)
            if self.beats is not None:
                passed = np.searchsorted(self.beats, times, side="right")
            seeds = [self._seed(int(number)) for number in passed]
            known = {seed: self.editor.random_styles([seed])[0] for seed in set(seeds)}
            return np.stack([known[seed] for seed in seeds])
        if len(self.ends) == 1:
            return np.broadcast_to(self.ends[0], (len(times), len(self.ends[0])))
        turns = times / self.period + self.number / self.count
        share = (1 - np.cos(2 * np.pi * turns)) / 2
        first, second = self.ends
        return first + share[:, np.newaxis] * (second - first)

    def _seed(self, number):
        return self.request.seed + 1000 * self.number + number

    def _blended(self, time):
        """Style at a time: Gaussian weights on random styles every KNOT seconds, of variance 1."""
        first = int(np.ceil((time - REACH) / KNOT))
        last = int(np.floor((time + REACH) / KNOT))
        knots = np.arange(first, last + 1)
        weights = np.exp(-0.5 * ((knots * KNOT - time) / SMOOTHNESS) ** 2)
        weights /= np.sqrt(np.sum(np.square(weights)))
        size = self.editor.generator.style_dim
        key = (self.request.seed, self.number)
        draws = [
            np.random.default_rng((*key, knot % 2**32)).standard_normal(size)
            for knot in knots.tolist()
        ]
        return weights @ np.stack(draws)


class Plan:
    """The same edits of every photo, at every time.

    Args:
        changes: list of `Edit`s.

    Attributes:
        grid: whether several edits stand in a grid with the photo, not in a row.
    """

    grid = False

    def __init__(self, changes):
        self.changes = changes

    def edits(self):
        """List of the `Edit`s of a picture."""
        return self.changes

    def at(self, times):
        """List of the `Edit`s of frames at times, seconds [n]."""
        return self.changes


class StylePlan(Plan):
    """Drawings in one or several styles.

    Args:
        editor: `StyleEditor`.
        request: `StyleRequest`.
        count: how many drawings of a photo.
        truncation: of styles towards the mean one; 1 leaves them.
        change: `Edit` whose direction and strength all have.
        beats, period: as of `StyleCourse`.

    Raises:
        UserError: a reference cannot be read, or several of one style.
    """

    grid = True

    def __init__(
        self, editor, request, count=1, truncation=1.0, *, change, beats=None, period=PERIOD
    ):
        super().__init__([change])
        self.editor, self.request, self.count = editor, request, count
        self.truncation = truncation
        self.courses = [
            StyleCourse(editor, request, beats, period, number, count) for number in range(count)
        ]

    def edits(self):
        return [self._edit(w) for w in styles_of(self.editor, self.request, self.count)]

    def at(self, times):
        return [self._edit(course(times)) for course in self.courses]

    def _edit(self, w):
        w = self.editor.truncated(w, self.truncation)
        return dataclasses.replace(self.changes[0], style=w.astype(np.float32))


def grid_of(source, results):
    """A photo and its edits in one picture, of eight the photo in the middle.

    Args:
        source: uint8 [H, W, 3].
        results: list of them, of one size.
    """
    source = fitted(source, results[0].shape[:2])
    place = 4 if len(results) == 8 else 0
    return image_grid(np.stack([*results[:place], source, *results[place:]]), padding=0)
