"""Metrics of pairs of pictures: an original and its reconstruction or edit, in the same order."""

import re

import numpy as np
import tensorflow as tf
from tqdm import tqdm

from tfgan_edit.config import UserError
from tfgan_edit.metrics.registry import metric
from tfgan_edit.networks.features.faces import EXPRESSIONS

BATCH_SIZE = 16
ATTRIBUTES = {  # name: (extractor, column of its features, probability or years)
    "male": ("faceres_male", 0),
    **{expression: ("emotion", i) for i, expression in enumerate(EXPRESSIONS)},
}
AGE = "faceres_age"
SSIM_WINDOW = 11


def batches(evaluation, title):
    """Yields (originals, others), uint8 [n, H, W, C], of all pairs, with a bar after 5 s."""
    real, fake = evaluation.pairs
    num = real.num
    evaluation.counts |= {"real": num, "fake": num}
    with tqdm(total=num, desc=title, unit="pair", delay=5) as bar:
        for x, y in zip(
            real.batches(num, BATCH_SIZE), fake.batches(num, BATCH_SIZE), strict=True
        ):
            yield x, y
            bar.update(len(x))


def summary(name, values):
    """Mean over pairs, and the standard deviation of the pairs."""
    values = np.concatenate(values).astype(np.float64)
    return {name: float(values.mean()), f"{name}_pair_sd": float(values.std())}


def squared_error(x, y):
    """Mean squared difference [N] of photos, of the range [-1, 1]."""
    difference = (x.astype(np.float64) - y) / 127.5
    return np.mean(difference**2, axis=(1, 2, 3))


def signal_to_noise(x, y):
    """Peak signal-to-noise ratio of photos uint8 [N, H, W, C], dB [N]; of equal ones 54.2 dB.

    The error of equal photos counts as half a level, as nothing smaller is seen in them.
    """
    return 10 * np.log10(4 / np.maximum(squared_error(x, y), (0.5 / 127.5) ** 2))


@metric("mse", ("pairs",))
def mean_squared_error(evaluation, name):
    """Mean squared error of pairs, of values in [-1, 1]."""
    return summary(name, [squared_error(x, y) for x, y in batches(evaluation, name)])


@metric("psnr", ("pairs",))
def peak_signal_to_noise(evaluation, name):
    """Peak signal-to-noise ratio of pairs, dB; of equal ones that of half a level's error."""
    return summary(name, [signal_to_noise(x, y) for x, y in batches(evaluation, name)])


@metric("ssim", ("pairs",))
def structural_similarity(evaluation, name):
    """Structural similarity of pairs (Wang et al., 2004): windows of 11, mean over channels."""
    if min(evaluation.pairs[0].shape[:2]) < SSIM_WINDOW:
        raise UserError(f"{name} needs pictures of at least {SSIM_WINDOW} px")
    return summary(
        name, [tf.image.ssim(x, y, 255).numpy() for x, y in batches(evaluation, name)]
    )


@metric("lpips_BACKBONE", ("pairs",))
def perceptual_distance(evaluation, name, backbone):
    """LPIPS of pairs, version 0.1."""
    distance = evaluation.function(f"lpips_{backbone}")
    return summary(name, [distance(x, y) for x, y in batches(evaluation, name)])


@metric("identity_NETWORK", ("pairs",), NETWORK="(?P<extractor>arcface|faceres)")
def identity(evaluation, name, extractor):
    """Cosine of the embeddings of pairs; identity_arcface is ISF-GAN's FRS."""
    function = evaluation.function(extractor)

    def cosine(x, y):
        x, y = function(x), function(y)
        return np.sum(x * y, axis=1) / (np.linalg.norm(x, axis=1) * np.linalg.norm(y, axis=1))

    return summary(name, [cosine(x, y) for x, y in batches(evaluation, name)])


@metric("attributes", ("pairs",), extractors=("faceres_male", "faceres_age", "emotion"))
def attribute_changes(evaluation, name):
    """Change of sex, age and expressions in pairs: of an edit, what it should leave alone.

    shift_ is the mean change, change_ the mean of its absolute value: of probabilities, and of
    age in years.
    """
    readers = {**ATTRIBUTES, "age": (AGE, 0)}
    changes = {key: [] for key in readers}
    for x, y in batches(evaluation, name):
        for key, (extractor, column) in readers.items():
            function = evaluation.function(extractor)
            before, after = function(x), function(y)
            changes[key].append(after[:, column] - before[:, column])
    results = {}
    for key, values in changes.items():
        values = np.concatenate(values)
        results[f"shift_{key}"] = float(values.mean())
        results[f"change_{key}"] = float(np.abs(values).mean())
    return results


@metric(
    "accuracy_ATTRIBUTE_LABEL",
    ("fake",),
    ATTRIBUTE=f"(?P<attribute>{'|'.join(map(re.escape, ATTRIBUTES))})",
    LABEL="(?P<label>[01])",
    extractors=("faceres_male", "emotion"),
)
def accuracy(evaluation, name, attribute, label):
    """Share of pictures that show an attribute (1) or not (0): probability above one half."""
    extractor, column = ATTRIBUTES[attribute]
    if evaluation.fake.num is None:
        raise UserError(f"{name} judges given pictures: give --images")
    features = evaluation.features("fake", extractor, None, name)
    return {name: float(np.mean((features[:, column] > 0.5) == (label == "1")))}


@metric("mse_local", ("pairs", "references", "masks"))
def local_error(evaluation, name):
    """MSE_src and MSE_ref of local edits: outside and inside of masks, of values in [-1, 1].

    Masks are white where a picture should equal its reference; StyleMapGAN (Kim et al., arXiv
    2104.14754), section 4. Sums run over all pixels of all pairs.
    """
    sums, counts = np.zeros(2), np.zeros(2)
    others = [evaluation.references, evaluation.masks]
    for photos in others:
        photos.require(evaluation.pairs[0].num, name)
    others = [photos.batches(evaluation.pairs[0].num, BATCH_SIZE) for photos in others]
    for (x, y), reference, mask in zip(batches(evaluation, name), *others, strict=True):
        inside = mask[..., :1] > 127
        for i, (original, where) in enumerate([(x, ~inside), (reference, inside)]):
            error = ((y.astype(np.float64) - original) / 127.5) ** 2
            sums[i] += np.sum(error * where)
            counts[i] += where.sum() * y.shape[-1]
    if not counts.all():
        raise UserError(f"{name}: the masks are all black or all white")
    source, reference = sums / counts
    return {"mse_src": float(source), "mse_ref": float(reference)}
