"""Adaptive discriminator augmentation in training (Karras et al., arXiv 2006.06676, section 3).

A trainer with a discriminator uses it in three places: `augment` for every picture that the
discriminator sees, in all phases; `observe` for the logits of real pictures; and its
`AugmentationConfig` as a field of its settings.
"""

import dataclasses

import keras
import tensorflow as tf

from tfgan_edit.config import UserError
from tfgan_edit.layers.augmentation import AdaptiveAugment
from tfgan_edit.ops.augmentation import GROUPS, NUM_NORMAL, NUM_UNIFORM


@dataclasses.dataclass(frozen=True)
class AugmentationConfig:
    """Settings of ADA; the defaults are the paper's, except that it is off."""

    groups: str = ""  # bgc in the paper; a key of GROUPS, or "" for no augmentation
    p: float | None = None  # a fixed probability; default: adapted
    target: float = 0.6  # of the mean sign of the logits of real pictures
    kimg: float = 500.0  # thousand images in which p may go from 0 to 1; 100 in transfer learning
    interval: int = 4  # steps between two changes of p

    def check(self):
        """Raises UserError for values that no training can have."""
        if self.groups and self.groups not in GROUPS:
            raise UserError(
                f"trainer.augmentation.groups {self.groups!r} is unknown: use one of "
                f"{', '.join(GROUPS)}, or nothing for no augmentation"
            )
        if self.p is not None and not 0 <= self.p <= 1:
            raise UserError(f"trainer.augmentation.p must be from 0 to 1, got {self.p}")
        if not -1 < self.target < 1:
            raise UserError(
                f"trainer.augmentation.target must lie between -1 and 1, got {self.target}"
            )
        if self.kimg <= 0:
            raise UserError(f"trainer.augmentation.kimg must be positive, got {self.kimg}")
        if self.interval < 1:
            raise UserError(
                f"trainer.augmentation.interval must be at least 1, got {self.interval}"
            )


class AdaptiveAugmentation(keras.layers.Layer):
    """Augments what the discriminator sees, and adapts p to how much it overfits.

    Overfitting is r_t, the mean sign of its logits of real pictures (eq. 1): every `interval`
    steps, p goes up where r_t is above `target`, else down, at a speed of 1 in `kimg` thousand
    images, and stays in [0, 1]. All of its state is in variables that the trainer saves.

    Args:
        config: `AugmentationConfig`; without groups, pictures stay as they are.
        img_channels: number of colours.
    """

    def __init__(self, config, img_channels=3, **kwargs):
        super().__init__(**kwargs)
        self.config = config
        self.built = True
        if not config.groups:
            return
        if img_channels not in (1, 3):
            raise ValueError(
                f"augmentation needs pictures of 1 or 3 colours. Received: {img_channels}"
            )
        self.transformation = AdaptiveAugment(config.groups, p=config.p or 0.0)
        if config.p is None:
            self.sign_sum = self.add_weight(
                name="sign_sum", shape=(), initializer="zeros", trainable=False
            )
            self.num_steps = self.add_weight(
                name="num_steps", shape=(), initializer="zeros", trainable=False
            )

    def augment(self, images, random, conditions=None):
        """Transforms pictures by the draws of `random`.

        Args:
            images: [n, H, W, C].
            random: `StepRandom`; of another scope for every call in a phase, but where pictures
                are to be compared after the same transformations.
            conditions: [n, H, W, K] that moves with the pictures, or None.

        Returns:
            [n, H, W, C], with `conditions` a pair of both.
        """
        if not self.config.groups:
            return images if conditions is None else (images, conditions)
        size, shape = images.shape[0], images.shape[1:]
        uniform = random.uniform("uniform", size, [NUM_UNIFORM])
        normal = random.normal("normal", size, [NUM_NORMAL])
        noise = None
        if "noise" in self.transformation.active:
            noise = random.normal("noise", size, shape)
        return self.transformation(images, uniform, normal, noise, conditions)

    def observe(self, real_logits, random):
        """To be called once a step, with the logits of augmented real pictures.

        Args:
            real_logits: [n, …].
            random: `StepRandom` of the phase, which knows the global batch.

        Returns:
            (logs, updates) of a phase: p changes after the phase.
        """
        config = self.config
        if not config.groups:
            return {}, []
        p = self.transformation.p
        logs = {"Augment/p": p.value}
        if config.p is not None:
            return logs, []
        # From the steps before this one, whose sums are the same on all replicas.
        due = tf.cast(self.num_steps.value >= config.interval - 0.5, tf.float32)
        overfitting = self.sign_sum.value / tf.maximum(self.num_steps.value, 1.0) - config.target
        images = config.interval * real_logits.shape[0] * random.num_parts
        change = due * tf.sign(overfitting) * images / (config.kimg * 1000)
        sign = tf.reduce_mean(tf.sign(tf.cast(real_logits, tf.float32)))
        return logs, [
            (p, tf.clip_by_value(p.value + change, 0.0, 1.0)),
            (self.sign_sum, (1 - due) * self.sign_sum.value + sign),
            (self.num_steps, (1 - due) * self.num_steps.value + 1),
        ]
