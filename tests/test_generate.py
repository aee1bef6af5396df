import json
import os
import subprocess
import sys

import av
import numpy as np
import pytest
from absl import flags
from PIL import Image

from tfgan_edit import generate as verb
from tfgan_edit.config import UserError
from tfgan_edit.networks.dcgan import DCGANGenerator
from tfgan_edit.networks.stylegan import StyleGANGenerator
from tfgan_edit.networks.stylegan2 import StyleGAN2Discriminator, StyleGAN2Generator
from tfgan_edit.preset import load_preset, save_preset
from tfgan_edit.sampling import Sampler, latents_from_seeds


@pytest.fixture(scope="module")
def presets(tmp_path_factory):
    """A folder with presets: plain ones, with labels, and some that do not fit."""
    folder = tmp_path_factory.mktemp("presets")
    sizes = {"channel_base": 256, "channel_max": 8}
    random = np.random.RandomState(0)
    presets = {
        "run/preset": (StyleGAN2Generator, 0, None),
        "stylegan": (StyleGANGenerator, 0, None),
        "conditional": (StyleGAN2Generator, 3, None),
        "kinds": (StyleGANGenerator, 3, ["kind=ant", "kind=bee", "kind=cat"]),
        "attributes": (StyleGAN2Generator, 3, ["smile", "hair=red", "hair=blond"]),
    }
    for path, (network, label_dim, names) in presets.items():
        generator = network(
            16, z_dim=16, w_dim=16, mapping_layers=2, label_dim=label_dim, **sizes
        )
        for weight in generator.weights:
            weight.assign_add(0.1 * random.randn(*weight.shape))
        metadata = {"method": "a GAN", "data": {"label_names": names}}
        save_preset(folder / path, {"generator": generator}, config={}, metadata=metadata)
    generator.mapping.w_avg.assign_add([np.nan] * 16)
    save_preset(folder / "diverged", {"generator": generator}, config={}, metadata={})
    dcgan = DCGANGenerator(16, z_dim=6, width=4)
    save_preset(folder / "dcgan", {"generator": dcgan}, config={}, metadata={"method": "dcgan"})
    for path, name in (("critic", "discriminator"), ("no_latents", "generator")):
        network = StyleGAN2Discriminator(16, **sizes)
        save_preset(folder / path, {name: network}, config={}, metadata={"method": path})
    return folder


@pytest.fixture
def run(presets, tmp_path, monkeypatch):
    """Runs the verb in this process, in an empty folder: run("--out=x.png", preset="run")."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments, preset="run"):
        values = flags.FlagValues()
        verb.define_flags(values)
        values(["generate", f"--preset={presets / preset}", *arguments])
        return verb.generate(values)

    return run


def size_of(path):
    with Image.open(path) as picture:
        return picture.size


def pixels(path):
    with Image.open(path) as picture:
        return np.asarray(picture)


def frames_of(path):
    with av.open(str(path)) as container:
        return [f.to_ndarray(format="rgb24") for f in container.decode(video=0)]


# === outputs ===


def test_grid(run, presets):
    assert run("--out=x.png", "--seeds=0-5", "--truncation=0.7") == "x.png (52x34 pixels)"
    generator = load_preset(presets / "run").networks["generator"]
    expected = Sampler(generator, truncation=0.7).grid(range(6))
    np.testing.assert_array_equal(pixels("x.png"), expected)
    assert run("--out=y.jpg", "--columns=8") == "y.jpg (142x34 pixels)"
    assert size_of("y.jpg") == (142, 34)  # 16 seeds by default


def test_same_command_same_bytes(run, tmp_path):
    for noise in ("constant", "random", "none"):
        for name in ("a.png", "b.png"):
            run(f"--out={name}", "--seeds=1,2", f"--noise={noise}")
        assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_single_pictures(run, tmp_path):
    assert run("--out=new/", "--seeds=1,4,12345") == "3 pictures to new/"
    assert sorted(os.listdir("new")) == ["seed0001.png", "seed0004.png", "seed12345.png"]
    run("--out=grid.png", "--seeds=1,4,12345", "--columns=3")
    np.testing.assert_array_equal(pixels("new/seed0004.png"), pixels("grid.png")[:, 18:34])
    (tmp_path / "existing").mkdir()
    run("--out=existing", "--seeds=2")
    assert os.listdir("existing") == ["seed0002.png"]


def test_mixing_table(run):
    run("--out=x.png", "--mix_rows=1,2", "--mix_columns=3,4,5", "--mix_layers=0-1")
    table = pixels("x.png")
    run("--out=y.png", "--seeds=1-5", "--columns=5")
    row = pixels("y.png")
    sources = [row[:, i * 18 : i * 18 + 16] for i in range(5)]
    corner = table[-(3 * 18 - 2) :, -(4 * 18 - 2) :]  # without the labels

    def cell(r, c):
        return corner[18 * r : 18 * r + 16, 18 * c : 18 * c + 16]

    for c in range(3):
        np.testing.assert_array_equal(cell(0, 1 + c), sources[2 + c])
    for r in range(2):
        np.testing.assert_array_equal(cell(1 + r, 0), sources[r])
    assert (cell(0, 0) == 255).all()
    assert (cell(1, 1) != cell(0, 1)).any() and (cell(1, 1) != cell(1, 0)).any()


def test_a_dcgan_draws_what_needs_no_styles(run, presets):
    generator = load_preset(presets / "dcgan").networks["generator"]
    z = latents_from_seeds(range(3), 6)
    run("--out=x.png", "--seeds=0-2", "--columns=3", "--truncation=0.7", preset="dcgan")
    expected = Sampler(generator, truncation=0.7).grid(range(3), 3)
    np.testing.assert_array_equal(pixels("x.png"), expected)
    run("--out=z.npz", "--seeds=0-2", preset="dcgan")
    np.testing.assert_array_equal(np.load("z.npz")["w_plus"][:, 0], z)
    run("--out=x.gif", "--seeds=0,1", "--frames=3", preset="dcgan")
    assert len(frames_of("x.gif")) == 4
    run("--out=x.png", "--mix_rows=1", "--mix_columns=2", preset="dcgan")
    with pytest.raises(UserError, match="this network adds no noise"):
        run("--out=x.png", "--noise_study=2", preset="dcgan")


@pytest.mark.parametrize("preset", ["run", "stylegan"])
def test_tables_of_both_networks(run, presets, preset):
    """Three groups of layers in one table, a sweep and a noise study, as the sampler draws them."""
    sampler = Sampler(load_preset(presets / preset).networks["generator"])
    groups = {"coarse": [0, 1], "middle": [2, 3], "fine": [4, 5]}
    tables = {
        "--mix_rows=1,2 --mix_columns=3,4 --mix_layers=coarse/middle/fine": sampler.table(
            [1, 2], [3, 4], groups
        ),
        "--truncation_sweep=-1,0.5,1 --seeds=5,6": sampler.truncation_sweep([5, 6], [-1, 0.5, 1]),
        "--truncation_sweep 0,1": sampler.truncation_sweep([0, 1, 2, 3], [0, 1]),
        "--noise_study=3 --seeds=5": sampler.noise_study([5], 3),
    }
    for arguments, expected in tables.items():
        run("--out=x.png", *arguments.split(), preset=preset)
        np.testing.assert_array_equal(pixels("x.png"), expected)


@pytest.mark.parametrize("path", ["linear", "spherical"])
@pytest.mark.parametrize("space", ["z", "w"])
def test_animations(run, space, path):
    options = ["--seeds=1,4,9", "--frames=5", f"--interpolate={space}", f"--path={path}"]
    assert run("--out=x.mp4", *options) == "x.mp4 (11 frames)"
    assert run("--out=x.gif", *options, "--loop", "--fps=10") == "x.gif (15 frames)"
    for name, count in (("x.mp4", 11), ("x.gif", 15)):
        frames = frames_of(name)
        assert len(frames) == count and frames[0].shape == (16, 16, 3)
    run("--out=single/", "--seeds=4")
    difference = frames_of("x.gif")[5].astype(int) - pixels("single/seed0004.png")
    assert np.abs(difference).mean() < 8  # 256 colours


def test_latents(run, presets):
    run("--out=x.npz", "--seeds=3,5", "--truncation=0.5", "--truncation_cutoff=2")
    preset = load_preset(presets / "run")
    with np.load("x.npz") as file:  # no pickle inside
        assert set(file) == {"z", "w_plus", "seeds", "meta"}
        z, w_plus = file["z"], file["w_plus"]
        assert file["seeds"].tolist() == [3, 5]
        meta = json.loads(str(file["meta"]))
    np.testing.assert_array_equal(z, latents_from_seeds([3, 5], 16))
    expected = preset.networks["generator"].mapping(z, truncation=0.5, truncation_cutoff=2)
    np.testing.assert_array_equal(w_plus, expected)
    assert meta["preset"] == preset.sha256
    assert (meta["truncation"], meta["truncation_cutoff"]) == (0.5, 2)


def test_conditional_presets(run):
    run("--out=classes.png", "--seeds=1,2", preset="conditional")
    run("--out=one.png", "--seeds=1,2", "--label=1", "--columns=1", preset="conditional")
    run("--out=vector.png", "--seeds=1,2", "--label=0,1,0", "--columns=1", preset="conditional")
    classes, one = pixels("classes.png")[-34:, -52:], pixels("one.png")
    assert one.shape == (34, 16, 3)
    assert np.abs(classes[:, 18:34].astype(int) - one).max() <= 1  # other batches
    assert np.abs(classes[:, :16].astype(int) - one).max() > 10
    np.testing.assert_array_equal(one, pixels("vector.png"))
    run("--out=x.npz", "--seeds=1,2", "--label=2", preset="conditional")
    with np.load("x.npz") as file:
        assert file["label"].tolist() == [0, 0, 1]


def test_labels_by_the_names_of_the_data(run, presets):
    for preset, text, label in (
        ("kinds", "bee", [0, 1, 0]),
        ("kinds", "kind=cat", [0, 0, 1]),
        ("attributes", "smile,blond", [1, 0, 1]),
        ("attributes", "1", [0, 1, 0]),
    ):
        run("--out=x.npz", "--seeds=1", f"--label={text}", preset=preset)
        with np.load("x.npz") as file:
            assert file["label"].tolist() == label
    run("--out=x.png", "--seeds=1,2", preset="kinds")
    names = ["kind=ant", "kind=bee", "kind=cat"]
    sampler = Sampler(load_preset(presets / "kinds").networks["generator"], label_names=names)
    np.testing.assert_array_equal(pixels("x.png"), sampler.grid([1, 2]))
    run("--out=y.png", "--seeds=1", "--truncation_sweep=0,1", "--label=ant", preset="kinds")
    run("--out=z.png", "--seeds=1", "--truncation_sweep=0,1", "--label=bee", preset="kinds")
    assert (pixels("y.png") != pixels("z.png")).any()


# === mistakes ===


@pytest.mark.parametrize(
    "arguments, match",
    [
        ([], "--out is missing"),
        (["--out=x.tif"], "--out=x.tif: must end in .png, .jpg, .*.gif, .mp4, .npz or /"),
        (["--out=x"], "--out=x: must end in"),
        (["--out=x.png", "--frames=3"], "--frames is for an animation, but --out=x.png is a grid"),
        (["--out=x.mp4", "--columns=3"], "--columns is for a grid"),
        (["--out=x.npz", "--mix_rows=3"], "--mix_rows is for a mixing table, but .* is latents"),
        (["--out=./", "--loop"], "--loop is for an animation, but --out=./ is single pictures"),
        (["--out=x.png", "--mix_rows=3"], "--mix_columns is missing"),
        (["--out=x.png", "--mix_layers=3"], "--mix_rows is missing"),
        (
            ["--out=x.png", "--mix_rows=1", "--mix_columns=2", "--seeds=3"],
            "--seeds: a mixing table has --mix_rows, --mix_columns, --mix_layers instead",
        ),
        (
            ["--out=x.png", "--mix_rows=1", "--mix_columns=2", "--mix_layers=coarse/6"],
            "--mix_layers: must be coarse, middle, fine, or numbers: .* in 0-5. Received: '6'",
        ),
        (
            ["--out=x.png", "--truncation_sweep=0,1", "--truncation=0.7"],
            "--truncation: a truncation sweep has --truncation_sweep instead; leave the flag out",
        ),
        (["--out=x.png", "--truncation_sweep=0,b"], "--truncation_sweep: must be num.* '0,b'"),
        (["--out=x.png", "--noise_study=2", "--noise=none"], "--noise: a noise study has"),
        (["--out=x.gif", "--noise_study=2"], "--noise_study is for a noise study, but .* an anim"),
        (
            ["--out=x.png", "--noise_study=2", "--truncation_sweep=0,1"],
            "--noise_study is for a noise study, but --out=x.png is a truncation sweep",
        ),
        (["--out=x.png", "--mix_rows=1", "--mix_columns=b"], "--mix_columns: .*Received: 'b'"),
        (["--out=x.png", "--seeds=9-1"], "--seeds: must be rising ranges .* Received: '9-1'"),
        (["--out=x.png", "--seeds="], "--seeds: must be like 0-15 or 1,4,9. Received: ''"),
        (["--out=x.png", "--truncation=inf"], "--truncation must be finite"),
        (["--out=x.png", "--truncation_cutoff=7"], "--truncation_cutoff must be in 0-6. Rec.* 7"),
        (["--out=x.png", "--label=1"], "--label=1: .* has no labels; leave the flag out"),
        (["--out=x.mp4", "--seeds=1"], "--seeds=1: an animation goes between at least two seeds"),
        (["--out=x.gif", "--fps=60"], "x.gif: fps=60.0 is not in the range 0…50"),
        (["--out=x.mp4", "--fps=nan"], "fps=nan is not in the range"),
    ],
)
def test_mistakes_are_one_line_and_leave_nothing(run, tmp_path, arguments, match):
    with pytest.raises(UserError, match=match) as caught:
        run(*arguments)
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "preset, arguments, match",
    [
        ("critic", [], r"no network 'generator': it has discriminator \(method: 'critic'\)"),
        ("no_latents", [], r"its generator \(method: no_latents\) has no w_plus latents"),
        ("nothing", [], "no preset at .*nothing: there is no such folder"),
        ("conditional", ["--label=3"], "--label: must be a class in 0-2 or 3 numbers"),
        ("conditional", ["--out=x.gif"], "--label is missing: .* has classes 0-2; give one"),
        ("conditional", ["--columns=2"], "--columns=2: without --label"),
        ("diverged", ["--label=0", "--truncation=0.7"], "pictures are not finite .* train it anew"),
        ("kinds", ["--label=dog"], "--label: .* or of kind=ant, kind=bee, kind=cat. .* 'dog'"),
        ("kinds", ["--noise_study=2"], "--label is missing: .* has kind=ant, kind=bee, kind=cat;"),
        ("attributes", [], "--label is missing: .* has smile, hair=red, hair=blond; give one"),
    ],
)
def test_presets_that_do_not_fit(run, tmp_path, preset, arguments, match):
    with pytest.raises(UserError, match=match):
        run("--out=x.png", *arguments, preset=preset)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "argument",
    [
        "--frames=0",
        "--noise_study=1",
        "--batch_size=0",
        "--columns=-1",
        "--noise=x",
        "--path=x",
        "--fps=x",
    ],
)
def test_flags_out_of_range_are_named(run, argument):
    with pytest.raises(flags.IllegalFlagValueError, match=argument):
        run("--out=x.png", argument)


# === as a command ===


def test_command(presets, tmp_path):
    def command(*arguments):
        return subprocess.run(
            [sys.executable, "-m", "tfgan_edit.generate", *arguments],
            capture_output=True,
            text=True,
            env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        )

    out = tmp_path / "x.png"
    done = command(f"--preset={presets / 'run'}", f"--out={out}", "--seeds=1-4")
    assert done.returncode == 0 and size_of(out) == (34, 34)
    assert done.stdout.splitlines()[-1] == f"wrote {out} (34x34 pixels)"
    failed = command(f"--preset={presets / 'run'}", f"--out={tmp_path / 'x.bmp'}")
    assert failed.returncode == 2 and "Traceback" not in failed.stderr
    assert failed.stderr.splitlines()[-1].startswith("error: --out=")


def test_help_shows_examples_and_flags():
    values = flags.FlagValues()
    verb.define_flags(values)
    assert "python -m tfgan_edit.generate --preset runs/faces --out grid.png" in verb.__doc__
    assert all(len(line) <= 100 for line in verb.__doc__.splitlines())
    assert "--truncation_cutoff: Truncate only the first N layers." in values.get_help()
