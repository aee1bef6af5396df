"""Draws of a training step: what they depend on, and that the parts of a batch fit together."""

import itertools

import numpy as np
import pytest
import tensorflow as tf

from tests.cases import jit_equal
from tfgan_edit.trainers.randomness import StepRandom


def at(step=5, seed=1, **settings):
    return StepRandom(seed, tf.constant(step, tf.int64), **settings)


def draws(random):
    """One draw of every kind, as one vector."""
    parts = [
        random.normal("z", 4, [3]),
        tf.cast(random.integers("rows", 4, 1000), tf.float32),
        random.shared_uniform("cutoff"),
    ]
    return np.concatenate([np.ravel(part) for part in parts])


@pytest.mark.parametrize("num_parts", [2, 3])
def test_parts_together_draw_what_one_draws(num_parts):
    whole = at()
    parts = [at(part=i, num_parts=num_parts) for i in range(num_parts)]
    normal = np.concatenate([part.normal("z", 2, [3, 2]) for part in parts])
    np.testing.assert_array_equal(normal, whole.normal("z", 2 * num_parts, [3, 2]))
    integers = np.concatenate([part.integers("rows", 2, 50) for part in parts])
    np.testing.assert_array_equal(integers, whole.integers("rows", 2 * num_parts, 50))
    uniform = {float(part.shared_uniform("cutoff")) for part in parts}
    assert uniform == {float(whole.shared_uniform("cutoff"))}


def test_parts_of_parts_lie_in_order():
    """Two replicas of two micro-batches: rows 0-3 of the batch, and no row twice."""
    whole = at().within("Gmain").within("")
    quarters = [
        at(part=replica, num_parts=2).within("Gmain").within("", part, 2)
        for replica, part in itertools.product(range(2), range(2))
    ]
    np.testing.assert_array_equal(
        np.concatenate([quarter.normal("z", 1, [3]) for quarter in quarters]),
        whole.normal("z", 4, [3]),
    )
    np.testing.assert_array_equal(
        np.concatenate([quarter.integers("rows", 1, 10**6) for quarter in quarters]),
        whole.integers("rows", 4, 10**6),
    )


def test_the_part_may_be_a_tensor():
    part = tf.constant(1)
    random = at(part=part, num_parts=2)
    np.testing.assert_array_equal(
        random.normal("z", 2, [3]), at(part=1, num_parts=2).normal("z", 2, [3])
    )
    np.testing.assert_array_equal(
        random.within("x", 1, 2).integers("rows", 2, 99),
        at(part=1, num_parts=2).within("x", 1, 2).integers("rows", 2, 99),
    )


def test_draws_are_the_same_again():
    np.testing.assert_array_equal(draws(at()), draws(at()))
    np.testing.assert_array_equal(draws(at().within("x")), draws(at().within("x")))


@pytest.mark.parametrize(
    "other",
    [
        at(step=6),
        at(step=5 + 2**32),
        at(seed=2),
        at().within("x"),
        at().within(""),
        at(scope="x"),
    ],
    ids=["step", "large step", "seed", "within", "empty scope", "scope"],
)
def test_step_seed_and_scope_change_every_draw(other):
    assert np.all(draws(at()) != draws(other))


def test_names_and_scopes_change_the_draw():
    random = at()
    for one, other in itertools.combinations(
        [random, random.within("a"), random.within("b"), random.within("a").within("b")], 2
    ):
        assert np.all(one.normal("z", 4, [3]) != other.normal("z", 4, [3]))
    assert np.all(random.normal("z", 4, [3]) != random.normal("z_mixing", 4, [3]))
    assert float(random.shared_uniform("cutoff")) != float(random.shared_uniform("mixing"))


def test_graphs_draw_the_same():
    graph = tf.function(lambda step: StepRandom(1, step).normal("z", 4, [3]))
    for step in (0, 5, 2**40):
        np.testing.assert_array_equal(
            graph(tf.constant(step, tf.int64)), at(step).normal("z", 4, [3])
        )


def test_xla_draws_the_same():
    """The run's pictures must not depend on where and how it computes."""

    def draw(step, part):
        random = StepRandom(1, step, part, 2, "Gmain")
        # Integers and uniforms bit for bit, normals up to the rounding of sin and log.
        exact = tf.cast(random.integers("rows", 64, 2**20), tf.float32)
        return random.normal("z", 64, [8]), exact, random.shared_uniform("cutoff")

    step, part = np.int64(7), np.int32(1)
    jit_equal(draw, step, part, limit=1e-6)
    _, exact, uniform = tf.function(draw, jit_compile=True)(step, part)
    _, expected, expected_uniform = draw(step, part)
    np.testing.assert_array_equal(exact, expected)
    assert float(uniform) == float(expected_uniform)


def test_normal_draws_are_standard_normal():
    """Of 200,000 numbers: mean and deviation within five standard errors."""
    values = at().normal("z", 2000, [100]).numpy()
    count = values.size
    assert abs(values.mean()) < 5 / np.sqrt(count)
    assert abs(values.std() - 1) < 5 / np.sqrt(2 * count)
    assert abs((values**3).mean()) < 5 * np.sqrt(15 / count)
    assert 4.0 < np.abs(values).max() < 6.5
    # Neither rows nor steps are correlated.
    rows = np.corrcoef(values[:50])[np.triu_indices(50, 1)]
    assert np.abs(rows).max() < 0.6
    steps = [at(step).normal("z", 1, [10_000]).numpy()[0] for step in (0, 1)]
    assert abs(np.corrcoef(steps)[0, 1]) < 0.05


def test_integers_are_uniform_below_the_limit():
    values = at().integers("rows", 60_000, 6).numpy()
    assert values.dtype == np.int32
    counts = np.bincount(values, minlength=6)
    assert len(counts) == 6
    # Each count is binomial: 10,000 with a deviation of 91.
    assert np.abs(counts - 10_000).max() < 5 * 91
    assert np.all(at().integers("rows", 8, 1).numpy() == 0)


def test_shared_uniforms_of_many_steps_are_uniform():
    values = np.array([at(step).shared_uniform("cutoff") for step in range(2000)])
    assert values.shape == (2000,)
    assert 0 <= values.min() < 0.01 and 0.99 < values.max() < 1
    assert abs(values.mean() - 0.5) < 5 * np.sqrt(1 / 12 / 2000)
    assert abs(values.std() - np.sqrt(1 / 12)) < 0.02


def test_the_extreme_bits_give_finite_numbers(monkeypatch):
    """All bits set once rounded up to 1 and made a noise of infinity, every 2²⁴ draws."""
    bits = tf.constant([0, 2**32 - 1, 2**31, 2**9 - 1], tf.uint32)
    monkeypatch.setattr(tf.random, "stateless_uniform", lambda *args, **kwargs: bits)
    random = StepRandom(0, tf.constant(0, tf.int64))
    normal = random.normal("noise", 4, [])
    np.testing.assert_allclose(normal, [-5.29, 5.29, 0.0, -5.29], atol=0.01)
    assert random.integers("labels", 4, 3).numpy().max() == 2
    uniform = random.shared_uniform("mixing").numpy()
    assert 0 < uniform.min() and uniform.max() < 1
