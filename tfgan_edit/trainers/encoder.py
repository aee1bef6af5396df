"""Training an encoder of photos into the latents of a frozen StyleGAN (pSp, arXiv 2008.00951;
e4e, arXiv 2102.02766)."""

import dataclasses
import types

import keras
import numpy as np
import tensorflow as tf

from tfgan_edit.config import UserError
from tfgan_edit.editing.image_distances import (
    DISTANCES,
    MAX_SIDE,
    IdentityDistance,
    find_distance,
)
from tfgan_edit.editing.inversion import latent_statistics
from tfgan_edit.networks.encoder import LatentEncoder
from tfgan_edit.networks.stylegan2 import StyleGAN2Generator
from tfgan_edit.ops.images import photo_to_image
from tfgan_edit.trainers.frozen import random_noise, random_w_plus
from tfgan_edit.trainers.gan import GANTrainer, Phase, check_micro_batch
from tfgan_edit.trainers.optimizers import FusedAdam

SAMPLE_BATCH = 16  # sample pictures at once


@dataclasses.dataclass(frozen=True)
class EncoderConfig:
    """Settings of an encoder; weights of losses are those of pSp and e4e where they have one.

    Attributes:
        channel_base, channel_max, channels: widths, as in `LatentEncoder`.
        learning_rate, beta_1, beta_2: of Adam; layers have equalised rates, hence StyleGAN's.
        generated_share: part of each batch that the generator draws, with known latents.
        pixel_weight: of the mean squared difference.
        perceptual: "auto" or a key of `editing.image_distances.DISTANCES`.
        perceptual_weight: of that distance.
        identity_weight: of ArcFace's distance of faces; needs the weights "arcface". pSp: 0.1.
        latent_weight: of the mean squared difference of w_plus, of generated images.
        offset_weight: of the sum over rows of the lengths of their offsets, which keeps rows
            close to each other and so the result editable (e4e, eq. 2).
        ema_kimg: half-life of the average of the weights, thousand images.
        weights: {name of weights: path}, where they are not found by themselves.
    """

    channel_base: int = 32768
    channel_max: int = 512
    channels: dict[str, int] = dataclasses.field(default_factory=dict)
    learning_rate: float = 0.002
    beta_1: float = 0.9
    beta_2: float = 0.99
    generated_share: float = 0.5
    pixel_weight: float = 1.0
    perceptual: str = "auto"
    perceptual_weight: float = 0.8
    identity_weight: float = 0.0
    latent_weight: float = 1.0
    offset_weight: float = 2e-4
    ema_kimg: float = 10.0
    micro_batch: int | None = None  # images of one replica that are computed at once
    weights: dict[str, str] = dataclasses.field(default_factory=dict)

    method = "encoder"
    frozen_roles = {"generator": "generator"}

    def tiny(self):
        """The same settings with a few channels, and pixels in place of perceptual losses."""
        return dataclasses.replace(
            self, channel_max=8, channels={}, perceptual="pixels", identity_weight=0.0
        )

    def untrained(self, role, resolution):
        """A small random generator."""
        return StyleGAN2Generator(
            resolution, z_dim=8, w_dim=8, mapping_layers=1, channel_max=8, name=role
        )

    def check(self, *, batch_size, num_replicas):
        """Raises UserError where settings contradict each other."""
        if not 0 <= self.generated_share <= 1:
            raise UserError(
                f"trainer.generated_share must be in 0…1, got {self.generated_share}"
            )
        if self.perceptual not in ("auto", *DISTANCES):
            raise UserError(
                f"trainer.perceptual {self.perceptual!r} is unknown: use auto, "
                f"{', '.join(DISTANCES)}"
            )
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
        **labels,
    ):
        """Returns an `EncoderTrainer` with a new encoder.

        Args:
            resolution: int or (height, width) of the photos, those of the generator.
            frozen: {"generator": network with `mapping` and `synthesis`}.
            img_channels: number of colours.
            precision, jit_compile, half_activations, seed: as in `StyleGAN2Config`.
            labels: of the data, which an encoder does not read.

        Raises:
            ValueError: no generator, or one of another size than the photos.
            UserError: weights are missing.
        """
        if "generator" not in frozen:
            raise ValueError("frozen.generator is missing: name the preset that photos go into")
        generator = frozen["generator"]
        height, width = np.broadcast_to(resolution, 2)
        shape = (*generator.resolution, generator.img_channels)
        if shape != (height, width, img_channels):
            raise ValueError(
                f"frozen.generator draws {shape[1]}x{shape[0]} pixels of {shape[2]} colours, the "
                f"photos have {width}x{height} of {img_channels}: prepare them at its size"
            )
        keras.utils.set_random_seed(seed)
        factor = max(min(height, width) // MAX_SIDE, 1)
        size = (int(height) // factor, int(width) // factor)
        encoder = LatentEncoder(
            size[0] if size[0] == size[1] else size,
            generator.num_ws,
            generator.w_dim,
            img_channels=img_channels,
            channel_base=self.channel_base,
            channel_max=self.channel_max,
            channels=self.channels,
            half_activations=half_activations,
            dtype=precision,
            name="encoder",
        )
        encoder.w_avg.assign(latent_statistics(generator, seed)[0])
        return EncoderTrainer(
            encoder,
            generator,
            self,
            distance=find_distance(self.perceptual, side=min(size), given=self.weights),
            identity=IdentityDistance(self.weights) if self.identity_weight else None,
            jit_compile=jit_compile,
            loss_scaling=precision == "mixed_float16",
            seed=seed,
        )


class EncoderTrainer(GANTrainer):
    """Encoder, its average, and one step of training; the generator stays as it is.

    `batch` is {"photos": uint8 or "images": float in [-1, 1], [n, H, W, C]}.

    Args:
        encoder: `LatentEncoder`.
        generator: frozen network with `mapping` and `synthesis`.
        config: `EncoderConfig`.
        distance: `ImageDistance`.
        identity: `IdentityDistance` or None.
        others: as in `GANTrainer`.
    """

    pictures_per_sample = 2  # a photo and what the generator makes of its latent

    def __init__(self, encoder, generator, config, *, distance, identity=None, **kwargs):
        super().__init__(
            {"encoder": encoder},
            averaged=["encoder"],
            phases=[Phase("Emain", "encoder")],
            optimizers={
                "encoder": FusedAdam(config.learning_rate, config.beta_1, config.beta_2)
            },
            micro_batch=config.micro_batch,
            **kwargs,
        )
        self.config = config
        # Hidden from Keras' tracking: what is frozen is no part of the state of a run.
        self.frozen = types.SimpleNamespace(
            generator=generator, distance=distance, identity=identity
        )

    def phase_loss(self, phase, batch, random):
        config, generator = self.config, self.frozen.generator
        photos = batch["images"] if "images" in batch else photo_to_image(batch["photos"])
        size = photos.shape[0]
        num_generated = round(size * config.generated_share)
        images = photos[: size - num_generated]
        if num_generated:
            w_plus, generated = self._generate(num_generated, random)
            images = tf.concat([images, generated], axis=0)
        w, offsets = self.encoder.parts(images)
        found = w[:, tf.newaxis] + offsets
        decoded = generator.synthesis(found)
        pixels = tf.reduce_mean(tf.square(decoded - images), axis=(1, 2, 3))
        perceptual = self.frozen.distance(decoded, images)
        # e4e, eq. 2; the small number makes the root differentiable at zero.
        lengths = tf.sqrt(tf.reduce_sum(tf.square(offsets[:, 1:]), axis=2) + 1e-12)
        offset = tf.reduce_sum(lengths, axis=1)
        logs = {"Loss/pixel": pixels, "Loss/perceptual": perceptual, "Loss/offset": offset}
        loss = (
            config.pixel_weight * pixels
            + config.perceptual_weight * perceptual
            + config.offset_weight * offset
        )
        if num_generated:
            latent = tf.reduce_mean(tf.square(found[-num_generated:] - w_plus), axis=(1, 2))
            logs["Loss/latent"] = latent
            loss += config.latent_weight * tf.reduce_mean(latent)
        if self.frozen.identity is not None:
            logs["Loss/identity"] = self.frozen.identity(decoded, images)
            loss += config.identity_weight * logs["Loss/identity"]
        return loss, logs, []

    def _generate(self, size, random):
        """(w_plus [size, num_ws, w_dim], images) of new latents and noise."""
        generator = self.frozen.generator
        w_plus = random_w_plus(generator, size, random)
        return w_plus, generator.synthesis(w_plus, noise=random_noise(generator, size, random))

    def sampler(self, examples, seed):
        encoder, synthesis = self.averages["encoder"], self.frozen.generator.synthesis
        images = photo_to_image(examples["photos"]).numpy()

        @tf.function(autograph=False)
        def decode(images):
            return synthesis(encoder(images))

        def draw():
            parts = [
                decode(tf.constant(images[i : i + SAMPLE_BATCH])).numpy()
                for i in range(0, len(images), SAMPLE_BATCH)
            ]
            return np.concatenate([images, np.concatenate(parts)], axis=2)

        return examples["photos"], draw

    def metadata(self):
        return {"distance": self.frozen.distance.identity}

    def average_decay(self, images_seen, batch_size):
        return self.half_life_decay(self.config.ema_kimg, images_seen, batch_size)
