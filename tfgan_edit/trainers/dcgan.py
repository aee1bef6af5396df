"""Training DCGAN (arXiv 1511.06434), the baseline of the comparisons."""

import dataclasses

import keras
import tensorflow as tf

from tfgan_edit.config import UserError
from tfgan_edit.losses.adversarial import logistic_discriminator_loss, logistic_generator_loss
from tfgan_edit.networks.dcgan import DCGANDiscriminator, DCGANGenerator
from tfgan_edit.ops.images import photo_to_image
from tfgan_edit.trainers.gan import GANTrainer, Phase
from tfgan_edit.trainers.optimizers import FusedAdam
from tfgan_edit.trainers.samples import latent_grid
from tfgan_edit.trainers.style_based import average_decay


@dataclasses.dataclass(frozen=True)
class DCGANConfig:
    """Settings of DCGAN; the defaults are the paper's, section 4.

    Two things are not the paper's, so that it is compared on equal terms: z is normal, as that of
    the other generators is, and an average of the generator's weights is kept, as theirs are.
    """

    z_dim: int = 100
    width: int = 128  # channels at half the resolution, doubled at every further halving …
    max_width: int = 1024  # … up to this
    kernel_size: int = 5
    learning_rate: float = 0.0002
    beta_1: float = 0.5
    beta_2: float = 0.999
    epsilon: float = 1e-8
    ema_kimg: float = 10.0  # half-life of the averaged generator, thousand images
    ema_rampup: float | None = None  # half-life at most this fraction of the images seen

    method = "dcgan"

    def tiny(self):
        """The same settings with networks of a few channels."""
        return dataclasses.replace(self, z_dim=8, width=4, max_width=8)

    def build(
        self,
        *,
        resolution,
        img_channels=3,
        precision="float32",
        jit_compile=False,
        half_activations=True,
        seed=0,
        **labels,
    ):
        """Returns a `DCGANTrainer` with new networks.

        Args:
            resolution: int or (height, width) of the training images.
            img_channels: number of colours.
            precision: float32, mixed_bfloat16 or mixed_float16.
            jit_compile: whether XLA compiles the gradients.
            half_activations: not read: activations are in half precision where products are.
            seed: of the initial weights and of all draws in training.
            labels: of the data, which a DCGAN does not read.
        """
        keras.utils.set_random_seed(seed)
        shared = {
            "resolution": resolution,
            "img_channels": img_channels,
            "width": self.width,
            "max_width": self.max_width,
            "kernel_size": self.kernel_size,
            "dtype": precision,
        }
        return DCGANTrainer(
            DCGANGenerator(z_dim=self.z_dim, name="generator", **shared),
            DCGANDiscriminator(name="discriminator", **shared),
            self,
            jit_compile=jit_compile,
            loss_scaling=precision == "mixed_float16",
            seed=seed,
        )

    def check(self, *, batch_size, num_replicas):
        """Raises UserError for a batch that has no statistics."""
        if batch_size < 2:
            raise UserError(
                f"batch_size {batch_size}: batch norm needs at least 2 images, better 32 or more"
            )


class DCGANTrainer(GANTrainer):
    """Generator, discriminator, averaged generator, and one step of training.

    `batch` is {"photos": uint8 or "images": float in [-1, 1], [n, H, W, C]}. Real and generated
    pictures go through the discriminator apart, each normalised by its own statistics, which are
    those of all replicas together. Moving statistics, which only pictures outside of training are
    drawn with, are copied into the averaged generator as they are.

    Args:
        generator, discriminator: the networks.
        config: `DCGANConfig`.
        others: as in `GANTrainer`.
    """

    drawing_network = "generator"
    collective_phases = ("Gmain", "Dmain")

    def __init__(self, generator, discriminator, config, **kwargs):
        super().__init__(
            {"generator": generator, "discriminator": discriminator},
            averaged=["generator"],
            phases=[Phase("Gmain", "generator"), Phase("Dmain", "discriminator")],
            optimizers={
                name: FusedAdam(
                    config.learning_rate,
                    beta_1=config.beta_1,
                    beta_2=config.beta_2,
                    epsilon=config.epsilon,
                )
                for name in ("generator", "discriminator")
            },
            **kwargs,
        )
        self.config = config

    def phase_loss(self, phase, batch, random):
        images = batch["images"] if "images" in batch else photo_to_image(batch["photos"])
        generator, discriminator = self.generator, self.discriminator
        z = random.normal("z", images.shape[0], [generator.z_dim])
        fakes, statistics = normalized_by_batch(generator, z)
        if phase == "Gmain":
            logits, _ = normalized_by_batch(discriminator, fakes)
            loss = logistic_generator_loss(logits)
            updates = zip(generator.non_trainable_variables, statistics, strict=True)
            return loss, {"Loss/G/loss": loss, "Loss/scores/fake": logits}, list(updates)
        real_logits, statistics = normalized_by_batch(discriminator, images)
        fakes = tf.stop_gradient(fakes)
        fake_logits, statistics = normalized_by_batch(discriminator, fakes, statistics)
        loss = logistic_discriminator_loss(real_logits, fake_logits)
        logs = {
            "Loss/D/loss": loss,
            "Loss/scores/real": real_logits,
            "Loss/signs/real": tf.sign(real_logits),
            "Loss/signs/fake": tf.sign(fake_logits),
        }
        updates = zip(discriminator.non_trainable_variables, statistics, strict=True)
        return loss, logs, list(updates)

    def sampler(self, examples, seed):
        photos = examples["photos"]
        return photos, latent_grid(self.averages["generator"], count=len(photos), seed=seed)

    def average_decay(self, images_seen, batch_size):
        return average_decay(self.config, images_seen, batch_size)


def normalized_by_batch(network, x, statistics=None):
    """A network's output in training, and what its moving statistics become by it.

    Args:
        network: with batch norm.
        x: its input.
        statistics: values of its non-trainable variables before; default what they are.

    Returns:
        (output, new values of the non-trainable variables), of which none is assigned.
    """
    if statistics is None:
        statistics = [variable.value for variable in network.non_trainable_variables]
    learned = [variable.value for variable in network.trainable_variables]
    return network.stateless_call(learned, statistics, x, training=True)
