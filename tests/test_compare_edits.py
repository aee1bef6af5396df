"""The verbs `compare_edits` and `find_layers`: tables, files, and what a user can get wrong."""

import json

import numpy as np
import pytest
from absl import flags
from PIL import Image

from tests.editing.teachers import (
    save_classifier,
    save_encoder,
    save_generator,
    save_style_function,
    tiny_generator,
)
from tfgan_edit import compare_edits, evaluate_edits, find_layers
from tfgan_edit.config import UserError
from tfgan_edit.editing.attributes import class_certainties
from tfgan_edit.editing.editors import Edit, load_editor
from tfgan_edit.editing.evaluation import classified_faces
from tfgan_edit.editing.latents import score_latents
from tfgan_edit.editing.scorers import load_scorer
from tfgan_edit.metrics.photo_sets import open_photos
from tfgan_edit.ops.images import image_to_photo, photo_to_image
from tfgan_edit.preset import load_preset


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A StyleGAN, two style functions, a classifier, and scored latents."""
    folder = tmp_path_factory.mktemp("comparison")
    faces = save_generator(folder / "faces")
    save_style_function(folder / "first", faces)
    save_style_function(folder / "second", faces)
    save_classifier(folder / "classifier")
    scorer = load_scorer(folder / "classifier")
    score_latents(folder / "latents", faces, scorer, num=400, progress=False)
    return folder


def run(verb, folder, **values):
    parsed = flags.FlagValues()
    verb.define_flags(parsed)
    values = {"scorer": folder / "classifier", **values}
    parsed(["verb", *(f"--{name}={value}" for name, value in values.items())])
    verb.main(parsed)


def test_methods_are_measured_on_the_same_faces(folder, tmp_path, capsys):
    run(
        compare_edits,
        folder,
        preset=f"{folder / 'first'},{folder / 'second'}",
        latents=folder / "latents",
        threshold=0.6,
        attributes="bright,red",
        num=48,
        truncation=1,
        distance="pixels",
        out=tmp_path,
    )
    said = capsys.readouterr().out
    record = json.loads((tmp_path / "comparisons.jsonl").read_text())
    assert set(record["attributes"]) == {"bright", "red"}
    for numbers in (*record["attributes"].values(), record["mean"]):
        assert set(numbers) == {"first", "second", "centres", "svm"}
    mean = record["mean"]
    # Equal weights are equal edits; directions are as strong as leaves the identity as well kept.
    assert mean["first"] == mean["second"]
    assert mean["first"]["diversity_pixels"] > 0 == mean["centres"]["diversity_pixels"]
    assert {"success", "kept", "disentanglement", "pir_pixels", "identity_scorer"} <= set(
        mean["svm"]
    )
    assert mean["svm"]["strength"] > 0
    assert "mean over the attributes" in said and "outcomes-bright.png" in said
    with Image.open(tmp_path / "methods-red.png") as picture:
        assert picture.width >= 5 * 16 and picture.height >= 8 * 16
    assert (tmp_path / "outcomes-bright.png").is_file()


@pytest.mark.parametrize(
    "attribute, reverse, target",
    [
        ("bright", False, "bright=1"),
        ("bright", True, "bright=0"),
        ("tone=warm:tone=cold", False, "tone=warm"),
        ("tone=warm:tone=cold", True, "tone=cold"),
        ("tone=cold", False, "tone=cold"),
    ],
)
def test_photos_are_edited_towards_the_attribute(folder, tmp_path, attribute, reverse, target):
    save_encoder(folder / "encoder")
    z = np.random.RandomState(0).randn(32, 8).astype(np.float32)
    photos = image_to_photo(tiny_generator()(z)).numpy()
    (tmp_path / "photos").mkdir()
    for i, photo in enumerate(photos):
        Image.fromarray(photo).save(tmp_path / "photos" / f"{i:02}.png")
    parsed = flags.FlagValues()
    evaluate_edits.define_flags(parsed)
    parsed([
        "verb", f"--editor={folder / 'first'}", f"--encoder={folder / 'encoder'}", "--num=4",
        f"--scorer={folder / 'classifier'}", f"--attribute={attribute}", f"--reverse={reverse}",
        f"--faces={tmp_path / 'photos'}", f"--out={tmp_path}", "--features=none",
    ])  # fmt: skip
    numbers, _ = evaluate_edits.run(parsed)
    scorer = load_scorer(folder / "classifier")
    faces = classified_faces(
        open_photos(str(tmp_path / "photos"), (16, 16)), scorer, attribute, num=4, reverse=reverse
    )
    editor = load_editor(folder / "first", encoder=folder / "encoder")
    edited = editor(faces.photos, Edit(target=target))
    scores = scorer.probabilities(photo_to_image(edited)).numpy()
    source, wanted = class_certainties(scores, scorer.names, attribute, reverse)
    assert numbers["first"]["success"] == np.mean(wanted > source)


def test_the_encoder_that_a_style_function_learned_with_is_its_own(folder, tmp_path):
    save_encoder(folder / "encoder")
    save_style_function(tmp_path / "own", load_preset(folder / "faces"), encoder=folder / "encoder")
    parsed = flags.FlagValues()
    evaluate_edits.define_flags(parsed)
    parsed(["verb", "--encoder=elsewhere"])
    editor = evaluate_edits.open_editor(parsed, tmp_path / "own", None)
    assert editor.parents["encoder"] == load_preset(tmp_path / "own").sha256


def test_what_a_value_becomes_must_be_said(folder):
    save_encoder(folder / "encoder")
    parsed = flags.FlagValues()
    evaluate_edits.define_flags(parsed)
    editor = load_editor(folder / "first", encoder=folder / "encoder")
    parsed(["verb", "--attribute=tone=cold", "--reverse"])
    with pytest.raises(UserError, match="say what it becomes, --attribute tone=cold:NAME=VALUE"):
        evaluate_edits.edit_for(parsed, editor)


def test_rows_of_attributes_are_found(folder, tmp_path, capsys):
    out = tmp_path / "layers.json"
    run(find_layers, folder, preset=folder / "first", num=16, out=out)
    found = json.loads(out.read_text())
    assert set(found["layers"]) == {"bright", "red", "tone"}
    for attribute, rows in found["layers"].items():
        assert rows and set(rows) <= set(range(6))
        assert len(found["effects"][attribute]["success"]) == 7
    assert "bright" in capsys.readouterr().out
    with np.errstate(all="raise"):
        run(
            compare_edits, folder, preset=folder / "first", attributes="red", num=48, truncation=1,
            distance="none", layers=out, out=tmp_path,
        )


@pytest.mark.parametrize(
    "values, words",
    [
        ({}, "--preset is missing"),
        ({"preset": "first,first"}, "two of them have one name"),
        ({"preset": "first", "attributes": "blue"}, "'blue'"),
        ({"preset": "first", "attributes": "bright:red"}, "must name two values of one attribute"),
        ({"preset": "first", "latents": "latents", "baselines": "sefa"}, "--baselines=sefa: must"),
        ({"preset": "first", "features": "x"}, "--features=x: must be none"),
        ({"preset": "faces"}, "has no network 'style_function'"),
    ],
)
def test_mistakes_are_one_line(folder, tmp_path, values, words):
    values = dict(values)
    if "preset" in values:
        names = values["preset"].split(",")
        values["preset"] = ",".join(str(folder / name) for name in names)
    if "latents" in values:
        values["latents"] = folder / values["latents"]
    with pytest.raises(UserError, match=words) as caught:
        run(compare_edits, folder, num=16, out=tmp_path, **values)
    assert "\n" not in str(caught.value)
