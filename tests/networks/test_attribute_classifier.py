"""The attribute classifier: promises, groups of labels, calibrated probabilities."""

import numpy as np
import pytest
import tensorflow as tf

from tests.cases import run_layer_test, run_network_test
from tfgan_edit.networks.attribute_classifier import (
    AttributeClassifier,
    HalvingBlock,
    attribute_groups,
)

NAMES = ["smile", "hair=black", "hair=red", "hair=blond", "hat"]
TINY = {"label_names": NAMES, "width": 4, "max_width": 6, "feature_dim": 5}


def images(*shape):
    return np.random.default_rng(0).uniform(-1, 1, shape).astype(np.float32)


def parameters(pixels, img_channels):
    """Stem, one block, dense on 6 channels of `pixels`, logits; by the table of layers."""
    stem = 9 * 4 * img_channels * 4 + 4
    block = 9 * 4 * 4 + 4 + 9 * 4 * 6 + 6 + 4 * 6
    return stem + block + (6 * pixels * 5 + 5) + (5 * 5 + 5)


@pytest.mark.parametrize(
    ("resolution", "img_channels", "pixels"), [(16, 3, 16), ((12, 20), 1, 3 * 5)]
)
def test_network(resolution, img_channels, pixels, tmp_path):
    height, width = (resolution,) * 2 if isinstance(resolution, int) else resolution
    run_network_test(
        AttributeClassifier,
        {**TINY, "resolution": resolution, "img_channels": img_channels},
        {"images": images(2, height, width, img_channels)},
        expected_shape=(2, 5),
        expected_params=(parameters(pixels, img_channels), 3),
        tmp_path=tmp_path,
    )


def test_block(tmp_path):
    run_layer_test(
        HalvingBlock,
        {"filters": 3},
        (images(2, 5, 8, 2),),
        expected_shape=(2, 3, 4, 3),
        expected_trainable=5,
        tmp_path=tmp_path,
    )


def test_groups_are_attributes_and_their_labels():
    assert attribute_groups(NAMES) == {"smile": [0], "hair": [1, 2, 3], "hat": [4]}
    assert attribute_groups(["a=1", "b", "a=2"]) == {"a": [0, 2], "b": [1]}


def test_probabilities_are_of_logits_over_temperatures():
    classifier = AttributeClassifier(8, **TINY)
    classifier.temperature.assign([2.0, 1.0, 0.5])
    logits = np.array([[2.0, 0.0, np.log(2), np.log(5), -1.0]], np.float32)
    actual = classifier.probabilities(tf.constant(logits)).numpy()[0]
    expected = [1 / (1 + np.exp(-1)), 1 / 8, 2 / 8, 5 / 8, 1 / (1 + np.exp(2))]
    np.testing.assert_allclose(actual, expected, rtol=1e-6)


def test_log_odds_are_of_the_probabilities_and_have_a_gradient_where_these_have_none():
    network = AttributeClassifier(8, NAMES, width=4, feature_dim=4)
    network.temperature.assign(0.5 + tf.range(len(network.groups), dtype=tf.float32))
    logits = tf.random.stateless_normal((3, len(NAMES)), (0, 1))
    p = network.probabilities(logits).numpy().astype(np.float64)
    np.testing.assert_allclose(network.log_odds(logits), np.log(p / (1 - p)), atol=1e-4)
    certain = 200 * logits
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(certain)
        odds, p = network.log_odds(certain), network.probabilities(certain)
        low = tf.reduce_min(odds)
    assert np.all(np.isfinite(odds)) and np.any(np.isin(p, [0, 1]))
    assert np.any(tape.gradient(low, certain) != 0)


def test_logits_are_linear_in_the_embedding():
    classifier = AttributeClassifier(8, **TINY)
    x = images(3, 8, 8, 3)
    features = classifier.embed(x)
    assert features.shape == (3, 5)
    kernel, gain = classifier.logits.kernel.numpy(), classifier.logits.gain
    np.testing.assert_allclose(classifier(x), features.numpy() @ kernel * gain, atol=1e-6)


@pytest.mark.parametrize("resolution", [64, 256])
def test_the_last_maps_are_small_at_every_resolution(resolution):
    classifier = AttributeClassifier(resolution, ["smile"], width=4, max_width=8)
    assert classifier.dense.kernel.shape[0] == 8 * 4 * 4


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"resolution": 10}, "resolution=10"),
        ({"resolution": (8, 8, 3)}, "resolution="),
        ({"label_names": []}, "label_names"),
        ({"width": 0}, "width=0"),
    ],
)
def test_wrong_arguments_are_named(changes, message):
    with pytest.raises(ValueError, match=message):
        AttributeClassifier(**{"resolution": 8, **TINY, **changes})


def test_images_of_another_size_are_refused():
    with pytest.raises(ValueError, match="images must be"):
        AttributeClassifier(8, **TINY)(images(1, 16, 16, 3))
