"""Mapping network: promises, order of its steps, truncation."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.cases import assert_close, run_network_test
from tests.networks import stylegan2_sizes as sizes
from tests.reference import dense as ref_dense
from tests.reference import normalization as ref_normalization
from tfgan_edit.networks.mapping import MappingNetwork

TINY = {"z_dim": 6, "w_dim": 5, "num_ws": 4, "num_layers": 2}


def sample(*shape, seed=1):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def tracked(**options):
    """A network whose average is not zero."""
    mapping = MappingNetwork(**(TINY | options))
    mapping.w_avg.assign(sample(5, seed=2))
    return mapping


@pytest.mark.parametrize(
    "options, inputs, shape, params",
    (
        ({}, {"z": sample(3, 6)}, (3, 4, 5), (sizes.mapping(6, 5, 2), 5)),
        (
            {"label_dim": 3, "hidden_dim": 7, "num_layers": 3, "lr_multiplier": 0.1},
            {"z": sample(3, 6), "labels": sample(3, 3)},
            (3, 4, 5),
            (sizes.mapping(6, 5, 3, label_dim=3, hidden_dim=7), 5),
        ),
        ({"num_ws": None}, {"z": sample(3, 6)}, (3, 5), (sizes.mapping(6, 5, 2), 0)),
        (
            {"label_dim": 3, "joint_norm": True},
            {"z": sample(3, 6), "labels": sample(3, 3)},
            (3, 4, 5),
            (3 * 6 + sizes.mapping(12, 5, 2), 5),
        ),
    ),
)
def test_keeps_the_promises_of_a_network(options, inputs, shape, params, tmp_path):
    mapping = MappingNetwork(**(TINY | options))
    assert mapping(**inputs).shape == shape
    run_network_test(
        MappingNetwork,
        TINY | options,
        inputs,
        expected_shape=shape,
        expected_params=params,
        same_in_half=True,
        tmp_path=tmp_path,
    )


@pytest.mark.parametrize("policy", ("mixed_bfloat16", "mixed_float16"))
def test_stays_in_float32_under_a_mixed_policy(policy):
    z = sample(3, 6)
    exact = tracked()
    expected = exact(z, truncation=0.5)
    for mapping in (tracked(dtype=policy), _under_global_policy(policy)):
        mapping.set_weights(exact.get_weights())
        assert_close(mapping(z, truncation=0.5), expected, 1e-6)


def _under_global_policy(policy):
    keras.config.set_dtype_policy(policy)  # set back by the fixture of conftest.py
    return tracked()


def test_equals_reference():
    """Normalise z; embed and normalise the label; then join them."""
    z, labels = sample(3, 6), sample(3, 3)
    mapping = MappingNetwork(6, 5, num_ws=None, label_dim=3, num_layers=2)
    for variable in mapping.variables:
        variable.assign(variable + sample(*variable.shape))

    def layer(x, dense, **options):
        return ref_dense.fully_connected(x, dense.kernel, dense.bias, **options)

    y = ref_normalization.normalize_2nd_moment(layer(labels, mapping.embed))
    x = np.concatenate([ref_normalization.normalize_2nd_moment(z), y], axis=1)
    for dense in mapping.dense_layers:
        x = layer(x, dense, activation="lrelu", lr_multiplier=0.01)
    assert_close(mapping(z, labels=labels), x, 1e-5)


def test_rows_are_equal_without_truncation():
    w_plus = tracked()(sample(3, 6))
    for row in range(1, 4):
        np.testing.assert_array_equal(w_plus[:, row], w_plus[:, 0])


def test_scale_of_z_does_not_matter():
    mapping, z = tracked(), sample(3, 6)
    assert_close(mapping(100 * z), mapping(z), 1e-5)


def test_truncation_by_hand():
    mapping, z = tracked(), sample(3, 6)
    w = mapping(z).numpy()
    w_avg = mapping.w_avg.numpy()
    half = w_avg + 0.5 * (w - w_avg)
    assert_close(mapping(z, truncation=0.5), half, 1e-6)
    assert_close(mapping(z, truncation=0.0), np.broadcast_to(w_avg, w.shape), 1e-6)
    cut = mapping(z, truncation=0.5, truncation_cutoff=3).numpy()
    assert_close(cut[:, :3], half[:, :3], 1e-6)
    np.testing.assert_array_equal(cut[:, 3:], w[:, 3:])
    assert_close(mapping(z, truncation=1.0, truncation_cutoff=2), w, 0)
    assert_close(mapping(z, truncation=0.5, truncation_cutoff=0), w, 0)


def test_truncation_may_be_a_tensor():
    mapping, z = tracked(), sample(3, 6)
    fn = tf.function(lambda psi, cut: mapping(z, truncation=psi, truncation_cutoff=cut))
    actual = fn(tf.constant(0.5), tf.constant(2))
    assert_close(actual, mapping(z, truncation=0.5, truncation_cutoff=2), 1e-6)


def test_labels_change_the_result_and_are_required():
    mapping = MappingNetwork(6, 5, num_ws=2, label_dim=3, num_layers=1)
    z, labels = sample(2, 6), np.eye(3, dtype=np.float32)[:2]
    assert np.max(np.abs(mapping(z, labels=labels) - mapping(z, labels=labels[::-1]))) > 1e-2
    with pytest.raises(ValueError, match=r"labels \[N, 3\].*labels=None"):
        mapping(z)


@pytest.mark.parametrize(
    "options, message",
    (
        ({"z_dim": 0}, "z_dim=0"),
        ({"w_dim": 0}, "w_dim=0"),
        ({"num_ws": 0}, "num_ws=0"),
        ({"num_layers": -1}, "num_layers=-1"),
        ({"label_dim": -1}, "label_dim=-1"),
        ({"hidden_dim": 0}, "hidden_dim=0"),
        ({"lr_multiplier": 0}, "lr_multiplier=0"),
    ),
)
def test_wrong_arguments_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        MappingNetwork(**(TINY | options))


@pytest.mark.parametrize("z", (sample(3, 5), sample(3, 7), sample(6)))
def test_wrong_z_is_named(z):
    with pytest.raises(ValueError, match=r"z .*6"):
        tracked()(z)
