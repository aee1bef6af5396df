"""Scorers: images -> probabilities of named attributes.

One interface for classifiers that this package trains and for any other network, so that
directions, pairs and evaluations do not know which one looks at their pictures.
"""

import difflib
from pathlib import Path

import keras
import tensorflow as tf

from tfgan_edit.config import UserError
from tfgan_edit.metrics.resizing import resize
from tfgan_edit.ops.images import photo_to_image
from tfgan_edit.preset import load_preset
from tfgan_edit.storage import sha256_of

CLASSIFIER = "classifier"  # name of the network in a preset
RULE = "bilinear_antialiased"  # of resizing, a key of `metrics.resizing.RULES`


class Scorer:
    """Images -> probabilities of named attributes.

    Call: `scorer(images)` with images [N, H, W, 3] in [-1, 1] of any size -> {name: float32 [N]}.
    Binary attributes have their own name, categorical ones a name a value:
    `hair_color=black`, `hair_color=brown`, … with probabilities that sum to one.

    Args:
        score: graph function of images [N, height, width, 3] in [-1, 1] -> probabilities [N, K].
        names: K names.
        resolution: (height, width) that `score` takes; other images are resized to it.
        embed: graph function of the same images -> features [N, D], or None.
        sha256: hash of what scores, for manifests.
        path: where it was loaded from.
    """

    def __init__(self, score, names, resolution, *, embed=None, sha256=None, path=None):
        self.score = score
        self.names = tuple(names)
        self.resolution = tuple(resolution)
        self.embed = embed
        self.sha256 = sha256
        self.path = path
        self._score = tf.function(score, autograph=False, reduce_retracing=True)

    def __call__(self, images):
        scores = self._score(self._fitted(tf.convert_to_tensor(images))).numpy()
        return dict(zip(self.names, scores.T, strict=True))

    def probabilities(self, images):
        """Probabilities [N, K], a tensor; for use inside other graphs."""
        return self.score(self._fitted(images))

    def embedding(self, images):
        """Features [N, D], a tensor; for distances between faces.

        Raises:
            ValueError: this scorer has none.
        """
        if self.embed is None:
            raise ValueError("this scorer gives no features: its model has probabilities only")
        return self.embed(self._fitted(images))

    def _fitted(self, images):
        images = tf.cast(images, tf.float32)
        if tuple(images.shape[1:3]) == self.resolution:
            return images
        colours = tf.clip_by_value((images + 1.0) * 127.5, 0.0, 255.0)
        return photo_to_image(resize(colours, self.resolution, RULE))


def place_of(name, names):
    """Index of `name` in `names`, or a `UserError` that suggests another."""
    names = list(names)
    if name in names:
        return names.index(name)
    values = [known for known in names if known.partition("=")[0] == name]
    close = values or difflib.get_close_matches(name, names, n=3)
    hint = f"did you mean {' or '.join(close)}? " if close else ""
    raise UserError(f"attribute {name!r} is unknown; {hint}known: {', '.join(names)}")


def load_scorer(path, names=None):
    """Loads what scores pictures.

    Args:
        path: a preset (or run folder) with a network "classifier", or a `.keras` file of any model
            of images [N, H, W, 3] in [-1, 1] -> probabilities [N, K].
        names: K names for a `.keras` model, which has none of its own.

    Raises:
        UserError: neither of the two, or names that do not fit.
    """
    path = Path(path)
    if path.suffix == ".keras":
        return _model_scorer(path, names)
    if names:
        raise UserError(f"names {','.join(names)}: the classifier of preset {path} has its own")
    preset = load_preset(path, names=[CLASSIFIER])
    return classifier_scorer(preset.require(CLASSIFIER), sha256=preset.sha256, path=preset.path)


def classifier_scorer(classifier, **origin):
    """The `Scorer` of an `AttributeClassifier`; `origin` is its `sha256` and `path`."""
    return Scorer(
        lambda images: classifier.probabilities(classifier(images)),
        classifier.label_names,
        classifier.resolution,
        embed=classifier.embed,
        **origin,
    )


def _model_scorer(path, names):
    if not path.is_file():
        raise UserError(f"no scorer at {path}: there is no such file")
    try:
        model = keras.saving.load_model(path, compile=False)  # safe mode: runs no code of it
    except (OSError, ValueError, TypeError, KeyError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise UserError(f"{path} is not a Keras model that can be loaded: {reason:.200}") from error
    shape, outputs = model.input_shape, model.output_shape
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
