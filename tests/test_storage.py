import errno
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from tfgan_edit import storage
from tfgan_edit.config import UserError
from tfgan_edit.storage import (
    atomic_file,
    atomic_folder,
    read_json,
    sha256_of,
    write_json,
)


def names(folder):
    return sorted(os.listdir(folder))


def write_folder(path, text, replace=True):
    with atomic_folder(path, replace=replace) as folder:
        (folder / "a").write_text(text)
        (folder / "inner").mkdir()
        (folder / "inner" / "b").write_text(text)


# The package without its __init__.py, which imports TensorFlow: 0.1 s instead of 4 s.
LIGHT = f"""
import itertools, sys, time, types
package = types.ModuleType("tfgan_edit")
package.__path__ = [{os.path.dirname(storage.__file__)!r}]
sys.modules["tfgan_edit"] = package
import tfgan_edit.storage as storage
path = sys.argv[1]
"""


def start(code, path):
    """Starts a process that runs `code` on `path` and waits for its first line."""
    process = subprocess.Popen(
        [sys.executable, "-c", LIGHT + code, str(path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "ready\n"
    return process


def kill(process):
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()


# === files ===


@pytest.mark.parametrize("mode, value", [("w", "tête\r\n"), ("wb", b"\x00\r\n")])
def test_file_holds_what_was_written(tmp_path, mode, value):
    path = tmp_path / "new" / "folder" / "x"
    with atomic_file(path, mode) as file:
        file.write(value)
        assert not path.exists()
    expected = value.encode() if mode == "w" else value
    assert path.read_bytes() == expected
    assert names(path.parent) == ["x"]


def test_file_has_ordinary_permissions(tmp_path):
    (tmp_path / "plain").write_text("")
    with atomic_file(tmp_path / "x"):
        pass
    assert (tmp_path / "x").stat().st_mode == (tmp_path / "plain").stat().st_mode


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, OSError])
def test_file_of_a_failed_block_stays_as_it_was(tmp_path, error):
    path = tmp_path / "x"
    path.write_text("old")
    with pytest.raises(error), atomic_file(path, "w") as file:
        file.write("new")
        raise error
    assert path.read_text() == "old"
    assert names(tmp_path) == ["x"]


def test_file_written_through_a_link_keeps_the_link(tmp_path):
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to("real")
    with atomic_file(tmp_path / "link", "w") as file:
        file.write("new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "new"


def test_file_refuses_folders_devices_and_modes(tmp_path):
    with pytest.raises(UserError, match="it is a folder"), atomic_file(tmp_path):
        pass
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UserError, match="not a regular"), atomic_file(tmp_path / "pipe"):
        pass
    with pytest.raises(UserError, match="not a regular"), atomic_file("/dev/null"):
        pass
    with pytest.raises(ValueError, match="mode='a'"), atomic_file(tmp_path / "x", "a"):
        pass
    assert names(tmp_path) == ["pipe"]


@pytest.mark.parametrize("target", ["plain/x", "n" * 300])
def test_file_that_cannot_be_made_is_one_line(tmp_path, target):
    (tmp_path / "plain").write_text("")
    with pytest.raises(UserError, match="choose a place") as caught, atomic_file(tmp_path / target):
        pass
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)),
        OSError(errno.EDQUOT, os.strerror(errno.EDQUOT)),
        OSError("write failed: errno = 28, error message = 'No space left on device'"),
    ],
)
@pytest.mark.parametrize("context", [atomic_file, atomic_folder])
def test_full_disk_names_the_path_and_leaves_nothing(tmp_path, context, error):
    with pytest.raises(UserError, match="disk is full; free") as caught:
        with context(tmp_path / "x"):
            raise error
    assert str(tmp_path / "x") in str(caught.value)
    assert names(tmp_path) == []


def test_full_disk_at_the_last_flush(tmp_path, monkeypatch):
    def fail(descriptor):
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(UserError, match="disk is full"), atomic_file(tmp_path / "x"):
        pass
    assert names(tmp_path) == []


# === folders ===


def test_folder_appears_whole(tmp_path):
    path = tmp_path / "new" / "x"
    with atomic_folder(path) as folder:
        (folder / "a").write_text("1")
        assert not path.exists()
        assert folder.parent == path.parent and folder.name.startswith(".x.")
    assert names(path) == ["a"] and names(path.parent) == ["x"]


def test_folder_of_a_failed_block_leaves_the_old_one(tmp_path):
    write_folder(tmp_path / "x", "old")
    with pytest.raises(RuntimeError), atomic_folder(tmp_path / "x", replace=True) as folder:
        (folder / "a").write_text("new")
        raise RuntimeError
    assert (tmp_path / "x" / "a").read_text() == "old"
    assert names(tmp_path) == ["x"]


@pytest.mark.parametrize("with_exchange", [True, False])
def test_folder_is_replaced_entirely(tmp_path, monkeypatch, with_exchange):
    if not with_exchange:
        monkeypatch.setattr(storage.ctypes, "CDLL", lambda *a, **k: object())
    write_folder(tmp_path / "x", "old")
    (tmp_path / "x" / "only_old").write_text("")
    write_folder(tmp_path / "x", "new")
    assert names(tmp_path / "x") == ["a", "inner"]
    assert (tmp_path / "x" / "inner" / "b").read_text() == "new"
    assert names(tmp_path) == ["x"]


def test_folder_never_disappears_while_it_is_replaced(tmp_path):
    write_folder(tmp_path / "x", "0")
    missing, done = [], threading.Event()

    def watch():
        while not done.is_set():
            if not (tmp_path / "x").exists():
                missing.append(1)

    watcher = threading.Thread(target=watch)
    watcher.start()
    for number in range(50):
        write_folder(tmp_path / "x", str(number))
    done.set()
    watcher.join()
    assert not missing


def test_folder_without_replace_accepts_empty_ones_only(tmp_path):
    (tmp_path / "x").mkdir()
    write_folder(tmp_path / "x", "1", replace=False)
    with pytest.raises(UserError, match="exists and is not empty; remove it"):
        write_folder(tmp_path / "x", "2", replace=False)
    assert (tmp_path / "x" / "a").read_text() == "1"
    (tmp_path / "file").write_text("")
    for replace in (True, False):
        with pytest.raises(UserError, match="a file is there"):
            write_folder(tmp_path / "file", "2", replace)


def test_folder_made_by_another_meanwhile_is_not_lost(tmp_path):
    with pytest.raises(UserError, match="exists and is not empty"):
        with atomic_folder(tmp_path / "x") as folder:
            (folder / "a").write_text("slow")
            write_folder(tmp_path / "x", "fast", replace=False)
    assert (tmp_path / "x" / "a").read_text() == "fast"
    assert names(tmp_path) == ["x"]


def test_two_replacing_writers_do_not_touch_each_other(tmp_path):
    write_folder(tmp_path / "x", "old")
    with atomic_folder(tmp_path / "x", replace=True) as folder:
        (folder / "a").write_text("outer")
        write_folder(tmp_path / "x", "inner")
        assert (folder / "a").read_text() == "outer"
    assert (tmp_path / "x" / "a").read_text() == "outer"
    assert names(tmp_path) == ["x"]


# === killed processes ===


@pytest.mark.parametrize("context", ["atomic_file", "atomic_folder"])
def test_next_writer_removes_what_a_killed_one_left(tmp_path, context):
    code = f"with storage.{context}(path): print('ready', flush=True); time.sleep(60)"
    dead, other = start(code, tmp_path / "x"), start(code, tmp_path / "x.y")
    assert names(tmp_path) == [".x.0.partial", ".x.y.0.partial"]
    with atomic_file(tmp_path / "x"):  # while it lives, its copy stays
        assert names(tmp_path) == [".x.0.partial", ".x.1.partial", ".x.y.0.partial"]
    kill(dead)
    kill(other)
    assert names(tmp_path) == [".x.0.partial", ".x.y.0.partial", "x"]
    with atomic_file(tmp_path / "x"):
        assert names(tmp_path) == [".x.0.partial", ".x.y.0.partial", "x"]
    assert names(tmp_path) == [".x.y.0.partial", "x"]  # another name is another target


def test_writer_gives_up_when_every_slot_is_taken(tmp_path, monkeypatch):
    monkeypatch.setattr(storage, "SLOTS", 1)
    with atomic_file(tmp_path / "x"):
        with pytest.raises(UserError, match="unfinished copies .x.*partial"):
            with atomic_file(tmp_path / "x"):
                pass
    assert names(tmp_path) == ["x"]


def test_many_processes_on_one_target_leave_one_whole_result(tmp_path):
    code = """
print("ready", flush=True)
for n in range(40):
    with storage.atomic_folder(path, replace=True) as folder:
        for name in "ab":
            (folder / name).write_text(f"{id(package)} {n}")
    with storage.atomic_file(path + ".txt", "w") as file:
        file.write(f"{id(package)} {n}\\n" * 100)
"""
    workers = [start(code, tmp_path / "x") for _ in range(4)]
    for worker in workers:
        worker.wait()
        worker.stdout.close()
    assert [worker.returncode for worker in workers] == [0] * 4
    assert (tmp_path / "x" / "a").read_text() == (tmp_path / "x" / "b").read_text()
    assert len(set((tmp_path / "x.txt").read_text().splitlines())) == 1
    assert names(tmp_path) == ["x", "x.txt"]


def test_file_survives_kills_at_any_moment(tmp_path):
    code = """
for n in itertools.count():
    storage.write_json(path, {"n": n, "fill": [n] * 5000})
    if n == 0:
        print("ready", flush=True)
"""
    path = tmp_path / "x.json"
    for delay in (0.0, 0.011, 0.023):
        process = start(code, path)
        time.sleep(delay)
        kill(process)
        value = read_json(path)
        assert value["fill"] == [value["n"]] * 5000
    write_json(path, {})
    assert names(tmp_path) == ["x.json"]


# === hashes and JSON ===


def test_sha256(tmp_path):
    (tmp_path / "x").write_bytes(b"abc")
    assert sha256_of(tmp_path / "x") == hashlib.sha256(b"abc").hexdigest()
    with pytest.raises(UserError, match="cannot read .*missing: No such file"):
        sha256_of(tmp_path / "missing")
    with pytest.raises(UserError, match="directory"):
        sha256_of(tmp_path)


def test_json_is_sorted_readable_and_round_trips(tmp_path):
    value = {"b": np.float32(0.5), "a": np.arange(2), "c": Path("x/y"), "d": "ü", "e": (1,)}
    write_json(tmp_path / "x", value)
    text = (tmp_path / "x").read_text(encoding="utf-8")
    assert list(json.loads(text)) == ["a", "b", "c", "d", "e"]
    assert '\n  "b": 0.5' in text and "ü" in text and text.endswith("}\n")
    assert read_json(tmp_path / "x") == {"a": [0, 1], "b": 0.5, "c": "x/y", "d": "ü", "e": [1]}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object(), {1: 0, "a": 0}])
def test_json_refuses_what_it_cannot_hold(tmp_path, value):
    with pytest.raises(ValueError, match="x cannot be written as JSON"):
        write_json(tmp_path / "x", value)
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b'{"a": ',
        b"\xff\xfe{}",
        b"[NaN]",
        b"[" * 100_000,
        b"1" * 5000,
        b"\x89PNG\r\n\x1a\n",
    ],
)
def test_damaged_json_is_one_line(tmp_path, content):
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(UserError, match="x is damaged, it is not JSON") as caught:
        read_json(tmp_path / "x")
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300


def test_missing_json_is_one_line(tmp_path):
    with pytest.raises(UserError, match="cannot read .*x: No such file"):
        read_json(tmp_path / "x")
    with pytest.raises(UserError, match="cannot read"):
        read_json(tmp_path)


def test_weights_that_do_not_fit_are_refused_before_writing(tmp_path, monkeypatch):
    variable = np.zeros([1000], np.float32)
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(storage.shutil, "disk_usage", lambda path: usage._replace(free=10**9))
    storage.require_space(tmp_path / "not" / "there", [variable])
    monkeypatch.setattr(storage.shutil, "disk_usage", lambda path: usage._replace(free=4000))
    with pytest.raises(UserError, match="there: the disk is full"):
        storage.require_space(tmp_path / "not" / "there", [variable])
    assert os.listdir(tmp_path) == []
