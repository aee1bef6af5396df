"""Training StyleMapGAN: generator, encoder and discriminator together (arXiv 2104.14754)."""

import dataclasses
import types

import keras
import numpy as np
import tensorflow as tf

from tfgan_edit.config import UserError
from tfgan_edit.editing.image_distances import DISTANCES, find_distance
from tfgan_edit.losses.adversarial import (
    logistic_discriminator_loss,
    logistic_fake_loss,
    logistic_generator_loss,
)
from tfgan_edit.losses.penalties import r1_penalty
from tfgan_edit.networks.stylegan2 import StyleGAN2Discriminator
from tfgan_edit.networks.stylemapgan import StyleMapGANEncoder, StyleMapGANGenerator
from tfgan_edit.ops.images import photo_to_image
from tfgan_edit.trainers.adaptive_augmentation import AdaptiveAugmentation, AugmentationConfig
from tfgan_edit.trainers.gan import GANTrainer, Phase
from tfgan_edit.trainers.samples import latent_grid
from tfgan_edit.trainers.style_based import (
    average_decay,
    average_latent,
    check_batch,
    discriminate_sets,
)
from tfgan_edit.trainers.stylegan2 import lazy_adam

SAMPLE_BATCH = 16  # sample pictures at once
WEIGHTS = (  # of losses
    *("adversarial_weight", "latent_weight", "discriminator_weight", "pixel_weight"),
    *("reconstruction_d_weight", "perceptual_weight", "reconstruction_g_weight"),
)


@dataclasses.dataclass(frozen=True)
class StyleMapGANConfig:
    """Settings of StyleMapGAN; the defaults are those of the published code at 256 px.

    Quirks of that code: `idle_mapping_steps` has one. Its LPIPS drops half of the features in
    training by mistake, which changes no expectation and is left out.
    """

    stylemap_size: int = 8
    stylemap_channels: int = 64
    mapping_layers: int = 8
    # Learning rate of the mapping relative to the rest. Cells of a stylemap agree on a face only by
    # the mapping, as all else is convolutions: short runs need more.
    mapping_lr_multiplier: float = 0.01
    code_channels: int | None = None  # of all style codes; 64 in the small network of 1024 px
    norm: str = "layer"  # layer | instance | group
    channel_base: int = 32768  # width of level r: min(channel_base // r, channel_max)
    channel_max: int = 512
    channels: dict[str, int] | None = None  # {level: width} instead
    group_size: int | None = 4  # of the minibatch statistic; None for the whole batch
    num_stddev_channels: int = 1
    num_half_res: int = 4  # finest levels in half precision, with a mixed precision
    learning_rate: float = 0.002
    beta_1: float = 0.0
    beta_2: float = 0.99
    epsilon: float = 1e-8
    r1_gamma: float = 10.0
    r1_interval: int = 16
    adversarial_weight: float = 1.0  # of softplus(-D(G(F(z))))
    latent_weight: float = 1.0  # of |E(G(w)) - w|², mean over the stylemap
    discriminator_weight: float = 1.0  # of the discriminator's loss on photos and fakes
    reconstruction_d_weight: float = 1.0  # of its loss on reconstructions, in-domain
    pixel_weight: float = 1.0  # of |G(E(x)) - x|², mean over pixels and colours
    perceptual_weight: float = 1.0
    reconstruction_g_weight: float = 1.0  # of softplus(-D(G(E(x)))), in-domain
    perceptual: str = "auto"  # a key of image_distances.DISTANCES; auto: LPIPS or the next best
    # The published code's optimiser also steps the mapping, with no gradient, after the losses of
    # reconstructions: its second moment decays twice, and its steps are about √2 as long.
    idle_mapping_steps: bool = False
    w_avg_decay: float = 0.995
    ema_kimg: float = 11.085  # half-life of averages, thousand images: 0.999 a step of 16
    ema_rampup: float | None = None  # half-life at most this fraction of the images seen
    micro_batch: int | None = None  # samples of a replica computed at once
    augmentation: AugmentationConfig = AugmentationConfig()  # ADA (arXiv 2006.06676), off
    # {name of weights: file} of the perceptual distance, where they are not found by themselves
    weights: dict[str, str] = dataclasses.field(default_factory=dict)

    method = "stylemapgan"

    def tiny(self):
        """The same settings with networks of a few channels."""
        return dataclasses.replace(
            self,
            stylemap_size=8,
            stylemap_channels=4,
            mapping_layers=min(self.mapping_layers, 2),
            code_channels=None if self.code_channels is None else 4,
            channel_max=8,
            channels=None,
            group_size=None if self.group_size is None else min(self.group_size, 4),
            perceptual="pixels",
            micro_batch=None,
        )

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
        """Returns a `StyleMapGANTrainer` with new networks.

        Args:
            resolution: int or (height, width) of the training images.
            img_channels: number of colours.
            precision: float32, mixed_bfloat16 or mixed_float16.
            jit_compile: whether XLA compiles the gradients.
            half_activations: keep activations in half precision too, faster on GPUs.
            seed: of the initial weights and of all draws in training.
            labels: of the data, which StyleMapGAN does not read.

        Raises:
            ValueError: sizes do not fit each other.
            UserError: weights of the perceptual distance are missing.
        """
        keras.utils.set_random_seed(seed)
        pyramid = {
            "resolution": resolution,
            "img_channels": img_channels,
            "channel_base": self.channel_base,
            "channel_max": self.channel_max,
            "channels": self.channels,
            "num_half_res": self.num_half_res,
            "half_activations": half_activations,
            "dtype": precision,
        }
        stylemap = {
            "stylemap_size": self.stylemap_size,
            "stylemap_channels": self.stylemap_channels,
        }
        generator = StyleMapGANGenerator(
            mapping_layers=self.mapping_layers,
            mapping_lr_multiplier=self.mapping_lr_multiplier,
            code_channels=self.code_channels,
            norm=self.norm,
            name="generator",
            **stylemap,
            **pyramid,
        )
        encoder = StyleMapGANEncoder(name="encoder", **stylemap, **pyramid)
        discriminator = StyleGAN2Discriminator(
            group_size=self.group_size,
            num_stddev_channels=self.num_stddev_channels,
            name="discriminator",
            **pyramid,
        )
        side = min(np.broadcast_to(resolution, 2))
        return StyleMapGANTrainer(
            generator,
            encoder,
            discriminator,
            self,
            distance=find_distance(self.perceptual, side=side, given=self.weights),
            jit_compile=jit_compile,
            loss_scaling=precision == "mixed_float16",
            seed=seed,
        )

    def check(self, *, batch_size, num_replicas):
        """Raises UserError where settings contradict each other."""
        check_batch(self, batch_size=batch_size, num_replicas=num_replicas)
        if self.r1_interval < 1:
            raise UserError(f"trainer.r1_interval must be at least 1, got {self.r1_interval}")
        for name in WEIGHTS:
            if getattr(self, name) < 0:
                raise UserError(f"trainer.{name} must not be negative, got {getattr(self, name)}")
        if self.perceptual not in ("auto", *DISTANCES):
            raise UserError(
                f"trainer.perceptual {self.perceptual!r} is unknown: use auto, "
                f"{', '.join(DISTANCES)}"
            )
        self.augmentation.check()


class StyleMapGANTrainer(GANTrainer):
    """Generator, encoder, discriminator, averages of the first two, and one step of training.

    `batch` is {"photos": uint8 or "images": float in [-1, 1], [n, H, W, C]}.

    The published code's five steps are four phases here, in their order: the first two, F and G
    against D on G(F(z)), and E on the latents of the same pictures, read the same weights, and the
    gradient of neither reaches the weights of the other. Two optimisers share the generator, one
    for the mapping and one for the rest, as reconstructions do not depend on the mapping.

    Args:
        generator, encoder, discriminator: the networks.
        config: `StyleMapGANConfig`.
        distance: `ImageDistance` of reconstructions.
        others: as in `GANTrainer`.
    """

    drawing_network = "generator"
    pictures_per_sample = 3  # a photo, its reconstruction, a random picture

    def __init__(self, generator, encoder, discriminator, config, *, distance, **kwargs):
        parts = ("encoder", "synthesis", *(("mapping",) if config.idle_mapping_steps else ()))
        phases = [
            Phase("Gmain", ("mapping", "synthesis", "encoder")),
            Phase("Dmain", "discriminator"),
            Phase("Dreg", "discriminator", config.r1_interval),
            Phase("Rmain", parts),
        ]
        d_interval = config.r1_interval if config.r1_gamma else 0
        super().__init__(
            {"generator": generator, "encoder": encoder, "discriminator": discriminator},
            averaged=["generator", "encoder"],
            phases=[p for p in phases if p.name != "Dreg" or config.r1_gamma],
            optimizers={
                "discriminator": lazy_adam(config, config.learning_rate, d_interval),
                **{
                    name: lazy_adam(config, config.learning_rate, 0)
                    for name in ("mapping", "synthesis", "encoder")
                },
            },
            micro_batch=config.micro_batch,
            **kwargs,
        )
        self.config = config
        self.augmentation = AdaptiveAugmentation(config.augmentation, generator.img_channels)
        # In a namespace, which Keras does not track: frozen weights are no part of a state.
        self.frozen = types.SimpleNamespace(distance=distance)

    def optimized_weights(self, name):
        if name in ("mapping", "synthesis"):
            return getattr(self.networks["generator"], name).trainable_variables
        return super().optimized_weights(name)

    def phase_loss(self, phase, batch, random):
        """Every picture is augmented before the discriminator sees it, with its own draws."""
        images = batch["images"] if "images" in batch else photo_to_image(batch["photos"])
        if phase == "Gmain":
            return self._random_loss(images.shape[0], random)
        if phase == "Dmain":
            return self._discriminator_loss(images, random)
        if phase == "Dreg":

            def discriminate(images):
                return self.discriminator(self._augmented(images, "reals", random))

            penalty, _ = r1_penalty(discriminate, images)
            loss = penalty * (self.config.r1_gamma / 2 * self.config.r1_interval)
            return loss, {"Loss/r1_penalty": penalty}, []
        return self._reconstruction_loss(images, random)

    def _augmented(self, images, name, random):
        return self.augmentation.augment(images, random.within(f"augment_{name}"))

    def _random_loss(self, size, random):
        """F and G learn to deceive D, E to find the latents of what they draw."""
        config, generator = self.config, self.generator
        stylemap = generator.mapping(random.normal("z", size, [generator.z_dim]))
        fakes = generator.synthesis(stylemap)
        logits = self.discriminator(self._augmented(fakes, "fakes", random))
        adversarial = logistic_generator_loss(logits)
        found = self.encoder(tf.stop_gradient(fakes))
        latent = _mean_square(found - tf.stop_gradient(stylemap))
        loss = config.adversarial_weight * adversarial + config.latent_weight * latent
        logs = {
            "Loss/G/loss": adversarial,
            "Loss/E/latent": latent,
            "Loss/scores/fake": logits,
            "Stylemap/mean_square": _mean_square(stylemap),
        }
        return loss, logs, average_latent(generator.mapping, stylemap, config.w_avg_decay)

    def _discriminator_loss(self, images, random):
        """D on photos, on new random pictures and on reconstructions."""
        config, generator, size = self.config, self.generator, images.shape[0]
        fakes = generator(random.normal("z", size, [generator.z_dim]))
        rebuilt = generator.synthesis(self.encoder(images))
        sets = {"reals": images, "fakes": fakes, "rebuilt": rebuilt}
        real_logits, fake_logits, rebuilt_logits = discriminate_sets(
            self.discriminator,
            [self._augmented(tf.stop_gradient(x), name, random) for name, x in sets.items()],
            [None] * 3,
            config.group_size,
        )
        main = logistic_discriminator_loss(real_logits, fake_logits)
        rebuilt = logistic_fake_loss(rebuilt_logits)
        loss = config.discriminator_weight * main + config.reconstruction_d_weight * rebuilt
        logs = {
            "Loss/D/loss": main,
            "Loss/D/rebuilt": rebuilt,
            "Loss/scores/real": real_logits,
            "Loss/scores/rebuilt": rebuilt_logits,
            "Loss/signs/real": tf.sign(real_logits),
            "Loss/signs/fake": tf.sign(fake_logits),
        }
        more_logs, updates = self.augmentation.observe(real_logits, random)
        return loss, {**logs, **more_logs}, updates

    def _reconstruction_loss(self, images, random):
        """E and G learn to rebuild photos, so that D takes them for photos."""
        config = self.config
        rebuilt = self.generator.synthesis(self.encoder(images))
        pixels = _mean_square(rebuilt - images)
        perceptual = self.frozen.distance(rebuilt, images)
        logits = self.discriminator(self._augmented(rebuilt, "rebuilt", random))
        adversarial = logistic_generator_loss(logits)
        loss = (
            config.pixel_weight * pixels
            + config.perceptual_weight * perceptual
            + config.reconstruction_g_weight * adversarial
        )
        logs = {
            "Loss/R/pixels": pixels,
            "Loss/R/perceptual": perceptual,
            "Loss/R/adversarial": adversarial,
        }
        return loss, logs, []

    def average_decay(self, images_seen, batch_size):
        return average_decay(self.config, images_seen, batch_size)

    def metadata(self):
        return {"distance": self.frozen.distance.identity}

    def sampler(self, examples, seed):
        """Photos, their reconstructions and random pictures, side by side."""
        generator, encoder = self.averages["generator"], self.averages["encoder"]
        photos = examples["photos"]
        images = photo_to_image(photos).numpy()
        draw_random = latent_grid(generator, count=len(photos), seed=seed)

        @tf.function(autograph=False)
        def rebuild(images):
            return generator.synthesis(encoder(images))

        def draw():
            parts = [
                rebuild(tf.constant(images[i : i + SAMPLE_BATCH])).numpy()
                for i in range(0, len(images), SAMPLE_BATCH)
            ]
            return np.concatenate([images, np.concatenate(parts), draw_random()], axis=2)

        return photos, draw


def _mean_square(x):
    """[N, …] -> [N]."""
    return tf.reduce_mean(tf.square(x), axis=range(1, len(x.shape)))
