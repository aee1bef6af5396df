"""The editor of a StyleMapGAN: one encoder pass, then any edit of the stylemap."""

import functools
import hashlib
import math

import numpy as np
import tensorflow as tf
from tqdm import tqdm

from tfgan_edit.config import UserError
from tfgan_edit.editing.editors import Editor
from tfgan_edit.editing.inversion import adam_step
from tfgan_edit.editing.regions import (
    StylemapEdit,
    blend,
    check_mask,
    mixed,
    pooled_mask,
    transplanted,
)
from tfgan_edit.ops.images import image_to_photo, photo_to_image

REMEMBERED = 16  # stylemaps of references


class StylemapEditor(Editor):
    """photo -> stylemap -> edited photo, by encoder and generator of a StyleMapGAN.

    An `Edit` without anything rebuilds the photo. Its `strength` is that of its direction, in
    units, and from 0, the photo rebuilt, to 1 that of its reference, moves, scale and regions; a
    reference without these gives the interpolation of the two stylemaps.

    Args:
        preset: `Preset` with "generator" and "encoder".
        direction: `Direction` in stylemaps for edits that bring none, or None.
        refinement: `Refinement` of what the encoder says, for photos unlike those of its
            training; None for none.
        batch_size: photos computed at once.
        progress: whether refinements of more than five seconds show a bar.
    """

    def __init__(self, preset, direction=None, refinement=None, batch_size=8, progress=False):
        super().__init__(preset, batch_size)
        self.generator, self.encoder = preset.require("generator"), preset.require("encoder")
        self._check_networks()
        self.resolution = tuple(self.generator.resolution)
        self.direction, self.refinement, self.progress = direction, refinement, progress
        if direction is not None:
            self.parents["direction"] = direction.hash
        self._references = {}
        graph = functools.partial(tf.function, autograph=False, reduce_retracing=True)
        self._encode, self._draw = graph(self._encoded), graph(self._drawn)

    def _check_networks(self):
        shapes = [network.stylemap_shape for network in (self.encoder, self.generator)]
        if shapes[0] != shapes[1]:
            raise UserError(
                f"{self.preset.path}: its encoder gives stylemaps of {list(shapes[0])}, its "
                f"generator takes {list(shapes[1])}: they are not of one training"
            )

    def _encoded(self, photos):
        return self.encoder(photo_to_image(photos))

    def encode(self, photos):
        """Stylemaps float32 [N, S, S, C]."""
        stylemaps = self._encode(tf.constant(photos)).numpy()
        if self.refinement is None:
            return stylemaps
        return self.refinement(photos, stylemaps, self.progress)

    def reference(self, photo):
        """Stylemap [1, S, S, C] of a photo uint8 [H, W, 3]; a stylemap comes back as it is.

        Of a few photos it is remembered, as every edit with them asks for it.
        """
        photo = np.asarray(photo)
        if photo.dtype != np.uint8:
            return photo[np.newaxis]
        key = hashlib.sha256(photo.tobytes()).hexdigest()
        if key not in self._references:
            while len(self._references) >= REMEMBERED:
                self._references.pop(next(iter(self._references)))
            self._references[key] = self.encode(photo[np.newaxis])
        return self._references[key]

    def apply(self, codes, edit):
        change = edit.stylemap or StylemapEdit()
        strength = np.float32(edit.strength)
        stylemaps = self._directed(codes, edit, change)
        reference = None if edit.reference is None else self.reference(edit.reference)
        if change.moves:
            target = transplanted(stylemaps, reference, change.moves)
            stylemaps = stylemaps + strength * (target - stylemaps)
        elif reference is not None and change.scale is None:
            stylemaps = stylemaps + strength * (reference - stylemaps)
        regions = tuple(
            {
                "stylemap": tf.constant(self.reference(region.reference)),
                "mask": tf.constant(region.mask[np.newaxis], tf.float32),
                "shift": tf.constant(region.shift, tf.int32),
                "strength": tf.constant(strength * region.strength, tf.float32),
            }
            for region in change.regions
        )
        other = None if change.scale is None else tf.constant(reference)
        photos = self._draw(
            tf.constant(stylemaps, tf.float32),
            other,
            regions,
            tf.constant(strength),
            settings=(change.scale, change.space, change.pooling),
        )
        return photos.numpy()

    def _directed(self, stylemaps, edit, change):
        """Stylemaps moved along the direction of the edit, within its mask."""
        direction = edit.direction or self.direction
        if direction is None:
            return stylemaps
        if change.mask is not None:
            cells = self.generator.stylemap_shape[:2]
            share = pooled_mask(change.mask[np.newaxis], cells, change.pooling)
            direction = direction.within(share.numpy()[0, :, :, 0])
        return direction.apply(stylemaps, edit.strength)

    def _drawn(self, stylemaps, other, regions, strength, settings):
        scale, space, pooling = settings
        synthesis = self.generator.synthesis
        if space == "w":
            for region in regions:
                stylemaps = self._blended([stylemaps], [region["stylemap"]], region, pooling)[0]
        codes = synthesis.codes(stylemaps)
        if scale is not None:
            targets = mixed(codes, synthesis.codes(other), scale)
            codes = [
                code + tf.cast(strength, code.dtype) * (target - code)
                for code, target in zip(codes, targets, strict=True)
            ]
        if space == "w_plus":
            for region in regions:
                reference = synthesis.codes(region["stylemap"])
                codes = self._blended(codes, reference, region, pooling)
        return image_to_photo(synthesis.decode(codes))

    def _blended(self, maps, reference_maps, region, pooling):
        return blend(
            maps,
            reference_maps,
            region["mask"],
            shift=region["shift"],
            strength=region["strength"],
            pooling=pooling,
        )

    def check(self, edit):
        change = edit.stylemap or StylemapEdit()
        direction = edit.direction or self.direction
        self._refuse_target(edit)
        if edit.style is not None:
            raise UserError(f"{self.preset.path} has no styles: those are for GANs N' Roses")
        if not math.isfinite(edit.strength):
            raise UserError(f"strength {edit.strength}: it must be a number")
        if direction is not None:
            direction.check(self.generator, self.preset.sha256)
        elif change.mask is not None:
            raise UserError("a mask needs what is to happen there: give a reference or a direction")
        if edit.reference is None and (change.moves or change.scale):
            needed = "moved parts" if change.moves else f"{change.scale} codes"
            raise UserError(f"a reference is missing: {needed} are taken from one")
        if edit.reference is not None:
            self._check_reference(edit.reference)
        for region in change.regions:
            self._check_reference(region.reference)
            check_mask(region.mask, self.resolution)
        if change.mask is not None:
            check_mask(change.mask, self.resolution)

    def _check_reference(self, reference):
        reference = np.asarray(reference)
        is_photo = reference.dtype == np.uint8
        wanted = (*self.resolution, 3) if is_photo else self.generator.stylemap_shape
        if reference.shape != tuple(wanted):
            what = "photo" if is_photo else "stylemap"
            raise UserError(
                f"a reference is a {what} of {list(reference.shape)}, {self.preset.path} takes "
                f"{list(wanted)}"
            )


class Refinement:
    """Optimisation of stylemaps from the encoder's answer on.

    Minimises the mean squared difference of pixels and a perceptual distance, the training's two
    losses of reconstruction, by Adam with a rate that falls as a cosine; a stylemap stays the best
    that was seen.

    Args:
        generator: `StyleMapGANGenerator`.
        distance: `ImageDistance`.
        steps: of Adam.
        learning_rate: at the start.
    """

    def __init__(self, generator, distance, steps=100, learning_rate=0.02):
        self.generator, self.distance = generator, distance
        self.steps, self.learning_rate = steps, learning_rate
        self._features = tf.function(distance.features, autograph=False)
        self._compiled = {}  # {number of photos: (variables, step)}

    def __call__(self, photos, stylemaps, progress=False):
        """Stylemaps [N, S, S, C] of photos uint8 [N, H, W, 3], from `stylemaps` on."""
        images = photo_to_image(tf.constant(photos))
        target = self._features(images)
        if len(photos) not in self._compiled:
            self._compiled[len(photos)] = self._compile(stylemaps.shape)
        (w, mean, square, best, lowest), step = self._compiled[len(photos)]
        for variable in (w, best):
            variable.assign(stylemaps)
        for moment in (mean, square):
            moment.assign(tf.zeros_like(moment))
        lowest.assign(tf.fill(lowest.shape, np.float32(np.inf)))
        bar = tqdm(total=self.steps + 1, unit="step", delay=5, leave=False, disable=not progress)
        with bar:
            for number in range(self.steps + 1):  # the last one only looks
                rate = self.learning_rate * (0.5 + 0.5 * math.cos(math.pi * number / self.steps))
                step(images, target, tf.constant(number + 1), tf.constant(rate, tf.float32))
                bar.update()
        return best.numpy()

    def _compile(self, shape):
        """(w, its two moments, the best w and its loss), and a step of all."""
        variables = [tf.Variable(tf.zeros(shape)) for _ in range(4)]
        variables.append(tf.Variable(tf.zeros(shape[0])))
        w, mean, square, best, lowest = variables

        @tf.function(autograph=False)
        def step(images, target, number, rate):
            with tf.GradientTape() as tape:
                rebuilt = self.generator.synthesis(tf.convert_to_tensor(w))
                pixels = tf.reduce_mean(tf.square(rebuilt - images), axis=(1, 2, 3))
                loss = pixels + self.distance.compare(self.distance.features(rebuilt), target)
            gradient = tape.gradient(loss, w)
            better = (loss < lowest)[:, tf.newaxis, tf.newaxis, tf.newaxis]
            best.assign(tf.where(better, w, best))
            lowest.assign(tf.minimum(loss, lowest))
            adam_step([w], [mean], [square], [gradient], number, rate)

        return variables, step
