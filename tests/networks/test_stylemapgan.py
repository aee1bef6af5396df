"""StyleMapGAN: promises, published sizes, stylemaps of any size, a stylemap for each code."""

import functools
import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.cases import assert_close, count_params, run_layer_test, run_network_test
from tfgan_edit.networks.stylegan2 import StyleGAN2Discriminator, channel_table
from tfgan_edit.networks.stylemapgan import (
    StyleMapGANBlock,
    StyleMapGANEncoder,
    StyleMapGANGenerator,
    StyleMapGANSynthesis,
    StylemapMapping,
)

TINY = {"stylemap_channels": 3, "channels": {4: 6, 8: 5, 16: 4}}


def sample(*shape, seed=1):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


# === Numbers of parameters, by arithmetic on the published table of layers ===


def modulated(fan_in, units, code, kernel_size=3):
    """γ and β, kernel and bias."""
    return 2 * (9 * code * fan_in + fan_in) + kernel_size**2 * fan_in * units + units


def synthesis_size(channels, stylemap_channels, stylemap_pixels, code_channels=None):
    """`channels`: {level: width} from the stylemap's level on."""
    widths = [channels[r] for r in sorted(channels)]
    codes = [code_channels or width for width in widths for _ in range(2)]
    total = sum(9 * a * b + b for a, b in zip([stylemap_channels, *codes], codes))
    total += stylemap_pixels * widths[0] + modulated(widths[0], widths[0], codes[0])
    for i, (before, after) in enumerate(zip(widths, widths[1:])):
        total += modulated(before, after, codes[2 * i + 1])
        total += modulated(after, after, codes[2 * i + 2]) + before * after
    return total + modulated(widths[-1], 3, codes[-1], kernel_size=1)


def mapping_size(channels, pixels, layers):
    units = channels * pixels
    return (layers - 1) * (channels**2 + channels) + channels * units + units


def encoder_size(channels, stylemap_channels):
    widths = [channels[r] for r in sorted(channels)]
    total = 3 * widths[-1] + widths[-1]
    for after, before in zip(widths, widths[1:]):
        total += 9 * before**2 + before + 9 * before * after + after + before * after
    return total + 9 * widths[0] * stylemap_channels + stylemap_channels


def published(resolution, size):
    levels = [size * 2**i for i in range(int(math.log2(resolution / size)) + 1)]
    return channel_table(levels)


@pytest.mark.parametrize(
    "resolution, size, small, generator, encoder",
    (
        (256, 8, False, 79_744_323, 17_617_600),
        (1024, 16, True, 21_243_619, 12_784_224),
        (1024, 32, True, 18_594_403, 7_802_464),
        (256, 4, False, 98_660_675, None),
        (256, 16, False, 61_500_739, None),
        (256, 32, False, 45_948_227, None),
    ),
)
def test_the_arithmetic_gives_the_published_numbers(resolution, size, small, generator, encoder):
    channels = published(resolution, size)
    total = synthesis_size(channels, 64, size**2, 64 if small else None)
    assert total + mapping_size(64, size**2, 8) == generator
    assert encoder in (None, encoder_size(channels, 64))


@pytest.mark.large
def test_published_networks_have_the_published_numbers():
    small = {"stylemap_size": 16, "code_channels": 64}
    counts = {
        StyleMapGANGenerator(256): 79_744_323,
        StyleMapGANGenerator(1024, **small): 21_243_619,
        StyleMapGANEncoder(256): 17_617_600,
        StyleMapGANEncoder(1024, stylemap_size=16): 12_784_224,
        StyleGAN2Discriminator(256): 28_864_129,
    }
    for network, count in counts.items():
        assert count_params(network.trainable_variables) == count, network.name


# === Promises ===


@pytest.mark.parametrize("code_channels", (None, 2))
def test_synthesis_keeps_the_promises_of_a_network(code_channels, tmp_path):
    channels = {4: 6, 8: 5}
    run_network_test(
        StyleMapGANSynthesis,
        {"resolution": 8, "stylemap_size": 4, "code_channels": code_channels, **TINY},
        {"stylemap": sample(2, 4, 4, 3)},
        expected_shape=(2, 8, 8, 3),
        expected_params=(synthesis_size(channels, 3, 16, code_channels), 0),
        xla=code_channels is None,
        tmp_path=tmp_path,
    )


def test_generator_keeps_the_promises_of_a_network(tmp_path):
    total = synthesis_size({8: 5, 16: 4}, 3, 64)
    run_network_test(
        StyleMapGANGenerator,
        {"resolution": 16, "mapping_layers": 2, **TINY},
        {"z": sample(2, 3)},
        expected_shape=(2, 16, 16, 3),
        expected_params=(total + mapping_size(3, 64, 2), 192),
        tmp_path=tmp_path,
    )


def test_encoder_keeps_the_promises_of_a_network(tmp_path):
    run_network_test(
        StyleMapGANEncoder,
        {"resolution": 16, "stylemap_size": 4, **TINY},
        {"images": sample(2, 16, 16, 3)},
        expected_shape=(2, 4, 4, 3),
        expected_params=(encoder_size(TINY["channels"], 3), 0),
        tmp_path=tmp_path,
    )


def test_mapping_keeps_the_promises_of_a_network(tmp_path):
    run_network_test(
        StylemapMapping,
        {"stylemap_shape": (4, 6, 3), "num_layers": 2},
        {"z": sample(2, 3)},
        expected_shape=(2, 4, 6, 3),
        expected_params=(mapping_size(3, 24, 2), 72),
        same_in_half=True,
        tmp_path=tmp_path,
    )


def test_block_keeps_the_promises_of_a_layer(tmp_path):
    run_layer_test(
        StyleMapGANBlock,
        {"channels": 4},
        (sample(2, 3, 4, 5), sample(2, 3, 4, 2), sample(2, 6, 8, 2)),
        expected_shape=(2, 6, 8, 4),
        expected_trainable=13,
        tmp_path=tmp_path,
    )


@pytest.mark.parametrize("resolution, size, shape", ((32, 16, (16, 16)), ((24, 16), 4, (6, 4))))
def test_stylemaps_of_other_shapes(resolution, size, shape):
    arguments = {"stylemap_size": size, "stylemap_channels": 2, "channel_max": 3}
    encoder = StyleMapGANEncoder(resolution, **arguments)
    generator = StyleMapGANGenerator(resolution, mapping_layers=1, **arguments)
    images = generator(sample(2, 2))
    assert images.shape[1:3] == generator.resolution == tuple(np.broadcast_to(resolution, 2))
    assert encoder(images).shape == (2, *shape, 2)
    assert generator.stylemap_shape == encoder.stylemap_shape == (*shape, 2)


@pytest.mark.parametrize("half_activations", (True, False))
def test_half_precision_of_the_finest_levels_only(half_activations):
    synthesis = StyleMapGANSynthesis(
        16, stylemap_size=4, num_half_res=1, half_activations=half_activations,
        dtype="mixed_bfloat16", **TINY,
    )
    codes = synthesis.codes(sample(1, 4, 4, 3))
    finest = "bfloat16" if half_activations else "float32"
    assert [code.dtype.name for code in codes] == ["float32"] * 4 + [finest] * 2
    assert synthesis.decode(codes).dtype == "float32"


# === What is special about it ===


@pytest.fixture(scope="module")
def generator():
    network = StyleMapGANGenerator(16, stylemap_size=4, mapping_layers=2, **TINY)
    random = np.random.default_rng(0)
    for weight in network.weights:
        weight.assign(weight + 0.3 * random.normal(size=weight.shape))
    return network


def test_truncation_goes_from_the_average_stylemap_to_the_stylemap(generator):
    z = sample(2, 3)
    average = generator.mapping.w_avg.numpy().reshape(1, 4, 4, 3)
    whole, none = generator.mapping(z), generator.mapping(z, truncation=0.0)
    assert_close(none, np.repeat(average, 2, axis=0), 1e-6)
    half = generator.mapping(z, truncation=0.5)
    assert_close(half, (whole + average) / 2, 1e-6)
    assert_close(generator(z, truncation=0.5), generator.synthesis(half), 1e-6)
    with pytest.raises(ValueError, match="truncated as a whole.*truncation_cutoff=2"):
        generator.mapping(z, truncation_cutoff=2)


def test_a_stylemap_for_each_code(generator):
    """Code i is the i-th code of the i-th stylemap; equal stylemaps are as one."""
    synthesis = generator.synthesis
    assert synthesis.num_codes == generator.num_codes == 6
    stylemaps = sample(2, 6, 4, 4, 3)
    codes = synthesis.codes(stylemaps)
    for i in range(6):
        assert_close(codes[i], synthesis.codes(stylemaps[:, i])[i], 1e-5, f"code {i}")
    assert [code.shape[1] for code in codes] == [4, 4, 8, 8, 16, 16]
    same = np.repeat(stylemaps[:, :1], 6, axis=1)
    assert_close(synthesis(same), synthesis(stylemaps[:, 0]), 1e-5)


@pytest.mark.parametrize("norm, factor", ((None, 5), ("layer", 1)))
def test_a_patch_of_the_stylemap_changes_its_place_most(norm, factor):
    """Latents have space; but the joint norm, by which a change reaches everywhere."""
    stylemap = sample(1, 4, 4, 3)
    changed = stylemap.copy()
    changed[:, 0, 0] += 3
    near = far = 0.0
    for seed in range(8):  # single random networks may have it otherwise
        keras.utils.set_random_seed(seed)
        synthesis = StyleMapGANSynthesis(16, stylemap_size=4, norm=norm, **TINY)
        change = np.abs(synthesis(changed) - synthesis(stylemap)).mean((0, 3))
        near, far = near + change[:4, :4].mean(), far + change[13:, 13:].mean()
    assert near > factor * far


def test_the_batch_may_be_unknown(generator):
    encoder = StyleMapGANEncoder(16, stylemap_size=4, **TINY)

    @functools.partial(tf.function, autograph=False, reduce_retracing=True)
    def reconstruct(images):
        return generator.synthesis(encoder(images))

    graph = reconstruct.get_concrete_function(tf.TensorSpec([None, 16, 16, 3]))
    for size in (1, 3):
        images = sample(size, 16, 16, 3)
        expected = generator.synthesis(encoder(images))
        assert_close(graph(tf.constant(images)), expected, 1e-5)
    outputs = [t for op in graph.graph.get_operations() for t in op.outputs]
    assert not [t for t in outputs if len(t.shape) > 4]  # phones' graphics processors take no more


@pytest.mark.parametrize(
    "cls, arguments, message",
    (
        (StyleMapGANSynthesis, {"resolution": 16, "stylemap_size": 16}, "4, 8 for resolution=16"),
        (StyleMapGANEncoder, {"resolution": 16, "stylemap_size": 6}, "stylemap_size=6"),
        (StyleMapGANEncoder, {"resolution": 20}, "resolution=20"),
        (StyleMapGANEncoder, {"resolution": 16, "stylemap_channels": 0}, "stylemap_channels=0"),
        (StyleMapGANSynthesis, {"resolution": 16, "code_channels": 0}, "code_channels=0"),
        (StyleMapGANSynthesis, {"resolution": 16, "norm": "batch"}, "norm='batch'"),
        (StyleMapGANGenerator, {"resolution": 16, "mapping_layers": 0}, "num_layers=0"),
    ),
)
def test_wrong_arguments_are_named(cls, arguments, message):
    with pytest.raises(ValueError, match=message):
        cls(**arguments)


def test_wrong_inputs_are_named(generator):
    with pytest.raises(ValueError, match=r"stylemap must be \[N, 4, 4, 3\].*6 behind N"):
        generator.synthesis(sample(2, 8, 8, 3))
    with pytest.raises(ValueError, match="codes must be 6. Received: 5"):
        generator.synthesis.decode(generator.synthesis.codes(sample(1, 4, 4, 3))[:5])
    with pytest.raises(ValueError, match=r"images must be \[N, 16, 16, 3\]"):
        StyleMapGANEncoder(16, **TINY)(sample(1, 8, 8, 3))
