"""Training a reduced MobileStyleGAN on the pictures of the whole one.

What `networks.mobilestylegan.reduced` makes draws nearly the right pictures; here its last levels
learn what they lack (losses of arXiv 2104.04767, section 3.5, without its perceptual and
adversarial part).
"""

import dataclasses
import types

import keras
import numpy as np
import tensorflow as tf

from tfgan_edit.config import UserError
from tfgan_edit.networks.mobilestylegan import MobileStyleGAN, reduced
from tfgan_edit.trainers.gan import GANTrainer, Phase, check_micro_batch
from tfgan_edit.trainers.optimizers import FusedAdam
from tfgan_edit.trainers.samples import latent_grid


@dataclasses.dataclass(frozen=True)
class MobileReductionConfig:
    """Settings of a reduced MobileStyleGAN.

    Attributes:
        truncation: the lowest factor on w - w_avg of the pictures that it learns from; factors
            are uniform from it to 1.
        absolute_weight, squared_weight: of the mean absolute and squared difference.
        learning_rate, beta_1, beta_2: of Adam; the weights are nearly right from the start.
        ema_kimg: half-life of the average of the weights, thousand images.
    """

    truncation: float = 0.5
    absolute_weight: float = 1.0
    squared_weight: float = 1.0
    learning_rate: float = 2e-4
    beta_1: float = 0.9
    beta_2: float = 0.99
    ema_kimg: float = 0.1
    micro_batch: int | None = None  # images of one replica that are computed at once

    method = "mobilestylegan"
    frozen_roles = {"teacher": "generator"}

    def tiny(self):
        """The same settings: sizes are the teacher's."""
        return self

    def untrained(self, role, resolution):
        """A small random network of four times the size."""
        return MobileStyleGAN(
            4 * resolution, z_dim=8, w_dim=8, mapping_layers=1, channel_max=8, name=role
        )

    def check(self, *, batch_size, num_replicas):
        """Raises UserError where settings contradict each other."""
        if not 0 <= self.truncation <= 1:
            raise UserError(f"trainer.truncation must be in 0…1, got {self.truncation}")
        if self.absolute_weight < 0 or self.squared_weight < 0:
            raise UserError("trainer.absolute_weight and squared_weight must not be negative")
        check_micro_batch(self, batch_size=batch_size, num_replicas=num_replicas)

    def build(
        self,
        *,
        resolution,
        frozen,
        img_channels=3,
        precision="float32",
        jit_compile=False,
        half_activations=True,
        seed=0,
    ):
        """Returns a `MobileReductionTrainer` with a new network that begins as `reduced`.

        Args:
            resolution: int, a quarter of the teacher's or less.
            frozen: {"teacher": `MobileStyleGAN`}.
            img_channels, precision, jit_compile, half_activations, seed: as of `EncoderConfig`.

        Raises:
            ValueError: no teacher, another kind of network, or a resolution that it cannot have.
        """
        teacher = frozen.get("teacher")
        if not isinstance(teacher, MobileStyleGAN) or teacher.synthesis.reduction != 1:
            raise ValueError(
                "frozen.teacher must be a preset of a MobileStyleGAN that is not reduced: convert "
                "one, as by --source random-face"
            )
        sides = [2**i for i in range(3, 16) if 4 * 2**i <= teacher.resolution[0]]
        if resolution not in sides:
            raise ValueError(
                f"data.resolution must be one of {', '.join(map(str, sides))}, as the teacher "
                f"draws {teacher.resolution[0]} px, got {resolution}"
            )
        keras.utils.set_random_seed(seed)
        # Built again for its precision, with weights that are nearly right.
        beginning = reduced(teacher, teacher.resolution[0] // resolution)
        settings = {"half_activations": half_activations, "dtype": precision, "name": "generator"}
        generator = MobileStyleGAN(**{**beginning.get_config(), **settings})
        generator.set_weights(beginning.get_weights())
        freeze_shared(generator)
        return MobileReductionTrainer(
            generator,
            teacher,
            self,
            jit_compile=jit_compile,
            loss_scaling=precision == "mixed_float16",
            seed=seed,
        )


def freeze_shared(generator):
    """What the teacher computes alike does not learn."""
    synthesis = generator.synthesis
    for layer in [generator.mapping, *synthesis.blocks[: synthesis.num_shared]]:
        layer.trainable = False


class MobileReductionTrainer(GANTrainer):
    """The reduced network, its average, and one step of training; the teacher stays as it is.

    `batch` is {"positions": int64 [n]}, of which only the number counts.

    Args:
        generator: reduced `MobileStyleGAN`.
        teacher: frozen `MobileStyleGAN`.
        config: `MobileReductionConfig`.
        others: as in `GANTrainer`.
    """

    def __init__(self, generator, teacher, config, **kwargs):
        super().__init__(
            {"generator": generator},
            averaged=["generator"],
            phases=[Phase("Gmain", "generator")],
            optimizers={
                "generator": FusedAdam(config.learning_rate, config.beta_1, config.beta_2)
            },
            micro_batch=config.micro_batch,
            **kwargs,
        )
        self.config = config
        # Hidden from Keras' tracking: what is frozen is no part of the state of a run.
        self.frozen = types.SimpleNamespace(teacher=teacher)

    def phase_loss(self, phase, batch, random):
        config, teacher = self.config, self.frozen.teacher.synthesis
        student = self.generator.synthesis
        w_plus = self._latents(batch["positions"].shape[0], random)
        maps, own = (s.noise_maps("constant", None) for s in (teacher, student))
        shared, end = student.num_shared, len(student.blocks)
        x = teacher.features(w_plus, maps, 0, shared)
        target = teacher.image(teacher.features(w_plus, maps, shared, end, x), w_plus)
        target = made_small(target, student.resolution[0])
        x = student.features(w_plus, own, shared, end, tf.stop_gradient(x))
        difference = student.image(x, w_plus) - tf.stop_gradient(target)
        absolute = tf.reduce_mean(tf.abs(difference), axis=(1, 2, 3))
        squared = tf.reduce_mean(tf.square(difference), axis=(1, 2, 3))
        # Of the range [-1, 1]; of pictures that no step has learnt from, as each is drawn once.
        decibel = 10 * tf.math.log(4 / squared) / tf.math.log(10.0)
        logs = {"Loss/absolute": absolute, "Loss/squared": squared, "PSNR": decibel}
        return config.absolute_weight * absolute + config.squared_weight * squared, logs, []

    def _latents(self, size, random):
        """w_plus [size, num_ws, w_dim]."""
        mapping = self.frozen.teacher.mapping
        w_plus = mapping(random.normal("z", size, [mapping.z_dim]))
        lowest = self.config.truncation
        factors = lowest + (1 - lowest) * random.uniform("truncation", size, [1, 1])
        return mapping.truncate(w_plus, factors)

    def sampler(self, examples, seed):
        """Pictures of the teacher, made small, and of the average for the same latents."""
        count, size = len(examples["positions"]), self.generator.resolution[0]
        settings = {"count": count, "seed": seed, "batch_size": 4}
        reference = latent_grid(self.frozen.teacher, **settings)()
        small = [made_small(images, size).numpy() for images in np.array_split(reference, count)]
        return np.concatenate(small), latent_grid(self.averages["generator"], **settings)

    def average_decay(self, images_seen, batch_size):
        return self.half_life_decay(self.config.ema_kimg, images_seen, batch_size)


def made_small(images, size):
    """Means over squares: [N, H, W, C] -> [N, size, size, C]."""
    factor = images.shape[1] // size
    return tf.nn.avg_pool2d(images, factor, factor, "VALID")
