"""What the trainers of StyleGAN and StyleGAN2 share: latents, style mixing, averages, ADA."""

import numpy as np
import tensorflow as tf

from tfgan_edit.config import UserError
from tfgan_edit.trainers.adaptive_augmentation import AdaptiveAugmentation
from tfgan_edit.trainers.gan import GANTrainer, check_micro_batch
from tfgan_edit.trainers.samples import grid_shape, latent_grid


def check_batch(config, *, batch_size, num_replicas):
    """Returns how many images are computed together, of a batch on so many replicas.

    Raises:
        UserError: `config.micro_batch` or `config.group_size` does not divide it.
    """
    micro = check_micro_batch(config, batch_size=batch_size, num_replicas=num_replicas)
    group = micro if config.group_size is None else min(config.group_size, micro)
    if config.num_stddev_channels and micro % group:
        raise UserError(
            f"trainer.group_size {config.group_size} does not divide the {micro} images that "
            "are computed together: change batch_size, trainer.micro_batch or it"
        )
    return micro


class StyleBasedTrainer(GANTrainer):
    """Generator, discriminator and averaged generator.

    Args:
        generator, discriminator: the networks; the generator has `mapping` and `synthesis`.
        config: with `style_mixing`, `w_avg_decay`, `ema_kimg`, `ema_rampup`, `micro_batch` and
            `augmentation`.
        labels: [M, label_dim] labels of the data, from which fakes draw theirs.
        others: as in `GANTrainer`.
    """

    drawing_network = "generator"

    def __init__(self, generator, discriminator, config, *, labels=None, **kwargs):
        super().__init__(
            {"generator": generator, "discriminator": discriminator},
            averaged=["generator"],
            micro_batch=config.micro_batch,
            **kwargs,
        )
        self.config = config
        self.label_table = None if labels is None else np.asarray(labels, np.float32)
        if generator.label_dim and labels is None:
            raise ValueError("labels of the data are required by a conditional generator")
        self.augmentation = AdaptiveAugmentation(config.augmentation, generator.img_channels)

    @property
    def num_rows(self):
        """Rows of w_plus that the pictures depend on."""
        return self.generator.num_ws

    def _noise(self, size, random):
        """A map for each layer that the pictures depend on, None for the others."""
        shapes = self.generator.synthesis.noise_shapes
        return [
            random.normal(f"noise_{i}", size, [h, w, 1]) if i < self.num_rows else None
            for i, (h, w) in enumerate(shapes)
        ]

    def _generate(self, size, random, **stage):
        """(images [size, H, W, C], labels or None, updates) from new latents and noise."""
        w_plus, labels, updates = self._map(size, random)
        noise = self._noise(size, random)
        return self.generator.synthesis(w_plus, noise=noise, **stage), labels, updates

    def _map(self, size, random):
        """w_plus with style mixing, and the update of the average w.

        One crossover point a step, as in the official code: with probability `style_mixing` a
        uniform row in 1…num_rows - 1, from which on a second latent takes over.
        """
        generator, config = self.generator, self.config
        labels = None
        if generator.label_dim:
            rows = random.integers("labels", size, len(self.label_table))
            labels = tf.gather(tf.constant(self.label_table), rows)
        names = ["z", "z_mixing"] if config.style_mixing else ["z"]
        z = [random.normal(name, size, [generator.z_dim]) for name in names]
        repeated = None if labels is None else tf.concat([labels] * len(z), axis=0)
        w_plus, *second = tf.split(generator.mapping(tf.concat(z, 0), labels=repeated), len(z))
        updates = average_latent(generator.mapping, w_plus[:, 0], config.w_avg_decay)
        if config.style_mixing:
            cutoff = 1.0 + tf.floor(random.shared_uniform("cutoff") * (self.num_rows - 1))
            mixes = random.shared_uniform("mixing") < config.style_mixing
            cutoff = tf.where(mixes, cutoff, float(generator.num_ws))
            first = tf.range(generator.num_ws, dtype=tf.float32)[:, tf.newaxis] < cutoff
            w_plus = tf.where(first, w_plus, second[0])
        return w_plus, labels, updates

    def sampler(self, examples, seed):
        photos = examples["photos"]
        _, columns = grid_shape(*photos.shape[1:3])
        return photos, latent_grid(
            self.averages["generator"],
            count=len(photos),
            seed=seed,
            labels=self.label_table,
            columns=columns,
        )

    def average_decay(self, images_seen, batch_size):
        return average_decay(self.config, images_seen, batch_size)


def average_decay(config, images_seen, batch_size):
    """0.5^(batch / half-life); the half-life may ramp up with the images seen.

    Args:
        config: with `ema_kimg`, and `ema_rampup` or None.
    """
    half_life = config.ema_kimg * 1000
    if config.ema_rampup is not None:
        half_life = tf.minimum(half_life, images_seen * config.ema_rampup)
    return 0.5 ** (batch_size / tf.maximum(half_life, 1e-8))


def average_latent(mapping, w, decay):
    """[(variable, new value)] that moves `mapping.w_avg` by 1 - decay to the mean of w [N, …]."""
    w_avg = mapping.w_avg.value
    batch_mean = tf.stop_gradient(tf.reshape(tf.reduce_mean(w, axis=0), w_avg.shape))
    return [(mapping.w_avg, batch_mean + decay * (w_avg - batch_mean))]


def discriminate_sets(discriminator, sets, labels, group_size):
    """Logits [n, 1] of each set of pictures, in one pass: weights are read and derived once.

    Samples are woven so that every group of the minibatch statistic, which takes each M-th
    sample, has pictures of one set only, as in a pass for each.

    Args:
        discriminator: called as discriminator(images, labels=…).
        sets: images [n, H, W, C] each.
        labels: [n, L] each, or None each.
        group_size: of the minibatch statistic, None for the whole batch.
    """
    count, size = len(sets), sets[0].shape[0]
    if group_size is None or group_size > size:  # one group would hold several sets
        return [discriminator(x, labels=y) for x, y in zip(sets, labels, strict=True)]

    def weave(parts):
        parts = [tf.reshape(x, [group_size, size // group_size, *x.shape[1:]]) for x in parts]
        woven = tf.concat(parts, axis=1)
        return tf.reshape(woven, [count * size, *woven.shape[2:]])

    woven_labels = None if labels[0] is None else weave(labels)
    logits = discriminator(weave(sets), labels=woven_labels)
    logits = tf.reshape(logits, [group_size, count * size // group_size, 1])
    return [tf.reshape(part, [size, 1]) for part in tf.split(logits, count, axis=1)]
