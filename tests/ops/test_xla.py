"""What XLA makes of the operations: fused loops without convolutions or transposes of maps."""

import re

import pytest
import tensorflow as tf

from tests.cases import assert_close
from tfgan_edit.layers.modulated import SynthesisLayer
from tfgan_edit.ops.activation import bias_act
from tfgan_edit.ops.placement import traced_for_xla, uses_cpu_kernels
from tfgan_edit.ops.upfirdn import downsample2d, filter2d, resample_filter, upsample2d

FILTER = resample_filter()


def compiled(function, *args):
    """(instructions of the entry computation, whole text) after XLA's optimisations."""
    function = tf.function(function, jit_compile=True, autograph=False)
    text = function.experimental_get_compiler_ir(*args)(stage="optimized_hlo")
    return re.findall(r"= \S+ ([a-z\-]+)\(", text[text.index("ENTRY") :]), text


def filtered(resample, x, noise, bias):
    return bias_act(resample(x, FILTER), bias, noise=noise, activation="lrelu")


def filtered_gradients(resample, x, noise, bias):
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = filtered(resample, x, noise, bias)
    return tape.gradient(y, x)


@pytest.mark.parametrize("resample", (filter2d, upsample2d, downsample2d))
@pytest.mark.parametrize("function, loops", ((filtered, 3), (filtered_gradients, 4)))
def test_filter_noise_bias_and_activation_fuse(resample, function, loops):
    x, bias = tf.random.normal([2, 16, 16, 8]), tf.random.normal([8])
    noise = tf.random.normal(resample(x, FILTER)[..., :1].shape)

    def call(x, noise, bias):
        return function(resample, x, noise, bias)

    instructions, text = compiled(call, x, noise, bias)
    assert set(instructions) <= {"parameter", "constant", "fusion"}
    assert 1 <= instructions.count("fusion") <= loops  # padding may be a loop of its own
    assert "convolution(" not in text and "transpose(" not in text
    fast = tf.function(call, jit_compile=True, autograph=False)(x, noise, bias)
    assert_close(fast, call(x, noise, bias), 1e-5)


@pytest.mark.parametrize("up", (1, 2))
def test_modulated_layer_transposes_nothing_but_its_kernel(up):
    layer = SynthesisLayer(16, up=up)
    layer.build((None, 8, 8, 16), (None, 4))
    x, w = tf.random.normal([2, 8, 8, 16]), tf.random.normal([2, 4])
    noise = tf.random.normal([2, 8 * up, 8 * up, 1])
    instructions, text = compiled(lambda *inputs: layer.call(*inputs), x, w, noise)
    assert instructions.count("convolution") == 1
    shapes = re.findall(r"= f32\[([\d,]+)\]\S* transpose\(", text)
    assert set(shapes) <= {"3,3,16,16"}


def test_placement_is_known_while_tracing():
    found = {}

    def note(name):
        found[name] = traced_for_xla()
        return tf.constant(0)

    @tf.function(jit_compile=True, autograph=False)
    def inside():
        inner = tf.function(lambda: note("function in a compiled one"), autograph=False)
        return note("compiled") + inner()

    @tf.function(autograph=False)
    def outside():
        return note("graph") + inside()

    note("eager")
    outside()
    assert found == {
        "eager": False,
        "graph": False,
        "compiled": True,
        "function in a compiled one": True,
    }
    assert uses_cpu_kernels() == (not tf.config.list_physical_devices("GPU"))
