"""What the figures were measured on."""

import datetime
import os
import platform
import subprocess
from pathlib import Path

import keras
import tensorflow as tf

import tfgan_edit
from tfgan_edit.data.workers import available_workers
from tfgan_edit.trainers.strategy import processor

FLAGS = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "avx512_fp16", "amx_bf16", "amx_int8")
HARDWARE = ("cpu", "flags", "cores", "gpus")  # equal for figures that may be compared


def describe():
    """{"cpu", "flags", "cores", "memory_gib", "gpus", "load", versions, "date"}.

    `load` is the average number of processes that ran in the last minute: 0 on an idle machine.
    """
    cpu, flags = processor()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "cpu": cpu,
        "flags": [flag for flag in FLAGS if flag in flags],
        "cores": available_workers(),
        "memory_gib": round(memory / 2**30, 1),
        "gpus": [_gpu_name(gpu) for gpu in tf.config.list_physical_devices("GPU")],
        "load": round(os.getloadavg()[0], 2),
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
        "python": platform.python_version(),
        "tfgan_edit": _version(Path(tfgan_edit.__file__).parent),
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    }


def sentence(machine):
    """`describe`'s result in one line."""
    flags = f" ({', '.join(machine['flags'])})" if machine["flags"] else ""
    gpus = "".join(f", {gpu}" for gpu in machine["gpus"])
    return (
        f"{machine['cpu']}{flags}, {machine['cores']} cores{gpus}, {machine['memory_gib']:g} GiB, "
        f"load {machine['load']:g} before; TensorFlow {machine['tensorflow']}, Keras "
        f"{machine['keras']}, Python {machine['python']}, tfgan_edit {machine['tfgan_edit']}; "
        f"{machine['date']}"
    )


def _gpu_name(gpu):
    return tf.config.experimental.get_device_details(gpu).get("device_name", "GPU")


def _version(package):
    """Commit of the checkout that the package lies in, "+" if changed, or its version."""
    git = ["git", "-C", str(package)]
    try:
        commit = subprocess.run(
            [*git, "log", "-1", "--format=%h", "--", "."], capture_output=True, text=True
        ).stdout.strip()
        changed = subprocess.run(
            [*git, "status", "--porcelain", "--untracked-files=no", "--", "."],
            capture_output=True,
            text=True,
        ).stdout.strip()
    except OSError:  # no git here
        commit = ""
    if not commit:
        return tfgan_edit.__version__
    return commit + ("+" if changed else "")
