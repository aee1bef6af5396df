"""What a scorer's probabilities say of an edit: its two classes, and everything else."""

import difflib

import numpy as np

from tfgan_edit.config import UserError
from tfgan_edit.networks.attribute_classifier import attribute_groups


def place_of(name, names):
    """Index of `name` in `names`, or a `UserError` that suggests another."""
    names = list(names)
    if name in names:
        return names.index(name)
    values = [known for known in names if known.partition("=")[0] == name]
    close = values or difflib.get_close_matches(name, names, n=3)
    hint = f"did you mean {' or '.join(close)}? " if close else ""
    raise UserError(f"attribute {name!r} is unknown; {hint}known: {', '.join(names)}")


def attribute_places(attributes, names):
    """Indices in `names` of attributes or single values, in their order; of a categorical
    attribute, all its values."""
    groups = attribute_groups(names)
    return [
        place for name in attributes for place in groups.get(name) or [place_of(name, names)]
    ]


def class_certainties(scores, names, attribute, reverse=False):
    """How certainly pictures belong to the source's and to the target's class.

    Args:
        scores: probabilities [..., K].
        names: K names of them.
        attribute: a name, from its absence to its presence; or `a:b`, from b to a.
        reverse: the other way.

    Returns:
        (source, target), each [...].
    """
    first, separator, second = attribute.partition(":")
    target = scores[..., place_of(first, names)]
    source = scores[..., place_of(second, names)] if separator else 1 - target
    return (target, source) if reverse else (source, target)


def edited_attributes(attribute):
    """Names of the attributes that an edit of `attribute` means to change."""
    return {name.partition("=")[0] for name in attribute.split(":")}


def attribute_classes(scores, names, attributes):
    """Integers [..., G]: the classes of G attributes by scores [..., K].

    A binary attribute is present from a probability of 1/2; of a categorical one, the likeliest
    value counts.
    """
    groups = attribute_groups(names)
    columns = [
        scores[..., groups[name][0]] >= 0.5
        if len(groups[name]) == 1
        else np.argmax(scores[..., groups[name]], axis=-1)
        for name in attributes
    ]
    empty = np.zeros((*scores.shape[:-1], 0), int)
    return np.stack(columns, axis=-1).astype(int) if columns else empty


def common_attributes(first, second, chosen=()):
    """Attributes of which both lists of a scorer's names have the same values; `chosen` ones.

    Raises:
        UserError: there are none, or not all that are chosen.
    """
    values = [
        {attribute: [names[i] for i in places] for attribute, places in groups.items()}
        for names, groups in ((names, attribute_groups(names)) for names in (first, second))
    ]
    common = [name for name, known in values[0].items() if values[1].get(name) == known]
    missing = [name for name in chosen if name not in common]
    if missing or not common:
        raise UserError(
            f"attributes {', '.join(missing) or 'are missing'}: both scorers know "
            f"{', '.join(common) or 'nothing in common'}; the first knows "
            f"{', '.join(first)}; the second {', '.join(second)}"
        )
    return list(chosen) or common


def probability_changes(before, after, names, attributes):
    """Total variation [..., G] between probabilities [..., K] of G attributes, in [0, 1].

    Of a binary attribute that is the absolute difference of its probability.
    """
    groups = attribute_groups(names)
    change = np.abs(np.subtract(after, before, dtype=np.float64))
    columns = [
        change[..., groups[name]].sum(axis=-1) / min(len(groups[name]), 2) for name in attributes
    ]
    empty = np.zeros((*change.shape[:-1], 0))
    return np.stack(columns, axis=-1) if columns else empty
