"""Adaptive discriminator augmentation (arXiv 2006.06676) as a layer with its strength."""

import keras

from tfgan_edit.layers.equalized import ComputeDtypeLayer, check_not_negative
from tfgan_edit.layers.registration import register
from tfgan_edit.ops.augmentation import GATES, GROUPS, augment


@register
class AdaptiveAugment(ComputeDtypeLayer):
    """Transforms each image with the probability `p`, a variable: [N, H, W, C] -> the same.

    Always computed in float32. The random numbers are inputs, so that the layer is a function.

    Args:
        groups: which transformations, a key of `tfgan_edit.ops.augmentation.GROUPS`.
        strengths: {transformation: factor on p}, where it is not 1; 0 leaves one out.
        p: initial value, in [0, 1].

    Call arguments:
        images, uniform, normal, noise, conditions: as in `tfgan_edit.ops.augmentation.augment`.
    """

    def __init__(self, groups="bgc", strengths=None, p=0.0, **kwargs):
        super().__init__(**kwargs)
        strengths = strengths or {}
        if groups not in GROUPS:
            raise ValueError(
                f"groups must be one of {', '.join(GROUPS)}. Received: groups={groups!r}"
            )
        if unknown := set(strengths) - set(GATES):
            raise ValueError(
                f"strengths are of {', '.join(GATES)}. Received: {', '.join(sorted(unknown))}"
            )
        check_not_negative(**strengths)
        if not 0 <= p <= 1:
            raise ValueError(f"p must be from 0 to 1. Received: p={p}")
        self.groups = groups
        self.strengths = dict(strengths)
        self.initial_p = p
        self.active = {
            name: float(strengths.get(name, 1.0))
            for name in GROUPS[groups]
            if strengths.get(name, 1.0) > 0
        }
        self.p = self.add_weight(
            name="p", shape=(), initializer=keras.initializers.Constant(p), trainable=False
        )
        self.built = True

    def call(self, images, uniform, normal, noise=None, conditions=None):
        return augment(
            images, uniform, normal, noise, conditions, p=self.p.value, strengths=self.active
        )

    def compute_output_shape(
        self, images_shape, uniform_shape, normal_shape, noise_shape=None, conditions_shape=None
    ):
        return images_shape if conditions_shape is None else (images_shape, conditions_shape)

    def get_config(self):
        return {
            **super().get_config(),
            "groups": self.groups,
            "strengths": self.strengths,
            "p": self.initial_p,
        }
