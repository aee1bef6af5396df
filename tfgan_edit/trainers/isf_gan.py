"""Training ISF-GAN: a function that edits latents of a frozen StyleGAN (arXiv 2109.12492)."""

import dataclasses
import math

import keras
import numpy as np
import tensorflow as tf

from tfgan_edit.config import UserError
from tfgan_edit.editing.image_distances import DISTANCES
from tfgan_edit.editing.latents import draw_z
from tfgan_edit.editing.targets import next_labels
from tfgan_edit.losses.adversarial import (
    logistic_discriminator_loss,
    logistic_generator_loss,
)
from tfgan_edit.losses.attributes import attribute_loss
from tfgan_edit.losses.latent import neighbourhood_loss
from tfgan_edit.losses.penalties import r1_penalty
from tfgan_edit.losses.reconstruction import l1_loss, squared_loss
from tfgan_edit.networks.attribute_classifier import (
    AttributeClassifier,
    attribute_groups,
)
from tfgan_edit.networks.encoder import LatentEncoder
from tfgan_edit.networks.isf_gan import (
    NORMS,
    ImplicitStyleFunction,
    ISFGANDiscriminator,
)
from tfgan_edit.networks.stylegan2 import StyleGAN2Generator
from tfgan_edit.ops.images import image_to_photo, photo_to_image, pooled_to
from tfgan_edit.trainers.frozen import FrozenFaces, random_noise, random_w_plus
from tfgan_edit.trainers.gan import GANTrainer, Phase, check_micro_batch
from tfgan_edit.trainers.optimizers import CoupledAdam

SPACES = ("w_plus", "w")
NOISES = ("random", "constant", "none")
R1_TARGETS = ("attributes", "source")
SHOWN = 5  # edits on the sample pictures
SAMPLE_BATCH = 16  # sample pictures at once
TINY_SIDE = 16  # pixels of stand-ins for frozen networks


@dataclasses.dataclass(frozen=True)
class ISFGANConfig:
    """Settings of ISF-GAN; the defaults are those of its StyleGAN2 experiments.

    Attributes:
        attributes: names of the scorer's attributes that shall be edited; () for all.
        space: "w_plus", a style for each row; or "w", one for all.
        z_dim, hidden_dim, norm, pre_norm, residual, after_dim, layers: as
            of `ImplicitStyleFunction`.
        d_width, d_channel_max: as of `ISFGANDiscriminator`.
        learning_rate, final_learning_rate, warmup_learning_rate: the rate rises from the last in
            `warmup_steps`, and falls to the second as a cosine of `decay_steps`, which does not
            wait for the first (section IV-A, and the published schedule).
        beta_1, beta_2: of Adam.
        coupled_decay: of weights, added to gradients that were clipped.
        max_gradient_norm: of all gradients of a network as one vector; None for no limit.
        adversarial_weight … diversity_weight: of the losses (section III-C). Distances of pictures
            are `perceptual`, "auto" or a key of `editing.image_distances.DISTANCES`; the paper's is
            "lpips_alex".
        r1_weight: of half the squared gradient of a head's logits …
        r1_target: … "attributes", as in the published code, or "source", as in StarGAN v2.
        encoder_rate: of frozen.encoder, relative to the learning rate; 0 leaves it as it is. Above,
            a copy learns: from what the generator makes of its latents, and from all losses of
            the function behind it. Not in the paper.
        scorer_weight: of the frozen scorer's own cross-entropy, sum over all of its attributes: an
            edit shall show the targets, and all that no target names shall stay. The published
            function hears of attributes from the discriminator only, which has to learn them
            first. Not in the paper.
        scorer_temperature: what the scorer's log-odds are divided by. One that is always certain
            rewards, at 1, pictures of which it is not.
        pixel_weight: of mean |x - y| between face and edit, images in [-1, 1]. Not in the paper.
            Outcomes differ only where `diversity_weight` is more than half of it: two of them are
            at most as far from each other as both together are from the face.
        linear_steps: steps at the start in which the function learns the linear edit: to add
            `linear_strength` times the difference of class centres of every label that changes
            (arXiv 2003.03581, section 3.1). What comes then begins at edits that mostly succeed.
        scorer_steps: steps behind them with the losses of scorer, pixels, identity,
            neighbourhood and diversity alone: the scorer knows attributes already, and such a step
            costs a fifth of a whole one; with diversity, which draws twice, more.
        identity_weight: of 1 - cosine of two faces' embeddings, of frozen.embedding, or of ArcFace
            with the weights "arcface". Not in the paper.
        noise: of the generator: "random", new in every picture, "constant" or "none".
        truncation: of drawn latents.
        mix_share: part of the latents in which rows of another one stand, a run of
            `mix_rows` from the first to the second number; 7/8 in the paper's data.
        flip_share: part of the targets that are the source's labels with one attribute changed;
            the others are the labels of another face (section IV-A: all). Not in the paper.
        balance: whether positive labels weigh #negative / #positive.
        positive_weights: {name: weight} instead.
        bank_size: faces that are scored at the start, for natural targets and for balance, where
            the data bring no labels.
        ema_kimg: half-life of the average of the weights, thousand images; 11.08 are factors of
            0.999 in batches of 16.
        micro_batch: images of one replica that are computed at once.
        weights: {name of weights: path}, where they are not found by themselves.
    """

    attributes: tuple[str, ...] = ()
    space: str = "w_plus"
    z_dim: int = 64
    hidden_dim: int = 512
    norm: str = "adaln"
    pre_norm: bool = True
    residual: bool = False
    after_dim: int | None = None
    layers: tuple[int, ...] = ()
    d_width: int | None = None
    d_channel_max: int = 512
    learning_rate: float = 1e-5
    final_learning_rate: float = 5e-6
    warmup_learning_rate: float = 5e-7
    warmup_steps: int = 5000
    decay_steps: int = 50_000
    beta_1: float = 0.0
    beta_2: float = 0.99
    coupled_decay: float = 1e-5
    max_gradient_norm: float | None = 1.0
    adversarial_weight: float = 1.0
    classification_weight: float = 2.0
    latent_cycle_weight: float = 1.0
    image_cycle_weight: float = 1.0
    perceptual_cycle_weight: float = 1.0
    content_weight: float = 1.0
    neighbourhood_weight: float = 0.01
    diversity_weight: float = 2.0
    perceptual: str = "auto"
    r1_weight: float = 1.0
    r1_target: str = "attributes"
    scorer_weight: float = 0.0
    scorer_temperature: float = 5.0
    pixel_weight: float = 0.0
    linear_steps: int = 0
    linear_strength: float = 1.5
    scorer_steps: int = 0
    identity_weight: float = 0.0
    encoder_rate: float = 0.0
    noise: str = "random"
    truncation: float = 1.0
    mix_share: float = 0.875
    mix_rows: tuple[int, int] = (2, 10)
    flip_share: float = 0.0
    balance: bool = True
    positive_weights: dict[str, float] = dataclasses.field(default_factory=dict)
    bank_size: int = 2048
    ema_kimg: float = 11.08
    micro_batch: int | None = None
    weights: dict[str, str] = dataclasses.field(default_factory=dict)

    method = "isf_gan"
    scorer_roles = ("scorer",)  # presets, or "faces:" and published networks
    frozen_roles = {
        "generator": "generator",
        "scorer": "classifier",
        "embedding": "classifier",
        "encoder": "encoder",
    }

    def tiny(self):
        """The same settings with networks of a few channels, and a few faces scored."""
        return dataclasses.replace(
            self,
            attributes=(),
            z_dim=4,
            hidden_dim=8,
            after_dim=self.after_dim and 8,
            layers=(),
            d_width=4,
            d_channel_max=8,
            perceptual="pixels",
            identity_weight=0.0,
            linear_steps=min(self.linear_steps, 1),
            scorer_steps=min(self.scorer_steps, 1),
            positive_weights={},
            bank_size=16,
        )

    def untrained(self, role, resolution):
        """A small random network."""
        sides = tuple(np.broadcast_to(TINY_SIDE if resolution is None else resolution, 2))
        sides = tuple(int(side) for side in sides)
        generator = StyleGAN2Generator(
            sides, z_dim=8, w_dim=8, mapping_layers=1, channel_max=8, name="generator"
        )
        if role == "generator":
            return generator
        if role == "encoder":
            return LatentEncoder(
                sides, generator.num_ws, generator.w_dim, channel_max=8, name=role
            )
        names = ["smile", "eyeglasses", "hair_color=black", "hair_color=red"]
        return AttributeClassifier(sides, names, width=4, max_width=8, feature_dim=8, name=role)

    def check(self, *, batch_size, num_replicas):
        """Raises UserError where settings contradict each other."""
        for name, known in (
            ("space", SPACES),
            ("norm", NORMS),
            ("noise", NOISES),
            ("r1_target", R1_TARGETS),
            ("perceptual", ("auto", *DISTANCES)),
        ):
            value = getattr(self, name)
            if value not in known:
                raise UserError(f"trainer.{name} {value!r} is unknown: use {', '.join(known)}")
        for name in ("mix_share", "flip_share"):
            if not 0 <= getattr(self, name) <= 1:
                raise UserError(f"trainer.{name} must be in 0…1, got {getattr(self, name)}")
        low, high = self.mix_rows
        if not 1 <= low <= high:
            raise UserError(f"trainer.mix_rows must be rising, from 1 on, got {self.mix_rows}")
        if self.decay_steps < 1 or self.warmup_steps < 0 or self.bank_size < 1:
            raise UserError(
                "trainer.decay_steps and trainer.bank_size must be positive and "
                f"trainer.warmup_steps not negative, got {self.decay_steps}, {self.bank_size} and "
                f"{self.warmup_steps}"
            )
        if self.scorer_steps < 0 or (self.scorer_steps and not self.scorer_weight > 0):
            raise UserError(
                "trainer.scorer_steps must not be negative, and needs a trainer.scorer_weight "
                f"above 0, got {self.scorer_steps} and {self.scorer_weight}"
            )
        if self.linear_steps < 0:
            raise UserError(f"trainer.linear_steps must not be negative, got {self.linear_steps}")
        if not self.scorer_temperature > 0:
            raise UserError(
                f"trainer.scorer_temperature must be above 0, got {self.scorer_temperature}"
            )
        if self.encoder_rate < 0:
            raise UserError(f"trainer.encoder_rate must not be negative, got {self.encoder_rate}")
        check_micro_batch(self, batch_size=batch_size, num_replicas=num_replicas)

    def build(
        self,
        *,
        frozen,
        resolution=None,
        img_channels=3,
        latent_shape=None,
        latents=None,
        labels=None,
        label_names=None,
        truncation=None,
        truncation_cutoff=None,
        precision="float32",
        jit_compile=False,
        half_activations=True,
        seed=0,
        label_dim=0,
    ):
        """Returns an `ISFGANTrainer` with new networks.

        Args:
            frozen: {"generator": network with `mapping` and `synthesis`; "scorer": a classifier,
                which gives the labels of pictures; "embedding", "encoder": optional}.
            resolution: of photos, which need an encoder; None for latents.
            img_channels: number of colours of photos.
            latent_shape: (num_ws or 1, w_dim) of the data's latents; None where they are drawn.
            latents: [M, num_ws or 1, w_dim], the data's, or None.
            labels, label_names: of the data's latents or photos: [M, K] and K names, or None.
            truncation, truncation_cutoff: of the data's latents.
            precision, jit_compile, seed: as of every trainer.
            half_activations, label_dim: not used.

        Raises:
            ValueError: networks or data that do not fit each other.
            UserError: an unknown attribute, or weights are missing.
        """
        parts = FrozenFaces(
            self,
            frozen,
            photos=None if resolution is None else (resolution, img_channels),
            latent_shape=latent_shape,
            latents=latents,
            labels=labels,
            label_names=label_names,
            truncation=(self.truncation if truncation is None else truncation, truncation_cutoff),
            seed=seed,
        )
        if self.linear_steps and parts.centres is None:
            raise ValueError(
                "trainer.linear_steps needs the latents of labelled faces, these data have photos: "
                "take LatentsConfig, or set it to 0"
            )
        keras.utils.set_random_seed(seed)
        generator = parts.generator
        function = ImplicitStyleFunction(
            generator.num_ws if self.space == "w_plus" else 1,
            parts.label_names,
            w_dim=generator.w_dim,
            z_dim=self.z_dim,
            hidden_dim=self.hidden_dim,
            norm=self.norm,
            pre_norm=self.pre_norm,
            residual=self.residual,
            after_dim=self.after_dim,
            layers=self.layers,
            dtype=precision,
            name="style_function",
        )
        height, width, colours = parts.shape
        discriminator = ISFGANDiscriminator(
            height if height == width else (height, width),
            len(parts.label_names),
            img_channels=colours,
            width=self.d_width,
            channel_max=self.d_channel_max,
            dtype=precision,
            name="discriminator",
        )
        networks = {"style_function": function, "discriminator": discriminator}
        if self.encoder_rate:
            if parts.encoder is None:
                raise ValueError(
                    "trainer.encoder_rate is of frozen.encoder, which is missing: name a preset"
                )
            networks["encoder"] = type(parts.encoder).from_config(parts.encoder.get_config())
            networks["encoder"].set_weights(parts.encoder.get_weights())
        return ISFGANTrainer(
            networks,
            parts,
            self,
            jit_compile=jit_compile,
            loss_scaling=precision == "mixed_float16",
            seed=seed,
        )


class ISFGANTrainer(GANTrainer):
    """Style function, its average, discriminator, and one step of training.

    `batch` is {"latents", "partners": [n, num_ws or 1, w_dim], "labels": [n, K] optional}, or
    {"positions": [n]} for latents that are drawn, or {"photos": [n, H, W, C]} for an encoder.

    Args:
        networks: {"style_function": `ImplicitStyleFunction`, "discriminator":
            `ISFGANDiscriminator`, and "encoder", if it learns}.
        frozen: `FrozenFaces`.
        config: `ISFGANConfig`.
        others: as in `GANTrainer`.
    """

    def __init__(self, networks, frozen, config, **kwargs):
        def adam(factor=1.0):
            return CoupledAdam(
                # Of a variable that the state holds, so that a resumed run goes on with it.
                lambda: factor * self.learning_rate(self.step.value),
                beta_1=config.beta_1,
                beta_2=config.beta_2,
                epsilon=1e-8,
                coupled_decay=config.coupled_decay,
            )

        learns = [name for name in ("style_function", "encoder") if name in networks]
        super().__init__(
            networks,
            averaged=learns,
            phases=[
                *([Phase("Mlinear", "style_function")] if config.linear_steps else []),
                *([Phase("Mscorer", "style_function")] if config.scorer_steps else []),
                Phase("Dmain", "discriminator"),
                Phase("Mmain", "style_function"),
                *([Phase("Emain", "encoder")] if "encoder" in networks else []),
            ],
            optimizers={
                name: adam(config.encoder_rate if name == "encoder" else 1.0) for name in networks
            },
            micro_batch=config.micro_batch,
            **kwargs,
        )
        self.config = config
        self.max_gradient_norm = config.max_gradient_norm
        self.frozen = frozen  # no Keras object: what is frozen is no part of the state of a run
        groups = attribute_groups(networks["style_function"].label_names)
        self.pictures_per_sample = 1 + min(len(groups), SHOWN)
        self.picture_size = frozen.shape[:2]

    def learning_rate(self, step):
        """Linear warm-up, then a cosine; both count from the step before, as published."""
        config = self.config
        t = tf.maximum(tf.cast(step, tf.float32) - 1, 0.0)
        first, full, last = (
            config.warmup_learning_rate,
            config.learning_rate,
            config.final_learning_rate,
        )
        rising = first + (full - first) * t / max(config.warmup_steps, 1)
        way = tf.minimum(t / config.decay_steps, 1.0)
        falling = last + 0.5 * (full - last) * (1 + tf.cos(math.pi * way))
        return tf.where(t < config.warmup_steps, rising, falling)

    def phases_at(self, step):
        config, alone = self.config, ("Mlinear", "Mscorer")
        if step < config.linear_steps + config.scorer_steps:
            return (alone[step >= config.linear_steps],)
        return tuple(phase.name for phase in self.phases if phase.name not in alone)

    # === What a step sees ===

    def train_step(self, batch):
        """One step of one replica, as `GANTrainer.train_step`; both phases see the same faces."""
        random = self.step_random()
        size = next(iter(batch.values())).shape[0]
        micro = size if self.micro_batch is None else min(self.micro_batch, size)
        parts = [
            self.faces(
                {key: value[i * micro : (i + 1) * micro] for key, value in batch.items()},
                random.within("data", i, size // micro),
            )
            for i in range(size // micro)
        ]
        return super().train_step(
            {key: tf.concat([part[key] for part in parts], axis=0) for key in parts[0]}
        )

    def faces(self, batch, random):
        """{"w_plus", "images", "known", "labels", "targets"} of a batch of data; `known` are labels
        of all that the scorer knows. No images where nothing looks at them."""
        frozen = self.frozen
        if self.active_phases == ("Mlinear",) and frozen.labelled:
            w_plus = frozen.truncated(frozen.spread(batch["latents"]))
            labels = frozen.edited_labels(batch["labels"])
            return {
                "w_plus": w_plus,
                "labels": labels,
                "targets": self._targets(labels, random),
            }
        if "photos" in batch:
            whole = photo_to_image(batch["photos"])
            images = pooled_to(whole, frozen.shape)
            w_plus = self.networks.get("encoder", frozen.encoder)(whole)
        else:
            w_plus = self._latents(batch, random)
            images = frozen.noisy_images(w_plus, random)
        known = frozen.known_labels(images, batch)
        labels = frozen.edited_labels(known)
        return {
            "w_plus": w_plus,
            "images": images,
            "known": known,
            "labels": labels,
            "targets": self._targets(labels, random),
        }

    def _latents(self, batch, random):
        """w_plus [n, num_ws, w_dim], truncated, some of them mixed."""
        frozen, num_ws = self.frozen, self.frozen.generator.num_ws
        if "latents" in batch:
            latents, partners = (frozen.spread(batch[key]) for key in ("latents", "partners"))
        else:
            size = batch["positions"].shape[0]
            draws = (random, random.within("partner"))
            latents, partners = (random_w_plus(frozen.generator, size, draw) for draw in draws)
        mask = self._mixed_rows(latents.shape[0], num_ws, random)
        return frozen.truncated(tf.where(mask[..., tf.newaxis], partners, latents))

    def _mixed_rows(self, size, num_ws, random):
        """bool [n, num_ws]: rows of the partner, a run of them in some of the latents."""
        low, high = self.config.mix_rows
        mixed = random.uniform("mix", size, []) < self.config.mix_share
        start = random.integers("mix_start", size, num_ws)
        length = low + random.integers("mix_length", size, high - low + 1)
        rows = tf.range(num_ws)[tf.newaxis]
        inside = (rows >= start[:, tf.newaxis]) & (rows < (start + length)[:, tf.newaxis])
        return inside & mixed[:, tf.newaxis]

    def _targets(self, labels, random):
        """Labels of other faces, or, a part of them, those of the face with one changed."""
        size = labels.shape[0]
        bank = tf.constant(self.frozen.bank)
        targets = tf.gather(bank, random.integers("targets", size, bank.shape[0]))
        if not self.config.flip_share:
            return targets
        groups = list(attribute_groups(self.style_function.label_names).values())
        chosen = random.integers("flip_which", size, len(groups))
        flipped = labels
        for number, places in enumerate(groups):
            columns = tf.gather(labels, places, axis=1)
            if len(places) == 1:
                changed = 1 - columns
            else:  # another of the values, all of them as likely
                shift = 1 + random.integers(f"flip_{number}", size, len(places) - 1)
                value = (tf.argmax(columns, axis=1, output_type=tf.int32) + shift) % len(places)
                changed = tf.one_hot(value, len(places))
            spread = tf.matmul(changed - columns, tf.one_hot(places, labels.shape[1]))
            flipped += tf.where((chosen == number)[:, tf.newaxis], spread, 0.0)
        flips = random.uniform("flip", size, []) < self.config.flip_share
        return tf.where(flips[:, tf.newaxis], flipped, targets)

    # === Losses ===

    def phase_loss(self, phase, batch, random):
        size = batch["w_plus"].shape[0]
        z = [random.normal(f"z_{i}", size, [self.style_function.z_dim]) for i in range(3)]
        if phase == "Dmain":
            terms = self.discriminator_terms(batch, z[0], random)
        elif phase == "Mlinear":
            terms = self.linear_terms(batch, z[0])
        elif phase == "Mscorer":
            terms = self.scorer_terms(batch, z, random)
        elif phase == "Mmain":
            terms = self.style_terms(batch, z, random)
        else:
            terms = self.encoder_terms(batch, z, random)
        letter = phase[0]
        total = tf.add_n([weight * term for weight, term in terms.values()])
        logs = {f"Loss/{letter}/{name}": term for name, (_, term) in terms.items()}
        logs = {f"Loss/{letter}/loss": total, **logs}
        if phase[0] == "M":
            logs["Progress/learning_rate"] = self.learning_rate(self.step.value)
        return total, logs, []

    def discriminator_terms(self, batch, z, random):
        """{name: (weight, loss [n])} of the discriminator.

        Args:
            batch: as of `faces`.
            z: [n, z_dim].
            random: of the generator's noise.
        """
        config, frozen, images = self.config, self.frozen, batch["images"]
        edited = self.style_function(batch["w_plus"], batch["targets"], z)
        fakes = tf.stop_gradient(frozen.noisy_images(edited, random))
        fake_source, _ = self.discriminator.heads(fakes)
        if config.r1_weight:
            kept = []  # the logits that are not penalised, of the same pass

            def discriminate(x):
                source, attributes = self.discriminator.heads(x)
                kept[:] = [source, attributes]
                return attributes if config.r1_target == "attributes" else source

            penalty, _ = r1_penalty(discriminate, images)
            source, attributes = kept
        else:
            source, attributes = self.discriminator.heads(images)
        terms = {
            "adversarial": (1.0, logistic_discriminator_loss(source, fake_source)),
            "attributes": (
                config.classification_weight,
                attribute_loss(attributes, batch["labels"], frozen.positive_weights),
            ),
        }
        if config.r1_weight:
            terms["r1"] = (0.5 * config.r1_weight, penalty)
        return terms

    def style_terms(self, batch, z, random):
        """{name: (weight, loss [n])} of the style function (section III-C).

        Args:
            batch: as of `faces`.
            z: three of [n, z_dim]: of the edit, of the way back, of another edit.
            random: of the generator's noise.
        """
        config, frozen = self.config, self.frozen
        images, w_plus = batch["images"], batch["w_plus"]
        edited = self.style_function(w_plus, batch["targets"], z[0])
        back = self.style_function(edited, batch["labels"], z[1])
        other = self.style_function(w_plus, batch["targets"], z[2])
        # One pass for all: nothing in the generator mixes samples.
        drawn = self._images_of([edited, back, other], random)
        source, attributes = self.discriminator.heads(drawn[0])
        features = frozen.distance.features
        originals = features(images)
        terms = {
            "adversarial": (config.adversarial_weight, logistic_generator_loss(source)),
            "attributes": (
                config.classification_weight,
                attribute_loss(attributes, batch["targets"], frozen.positive_weights),
            ),
            "latent_cycle": (config.latent_cycle_weight, l1_loss(back, w_plus)),
            "image_cycle": (config.image_cycle_weight, l1_loss(drawn[1], images)),
            "perceptual_cycle": (
                config.perceptual_cycle_weight,
                frozen.distance.compare(features(drawn[1]), originals),
            ),
            "content": (
                config.content_weight,
                frozen.distance.compare(features(drawn[0]), originals),
            ),
            "neighbourhood": (
                config.neighbourhood_weight,
                neighbourhood_loss(w_plus, edited),
            ),
            "diversity": (-config.diversity_weight, l1_loss(drawn[0], drawn[2])),
        }
        return terms | self._frozen_terms(drawn[0], batch)

    def linear_terms(self, batch, z):
        """{name: (weight, loss [n])} of the style function in `linear_steps`.

        Args:
            batch: as of `faces`.
            z: [n, z_dim].
        """
        w_plus, centres = batch["w_plus"], self.frozen.centres
        edit = tf.matmul(batch["targets"] - batch["labels"], centres)[:, tf.newaxis]
        linear = w_plus + self.config.linear_strength * edit
        edited = self.style_function(w_plus, batch["targets"], z)
        rows = self.style_function.layers_that_change or range(w_plus.shape[1])
        edited, linear = (tf.gather(x, rows, axis=1) for x in (edited, linear))
        return {"linear": (1.0, squared_loss(edited, linear))}

    def scorer_terms(self, batch, z, random):
        """{name: (weight, loss [n])} of the style function in `scorer_steps`.

        Args:
            batch: as of `faces`.
            z: as of `style_terms`.
            random: of the generator's noise.
        """
        config, w_plus = self.config, batch["w_plus"]
        several = (z[0], z[2]) if config.diversity_weight else z[:1]
        edits = [self.style_function(w_plus, batch["targets"], draw) for draw in several]
        drawn = self._images_of(edits, random)
        terms = {
            "neighbourhood": (config.neighbourhood_weight, neighbourhood_loss(w_plus, edits[0])),
            **self._frozen_terms(drawn[0], batch),
        }
        if config.diversity_weight:
            terms["diversity"] = (-config.diversity_weight, l1_loss(*drawn))
        return terms

    def _frozen_terms(self, drawn, batch):
        """What needs no network that learns, of pictures of edits."""
        config, terms = self.config, {}
        if config.scorer_weight:
            loss = self.frozen.scorer_loss(
                drawn, batch["known"], batch["targets"], config.scorer_temperature
            )
            terms["scorer"] = (config.scorer_weight, loss)
        if config.pixel_weight:
            terms["pixels"] = (config.pixel_weight, l1_loss(drawn, batch["images"]))
        if self.frozen.identity is not None:
            loss = self.frozen.identity(drawn, batch["images"])
            terms["identity"] = (config.identity_weight, loss)
        return terms

    def encoder_terms(self, batch, z, random):
        """{name: (weight, loss [n])} of an encoder that learns: `style_terms` of its latents, and
        how far the generator's pictures of them are from the photos."""
        config, frozen, images = self.config, self.frozen, batch["images"]
        w_plus = self.encoder(images)
        found = frozen.noisy_images(w_plus, random.within("reconstruction"))
        return {
            **self.style_terms({**batch, "w_plus": w_plus}, z, random),
            "reconstruction": (config.image_cycle_weight, l1_loss(found, images)),
            "perceptual_reconstruction": (
                config.perceptual_cycle_weight,
                frozen.distance(found, images),
            ),
        }

    def _images_of(self, latents, random):
        """A batch of pictures for each of several batches of latents."""
        frozen, count = self.frozen, len(latents)
        if frozen.noise != "random":
            return tf.split(frozen.images(tf.concat(latents, axis=0), frozen.noise), count)
        noise = [
            random_noise(frozen.generator, latents[0].shape[0], random.within(f"picture_{i}"))
            for i in range(count)
        ]
        if noise[0] != "none":
            noise = [tf.concat(maps, axis=0) for maps in zip(*noise, strict=True)]
        else:
            noise = "none"
        return tf.split(frozen.images(tf.concat(latents, axis=0), noise), count)

    # === Around the steps ===

    def average_decay(self, images_seen, batch_size):
        return self.half_life_decay(self.config.ema_kimg, images_seen, batch_size)

    def metadata(self):
        frozen = self.frozen
        identity = None if frozen.identity is None else frozen.identity.identity
        return {
            "attributes": self.style_function.label_names,
            "distance": frozen.distance.identity,
            "identity": identity,
        }

    def sampler(self, examples, seed):
        """Beside each face its edits, one of each of the first attributes."""
        frozen, function = self.frozen, self.averages["style_function"]
        faces = self._example_faces(examples, seed)
        count = len(faces["images"])
        groups = list(attribute_groups(function.label_names).values())[:SHOWN]
        targets = [next_labels(faces["labels"], places) for places in groups]
        z = np.random.RandomState(seed).randn(count, function.z_dim).astype(np.float32)

        @tf.function(autograph=False)
        def draw_edits(w_plus, labels, z):
            return frozen.images(function(w_plus, labels, z), self._still_noise)

        def draw():
            columns = [faces["images"]]
            for labels in targets:
                parts = []
                for i in range(0, count, SAMPLE_BATCH):
                    rows = slice(i, i + SAMPLE_BATCH)
                    parts.append(draw_edits(faces["w_plus"][rows], labels[rows], z[rows]).numpy())
                columns.append(np.concatenate(parts))
            return np.concatenate(columns, axis=2)

        return image_to_photo(faces["images"]).numpy(), draw

    @property
    def _still_noise(self):
        return "none" if self.config.noise == "none" else "constant"

    def _example_faces(self, examples, seed):
        """`faces` of example data as NumPy arrays, with the noise maps that pictures keep."""
        frozen = self.frozen

        @tf.function(autograph=False)
        def prepare(batch):
            if "photos" in batch:
                whole = photo_to_image(batch["photos"])
                images = pooled_to(whole, frozen.shape)
                w_plus = self.averages.get("encoder", frozen.encoder)(whole)
            else:
                w_plus = frozen.truncated(frozen.spread(batch["latents"]))
                images = frozen.images(w_plus, self._still_noise)
            labels = frozen.edited_labels(frozen.known_labels(images, batch))
            return {"w_plus": w_plus, "images": images, "labels": labels}

        if "positions" in examples:
            z = draw_z(seed, 1, len(examples["positions"]), frozen.generator.z_dim)
            examples = {"latents": frozen.mapped(tf.constant(z)).numpy()}
        parts = []
        for i in range(0, len(next(iter(examples.values()))), SAMPLE_BATCH):
            rows = {key: value[i : i + SAMPLE_BATCH] for key, value in examples.items()}
            parts.append({key: x.numpy() for key, x in prepare(rows).items()})
        return {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}
