"""What a program says when a file that it has mapped into memory becomes shorter.

The kernel answers the next read behind the new end with SIGBUS, whose default is a core dump
without a word; a handler of Python's own would never run, as the read is repeated for ever.
"""

import ctypes
import math
import os
import signal

EXIT_CODE = 2  # of a user's mistake
_installed = []  # C functions must outlive their use


def mapped_files(data):
    """Paths of what the data of a training maps: records, pairs, or two domains of records."""
    parts = [data, *getattr(data, "columns", {}).values()]
    parts += [getattr(data, name, None) for name in ("a", "b")]
    return [file for part in parts for file in getattr(part, "shard_files", ())]


def explain_lost_pages(files):
    """Lets this process end with one line that names the file, should SIGBUS come.

    Args:
        files: paths of mapped files, whole at present.
    """
    sizes = {os.fspath(file): _size(file) for file in files}

    def end(number):
        lost = [file for file, size in sizes.items() if _size(file) < size < math.inf]
        what = f"{lost[0]} was shortened" if lost else "a mapped file was shortened"
        # On a line of its own, also where a progress bar stands.
        line = f"\nerror: {what} while it was read: restore it, and give the same command again\n"
        os.write(2, line.encode())
        os._exit(EXIT_CODE)  # nothing else is safe here

    handler = ctypes.CFUNCTYPE(None, ctypes.c_int)(end)
    _installed[:] = [handler]
    ctypes.CDLL(None).signal(signal.SIGBUS, handler)


def _size(file):
    try:
        return os.path.getsize(file)
    except OSError:  # a deleted file stays mapped as it was
        return math.inf
