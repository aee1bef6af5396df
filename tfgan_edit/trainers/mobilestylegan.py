"""Training the end of a MobileStyleGAN of lower resolution on the network's own pictures.

The published network has no colours before 1024 px. What is cut behind an earlier level gets a
last layer of few channels and colours instead, which learn to draw the full picture made small
(losses of arXiv 2104.04767, section 3.5, without its perceptual and adversarial part).
"""

import dataclasses
import types

import keras
import numpy as np
import tensorflow as tf

from tfgan_edit.config import UserError
from tfgan_edit.networks.mobilestylegan import MobileStyleGAN
from tfgan_edit.trainers.gan import GANTrainer, Phase, check_micro_batch
from tfgan_edit.trainers.optimizers import FusedAdam
from tfgan_edit.trainers.samples import latent_grid


@dataclasses.dataclass(frozen=True)
class MobileEndConfig:
    """Settings of the end of a smaller MobileStyleGAN.

    Attributes:
        colour_width: channels before the colours. A quarter of the level's width begins as the
            teacher's low-pass band, of which its next level makes the picture at this size.
        train_level: the other layers of the last level learn too; else only the new ones do.
        truncation: the lowest factor on w - w_avg of the pictures that it learns from; factors
            are uniform from it to 1.
        absolute_weight, squared_weight: of the mean absolute and squared difference.
        learning_rate, beta_1, beta_2: of Adam.
        ema_kimg: half-life of the average of the weights, thousand images.
    """

    colour_width: int = 32
    train_level: bool = True
    truncation: float = 0.5
    absolute_weight: float = 1.0
    squared_weight: float = 1.0
    learning_rate: float = 0.002
    beta_1: float = 0.9
    beta_2: float = 0.99
    ema_kimg: float = 0.1
    micro_batch: int | None = None  # images of one replica that are computed at once

    method = "mobilestylegan_end"
    frozen_roles = {"teacher": "generator"}

    def tiny(self):
        return dataclasses.replace(self, colour_width=4)

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
        """Returns a `MobileEndTrainer` with a new network that begins as the teacher does.

        Args:
            resolution: int, at most half of the teacher's.
            frozen: {"teacher": `MobileStyleGAN`}.
            img_channels, precision, jit_compile, half_activations, seed: as of `EncoderConfig`.

        Raises:
            ValueError: no teacher, another kind of network, or one that is too small.
        """
        teacher = frozen.get("teacher")
        if not isinstance(teacher, MobileStyleGAN) or teacher.synthesis.colour_width:
            raise ValueError(
                "frozen.teacher must be a preset of MobileStyleGAN as it was published: convert "
                "one, as by --source random-face"
            )
        if resolution not in teacher.synthesis.levels[2:]:
            levels = ", ".join(map(str, teacher.synthesis.levels[2:]))
            raise ValueError(
                f"data.resolution {resolution} is none of the teacher's levels {levels}"
            )
        keras.utils.set_random_seed(seed)
        generator = shortened(
            teacher,
            resolution,
            self.colour_width,
            half_activations=half_activations,
            dtype=precision,
        )
        freeze_beginning(generator, self.train_level)
        return MobileEndTrainer(
            generator,
            teacher,
            self,
            jit_compile=jit_compile,
            loss_scaling=precision == "mixed_float16",
            seed=seed,
        )


def shortened(teacher, resolution, colour_width, **settings):
    """A `MobileStyleGAN` with the teacher's weights, but for its colours.

    Its last convolution has the first `colour_width` channels of the teacher's.
    """
    levels = [level for level in teacher.synthesis.levels if level <= resolution]
    generator = MobileStyleGAN(
        **{
            **teacher.get_config(),
            "resolution": resolution,
            "channels": {level: teacher.synthesis.channels[level] for level in levels},
            "colour_width": colour_width,
            "name": "generator",
            **settings,
        }
    )
    generator.mapping.set_weights(teacher.mapping.get_weights())
    *pairs, (last, full) = zip(
        generator.synthesis.blocks, teacher.synthesis.blocks[: len(levels)], strict=True
    )
    pairs += [(last.up, full.up), (last.conv1, full.conv1)]
    for layer, source in pairs:
        layer.set_weights(source.get_weights())
    width = min(colour_width, full.channels)
    for own, value in zip(last.conv2.weights, full.conv2.get_weights(), strict=True):
        if own.shape == value.shape:
            own.assign(value)
        else:  # kernel and bias, of which output channels are the last axis
            own.assign(np.concatenate([value[..., :width], own.numpy()[..., width:]], axis=-1))
    return generator


def freeze_beginning(generator, train_level):
    """What the teacher drew alike does not learn."""
    generator.mapping.trainable = False
    *blocks, last = generator.synthesis.blocks
    for layer in [*blocks, *([] if train_level else [last.up, last.conv1])]:
        layer.trainable = False


class MobileEndTrainer(GANTrainer):
    """The smaller network, its average, and one step of training; the teacher stays as it is.

    `batch` is {"positions": int64 [n]}, of which only the number counts.

    Args:
        generator: of `shortened`.
        teacher: frozen `MobileStyleGAN`.
        config: `MobileEndConfig`.
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
        maps = teacher.noise_maps("constant", None)
        shared = len(student.blocks) - 1
        x = teacher.features(w_plus, maps, 0, shared)
        full = teacher.features(w_plus, maps, shared, len(teacher.blocks), x)
        target = made_small(teacher.image(full, w_plus), student.resolution[0])
        x = student.features(w_plus, maps, shared, shared + 1, tf.stop_gradient(x))
        difference = student.image(x, w_plus) - tf.stop_gradient(target)
        absolute = tf.reduce_mean(tf.abs(difference), axis=(1, 2, 3))
        squared = tf.reduce_mean(tf.square(difference), axis=(1, 2, 3))
        # Of the range [-1, 1]; of pictures that no step has learnt from, as each is drawn once.
        decibel = 10 * tf.math.log(4 / squared) / tf.math.log(10.0)
        logs = {"Loss/absolute": absolute, "Loss/squared": squared, "PSNR": decibel}
        return config.absolute_weight * absolute + config.squared_weight * squared, logs, []

    def _latents(self, size, random):
        """w_plus [size, num_ws of the teacher, w_dim]."""
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
