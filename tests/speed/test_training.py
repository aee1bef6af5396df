"""Speeds of networks whose latents are rows, and of those whose latents are maps."""

import pytest

from tests.editing.tiny_stylemapgan import SIZES
from tests.speed.recipes import SETTINGS
from tfgan_edit.config import RunConfig
from tfgan_edit.data.unpaired import UnpairedConfig
from tfgan_edit.networks.stylegan2 import StyleGAN2Generator
from tfgan_edit.networks.stylemapgan import StyleMapGANEncoder, StyleMapGANGenerator
from tfgan_edit.speed import training
from tfgan_edit.trainers.gans_n_roses import GansNRosesConfig


@pytest.mark.parametrize(
    "measured",
    (
        lambda: training.synthesis(StyleGAN2Generator(8, channel_max=4), 2, 1),
        lambda: training.synthesis(StyleMapGANGenerator(**SIZES), 2, 1),
        lambda: training.encoding(StyleMapGANEncoder(**SIZES), 2, 1),
    ),
)
def test_milliseconds_of_networks(measured):
    once = measured()
    assert once() > 0 and once() > 0


@pytest.mark.large
def test_a_recipe_without_latents():
    """Two domains: nothing is drawn from latents, and R1 is a term of the main phase's loss."""
    domain, side = "avatars:avataaars", 16
    config = RunConfig(
        name="roses",
        trainer=GansNRosesConfig(mapping_layers=1).tiny(),
        data=UnpairedConfig(domain, domain, resolution=side, num=8),
        batch_size=2,
        total_kimg=1,
    )
    rows = {r.measure: r for r in training.measure(config, SETTINGS).rows}
    assert list(rows) == ["training", "step with Dreg", "input pipeline"]
    assert all(r.value > 0 for r in rows.values())
