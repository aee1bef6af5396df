"""Start-up of TensorFlow without its notes, for commands that a person reads."""

import contextlib
import os
import shutil
import sys
import tempfile

PACKAGES = (__package__, "export")  # whose verbs these are


@contextlib.contextmanager
def quiet_start():
    """Under `python -m tfgan_edit.…` and `export`, holds back what C++ writes to stderr at import.

    TensorFlow 2.21 prints notes on oneDNN and CUDA before its log level has any effect. They are
    shown after all if the import fails. Programs that import the package are left alone.
    """
    if not _is_verb():
        yield
        return
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with notes_held_back():
        yield


@contextlib.contextmanager
def notes_held_back():
    """Holds back what C++ writes to stderr; it is shown after all if an exception is raised."""
    sys.stderr.flush()
    stderr = os.dup(2)
    with tempfile.TemporaryFile() as notes:
        os.dup2(notes.fileno(), 2)
        try:
            yield
        except BaseException:
            os.dup2(stderr, 2)
            notes.seek(0)
            shutil.copyfileobj(notes, sys.stderr.buffer)
            raise
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)


def _is_verb():
    """Whether Python was started with -m and a module of `PACKAGES`."""
    if sys.argv[:1] != ["-m"]:  # stands there until the packages of the module are imported
        return False
    module = sys.orig_argv[-len(sys.argv)].removeprefix("-m")
    return module.partition(".")[0] in PACKAGES
