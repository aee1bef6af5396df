"""StyleGAN2: promises, published sizes, architectures, noise, labels, wrong arguments."""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.cases import assert_close, count_params, run_network_test, weights_of
from tests.networks import stylegan2_sizes as sizes
from tfgan_edit.networks.stylegan2 import (
    StyleGAN2Discriminator,
    StyleGAN2Generator,
    StyleGAN2Synthesis,
    channel_table,
    levels_of,
)

CHANNELS = {4: 6, 8: 5, 16: 4}
TINY = {"channels": CHANNELS}
TINY_G = TINY | {"z_dim": 7, "w_dim": 8, "mapping_layers": 2}
ARCHITECTURES = ("skip", "resnet", "orig")


def sample(*shape, seed=1):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def noisy(generator):
    """The generator with noise that shows."""
    for block in generator.synthesis.blocks:
        for layer in block.convolutions:
            layer.noise_strength.assign(0.5)
    return generator


# === Promises of every network ===


@pytest.mark.parametrize(
    "resolution, constant", ((16, (4, 4)), ((24, 16), (6, 4))), ids=("square", "tall")
)
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_generator_keeps_the_promises_of_a_network(
    architecture, resolution, constant, tmp_path
):
    network = run_network_test(
        StyleGAN2Generator,
        TINY_G | {"resolution": resolution, "architecture": architecture},
        {"z": sample(2, 7)},
        expected_shape=(2, 4 * constant[0], 4 * constant[1], 3),
        expected_params=(
            sizes.mapping(7, 8, 2) + sizes.synthesis(CHANNELS, 8, architecture, constant),
            sizes.noise_maps(CHANNELS, constant) + 8,  # and w_avg
        ),
        xla=constant == (4, 4),
        tmp_path=tmp_path,
    )
    assert network.num_ws == 6
    assert network.resolution == (4 * constant[0], 4 * constant[1])


def test_conditional_generator_keeps_the_promises_of_a_network(tmp_path):
    run_network_test(
        StyleGAN2Generator,
        TINY_G
        | {
            "resolution": 8,
            "label_dim": 3,
            "mapping_dim": 9,
            "img_channels": 4,
            "clamp": 256,
            "resample_taps": (1, 2, 1),
            "num_half_res": 1,
        },
        {"z": sample(2, 7), "labels": sample(2, 3)},
        expected_shape=(2, 8, 8, 4),
        expected_params=(
            sizes.mapping(7, 8, 2, label_dim=3, hidden_dim=9)
            + sizes.synthesis({4: 6, 8: 5}, 8, img_channels=4),
            sizes.noise_maps({4: 6, 8: 5}) + 8,
        ),
        tmp_path=tmp_path,
    )


def test_synthesis_keeps_the_promises_of_a_network(tmp_path):
    run_network_test(
        StyleGAN2Synthesis,
        {"resolution": 16, "w_dim": 8, "half_activations": False} | TINY,
        {"w_plus": sample(2, 6, 8)},
        expected_shape=(2, 16, 16, 3),
        expected_params=(sizes.synthesis(CHANNELS, 8), sizes.noise_maps(CHANNELS)),
        xla=False,
        tmp_path=tmp_path,
    )


@pytest.mark.parametrize(
    "resolution, constant", ((16, (4, 4)), ((16, 24), (4, 6))), ids=("square", "wide")
)
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_discriminator_keeps_the_promises_of_a_network(
    architecture, resolution, constant, tmp_path
):
    run_network_test(
        StyleGAN2Discriminator,
        {"resolution": resolution, "architecture": architecture} | TINY,
        {"images": sample(4, 4 * constant[0], 4 * constant[1], 3)},
        expected_shape=(4, 1),
        expected_params=(sizes.discriminator(CHANNELS, architecture, constant=constant), 0),
        xla=constant == (4, 4),
        half_limits={"mixed_bfloat16": 0.1},  # a logit is one sum with cancellation
        tmp_path=tmp_path,
    )


def test_conditional_discriminator_keeps_the_promises_of_a_network(tmp_path):
    options = {
        "resolution": 8,
        "label_dim": 3,
        "mapping_layers": 2,
        "mapping_lr_multiplier": 0.1,
        "group_size": None,
        "num_stddev_channels": 2,
        "img_channels": 1,
        "clamp": 256,
    }
    run_network_test(
        StyleGAN2Discriminator,
        options | TINY,
        {"images": sample(4, 8, 8, 1), "labels": sample(4, 3)},
        expected_shape=(4, 1),
        expected_params=(
            sizes.discriminator(
                {4: 6, 8: 5},
                label_dim=3,
                mapping_layers=2,
                img_channels=1,
                stddev_channels=2,
            ),
            0,
        ),
        half_limits={"mixed_bfloat16": 0.1},
        tmp_path=tmp_path,
    )


def test_discriminator_with_an_output_a_label_keeps_the_promises_of_a_network(tmp_path):
    count = sizes.discriminator({4: 6, 8: 5}) - sizes.dense(16 * 6, 6) - sizes.dense(6, 1)
    run_network_test(
        StyleGAN2Discriminator,
        {"resolution": 8, "label_dim": 3, "label_logits": True, "dense_dim": 9} | TINY,
        {"images": sample(4, 8, 8, 3), "labels": sample(4, 3)},
        expected_shape=(4, 1),
        expected_params=(count + sizes.dense(16 * 6, 9) + sizes.dense(9, 3), 0),
        half_limits={"mixed_bfloat16": 0.1},
        tmp_path=tmp_path,
    )


# === Sizes ===


def test_arithmetic_of_sizes_gives_the_published_numbers():
    table = channel_table([4 * 2**i for i in range(9)])
    assert sizes.mapping(512, 512, 8) + sizes.synthesis(table, 512) == 30_370_060
    assert sizes.discriminator(table) == 29_012_513


@pytest.mark.parametrize(
    "resolution, channel_base, generator, discriminator",
    (
        (1024, 32768, 30_370_060, 29_012_513),
        (512, 32768, 30_276_583, 28_982_849),
        (256, 32768, 30_034_338, 28_864_129),
        (256, 16384, 24_767_458, 24_001_089),
        (1024, 16384, 24_900_764, 24_038_161),
    ),
)
def test_published_parameter_counts(resolution, channel_base, generator, discriminator):
    with keras.StatelessScope(initialize_variables=False):  # shapes without memory
        g = StyleGAN2Generator(resolution, channel_base=channel_base)
        shallow = StyleGAN2Generator(resolution, channel_base=channel_base, mapping_layers=2)
        d = StyleGAN2Discriminator(resolution, channel_base=channel_base)
    assert count_params(g.trainable_variables) == generator
    assert count_params(d.trainable_variables) == discriminator
    # two mapping layers instead of eight: six times 512 * 512 + 512 less
    assert count_params(shallow.trainable_variables) == generator - 6 * 262_656


@pytest.mark.parametrize(
    "base, expected",
    (
        (32768, [512, 512, 512, 512, 512, 256, 128, 64, 32]),
        (16384, [512, 512, 512, 512, 256, 128, 64, 32, 16]),
    ),
)
def test_published_channels(base, expected):
    levels = [4 * 2**i for i in range(9)]
    assert list(channel_table(levels, base).values()) == expected


@pytest.mark.parametrize(
    "resolution, num_ws", ((1024, 18), (512, 16), (256, 14), (128, 12), (64, 10), (32, 8))
)
def test_published_number_of_rows_and_noise_maps(resolution, num_ws):
    with keras.StatelessScope(initialize_variables=False):
        synthesis = StyleGAN2Synthesis(resolution, channels=dict.fromkeys(CHANNELS, 2))
    assert synthesis.num_ws == num_ws
    shapes = synthesis.noise_shapes
    assert len(shapes) == num_ws - 1
    assert shapes[0] == (4, 4)
    assert shapes[-2:] == [(resolution, resolution)] * 2


@pytest.mark.parametrize(
    "resolution, levels, constant",
    (
        (8, [4, 8], (4, 4)),
        (64, [4, 8, 16, 32, 64], (4, 4)),
        ((64, 64), [4, 8, 16, 32, 64], (4, 4)),
        ((96, 64), [4, 8, 16, 32, 64], (6, 4)),
        ((64, 160), [4, 8, 16, 32, 64], (4, 10)),
    ),
)
def test_levels(resolution, levels, constant):
    assert levels_of(resolution) == (levels, constant)


@pytest.mark.parametrize(
    "cls, batch_shape",
    ((StyleGAN2Generator, (1, 512)), (StyleGAN2Discriminator, (1, 128, 128, 3))),
)
@pytest.mark.large
def test_default_widths_run(cls, batch_shape):
    output = cls(128)(sample(*batch_shape))
    assert np.all(np.isfinite(output))


# === Generator ===


def test_attributes_of_a_generator():
    generator = StyleGAN2Generator(16, label_dim=3, **TINY_G)
    assert (generator.z_dim, generator.w_dim, generator.label_dim) == (7, 8, 3)
    assert (generator.resolution, generator.img_channels) == ((16, 16), 3)
    assert generator.num_ws == generator.mapping.num_ws == generator.synthesis.num_ws == 6
    assert generator.mapping.w_avg.shape == (8,)


def test_generator_is_mapping_then_synthesis():
    generator, z = noisy(StyleGAN2Generator(16, **TINY_G)), sample(2, 7)
    generator.mapping.w_avg.assign(sample(8))
    w_plus = generator.mapping(z, truncation=0.5, truncation_cutoff=2)
    for noise in ("constant", "none"):
        expected = generator.synthesis(w_plus, noise=noise)
        actual = generator(z, truncation=0.5, truncation_cutoff=2, noise=noise)
        assert_close(actual, expected, 1e-6)


def test_constant_noise_repeats_and_is_stored():
    generator, z = noisy(StyleGAN2Generator(16, **TINY_G)), sample(2, 7)
    assert_close(generator(z), generator(z), 0)
    layers = [layer for b in generator.synthesis.blocks for layer in b.convolutions]
    maps = [layer.noise_constant.numpy() for layer in layers]
    assert [m.shape[1:3] for m in maps] == generator.synthesis.noise_shapes
    assert_close(generator(z, noise=maps), generator(z), 1e-6)
    assert not any(layer.noise_constant.trainable for layer in layers)


def test_random_noise_differs_by_call_and_by_sample():
    generator = noisy(StyleGAN2Generator(16, **TINY_G))
    z = np.repeat(sample(1, 7), 2, axis=0)
    first, second = generator(z, noise="random"), generator(z, noise="random")
    assert np.max(np.abs(first - second)) > 1e-2
    assert np.max(np.abs(first[0] - first[1])) > 1e-2
    fn = tf.function(lambda z: generator(z, noise="random"))
    assert np.max(np.abs(fn(z) - fn(z))) > 1e-2, "drawn once, at tracing"


def test_random_noise_repeats_with_the_seed():
    def draw():
        keras.utils.set_random_seed(7)
        return noisy(StyleGAN2Generator(16, **TINY_G))(sample(2, 7), noise="random")

    assert_close(draw(), draw(), 0)


def test_no_noise_equals_maps_of_zeros():
    generator, z = noisy(StyleGAN2Generator(16, **TINY_G)), sample(2, 7)
    zeros = [np.zeros([1, h, w, 1], np.float32) for h, w in generator.synthesis.noise_shapes]
    assert_close(generator(z, noise="none"), generator(z, noise=zeros), 1e-6)
    assert np.max(np.abs(generator(z) - generator(z, noise="none"))) > 1e-2


def test_noise_maps_of_one_or_of_each_sample():
    generator, z = noisy(StyleGAN2Generator(8, **TINY_G)), sample(2, 7)
    shapes = generator.synthesis.noise_shapes
    one = [sample(1, h, w, 1, seed=i) for i, (h, w) in enumerate(shapes)]
    both = [np.concatenate([m, 0 * m]) for m in one]
    actual = generator(z, noise=both)
    assert_close(actual[:1], generator(z[:1], noise=one), 1e-5)
    assert_close(actual[1:], generator(z[1:], noise="none"), 1e-5)


def test_gradient_reaches_given_noise_maps():
    """The projector optimises them."""
    generator, z = noisy(StyleGAN2Generator(8, **TINY_G)), sample(1, 7)
    maps = [tf.Variable(sample(1, h, w, 1)) for h, w in generator.synthesis.noise_shapes]
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(generator(z, noise=maps) ** 2)
    for gradient in tape.gradient(total, maps):
        assert np.any(gradient != 0)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_each_row_of_w_plus_moves_its_layers_only(architecture):
    """Rows act from coarse to fine; the last row feeds the last colour layer alone."""
    synthesis = StyleGAN2Synthesis(16, w_dim=8, architecture=architecture, **TINY)
    w_plus = sample(1, 6, 8)
    image = synthesis(w_plus).numpy()
    for row in range(6):
        moved = w_plus.copy()
        moved[:, row] += 1
        assert np.max(np.abs(synthesis(moved) - image)) > 1e-3, row
    # A change of the last row acts pixel by pixel, as a change of colour: with the
    # modulated 1x1 convolution linear in its style, two changes add up.
    a, b, both = w_plus.copy(), w_plus.copy(), w_plus.copy()
    a[:, 5, 0] += 1
    b[:, 5, 1] += 1
    both[:, 5, :2] += 1
    change = synthesis(a) - image + synthesis(b) - image
    assert_close(change, synthesis(both) - image, 1e-3)


def test_clamp_bounds_the_image():
    options = TINY_G | {"architecture": "orig", "clamp": 0.01}
    image = StyleGAN2Generator(16, **options)(100 * sample(2, 7)).numpy()
    assert np.max(np.abs(image)) <= 0.01 * (1 + 1e-6)


def test_wrong_inputs_of_the_synthesis_are_named():
    synthesis = StyleGAN2Synthesis(16, w_dim=8, **TINY)
    with pytest.raises(ValueError, match=r"w_plus .*6, 8.*1, 5, 8"):
        synthesis(sample(1, 5, 8))
    with pytest.raises(ValueError, match=r"noise.*'fixed'"):
        synthesis(sample(1, 6, 8), noise="fixed")
    with pytest.raises(ValueError, match=r"noise.*5 maps.*2"):
        synthesis(sample(1, 6, 8), noise=[sample(1, 4, 4, 1)] * 2)


def test_conditional_generator_requires_labels():
    generator = StyleGAN2Generator(8, label_dim=3, **TINY_G)
    with pytest.raises(ValueError, match="labels=None"):
        generator(sample(1, 7))
    labels = np.eye(3, dtype=np.float32)[:2]
    z = np.repeat(sample(1, 7), 2, axis=0)
    images = generator(z, labels)
    assert np.max(np.abs(images[0] - images[1])) > 1e-3


# === Discriminator ===


@pytest.mark.parametrize("group_size", (1, 2, 4, None))
def test_group_size_decides_who_sees_whom(group_size):
    """Sample 0 moves the logits of its group: those with the same rest modulo N / G."""
    discriminator = StyleGAN2Discriminator(8, group_size=group_size, **TINY)
    images = sample(8, 8, 8, 3)
    moved = images.copy()
    moved[0] += 1
    change = np.abs(discriminator(moved) - discriminator(images))[:, 0]
    groups = 8 // (group_size or 8)
    expected = [b == 0 or (group_size != 1 and b % groups == 0) for b in range(8)]
    np.testing.assert_array_equal(change > 1e-6, expected)


def test_without_minibatch_statistic_samples_are_independent():
    discriminator = StyleGAN2Discriminator(8, num_stddev_channels=0, **TINY)
    images = sample(3, 8, 8, 3)
    alone = [discriminator(images[i : i + 1]) for i in range(3)]
    assert_close(discriminator(images), np.concatenate(alone), 1e-5)


def test_label_projection_is_linear_in_the_last_layer():
    discriminator = StyleGAN2Discriminator(8, label_dim=3, mapping_layers=1, **TINY)
    images = np.repeat(sample(1, 8, 8, 3), 2, axis=0)
    labels = np.eye(3, dtype=np.float32)[:2]
    logits = discriminator(images, labels)
    assert abs(float(logits[0, 0] - logits[1, 0])) > 1e-3
    projection = discriminator.mapping(labels, labels=labels)
    # x . y / sqrt(width): undo the projection with the features of the last layer
    discriminator.logits.kernel.assign(np.zeros([6, 6]))
    discriminator.logits.bias.assign(np.ones(6))
    expected = tf.reduce_sum(projection, axis=1, keepdims=True) / 6**0.5
    assert_close(discriminator(images, labels), expected, 1e-5)
    with pytest.raises(ValueError, match="labels=None"):
        discriminator(images)


# fromrgb, conv0, conv1 and skip of the finest block, then the next block
@pytest.mark.parametrize(
    "architecture, count, frozen",
    (
        ("resnet", 0, []),
        ("resnet", 1, ["block_16/fromrgb"]),
        (
            "resnet",
            4,
            ["block_16/fromrgb", "block_16/conv0", "block_16/conv1", "block_16/skip"],
        ),
        ("resnet", 5, None),
        ("orig", 3, ["block_16/fromrgb", "block_16/conv0", "block_16/conv1"]),
        ("skip", 4, None),
    ),
)
def test_freeze_layers(architecture, count, frozen, tmp_path):
    options = TINY | {"architecture": architecture, "freeze_layers": count}
    discriminator = StyleGAN2Discriminator(16, **options)
    if frozen is None:  # one layer of the second block
        second = {"resnet": "block_8/conv0", "skip": "block_8/fromrgb"}[architecture]
        first = ("fromrgb", "conv0", "conv1", "skip")[: count - 1]
        frozen = [f"block_16/{name}" for name in first] + [second]

    def names(network):
        return {
            v.path.split("/", 1)[1].rsplit("/", 1)[0] for v in network.non_trainable_variables
        }

    assert names(discriminator) == set(frozen)
    free = StyleGAN2Discriminator(16, **(options | {"freeze_layers": 0}))
    assert count_params(discriminator.variables) == count_params(free.variables)
    path = str(tmp_path / "d.keras")
    discriminator.save(path)
    assert names(keras.saving.load_model(path)) == set(frozen)


def test_wrong_images_are_named():
    discriminator = StyleGAN2Discriminator(8, **TINY)
    with pytest.raises(ValueError, match=r"images .*8, 8, 3.*16, 8, 3"):
        discriminator(sample(2, 16, 8, 3))


# === Both ===


@pytest.mark.parametrize("policy", ("mixed_bfloat16", "mixed_float16"))
def test_levels_in_half_precision(policy):
    def products(network, **options):
        return [b.compute_dtype for b in network(16, dtype=policy, **options, **TINY).blocks]

    half = policy.removeprefix("mixed_")
    for count, expected in (
        (0, ["float32", "float32", "float32"]),
        (1, ["float32", "float32", half]),
        (2, ["float32", half, half]),
        (9, ["float32", half, half]),  # 4x4 never
    ):
        assert products(StyleGAN2Synthesis, num_half_res=count) == expected
        assert products(StyleGAN2Discriminator, num_half_res=count) == expected[:0:-1]


@pytest.mark.parametrize("policy", ("mixed_bfloat16", "mixed_float16"))
@pytest.mark.parametrize("how", ("argument", "global"))
def test_no_level_in_half_precision_is_float32(policy, how):
    """A mixed policy rounds nothing but what `num_half_res` names: no input, no w."""
    z, images = sample(2, 7), sample(2, 16, 16, 3)
    labels = sample(2, 3)
    exact = [
        noisy(StyleGAN2Generator(16, label_dim=3, **TINY_G)),
        StyleGAN2Discriminator(16, label_dim=3, **TINY),
    ]
    exact[0].mapping.w_avg.assign(sample(8))
    if how == "global":
        keras.config.set_dtype_policy(policy)
    options = {"num_half_res": 0} | ({"dtype": policy} if how == "argument" else {})
    mixed = [
        StyleGAN2Generator(16, label_dim=3, **options, **TINY_G),
        StyleGAN2Discriminator(16, label_dim=3, **options, **TINY),
    ]
    for a, b in zip(mixed, exact, strict=True):
        assert a.dtype_policy.name == policy
        a.set_weights(b.get_weights())
    for noise in ("constant", "none"):
        assert_close(
            mixed[0](z, labels, truncation=0.5, noise=noise),
            exact[0](z, labels, truncation=0.5, noise=noise),
            1e-6,
        )
    w_plus = exact[0].mapping(z, labels=labels)
    assert_close(mixed[0].synthesis(w_plus), exact[0].synthesis(w_plus), 1e-6)
    assert_close(mixed[1](images, labels), exact[1](images, labels), 1e-6)


@pytest.mark.parametrize("cls", (StyleGAN2Synthesis, StyleGAN2Discriminator))
@pytest.mark.parametrize(
    "options, message",
    (
        ({"resolution": 4}, "resolution=4"),
        ({"resolution": 48}, "resolution=48"),
        ({"resolution": 0}, "resolution=0"),
        ({"resolution": (9, 16)}, r"resolution=\(9, 16\)"),
        ({"resolution": (16, 4)}, r"resolution=\(16, 4\)"),
        ({"resolution": (16, 16, 3)}, r"resolution=\(16, 16, 3\)"),
        ({"resolution": "64"}, "resolution='?64"),
        ({"resolution": 16.0}, "resolution=16.0"),
        ({"architecture": "residual"}, "architecture='residual'"),
        ({"channel_base": 0}, "channel_base=0"),
        ({"channel_max": 0}, "channel_max=0"),
        ({"channels": {8: 0}}, r"channels=\{8: 0\}"),
        ({"img_channels": 0}, "img_channels=0"),
        ({"clamp": -1}, "clamp=-1"),
        ({"num_half_res": -1}, "num_half_res=-1"),
    ),
)
def test_wrong_arguments_are_named(cls, options, message):
    with pytest.raises(ValueError, match=message):
        cls(**({"resolution": 16, "channel_base": 32} | options))


@pytest.mark.parametrize(
    "cls, options, message",
    (
        (StyleGAN2Generator, {"z_dim": 0}, "z_dim=0"),
        (StyleGAN2Generator, {"w_dim": 0}, "w_dim=0"),
        (StyleGAN2Generator, {"label_dim": -1}, "label_dim=-1"),
        (StyleGAN2Generator, {"mapping_layers": -1}, "_layers=-1"),
        (StyleGAN2Discriminator, {"group_size": 0}, "group_size=0"),
        (StyleGAN2Discriminator, {"num_stddev_channels": -1}, "num.*_channels=-1"),
        (StyleGAN2Discriminator, {"freeze_layers": 99}, "freeze_layers=99"),
        (StyleGAN2Discriminator, {"freeze_layers": -1}, "freeze_layers=-1"),
        (StyleGAN2Discriminator, {"label_dim": -1}, "label_dim=-1"),
    ),
)
def test_more_wrong_arguments_are_named(cls, options, message):
    with pytest.raises(ValueError, match=message):
        cls(16, **({"channel_base": 32} | options))


@pytest.mark.parametrize(
    "network",
    (
        lambda: StyleGAN2Generator((24, 16), label_dim=2, architecture="resnet", **TINY_G),
        lambda: StyleGAN2Discriminator((16, 8), group_size=None, freeze_layers=2, **TINY),
    ),
    ids=("generator", "discriminator"),
)
def test_config_is_json_and_complete(network):
    network = network()
    config = json.loads(json.dumps(network.get_config()))
    rebuilt = type(network).from_config(config)
    assert rebuilt.get_config() == network.get_config()
    for a, b in zip(weights_of(rebuilt), weights_of(network), strict=True):
        assert (a.path, a.shape, a.trainable) == (b.path, b.shape, b.trainable)


def test_unknown_argument_is_refused():
    with pytest.raises((TypeError, ValueError), match="widht"):
        StyleGAN2Generator(16, widht=3)
