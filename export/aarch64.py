"""Does a file give on 64-bit ARM, a phone's processor, what it gives here? Under QEMU.

  python -m export.aarch64 --out build/aarch64
  python -m export --preset runs/pix2pixhd_smile --aarch64 build/aarch64 --out exports/smile

The first command unpacks Debian's Python for ARM and LiteRT's wheel into a folder, about 200 MB,
and changes nothing else; it needs Debian or Ubuntu and `apt-get install qemu-user-static`. The
second also runs the file with the ARM kernels. That tells about numbers, not about time: an
emulator takes a hundred times longer than a phone.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from absl import flags

from export import child
from tfgan_edit.config import UserError, run_verb
from tfgan_edit.storage import atomic_folder

EMULATOR = "qemu-aarch64-static"
INSTALL = "apt-get install qemu-user-static"
PROCESSOR = "cortex-a76"  # of phones from 2019 on
PACKAGES = ("ai-edge-litert", "numpy")
PLATFORMS = ("manylinux2014_aarch64", "manylinux_2_27_aarch64", "manylinux_2_28_aarch64")
# What Linux says of that processor. XNNPACK chooses its kernels by it, and crashes by this
# machine's own.
FEATURES = (
    "fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm lrcpc dcpop "
    "asimddp"
)
CPU_INFO = (
    f"Features\t: {FEATURES}\nCPU implementer\t: 0x41\nCPU architecture: 8\nCPU variant\t: 0x3\n"
    "CPU part\t: 0xd0b\nCPU revision\t: 1\n\n"
)
SECONDS = 1200
# Float kernels differ by their order of sums. int8 may round the other way: two of 255 steps.
MAX_ERROR = {"int8": 8e-3}
MAX_ERROR_OF_FLOATS = 1e-3


def define_flags(f):
    flags.DEFINE_string("out", None, "Folder to write.", flag_values=f)


def main(f):
    if not f.out:
        raise UserError("--out is missing; see --help for examples")
    prepare(Path(f.out))
    print(f"wrote {f.out}; use it as: python -m export --aarch64 {f.out} …")


# === The emulated system ===


def prepare(folder):
    """Unpacks Python for ARM with LiteRT into a new folder.

    Raises:
        UserError: there is something already, or a tool or a package is missing.
    """
    if folder.exists():
        raise UserError(f"--out={folder} exists: it is ready, or choose another folder")
    for tool in ("apt-get", "dpkg-deb"):
        if shutil.which(tool) is None:
            raise UserError(f"{tool} is missing: this needs Debian or Ubuntu")
    with atomic_folder(folder) as made:
        with tempfile.TemporaryDirectory() as state:
            for archive in _packages(Path(state)):
                _run("unpacking", "dpkg-deb", "-x", archive, made / "root")
        python = _python(made)
        version = python.name.removeprefix("python")
        _run(
            "LiteRT's wheel", sys.executable, "-m", "pip", "install", "--quiet",
            "--target", made / "site", "--only-binary=:all:", f"--python-version={version}",
            *(f"--platform={name}" for name in PLATFORMS), *PACKAGES,
        )
        (made / "root" / "proc").mkdir(exist_ok=True)
        (made / "root" / "proc" / "cpuinfo").write_text(
            "".join(f"processor\t: {i}\n{CPU_INFO}" for i in range(2))
        )


def _packages(state):
    """Archives of Python for ARM and all that it needs, by an apt-get with a state of its own."""
    for name in ("lists/partial", "cache/archives/partial"):
        (state / name).mkdir(parents=True)
    options = {
        "Dir::State::lists": state / "lists",
        "Dir::State::status": "/dev/null",  # nothing is installed for ARM
        "Dir::Cache": state / "cache",
        "APT::Architecture": "arm64",
        "APT::Architectures": "arm64",
        "APT::Install-Recommends": "0",
        "APT::Sandbox::User": "root",
        "Debug::NoLocking": "1",
    }
    apt = ["apt-get", "-q", *(f"-o{name}={value}" for name, value in options.items())]
    _run("the list of ARM packages", *apt, "update")
    _run(
        "ARM packages", *apt, "install", "--download-only", "--yes", "python3", "libstdc++6"
    )
    return sorted((state / "cache" / "archives").glob("*.deb"))


def _run(what, *command):
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    if done.returncode:
        lines = [line for line in (done.stderr + done.stdout).splitlines() if line.strip()]
        reason = lines[0][:300] if lines else f"exit code {done.returncode}"
        raise UserError(f"{what}: {Path(command[0]).name} failed: {reason}")


def _python(folder):
    """Python of an emulated system.

    Raises:
        UserError: the folder is none.
    """
    found = sorted((Path(folder) / "root" / "usr" / "bin").glob("python3.*[0-9]"))
    if not found:
        raise UserError(
            f"{folder} holds no emulated system: make one with python -m export.aarch64 --out "
            f"{folder}"
        )
    return found[0]


def emulated(folder):
    """Command and environment in which a Python script runs on ARM.

    Raises:
        UserError: the folder holds no such system.
    """
    python = _python(folder)
    command = [EMULATOR, "-cpu", PROCESSOR, "-L", str(Path(folder) / "root"), str(python), "-P"]
    return command, {**os.environ, "PYTHONPATH": str(Path(folder) / "site")}


# === The check ===


def check(path, example, quantize, folder):
    """Runs a TFLite file on an emulated ARM processor.

    Args:
        path: of the file.
        example: {name of a signature: (inputs, outputs of the file here)}.
        quantize: of the file, which says how far outputs may be apart.
        folder: of `prepare`.

    Returns:
        {"status": "passed" or "differs", "max_error": …}, or {"status": "not checked", "reason": …}

    Raises:
        UserError: the folder holds no emulated system.
    """
    command, environment = emulated(folder)
    if shutil.which(command[0]) is None:
        return {"status": "not checked", "reason": f"no emulator: {INSTALL}"}
    found = child.run_apart(command, "run", path, example, environment, SECONDS)
    if found.error is None:
        return {"status": "not checked", "reason": found.reason}
    passed = found.error <= MAX_ERROR.get(quantize, MAX_ERROR_OF_FLOATS)
    return {"status": "passed" if passed else "differs", "max_error": found.error}


if __name__ == "__main__":
    run_verb(main, define_flags)
