"""Training StyleGAN with progressive growing (Karras et al., arXiv 1812.04948; growing and its
schedule are those of Progressive GAN, arXiv 1710.10196)."""

import dataclasses
import functools
import math

import keras
import tensorflow as tf

from tfgan_edit.config import UserError
from tfgan_edit.losses.adversarial import logistic_discriminator_loss, logistic_generator_loss
from tfgan_edit.losses.penalties import r1_penalty
from tfgan_edit.losses.wasserstein import (
    wasserstein_discriminator_loss,
    wasserstein_generator_loss,
    wasserstein_gradient_penalty,
)
from tfgan_edit.networks.stylegan import (
    StyleGANDiscriminator,
    StyleGANGenerator,
    enlarge,
    fade,
    shrink,
)
from tfgan_edit.networks.stylegan2 import levels_of
from tfgan_edit.ops.images import photo_to_image
from tfgan_edit.trainers.adaptive_augmentation import AugmentationConfig
from tfgan_edit.trainers.gan import Phase
from tfgan_edit.trainers.optimizers import FusedAdam
from tfgan_edit.trainers.schedule import Schedule, Stage
from tfgan_edit.trainers.style_based import StyleBasedTrainer, check_batch

LOSSES = {  # name: losses of generator and discriminator
    "logistic": (logistic_generator_loss, logistic_discriminator_loss),
    "wgan_gp": (wasserstein_generator_loss, wasserstein_discriminator_loss),
}
GRADIENT_PENALTY = 10.0  # λ of WGAN-GP (arXiv 1704.00028, section 4)


@dataclasses.dataclass(frozen=True)
class GrowingStage(Stage):
    """Steps in a row with pictures of one level.

    Attributes:
        level: of the pictures; that of the networks where training stands.
        fades: whether the level is being faded in, its weight alpha growing from 0 to 1 in
            proportion to the images seen; else alpha is 1.
        learning_rate: of both networks.
    """

    level: int = dataclasses.field(kw_only=True)
    fades: bool = dataclasses.field(kw_only=True)
    learning_rate: float = dataclasses.field(kw_only=True)

    @property
    def label(self):
        return f" at {self.level} px" + (", fading in" if self.fades else "")

    def alpha(self, step):
        """Weight of the level in a step, an int or a tensor; steps see equally many images."""
        if not self.fades:
            return 1.0
        if isinstance(step, int):
            return (step - self.first_step) / self.num_steps
        return tf.cast(step - self.first_step, tf.float32) / self.num_steps


@dataclasses.dataclass(frozen=True)
class StyleGANConfig:
    """Settings of StyleGAN; the defaults are configuration F of the paper for FFHQ, on 8 GPUs.

    Each level from `start_resolution` on is faded in (not the first) during `fade_kimg` thousand
    images and then trained for `stage_kimg`; the last is trained to the end. With
    `start_resolution` of the data nothing grows. Optimisers begin anew in every stage.
    """

    z_dim: int = 512
    w_dim: int = 512
    mapping_layers: int = 8
    mapping_dim: int | None = None  # width of the mapping's hidden layers; default w_dim
    channel_base: int = 16384  # width of level r: min(channel_base // r, channel_max)
    channel_max: int = 512
    channels: dict[str, int] | None = None  # {level: width} instead
    learned_constant: bool = True  # these four: the variants of table 1, see StyleGANGenerator
    use_noise: bool = True
    use_styles: bool = True
    normalization: str | None = "instance"
    group_size: int | None = 4  # of the minibatch statistic; None for the whole batch
    num_stddev_channels: int = 1
    start_resolution: int = 8
    stage_kimg: float = 600.0
    fade_kimg: float = 600.0
    batch_sizes: dict[int, int] = dataclasses.field(  # {level: images}, for others batch_size
        default_factory=lambda: {4: 512, 8: 256, 16: 128, 32: 64, 64: 32}
    )
    learning_rate: float = 0.001
    learning_rates: dict[int, float] = dataclasses.field(  # {level: rate} instead
        default_factory=lambda: {128: 0.0015, 256: 0.002, 512: 0.003, 1024: 0.003}
    )
    beta_1: float = 0.0
    beta_2: float = 0.99
    epsilon: float = 1e-8
    loss: str = "logistic"  # with R1, or wgan_gp, the paper's for CelebA-HQ in rows A and B
    r1_gamma: float = 10.0  # 0 for none
    style_mixing: float = 0.9  # probability of two latents a picture
    w_avg_decay: float = 0.995
    ema_kimg: float = 10.0  # half-life of the averaged generator, thousand images
    ema_rampup: float | None = None  # half-life at most this fraction of the images seen
    micro_batch: int | None = None  # samples of a replica computed at once
    augmentation: AugmentationConfig = AugmentationConfig()  # ADA (arXiv 2006.06676), off

    method = "stylegan"

    def tiny(self):
        """The same settings with networks of a few channels that grow at every step."""
        return dataclasses.replace(
            self,
            z_dim=16,
            w_dim=16,
            mapping_dim=None,
            mapping_layers=min(self.mapping_layers, 2),
            channel_max=8,
            channels=None,
            group_size=None if self.group_size is None else min(self.group_size, 4),
            start_resolution=8,
            stage_kimg=0.004,
            fade_kimg=0.004,
            batch_sizes={},
            micro_batch=None,
        )

    def schedule(self, *, resolution, batch_size=32):
        """Returns the `Schedule` of `GrowingStage`s up to a resolution.

        Args:
            resolution: int or (height, width) of the training images.
            batch_size: images a step, for levels that `batch_sizes` does not name.

        Raises:
            UserError: growing cannot start where it should.
        """
        levels, _ = levels_of(resolution)
        if self.start_resolution not in levels:
            raise UserError(
                f"trainer.start_resolution {self.start_resolution} does not lead to the data's "
                f"{resolution}: use one of {', '.join(map(str, levels))} ({levels[-1]}: no growing)"
            )
        stages, step, image, end = [], 0, 0, 0.0
        for level in levels[levels.index(self.start_resolution) :]:
            size = self.batch_sizes.get(level, batch_size)
            for fades in (True, False):
                if fades and level == self.start_resolution:
                    continue
                # Stages end where they should, give or take a batch, however many there are.
                end += (self.fade_kimg if fades else self.stage_kimg) * 1000
                num_steps = max(math.ceil((end - image) / size), 0)
                if level == levels[-1] and not fades:
                    num_steps = None
                if num_steps == 0:
                    continue
                stages.append(
                    GrowingStage(
                        size,
                        step,
                        image,
                        num_steps,
                        level=level,
                        fades=fades,
                        learning_rate=self.learning_rates.get(level, self.learning_rate),
                    )
                )
                step += num_steps or 0
                image += (num_steps or 0) * size
        return Schedule(stages)

    def build(
        self,
        *,
        resolution,
        schedule=None,
        img_channels=3,
        label_dim=0,
        labels=None,
        label_names=None,
        precision="float32",
        jit_compile=False,
        half_activations=True,
        seed=0,
    ):
        """Returns a `StyleGANTrainer` with new networks.

        Args:
            resolution: int or (height, width) of the training images.
            schedule: of this resolution; default that of the paper's batch size.
            img_channels: number of colours.
            label_dim: size of a label vector, 0 for none.
            labels: [M, label_dim] labels of the data, from which fakes draw theirs.
            label_names: names of their columns; to a GAN, classes are numbers.
            precision: float32, mixed_bfloat16 or mixed_float16.
            jit_compile: whether XLA compiles the gradients.
            half_activations: not used; activations stay in float32.
            seed: of the initial weights and of all draws in training.
        """
        keras.utils.set_random_seed(seed)
        schedule = self.schedule(resolution=resolution) if schedule is None else schedule
        shared = {
            "resolution": resolution,
            "img_channels": img_channels,
            "channel_base": self.channel_base,
            "channel_max": self.channel_max,
            "channels": self.channels,
            "label_dim": label_dim,
            "start_level": self.start_resolution,
            "dtype": precision,
        }
        generator = StyleGANGenerator(
            z_dim=self.z_dim,
            w_dim=self.w_dim,
            mapping_layers=self.mapping_layers,
            mapping_dim=self.mapping_dim,
            learned_constant=self.learned_constant,
            use_noise=self.use_noise,
            use_styles=self.use_styles,
            normalization=self.normalization,
            name="generator",
            **shared,
        )
        discriminator = StyleGANDiscriminator(
            group_size=self.group_size,
            num_stddev_channels=self.num_stddev_channels,
            name="discriminator",
            **shared,
        )
        return StyleGANTrainer(
            generator,
            discriminator,
            self,
            schedule,
            labels=labels,
            jit_compile=jit_compile,
            loss_scaling=precision == "mixed_float16",
            seed=seed,
        )

    def check(self, *, batch_size, num_replicas):
        """Raises UserError where settings contradict each other."""
        self.augmentation.check()
        if self.loss not in LOSSES:
            raise UserError(f"trainer.loss {self.loss!r} is unknown: use {', '.join(LOSSES)}")
        for name in ("stage_kimg", "fade_kimg"):
            if getattr(self, name) < 0:
                raise UserError(f"trainer.{name} must not be negative, got {getattr(self, name)}")
        for level, size in self.batch_sizes.items():
            if size < 1 or size % num_replicas:
                raise UserError(
                    f"trainer.batch_sizes[{level}] {size} does not divide among {num_replicas} "
                    f"replicas: choose a multiple of {num_replicas}"
                )
        for size in (batch_size, *self.batch_sizes.values()):
            check_batch(self, batch_size=size, num_replicas=num_replicas)


class StyleGANTrainer(StyleBasedTrainer):
    """Generator, discriminator, averaged generator, and one step of training.

    `batch` is {"photos": uint8 or "images": float in [-1, 1], [n, H, W, C]; "labels": [n, L]}
    with photos of the full size; a step reduces them to its level. Its stage follows from its
    number alone, and each is compiled once.

    Args:
        generator, discriminator: the networks.
        config: `StyleGANConfig`.
        schedule: of `GrowingStage`s; batches have its sizes.
        others: as in `StyleBasedTrainer`.
    """

    def __init__(self, generator, discriminator, config, schedule, **kwargs):
        adam = functools.partial(
            FusedAdam,
            schedule.stages[0].learning_rate,
            beta_1=config.beta_1,
            beta_2=config.beta_2,
            epsilon=config.epsilon,
        )
        # The generator's step follows the discriminator's, and the average the generator's.
        super().__init__(
            generator,
            discriminator,
            config,
            phases=[Phase("Dmain", "discriminator"), Phase("Gmain", "generator")],
            optimizers={"generator": adam(), "discriminator": adam()},
            **kwargs,
        )
        self.schedule = schedule
        self.stage = None
        self._grow_to(schedule.stages[0], alpha=1.0)

    @property
    def num_rows(self):
        """Two rows of w_plus a level, up to that of the stage."""
        return 2 * (self.generator.synthesis.levels.index(self.stage.level) + 1)

    def enter(self, step):
        """Sets the stage; at its first step, optimisers begin anew."""
        step = self.current_step() if step is None else step
        stage = self.schedule.stage(step)
        if stage is not self.stage:
            self.stage = stage
            self.step_functions.clear()
            if step == stage.first_step:
                self._restart_optimizers(stage.learning_rate)
        self._grow_to(stage, stage.alpha(step + 1))

    def _grow_to(self, stage, alpha):
        """What networks draw that are called, or saved, after the step."""
        for network in (*self.networks.values(), *self.averages.values()):
            network.grow_to(stage.level, alpha)

    def _restart_optimizers(self, learning_rate):
        for optimizer in self.optimizers.values():
            for variable in optimizer.variables:
                variable.assign(tf.zeros(variable.shape, variable.dtype))
            optimizer.learning_rate = learning_rate

    def train_step(self, batch):
        size = next(iter(batch.values())).shape[0]
        size *= tf.distribute.get_replica_context().num_replicas_in_sync
        if size != self.stage.batch_size:
            raise ValueError(
                f"steps{self.stage.label} take batches of {self.stage.batch_size} images. "
                f"Received: {size}"
            )
        return super().train_step(batch)

    def phase_loss(self, phase, batch, random):
        """The penalty is part of every step of the discriminator (appendix C)."""
        images = batch["images"] if "images" in batch else photo_to_image(batch["photos"])
        alpha = self.stage.alpha(self.step.value)
        stage = {"level": self.stage.level, "alpha": alpha}
        generator_loss, discriminator_loss = LOSSES[self.config.loss]
        fakes, fake_labels, updates = self._generate(images.shape[0], random, **stage)
        augmented = self.augmentation.augment(fakes, random.within("augment_fakes"))
        if phase == "Gmain":
            logits = self.discriminator(augmented, labels=fake_labels, **stage)
            loss = generator_loss(logits)
            return loss, {"Loss/G/loss": loss, "Loss/scores/fake": logits}, updates

        labels = batch.get("labels") if self.generator.label_dim else None
        fake_logits = self.discriminator(
            tf.stop_gradient(augmented), labels=fake_labels, **stage
        )

        def judge(x):
            x = self.augmentation.augment(x, random.within("augment_reals"))
            return self.discriminator(x, labels=labels, **stage)

        factor = self.generator.synthesis.levels[-1] // self.stage.level
        reals = self._at_stage(images, factor, alpha)
        real_logits, penalty, logs = self._penalize(judge, reals, fakes, factor, random)
        loss = discriminator_loss(real_logits, fake_logits)
        logs = {
            "Loss/D/loss": loss,
            "Loss/scores/real": real_logits,
            "Loss/signs/real": tf.sign(real_logits),
            "Loss/signs/fake": tf.sign(fake_logits),
            "Growing/level": float(self.stage.level),
            "Growing/alpha": alpha,
            **logs,
        }
        more_logs, more_updates = self.augmentation.observe(real_logits, random)
        return loss + penalty, logs | more_logs, updates + more_updates

    def _penalize(self, judge, reals, fakes, factor, random):
        """(logits of reals, weighted penalty [n], logs).

        The published code differentiates by pictures of full size. A pixel of the stage is the
        mean of f² of theirs, so they have f² gradients of 1/f² of its gradient.
        """
        if self.config.loss == "wgan_gp":
            mixture = random.uniform("mixture", reals.shape[0], [])
            penalty = wasserstein_gradient_penalty(
                judge, reals, tf.stop_gradient(fakes), mixture, factor
            )
            logs = {"Loss/gradient_penalty": penalty}
            return judge(reals), penalty * GRADIENT_PENALTY, logs
        if not self.config.r1_gamma:
            return judge(reals), 0.0, {}
        penalty, real_logits = r1_penalty(judge, reals)
        penalty /= factor**2
        return real_logits, penalty * (self.config.r1_gamma / 2), {"Loss/r1_penalty": penalty}

    def _at_stage(self, images, factor, alpha):
        """Images 1/factor as high and wide, faded in as the generator's."""
        images = shrink(images, factor)
        if self.stage.fades:
            images = fade(alpha, images, enlarge(shrink(images, 2), 2))
        return images

    def sampler(self, examples, seed):
        generator, sampler = self.averages["generator"], super().sampler

        @functools.lru_cache(maxsize=1)
        def grid(level, alpha):  # the stage of `generator` when its graph is traced
            return sampler(examples, seed)[1]

        def draw():
            return grid(generator.synthesis.level, generator.synthesis.alpha)()

        return examples["photos"], draw
