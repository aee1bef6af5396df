"""What ships to a phone: photo and style to drawing in one graph, or in two, a photo encoded once.

Built-in operations of TFLite only, tensors of four axes at most, the same pictures.
"""

import numpy as np
import pytest
import tensorflow as tf

from tests.cases import assert_close
from tfgan_edit.networks.gans_n_roses import GansNRosesGenerator

SIDE = 16


@pytest.fixture(scope="module")
def generator():
    return GansNRosesGenerator(
        SIDE, style_dim=3, w_dim=6, num_downsamplings=2, mapping_layers=2,
        channels={4: 6, 8: 5, 16: 4},
    )


def converted(function, *shapes):
    """Interpreter of a function of float32 tensors of these shapes."""
    signature = [tf.TensorSpec(shape, tf.float32) for shape in shapes]
    concrete = tf.function(function, signature).get_concrete_function()
    converter = tf.lite.TFLiteConverter.from_concrete_functions([concrete])
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    interpreter = tf.lite.Interpreter(model_content=converter.convert())
    interpreter.allocate_tensors()
    ranks = [len(tensor["shape"]) for tensor in interpreter.get_tensor_details()]
    assert max(ranks) <= 4
    return interpreter


def run(interpreter, *arrays):
    inputs = sorted(interpreter.get_input_details(), key=lambda d: d["name"])
    for detail, array in zip(inputs, arrays, strict=True):
        interpreter.set_tensor(detail["index"], array)
    interpreter.invoke()
    return [interpreter.get_tensor(d["index"]) for d in interpreter.get_output_details()]


@pytest.mark.filterwarnings("ignore:.*tf.lite.Interpreter is deprecated")
def test_one_graph_and_two(generator):
    random = np.random.default_rng(0)
    image = random.uniform(-1, 1, (1, SIDE, SIDE, 3)).astype(np.float32)
    style = random.standard_normal((1, 3), np.float32)
    expected = generator(image, style)

    def draw(a, b):
        return generator(a, b)

    (drawing,) = run(converted(draw, image.shape, style.shape), image, style)
    assert_close(drawing, expected, 1e-5)
    content, own = generator.encode(image)
    codes = run(converted(lambda a: generator.encode(a), image.shape), image)
    by_rank = {code.ndim: code for code in codes}
    assert_close(by_rank[4], content, 1e-5)
    assert_close(by_rank[2], own, 1e-5)
    two = converted(lambda a, b: generator.decode(a, b), content.shape, style.shape)
    assert_close(run(two, by_rank[4], style)[0], expected, 1e-5)
