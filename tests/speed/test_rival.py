"""The comparison with stylegan2-pytorch, without it."""

import dataclasses
import sys

import pytest

from tests.speed.recipes import SETTINGS, tiny_recipe
from tfgan_edit.config import UserError
from tfgan_edit.networks.stylegan2 import StyleGAN2Generator
from tfgan_edit.speed import rival
from tfgan_edit.speed.child import Child

FAKE = """
import json, sys
repeat = 0
for line in sys.stdin:
    name = line.strip()
    repeat += 1
    facts = {"name": "fake 1.0", "device": "cpu", "generator": 5, "discriminator": 6}
    print(json.dumps(10 * repeat if name else facts), flush=True)
"""


def generator(resolution, **widths):
    return StyleGAN2Generator(resolution, z_dim=4, w_dim=4, mapping_layers=1, **widths)


def test_arguments_that_give_our_widths():
    config = tiny_recipe()
    shape = rival.rival_shape(generator(64, channel_base=512, channel_max=64), config)
    assert (shape["network_capacity"], shape["fmap_max"]) == (4, 64)  # 64, 64, 32, 16, 8
    assert (shape["resolution"], shape["latent_dim"], shape["batch_size"]) == (64, 4, 4)
    for channels in ({"4": 8, "8": 6, "16": 4}, {"4": 8, "8": 16, "16": 8}, {"16": 3}):
        with pytest.raises(UserError, match="cannot have the widths"):
            rival.rival_shape(generator(16, channel_max=8, channels=channels), config)
    without = dataclasses.replace(config.trainer, r1_gamma=0.0)
    with pytest.raises(UserError, match="trainer.r1_gamma above 0"):
        rival.rival_shape(generator(16), dataclasses.replace(config, trainer=without))


def test_ratios_are_to_the_rival(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    command = [sys.executable, "-c", FAKE]
    monkeypatch.setattr(rival, "_rival", lambda *_: Child("fake", command))
    table = rival.measure(tiny_recipe(), SETTINGS)
    rows = {(r.measure, r.setting): r for r in table.rows}
    assert set(rows) == {
        (name, setting)
        for name in rival.MEASURES
        for setting in ("fake 1.0", "tfgan_edit, float32")
    }
    # after the facts, requests 2, 3, 4 warm up; 5, 6, 7 and 8, 9, 10 count
    assert rows["G+D step", "fake 1.0"].value == (50 + 80) / 2
    assert rows["synthesis", "fake 1.0"].value == (70 + 100) / 2
    ours = rows["G+D step", "tfgan_edit, float32"]
    assert ours.more["ratio"] == pytest.approx(ours.value / 65)
    ours = rows["synthesis", "tfgan_edit, float32"]
    assert ours.unit == "ms/image" and ours.more["ratio"] == pytest.approx(85 / ours.value)
    assert "5 there" in table.notes[1]


@pytest.mark.parametrize(
    "output, message",
    [
        ("spec\nNone", "has no stylegan2_pytorch: run .* -m pip install stylegan2-pytorch"),
        ("None\nNone", "has no torch and no stylegan2_pytorch"),
        ("", "has no torch and no stylegan2_pytorch"),
    ],
)
def test_missing_packages_are_named(tmp_path, output, message):
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\nprintf '{output}'\n".replace("\nN", "\\nN"))
    python.chmod(0o755)
    with pytest.raises(UserError, match=message):
        rival._rival(str(python), {})


def test_an_interpreter_that_is_none():
    with pytest.raises(UserError, match="--rival_python '/nowhere/python' does not run"):
        rival._rival("/nowhere/python", {})
