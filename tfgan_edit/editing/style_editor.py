"""An editor that draws a photo in styles, by GANs N' Roses (arXiv 2106.06561)."""

import dataclasses
import types

import numpy as np
import tensorflow as tf

from tfgan_edit.config import UserError
from tfgan_edit.editing.directions import Direction
from tfgan_edit.editing.editors import Edit, Editor
from tfgan_edit.editing.framing import fitted
from tfgan_edit.ops.images import image_to_photo, photo_to_image
from tfgan_edit.preset import load_preset, preset_networks

AVERAGE_SAMPLES = 1000  # styles for the mean w, as published


def with_backward(preset):
    """A preset's generator with its backward one, where there is one."""
    name = "backward_generator"
    if name not in preset_networks(preset.path):
        return preset
    backward = load_preset(preset.path, names=[name])
    return dataclasses.replace(preset, networks=preset.networks | backward.networks)


class StyleEditor(Editor):
    """photo -> its content, drawn in a style.

    `Edit.style` says in which; else `Edit.reference` does, a picture of the domain that is drawn;
    without both it is the style of seed 0. `Edit.direction` moves it, by `Edit.strength`.

    Args:
        preset: `Preset` with a "generator" and, for references and for the way back, a
            "backward_generator".
        backward: translate from domain B to A.
        direction: `Direction` in w for edits that bring none, or None.
        batch_size: photos computed at once.

    Raises:
        UserError: backward without that generator.
    """

    def __init__(self, preset, backward=False, direction=None, batch_size=8):
        super().__init__(preset, batch_size)
        roles = ["generator", "backward_generator"]
        forward, back = reversed(roles) if backward else roles
        self.generator = preset.require(forward)
        self.opposite = preset.networks.get(back)
        self.parents["translates"] = forward
        self.resolution = tuple(self.generator.resolution)
        self.direction = direction
        if direction is not None:
            self.parents["direction"] = direction.hash
        z = np.random.RandomState(0).randn(AVERAGE_SAMPLES, self.generator.style_dim)
        self.w_avg = self._mapped(z).mean(axis=0)
        self._encode = tf.function(self._content, autograph=False, reduce_retracing=True)
        self._draw = tf.function(self._drawn, autograph=False, reduce_retracing=True)

    # === Styles ===

    def random_styles(self, seeds):
        """w [N, w_dim] of standard normal styles, one a seed."""
        size = self.generator.style_dim
        return self._mapped(np.stack([np.random.RandomState(s).randn(size) for s in seeds]))

    def styles_of(self, latents):
        """w [N, w_dim] of styles [N, style_dim]."""
        return self._mapped(latents)

    def style_of_photo(self, photo):
        """w [w_dim] of a picture uint8 [H, W, 3] of the domain that is drawn.

        Raises:
            UserError: the generator of the opposite direction, whose encoder it takes, is missing.
        """
        if self.opposite is None:
            raise UserError(
                f"{self.preset.path} has the generator of one direction only: a reference is read "
                "by the other one's encoder; take a random style"
            )
        image = photo_to_image(fitted(photo, self.resolution)[np.newaxis])
        return self._mapped(self.opposite.encode(image)[1])[0]

    def truncated(self, w, truncation):
        """w_avg + truncation · (w - w_avg): 1 leaves w, 0 is the mean style."""
        return self.w_avg + truncation * (w - self.w_avg)

    def _mapped(self, styles):
        return self.generator.mapping(tf.constant(styles, tf.float32)).numpy()

    # === Editing ===

    def _content(self, photos):
        return self.generator.encode(photo_to_image(photos))[0]

    def _drawn(self, content, w):
        return image_to_photo(self.generator.decoder(content, w))

    def encode(self, photos):
        """Contents float32 [N, h, h, C]."""
        return self._encode(tf.constant(photos))

    def apply(self, codes, edit):
        w = self._style(edit)
        direction = edit.direction or self.direction
        if direction is not None:
            w = w + edit.strength * direction.offsets(1)[0]
        w = np.broadcast_to(w, (codes.shape[0], self.generator.w_dim))
        return self._draw(codes, tf.constant(w, tf.float32)).numpy()

    def _style(self, edit):
        if edit.style is not None:
            return edit.style
        if edit.reference is not None:
            return self.style_of_photo(edit.reference)
        return self.random_styles([0])[0]

    def check(self, edit):
        self._refuse_target(edit)
        direction = edit.direction or self.direction
        if direction is None and edit.strength != 1:
            raise UserError(
                f"strength {edit.strength:g} is of a direction: give one, or truncate the style"
            )
        if direction is not None:
            one_row = types.SimpleNamespace(w_dim=self.generator.w_dim, num_ws=1)
            direction.check(one_row, self.preset.sha256)
        if edit.style is not None and edit.reference is not None:
            raise UserError("give a style or a reference, not both")


def weight_direction(editor, component):
    """SeFA (arXiv 2007.06600, equation 6) of a decoder: a unit vector that moves maps the most.

    The published example takes component 2 with a strength of 4, its videos components from 1 on
    with 3; component 0 was judged poor.

    Args:
        editor: `StyleEditor`.
        component: 0 has the largest singular value.

    Raises:
        UserError: there are not so many.
    """
    kernels = [
        np.asarray(layer.kernel) * layer.gain for layer in editor.generator.decoder.affines
    ]
    transposed = np.concatenate(kernels, axis=1).astype(np.float64)  # [w_dim, rows]
    values, vectors = np.linalg.eigh(transposed @ transposed.T)
    if not 0 <= component < len(values):
        raise UserError(f"component {component} of SeFA is not in 0-{len(values) - 1}")
    vector = vectors[:, -1 - component]
    vector = vector * np.sign(vector[np.argmax(np.abs(vector))])  # else the sign is arbitrary
    return Direction(
        vector,
        None,
        {
            "attribute": f"sefa_{component}",
            "method": "sefa",
            "component": component,
            "space": "w",
            "unit": "length 1",
            "share": float(values[-1 - component] / values.sum()),
            "parents": {"generator": {"sha256": editor.preset.sha256}},
        },
    )


def edits_of(styles, edit=Edit()):
    """An `Edit` a style, w [K, w_dim]."""
    return [dataclasses.replace(edit, style=style, reference=None) for style in styles]
