"""How a photo of any size comes to a network's size and its edit back, in numbers for others.

Applications in other languages read these from export.json. Each is taken from the Python code
that does the same (`editing.framing`, `editing.alignment`), or checked against it by a test.
"""

from tfgan_edit.editing import alignment

LANCZOS_LOBES = 3  # of Pillow's LANCZOS
BICUBIC_A = -1.0  # of the BICUBIC with which Pillow turns pictures; that which resizes has -0.5


def describe_framing(height, width):
    """Plain values: size, the two ways to crop, the resizing rule, and how edits are put back.

    Keys:
        crop.center: the middle of the photo [H, W], as large as it allows at the input's shape:
            scale = min(H / height, W / width), kept = round(scale · height or width), halves to
            even, start = floor((H or W - kept) / 2).
        crop.face_square: FFHQ's square from landmarks in pixels, 0 at the centre of the first
            one. e = right eye - left eye, m = middle of the mouth's corners - middle of the eyes;
            its horizontal axis has the direction of e - (-m.y, m.x); half the side =
            max(eyes_factor · |e|, mouth_factor · |m|); the centre lies at the middle of the eyes
            + centre_shift · m + 0.5. n = floor(side / size / min_pixels); a photo with n > 1 is
            resized to 1 / n first. It is sampled at k times the size, k = ceil(side / size) up to
            max_supersampling, rounded down, and resized. What it needs beyond the photo is
            mirrored (`outside`, `editing.alignment` says how).
        resize: antialiased: the kernel is stretched by max(1, source / target), weights are
            divided by their sum, pixels' centres lie at + 0.5, each axis is rounded to uint8.
        strength: photo + strength · (edited - photo), range [0, 1], without running again.
        paste_back: mask = product over both axes of clip(distance to the border / (feather ·
            side), 0, 1); photo + mask · (edited - photo).
    """
    return {
        "height": height,
        "width": width,
        "crop": {
            "default": "center",
            "center": {"rule": "largest middle part of the input's shape"},
            "face_square": {
                "rule": "FFHQ",
                "eyes_factor": alignment.EYES_FACTOR,
                "mouth_factor": alignment.MOUTH_FACTOR,
                "centre_shift": alignment.CENTRE_SHIFT,
                "min_pixels": alignment.MIN_PIXELS,
                "max_supersampling": alignment.MAX_SUPERSAMPLING,
                "sampling": {"filter": "bicubic", "a": BICUBIC_A, "rounding": "down"},
                "outside": {
                    "rule": "mirrored, blurred, faded to the median colour",
                    "border": alignment.BORDER,
                    "min_border": alignment.MIN_BORDER,
                    "margin": alignment.MARGIN,
                    "blur": alignment.BLUR,
                    "blur_slope": alignment.BLUR_SLOPE,
                },
            },
        },
        "resize": {
            "filter": "lanczos",
            "lobes": LANCZOS_LOBES,
            "antialias": True,
            "pixel_centre": 0.5,
            "rounding": "uint8 after each axis, horizontal first",
        },
        "to_float": "byte / 255",
        "to_byte": "clip(round(255 * value), 0, 255)",
        "strength": {"rule": "photo + strength * (edited - photo)", "range": [0.0, 1.0]},
        "paste_back": {"feather": alignment.FEATHER, "rule": "photo + mask * (edited - photo)"},
    }
