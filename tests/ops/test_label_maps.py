"""Label planes, edges and instance means, by hand and against loops."""

import numpy as np
import pytest

from tests.cases import assert_close, jit_equal
from tfgan_edit.ops.label_maps import (
    instance_edges,
    instance_means,
    label_planes,
    translator_input,
)

LABELS = np.array([[[0, 2, 1], [2, 2, 7]]])
INSTANCES = np.array([[[5, 5, 9, 9], [5, 5, 9, 9], [5, 5, 5, 5]]])


def test_label_planes_by_hand():
    planes = label_planes(LABELS, 3).numpy()
    assert planes.dtype == np.float32 and planes.shape == (1, 2, 3, 3)
    np.testing.assert_array_equal(planes[0, 0], [[1, 0, 0], [0, 0, 1], [0, 1, 0]])
    np.testing.assert_array_equal(planes[0, 1, 2], [0, 0, 0])  # 7 is no label


def test_edges_by_hand():
    expected = [[0, 1, 1, 0], [0, 1, 1, 1], [0, 0, 1, 1]]
    edges = instance_edges(INSTANCES).numpy()
    np.testing.assert_array_equal(edges[0, :, :, 0], expected)
    assert edges.shape == (1, 3, 4, 1)


def test_translator_input_joins_in_order():
    images = np.full((1, 2, 3, 2), 0.5, np.float32)
    x = translator_input(LABELS, 3, LABELS, images).numpy()
    assert x.shape == (1, 2, 3, 3 + 1 + 2)
    np.testing.assert_array_equal(x[..., :3], label_planes(LABELS, 3))
    np.testing.assert_array_equal(x[..., 3:4], instance_edges(LABELS))
    np.testing.assert_array_equal(x[..., 4:], images)
    np.testing.assert_array_equal(translator_input(images=images), images)


def test_translator_input_names_what_is_missing():
    with pytest.raises(ValueError, match="one of labels, instances and images"):
        translator_input()
    with pytest.raises(ValueError, match="num_labels=0"):
        translator_input(labels=LABELS)


def test_instance_means_equal_a_loop():
    random = np.random.default_rng(1)
    features = random.normal(size=(3, 5, 4, 2)).astype(np.float32)
    instances = random.integers(-2, 3, size=(3, 5, 4)) * 10**6  # the same numbers in all pictures
    expected = np.empty_like(features)
    for x, ids, y in zip(features, instances, expected, strict=True):
        for number in np.unique(ids):
            y[ids == number] = x[ids == number].mean(axis=0)
    assert_close(jit_equal(instance_means, features, instances), expected, 1e-6)


def test_same_in_graph_and_under_xla():
    jit_equal(lambda a, b: translator_input(a, 3, b), LABELS, LABELS)
