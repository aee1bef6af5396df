"""Training GANs N' Roses (arXiv 2106.06561) on pictures of two domains."""

import dataclasses
import types

import keras
import numpy as np
import tensorflow as tf

from tfgan_edit.config import UserError
from tfgan_edit.editing.attributes import common_attributes
from tfgan_edit.editing.image_distances import DISTANCES, find_distance
from tfgan_edit.editing.scorers import as_scorer
from tfgan_edit.losses.adversarial import (
    logistic_discriminator_loss,
    logistic_generator_loss,
    sum_over_scales,
)
from tfgan_edit.losses.attributes import scorer_loss
from tfgan_edit.losses.penalties import heads_r1_penalty
from tfgan_edit.losses.reconstruction import l1_loss, squared_loss
from tfgan_edit.losses.style import style_cosine_loss, style_variance_loss
from tfgan_edit.networks.attribute_classifier import (
    AttributeClassifier,
    label_vectors,
)
from tfgan_edit.networks.gans_n_roses import (
    HEADS,
    VARIANTS,
    GansNRosesDiscriminator,
    GansNRosesGenerator,
    StyleDiscriminator,
)
from tfgan_edit.ops.images import photo_to_image
from tfgan_edit.ops.jitter import NUM_UNIFORM, JitterConfig, jitter
from tfgan_edit.ops.replicas import global_batch, own_rows
from tfgan_edit.trainers.gan import GANTrainer, Phase
from tfgan_edit.trainers.optimizers import FusedAdam

CONSISTENCY = {"variance": style_variance_loss, "cosine": style_cosine_loss}
CYCLE = {"squared": squared_loss, "l1": l1_loss}
PUBLISHED = {  # settings in which the two code lines differ
    "main": {
        "consistency_loss": "variance",
        "cycle_loss": "squared",
        "style_weight": 5.0,
        "identity_weight": 0.0,
    },
    "train": {
        "consistency_loss": "cosine",
        "cycle_loss": "l1",
        "style_weight": 0.0,
        "identity_weight": 10.0,
    },
}
GENERATORS = ("generator", "backward_generator")
DISCRIMINATORS = ("discriminator", "backward_discriminator", "style_discriminator")
SCORERS = {"a": "scorer_a", "b": "scorer_b"}  # roles of frozen networks, by domain
SAMPLE_BATCH = 8  # rows of a sample grid at once


@dataclasses.dataclass(frozen=True)
class GansNRosesConfig:
    """Settings of GANs N' Roses; the defaults are those of the published code.

    None stands for what the code line `variant` has, see `PUBLISHED`.
    """

    variant: str = "main"  # main | train
    style_dim: int = 8  # more may leak content into the style
    w_dim: int = 512
    num_downsamplings: int = 4
    num_res_blocks: int = 1
    mapping_layers: int = 5
    mapping_lr_multiplier: float = 0.01
    channels: dict[str, int] | None = None  # {level: width} where it is not the published one
    heads: tuple[str, ...] = HEADS  # of the discriminators; without "diversity" as an ablation
    hidden_dim: int = 128  # features whose deviation over the batch is judged
    style_hidden_dim: int = 256  # of the discriminator of styles
    num_half_res: int = 4
    style_adversarial_weight: float = 2.0  # styles should look standard normal; 0 for none
    consistency_loss: str | None = None  # variance | cosine
    consistency_weight: float = 50.0  # views of one image should have one style
    cycle_loss: str | None = None  # squared | l1
    cycle_weight: float = 20.0
    perceptual: str = "auto"  # or lpips_vgg, as published, lite0, pixels
    perceptual_weight: float = 10.0  # of the perceptual distance of the cycle
    style_weight: float | None = None  # a drawing should have the style that it was drawn in
    identity_weight: float | None = None  # a drawing in its own style should be itself
    # Beside the paper, for domains with labels: a drawing should show, to the frozen.scorer of its
    # domain, all attributes that the one of the other domain sees in the face and both know.
    scorer_weight: float = 0.0  # of the sum over attributes
    scorer_temperature: float = 5.0  # see `losses.attributes.scorer_loss`
    attributes: tuple[str, ...] = ()  # those alone
    r1_gamma: float = 10.0
    r1_interval: int = 16
    r1_mode: str = "mean"  # mean | sum, see `losses.penalties.heads_r1_penalty`
    learning_rate: float = 0.002
    halving_steps: int = 100_000  # the rate halves every so many steps
    beta_1: float = 0.0
    beta_2: float = 0.99
    epsilon: float = 1e-8
    ema_decay: float = 0.999  # a step, of both generators
    jitter: JitterConfig = JitterConfig()  # the views of photos and faces
    weights: dict[str, str] = dataclasses.field(default_factory=dict)  # {name of weights: path}

    method = "gans_n_roses"
    scorer_roles = tuple(SCORERS.values())  # presets, or "faces:" and published networks
    frozen_roles = dict.fromkeys(SCORERS.values(), "classifier")

    def setting(self, name):
        """A setting, or what the code line has in its place."""
        value = getattr(self, name)
        return PUBLISHED[self.variant][name] if value is None else value

    def tiny(self):
        """The same settings with networks of a few channels."""
        return dataclasses.replace(
            self,
            w_dim=8,
            num_downsamplings=2,
            channels={str(4 * 2**i): 6 for i in range(9)},
            hidden_dim=8,
            style_hidden_dim=8,
            perceptual="pixels",
            attributes=(),
        )

    def untrained(self, role, resolution):
        """A small random classifier."""
        names = ["smile", "eyeglasses"]
        small = {"width": 4, "max_width": 8, "feature_dim": 8}
        return AttributeClassifier(resolution, names, name=role, **small)

    def check(self, *, batch_size, num_replicas):
        """Raises UserError where settings contradict each other."""
        choices = {
            "variant": VARIANTS,
            "r1_mode": ("mean", "sum"),
            "perceptual": ("auto", *DISTANCES),
            "consistency_loss": (None, *CONSISTENCY),
            "cycle_loss": (None, *CYCLE),
        }
        for name, allowed in choices.items():
            if getattr(self, name) not in allowed:
                known = ", ".join(str(choice) for choice in allowed)
                raise UserError(f"trainer.{name} must be {known}; got {getattr(self, name)!r}")
        if batch_size < 2:
            raise UserError(
                f"batch_size {batch_size}: styles and diversity are compared within a batch, "
                "which needs at least 2 pictures (the authors took 6)"
            )
        if not self.scorer_temperature > 0:
            raise UserError(
                f"trainer.scorer_temperature must be above 0, got {self.scorer_temperature}"
            )
        for name in ("r1_interval", "halving_steps"):
            if getattr(self, name) < 1:
                raise UserError(f"trainer.{name} must be at least 1, got {getattr(self, name)}")

    def build(
        self,
        *,
        resolution,
        img_channels=3,
        precision="float32",
        jit_compile=False,
        half_activations=True,
        seed=0,
        frozen=None,
    ):
        """Returns a `GansNRosesTrainer` with new networks.

        Args:
            resolution: side of the pictures, a power of two; 256 as published.
            img_channels: number of colours.
            precision: float32, mixed_bfloat16 or mixed_float16.
            jit_compile: whether XLA compiles the gradients.
            half_activations: keep activations in half precision too, faster on GPUs.
            seed: of the initial weights and of all draws in training.
            frozen: {"scorer_a", "scorer_b": classifier or `Scorer` of a domain}, or None.

        Raises:
            ValueError: pictures are no squares of such a side, or scorers are missing.
            UserError: scorers do not know the attributes, or weights of the perceptual distance
                are missing.
        """
        keras.utils.set_random_seed(seed)
        shared = {
            "variant": self.variant,
            "img_channels": img_channels,
            "channels": self.channels,
            "num_half_res": self.num_half_res,
            "half_activations": half_activations,
            "dtype": precision,
        }
        networks = {
            name: GansNRosesGenerator(
                resolution,
                style_dim=self.style_dim,
                w_dim=self.w_dim,
                num_downsamplings=self.num_downsamplings,
                num_res_blocks=self.num_res_blocks,
                mapping_layers=self.mapping_layers,
                mapping_lr_multiplier=self.mapping_lr_multiplier,
                name=name,
                **shared,
            )
            for name in GENERATORS
        }
        networks |= {
            name: GansNRosesDiscriminator(
                resolution, heads=self.heads, hidden_dim=self.hidden_dim, name=name, **shared
            )
            for name in DISCRIMINATORS[:2]
        }
        networks["style_discriminator"] = StyleDiscriminator(
            self.style_dim, hidden_dim=self.style_hidden_dim, name="style_discriminator"
        )
        distance = None
        if self.perceptual_weight:
            distance = find_distance(self.perceptual, side=resolution, given=self.weights)
        return GansNRosesTrainer(
            networks,
            self,
            distance=distance,
            scorers=self._scorers(frozen or {}),
            jit_compile=jit_compile,
            loss_scaling=precision == "mixed_float16",
            seed=seed,
        )

    def _scorers(self, frozen):
        """{domain: `Scorer` of the attributes that count}, or None without their loss."""
        if not self.scorer_weight:
            return None
        for role in SCORERS.values():
            if role not in frozen:
                raise ValueError(
                    f"frozen.{role} is missing: trainer.scorer_weight is of its opinion; name a "
                    "classifier, or set the weight to 0"
                )
        scorers = {domain: as_scorer(frozen[role]) for domain, role in SCORERS.items()}
        names = (scorer.names for scorer in scorers.values())
        common = common_attributes(*names, chosen=self.attributes)
        return {domain: scorer.only(common) for domain, scorer in scorers.items()}


class GansNRosesTrainer(GANTrainer):
    """Two generators and their averages, three discriminators, and one step of training.

    Domain A is what `generator` reads and `backward_generator` draws, B the other way round.
    `batch` is {"photos_a", "photos_b": uint8 [n, H, W, C], "face_a", "face_b": uint8 [1, H, W, C]}.
    A step sees n views of n photos of each domain, the reals of the discriminators and sources of
    styles, and n views of the one face, which are translated. Statistics of styles and of diversity
    are over the batches of all replicas.

    The published code takes its face from the n photos; here it is drawn by itself, so that
    replicas agree. Which encoded styles its discriminator of styles sees is not documented; here
    they are those of the n photos.

    Args:
        networks: {name: network} of `GENERATORS` and `DISCRIMINATORS`.
        config: `GansNRosesConfig`.
        distance: `ImageDistance` of the cycle, or None.
        scorers: {domain: `Scorer` of the attributes that drawings should keep}, or None.
        others: as in `GANTrainer`.
    """

    pictures_per_sample = 6
    collective_phases = ("Dmain", "Dreg", "Gmain")

    def __init__(self, networks, config, *, distance=None, scorers=None, **kwargs):
        rates = {"generators": 1.0, "discriminators": 1.0}
        if config.r1_gamma:  # only the decay is corrected for the penalty's share of the steps
            rates["discriminators"] = config.r1_interval / (config.r1_interval + 1)
        super().__init__(
            networks,
            averaged=GENERATORS,
            groups={"generators": GENERATORS, "discriminators": DISCRIMINATORS},
            phases=[
                # The penalty is a term of its step's loss: no step of its own.
                Phase("Dreg", "discriminators", config.r1_interval),
                Phase("Dmain", "discriminators"),
                Phase("Gmain", "generators"),
            ],
            optimizers={
                name: FusedAdam(
                    # Of a variable that the state holds, so that a resumed run goes on with it.
                    lambda: self.learning_rate(self.step.value),
                    beta_1=config.beta_1,
                    beta_2=config.beta_2**share,
                    epsilon=config.epsilon,
                )
                for name, share in rates.items()
            },
            **kwargs,
        )
        self.config = config
        # In a namespace, which Keras does not track: frozen weights are no part of a state.
        self.frozen = types.SimpleNamespace(distance=distance, scorers=scorers)

    def learning_rate(self, step):
        """Halved every `halving_steps`."""
        halvings = tf.cast(step // self.config.halving_steps, tf.float32)
        return self.config.learning_rate * 0.5**halvings

    def phases_at(self, step):
        due = bool(self.config.r1_gamma) and step % self.config.r1_interval == 0
        return ("Dreg" if due else "Dmain", "Gmain")

    # === One step ===

    def train_step(self, batch):
        """One step of one replica, as `GANTrainer.train_step`; fakes are of the old weights."""
        views = self._views(batch, self.step_random().within("data"))
        codes = self._codes(views)
        fakes = {"fake_a": self._draw_a(views, codes), "fake_b": self._draw_b(views, codes)}
        styles = {"style_a": codes.style_a, "style_b": codes.style_b}
        return super().train_step({**views, **fakes, **styles})

    def _views(self, batch, random):
        """Views of photos and faces, and the random numbers of their styles."""
        settings = dataclasses.asdict(self.config.jitter)
        size = batch["photos_a"].shape[0]
        views = {}
        for name in ("photos_a", "photos_b", "face_a", "face_b"):
            images = photo_to_image(batch[name])
            if name.startswith("face"):
                images = tf.repeat(images, size, axis=0)
            views[name] = jitter(images, random.uniform(name, size, [NUM_UNIFORM]), **settings)
        if self.frozen.scorers is not None:
            for domain, scorer in self.frozen.scorers.items():
                # Of the face as it is: easier to judge than a view of it.
                seen = scorer.probabilities(photo_to_image(batch[f"face_{domain}"]))
                labels = label_vectors(seen, scorer.names)
                views[f"labels_{domain}"] = tf.repeat(labels, size, axis=0)
        for name in ("ab", "ba"):
            views[f"z_{name}"] = random.normal(f"z_{name}", size, [self.config.style_dim])
            views[f"keys_{name}"] = random.uniform(f"keys_{name}", size, [3])
        return views

    def _codes(self, views):
        """What the encoders make of views: contents and styles of faces, styles of photos."""
        codes = types.SimpleNamespace()
        for domain, network in zip("ab", GENERATORS, strict=True):
            views_of = tf.concat([views[f"face_{domain}"], views[f"photos_{domain}"]], axis=0)
            content, style = self.networks[network].encode(views_of)
            face_style, photo_style = tf.split(style, 2)
            setattr(codes, f"content_{domain}", tf.split(content, 2)[0])
            setattr(codes, f"face_style_{domain}", face_style)
            setattr(codes, f"style_{domain}", photo_style)
        return codes

    def _draw_b(self, views, codes):
        """Faces of A drawn in B, in styles of which half are random."""
        codes.style_ab = _pool(views["z_ab"], codes.style_b, views["keys_ab"])
        return self.generator.decode(codes.content_a, codes.style_ab)

    def _draw_a(self, views, codes):
        """The other direction."""
        codes.style_ba = _pool(views["z_ba"], codes.style_a, views["keys_ba"])
        return self.backward_generator.decode(codes.content_b, codes.style_ba)

    def phase_loss(self, phase, batch, random):
        if phase == "Gmain":
            return self._generator_loss(batch)
        return self._discriminator_loss(batch, with_penalty=phase == "Dreg")

    def _discriminator_loss(self, batch, with_penalty):
        """Logistic losses of all heads of both domains, and of the styles of both directions."""
        total, logs, penalties = 0.0, {}, []
        for domain, name in (("a", "backward_discriminator"), ("b", "discriminator")):
            network = self.networks[name]
            reals, fakes = batch[f"photos_{domain}"], batch[f"fake_{domain}"]
            real, fake = network(reals), network(tf.stop_gradient(fakes))
            loss = sum_over_scales(logistic_discriminator_loss, real, fake)
            logs[f"Loss/D/{domain}"] = loss
            for head, real_logits, fake_logits in zip(network.heads, real, fake, strict=True):
                logs[f"Loss/scores/{domain}/{head}/real"] = real_logits
                logs[f"Loss/scores/{domain}/{head}/fake"] = fake_logits
            total += loss
            if with_penalty:
                penalties.append(self._penalty(network, reals))
        if self.config.style_adversarial_weight:
            network = self.style_discriminator
            for domain, direction in (("a", "ba"), ("b", "ab")):
                z = batch[f"z_{direction}"]
                style = tf.stop_gradient(batch[f"style_{domain}"])
                loss = logistic_discriminator_loss(network(z), network(style))
                logs[f"Loss/D/style_{domain}"] = loss
                total += loss
                if with_penalty:
                    penalties.append(self._penalty(lambda z: [network(z)], z))
        logs["Loss/D/loss"] = total
        if with_penalty:
            penalty = tf.add_n(penalties)
            logs["Loss/r1_penalty"] = penalty
            total += penalty * (self.config.r1_gamma / 2 * self.config.r1_interval)
        return total, logs, []

    def _penalty(self, discriminate, inputs):
        replicas = tf.distribute.get_replica_context().num_replicas_in_sync
        batch = inputs.shape[0] * replicas
        return heads_r1_penalty(discriminate, inputs, self.config.r1_mode, batch)

    def _generator_loss(self, batch):
        """The terms of the specification, each of both directions."""
        config = self.config
        codes = self._codes(batch)
        terms = []
        for direction in ("ab", "ba"):
            terms += self._direction_terms(batch, codes, direction)
        consistency = CONSISTENCY[config.setting("consistency_loss")]
        for domain in "ab":
            styles = global_batch(getattr(codes, f"face_style_{domain}"))
            loss = own_rows(consistency(styles))
            terms.append((f"consistency_{domain}", config.consistency_weight, loss))
            if config.style_adversarial_weight:
                logits = self.style_discriminator(getattr(codes, f"style_{domain}"))
                loss = logistic_generator_loss(logits)
                terms.append((f"style_{domain}", config.style_adversarial_weight, loss))
        logs = {f"Loss/G/{name}": loss for name, _, loss in terms}
        total = tf.add_n([weight * loss for _, weight, loss in terms])
        logs["Progress/learning_rate"] = self.learning_rate(self.step.value)
        return total, {"Loss/G/loss": total, **logs}, []

    def _direction_terms(self, batch, codes, direction):
        """[(name, weight, loss [n])] of a translation and its way back."""
        config, (source, target) = self.config, direction
        forward, back = (self.generator, self.backward_generator)
        draw, judge = self._draw_b, self.discriminator
        if direction == "ba":
            forward, back = back, forward
            draw, judge = self._draw_a, self.backward_discriminator
        fakes = draw(batch, codes)
        logits = judge(fakes)
        adversarial = sum_over_scales(logistic_generator_loss, logits) / len(logits)
        faces = batch[f"face_{source}"]
        content, styles = back.encode(fakes)
        own = _shuffled(getattr(codes, f"face_style_{source}"), batch[f"keys_{direction}"])
        cycle = back.decode(content, own)
        distance = CYCLE[config.setting("cycle_loss")](cycle, faces)
        terms = [
            (f"adversarial_{target}", 1.0, adversarial),
            (f"cycle_{source}", config.cycle_weight, distance),
        ]
        if self.frozen.scorers is not None:
            odds = self.frozen.scorers[target].log_odds(fakes)
            loss = scorer_loss(odds, batch[f"labels_{source}"], config.scorer_temperature)
            terms.append((f"scorer_{target}", config.scorer_weight, loss))
        if self.frozen.distance is not None:
            distance = self.frozen.distance(cycle, faces)
            terms.append((f"perceptual_{source}", config.perceptual_weight, distance))
        if weight := config.setting("style_weight"):
            wanted = getattr(codes, f"style_{direction}")
            terms.append((f"restyle_{target}", weight, squared_loss(styles, wanted)))
        if weight := config.setting("identity_weight"):
            photos = batch[f"photos_{target}"]
            terms.append((f"identity_{target}", weight, l1_loss(forward(photos), photos)))
        return terms

    def average_decay(self, images_seen, batch_size):
        return tf.constant(self.config.ema_decay)

    def metadata(self):
        distance = self.frozen.distance
        return {"distance": None if distance is None else distance.identity}

    # === Pictures ===

    def sampler(self, examples, seed):
        """Photos of A, and rows: A, A in its own style, A in the style of a B, A in two random
        styles, that B in a random style of A."""
        forward, back = (self.averages[name] for name in GENERATORS)
        photos_a, photos_b = examples["photos_a"], examples["photos_b"]
        z = np.random.RandomState(seed).randn(3, len(photos_a), self.config.style_dim)

        @tf.function(autograph=False)
        def row(photos_a, photos_b, z):
            a, b = photo_to_image(photos_a), photo_to_image(photos_b)
            content, own = forward.encode(a)
            content_b, style_b = back.encode(b)
            drawn = [forward.decode(content, style) for style in (own, style_b, z[0], z[1])]
            return tf.concat([a, *drawn, back.decode(content_b, z[2])], axis=2)

        def draw():
            parts = [
                row(
                    tf.constant(photos_a[i : i + SAMPLE_BATCH]),
                    tf.constant(photos_b[i : i + SAMPLE_BATCH]),
                    tf.constant(z[:, i : i + SAMPLE_BATCH], tf.float32),
                ).numpy()
                for i in range(0, len(photos_a), SAMPLE_BATCH)
            ]
            return np.concatenate(parts)

        return photos_a, draw


def _pool(z, codes, keys):
    """Styles [n, D] from a pool of random and encoded ones, n of each over all replicas."""
    keys = global_batch(keys)
    pool = tf.concat([global_batch(z), global_batch(codes)], axis=0)
    order = tf.argsort(tf.concat([keys[:, 0], keys[:, 1]], axis=0))
    return own_rows(_rows(pool, order[: keys.shape[0]]))


def _shuffled(styles, keys):
    """Styles [n, D] in another order, over all replicas."""
    return own_rows(_rows(global_batch(styles), tf.argsort(global_batch(keys)[:, 2])))


def _rows(x, order):
    """x[order], whose gradient is a plain tensor; replicas cannot add up slices by index."""
    return tf.one_hot(order, x.shape[0]) @ x
