"""Perceptual path length: how much pictures change over a small step between latents.

Karras et al., "A Style-Based Generator Architecture", arXiv 1812.04948, section 4.1.
"""

import numpy as np
import tensorflow as tf
from tqdm import tqdm

from tfgan_edit.config import UserError
from tfgan_edit.metrics.registry import metric
from tfgan_edit.metrics.resizing import resize_matrix
from tfgan_edit.sampling import interpolate

STEP = 1e-4  # of the way from one latent to the other
SIDE = 256  # pictures are averaged down to it
# Rows and columns of the face in pictures that are aligned as in FFHQ, eighths of the side.
FACE = (3 / 8, 7 / 8), (2 / 8, 6 / 8)
BATCH_SIZE = 8


_WORDS = {"[2]": "(?P<whole>2)?", "SPACE": "(?P<space>[zw])(?P<place>full|end)"}


@metric("ppl[2]_SPACE_BACKBONE_N", ("generator",), **_WORDS)
@metric("ppl[2]_SPACE_N", ("generator",), extractors=("lpips_vgg",), **_WORDS)
def path_length(evaluation, name, whole, space, place, num, backbone="vgg"):
    """Perceptual path length, of whole pictures (ppl2) or faces (ppl), by VGG's LPIPS.

    SPACE is zfull, wfull, zend or wend: on a great circle of z or a line in w, anywhere on it or
    at its start.
    """
    distance = evaluation.function(f"lpips_{backbone}")
    if evaluation.generator.label_dim:
        raise UserError(f"{name}: path lengths of conditional generators are not defined here")
    values = path_distances(
        evaluation.generator,
        distance.of_images,
        num,
        space=space,
        full=place == "full",
        face=not whole,
        seed=evaluation.seed,
    )
    evaluation.counts["fake"] = 2 * num
    return {name: trimmed_mean(values)}


def trimmed_mean(values):
    """Mean of what lies between the 1st and the 99th percentile, both taken from the values."""
    low = np.percentile(values, 1, method="lower")
    high = np.percentile(values, 99, method="higher")
    return float(np.mean(values[(values >= low) & (values <= high)]))


def path_distances(generator, distance, num, *, space, full, face, seed, step=STEP):
    """distance / step^2 of pairs of pictures, `step` apart on paths between random latents.

    Args:
        generator: with `mapping`, `synthesis`, `z_dim` and `resolution`; no labels.
        distance: function of two batches of images [N, H, W, 3] -> [N].
        num: pairs.
        space: "z" (spherical paths) or "w" (lines).
        full: anywhere on the path, else at its start.
        face: only the part of the pictures where an aligned face is.
        seed: of latents, places and noise.

    Returns:
        float64 [num].
    """
    draw = _pair_drawer(generator, distance, space, face)
    values = []
    with tqdm(total=num, desc="path length", unit="pair", delay=5) as bar:
        for batch in range(-(-num // BATCH_SIZE)):
            random = np.random.default_rng([seed, batch])
            z = random.standard_normal((2, BATCH_SIZE, generator.z_dim), np.float32)
            t = random.uniform(size=(BATCH_SIZE, 1)) if full else np.zeros((BATCH_SIZE, 1))
            noise = random.integers(2**31)
            ends = np.stack([t, t + step]).astype(np.float32)
            if space == "z":
                z = z.astype(np.float64)
                z /= np.linalg.norm(z, axis=-1, keepdims=True)
                # In float64: of a step of 1e-4, float32 would leave three digits.
                z = np.stack([interpolate(*z, at, "spherical") for at in (t, t + step)])
                z = z.astype(np.float32)
            values.append(draw(tf.constant(z), tf.constant(ends), tf.constant(noise)).numpy())
            bar.update(min(BATCH_SIZE, num - batch * BATCH_SIZE))
    return np.concatenate(values)[:num].astype(np.float64) / step**2


def _pair_drawer(generator, distance, space, face):
    @tf.function(autograph=False)
    def draw(z, t, seed):
        first, second = generator.mapping(z[0]), generator.mapping(z[1])
        if space == "w":
            way = t[..., tf.newaxis]  # [2, N, 1, 1] of [N, num_ws, w_dim]
            first, second = (first + (second - first) * w for w in (way[0], way[1]))
        noise = [
            tf.random.stateless_normal((1, *shape, 1), (seed, layer))
            for layer, shape in enumerate(generator.synthesis.noise_shapes)
        ]
        images = generator.synthesis(tf.concat([first, second], axis=0), noise=noise)
        if face:
            images = _crop(images)
        images = _shrink(images)
        if images.shape[-1] == 1:
            images = tf.repeat(images, 3, axis=-1)
        return distance(*tf.split(images, 2))

    return draw


def _crop(images):
    (top, bottom), (left, right) = FACE
    height, width = images.shape[1:3]
    rows = slice(int(top * height), int(bottom * height))
    return images[:, rows, int(left * width) : int(right * width)]


def _shrink(images):
    """Averages boxes of pixels until no side is above 256 px."""
    height, width = images.shape[1:3]
    factor = max(height, width) // SIDE
    if factor < 2:
        return images
    down = resize_matrix(height, height // factor, "adaptive_average")
    across = resize_matrix(width, width // factor, "adaptive_average")
    return tf.einsum("nhwc,uh,vw->nuvc", images, down, across)
