"""StyleGAN: promises, published sizes, growing, variants, noise, labels, wrong arguments."""

import itertools
import re

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.cases import assert_close, count_params, run_network_test
from tests.networks import stylegan2_sizes
from tests.networks.stylegan2_sizes import dense
from tests.reference import convolution as ref_convolution
from tests.reference import resampling as ref_resampling
from tfgan_edit.networks.stylegan import (
    StyleGANDiscriminator,
    StyleGANGenerator,
    StyleGANSynthesis,
    StyleGANSynthesisBlock,
    enlarge,
    shrink,
)

CHANNELS = {4: 6, 8: 5, 16: 4}
TINY = {"channels": CHANNELS}
TINY_G = TINY | {"z_dim": 7, "w_dim": 8, "mapping_layers": 2}
STAGES = ((8, 4), (16, 8), (32, 16))  # (level, the one below)
CONTINUITY = 1e-5  # d between alpha = 0 and the stage before

# The paper's table 1, rows B to F.
VARIANTS = {
    "tuned": {
        "w_dim": 7,
        "mapping_layers": 0,
        "learned_constant": False,
        "use_styles": False,
        "use_noise": False,
        "normalization": "pixel",
    },
    "styles": {"learned_constant": False, "use_noise": False},
    "constant": {"use_noise": False},
    "noise": {},
}


def sample(*shape, seed=1):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def randomized(network):
    """The network with every weight off its initial value, so that noise and biases show."""
    random = np.random.default_rng(3)
    for variable in network.weights:
        if "float" in variable.dtype:
            variable.assign(variable.numpy() + 0.3 * random.normal(size=variable.shape))
    return network


def synthesis_size(channels, w_dim, *, shown=1, noise=True, styles=True, constant=16):
    """Trainable values by arithmetic; `shown` levels have colour layers."""
    levels = sorted(channels)
    total = constant * channels[4]
    for r in levels:
        width = channels[r]
        per_layer = width * (2 if noise else 1) + (dense(w_dim, 2 * width) if styles else 0)
        total += 9 * width**2 + 2 * per_layer
        total += 9 * channels[r // 2] * width if r > 4 else 0
    return total + sum(dense(channels[r], 3) for r in levels[-shown:])


def discriminator_size(channels, *, shown=1, outputs=1, stddev=1, constant=16, img_channels=3):
    levels = sorted(channels)
    total = sum(dense(img_channels, channels[r]) for r in levels[-shown:])
    for r in levels[1:]:
        total += 9 * channels[r] ** 2 + channels[r]
        total += 9 * channels[r] * channels[r // 2] + channels[r // 2]
    width = channels[4]
    total += 9 * (width + stddev) * width + width
    return total + dense(constant * width, width) + dense(width, outputs)


def noise_values(channels):
    return 2 * sum(r**2 for r in channels)


# === Promises of every network ===


@pytest.mark.parametrize("variant", VARIANTS)
def test_generator_keeps_the_promises_of_a_network(variant, tmp_path):
    options = TINY_G | VARIANTS[variant]
    w_dim, noise = options["w_dim"], options.get("use_noise", True)
    network = run_network_test(
        StyleGANGenerator,
        options | {"resolution": 16, "start_level": 16},
        {"z": sample(2, 7)},
        expected_shape=(2, 16, 16, 3),
        expected_params=(
            stylegan2_sizes.mapping(7, w_dim, options["mapping_layers"])
            + synthesis_size(
                CHANNELS,
                w_dim,
                noise=noise,
                styles=options.get("use_styles", True),
                constant=16 if options.get("learned_constant", True) else 16 * w_dim,
            ),
            w_dim + (noise_values(CHANNELS) if noise else 0),
        ),
        # Where all of a pixel's few channels are small, its normalisation enlarges rounding.
        half_limits=(
            {"mixed_bfloat16": 0.4, "mixed_float16": 0.05} if variant == "tuned" else None
        ),
        tmp_path=tmp_path,
    )
    assert network.num_ws == 6
    assert len(network.synthesis.noise_shapes) == (6 if noise else 0)


def test_growing_conditional_generator_keeps_the_promises_of_a_network(tmp_path):
    """Half-way between its two levels, where both colour layers act."""
    mapping = dense(14, 9) + dense(9, 8) + 3 * 7  # labels by a matrix without bias
    run_network_test(
        StyleGANGenerator,
        TINY_G | {"resolution": 8, "label_dim": 3, "mapping_dim": 9, "alpha": 0.5},
        {"z": sample(2, 7), "labels": sample(2, 3)},
        expected_shape=(2, 8, 8, 3),
        expected_params=(
            mapping + synthesis_size({4: 6, 8: 5}, 8, shown=2),
            8 + noise_values({4: 6, 8: 5}),
        ),
        tmp_path=tmp_path,
    )


def test_tall_synthesis_keeps_the_promises_of_a_network(tmp_path):
    network = run_network_test(
        StyleGANSynthesis,
        {"resolution": (24, 16), "w_dim": 8, "start_level": 16, "resample_taps": (1, 3, 3, 1)}
        | TINY,
        {"w_plus": sample(2, 6, 8)},
        expected_shape=(2, 24, 16, 3),
        expected_params=(synthesis_size(CHANNELS, 8, constant=24), 24 * 2 * (1 + 4 + 16)),
        xla=False,
        tmp_path=tmp_path,
    )
    assert network.resolution == (24, 16)


def test_discriminator_keeps_the_promises_of_a_network(tmp_path):
    run_network_test(
        StyleGANDiscriminator,
        {"resolution": 16, "start_level": 16} | TINY,
        {"images": sample(4, 16, 16, 3)},
        expected_shape=(4, 1),
        expected_params=(discriminator_size(CHANNELS), 0),
        half_limits={"mixed_bfloat16": 0.1},  # a logit is one sum with cancellation
        tmp_path=tmp_path,
    )


def test_growing_conditional_discriminator_keeps_the_promises_of_a_network(tmp_path):
    run_network_test(
        StyleGANDiscriminator,
        {
            "resolution": 8,
            "label_dim": 3,
            "group_size": None,
            "num_stddev_channels": 2,
            "img_channels": 1,
            "alpha": 0.5,
        }
        | TINY,
        {"images": sample(4, 8, 8, 1), "labels": sample(4, 3)},
        expected_shape=(4, 1),
        expected_params=(
            discriminator_size({4: 6, 8: 5}, shown=2, outputs=3, stddev=2, img_channels=1),
            0,
        ),
        half_limits={"mixed_bfloat16": 0.1},
        tmp_path=tmp_path,
    )


# === Sizes ===


def test_published_parameter_counts():
    with keras.StatelessScope(initialize_variables=False):  # shapes without memory
        g, d = StyleGANGenerator(1024), StyleGANDiscriminator(1024)
    assert count_params(g.trainable_variables) == 26_219_627
    assert list(g.synthesis.channels.values()) == [512, 512, 512, 512, 256, 128, 64, 32, 16]
    assert g.num_ws == len(g.synthesis.noise_shapes) == 18
    assert g.synthesis.noise_shapes[:3] == [(4, 4), (4, 4), (8, 8)]
    assert count_params(d.trainable_variables) == 23_087_249
    assert discriminator_size(d.channels, shown=9) == 23_087_249


@pytest.mark.parametrize("resolution", (8, 16, 32, 64, 128, 256, 512, 1024))
def test_every_resolution_can_be_built(resolution):
    with keras.StatelessScope(initialize_variables=False):
        g = StyleGANGenerator(resolution, channel_base=1024, channel_max=4)
        d = StyleGANDiscriminator(resolution, channel_base=1024, channel_max=4)
    assert g.resolution == d.resolution == (resolution, resolution)
    assert g.num_ws == 2 * np.log2(resolution) - 2


# === Resampling ===


def test_enlarge_repeats_pixels_and_shrink_takes_means():
    x = sample(2, 3, 2, 3)
    for factor in (1, 2, 8):
        large = np.repeat(np.repeat(x, factor, axis=1), factor, axis=2)
        assert_close(enlarge(tf.constant(x), factor), large, 1e-6)
        assert_close(shrink(tf.constant(large), factor), x, 1e-6)
    blocks = np.reshape(np.arange(16, dtype=np.float32), (1, 4, 4, 1))
    assert np.ravel(shrink(tf.constant(blocks), 2)).tolist() == [2.5, 4.5, 10.5, 12.5]


def test_a_block_enlarges_convolves_truly_and_blurs():
    """Repeated pixels, a convolution (the kernel turned), a blur; zeros around each."""
    block = StyleGANSynthesisBlock(4, use_noise=False, use_styles=False, normalization=None)
    x = sample(2, 3, 2, 5)
    block.build(x.shape, (None, 8))
    kernel = block.conv0.kernel.numpy()[::-1, ::-1] * np.sqrt(2 / 45)
    y = np.repeat(np.repeat(x, 2, axis=1), 2, axis=2)
    y = ref_convolution.conv2d(np.pad(y, ((0, 0), (1, 1), (1, 1), (0, 0))), kernel)
    y = ref_resampling.upfirdn2d(
        y, ref_resampling.resample_filter((1, 2, 1)), padding=(1, 1, 1, 1)
    )
    y = np.pad(np.maximum(y, 0.2 * y), ((0, 0), (1, 1), (1, 1), (0, 0)))
    y = ref_convolution.conv2d(y, block.conv1.kernel.numpy() * np.sqrt(2 / 36))
    w_plus = tf.zeros([2, 2, 8])
    assert_close(block.call(tf.constant(x), w_plus, [None, None]), np.maximum(y, 0.2 * y), 1e-5)


# === Growing ===


def growing(cls, **options):
    return randomized(cls(32, channel_base=128, channel_max=6, **options))


@pytest.mark.parametrize("level, below", STAGES)
def test_generator_fades_in_from_the_stage_before(level, below):
    generator, z = growing(StyleGANGenerator, z_dim=5, w_dim=5), sample(2, 5)
    before = generator(z, level=below)
    assert before.shape == (2, below, below, 3)
    enlarged = np.repeat(np.repeat(before, 2, axis=1), 2, axis=2)
    assert_close(generator(z, level=level, alpha=0.0), enlarged, CONTINUITY)
    grown = generator(z, level=level)
    assert np.max(np.abs(grown - enlarged)) > 0.1
    assert_close(generator(z, level=level, alpha=1.0), grown, 0)
    assert_close(generator(z, level=level, alpha=0.25), 0.25 * grown + 0.75 * enlarged, 1e-5)


@pytest.mark.parametrize("level, below", STAGES)
def test_discriminator_fades_in_from_the_stage_before(level, below):
    discriminator, images = growing(StyleGANDiscriminator), sample(4, level, level, 3)
    means = np.mean(np.reshape(images, (4, below, 2, below, 2, 3)), axis=(2, 4))
    before = discriminator(means, level=below)
    assert_close(discriminator(images, level=level, alpha=0.0), before, CONTINUITY)
    grown = discriminator(images, level=level)
    assert np.max(np.abs(grown - before)) > 1e-3
    assert_close(discriminator(images, level=level, alpha=1.0), grown, 0)


def test_a_stage_is_compiled_once_for_all_alphas():
    generator = growing(StyleGANGenerator, z_dim=5, w_dim=5)
    discriminator = growing(StyleGANDiscriminator)
    traces = []

    @tf.function
    def score(z, alpha, level):
        traces.append(level)
        images = generator(z, level=level, alpha=alpha)
        return images, discriminator(images, level=level, alpha=alpha)

    z = tf.constant(sample(4, 5))
    for level, alpha in itertools.product((8, 16), (0.0, 0.3, 1.0)):
        images, logits = score(z, tf.constant(alpha), level)
        expected = generator(z, level=level, alpha=alpha)
        assert_close(images, expected, 1e-5)
        assert_close(logits, discriminator(expected, level=level, alpha=alpha), 1e-4)
    assert traces == [8, 16]


@pytest.mark.parametrize("alpha, shown", ((1.0, (16,)), (0.5, (8, 16))))
def test_a_stage_learns_its_own_weights_only(alpha, shown):
    """Finer blocks and the colour layers of other levels take no part."""
    generator = growing(StyleGANGenerator, z_dim=5, w_dim=5)
    discriminator = growing(StyleGANDiscriminator)
    with tf.GradientTape() as tape:
        images = generator(sample(4, 5), level=16, alpha=alpha)
        total = tf.reduce_sum(discriminator(images, level=16, alpha=alpha))
    variables = generator.trainable_variables + discriminator.trainable_variables
    gradients = tape.gradient(total, [v.value for v in variables])
    for variable, gradient in zip(variables, gradients, strict=True):
        block = re.search(r"block_(\d+)", variable.path)
        level = int(block[1]) if block else 4
        used = level <= 16 and ("rgb" not in variable.path or level in shown)
        assert (gradient is not None) == used, variable.path


def test_a_growing_network_is_saved_at_its_stage(tmp_path):
    """Calls that name no stage have the full size: repeated pixels, means of pixels."""
    generator, z = growing(StyleGANGenerator, z_dim=5, w_dim=5), sample(2, 5)
    discriminator, images = growing(StyleGANDiscriminator), sample(4, 32, 32, 3)
    for network in (generator, discriminator):
        network.grow_to(8, alpha=0.25)
        network.save(tmp_path / f"{network.name}.keras")
    g = keras.saving.load_model(tmp_path / f"{generator.name}.keras")
    d = keras.saving.load_model(tmp_path / f"{discriminator.name}.keras")
    expected = enlarge(generator(z, level=8, alpha=0.25), 4)
    assert_close(g(z), expected, 1e-6)
    small = shrink(tf.constant(images), 4)
    assert_close(d(images), discriminator(small, level=8, alpha=0.25), 1e-6)
    assert_close(g(z, level=32), generator(z, level=32), 1e-6)
    for network in (g, d):
        assert (network.get_config()["level"], network.get_config()["alpha"]) == (8, 0.25)


def test_coarse_stages_read_coarse_rows_of_w_plus():
    synthesis = randomized(StyleGANSynthesis(16, w_dim=8, **TINY))
    w_plus = sample(1, 6, 8)
    image = synthesis(w_plus, level=8).numpy()
    for row in range(6):
        moved = w_plus.copy()
        moved[:, row] += 1
        changed = np.max(np.abs(synthesis(moved, level=8) - image)) > 1e-3
        assert changed == (row < 4), row
    synthesis.grow_to(4)
    assert synthesis(w_plus).shape == (1, 16, 16, 3)
    assert np.ptp(synthesis(w_plus).numpy()[0, :4, :4], axis=(0, 1)).max() == 0


# === Mapping, truncation, noise, labels ===


def test_generator_is_mapping_then_synthesis():
    generator, z = randomized(StyleGANGenerator(16, **TINY_G)), sample(2, 7)
    cut = {"truncation": 0.7, "truncation_cutoff": 2}
    w_plus = generator.mapping(z, **cut)
    whole = generator.mapping(z)
    average = generator.mapping.w_avg.numpy()
    assert_close(w_plus[:, :2], average + 0.7 * (whole[:, :2] - average), 1e-6)
    assert_close(w_plus[:, 2:], whole[:, 2:], 0)
    for noise in ("constant", "none"):
        expected = generator.synthesis(w_plus, noise=noise)
        assert_close(generator(z, noise=noise, **cut), expected, 1e-6)


def test_labels_enter_before_the_normalization():
    """sum(x²) over z and the embedded label together; one class moves the other's z."""
    mapping = StyleGANGenerator(8, label_dim=3, **TINY_G).mapping
    z, labels = sample(2, 7), np.eye(3, dtype=np.float32)[[0, 2]]
    x = np.concatenate([z, mapping.embed.kernel.numpy()[[0, 2]]], axis=1)
    x = x / np.sqrt(np.mean(x**2, axis=1, keepdims=True) + 1e-8)
    for layer in mapping.dense_layers:
        x = x @ layer.dense.kernel.numpy() * 0.01 * np.sqrt(2 / x.shape[1])
        x = np.maximum(x, 0.2 * x)
    assert_close(mapping(z, labels=labels)[:, 0], x, 1e-5)


def test_logits_of_classes_are_weighted_by_labels():
    discriminator = randomized(StyleGANDiscriminator(8, label_dim=3, **TINY))
    images = np.repeat(sample(1, 8, 8, 3), 4, axis=0)
    classes = np.eye(3, dtype=np.float32)[[0, 1, 2, 0]]
    logits = discriminator(images, labels=classes).numpy()
    assert len(np.unique(np.round(logits, 4))) == 3
    both = discriminator(images, labels=classes + np.roll(classes, 1, axis=1))
    others = discriminator(images, labels=np.roll(classes, 1, axis=1))
    assert_close(both, logits + others, 1e-5)


def test_constant_noise_repeats_and_given_maps_act():
    generator, z = randomized(StyleGANGenerator(16, **TINY_G)), sample(2, 7)
    synthesis = generator.synthesis
    maps = [style.noise_constant.numpy() for b in synthesis.blocks for style in b.styles]
    assert [m.shape[1:3] for m in maps] == synthesis.noise_shapes
    assert_close(generator(z), generator(z, noise=maps), 1e-6)
    zeros = [0 * m for m in maps]
    assert_close(generator(z, noise="none"), generator(z, noise=zeros), 1e-6)
    assert np.max(np.abs(generator(z) - generator(z, noise="none"))) > 1e-2
    assert_close(generator(z, noise=maps, level=8), generator(z, level=8), 1e-6)


def test_random_noise_differs_by_call_and_by_sample():
    generator = randomized(StyleGANGenerator(16, **TINY_G))
    z = np.repeat(sample(1, 7), 2, axis=0)
    fn = tf.function(lambda z: generator(z, noise="random"))
    first = fn(z)
    assert np.max(np.abs(first - fn(z))) > 1e-2, "drawn once, at tracing"
    assert np.max(np.abs(first[0] - first[1])) > 1e-2


@pytest.mark.parametrize("variant", ("tuned", "styles"))
def test_the_traditional_input_depends_on_w(variant):
    options = TINY_G | VARIANTS[variant]
    synthesis = StyleGANGenerator(8, **options).synthesis
    w_plus = sample(1, 4, options["w_dim"])
    moved = w_plus.copy()
    moved[:, 0] += 1
    assert np.max(np.abs(synthesis(moved) - synthesis(w_plus))) > 1e-2
    later = w_plus.copy()
    later[:, 1:] += 1
    change = np.max(np.abs(synthesis(later) - synthesis(w_plus)))
    assert (change > 1e-2) == (variant == "styles")


# === Wrong arguments ===


@pytest.mark.parametrize(
    "options, message",
    (
        ({"resolution": 12}, "resolution must be a power of two"),
        ({"start_level": 5}, r"start_level must be one of \[4, 8\]. Received: start_level=5"),
        ({"start_level": 8, "level": 4}, r"level must be one of \[8\]. Received: level=4"),
        ({"alpha": 1.5}, r"alpha must be in \[0, 1\]. Received: alpha=1.5"),
        ({"use_styles": False}, "Received: learned_constant=True, use_styles=False"),
        ({"normalization": "batch"}, "normalization='batch'"),
        ({"mapping_layers": 0}, "needs w_dim=7, the size of its input. Received: w_dim=8"),
        ({"z_dim": 0}, "z_dim=0"),
        ({"w_dim": 0}, "w_dim=0"),
        ({"img_channels": 0}, "img_channels=0"),
        ({"channels": {8: 0}}, "at least one channel"),
    ),
)
def test_wrong_arguments_of_a_generator(options, message):
    with pytest.raises(ValueError, match=message):
        StyleGANGenerator(**{"resolution": 8, **TINY_G, **options})


def test_wrong_calls():
    generator = StyleGANGenerator(8, label_dim=2, **TINY_G)
    discriminator = StyleGANDiscriminator(8, label_dim=2, **TINY)
    z, images = sample(1, 7), sample(1, 8, 8, 3)
    labels = np.ones([1, 2], np.float32)
    with pytest.raises(ValueError, match=r"labels \[N, 2\] are required"):
        generator(z)
    with pytest.raises(ValueError, match=r"labels \[N, 2\] are required"):
        discriminator(images)
    with pytest.raises(ValueError, match=r"level must be one of \[4, 8\]. Received: level=16"):
        generator(z, labels=labels, level=16)
    with pytest.raises(ValueError, match=r"w_plus must be \[N, 4, 8\]"):
        generator.synthesis(sample(1, 5, 8))
    with pytest.raises(ValueError, match="noise must be 'constant', 'random'"):
        generator(z, labels=labels, noise="some")
    with pytest.raises(ValueError, match="noise must have 4 maps, one a layer. Received: 1"):
        generator(z, labels=labels, noise=[z])
    with pytest.raises(ValueError, match=r"images must be \[N, 4, 4, 3\]"):
        discriminator(images, labels=labels, level=4)
    discriminator.grow_to(4)
    with pytest.raises(ValueError, match=r"images must be \[N, 8, 8, 3\]"):
        discriminator(images[:, :4, :4], labels=labels)
