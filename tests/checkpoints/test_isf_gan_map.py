"""ISF-GAN: official files become presets with the official outputs, and go back bit for bit."""

import numpy as np
import pytest

from tests import golden_files as golden
from tests.cases import assert_close
from tests.checkpoints import official_files as files
from tests.checkpoints.convert_verb import run
from tfgan_edit.checkpoints import isf_gan as maps
from tfgan_edit.checkpoints.files import read_checkpoint
from tfgan_edit.checkpoints.key_map import export_arrays
from tfgan_edit.config import UserError
from tfgan_edit.networks.isf_gan import ImplicitStyleFunction, ISFGANDiscriminator
from tfgan_edit.preset import save_preset

CHECKPOINTS = golden.FOLDER / "checkpoints"
FUNCTIONS = ("isfgan_map_adaln_prenorm_18", "isfgan_map_adaln_postnorm_14")
TINY = {"num_ws": 3, "label_names": ["male", "eyeglasses", "old", "smile"], "w_dim": 6}
TINY |= {"z_dim": 5, "hidden_dim": 7}
NETWORKS = {
    "adaln": lambda: ImplicitStyleFunction(**TINY),
    "adaln_post": lambda: ImplicitStyleFunction(**TINY, pre_norm=False),
    "adain": lambda: ImplicitStyleFunction(**TINY, norm="adain"),
    "none": lambda: ImplicitStyleFunction(**TINY, norm="none", pre_norm=False),
    "of_w": lambda: ImplicitStyleFunction(**(TINY | {"num_ws": 1})),
    "one_bit": lambda: ImplicitStyleFunction(
        **(TINY | {"label_names": ["dog"], "z_dim": maps.Z_DIM})
    ),
    "discriminator": lambda: ISFGANDiscriminator(16, 3, width=4, channel_max=7),
    "rectangle": lambda: ISFGANDiscriminator((8, 12), 2, img_channels=1, width=4),
}


def rows_of(network):
    is_function = isinstance(network, ImplicitStyleFunction)
    return (maps.style_function_map if is_function else maps.discriminator_map)(network)


def trained(network):
    random = np.random.default_rng(0)
    for weight in network.weights:
        weight.assign(np.asarray(weight) + random.uniform(0.1, 0.2, weight.shape))
    return network


# === Official files ===


@pytest.mark.parametrize("serialisation", ("zip", "legacy"))
def test_an_official_file(convert, capsys, serialisation):
    arrays, _ = golden.load("checkpoints/isfgan_050000_nets_ema_expected")
    preset = convert(CHECKPOINTS / f"isfgan_050000_nets_ema_{serialisation}.ckpt")
    function, discriminator = (preset.networks[n] for n in ("style_function", "discriminator"))
    edited = function(arrays["in/w"], arrays["in/d"], arrays["in/z"])
    assert_close(edited, arrays["out/w_out"], golden.IMAGE)
    source, attributes = discriminator.heads(golden.nhwc(arrays["in/x"]))
    assert_close(source[:, 0], arrays["out/src"], golden.IMAGE)
    assert_close(attributes, arrays["out/cls"], golden.IMAGE)
    assert function.label_names == ["male", "eyeglasses", "old", "smile"]
    said = capsys.readouterr().out
    assert "ISF-GAN: style_function" in said and "residual=False" in said
    assert preset.metadata["method"] == "isf_gan"
    assert "all rights are reserved" in preset.metadata["licence"]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_as_npz(convert, name):
    arrays, meta = golden.load(name)
    function = convert(golden.FOLDER / f"{name}.npz").networks["style_function"]
    edited = function(arrays["in/w"], arrays["in/d"], arrays["in/z"])
    assert_close(edited, arrays["out/w_out"], golden.IMAGE)
    assert len(function.label_names) == meta["ctor"]["num_domains"]


def test_a_discriminator_as_npz(convert):
    arrays, _ = golden.load("isfgan_d_32")
    discriminator = convert(golden.FOLDER / "isfgan_d_32.npz").networks["discriminator"]
    source, attributes = discriminator.heads(golden.nhwc(arrays["in/x"]))
    assert_close(source[:, 0], arrays["out/src"], golden.IMAGE)
    assert_close(attributes, arrays["out/cls"], golden.IMAGE)


def test_names_of_a_wrapper_are_passed_over(convert):
    """Files of the StyleGAN version may carry `module.` before every name."""
    networks = {"mapnet": NETWORKS["adaln"](), "discriminator": ISFGANDiscriminator(8, 4, width=3)}
    states = {
        name: {f"module.{key}": array for key, array in export_arrays(rows_of(network)).items()}
        for name, network in networks.items()
    }
    function = convert(files.torch_zip(states)).networks["style_function"]
    assert (function.z_dim, len(function.label_names)) == (5, 4)


# === Both directions ===


@pytest.mark.parametrize("name", NETWORKS)
def test_all_weights_are_covered_once(name):
    network = NETWORKS[name]()
    entries = rows_of(network)
    covered = {}
    for entry in entries:
        covered.setdefault(id(entry.variable), []).append(entry.row)
    assert set(covered) == {id(v) for v in network.variables}
    for variable in network.variables:
        rows = covered[id(variable)]
        assert rows == [None] or rows == list(range(variable.shape[0]))
    assert len({entry.source for entry in entries}) == len(entries)


@pytest.mark.parametrize("name", NETWORKS)
def test_networks_come_back(convert, name):
    network = trained(NETWORKS[name]())
    preset = convert(files.torch_zip(export_arrays(rows_of(network))))
    (actual,) = preset.networks.values()
    assert actual.get_config() == network.get_config() | {"name": actual.name}
    for a, b in zip(actual.weights, network.weights, strict=True):
        np.testing.assert_array_equal(a, b, a.path)


@pytest.mark.parametrize("name", [*FUNCTIONS, "isfgan_d_32"])
def test_a_round_trip_gives_the_same_bits(convert, tmp_path, name):
    preset = convert(golden.FOLDER / f"{name}.npz")
    out = tmp_path / "back.safetensors"
    run(source=preset.path, to="isf-gan", out=out)
    (state,) = read_checkpoint(out).states
    expected = golden.under(golden.load(name)[0], "param/")
    assert set(state.arrays) == set(expected)
    for key, array in state.arrays.items():
        assert array.tobytes() == expected[key].tobytes(), key
    assert state.settings.items() <= golden.load(name)[1]["ctor"].items()
    (again,) = convert(out).networks.values()
    (network,) = preset.networks.values()
    assert again.get_config() == network.get_config()


def test_both_networks_in_one_file(convert, tmp_path):
    networks = {
        "style_function": ImplicitStyleFunction(**TINY, residual=True, name="style_function"),
        "discriminator": ISFGANDiscriminator(8, 4, width=3, name="discriminator"),
    }
    save_preset(tmp_path / "ours", networks, config={}, metadata={})
    out = tmp_path / "back.safetensors"
    run(source=tmp_path / "ours", to="isf-gan", out=out)
    assert {state.path for state in read_checkpoint(out).states} == {"mapnet", "discriminator"}
    preset = convert(out)
    for name, network in networks.items():
        assert preset.networks[name].get_config() == network.get_config()


# === What does not fit ===


def changed(name, change):
    arrays = export_arrays(rows_of(NETWORKS[name]()))
    change(arrays)
    return files.torch_zip(arrays)


def zeros(*shape):
    return np.zeros(shape, np.float32)


@pytest.mark.parametrize(
    "name, change, message",
    (
        ("adaln", lambda a: a.pop("w_net.fc.4.bias"), "missing w_net.fc.4.bias"),
        ("adaln", lambda a: a.update({"w_net.fc.9.bias": zeros(3)}), "surplus w_net.fc.9.bias"),
        (
            "adaln",
            lambda a: a.update({"w_net.z_net.unshared.1.2.weight": zeros(7, 8)}),
            r"unshared.1.2.weight has shape \[7, 8\]",
        ),
        (
            "adaln",
            lambda a: a.pop("w_net.z_net.unshared.0.0.weight"),
            "unshared.0.0.weight is missing from it",
        ),
        (
            "adaln",
            lambda a: a.update({"w_net.z_net.shared.0.weight": zeros(7, 3)}),
            "its 3 inputs cannot be 4 labels and a z",
        ),
        (
            "discriminator",
            lambda a: [a.pop(f"main.{i}.conv2.weight") for i in (1, 2)],
            "main.1.conv2.weight is missing",
        ),
    ),
)
def test_files_that_do_not_fit(convert, name, change, message):
    with pytest.raises(UserError, match=message):
        convert(changed(name, change))


def test_another_norm_is_refused():
    with pytest.raises(UserError, match="norm_type='batch'; known: adaln, adain, none"):
        maps.from_style_function({"norm_type": "batch"})


def test_networks_without_an_official_form(tmp_path):
    network = ISFGANDiscriminator((8, 12), 2, width=3)
    save_preset(tmp_path / "preset", {"discriminator": network}, config={}, metadata={})
    with pytest.raises(UserError, match="resolution=8x12"):
        run(source=tmp_path / "preset", to="isf-gan", out=tmp_path / "out.safetensors")
    with pytest.raises(UserError, match="official style functions are 6 wide .* after_dim=8"):
        maps.style_function_settings(ImplicitStyleFunction(**TINY, after_dim=8))
