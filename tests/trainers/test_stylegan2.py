"""The StyleGAN2 trainer at 8 px: what a step does, for every precision and option."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfgan_edit.config import UserError
from tfgan_edit.trainers.randomness import StepRandom
from tfgan_edit.trainers.style_based import discriminate_sets
from tfgan_edit.trainers.stylegan2 import StyleGAN2Config, lazy_adam

TINY = StyleGAN2Config(
    z_dim=6, w_dim=5, mapping_layers=2, channel_max=4, learning_rate=0.01, ema_kimg=0.01
)
LABELS = np.eye(3, dtype=np.float32)[[0, 0, 1, 2]]


def settings(**changes):
    return StyleGAN2Config(**{**TINY.__dict__, **changes})


def photos(batch=4):
    values = np.random.RandomState(3).randint(0, 256, (batch, 8, 8, 3), np.uint8)
    return {"photos": tf.constant(values)}


def kernels(network):
    return {v.path: v.numpy() for v in network.trainable_variables}


def changed(before, network):
    return {
        v.path for v in network.trainable_variables if not np.array_equal(before[v.path], v)
    }


@pytest.mark.parametrize("precision", ["float32", "mixed_bfloat16", "mixed_float16"])
@pytest.mark.parametrize("half_activations", [False, True])
def test_a_step_of_all_phases_trains_both_networks(precision, half_activations):
    if precision == "float32" and half_activations:
        pytest.skip("the same as without")
    trainer = TINY.build(
        resolution=8, precision=precision, half_activations=half_activations
    )
    generator, discriminator = kernels(trainer.generator), kernels(trainer.discriminator)
    logs = {name: float(value) for name, value in trainer.step_function(photos()).items()}
    assert all(np.isfinite(value) for value in logs.values()), logs
    assert {"Loss/G/loss", "Loss/D/loss", "Loss/r1_penalty", "Loss/pl_penalty"} <= set(logs)
    assert len(changed(generator, trainer.generator)) >= len(generator) - 2
    assert len(changed(discriminator, trainer.discriminator)) >= len(discriminator) - 2
    assert trainer.loss_scaling == (precision == "mixed_float16")
    assert float(trainer.mean_path_length.numpy()) > 0
    assert np.abs(trainer.generator.mapping.w_avg.numpy()).max() > 0
    average = trainer.averages["generator"]
    np.testing.assert_array_equal(average.mapping.w_avg, trainer.generator.mapping.w_avg)


def test_xla_compiles_every_phase_to_the_same_step():
    plain, compiled = TINY.build(resolution=8), TINY.build(resolution=8, jit_compile=True)
    expected = plain.step_function(photos())
    actual = compiled.step_function(photos())
    for name, value in expected.items():
        np.testing.assert_allclose(actual[name], value, rtol=1e-3, atol=1e-4, err_msg=name)
    # The second moments of Adam are squared gradients of all phases.
    for network in ("generator", "discriminator"):
        moments = zip(
            compiled.optimizers[network].variables, plain.optimizers[network].variables, strict=True
        )
        for a, b in moments:
            a, b = a.numpy(), b.numpy()
            assert np.abs(a - b).max() <= 1e-3 * np.abs(b).max() + 1e-9


@pytest.mark.parametrize("labelled", (False, True))
@pytest.mark.parametrize("group_size", (1, 2, 4, 8, None))
def test_one_pass_over_reals_and_fakes_equals_two(group_size, labelled):
    """Each group of the minibatch statistic has only reals or only fakes, as in two passes."""
    config = settings(group_size=group_size)
    labels = LABELS if labelled else None
    trainer = config.build(resolution=8, labels=labels, label_dim=3 if labelled else 0)
    random = np.random.RandomState(0)
    reals, fakes = (tf.constant(random.randn(4, 8, 8, 3), tf.float32) for _ in range(2))
    others = None if labels is None else labels[::-1]
    together = discriminate_sets(
        trainer.discriminator, [reals, fakes], [labels, others], group_size
    )
    apart = [trainer.discriminator(x, labels=y) for x, y in ((reals, labels), (fakes, others))]
    for a, b in zip(together, apart, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
    assert not np.allclose(apart[0], apart[1])


def test_frozen_layers_of_the_discriminator_stay():
    trainer = settings(freeze_layers=2, r1_gamma=0.0, path_length_weight=0.0).build(resolution=8)
    block = trainer.discriminator.blocks[0]
    frozen = [block.fromrgb.kernel.numpy(), block.conv0.kernel.numpy()]
    free = block.conv1.kernel.numpy()
    trainer.step_function(photos())
    np.testing.assert_array_equal(block.fromrgb.kernel, frozen[0])
    np.testing.assert_array_equal(block.conv0.kernel, frozen[1])
    assert not np.array_equal(block.conv1.kernel, free)


def test_labels_of_fakes_follow_the_data():
    trainer = settings(r1_gamma=0.0, path_length_weight=0.0).build(
        resolution=8, label_dim=3, labels=LABELS
    )
    random = StepRandom(0, tf.constant(0, tf.int64))
    _, labels, _ = trainer._map(4000, random)
    np.testing.assert_allclose(labels.numpy().mean(axis=0), [0.5, 0.25, 0.25], atol=0.03)
    logs = trainer.step_function({**photos(), "labels": tf.constant(LABELS)})
    assert np.isfinite(float(logs["Loss/D/loss"]))


def test_a_conditional_generator_needs_the_labels_of_the_data():
    with pytest.raises(ValueError, match="labels of the data"):
        TINY.build(resolution=8, label_dim=3)


@pytest.mark.parametrize("style_mixing, mixed", [(0.0, False), (1.0, True)])
def test_style_mixing_gives_the_last_rows_to_a_second_latent(style_mixing, mixed):
    trainer = settings(style_mixing=style_mixing).build(resolution=8)
    w_plus, _, _ = trainer._map(3, StepRandom(0, tf.constant(0, tf.int64)))
    rows = w_plus.numpy()
    assert np.array_equal(rows[:, 0], rows[:, -1]) != mixed


def test_average_of_w_moves_by_the_published_rule():
    trainer = settings(style_mixing=0.0, w_avg_decay=0.75).build(resolution=8)
    trainer.generator.mapping.w_avg.assign(np.ones(5))
    w_plus, _, updates = trainer._map(4, StepRandom(0, tf.constant(0, tf.int64)))
    expected = 0.75 + 0.25 * w_plus[:, 0].numpy().mean(axis=0)
    (variable, value), = updates
    assert variable is trainer.generator.mapping.w_avg
    np.testing.assert_allclose(value, expected, rtol=1e-5)


def test_lazy_regularisation_corrects_the_optimiser():
    adam = lazy_adam(StyleGAN2Config(learning_rate=0.002), 0.002, 4)
    assert isinstance(adam, keras.optimizers.Adam)
    assert float(adam.learning_rate.numpy()) == pytest.approx(0.0016)
    assert (adam.beta_1, adam.beta_2) == (0.0, pytest.approx(0.99**0.8))
    plain = lazy_adam(StyleGAN2Config(), 0.002, 0)
    assert float(plain.learning_rate.numpy()) == pytest.approx(0.002)


def test_half_life_of_the_average_and_its_rampup():
    trainer = settings(ema_kimg=1.0, ema_rampup=0.1).build(resolution=8)
    # 10 % of 2,000 images seen: a half-life of 200, so 200 images halve the old average.
    decay = trainer.average_decay(tf.constant(2000.0), 200.0)
    assert float(decay) == pytest.approx(0.5)
    # Later the half-life is 1,000 images.
    assert float(trainer.average_decay(tf.constant(1e6), 500.0)) == pytest.approx(0.5**0.5)


@pytest.mark.parametrize(
    "changes, batch_size, replicas, words",
    [
        ({"micro_batch": 3}, 8, 1, "trainer.micro_batch 3"),
        ({"group_size": 4}, 12, 2, "trainer.group_size 4"),
        ({"path_length_batch_shrink": 2, "group_size": 1}, 3, 1, "path_length_batch_shrink 2"),
        ({"r1_interval": 0}, 8, 1, "trainer.r1_interval must be at least 1"),
    ],
)
def test_settings_that_contradict_each_other_are_named(changes, batch_size, replicas, words):
    with pytest.raises(UserError, match=words):
        settings(**changes).check(batch_size=batch_size, num_replicas=replicas)
