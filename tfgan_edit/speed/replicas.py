"""Table "replicas": what distribution costs, and that it changes nothing."""

import contextlib
import dataclasses
import json
import os
import socket
import tempfile

import numpy as np
import tensorflow as tf

from tfgan_edit.data import prepare
from tfgan_edit.run import Run
from tfgan_edit.speed import training
from tfgan_edit.speed.child import Child
from tfgan_edit.speed.measurement import Table, alternate, median_gain, row

COUNTS = (1, 2, 4, 8)
COMPARED_STEPS = 3  # after which the weights are compared; the first has all phases


def measure(config, settings):
    """Images/s of one replica, of several, and of two processes, at the same global batch.

    Every setting is a process (or two) of its own, all alive at the same time, that measures in
    turn. Minibatch statistics, which each replica computes of its own samples, are switched off.
    """
    gpus = len(tf.config.list_physical_devices("GPU"))
    trainer = dataclasses.replace(config.trainer, num_stddev_channels=0)
    config = dataclasses.replace(config, trainer=trainer)
    prepare(config.data)
    rows, notes = [], []
    for precision in settings.precisions:
        sized = dataclasses.replace(config, precision=precision)
        with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
            groups = {
                name: [stack.enter_context(child) for child in children]
                for name, children in _groups(sized, settings.steps, folder, gpus).items()
            }
            functions = {name: _turn(children) for name, children in groups.items()}
            values = alternate(functions, settings.repeats)
            for number, (name, speeds) in enumerate(values.items()):
                gain = median_gain(speeds, values["1 replica"], "images/s")
                more = {
                    "efficiency": gain / (int(name.split()[0]) if gpus else 1),
                    "largest difference of weights": _difference(folder, number),
                }
                rows.append(row(name, precision, speeds, "images/s", **more))
    cores = os.cpu_count()
    if gpus:
        notes.append("efficiency: images/s over those of one GPU times their number")
    else:
        notes.append(
            f"all share the machine's {cores} cores, so that 1 is the best possible efficiency "
            "(images/s over those of one replica): what is missing is the price of distribution"
        )
    notes.append(
        f"difference: max |a - b| over all weights and averages after {COMPARED_STEPS} steps, to "
        f"one replica; global batch {config.batch_size}; no minibatch statistic"
    )
    return Table(rows, notes)


def train(config, steps, weights):
    """In the child: trains, saves `weights` (.npz; one process does), then yields images/s."""
    run = Run(config)
    batches = run.batches(0)
    for _ in range(COMPARED_STEPS):
        run.trainer.step_function(next(batches))
    if run.chief:
        networks = [*run.trainer.networks.values(), *run.trainer.averages.values()]
        np.savez(weights, *[v.numpy() for network in networks for v in network.weights])
    once = training.steps(run, steps, run.trainer.main_phases())
    while True:
        yield once()


def _groups(config, steps, folder, gpus):
    """{name: children that measure together}."""
    groups = {}

    def start(name, strategy, environments):
        setting = dataclasses.replace(config, strategy=strategy)
        weights = f"{folder}/{len(groups)}.npz"
        groups[name] = [
            Child.of(name, train, setting, steps, weights, environment=environment)
            for environment in environments
        ]

    for count in COUNTS:
        if config.batch_size % count or (gpus and count > gpus):
            continue
        name = f"{count} replica{'s' if count > 1 else ''}"
        if gpus:
            devices = ",".join(str(i) for i in range(count))
            strategy = "mirrored" if count > 1 else "one"
            start(name, strategy, [{"TF_CONFIG": None, "CUDA_VISIBLE_DEVICES": devices}])
        elif count <= 4:
            start(name, f"cpu:{count}" if count > 1 else "one", [{"TF_CONFIG": None}])
    if not gpus and config.batch_size % 2 == 0:
        start("2 processes", "multiworker", _cluster(2))
    return groups


def _cluster(count):
    """Environments of `count` workers on this machine."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for item in sockets:
            item.bind(("localhost", 0))
        workers = [f"localhost:{item.getsockname()[1]}" for item in sockets]
    return [
        {
            "TF_CONFIG": json.dumps(
                {"cluster": {"worker": workers}, "task": {"type": "worker", "index": index}}
            )
        }
        for index in range(count)
    ]


def _turn(children):
    """Function: one repeat of processes that step together; the first one's figure."""

    def once():
        for child in children:
            child.ask()
        return [child.answer() for child in children][0]

    return once


def _difference(folder, number):
    with np.load(f"{folder}/0.npz") as one, np.load(f"{folder}/{number}.npz") as other:
        return float(max(np.abs(one[name] - other[name]).max() for name in one.files))
