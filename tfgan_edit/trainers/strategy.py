"""Where a run computes: one device, several replicas, several machines.

`strategy` names: auto | one | cpu:N | mirrored | multiworker | tpu.
"""

import os
import platform
import re
from pathlib import Path

import tensorflow as tf

from tfgan_edit.config import UserError

# Processors that multiply bfloat16 in hardware; without it the products take twice the time of
# float32.
BFLOAT16_FLAGS = {"avx512_bf16", "amx_bf16"}
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


def make_deterministic():
    """Lets every operation give the same bits at every run, at the cost of speed.

    On processors they do so anyway; on GPUs sums in the gradients of convolutions and gathers do
    not. To be called before the first operation. The number of replicas changes the order of sums
    and with it the last bits, with this and without.
    """
    tf.config.experimental.enable_op_determinism()


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


def default_precision(setting):
    """`auto` -> the fastest precision of this machine that keeps quality; others as they are.

    GPUs: mixed_bfloat16 from compute capability 8 on, mixed_float16 from 7 on (tensor cores),
    float32 below. TPUs: mixed_bfloat16. CPUs: mixed_bfloat16 where the processor has such
    products, else float32.
    """
    if setting != "auto":
        return setting
    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        details = [tf.config.experimental.get_device_details(gpu) for gpu in gpus]
        oldest = min(tuple(d.get("compute_capability") or (0, 0)) for d in details)
        if oldest < (7, 0):
            return "float32"
        return "mixed_bfloat16" if oldest >= (8, 0) else "mixed_float16"
    if tf.config.list_physical_devices("TPU"):
        return "mixed_bfloat16"
    return "mixed_bfloat16" if BFLOAT16_FLAGS & processor()[1] else "float32"


def processor():
    """(name, set of flags) of the processor, as Linux tells them."""
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        text = ""
    name = re.search(r"^model name\s*: (.+)$", text, re.MULTILINE)
    flags = re.search(r"^(?:flags|Features)\s*: (.+)$", text, re.MULTILINE)
    return (
        name[1] if name else platform.processor() or platform.machine(),
        set(flags[1].split()) if flags else set(),
    )


def across_replicas(update, *args):
    """Calls `update(strategy, *args)` once for all replicas, from inside a replica."""
    return tf.distribute.get_replica_context().merge_call(update, args=args)


def assign_everywhere(strategy, variable, function, *args):
    """Sets every replica's copy of a Keras variable to `function(copy, *args)`."""

    def assign(copy, *values):
        return copy.assign(tf.cast(function(copy, *values), copy.dtype))

    args = tuple(getattr(arg, "value", arg) for arg in args)
    return strategy.extended.update(variable.value, assign, args=args)
