"""Starts the trainings of `tests.faults.child` and looks at what they leave."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import h5py
import numpy as np

from tests.faults.child import TICK_STEPS
from tfgan_edit.data.records import RecordsWriter
from tfgan_edit.storage import read_json, sha256_of

STEPS = 24


class Trainings:
    """The parent of trainings; a context."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.data = self.folder / "records"
        write_records(self.data)
        self.count = 0

    def __enter__(self):
        env = {**os.environ, "CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "3"}
        env.pop("TF_CONFIG", None)
        self.parent = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.child"],
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(self, *error):
        self.parent.stdin.close()
        self.parent.stdout.close()
        self.parent.stderr.close()
        self.parent.wait()

    def _ask(self, **command):
        print(json.dumps(command), file=self.parent.stdin, flush=True)
        answer = self.parent.stdout.readline()
        assert answer, self.parent.stderr.read()[-3000:]
        return json.loads(answer)

    def start(self, workdir, **settings):
        """Starts a training; returns a handle for `finish`."""
        self.count += 1
        log = self.folder / f"log{self.count}"
        settings = {"data": str(self.data), "steps": STEPS, **settings}
        return self._ask(start={"workdir": str(workdir), "log": str(log), **settings}), log

    def finish(self, started):
        """(exit code, -9 if killed; output) of a training."""
        pid, log = started
        return self._ask(wait=pid), log.read_text(errors="replace")

    def run(self, workdir, **settings):
        return self.finish(self.start(workdir, **settings))


def write_records(path, shards=2):
    photos = np.random.RandomState(0).randint(0, 256, (20, 16, 16, 3), np.uint8)
    with RecordsWriter(path, (16, 16, 3), shard_bytes=photos.nbytes // shards) as writer:
        for photo in photos:
            writer.add(photo)
    return path


def steps_begun(workdir):
    path = Path(f"{workdir}.steps")
    return [int(line) for line in path.read_text().split()] if path.exists() else []


def check_states(workdir):
    """Every state is whole, and the newest is a tick behind at most; returns its step or 0."""
    folders = sorted(p for p in Path(workdir).glob("state/*") if p.name.isdigit())
    for folder in folders:
        facts = read_json(folder / "state.json")
        assert facts["sha256"] == sha256_of(folder / "trainer.weights.h5")
        assert facts["step"] == int(folder.name)
    newest = int(folders[-1].name) if folders else 0
    begun = steps_begun(workdir)
    if begun:
        assert begun[-1] + 1 - newest <= TICK_STEPS
    return newest


def final_arrays(workdir):
    newest = sorted(p for p in Path(workdir).glob("state/*") if p.name.isdigit())[-1]
    arrays = {}
    with h5py.File(newest / "trainer.weights.h5") as file:
        file.visititems(
            lambda name, item: arrays.update({name: item[()]})
            if isinstance(item, h5py.Dataset)
            else None
        )
    return arrays


def assert_same_end(workdir, whole):
    """The weights, averages, moments and counters, and the statistics of every tick."""
    actual, expected = final_arrays(workdir), final_arrays(whole)
    assert set(actual) == set(expected) and len(actual) > 5
    for name in expected:
        np.testing.assert_array_equal(actual[name], expected[name], err_msg=name)
    steps = [
        [json.loads(line)["step"] for line in (Path(path) / "stats.jsonl").read_text().splitlines()]
        for path in (workdir, whole)
    ]
    assert steps[0] == steps[1]


def wait_for(condition, seconds=300):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it takes too long"
        time.sleep(0.01)


def kill(started):
    os.kill(started[0], signal.SIGKILL)
