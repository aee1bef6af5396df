"""Damaged copies of everything that is read: refused in one line, or read as something valid.

More of them: python -m pytest tests/faults/test_hostile_files.py --faults_scale 20
"""

import random
import shutil

import pytest

from tests.faults import readers
from tests.faults.guard import MEMORY, guarded, peak_memory


@pytest.fixture(scope="module", autouse=True)
def costly(tmp_path_factory):
    readers.keep_in(tmp_path_factory.mktemp("costly"))


@pytest.mark.parametrize("name", readers.READERS)
def test_damaged_files(name, tmp_path, request, record_faults):
    reader = readers.READERS[name]
    good, folder = tmp_path / "good", tmp_path / "damaged"
    good.mkdir()
    reader.make(good)
    shutil.copytree(good, folder)
    assert readers.outcome(reader, folder) == "read"  # and loads what is imported late
    counts = {"refused": 0, "read": 0}
    before = peak_memory(reset=True)
    for case in range(reader.cases * request.config.getoption("--faults_scale")):
        shutil.rmtree(folder)
        shutil.copytree(good, folder)
        file = reader.damage(folder, random.Random(f"{name} {case}"))
        try:
            with guarded(folder):
                counts[readers.outcome(reader, folder)] += 1
        except BaseException as error:
            error.add_note(f"case {case} of {name!r}, in {file.name}")
            raise
    assert counts["refused"] or not reader.refuses
    assert peak_memory() - before < MEMORY
    record_faults(f"damaged {name}", **counts)
