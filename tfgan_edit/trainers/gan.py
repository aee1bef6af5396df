"""What all trainers share: phases, gradients, optimisers, averages of weights.

A trainer is a `keras.Model` that owns networks, their averaged copies and their optimisers. A
*phase* is a set of losses stepped together at an interval (lazy regularisation, arXiv 1912.04958,
section 3.1). Which phases a step has is decided in Python, by the step number, and every
combination is compiled once: an optimiser inside `tf.cond` does not work on several replicas.
"""

import math
import types
from typing import NamedTuple

import keras
import tensorflow as tf

from tfgan_edit.config import UserError
from tfgan_edit.trainers.randomness import StepRandom
from tfgan_edit.trainers.strategy import across_replicas, assign_everywhere

PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16")
LATE = 2**31 - 1  # a step behind all beginnings; a prime, so that no lazy phase is due
LOSS_SCALE_GROWTH = 2000  # finite steps before the scale doubles (arXiv 1710.03740, section 3.2)


class Phase(NamedTuple):
    """Losses stepped together: by which optimisers, and every how many steps."""

    name: str
    optimizers: str | tuple[str, ...]
    interval: int = 1

    @property
    def optimizer_names(self):
        """Tuple of the names in `optimizers`."""
        return (self.optimizers,) if isinstance(self.optimizers, str) else self.optimizers


class GANTrainer(keras.Model):
    """Base of the trainers.

    A subclass passes its networks and defines `average_decay` and
    `phase_loss(phase, batch, random) -> (loss [n], logs, updates)`: the loss per sample, a
    dictionary of scalars to show, and [(variable, new value)] for statistics outside the
    optimiser.

    Args:
        networks: {name: keras.Model} that learn.
        averaged: names of the networks of which a moving average is kept, in `self.averages`.
        phases: [Phase], in their order within a step.
        optimizers: {name: Keras optimiser}, of a network, of a group, or of what
            `optimized_weights` knows.
        groups: {name: names of networks that are stepped together}.
        seed: of all draws in training.
        micro_batch: samples of one replica that are computed at once; None for all.
        jit_compile: whether XLA compiles the gradients of each phase.
        loss_scaling: dynamic loss scaling, for float16.
    """

    def __init__(
        self,
        networks,
        *,
        averaged,
        phases,
        optimizers,
        groups=None,
        seed=0,
        micro_batch=None,
        jit_compile=False,
        loss_scaling=False,
        name=None,
    ):
        super().__init__(name=name)
        self.networks = dict(networks)
        for key, network in self.networks.items():
            setattr(self, key, network)
        self.averages = {}
        for key in averaged:
            copy = type(self.networks[key]).from_config(self.networks[key].get_config())
            copy.set_weights(self.networks[key].get_weights())
            copy.trainable = False
            setattr(self, f"average_{key}", copy)
            self.averages[key] = copy
        self.groups = {key: (key,) for key in self.networks} | (groups or {})
        self.phases = list(phases)
        self.optimizers = dict(optimizers)
        for key, optimizer in self.optimizers.items():
            optimizer.build(self.optimized_weights(key))
            setattr(self, f"optimizer_{key}", optimizer)
        self.seed = seed
        self.micro_batch = micro_batch
        self.jit_phases = jit_compile
        self.step = self.add_weight(name="step", shape=(), dtype="int64", trainable=False)
        self.images_seen = self.add_weight(
            name="images_seen", shape=(), dtype="int64", trainable=False
        )
        self.loss_scaling = loss_scaling
        if loss_scaling:
            self.loss_scale = self.add_weight(
                name="loss_scale",
                shape=(),
                initializer=keras.initializers.Constant(2.0**15),
                trainable=False,
            )
            self.finite_steps = self.add_weight(
                name="finite_steps", shape=(), dtype="int64", trainable=False
            )
        self.active_phases = tuple(phase.name for phase in self.phases)
        self.step_functions = {}
        # {phase: (names of logs, variables of updates)}; hidden from Keras' tracking
        self._traced = types.SimpleNamespace(outputs={})
        self.built = True

    # === Interface of the subclasses ===

    def phase_loss(self, phase, batch, random):
        """(loss [n], logs, updates) of a phase, by its name, on a batch; see the class."""
        raise NotImplementedError

    def average_decay(self, images_seen, batch_size):
        """Factor on the old average, after a step of `batch_size` images."""
        raise NotImplementedError

    def optimized_weights(self, name):
        """What the optimiser of that name steps: the weights of a network or of a group."""
        return [
            weight
            for network in self.groups[name]
            for weight in self.networks[network].trainable_variables
        ]

    drawing_network = None  # the one that metrics let draw pictures from latents
    picture_size = None  # (height, width) of what `sampler` draws; None for that of the data
    pictures_per_sample = 1  # side by side in what `sampler` draws

    def sampler(self, examples, seed):
        """What a run's sample pictures show.

        Args:
            examples: batch of N elements of the data, in its order, as NumPy arrays.
            seed: of what is drawn beside them.

        Returns:
            (reference, draw): pictures of the data, and a function of no arguments that draws
            with the averaged networks; both uint8 or float in [-1, 1], [N, H, k · W, C] with
            k = 1 and `pictures_per_sample`.
        """
        raise NotImplementedError

    def metadata(self):
        """What a preset of these networks should say besides what is known of every run."""
        return {}

    max_gradient_norm = None  # gradients of a phase, as one vector, are shortened to it

    # === One step ===

    def phases_at(self, step):
        """Names of the phases of a step: every phase at step 0, then by interval."""
        return tuple(p.name for p in self.phases if step % p.interval == 0)

    def main_phases(self):
        """Names of the phases of a late step in which no lazy phase is due."""
        return self.phases_at(LATE)

    def heaviest_phases(self):
        """Names of the phases of a late step in which all lazy phases are due."""
        return self.phases_at(LATE * math.lcm(*(p.interval for p in self.phases)))

    def phases_with(self, lazy):
        """Names of the phases of a late step in which this lazy phase, and no other, is due."""
        interval = next(p.interval for p in self.phases if p.name == lazy)
        due = self.phases_at(LATE * interval)
        return tuple(
            p.name
            for p in self.phases
            if p.name in due and (p.interval == 1 or p.name == lazy)
        )

    def train_step(self, batch):
        """One step of one replica: the active phases in order, then the averages.

        Args:
            batch: {"photos": uint8 or "images": float [n, H, W, C], "labels": [n, L] optional}.

        Returns:
            {name: scalar}, the mean over micro-batches and this replica.
        """
        random = self.step_random()
        size = next(iter(batch.values())).shape[0]
        logs = {}
        for phase in self.phases:
            if phase.name in self.active_phases:
                logs.update(self._run_phase(phase, batch, random.within(phase.name)))
        across_replicas(self._finish_step, size * random.num_parts)
        return logs

    def step_random(self):
        """Random numbers of this step and replica."""
        replica = tf.distribute.get_replica_context()
        replicas = replica.num_replicas_in_sync
        part = replica.replica_id_in_sync_group if replicas > 1 else 0
        return StepRandom(self.seed, self.step.value, part, replicas)

    def _run_phase(self, phase, batch, random):
        size = next(iter(batch.values())).shape[0]
        micro = size if self.micro_batch is None else min(self.micro_batch, size)
        if size % micro:
            raise ValueError(
                f"micro_batch must divide the {size} samples of a replica. Received: {micro}"
            )
        parts = size // micro
        compute = self._gradient_function(phase, random, parts)
        gradients = logs = updates = None
        for i in range(parts):
            rows = {key: value[i * micro : (i + 1) * micro] for key, value in batch.items()}
            # One micro-batch after the other, so that only one is in memory: all that its
            # losses are made of, photos and random numbers, waits for the gradients before it.
            with tf.control_dependencies([] if gradients is None else gradients):
                rows = {key: tf.identity(value) for key, value in rows.items()}
                step = tf.identity(self.step.value)
            result = compute(rows, step, tf.convert_to_tensor(random.part * parts + i))
            if gradients is None:
                gradients, logs, updates = result
            else:
                gradients, logs, updates = (
                    [a + b for a, b in zip(old, new, strict=True)]
                    for old, new in zip((gradients, logs, updates), result, strict=True)
                )
        names, variables = self._traced.outputs[phase.name]
        with tf.name_scope("check_gradients"):
            gradients, nonfinite = self._sanitize(gradients)
        if self.max_gradient_norm is not None:
            gradients = _shortened(gradients, self.max_gradient_norm)
        start = 0
        for name in phase.optimizer_names:
            weights = self.optimized_weights(name)
            self.optimizers[name].apply(gradients[start : start + len(weights)], weights)
            start += len(weights)
        if updates:
            means = tf.distribute.get_replica_context().all_reduce("mean", updates)
            across_replicas(self._assign_updates, variables, [m / parts for m in means])
        logs = {name: value / parts for name, value in zip(names, logs, strict=True)}
        return {**logs, f"Nonfinite/{phase.name}": nonfinite}

    def _gradient_function(self, phase, random, parts):
        """Function of (batch, step, part of the global batch) -> (gradients, logs, updates).

        Sums over parts and replicas are means over the global batch.
        """
        replicas = tf.distribute.get_replica_context().num_replicas_in_sync
        weights = [w for name in phase.optimizer_names for w in self.optimized_weights(name)]

        def compute(batch, step, part):
            num_parts = random.num_parts * parts
            draws = StepRandom(random.seed, step, part, num_parts, f"{random.scope}/")
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                for weight in weights:
                    tape.watch(weight.value)
                loss, logs, updates = self.phase_loss(phase.name, batch, draws)
                total = tf.reduce_mean(loss) / (parts * replicas)
                if self.loss_scaling:
                    total = total * self.loss_scale.value
            gradients = tape.gradient(total, [weight.value for weight in weights])
            gradients = [
                tf.zeros(weight.shape) if g is None else g
                for g, weight in zip(gradients, weights, strict=True)
            ]
            # Python-side names, the same at every trace.
            self._traced.outputs[phase.name] = (list(logs), [v for v, _ in updates])
            values = [tf.cast(tf.reduce_mean(v), tf.float32) for v in logs.values()]
            return gradients, values, [tf.convert_to_tensor(v) for _, v in updates]

        if replicas > 1 and phase.name in self.collective_phases:
            return compute  # no function of its own may hold a collective between replicas
        if self.jit_phases:
            return tf.function(compute, jit_compile=True, autograph=False)
        if parts > 1:  # one graph for all parts: a copy each would take the memory they save
            noinline = {"_noinline": True}
            return tf.function(compute, autograph=False, experimental_attributes=noinline)
        return compute

    def _sanitize(self, gradients):
        """Removes what is not finite; the count is over this replica's gradients.

        With loss scaling, one such number makes all gradients zero (on every replica) and
        halves the scale. Without, NaN becomes 0 and ±inf ±1e5, as in StyleGAN2-ADA.
        """
        # One pass over gradients that are finite: their sum of squares tells.
        finite = tf.math.is_finite(tf.add_n([tf.nn.l2_loss(g) for g in gradients]))
        count = tf.cond(finite, lambda: 0.0, lambda: _count_nonfinite(gradients))
        if self.loss_scaling:
            total = tf.distribute.get_replica_context().all_reduce("sum", count)
            finite = tf.equal(total, 0)
            scale = self.loss_scale.value
            gradients = [tf.where(finite, g / scale, tf.zeros_like(g)) for g in gradients]
            across_replicas(self._update_loss_scale, finite)
            return gradients, count
        repaired = tf.cond(finite, lambda: gradients, lambda: [_repair(g) for g in gradients])
        return repaired, count

    # === Across replicas ===

    def _update_loss_scale(self, strategy, finite):
        def grown(scale, steps, finite):
            doubled = tf.minimum(scale * 2.0, 2.0**24)
            grow = steps + 1 >= LOSS_SCALE_GROWTH
            return tf.where(finite, tf.where(grow, doubled, scale), tf.maximum(scale / 2.0, 1.0))

        def counted(steps, finite):
            grow = steps + 1 >= LOSS_SCALE_GROWTH
            return tf.where(finite & ~grow, steps + 1, tf.zeros_like(steps))

        assign_everywhere(strategy, self.loss_scale, grown, self.finite_steps, finite)
        assign_everywhere(strategy, self.finite_steps, counted, finite)

    def _assign_updates(self, strategy, variables, values):
        for variable, value in zip(variables, values, strict=True):
            assign_everywhere(strategy, variable, _replace_if_finite, value)

    def _finish_step(self, strategy, batch_size):
        batch_size = strategy.experimental_local_results(batch_size)[0]
        if self.averages:
            seen = tf.cast(self.images_seen.value, tf.float32)
            decay = self.average_decay(seen, float(batch_size))
            for key, average in self.averages.items():
                self._update_average(strategy, average, self.networks[key], decay)
        assign_everywhere(strategy, self.step, lambda copy: copy + 1)
        assign_everywhere(strategy, self.images_seen, lambda copy: copy + batch_size)

    def _update_average(self, strategy, average, network, decay):
        """Weights that learn are averaged; statistics and noise maps are copied."""
        learned = {id(v) for v in network.trainable_variables}
        with tf.name_scope("average"):
            for old, new in zip(average.weights, network.weights, strict=True):
                function = _interpolate if id(new) in learned else _replace
                assign_everywhere(strategy, old, function, new, decay)

    def half_life_decay(self, kimg, images_seen, batch_size):
        """0.5^(batch / half-life), with as short a half-life at first as a tenth of the images."""
        half_life = tf.minimum(kimg * 1000, 0.1 * images_seen)
        return 0.5 ** (batch_size / tf.maximum(half_life, 1e-8))

    # === Running ===

    collective_phases = ()  # phases whose loss reduces over replicas

    def compile(self):
        """Prepares for `fit`; optimisers and losses are arguments of the constructor."""
        super().compile(jit_compile=False)  # `jit_phases` compiles what XLA can compile

    def enter(self, step):
        """Called before a step (None: the current one), outside of the replicas.

        A trainer whose graph changes with the step empties `step_functions` here.
        """

    def step_function(self, batch, phases=None, step=None):
        """One global step from outside of the replicas: {name: mean over replicas}.

        Args:
            batch: as in `train_step`, for all replicas together.
            phases: names of the phases to run; default those of the step.
            step: its number, where the caller knows it: asking the device means to wait for it.
        """
        if phases is None:
            step = self.current_step() if step is None else step
            phases = self.phases_at(step)
        phases = tuple(phases)
        self.enter(step)
        if phases not in self.step_functions:
            self.step_functions[phases] = self._trace(phases)
        return self.step_functions[phases](batch)

    def phase_of_log(self, name):
        """Which phase a log comes from."""
        for phase, (names, _) in self._traced.outputs.items():
            if name in names:
                return phase
        return "unknown"

    def current_step(self):
        """Number of steps taken."""
        return int(self.step.numpy())

    def _trace(self, phases):
        strategy = self.distribute_strategy

        @tf.function(autograph=False)
        def step(batch):
            self.active_phases = phases
            logs = strategy.run(self.train_step, (batch,))
            return {
                name: strategy.reduce("mean", value, axis=None) for name, value in logs.items()
            }

        return step

    def make_train_function(self, force=False):
        """`fit` runs the same steps as the `train` verb."""
        if force:
            self.step_functions = {}
        latest = {}  # a step has the logs of its phases; an epoch should show all

        def train_function(iterator):
            latest.update(self.step_function(next(iterator)))
            return dict(latest)

        self.train_function = train_function
        return train_function


def check_micro_batch(config, *, batch_size, num_replicas):
    """Returns how many images of a replica are computed at once.

    Raises:
        UserError: `config.micro_batch` does not divide them.
    """
    local = batch_size // num_replicas
    micro = local if config.micro_batch is None else min(config.micro_batch, local)
    if local % micro:
        raise UserError(
            f"trainer.micro_batch {config.micro_batch} does not divide the {local} images of "
            f"a replica (batch_size {batch_size} on {num_replicas}): choose a divisor"
        )
    return micro


def _count_nonfinite(gradients):
    return tf.add_n([tf.reduce_sum(tf.cast(~tf.math.is_finite(g), tf.float32)) for g in gradients])


def _shortened(gradients, limit):
    """Gradients whose sum over replicas is no longer than `limit`, all as one vector.

    Keras' `global_clipnorm` would look at each replica's part alone.
    """
    replica = tf.distribute.get_replica_context()
    together = gradients
    if replica.num_replicas_in_sync > 1:
        together = replica.all_reduce("sum", gradients)
    factor = tf.minimum(limit / (tf.linalg.global_norm(together) + 1e-6), 1.0)
    return [factor * gradient for gradient in gradients]


def _repair(gradient):
    gradient = tf.where(tf.math.is_nan(gradient), tf.zeros_like(gradient), gradient)
    return tf.where(tf.math.is_inf(gradient), 1e5 * tf.sign(gradient), gradient)


def _interpolate(old, new, decay):
    return new + tf.cast(decay, new.dtype) * (old - new)


def _replace(old, new, *ignored):
    return new


def _replace_if_finite(old, new):
    """One bad batch must not end a moving average for good."""
    return tf.where(tf.math.is_finite(new), new, old)
