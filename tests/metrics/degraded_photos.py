"""Photos made worse by a strength: a distance to the photos as they were should grow with it."""

import io

import numpy as np
from PIL import Image, ImageFilter


def smooth_photos(num, size, seed=0):
    """uint8 [num, size, size, 3] of soft blobs of colour with one sharp edge each."""
    random = np.random.default_rng(seed)
    photos = []
    for coarse in random.integers(40, 216, (num, 6, 6, 3), np.uint8):
        photo = np.array(Image.fromarray(coarse).resize((size, size), Image.Resampling.BICUBIC))
        corner = random.integers(size // 4, size // 2)
        photo[corner:, corner:] = 255 - photo[corner:, corner:]
        photos.append(photo)
    return np.stack(photos)


def noisy(photos, strength):
    """Strength: standard deviation, of 255."""
    noise = np.random.default_rng(1).standard_normal(photos.shape)
    return np.clip(photos + strength * noise, 0, 255).astype(np.uint8)


def blurred(photos, strength):
    """Strength: standard deviation of the Gaussian, pixels."""
    return _each(photos, lambda photo: photo.filter(ImageFilter.GaussianBlur(strength)))


def compressed(photos, strength):
    """Strength: 100 - JPEG's quality; 0 leaves the photo as it is."""
    return photos if not strength else _each(photos, lambda photo: _through_jpeg(photo, strength))


DEGRADATIONS = {  # name: (function of photos and strength, strengths)
    "noise": (noisy, (0, 5, 20, 60)),
    "blur": (blurred, (0, 1, 2, 4)),
    "JPEG": (compressed, (0, 20, 60, 80)),
}


def _each(photos, change):
    return np.stack([np.array(change(Image.fromarray(photo))) for photo in photos])


def _through_jpeg(photo, strength):
    file = io.BytesIO()
    photo.save(file, "JPEG", quality=100 - strength)
    return Image.open(file)
