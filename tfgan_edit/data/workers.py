"""Worker processes for drawing and decoding photos, without TensorFlow in them."""

import concurrent.futures
import contextlib
import multiprocessing
import os
import pathlib
import sys
import threading
import types
from collections import deque

# A spawned process unpickles `tfgan_edit.data.avatars.f` by importing `tfgan_edit`, which
# imports Keras and TensorFlow: 4 s and 500 MB for each worker that only draws. So
# a worker first puts an empty package of that name in place, whose submodules import
# as usual while its `__init__` is not run.
_START = """
import sys, types
package = types.ModuleType("tfgan_edit")
package.__path__ = [{path!r}]
sys.modules["tfgan_edit"] = package
from tfgan_edit.data import workers
workers.start_worker()
"""
_PACKAGE = str(pathlib.Path(__file__).resolve().parent.parent)


def available_workers():
    """Number of processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def start_worker():
    """Prepares a worker: Ctrl-C is the parent's business, and its end is ours too."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()

    def follow_parent():
        parent.join()
        os._exit(1)

    threading.Thread(target=follow_parent, daemon=True).start()


@contextlib.contextmanager
def _without_main_module():
    """Keeps spawned processes from running the parent's main script a second time.

    A verb's main module would import the whole package, and a script without the
    `if __name__ == "__main__"` guard would start itself again.
    """
    main = sys.modules["__main__"]
    sys.modules["__main__"] = types.ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def map_in_order(function, tasks, *, workers=None, window=4):
    """Yields `function(task)` for each task, in order, from `workers` processes.

    `function` must be importable from a light module of this package. With one
    worker everything runs in this process. At most `window` tasks per worker are
    under way, so that results do not pile up in memory.

    Raises:
        ValueError: If `workers` is smaller than 1.
        concurrent.futures.process.BrokenProcessPool: If a worker is killed.
    """
    workers = available_workers() if workers is None else workers
    if workers < 1:
        raise ValueError(f"`workers` must be at least 1. Received: workers={workers}")
    if workers == 1:
        yield from map(function, tasks)
        return
    pool = concurrent.futures.ProcessPoolExecutor(
        workers,
        mp_context=multiprocessing.get_context("spawn"),
        initializer=exec,
        initargs=(_START.format(path=_PACKAGE), {}),
    )
    under_way = deque()
    try:
        for task in tasks:
            if len(under_way) >= window * workers:
                yield under_way.popleft().result()
            with _without_main_module():  # the first submit starts all processes
                under_way.append(pool.submit(function, task))
        while under_way:
            yield under_way.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
