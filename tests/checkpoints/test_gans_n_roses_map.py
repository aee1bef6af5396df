"""GANs N' Roses: official files become presets with the official outputs, and go back bit for
bit."""

import numpy as np
import pytest

from tests import golden_files as golden
from tests.cases import assert_close
from tests.checkpoints import official_files as files
from tests.checkpoints.convert_verb import run
from tests.checkpoints.map_checks import (
    assert_comes_back,
    assert_covers_all_weights_once,
    file_with,
    trained,
)
from tfgan_edit.checkpoints import gans_n_roses as maps
from tfgan_edit.checkpoints.files import read_checkpoint
from tfgan_edit.checkpoints.key_map import export_arrays
from tfgan_edit.config import UserError
from tfgan_edit.networks.gans_n_roses import (
    GansNRosesDiscriminator,
    GansNRosesGenerator,
    StyleDiscriminator,
)
from tfgan_edit.preset import save_preset

CHECKPOINTS = golden.FOLDER / "checkpoints"
CHANNELS = {4: 3, 8: 3, 16: 4, 32: 2}
GENERATOR = {"style_dim": 2, "w_dim": 5, "mapping_layers": 2, "channels": CHANNELS}
NETWORKS = {
    "main": (
        lambda: GansNRosesGenerator(32, num_downsamplings=2, **GENERATOR),
        maps.generator_map,
    ),
    "train": (
        lambda: GansNRosesGenerator(
            32, variant="train", num_downsamplings=3, num_res_blocks=2, **GENERATOR
        ),
        maps.generator_map,
    ),
    "discriminator_main": (
        lambda: GansNRosesDiscriminator(32, hidden_dim=3, channels=CHANNELS),
        maps.discriminator_map,
    ),
    "discriminator_train": (
        lambda: GansNRosesDiscriminator(32, variant="train", hidden_dim=3, channels=CHANNELS),
        maps.discriminator_map,
    ),
    "styles": (
        lambda: StyleDiscriminator(3, hidden_dim=4, num_layers=2),
        maps.style_discriminator_map,
    ),
}


# === Official files ===


def test_networks_as_npz(convert):
    arrays, meta = golden.load("gnr_main_64_down2")
    networks = convert(golden.FOLDER / "gnr_main_64_down2.npz").networks
    assert set(networks) == {"generator", "discriminator", "style_discriminator"}
    x = golden.nhwc(arrays["in/x"])
    generator = networks["generator"]
    assert generator.encoder.variant == "main" and generator.encoder.num_downsamplings == 2
    assert generator.style_dim == meta["ctor"]["latent_dim"]
    content, styles = generator.encode(x)
    assert_close(content, golden.nhwc(arrays["out/content"]), golden.IMAGE)
    assert_close(styles, arrays["out/style"], golden.IMAGE)
    image = generator(x, arrays["in/z"])
    assert_close(image[:1], golden.nhwc(arrays["out/img_z"]), golden.IMAGE)
    for i, logits in enumerate(networks["discriminator"](x)):
        assert_close(logits, golden.nhwc(arrays[f"out/d/{i}"]), golden.SCORE, f"head {i}")
    logits = networks["style_discriminator"](arrays["in/z_latent_d"])
    assert_close(logits, arrays["out/dl"], golden.SCORE)


@pytest.mark.parametrize("serialisation", ("zip", "legacy"))
def test_an_official_file(convert, capsys, serialisation):
    arrays, _ = golden.load("checkpoints/gnr_ck_expected")
    preset = convert(CHECKPOINTS / f"gnr_ck_{serialisation}.pt")
    assert set(preset.networks) == {"generator", "backward_generator"}
    forward, backward = preset.networks["generator"], preset.networks["backward_generator"]
    x = golden.nhwc(arrays["in/x"])
    content, styles = forward.encode(x)
    assert_close(content, golden.nhwc(arrays["out/content"]), golden.IMAGE)
    assert_close(styles, arrays["out/style_A2B"], golden.IMAGE)
    assert_close(backward.encode(x)[1], arrays["out/style_B2A"], golden.IMAGE)
    image = forward.decode(content, arrays["in/z"])
    assert_close(image, golden.nhwc(arrays["out/img"]), golden.IMAGE)
    said = capsys.readouterr().out
    assert "GANs N' Roses: generator, averaged" in said and "tfgan_edit.edit" in said
    assert preset.metadata["method"] == "gans_n_roses"


# === Both directions ===


@pytest.mark.parametrize("name", NETWORKS)
def test_all_weights_are_covered_once(name):
    build, rows = NETWORKS[name]
    assert_covers_all_weights_once(build(), rows)


@pytest.mark.parametrize("name", NETWORKS)
def test_networks_come_back(convert, name):
    """Of either code line and other sizes: the same arguments and weights."""
    build, rows = NETWORKS[name]
    assert_comes_back(convert, trained(build()), rows)


@pytest.mark.parametrize("source", ("gnr_main_64_down2.npz", "checkpoints/gnr_ck_zip.pt"))
def test_a_round_trip_gives_the_same_bits(convert, tmp_path, source):
    preset = convert(golden.FOLDER / source)
    out = tmp_path / "back.safetensors"
    run(source=preset.path, to="gans-n-roses", out=out)
    states = {state.path: state for state in read_checkpoint(out).states}
    official = {s.path: s for s in read_checkpoint(golden.FOLDER / source).states}
    ours = {"G": "G_A2B_ema", "D": "D_B"}  # roles that a file of one direction leaves open
    for path, state in official.items():
        back = states[ours.get(path, path)]
        assert set(back.arrays) == set(state.arrays)
        for key, array in back.arrays.items():
            assert array.tobytes() == state.arrays[key].tobytes(), key
    again = convert(out)
    assert set(again.networks) == set(preset.networks)
    for role, network in preset.networks.items():
        assert again.networks[role].get_config() == network.get_config()


def test_the_full_checkpoint(convert, tmp_path):
    """Both generators, averaged and as they are, and three discriminators."""
    generator, discriminator = NETWORKS["main"][0], NETWORKS["discriminator_main"][0]
    networks = {
        "generator": trained(generator()),
        "raw_generator": generator(),
        "backward_generator": trained(generator()),
        "raw_backward_generator": generator(),
        "discriminator": discriminator(),
        "backward_discriminator": discriminator(),
        "style_discriminator": NETWORKS["styles"][0](),
    }
    save_preset(tmp_path / "ours", networks, config={}, metadata={})
    out = tmp_path / "full.safetensors"
    run(source=tmp_path / "ours", to="gans-n-roses", out=out)
    names = {"G_A2B", "G_A2B_ema", "G_B2A", "G_B2A_ema", "D_A", "D_B", "D_L"}
    assert {state.path for state in read_checkpoint(out).states} == names
    for which, expected in (
        ("all", set(networks)),
        (None, {name for name in networks if not name.startswith("raw_")}),
        ("g", {"generator"}),
        ("d", {"discriminator"}),
    ):
        loaded = convert(out, **({"which": which} if which else {})).networks
        assert set(loaded) == expected
        for name, network in loaded.items():
            name = "raw_generator" if which == "g" else name
            for a, b in zip(network.weights, networks[name].weights, strict=True):
                np.testing.assert_array_equal(a, b, f"{name}: {a.path}")


def test_a_generator_of_the_backward_direction_alone(convert):
    build, rows = NETWORKS["main"]
    data = files.torch_zip({"G_B2A_ema": export_arrays(rows(build()))})
    assert set(convert(data).networks) == {"backward_generator"}


# === What does not fit ===


def zeros(*shape):
    return np.zeros(shape, np.float32)


@pytest.mark.parametrize(
    "name, change, message",
    (
        ("main", lambda a: a.pop("convs.0.activate.bias"), "missing convs.0.activate.bias"),
        ("main", lambda a: a.update({"convs.9.x": zeros(3)}), "surplus convs.9.x"),
        (
            "main",
            lambda a: a.update({"encoder.content.0.0.weight": zeros(3, 3, 5, 5)}),
            "kernels of 5x5; known: 1 and 3",
        ),
        (
            "main",
            lambda a: [a.pop(f"encoder.stem.{i}.skip.1.weight") for i in (1, 2)],
            "8 px and 0 halvings",
        ),
        ("main", lambda a: a.update({"mapping.0.weight": zeros(5)}), "2 axes are expected"),
        ("discriminator_main", lambda a: a.pop("g_adv.0.bias"), "missing g_adv.0.bias"),
        ("discriminator_train", lambda a: a.pop("g_adv.bias"), "missing g_adv.bias"),
        ("styles", lambda a: a.pop("fc.3.bias"), "missing fc.3.bias"),
    ),
)
def test_files_that_do_not_fit(convert, name, change, message):
    with pytest.raises(UserError, match=message):
        build, rows = NETWORKS[name]
        convert(file_with(build(), rows, change))


def test_sizes_beyond_the_file_are_refused():
    """Names alone cannot ask for a large network."""
    arrays = {
        "encoder.stem.0.0.weight": zeros(2, 3, 1, 1),
        "encoder.stem.1.skip.1.weight": np.broadcast_to(np.float32(0), (2**14, 2, 1, 1)),
        "encoder.content.0.0.weight": zeros(2, 2, 1, 1),
        "encoder.style.0.1.weight": zeros(2, 2, 3, 3),
        "mapping.0.weight": np.broadcast_to(np.float32(0), (2**14, 1)),
    }
    with pytest.raises(UserError, match="do not fit each other"):
        maps.generator_sizes(arrays)


def test_settings_of_files():
    assert maps.from_generator({"size": 256})["mapping_lr_multiplier"] == 0.01
    assert maps.from_generator({"lr_mlp": 0.1}) == {"mapping_lr_multiplier": 0.1}
    with pytest.raises(UserError, match="noise=True, unknown here"):
        maps.from_generator({"noise": True})


def test_a_discriminator_without_a_head_has_no_official_form(tmp_path):
    network = GansNRosesDiscriminator(32, channels=CHANNELS, heads=("local", "global"))
    save_preset(tmp_path / "preset", {"discriminator": network}, config={}, metadata={})
    with pytest.raises(UserError, match="have the heads local, global, diversity"):
        run(source=tmp_path / "preset", to="gans-n-roses", out=tmp_path / "out.safetensors")
