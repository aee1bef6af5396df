"""The description of the machine."""

import subprocess

from tfgan_edit.speed import machine


def test_this_machine_is_described():
    facts = machine.describe()
    assert facts["cpu"] and facts["cores"] >= 1 and facts["memory_gib"] > 0.5
    assert set(facts["flags"]) <= set(machine.FLAGS)
    assert facts["gpus"] == []
    assert facts["cpu"] in machine.sentence(facts)
    assert set(machine.HARDWARE) <= set(facts)


def test_gpus_stand_in_the_sentence():
    facts = {**machine.describe(), "flags": [], "gpus": ["H9", "H9"], "cores": 16}
    assert ", 16 cores, H9, H9, " in machine.sentence(facts)
    assert "(" not in machine.sentence(facts).partition(" cores")[0].replace(facts["cpu"], "")


def test_the_version_is_the_commit_of_a_checkout(tmp_path):
    package = tmp_path / "package"
    package.mkdir()
    file = package / "file.py"
    file.write_text("1")

    def git(*arguments):
        identity = ["-c", "user.name=a", "-c", "user.email=a@b"]
        command = ["git", "-C", str(tmp_path), *identity, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    assert machine._version(package) == machine.tfgan_edit.__version__
    git("init")
    assert machine._version(package) == machine.tfgan_edit.__version__  # not committed
    git("add", ".")
    git("commit", "-m", "one")
    commit = git("log", "-1", "--format=%h")
    assert machine._version(package) == commit
    file.write_text("2")
    assert machine._version(package) == f"{commit}+"
