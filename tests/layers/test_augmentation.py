"""Adaptive discriminator augmentation as a layer."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.cases import assert_close, run_layer_test
from tfgan_edit.layers.augmentation import AdaptiveAugment
from tfgan_edit.ops.augmentation import GROUPS, NUM_NORMAL, NUM_UNIFORM, augment


@pytest.fixture
def inputs():
    random = np.random.default_rng(1)
    images, noise = random.normal(size=(2, 4, 8, 8, 3))
    uniform = random.uniform(size=[4, NUM_UNIFORM])
    normal = random.normal(size=[4, NUM_NORMAL])
    return tuple(x.astype(np.float32) for x in (images, uniform, normal, noise))


def test_keeps_the_promises_of_a_layer(inputs, tmp_path):
    layer = run_layer_test(
        AdaptiveAugment,
        {"groups": "color", "strengths": {"hue": 0.5, "contrast": 0.0}, "p": 0.7},
        inputs,
        expected_shape=(4, 8, 8, 3),
        expected_trainable=0,
        expected_non_trainable=1,
        half_limits={"mixed_bfloat16": 1e-6, "mixed_float16": 1e-6},  # float32 inside
        tmp_path=tmp_path,
    )
    strengths = dict.fromkeys(GROUPS["color"], 1.0) | {"hue": 0.5}
    del strengths["contrast"]
    assert_close(layer(*inputs), augment(*inputs, p=0.7, strengths=strengths), 1e-6)
    layer.p.assign(0.0)
    assert_close(layer(*inputs), inputs[0], 1e-6)


def test_conditions_move_with_the_picture_and_keep_their_values(inputs):
    images, uniform, normal, noise = inputs
    numbers = (uniform, normal, noise)
    layer = AdaptiveAugment("bgcfnc", p=1.0)
    moved, conditions = layer(images, *numbers, conditions=tf.concat([images, images], axis=-1))
    assert_close(moved, layer(images, *numbers), 1e-6)  # as without conditions
    geometry = AdaptiveAugment("bg", p=1.0)(images, *numbers)
    assert_close(conditions, tf.concat([geometry, geometry], axis=-1), 1e-6)
    assert float(tf.reduce_max(tf.abs(moved - geometry))) > 0.1
    symbols = [keras.Input(x.shape[1:]) for x in (*inputs, conditions)]
    assert [tuple(x.shape) for x in layer(*symbols)] == [(None, 8, 8, 3), (None, 8, 8, 6)]
    colors = AdaptiveAugment("color", p=1.0)
    assert_close(colors(images, *numbers, conditions=conditions)[1], conditions, 0)


def test_the_batch_may_be_unknown(inputs):
    layer = AdaptiveAugment("bgcfnc", p=0.7)
    call = tf.function(layer.call, autograph=False).get_concrete_function(
        *(tf.TensorSpec([None, *x.shape[1:]]) for x in inputs)
    )
    assert_close(call(*map(tf.constant, inputs)), layer(*inputs), 1e-5)


@pytest.mark.parametrize(
    "arguments, words",
    [
        ({"groups": "bgd"}, "groups must be one of blit, geom.*'bgd'"),
        ({"strengths": {"flip": 1.0}}, "strengths are of xflip.*flip"),
        ({"strengths": {"xflip": -1.0}}, "xflip must not be negative"),
        ({"p": 1.5}, "p must be from 0 to 1.*1.5"),
    ],
)
def test_wrong_arguments_are_named(arguments, words):
    with pytest.raises(ValueError, match=words):
        AdaptiveAugment(**arguments)
