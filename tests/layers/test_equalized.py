"""Layers with equalised learning rate, against the reference and the golden values."""

import numpy as np
import pytest
import tensorflow as tf

from tests import golden_files as golden
from tests.cases import assert_close, run_layer_test
from tests.reference import activation as ref_activation
from tests.reference import convolution as ref_convolution
from tests.reference import dense as ref_dense
from tests.reference import resampling as ref_resampling
from tfgan_edit.layers.equalized import EqualizedConv2D, EqualizedDense

ARRAYS, META = golden.load("ada_ops")
LOWPASS = ref_resampling.resample_filter((1, 3, 3, 1))


def sample(*shape):
    return np.random.default_rng(1).normal(size=shape).astype(np.float32)


def with_random_bias(layer, *inputs):
    layer(*inputs)
    if layer.bias is not None:
        layer.bias.assign(np.random.default_rng(2).normal(size=layer.bias.shape))
    return layer


@pytest.mark.parametrize(
    "init_kwargs, variables",
    (
        ({"units": 4}, 2),
        ({"units": 4, "use_bias": False}, 1),
        ({"units": 4, "activation": "lrelu", "lr_multiplier": 0.01, "bias_init": 1.0}, 2),
    ),
)
def test_dense_keeps_the_promises_of_a_layer(init_kwargs, variables, tmp_path):
    run_layer_test(
        EqualizedDense,
        init_kwargs,
        (sample(3, 7),),
        expected_shape=(3, 4),
        expected_trainable=variables,
        tmp_path=tmp_path,
    )


@pytest.mark.parametrize(
    "init_kwargs, size, variables",
    (
        ({"filters": 4, "kernel_size": 3}, (8, 6), 2),
        ({"filters": 4, "kernel_size": 1, "activation": "lrelu", "clamp": 0.5}, (8, 6), 2),
        ({"filters": 4, "kernel_size": 3, "down": 2, "gain": 0.5}, (4, 3), 2),
        ({"filters": 4, "kernel_size": 3, "up": 2, "resample_taps": (1, 2, 1)}, (16, 12), 2),
        ({"filters": 4, "kernel_size": 1, "up": 2, "use_bias": False}, (16, 12), 1),
    ),
)
def test_conv_keeps_the_promises_of_a_layer(init_kwargs, size, variables, tmp_path):
    run_layer_test(
        EqualizedConv2D,
        init_kwargs,
        (sample(2, 8, 6, 3),),
        expected_shape=(2, *size, 4),
        expected_trainable=variables,
        tmp_path=tmp_path,
    )


@pytest.mark.parametrize("case", ["fc/0", "fc/1", "fc/2"])
def test_dense_equals_golden_values(case):
    options = dict(META["cases"][case])
    assert options.pop("in_features") == 7
    options["units"] = options.pop("out_features")
    options["use_bias"] = options.pop("bias", True)
    layer = EqualizedDense(**options)
    layer.build((None, 7))
    layer.kernel.assign(ARRAYS[f"in/{case}/weight"].T)
    if layer.use_bias:
        layer.bias.assign(ARRAYS[f"in/{case}/bias"])
    assert_close(layer(ARRAYS["in/norm2/x"]), ARRAYS[f"out/{case}"], golden.OPERATOR)


@pytest.mark.parametrize("activation", ("linear", "lrelu", "tanh"))
@pytest.mark.parametrize("lr_multiplier", (1.0, 0.01))
def test_dense_equals_reference(activation, lr_multiplier):
    x = sample(3, 7)
    layer = with_random_bias(
        EqualizedDense(5, activation=activation, lr_multiplier=lr_multiplier), x
    )
    expected = ref_dense.fully_connected(
        x,
        layer.kernel.numpy(),
        layer.bias.numpy(),
        activation=activation,
        lr_multiplier=lr_multiplier,
    )
    assert_close(layer(x), expected, 1e-6)


@pytest.mark.parametrize(
    "options",
    (
        {"kernel_size": 3},
        {"kernel_size": 3, "activation": "lrelu", "gain": 0.5, "clamp": 0.7},
        {"kernel_size": 3, "down": 2, "activation": "lrelu"},
        {"kernel_size": 1, "down": 2},
        {"kernel_size": 3, "up": 2},
        {"kernel_size": 1, "up": 2},
    ),
)
def test_conv_equals_reference(options):
    x = sample(2, 8, 6, 3)
    layer = with_random_bias(EqualizedConv2D(5, **options), x)
    options = {"up": 1, "down": 1, "activation": "linear", "gain": 1, "clamp": None} | options
    kernel = layer.kernel.numpy() / np.sqrt(3 * options["kernel_size"] ** 2)
    expected = ref_convolution.conv2d_resample(
        x,
        kernel,
        filter=LOWPASS,
        up=options["up"],
        down=options["down"],
        padding=options["kernel_size"] // 2,
        flip_kernel=options["up"] > 1,  # true convolution in up-sampling layers only
    )
    default_gain = ref_activation.ACTIVATIONS[options["activation"]][2]
    expected = ref_activation.bias_act(
        expected,
        layer.bias.numpy(),
        activation=options["activation"],
        gain=default_gain * options["gain"],
        clamp=None if options["clamp"] is None else options["clamp"] * options["gain"],
    )
    assert_close(layer(x), expected, 2e-6)


def test_output_has_unit_variance_at_the_start():
    """Weights of unit variance, scaled by 1 / sqrt(fan_in), keep the variance."""
    x = tf.random.normal([4, 32, 32, 16])
    assert abs(float(tf.math.reduce_std(EqualizedConv2D(64, 3)(x[:, :]))) - 1) < 0.1
    x = tf.random.normal([256, 64])
    for lr_multiplier in (1.0, 0.01):
        layer = EqualizedDense(64, lr_multiplier=lr_multiplier)
        assert abs(float(tf.math.reduce_std(layer(x))) - 1) < 0.1
        assert abs(np.std(layer.kernel.numpy()) * lr_multiplier - 1) < 0.1


def test_bias_init_is_the_effective_bias():
    layer = EqualizedDense(2, bias_init=1.0, lr_multiplier=0.01)
    np.testing.assert_allclose(layer(np.zeros([1, 3], np.float32)), [[1.0, 1.0]], rtol=1e-6)
    np.testing.assert_allclose(layer.bias.numpy(), [100.0, 100.0], rtol=1e-6)


def test_dense_stays_in_float32_under_a_mixed_policy():
    x = sample(3, 7)
    layer = EqualizedDense(4, dtype="mixed_bfloat16")
    y = layer(x)
    assert y.dtype == tf.float32
    assert_close(y, ref_dense.fully_connected(x, layer.kernel.numpy()), 1e-6)


@pytest.mark.parametrize(
    "cls, arguments, message",
    (
        (EqualizedDense, {"units": 0}, "units=0"),
        (EqualizedDense, {"units": 2, "activation": "gelu"}, "activation.*'gelu'"),
        (EqualizedDense, {"units": 2, "lr_multiplier": 0}, "lr_multiplier=0"),
        (EqualizedConv2D, {"filters": 0, "kernel_size": 3}, "filters=0"),
        (EqualizedConv2D, {"filters": 2, "kernel_size": 2}, "kernel_size=2"),
        (EqualizedConv2D, {"filters": 2, "kernel_size": 3, "up": 0}, "up=0"),
        (EqualizedConv2D, {"filters": 2, "kernel_size": 3, "down": 0}, "down=0"),
        (EqualizedConv2D, {"filters": 2, "kernel_size": 3, "clamp": -1}, "clamp=-1"),
        (
            EqualizedConv2D,
            {"filters": 2, "kernel_size": 3, "activation": "gelu"},
            "activation.*'gelu'",
        ),
    ),
)
def test_wrong_arguments_are_named(cls, arguments, message):
    with pytest.raises(ValueError, match=message):
        cls(**arguments)


def test_a_convolution_starts_at_its_bias():
    layer = EqualizedConv2D(2, 3, bias_init=1.0)
    y = layer(np.zeros([1, 4, 4, 3], np.float32))
    np.testing.assert_array_equal(y, np.ones([1, 4, 4, 2]))
