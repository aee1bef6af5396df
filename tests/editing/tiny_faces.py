"""A tiny generator and classifier of random weights, as presets, and scored latents."""

import keras
import numpy as np

from tfgan_edit.editing.latents import FORMAT, FORMAT_VERSION, Latents
from tfgan_edit.networks.attribute_classifier import AttributeClassifier
from tfgan_edit.networks.stylegan2 import StyleGAN2Generator
from tfgan_edit.preset import save_preset

NAMES = ["smile", "glasses", "hair=black", "hair=red", "hair=blond"]
SIZES = {"z_dim": 6, "w_dim": 6, "mapping_layers": 2, "channel_max": 4}


def save_presets(folder, label_dim=0):
    """Writes `generator` (8 px) and `classifier` below a folder."""
    keras.utils.set_random_seed(0)  # whichever test ran before
    random = np.random.default_rng(0)
    generator = StyleGAN2Generator(8, label_dim=label_dim, **SIZES)
    for weight in generator.weights:
        weight.assign_add(0.1 * random.standard_normal(weight.shape))
    classifier = AttributeClassifier(8, NAMES, width=4, feature_dim=6)
    for weight in classifier.trainable_variables:
        weight.assign(random.standard_normal(weight.shape))
    z = random.standard_normal((50, 6)).astype(np.float32)
    labels = np.tile(np.eye(1, label_dim, dtype=np.float32), (50, 1)) if label_dim else None
    logits = classifier(generator(z, labels=labels)).numpy()
    # Each label for half of the faces.
    classifier.logits.bias.assign_sub(np.median(logits, axis=0))
    for name, network in (("generator", generator), ("classifier", classifier)):
        save_preset(folder / name, {name: network}, config={}, metadata={"method": name})


def scored(num=2000, size=6, names=("smile", "glasses"), normals=None, noise=0.0, seed=0):
    """Latents whose scores are sigmoids of linear functions of w; rows of `normals` say which."""
    random = np.random.default_rng(seed)
    w = random.standard_normal((num, size)).astype(np.float32)
    normals = np.eye(len(names), size) if normals is None else np.asarray(normals)
    logits = 6 * w @ normals.T + noise * random.standard_normal((num, len(names)))
    scores = (1 / (1 + np.exp(-logits))).astype(np.float32)
    manifest = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "names": list(names),
        "hash": "0" * 64,
        "parents": {"generator": {"path": "faces", "sha256": "1" * 64}},
    }
    return Latents("latents", manifest, w, w, scores)
