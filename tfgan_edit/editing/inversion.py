"""Photo -> latent by optimisation (Karras et al., arXiv 1912.04958, section 5 and appendix D).

Of a batch of photos, every one is projected as if it were alone.
"""

import dataclasses
import math

import numpy as np
import tensorflow as tf

from tfgan_edit.config import UserError
from tfgan_edit.metrics.pairs import signal_to_noise
from tfgan_edit.ops.images import image_to_photo, photo_to_image

SPACES = ("w", "w_plus")
STATISTICS_SAMPLES = 10_000
WINDOW = 50  # steps whose mean distances are compared for the early stop
COARSEST_NOISE = 8  # pixels of the smallest scale at which noise maps are compared
BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-8  # Adam


@dataclasses.dataclass(frozen=True)
class ProjectionSettings:
    """How photos are projected; the defaults are the paper's, which starts from the average w.

    Attributes:
        space: "w", one vector for all layers, or "w_plus", one each.
        steps: of Adam, at most.
        learning_rate: highest rate of latents and noise maps.
        ramp_up, ramp_down: parts of the steps in which the rate rises linearly and falls as a
            cosine.
        exploration: noise on w at the start, in standard deviations of w; falls quadratically …
        exploration_end: … to zero after this part of the steps.
        noise_weight: of the maps' self-similarity; 0 leaves the network's maps as they are.
        tolerance: early stop. Once 50 steps bring the mean distance of a photo down by a smaller
            part than this, its ramp down begins at once; 0 for never.
        seed: of the samples behind the average w, of exploration and of the first noise maps.
    """

    space: str = "w_plus"
    steps: int = 1000
    learning_rate: float = 0.1
    ramp_up: float = 0.05
    ramp_down: float = 0.25
    exploration: float = 0.05
    exploration_end: float = 0.75
    noise_weight: float = 1e5
    tolerance: float = 1e-3
    seed: int = 0

    def __post_init__(self):
        if self.space not in SPACES:
            raise ValueError(f"space must be w or w_plus. Received: space={self.space!r}")
        if self.steps < 0:
            raise ValueError(f"steps must not be negative. Received: steps={self.steps}")

    def schedule(self, clock):
        """Learning rates and noises of w, in standard deviations, at clocks [N] in 0…steps."""
        t = np.asarray(clock, np.float64) / max(self.steps, 1)
        up = np.minimum(1.0, t / self.ramp_up) if self.ramp_up else np.ones_like(t)
        down = np.minimum(1.0, (1.0 - t) / self.ramp_down) if self.ramp_down else np.ones_like(t)
        rate = self.learning_rate * up * (0.5 - 0.5 * np.cos(math.pi * down))
        rest = np.maximum(0.0, 1.0 - t / self.exploration_end)
        return np.where(t < 1, rate, 0.0), self.exploration * rest**2


@dataclasses.dataclass(frozen=True)
class Projection:
    """What was found for one photo.

    Attributes:
        w_plus: [num_ws, w_dim].
        noise: noise maps [h, w, 1], one a layer; empty if the network's own are used.
        distances: float32 [steps + 1], from the start to the result.
        psnr: of the result, dB.
        path: w_plus [F, num_ws, w_dim] from the start to the result, at equal intervals.
    """

    w_plus: np.ndarray
    noise: list
    distances: np.ndarray
    psnr: float
    path: np.ndarray

    def photos(self, generator, w_plus=None, batch_size=8):
        """Yields photos [H, W, C] of latents [F, num_ws, w_dim], by default of the result."""
        w_plus = self.w_plus[np.newaxis] if w_plus is None else w_plus
        noise = [noise_map[np.newaxis] for noise_map in self.noise] or "constant"
        for i in range(0, len(w_plus), batch_size):
            images = generator.synthesis(w_plus[i : i + batch_size], noise=noise)
            yield from image_to_photo(images).numpy()


def latent_statistics(generator, seed=0, num=STATISTICS_SAMPLES):
    """The average w [w_dim] and the standard deviation of w, a number (appendix D).

    Classes of a conditional generator have equal shares.
    """
    z = np.random.RandomState(seed).randn(num, generator.z_dim).astype(np.float32)
    labels = None
    if generator.label_dim:
        labels = np.eye(generator.label_dim, dtype=np.float32)[np.arange(num) % generator.label_dim]
    w = generator.mapping(z, labels=labels).numpy()[:, 0]
    average = w.mean(axis=0)
    return average, float(np.sqrt(np.sum(np.square(w - average)) / num))


class Projector:
    """Projects batches of one size; the step is compiled once.

    Args:
        generator: network with `mapping`, `synthesis`, `resolution`, `num_ws` and `w_dim`.
        distance: `ImageDistance` to minimise.
        settings: `ProjectionSettings`.
        batch_size: photos at a time.
        frames: latents to keep for an animation of the process, about.
    """

    def __init__(self, generator, distance, settings=None, batch_size=1, frames=100):
        self.generator, self.distance = generator, distance
        self.settings = settings or ProjectionSettings()
        self.batch_size, self.frames = batch_size, frames
        self.w_avg, self.w_std = latent_statistics(generator, self.settings.seed)
        rows = 1 if self.settings.space == "w" else generator.num_ws
        shapes = generator.synthesis.noise_shapes if self.settings.noise_weight else []
        shapes = [(rows, generator.w_dim), *((h, w, 1) for h, w in shapes)]
        # Latents, then noise maps; and for each Adam's two moments.
        self._variables, self._means, self._squares = (
            [tf.Variable(tf.zeros((batch_size, *shape))) for shape in shapes] for _ in range(3)
        )
        self._step = tf.function(self._step, autograph=False)
        self._features = tf.function(distance.features, autograph=False)
        self._finish = tf.function(self._finish, autograph=False)

    def __call__(self, photos, start=None, on_step=None):
        """Projects photos.

        Args:
            photos: uint8 [N, H, W, C] of the generator's size, N <= batch_size.
            start: w_plus [N, num_ws, w_dim] to start from, or None for the average w.
            on_step: function of no arguments, called after every step.

        Returns:
            [N] `Projection`.

        Raises:
            UserError: the generator's images are not finite.
        """
        count, settings = len(photos), self.settings
        photos = self._filled(photos)
        self._reset(None if start is None else self._filled(np.asarray(start, np.float32)))
        target = self._features(photo_to_image(photos))
        clock = np.zeros(self.batch_size, int)
        turn = math.ceil(settings.steps * (1 - settings.ramp_down))  # where the rate falls
        distances, path, clocks = [], [], []
        while np.any(clock < settings.steps):
            number = len(distances)
            if number % max(settings.steps // max(self.frames, 1), 1) == 0:
                path.append(self._w_plus())
            rate, exploration = settings.schedule(clock)
            distance = self._step(
                target,
                tf.constant(rate, tf.float32),
                tf.constant(exploration * self.w_std, tf.float32),
                tf.constant(number + 1),
            )
            clocks.append(clock)
            distances.append(distance.numpy())
            clock = np.minimum(clock + 1, settings.steps)
            # Not within the first window, where the rate rises.
            if (number + 1) % WINDOW == 0 and number + 1 >= 3 * WINDOW:
                before, after = np.mean(np.split(np.array(distances[-2 * WINDOW :]), 2), axis=1)
                slow = before - after < settings.tolerance * before
                clock = np.where(slow & (clock < turn), turn, clock)
            if on_step is not None:
                on_step()
        images, distance = self._finish(target)
        if not np.all(np.isfinite(images)):
            raise UserError("projection failed: the generator's images are not finite (NaN)")
        psnr = signal_to_noise(image_to_photo(images).numpy(), photos)
        path.append(self._w_plus())
        # A photo that is done waits for the others of its batch.
        busy = np.array(clocks).reshape(-1, self.batch_size) < settings.steps
        distances = np.array(distances).reshape(-1, self.batch_size)
        return [
            Projection(
                w_plus=path[-1][i],
                noise=[noise[i].numpy() for noise in self._variables[1:]],
                distances=np.append(distances[busy[:, i], i], distance[i]).astype(np.float32),
                psnr=float(psnr[i]),
                path=np.stack([w_plus[i] for w_plus in path]),
            )
            for i in range(count)
        ]

    def _filled(self, rows):
        """Fills a batch up, so that one graph is compiled."""
        return np.concatenate([rows, np.repeat(rows[-1:], self.batch_size - len(rows), axis=0)])

    def _reset(self, start):
        w, *noise = self._variables
        if start is None:
            start = np.broadcast_to(self.w_avg, w.shape)
        elif self.settings.space == "w":
            start = start.mean(axis=1, keepdims=True)
        w.assign(start)
        for i, noise_map in enumerate(noise):
            draw = tf.random.stateless_normal(noise_map.shape[1:], (self.settings.seed, i))
            noise_map.assign(tf.broadcast_to(draw, noise_map.shape))
        for moment in (*self._means, *self._squares):
            moment.assign(tf.zeros(moment.shape))

    def _w_plus(self):
        return np.repeat(self._variables[0].numpy(), self._repeats, axis=1)

    @property
    def _repeats(self):
        return self.generator.num_ws // self._variables[0].shape[1]

    def _images(self, w):
        w_plus = tf.repeat(w, self._repeats, axis=1)
        return self.generator.synthesis(w_plus, noise=self._variables[1:] or "constant")

    def _finish(self, target):
        """Images and distances of the result."""
        images = self._images(tf.convert_to_tensor(self._variables[0]))
        return images, self.distance.compare(self.distance.features(images), target)

    def _step(self, target, rate, exploration, number):
        """One step with rates [N] and deviations [N]; distances [N] before it."""
        w, *noise = self._variables
        # The same for every photo, so that none depends on its neighbours.
        draw = tf.random.stateless_normal(w.shape[1:], tf.stack([-1 - self.settings.seed, number]))
        with tf.GradientTape() as tape:
            images = self._images(w + exploration[:, tf.newaxis, tf.newaxis] * draw)
            distance = self.distance.compare(self.distance.features(images), target)
            similarity = [self_similarity(noise_map) for noise_map in noise]
            loss = tf.reduce_sum(distance)
            if noise:
                loss += self.settings.noise_weight * tf.reduce_sum(tf.add_n(similarity))
        gradients = tape.gradient(loss, self._variables)
        adam_step(self._variables, self._means, self._squares, gradients, number, rate)
        for noise_map in noise:
            noise_map.assign(normalized(noise_map))
        return distance


def adam_step(variables, means, squares, gradients, number, rate):
    """A step of Adam for each photo by itself: variables and their moments change in place.

    Args:
        variables, means, squares: lists of `tf.Variable` [N, …].
        gradients: list of tensors.
        number: of the step, from 1.
        rate: learning rate, a number or [N].
    """
    number = tf.cast(number, tf.float32)
    correction = tf.sqrt(1 - BETA_2**number) / (1 - BETA_1**number)
    for variable, mean, square, gradient in zip(variables, means, squares, gradients, strict=True):
        mean.assign(BETA_1 * mean + (1 - BETA_1) * gradient)
        square.assign(BETA_2 * square + (1 - BETA_2) * tf.square(gradient))
        change = correction * mean / (tf.sqrt(square) + EPSILON)
        rates = tf.reshape(rate, [-1] + [1] * (len(variable.shape) - 1))
        variable.assign_sub(rates * change)


def self_similarity(noise):
    """How much noise maps [N, h, w, 1] look like themselves, moved by one pixel: [N].

    Sum over scales, halved down to 8 px, and over both axes of the squared mean of a map times
    the map moved (appendix D, L_ij; maps are averaged without a factor of 2, as in the published
    code, for which the weight of 1e5 was chosen).
    """
    total = 0.0
    while True:
        for axis in (1, 2):
            product = tf.reduce_mean(noise * tf.roll(noise, 1, axis), axis=(1, 2, 3))
            total += tf.square(product)
        if min(noise.shape[1:3]) < 2 * COARSEST_NOISE:
            return total
        noise = tf.nn.avg_pool2d(noise, 2, 2, "VALID")


def normalized(noise):
    """Noise maps [N, h, w, 1] with mean 0 and mean square 1 each."""
    noise = noise - tf.reduce_mean(noise, axis=(1, 2, 3), keepdims=True)
    return noise * tf.math.rsqrt(tf.reduce_mean(tf.square(noise), axis=(1, 2, 3), keepdims=True))
