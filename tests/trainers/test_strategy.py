"""Names of strategies, who writes files, and when XLA compiles."""

import subprocess
import sys
import types

import pytest
import tensorflow as tf
from tensorflow.python.training.server_lib import ClusterSpec

from tfgan_edit.config import UserError
from tfgan_edit.trainers import strategy as module
from tfgan_edit.trainers.strategy import (
    default_jit,
    default_precision,
    is_chief,
    make_strategy,
    num_workers,
)


@pytest.fixture(autouse=True)
def no_cluster(monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)


@pytest.mark.parametrize("name", ["auto", "one"])
def test_one_device_needs_no_strategy(name):
    strategy = make_strategy(name)
    assert strategy is tf.distribute.get_strategy()
    assert strategy.num_replicas_in_sync == 1
    assert is_chief(strategy)
    assert num_workers(strategy) == 1


@pytest.mark.parametrize(
    "name, words",
    [
        ("cluster", "strategy 'cluster' is unknown: use auto, one, cpu:N, mirrored"),
        ("", "strategy '' is unknown"),
        ("cpu", "strategy 'cpu' is unknown"),
        ("cpu:two", "strategy 'cpu:two' is unknown"),
        ("cpu:0", "needs at least one device: use cpu:1"),
        ("multiworker", "needs the environment variable TF_CONFIG"),
        ("cpu:2", "must be chosen before TensorFlow starts its devices"),
    ],
)
def test_names_that_do_not_work_are_one_line(name, words):
    tf.zeros([])  # starts the devices
    with pytest.raises(UserError) as caught:
        make_strategy(name)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_tpu_is_one_line(monkeypatch):
    def resolver():
        raise ValueError("Please provide a TPU Name to connect to.\nSecond line.")

    monkeypatch.setattr(tf.distribute.cluster_resolver, "TPUClusterResolver", resolver)
    with pytest.raises(UserError) as caught:
        make_strategy("tpu")
    assert "strategy 'tpu' found no TPU: Please provide a TPU Name" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_several_gpus_are_mirrored(monkeypatch):
    grown = []
    monkeypatch.setattr(
        tf.config, "list_physical_devices", lambda kind: ["a", "b"] if kind == "GPU" else []
    )
    monkeypatch.setattr(
        tf.config.experimental, "set_memory_growth", lambda gpu, on: grown.append((gpu, on))
    )
    monkeypatch.setattr(tf.distribute, "MirroredStrategy", lambda: "mirrored")
    assert make_strategy("auto") == "mirrored"
    assert make_strategy("mirrored") == "mirrored"
    assert set(grown) == {("a", True), ("b", True)}
    assert make_strategy("one") is tf.distribute.get_strategy()


def test_the_environment_chooses_several_machines(monkeypatch):
    monkeypatch.setenv("TF_CONFIG", '{"cluster": {"worker": ["a:1", "b:1"]}}')
    monkeypatch.setattr(tf.distribute, "MultiWorkerMirroredStrategy", lambda: "workers")
    assert make_strategy("auto") == "workers"
    assert make_strategy("multiworker") == "workers"
    assert make_strategy("one") is tf.distribute.get_strategy()


@pytest.mark.parametrize("name", ["auto", "multiworker"])
@pytest.mark.parametrize("value", ["{", '{"cluster": 3}'])
def test_a_wrong_cluster_is_one_line(monkeypatch, name, value):
    monkeypatch.setenv("TF_CONFIG", value)
    with pytest.raises(UserError) as caught:
        make_strategy(name)
    assert "environment variable TF_CONFIG is wrong: " in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_processor_is_split_into_replicas():
    """In a process of its own, where no device has started."""
    code = (
        "from tfgan_edit.trainers.strategy import make_strategy, is_chief, num_workers\n"
        "strategy = make_strategy('cpu:3')\n"
        "again = make_strategy('cpu:3')\n"
        "print(strategy.num_replicas_in_sync, again.num_replicas_in_sync)\n"
        "print(is_chief(strategy), num_workers(strategy))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout == "3 3\nTrue 1\n"


def fake_strategy(cluster, task_type, task_id):
    resolver = types.SimpleNamespace(
        task_type=task_type, task_id=task_id, cluster_spec=lambda: ClusterSpec(cluster)
    )
    return types.SimpleNamespace(cluster_resolver=resolver)


@pytest.mark.parametrize(
    "cluster, task_type, task_id, chief",
    [
        ({"worker": ["a:1", "b:1"]}, "worker", 0, True),
        ({"worker": ["a:1", "b:1"]}, "worker", 1, False),
        ({"chief": ["a:1"], "worker": ["b:1"]}, "chief", 0, True),
        ({"chief": ["a:1"], "worker": ["b:1"]}, "worker", 0, False),
        ({"worker": ["a:1"], "evaluator": ["b:1"]}, "evaluator", 0, False),
        ({"worker": ["a:1"]}, "worker", 0, True),
        ({}, "worker", 1, True),
        ({}, None, None, True),
        ({"worker": ["a:1", "b:1"]}, None, None, True),
    ],
)
def test_one_process_writes_files(cluster, task_type, task_id, chief):
    assert is_chief(fake_strategy(cluster, task_type, task_id)) is chief


def test_without_a_resolver_there_is_one_process():
    assert is_chief(types.SimpleNamespace(cluster_resolver=None))


@pytest.mark.parametrize("kind, expected", [(None, False), ("GPU", True), ("TPU", True)])
def test_xla_compiles_for_accelerators(monkeypatch, kind, expected):
    monkeypatch.setattr(
        tf.config, "list_physical_devices", lambda wanted: ["a"] if wanted == kind else []
    )
    assert default_jit("auto") is expected
    assert default_jit("on") is True
    assert default_jit("off") is False


@pytest.mark.parametrize("setting", ["maybe", "", "On", None])
def test_other_settings_of_xla_are_refused(setting):
    with pytest.raises(UserError, match="jit_compile must be auto, on or off"):
        default_jit(setting)


def test_every_name_of_the_documentation_is_in_the_error():
    for name in ("auto", "one", "cpu:N", "mirrored", "multiworker", "tpu"):
        assert name in module.STRATEGIES and name in make_strategy.__doc__ + module.__doc__


@pytest.mark.parametrize(
    "gpus, flags, expected",
    [
        ([], {"avx512f"}, "float32"),
        ([], {"avx512f", "avx512_bf16"}, "mixed_bfloat16"),
        ([], {"amx_bf16"}, "mixed_bfloat16"),
        ([(9, 0)], set(), "mixed_bfloat16"),
        ([(8, 0), (7, 5)], set(), "mixed_float16"),
        ([(6, 1)], {"avx512_bf16"}, "float32"),
        ([None], set(), "float32"),  # a GPU that does not tell
    ],
)
def test_the_precision_is_what_the_device_is_fast_in(monkeypatch, gpus, flags, expected):
    monkeypatch.setattr(
        tf.config, "list_physical_devices", lambda kind: gpus if kind == "GPU" else []
    )
    monkeypatch.setattr(
        tf.config.experimental, "get_device_details", lambda gpu: {"compute_capability": gpu}
    )
    monkeypatch.setattr(module, "processor", lambda: ("a processor", flags))
    assert default_precision("auto") == expected
    assert default_precision("mixed_float16") == "mixed_float16"
