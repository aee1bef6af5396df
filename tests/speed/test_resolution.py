"""Cost against resolution."""

import dataclasses

import pytest

from tests.speed.recipes import SETTINGS, tiny_recipe
from tfgan_edit.speed import resolution
from tfgan_edit.speed.measurement import exponent
from tfgan_edit.speed.sizes import at_resolutions, widths


def test_widths_are_the_recipe_s_if_it_names_all_levels():
    config = tiny_recipe()
    named = dataclasses.replace(config.trainer, channels={"4": 8, "8": 6, "16": 4})
    config = dataclasses.replace(config, trainer=named)
    sizes = at_resolutions(config, (8, 16), "folder")
    assert sizes[16].trainer.channels == named.channels
    assert widths(sizes[16]) == "widths 4: 8, 8: 6, 16: 4"
    assert sizes[8].data.resolution == 8 and sizes[8].data.dest == "folder/8"
    sizes = at_resolutions(config, (16, 32), "folder")
    assert sizes[16].trainer.channels is None
    assert widths(sizes[16]) == "widths min(32768 / resolution, 4)"


def test_times_and_exponents_by_resolution():
    table = resolution.measure(tiny_recipe(), SETTINGS)
    rows = {(r.measure, r.setting): r for r in table.rows}
    assert set(rows) == {
        (name, f"{side} px, float32") for name in ("training", "synthesis") for side in (8, 16)
    }
    for measured in rows.values():
        assert measured.unit == "ms/image" and measured.value > 0
        assert measured.more["images/s"] == pytest.approx(1000 / measured.value)
    assert table.notes[0].startswith("batch 4; widths min(32768 / resolution, 4)")
    times = [rows["training", f"{side} px, float32"].value for side in (8, 16)]
    assert f"training, float32: time ~ resolution^{exponent((8, 16), times):.2f}" in table.notes[1]
    assert len(table.notes) == 3
