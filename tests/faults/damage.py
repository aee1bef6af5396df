"""Random damage to good files, the same for the same seed."""

import copy
import json

HUGE = "9" * 400
# What a JSON value may be instead of what was there.
STRANGE = (
    *(None, True, False, 0, -1, 1, 2, 3.5, 2**31, 2**63, -(2**63), 10**400, 1e308, -0.0),
    *("", "x", "../x", "/etc/passwd", "a\nb", "\x00", "\ud800", "x" * 5000, HUGE, "NaN"),
    *([], {}, [[]], [None], [0], [1, 2, 3], [2**40], ["x"], {"x": 1}, {"": None}, [[1, 2], [3]]),
)


def damaged(data, random):
    """Damage of one kind: bits, bytes, a cut, a gap, a repetition, zeros, another's part."""
    data = bytearray(data)
    # Most structure is at the beginning, and in archives at the end.
    where = random.choice((random.randrange(len(data)), random.randrange(min(len(data), 3000))))
    end = max(len(data) - 1 - random.randrange(600), 0)
    where = random.choice((where, where, end))
    size = random.choice((1, 2, 4, 16, 200))
    kind = random.randrange(7)
    if kind == 0:
        data[where] ^= 1 << random.randrange(8)
    elif kind == 1:
        data[where : where + size] = random.randbytes(size)
    elif kind == 2:
        del data[where:]
    elif kind == 3:
        del data[where : where + size]
    elif kind == 4:
        data[where:where] = data[where : where + size]
    elif kind == 5:
        data[where : where + size] = bytes(size)
    else:
        start = random.randrange(len(data))
        data[where : where + size] = data[start : start + size]
    return bytes(data)


def damaged_json(data, random):
    """JSON with one to three values replaced, left out, doubled, renamed or wrapped."""
    value = json.loads(data)
    for _ in range(random.choice((1, 1, 2, 3))):
        value = _changed(value, random)
    return json.dumps(value).encode()


def _changed(value, random):
    value = copy.deepcopy(value)
    places = [(None, None), *_places(value)]
    container, key = random.choice(places)
    if container is None:
        return copy.deepcopy(random.choice(STRANGE)) if random.random() < 0.2 else value
    kind = random.randrange(5)
    if kind <= 1:
        container[key] = copy.deepcopy(random.choice(STRANGE))
    elif kind == 2:
        del container[key]
    elif kind == 3:
        container[key] = [container[key]] if random.random() < 0.5 else {"x": container[key]}
    else:
        other, place = random.choice(places[1:])
        container[key] = copy.deepcopy(other[place])
    return value


def _places(value):
    """(container, key) of every value within."""
    keys = range(len(value)) if isinstance(value, list) else value
    for key in list(keys) if isinstance(value, (dict, list)) else ():
        yield value, key
        yield from _places(value[key])
