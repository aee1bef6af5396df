"""Pictures of every mode, turned and damaged ones, crops and resizing."""

import io
import warnings

import numpy as np
import pytest
from PIL import Image

from tfgan_edit.data import photos
from tfgan_edit.data.photos import Fitting, UnreadablePhoto, read_photo

RED = (220, 30, 20)


def encode(image, kind="PNG", **settings):
    file = io.BytesIO()
    image.save(file, kind, **settings)
    file.seek(0)
    return file


def picture(size=(40, 40)):
    """Left half red, right half blue."""
    image = Image.new("RGB", size, RED)
    image.paste((10, 20, 230), (size[0] // 2, 0, *size))
    return image


def read(image, resolution=(16, 16), kind="PNG", crop="center", resize="lanczos", **settings):
    fitting = Fitting(resolution, crop, resize)
    return read_photo(encode(image, kind, **settings), fitting)[0]


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "BMP", "TIFF"])
def test_every_kind_of_file_gives_the_picture(kind):
    photo = read(picture(), kind=kind)
    assert photo.shape == (16, 16, 3) and photo.dtype == np.uint8
    np.testing.assert_allclose(photo[8, 2], RED, atol=8)
    np.testing.assert_allclose(photo[8, 13], (10, 20, 230), atol=8)


@pytest.mark.parametrize("mode, kind", [("L", "PNG"), ("1", "PNG"), ("P", "PNG"), ("CMYK", "JPEG")])
def test_modes_become_rgb(mode, kind):
    source = Image.new("RGB", (20, 20), (255, 255, 255) if mode == "1" else (120, 120, 120))
    source = source.quantize(4) if mode == "P" else source.convert(mode)
    photo = read(source, kind=kind)
    np.testing.assert_allclose(photo, 255 if mode == "1" else 120, atol=6)


@pytest.mark.parametrize("level, expected", [(0, 0), (65535, 255), (257 * 100, 100)])
def test_sixteen_bit_grey_is_scaled(level, expected):
    image = Image.fromarray(np.full((20, 20), level, np.uint16))
    assert (read(image) == expected).all()


def test_transparent_parts_become_white():
    image = Image.new("RGBA", (20, 20), (0, 0, 0, 0))
    image.paste((*RED, 255), (0, 0, 10, 20))
    photo = read(image, resolution=(20, 20))
    assert tuple(photo[5, 2]) == RED and tuple(photo[5, 17]) == (255, 255, 255)
    half = Image.new("LA", (20, 20), (0, 128))
    np.testing.assert_allclose(read(half), 127, atol=1)
    palette = picture().quantize(4)
    palette.info["transparency"] = palette.getpixel((39, 0))
    photo = read(palette, transparency=palette.info["transparency"])
    assert tuple(photo[5, 14]) == (255, 255, 255)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_exif_turns_the_picture_and_the_box_is_in_the_upright_one(kind):
    exif = Image.Exif()
    exif[0x0112] = 6  # turn clockwise to see it upright: left goes to the top
    photo = read(picture((40, 20)), kind=kind, exif=exif, crop="none")
    np.testing.assert_allclose(photo[2, 8], RED, atol=12)
    np.testing.assert_allclose(photo[13, 8], (10, 20, 230), atol=12)
    assert not photo[:, 0].any()  # upright it is 20 wide and 40 high
    photo = read(picture((40, 20)), kind=kind, exif=exif, crop=(0, 20, 20, 40))
    np.testing.assert_allclose(photo[8, 8], (10, 20, 230), atol=12)


def test_crops():
    wide = Image.new("RGB", (60, 20), "black")
    wide.paste(RED, (20, 0, 40, 20))
    np.testing.assert_allclose(read(wide, crop="center"), np.full((16, 16, 3), RED), atol=1)
    np.testing.assert_allclose(
        read(wide, crop=(22, 2, 38, 18)), np.full((16, 16, 3), RED), atol=1
    )
    boxed = read(Image.new("RGB", (60, 20), RED), resolution=(30, 30), crop="none")
    assert not boxed[:10].any() and not boxed[20:].any()
    np.testing.assert_allclose(boxed[10:20], np.full((10, 30, 3), RED), atol=1)
    rectangle = read(picture((40, 40)), resolution=(8, 16))
    assert rectangle.shape == (8, 16, 3)
    with pytest.raises(UnreadablePhoto, match="60x20 pixels do not hold"):
        read(wide, crop=(0, 0, 61, 20))


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_resizing_is_antialiased(kind):
    stripes = np.zeros((256, 256, 3), np.uint8)
    stripes[:, ::2] = 255
    for resize in photos.RESIZE_RULES:
        photo = read(Image.fromarray(stripes), kind=kind, resize=resize)
        # JPEG itself blurs one-pixel stripes a little
        np.testing.assert_allclose(photo, 127, atol=4)


def test_box_is_the_mean_of_each_cell():
    pixels = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    photo = read(Image.fromarray(pixels), resize="box")
    means = pixels.reshape(16, 4, 16, 4, 3).mean(axis=(1, 3))
    np.testing.assert_allclose(photo, means, atol=1)  # Pillow rounds rows, then columns


def test_a_reduced_jpeg_looks_like_the_whole_one():
    ramp = np.linspace(0, 255, 512).astype(np.uint8)
    pixels = np.stack([np.tile(ramp, (512, 1))] * 3, axis=-1)
    pixels[100:200, 300:400] = RED
    box = (100, 50, 500, 450)
    reduced = read(Image.fromarray(pixels), kind="JPEG", crop=box, quality=95)
    whole = read(Image.fromarray(pixels), kind="PNG", crop=box)
    assert np.abs(reduced.astype(int) - whole).mean() < 2


def test_enlarging_is_told():
    assert read_photo(encode(picture((10, 40))), Fitting((16, 16)))[1]
    assert not read_photo(encode(picture((16, 16))), Fitting((16, 16)))[1]


def _truncated():
    content = encode(picture(), "JPEG").getvalue()
    return io.BytesIO(content[: len(content) // 2])


@pytest.mark.parametrize(
    "file, message",
    [
        (io.BytesIO(b"no picture"), "not a picture"),
        (io.BytesIO(b""), "not a picture"),
        (_truncated(), "damaged: .*[Tt]runcated"),
        (encode(Image.new("F", (9, 9)), "TIFF"), "floating-point"),
        (encode(Image.fromarray(np.full((9, 9), 2**20, np.int32)), "TIFF"), "32-bit"),
    ],
)
def test_unreadable_files_say_why(file, message):
    with pytest.raises(UnreadablePhoto, match=message):
        read_photo(file, Fitting((16, 16)))


@pytest.mark.parametrize("factor", [0.9, 0.3])
def test_decompression_bombs_are_refused(monkeypatch, factor):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", int(1600 * factor))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(UnreadablePhoto, match="more than"):
            read_photo(encode(picture()), Fitting((16, 16)))
