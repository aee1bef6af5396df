"""The two value ranges: images, float in [-1, 1], and photos, uint8 in [0, 255]."""

import tensorflow as tf


def photo_to_image(photo):
    """uint8 [0, 255] -> float32 [-1, 1]: x = p / 127.5 - 1."""
    return tf.cast(photo, tf.float32) / 127.5 - 1.0


def image_to_photo(image):
    """Float [-1, 1] -> uint8 [0, 255]: p = clip(round((x + 1) * 127.5), 0, 255)."""
    image = (tf.cast(image, tf.float32) + 1.0) * 127.5
    return tf.cast(tf.clip_by_value(tf.round(image), 0.0, 255.0), tf.uint8)
