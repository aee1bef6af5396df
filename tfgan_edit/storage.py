"""Files and folders that are either whole or absent, and their hashes.

A write goes to a hidden sibling `.NAME.<slot>.partial`, is flushed to the disk and then
renamed onto its target, so a reader never sees half a file and a killed process never
damages the one that was there. The writer holds a lock on its sibling for as long as it
lives; the next writer of the same target removes those that nobody holds. POSIX only.
"""

import contextlib
import ctypes
import errno
import fcntl
import hashlib
import json
import math
import os
import shutil
from pathlib import Path

from tfgan_edit.config import UserError

SUFFIX = ".partial"
SLOTS = 8  # writers of one target at the same time; a fixed number needs no folder scan
_DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_RENAME_EXCHANGE = 2  # linux/fs.h
_AT_FDCWD = -100  # linux/fcntl.h


@contextlib.contextmanager
def atomic_file(path, mode="wb"):
    """Opens a file that appears at `path` only when the block ends without an exception.

    Args:
        path: target; a link is followed, missing parent folders are made.
        mode: "w" (UTF-8, newlines as written), "wb", "w+" or "w+b".

    Yields:
        The open, seekable file.

    Raises:
        UserError: the target cannot be written (a folder or a device is there, no
            permission, full disk).
        ValueError: another mode.
    """
    if mode not in ("w", "wb", "w+", "w+b"):
        raise ValueError(f"mode must be w, wb, w+ or w+b. Received: mode={mode!r}")
    path = Path(os.path.realpath(path))
    with explained(path):
        if path.exists() and not path.is_file():
            kind = "a folder" if path.is_dir() else "not a regular file"
            raise UserError(f"cannot write {path}: it is {kind}; give the path of a file")
    with _sibling(path, folder=False) as (temporary, lock):
        text = {} if "b" in mode else {"encoding": "utf-8", "newline": ""}
        with open(temporary, mode, **text) as file:
            yield file
        with explained(path):
            os.fsync(lock)
            os.replace(temporary, path)
            _sync_folder(path.parent)


@contextlib.contextmanager
def atomic_folder(path, replace=False):
    """Gives an empty folder that appears at `path` only when the block ends well.

    Args:
        path: target; a link is followed, missing parent folders are made.
        replace: whether a folder that is there gives way, in one step where the system
            can exchange two names (Linux), else in two. False allows an empty one only.

    Yields:
        `pathlib.Path` of the folder to fill.

    Raises:
        UserError: something else is at `path`, or it cannot be written.
    """
    path = Path(os.path.realpath(path))
    with explained(path):
        _check_folder_target(path, replace)
    with _sibling(path, folder=True) as (temporary, _):
        yield temporary
        with explained(path):
            for folder, _, names in os.walk(temporary):
                for name in names:
                    _sync(os.path.join(folder, name))
                _sync(folder)
            _check_folder_target(path, replace)  # somebody may have been faster
            if replace:
                _replace_folder(temporary, path)
            else:
                os.rename(temporary, path)
            _sync_folder(path.parent)


def require_space(path, variables):
    """Refuses to write the weights of `variables` where they would not fit.

    HDF5 does not survive a disk that fills while it writes: the process crashes.

    Args:
        path: where they go; missing folders are allowed.
        variables: Keras variables.

    Raises:
        UserError: the disk has less room than they need.
    """
    path = Path(os.path.realpath(path))
    size = sum(math.prod(v.shape) * 4 for v in variables)
    size += 2**20 + 2**13 * len(variables)  # HDF5's own structures
    place = path
    while not place.exists():
        place = place.parent
    with explained(path):
        if shutil.disk_usage(place).free < size:
            raise disk_full(path)


def sha256_of(path):
    """Hexadecimal SHA-256 of a file's bytes; `UserError` where it cannot be read."""
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from error


def write_json(path, value):
    """Writes `value` as sorted, indented JSON in one step.

    NumPy numbers and arrays and paths are written as numbers, lists and strings.

    Raises:
        ValueError: something JSON cannot hold, NaN and infinity among it.
        UserError: the file cannot be written.
    """
    try:
        text = json.dumps(
            value,
            sort_keys=True,
            indent=2,
            ensure_ascii=False,
            allow_nan=False,
            default=_plain,
        )
    except (TypeError, ValueError) as error:
        raise ValueError(f"{path} cannot be written as JSON: {error}") from error
    with atomic_file(path, "w") as file:
        file.write(text + "\n")


def read_json(path):
    """Reads a JSON file; a missing or damaged one is a one-line `UserError`."""
    try:
        text = Path(path).read_text(encoding="utf-8")
        return json.loads(text, parse_constant=_refuse_constant)
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path} is damaged, it is not JSON: {error}") from error


def _plain(value):
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if hasattr(value, "tolist"):  # NumPy scalars and arrays, without importing NumPy
        return value.tolist()
    raise TypeError(f"{type(value).__name__} {value!r:.60} has no JSON form")


def _refuse_constant(name):
    raise ValueError(f"{name} is not a JSON number")


def _check_folder_target(path, replace):
    if not path.exists():
        return
    if not path.is_dir():
        raise UserError(f"cannot write the folder {path}: a file is there; remove it")
    if not replace and any(path.iterdir()):
        raise UserError(
            f"cannot write the folder {path}: it exists and is not empty; "
            "remove it or choose another"
        )


@contextlib.contextmanager
def _sibling(path, folder):
    """Makes and locks the hidden sibling; removes it unless it was renamed away."""
    with explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary, lock = _claim(path, folder)
    try:
        yield temporary, lock
    except Exception as error:
        if is_disk_full(error):
            raise disk_full(path) from error
        raise
    finally:
        if _is_same(temporary, lock):  # else renamed, and the name may be another's by now
            _remove(temporary)
        os.close(lock)


def _claim(path, folder):
    """Removes dead siblings, takes the first free slot: `(path, locked descriptor)`."""
    slots = [path.with_name(f".{path.name}.{slot}{SUFFIX}") for slot in range(SLOTS)]
    for slot in slots:
        lock = _lock(slot, blocking=False)
        if lock is not None:
            _remove(slot)
            os.close(lock)
    for slot in slots:
        try:
            if folder:
                slot.mkdir()
            else:
                os.close(os.open(slot, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
        except FileExistsError:
            continue
        lock = _lock(slot, blocking=True)
        if lock is not None:  # None: a cleaner saw it between these two lines
            return slot, lock
    raise UserError(
        f"cannot write {path}: {SLOTS} unfinished copies .{path.name}.*{SUFFIX} stand beside "
        "it; remove them if no other process is writing it"
    )


def _lock(path, blocking):
    """Descriptor that holds the lock of what stands at `path`, or None.

    The kernel frees the lock when its holder dies, in whatever container it lived, which
    the number of a process would not tell.
    """
    try:
        lock = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | (0 if blocking else fcntl.LOCK_NB))
        if _is_same(path, lock):
            return lock
    except BlockingIOError:
        pass
    except OSError:  # a file system without locks: keep one's own, touch nobody else's
        if blocking:
            return lock
    os.close(lock)
    return None


def _remove(path):
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _is_same(path, descriptor):
    try:
        return os.path.samestat(os.stat(path), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _replace_folder(temporary, path):
    """Renames `temporary` to `path` and removes what was there, also beside rivals."""
    while True:
        if not path.exists():
            try:
                os.rename(temporary, path)
                return
            except OSError as error:
                if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                    raise
        # The lock lets a rival wait here and keeps cleaners off the folder that must go.
        lock = _lock(path, blocking=True)
        if lock is None:
            continue
        try:
            _exchange_names(temporary, path)
            _remove(temporary)
            return
        finally:
            os.close(lock)


def _exchange_names(one, other):
    """Lets two folders change names: at once on Linux, else by way of a third name."""
    with contextlib.suppress(AttributeError):  # a C library without the call
        rename = ctypes.CDLL(None, use_errno=True).renameat2
        names = os.fsencode(one), os.fsencode(other)
        if rename(_AT_FDCWD, names[0], _AT_FDCWD, names[1], _RENAME_EXCHANGE) == 0:
            return
    aside = one.with_suffix(".replaced")
    _remove(aside)
    os.rename(other, aside)
    os.rename(one, other)
    os.rename(aside, one)


def _sync(path):
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_folder(path):
    with contextlib.suppress(OSError):  # some network file systems refuse this
        _sync(path)


@contextlib.contextmanager
def explained(path):
    """Turns the system's refusals in the block into one line about `path`."""
    try:
        yield
    except OSError as error:
        if is_disk_full(error):
            raise disk_full(path) from error
        raise UserError(
            f"cannot write {path}: {error.strerror}; choose a place that you may write to"
        ) from error


def is_disk_full(error):
    """Whether an error says that a disk or a quota is full; also TensorFlow's and HDF5's."""
    # HDF5 reports it in its message, with or without a number.
    return getattr(error, "errno", None) in _DISK_FULL or (os.strerror(errno.ENOSPC) in str(error))


def disk_full(path):
    """The `UserError` of a full disk."""
    return UserError(
        f"cannot write {path}: the disk is full; free some space or choose another disk"
    )
