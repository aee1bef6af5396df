"""Translators for phones: promises, sizes, and what a phone accepts."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.cases import assert_close, run_layer_test, run_network_test
from tests.networks.test_complexity import generator_products
from tfgan_edit.networks.complexity import multiply_adds
from tfgan_edit.networks.mobile_pix2pixhd import (
    SIZES,
    InvertedResidual,
    MobilePix2PixHDGenerator,
    SeparableConv2D,
    ShortcutUp,
)

TINY = {"width": 4, "num_downsamplings": 2, "num_blocks": 1}
NORMS = ("instance", "batch", "demodulated")


def sample(*shape, seed=1):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


@pytest.mark.parametrize(
    "cls, arguments, shapes, output, convolutions",
    (
        (SeparableConv2D, {"filters": 5, "strides": 2}, [(2, 4, 6, 3)], (2, 2, 3, 5), 2),
        (InvertedResidual, {"filters": 3, "expansion": 3}, [(2, 4, 6, 3)], (2, 4, 6, 3), 3),
        (ShortcutUp, {"filters": 3}, [(1, 4, 6, 5), (1, 8, 12, 3)], (1, 8, 12, 3), 3),
    ),
)
def test_layers_keep_the_promises(cls, arguments, shapes, output, convolutions, tmp_path):
    run_layer_test(
        cls,
        arguments,
        tuple(sample(*shape) for shape in shapes),
        expected_shape=output,
        expected_trainable=convolutions,
        expected_non_trainable=convolutions,
        tmp_path=tmp_path,
    )


def parameters(width, halvings, blocks, channels=3, expansion=2):
    """(kernels, biases) of a generator."""
    shapes = [(9 * channels, width), (9 * width, channels)]
    for i in range(halvings):
        narrow, wide = width * 2**i, width * 2 ** (i + 1)
        shapes += [(9, narrow), (narrow, wide)]  # down
        shapes += [(wide, narrow), (9, narrow), (narrow, narrow)]  # up
    inner = wide * expansion
    shapes += [(wide, inner), (9, inner), (inner, wide)] * blocks
    return sum(a * b for a, b in shapes), sum(b for _, b in shapes)


def test_keeps_the_promises_of_a_network(tmp_path):
    kernels, biases = parameters(4, 1, 1)
    run_network_test(
        MobilePix2PixHDGenerator,
        {"width": 4, "num_downsamplings": 1, "num_blocks": 1},
        {"images": sample(2, 16, 12, 3)},
        expected_shape=(2, 16, 12, 3),
        # Biases in front of an instance norm do not learn.
        expected_params=(kernels + 3, biases - 3),
        tmp_path=tmp_path,
    )


def test_features_are_what_the_picture_is_painted_of():
    generator = MobilePix2PixHDGenerator(**TINY)
    images = sample(1, 8, 16, 3)
    maps = generator.features(images)
    assert [x.shape for x in maps] == [(1, 2, 4, 16), (1, 4, 8, 8), (1, 8, 16, 4)]
    np.testing.assert_array_equal(generator.paint(maps, images), generator(images))


def test_shortcuts_carry_detail_past_the_smallest_size():
    generator = MobilePix2PixHDGenerator(**TINY)
    for layer in (*generator.downs, *generator.blocks, *generator.ups[:-1]):
        for weight in layer.weights:
            weight.assign(np.zeros(weight.shape))
    *coarse, finest = generator.features(sample(1, 8, 8, 3))
    assert all(np.all(x == 0) for x in coarse) and np.any(finest != 0)


def test_a_residual_one_begins_with_the_picture_and_draws_what_changes():
    images = sample(1, 8, 16, 3).clip(-1, 1)
    plain = MobilePix2PixHDGenerator(**TINY, norm="demodulated")
    generator = MobilePix2PixHDGenerator(**TINY, norm="demodulated", residual=True)
    assert MobilePix2PixHDGenerator.from_config(generator.get_config()).residual
    np.testing.assert_array_equal(generator(images), images)
    generator.set_weights(plain.get_weights())
    assert_close(generator(images), np.clip(images + 2 * plain(images).numpy(), -1, 1), 1e-6)


def products(width, halvings, blocks, channels=3, expansion=2):
    """Multiply-adds for each pixel of the picture."""
    count = 2 * 9 * channels * width
    for i in range(halvings):
        narrow, wide, pixels = width * 2**i, width * 2 ** (i + 1), 4.0**-i
        count += (9 * narrow + narrow * wide) * pixels / 4  # down
        count += (wide * narrow / 4 + 9 * narrow + narrow**2) * pixels  # up
    inner = wide * expansion
    return count + blocks * (2 * wide * inner + 9 * inner) / 4**halvings


def test_products():
    generator = MobilePix2PixHDGenerator(**TINY)
    assert multiply_adds(generator, (1, 32, 16, 3)) == 32 * 16 * products(4, 2, 1)
    assert generator.count_params() == sum(parameters(4, 2, 1))


@pytest.mark.parametrize("size, factor", (("mobile-s", 160), ("mobile-m", 80), ("mobile-l", 40)))
def test_the_published_generator_takes_many_times_the_products(size, factor):
    ours = products(SIZES[size]["width"], 4, SIZES[size]["num_blocks"])
    assert factor * ours <= generator_products(64, 4, 9) < 1.1 * factor * ours


@pytest.mark.parametrize(
    "arguments, shape, message",
    (
        ({"norm": "layer"}, (1, 8, 8, 3), "norm must be one of.*norm='layer'"),
        ({"expansion": 0}, (1, 8, 8, 3), "expansion=0"),
        ({}, (1, 10, 8, 3), "multiples of 4.*10, 8"),
        ({}, (1, 8, 8, 4), r"images must be \[N, H, W, 3\]"),
        ({}, (1, 4, 8, 3), "at least 5 pixels"),
    ),
)
def test_wrong_arguments_are_named(arguments, shape, message):
    with pytest.raises(ValueError, match=message):
        MobilePix2PixHDGenerator(**TINY, **arguments)(sample(*shape))


@pytest.mark.filterwarnings("ignore:.*tf.lite.Interpreter is deprecated")
@pytest.mark.parametrize("norm", NORMS)
def test_tflite(norm):
    """Built-in operations only, no tensor of five axes, the same picture."""
    generator = MobilePix2PixHDGenerator(norm=norm, **TINY)
    images = sample(1, 16, 24, 3)
    call = tf.function(generator, input_signature=[tf.TensorSpec(images.shape)])
    # Without the object that owns them, variables become constants.
    converter = tf.lite.TFLiteConverter.from_concrete_functions([call.get_concrete_function()])
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    interpreter = tf.lite.Interpreter(model_content=converter.convert(), num_threads=1)
    interpreter.allocate_tensors()
    assert max(len(tensor["shape"]) for tensor in interpreter.get_tensor_details()) == 4
    operations = {op["op_name"] for op in interpreter._get_ops_details()}
    assert {"RESIZE_BILINEAR", "DEPTHWISE_CONV_2D"} <= operations
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], images)
    interpreter.invoke()
    actual = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
    assert_close(actual, generator(images), 1e-4)


def test_any_size_in_one_graph():
    generator = MobilePix2PixHDGenerator(**TINY)
    symbol = keras.Input((None, None, 3))
    assert generator(symbol).shape == (None, None, None, 3)
    generate = tf.function(generator, input_signature=[tf.TensorSpec([None, None, None, 3])])
    for shape in ((1, 8, 12, 3), (2, 16, 8, 3)):
        assert_close(generate(sample(*shape)), generator(sample(*shape)), 2e-5)
