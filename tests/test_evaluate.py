"""The verb: tables, records, and mistakes in one line."""

import dataclasses
import json
import subprocess
import sys
import zipfile

import numpy as np
import pytest
from absl import flags
from PIL import Image

from tests.metrics import tiny_extractor
from tests.metrics.weight_states import random_state, write_state
from tfgan_edit import evaluate as verb
from tfgan_edit.checkpoints import layer_names
from tfgan_edit.config import UserError
from tfgan_edit.data import RecordsWriter
from tfgan_edit.metrics.extractors import EXTRACTORS
from tfgan_edit.networks.dcgan import DCGANGenerator
from tfgan_edit.networks.features.efficientnet import EfficientNetLite
from tfgan_edit.networks.stylegan2 import StyleGAN2Generator
from tfgan_edit.preset import save_preset

SIDE, NUM = 16, 24


def photos(num=NUM, seed=0, side=SIDE):
    return np.random.default_rng(seed).integers(0, 256, (num, side, side, 3), np.uint8)


def write_pictures(folder, batch):
    folder.mkdir(parents=True)
    for i, photo in enumerate(batch):
        Image.fromarray(photo).save(folder / f"{i:03d}.png")
    return folder


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    """run/preset, conditional, records, labelled, pictures, other, pictures.zip, mixed, empty."""
    folder = tmp_path_factory.mktemp("inputs")
    for path, label_dim, data in (("run/preset", 0, "records"), ("conditional", 2, "labelled")):
        generator = StyleGAN2Generator(
            SIDE, z_dim=8, w_dim=8, mapping_layers=2, label_dim=label_dim, channel_max=8
        )
        data = {"source": str(folder / data), "resolution": SIDE, "labels": bool(label_dim)}
        save_preset(
            folder / path,
            {"generator": generator},
            config={"data": data},
            metadata={"method": "stylegan2"},
        )
    dcgan = DCGANGenerator(SIDE, z_dim=8, width=4)
    save_preset(folder / "dcgan", {"generator": dcgan}, config={}, metadata={"method": "dcgan"})
    (folder / "run/config.json").write_text("{}")
    for name, label_names in (("records", None), ("labelled", ["a", "b"])):
        with RecordsWriter(folder / name, (SIDE, SIDE, 3), label_names=label_names) as writer:
            for i, photo in enumerate(photos()):
                writer.add(photo, np.eye(2)[i % 2] if label_names else None)
    write_pictures(folder / "pictures", photos())
    write_pictures(folder / "other", photos(seed=1) // 2)
    write_pictures(folder / "large", photos(side=24))
    with zipfile.ZipFile(folder / "pictures.zip", "w") as archive:
        for path in (folder / "pictures").iterdir():
            archive.write(path, path.name)
    mixed = write_pictures(folder / "mixed", photos(4))
    Image.new("RGB", (9, SIDE)).save(mixed / "z.png")
    broken = write_pictures(folder / "broken", photos(4))
    (broken / "002.png").write_bytes(b"no picture")
    (folder / "empty").mkdir()
    return folder


@pytest.fixture
def run(inputs, tmp_path, monkeypatch):
    """run("--metrics=…", preset="run") -> records; paths are names in `inputs`."""
    tiny_extractor.install(monkeypatch, tmp_path / "weights")
    monkeypatch.chdir(tmp_path)

    def run(*arguments, **paths):
        values = flags.FlagValues()
        verb.define_flags(values)
        given = [f"--{flag}={inputs / name}" for flag, name in paths.items()]
        values(["evaluate", f"--out={tmp_path}", *given, *arguments])
        return list(verb.run(values))

    return run


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_preset_against_its_own_data(run, tmp_path):
    records = run("--metrics=fd_lite0_20,kid_lite0_20", preset="run")
    assert [set(r["results"]) for r in records] == [
        {"fd_lite0_20"},
        {"kid_lite0_20", "kid_lite0_20_subset_sd"},
    ]
    for record in records:
        path = tmp_path / f"metric-{record['metric']}.jsonl"
        assert lines(path) == [record]
        assert all(np.isfinite(v) for v in record["results"].values())
        assert {k: p["num"] for k, p in record["pictures"].items()} == {"real": 20, "fake": 20}
        (extractor,) = record["extractors"]
        assert (extractor["extractor"], extractor["resize"]) == ("lite0", "bicubic_antialiased")
        assert len(extractor["weights"]["lite0"]["sha256"]) == 64
        table = list(verb.rows(record))
        assert table[0].startswith(record["metric"]) and "real 20; fake 20" in table[0]
    run("--metrics=fd_lite0_20", preset="run")
    first, second = lines(tmp_path / "metric-fd_lite0_20.jsonl")
    assert first["results"] == second["results"]
    run("--metrics=fd_lite0_20", f"--out={tmp_path}/new/folder", preset="run")
    assert (tmp_path / "new/folder/metric-fd_lite0_20.jsonl").is_file()


def test_a_dcgan_is_measured_like_any_other(run):
    names = "fd_lite0_20,kid_lite0_20,fd_lite0_20_lerp"
    records = run(f"--metrics={names}", preset="dcgan", data="records")
    assert all(np.isfinite(v) for record in records for v in record["results"].values())
    assert [r["pictures"]["fake"]["num"] for r in records] == [20, 20, 20]


def test_every_metric_of_sets(run, monkeypatch):
    small = EXTRACTORS["lite0"]
    monkeypatch.setitem(EXTRACTORS, "inception", small)
    logits = dataclasses.replace(small, output="logits")
    monkeypatch.setitem(EXTRACTORS, "inception_logits", logits)
    names = ["fid20", "fid10_full", "kid20", "is20", "pr_lite0_20", "dc_lite0_20", "fd_lite0_20"]
    records = run(f"--metrics={','.join(names)}", preset="run")
    results = {k: v for record in records for k, v in record["results"].items()}
    assert results["fid20"] == results["fd_lite0_20"]
    assert 1 <= results["is20"] <= 3  # classes
    for name in ("pr_lite0_20_precision", "pr_lite0_20_recall", "dc_lite0_20_coverage"):
        assert 0 <= results[name] <= 1
    assert results["dc_lite0_20_density"] >= 0
    with pytest.raises(UserError, match="is9: it needs a count of at least 10"):
        run("--metrics=is9", preset="run")


def test_between_latents(run, tmp_path):
    """Of random ones, or of those that project wrote; of one latent all pictures are alike."""
    (drawn,) = run("--metrics=fd_lite0_20_lerp", preset="run")
    (plain,) = run("--metrics=fd_lite0_20", preset="run")
    assert drawn["results"]["fd_lite0_20_lerp"] != plain["results"]["fd_lite0_20"]
    codes = np.random.default_rng(0).standard_normal((3, 6, 8)).astype(np.float32)
    for i, code in enumerate(codes):
        (tmp_path / f"projected/{i}").mkdir(parents=True)
        np.savez(tmp_path / f"projected/{i}/projected.npz", w_plus=code)
    np.savez(tmp_path / "together.npz", w_plus=codes)
    results = [
        run("--metrics=fd_lite0_20_lerp_full", f"--latents={tmp_path / name}", preset="run")[0]
        for name in ("projected", "together.npz")
    ]
    assert results[0]["results"] == results[1]["results"]
    assert results[0]["latents"] == results[1]["latents"] and "latents" not in drawn
    for name, match in (("weights", "no latents of one generator"), ("x.npz", "cannot read .*x")):
        with pytest.raises(UserError, match=match):
            run("--metrics=fd_lite0_20_lerp", f"--latents={tmp_path / name}", preset="run")
    np.savez(tmp_path / "other.npz", w_plus=codes[:, :4])
    with pytest.raises(UserError, match=r"latents of \[4, 8\], preset .* needs \[6, 8\]"):
        run("--metrics=fd_lite0_20_lerp", f"--latents={tmp_path / 'other.npz'}", preset="run")
    with pytest.raises(UserError, match="needs a generator: give --preset"):
        run("--metrics=fd_lite0_20_lerp", images="pictures", data="records")


def test_confusion_of_folders(run, tmp_path, monkeypatch):
    small = dataclasses.replace(EXTRACTORS["lite0"], output="logits", build=wide_logits)
    for name in ("emotion", "faceres_male"):
        monkeypatch.setitem(EXTRACTORS, name, small)
    state = random_state(wide_logits(), layer_names.lite0)
    weights = write_state(tmp_path / "wide.pth", state)
    for folder in ("a", "b"):
        write_pictures(tmp_path / "groups" / folder, photos(3, seed=ord(folder)))
    flag = f"--weights=lite0={weights}"
    (record,) = run("--metrics=confusion", f"--images={tmp_path / 'groups'}", flag)
    assert {name.partition("/")[0] for name in record["results"]} == {"a", "b"}
    assert len(record["results"]) == 2 * 8 and record["pictures"]["fake"]["num"] == 6
    assert record["results"]["a/happy"] != record["results"]["b/happy"]


def wide_logits():
    return EfficientNetLite(tiny_extractor.STAGES, stem=4, head=12, classes=7)


def test_replicas_compute_the_same_features(tmp_path):
    """In a process of its own, whose processor is split before TensorFlow starts."""
    code = (
        "import numpy as np, pathlib, sys, tensorflow as tf\n"
        "from pytest import MonkeyPatch\n"
        "from tests.metrics import tiny_extractor\n"
        "from tfgan_edit.metrics.extractors import FeatureFunction\n"
        "from tfgan_edit.trainers.strategy import make_strategy\n"
        "two = make_strategy('cpu:2')\n"
        "tiny_extractor.install(MonkeyPatch(), pathlib.Path(sys.argv[1]))\n"
        "photos = np.random.default_rng(0).integers(0, 256, (7, 20, 20, 3), np.uint8)\n"
        "both = FeatureFunction('lite0', batch_size=4, strategy=two)\n"
        "one = FeatureFunction('lite0', batch_size=4)\n"
        "assert (both.batch_size, one.batch_size) == (8, 4)\n"
        "np.testing.assert_allclose(both(photos), one.of_all(photos), rtol=1e-5, atol=1e-6)\n"
        "print('equal')\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "weights")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.stdout.strip() == "equal", done.stderr[-2000:]


def test_full_takes_all_real_pictures(run):
    (record,) = run("--metrics=fd_lite0_10_full", preset="run")
    assert {k: p["num"] for k, p in record["pictures"].items()} == {"real": NUM, "fake": 10}


def test_records_folder_and_zip_of_one_set_are_equal(run):
    values = {
        name: run("--metrics=fd_lite0_24", images="other", data=name)[0]["results"]["fd_lite0_24"]
        for name in ("records", "pictures", "pictures.zip")
    }
    assert values["records"] == pytest.approx(values["pictures"], rel=1e-5)
    assert values["pictures.zip"] == pytest.approx(values["pictures"], rel=1e-5)
    (same,) = run("--metrics=fd_lite0_24", images="pictures", data="pictures.zip")
    assert same["results"]["fd_lite0_24"] < 1e-9 < values["pictures"]


def test_repeats_give_mean_and_deviation(run):
    (record,) = run("--metrics=fd_lite0_20", "--repeats=3", "--seed=5", preset="run")
    single = [
        run("--metrics=fd_lite0_20", f"--seed={5 + i}", preset="run")[0]["results"]["fd_lite0_20"]
        for i in range(3)
    ]
    results = record["results"]
    assert results["fd_lite0_20"] == pytest.approx(np.mean(single), rel=1e-6)
    assert results["fd_lite0_20_sd"] == pytest.approx(np.std(single, ddof=1), rel=1e-6)
    assert record["repeats"] == 3 and results["fd_lite0_20_sd"] > 0


def test_conditional_presets_draw_the_labels_of_the_data(run):
    (record,) = run("--metrics=fd_lite0_20", preset="conditional")
    assert record["results"]["fd_lite0_20"] > 0
    with pytest.raises(UserError, match="is conditional: give --data that has its labels"):
        run("--metrics=fd_lite0_20", preset="conditional", data="records")


def test_features_of_real_pictures_are_kept(run, tmp_path, monkeypatch):
    def kept():
        return sorted((tmp_path / "weights/cache/tfgan_edit/features").glob("*.npy"))

    run("--metrics=fd_lite0_20", "--nocache", preset="run")
    assert not kept()
    (first,) = run("--metrics=fd_lite0_20", preset="run")
    (path,) = kept()
    np.save(path, np.load(path) + 1)  # what is kept is what is used
    (second,) = run("--metrics=fd_lite0_20", preset="run")
    assert first["results"] != second["results"]
    (third,) = run("--metrics=fd_lite0_20", preset="run", data="labelled")  # same pixels, names not
    assert third["results"] == first["results"] and len(kept()) == 2


def test_main_prints_a_table_lists_names_and_plots(inputs, tmp_path, capsys, monkeypatch):
    tiny_extractor.install(monkeypatch, tmp_path / "weights")

    def main(*arguments):
        values = flags.FlagValues()
        verb.define_flags(values)
        values(["evaluate", *arguments])
        verb.main(values)
        return capsys.readouterr().out.splitlines()

    listed = main("--list")
    assert any(line.startswith("fidN[_full] ") for line in listed) and len(listed) > 10
    common = [f"--preset={inputs / 'run'}", f"--out={tmp_path}"]
    table = main(*common, "--metrics=fd_lite0_20")
    assert table[0].startswith("fd_lite0_20 ") and table[-1].startswith("appended to ")
    picture = tmp_path / "curves.png"
    with pytest.raises(UserError, match="no metric of a training"):
        main(*common, f"--plot={picture}")
    path = tmp_path / "metric-fd_lite0_20.jsonl"
    records = [{**lines(path)[0], "kimg": kimg} for kimg in (1, 2)]
    path.write_text("\n".join(map(json.dumps, records)))
    assert main(*common, f"--plot={picture}") == [f"wrote {picture}"]
    with Image.open(picture) as drawn:
        assert drawn.size == (800, 500)


def test_records_go_beside_the_preset(inputs):
    for arguments, folder in [
        ([f"--preset={inputs / 'run'}"], inputs / "run"),
        ([f"--preset={inputs / 'run/preset'}"], inputs / "run"),
        ([f"--preset={inputs / 'conditional'}"], inputs / "conditional"),
        ([f"--preset={inputs / 'run'}", "--out=/x"], verb.Path("/x")),
        (["--preset=classifier-avatars-64"], verb.Path(".")),  # comes with the package
        (["--images=x"], verb.Path(".")),
    ]:
        values = flags.FlagValues()
        verb.define_flags(values)
        values(["evaluate", *arguments])
        assert verb.out_folder(values) == folder


@pytest.mark.parametrize(
    "arguments, paths, match",
    [
        (["--metrics=fd_lite0_20"], {}, "give either --preset or --images"),
        ([], {"preset": "run"}, "--metrics is missing; --list explains the names"),
        (["--metrics=fid"], {"preset": "run"}, "metric 'fid' is unknown; known: .*fd_EXTRACTOR_N"),
        (["--metrics=fd_lite0_0"], {"preset": "run"}, "metric 'fd_lite0_0' is unknown"),
        (
            ["--metrics=fd_lite0_1k"],
            {"preset": "run"},
            "fd_lite0_1k needs at least 1,000 pictures, records .* has 24: give more, or take",
        ),
        (["--metrics=fd_lite0_20"], {"images": "pictures"}, "fd_lite0_20 needs real pictures: giv"),
        (["--metrics=fd_lite0_20"], {"images": "empty", "data": "records"}, "no pictures in"),
        (
            ["--metrics=fd_lite0_5"],
            {"images": "mixed", "data": "records"},
            "mixes sizes: 000.png is 16x16 and z.png 9x16 pixels; make one size",
        ),
        (["--metrics=fd_lite0_4"], {"images": "broken", "data": "records"}, "002.png cannot be r"),
        (
            ["--metrics=fd_lite0_20"],
            {"preset": "run", "data": "large"},
            "has pictures of 24x24 pixels, preset .* of 16x16: bring the real ones",
        ),
        (["--metrics=fd_lite0_20"], {"preset": "nothing"}, "no preset at"),
        (["--metrics=fd_lite0_20"], {"preset": "run", "data": "nothing"}, "there is no folder or"),
        (["--metrics=fd_lite0_20", "--weights=lite0"], {"preset": "run"}, "must be NAME=FILE"),
        (
            ["--metrics=fd_lite0_20", "--weights=lite0=x.pth"],
            {"preset": "run"},
            "--weights lite0=x.pth: there is no such file",
        ),
    ],
)
def test_mistakes_are_one_line(run, tmp_path, arguments, paths, match):
    with pytest.raises(UserError, match=match) as caught:
        run(*arguments, **paths)
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.glob("metric-*"))


def test_weights_that_are_not_here_or_not_right(run, tmp_path, monkeypatch):
    monkeypatch.delenv("TFGAN_EDIT_WEIGHTS")
    with pytest.raises(UserError, match="the weights 'lite0' .* are not here: .*--weights lite0="):
        run("--metrics=fd_lite0_20", preset="run")
    wrong = tmp_path / "wrong.npz"
    np.savez(wrong, x=np.zeros(3))
    with pytest.raises(UserError, match="wrong.npz: it is another network's file"):
        run("--metrics=fd_lite0_20", f"--weights=lite0={wrong}", preset="run")


def test_pictures_that_are_not_finite(run, inputs, tmp_path):
    generator = StyleGAN2Generator(SIDE, z_dim=8, w_dim=8, mapping_layers=2, channel_max=8)
    generator.weights[0].assign(np.full(generator.weights[0].shape, np.nan))
    save_preset(tmp_path / "nan", {"generator": generator}, config={}, metadata={})
    with pytest.raises(UserError, match="its pictures are not finite"):
        run("--metrics=fd_lite0_20", f"--preset={tmp_path / 'nan'}", data="records")
