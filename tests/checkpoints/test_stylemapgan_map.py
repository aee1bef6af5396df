"""StyleMapGAN: official files become presets with the official outputs, and go back bit for bit."""

import numpy as np
import pytest

from tests import golden_files as golden
from tests.cases import assert_close
from tests.checkpoints import official_files as files
from tests.checkpoints.convert_verb import run
from tests.networks.stylemapgan_networks import NAMES, kept
from tfgan_edit.checkpoints import stylemapgan as maps
from tfgan_edit.checkpoints.conversion import average_w
from tfgan_edit.checkpoints.files import read_checkpoint
from tfgan_edit.checkpoints.key_map import Entry, export_arrays
from tfgan_edit.config import UserError
from tfgan_edit.networks.stylegan2 import StyleGAN2Discriminator
from tfgan_edit.networks.stylemapgan import StyleMapGANEncoder, StyleMapGANGenerator
from tfgan_edit.preset import save_preset

CHECKPOINTS = golden.FOLDER / "checkpoints"
OFFICIAL = {"generator": "g_ema", "encoder": "e_ema", "discriminator": "discriminator"}
SIZES = {"stylemap_channels": 3, "channels": {4: 6, 8: 5, 16: 4, 32: 3}}


# === Official files ===


@pytest.mark.parametrize("name", NAMES)
def test_networks_as_npz(convert, name):
    arrays, meta = golden.load(name)
    networks = convert(golden.FOLDER / f"{name}.npz").networks
    assert set(networks) == set(OFFICIAL)
    rows, expected = kept(arrays, meta, "img")
    assert_close(networks["generator"](arrays["in/z"])[rows], expected, golden.IMAGE)
    stylemap = networks["encoder"](golden.nhwc(arrays["in/x1"]))
    assert_close(stylemap, golden.nhwc(arrays["out/e1"]), golden.IMAGE)
    photos = np.concatenate([golden.nhwc(arrays[f"in/x{i}"]) for i in (1, 2)])
    assert_close(networks["discriminator"](photos), arrays["out/logits"], golden.SCORE)


@pytest.mark.parametrize("serialisation", ("zip", "legacy"))
def test_an_official_file(convert, capsys, serialisation):
    arrays, _ = golden.load("checkpoints/stylemapgan_000100_expected")
    preset = convert(CHECKPOINTS / f"stylemapgan_000100_{serialisation}.pt")
    generator, encoder = preset.networks["generator"], preset.networks["encoder"]
    images = generator(arrays["in/z"])
    assert_close(images, golden.nhwc(arrays["out/img"]), golden.IMAGE)
    images = generator.synthesis(encoder(golden.nhwc(arrays["in/x"])))
    assert_close(images, golden.nhwc(arrays["out/recon"]), golden.IMAGE)
    assert preset.networks["discriminator"].resolution == (16, 16)
    assert preset.metadata["method"] == preset.metadata["conversion"]["kind"] == "stylemapgan"
    assert "CC BY-NC 4.0" in preset.metadata["licence"]
    said = capsys.readouterr().out
    assert "StyleMapGAN: encoder, averaged" in said and "rosinality" not in said
    assert "no average stylemap; estimated from 10,000 latents" in said
    assert "assumed" not in said  # train_args says it


def test_the_average_stylemap_is_estimated(convert):
    preset = convert(CHECKPOINTS / "stylemapgan_000100_zip.pt", which="g_ema")
    mapping = preset.networks["generator"].mapping
    np.testing.assert_allclose(mapping.w_avg, average_w(mapping), rtol=1e-5, atol=1e-6)
    assert np.abs(mapping.w_avg).max() > 0


def test_raw_networks_stay_apart(convert):
    preset = convert(CHECKPOINTS / "stylemapgan_000100_zip.pt", which="all")
    assert set(preset.networks) == {*OFFICIAL, "raw_generator", "raw_encoder"}
    assert preset.metadata["conversion"]["networks"]["encoder"]["name"] == "e_ema"
    assert preset.metadata["conversion"]["networks"]["raw_generator"]["name"] == "generator"


# === Both directions ===


@pytest.mark.parametrize("name", [*NAMES, "checkpoints/stylemapgan_000100_expected"])
def test_a_round_trip_gives_the_same_bits(convert, tmp_path, name):
    preset = convert(golden.FOLDER / f"{name}.npz")
    out = tmp_path / "back.safetensors"
    run(source=preset.path, to="stylemapgan", out=out)
    arrays, meta = golden.load(name)
    states = {state.path: state for state in read_checkpoint(out).states}
    assert set(states) == set(OFFICIAL.values())
    for place, state in states.items():
        expected = golden.under(arrays, f"param/{place}/")
        assert set(state.arrays) == set(expected)
        for key, array in state.arrays.items():
            assert array.tobytes() == expected[key].tobytes(), key
        if place != "discriminator":  # has rosinality's settings
            assert state.settings.items() <= meta.get("ctor", state.settings).items()
    again = convert(out)
    for role, network in preset.networks.items():
        assert again.networks[role].get_config() == network.get_config()


def networks_of(**arguments):
    sizes = {"resolution": 16, "stylemap_size": 4, **SIZES, **arguments}
    synthesis = ("code_channels", "norm")
    encoder = {key: value for key, value in sizes.items() if key not in synthesis}
    return {
        "generator": StyleMapGANGenerator(mapping_layers=2, **sizes),
        "encoder": StyleMapGANEncoder(**encoder),
    }


def state_of(networks):
    rows = {"generator": maps.generator_map, "encoder": maps.encoder_map}
    return {OFFICIAL[role]: export_arrays(rows[role](n)) for role, n in networks.items()}


@pytest.mark.parametrize(
    "arguments",
    ({}, {"code_channels": 3}, {"resolution": (24, 16)}, {"resolution": 32, "stylemap_size": 16}),
)
def test_networks_come_back(convert, arguments):
    """Of other sizes: the same arguments and weights."""
    networks = networks_of(**arguments)
    random = np.random.default_rng(0)
    for network in networks.values():
        for weight in network.trainable_variables:
            weight.assign(weight + random.uniform(0.1, 0.2, weight.shape))
    preset = convert(files.torch_zip(state_of(networks)))
    for role, network in networks.items():
        actual = preset.networks[role]
        assert actual.get_config() == network.get_config() | {"name": role}
        pairs = zip(actual.trainable_variables, network.trainable_variables, strict=True)
        for a, b in pairs:
            np.testing.assert_array_equal(a, b, a.path)


def test_all_weights_are_covered_once():
    """But for the average stylemap, which no file holds."""
    for role, network in networks_of().items():
        rows = maps.generator_map(network) if role == "generator" else maps.encoder_map(network)
        targets = [id(row.variable) for row in rows if isinstance(row, Entry)]
        assert sorted(targets) == sorted(id(v) for v in network.trainable_variables)
        assert len({row.source for row in rows}) == len(rows)


# === What does not fit ===


def zeros(*shape):
    return np.zeros(shape, np.float32)


@pytest.mark.parametrize(
    "place, change, message",
    (
        ("g_ema", lambda a: a.pop("mapping_z.2.bias"), "missing mapping_z.2.bias"),
        ("g_ema", lambda a: a.update({"mapping_z.9.bias": zeros(3)}), "surplus mapping_z.9.bias"),
        (
            "g_ema",
            lambda a: a.update({"decoder.convs_latent.3.0.weight": zeros(9, 5, 3, 3)}),
            r"style codes have \[6, 6, 5, 9, 4, 4\] channels",
        ),
        (
            "g_ema",
            lambda a: a.update({"decoder.input.input": zeros(1, 6, 3, 3)}),
            "stylemaps have 3x3 pixels, doubled 2 times",
        ),
        (
            "g_ema",
            lambda a: a.update({"decoder.input.input": zeros(1, 6, 2048, 4)}),
            "2048 times 2.2 pixels a side, over 4096",
        ),
        ("g_ema", lambda a: a.pop("decoder.to_rgb.conv.weight"), "to_rgb.conv.weight is missing"),
        ("e_ema", lambda a: a.pop("final_conv.0.weight"), "final_conv.0.weight is missing"),
        (
            "e_ema",
            lambda a: a.update({"convs.0.skip.0.kernel": zeros(4, 4)}),
            "not the constant of the network",
        ),
    ),
)
def test_files_that_do_not_fit(convert, place, change, message):
    states = state_of(networks_of())
    change(states[place])
    with pytest.raises(UserError, match=message):
        convert(files.torch_zip(states))


def test_an_encoder_needs_its_generator(convert):
    states = state_of(networks_of())
    with pytest.raises(UserError, match="alone does not tell the size of its stylemaps"):
        convert(files.torch_zip({"e_ema": states["e_ema"]}))


def test_sizes_beyond_the_file_are_refused():
    """Shapes alone cannot ask for a large network."""
    arrays = state_of(networks_of())["g_ema"]
    for name in ("decoder.convs.0.conv2.conv.weight", "decoder.convs.1.conv2.conv.weight"):
        arrays[name] = np.broadcast_to(np.float32(0), (1, 2**13, 1, 1, 1))
    arrays["decoder.convs_latent.0.0.weight"] = np.broadcast_to(np.float32(0), (6, 3, 1, 1))
    with pytest.raises(UserError, match="do not fit each other"):
        maps.generator_sizes(arrays)


@pytest.mark.parametrize(
    "values, expected",
    (
        ({}, {"norm": "layer", "mapping_lr_multiplier": 0.01}),
        (
            {"normalize_mode": None, "lr_mul": 1, "batch": 16},
            {"norm": None, "mapping_lr_multiplier": 1},
        ),
        ({"normalize_mode": "InstanceNorm2d"}, {"norm": "instance", "mapping_lr_multiplier": 0.01}),
        ({"normalize_mode": "anything"}, {"norm": None, "mapping_lr_multiplier": 0.01}),
    ),
)
def test_settings(values, expected):
    assert maps.from_generator_settings(values) == expected


@pytest.mark.parametrize(
    "values, message",
    (
        ({"normalize_mode": "BatchNorm2d"}, "normalize_mode='BatchNorm2d'; only LayerNorm"),
        ({"normalize_mode": [1]}, r"normalize_mode=\[1\]"),
        ({"lr_mul": "x"}, "lr_mul='x', which is no rate"),
        ({"lr_mul": -1}, "lr_mul=-1"),
        ({"lr_mul": True}, "lr_mul=True"),
    ),
)
def test_settings_that_no_network_has(values, message):
    with pytest.raises(UserError, match=message):
        maps.from_generator_settings(values)


@pytest.mark.parametrize(
    "role, network, message",
    (
        ("generator", lambda: networks_of(code_channels=2)["generator"], "code_channels=2"),
        ("encoder", lambda: networks_of(resolution=(24, 16))["encoder"], r"\(24, 16\)"),
        ("discriminator", lambda: StyleGAN2Discriminator(8, group_size=8), "groups of 4"),
    ),
)
def test_networks_without_an_official_form(tmp_path, role, network, message):
    save_preset(tmp_path / "preset", {role: network()}, config={}, metadata={})
    with pytest.raises(UserError, match=message):
        run(source=tmp_path / "preset", to="stylemapgan", out=tmp_path / "out.safetensors")
