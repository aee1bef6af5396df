"""Options and fixtures of the whole suite: processor only, fixed seeds, slow tests apart."""

import os

# Before TensorFlow is imported: tests check numbers against float limits that were
# set on a processor, and its start-up notes would hide the tests' own output.
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import hypothesis  # noqa: E402
import keras  # noqa: E402
import pytest  # noqa: E402

from tests.browser import browser, open_page  # noqa: E402, F401 - fixtures

pytest.register_assert_rewrite("tests.cases")

# The same examples on every run, and no limit on their time: the first one compiles.
hypothesis.settings.register_profile("fixed", derandomize=True, deadline=None, database=None)
hypothesis.settings.load_profile("fixed")


def pytest_addoption(parser):
    parser.addoption(
        "--run_large", action="store_true", help="also run the tests that take minutes"
    )
    parser.addoption(
        "--faults_scale",
        type=int,
        default=1,
        help="so many times as many damaged files and killed processes in tests/faults",
    )


def pytest_configure(config):
    # Keras 3.15 turns TensorFlow's tensors into arrays by np.array(tensor), to which
    # TensorFlow 2.21 has no answer in the terms of NumPy 2.
    config.addinivalue_line(
        "filterwarnings", "ignore:__array__ implementation doesn't accept a copy keyword"
    )


def pytest_collection_modifyitems(config, items):
    if config.getoption("--run_large"):
        return
    skip = pytest.mark.skip(reason="takes minutes; runs with --run_large")
    for item in items:
        if "large" in item.keywords:
            item.add_marker(skip)


@pytest.fixture(autouse=True)
def fixed_state():
    """Every test starts from the same seeds and leaves no global policy behind."""
    keras.utils.set_random_seed(2024)
    policy = keras.config.dtype_policy()
    yield
    keras.config.set_dtype_policy(policy)
    keras.utils.clear_session(free_memory=False)


@pytest.fixture
def convert(tmp_path):
    """convert(bytes or path, **flags) -> the preset that the verb makes of an official file."""
    from tests.checkpoints.convert_verb import run
    from tfgan_edit.preset import load_preset

    def convert(source, **values):
        if isinstance(source, bytes):
            path = tmp_path / "source"
            path.write_bytes(source)
            source = path
        run(source=source, out=tmp_path / "preset", **values)
        return load_preset(tmp_path / "preset")

    return convert
