"""Trainings that are killed, and go on as if they had not been.

    python -m pytest tests/faults/test_kills.py --run_large --faults_scale 5
"""

import random
import signal

import pytest

from tests.faults.trainings import (
    STEPS,
    TICK_STEPS,
    Trainings,
    assert_same_end,
    check_states,
    final_arrays,
    kill,
    steps_begun,
    wait_for,
)
from tests.trainers.test_strategies import free_ports
from tfgan_edit.preset import load_preset

pytestmark = pytest.mark.large
KILLED = -signal.SIGKILL


@pytest.fixture(scope="module")
def trainings(tmp_path_factory):
    with Trainings(tmp_path_factory.mktemp("trainings")) as trainings:
        yield trainings


@pytest.fixture(scope="module")
def whole(trainings):
    """{system: run folder of a training that nobody disturbed}."""
    folders = {}

    def run(system):
        if system not in folders:
            folders[system] = trainings.folder / f"whole {system}"
            code, output = trainings.run(folders[system], system=system)
            assert code == 0, output[-3000:]
        return folders[system]

    return run


def killed_until_done(trainings, workdir, system, faults):
    """Starts a run again and again, each time with the next fault; returns how often it died."""
    kills = 0
    for fault in faults:
        code, output = trainings.run(workdir, system=system, **fault)
        assert "cannot be used" not in output, output[-3000:]
        check_states(workdir)
        if code == 0:
            break
        assert code == KILLED, output[-3000:]
        kills += 1
    else:
        code, output = trainings.run(workdir, system=system)
        assert code == 0, output[-3000:]
    return kills


@pytest.mark.parametrize("system", ["line", "stylegan2"])
def test_killed_at_random_moments(trainings, whole, tmp_path, request, record_faults, system):
    """In a tick, between ticks, while samples, presets and states are written."""
    expected = whole(system)
    kills, repeated, runs = 0, 0, 0
    wanted = (4 if system == "line" else 1) * request.config.getoption("--faults_scale")
    while kills < wanted:
        source = random.Random(f"{system} {runs}")
        workdir = tmp_path / f"run {runs}"

        def faults():
            for _ in range(8):
                begun = steps_begun(workdir)
                step = (begun[-1] if begun else 0) + source.randrange(2 * TICK_STEPS)
                yield {"kill_after": (min(step, STEPS - 1), source.uniform(0, 0.2))}

        died = killed_until_done(trainings, workdir, system, faults())
        assert_same_end(workdir, expected)
        assert set(load_preset(workdir).networks)
        again = len(steps_begun(workdir)) - STEPS
        assert 0 <= again <= died * TICK_STEPS
        kills, repeated, runs = kills + died, repeated + again, runs + 1
    record_faults(f"kill -9 at random moments, {system}", kills=kills)
    record_faults(f"steps done again after them, {system}", steps=repeated)


def test_killed_before_every_kind_of_write(trainings, whole, tmp_path, request, record_faults):
    """Flush, rename, exchange and removal of samples, statistics, presets and states."""
    expected, kills, runs = whole("line"), 0, 0
    while kills < 8 * request.config.getoption("--faults_scale"):
        source = random.Random(f"writes {runs}")
        workdir = tmp_path / f"run {runs}"
        numbers = ({"kill_at_write": source.randrange(1, 90)} for _ in range(6))
        kills += killed_until_done(trainings, workdir, "line", numbers)
        assert_same_end(workdir, expected)
        assert not list(workdir.glob("**/.*.partial"))
        runs += 1
    record_faults("kill -9 before a write", kills=kills)


def test_a_run_folder_is_locked_until_its_owner_dies(trainings, whole, tmp_path):
    expected, workdir = whole("line"), tmp_path / "run"
    first = trainings.start(workdir, steps=10**7)
    wait_for(lambda: list(workdir.glob("state/0*")))
    code, output = trainings.run(workdir)
    assert code == 2 and "is in use by another process" in output.splitlines()[-1]
    assert "Traceback" not in output
    kill(first)
    assert trainings.finish(first)[0] == KILLED
    assert check_states(workdir) > 0
    code, output = trainings.run(tmp_path / "other")
    assert code == 0
    assert_same_end(tmp_path / "other", expected)


def start_workers(trainings, workdir, name, **settings):
    workers = [f"localhost:{port}" for port in free_ports(2)]
    return [
        trainings.start(
            workdir,
            strategy="multiworker",
            tf_config={
                "cluster": {"worker": workers},
                "task": {"type": "worker", "index": index},
            },
            steps_file=f"{workdir}.{name}{index}" if index else f"{workdir}.steps",
            **(settings if index == 0 else {}),
        )
        for index in range(2)
    ]


def test_one_worker_of_two_is_lost_and_comes_back(trainings, tmp_path, request, record_faults):
    """The other ends by itself; the same command goes on from the last tick, and says so."""
    whole = tmp_path / "whole"
    for worker in start_workers(trainings, whole, "a"):
        code, output = trainings.finish(worker)
        assert code == 0, output[-3000:]
    kills = 0
    for case in range(2 * request.config.getoption("--faults_scale")):
        source, workdir = random.Random(f"workers {case}"), tmp_path / f"run {case}"
        workers = start_workers(trainings, workdir, "b")
        step = source.randrange(TICK_STEPS, STEPS - TICK_STEPS)
        wait_for(lambda: len(steps_begun(workdir)) > step)
        lost = case % 2  # the one that writes, and the other
        kill(workers[lost])
        codes = [trainings.finish(worker)[0] for worker in workers]
        if codes == [0, 0]:
            continue  # it had ended before
        assert codes[lost] == KILLED and codes[1 - lost] != 0
        kills += 1
        resumed = check_states(workdir)
        results = [trainings.finish(w) for w in start_workers(trainings, workdir, "c")]
        assert [code for code, _ in results] == [0, 0], results
        if resumed:
            assert f"resuming from step {resumed:,}" in results[0][1]
        actual, expected = final_arrays(workdir), final_arrays(whole)
        for name in expected:
            assert (actual[name] == expected[name]).all(), name
    assert kills
    record_faults("kill -9 of one worker of two", kills=kills)
