"""Editors: one interface by which every kind of preset edits photos.

An editor works in two steps, `encode` once a photo and `apply` once an edit, so that a slider
answers without encoding again. Calling it does both.
"""

import dataclasses

import numpy as np
import tensorflow as tf
from tqdm import tqdm

from tfgan_edit.config import UserError
from tfgan_edit.editing.directions import Direction
from tfgan_edit.editing.image_distances import find_distance
from tfgan_edit.editing.inversion import ProjectionSettings, Projector
from tfgan_edit.editing.regions import StylemapEdit
from tfgan_edit.networks.gans_n_roses import GansNRosesGenerator
from tfgan_edit.networks.pix2pixhd import Translator
from tfgan_edit.networks.stylemapgan import StyleMapGANGenerator
from tfgan_edit.ops.images import image_to_photo, photo_to_image
from tfgan_edit.preset import load_preset, preset_networks


@dataclasses.dataclass(frozen=True)
class Edit:
    """What to do with a photo.

    Attributes:
        strength: of a direction, in its units; of a one-pass edit 0, the photo as it is, to 1.
        direction: for an editor of latents; None for the editor's own.
        reference: second photo, uint8 [H, W, 3], for an editor of two.
        target: attributes for a style function, as "smile=1,eyeglasses=toggle".
        sample: number of one of its outcomes.
        style: w float32 [w_dim], or [N, w_dim] with a row a photo, for an editor of styles.
        stylemap: what to do by region or scale, for a StyleMapGAN.
    """

    strength: float = 1.0
    direction: Direction | None = None
    reference: np.ndarray | None = None
    target: str | None = None
    sample: int = 0
    style: np.ndarray | None = None
    stylemap: StylemapEdit | None = None

    def of_rows(self, rows):
        """The edit of some of the photos, a slice."""
        if self.style is None or np.ndim(self.style) == 1:
            return self
        return dataclasses.replace(self, style=self.style[rows])


class Editor:
    """Edits photos.

    Call: `editor(photo, edit=Edit())` with a photo uint8 [H, W, 3] or a batch [N, H, W, 3] ->
    edited uint8 of the same shape.

    Attributes:
        preset: `Preset` that was loaded.
        parents: {role: hash} of everything that decides the edits.
        resolution: (height, width) of the photos, or None where any will do whose sides are
            multiples of …
        multiple: … this.
        batch_size: photos computed at once.
    """

    resolution: tuple[int, int] | None
    multiple: int = 1

    def __init__(self, preset, batch_size=8):
        self.preset, self.batch_size = preset, batch_size
        self.parents = {"generator": preset.sha256}

    def __call__(self, photo, edit=Edit()):
        photos = np.asarray(photo)
        batch = photos if photos.ndim == 4 else photos[np.newaxis]
        edited = self.variations(batch, [edit])[0]
        return edited if photos.ndim == 4 else edited[0]

    def variations(self, photos, edits):
        """Several edits of photos [N, H, W, 3] that are encoded once: uint8 [K, N, H, W, 3]."""
        self._check_photos(photos)
        for edit in edits:
            self.check(edit)
        parts = []
        for start in range(0, len(photos), self.batch_size):
            rows = slice(start, start + self.batch_size)
            codes = self.encode(photos[rows])
            parts.append(np.stack([self.apply(codes, edit.of_rows(rows)) for edit in edits]))
        return np.concatenate(parts, axis=1)

    def encode(self, photos):
        """Photos uint8 [N, H, W, 3] -> what `apply` needs of them."""
        raise NotImplementedError

    def apply(self, codes, edit):
        """What `encode` returned, and an `Edit` -> photos uint8 [N, H, W, 3]."""
        raise NotImplementedError

    def check(self, edit):
        """Raises a `UserError` for an edit that this editor cannot do."""
        raise NotImplementedError

    def _refuse_target(self, edit):
        if edit.target is not None:
            raise UserError(
                f"{self.preset.path} has no target attributes ({edit.target}): they are for a "
                "style function (ISF-GAN)"
            )

    def size_for(self, height, width):
        """(height, width) nearest to a photo's at which this editor can work."""
        if self.resolution is not None:
            return self.resolution
        return tuple(
            max(round(side / self.multiple), 1) * self.multiple for side in (height, width)
        )

    def _check_photos(self, photos):
        if photos.dtype != np.uint8 or photos.ndim != 4 or photos.shape[3] != 3:
            raise ValueError(
                "photo must be uint8 [H, W, 3] or [N, H, W, 3]. "
                f"Received: {photos.dtype} {photos.shape}"
            )
        size = photos.shape[1:3]
        if self.size_for(*size) != size:
            height, width = self.size_for(*size)
            raise ValueError(
                f"photo must be [{height}, {width}, 3] for this editor. Received: {photos.shape}"
            )


class LatentEditor(Editor):
    """photo -> w_plus -> w_plus of its edit -> photo, by a StyleGAN.

    A face is found in the latent space by an encoder in one pass, by optimisation, or by
    optimisation that begins at the encoder's answer.

    Args:
        preset: `Preset` with a "generator".
        encoder: `Preset` with an "encoder", or None.
        projection: `ProjectionSettings`, or None for the encoder alone; without an encoder None
            means the default settings.
        distance: `ImageDistance` of the projection; None for the best one that is here.
        batch_size: photos computed at once.
        progress: whether a projection of more than five seconds shows a bar.
    """

    def __init__(
        self,
        preset,
        encoder=None,
        projection=None,
        distance=None,
        batch_size=8,
        progress=False,
    ):
        super().__init__(preset, batch_size)
        self.progress = progress
        self.generator = preset.require("generator")
        self.resolution = tuple(self.generator.resolution)
        self.encoder = None if encoder is None else encoder.require("encoder")
        if encoder is not None:
            self.parents["encoder"] = encoder.sha256
            self._check_encoder()
        self._projector = None
        if encoder is None or projection is not None:
            distance = distance or find_distance(side=min(self.resolution))
            settings = projection or ProjectionSettings()
            self._projector = Projector(self.generator, distance, settings, batch_size)
        self._encode = tf.function(self._encoded, autograph=False, reduce_retracing=True)
        self._draw = tf.function(self._drawn, autograph=False, reduce_retracing=True)
        self._last = None, None  # photos and their codes: a projection takes minutes

    def _check_encoder(self):
        shapes = [(network.num_ws, network.w_dim) for network in (self.encoder, self.generator)]
        if shapes[0] != shapes[1]:
            gives, takes = ("x".join(map(str, shape)) for shape in shapes)
            raise UserError(
                f"the encoder gives w_plus of {gives} numbers, generator {self.preset.path} takes "
                f"{takes}: train one for it"
            )

    def _encoded(self, photos):
        return self.encoder(photo_to_image(photos))

    def _drawn(self, w_plus, noise):
        return image_to_photo(self.generator.synthesis(w_plus, noise=noise))

    def encode(self, photos):
        """(w_plus [N, num_ws, w_dim], noise maps or "constant")."""
        last, codes = self._last
        if last is None or not np.array_equal(last, photos):
            codes = self._found(photos)
            self._last = photos.copy(), codes
        return codes

    def _found(self, photos):
        start = None if self.encoder is None else self._encode(tf.constant(photos)).numpy()
        if self._projector is None:
            return start, "constant"
        steps = self._projector.settings.steps
        with tqdm(total=steps, unit="step", delay=5, leave=False, disable=not self.progress) as bar:
            found = self._projector(photos, start, on_step=bar.update)
        noise = [np.stack(maps) for maps in zip(*(p.noise for p in found), strict=True)]
        return np.stack([p.w_plus for p in found]), noise or "constant"

    def apply(self, codes, edit):
        return self.draw(self.moved(codes, edit), codes)

    def moved(self, codes, edit):
        """w_plus [N, num_ws, w_dim] of an edit."""
        raise NotImplementedError

    def draw(self, w_plus, codes):
        """Photos uint8 [N, H, W, 3] of latents, with the noise of `codes`."""
        return self._draw(tf.constant(w_plus), codes[1]).numpy()


class DirectionEditor(LatentEditor):
    """w_plus + strength · direction.

    Args:
        preset: `Preset` with a "generator".
        direction: `Direction` for edits that bring none, or None.
        others: as of `LatentEditor`.
    """

    def __init__(self, preset, direction=None, *args, **kwargs):
        super().__init__(preset, *args, **kwargs)
        self.direction = direction
        if direction is not None:
            self.parents["direction"] = direction.hash

    def moved(self, codes, edit):
        return (edit.direction or self.direction).apply(codes[0], edit.strength)

    def check(self, edit):
        direction = edit.direction or self.direction
        self._refuse_target(edit)
        if direction is None:
            raise UserError(f"{self.preset.path} edits along a direction: give one")
        if edit.reference is not None:
            raise UserError("a reference is for an editor of two photos; this one takes one")
        _refuse_style(edit, self.preset)
        direction.check(self.generator, self.preset.sha256)


class TranslationEditor(Editor):
    """photo -> edited photo in one pass, by a translator such as Pix2PixHD's or a student's.

    Between 0 and 1, strength mixes pixels of the photo and of the output, x + s (y - x).

    Args:
        preset: `Preset` with a "generator" of images to images.
        batch_size: photos computed at once.
    """

    def __init__(self, preset, batch_size=8):
        super().__init__(preset, batch_size)
        self.generator = preset.require("generator")
        if self.generator.in_channels not in (3, 6) or self.generator.out_channels != 3:
            raise UserError(
                f"{preset.path} translates {self.generator.in_channels} channels into "
                f"{self.generator.out_channels}: photos need a network of 3 or 6 into 3"
            )
        resolution = (preset.metadata.get("data") or {}).get("resolution")
        self.resolution = None if resolution is None else tuple(resolution)
        self.multiple = 2 ** (self.generator.num_downsamplings + self.generator.num_enhancers)
        self._translate = tf.function(self._translated, autograph=False, reduce_retracing=True)

    def _translated(self, images, strength, reference):
        sources = images
        if reference is not None:
            second = tf.broadcast_to(photo_to_image(reference), tf.shape(images))
            sources = tf.concat([images, second], axis=-1)
        edited = self.generator(sources)
        return image_to_photo(images + strength * (edited - images))

    def encode(self, photos):
        """Images float32 [N, H, W, 3]."""
        return photo_to_image(photos)

    def apply(self, codes, edit):
        reference = None if edit.reference is None else tf.constant(edit.reference)
        return self._translate(codes, tf.constant(edit.strength, tf.float32), reference).numpy()

    def check(self, edit):
        self._refuse_target(edit)
        if not 0 <= edit.strength <= 1:
            raise UserError(
                f"strength {edit.strength:g}: a one-pass edit goes from 0, the photo, to 1"
            )
        if edit.direction is not None:
            raise UserError(
                f"{self.preset.path} does its own edit in one pass: a direction is for a StyleGAN"
            )
        _refuse_style(edit, self.preset)
        if (edit.reference is not None) != (self.generator.in_channels == 6):
            needs = "needs a reference" if edit.reference is None else "takes no reference"
            raise UserError(f"{self.preset.path} {needs}: it reads {self._photos_read()}")

    def _photos_read(self):
        return "one photo" if self.generator.in_channels == 3 else "two photos"


def _refuse_style(edit, preset):
    if edit.style is not None:
        raise UserError(f"{preset.path} has no styles: those are for GANs N' Roses")
    if edit.stylemap is not None:
        raise UserError(f"{preset.path} has no stylemaps: regions and scales are StyleMapGAN's")


def _refuse(path, what, **arguments):
    for name, value in arguments.items():
        if value is not None:
            raise UserError(f"{path} {what}: {name} is for a StyleGAN")


def load_editor(
    path,
    *,
    direction=None,
    encoder=None,
    backward=False,
    projection=None,
    distance="auto",
    given=None,
    batch_size=8,
    progress=False,
    generator=None,
    scorer=None,
    layers=None,
):
    """Loads the editor of a preset.

    Args:
        path: preset or run folder of a StyleGAN, of a StyleMapGAN with its encoder, of a
            translator (Pix2PixHD, a student), of a style function (ISF-GAN), or of GANs N' Roses.
        direction: `Direction` of the editor of latents, where an `Edit` brings none.
        encoder: preset of an encoder for the StyleGAN; without one, photos are projected.
        backward: of GANs N' Roses, from domain B to A.
        projection: `ProjectionSettings`; with an encoder, and for a StyleMapGAN, None means the
            encoder's answer as it is. For the latter, steps alone count.
        distance: of the projection, "auto" or a key of `editing.image_distances.DISTANCES`.
        given: {name of weights: path} of the distance's network.
        batch_size: photos computed at once.
        progress: whether a projection of more than five seconds shows a bar.
        generator: preset of a style function's StyleGAN; None for the one it was trained with.
        scorer: preset of a classifier that says which attributes a photo has; None for the
            style function's discriminator.
        layers: {attribute: rows of w_plus} that a style function may change; None for all.

    Raises:
        UserError: no such preset, one that edits no photos, or arguments of the other kind.
    """
    of_faces = {"encoder": encoder, "projection": projection, "distance": distance, "given": given}
    of_faces |= {"batch_size": batch_size, "progress": progress}
    if "style_function" in preset_networks(path):
        from tfgan_edit.editing.style_functions import load_style_function_editor

        if direction is not None:
            raise UserError(f"{path} edits by target attributes: a direction is for a StyleGAN")
        if backward:
            raise UserError(f"{path} has one direction only: backward is for GANs N' Roses")
        return load_style_function_editor(
            path, generator=generator, scorer=scorer, layers=layers, **of_faces
        )
    for name, value in (("generator", generator), ("scorer", scorer), ("layers", layers)):
        if value is not None:
            raise UserError(f"{path} is no style function (ISF-GAN): {name} is for one")
    from tfgan_edit.editing.style_editor import StyleEditor, with_backward  # it is an Editor

    preset = load_preset(path, names=["generator"])
    generator = preset.require("generator")
    if isinstance(generator, GansNRosesGenerator):
        _refuse(path, "draws in styles", encoder=encoder)
        return StyleEditor(with_backward(preset), backward, direction, batch_size)
    if backward:
        raise UserError(f"{path} has one direction only: backward is for GANs N' Roses")
    if isinstance(generator, StyleMapGANGenerator):
        # It is an `Editor` too, so that its module needs this one.
        from tfgan_edit.editing.stylemap_editor import Refinement, StylemapEditor

        if encoder is not None:
            raise UserError(f"{path} has an encoder of its own: encoder is for a StyleGAN")
        preset = load_preset(path, names=["generator", "encoder"])
        generator = preset.require("generator")
        refinement = None
        if projection is not None and projection.steps:
            measure = find_distance(distance, side=min(generator.resolution), given=given)
            refinement = Refinement(generator, measure, projection.steps)
        return StylemapEditor(preset, direction, refinement, batch_size, progress)
    if isinstance(generator, Translator):
        _refuse(path, "edits in one pass", direction=direction, encoder=encoder)
        return TranslationEditor(preset, batch_size)
    if not hasattr(generator, "num_ws"):
        method = preset.metadata.get("method", "not stated")
        raise UserError(
            f"{path} (method: {method}) edits no photos; give a StyleGAN, Pix2PixHD "
            "or GANs N' Roses"
        )
    return DirectionEditor(preset, direction, **face_finder(preset, **of_faces))


def face_finder(preset, *, encoder, projection, distance, given, **others):
    """Arguments of a `LatentEditor` of a generator from those of `load_editor`."""
    generator = preset.require("generator")
    if encoder is not None:
        encoder = load_preset(encoder, names=["encoder"])
    projects = encoder is None or projection is not None
    side = min(generator.resolution)
    measure = find_distance(distance, side=side, given=given) if projects else None
    return {"encoder": encoder, "projection": projection, "distance": measure, **others}
