import numpy as np
import pytest

from tfgan_edit.config import UserError
from tfgan_edit.editing.attributes import (
    attribute_classes,
    class_certainties,
    edited_attributes,
    probability_changes,
)

NAMES = ("smile", "hair=black", "hair=red", "hair=grey")
SCORES = np.array([[0.2, 0.7, 0.2, 0.1], [0.5, 0.1, 0.3, 0.6]])


def test_certainties_of_a_binary_attribute_and_of_a_pair_of_values():
    source, target = class_certainties(SCORES, NAMES, "smile")
    np.testing.assert_allclose([source, target], [[0.8, 0.5], [0.2, 0.5]])
    back = class_certainties(SCORES, NAMES, "smile", reverse=True)
    np.testing.assert_allclose(back, [target, source])
    source, target = class_certainties(SCORES, NAMES, "hair=red:hair=black")
    np.testing.assert_allclose([source, target], [[0.7, 0.1], [0.2, 0.3]])
    with pytest.raises(UserError, match="attribute 'smil' is unknown; did you mean smile"):
        class_certainties(SCORES, NAMES, "smil")


def test_classes_are_one_number_an_attribute():
    np.testing.assert_array_equal(
        attribute_classes(SCORES, NAMES, ["hair", "smile"]), [[0, 0], [2, 1]]
    )
    assert attribute_classes(SCORES[np.newaxis], NAMES, []).shape == (1, 2, 0)


def test_edited_attributes():
    assert edited_attributes("smile") == {"smile"}
    assert edited_attributes("hair=red:hair=black") == {"hair"}


def test_changes_of_probabilities():
    changes = probability_changes(SCORES[0], SCORES[1], NAMES, ["hair", "smile"])
    np.testing.assert_allclose(changes, [(0.6 + 0.1 + 0.5) / 2, 0.3])
    assert probability_changes(SCORES, SCORES, NAMES, ["hair"]).tolist() == [[0], [0]]
    assert probability_changes(SCORES, SCORES, NAMES, []).shape == (2, 0)
