"""Pictures of two domains that do not belong together pair by pair."""

import dataclasses
import pathlib

import numpy as np
from tqdm import tqdm

from tfgan_edit.config import UserError
from tfgan_edit.data.preparation import parse_resolution, prepare
from tfgan_edit.data.records import DataConfig, canonical_hash

FOLDERS = ("trainA", "trainB")  # of CycleGAN's and U-GAT-IT's data sets
MIN_PHOTOS = 8  # of a domain
ADVISED_PHOTOS = 1000  # by the authors of GANs N' Roses


@dataclasses.dataclass(frozen=True)
class UnpairedConfig:
    """Which pictures of two domains a run trains on.

    Args:
        source: Of domain A, as `DataConfig.source`: records, a folder or zip of pictures,
            `avatars:STYLE`, `tfds:NAME`; or a folder that holds `trainA` and `trainB`.
        target: The same of domain B; "" if `source` holds both.
        resolution: Side in pixels, or (height, width); None = that of records.
        num: Pictures of each domain to draw or import; None = all (10,000 of avatars).
        crop: As of `DataConfig`.
        target_crop: The same of domain B, as faces of the two should be at the same place; "" =
            as `crop`.
        seed: Which avatars are drawn.
        subset: Train on this many of each domain, chosen at random; None = all.
    """

    source: str
    target: str = ""
    resolution: int | tuple[int, int] = 256
    num: int | None = None
    crop: str = "center"
    target_crop: str = ""
    seed: int = 0
    subset: int | None = None

    @property
    def reading(self):
        """Keyword arguments of `Unpaired.dataset`."""
        return {"subset": self.subset}

    def tiny(self):
        """The same settings with 16 faces of 16 px in two styles."""
        return UnpairedConfig(
            "avatars:avataaars", "avatars:adventurer", resolution=16, num=16, seed=self.seed
        )

    def domains(self):
        """`DataConfig`s of A and B.

        Raises:
            UserError: There is no domain B.
        """
        sources = [self.source, self.target]
        crops = [self.crop, self.target_crop or self.crop]
        if not self.target:
            sources = [str(pathlib.Path(self.source) / folder) for folder in FOLDERS]
            if not all(pathlib.Path(source).is_dir() for source in sources):
                raise UserError(
                    f"data.target is missing and {self.source} holds no {' and '.join(FOLDERS)}: "
                    "give the pictures of the other domain as data.target"
                )
        return [
            DataConfig(
                source=source,
                resolution=self.resolution,
                num=self.num,
                crop=crop,
                seed=self.seed,
                subset=self.subset,
                labels=False,
            )
            for source, crop in zip(sources, crops, strict=True)
        ]


class Unpaired:
    """Records of two domains; made by `prepare`.

    A batch is {"photos_a", "photos_b": uint8 [b, H, W, C], "face_a", "face_b": uint8 [1, H, W, C]}:
    the two domains in orders of their own, and one photo of each that is the same for all replicas
    of a step.

    Args:
        a, b: `Records` of one resolution.

    Attributes:
        num: Number of photos of both.
        resolution: (height, width).
        hash: Hash over the pixels of both.
        manifest: {"domains": [both manifests]}.
        labels: None.
    """

    labels = None

    def __init__(self, a, b):
        self.a, self.b = a, b
        self.num = a.num + b.num
        self.resolution = a.resolution
        self.hash = canonical_hash([a.hash, b.hash])
        self.manifest = {"domains": [a.manifest, b.manifest]}

    def __repr__(self):
        return f"<Unpaired {self.a} and {self.b}>"

    @property
    def facts(self):
        """What a trainer is told of its data: keyword arguments of a `build`."""
        height, width = self.resolution
        return {
            "resolution": height if height == width else (height, width),
            "img_channels": self.a.channels,
        }

    def examples(self, count):
        """The first photos of each, from the start again if there are fewer."""
        return {
            f"photos_{name}": records.photos(np.arange(count) % records.num)
            for name, records in (("a", self.a), ("b", self.b))
        }

    def dataset(self, *, seed=0, batch_size, **settings):
        """Endless batches; arguments as of `tfgan_edit.data.pipeline.dataset`."""

        def read(records, seed, size):
            return records.dataset(seed=seed, batch_size=size, labels=False, **settings)

        return self._joined(read, seed, batch_size, 1)

    def replica_dataset(
        self, *, seed=0, batch_size, num_replicas, num_input_pipelines=1, input_pipeline_id=0,
        **settings,
    ):
        """One input worker's batches; as of `tfgan_edit.data.pipeline.replica_dataset`."""
        workers = {
            "num_replicas": num_replicas,
            "num_input_pipelines": num_input_pipelines,
            "input_pipeline_id": input_pipeline_id,
        }

        def read(records, seed, size):
            if size == 1:  # a face, the same for all
                return records.dataset(seed=seed, batch_size=1, labels=False, **settings)
            return records.replica_dataset(
                seed=seed, batch_size=size, labels=False, **workers, **settings
            )

        return self._joined(read, seed, batch_size, num_replicas // num_input_pipelines)

    def _joined(self, read, seed, batch_size, repeats):
        import tensorflow as tf  # pipelines need TensorFlow, records do not

        parts = {}
        for i, (name, records) in enumerate((("a", self.a), ("b", self.b))):
            parts[f"photos_{name}"] = read(records, seed + 2 * i, batch_size)
            faces = read(records, seed + 2 * i + 1, 1)
            # Every replica of a step reads the same face.
            parts[f"face_{name}"] = faces.flat_map(
                lambda x: tf.data.Dataset.from_tensors(x).repeat(repeats)
            )
        order = ("photos_a", "photos_b", "face_a", "face_b")
        return tf.data.Dataset.zip({name: parts[name] for name in order}).map(
            lambda batch: {name: batch[name]["photos"] for name in order}
        )


@prepare.register
def _(config: UnpairedConfig, *, progress=True):
    parse_resolution(config.resolution)
    domains = [prepare(domain, progress=progress) for domain in config.domains()]
    for records, domain in zip(domains, config.domains(), strict=True):
        num = config.subset or records.num
        if num < MIN_PHOTOS:
            raise UserError(
                f"{domain.source} has {num} pictures: a domain needs at least {MIN_PHOTOS}, and "
                f"{ADVISED_PHOTOS:,} or more to be learnt well"
            )
        if num < ADVISED_PHOTOS and progress:
            tqdm.write(
                f"{domain.source} has {num} pictures; {ADVISED_PHOTOS:,} or more are advised"
            )
    a, b = domains
    if (a.resolution, a.channels) != (b.resolution, b.channels):
        sizes = ["x".join(map(str, (*r.resolution, r.channels))) for r in domains]
        raise UserError(f"domain A has pictures of {sizes[0]}, domain B of {sizes[1]}")
    return Unpaired(a, b)
