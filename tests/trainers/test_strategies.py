"""One replica, two replicas, two processes: the same training.

Two processes on loopback use TensorFlow's own `MultiWorkerMirroredStrategy`. Each test compares
the weights of all networks, averages and optimisers after steps with every phase.
"""

import json
import os
import socket
import subprocess
import sys

import numpy as np
import pytest

STEPS = 8


def start(strategy, out, steps, *state, method="stylegan2", tf_config=None):
    """Starts `tests.trainers.train_replicas` as a process."""
    env = {**os.environ, "CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "3"}
    env.pop("TF_CONFIG", None)
    if tf_config:
        env["TF_CONFIG"] = json.dumps(tf_config)
    command = [sys.executable, "-m", "tests.trainers.train_replicas"]
    command += [method, strategy, out, steps, *state]
    return subprocess.Popen(
        [str(part) for part in command], env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )


def finish(*processes):
    for process in processes:
        output, _ = process.communicate(timeout=600)
        assert process.returncode == 0, output.decode()[-3000:]


def assert_same_weights(actual, expected, rtol):
    actual, expected = np.load(actual), np.load(expected)
    assert set(actual) == set(expected)
    for name in expected:
        scale = np.abs(expected[name]).max()
        error = np.abs(actual[name].astype(np.float64) - expected[name]).max()
        assert error <= rtol * scale + 1e-7, (name, error, scale)


@pytest.fixture(scope="module")
def one_replica(tmp_path_factory):
    folder = tmp_path_factory.mktemp("strategies")
    finish(start("one", folder / "one.npz", STEPS))
    return folder / "one.npz"


def test_two_replicas_train_like_one(one_replica):
    out = one_replica.with_name("two.npz")
    finish(start("cpu:2", out, STEPS))
    assert_same_weights(out, one_replica, rtol=1e-4)


@pytest.mark.large
def test_two_replicas_grow_like_one(tmp_path):
    """A stage at 8 px, and half of one that fades 16 px in, with penalties in every step."""
    one, two = tmp_path / "one.npz", tmp_path / "two.npz"
    finish(start("one", one, 3, method="stylegan"), start("cpu:2", two, 3, method="stylegan"))
    assert_same_weights(two, one, rtol=1e-4)


@pytest.mark.large
def test_two_replicas_edit_latents_like_one(tmp_path):
    """ISF-GAN: faces, targets and noise are those of the whole batch, and so is the limit."""
    one, two = tmp_path / "one.npz", tmp_path / "two.npz"
    finish(start("one", one, 3, method="isf_gan"), start("cpu:2", two, 3, method="isf_gan"))
    assert_same_weights(two, one, rtol=1e-4)


@pytest.mark.large
def test_two_replicas_train_a_stylemapgan_like_one(tmp_path):
    one, two = tmp_path / "one.npz", tmp_path / "two.npz"
    finish(start("one", one, 3, method="stylemapgan"), start("cpu:2", two, 3, method="stylemapgan"))
    assert_same_weights(two, one, rtol=1e-4)


@pytest.mark.large
def test_two_replicas_normalize_a_batch_like_one(tmp_path):
    """DCGAN: batch norm reads the pictures of both replicas, and so do its moving statistics."""
    one, two = tmp_path / "one.npz", tmp_path / "two.npz"
    finish(start("one", one, 3, method="dcgan"), start("cpu:2", two, 3, method="dcgan"))
    assert_same_weights(two, one, rtol=1e-4)


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    try:
        for item in sockets:
            item.bind(("localhost", 0))
        return [item.getsockname()[1] for item in sockets]
    finally:
        for item in sockets:
            item.close()


def run_two_workers(out, steps, state):
    workers = [f"localhost:{port}" for port in free_ports(2)]
    finish(
        *(
            start(
                "multiworker",
                out,
                steps,
                state,
                tf_config={
                    "cluster": {"worker": workers},
                    "task": {"type": "worker", "index": index},
                },
            )
            for index in range(2)
        )
    )


def test_two_processes_train_save_and_resume_like_one(one_replica):
    out, state = one_replica.with_name("workers.npz"), one_replica.with_name("state")
    run_two_workers(out, STEPS // 2, state)
    run_two_workers(out, STEPS, state)
    assert_same_weights(out, one_replica, rtol=1e-4)
