"""The notebooks run from top to bottom, with small numbers in their first code cell.

Cells are run as Python without Jupyter: lines that begin with "!" by a shell, with {names} put in.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "notebooks"
SMALL = {  # what the first code cell sets, made small
    "train": "kimg, faces = 0.128, 64",
    "edit": "latents, steps = 1000, 2",
    "distil": "latents, pairs, kimg = 1000, 16, 0.016",
    "export": "preset = 'stylegan2-avatars-64'",
}


def code_cells(name):
    notebook = json.loads((FOLDER / f"{name}.ipynb").read_text(encoding="utf-8"))
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert not any(cell["outputs"] for cell in cells), "clear the outputs"
    return ["".join(cell["source"]) for cell in cells]


def in_python(cell):
    """A cell with its shell lines as calls, and its last expression evaluated."""
    line = r'_shell(f"""\1 """)'
    return re.sub(r"^!(.*)$", line, cell, flags=re.MULTILINE)


def test_every_notebook_is_tried():
    assert set(SMALL) == {path.stem for path in FOLDER.glob("*.ipynb")}


@pytest.mark.large
@pytest.mark.parametrize("name", SMALL)
def test_runs(name, tmp_path):
    first, *others = code_cells(name)
    names = set(re.findall(r"\b([a-z]\w*)(?=[^=]* = )", first.splitlines()[0]))
    assert names <= set(re.findall(r"\w+", SMALL[name])), "the first cell sets other names"
    shell = (
        "import subprocess\nroot = {root!r}\n"
        "def _shell(line):\n"
        "    line = line.replace('python -m', {python!r} + ' -m')\n"
        "    subprocess.run(line, shell=True, check=True)\n"
    ).format(root=str(ROOT), python=sys.executable)
    code = "\n".join([shell, SMALL[name], *map(in_python, others)])
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True, timeout=900)
