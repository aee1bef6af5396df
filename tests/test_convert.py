"""The verb `convert`: official files become presets with the official outputs, and back."""

import hashlib
import json
import os
import subprocess
import sys

import numpy as np
import pytest
from absl import flags

from tests import golden_files as golden
from tests.cases import assert_close, weights_of
from tests.checkpoints import official_files as files
from tests.checkpoints.convert_verb import run
from tfgan_edit import generate
from tfgan_edit.checkpoints import stylegan2 as maps
from tfgan_edit.checkpoints import stylegan2_settings as settings
from tfgan_edit.checkpoints.files import read_checkpoint
from tfgan_edit.config import UserError
from tfgan_edit.networks.stylegan2 import StyleGAN2Discriminator, StyleGAN2Generator
from tfgan_edit.preset import save_preset

CHECKPOINTS = golden.FOLDER / "checkpoints"
LEVELS = [4 * 2**i for i in range(9)]
TINY = {"channels": {4: 6, 8: 5, 16: 4, 32: 3}}


def trained(network, seed=0):
    """The network with weights that are neither zero nor one."""
    random = np.random.RandomState(seed)
    for weight in network.weights:
        if weight.dtype == "float32":
            weight.assign(np.asarray(weight) + 0.2 * random.randn(*weight.shape))
    return network


def nchw(x):
    return np.transpose(np.asarray(x), (0, 3, 1, 2))


# === Official files ===


def test_a_stylegan2_ada_pickle(convert):
    arrays, _ = golden.load("checkpoints/ada_uncond_16_expected")
    preset = convert(CHECKPOINTS / "ada_uncond_16.pkl")
    generator, discriminator = preset.networks["generator"], preset.networks["discriminator"]
    z = arrays["in/z"]
    image = nchw(generator(z, noise="constant"))
    assert_close(image, arrays["out/img_const"], golden.IMAGE)
    truncated = nchw(generator(z, truncation=0.7, noise="constant"))
    assert_close(truncated, arrays["out/img_psi07_const"], golden.IMAGE)
    logits = discriminator(golden.nhwc(arrays["in/img"]))
    assert_close(np.asarray(logits), arrays["out/logits"], golden.IMAGE)


@pytest.mark.parametrize("serialisation", ("zip", "legacy"))
def test_a_rosinality_file(convert, serialisation):
    arrays, _ = golden.load("checkpoints/rosinality_expected")
    preset = convert(CHECKPOINTS / f"rosinality_{serialisation}.pt")
    generator, discriminator = preset.networks["generator"], preset.networks["discriminator"]
    np.testing.assert_array_equal(generator.mapping.w_avg.numpy(), arrays["in/latent_avg"])
    image = nchw(generator(arrays["in/z"], truncation=0.5, noise="constant"))
    assert_close(image, arrays["out/img"], golden.IMAGE)
    logits = discriminator(golden.nhwc(arrays["out/img"]))
    assert_close(np.asarray(logits), arrays["out/logits"], golden.IMAGE)


def test_a_tensorflow_pickle(convert):
    arrays, _ = golden.load("checkpoints/stylegan2_tf_expected")
    preset = convert(CHECKPOINTS / "stylegan2_tf.pkl")
    generator, discriminator = preset.networks["generator"], preset.networks["discriminator"]
    w_plus = np.asarray(generator.mapping(arrays["in/z"]))
    assert_close(w_plus, arrays["out/w"], golden.IMAGE)
    image = nchw(generator.synthesis(arrays["out/w"][:4], noise="constant"))
    assert_close(image, arrays["out/img"], golden.IMAGE)
    image = nchw(generator.synthesis(arrays["in/ws"][:2], noise="constant"))
    assert_close(image, arrays["out/img_wplus"], golden.IMAGE)
    image = nchw(generator(arrays["in/z"][:2], truncation=0.6, noise="constant"))
    assert_close(image, arrays["out/img_psi06"], golden.IMAGE)
    scores = discriminator(golden.nhwc(arrays["in/img"]))
    assert_close(np.asarray(scores), arrays["out/scores"], golden.IMAGE)


@pytest.mark.parametrize(
    "name", ("ada_g_skip_uncond_32", "ada_g_skip_cond_16", "ada_g_resnet_16")
)
def test_a_generator_as_npz(convert, name):
    arrays, meta = golden.load(name)
    generator = convert(golden.FOLDER / f"{name}.npz").networks["generator"]
    labels = arrays.get("in/c")
    w_plus = generator.mapping(arrays["in/z"], labels=labels, truncation=meta["psi"])
    assert_close(np.asarray(w_plus), arrays["out/ws_psi"], golden.IMAGE)
    image = nchw(generator(arrays["in/z"], labels=labels, noise="constant"))
    assert_close(image, arrays["out/img_const"], golden.IMAGE)


@pytest.mark.parametrize("name", ("ada_d_resnet_uncond_32", "ada_d_resnet_cond_16"))
def test_a_discriminator_as_npz(convert, name):
    arrays, _ = golden.load(name)
    discriminator = convert(golden.FOLDER / f"{name}.npz").networks["discriminator"]
    logits = discriminator(golden.nhwc(arrays["in/img"]), arrays.get("in/c"))
    assert_close(np.asarray(logits), arrays["out/logits"], golden.IMAGE)


def test_a_rosinality_npz_has_no_average(convert, capsys):
    arrays, _ = golden.load("rosinality_g_32")
    generator = convert(golden.FOLDER / "rosinality_g_32.npz").networks["generator"]
    image = nchw(generator(arrays["in/z1"], noise="constant"))
    assert_close(image, arrays["out/img_const"], golden.IMAGE)
    assert "no latent_avg; estimated from 10,000 latents" in capsys.readouterr().out
    z = np.random.RandomState(1).randn(4000, generator.z_dim).astype(np.float32)
    mean = np.mean(np.asarray(generator.mapping(z))[:, 0], axis=0)
    np.testing.assert_allclose(generator.mapping.w_avg.numpy(), mean, atol=0.03)


# === Files of other sizes, labels and architectures, in each format ===


def ada_file(generator, discriminator):
    return files.ada_pickle(
        {
            "G": (files.official(generator, maps.pytorch_ada_generator_map), {}),
            "D": (
                files.official(discriminator, maps.pytorch_ada_discriminator_map),
                settings.pytorch_ada_discriminator_settings(discriminator),
            ),
            "G_ema": (
                files.official(generator, maps.pytorch_ada_generator_map),
                settings.pytorch_ada_generator_settings(generator),
            ),
        }
    )


def rosinality_values(generator, discriminator):
    state = files.official(generator, maps.rosinality_generator_map)
    latent_avg = state.pop("latent_avg")
    return {
        "g": {name: np.zeros_like(array) for name, array in state.items()},
        "d": files.official(discriminator, maps.rosinality_discriminator_map),
        "g_ema": state,
        "g_optim": {"state": {0: {"step": 3, "exp_avg": np.ones(3, np.float32)}}},
        "args": {"size": generator.resolution[0]},
        "latent_avg": latent_avg[None],
    }


def tensorflow_file(generator, discriminator):
    gs = files.official(generator, maps.tensorflow_generator_map)
    d = files.official(discriminator, maps.tensorflow_discriminator_map)
    raw = {name: np.zeros_like(array) for name, array in gs.items()}
    static = {"mbstd_group_size": discriminator.group_size, "mapping_lrmul": 0.1}
    return files.tf_pickle(
        files.tf_generator(raw, version=5),
        files.tf_network(d, static, version=5),
        files.tf_generator(gs, {"resolution": 16, "dlatent_avg_beta": 0.995}, version=5),
    )


FORMATS = {
    "ada": ada_file,
    "zip": lambda g, d: files.torch_zip(rosinality_values(g, d)),
    "stream": lambda g, d: files.torch_stream(rosinality_values(g, d)),
    "tensorflow": tensorflow_file,
}
# resolution, z_dim, w_dim, arguments of both, of the generator, of the discriminator
NETWORKS = {
    "8": (8, 7, 7, {}, {"mapping_layers": 2}, {"group_size": 4}),
    "32": (32, 5, 5, {}, {"mapping_layers": 8}, {"group_size": 4}),
    "grey": (16, 6, 6, {"img_channels": 1}, {"mapping_layers": 1}, {"group_size": 4}),
    "labels": (16, 5, 7, {"label_dim": 3}, {"mapping_layers": 3}, {"mapping_layers": 1}),
    "orig": (16, 5, 6, {}, {"architecture": "orig"}, {"architecture": "orig", "group_size": 2}),
    "resnet": (16, 5, 6, {}, {"architecture": "resnet"}, {"architecture": "skip"}),
    "hidden": (16, 5, 6, {}, {"mapping_layers": 3, "mapping_dim": 9}, {"group_size": None}),
    "clamp": (16, 5, 6, {"clamp": 0.5}, {"mapping_layers": 2}, {}),
    "1024": (1024, 3, 3, {"channels": dict.fromkeys(LEVELS, 2)}, {}, {}),
    "taps": (16, 6, 6, {"resample_taps": (1, 2, 3, 1)}, {"mapping_layers": 2}, {}),
}
NVIDIAS = ("labels", "orig", "resnet")
CASES = [
    *((format, name) for format in FORMATS for name in ("8", "32", "grey")),
    *((format, name) for format in ("ada", "tensorflow") for name in NVIDIAS),
    *(("ada", name) for name in ("hidden", "clamp", "taps", "1024")),
    ("zip", "taps"),
    ("zip", "1024"),
]


def networks_of(name, label_rate=0.01):
    """(generator, discriminator); `label_rate` is of the discriminator's label mapping."""
    resolution, z_dim, w_dim, both, generator, discriminator = NETWORKS[name]
    generator = StyleGAN2Generator(
        resolution, z_dim, w_dim, name="generator", **{**TINY, **both, **generator}
    )
    discriminator = StyleGAN2Discriminator(
        resolution,
        mapping_lr_multiplier=label_rate,
        name="discriminator",
        **{**TINY, **both, **discriminator},
    )
    return trained(generator, 1), trained(discriminator, 2)


@pytest.mark.parametrize("format, name", CASES)
def test_other_sizes(convert, format, name):
    """The networks come back: same arguments, same weights. Outputs are compared above."""
    expected = networks_of(name, label_rate=0.1 if format == "tensorflow" else 0.01)
    preset = convert(FORMATS[format](*expected))
    assert set(preset.networks) == {"generator", "discriminator"}
    # Biases of styles lose a bit in TensorFlow's files, which lack the 1 that is added here.
    limit = 1e-6 if format == "tensorflow" else 0
    for wanted in expected:
        actual = preset.networks[wanted.name]
        assert without_taps(actual) == without_taps(wanted)
        np.testing.assert_allclose(taps_of(actual), taps_of(wanted), atol=1e-6)
        for a, b in zip(weights_of(actual), weights_of(wanted), strict=True):
            np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=0, atol=limit, err_msg=a.path)


def without_taps(network):
    return {name: v for name, v in network.get_config().items() if name != "resample_taps"}


def taps_of(network):
    taps = np.array(network.get_config()["resample_taps"], np.float64)
    return taps / np.sum(taps)


# === The verb ===


def test_the_report(convert, capsys):
    preset = convert(CHECKPOINTS / "rosinality_zip.pt")
    said = capsys.readouterr().out
    lines = {line.split()[0]: line for line in said.splitlines() if line}
    assert "averaged" in lines["g_ema"] and "16x16 skip" in lines["g_ema"]
    assert "4:6 8:6 16:4" in lines["g_ema"] and lines["g_ema"].endswith("generator")
    assert "raw" in lines["g"] and lines["g"].endswith("-")
    assert lines["d"].endswith("discriminator")
    assert "discriminator: assumed, as the file does not say: group_size=4" in said
    assert f"next: python -m tfgan_edit.generate --preset {preset.path}" in said


def test_what_stays_behind_is_listed(convert, capsys):
    generator, discriminator = networks_of("8")
    convert(files.torch_zip(rosinality_values(generator, discriminator)))
    assert "not converted: args, g_optim\n" in capsys.readouterr().out


def test_a_preset_knows_its_source(convert):
    path = CHECKPOINTS / "stylegan2_tf.pkl"
    preset = convert(path)
    source = preset.metadata["parents"]
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert source == {"file": "stylegan2_tf.pkl", "sha256": digest}
    assert preset.metadata["method"] == "stylegan2"
    assert "Nvidia Source Code License" in preset.metadata["licence"]
    assert preset.metadata["conversion"]["kind"] == "stylegan2-tf"
    assert preset.metadata["conversion"]["networks"]["generator"]["name"] == "Gs"
    card = (preset.path / "README.md").read_text()
    assert "stylegan2_tf.pkl" in card and "non-commercial" in card


def test_generate_draws_with_a_converted_preset(convert, tmp_path):
    preset = convert(CHECKPOINTS / "ada_uncond_16.pkl")
    values = flags.FlagValues()
    generate.define_flags(values)
    out = tmp_path / "grid.png"
    values(["generate", f"--preset={preset.path}", f"--out={out}", "--seeds=0-3"])
    generate.main(values)
    assert out.stat().st_size > 0


@pytest.mark.parametrize(
    "which, names",
    [
        ("g_ema", {"generator": "G_ema"}),
        ("g", {"generator": "G"}),
        ("d", {"discriminator": "D"}),
        ("all", {"generator": "G_ema", "raw_generator": "G", "discriminator": "D"}),
    ],
)
def test_which(convert, which, names):
    arrays, _ = golden.load("checkpoints/ada_uncond_16_expected")
    preset = convert(CHECKPOINTS / "ada_uncond_16.pkl", which=which)
    assert set(preset.networks) == set(names)
    for name, official in names.items():
        if official != "D":
            const = preset.networks[name].synthesis.blocks[0].constant.numpy()
            expected = arrays[f"param/{official}/synthesis.b4.const"]
            np.testing.assert_array_equal(const[0], np.transpose(expected, (1, 2, 0)))


def test_which_is_not_there():
    message = r"--which=g: the file has no such network; it has \(whole file\): discriminator"
    with pytest.raises(UserError, match=message):
        run(source=golden.FOLDER / "ada_d_resnet_cond_16.npz", out="x", which="g")


def test_kind_restricts(convert):
    with pytest.raises(UserError, match="nothing of --kind=rosinality"):
        convert(CHECKPOINTS / "ada_uncond_16.pkl", kind="rosinality")
    assert convert(CHECKPOINTS / "ada_uncond_16.pkl", kind="pytorch-ada").networks


@pytest.mark.parametrize(
    "values, message",
    [
        (dict(out="x"), "--source is missing"),
        (dict(source="x"), "--out is missing"),
        (dict(source="nowhere.pkl", out="x"), "nowhere.pkl: there is no such file"),
        (dict(source=".", out="x"), "is a folder"),
        (dict(source="x", out="y.safetensors", to="rosinality", kind="stylegan2-tf"), "--kind="),
        (dict(source="x", out="y.pt", to="rosinality"), "must end in .safetensors"),
        (dict(source="nowhere", out="y.safetensors", to="rosinality"), "no preset at nowhere"),
    ],
)
def test_wrong_flags_are_named(values, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=message):
        run(**values)


def test_the_command_refuses_in_one_line(tmp_path):
    (tmp_path / "bad.pkl").write_bytes(b"<html><title>Quota exceeded</title>")
    ended = subprocess.run(
        [sys.executable, "-m", "tfgan_edit.convert", "--source", "bad.pkl", "--out", "preset"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    errors = [line for line in ended.stderr.splitlines() if line.startswith("error:")]
    assert ended.returncode == 2 and "Traceback" not in ended.stderr
    assert len(errors) == 1 and "web page" in errors[0]
    assert os.listdir(tmp_path) == ["bad.pkl"]


# === Back ===


def arrays_of(path):
    states = read_checkpoint(path).states
    return {state.path: state.arrays for state in states}


@pytest.mark.parametrize(
    "file, kind, names",
    [
        ("ada_uncond_16.pkl", "pytorch-ada", {"G_ema": "G_ema", "D": "D"}),
        ("rosinality_zip.pt", "rosinality", {"g_ema": "g_ema", "d": "d", "": ""}),
    ],
)
def test_a_round_trip_gives_the_same_bits(convert, tmp_path, file, kind, names):
    preset = convert(CHECKPOINTS / file)
    out = tmp_path / "back.safetensors"
    run(source=preset.path, to=kind, out=out)
    original, back = arrays_of(CHECKPOINTS / file), arrays_of(out)
    assert set(back) == set(names)
    for name in names:
        assert set(back[name]) == set(original[name])
        for key, array in back[name].items():
            assert array.dtype == np.float32
            expected = original[name][key]
            assert array.tobytes() == expected.tobytes() and array.size == expected.size, key
    again = convert(out)
    for role, network in preset.networks.items():
        assert again.networks[role].get_config() == network.get_config()
        for a, b in zip(again.networks[role].weights, network.weights, strict=True):
            if "seed" not in a.path:
                np.testing.assert_array_equal(np.asarray(a), np.asarray(b), a.path)


def test_one_network_goes_back_under_bare_names(convert, tmp_path):
    name = "ada_g_skip_cond_16"
    preset = convert(golden.FOLDER / f"{name}.npz")
    out = tmp_path / "back.safetensors"
    run(source=preset.path, to="pytorch-ada", out=out)
    expected = golden.under(golden.load(name)[0], "param/")
    back = arrays_of(out)[""]
    assert set(back) == set(expected)
    for key, array in back.items():
        np.testing.assert_array_equal(array, expected[key], key)
    header = json.loads(out.read_bytes()[8 : 8 + int.from_bytes(out.read_bytes()[:8], "little")])
    ctor = json.loads(header["__metadata__"]["meta"])["ctor"]
    assert ctor["c_dim"] == 3 and ctor["mapping_kwargs"]["num_layers"] == 2
    widths = {name: ctor["synthesis_kwargs"][name] for name in ("channel_base", "channel_max")}
    assert widths == {"channel_base": 128, "channel_max": 10}


def test_a_rectangular_network_has_no_official_form(tmp_path):
    network = StyleGAN2Generator((16, 24), 5, 6, **TINY)
    save_preset(tmp_path / "preset", {"generator": network}, config={}, metadata={})
    with pytest.raises(UserError, match=r"official networks are square.*\(16, 24\)"):
        run(source=tmp_path / "preset", to="pytorch-ada", out=tmp_path / "out.safetensors")


def test_noise_maps_that_early_files_lack(convert, capsys):
    generator, discriminator = networks_of("8")
    values = rosinality_values(generator, discriminator)
    for name in [name for name in values["g_ema"] if name.startswith("noises.")]:
        del values["g_ema"][name]
    first = convert(files.torch_stream(values)).networks["generator"]
    said = capsys.readouterr().out
    assert "generator: the file has no noises.noise_0; drawn at random" in said
    second = convert(files.torch_stream(values)).networks["generator"]
    for a, b in zip(weights_of(first), weights_of(second), strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy(), a.path)


def test_from_one_code_base_to_the_other(convert, tmp_path):
    arrays, _ = golden.load("checkpoints/rosinality_expected")
    preset = convert(CHECKPOINTS / "rosinality_zip.pt")
    out = tmp_path / "ada.safetensors"
    run(source=preset.path, to="pytorch-ada", out=out)
    generator = convert(out).networks["generator"]
    image = nchw(generator(arrays["in/z"], truncation=0.5, noise="constant"))
    assert_close(image, arrays["out/img"], golden.IMAGE)


@pytest.mark.parametrize(
    "network, message",
    [
        (lambda: StyleGAN2Generator(8, 6, 6, architecture="resnet", **TINY), "architecture="),
        (lambda: StyleGAN2Generator(8, 6, 6, label_dim=2, **TINY), "label_dim=2"),
        (lambda: StyleGAN2Generator(8, 5, 6, **TINY), "one width for z, mapping and w"),
        (lambda: StyleGAN2Generator(8, 6, 6, clamp=256, **TINY), "have no clamp"),
        (lambda: StyleGAN2Discriminator(8, group_size=8, **TINY), "groups of 4"),
    ],
)
def test_networks_that_rosinality_cannot_express(network, message, tmp_path):
    network = network()
    source = tmp_path / "preset"
    name = "generator" if isinstance(network, StyleGAN2Generator) else "discriminator"
    save_preset(source, {name: network}, config={}, metadata={})
    out = tmp_path / "out.safetensors"
    with pytest.raises(UserError, match=message):
        run(source=source, to="rosinality", out=out)
    assert not out.exists()
