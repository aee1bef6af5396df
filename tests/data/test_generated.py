"""Data of trainers that draw their own pictures: positions, for one replica or several."""

import itertools

import numpy as np
import pytest

from tfgan_edit.config import UserError
from tfgan_edit.data import GeneratedConfig, prepare


@pytest.fixture(scope="module")
def data():
    return prepare(GeneratedConfig(resolution=32))


def positions(dataset, num):
    return [batch["positions"].numpy() for batch in dataset.take(num)]


def test_a_batch_says_where_it_is_in_endless_training(data):
    dataset = data.dataset(batch_size=6, start_step=2, first_position=100, seed=3)
    assert dataset.element_spec["positions"].shape == (6,)
    expected = np.arange(112, 130).reshape(3, 6)
    np.testing.assert_array_equal(positions(dataset, 3), expected)


@pytest.mark.parametrize("pipelines", [1, 2])
def test_replicas_share_the_batch_of_a_step(data, pipelines):
    settings = {"batch_size": 8, "num_replicas": 4, "num_input_pipelines": pipelines}
    parts = [
        positions(data.replica_dataset(input_pipeline_id=i, start_step=5, **settings), 8)
        for i in range(pipelines)
    ]
    local = 4 // pipelines
    for step in range(2):
        steps = [part[step * local : (step + 1) * local] for part in parts]
        batch = np.concatenate(list(itertools.chain(*steps)))
        np.testing.assert_array_equal(batch, np.arange(40 + 8 * step, 48 + 8 * step))


def test_facts_of_pictures_that_are_yet_to_be_drawn(data):
    assert data.facts == {"resolution": 32, "img_channels": 3}
    assert prepare(GeneratedConfig(resolution=(8, 16))).facts["resolution"] == (8, 16)
    assert data.hash != prepare(GeneratedConfig(resolution=16)).hash
    np.testing.assert_array_equal(data.examples(3)["positions"], [0, 1, 2])
    assert GeneratedConfig(resolution=256).tiny().resolution == 16


def test_photos_are_refused():
    with pytest.raises(UserError, match="data.source 'photos': .* takes 'generator'"):
        prepare(GeneratedConfig(source="photos"))
