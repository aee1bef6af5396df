"""Target attributes of an edit, as a person writes them, and as labels."""

import dataclasses

import numpy as np

from tfgan_edit.config import UserError
from tfgan_edit.editing.attributes import place_of
from tfgan_edit.networks.attribute_classifier import attribute_groups

TOGGLE = "toggle"


@dataclasses.dataclass(frozen=True)
class Target:
    """Attributes that a photo shall have.

    Attributes:
        values: {attribute: "1", "0", "toggle", or the value of a categorical attribute}.
    """

    values: dict

    def labels(self, labels, names):
        """Labels [N, L] of photos -> those that they shall have; all others stay.

        Toggling makes an absent attribute present and back; of a categorical one, it takes the
        next value.
        """
        groups = attribute_groups(names)
        wanted = np.array(labels, np.float32)
        for attribute, value in self.values.items():
            places = groups[attribute]
            if value == TOGGLE:
                wanted = next_labels(wanted, places)
            elif _is_binary(attribute, names):
                wanted[:, places[0]] = float(value)
            else:
                wanted[:, places] = 0
                wanted[:, names.index(f"{attribute}={value}")] = 1
        return wanted


@dataclasses.dataclass(frozen=True)
class Exchange:
    """In place of a `Target`: one value of a categorical attribute becomes another, and back.

    Attributes:
        first, second: their names, `age=old` and `age=young`; others become the first.
    """

    first: str
    second: str

    @property
    def values(self):
        """As of `Target`: what is changed."""
        attribute, _, value = self.first.partition("=")
        return {attribute: value}

    def labels(self, labels, names):
        """As of `Target`."""
        names = list(names)
        old = np.asarray(labels, np.float32)
        first, second = (place_of(name, names) for name in (self.first, self.second))
        wanted = old.copy()
        wanted[:, attribute_groups(names)[self.first.partition("=")[0]]] = 0
        wanted[:, first] = 1 - old[:, first]
        wanted[:, second] = old[:, first]
        return wanted


def next_labels(labels, places):
    """Labels [N, L] with one attribute changed: absent to present and back, or its next value."""
    changed = np.array(labels)
    if len(places) == 1:
        changed[:, places[0]] = 1 - changed[:, places[0]]
    else:
        changed[:, places] = np.roll(changed[:, places], 1, axis=1)
    return changed


def parse_target(text, names):
    """Reads "smile=1,eyeglasses=0", "smile=toggle", "smile" (for 1) or "hair_color=black".

    Args:
        text: what the user wrote.
        names: of the labels.

    Raises:
        UserError: an attribute or value that is not among the names, or one named twice.
    """
    names = list(names)
    groups = attribute_groups(names)
    values = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        attribute, separator, value = (word.strip() for word in part.partition("="))
        if attribute not in groups:
            place_of(attribute, groups)  # raises, and suggests another
        if attribute in values:
            raise UserError(f"target {text!r} names {attribute} twice: give it one value")
        if _is_binary(attribute, names):
            value, known = value if separator else "1", ("0", "1", TOGGLE)
        else:
            known = [names[i].partition("=")[2] for i in groups[attribute]] + [TOGGLE]
        if value not in known:
            raise UserError(f"target {part!r}: {attribute} can be {', '.join(known)}")
        values[attribute] = value
    if not values:
        raise UserError(f"target {text!r} names no attribute; known: {', '.join(groups)}")
    return Target(values)


def _is_binary(attribute, names):
    return attribute in names
