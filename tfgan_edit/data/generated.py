"""No photos: the data of a trainer that draws its own pictures from a frozen generator."""

import dataclasses

import numpy as np
import tensorflow as tf

from tfgan_edit.config import UserError
from tfgan_edit.data.preparation import parse_resolution, prepare
from tfgan_edit.data.records import canonical_hash


@dataclasses.dataclass(frozen=True)
class GeneratedConfig:
    """What is known of pictures before they are drawn.

    Args:
        source: "generator"; there is no other.
        resolution: Side in pixels, of what is trained.
    """

    source: str = "generator"
    resolution: int | tuple[int, int] = 256

    subset = None

    @property
    def reading(self):
        """{}: nothing is read."""
        return {}

    def tiny(self):
        """The same at 16 px."""
        return dataclasses.replace(self, resolution=16)


class Generated:
    """In place of `Records`: batches say only which positions of endless training they are.

    Attributes:
        num: of examples that are shown; training draws new ones at every step.
        resolution: (height, width).
        labels: None.
    """

    labels = None
    num = 1000

    def __init__(self, resolution):
        self.resolution = tuple(resolution)
        self.manifest = {}
        self.hash = canonical_hash(["generated", *self.resolution])

    @property
    def facts(self):
        """What a trainer is told of its data: keyword arguments of a `build`."""
        height, width = self.resolution
        return {"resolution": height if height == width else (height, width), "img_channels": 3}

    def examples(self, count):
        """{"positions": int64 [count]}, the first ones."""
        return {"positions": np.arange(count)}

    def dataset(self, *, batch_size, start_step=0, first_position=0, seed=0):
        """Endless batches {"positions": int64 [batch_size]}."""
        return self.replica_dataset(
            batch_size=batch_size,
            num_replicas=1,
            start_step=start_step,
            first_position=first_position,
        )

    def replica_dataset(
        self,
        *,
        batch_size,
        num_replicas,
        num_input_pipelines=1,
        input_pipeline_id=0,
        start_step=0,
        first_position=0,
        seed=0,
    ):
        """The same for each replica in turn, as of `pipeline.replica_dataset`."""
        rows, local = batch_size // num_replicas, num_replicas // num_input_pipelines
        start = first_position + start_step * batch_size

        def positions(element):
            replica = input_pipeline_id * local + element % local
            first = start + element // local * batch_size + replica * rows
            return {"positions": first + tf.range(rows, dtype=tf.int64)}

        return tf.data.Dataset.range(tf.int64.max).map(positions)


@prepare.register
def _(config: GeneratedConfig, *, progress=True):
    if config.source != "generator":
        raise UserError(f"data.source {config.source!r}: a trainer that draws takes 'generator'")
    return Generated(parse_resolution(config.resolution))
