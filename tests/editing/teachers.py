"""A tiny generator, a scorer of its pictures, and the direction of one of its attributes."""

import keras
import numpy as np
import tensorflow as tf

from tfgan_edit.editing.directions import Direction
from tfgan_edit.editing.scorers import Scorer
from tfgan_edit.networks.attribute_classifier import AttributeClassifier
from tfgan_edit.networks.encoder import LatentEncoder
from tfgan_edit.networks.isf_gan import ImplicitStyleFunction, ISFGANDiscriminator
from tfgan_edit.networks.stylegan2 import StyleGAN2Generator
from tfgan_edit.preset import load_preset, save_preset

NAMES = ("bright", "red", "tone=warm", "tone=cold")


def tiny_generator(seed=3):
    """16 px; with the default seed about as many pictures are bright as are dark."""
    keras.utils.set_random_seed(seed)
    generator = StyleGAN2Generator(
        16, z_dim=8, w_dim=8, mapping_layers=2, channel_base=128, channel_max=8
    )
    random = np.random.RandomState(seed)
    for weight in generator.weights:
        weight.assign_add(0.2 * random.randn(*weight.shape))
    generator.mapping.w_avg.assign(np.zeros(8))
    return generator


def save_generator(folder):
    """A preset of `tiny_generator`, loaded."""
    metadata = {"method": "stylegan2", "licence": "for research"}
    save_preset(folder, {"generator": tiny_generator()}, config={}, metadata=metadata)
    return load_preset(folder)


def colour_scores(images):
    """Probabilities [N, 4] of `NAMES` from mean colours; "bright" is that of the upper half."""
    upper = tf.reduce_mean(images[:, : images.shape[1] // 2], axis=(1, 2, 3))
    lower = tf.reduce_mean(images[:, images.shape[1] // 2 :], axis=(1, 2))
    warm = tf.sigmoid(6 * (lower[:, 0] - lower[:, 2]))
    return tf.stack(
        [tf.sigmoid(12 * upper), tf.sigmoid(12 * lower[:, 0]), warm, 1 - warm], axis=1
    )


def colour_scorer():
    def embed(images):
        return tf.reshape(tf.nn.avg_pool2d(images, 4, 4, "VALID"), [-1, 48])

    return Scorer(colour_scores, NAMES, (16, 16), embed=embed, sha256="scorer", path="scorer")


def bright_direction(preset):
    """Where the upper half of the mean picture becomes brighter, per unit of w's deviation."""
    generator = preset.networks["generator"]
    z = np.random.RandomState(1).randn(256, 8).astype(np.float32)
    w_plus = generator.mapping(z)
    with tf.GradientTape() as tape:
        tape.watch(w_plus)
        images = generator.synthesis(w_plus, noise="constant")
        brightness = tf.reduce_mean(images[:, :8])
    normal = tf.reduce_sum(tape.gradient(brightness, w_plus), axis=(0, 1)).numpy()
    normal /= np.linalg.norm(normal)
    deviation = float((w_plus[:, 0].numpy() @ normal).std())
    return Direction(
        normal * deviation,
        None,
        {
            "attribute": "bright",
            "centre_distance": 2.0,
            "parents": {"generator": {"sha256": preset.sha256}},
        },
    )


def save_encoder(folder):
    """A preset of an encoder of random weights for `tiny_generator`."""
    encoder = LatentEncoder(16, 6, 8, channel_max=8, name="encoder")
    random = np.random.RandomState(0)
    for weight in encoder.weights:
        weight.assign_add(0.1 * random.randn(*weight.shape))
    save_preset(folder, {"encoder": encoder}, config={}, metadata={"method": "encoder"})


def save_style_function(folder, faces=None, num_ws=6, parents=None, encoder=None):
    """A preset of a style function of random weights.

    Args:
        folder: to write.
        faces: preset of `tiny_generator` that it says it was trained with, or None.
        num_ws: rows of its latents.
        parents: hashes in place of that preset's.
        encoder: preset of an encoder that it learned with.
    """
    keras.utils.set_random_seed(0)
    networks = {
        "style_function": ImplicitStyleFunction(
            num_ws, NAMES, w_dim=8, z_dim=4, hidden_dim=8, name="style_function"
        ),
        "discriminator": ISFGANDiscriminator(16, 4, width=4, name="discriminator"),
    }
    if encoder is not None:
        networks |= load_preset(encoder).networks
    config, metadata = {}, {"method": "isf_gan"}
    if faces is not None:
        config = {"frozen": {"generator": str(faces.path)}}
        metadata["parents"] = parents or [faces.sha256]
    save_preset(folder, networks, config=config, metadata=metadata)


def save_classifier(folder):
    """A preset of a classifier of random weights that knows `NAMES`."""
    classifier = AttributeClassifier(16, NAMES, width=4, feature_dim=6)
    random = np.random.RandomState(0)
    for weight in classifier.trainable_variables:
        weight.assign(random.randn(*weight.shape))
    generator = tiny_generator()
    logits = classifier(generator(random.randn(64, 8).astype(np.float32))).numpy()
    classifier.logits.bias.assign_sub(np.median(logits, axis=0))  # half of the faces have each
    save_preset(folder, {"classifier": classifier}, config={}, metadata={})


def save_scorer(path):
    """The same scorer as a .keras file, whose probabilities are to be called `NAMES`."""
    images = keras.Input((16, 16, 3))
    halves = [
        keras.layers.GlobalAveragePooling2D()(keras.layers.Cropping2D(crop)(images))
        for crop in (((0, 8), (0, 0)), ((8, 0), (0, 0)))
    ]
    layer = keras.layers.Dense(len(NAMES), "sigmoid")
    model = keras.Model(images, layer(keras.layers.Concatenate()(halves)))
    columns = [[4, 4, 4, 0, 0, 0], [0, 0, 0, 12, 0, 0], [0, 0, 0, 6, 0, -6], [0, 0, 0, -6, 0, 6]]
    layer.set_weights([np.array(columns, np.float32).T, np.zeros(len(NAMES), np.float32)])
    model.save(path)
    return path
