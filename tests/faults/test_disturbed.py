"""Trainings on full and read-only disks, with lost data, and with a clock that jumps."""

import contextlib
import os
import shutil
import subprocess

import numpy as np
import pytest

from tests.faults.child import BATCH
from tests.faults.trainings import (
    STEPS,
    Trainings,
    assert_same_end,
    check_states,
    steps_begun,
    write_records,
)
from tfgan_edit.config import UserError
from tfgan_edit.data.records import RecordsWriter
from tfgan_edit.preset import load_preset

pytestmark = pytest.mark.large


@pytest.fixture(scope="module")
def trainings(tmp_path_factory):
    with Trainings(tmp_path_factory.mktemp("disturbed")) as trainings:
        yield trainings


@pytest.fixture(scope="module")
def whole(trainings):
    code, output = trainings.run(trainings.folder / "whole")
    assert code == 0, output[-3000:]
    return trainings.folder / "whole"


def refused(result, *words):
    """The training ended with one line, as for a mistake of the user's."""
    code, output = result
    assert code == 2, (code, output[-3000:])
    last = output.strip().splitlines()[-1]
    assert last.startswith("error: ") and "Traceback" not in output
    for word in words:
        assert word in last, last
    return last


# === Disks ===


@contextlib.contextmanager
def small_disk(path, size):
    path.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(path)], capture_output=True
    )
    if done.returncode:
        pytest.skip("a small disk cannot be mounted here: run this as root")
    try:
        yield path
    finally:
        subprocess.run(["umount", "-l", str(path)], check=True)


@pytest.mark.parametrize("kilobytes", [40, 90, 150, 220, 300, 450])
def test_a_disk_that_is_full_sooner_or_later(trainings, whole, tmp_path, kilobytes, record_faults):
    """At the first samples, in statistics, a preset, a state; then it goes on on a larger disk."""
    with small_disk(tmp_path / "disk", f"{kilobytes}k") as disk:
        workdir = disk / "run"
        result = trainings.run(workdir, steps_file=str(tmp_path / "steps"))
        if result[0] == 0:
            assert_same_end(workdir, whole)
        else:
            refused(result, "disk is full")
        check_states(workdir)
        moved = shutil.copytree(workdir, tmp_path / "moved")
    code, output = trainings.run(moved)
    assert code == 0, output[-3000:]
    assert_same_end(moved, whole)
    record_faults(f"a disk of {kilobytes} kB", **{"refused" if result[0] else "large enough": 1})


@pytest.mark.parametrize("kilobytes", [4, 20, 60])
def test_files_may_not_grow(trainings, whole, tmp_path, kilobytes, record_faults):
    """A limit on the size of a file, which a disk's room does not tell (quotas do the same)."""
    workdir = tmp_path / "run"
    code, output = trainings.run(workdir, file_size=1000 * kilobytes)
    if code:
        assert "Traceback" not in output and code in (2, -6, -11, -25), (code, output[-2000:])
    check_states(workdir)
    code, output = trainings.run(workdir)
    assert code == 0, output[-3000:]
    assert_same_end(workdir, whole)
    record_faults(f"files of at most {kilobytes} kB", trainings=1)


def test_records_on_a_full_disk_leave_nothing(tmp_path):
    with small_disk(tmp_path / "disk", "20k") as disk:
        with pytest.raises(UserError, match="disk is full"):
            with RecordsWriter(disk / "records", (64, 64, 3)) as writer:
                for _ in range(10):
                    writer.add(np.zeros((64, 64, 3), np.uint8))
        assert os.listdir(disk) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="needs another user: run this as root")
@pytest.mark.parametrize("what", ["all", "state", "samples", "preset"])
def test_a_folder_that_may_not_be_written(trainings, whole, tmp_path, what):
    workdir = tmp_path / "run"
    code, output = trainings.run(workdir, steps=STEPS // 2)
    assert code == 0, output[-3000:]
    before = check_states(workdir)
    nobody = 65534
    for folder, _, names in os.walk(tmp_path):
        for path in (folder, *(os.path.join(folder, name) for name in names)):
            os.chown(path, nobody, nobody)
    for path in tmp_path.parents:  # pytest's own folders are its user's alone
        if path.stat().st_uid == 0 and not path.stat().st_mode & 1:
            path.chmod(0o755)
    locked = workdir if what == "all" else workdir / what
    os.chown(locked, 0, 0)
    locked.chmod(0o755)
    for path in trainings.folder, *trainings.folder.parents:
        if not path.stat().st_mode & 1:
            path.chmod(0o755)
    steps_file = str(tmp_path / "more.steps")
    result = trainings.run(workdir, uid=nobody, steps_file=steps_file)
    if what == "preset":  # the old one is another's; the new one takes its name all the same
        assert result[0] == 0, result[1][-3000:]
        assert load_preset(workdir).metadata["kimg"] == STEPS * BATCH / 1000
        return
    refused(result, "cannot write", "choose a place that you may write to")
    assert check_states(workdir) >= before


# === Data ===


@pytest.mark.parametrize("what", ["shorten", "delete"])
def test_records_that_are_lost_while_they_are_read(trainings, whole, tmp_path, what):
    records = write_records(tmp_path / "records")
    shard = sorted(records.glob("images-*"))[0]
    workdir = tmp_path / "run"
    result = trainings.run(workdir, data=str(records), **{what: str(shard)})
    if what == "delete":  # stays mapped until the training ends
        assert result[0] == 0, result[1][-3000:]
        return
    refused(result, f"{shard} was shortened while it was read")
    check_states(workdir)
    refused(trainings.run(workdir, data=str(records)), f"{shard} is truncated or damaged")
    shutil.rmtree(records)
    write_records(records)
    code, output = trainings.run(workdir, data=str(records))
    assert code == 0, output[-3000:]
    assert len(steps_begun(workdir)) >= STEPS


def test_records_that_are_lost_before_they_are_read(trainings, tmp_path):
    records = write_records(tmp_path / "records")
    shard = sorted(records.glob("images-*"))[0]
    result = trainings.run(tmp_path / "run", data=str(records), delete_early=str(shard))
    refused(result, f"{shard} is missing")


# === Time ===


def test_a_clock_that_jumps(trainings, whole, tmp_path):
    code, output = trainings.run(tmp_path / "run", jumping_clock=True)
    assert code == 0, output[-3000:]
    assert_same_end(tmp_path / "run", whole)
    assert load_preset(tmp_path / "run").networks
