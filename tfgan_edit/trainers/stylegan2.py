"""Training StyleGAN2 (arXiv 1912.04958; 2006.06676 for the small-data settings)."""

import dataclasses

import keras
import tensorflow as tf

from tfgan_edit.config import UserError
from tfgan_edit.losses.adversarial import logistic_discriminator_loss, logistic_generator_loss
from tfgan_edit.losses.penalties import path_length_penalty, path_lengths, r1_penalty
from tfgan_edit.networks.stylegan2 import StyleGAN2Discriminator, StyleGAN2Generator
from tfgan_edit.ops.images import photo_to_image
from tfgan_edit.trainers.adaptive_augmentation import AugmentationConfig
from tfgan_edit.trainers.gan import Phase
from tfgan_edit.trainers.optimizers import FusedAdam
from tfgan_edit.trainers.style_based import (
    StyleBasedTrainer,
    check_batch,
    discriminate_sets,
)


@dataclasses.dataclass(frozen=True)
class StyleGAN2Config:
    """Settings of StyleGAN2; the defaults are configuration F of the paper."""

    z_dim: int = 512
    w_dim: int = 512
    mapping_layers: int = 8
    mapping_dim: int | None = None  # width of the mapping's hidden layers; default w_dim
    channel_base: int = 32768  # width of level r: min(channel_base // r, channel_max)
    channel_max: int = 512
    channels: dict[str, int] | None = None  # {level: width} instead
    g_architecture: str = "skip"
    d_architecture: str = "resnet"
    group_size: int | None = 4  # of the minibatch statistic; None for the whole batch
    num_stddev_channels: int = 1
    freeze_layers: int = 0  # Freeze-D: the first n layers of the discriminator do not learn
    num_half_res: int = 4  # finest levels in half precision, with a mixed precision
    clamp: float | None = 256.0  # bound on activations in float16, which ends at 65,504
    learning_rate: float = 0.002
    d_learning_rate: float | None = None  # default: the same
    beta_1: float = 0.0
    beta_2: float = 0.99
    epsilon: float = 1e-8
    r1_gamma: float = 10.0
    r1_interval: int = 16
    path_length_weight: float = 2.0  # 0 for none
    path_length_interval: int = 4
    path_length_decay: float = 0.01
    path_length_batch_shrink: int = 2
    style_mixing: float = 0.9  # probability of two latents a picture
    w_avg_decay: float = 0.995
    ema_kimg: float = 10.0  # half-life of the averaged generator, thousand images
    ema_rampup: float | None = None  # half-life at most this fraction of the images seen
    micro_batch: int | None = None  # samples of a replica computed at once
    augmentation: AugmentationConfig = AugmentationConfig()  # ADA (arXiv 2006.06676), off

    method = "stylegan2"

    def tiny(self):
        """The same settings with networks of a few channels."""
        return dataclasses.replace(
            self,
            z_dim=16,
            w_dim=16,
            mapping_dim=None,
            mapping_layers=min(self.mapping_layers, 2),
            channel_max=8,
            channels=None,
            group_size=None if self.group_size is None else min(self.group_size, 4),
            micro_batch=None,
        )

    def build(
        self,
        *,
        resolution,
        img_channels=3,
        label_dim=0,
        labels=None,
        label_names=None,
        precision="float32",
        jit_compile=False,
        half_activations=True,
        seed=0,
    ):
        """Returns a `StyleGAN2Trainer` with new networks.

        Args:
            resolution: int or (height, width) of the training images.
            img_channels: number of colours.
            label_dim: size of a label vector, 0 for none.
            labels: [M, label_dim] labels of the data, from which fakes draw theirs.
            label_names: names of their columns; to a GAN, classes are numbers.
            precision: float32, mixed_bfloat16 or mixed_float16.
            jit_compile: whether XLA compiles the gradients.
            half_activations: keep activations in half precision too, faster on GPUs.
            seed: of the initial weights and of all draws in training.
        """
        keras.utils.set_random_seed(seed)
        shared = {
            "resolution": resolution,
            "img_channels": img_channels,
            "channel_base": self.channel_base,
            "channel_max": self.channel_max,
            "channels": self.channels,
            "label_dim": label_dim,
            "clamp": self.clamp if precision == "mixed_float16" else None,
            "num_half_res": self.num_half_res,
            "half_activations": half_activations,
            "dtype": precision,
        }
        generator = StyleGAN2Generator(
            z_dim=self.z_dim,
            w_dim=self.w_dim,
            mapping_layers=self.mapping_layers,
            mapping_dim=self.mapping_dim,
            architecture=self.g_architecture,
            name="generator",
            **shared,
        )
        discriminator = StyleGAN2Discriminator(
            architecture=self.d_architecture,
            group_size=self.group_size,
            num_stddev_channels=self.num_stddev_channels,
            freeze_layers=self.freeze_layers,
            name="discriminator",
            **shared,
        )
        return StyleGAN2Trainer(
            generator,
            discriminator,
            self,
            labels=labels,
            jit_compile=jit_compile,
            loss_scaling=precision == "mixed_float16",
            seed=seed,
        )

    def check(self, *, batch_size, num_replicas):
        """Raises UserError where settings contradict each other."""
        micro = check_batch(self, batch_size=batch_size, num_replicas=num_replicas)
        if self.path_length_weight and micro % self.path_length_batch_shrink:
            raise UserError(
                f"trainer.path_length_batch_shrink {self.path_length_batch_shrink} does not "
                f"divide the {micro} images that are computed together: set it to 1"
            )
        for name in ("r1_interval", "path_length_interval", "path_length_batch_shrink"):
            if getattr(self, name) < 1:
                raise UserError(f"trainer.{name} must be at least 1, got {getattr(self, name)}")
        self.augmentation.check()


def lazy_adam(config, learning_rate, interval):
    """Adam for a network with a penalty at every `interval`-th step (0: no penalty).

    The penalty's steps are extra, so rate and decays are corrected by c = k / (k + 1)
    (arXiv 1912.04958, appendix B, "lazy regularization").
    """
    c = interval / (interval + 1) if interval else 1.0
    return FusedAdam(
        learning_rate * c,
        beta_1=config.beta_1**c,
        beta_2=config.beta_2**c,
        epsilon=config.epsilon,
    )


class StyleGAN2Trainer(StyleBasedTrainer):
    """Generator, discriminator, averaged generator, and one step of training.

    `batch` is {"photos": uint8 or "images": float in [-1, 1], [n, H, W, C]; "labels": [n, L]}.

    Args:
        generator, discriminator: the networks.
        config: `StyleGAN2Config`.
        others: as in `StyleBasedTrainer`.
    """

    collective_phases = ("Greg",)

    def __init__(self, generator, discriminator, config, **kwargs):
        phases = [Phase("Gmain", "generator")]
        if config.path_length_weight:
            phases.append(Phase("Greg", "generator", config.path_length_interval))
        phases.append(Phase("Dmain", "discriminator"))
        if config.r1_gamma:
            phases.append(Phase("Dreg", "discriminator", config.r1_interval))
        g_interval = config.path_length_interval if config.path_length_weight else 0
        d_interval = config.r1_interval if config.r1_gamma else 0
        d_rate = config.d_learning_rate or config.learning_rate
        super().__init__(
            generator,
            discriminator,
            config,
            phases=phases,
            optimizers={
                "generator": lazy_adam(config, config.learning_rate, g_interval),
                "discriminator": lazy_adam(config, d_rate, d_interval),
            },
            **kwargs,
        )
        self.mean_path_length = self.add_weight(
            name="mean_path_length", shape=(), initializer="zeros", trainable=False
        )

    def phase_loss(self, phase, batch, random):
        """Every picture is augmented before the discriminator sees it, with its own draws."""
        augment = self.augmentation.augment
        images = batch["images"] if "images" in batch else photo_to_image(batch["photos"])
        labels = batch.get("labels") if self.generator.label_dim else None
        size = images.shape[0]
        if phase == "Gmain":
            fakes, fake_labels, updates = self._generate(size, random)
            fakes = augment(fakes, random.within("augment_fakes"))
            logits = self.discriminator(fakes, labels=fake_labels)
            loss = logistic_generator_loss(logits)
            logs = {"Loss/G/loss": loss, "Loss/scores/fake": logits}
            return loss, logs, updates
        if phase == "Dmain":
            fakes, fake_labels, updates = self._generate(size, random)
            images = augment(images, random.within("augment_reals"))
            fakes = augment(tf.stop_gradient(fakes), random.within("augment_fakes"))
            real_logits, fake_logits = discriminate_sets(
                self.discriminator,
                [images, fakes],
                [labels, fake_labels],
                self.config.group_size,
            )
            loss = logistic_discriminator_loss(real_logits, fake_logits)
            logs = {
                "Loss/D/loss": loss,
                "Loss/scores/real": real_logits,
                "Loss/signs/real": tf.sign(real_logits),
                "Loss/signs/fake": tf.sign(fake_logits),
            }
            more_logs, more_updates = self.augmentation.observe(real_logits, random)
            return loss, {**logs, **more_logs}, [*updates, *more_updates]
        if phase == "Dreg":

            def discriminate(images):
                augmented = augment(images, random.within("augment_reals"))
                return self.discriminator(augmented, labels=labels)

            penalty, _ = r1_penalty(discriminate, images)
            loss = penalty * (self.config.r1_gamma / 2 * self.config.r1_interval)
            return loss, {"Loss/r1_penalty": penalty}, []
        return self._path_length_loss(size // self.config.path_length_batch_shrink, random)

    def _path_length_loss(self, size, random):
        """Greg. The running mean is over all replicas, and the gradient flows through it."""
        config = self.config
        w_plus, _, updates = self._map(size, random)
        noise = self._noise(size, random)
        directions = random.normal("directions", size, self._image_shape())
        lengths = path_lengths(lambda w: self.generator.synthesis(w, noise), w_plus, directions)
        batch_mean = tf.reduce_mean(lengths)
        replica = tf.distribute.get_replica_context()
        if replica.num_replicas_in_sync > 1:
            batch_mean = replica.all_reduce("mean", batch_mean)
        old = self.mean_path_length.value
        mean = old + config.path_length_decay * (batch_mean - old)
        penalty = path_length_penalty(lengths, mean)
        loss = penalty * (config.path_length_weight * config.path_length_interval)
        logs = {"Loss/pl_penalty": penalty, "Loss/path_length": lengths}
        return loss, logs, [*updates, (self.mean_path_length, mean)]

    def _image_shape(self):
        return [*self.generator.resolution, self.generator.img_channels]
