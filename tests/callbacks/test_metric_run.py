"""When metrics are measured in a run, where the numbers go, and what is refused before it."""

import dataclasses
import json

import numpy as np
import pytest
import tensorflow as tf

from tests.metrics import tiny_extractor
from tfgan_edit import quick_start
from tfgan_edit.callbacks.metric_run import MetricRun
from tfgan_edit.config import UserError
from tfgan_edit.data import RecordsWriter, open_records
from tfgan_edit.metrics import Evaluation
from tfgan_edit.metrics.photo_sets import GeneratedPhotos, RecordPhotos
from tfgan_edit.networks.stylegan2 import StyleGAN2Generator
from tfgan_edit.preset import load_preset
from tfgan_edit.run import Run, check, tiny

NAME = "fd_lite0_10"


@pytest.fixture
def evaluation(tmp_path, monkeypatch):
    tiny_extractor.install(monkeypatch, tmp_path / "weights")
    photos = np.random.default_rng(0).integers(0, 256, (12, 16, 16, 3), np.uint8)
    with RecordsWriter(tmp_path / "data", (16, 16, 3)) as writer:
        for photo in photos:
            writer.add(photo)
    generator = StyleGAN2Generator(16, z_dim=4, w_dim=4, mapping_layers=1, channel_max=4)
    fake = GeneratedPhotos(generator, name="the generator")
    real = RecordPhotos(open_records(tmp_path / "data"))
    return Evaluation(real, fake, generator=generator)


def records(folder):
    path = folder / f"metric-{NAME}.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def run(folder, evaluation, ticks, every, interrupted=False):
    lines = []
    callback = MetricRun(folder, (NAME,), evaluation, every, lines.append)
    callback.on_train_begin({"step": 0, "images": 0})
    for tick in ticks:
        for weight in evaluation.generator.trainable_variables:
            weight.assign_add(0.1 * tf.ones(weight.shape))
        callback.on_epoch_end(tick, {"kimg": tick + 1.0, "step": 10.0 * (tick + 1)})
    callback.on_train_end({"interrupted": True} if interrupted else {})
    return callback, lines


@pytest.mark.parametrize(
    "ticks, every, interrupted, expected",
    [
        (range(5), 2, False, [2, 4, 5]),
        (range(4), 2, False, [2, 4]),  # not twice at the end
        (range(3), 2, True, [2]),
        ([], 1, False, []),
    ],
)
def test_every_few_ticks_and_at_the_end(
    tmp_path, evaluation, ticks, every, interrupted, expected
):
    callback, lines = run(tmp_path, evaluation, ticks, every, interrupted)
    found = records(tmp_path)
    assert [r["kimg"] for r in found] == expected
    assert [r["step"] for r in found] == [10 * kimg for kimg in expected]
    assert len(lines) == len(expected)
    values = [r["results"][NAME] for r in found]
    assert len(set(values)) == len(values)  # weights changed, so did the numbers
    assert callback.results == (found[-1]["results"] if found else {})
    scalars = {}
    for path in (tmp_path / "tensorboard").iterdir():
        for event in tf.compat.v1.train.summary_iterator(str(path)):
            for value in event.summary.value:
                scalars[event.step] = (value.tag, float(tf.make_ndarray(value.tensor)))
    assert scalars == {
        10 * kimg: (f"Metrics/{NAME}", pytest.approx(value, rel=1e-6))
        for kimg, value in zip(expected, values, strict=True)
    }


def test_real_features_are_computed_once(tmp_path, evaluation):
    reads = []
    batches = evaluation.real.batches
    evaluation.real.batches = lambda *a: reads.append(a) or batches(*a)
    run(tmp_path, evaluation, range(3), 1)
    assert len(reads) == 1


def test_too_few_pictures_are_refused_before_the_training(tmp_path, evaluation):
    with pytest.raises(UserError, match="fd_lite0_13 needs at least 13 pictures, .* has 12"):
        MetricRun(tmp_path, ("fd_lite0_13",), evaluation, 1, print)


def test_a_run_measures_itself(tmp_path, monkeypatch):
    tiny_extractor.install(monkeypatch, tmp_path / "weights")
    monkeypatch.chdir(tmp_path)
    config = dataclasses.replace(
        tiny(quick_start.get_config()), metrics=(NAME,), preset_ticks=1, total_kimg=0.004
    )
    Run(config, tmp_path / "run").train()
    (record,) = records(tmp_path / "run")
    assert record["step"] == 1 and np.isfinite(record["results"][NAME])
    assert load_preset(tmp_path / "run").metadata["metrics"] == record["results"]


def test_unknown_metrics_and_missing_weights_are_named(tmp_path, monkeypatch):
    config = quick_start.get_config()
    with pytest.raises(UserError, match="metric 'fd_nobody_2k' is unknown"):
        check(dataclasses.replace(config, metrics=("fd_nobody_2k",)))
    tiny_extractor.install(monkeypatch, tmp_path / "weights").unlink()
    with pytest.raises(UserError, match="the weights 'lite0' .* are not here"):
        check(dataclasses.replace(config, metrics=(NAME,)))
