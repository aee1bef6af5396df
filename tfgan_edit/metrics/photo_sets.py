"""Sets of photos that metrics compare: records, picture files, and what a generator draws."""

import io
import zipfile
from pathlib import Path

import numpy as np
import tensorflow as tf

from tfgan_edit.checkpoints.numpy_files import load_npz
from tfgan_edit.config import UserError
from tfgan_edit.data import DataConfig, prepare
from tfgan_edit.data.photos import UnreadablePhoto, read_entry, whole_photo
from tfgan_edit.data.records import canonical_hash, is_records, open_records
from tfgan_edit.data.sources import FileSource
from tfgan_edit.networks.mapping import latent_shape
from tfgan_edit.ops.images import image_to_photo, photo_to_image


class PhotoSet:
    """Photos of one size in a fixed order.

    Attributes:
        name: for messages.
        num: how many there are; None if any number can be drawn.
        shape: (H, W, C).
        hash: of what decides the pixels.
    """

    name: str
    num: int | None
    shape: tuple
    hash: str

    def batches(self, num, batch_size):
        """Yields uint8 [n, H, W, C], n <= batch_size, of the first `num` photos."""
        raise NotImplementedError

    def require(self, num, metric):
        """Raises unless there are `num` photos."""
        if self.num is not None and self.num < num:
            raise UserError(
                f"{metric} needs at least {num:,} pictures, {self.name} has {self.num:,}: give "
                "more, or take a metric with a smaller count"
            )


class RecordPhotos(PhotoSet):
    """Photos of records; the first N are a random subset, the same at every time.

    Args:
        records: `tfgan_edit.data.records.Records`.
    """

    def __init__(self, records):
        self.records = records
        self.name = f"records {records.path}"
        self.num, self.hash = records.num, records.hash
        self.shape = (*records.resolution, records.channels)

    def batches(self, num, batch_size):
        chosen = self.records.subset_indices(num)
        for start in range(0, num, batch_size):
            yield self.records.photos(chosen[start : start + batch_size])


class FilePhotos(PhotoSet):
    """Picture files below a folder or in a zip, as they are, in the order of their names.

    Args:
        path: folder or zip.

    Raises:
        UserError: no pictures; while reading, one that is damaged or of another size than the
            first.
    """

    def __init__(self, path):
        self.path = Path(path)
        source = FileSource(self.path)
        self.pictures = source.pictures
        self.name, self.num = str(self.path), source.total
        self._archive = None if self.path.is_dir() else zipfile.ZipFile(self.path)
        self.shape = self._read(self.pictures[0]).shape
        self.hash = canonical_hash([source.identity, self._times()])

    def _times(self):
        """Changed when a picture is replaced by another of the same length; zips hold CRCs."""
        if self._archive is not None:
            return None
        return [(self.path / name).stat().st_mtime_ns for name in self.pictures]

    def _read(self, name):
        try:
            file = self.path / name
            if self._archive is not None:
                file = io.BytesIO(read_entry(self._archive, name))
            return whole_photo(file)
        except (UnreadablePhoto, UserError, OSError) as error:
            raise UserError(f"{self.path}: {name} cannot be read: {error}") from error

    @property
    def groups(self):
        """{folder below the path: numbers of its pictures}, "" for those in none."""
        found = {}
        for number, name in enumerate(self.pictures):
            found.setdefault(name.rpartition("/")[0], []).append(number)
        return found

    def photos(self, numbers):
        """uint8 [n, H, W, C] of the pictures with these numbers."""
        photos = []
        for name in (self.pictures[number] for number in numbers):
            photo = self._read(name)
            if photo.shape != self.shape:
                raise UserError(
                    f"{self.path} mixes sizes: {self.pictures[0]} is {_size(self.shape)} and "
                    f"{name} {_size(photo.shape)} pixels; make one size of them by prepare_data, "
                    "whose records are read here as well"
                )
            photos.append(photo)
        return np.stack(photos)

    def batches(self, num, batch_size):
        for start in range(0, num, batch_size):
            yield self.photos(range(start, min(start + batch_size, num)))


class GeneratedPhotos(PhotoSet):
    """What a generator draws, without truncation and with random noise maps.

    Photo i depends on the seed, on i and on the batch that it is drawn in.

    Args:
        generator: model with `z_dim`, `label_dim`, `resolution`, `img_channels` and
            `synthesis.noise_shapes`, called as generator(z, labels=…, noise=[maps]).
        name: for messages.
        hash: of the generator's weights.
        labels: float32 [K, L] to draw from for a conditional generator, or None.
        seed: of latents, labels and noise.
        batch_size: drawn at once.
    """

    num = None

    def __init__(self, generator, *, name, hash="", labels=None, seed=0, batch_size=32):
        self.generator, self.name, self.seed = generator, name, seed
        self.labels, self.batch_size = labels, batch_size
        if generator.label_dim and labels is None:
            raise UserError(f"{name} is conditional: give --data that has its labels")
        if generator.label_dim and labels.shape[1] != generator.label_dim:
            raise UserError(
                f"{name} has {generator.label_dim} label columns, the data have {labels.shape[1]}"
            )
        self.shape = (*generator.resolution, generator.img_channels)
        self.hash = canonical_hash([hash, seed, batch_size])

    @tf.function(autograph=False)
    def _images(self, z, labels, seed):
        return self.generator(z, labels=labels, noise=self._noise(seed))

    def _noise(self, seed):
        return [
            tf.random.stateless_normal((self.batch_size, *shape, 1), (seed, layer + 1))
            for layer, shape in enumerate(self.generator.synthesis.noise_shapes)
        ]

    def latents(self, num):
        """z [num, z_dim] of the first `num` photos."""
        parts = [self._random_latents(i)[0] for i in range(-(-num // self.batch_size))]
        return np.concatenate(parts)[:num]

    def _random_latents(self, batch):
        """z [batch_size, z_dim] of a batch, by number, and where its other numbers come from."""
        random = np.random.default_rng([self.seed, batch])
        shape = self.batch_size, self.generator.z_dim
        return random.standard_normal(shape, np.float32), random

    def _draw(self, batch):
        """Images float32 [batch_size, H, W, C] of a batch, by number."""
        z, random = self._random_latents(batch)
        labels = self._labels(random)
        return self._images(tf.constant(z), labels, tf.constant(random.integers(2**31)))

    def _labels(self, random):
        """Labels [batch_size, label_dim] of the data's, or None for an unconditional generator."""
        if not self.generator.label_dim:
            return None
        return tf.constant(self.labels[random.integers(len(self.labels), size=self.batch_size)])

    def batches(self, num, batch_size):
        for start in range(0, num, self.batch_size):
            images = self._draw(start // self.batch_size)
            if not np.all(np.isfinite(images)):
                raise UserError(f"{self.name}: its pictures are not finite (NaN); train it anew")
            photos = image_to_photo(images).numpy()[: num - start]
            for i in range(0, len(photos), batch_size):
                yield photos[i : i + batch_size]


class InterpolatedPhotos(GeneratedPhotos):
    """What a generator makes of latents a · first + (1 - a) · second, with a uniform in [0, 1).

    Pairs are drawn with replacement, as for the FID-lerp of StyleMapGAN (Kim et al., arXiv
    2104.14754, section 4).

    Args:
        drawn: `GeneratedPhotos`, of whose generator, seed, labels and batch size these are.
        codes: float32 [K, num_ws, w_dim], or stylemaps [K, S, S, C], to draw pairs from; None:
            random w, both of one label.
    """

    def __init__(self, drawn, codes=None):
        super().__init__(
            drawn.generator,
            name=f"{drawn.name}, between latents",
            hash=drawn.hash,
            labels=drawn.labels,
            seed=drawn.seed,
            batch_size=drawn.batch_size,
        )
        wanted = latent_shape(self.generator)
        if codes is not None and codes.shape[1:] != wanted:
            raise UserError(
                f"--latents has latents of {list(codes.shape[1:])}, {drawn.name} needs "
                f"{list(wanted)}: give latents of this generator"
            )
        self.codes = codes

    @tf.function(autograph=False)
    def _between(self, first, second, share, seed):
        w_plus = share * first + (1 - share) * second
        return self.generator.synthesis(w_plus, noise=self._noise(seed))

    def _draw(self, batch):
        z, random = self._random_latents(batch)
        if self.codes is None:
            labels = self._labels(random)
            others = random.standard_normal(z.shape, np.float32)
            ends = [self.generator.mapping(tf.constant(end), labels=labels) for end in (z, others)]
        else:
            ends = self.codes[random.integers(len(self.codes), size=(2, self.batch_size))]
        share = random.uniform(size=(self.batch_size, *[1] * (ends[0].ndim - 1)))
        share = share.astype(np.float32)
        return self._between(*map(tf.convert_to_tensor, (*ends, share, random.integers(2**31))))


class RebuiltPhotos(PhotoSet):
    """Photos after encoder and generator of a StyleMapGAN, in the order of the photos.

    Args:
        photos: `PhotoSet`.
        encoder, generator: the networks.
        hash: of their weights.

    Raises:
        UserError: photos of another size than the networks'.
    """

    def __init__(self, photos, encoder, generator, *, hash):
        self.photos, self.encoder, self.generator = photos, encoder, generator
        self.name, self.num = f"{photos.name}, rebuilt", photos.num
        self.shape = (*generator.resolution, generator.img_channels)
        if photos.shape != self.shape:
            raise UserError(
                f"{photos.name} has pictures of {_size(photos.shape)} pixels, the networks take "
                f"{_size(self.shape)}: bring them to that size by prepare_data"
            )
        self.hash = canonical_hash([hash, photos.hash])

    @tf.function(autograph=False, reduce_retracing=True)
    def _encode(self, photos):
        return self.encoder(photo_to_image(photos))

    @tf.function(autograph=False, reduce_retracing=True)
    def _rebuild(self, photos):
        return image_to_photo(self.generator.synthesis(self.encoder(photo_to_image(photos))))

    def batches(self, num, batch_size):
        for photos in self.photos.batches(num, batch_size):
            yield self._rebuild(tf.constant(photos)).numpy()

    def stylemaps(self, batch_size=32):
        """float32 [num, S, S, C] of all photos."""
        batches = self.photos.batches(self.num, batch_size)
        return np.concatenate([self._encode(tf.constant(photos)).numpy() for photos in batches])


def read_codes(path):
    """w_plus float32 [K, num_ws, w_dim] of an .npz file, or of all projected.npz below a folder.

    Raises:
        UserError: there are none.
    """
    path = Path(path)
    files = sorted(path.rglob("projected.npz")) if path.is_dir() else [path]
    codes = []
    for file in files:
        w_plus = load_npz(file).get("w_plus")
        if w_plus is None or w_plus.dtype.kind != "f" or w_plus.ndim < 2 or not w_plus.size:
            raise UserError(f"--latents={path}: {file} holds no w_plus")
        codes.append(w_plus.astype(np.float32).reshape(-1, *w_plus.shape[-2:]))
    if not codes or len({part.shape[1:] for part in codes}) > 1:
        raise UserError(f"--latents={path}: no latents of one generator, as project writes them")
    return np.concatenate(codes)


def open_photos(source, resolution=None):
    """Opens pictures as a `PhotoSet`.

    Args:
        source: records, a folder of pictures, a zip, `avatars:STYLE` or `tfds:NAME`.
        resolution: (height, width) at which avatars and TFDS pictures are prepared, into records
            in the folder `data`.

    Raises:
        UserError: none of these, or empty.
    """
    if source.startswith(("avatars:", "tfds:")):
        if resolution is None:
            raise UserError(
                f"{source}: at which size? make records of it by prepare_data and give these"
            )
        return RecordPhotos(prepare(DataConfig(source=source, resolution=tuple(resolution))))
    if is_records(source):
        return RecordPhotos(open_records(source))
    if not Path(source).exists():
        raise UserError(f"there is no folder or file {str(source)!r}")
    return FilePhotos(source)


def paired(real, fake):
    """The two sets, picture i of one beside picture i of the other; None if one is drawn.

    Raises:
        UserError: their numbers differ, or the names of picture files.
    """
    if real is None or fake is None or fake.num is None:
        return None
    if real.num != fake.num:
        raise UserError(
            f"pairs: {real.name} has {real.num:,} pictures, {fake.name} has {fake.num:,}"
        )
    names = [
        [name.rpartition(".")[0] for name in photos.pictures]
        for photos in (real, fake)
        if isinstance(photos, FilePhotos)
    ]
    for first, second in zip(*names, strict=True) if len(names) == 2 else ():
        if first != second:
            raise UserError(
                f"pairs: {first} of {real.name} stands beside {second} of {fake.name}; give the "
                "pictures of a pair the same name"
            )
    check_sizes(real, fake)
    return real, fake


def check_sizes(real, fake):
    """Raises unless two sets have pictures of one size; a difference would be measured too."""
    if real.shape[:2] != fake.shape[:2]:
        raise UserError(
            f"{real.name} has pictures of {_size(real.shape)} pixels, {fake.name} of "
            f"{_size(fake.shape)}: bring the real ones to that size by prepare_data"
        )


def _size(shape):
    return f"{shape[1]}x{shape[0]}"
