"""Edits of latents on new faces, of a generator whose latents say what is seen."""

import dataclasses
import types

import numpy as np
import pytest
import tensorflow as tf

from tests.editing.teachers import NAMES, colour_scores
from tfgan_edit.config import UserError
from tfgan_edit.editing import latent_evaluation as evaluation
from tfgan_edit.editing.directions import Direction
from tfgan_edit.editing.scorers import Scorer
from tfgan_edit.editing.targets import TOGGLE

ROWS = 3


class Generator:
    """w [w_dim 2] of all rows: the first number is the upper half, the second the lower, red."""

    num_ws, w_dim, z_dim, resolution = ROWS, 2, 2, (16, 16)

    def mapping(self, z, truncation=1.0):
        w = truncation * tf.clip_by_value(tf.convert_to_tensor(z), -1.0, 1.0)
        return tf.repeat(w[:, tf.newaxis], ROWS, axis=1)

    def synthesis(self, w_plus, noise="constant"):
        w = tf.reduce_mean(w_plus, axis=1)
        half = tf.ones((1, 8, 16, 3))
        upper = w[:, 0, None, None, None] * half
        lower = tf.pad(w[:, 1:], [(0, 0), (0, 2)])[:, None, None] * half
        return tf.concat([upper, lower], axis=1)


class Style:
    """Sets the first number to ±0.8 for "bright"; samples differ in the second by a little."""

    names = list(NAMES)

    def __init__(self, spread=0.1):
        self.spread = spread

    def edited(self, w_plus, labels, target, sample=0, strength=1.0):
        wanted = target.labels(labels, self.names)
        edited = w_plus.copy()
        if target.values == {"bright": TOGGLE}:
            edited[..., 0] = np.where(wanted[:, :1] > 0.5, 0.8, -0.8)
            edited[..., 1] += self.spread * sample
        else:
            column = NAMES.index("red" if "red" in target.values else "tone=warm")
            edited[..., 1] = np.where(wanted[:, [column]] > 0.5, 0.8, -0.8)
        return w_plus + strength * (edited - w_plus)


def distance(x, y):
    return np.abs(x.astype(float) - y).mean(axis=(1, 2, 3)) / 255


@pytest.fixture(scope="module")
def faces():
    preset = types.SimpleNamespace(require=lambda name: Generator())
    scorer = Scorer(colour_scores, NAMES, (16, 16), embed=lambda x: tf.reshape(x, [-1, 768]) + 2)
    return evaluation.Faces(preset, scorer, num=40, truncation=0.6)


@pytest.fixture(scope="module")
def measure(faces):
    return evaluation.LatentEditMeasure(faces, distance=distance, distance_name="pixels")


def direction(*vector):
    return Direction(np.float32(vector))


def test_faces_are_drawn_and_scored(faces):
    assert np.abs(faces.w_plus).max() <= 0.6
    expected = np.clip(np.round((faces.w_plus[:, 0, 0] + 1) * 127.5), 0, 255)
    np.testing.assert_array_equal(faces.photos[:, 0, 0, 0], expected)
    np.testing.assert_array_equal(faces.classes("bright") == 1, expected >= 127.5)
    labels = faces.labels(["tone=cold", "bright"])
    np.testing.assert_array_equal(labels[:, 1], faces.classes("bright"))


def test_a_style_function_succeeds_and_keeps_the_rest(measure):
    numbers = measure.success(evaluation.StyleMethod(Style()), "bright")
    assert numbers["success"] == 1 and numbers["kept"] == 1 and numbers["num"] == 40
    assert numbers["disentanglement"] > 0.999
    assert 0 < numbers["identity_scorer"] < 1


def test_one_value_of_a_categorical_attribute_becomes_another(measure, faces):
    warm, cold = faces.labels(["tone=warm", "tone=cold"]).T
    classes = faces.classes("tone=warm:tone=cold")
    np.testing.assert_array_equal(classes, np.where(warm, 1, cold - 1))
    style = evaluation.StyleMethod(Style())
    assert style.knows("tone=warm:tone=cold") and not style.knows("tone=warm:tone=hot")
    numbers = measure.success(style, "tone=warm:tone=cold")
    assert numbers["success"] == 1 and numbers["num"] == 40
    assert numbers["kept_bright"] == 1 and numbers["kept_red"] == 0  # warm is what is red
    linear = evaluation.LinearMethod({"tone=warm:tone=cold": direction(0, 1)}, strength=1.2)
    assert measure.success(linear, "tone=warm:tone=cold")["success"] == 1


def test_variety_is_of_samples_and_paths(measure, faces):
    several, one = (
        measure.variety(evaluation.StyleMethod(Style(spread)), "bright") for spread in (0.02, 0.0)
    )
    # Lower halves of one colour of three differ by 0.02 · (j - i), 11/3 steps on average.
    assert several["diversity_pixels"] == pytest.approx(0.02 * 11 / 3 / 2 / 6, rel=0.1)
    assert one["diversity_pixels"] == 0
    rows = np.concatenate([rows[:10] for _, rows in measure.rows("bright")])
    way = 0.8 + np.abs(faces.w_plus[rows, 0, 0])
    assert one["ppl_pixels"] == pytest.approx(np.mean(way) / 20 / 4, rel=0.05)
    assert one["pir_pixels"] < 0.1  # but for rounding, all steps are equal


def test_a_direction_goes_both_ways(measure, faces):
    method = evaluation.LinearMethod({"bright": direction(1, 0)}, strength=1.2)
    assert measure.success(method, "bright")["success"] == 1
    assert measure.variety(method, "bright")["diversity_pixels"] == 0
    moved = method.edited(faces, np.arange(40), "bright") - faces.w_plus
    signs = np.where(faces.classes("bright"), -1, 1)
    np.testing.assert_allclose(moved[:, 0, 0], 1.2 * signs, rtol=1e-5)
    np.testing.assert_array_equal(moved[..., 1], 0)
    entangled = dataclasses.replace(method, directions={"bright": direction(1, 1)})
    numbers = measure.success(entangled, "bright")
    assert numbers["kept"] < 0.9 and numbers["disentanglement"] < 0.7


def test_directions_are_as_strong_as_leaves_the_identity(measure):
    method = evaluation.LinearMethod({"bright": direction(1, 0)})
    strong = dataclasses.replace(method, strength=0.7)
    wanted = measure.success(strong, "bright")["identity_scorer"]
    found = evaluation.match_identity(measure, method, "bright", wanted)
    got = measure.success(found, "bright")["identity_scorer"]
    assert found.strength == pytest.approx(0.7, abs=0.1)
    assert got == pytest.approx(wanted, abs=0.01)
    weakest = evaluation.match_identity(measure, method, "bright", 1.0)
    assert weakest.strength == pytest.approx(0, abs=1e-6)
    assert evaluation.match_identity(measure, method, "bright", -2).strength == 6


def test_a_table_of_methods(measure):
    table = evaluation.compare_methods(
        measure,
        {"style": evaluation.StyleMethod(Style())},
        {"line": evaluation.LinearMethod({"bright": direction(1, 0.3)})},
        ["bright", "red"],
    )
    assert set(table["bright"]) == {"style", "line"} and set(table["red"]) == {"style"}
    assert "strength" in table["bright"]["line"] and "strength" not in table["bright"]["style"]
    means = evaluation.summary(table)
    for name in ("success", "kept"):
        mean = np.mean([table[a]["style"][name] for a in table])
        assert means["style"][name] == pytest.approx(mean)
    assert means["style"]["num"] == 80 and means["line"]["num"] == 40


def test_what_cannot_be_compared_is_named(faces, measure):
    with pytest.raises(UserError, match="only 0 of 40 generated faces are of one class"):
        faces = types.SimpleNamespace(classes=lambda attribute: np.ones(40, int))
        evaluation.LatentEditMeasure(faces).rows("bright")
    with pytest.raises(UserError, match="compared at equal identity, which nothing measures"):
        evaluation.identity_name({"success": 1.0})
    with pytest.raises(UserError, match="attribute 'blue' is unknown"):
        measure.rows("blue")
