"""What importing the package does, and what it leaves alone."""

import os
import pkgutil
import shutil
import subprocess
import sys

import pytest

from tfgan_edit import networks, quiet

HEAVY = ["tensorflow_datasets", "dicebear", "dicebear_core", "resvg_py", "av", "tensorboard"]

NETWORKS = [
    module.name
    for module in pkgutil.walk_packages(networks.__path__, f"{networks.__name__}.")
    if not module.name.endswith(".complexity")  # counts, and registers nothing
]


def environment():
    """That of this process, less what the tests' conftest adds."""
    return {k: v for k, v in os.environ.items() if k != "TF_CPP_MIN_LOG_LEVEL"}


def test_importing_is_light_and_leaves_the_program_alone():
    code = f"""
import os, sys, signal
import keras  # it and TensorFlow set variables of their own
before = dict(os.environ), signal.getsignal(signal.SIGTERM), list(sys.argv), os.getcwd()
import tfgan_edit
after = dict(os.environ), signal.getsignal(signal.SIGTERM), list(sys.argv), os.getcwd()
print("same:", before == after)
print("heavy:", [name for name in {HEAVY!r} if name in sys.modules])
print("networks:", [m for m in {NETWORKS!r} if m not in sys.modules])  # else .keras files fail
print("names:", [name for name in tfgan_edit.__all__ if not hasattr(tfgan_edit, name)])
import tensorflow as tf
from tensorflow.python.eager import context
print("started:", context.context()._initialized)
print("policy:", keras.config.dtype_policy().name, keras.backend.backend())
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=120,
        env=environment(),
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.splitlines() == [
        "same: True",
        "heavy: []",
        "networks: []",
        "names: []",
        "started: False",
        "policy: float32 tensorflow",
    ]


def test_public_names():
    import tfgan_edit

    names = {"Edit", "Preset", "load_editor", "load_preset", "save_preset", "shipped_presets"}
    assert set(tfgan_edit.__all__) == {*names, "__version__"}
    assert tfgan_edit.__version__.count(".") == 2
    for name in names:
        assert getattr(tfgan_edit, name).__doc__


@pytest.fixture
def quiet_package(tmp_path):
    """Function: runs Python beside a package of this name that writes a note when imported.

    Args: what happens after the note, and the arguments of Python.
    """
    verb = (
        "import os, sys\n"
        "os.write(2, b'after\\n')\n"
        "print(os.environ.get('TF_CPP_MIN_LOG_LEVEL'), sys.argv[1:])\n"
    )

    def run(body="", *flags):
        folder = tmp_path / "tfgan_edit"
        folder.mkdir(exist_ok=True)
        shutil.copy(quiet.__file__, folder)
        (folder / "__init__.py").write_text(
            "import os\nfrom tfgan_edit.quiet import quiet_start\n"
            "with quiet_start():\n"
            "    os.write(2, b'a note of the system\\n')\n" + body
        )
        (folder / "verb.py").write_text(verb)
        application = tmp_path / "application"
        application.mkdir(exist_ok=True)
        (application / "__init__.py").write_text("import tfgan_edit\n")
        (application / "verb.py").write_text(verb)
        done = subprocess.run(
            [sys.executable, *(flags or ("-m", "tfgan_edit.verb", "--flag", "-m"))],
            capture_output=True,
            text=True,
            timeout=60,
            cwd=tmp_path,
            env=environment(),
        )
        return done.returncode, done.stdout, done.stderr

    return run


def test_a_verb_starts_without_notes_and_then_speaks(quiet_package):
    assert quiet_package() == (0, "3 ['--flag', '-m']\n", "after\n")


@pytest.mark.parametrize(
    "flags",
    [
        ("-W", "error", "-m", "tfgan_edit.verb"),
        ("-Bm", "tfgan_edit.verb"),
        ("-mtfgan_edit.verb",),
    ],
)
def test_ways_to_start_a_verb(quiet_package, flags):
    assert quiet_package("", *flags) == (0, "3 []\n", "after\n")
    assert quiet_package("", *flags, "a", "b") == (0, "3 ['a', 'b']\n", "after\n")


def test_notes_are_shown_if_the_import_fails(quiet_package):
    code, output, errors = quiet_package("    raise ImportError('no such library')\n")
    assert code == 1 and output == ""
    assert errors.startswith("a note of the system\n")
    assert "Traceback" in errors
    assert errors.rstrip().endswith("ImportError: no such library")


def test_programs_that_import_the_package_hear_the_notes(quiet_package):
    code = "import tfgan_edit, os; print(os.environ.get('TF_CPP_MIN_LOG_LEVEL'))"
    assert quiet_package("", "-c", code) == (0, "None\n", "a note of the system\n")


def test_other_packages_under_m_are_left_alone(quiet_package):
    """`python -m application.verb`, whose package imports this one."""
    code, output, errors = quiet_package("", "-m", "application.verb", "tfgan_edit")
    assert (code, output) == (0, "None ['tfgan_edit']\n")
    assert errors == "a note of the system\nafter\n"
