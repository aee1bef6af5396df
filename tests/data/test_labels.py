"""Label tables: columns, categories, and what is wrong with them."""

import json

import numpy as np
import pytest

from tfgan_edit.config import UserError
from tfgan_edit.data import labels


def table(tmp_path, text):
    path = tmp_path / "labels.csv"
    path.write_text(text, "utf-8")
    return labels.read_csv(path)


def test_columns_are_told_apart(tmp_path):
    read = table(
        tmp_path,
        "\ufefffile,Smiling,Young,age,hair\n"
        "a.jpg,1,-1,30.5,red\n"
        "b.jpg,0,1,4,black\n",
    )
    assert read.names == ["Smiling", "Young", "age", "hair=black", "hair=red"]
    np.testing.assert_array_equal(read.rows["a.jpg"], [1, 0, 30.5, 0, 1])
    np.testing.assert_array_equal(read.rows["b.jpg"], [0, 1, 4, 1, 0])
    kinds = {name: column["kind"] for name, column in read.schema.items()}
    assert kinds == {
        "Smiling": "binary",
        "Young": "binary",
        "age": "number",
        "hair": "one-hot",
    }


@pytest.mark.parametrize(
    "text, message",
    [
        ("", "header row"),
        ("file,a\n", "header row"),
        ("file\nx.jpg\n", "header row"),
        ("file,a,a\nx.jpg,1,2\n", "same name"),
        ("file,a\nx.jpg\n", "row 2"),
        ("file,a\nx.jpg,\n", "empty"),
        ("file,a\nx.jpg,1\nx.jpg,2\n", "repeats x.jpg"),
        ("file,a\nx.jpg,nan\n", "not finite"),
    ],
)
def test_wrong_tables_are_named(tmp_path, text, message):
    with pytest.raises(UserError, match=message):
        table(tmp_path, text)


def test_names_are_not_categories(tmp_path):
    rows = "".join(f"{i}.jpg,name{i}\n" for i in range(1001))
    with pytest.raises(UserError, match="1001 different words"):
        table(tmp_path, "file,who\n" + rows)
    with pytest.raises(UserError, match="cannot read"):
        labels.read_csv(tmp_path / "nowhere.csv")


def test_rows_are_found_by_path_or_by_file_name(tmp_path):
    read = table(tmp_path, "file,a\nx.jpg,1\nsub/y.jpg,2\nz.jpg,3\n")
    found, without, lost = read.match(["deep/x.jpg", "sub/y.jpg", "w.jpg"])
    assert {name: row[0] for name, row in found.items()} == {"deep/x.jpg": 1, "sub/y.jpg": 2}
    assert (without, lost) == (["w.jpg"], ["z.jpg"])
    with pytest.raises(UserError, match="fits 2 pictures"):
        read.match(["a/x.jpg", "b/x.jpg"])


def test_dataset_json_integers_become_one_hot():
    text = json.dumps({"labels": [["a.png", 2], ["b.png", 0]]})
    read = labels.read_dataset_json(text, "x")
    assert read.names == ["class=0", "class=1", "class=2"]
    np.testing.assert_array_equal(read.rows["a.png"], [0, 0, 1])


def test_dataset_json_vectors_stay():
    read = labels.read_dataset_json(json.dumps({"labels": [["a.png", [0.5, -2]]]}), "x")
    np.testing.assert_array_equal(read.rows["a.png"], [0.5, -2])
    assert read.names == ["label_0", "label_1"]


def test_dataset_json_without_labels():
    assert labels.read_dataset_json('{"labels": null}', "x") is None


@pytest.mark.parametrize(
    "labels_entry",
    [7, [["a.png"]], [["a.png", "cat"]], [["a.png", [1, 2]], ["b.png", [1]]], [["a.png", 5000]]],
)
def test_wrong_dataset_json_is_named(labels_entry):
    with pytest.raises(UserError, match="here.json"):
        labels.read_dataset_json(json.dumps({"labels": labels_entry}), "here.json")


def test_dataset_json_that_is_not_json():
    with pytest.raises(UserError, match="here.json"):
        labels.read_dataset_json("{", "here.json")
