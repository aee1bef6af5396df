"""Every case of ada_ops.npz, by the package and by the NumPy reference."""

import numpy as np
import pytest
import tensorflow as tf

from tests import golden_files as golden
from tests.cases import assert_close
from tests.reference import activation as ref_activation
from tests.reference import convolution as ref_convolution
from tests.reference import dense as ref_dense
from tests.reference import normalization as ref_normalization
from tests.reference import resampling as ref_resampling
from tfgan_edit.ops import activation, convolution, modulation, normalization, upfirdn

ARRAYS, META = golden.load("ada_ops")
CASES = META["cases"]
DENSE = "fc"  # a layer in the package, see tests/layers
SOURCES = ("package", "reference")


def cases(kind):
    return [name for name in CASES if name.split("/")[0] == kind]


def filter_of(name):
    return None if name is None else ARRAYS[f"in/filter/{name}"]


def function(source, name):
    """The op called `name`, of the package or of the reference."""
    modules = {
        "package": (upfirdn, activation, convolution, modulation, normalization),
        "reference": (
            ref_resampling,
            ref_activation,
            ref_convolution,
            ref_normalization,
        ),
    }
    for module in modules[source]:
        if hasattr(module, name):
            return getattr(module, name)
    raise AttributeError(name)


def test_every_case_has_a_test():
    kinds = {name.split("/")[0] for name in CASES}
    assert kinds == {
        "bias_act",
        "conv",
        DENSE,
        "filter",
        "mod",
        "resample",
        "upfirdn",
        "upfirdn_grad",
    }
    assert len(CASES) == 80


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("case", cases("filter"))
def test_resample_filter(case, source):
    options = dict(CASES[case])
    taps = options.pop("taps")
    flip = options.pop("flip_filter", False)
    actual = function(source, "resample_filter")(taps, flip=flip, **options)
    assert_close(actual, ARRAYS[f"in/{case}"], golden.OPERATOR)


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("case", cases("bias_act"))
def test_bias_act(case, source):
    actual = function(source, "bias_act")(
        tf.constant(golden.nhwc(ARRAYS["in/bias_act/x"])),
        ARRAYS["in/bias_act/b"],
        activation=case.split("/")[1],
        **CASES[case],
    )
    assert_close(actual, golden.nhwc(ARRAYS[f"out/{case}"]), golden.OPERATOR)


@pytest.mark.parametrize("source", SOURCES)
def test_bias_act_of_a_matrix(source):
    actual = function(source, "bias_act")(
        tf.constant(ARRAYS["in/bias_act_dim/x"]),
        ARRAYS["in/bias_act_dim/b"],
        activation="lrelu",
    )
    assert_close(actual, ARRAYS["out/bias_act_2d"], golden.OPERATOR)


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("case", cases("upfirdn"))
def test_upfirdn2d(case, source):
    options = dict(CASES[case])
    actual = function(source, "upfirdn2d")(
        tf.constant(golden.nhwc(ARRAYS["in/upfirdn/x"])),
        filter_of(options.pop("filter")),
        up=golden.yx(options.pop("up")),
        down=golden.yx(options.pop("down")),
        padding=golden.margins(options.pop("padding_x0_x1_y0_y1")),
        **options,
    )
    assert_close(actual, golden.nhwc(ARRAYS[f"out/{case}"]), golden.OPERATOR)


def test_upfirdn2d_gradient():
    options = dict(CASES["upfirdn_grad"])
    options["padding"] = golden.margins(options.pop("padding_x0_x1_y0_y1"))
    filter = filter_of(options.pop("filter"))
    x = tf.constant(golden.nhwc(ARRAYS["in/upfirdn_grad/x"]))
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = upfirdn.upfirdn2d(x, filter, **options)
    dx = tape.gradient(y, x, golden.nhwc(ARRAYS["in/upfirdn_grad/cotangent"]))
    assert_close(y, golden.nhwc(ARRAYS["out/upfirdn_grad/y"]), golden.OPERATOR)
    assert_close(dx, golden.nhwc(ARRAYS["out/upfirdn_grad/dx"]), golden.OPERATOR)


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("case", cases("resample"))
def test_resampling_wrappers(case, source):
    options = dict(CASES[case])
    actual = function(source, options.pop("fn"))(
        tf.constant(golden.nhwc(ARRAYS["in/upfirdn/x"])),
        filter_of(options.pop("filter")),
        padding=golden.margins(options.pop("padding")),
        **options,
    )
    assert_close(actual, golden.nhwc(ARRAYS[f"out/{case}"]), golden.OPERATOR)


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("case", cases("conv"))
def test_conv2d_resample(case, source):
    options = dict(CASES[case])
    actual = function(source, "conv2d_resample")(
        tf.constant(golden.nhwc(ARRAYS["in/conv/x"])),
        golden.hwio(ARRAYS[f"in/conv/{options.pop('weight')}"]),
        filter=filter_of(options.pop("filter")),
        padding=golden.margins(options.pop("padding")),
        flip_kernel=not options.pop("flip_weight"),
        **options,
    )
    assert_close(actual, golden.nhwc(ARRAYS[f"out/{case}"]), golden.OPERATOR)


@pytest.mark.parametrize("options", ({}, {"method": "grouped"}, "reference"), ids=str)
@pytest.mark.parametrize("case", cases("mod"))
def test_modulated_conv2d(case, options):
    source = "reference" if options == "reference" else "package"
    arguments = dict(CASES[case]) | ({} if source == "reference" else options)
    noise = arguments.pop("noise", None)
    if noise is not None:
        noise = ARRAYS[f"in/mod/{noise}"]
        noise = noise.reshape([-1, *noise.shape[-2:], 1])
    actual = function(source, "modulated_conv2d")(
        tf.constant(golden.nhwc(ARRAYS["in/mod/x"])),
        golden.hwio(ARRAYS[f"in/conv/{arguments.pop('weight')}"]),
        tf.constant(ARRAYS["in/mod/s"]),
        noise=noise,
        filter=filter_of(arguments.pop("resample_filter", None)),
        flip_kernel=not arguments.pop("flip_weight", True),
        **arguments,
    )
    assert_close(actual, golden.nhwc(ARRAYS[f"out/{case}"]), golden.OPERATOR)


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("group_size, channels", ((4, 1), (2, 2), (None, 1), (2, 3)))
def test_minibatch_stddev(group_size, channels, source):
    x = golden.nhwc(ARRAYS["in/mbstd/x"])
    actual = function(source, "minibatch_stddev")(tf.constant(x), group_size, channels)
    expected = golden.nhwc(ARRAYS[f"out/mbstd/g{group_size}_f{channels}"])
    assert_close(actual[..., : x.shape[-1]], x, 0)
    assert_close(actual[..., x.shape[-1] :], expected, golden.OPERATOR)


@pytest.mark.parametrize("source", SOURCES)
def test_normalize_2nd_moment(source):
    x = tf.constant(ARRAYS["in/norm2/x"])
    actual = function(source, "normalize_2nd_moment")(x)
    assert_close(actual, ARRAYS["out/norm2"], golden.OPERATOR)


@pytest.mark.parametrize("case", cases(DENSE))
def test_fully_connected_reference(case):
    options = CASES[case]
    bias = ARRAYS.get(f"in/{case}/bias")
    actual = ref_dense.fully_connected(
        ARRAYS["in/norm2/x"],
        np.transpose(ARRAYS[f"in/{case}/weight"]),
        bias,
        activation=options.get("activation", "linear"),
        lr_multiplier=options.get("lr_multiplier", 1.0),
    )
    assert_close(actual, ARRAYS[f"out/{case}"], golden.OPERATOR)
