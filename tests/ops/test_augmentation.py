"""Adaptive discriminator augmentation: each case of ada_augment.npz, and what holds for all."""

import numpy as np
import pytest
import tensorflow as tf
from scipy.special import erfinv
from scipy.stats import kstest

from tests import golden_files as golden
from tests.cases import assert_close, first_gradients, second_gradients
from tfgan_edit.ops.augmentation import (
    GATES,
    GROUPS,
    NORMAL,
    NUM_NORMAL,
    NUM_UNIFORM,
    UNIFORM,
    Draws,
    augment,
    color_matrix,
    cutout_mask,
    inverse_transform,
    octave_gains,
    transform_colors,
)
from tfgan_edit.ops.augmentation_filters import filter_bank, filter_octaves, warp

ARRAYS, META = golden.load("ada_augment")
ALL = GROUPS["bgcfnc"]
OPEN = 1e-6  # a gate below every probability


def numbers(gates=(), uniform=(), normal=(), batch=1):
    """(uniform, normal) of named values; what is not named does not happen."""
    values = {name: 1.0 for name in GATES} | dict(gates)
    parts = [(GATES, values), (UNIFORM, dict.fromkeys(UNIFORM, 0.5) | dict(uniform))]
    parts += [(NORMAL, dict.fromkeys(NORMAL, 0.0) | dict(normal))]
    columns = [
        [np.broadcast_to(values[name], [batch, size]) for name, size in sizes.items()]
        for sizes, values in parts
    ]
    uniform = np.concatenate(columns[0] + columns[1], axis=1)
    return uniform.astype(np.float32), np.concatenate(columns[2], axis=1).astype(np.float32)


def percentile(q):
    """All happen, with the values of the goldens' debugging rule."""
    return numbers(
        gates=dict.fromkeys(GATES, OPEN),
        uniform={**dict.fromkeys(UNIFORM, q), "rotate": [q, 0.5]},
        normal={**dict.fromkeys(NORMAL, erfinv(2 * q - 1)), "noise": erfinv(q)},
    )


def draws(uniform, normal, names=ALL, p=1.0):
    return Draws(tf.constant(uniform), tf.constant(normal), p, dict.fromkeys(names, 1.0))


def random_numbers(batch, seed=0):
    random = np.random.default_rng(seed)
    uniform = random.uniform(size=[batch, NUM_UNIFORM]).astype(np.float32)
    return uniform, random.normal(size=[batch, NUM_NORMAL]).astype(np.float32)


def pictures(*shape):
    return np.random.default_rng(1).normal(size=shape).astype(np.float32)


# === Goldens ===


def test_the_filter_bank_is_the_official_one_and_adds_up_to_an_impulse():
    bank = filter_bank()
    assert_close(bank, ARRAYS["in/const/Hz_fbank"], golden.OPERATOR)
    assert_close(bank.sum(axis=0), np.eye(43)[21], 1e-6)


@pytest.mark.parametrize("q", META["percentiles"])
@pytest.mark.parametrize("name", [*ALL, "bgc", "grey_bgc"])
def test_transformations_at_a_percentile(name, q):
    images = golden.nhwc(ARRAYS["in/img_grey" if name == "grey_bgc" else "in/img"])
    names = GROUPS["bgc"] if "bgc" in name else [name]
    noise = None
    if name == "noise":
        noise = golden.nhwc(ARRAYS[f"in/recorded/noise/p{q}/noise_draw"])
    result = augment(images, *percentile(q), noise, p=1.0, strengths=dict.fromkeys(names, 1.0))
    assert_close(result, golden.nhwc(ARRAYS[f"out/{name}/p{q}"]), golden.IMAGE)


@pytest.mark.parametrize("q", META["percentiles"])
def test_matrices_gains_and_masks_at_a_percentile(q):
    recorded = golden.under(ARRAYS, f"in/recorded/bgc/p{q}/")
    values = draws(*percentile(q), names=GROUPS["bgc"])
    assert_close(inverse_transform(values, 26, 26), recorded["G_inv"], golden.OPERATOR)
    matrix = color_matrix(values, 3).numpy()
    assert_close(matrix, recorded["C"][:, :3, :3], golden.OPERATOR)
    brightness = 0.2 * values.normal("brightness").numpy()  # the same in all colours
    assert_close(matrix.sum(axis=2) * brightness, recorded["C"][:, :3, 3], golden.OPERATOR)
    values = draws(*percentile(q))
    gains = ARRAYS[f"in/recorded/imgfilter/p{q}/band_gain"]
    assert_close(octave_gains(values), gains, golden.OPERATOR)
    mask = golden.nhwc(ARRAYS[f"in/recorded/cutout/p{q}/cutout_mask"])
    np.testing.assert_array_equal(cutout_mask(values, 26, 26), mask)


def test_all_transformations_of_a_batch_with_recorded_draws():
    recorded = golden.under(ARRAYS, "in/recorded/random_bgcfnc/")
    x = warp(tf.constant(golden.nhwc(ARRAYS["in/img_random"])), tf.constant(recorded["G_inv"]))
    x = transform_colors(x, tf.constant(recorded["C"][:, :3, :3]))
    x += recorded["C"][:, np.newaxis, np.newaxis, :3, 3]
    x = filter_octaves(x, tf.constant(recorded["band_gain"]))
    x += golden.nhwc(recorded["noise_sigma"]) * golden.nhwc(recorded["noise_draw"])
    gates = np.where(recorded["cutout_size_xy"][:, :1] > 0, OPEN, 1.0)
    center = recorded["cutout_center_xy"]
    values = draws(*numbers({"cutout": gates}, {"cutout": center}, batch=4))
    x *= cutout_mask(values, 24, 24)
    assert_close(x, golden.nhwc(ARRAYS["out/random_bgcfnc"]), golden.IMAGE)


# === Whatever the numbers ===


def test_nothing_happens_at_p_0_and_everything_has_its_probability():
    images = tf.constant(pictures(4, 8, 12, 3))
    strengths = dict.fromkeys(ALL, 1.0)
    same = augment(images, *random_numbers(4), images, p=0.0, strengths=strengths)
    assert_close(same, images, 1e-5)  # up- and down-sampling by an orthogonal filter

    values = Draws(*random_numbers(20_000), 0.5, {"xflip": 1.0, "scale": 0.4, "rotate": 1.0})
    happens = {name: values.happens(name).numpy() for name in ("xflip", "scale", "rotate", "hue")}
    assert happens["xflip"].mean() == pytest.approx(0.5, abs=0.015)
    assert happens["scale"].mean() == pytest.approx(0.2, abs=0.015)
    assert happens["rotate"].any(axis=1).mean() == pytest.approx(0.5, abs=0.015)  # of both
    assert not happens["hue"].any()


def test_blitting_moves_whole_pixels():
    y, x = np.meshgrid(np.arange(16), np.arange(16), indexing="ij")
    smooth = np.cos(0.3 * x + 0.1)[None, :, :, None] * np.cos(0.2 * y)[None, :, :, None]
    moved = np.pad(smooth, [(0, 0), (1, 0), (2, 0), (0, 0)], "reflect")[:, :16, :16]
    cases = {
        "xflip": (0.9, smooth[:, :, ::-1]),
        "rotate90": (0.3, np.rot90(smooth, 1, (1, 2))),
        "xint": ([0.999, 0.75], moved),  # 1/8 to the right, 1/16 down
    }
    for name, (value, expected) in cases.items():
        values = numbers({name: OPEN}, {name: value})
        result = augment(tf.constant(smooth), *values, p=1.0, strengths={name: 1.0})
        # The filter is not symmetric, so that mirrored details come back a little changed.
        assert_close(result, expected, 0.05, name)


@pytest.mark.parametrize("size", [(24, 24), (16, 48)])
def test_a_warp_far_away_sees_the_reflected_picture(size):
    """Also beyond one reflection: moved by a period, 2 (size - 1) pixels, it is the same."""
    images = tf.constant(pictures(2, *size, 1))
    moves = [[1, 0, 2.0 * (size[1] - 1)], [0, 1, -4.0 * (size[0] - 1)], [0, 0, 1]]
    assert_close(warp(images, tf.constant([moves] * 2, tf.float32)), images, 1e-4)


@pytest.mark.parametrize("height", [96, 192])
def test_products_by_blocks_equal_one_product(height, monkeypatch):
    images = tf.constant(pictures(2, height, 4, 2))
    gains = tf.constant(pictures(2, 4))
    inverse = inverse_transform(draws(*random_numbers(2)), height, 4)
    blocks = warp(images, inverse), filter_octaves(images, gains)
    monkeypatch.setattr("tfgan_edit.ops.augmentation_filters.BLOCK", 4 * height)
    whole = warp(images, inverse), filter_octaves(images, gains)
    for a, b in zip(blocks, whole, strict=True):
        assert_close(a, b, 1e-5)


def test_gradients_are_those_of_an_affine_function():
    """f(x) = L x + b: <L v, u> = <v, Lᵀ u>, and Lᵀ u is linear in u with the derivative L."""
    images, v, u = (tf.constant(pictures(3, 3, 8, 12, 3)[i]) for i in range(3))
    noise = tf.constant(pictures(3, 8, 12, 3))
    uniform, normal = random_numbers(3)
    strengths = dict.fromkeys(ALL, 1.0)

    def function(x):
        return augment(x, uniform, normal, noise, p=0.9, strengths=strengths)

    change = function(images + v) - function(images)
    transposed, value = first_gradients(function, [images], u)
    assert_close(value, function(images), 1e-6)
    assert float(tf.reduce_sum(change * u)) == pytest.approx(
        float(tf.reduce_sum(v * transposed)), rel=1e-4
    )
    zero, linear = second_gradients(function, [images], u, [v, tf.zeros_like(u)])
    assert_close(linear, change, 1e-5)
    assert not np.any(zero)


def test_compiles_to_the_same():
    images, noise = (tf.constant(pictures(2, 2, 8, 8, 3)[i]) for i in range(2))
    uniform, normal = random_numbers(2)
    strengths = dict.fromkeys(ALL, 1.0)

    def function(images, p):
        with tf.GradientTape() as tape:
            tape.watch(images)
            y = augment(images, uniform, normal, noise, p=p, strengths=strengths)
        return y, tape.gradient(y, images, output_gradients=noise)

    expected = function(images, tf.constant(0.8))
    compiled = tf.function(function, jit_compile=True)(images, tf.constant(0.8))
    for a, b in zip(compiled, expected, strict=True):
        assert_close(a, b, 1e-5)


def test_laws_of_the_values():
    values = draws(*random_numbers(4000), p=1.0)
    assert kstest(values.normal("scale")[:, 0], "norm").pvalue > 1e-3
    angles = values.symmetric("hue", np.pi)[:, 0]
    assert kstest(angles, "uniform", (-np.pi, 2 * np.pi)).pvalue > 1e-3
    turns = values.integer("rotate90", 4)[:, 0].numpy()
    np.testing.assert_allclose(np.bincount(turns.astype(int)) / 4000, 0.25, atol=0.03)
    power = np.array([10, 1, 1, 1]) / 13
    gains = octave_gains(draws(*numbers({"imgfilter": [1, 1, OPEN, 1]}, normal={"imgfilter": 1.0})))
    assert np.sum(power * gains.numpy() ** 2) == pytest.approx(1, rel=1e-5)  # power is kept


@pytest.mark.parametrize(
    "channels, names, words", [(4, ["xflip"], "1 or 3 colours.*4"), (3, ["noise"], "needs noise")]
)
def test_what_cannot_be_augmented_is_named(channels, names, words):
    images = pictures(1, 8, 8, channels)
    with pytest.raises(ValueError, match=words):
        augment(images, *random_numbers(1), p=0.5, strengths=dict.fromkeys(names, 1.0))
