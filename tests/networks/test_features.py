"""Feature networks: published sizes, and each layer against the official layout, unfolded."""

import functools
import json
import re

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.metrics.weight_states import random_state
from tfgan_edit.checkpoints import layer_names
from tfgan_edit.checkpoints.features import fill
from tfgan_edit.config import UserError
from tfgan_edit.metrics.weights import fill_values
from tfgan_edit.networks.features import inception
from tfgan_edit.networks.features.arcface import ArcFace
from tfgan_edit.networks.features.dlib_faces import DlibAge, DlibGender
from tfgan_edit.networks.features.efficientnet import EfficientNetLite
from tfgan_edit.networks.features.faces import Emotion, FaceRes
from tfgan_edit.networks.features.frozen import Layers
from tfgan_edit.networks.features.inception import InceptionV3
from tfgan_edit.networks.features.stacks import CAFFE_MEAN, CAFFE_STD, VGG, AlexNet, SqueezeNet

TINY_LITE = {
    "stages": ((1, 3, 1, 1, 4), (2, 5, 2, 6, 6)),
    "stem": 4,
    "head": 10,
    "classes": 3,
}


def images(size=16, num=2):
    return np.random.default_rng(1).uniform(-1, 1, (num, size, size, 3)).astype(np.float32)


class Reference:
    """The official graph's parts in TensorFlow's own ops, NHWC, batch norm left as it is."""

    def __init__(self, state, epsilon):
        self.state, self.epsilon = state, epsilon

    def kernel(self, name):
        return tf.transpose(self.state[f"{name}.weight"], (2, 3, 1, 0))

    def norm(self, x, name):
        s = self.state
        return tf.nn.batch_normalization(
            x,
            s[f"{name}.running_mean"],
            s[f"{name}.running_var"],
            s[f"{name}.bias"],
            s[f"{name}.weight"],
            self.epsilon,
        )

    def conv(self, x, name, strides=1):
        return tf.nn.conv2d(x, self.kernel(name), strides, "SAME")

    def depthwise(self, x, name, strides=1):
        kernel = tf.transpose(self.state[f"{name}.weight"], (2, 3, 0, 1))
        return tf.nn.depthwise_conv2d(x, kernel, (1, strides, strides, 1), "SAME")


def test_lite0_has_the_published_size():
    network = EfficientNetLite()
    assert network.count_params() + 21_008 == 4_652_008  # one scale a channel is folded in
    outputs = network(images(32))
    assert {k: v.shape[1:] for k, v in outputs.items()} == {"features": (1280,), "logits": (1000,)}


def test_lite0_is_the_official_graph():
    network = EfficientNetLite(**TINY_LITE)
    state = random_state(network, layer_names.lite0)
    fill(network, state, layer_names.lite0, 1e-3)
    ref = Reference(state, 1e-3)
    x = (tf.constant(images()) * 127.5 + 0.5) / 128
    x = tf.nn.relu6(ref.norm(ref.conv(x, "_conv_stem", 2), "_bn0"))
    for i, (strides, expands, adds) in enumerate([(1, 0, 1), (2, 1, 0), (1, 1, 1)]):
        y, block = x, f"_blocks.{i}."
        if expands:
            y = tf.nn.relu6(ref.norm(ref.conv(y, block + "_expand_conv"), block + "_bn0"))
        y = ref.depthwise(y, block + "_depthwise_conv", strides)
        y = tf.nn.relu6(ref.norm(y, block + "_bn1"))
        y = ref.norm(ref.conv(y, block + "_project_conv"), block + "_bn2")
        x = x + y if adds else y
    x = tf.nn.relu6(ref.norm(ref.conv(x, "_conv_head"), "_bn1"))
    features = tf.reduce_mean(x, (1, 2))
    logits = features @ state["_fc.weight"].T + state["_fc.bias"]
    outputs = network(images())
    np.testing.assert_allclose(outputs["features"], features, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(outputs["logits"], logits, rtol=1e-4, atol=1e-5)


# === published sizes ===


@pytest.mark.parametrize(
    "network, count",
    [
        (AlexNet, 2_469_696),
        (SqueezeNet, 1_235_496 - 513_000),  # less its classifier
        (VGG, 14_714_688),
        (functools.partial(VGG, repeats=(2, 2, 4, 4, 4)), 20_024_384),
        (functools.partial(InceptionV3, classes=1000), 23_817_352 - 1000),  # less a bias
        (Emotion, 205_127),
        (FaceRes, 3_489_403 - 4_960 - 54),  # less scales of 4,960 channels and 54 constants
        (DlibGender, 131_540 - 2 * 192 - 2),  # less scales and offsets of 192 channels, 2 factors
        (DlibAge, 2_689_641 - 2 * 1728 - 24),  # and 24 constants of its padding
    ],
)
def test_published_sizes(network, count):
    assert network().count_params() == count


def test_arcface_has_43_8_million():
    assert round(ArcFace().count_params() / 1e6, 1) == 43.8


# === each against its official layout ===


def test_plain_stacks_are_the_official_graphs():
    x = tf.constant(images(40))
    colours = (x - [-0.03, -0.088, -0.188]) / [0.458, 0.448, 0.45]

    alex = AlexNet(widths=(4, 5, 6, 7, 8))
    s = random_state(alex, layer_names.alexnet)
    fill(alex, s, layer_names.alexnet)
    y = colours
    outputs = alex(x)
    for i, (place, strides, padding, pool) in enumerate(
        [(0, 4, 2, 0), (3, 1, 2, 1), (6, 1, 1, 1), (8, 1, 1, 0), (10, 1, 1, 0)], start=1
    ):
        if pool:
            y = tf.nn.max_pool2d(y, 3, 2, "VALID")
        kernel = tf.transpose(s[f"features.{place}.weight"], (2, 3, 1, 0))
        pads = [[0, 0], [padding] * 2, [padding] * 2, [0, 0]]
        y = tf.nn.relu(tf.nn.conv2d(y, kernel, strides, pads) + s[f"features.{place}.bias"])
        np.testing.assert_allclose(outputs[f"relu{i}"], y, rtol=1e-4, atol=1e-5)

    repeats = (1, 2)
    vgg = VGG(repeats, (4, 6), mean=CAFFE_MEAN, std=CAFFE_STD)
    s = random_state(vgg, layer_names.vgg(repeats))
    fill(vgg, s, layer_names.vgg(repeats))
    y = (x + 1) * 127.5 - [123.68, 116.779, 103.939]
    outputs = vgg(x)
    for place, tap, pool in [(0, "relu1_1", 0), (3, "relu2_1", 1), (5, "relu2_2", 0)]:
        y = tf.nn.max_pool2d(y, 2, 2, "VALID") if pool else y
        kernel = tf.transpose(s[f"features.{place}.weight"], (2, 3, 1, 0))
        y = tf.nn.relu(tf.nn.conv2d(y, kernel, 1, "SAME") + s[f"features.{place}.bias"])
        np.testing.assert_allclose(outputs[tap], y, rtol=1e-4, atol=1e-2)


@pytest.mark.parametrize("size, sides", [(63, [31, 15, 7, 3]), (64, [31, 15, 7, 3]), (66, 0)])
def test_squeezenet_pools_to_sizes_rounded_up(size, sides):
    network = SqueezeNet(squeezes=(2,) * 8, stem=4)
    outputs = network(images(size))
    found = [outputs[key].shape[1] for key in ("relu1", "fire2", "fire4", "fire6")]
    expected = [(size - 3) // 2 + 1]
    for _ in range(3):
        expected.append(-(-(expected[-1] - 3) // 2) + 1)
    assert found == expected and (not sides or found == sides)
    before = outputs["relu1"].numpy()
    pooled = np.full((*before.shape[:1], expected[1], expected[1], before.shape[3]), -1.0)
    for i in range(expected[1]):
        for j in range(expected[1]):
            window = before[:, 2 * i : 2 * i + 3, 2 * j : 2 * j + 3]
            pooled[:, i, j] = window.max(axis=(1, 2))
    squeeze = network.get_layer("fire2_squeeze")
    y = squeeze(pooled)
    expand = [network.get_layer(f"fire2_expand{k}")(y) for k in ("1x1", "3x3")]
    np.testing.assert_allclose(outputs["fire2"], np.concatenate(expand, -1), rtol=1e-4, atol=1e-5)


def test_dense_layers_of_vgg_take_pytorchs_order():
    network = VGG((1, 1, 1, 1, 1), (2, 2, 2, 2, 3), dense=5)
    names = layer_names.vgg((1, 1, 1, 1, 1))
    state = random_state(network, names)
    for name in ("classifier.0.weight", "classifier.3.weight"):
        state[name] = state[name].reshape(5, -1)  # [out, channels · rows · columns]
    fill(network, state, names)
    outputs = network(images(224))
    x = tf.nn.max_pool2d(outputs["relu5_1"], 2, 2, "VALID").numpy()
    y = x.transpose(0, 3, 1, 2).reshape(2, -1)
    for place in (0, 3):
        weight, bias = (state[f"classifier.{place}.{k}"] for k in ("weight", "bias"))
        y = np.maximum(y @ weight.T + bias, 0)
    np.testing.assert_allclose(outputs["fc2"], y, rtol=1e-3, atol=1e-4)


def test_inception_is_keras_applications_apart_from_the_last_pool():
    """Keras' network leaves padding out of averages, as the FID's, and ends with an average."""
    original = keras.applications.InceptionV3(include_top=False, weights=None, pooling="avg")
    network = InceptionV3(8, last_pool="average", mean=(0.5,) * 3, std=(0.5,) * 3)
    random = np.random.default_rng(0)

    def created(cls):
        """Layers in the order in which they were made, which their names count."""
        layers = [layer for layer in original.layers if isinstance(layer, cls)]
        numbers = {layer: re.findall("_([0-9]+)$", layer.name) for layer in layers}
        return sorted(layers, key=lambda layer: [int(number) for number in numbers[layer]])

    state = {"fc.weight": random.standard_normal((8, 2048))}
    names = inception_names()
    layers = zip(
        names,
        created(keras.layers.Conv2D),
        created(keras.layers.BatchNormalization),
        strict=True,
    )
    for name, conv, norm in layers:
        shape, size = conv.kernel.shape, conv.filters
        kernel = random.standard_normal(shape) * np.sqrt(2 / np.prod(shape[:3]))
        beta, mean = random.standard_normal((2, size)) / 9
        variance = random.uniform(0.5, 2, size)
        conv.set_weights([kernel])
        norm.set_weights([beta, mean, variance])
        state[f"{name}.conv.weight"] = kernel.transpose(3, 2, 0, 1)
        state |= {
            f"{name}.bn.bias": beta,
            f"{name}.bn.running_mean": mean,
            f"{name}.bn.running_var": variance,
        }
    fill(network, state, layer_names.inception, 1e-3)
    x = images(107)
    outputs, features = network(x), original(x, training=False).numpy()
    np.testing.assert_allclose(outputs["features"], features, rtol=1e-3, atol=1e-4)
    logits = features @ state["fc.weight"].T
    np.testing.assert_allclose(outputs["logits"], logits, rtol=1e-3, atol=1e-2)
    for other in ({"last_pool": "max"}, {"count_padding": True}):
        settings = {**network.get_config(), **other, "name": None}
        changed = InceptionV3(**settings)
        changed.set_weights(network.get_weights())
        assert np.abs(changed(x)["features"] - features).max() > 1e-2


def inception_names():
    """Convolutions in the paper's order."""
    names = ["Conv2d_1a_3x3", "Conv2d_2a_3x3", "Conv2d_2b_3x3", "Conv2d_3b_1x1", "Conv2d_4a_3x3"]
    branches = {
        "5b 5c 5d": "1x1 5x5_1 5x5_2 3x3dbl_1 3x3dbl_2 3x3dbl_3 _pool",
        "6a": "3x3 3x3dbl_1 3x3dbl_2 3x3dbl_3",
        "6b 6c 6d 6e": "1x1 7x7_1 7x7_2 7x7_3 7x7dbl_1 7x7dbl_2 7x7dbl_3 7x7dbl_4 7x7dbl_5 _pool",
        "7a": "3x3_1 3x3_2 7x7x3_1 7x7x3_2 7x7x3_3 7x7x3_4",
        "7b 7c": "1x1 3x3_1 3x3_2a 3x3_2b 3x3dbl_1 3x3dbl_2 3x3dbl_3a 3x3dbl_3b _pool",
    }
    for blocks, parts in branches.items():
        for block in blocks.split():
            names += [f"Mixed_{block}.branch{part}" for part in parts.split()]
    return names


def test_padding_counts_in_the_averages_of_torchvision():
    """A constant picture: with padding counted, edges of a mean are lower."""
    x = keras.Input((5, 5, 1))
    blocks = inception._Blocks(Layers(keras.dtype_policies.get("float32")), 1, True)
    counted = keras.Model(x, blocks.average(x))(np.ones((1, 5, 5, 1)))[0, :, :, 0]
    expected = np.outer([2, 3, 3, 3, 2], [2, 3, 3, 3, 2]) / 9
    np.testing.assert_allclose(counted, expected, rtol=1e-6)


TINY_ARCFACE = {"stages": ((4, 2), (6, 1)), "stem": 4, "size": 5, "side": 8, "reduction": 2}


def test_arcface_is_the_official_graph():
    network = ArcFace(**TINY_ARCFACE)
    state = random_state(network, layer_names.arcface)
    fill(network, state, layer_names.arcface)
    ref = Reference(state, 1e-5)

    def prelu(x, name):
        return tf.maximum(x, 0) + state[f"{name}.weight"] * tf.minimum(x, 0)

    def padded(x, name, strides):
        pads = [[0, 0], [1, 1], [1, 1], [0, 0]]
        return tf.nn.conv2d(x, ref.kernel(name), strides, pads)

    x = tf.constant(images(8))
    x = prelu(ref.norm(padded(x, "input_layer.0", 1), "input_layer.1"), "input_layer.2")
    for i, (strides, projected) in enumerate([(2, False), (1, False), (2, True)]):
        b = f"body.{i}."
        y = padded(ref.norm(x, f"{b}res_layer.0"), f"{b}res_layer.1", 1)
        y = padded(prelu(y, f"{b}res_layer.2"), f"{b}res_layer.3", strides)
        y = ref.norm(y, f"{b}res_layer.4")
        gate = tf.reduce_mean(y, (1, 2), keepdims=True)
        gate = tf.nn.relu(tf.nn.conv2d(gate, ref.kernel(f"{b}res_layer.5.fc1"), 1, "VALID"))
        gate = tf.nn.sigmoid(tf.nn.conv2d(gate, ref.kernel(f"{b}res_layer.5.fc2"), 1, "VALID"))
        shortcut = x[:, ::strides, ::strides]
        if projected:
            kernel = ref.kernel(f"{b}shortcut_layer.0")
            shortcut = tf.nn.conv2d(x, kernel, strides, "VALID")
            shortcut = ref.norm(shortcut, f"{b}shortcut_layer.1")
        x = shortcut + y * gate
    x = ref.norm(x, "output_layer.0").numpy().transpose(0, 3, 1, 2).reshape(2, -1)
    x = x @ state["output_layer.3.weight"].reshape(5, -1).T
    x = ref.norm(x + state["output_layer.3.bias"], "output_layer.4").numpy()
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    np.testing.assert_allclose(network(images(8))["embedding"], x, rtol=1e-3, atol=1e-5)


def random_arrays(network, shapes):
    random = np.random.default_rng(3)
    return {
        name: (random.standard_normal(shape) / np.sqrt(max(np.prod(shape[:-1]), 1))).astype("f")
        for name, shape in shapes.items()
    }


def test_faceres_is_the_official_graph():
    network = FaceRes(stages=((4, 1), (6, 2)), stem=3, hidden=5)
    arrays = random_arrays(
        network,
        {
            "conv1/convolution/merged_input": (3, 3, 3, 3),
            "conv1_bn/batchnorm_1/sub": (3,),
            "conv_dw_1/depthwise_kernel": (3, 3, 3, 1),
            "conv_dw_1_bn/batchnorm_1/mul": (3,),
            "conv_dw_1_bn/batchnorm_1/sub": (3,),
            "conv_pw_1/convolution/merged_input": (1, 1, 3, 4),
            "conv_pw_1_bn/batchnorm_1/sub": (4,),
            "conv_dw_2/depthwise_kernel": (3, 3, 4, 1),
            "conv_dw_2_bn/batchnorm_1/mul": (4,),
            "conv_dw_2_bn/batchnorm_1/sub": (4,),
            "conv_pw_2/convolution/merged_input": (1, 1, 4, 6),
            "conv_pw_2_bn/batchnorm_1/sub": (6,),
            "feats/kernel": (6, 5),
            "feats/bias": (5,),
            "gender_pred/kernel": (5, 1),
            "gender_pred/bias": (1,),
            "age_pred/kernel": (5, 100),
            "age_pred/bias": (100,),
        },
    )
    fill_values(network, arrays, layer_names.faceres_values)

    def relu6(x, name):
        return tf.nn.relu6(x + arrays[f"{name}_bn/batchnorm_1/sub"])

    x = (images(16) + 1) * 127.5  # colours in [0, 255]
    x = tf.nn.conv2d(x, arrays["conv1/convolution/merged_input"], 2, "SAME")
    x = relu6(x, "conv1")
    for k, strides in ((1, 1), (2, 2)):
        x = tf.nn.depthwise_conv2d(
            x, arrays[f"conv_dw_{k}/depthwise_kernel"], (1, strides, strides, 1), "SAME"
        )
        x = relu6(x * arrays[f"conv_dw_{k}_bn/batchnorm_1/mul"], f"conv_dw_{k}")
        x = tf.nn.conv2d(x, arrays[f"conv_pw_{k}/convolution/merged_input"], 1, "SAME")
        x = relu6(x, f"conv_pw_{k}")
    embedding = tf.reduce_mean(x, (1, 2))
    x = tf.nn.relu(embedding @ arrays["feats/kernel"] + arrays["feats/bias"])
    male = tf.nn.sigmoid(x @ arrays["gender_pred/kernel"] + arrays["gender_pred/bias"])
    ages = tf.nn.softmax(x @ arrays["age_pred/kernel"] + arrays["age_pred/bias"])
    outputs = network(images(16))
    for key, expected in [
        ("embedding", embedding),
        ("male", male),
        ("age", tf.reduce_sum(ages * np.arange(100.0, dtype="f"), 1, keepdims=True)),
    ]:
        np.testing.assert_allclose(outputs[key], expected, rtol=1e-4, atol=1e-5)


def test_emotion_is_the_official_graph():
    network = Emotion(widths=(2, 3, 4, 5))
    model = "StatefulPartitionedCall/model_1/"
    shapes = {"unknown_9": (3, 3, 3, 1), "unknown_15": (3, 3, 4, 1), "unknown_26": (3, 3, 4, 1)}
    shapes |= {"unknown_32": (3, 3, 5, 1), "unknown_43": (3, 3, 5, 7), "unknown_44": (7,)}
    for i, shape in enumerate([(3, 3, 1, 2), (3, 3, 2, 3), (1, 1, 3, 4), (1, 1, 4, 5)], start=1):
        shapes[f"{model}conv2d_{i}/Conv2D_weights"] = shape
        shapes[f"{model}conv2d_{i}/Conv2D_bn_offset"] = shape[-1:]
    for i, shape in enumerate([(3, 4), (4, 4), (4, 5), (5, 5)], start=1):
        name = f"{model}separable_conv2d_{i}/separable_conv2d"
        shapes[f"{name}_weights"], shapes[f"{name}_bn_offset"] = (1, 1, *shape), shape[-1:]
    arrays = random_arrays(network, shapes)
    fill_values(network, arrays, layer_names.emotion_values)

    def conv(x, name, strides=1, padding="SAME"):
        kind = "separable_conv2d" if name.startswith("separable") else "Conv2D"
        kernel, bias = (arrays[f"{model}{name}/{kind}_{k}"] for k in ("weights", "bn_offset"))
        return tf.nn.conv2d(x, kernel, strides, padding) + bias

    def depthwise(x, name):
        return tf.nn.depthwise_conv2d(x, arrays[name], (1, 1, 1, 1), "SAME")

    def pool(x):
        return tf.nn.max_pool2d(x, 3, 2, "SAME")

    faces = images(64)
    grey = np.sum((faces + 1) * 127.5 * [0.2989, 0.587, 0.114], axis=-1, keepdims=True)
    x = ((grey / 255 - 0.5) * 2).astype("f")
    x = tf.nn.relu(conv(x, "conv2d_1", 2, "VALID"))
    x = tf.nn.relu(conv(x, "conv2d_2", 1, "VALID"))
    y = tf.nn.relu(conv(depthwise(x, "unknown_9"), "separable_conv2d_1"))
    y = pool(conv(depthwise(y, "unknown_15"), "separable_conv2d_2"))
    x = y + conv(x, "conv2d_3", 2)
    y = tf.nn.relu(conv(depthwise(tf.nn.relu(x), "unknown_26"), "separable_conv2d_3"))
    y = pool(conv(depthwise(y, "unknown_32"), "separable_conv2d_4"))
    x = y + conv(x, "conv2d_4", 2)
    x = tf.nn.conv2d(x, arrays["unknown_43"], 1, "SAME") + arrays["unknown_44"]
    expected = tf.nn.softmax(tf.reduce_mean(x, (1, 2)))
    np.testing.assert_allclose(network(faces)["expressions"], expected, rtol=1e-3, atol=1e-4)


# === what all promise ===

NETWORKS = [
    (EfficientNetLite, TINY_LITE, 16),
    (AlexNet, {"widths": (2, 3, 4, 5, 6)}, 35),
    (VGG, {"repeats": (1, 2), "widths": (3, 4)}, 8),
    (SqueezeNet, {"squeezes": (4,) * 8, "stem": 8}, 40),
    (InceptionV3, {"width_divisor": 32, "classes": 4}, 80),
    (ArcFace, TINY_ARCFACE, 8),
    (FaceRes, {"stages": ((4, 1), (6, 2)), "stem": 3, "hidden": 5}, 16),
    (Emotion, {"widths": (2, 3, 4, 5)}, 64),
    (DlibGender, {"widths": (2, 3), "hidden": 4}, 32),
    (DlibAge, {"units": ((3, 1), (4, 2)), "stem": 2}, 64),
]


@pytest.mark.parametrize("cls, settings, size", NETWORKS)
def test_networks_are_saved_and_differentiable(cls, settings, size, tmp_path):
    network = cls(**settings)
    path = str(tmp_path / "network.keras")
    network.save(path)
    loaded = keras.saving.load_model(path)
    assert type(loaded) is cls
    assert loaded.get_config() == network.get_config()
    json.dumps(network.get_config())
    x = tf.constant(images(size))
    with tf.GradientTape() as tape:
        tape.watch(x)
        outputs = network(x)
        total = tf.add_n([tf.reduce_sum(y * tf.cos(y)) for y in tf.nest.flatten(outputs)])
    assert np.any(tape.gradient(total, x) != 0)
    again = loaded(x)
    tf.nest.map_structure(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5), outputs, again)
    half = cls(**settings, dtype="mixed_bfloat16")
    assert half.dtype_policy.name == "mixed_bfloat16"
    half.set_weights(network.get_weights())
    errors = {}
    for key, y in half(x).items():
        assert y.dtype == tf.float32
        scale = max(np.abs(outputs[key]).max(), 1e-6)  # narrow layers may be all zero
        errors[key] = np.abs(y - outputs[key]).max() / scale
    assert 0 < max(errors.values()) < 0.1  # bfloat16 was used, and keeps two digits


@pytest.mark.parametrize(
    "damage, match",
    [
        (lambda s: s.pop("_conv_head.weight"), "another network's file: '_conv_head.weight'"),
        (lambda s: s.update({"_fc.bias": np.zeros(4)}), r"logits needs shape \[3\], .* has \[4\]"),
        (lambda s: s["_bn0.bias"].fill(np.nan), "weights of stem are not finite"),
    ],
)
def test_other_files_are_named(damage, match):
    network = EfficientNetLite(**TINY_LITE)
    state = random_state(network, layer_names.lite0)
    damage(state)
    with pytest.raises(UserError, match=match):
        fill(network, state, layer_names.lite0, 1e-3)
