"""Edits that no straight line makes: each latent is optimised until a scorer sees the attribute.

The latent optimisation of StyleCLIP (Patashnik et al., arXiv 2103.17249, section 4) with a scorer
in CLIP's place, and with the other attributes and the pixels of the source where that work keeps
the identity. It takes a hundred times longer than a step along a direction, which makes it a
teacher for networks that then do the same in one pass.
"""

import dataclasses

import numpy as np
import tensorflow as tf

from tfgan_edit.config import UserError
from tfgan_edit.editing.attributes import class_certainties
from tfgan_edit.editing.inversion import latent_statistics
from tfgan_edit.losses.attributes import negative_log
from tfgan_edit.networks.attribute_classifier import attribute_groups

BETAS = 0.9, 0.99  # of Adam: its averages must be of use after ten steps
EPSILON = 1e-8


@dataclasses.dataclass(frozen=True)
class Refinement:
    """How latents are optimised.

    Attributes:
        steps: of Adam.
        layers: rows of w_plus that move; None for all. Coarse ones move the whole head, the
            finest ones please the scorer with colours.
        learning_rate: of Adam, in standard deviations of w.
        keep_weight: of the cross-entropy of each attribute that is to stay.
        pixel_weight: of mean |x - y| to the source, images in [-1, 1].
    """

    steps: int = 20
    layers: tuple[int, ...] | None = None
    learning_rate: float = 0.05
    keep_weight: float = 1.0
    pixel_weight: float = 50.0

    def __post_init__(self):
        if self.steps < 1:
            raise UserError(f"refine {self.steps}: must be at least one step")
        for name in ("keep_weight", "pixel_weight"):
            if getattr(self, name) < 0:
                raise UserError(f"{name} {getattr(self, name):g}: must not be negative")


class LatentRefiner:
    """Optimises latents of one generator.

    Args:
        generator: network with `mapping`, `synthesis`, `num_ws` and `w_dim`.
        scorer: `Scorer` whose opinion gradients flow through.
        attribute, reverse, keep: as of `editing.pair_tasks.AttributePairs`.
        settings: `Refinement`.

    Raises:
        UserError: layers that the generator has not.
    """

    def __init__(self, generator, scorer, attribute, *, keep, reverse=False, settings):
        self.generator, self.scorer, self.settings = generator, scorer, settings
        self.attribute, self.reverse = attribute, reverse
        layers = range(generator.num_ws) if settings.layers is None else settings.layers
        if not set(layers) <= set(range(generator.num_ws)):
            raise UserError(
                f"refine_layers {','.join(map(str, layers))}: the generator has rows 0 to "
                f"{generator.num_ws - 1}"
            )
        groups = attribute_groups(scorer.names)
        self._kept = [list(groups[name]) for name in keep]
        # Of one number of w; `latent_statistics` gives the length of the whole.
        deviation = latent_statistics(generator)[1] / np.sqrt(generator.w_dim)
        moving = np.isin(np.arange(generator.num_ws), layers)[:, np.newaxis]
        self._scale = tf.constant(deviation * moving, tf.float32)

    def __call__(self, start, w_plus):
        """Graph function: w_plus [N, num_ws, w_dim] from where it starts and of the sources -> the
        optimised w_plus."""
        images = self.generator.synthesis(w_plus, noise="constant")
        classes = self._classes(self.scorer.probabilities(images))

        def step(i, moves, first, second):
            gradient = self._gradient(start, moves, images, classes)
            first = BETAS[0] * first + (1 - BETAS[0]) * gradient
            second = BETAS[1] * second + (1 - BETAS[1]) * tf.square(gradient)
            powers = [1 - tf.pow(beta, tf.cast(i, tf.float32) + 1) for beta in BETAS]
            change = (first / powers[0]) / (tf.sqrt(second / powers[1]) + EPSILON)
            return i + 1, moves - self.settings.learning_rate * change, first, second

        nothing = tf.zeros_like(start)
        _, moves, _, _ = tf.while_loop(
            lambda i, *_: i < self.settings.steps, step, (0, nothing, nothing, nothing)
        )
        return start + moves * self._scale

    def _gradient(self, start, moves, images, classes):
        with tf.GradientTape() as tape:
            tape.watch(moves)
            drawn = self.generator.synthesis(start + moves * self._scale, noise="constant")
            loss = tf.reduce_sum(self._loss(drawn, images, classes))
        return tape.gradient(loss, moves)

    def _loss(self, drawn, images, classes):
        """[N]: what is still to change, and what changed beside it."""
        scores = self.scorer.probabilities(drawn)
        _, target = class_certainties(scores, self.scorer.names, self.attribute, self.reverse)
        loss = negative_log(target)
        pixels = tf.reduce_mean(tf.abs(drawn - images), axis=(1, 2, 3))
        loss += self.settings.pixel_weight * pixels
        for own, now in zip(classes, self._groups(scores), strict=True):
            loss += self.settings.keep_weight * tf.reduce_sum(own * negative_log(now), axis=1)
        return loss

    def _groups(self, scores):
        """Probabilities [N, values] of each attribute to keep; of a binary one, [no, yes]."""
        groups = []
        for places in self._kept:
            group = tf.gather(scores, places, axis=1)
            groups.append(tf.concat([1 - group, group], axis=1) if len(places) == 1 else group)
        return groups

    def _classes(self, scores):
        """One-hot rows of the likeliest values."""
        return [tf.one_hot(tf.argmax(g, axis=1), g.shape[1]) for g in self._groups(scores)]
