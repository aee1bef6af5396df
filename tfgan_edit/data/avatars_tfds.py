"""The avatars as a TFDS data set: `tfds.load("avatars/avataaars_64")`."""

import dataclasses

import numpy as np
import tensorflow_datasets as tfds

from tfgan_edit.data import avatars

RESOLUTIONS = (32, 64, 128, 256)
_SPLITS = {"train": range(10_000), "test": range(10_000, 11_000)}
_DESCRIPTION = """\
Drawn faces whose attributes are sampled independently of each other and known exactly.
They are drawn when the data set is prepared; nothing is downloaded. Eyeglasses and
sunglasses exclude each other. Style {style}: {notice}.
"""
_CITATION = """\
@misc{{{style},
  author = {{{author}}},
  title = {{{title}}},
  note = {{{licence}, {licence_url}; drawn with DiceBear}},
  url = {{{source}}},
}}
"""


@dataclasses.dataclass
class AvatarsConfig(tfds.core.BuilderConfig):
    """One drawing style at one resolution."""

    style: str = "avataaars"
    resolution: int = 64


class Avatars(tfds.core.GeneratorBasedBuilder):
    """Faces drawn by `tfgan_edit.data.avatars`."""

    VERSION = tfds.core.Version(f"{avatars.DRAWING}.0.0")
    BUILDER_CONFIGS = [
        AvatarsConfig(
            name=f"{style}_{resolution}",
            description=f"{style} faces of {resolution}x{resolution} pixels",
            style=style,
            resolution=resolution,
        )
        for style in avatars.STYLES
        for resolution in RESOLUTIONS
    ]

    def _info(self):
        style = self.builder_config.style
        side = self.builder_config.resolution
        artwork = avatars.artwork(style)
        known = {}
        for name, schema in avatars.label_schema(style).items():
            if schema["kind"] == "binary":
                known[name] = tfds.features.Scalar(np.bool_)
            elif schema["kind"] == "one-hot":
                known[name] = tfds.features.ClassLabel(names=schema["values"])
        return tfds.core.DatasetInfo(
            builder=self,
            description=_DESCRIPTION.format(**artwork),
            features=tfds.features.FeaturesDict(
                {
                    "image": tfds.features.Image(shape=(side, side, 3)),
                    "attributes": tfds.features.FeaturesDict(known),
                }
            ),
            homepage=artwork["source"],
            citation=_CITATION.format(**artwork),
            license=f"{artwork['licence']} ({artwork['licence_url']})",
        )

    def _split_generators(self, dl_manager):
        del dl_manager  # nothing to download
        return {
            split: self._generate_examples(indices) for split, indices in _SPLITS.items()
        }

    def _generate_examples(self, indices):
        style = self.builder_config.style
        drawn = avatars.draw_many(
            style,
            len(indices),
            start=indices.start,
            resolution=self.builder_config.resolution,
            progress=False,
        )
        offered = avatars.STYLES[style].attributes
        for index, (photo, known) in zip(indices, drawn, strict=True):
            attributes = {
                name: bool(value) if avatars.ATTRIBUTES[name] == (0, 1) else value
                for name, value in known.items()
                if name in offered
            }
            yield index, {"image": photo, "attributes": attributes}
