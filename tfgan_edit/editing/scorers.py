"""Scorers: images -> probabilities of named attributes.

One interface for classifiers that this package trains, for published networks of faces and for
any other network, so that directions, pairs and evaluations do not know which one looks at their
pictures.
"""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from tfgan_edit.config import UserError
from tfgan_edit.data.records import canonical_hash
from tfgan_edit.editing.attributes import attribute_places
from tfgan_edit.losses.attributes import negative_log
from tfgan_edit.metrics.extractors import EXTRACTORS, load_network
from tfgan_edit.metrics.resizing import resize
from tfgan_edit.networks.features.faces import EXPRESSIONS
from tfgan_edit.ops.images import photo_to_image
from tfgan_edit.preset import load_preset, shipped_presets
from tfgan_edit.storage import sha256_of

CLASSIFIER = "classifier"  # name of the network in a preset
RULE = "bilinear_antialiased"  # of resizing, a key of `metrics.resizing.RULES`
PUBLISHED = "faces:"  # what stands before the names of published networks
AGES = {"young": (0, 30), "middle": (30, 50), "old": (50, None)}  # years, from and below


class Scorer:
    """Images -> probabilities of named attributes.

    Call: `scorer(images)` with images [N, H, W, 3] in [-1, 1] of any size -> {name: float32 [N]}.
    Binary attributes have their own name, categorical ones a name a value:
    `hair_color=black`, `hair_color=brown`, … with probabilities that sum to one.

    Args:
        score: graph function of images [N, height, width, 3] in [-1, 1] -> probabilities [N, K].
        names: K names.
        resolution: (height, width) that `score` takes, other images are resized to it; or None,
            if it takes any.
        embed: graph function of the same images -> features [N, D], or None.
        log_odds: graph function of the same images -> log(p / (1 - p)) [N, K]; None for what
            probabilities say.
        sha256: hash of what scores, for manifests.
        path: where it was loaded from.
        licence: of what it learned from, if that is known.
    """

    def __init__(
        self,
        score,
        names,
        resolution,
        *,
        embed=None,
        log_odds=None,
        sha256=None,
        path=None,
        licence=None,
    ):
        self.score = score
        self._log_odds = log_odds
        self.names = tuple(names)
        self.resolution = None if resolution is None else tuple(resolution)
        self.embed = embed
        self.sha256 = sha256
        self.path = path
        self.metadata = {"licence": licence}  # as of a preset
        # One graph for batches of all lengths, but sizes of pictures must be known in it.
        fixed = self.resolution is not None
        self._score = tf.function(score, autograph=False, reduce_retracing=fixed)

    def __call__(self, images):
        scores = self._score(self._fitted(tf.convert_to_tensor(images))).numpy()
        return dict(zip(self.names, scores.T, strict=True))

    def of_batches(self, batches):
        """Probabilities [N, K] of batches of photos, uint8 [n, H, W, 3]."""
        parts = [np.stack([*self(photo_to_image(photos)).values()], axis=1) for photos in batches]
        return np.concatenate(parts)

    def probabilities(self, images):
        """Probabilities [N, K], a tensor; for use inside other graphs."""
        return self.score(self._fitted(images))

    def log_odds(self, images):
        """log(p / (1 - p)) [N, K], a tensor, whose gradient does not vanish where the scorer is
        certain."""
        images = self._fitted(images)
        if self._log_odds is not None:
            return self._log_odds(images)
        probabilities = tf.clip_by_value(self.score(images), 0.0, 1.0)  # 1 is exceeded by rounding
        return negative_log(1 - probabilities) - negative_log(probabilities)

    def embedding(self, images):
        """Features [N, D], a tensor; for distances between faces.

        Raises:
            ValueError: this scorer has none.
        """
        if self.embed is None:
            raise ValueError("this scorer gives no features: its model has probabilities only")
        return self.embed(self._fitted(images))

    def only(self, attributes):
        """The `Scorer` of these attributes alone, in their order."""
        places = attribute_places(attributes, self.names)

        def columns(values):
            return tf.gather(values, places, axis=1)

        return Scorer(
            lambda images: columns(self.score(images)),
            [self.names[place] for place in places],
            self.resolution,
            embed=self.embed,
            log_odds=lambda images: columns(self.log_odds(images)),
            sha256=canonical_hash([self.sha256, places]),
            path=self.path,
            licence=self.metadata["licence"],
        )

    def _fitted(self, images):
        images = tf.cast(images, tf.float32)
        if self.resolution in (None, tuple(images.shape[1:3])):
            return images
        return photo_to_image(resize(_colours(images), self.resolution, RULE))


def _colours(images):
    """Images in [-1, 1] as colours in [0, 255], not rounded."""
    return tf.clip_by_value((images + 1.0) * 127.5, 0.0, 255.0)


def load_scorer(path, names=None):
    """Loads what scores pictures.

    Args:
        path: a preset (or run folder) with a network "classifier", a `.keras` file of any model
            of images [N, H, W, 3] in [-1, 1] -> probabilities [N, K], or "faces:" and the names
            of published networks with + between them, as "faces:dlib_age+emotion". Presets of
            classifiers may be among these, and attributes of each alone behind a colon:
            "faces:emotion+runs/classifier_faces_64:Eyeglasses,Wearing_Hat".
        names: K names for a `.keras` model, which has none of its own.

    Raises:
        UserError: none of these, weights that are not here, or names that do not fit.
    """
    if str(path).startswith(PUBLISHED):
        if names:
            raise UserError(f"names {','.join(names)}: {path} has its own")
        return _joined_scorer(str(path))
    path = Path(path)
    if path.suffix == ".keras":
        return _model_scorer(path, names)
    if names:
        raise UserError(f"names {','.join(names)}: the classifier of preset {path} has its own")
    preset = load_preset(path, names=[CLASSIFIER])
    return classifier_scorer(
        preset.require(CLASSIFIER),
        sha256=preset.sha256,
        path=preset.path,
        licence=preset.metadata.get("licence"),
    )


def classifier_scorer(classifier, **origin):
    """The `Scorer` of an `AttributeClassifier`; `origin` is its `sha256` and `path`."""
    return Scorer(
        lambda images: classifier.probabilities(classifier(images)),
        classifier.label_names,
        classifier.resolution,
        embed=classifier.embed,
        log_odds=lambda images: classifier.log_odds(classifier(images)),
        **origin,
    )


def as_scorer(network):
    """The `Scorer` of a frozen network, which may be one already."""
    return network if isinstance(network, Scorer) else classifier_scorer(network)


def _model_scorer(path, names):
    if not path.is_file():
        raise UserError(f"no scorer at {path}: there is no such file")
    try:
        model = keras.saving.load_model(path, compile=False)  # safe mode: runs no code of it
        shape, outputs = model.input_shape, model.output_shape
    except Exception as error:  # Keras, zipfile and HDF5 raise many kinds on damaged files
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        raise UserError(f"{path} is not a Keras model that can be loaded: {reason:.200}") from error
    if not _is_shape(shape, 4) or None in shape[1:] or shape[3] != 3:
        raise UserError(f"{path} must take images [N, H, W, 3] of one size, it takes {shape}")
    if not _is_shape(outputs, 2) or outputs[1] is None:
        raise UserError(f"{path} must give probabilities [N, K], it gives {outputs}")
    if not names or len(names) != outputs[1]:
        raise UserError(
            f"{path} gives {outputs[1]} probabilities: give as many names, got {len(names or ())}"
        )
    return Scorer(
        lambda images: model(images, training=False),
        names,
        shape[1:3],
        sha256=sha256_of(path),
        path=path,
    )


def _is_shape(shape, rank):
    return isinstance(shape, tuple) and len(shape) == rank and not isinstance(shape[-1], tuple)


# === Published networks of faces ===


class _Published(NamedTuple):
    """What a published network says of a face.

    Attributes:
        extractor: key of `EXTRACTORS`, which knows its weights, its input and its frame.
        names: of the probabilities.
        probabilities: function of its outputs -> [N, K].
        embedding: which output tells people apart, or None.
    """

    extractor: str
    names: tuple[str, ...]
    probabilities: Callable
    embedding: str | None = None


def _in_ages(years):
    """Probabilities [N, 3] of `AGES` of those of single years [N, Y]."""
    spans = [years[:, slice(*span)] for span in AGES.values()]
    return tf.stack([tf.reduce_sum(span, axis=1) for span in spans], axis=1)


_AGES = tuple(f"age={name}" for name in AGES)
_HAPPY = EXPRESSIONS.index("happy")
PUBLISHED_NETWORKS = {
    "dlib_gender": _Published("dlib_male", ("male",), lambda outputs: outputs["male"]),
    "dlib_age": _Published("dlib_age", _AGES, lambda outputs: _in_ages(outputs["ages"])),
    "faceres": _Published(
        "faceres",
        ("male", *_AGES),
        lambda outputs: tf.concat([outputs["male"], _in_ages(outputs["ages"])], axis=1),
        embedding="embedding",
    ),
    "emotion": _Published(
        "emotion", ("smile",), lambda outputs: outputs["expressions"][:, _HAPPY : _HAPPY + 1]
    ),
}


def _joined_scorer(path):
    """The `Scorer` of "faces:" and networks, presets and their attributes, with + between them."""
    published, parts = [], []
    for term in path.removeprefix(PUBLISHED).split("+"):
        name, _, chosen = term.partition(":")
        if name in shipped_presets() or (name and Path(name).is_dir()):
            scorer = load_scorer(name)
            parts.append(scorer.only(chosen.split(",")) if chosen else scorer)
        elif name in PUBLISHED_NETWORKS and chosen:
            parts.append(published_scorer([name]).only(chosen.split(",")))
        else:
            published.append(term)
    if published:
        parts.insert(0, published_scorer(published))
    if len(parts) == 1:
        return parts[0]
    names = [name for part in parts for name in part.names]
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise UserError(
            f"scorer {path}: two of its networks tell {twice[0]!r}; name the attributes that each "
            "shall tell behind a colon, as emotion+runs/classifier:Eyeglasses"
        )

    def joined(method):
        return lambda images: tf.concat([getattr(part, method)(images) for part in parts], axis=1)

    telling = next((part for part in parts if part.embed), None)
    licences = dict.fromkeys(part.metadata["licence"] for part in parts)
    return Scorer(
        joined("probabilities"),
        names,
        None,
        embed=None if telling is None else telling.embedding,
        log_odds=joined("log_odds"),
        sha256=canonical_hash([part.sha256 for part in parts]),
        path=path,
        licence="; ".join(filter(None, licences)) or None,
    )


def published_scorer(networks, given=None):
    """The `Scorer` of published networks of faces, for pictures that are aligned as FFHQ's.

    Args:
        networks: keys of `PUBLISHED_NETWORKS`. `male` is the sex that a face looks like, `age=…`
            the years that it looks like, `smile` the expression "happy".
        given: {name of weights: path} by the user.

    Raises:
        UserError: an unknown network, two that tell the same, or weights that are not here.
    """
    parts, names = [], []
    for network in networks:
        if network not in PUBLISHED_NETWORKS:
            known = ", ".join(PUBLISHED_NETWORKS)
            raise UserError(
                f"scorer {PUBLISHED}{'+'.join(networks)}: {network!r} is none of {known}, and no "
                "folder of a preset"
            )
        part = PUBLISHED_NETWORKS[network]
        twice = [name for name in part.names if name in names]
        if twice:
            raise UserError(
                f"scorer {PUBLISHED}{'+'.join(networks)}: two of its networks tell {twice[0]!r}; "
                "choose one of them"
            )
        parts.append(part)
        names += part.names
    loaded = [load_network(part.extractor, given) for part in parts]

    def outputs_of(i, images):
        extractor = EXTRACTORS[parts[i].extractor]
        return loaded[i][0](extractor.inputs(_colours(images)), training=False)

    def score(images):
        columns = [part.probabilities(outputs_of(i, images)) for i, part in enumerate(parts)]
        return tf.concat(columns, axis=1)

    def embed(images):
        return outputs_of(telling, images)[parts[telling].embedding]

    telling = next((i for i, part in enumerate(parts) if part.embedding), None)
    return Scorer(
        score,
        names,
        None,
        embed=None if telling is None else embed,
        sha256=canonical_hash([names, AGES, [sources for _, sources in loaded]]),
        path=PUBLISHED + "+".join(networks),
    )
