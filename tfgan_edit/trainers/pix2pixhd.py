"""Training Pix2PixHD on pairs (arXiv 1711.11585), and students of it for phones."""

import dataclasses
import types
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from tqdm import tqdm

from tfgan_edit.checkpoints import layer_names
from tfgan_edit.checkpoints.features import VGG19, fill
from tfgan_edit.config import UserError
from tfgan_edit.losses import adversarial
from tfgan_edit.losses.distillation import attention_loss
from tfgan_edit.losses.reconstruction import feature_matching_loss, l1_loss, perceptual_loss
from tfgan_edit.metrics.weights import FILES, VARIABLE, find_file, read_file
from tfgan_edit.networks.features.stacks import VGG
from tfgan_edit.networks.mobile_pix2pixhd import SIZES, MobilePix2PixHDGenerator
from tfgan_edit.networks.pix2pixhd import (
    Pix2PixHDDiscriminator,
    Pix2PixHDGenerator,
    Pix2PixHDLocalEnhancer,
    Translator,
)
from tfgan_edit.ops.images import photo_to_image
from tfgan_edit.ops.label_maps import label_planes
from tfgan_edit.trainers.adaptive_augmentation import AdaptiveAugmentation, AugmentationConfig
from tfgan_edit.trainers.gan import GANTrainer, Phase, check_micro_batch
from tfgan_edit.trainers.optimizers import FusedAdam

LOSSES = {  # name: (the generator's, the discriminator's)
    "least_squares": (
        adversarial.least_squares_generator_loss,
        adversarial.least_squares_discriminator_loss,
    ),
    "logistic": (
        adversarial.logistic_generator_loss,
        adversarial.logistic_discriminator_loss,
    ),
    "hinge": (adversarial.hinge_generator_loss, adversarial.hinge_discriminator_loss),
}
SAMPLE_BATCH = 8  # pictures of a sample grid at once


@dataclasses.dataclass(frozen=True)
class Pix2PixHDConfig:
    """Settings of Pix2PixHD; the defaults are those of the paper and its published code.

    Coarse to fine (section 3.2): train "global" at half the size; then "local" with
    `frozen={"global": its run}` and `train_global=False`; then "local" with `init_from` that run.
    With `frozen={"teacher": a run}`, what the teacher makes of a source is a second target.
    """

    generator: str = "global"  # global | local | mobile-s | mobile-m | mobile-l
    width: int | None = None  # channels at full size; default 64, local 32, mobile by its size
    num_downsamplings: int = 4
    num_blocks: int | None = None  # at the smallest size; default 9, mobile by its size
    num_enhancers: int = 1  # of local
    num_local_blocks: int = 3  # of local
    train_global: bool = True  # False: of local only the outermost level and the colours learn
    norm: str = "instance"  # instance | demodulated, which leaves no blobs
    padding: str = "reflect"  # reflect | reflect_all; mobile always has the latter
    upsampling: str = "transposed"  # transposed | bilinear; mobile always has the latter
    residual: bool = False  # the network draws what changes, not the picture
    d_width: int = 64
    d_layers: int = 3
    num_scales: int = 2
    d_norm: str = "instance"
    adversarial_loss: str = "least_squares"  # least_squares | logistic | hinge
    feature_weight: float = 10.0  # of the discriminator's features
    perceptual_weight: float = 10.0  # of VGG19's features
    pixel_weight: float = 0.0  # of |output - target|, as in pix2pix (arXiv 1611.07004): 100
    teacher_weight: float = 10.0  # of |output - the teacher's|
    attention_weight: float = 10.0  # of the distance of attention maps to the teacher's
    pool_size: int = 0  # earlier outputs that the discriminator may see instead of new ones
    learning_rate: float = 0.0002
    beta_1: float = 0.5
    beta_2: float = 0.999
    constant_kimg: float = 5000.0  # 100 epochs of 50,000 pairs at the full learning rate …
    decay_kimg: float = 5000.0  # … and 100 in which it falls to 0
    ema_kimg: float = 0.0  # half-life of an averaged generator, thousand images; 0 for none
    micro_batch: int | None = None  # samples of a replica computed at once
    augmentation: AugmentationConfig = AugmentationConfig()  # ADA (arXiv 2006.06676), off
    # {"vgg19": file of torchvision}; else it is looked for where metrics look, and done without
    weights: dict[str, str] = dataclasses.field(default_factory=dict)

    method = "pix2pixhd"
    frozen_roles = {"teacher": "generator", "global": "generator"}

    def tiny(self):
        """The same settings with networks of a few channels, and without VGG19."""
        return dataclasses.replace(
            self,
            width=4,
            num_downsamplings=2,
            num_blocks=1,
            num_local_blocks=1,
            d_width=4,
            perceptual_weight=0.0,
            pool_size=min(self.pool_size, 8),
            micro_batch=None,
        )

    def untrained(self, role, resolution):
        """A random network for a frozen role."""
        if role == "teacher":
            return Pix2PixHDGenerator(width=4, num_downsamplings=2, num_blocks=1)
        return Pix2PixHDGenerator(
            width=self.width * 2**self.num_enhancers,
            num_downsamplings=self.num_downsamplings,
            num_blocks=self.num_blocks,
            **self._style(),
        )

    def build(
        self,
        *,
        resolution,
        planes=("photo",) * 3,
        num_labels=0,
        img_channels=3,
        precision="float32",
        jit_compile=False,
        half_activations=True,
        seed=0,
        frozen=None,
    ):
        """Returns a `Pix2PixHDTrainer` with new networks.

        Args:
            resolution: int or (height, width) of the pairs, multiples of 2 to the power of all
                halvings.
            planes: meaning of each channel of a source, as of `data.pairs`.
            num_labels: number of labels of a plane of labels.
            img_channels: colours of the targets.
            precision: float32, mixed_bfloat16 or mixed_float16.
            jit_compile: whether XLA compiles the gradients.
            half_activations: keep activations in half precision too, faster on GPUs.
            seed: of the initial weights and of all draws in training.
            frozen: {"teacher": network, "global": `Pix2PixHDGenerator`}, both optional.

        Raises:
            UserError: settings, pairs and frozen networks do not fit each other.
        """
        keras.utils.set_random_seed(seed)
        sides = (resolution, resolution) if isinstance(resolution, int) else tuple(resolution)
        halvings = self.num_downsamplings + (self.num_enhancers if self.generator == "local" else 0)
        if any(side % 2**halvings or side // 2**halvings < 2 for side in sides):
            raise UserError(
                f"pairs of {'x'.join(map(str, sides))} pixels cannot be halved {halvings} times: "
                "set trainer.num_downsamplings"
            )
        in_channels = sum(num_labels if plane == "labels" else 1 for plane in planes)
        if self.residual and tuple(planes) != ("photo",) * img_channels:
            raise UserError(
                f"trainer.residual draws what changes in a photo of {img_channels} colours, the "
                f"sources are {', '.join(planes)}: set it to false"
            )
        shared = {"half_activations": half_activations, "dtype": precision}
        generator = self._generator(in_channels, img_channels, shared)
        frozen = frozen or {}
        if "global" in frozen:
            if self.generator != "local":
                raise UserError(
                    f"frozen.global starts a local enhancer, trainer.generator is "
                    f"{self.generator!r}: use init_from, or set it to local"
                )
            generator.load_global(frozen["global"])
        if not self.train_global:
            generator.train_only_finest()
        teacher = frozen.get("teacher")
        if teacher is not None and (
            not isinstance(teacher, Translator)
            or (teacher.in_channels, teacher.out_channels) != (in_channels, img_channels)
        ):
            raise UserError(
                f"frozen.teacher must be a translator of {in_channels} channels into "
                f"{img_channels}: give a run or preset of pix2pixhd on pairs like these"
            )
        discriminator = Pix2PixHDDiscriminator(
            in_channels + img_channels,
            width=self.d_width,
            num_layers=self.d_layers,
            num_scales=self.num_scales,
            norm=self.d_norm,
            name="discriminator",
            **shared,
        )
        vgg19, source = _load_vgg19(self.weights) if self.perceptual_weight else (None, None)
        return Pix2PixHDTrainer(
            generator,
            discriminator,
            self,
            resolution=sides,
            planes=planes,
            num_labels=num_labels,
            vgg19=vgg19,
            vgg19_source=source,
            teacher=teacher,
            jit_compile=jit_compile,
            loss_scaling=precision == "mixed_float16",
            seed=seed,
        )

    def _style(self):
        return {
            "norm": self.norm,
            "padding": self.padding,
            "upsampling": self.upsampling,
            "residual": self.residual,
        }

    def _generator(self, in_channels, img_channels, shared):
        size = SIZES.get(self.generator, {"width": 64, "num_blocks": 9})
        arguments = {
            "in_channels": in_channels,
            "out_channels": img_channels,
            "width": self.width or size["width"],
            "num_downsamplings": self.num_downsamplings,
            "num_blocks": size["num_blocks"] if self.num_blocks is None else self.num_blocks,
            "name": "generator",
            **shared,
        }
        if self.generator in SIZES:
            return MobilePix2PixHDGenerator(
                norm=self.norm, residual=self.residual, **arguments
            )
        if self.generator == "global":
            return Pix2PixHDGenerator(**arguments, **self._style())
        return Pix2PixHDLocalEnhancer(
            num_enhancers=self.num_enhancers,
            num_local_blocks=self.num_local_blocks,
            **(arguments | {"width": self.width or 32}),
            **self._style(),
        )

    def check(self, *, batch_size, num_replicas):
        """Raises UserError where settings contradict each other."""
        choices = {
            "generator": ("global", "local", *SIZES),
            "norm": ("instance", "demodulated"),
            "d_norm": ("instance", "demodulated"),
            "adversarial_loss": tuple(LOSSES),
        }
        for name, allowed in choices.items():
            if getattr(self, name) not in allowed:
                raise UserError(
                    f"trainer.{name} must be {', '.join(allowed)}; got {getattr(self, name)!r}"
                )
        if not self.train_global and self.generator != "local":
            raise UserError(
                f"trainer.train_global=false is for trainer.generator=local, not {self.generator}"
            )
        if self.decay_kimg <= 0 or self.constant_kimg < 0:
            raise UserError(
                "trainer.decay_kimg must be positive and trainer.constant_kimg not negative, got "
                f"{self.decay_kimg} and {self.constant_kimg}"
            )
        self.augmentation.check()
        check_micro_batch(self, batch_size=batch_size, num_replicas=num_replicas)
        if self.pool_size and (num_replicas > 1 or self.micro_batch or batch_size > self.pool_size):
            raise UserError(
                f"trainer.pool_size {self.pool_size} needs one replica, no trainer.micro_batch "
                f"and a batch_size (here {batch_size}) of at most that: set it to 0"
            )


class Pix2PixHDTrainer(GANTrainer):
    """Translator, multi-scale discriminator, and one step of training.

    `batch` is {"sources": uint8 [n, H, W, planes], "targets": uint8 [n, H, W, C]}.

    As in the published code, the losses of both networks are of the weights before the step: the
    fakes that the discriminator judges are made before the generator learns. It differs in that
    the learning rate falls with every step and not once an epoch, and that resuming restores
    it, the moments and the pool.

    Args:
        generator, discriminator: the networks.
        config: `Pix2PixHDConfig`.
        resolution: (height, width).
        planes, num_labels: as of `Pix2PixHDConfig.build`.
        vgg19: `VGG` with trained weights, or None for no perceptual loss.
        vgg19_source: what is known of its file.
        teacher: frozen translator, or None.
        others: as in `GANTrainer`.
    """

    pictures_per_sample = 3

    def __init__(
        self,
        generator,
        discriminator,
        config,
        *,
        resolution,
        planes,
        num_labels,
        vgg19=None,
        vgg19_source=None,
        teacher=None,
        **kwargs,
    ):
        super().__init__(
            {"generator": generator, "discriminator": discriminator},
            averaged=["generator"] if config.ema_kimg else [],
            phases=[Phase("Gmain", "generator"), Phase("Dmain", "discriminator")],
            optimizers={
                name: FusedAdam(
                    # Of a variable that the state holds, so that a resumed run goes on with it.
                    lambda: self.learning_rate(self.images_seen.value),
                    beta_1=config.beta_1,
                    beta_2=config.beta_2,
                    epsilon=1e-8,
                )
                for name in ("generator", "discriminator")
            },
            micro_batch=config.micro_batch,
            **kwargs,
        )
        self.config = config
        self.planes = tuple(planes)
        self.num_labels = num_labels
        self.vgg19_source = vgg19_source
        self.augmentation = AdaptiveAugmentation(config.augmentation, generator.out_channels)
        # In a namespace, which Keras does not track: frozen weights are no part of a state.
        self.frozen = types.SimpleNamespace(vgg19=vgg19, teacher=teacher)
        if config.pool_size:
            channels = generator.in_channels + generator.out_channels
            self.pool = self.add_weight(
                name="pool",
                shape=(config.pool_size, *resolution, channels),
                initializer="zeros",
                trainable=False,
            )

    def learning_rate(self, images_seen):
        """Constant, then linear down to 0 (section 4 and the published schedule)."""
        config = self.config
        left = config.constant_kimg + config.decay_kimg - tf.cast(images_seen, tf.float32) / 1000
        return config.learning_rate * tf.clip_by_value(left / config.decay_kimg, 0.0, 1.0)

    def train_step(self, batch):
        """One step of one replica, as `GANTrainer.train_step`, of {"sources", "targets"}."""
        fakes = self.generator(self._conditions(batch["sources"]))
        return super().train_step({**batch, "fakes": fakes})

    def phase_loss(self, phase, batch, random):
        conditions = self._conditions(batch["sources"])
        reals = photo_to_image(batch["targets"])
        if phase == "Gmain":
            return self._generator_loss(conditions, reals, random)
        return self._discriminator_loss(conditions, reals, batch["fakes"], random)

    def _generator_loss(self, conditions, reals, random):
        """Equation 8 of the paper, with the perceptual loss of section 4, and further terms.

        Of the terms, those of the discriminator see pictures augmented, real and made alike.
        """
        config, frozen = self.config, self.frozen
        loss, _ = LOSSES[config.adversarial_loss]
        maps = self.generator.features(conditions)
        fakes = self.generator.paint(maps, conditions)
        # The same draws, so that features of the same place are compared.
        fake_maps, real_maps = (
            self.discriminator(*self.augmentation.augment(x, random.within("augment"), conditions))
            for x in (fakes, reals)
        )
        terms = [("adversarial", 1.0, adversarial.sum_over_scales(loss, _logits(fake_maps)))]
        if config.feature_weight:
            distance = feature_matching_loss(fake_maps, real_maps)
            terms.append(("features", config.feature_weight, distance))
        if frozen.vgg19 is not None:
            distance = perceptual_loss(*(frozen.vgg19(_rgb(x)) for x in (fakes, reals)))
            terms.append(("perceptual", config.perceptual_weight, distance))
        if config.pixel_weight:
            terms.append(("pixels", config.pixel_weight, l1_loss(fakes, reals)))
        if frozen.teacher is not None:
            taught = frozen.teacher.features(conditions)
            painted = tf.stop_gradient(frozen.teacher.paint(taught, conditions))
            terms.append(("teacher", config.teacher_weight, l1_loss(fakes, painted)))
            terms.append(("attention", config.attention_weight, attention_loss(maps, taught)))
        logs = {f"Loss/G/{name}": distance for name, _, distance in terms}
        total = tf.add_n([weight * distance for _, weight, distance in terms])
        rate = self.learning_rate(self.images_seen.value)
        return total, {"Loss/G/loss": total, **logs, "Progress/learning_rate": rate}, []

    def _discriminator_loss(self, conditions, reals, fakes, random):
        _, loss = LOSSES[self.config.adversarial_loss]
        earlier, updates = conditions, []
        if self.config.pool_size:
            seen, updates = self._exchange(tf.concat([conditions, fakes], axis=-1), random)
            earlier, fakes = tf.split(seen, [conditions.shape[-1], fakes.shape[-1]], axis=-1)
        augment = self.augmentation.augment
        pairs = [
            augment(reals, random.within("augment_reals"), conditions),
            augment(fakes, random.within("augment_fakes"), earlier),
        ]
        # One pass over both: nothing in the network mixes samples.
        pictures, given = (tf.concat(parts, axis=0) for parts in zip(*pairs, strict=True))
        logits = _logits(self.discriminator(pictures, given))
        real_logits, fake_logits = zip(*(tf.split(x, 2) for x in logits), strict=True)
        total = adversarial.sum_over_scales(loss, real_logits, fake_logits)
        more_logs, more_updates = self.augmentation.observe(real_logits[0], random)
        logs = {
            "Loss/D/loss": total,
            "Loss/scores/real": real_logits[0],
            "Loss/scores/fake": fake_logits[0],
            **more_logs,
        }
        return total, logs, updates + more_updates

    def _exchange(self, fakes, random):
        """(what is seen instead of new fakes, update of the pool) (arXiv 1612.07828, section 2.3).

        Each fake is seen itself, or with probability 1/2 takes the place of an earlier one, which
        is seen instead. Until the pool is full, all are seen and stored.
        """
        count, size = fakes.shape[0], self.config.pool_size
        images_seen = tf.cast(self.images_seen.value, tf.int32)
        filling = images_seen < size
        start = tf.where(filling, images_seen, random.integers("place", 1, size)[0])
        places = (start + tf.range(count)) % size  # one after the other: none twice
        earlier = tf.gather(self.pool.value, places)
        swapped = tf.reshape(random.integers("swap", count, 2) == 1, [-1, 1, 1, 1])
        seen = tf.where(~filling & swapped, earlier, fakes)
        stored = tf.where(filling | swapped, fakes, earlier)
        pool = tf.tensor_scatter_nd_update(self.pool.value, places[:, tf.newaxis], stored)
        return seen, [(self.pool, pool)]

    def _conditions(self, sources):
        return source_images(sources, self.planes, self.num_labels)

    def average_decay(self, images_seen, batch_size):
        """0.5^(batch / half-life)."""
        return tf.constant(0.5 ** (batch_size / (self.config.ema_kimg * 1000)))

    def metadata(self):
        return {
            "inputs": {"planes": list(self.planes), "num_labels": self.num_labels},
            "perceptual_loss": self.vgg19_source,
        }

    def sampler(self, examples, seed):
        """Targets, and a function that draws source, output and target side by side."""
        generator = self.averages.get("generator", self.generator)
        sources, targets = examples["sources"], examples["targets"]
        shown = _visible(sources, self.planes, self.num_labels, targets.shape[-1])

        @tf.function(autograph=False)
        def translate(sources):
            return generator(self._conditions(sources))

        def draw():
            parts = [
                translate(tf.constant(sources[i : i + SAMPLE_BATCH])).numpy()
                for i in range(0, len(sources), SAMPLE_BATCH)
            ]
            pictures = [shown / 127.5 - 1, np.concatenate(parts), targets / 127.5 - 1]
            return np.concatenate(pictures, axis=2)

        return targets, draw


def source_images(sources, planes, num_labels):
    """What the networks read: uint8 [N, H, W, planes] -> float32 [N, H, W, channels].

    Photos are in [-1, 1]; labels become `num_labels` channels of 0 and 1, edges one.
    """
    channels = []
    for i, plane in enumerate(planes):
        values = sources[..., i : i + 1]
        if plane == "labels":
            channels.append(label_planes(tf.cast(values[..., 0], tf.int32), num_labels))
        elif plane == "edges":
            channels.append(tf.cast(values > 0, tf.float32))
        else:
            channels.append(photo_to_image(values))
    return tf.concat(channels, axis=-1)


def _visible(sources, planes, num_labels, channels):
    """Sources as photos uint8 [N, H, W, channels]: the first photo, or the labels as greys."""
    if planes[0] == "photo" and planes[:channels] == ("photo",) * channels:
        return sources[..., :channels]
    first = sources[..., :1]
    if planes[0] == "labels":
        first = (first.astype(int) * 255 // max(num_labels - 1, 1)).astype(np.uint8)
    return np.repeat(first, channels, axis=-1)


def _logits(maps):
    """The last outputs of all scales."""
    return [scale[-1] for scale in maps]


def _rgb(images):
    return tf.repeat(images, 3, axis=-1) if images.shape[-1] == 1 else images


def _load_vgg19(given):
    """(VGG19 for images in [-1, 1] as they are, where its weights come from), or (None, None).

    Args:
        given: {"vgg19": path}, or {}.

    Raises:
        UserError: a file that is given is missing, damaged or another network's.
    """
    path = given.get("vgg19")
    if path and not Path(path).exists():
        raise UserError(f"trainer.weights: there is no vgg19 at {path!r}")
    try:
        path = find_file("vgg19", given)
    except UserError:
        tqdm.write(
            "the perceptual loss is left out, and the discriminator's features serve alone: give "
            f"torchvision's {FILES['vgg19'].file} as trainer.weights={{'vgg19': FILE}}, or put it "
            f"into the folder that the environment variable {VARIABLE} names"
        )
        return None, None
    arrays, source = read_file("vgg19", given)
    network = VGG(VGG19, mean=(0.5,) * 3, std=(0.5,) * 3)
    try:
        fill(network, arrays, layer_names.vgg(VGG19))
    except UserError as error:
        raise UserError(f"{path}: {error}") from error
    network.trainable = False
    return network, source
