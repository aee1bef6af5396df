"""Pictures and animations for people: grids, labelled tables, PNG/JPEG/WebP, GIF and MP4."""

import math
from fractions import Fraction
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from tfgan_edit.config import UserError
from tfgan_edit.storage import atomic_file

# Suffix -> (Pillow's name, longest side the format can hold, options)
PICTURE_FORMATS = {
    ".png": ("PNG", 2**31 - 1, {}),
    ".jpg": ("JPEG", 65535, {"quality": 95}),
    ".jpeg": ("JPEG", 65535, {"quality": 95}),
    ".webp": ("WEBP", 16383, {"quality": 95}),
}
ANIMATION_SUFFIXES = (".gif", ".mp4")
MAX_GIF_FPS = 50  # browsers show frames shorter than 1/50 s at a tenth of the speed
LABEL_SIZE = 11  # font, pixels
LABEL_MARGIN = 3  # pixels around a label


def as_photos(images):
    """Pictures as uint8: p = clip(round((x + 1) * 127.5), 0, 255); NaN becomes black.

    Args:
        images: float in [-1, 1] or uint8, any shape that ends with a channel axis.
    """
    images = np.asarray(images)
    if images.dtype == np.uint8:
        return images
    if images.dtype.kind != "f":
        raise ValueError(f"images must be float or uint8. Received: dtype={images.dtype}")
    images = np.nan_to_num(images.astype(np.float32), nan=-1.0, posinf=1.0, neginf=-1.0)
    return np.clip(np.round((images + 1.0) * 127.5), 0, 255).astype(np.uint8)


def image_grid(
    images,
    columns=None,
    padding=2,
    background=255,
    row_labels=None,
    column_labels=None,
):
    """Lays pictures out row by row in one photo.

    Args:
        images: [N, H, W, C], float in [-1, 1] or uint8; C is 1 or 3.
        columns: pictures a row; default the square root of N, rounded up.
        padding: pixels between pictures.
        background: grey value of padding, empty cells and margins; labels are drawn in
            black or white, whichever is farther from it.
        row_labels, column_labels: one string a row or column, drawn left of and above the
            pictures. Columns widen where their label needs more room than a picture.

    Returns:
        uint8 [height, width, C].
    """
    photos = as_photos(images)
    if photos.ndim != 4 or 0 in photos.shape or photos.shape[3] not in (1, 3):
        raise ValueError(f"images must be [N, H, W, 1 or 3]. Received: shape={photos.shape}")
    count, height, width, channels = photos.shape
    columns = math.ceil(math.sqrt(count)) if columns is None else columns
    if columns < 1 or padding < 0:
        raise ValueError(
            "columns must be at least 1 and padding at least 0. "
            f"Received: columns={columns}, padding={padding}"
        )
    columns = min(columns, count)
    rows = math.ceil(count / columns)
    row_sizes = _label_sizes("row_labels", row_labels, rows)
    column_sizes = _label_sizes("column_labels", column_labels, columns)
    left = max((w for w, _ in row_sizes), default=0)
    top = max((h for _, h in column_sizes), default=0)
    cell_width = max([width, *(w for w, _ in column_sizes)])
    cell_height = max([height, *(h for _, h in row_sizes)])

    grid = np.full(
        (
            top + rows * (cell_height + padding) - padding,
            left + columns * (cell_width + padding) - padding,
            channels,
        ),
        background,
        np.uint8,
    )
    for i, photo in enumerate(photos):
        y = top + i // columns * (cell_height + padding) + (cell_height - height) // 2
        x = left + i % columns * (cell_width + padding) + (cell_width - width) // 2
        grid[y : y + height, x : x + width] = photo
    ink = 0 if background > 127 else 255
    for i, label in enumerate(row_labels or ()):
        _draw(grid, label, left / 2, top + i * (cell_height + padding) + cell_height / 2, ink)
    for i, label in enumerate(column_labels or ()):
        _draw(grid, label, left + i * (cell_width + padding) + cell_width / 2, top / 2, ink)
    return grid


def picture_format(path):
    """Checks the suffix of a picture's path: an entry of `PICTURE_FORMATS`."""
    suffix = Path(path).suffix.lower()
    if suffix not in PICTURE_FORMATS:
        raise UserError(
            f"cannot write {path}: {suffix or 'no suffix'!r} is not a picture format; "
            f"end it with {', '.join(PICTURE_FORMATS)}"
        )
    return PICTURE_FORMATS[suffix]


def write_picture(path, photo):
    """Writes one picture in one step, in the format that the path's suffix names.

    Args:
        path: ends with .png, .jpg, .jpeg or .webp.
        photo: [H, W, C] or [H, W], uint8 or float in [-1, 1]; C is 1, 3 or (not JPEG) 4.

    Raises:
        UserError: another suffix, a picture too large for the format, no room or permission.
    """
    name, limit, options = picture_format(path)
    photo = as_photos(photo)
    if photo.ndim == 3 and photo.shape[2] == 1:
        photo = photo[:, :, 0]
    channels = (1, 3) if name == "JPEG" else (1, 3, 4)
    if photo.ndim not in (2, 3) or (photo.ndim == 3 and photo.shape[2] not in channels):
        raise ValueError(
            f"photo must be [H, W] or [H, W, C] with C in {channels}. Received: shape={photo.shape}"
        )
    if max(photo.shape[:2]) > limit:
        raise UserError(
            f"cannot write {path}: {photo.shape[1]}x{photo.shape[0]} pixels are more than "
            f"{limit}, the most that {name} holds; use .png"
        )
    with atomic_file(path) as file:
        Image.fromarray(photo).save(file, name, **options)


def write_animation(path, frames, fps=24):
    """Writes frames as an animation in one step, looping where the format can.

    .mp4 is H.264 (MPEG-4 part 2 where that encoder is missing), yuv420p, one frame in memory at
    a time; odd sizes grow by one pixel, which repeats the edge. .gif has a palette of its own
    for every frame, keeps a byte a pixel of all frames in memory, and joins equal neighbours.

    Args:
        path: ends with .gif or .mp4.
        frames: iterable of [H, W, 3] or [H, W, 1], uint8 or float in [-1, 1], equal sizes.
        fps: frames a second, a number or a fraction; at most 50 for .gif.

    Returns:
        The number of frames read.

    Raises:
        UserError: another suffix, fps out of range, no room or permission.
        ValueError: no frames, or frames of different sizes.
    """
    suffix = animation_suffix(path)
    if not 0 < fps <= (MAX_GIF_FPS if suffix == ".gif" else 1000):
        limit = f"0…{MAX_GIF_FPS} for .gif" if suffix == ".gif" else "0…1000 for .mp4"
        raise UserError(f"cannot write {path}: fps={fps} is not in the range {limit}")
    checked = _equal_frames(frames)
    with atomic_file(path) as file:
        count = (_write_gif if suffix == ".gif" else _write_mp4)(file, checked, fps)
        if not count:
            raise ValueError("frames must hold at least one frame. Received: none")
    return count


def animation_suffix(path):
    """Checks the suffix of an animation's path and returns it."""
    suffix = Path(path).suffix.lower()
    if suffix not in ANIMATION_SUFFIXES:
        raise UserError(
            f"cannot write {path}: {suffix or 'no suffix'!r} is not an animation format; "
            f"end it with {', '.join(ANIMATION_SUFFIXES)}"
        )
    return suffix


def _label_sizes(name, labels, count):
    """(width, height) in pixels, margins included, of each label."""
    if labels is None:
        return []
    if len(labels) != count:
        raise ValueError(f"{name} must hold {count} strings. Received: {len(labels)}")
    font = ImageFont.load_default(LABEL_SIZE)
    boxes = [font.getbbox(label, anchor="lt") for label in labels]
    return [
        (math.ceil(right) + 2 * LABEL_MARGIN, math.ceil(bottom) + 2 * LABEL_MARGIN)
        for _, _, right, bottom in boxes
    ]


def _draw(grid, label, x, y, ink):
    """Draws a label centred at (x, y) into the photo, in place."""
    canvas = Image.fromarray(grid if grid.shape[2] == 3 else grid[:, :, 0])
    font = ImageFont.load_default(LABEL_SIZE)
    fill = ink if grid.shape[2] == 1 else (ink,) * 3
    ImageDraw.Draw(canvas).text((x, y), label, fill, font, anchor="mm")
    grid[:] = np.asarray(canvas).reshape(grid.shape)


def _equal_frames(frames):
    shape = None
    for i, frame in enumerate(frames):
        photo = as_photos(frame)
        if photo.ndim == 3 and photo.shape[2] == 1:
            photo = np.repeat(photo, 3, axis=2)
        if photo.ndim != 3 or photo.shape[2] != 3:
            raise ValueError(f"frame {i} must be [H, W, 1 or 3]. Received: {photo.shape}")
        shape = shape or photo.shape
        if photo.shape != shape:
            raise ValueError(f"frame {i} must be {shape} like frame 0. Received: {photo.shape}")
        yield np.ascontiguousarray(photo)


def _write_gif(file, frames, fps):
    pictures = []
    for i, frame in enumerate(frames):
        picture = Image.fromarray(frame).quantize(256)
        # GIF counts in 1/100 s: differences of rounded times keep the average exact.
        ends = [round(100 * t / fps) for t in (i, i + 1)]
        picture.info["duration"] = 10 * (ends[1] - ends[0])  # ms
        pictures.append(picture)
    if pictures:
        durations = [picture.info["duration"] for picture in pictures]
        pictures[0].save(
            file,
            "GIF",
            save_all=True,
            append_images=pictures[1:],
            duration=durations if len(pictures) > 1 else durations[0],
            loop=0,
        )
    return len(pictures)


def _write_mp4(file, frames, fps):
    import av

    rate = Fraction(fps).limit_denominator(1001)
    count, stream = 0, None
    # By its name and not as a file, so that the index can be moved to the front afterwards.
    with av.open(file.name, "w", format="mp4", options={"movflags": "+faststart"}) as container:
        for frame in frames:
            frame = np.pad(
                frame, [(0, frame.shape[0] % 2), (0, frame.shape[1] % 2), (0, 0)], "edge"
            )
            if stream is None:
                stream = video_stream(container, rate, *frame.shape[:2])
            picture = av.VideoFrame.from_ndarray(frame, format="rgb24")
            container.mux(stream.encode(picture))
            count += 1
        if stream is not None:
            container.mux(stream.encode())
    return count


def video_stream(container, rate, height, width):
    """A stream of H.264 video, MPEG-4 where there is no encoder, in an open `av` container."""
    import av

    if "libx264" in av.codec.codecs_available:
        stream = container.add_stream("libx264", rate=rate, options={"crf": "17"})
    else:
        stream = container.add_stream("mpeg4", rate=rate)
        stream.bit_rate = int(height * width * rate)  # one bit a pixel: no visible blocks
    stream.height, stream.width, stream.pix_fmt = height, width, "yuv420p"
    return stream
