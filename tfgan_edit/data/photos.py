"""A picture file of any kind -> uint8 RGB photo of one size. Runs in worker processes.

Rules, also written into the manifest of the records: pictures are turned upright by their
EXIF entry, transparent parts become white, 16-bit grey is scaled to 8 bits, of several
frames the first is taken, colour profiles are ignored.
"""

import contextlib
import dataclasses
import functools
import io
import math
import os
import warnings
import zipfile

import numpy as np
from PIL import ExifTags, Image, ImageOps

from tfgan_edit.config import UserError, reason_of

ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff")
# Of all that Pillow knows: some others start programs (EPS) or follow links to other files.
FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF", "PPM")
RULES = (
    "upright by EXIF; transparency on white; 16-bit grey scaled to 8 bits; first frame; "
    "colour profiles ignored"
)
WHOLE = ("center", "none")  # crops that are no box: drawn faces, which are square, stay whole
RESIZE_RULES = {
    "lanczos": "Pillow LANCZOS (antialiased); JPEG decoded at 1/2, 1/4 or 1/8 of its size "
    "where that is still 3 times the photo's",
    "box": "Pillow BOX (area average)",
}
# A zip entry that is larger, or that shrank more, is taken for a decompression bomb.
MAX_ENTRY_BYTES = 2**29
MIN_BOMB_BYTES = 2**24
MAX_RATIO = 200  # of an uncompressed picture of one colour; deflate's limit is 1032


class UnreadablePhoto(Exception):
    """A picture that cannot be used; the message says why."""


@dataclasses.dataclass(frozen=True)
class Fitting:
    """How a picture of any size becomes a photo of (height, width).

    Args:
        resolution: (height, width); None for its own.
        crop: "center" cuts the largest centred box of the photo's aspect; "none" keeps all
            and fills with black; (left, top, right, bottom) cuts that box, in pixels.
        resize: A key of `RESIZE_RULES`.
    """

    resolution: tuple[int, int] | None
    crop: str | tuple[int, int, int, int] = "center"
    resize: str = "lanczos"


@contextlib.contextmanager
def opened(file):
    """A Pillow image of one of `FORMATS`; what is too large for Pillow's limit is an error."""
    with warnings.catch_warnings():
        # Pillow only warns of a picture of more than 89 million pixels.
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        with Image.open(file, formats=FORMATS) as image:
            yield image


def read_photo(file, fitting):
    """Reads one picture.

    Args:
        file: A path or a binary file.
        fitting: A `Fitting`.

    Returns:
        The photo, uint8 [H, W, 3], and whether it had to be enlarged.

    Raises:
        UnreadablePhoto: If the file is not a picture, damaged, too large, or smaller than
            the box to cut.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # damaged EXIF and the like
        try:
            with opened(file) as image:
                return _fit(image, fitting)
        except (Image.DecompressionBombWarning, Image.DecompressionBombError):
            limit = Image.MAX_IMAGE_PIXELS
            raise UnreadablePhoto(f"more than {limit:,} pixels") from None
        except UnreadablePhoto:
            raise
        except Image.UnidentifiedImageError:
            raise UnreadablePhoto(f"not a picture ({', '.join(FORMATS)})") from None
        except MemoryError:
            raise UnreadablePhoto("too large for the memory") from None
        # Decoders raise many kinds of errors on damaged files.
        except Exception as error:
            raise UnreadablePhoto(f"damaged: {reason_of(error):.200}") from None


def whole_photo(file):
    """A picture as `read_photo` reads it, upright and at its own size: uint8 [H, W, 3]."""
    return read_photo(file, Fitting(None))[0]


def _fit(image, fitting):
    if image.format == "TIFF":
        image.load()  # Pillow turns it upright here, and says so only afterwards
    orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
    full = image.size[::-1] if orientation in (5, 6, 7, 8) else image.size
    if fitting.resolution is None:
        fitting = dataclasses.replace(fitting, resolution=full[::-1])
    height, width = fitting.resolution
    box = crop_box(full, fitting)
    kept = box[2] - box[0], box[3] - box[1]
    shrink = min(kept[0] / width, kept[1] / height) / 3
    if fitting.resize == "lanczos" and shrink > 1:
        # JPEG is decoded at 1/2, 1/4 or 1/8: at least 3 times the photo's size stays.
        image.draft(None, tuple(int(side / shrink) for side in image.size))
    if orientation != 1:  # `exif_transpose` copies also what is upright
        image = ImageOps.exif_transpose(image)
    rgb = _to_rgb(image)
    enlarged = kept[0] < width or kept[1] < height
    drafted = rgb.size[0] / full[0], rgb.size[1] / full[1]
    scaled = [edge * drafted[axis % 2] for axis, edge in enumerate(box)]
    if fitting.crop != "none":
        return np.array(_resize(rgb, (width, height), scaled, fitting)), enlarged
    scale = min(width / full[0], height / full[1])
    inner = max(1, round(full[0] * scale)), max(1, round(full[1] * scale))
    canvas = Image.new("RGB", (width, height))
    corner = (width - inner[0]) // 2, (height - inner[1]) // 2
    canvas.paste(_resize(rgb, inner, scaled, fitting), corner)
    return np.array(canvas), scale > 1


def _resize(image, size, box, fitting):
    """Cuts `box`, in fractions of pixels, and resizes what was in it."""
    left, top = math.floor(box[0]), math.floor(box[1])
    right = min(math.ceil(box[2]), image.size[0])
    bottom = min(math.ceil(box[3]), image.size[1])
    inner = box[0] - left, box[1] - top, box[2] - left, box[3] - top
    inner = *inner[:2], min(inner[2], right - left), min(inner[3], bottom - top)
    cut = image.crop((left, top, right, bottom))
    rule = Image.Resampling.BOX if fitting.resize == "box" else Image.Resampling.LANCZOS
    return cut.resize(size, rule, box=inner)


def crop_box(size, fitting):
    """The part of a picture of `size` (width, height) that is kept."""
    if fitting.crop == "none":
        return 0, 0, *size
    if fitting.crop == "center":
        height, width = fitting.resolution
        scale = min(size[0] / width, size[1] / height)
        kept = round(scale * width), round(scale * height)
        left, top = (size[0] - kept[0]) // 2, (size[1] - kept[1]) // 2
        return left, top, left + kept[0], top + kept[1]
    left, top, right, bottom = fitting.crop
    if right > size[0] or bottom > size[1]:
        raise UnreadablePhoto(
            f"{size[0]}x{size[1]} pixels do not hold the crop box "
            f"{left},{top},{right},{bottom}"
        )
    return fitting.crop


def _to_rgb(image):
    if image.mode.startswith("I"):  # 16 bits, in older files kept in 32
        levels = np.asarray(image).astype(np.int64)
        if levels.min() < 0 or levels.max() > 65535:
            raise UnreadablePhoto("32-bit integers of unknown range")
        image = Image.fromarray(((levels + 128) // 257).astype(np.uint8))
    elif image.mode == "F":
        raise UnreadablePhoto("floating-point numbers of unknown range")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image)
    return image if image.mode == "RGB" else image.convert("RGB")


@functools.lru_cache(maxsize=2)
def _zip_file(path):
    return zipfile.ZipFile(path)


def _open_entry(path, name):
    """Bytes of a zip entry as a file; nothing is ever written under its name."""
    try:
        return io.BytesIO(read_entry(_zip_file(path), name))
    except UserError as error:
        raise UnreadablePhoto(str(error)) from None


def read_entry(archive, name):
    """Bytes of an entry of a `zipfile.ZipFile`; their number is known before they are unpacked.

    Raises:
        UserError: a bomb, a damaged or an encrypted entry.
    """
    try:
        entry = archive.getinfo(name)
        size, ratio = entry.file_size, entry.file_size / max(entry.compress_size, 1)
        if size > MAX_ENTRY_BYTES or (size > MIN_BOMB_BYTES and ratio > MAX_RATIO):
            raise UserError(
                f"a decompression bomb, or not a picture: {size:,} bytes of {entry.compress_size:,}"
            )
        return archive.read(entry)
    except UserError:
        raise
    except Exception as error:  # zlib, lzma, bz2 and zipfile raise many kinds
        raise UserError(f"damaged or encrypted: {reason_of(error):.200}") from error


def _read_one(container, is_folder, item, fitting):
    if isinstance(item, bytes):
        return read_photo(io.BytesIO(item), fitting)
    if is_folder:
        return read_photo(os.path.join(container, item), fitting)
    try:
        return read_photo(_open_entry(container, item), fitting)
    except OSError as error:
        raise UnreadablePhoto(f"damaged: {error}") from None


def read_run(task):
    """Reads a run of pictures: (container, items, fitting) -> (photos, reasons, enlarged).

    `container` is a folder or zip and `items` are names in it; or items are encoded bytes.
    `photos` holds only the readable ones, uint8 [n, H, W, 3]; `reasons` has for each item
    None or why it cannot be read; `enlarged` counts photos smaller than the resolution.
    """
    container, items, fitting = task
    is_folder = os.path.isdir(container)
    photos = []
    reasons = []
    num_enlarged = 0
    for item in items:
        try:
            photo, enlarged = _read_one(container, is_folder, item, fitting)
        except UnreadablePhoto as error:
            reasons.append(str(error))
        else:
            photos.append(photo)
            reasons.append(None)
            num_enlarged += enlarged
    stacked = np.zeros((len(photos), *fitting.resolution, 3), np.uint8)
    for place, photo in enumerate(photos):
        stacked[place] = photo
    return stacked, reasons, num_enlarged
