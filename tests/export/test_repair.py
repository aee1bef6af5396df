"""int8 that loses too much keeps its worst layers in float32, or is not recommended."""

import math

import numpy as np
import pytest

from export import repair, tflite, verify
from export.examples import DrawnPictures, examples
from export.serving import ServingGraph, Signature, photo

tf = pytest.importorskip("tensorflow")
pytest.importorskip("ai_edge_litert")

SIZE = 16
# Two of three channels are a thousandth of the layer's range: less than a step of int8.
UNEVEN = np.array([1000.0, 1.0, 1.0], np.float32)


def mixed(photos):
    """A layer that int8 spoils, and four that it does not."""
    random = np.random.RandomState(0)
    with tf.name_scope("uneven"):
        x = tf.nn.relu(photos * UNEVEN) * (1 / UNEVEN)
    for name in ("first", "second", "third", "fourth"):
        with tf.name_scope(name):
            kernel = np.eye(3) + 0.1 * random.rand(3, 3)
            x = tf.nn.relu(tf.nn.conv2d(x, kernel[None, None].astype("f") / 1.3, 1, "SAME"))
    return x


@pytest.fixture(scope="module")
def graph():
    ports = photo("photo", SIZE, SIZE), photo("edited", SIZE, SIZE)
    signature = Signature("edit", ports[:1], ports[1:], mixed)
    return ServingGraph("mixed", "photo_to_photo", (signature,), ())


@pytest.fixture(scope="module")
def made(graph):
    return list(examples(graph, DrawnPictures(), 3))


@pytest.fixture(scope="module")
def calibration(made):
    return {"edit": [example["edit"][0] for example in made]}


def psnr(graph, made, data):
    return verify.worst_psnr(verify.compare(graph, made, tflite.TFLiteRunner(data)))


def test_the_layer_that_costs_most_stays_in_float32(graph, made, calibration):
    before = psnr(graph, made, tflite.convert(graph, "int8", calibration))
    assert before < verify.LIMITS["int8"].good_psnr
    data, repaired = repair.int8(graph, calibration, made, None)
    assert repaired["float32_layers"] == ["uneven"]
    assert repaired["psnr_before"] == before
    assert repaired["psnr"] == psnr(graph, made, data) > verify.LIMITS["int8"].good_psnr


def test_targets_decide_where_there_are_some(graph, made, calibration):
    """Errors that are small beside the network's own need no repair."""
    far = [np.full((SIZE, SIZE, 3), 50, np.float32)] * len(made)
    assert repair.int8(graph, calibration, made, far)[1] is None
    exact = [next(iter(example["edit"][1].values()))[0] for example in made]
    # No repair can lose less than 1 dB of a network without errors: the plain file is left.
    data, repaired = repair.int8(graph, calibration, made, exact)
    assert repaired is None
    assert data == tflite.Int8Converter(graph, calibration).file()


def test_psnr_loss():
    """Errors of 0.1 in Keras and of 0.2 in the file: 20 log10 2."""
    target = np.full((2, 2, 3), 0.5, np.float32)
    made = [{"edit": ({"photo": target}, {"edited": target[np.newaxis] + 0.1})}]

    def runner(name, inputs):
        return {"edited": inputs["photo"][np.newaxis] - 0.2}

    assert verify.psnr_loss(made, [target], runner) == pytest.approx(20 * math.log10(2), rel=1e-5)
    assert verify.psnr_loss(made, None, runner) is None


def test_why_a_file_is_not_recommended():
    errors = {"draw": {"a": {"psnr": 30.0}, "b": {"psnr": None}}}
    assert verify.shortcomings(errors, None, "dynamic") == []
    assert "30.0 dB against Keras" in verify.shortcomings(errors, None, "int8")[0]
    assert verify.shortcomings(errors, 0.9, "int8") == []
    assert "1.2 dB less PSNR than Keras" in verify.shortcomings(errors, 1.2, "fp16")[0]
    assert verify.shortcomings(errors, 0.9, "int8", margin=0.2)
    assert verify.shortcomings({"draw": {"a": {"finite": False}}}, None, "int8")
