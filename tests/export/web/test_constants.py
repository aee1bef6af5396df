"""What export.json says is read from there: no number of it stands in the page's code."""

import re

import pytest

from export.framing import describe_framing
from export.web.server import PAGE

SCRIPTS = sorted((PAGE / "js").glob("*.js"))
NUMBER = r"(?<![\w.])(\d+\.?\d*(?:e-?\d+)?)(?![\w.])"


def code(path):
    """A script without its comments and its texts."""
    text = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.DOTALL)
    text = re.sub(r"//[^\n]*", "", text)
    return re.sub(r'"[^"\n]*"', '""', text)


def leaves(value, path=()):
    """(path, number) of all numbers of a record."""
    if isinstance(value, dict):
        for key, part in value.items():
            yield from leaves(part, (*path, key))
    elif isinstance(value, (list, tuple)):
        for part in value:
            yield from leaves(part, path)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield path, value


FRAMING = dict(leaves({k: v for k, v in describe_framing(256, 192).items() if k != "strength"}))


@pytest.mark.parametrize("path", FRAMING, ids="_".join)
def test_each_number_of_the_framing_is_read(path):
    """By its key, and no script gives that key a number of its own."""
    key = path[-1]
    scripts = [code(script) for script in SCRIPTS]
    assert any(re.search(rf"\.{key}\b|\{{[^}}]*\b{key}\b[^}}]*\}} =", text) for text in scripts)
    for script, text in zip(SCRIPTS, scripts, strict=True):
        if len(key) > 1:  # the kernel's slope is `a`, as are other things
            assert not re.search(rf"\b{key}\b\s*[:=]\s*-?\d", text), script.name


def test_numbers_that_only_export_json_knows():
    """Of a face's square, and of the range that networks have inside."""
    face = describe_framing(256, 192)["crop"]["face_square"]
    secret = {face["mouth_factor"], 127.5}
    for script in SCRIPTS:
        found = {float(number) for number in re.findall(NUMBER, code(script))}
        assert not found & secret, f"{script.name}: {found & secret}"


def test_systems_are_told_by_their_inputs_alone():
    """No script knows the name of a system, a task or a port."""
    names = ("pix2pixhd", "gans_n_roses", "stylemapgan", "photo_to_photo", "content", "edited")
    for script in SCRIPTS:
        text = script.read_text()
        for name in names:
            assert f'"{name}"' not in text, f"{script.name} knows {name}"
