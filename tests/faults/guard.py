"""What a reader of a foreign file may not do: run it, write elsewhere, take all memory or time."""

import contextlib
import os
import re
import signal
import sys
import warnings
from pathlib import Path

RUNNING = {  # events of Python's audit hooks (PEP 578)
    *("os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "subprocess.Popen"),
    *("pickle.find_class", "socket.connect", "socket.getaddrinfo", "urllib.Request"),
    *("ctypes.dlopen", "os.startfile", "webbrowser.open"),
}
WRITING = {
    *("os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.symlink", "os.link", "os.truncate"),
    *("os.chmod", "os.chown", "shutil.rmtree", "shutil.move", "shutil.copyfile"),
}
WRITE_FLAGS = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
SECONDS = 20  # of all processors' time, of one file of a few kilobytes
MEMORY = 3 * 2**29  # bytes that a process may grow by while it reads any number of them

_folder = None  # the only one that may be written to, while a guard is on
_seen = []


class TooSlow(BaseException):
    """Not an `Exception`: no reader may take it for one of its own."""


def _hook(event, arguments):
    if _folder is None:
        return
    if event in RUNNING:
        _seen.append(f"{event} {arguments!r:.200}")
    elif event == "open":
        path, mode, flags = arguments
        writes = set(mode) & set("wax+") if isinstance(mode, str) else (flags or 0) & WRITE_FLAGS
        if writes and isinstance(path, (str, bytes, os.PathLike)):
            _check_place(event, path)
    elif event in WRITING:
        for path in arguments[:2]:
            if isinstance(path, (str, bytes, os.PathLike)):
                _check_place(event, path)


def _check_place(event, path):
    path = os.path.realpath(os.fsdecode(path))
    if path != os.devnull and not Path(path).is_relative_to(_folder):
        _seen.append(f"{event} {path}")


sys.addaudithook(_hook)  # for the life of the process; idle while no guard is on


@contextlib.contextmanager
def guarded(folder):
    """Fails unless the block keeps to `folder`, runs nothing and ends in time."""
    global _folder

    def late(number, frame):
        raise TooSlow(f"more than {SECONDS} s")

    previous = signal.signal(signal.SIGPROF, late)
    _seen.clear()
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    _folder = os.path.realpath(folder)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a warning of Pillow's is no refusal
            yield
    finally:
        _folder = None
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, previous)
    assert not _seen, _seen


def peak_memory(reset=False):
    """Bytes that this process occupied at most since the last reset."""
    if reset:
        Path("/proc/self/clear_refs").write_text("5")
    return 1024 * int(re.search(r"VmHWM:\s*(\d+)", Path("/proc/self/status").read_text())[1])
