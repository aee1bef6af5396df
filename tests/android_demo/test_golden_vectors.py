"""What the Kotlin is tested with is what the package does today."""

import pytest

from tests.android_demo import golden_vectors


@pytest.fixture(scope="module")
def files():
    return golden_vectors.files()


def test_the_files_are_those_of_today(files):
    found = {path.name: path.read_text() for path in golden_vectors.FOLDER.iterdir()}
    assert found.keys() == files.keys()
    again = "python -m tests.android_demo.golden_vectors"
    for name, text in files.items():
        assert found[name] == text, f"{name} is stale: {again}"
