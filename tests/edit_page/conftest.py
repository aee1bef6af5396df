"""A page with a tiny StyleMapGAN, whose encodings are counted."""

import io

import numpy as np
import pytest
from PIL import Image

from tests.editing.tiny_stylemapgan import save_stylemapgan
from tests.serving import serving
from tfgan_edit.edit_page.server import make_edit_app
from tfgan_edit.editing.directions import Direction
from tfgan_edit.editing.editors import load_editor

SIDE = 16


def png(photo):
    file = io.BytesIO()
    Image.fromarray(photo).save(file, "PNG")
    return file.getvalue()


def some_photo(seed, side=SIDE):
    return np.random.RandomState(seed).randint(0, 256, (side, side, 3), np.uint8)


@pytest.fixture(scope="session")
def bomb():
    """A small file with more pixels than Pillow's limit."""
    file = io.BytesIO()
    Image.new("1", (9600, 9600)).save(file, "PNG")
    assert len(file.getvalue()) < 2**15
    return file.getvalue()


@pytest.fixture(scope="session")
def preset_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page") / "tiny faces"
    save_stylemapgan(folder)
    return folder


@pytest.fixture(scope="session")
def editor(preset_folder):
    """Its `encoded` counts photos that were encoded."""
    editor = load_editor(preset_folder)
    editor.encoded = 0
    encode = editor.encode

    def counted(photos):
        editor.encoded += len(photos)
        return encode(photos)

    editor.encode = counted
    return editor


@pytest.fixture(scope="session")
def direction(editor):
    vectors = np.random.RandomState(3).randn(*editor.generator.stylemap_shape)
    return Direction(vectors.astype(np.float32), metadata={"attribute": "smile", "deviation": 1})


@pytest.fixture(scope="session")
def app(editor, direction):
    return make_edit_app(editor, direction=direction)


@pytest.fixture(scope="session")
def url(app):
    with serving(app) as url:
        yield url
