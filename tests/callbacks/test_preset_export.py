"""When a preset is written, and what is in it."""

import numpy as np
import pytest

from tests.trainers.line_trainer import line_batch, make
from tfgan_edit.callbacks import preset_export as module
from tfgan_edit.callbacks.preset_export import PresetExport
from tfgan_edit.callbacks.progress import Progress, RunLog
from tfgan_edit.callbacks.statistics_log import StatisticsLog
from tfgan_edit.networks.stylegan2 import StyleGAN2Generator
from tfgan_edit.preset import load_preset
from tfgan_edit.trainers.loop import train_loop
from tfgan_edit.trainers.schedule import constant_schedule

FAILED, STOPPED = {"interrupted": True}, {"interrupted": True, "kimg": 5.5}


@pytest.fixture
def saves(tmp_path, monkeypatch):
    """Function: ticks -> kimg of every preset that was saved."""

    def run(ticks, every, end):
        saved = []
        monkeypatch.setattr(
            module, "save_preset", lambda *args, metadata, **kwargs: saved.append(metadata["kimg"])
        )
        export = PresetExport(
            tmp_path / "preset", {}, {}, lambda logs: {"kimg": logs["kimg"]}, every
        )
        export.on_train_begin({"step": 0, "images": 0})
        for tick in ticks:
            export.on_epoch_end(tick, {"kimg": float(tick + 1)})
        export.on_train_end(end)
        return saved

    return run


@pytest.mark.parametrize(
    "ticks, every, end, expected",
    [
        (range(5), 2, {}, [2, 4, 5]),
        (range(4), 2, {}, [2, 4]),  # not twice at the end
        (range(5), 2, FAILED, [2, 4]),
        (range(5), 2, STOPPED, [2, 4, 5.5]),
        (range(4), 10, {}, [4]),
        (range(4), 10, FAILED, []),
        (range(7, 9), 4, {}, [8, 9]),  # a resumed run keeps the rhythm
        ([], 1, {}, []),
        ([], 1, STOPPED, [5.5]),
    ],
)
def test_every_few_ticks_and_at_the_end(saves, ticks, every, end, expected):
    assert saves(ticks, every, end) == expected


def test_what_is_in_a_preset(tmp_path):
    generator = StyleGAN2Generator(8, z_dim=4, w_dim=4, mapping_layers=1, channel_max=4)
    picture = np.zeros((8, 16, 3), np.uint8)
    export = PresetExport(
        tmp_path / "preset",
        {"generator": generator},
        {"name": "line", "metrics": ()},
        lambda logs: {"method": "stylegan2", "kimg": logs["kimg"]},
        every=1,
        samples=lambda: picture,
    )
    export.on_epoch_end(0, {"kimg": 1.5, "Loss/G/loss": float("nan")})
    preset = load_preset(tmp_path / "preset")
    assert preset.metadata["kimg"] == 1.5
    assert preset.config == {"name": "line", "metrics": []}
    assert (tmp_path / "preset" / "samples.png").is_file()
    before = generator.synthesis.blocks[0].torgb.bias.numpy()
    generator.synthesis.blocks[0].torgb.bias.assign(before + 1)
    export.on_epoch_end(1, {"kimg": 3.0})
    again = load_preset(tmp_path / "preset")
    assert again.metadata["kimg"] == 3.0
    bias = again.require("generator").synthesis.blocks[0].torgb.bias
    np.testing.assert_array_equal(bias, before + 1)


def test_losses_that_are_not_finite_do_not_stop_a_run(tmp_path, monkeypatch, capsys):
    """Fewer than `MAX_NONFINITE_STEPS` of them, with every callback that looks at logs."""
    monkeypatch.setattr(module, "save_preset", lambda path, *args, **kwargs: path.mkdir())
    callbacks = [
        Progress(32, RunLog(tmp_path / "log.txt")),
        StatisticsLog(tmp_path),
        PresetExport(tmp_path / "preset", {}, {}, lambda logs: {"kimg": logs["kimg"]}, 10),
    ]
    train_loop(
        make(poison=np.nan),
        iter([line_batch()] * 4),
        schedule=constant_schedule(batch_size=8),
        total_steps=4,
        tick_images=16,
        callbacks=callbacks,
        save_state=lambda: None,
    )
    assert (tmp_path / "stats.jsonl").read_text().count('"Loss/main": null') == 2
    assert "nonfinite" in (tmp_path / "log.txt").read_text()
    assert (tmp_path / "preset").is_dir()
