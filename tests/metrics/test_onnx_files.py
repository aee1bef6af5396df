"""Weights of ONNX files: every kind of value, and what a hostile file may try."""

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

from tests.metrics.onnx_writer import field, model, tensor, varint, write_onnx
from tfgan_edit.config import UserError
from tfgan_edit.metrics import onnx_files
from tfgan_edit.metrics.onnx_files import read_onnx

VALUES = np.linspace(-2, 3, 6).astype("<f4").reshape(2, 3)


@pytest.fixture
def read(tmp_path):
    """read(bytes of a file) -> its arrays."""

    def read(data):
        (tmp_path / "x.onnx").write_bytes(data)
        return read_onnx(tmp_path / "x.onnx")

    return read


def test_arrays_of_every_kind(tmp_path):
    arrays = {
        "weights": VALUES,
        "pads": np.array([0, 1, 2**40], "<i8"),
        "half": VALUES.astype("<f2"),
        "double": np.array(0.1),
        "bytes": np.arange(4, dtype="u1"),
        "flags": np.array([True, False]),
        "nothing": np.zeros((0, 3), "<f4"),
    }
    found = read_onnx(write_onnx(tmp_path / "x.onnx", arrays))
    assert list(found) == list(arrays)
    for name, array in arrays.items():
        assert found[name].dtype == array.dtype and found[name].shape == array.shape, name
        np.testing.assert_array_equal(found[name], array)
        assert not found[name].flags.writeable


def test_values_and_sizes_may_be_packed(read):
    packed = field(1, varint(2) + varint(3)) + field(2, 1) + field(8, b"a")
    pads = field(1, 2) + field(2, 7) + field(8, b"b") + field(7, np.array([5, 6], "<i8").tobytes())
    found = read(model([packed + field(4, VALUES.tobytes()), pads]))
    np.testing.assert_array_equal(found["a"], VALUES)
    np.testing.assert_array_equal(found["b"], [5, 6])


HUGE = 2**63


@pytest.mark.parametrize(
    "data, match",
    [
        (b"", "no ONNX file: it has no graph"),
        (b"PK\x03\x04" + bytes(30), "no ONNX file"),
        (field(7, b"") * 2, "has no graph"),
        (field(7, 3), "has no graph"),
        (field(7, field(5, 1)), "one of its constants is a number"),
        (model([tensor("a", VALUES)])[:-9], "truncated"),
        (field(7, varint(5 << 3 | 2) + varint(HUGE)), "truncated"),
        (b"\xff" * 11, "truncated"),
        (b"\x0b", "a field of kind 3"),
        (model([tensor("a", VALUES)] * 2), "two of its constants are called 'a'"),
        (model([tensor("a", VALUES, field_14=1)]), "'a' lies in another file"),
        (model([tensor("a", VALUES, field_3=b"")]), "a part of another"),
        (model([tensor("a", VALUES, field_9=b"")]), "has its values more than once"),
        (model([tensor("a", VALUES, field_1=2)]), r"shape \[2, 3, 2\].* needs 48 bytes"),
        (model([tensor("a", VALUES, field_1=HUGE)]), "needs .* bytes, but 24 are stored"),
        (model([tensor("a", VALUES, field_1=varint(1) * 20)]), "an array has shape"),
        (model([tensor("a", VALUES, field_1=varint(1) * 99)]), "more than 64 axes"),
        (model([tensor("a", VALUES, field_2=8)]), "'a' has data type 8"),
        (model([field(2, 1) + field(7, bytes(8))]), "values of another type than it says"),
        (model([tensor("a" * 2000, VALUES)]), "name of one of its constants is too long"),
        (model([field(8, b"\xff")]), "is no text"),
    ],
)
def test_damaged_and_hostile_files_are_refused_in_one_line(read, data, match):
    with pytest.raises(UserError, match=f"x.onnx: .*{match}") as caught:
        read(data)
    assert "\n" not in str(caught.value)


def test_work_and_size_are_bounded(read, monkeypatch, tmp_path):
    monkeypatch.setattr(onnx_files, "MAX_FIELDS", 10)
    with pytest.raises(UserError, match="more fields than any"):
        read(model([tensor(name, VALUES) for name in "abc"]))
    monkeypatch.setattr(onnx_files, "MAX_BYTES", 10)
    with pytest.raises(UserError, match="longer than 10 bytes"):
        read(model([tensor("a", VALUES)]))
    with pytest.raises(UserError, match="cannot read .*none.onnx: No such file"):
        read_onnx(tmp_path / "none.onnx")


GOOD = model([tensor("a", VALUES), tensor("b", np.arange(3))])


@hypothesis.given(
    st.integers(0, len(GOOD) - 1), st.binary(max_size=12), st.integers(0, len(GOOD) - 1)
)
def test_changed_bytes_give_arrays_or_a_user_error(tmp_path_factory, start, inserted, end):
    path = tmp_path_factory.getbasetemp() / "changed.onnx"
    path.write_bytes(GOOD[:start] + inserted + GOOD[end:])
    try:
        arrays = read_onnx(path)
    except UserError:
        return
    assert sum(array.nbytes for array in arrays.values()) <= path.stat().st_size
