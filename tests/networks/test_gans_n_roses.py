"""GANs N' Roses: promises of networks, published sizes, heads, what is refused."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.cases import assert_close, count_params, run_layer_test, run_network_test
from tfgan_edit.layers.registration import register
from tfgan_edit.networks.gans_n_roses import (
    HEADS,
    EqualizedResidualBlock,
    GansNRosesDecoder,
    GansNRosesDiscriminator,
    GansNRosesEncoder,
    GansNRosesGenerator,
    ModulatedResidualBlock,
    StyleDiscriminator,
    StyleMapping,
)

CHANNELS = {4: 5, 8: 5, 16: 4}
TINY = {"resolution": 16, "num_downsamplings": 1, "channels": CHANNELS}
TINY_GENERATOR = {**TINY, "style_dim": 3, "w_dim": 6, "mapping_layers": 2}


def sample(*shape, seed=1):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def dense(fan_in, units):
    return fan_in * units + units


def down_block(fan_in, units):
    return 9 * fan_in * fan_in + fan_in + 9 * fan_in * units + units + fan_in * units


def styled(fan_in, units, w_dim, kernel=3):
    return kernel**2 * fan_in * units + units + dense(w_dim, fan_in)


def encoder_size(variant):
    kernel = {"main": 1, "train": 9}[variant]
    stem = dense(3, 4) + down_block(4, 5) + 2 * (9 * 25 + 5)
    style = 9 * 25 + 5 + dense(16 * 5, 5) + dense(5, 3)
    return stem + 2 * (kernel * 25 + 5) + style


def decoder_size():
    coarse = 3 * styled(5, 5, 6) + styled(5, 3, 6, 1)
    return coarse + styled(5, 4, 6) + styled(4, 4, 6) + styled(4, 3, 6, 1)


# === Promises ===


@pytest.mark.parametrize(
    "cls, shapes, weights",
    (
        (EqualizedResidualBlock, [(2, 4, 6, 3)], 4),
        (ModulatedResidualBlock, [(2, 4, 6, 3), (2, 5)], 8),
    ),
)
def test_layers_keep_the_promises(cls, shapes, weights, tmp_path):
    run_layer_test(
        cls,
        {"channels": 3},
        tuple(sample(*shape) for shape in shapes),
        expected_shape=(2, 4, 6, 3),
        expected_trainable=weights,
        tmp_path=tmp_path,
    )


@pytest.mark.parametrize("variant", ("main", "train"))
def test_generator_keeps_the_promises_of_a_network(variant, tmp_path):
    size = encoder_size(variant) + decoder_size() + dense(3, 6) + dense(6, 6)
    run_network_test(
        GansNRosesGenerator,
        {**TINY_GENERATOR, "variant": variant},
        {"images": sample(2, 16, 16, 3)},
        expected_shape=(2, 16, 16, 3),
        expected_params=(size, 0),
        xla=variant == "main",
        tmp_path=tmp_path,
    )


@register
class FlatGansNRosesDiscriminator(GansNRosesDiscriminator):
    """All logits as one tensor, for the tests that networks share."""

    def call(self, images):
        return tf.concat(
            [tf.reshape(x, [-1, np.prod(x.shape[1:])]) for x in super().call(images)], axis=1
        )


@pytest.mark.parametrize("variant, places", (("main", 64 + 64 + 1), ("train", 64 + 1 + 1)))
def test_discriminator_keeps_the_promises_of_a_network(variant, places, tmp_path):
    trunk = dense(3, 4) + down_block(4, 5)
    size = 2 * trunk + dense(5, 1) + dense(80, 7) + dense(7, 1)
    if variant == "main":
        size += dense(5, 1) + 9 * 25 + 5
    else:
        size += down_block(5, 5) + dense(7, 1)
    run_network_test(
        FlatGansNRosesDiscriminator,
        {"resolution": 16, "channels": CHANNELS, "hidden_dim": 7, "variant": variant},
        {"images": sample(4, 16, 16, 3)},
        expected_shape=(4, places),
        expected_params=(size, 0),
        xla=variant == "main",
        tmp_path=tmp_path,
    )


def test_latent_networks_keep_the_promises(tmp_path):
    inputs = {"styles": sample(4, 3)}
    arguments = {"style_dim": 3, "hidden_dim": 6, "num_layers": 2}
    run_network_test(
        StyleDiscriminator,
        arguments,
        inputs,
        expected_shape=(4, 1),
        expected_params=(dense(3, 6) + dense(6, 6) + dense(7, 6) + dense(6, 1), 0),
        same_in_half=True,
        tmp_path=tmp_path,
    )
    run_network_test(
        StyleMapping,
        {"style_dim": 3, "w_dim": 6, "num_layers": 2},
        inputs,
        expected_shape=(4, 6),
        expected_params=(dense(3, 6) + dense(6, 6), 0),
        same_in_half=True,
        tmp_path=tmp_path,
    )


@pytest.mark.parametrize("half_activations", (True, False))
def test_half_precision(half_activations):
    images, w = sample(2, 16, 16, 3), sample(2, 6)
    encoder = GansNRosesEncoder(**TINY, half_activations=half_activations, dtype="mixed_bfloat16")
    decoder = GansNRosesDecoder(
        w_dim=6, **TINY, half_activations=half_activations, dtype="mixed_bfloat16"
    )
    content, styles = encoder(images)
    assert content.dtype == styles.dtype == decoder(content, w).dtype == tf.float32
    inner = encoder._activations(images, 16).dtype
    assert (inner == tf.bfloat16) == half_activations


# === Sizes ===


@pytest.mark.parametrize(
    "variant, halvings, count",
    (("main", 4, 39_581_207), ("main", 3, 31_450_132), ("train", 4, 43_775_511)),
)
def test_published_sizes_of_generators(variant, halvings, count):
    generator = GansNRosesGenerator(256, variant=variant, num_downsamplings=halvings)
    assert count_params(generator.variables) == count
    assert generator.encoder.content_shape == (256 >> halvings, 256 >> halvings, 512)


@pytest.mark.parametrize("variant, count", (("main", 18_365_315), ("train", 25_968_643)))
def test_published_sizes_of_discriminators(variant, count):
    assert count_params(GansNRosesDiscriminator(256, variant=variant).variables) == count


def test_published_size_of_the_latent_discriminator():
    assert count_params(StyleDiscriminator().variables) == 265_985


@pytest.mark.parametrize("resolution", (64, 128))
def test_other_sizes(resolution):
    channels = dict.fromkeys((4, 8, 16, 32, 64, 128), 4)
    generator = GansNRosesGenerator(resolution, w_dim=8, channels=channels)
    images = sample(1, resolution, resolution, 3)
    content, styles = generator.encode(images)
    assert content.shape == (1, resolution // 16, resolution // 16, 4)
    assert generator(images, styles).shape == images.shape
    heads = GansNRosesDiscriminator(resolution, channels=channels)(images)
    assert [x.shape[1] for x in heads] == [32, 8, 1]


# === Meaning ===


def test_style_is_shared_by_all_of_a_content():
    """One style for two contents; the same content in two styles."""
    generator = GansNRosesGenerator(**TINY_GENERATOR)
    images, styles = sample(2, 16, 16, 3), sample(2, 3)
    content, own = generator.encode(images)
    assert_close(generator(images, styles), generator.decode(content, styles), 1e-6)
    assert_close(generator(images), generator.decode(content, own), 1e-6)
    swapped = generator(images, styles[::-1])
    assert np.abs(swapped - generator(images, styles)).max() > 1e-3


@pytest.mark.parametrize("variant", ("main", "train"))
def test_heads_can_be_left_out(variant):
    images = sample(4, 16, 16, 3)
    arguments = {"resolution": 16, "channels": CHANNELS, "hidden_dim": 7, "variant": variant}
    whole = GansNRosesDiscriminator(**arguments)
    assert whole.heads == HEADS
    for heads in (("local",), ("global",), ("diversity",), ("diversity", "local")):
        network = GansNRosesDiscriminator(**arguments, heads=heads)
        logits = network(images)
        assert len(logits) == len(network.heads) == len(heads)
        assert network.heads == tuple(head for head in HEADS if head in heads)
        with tf.GradientTape() as tape:
            loss = tf.add_n([tf.reduce_sum(tf.square(x)) for x in network(images)])
        weights = [v.value for v in network.trainable_variables]
        assert all(g is not None for g in tape.gradient(loss, weights))


def test_the_diversity_head_judges_the_batch():
    discriminator = GansNRosesDiscriminator(16, channels=CHANNELS, hidden_dim=7)
    images = sample(4, 16, 16, 3)
    diversity = discriminator(images)[2].numpy()
    assert np.ptp(diversity) == 0
    assert_close(discriminator(images[::-1])[2], diversity, 1e-5)
    same = discriminator(np.tile(images[:1], (4, 1, 1, 1)))[2].numpy()
    assert np.abs(same - diversity).max() > 1e-4


def test_a_network_without_colours_above_the_first_in_its_directions():
    decoder = GansNRosesGenerator(**TINY_GENERATOR).decoder
    assert [layer.units for layer in decoder.affines] == [5, 5, 5, 5, 5, 4]


# === What is refused ===


@pytest.mark.parametrize(
    "arguments, message",
    (
        ({"resolution": 48}, "resolution must be a power of two of at least 16.*48"),
        ({"resolution": 16.0}, "resolution must be a power of two"),
        ({"num_downsamplings": 3}, "num_downsamplings of 16 px must be in 1…2.*3"),
        ({"variant": "other"}, "variant must be one of main, train.*'other'"),
        ({"channels": {16: 0}}, r"channels\[16\] must be positive"),
        ({"style_dim": 0}, "style_dim must be positive"),
    ),
)
def test_arguments_of_a_generator(arguments, message):
    with pytest.raises(ValueError, match=message):
        GansNRosesGenerator(**(TINY_GENERATOR | arguments))


@pytest.mark.parametrize(
    "arguments, message",
    (
        ({"heads": ()}, "heads may be local, global, diversity"),
        ({"heads": ("shape",)}, "heads may be local, global, diversity"),
        ({"local_level": 16}, r"local_level must be one of \[4, 8\]"),
    ),
)
def test_arguments_of_a_discriminator(arguments, message):
    with pytest.raises(ValueError, match=message):
        GansNRosesDiscriminator(16, channels=CHANNELS, **arguments)


def test_images_of_another_size_are_refused():
    for network in (GansNRosesEncoder(**TINY), GansNRosesDiscriminator(16, channels=CHANNELS)):
        with pytest.raises(ValueError, match=r"images must be \[N, 16, 16, 3\]"):
            network(keras.ops.zeros((1, 8, 8, 3)))
