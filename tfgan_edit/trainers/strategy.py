"""Where a run computes: one device, several replicas, several machines.

`strategy` names: auto | one | cpu:N | mirrored | multiworker | tpu.
"""

import os
import re

import tensorflow as tf

from tfgan_edit.config import UserError

STRATEGIES = "auto, one, cpu:N, mirrored, multiworker or tpu"


def make_strategy(name="auto"):
    """Returns the `tf.distribute.Strategy` of a name.

    auto: `multiworker` if the environment variable TF_CONFIG names workers, `mirrored` for
    several GPUs, else one device. cpu:N splits the processor into N logical devices; it must
    be the first thing that a process does with TensorFlow.

    Raises:
        UserError: unknown name, or devices that this machine does not have.
    """
    gpus = tf.config.list_physical_devices("GPU")
    if name == "auto":
        if os.environ.get("TF_CONFIG"):
            name = "multiworker"
        else:
            name = "mirrored" if len(gpus) > 1 else "one"
    for gpu in gpus:
        tf.config.experimental.set_memory_growth(gpu, True)
    if name == "one":
        return tf.distribute.get_strategy()
    if match := re.fullmatch(r"cpu:(\d+)", name):
        return tf.distribute.MirroredStrategy(_logical_cpus(int(match[1])))
    if name == "mirrored":
        return tf.distribute.MirroredStrategy()
    if name == "multiworker":
        if not os.environ.get("TF_CONFIG"):
            raise UserError(
                "strategy 'multiworker' needs the environment variable TF_CONFIG with the "
                "cluster's workers and this task; see docs/clusters.md"
            )
        try:
            return tf.distribute.MultiWorkerMirroredStrategy()
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            reason = " ".join(str(error).split())
            raise UserError(f"the environment variable TF_CONFIG is wrong: {reason}") from error
    if name == "tpu":
        try:
            resolver = tf.distribute.cluster_resolver.TPUClusterResolver()
            tf.config.experimental_connect_to_cluster(resolver)
            tf.tpu.experimental.initialize_tpu_system(resolver)
        except (ValueError, tf.errors.OpError) as error:
            reason = " ".join(str(error).split())
            raise UserError(f"strategy 'tpu' found no TPU: {reason}") from error
        return tf.distribute.TPUStrategy(resolver)
    raise UserError(f"strategy {name!r} is unknown: use {STRATEGIES}")


def _logical_cpus(count):
    if count < 1:
        raise UserError(f"strategy 'cpu:{count}' needs at least one device: use cpu:1, cpu:2, …")
    cpu = tf.config.list_physical_devices("CPU")[0]
    devices = [tf.config.LogicalDeviceConfiguration()] * count
    if tf.config.get_logical_device_configuration(cpu) != devices:
        try:
            tf.config.set_logical_device_configuration(cpu, devices)
        except RuntimeError as error:
            raise UserError(
                f"strategy 'cpu:{count}' must be chosen before TensorFlow starts its devices"
            ) from error
    return [f"CPU:{i}" for i in range(count)]


def is_chief(strategy):
    """True in the one process that writes files."""
    resolver = strategy.cluster_resolver
    if resolver is None or not resolver.task_type or not resolver.cluster_spec():
        return True
    workers = resolver.cluster_spec().as_dict()
    if "chief" in workers:
        return resolver.task_type == "chief"
    return resolver.task_type == "worker" and resolver.task_id == 0


def num_workers(strategy):
    """Number of processes that take part."""
    return getattr(strategy.extended, "_num_workers", 1) or 1


def largest_of_workers(strategy, number):
    """The largest of the integers that the processes of a strategy pass in."""
    replicas = strategy.gather(strategy.run(lambda: tf.reshape(tf.constant(number), [1])), axis=0)
    return int(tf.reduce_max(replicas))


def default_jit(setting):
    """`auto | on | off` -> bool. auto: on for GPU and TPU; on CPUs XLA is slower."""
    if setting == "auto":
        accelerators = tf.config.list_physical_devices("GPU")
        accelerators += tf.config.list_physical_devices("TPU")
        return bool(accelerators)
    if setting not in ("on", "off"):
        raise UserError(f"jit_compile must be auto, on or off. Received: {setting!r}")
    return setting == "on"


def across_replicas(update, *args):
    """Calls `update(strategy, *args)` once for all replicas, from inside a replica."""
    return tf.distribute.get_replica_context().merge_call(update, args=args)


def assign_everywhere(strategy, variable, function, *args):
    """Sets every replica's copy of a Keras variable to `function(copy, *args)`."""

    def assign(copy, *values):
        return copy.assign(tf.cast(function(copy, *values), copy.dtype))

    args = tuple(getattr(arg, "value", arg) for arg in args)
    return strategy.extended.update(variable.value, assign, args=args)
