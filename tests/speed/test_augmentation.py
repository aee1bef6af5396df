"""What augmentation adds to a step."""

import dataclasses

import pytest

from tests.speed.recipes import SETTINGS, tiny_recipe
from tfgan_edit.config import UserError
from tfgan_edit.speed import augmentation, training
from tfgan_edit.trainers.encoder import EncoderConfig


def test_more_time_is_that_of_the_same_step_without_it(tmp_path, monkeypatch):
    speeds = {"": 10.0, "bgc": 8.0, "bgcfnc": 5.0}  # images/s of the main phases
    asked = []

    def steps(run, count, phases):
        asked.append((count, tuple(phases)))
        speed = speeds[run.config.trainer.augmentation.groups]
        return lambda: speed * (1 if "Dreg" not in phases else 0.5)

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(training, "steps", steps)
    table = augmentation.measure(tiny_recipe(), SETTINGS)
    rows = {(r.measure, r.setting.split()[1]): (r.value, *r.more.values()) for r in table.rows}
    assert rows == {
        ("training", "without"): (10.0, 0.0),
        ("training", "bgc"): (8.0, pytest.approx(25.0)),
        ("training", "bgcfnc"): (5.0, pytest.approx(100.0)),
        ("step with Dreg", "without"): (5.0, 0.0),
        ("step with Dreg", "bgc"): (4.0, pytest.approx(25.0)),
        ("step with Dreg", "bgcfnc"): (2.5, pytest.approx(100.0)),
    }
    assert set(asked) == {(1, ("Gmain", "Dmain")), (1, ("Gmain", "Dmain", "Dreg"))}


def test_a_trainer_without_a_discriminator_is_refused():
    recipe = dataclasses.replace(tiny_recipe(), trainer=EncoderConfig())
    with pytest.raises(UserError, match="--tables augmentation: 'encoder' has no augmentation"):
        augmentation.measure(recipe, SETTINGS)
