"""The two value ranges, images, float in [-1, 1], and photos, uint8 in [0, 255]; and sizes."""

import tensorflow as tf


def photo_to_image(photo):
    """uint8 [0, 255] -> float32 [-1, 1]: x = p / 127.5 - 1."""
    return tf.cast(photo, tf.float32) / 127.5 - 1.0


def image_to_photo(image):
    """Float [-1, 1] -> uint8 [0, 255]: p = clip(round((x + 1) * 127.5), 0, 255)."""
    image = (tf.cast(image, tf.float32) + 1.0) * 127.5
    return tf.cast(tf.clip_by_value(tf.round(image), 0.0, 255.0), tf.uint8)


@tf.custom_gradient
def bounded(image):
    """Float, clipped to [-1, 1]; gradients pass as if it was not: no pixel is stuck outside."""
    return tf.clip_by_value(image, -1.0, 1.0), lambda gradient: gradient


def pooled_to(images, shape):
    """Images averaged over whole squares of pixels: [N, kH, kW, C] -> [N, H, W, C].

    Args:
        images: float.
        shape: (H, W, C).

    Raises:
        ValueError: the images have another shape.
    """
    height, width, channels = shape
    factor = max(images.shape[1] // height, 1)
    if tuple(images.shape[1:]) != (factor * height, factor * width, channels):
        raise ValueError(
            f"images must be [N, {height}, {width}, {channels}] or a multiple of that size. "
            f"Received: {images.shape}"
        )
    return tf.nn.avg_pool2d(images, factor, factor, "VALID") if factor > 1 else images
