"""ISF-GAN's networks: promises, published sizes, what each option changes."""

import numpy as np
import pytest
import tensorflow as tf

from tests.cases import assert_close, count_params, run_layer_test, run_network_test
from tfgan_edit.networks.isf_gan import (
    AdaptiveLayerNorm,
    ImplicitStyleFunction,
    ISFGANDiscriminator,
    PreActivationBlock,
)

NAMES = ["smile", "glasses"]
TINY = {"num_ws": 3, "label_names": NAMES, "w_dim": 6, "z_dim": 4, "hidden_dim": 5}


def normal(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def inputs(rows=3, count=2):
    labels = np.eye(2, dtype=np.float32)[np.arange(count) % 2]
    return {"w_plus": normal(count, rows, 6), "labels": labels, "z": normal(count, 4, seed=1)}


def parameters(*, norms, adaptive):
    """By the table of layers: f1's shared and own layers, the adaptive norm, f2."""
    shared = (6 * 5 + 5) + 3 * (5 * 5 + 5 + 2 * 5)
    own = 3 * (2 * (5 * 5 + 5) + (5 * 6 + 6))
    return shared + own + adaptive + 3 * (6 * 6 + 6) + norms * 2 * 6


DENSE = 6 * 12 + 12  # of the adaptive norm
NARROW = (6 * 3 + 3) + (3 * 3 + 3) + (3 * 6 + 6) - 3 * (6 * 6 + 6)  # of an f2 of width 3


@pytest.mark.parametrize(
    ("options", "norms", "adaptive"),
    [
        ({}, 3, DENSE + 12),
        ({"pre_norm": False, "residual": True}, 2, DENSE + 12),
        ({"after_dim": 3}, 2, DENSE + 12 + NARROW),
        ({"after_dim": 3, "pre_norm": False}, 1, DENSE + 12 + NARROW),
        ({"norm": "adain"}, 3, DENSE),
        ({"norm": "none", "pre_norm": False}, 2, 0),
    ],
)
def test_style_function(options, norms, adaptive, tmp_path):
    run_network_test(
        ImplicitStyleFunction,
        TINY | options,
        inputs(),
        expected_shape=(2, 3, 6),
        expected_params=(parameters(norms=norms, adaptive=adaptive), 0),
        same_in_half=True,
        xla=not options,  # one of them: they differ in which layers there are
        tmp_path=tmp_path,
    )


@pytest.mark.parametrize(
    ("options", "count"),
    [
        ({}, 16_327_168),
        ({"pre_norm": False}, 16_326_144),
        ({"norm": "adain"}, 16_326_144),
        ({"norm": "none"}, 15_800_832),
        ({"num_ws": 14, "label_names": ["dog"]}, 13_173_760),
        ({"num_ws": 1}, 2_931_712),
    ],
)
def test_published_sizes(options, count):
    settings = {"num_ws": 18, "label_names": ["a", "b", "c", "d"]} | options
    assert ImplicitStyleFunction(**settings).count_params() == count


def test_discriminator_has_the_published_size():
    assert count_params(ISFGANDiscriminator(256, 4).variables) == 25_048_645


@pytest.mark.parametrize(
    ("resolution", "label_dim", "width", "channels"), [(16, 2, 3, (6, 10)), ((8, 12), 1, 4, (8,))]
)
def test_discriminator(resolution, label_dim, width, channels, tmp_path):
    """Stem, blocks, two heads; a shortcut only where the width changes."""
    sides = np.broadcast_to(resolution, 2)
    map_sides = sides // 2 ** len(channels)
    count, before = 27 * width + width, width
    for filters in channels:
        count += 9 * before * before + before + 9 * before * filters + filters
        count += before * filters if filters != before else 0
        before = filters
    for outputs in (1, label_dim):
        count += map_sides.prod() * before**2 + before + before * outputs + outputs
    run_network_test(
        ISFGANDiscriminator,
        {"resolution": resolution, "label_dim": label_dim, "width": width, "channel_max": 10},
        {"images": normal(2, *sides, 3)},
        expected_shape=(2, 1 + label_dim),
        expected_params=(count, 0),
        tmp_path=tmp_path,
    )


def test_larger_images_are_averaged():
    discriminator = ISFGANDiscriminator(8, 2, width=4)
    images = normal(2, 16, 16, 3)
    small = tf.nn.avg_pool2d(images, 2, 2, "VALID")
    np.testing.assert_array_equal(discriminator(images), discriminator(small))
    source, attributes = discriminator.heads(images)
    assert source.shape == (2, 1) and attributes.shape == (2, 2)
    with pytest.raises(ValueError, match=r"images must be \[N, 8, 8, 3\] or a multiple"):
        discriminator(images[:, :12])


@pytest.mark.parametrize("filters", [4, 3])
def test_block(filters, tmp_path):
    run_layer_test(
        PreActivationBlock,
        {"filters": filters},
        (normal(2, 6, 8, 4),),
        expected_shape=(2, 3, 4, filters),
        expected_trainable=4 if filters == 4 else 5,
        tmp_path=tmp_path,
    )


@pytest.mark.parametrize("affine", [True, False])
def test_adaptive_norm(affine, tmp_path):
    x, style = normal(2, 3, 6), normal(2, 3, 4, seed=1)
    layer = run_layer_test(
        AdaptiveLayerNorm,
        {"affine": affine},
        (x, style),
        expected_shape=(2, 3, 6),
        expected_trainable=4 if affine else 2,
        tmp_path=tmp_path,
    )
    normalized = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-5)
    if affine:
        normalized = normalized * layer.norm.gamma.numpy() + layer.norm.beta.numpy()
    gamma, beta = np.split(style @ layer.dense.kernel.numpy() + layer.dense.bias.numpy(), 2, -1)
    assert_close(layer(x, style), (1 + gamma) * normalized + beta, 1e-5)


def test_rows_have_styles_of_their_own():
    function = ImplicitStyleFunction(**TINY)
    styles = function.styles(inputs()["labels"], inputs()["z"]).numpy()
    assert np.all(np.abs(styles[:, 0] - styles[:, 1]).max(axis=-1) > 0.01)


def test_all_inputs_count():
    function = ImplicitStyleFunction(**TINY)
    given = inputs()
    before = function(**given).numpy()
    for name, value in given.items():
        changed = function(**{**given, name: value[::-1]}).numpy()
        assert np.all(np.abs(changed - before).max(axis=(1, 2)) > 1e-3), name


def test_residual_adds_the_latent():
    function = ImplicitStyleFunction(**TINY)
    residual = ImplicitStyleFunction(**TINY, residual=True)
    given = inputs()
    assert_close(residual(**given), given["w_plus"], 0.02)  # an untrained one hardly edits
    residual.set_weights(function.get_weights())
    assert_close(residual(**given), function(**given) + given["w_plus"], 1e-6)


def test_only_chosen_layers_change():
    function = ImplicitStyleFunction(**TINY)
    some = ImplicitStyleFunction(**TINY, layers=[0, 2])
    some.set_weights(function.get_weights())
    given = inputs()
    whole, edited = function(**given).numpy(), some(**given).numpy()
    np.testing.assert_array_equal(edited[:, [0, 2]], whole[:, [0, 2]])
    np.testing.assert_array_equal(edited[:, 1], given["w_plus"][:, 1])
    assert ImplicitStyleFunction.from_config(some.get_config()).get_config() == some.get_config()
    with pytest.raises(ValueError, match="layers must be rows of 0 … 2"):
        ImplicitStyleFunction(**TINY, layers=[3])


def test_a_function_of_one_row_treats_all_alike():
    function = ImplicitStyleFunction(**(TINY | {"num_ws": 1}))
    given = inputs(rows=4)
    whole = function(**given)
    assert whole.shape == (2, 4, 6)
    for i in range(4):
        row = function(**{**given, "w_plus": given["w_plus"][:, i : i + 1]})
        assert_close(whole[:, i : i + 1], row, 1e-6)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"norm": "batch"}, "norm must be one of 'adaln', 'adain', 'none'"),
        ({"label_names": []}, "label_names must name attributes"),
        ({"num_ws": 0}, "num_ws must be positive"),
    ],
)
def test_arguments_that_do_not_fit(changes, message):
    with pytest.raises(ValueError, match=message):
        ImplicitStyleFunction(**(TINY | changes))


def test_inputs_that_do_not_fit():
    function = ImplicitStyleFunction(**TINY)
    with pytest.raises(ValueError, match=r"w_plus must be \[N, \(3, 6\)\]"):
        function(**inputs(rows=2))
    with pytest.raises(ValueError, match=r"labels must be \[N, \(2,\)\]"):
        function(**(inputs() | {"labels": normal(2, 3)}))
