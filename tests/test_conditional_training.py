"""Labelled pictures -> records -> a conditional training -> pictures of a class by its name."""

import dataclasses
import json

import numpy as np
import pytest
from absl import flags
from PIL import Image

from tfgan_edit import generate, prepare_data, quick_start
from tfgan_edit.config import UserError
from tfgan_edit.data import DataConfig
from tfgan_edit.preset import load_preset
from tfgan_edit.run import Run, tiny
from tfgan_edit.sampling import Sampler

KINDS = ["ant", "bee", "cat"]


def flag_values(verb, **values):
    f = flags.FlagValues()
    verb.define_flags(f)
    f(["verb", *(f"--{name}={value}" for name, value in values.items())])
    return f


def train(source, workdir, **data):
    """One step, which has every phase."""
    config = tiny(quick_start.get_config())
    data = DataConfig(source=str(source), resolution=16, **data)
    config = dataclasses.replace(config, data=data, precision="float32", total_kimg=0.004)
    Run(config, workdir).train()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Pictures of three kinds, their records in `data`, and a run in `run`."""
    folder = tmp_path_factory.mktemp("conditional")
    pictures = folder / "pictures"
    pictures.mkdir()
    rows = ["file,kind"]
    for i in range(12):
        kind = min(i % 4, 2)  # half of them are cats
        photo = np.full((20, 20, 3), 20 * i, np.uint8)
        photo[..., kind] = 255
        Image.fromarray(photo).save(pictures / f"{i:02d}.png")
        rows.append(f"{i:02d}.png,{KINDS[kind]}")
    (folder / "kinds.csv").write_text("\n".join(rows))
    prepare_data.main(
        flag_values(
            prepare_data,
            source=pictures,
            dest=folder / "data",
            resolution=16,
            labels=folder / "kinds.csv",
        )
    )
    train(folder / "data", folder / "run", labels=True)
    return folder


def test_a_preset_knows_the_names_of_its_labels(folder):
    preset = load_preset(folder / "run")
    assert preset.networks["generator"].label_dim == 3
    assert preset.networks["discriminator"].label_dim == 3
    assert preset.metadata["data"]["label_names"] == ["kind=ant", "kind=bee", "kind=cat"]
    records = [json.loads(line) for line in (folder / "run/stats.jsonl").read_text().splitlines()]
    assert all(np.isfinite(record["Loss/D/loss"]) for record in records)


def test_pictures_of_a_class_by_its_name(folder):
    out = folder / "bee.png"
    settings = {"preset": folder / "run", "out": out, "seeds": "1,2"}
    generate.main(flag_values(generate, **settings, label="bee"))
    generator = load_preset(folder / "run").networks["generator"]
    expected = Sampler(generator, label=np.float32([0, 1, 0])).grid([1, 2])
    with Image.open(out) as picture:
        np.testing.assert_array_equal(np.asarray(picture), expected)
    with pytest.raises(UserError, match="--label: .* kind=ant, kind=bee, kind=cat. .* 'dog'"):
        generate.main(flag_values(generate, **settings, label="dog"))


def test_labels_must_be_there_and_are_left_out_unless_asked_for(folder):
    with pytest.raises(UserError, match="labels") as caught:
        train(folder / "pictures", folder / "refused", labels=True, dest=str(folder / "plain"))
    assert "\n" not in str(caught.value) and "plain" in str(caught.value)
    config = dataclasses.replace(
        tiny(quick_start.get_config()), data=DataConfig(source=str(folder / "data"), resolution=16)
    )
    run = Run(config)
    assert run.trainer.generator.label_dim == 0 and run.data.facts["label_names"] is None
