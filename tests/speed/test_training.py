"""Speeds of networks whose latents are rows, and of those whose latents are maps."""

import pytest

from tests.editing.tiny_stylemapgan import SIZES
from tfgan_edit.networks.stylegan2 import StyleGAN2Generator
from tfgan_edit.networks.stylemapgan import StyleMapGANEncoder, StyleMapGANGenerator
from tfgan_edit.speed import training


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
