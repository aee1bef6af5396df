"""Replicas and processes."""

import json

import numpy as np
import pytest

from tests.speed.recipes import SETTINGS, tiny_recipe
from tfgan_edit.speed import replicas


def test_workers_of_a_cluster_know_each_other():
    clusters = [json.loads(e["TF_CONFIG"]) for e in replicas._cluster(3)]
    assert [c["task"] for c in clusters] == [{"type": "worker", "index": i} for i in range(3)]
    workers = clusters[0]["cluster"]["worker"]
    assert len(set(workers)) == 3
    assert all(c["cluster"] == {"worker": workers} for c in clusters)


def test_which_replicas_there_are(monkeypatch):
    started = {}

    class Recorded:
        @classmethod
        def of(cls, name, function, config, steps, weights, environment):
            started.setdefault(name, []).append((config.strategy, environment, weights))

    monkeypatch.setattr(replicas, "Child", Recorded)
    replicas._groups(tiny_recipe(batch_size=6), 1, "folder", gpus=0)
    assert {name: len(children) for name, children in started.items()} == {
        "1 replica": 1,
        "2 replicas": 1,
        "2 processes": 2,
    }
    assert [started[name][0][0] for name in started] == ["one", "cpu:2", "multiworker"]
    assert [started[name][0][2] for name in started] == [f"folder/{i}.npz" for i in range(3)]
    started.clear()
    replicas._groups(tiny_recipe(batch_size=8), 1, "folder", gpus=4)
    devices = [c[0][1]["CUDA_VISIBLE_DEVICES"] for c in started.values()]
    assert devices == ["0", "0,1", "0,1,2,3"]
    assert [c[0][0] for c in started.values()] == ["one", "mirrored", "mirrored"]


def test_the_largest_difference(tmp_path):
    np.savez(tmp_path / "0.npz", np.zeros(3), np.ones((2, 2)))
    np.savez(tmp_path / "1.npz", np.array([0, 0.25, 0]), np.array([[1, 1], [0.5, 1]]))
    assert replicas._difference(tmp_path, 0) == 0
    assert replicas._difference(tmp_path, 1) == 0.5


@pytest.mark.large
def test_one_two_and_four_replicas_and_two_processes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    table = replicas.measure(tiny_recipe(batch_size=8), SETTINGS)
    rows = {r.measure: r for r in table.rows}
    assert list(rows) == ["1 replica", "2 replicas", "4 replicas", "2 processes"]
    assert rows["1 replica"].more == {"efficiency": 1, "largest difference of weights": 0}
    for measured in rows.values():
        assert measured.value > 0
        # Adam's first steps are of 0.003, whatever the gradient: sums in another order show
        # where it is nearly zero.
        assert measured.more["largest difference of weights"] < 1e-3
