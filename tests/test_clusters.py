"""docs/clusters.md: its scripts make the TF_CONFIG that they should."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from tfgan_edit.config import load_recipe

ROOT = Path(__file__).parent.parent
DOCUMENT = (ROOT / "docs" / "clusters.md").read_text()


def script(language):
    """The tested block in that language."""
    mark = "<!-- tests/test_clusters.py runs this -->\n```" + language
    return DOCUMENT.partition(mark + "\n")[2].partition("```")[0]


def run(text, folder, programs, **environment):
    """Standard output of a script that finds `programs`, {name: bash}, instead of the real ones."""
    for name, body in programs.items():
        (folder / name).write_text(f"#!/bin/bash\n{body}\n")
        (folder / name).chmod(0o755)
    environment = {"PATH": f"{folder}:{os.environ['PATH']}", **environment}
    done = subprocess.run(
        ["bash", "-euc", text], env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


PYTHON = 'echo "$(echo $TF_CONFIG)"; echo "$@" >&2; [[ "$*" == "-m tfgan_edit.train --config "* ]]'


def test_slurm(tmp_path):
    programs = {
        "scontrol": '[[ "$*" == "show hostnames node[1-3]" ]] && printf "node%d\\n" 1 2 3',
        "srun": 'shift; for i in 0 1 2; do SLURM_PROCID=$i "$@" || exit; done',
        "python": PYTHON,
    }
    output = run(
        script("bash"), tmp_path, programs, SLURM_JOB_ID="123456", SLURM_JOB_NODELIST="node[1-3]"
    )
    configs = [json.loads(line) for line in output.splitlines()]
    workers = [f"node{i}:23456" for i in (1, 2, 3)]
    assert configs == [
        {"cluster": {"worker": workers}, "task": {"type": "worker", "index": i}} for i in range(3)
    ]


@pytest.mark.parametrize("index", [0, 3])
def test_kubernetes(tmp_path, index):
    manifest = script("yaml")
    block = re.search(r"args:\n *- \|\n((?: {14}.*\n)+)", manifest)[1]
    lines = "\n".join(line[14:] for line in block.splitlines())
    output = run(
        lines, tmp_path, {"python": PYTHON}, NUM_WORKERS="4", JOB_COMPLETION_INDEX=str(index)
    )
    assert json.loads(output) == {
        "cluster": {"worker": [f"faces-{i}.faces:2222" for i in range(4)]},
        "task": {"type": "worker", "index": index},
    }
    for number in re.findall(r"(?:completions|parallelism): (\d+)", manifest):
        assert number == re.search(r'NUM_WORKERS\n *value: "(\d+)"', manifest)[1]


def test_by_hand_is_json():
    text = re.search(r"export TF_CONFIG='(.*?)'", DOCUMENT, re.DOTALL)[1]
    assert json.loads(text)["cluster"]["worker"] == ["alpha:2222", "beta:2222"]


def test_recipes_that_are_named_exist():
    for name in set(re.findall(r"--config (\S+)", DOCUMENT)):
        assert load_recipe(ROOT / name).batch_size % 32 == 0
