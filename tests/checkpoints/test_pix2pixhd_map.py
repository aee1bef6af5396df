"""Pix2PixHD: official files become presets with the official outputs, and go back bit for bit."""

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
from tfgan_edit.checkpoints import pix2pixhd as maps
from tfgan_edit.checkpoints.files import read_checkpoint
from tfgan_edit.checkpoints.key_map import export_arrays
from tfgan_edit.config import UserError
from tfgan_edit.networks.pix2pixhd import (
    Pix2PixHDDiscriminator,
    Pix2PixHDGenerator,
    Pix2PixHDLocalEnhancer,
)
from tfgan_edit.preset import save_preset

CHECKPOINTS = golden.FOLDER / "checkpoints"
GENERATORS = (
    "pix2pixhd_global_ngf4_d2_b2",
    "pix2pixhd_global_ngf4_d3_b2",
    "pix2pixhd_local_ngf4",
)
TINY = {"width": 3, "num_downsamplings": 1, "num_blocks": 1}
LOCAL = {**TINY, "num_enhancers": 2, "num_local_blocks": 2}
NETWORKS = {
    "global": (lambda: Pix2PixHDGenerator(5, 2, **TINY), maps.generator_map),
    "global_batch": (lambda: Pix2PixHDGenerator(norm="batch", **TINY), maps.generator_map),
    "unhalved": (
        lambda: Pix2PixHDGenerator(width=3, num_downsamplings=0, num_blocks=2),
        maps.generator_map,
    ),
    "local": (lambda: Pix2PixHDLocalEnhancer(**LOCAL), maps.local_enhancer_map),
    "local_batch": (
        lambda: Pix2PixHDLocalEnhancer(norm="batch", **LOCAL),
        maps.local_enhancer_map,
    ),
    "discriminator": (
        lambda: Pix2PixHDDiscriminator(4, width=3, num_layers=2, num_scales=3),
        maps.discriminator_map,
    ),
    "discriminator_batch": (
        lambda: Pix2PixHDDiscriminator(4, width=3, num_layers=1, norm="batch"),
        maps.discriminator_map,
    ),
    "plain": (
        lambda: Pix2PixHDDiscriminator(4, width=3, num_scales=1),
        maps.plain_discriminator_map,
    ),
    "plain_batch": (
        lambda: Pix2PixHDDiscriminator(4, width=3, norm="batch"),
        maps.plain_discriminator_map,
    ),
    "capped": (
        lambda: Pix2PixHDDiscriminator(2, width=4, channel_max=9),
        maps.discriminator_map,
    ),
}


# === Official files ===


@pytest.mark.parametrize("name", GENERATORS)
def test_a_generator_as_npz(convert, name):
    arrays, _ = golden.load(name)
    generator = convert(golden.FOLDER / f"{name}.npz").networks["generator"]
    images = generator(golden.nhwc(arrays["in/x"]))
    assert_close(images, golden.nhwc(arrays["out/img"]), golden.IMAGE)


@pytest.mark.parametrize("name", ("pix2pixhd_d2", "pix2pixhd_d3"))
def test_a_discriminator_as_npz(convert, name):
    arrays, _ = golden.load(name)
    discriminator = convert(golden.FOLDER / f"{name}.npz").networks["discriminator"]
    maps_of_fakes = discriminator(
        golden.nhwc(arrays["in/fake"]), golden.nhwc(arrays["in/cond"])
    )
    for i, scale in enumerate(maps_of_fakes):
        for j, actual in enumerate(scale):
            expected = golden.nhwc(arrays[f"out/fake/{i}/{j}"])
            assert_close(actual, expected, golden.IMAGE, f"scale {i}, layer {j}")


@pytest.mark.parametrize("serialisation", ("zip", "legacy"))
def test_an_official_file(convert, capsys, serialisation):
    arrays, _ = golden.load("checkpoints/pix2pixhd_latest_net_G_expected")
    preset = convert(CHECKPOINTS / f"pix2pixhd_latest_net_G_{serialisation}.pth")
    images = preset.networks["generator"](golden.nhwc(arrays["in/x"]))
    assert_close(images, golden.nhwc(arrays["out/img"]), golden.IMAGE)
    said = capsys.readouterr().out
    assert "Pix2PixHD: generator" in said and "tfgan_edit.generate" not in said
    assert preset.metadata["method"] == preset.metadata["conversion"]["kind"] == "pix2pixhd"


# === Both directions ===


@pytest.mark.parametrize("name", NETWORKS)
def test_all_weights_are_covered_once(name):
    build, rows = NETWORKS[name]
    assert_covers_all_weights_once(build(), rows)


@pytest.mark.parametrize("name", NETWORKS)
def test_networks_come_back(convert, name):
    """Of other sizes, norms and names: the same arguments and weights."""
    build, rows = NETWORKS[name]
    assert_comes_back(convert, trained(build()), rows)


@pytest.mark.parametrize("name", [*GENERATORS, "pix2pixhd_d3"])
def test_a_round_trip_gives_the_same_bits(convert, tmp_path, name):
    preset = convert(golden.FOLDER / f"{name}.npz")
    out = tmp_path / "back.safetensors"
    run(source=preset.path, to="pix2pixhd", out=out)
    (state,) = read_checkpoint(out).states
    expected = golden.under(golden.load(name)[0], "param/")
    assert set(state.arrays) == set(expected)
    for key, array in state.arrays.items():
        assert array.tobytes() == expected[key].tobytes(), key
    ctor = golden.load(name)[1]["ctor"]
    assert state.settings.items() <= ctor.items()
    again = convert(out)
    for role, network in preset.networks.items():
        assert again.networks[role].get_config() == network.get_config()


def test_generator_and_discriminator_in_one_file(convert, tmp_path):
    networks = {
        "generator": Pix2PixHDLocalEnhancer(**LOCAL, name="generator"),
        "raw_generator": Pix2PixHDLocalEnhancer(**LOCAL, name="generator"),
        "discriminator": Pix2PixHDDiscriminator(width=2, name="discriminator"),
    }
    save_preset(tmp_path / "ours", networks, config={}, metadata={})
    out = tmp_path / "back.safetensors"
    run(source=tmp_path / "ours", to="pix2pixhd", out=out)
    assert {state.path for state in read_checkpoint(out).states} == {"G_ema", "G", "D"}
    assert set(convert(out, which="all").networks) == set(networks)


def test_averages_of_instance_norms_are_passed_over(convert):
    """PyTorch stored them before 0.4; counters of batch norms since 0.4.1."""
    for name, extra in (("global", ("running_mean", "running_var")), ("global_batch", ("n",))):
        build, rows = NETWORKS[name]
        arrays = export_arrays(rows(build()))
        for suffix in extra:
            suffix = "num_batches_tracked" if suffix == "n" else suffix
            arrays[f"model.2.{suffix}"] = np.ones(3, np.float32)
        assert convert(files.torch_stream(arrays)).networks


# === What does not fit ===


def zeros(*shape):
    return np.zeros(shape, np.float32)


@pytest.mark.parametrize(
    "name, change, message",
    (
        ("global", lambda a: a.pop("model.8.bias"), "missing model.8.bias"),
        ("global", lambda a: a.update({"model.99.bias": zeros(3)}), "surplus model.99.bias"),
        ("global", lambda a: a.update({"model.1.weight": zeros(4, 5, 7, 7)}), "must double them"),
        (
            "global",
            lambda a: a.update({"model.9.conv_block.1.weight": zeros(6, 6, 3, 3)}),
            "model.13.weight is missing",
        ),
        (
            "global",
            lambda a: a.update({"model.3.conv_block.1.weight": zeros(6, 6, 3, 3)}),
            r"residual blocks are model.\[3, 7\]",
        ),
        ("local", lambda a: a.update({"model2_1.1.weight": zeros(2, 3, 7, 7)}), "half of those"),
        ("global", lambda a: a.pop("model.1.weight") is a, "nothing of a known system"),
        ("discriminator", lambda a: a.pop("scale2_layer1.0.bias"), "scale2_layer1.0.bias"),
        (
            "plain",
            lambda a: [a.pop(f"layer0.{i}.weight") for i in (8, 11)],
            "surplus layer0.11.bias",
        ),
    ),
)
def test_files_that_do_not_fit(convert, name, change, message):
    with pytest.raises(UserError, match=message):
        build, rows = NETWORKS[name]
        convert(file_with(build(), rows, change))


def test_sizes_beyond_the_file_are_refused():
    """Names alone cannot ask for a large network."""
    wide = np.broadcast_to(np.float32(0), (2**14, 1, 1, 1))
    arrays = {"model.1.weight": wide, "model.4.conv_block.1.weight": wide}
    with pytest.raises(UserError, match="do not fit each other"):
        maps.generator_sizes(arrays)
    arrays = {f"scale0_layer{i}.0.weight": wide for i in range(4)}
    with pytest.raises(UserError, match="do not fit each other"):
        maps.discriminator_sizes(arrays)
    with pytest.raises(UserError, match="have 1 layers, at least 3"):
        maps.discriminator_sizes({"scale0_layer0.0.weight": wide})


def test_another_padding_is_refused():
    with pytest.raises(UserError, match="padding_type='zero'; only 'reflect' is known"):
        maps.settings({"padding_type": "zero", "ngf": 64})


@pytest.mark.parametrize(
    "network, message",
    (
        (lambda: Pix2PixHDGenerator(norm="demodulated", **TINY), "norm='demodulated'"),
        (lambda: Pix2PixHDGenerator(padding="reflect_all", **TINY), "padding='reflect_all'"),
        (lambda: Pix2PixHDDiscriminator(width=4, channel_max=9), "channel_max=9"),
    ),
)
def test_networks_without_an_official_form(tmp_path, network, message):
    network = network()
    role = "generator" if isinstance(network, Pix2PixHDGenerator) else "discriminator"
    save_preset(tmp_path / "preset", {role: network}, config={}, metadata={})
    with pytest.raises(UserError, match=message):
        run(source=tmp_path / "preset", to="pix2pixhd", out=tmp_path / "out.safetensors")
