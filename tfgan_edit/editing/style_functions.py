"""Edits by a style function (ISF-GAN): target attributes in, one of many outcomes out."""

import json
from pathlib import Path

import numpy as np
import tensorflow as tf

from tfgan_edit.config import UserError
from tfgan_edit.editing.attributes import attribute_classes, place_of
from tfgan_edit.editing.editors import LatentEditor, face_finder
from tfgan_edit.editing.evaluation import scores_of
from tfgan_edit.editing.scorers import load_scorer
from tfgan_edit.editing.targets import parse_target
from tfgan_edit.networks.attribute_classifier import attribute_groups, label_vectors
from tfgan_edit.ops.images import photo_to_image
from tfgan_edit.preset import load_preset
from tfgan_edit.sampling import latents_from_seeds, parse_layers
from tfgan_edit.storage import read_json, write_json

LAYERS_FORMAT, LAYERS_VERSION = "tfgan_edit.layers", 1
CERTAIN = 0.9  # share of the effect that the learned rows of an attribute keep


class StyleFunction:
    """A network of `networks.isf_gan` with what says which attributes a picture has.

    Args:
        function: `ImplicitStyleFunction`.
        read_labels: graph function of images in [-1, 1] -> labels [N, L] of `function`'s names.
        layers: {attribute: rows of w_plus that its edits may change}; all for those not there.
    """

    def __init__(self, function, read_labels, layers=None):
        self.function, self.layers = function, dict(layers or {})
        self.names = function.label_names
        for attribute in self.layers:
            place_of(attribute, attribute_groups(self.names))
        self._labels = tf.function(read_labels, autograph=False, reduce_retracing=True)
        self._edit = tf.function(
            lambda w_plus, labels, z: function(w_plus, labels, z),
            autograph=False,
            reduce_retracing=True,
        )

    def labels(self, photos):
        """Labels [N, L] of photos uint8 [N, H, W, 3]."""
        return self._labels(photo_to_image(photos)).numpy()

    def edited(self, w_plus, labels, target, sample=0, strength=1.0):
        """w_plus [N, num_ws, w_dim] -> w + strength · (M(w, d, z) - w), in the rows of the target.

        Args:
            w_plus: latents.
            labels: [N, L] that they have.
            target: `Target`.
            sample: seed of z, the same for all.
            strength: 0 leaves the latents as they are, 1 is the whole edit.
        """
        wanted = target.labels(labels, self.names)
        z = np.repeat(latents_from_seeds([sample], self.function.z_dim), len(w_plus), axis=0)
        edited = self._edit(tf.constant(w_plus), tf.constant(wanted), tf.constant(z)).numpy()
        rows = self.rows(target, w_plus.shape[1])
        return w_plus + strength * rows[:, np.newaxis] * (edited - w_plus)

    def rows(self, target, num_ws):
        """float32 [num_ws]: 1 for rows that an edit changes, those of all its attributes."""
        mask = np.zeros(num_ws, np.float32)
        for attribute in target.values:
            mask[list(self.layers.get(attribute, range(num_ws)))] = 1
        return mask


class StyleFunctionEditor(LatentEditor):
    """photo -> w_plus -> its edit by a style function -> photo.

    Args:
        preset: `Preset` with a "style_function".
        generator: `Preset` with the "generator" whose latents it edits.
        style: `StyleFunction`.
        others: as of `LatentEditor`.
    """

    def __init__(self, preset, generator, style, *args, **kwargs):
        super().__init__(generator, *args, **kwargs)
        self.style = style
        self.preset = preset
        self.parents = {**self.parents, "style_function": preset.sha256}

    def _found(self, photos):
        return (*super()._found(photos), self.style.labels(photos))

    def moved(self, codes, edit):
        w_plus, _, labels = codes
        target = parse_target(edit.target, self.style.names)
        return self.style.edited(w_plus, labels, target, edit.sample, edit.strength)

    def check(self, edit):
        if edit.target is None:
            known = ", ".join(attribute_groups(self.style.names))
            raise UserError(f"{self.preset.path} needs a target, as smile=1; known: {known}")
        for name in ("direction", "reference", "style"):
            if getattr(edit, name) is not None:
                raise UserError(f"{self.preset.path} edits by a target, not by a {name}")
        parse_target(edit.target, self.style.names)


def load_style_function_editor(path, *, generator, scorer, layers, **of_faces):
    """The editor of a preset with a style function; arguments as of `load_editor`."""
    preset, generator, style = load_style_function(
        path, generator=generator, scorer=scorer, layers=layers
    )
    if of_faces["encoder"] is None and "encoder" in preset.networks:
        of_faces["encoder"] = path  # that learned with it
    return StyleFunctionEditor(preset, generator, style, **face_finder(generator, **of_faces))


def load_style_function(path, *, generator=None, scorer=None, layers=None):
    """(preset, preset of its generator, `StyleFunction`).

    Args:
        path: preset or run folder of a style function.
        generator: preset of the generator; None for the one that it was trained with.
        scorer: preset of a classifier, or `Scorer`, that knows its attributes; None for the
            discriminator's attribute head or, where that was left out, the scorer of training.
        layers: {attribute: rows}, or a text of `parse_attribute_layers`, or None.

    Raises:
        UserError: presets that are not there or do not fit, or a scorer that lacks an attribute.
    """
    preset = load_preset(path)
    function = preset.require("style_function")
    faces = _generator_of(preset, generator)
    network = faces.require("generator")
    sizes = (network.num_ws, network.w_dim)
    if function.w_dim != network.w_dim or function.num_ws not in (1, network.num_ws):
        raise UserError(
            f"{path} edits latents of {function.num_ws}x{function.w_dim} numbers, generator "
            f"{faces.path} has {sizes[0]}x{sizes[1]}: give the one it was trained with"
        )
    if isinstance(layers, str):
        layers = parse_attribute_layers(layers, function.label_names, network.num_ws)
    return preset, faces, StyleFunction(function, _label_reader(preset, scorer), layers)


def _generator_of(preset, path):
    """The generator's preset, that of training where no path is given."""
    if path is None:
        path = (preset.config.get("frozen") or {}).get("generator")
        if path is None:
            raise UserError(
                f"{preset.path} does not say whose latents it edits: give the preset of its "
                "StyleGAN (--generator)"
            )
    generator = load_preset(path, names=["generator"])
    parents = preset.metadata.get("parents")
    if preset.config.get("frozen") and generator.sha256 not in parents:
        raise UserError(
            f"{preset.path} was trained with another generator than {path} is now: give the one "
            "it was trained with (--generator)"
        )
    return generator


def _label_reader(preset, scorer):
    """Images -> labels [N, L] of a style function's names."""
    names = preset.require("style_function").label_names
    if scorer is None and "discriminator" not in preset.networks:
        scorer = (preset.config.get("frozen") or {}).get("scorer")
        if scorer is None:
            raise UserError(
                f"{preset.path} has no discriminator and names no scorer, so nothing says what a "
                "photo shows: give the preset of a classifier (--scorer)"
            )
    if scorer is None:
        discriminator = preset.require("discriminator")

        def read(images):
            _, logits = discriminator.heads(images)
            return label_vectors(tf.sigmoid(logits), names)

        return read
    if not hasattr(scorer, "probabilities"):
        scorer = load_scorer(scorer)
    places = [place_of(name, scorer.names) for name in names]

    def read(images):
        labels = label_vectors(scorer.probabilities(images), scorer.names)
        return tf.gather(labels, places, axis=1)

    return read


# === Rows of attributes ===


def parse_attribute_layers(text, names, num_ws):
    """Reads "smile=4-5/eyeglasses=2-3", "4-7" for all, or the file that `save_layers` wrote.

    Raises:
        UserError: an unknown attribute, or rows that are not there.
    """
    groups = attribute_groups(names)
    if Path(text).suffix == ".json":
        found = read_json(text)
        if not isinstance(found, dict) or found.get("format") != LAYERS_FORMAT:
            raise UserError(f"{text} holds no rows of attributes: make it by find_layers")
        if found.get("format_version", 1) != LAYERS_VERSION:  # 1 was not written at first
            raise UserError(
                f"{text} has rows of format {found['format_version']!r:.20}, this version reads "
                f"{LAYERS_VERSION}; upgrade tfgan_edit, or make it by find_layers"
            )
        layers = found.get("layers")
        if not isinstance(layers, dict) or not all(isinstance(v, list) for v in layers.values()):
            raise UserError(f"{text} is damaged: layers={layers!r:.60}; make it by find_layers")
        parts = {name: ",".join(map(str, rows)) for name, rows in layers.items()}
    else:
        parts = {}
        for part in text.split("/"):
            attribute, separator, rows = part.partition("=")
            parts |= {attribute: rows} if separator else dict.fromkeys(groups, part)
    layers = {}
    for attribute, rows in parts.items():
        place_of(attribute, groups)
        try:
            layers[attribute] = parse_layers(rows, num_ws)
        except ValueError as error:
            raise UserError(f"layers {rows!r:.60} of {attribute}: {error!s:.200}") from error
    return layers


def save_layers(path, layers, effects, metadata):
    """Writes learned rows, {attribute: rows}, and what they were chosen by."""
    if Path(path).suffix != ".json":
        raise UserError(f"cannot write the layers to {path}: its name must end in .json")
    values = {"layers": layers, "effects": effects, **metadata}
    header = {"format": LAYERS_FORMAT, "format_version": LAYERS_VERSION}
    write_json(path, {**header, **json.loads(json.dumps(values))})


def sensitivity(style, draw, scorer, w_plus, labels, attribute, seed=0):
    """What each row of an edit does: (success [R + 1], kept [R + 1]) of rows 0…R - 1 and of all.

    Only that row is taken from the edited latents. `success` is the mean rise of the probability
    of what the edit wants over its value without the edit, `kept` the share of other attributes
    that keep their class.

    Args:
        style: `StyleFunction`.
        draw: function of w_plus -> photos uint8.
        scorer: `Scorer`.
        w_plus, labels: [N, num_ws, w_dim] and [N, L] of faces.
        attribute: toggled in all of them.
        seed: of z.
    """
    target = parse_target(f"{attribute}=toggle", style.names)
    wanted = target.labels(labels, style.names)
    edited = style.edited(w_plus, labels, target, seed)
    others = [name for name in attribute_groups(scorer.names) if name != attribute]
    before = scores_of(draw(w_plus), scorer)
    places = attribute_groups(style.names)[attribute]
    columns = [place_of(style.names[place], scorer.names) for place in places]

    def certainty(scores):
        agreement = np.where(wanted[:, places] > 0.5, scores[:, columns], 1 - scores[:, columns])
        return agreement.mean()

    success, kept = [], []
    for rows in [*([row] for row in range(w_plus.shape[1])), slice(None)]:
        mixed = np.array(w_plus)
        mixed[:, rows] = edited[:, rows]
        after = scores_of(draw(mixed), scorer)
        success.append(certainty(after) - certainty(before))
        classes = (attribute_classes(s, scorer.names, others) for s in (before, after))
        kept.append(float(np.equal(*classes).mean()))
    return np.array(success), np.array(kept)


def chosen_rows(success, share=CERTAIN):
    """Rows that do most: the fewest whose rises, taken from the largest, add up to a share.

    Args:
        success: [R], of single rows.

    Returns:
        Sorted list; all rows where none has an effect.
    """
    gains = np.maximum(success, 0)
    if not gains.sum():
        return list(range(len(success)))
    order = np.argsort(-gains, kind="stable")
    held = np.cumsum(gains[order])
    count = int(np.searchsorted(held, share * held[-1])) + 1
    return sorted(order[:count].tolist())
