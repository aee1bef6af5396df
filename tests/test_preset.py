import json
import os
import shutil

import absl.flags
import h5py
import keras
import numpy as np
import pytest
from PIL import Image

from tfgan_edit import pack_preset
from tfgan_edit import preset as preset_module
from tfgan_edit.config import UserError
from tfgan_edit.layers.registration import register
from tfgan_edit.metrics.registry import append_record
from tfgan_edit.model_card import model_card
from tfgan_edit.networks.stylegan2 import StyleGAN2Discriminator, StyleGAN2Generator
from tfgan_edit.preset import load_preset, save_preset
from tfgan_edit.storage import read_json, sha256_of, write_json

TINY = {"channel_base": 256, "channel_max": 8, "z_dim": 16, "w_dim": 16, "mapping_layers": 2}


def make_generator(resolution=16, **settings):
    generator = StyleGAN2Generator(resolution, **{**TINY, **settings})
    random = np.random.RandomState(0)
    for weight in generator.weights:  # also those that start as zeros, w_avg among them
        weight.assign_add(0.1 * random.randn(*weight.shape))
    return generator


def save(path, networks, **options):
    return save_preset(path, networks, config={}, metadata={}, **options)


def latents(generator, count=2):
    return np.random.RandomState(1).randn(count, generator.z_dim).astype(np.float32)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A preset to copy, with its networks."""
    networks = {
        "generator": make_generator(),
        "discriminator": StyleGAN2Discriminator(16, channel_base=256, channel_max=8),
    }
    path = tmp_path_factory.mktemp("saved") / "preset"
    save_preset(path, networks, config={"lr": 0.1}, metadata={"method": "stylegan2"})
    return path, networks


@pytest.fixture
def copied(saved, tmp_path):
    return shutil.copytree(saved[0], tmp_path / "preset")


def refused(path, match, names=None):
    """The preset is refused in one line that names it, and nothing of it changes."""
    before = {file: file.read_bytes() for file in path.rglob("*") if file.is_file()}
    with pytest.raises(UserError, match=match) as caught:
        load_preset(path, names)
    message = str(caught.value)
    assert str(path) in message and "\n" not in message and len(message) < 500
    assert {file: file.read_bytes() for file in path.rglob("*") if file.is_file()} == before


def change(path, update, name="generator"):
    """Lets `update` change the entry of a network in config.json."""
    config = read_json(path / "config.json")
    update(config["networks"][name])
    write_json(path / "config.json", config)


def rehash(path, name="generator"):
    digest = sha256_of(path / f"{name}.weights.h5")
    change(path, lambda entry: entry.update(sha256=digest), name)


# === round trip ===


def test_loaded_networks_give_bit_equal_outputs(saved):
    path, networks = saved
    preset = load_preset(path)
    assert set(preset.networks) == {"generator", "discriminator"}
    assert preset.config == {"lr": 0.1} and preset.metadata["method"] == "stylegan2"
    assert preset.path == path and preset.sha256 == sha256_of(path / "config.json")
    for name, network in networks.items():
        loaded = preset.require(name)
        assert type(loaded) is type(network) and loaded.get_config() == network.get_config()
        for one, other in zip(loaded.weights, network.weights, strict=True):
            np.testing.assert_array_equal(one, other)
    z = latents(networks["generator"])
    images = networks["generator"](z, truncation=0.7)
    np.testing.assert_array_equal(preset.networks["generator"](z, truncation=0.7), images)
    np.testing.assert_array_equal(
        preset.networks["discriminator"](images), networks["discriminator"](images)
    )


@pytest.mark.parametrize(
    "settings",
    [
        {"resolution": (24, 16), "architecture": "resnet"},
        {"label_dim": 3, "mapping_dim": 8},
        {"dtype": "mixed_bfloat16", "num_half_res": 2, "clamp": 256.0},
        {"channels": {"8": 5, "16": 3}, "img_channels": 1},
    ],
)
def test_settings_survive(tmp_path, settings):
    generator = make_generator(**{"resolution": 16, **settings})
    loaded = load_preset(save(tmp_path / "p", {"generator": generator})).networks["generator"]
    assert loaded.dtype_policy.name == settings.get("dtype", "float32")
    z, labels = latents(generator), np.eye(3, dtype=np.float32)[:2]
    labels = labels if generator.label_dim else None
    np.testing.assert_array_equal(loaded(z, labels=labels), generator(z, labels=labels))


def test_shipped_presets_are_found_by_name_and_folders_go_first(saved, tmp_path, monkeypatch):
    monkeypatch.setattr(preset_module, "SHIPPED", tmp_path / "shipped")
    monkeypatch.chdir(tmp_path)
    shutil.copytree(saved[0], tmp_path / "shipped" / "faces-16")
    assert preset_module.shipped_presets() == ["faces-16"]
    assert load_preset("faces-16", names=[]).path == tmp_path / "shipped" / "faces-16"
    with pytest.raises(UserError, match="no preset at faces-32: .* with the package come faces-16"):
        load_preset("faces-32")
    shutil.copytree(saved[0], "faces-16")
    assert load_preset("faces-16", names=[]).path == preset_module.Path("faces-16")


def test_every_shipped_preset_loads_is_small_and_has_a_card():
    total = 0
    for name in preset_module.shipped_presets():
        preset = load_preset(name)
        size = sum(file.stat().st_size for file in preset.path.iterdir())
        total += size
        assert size <= 6e6, name
        card = (preset.path / "README.md").read_text()
        assert preset.metadata["method"] and preset.metadata["licence"] in card, name
        assert f'load_preset("{name}")' in card, name
        for network in preset.networks.values():
            assert all(np.isfinite(weight).all() for weight in network.weights), name
    assert total <= 30e6


def test_packing_keeps_what_is_asked_for_at_half_the_size(saved, tmp_path, capsys):
    flags = absl.flags.FlagValues()
    pack_preset.define_flags(flags)
    out = tmp_path / "packed"
    flags(["", f"--preset={saved[0]}", f"--out={out}", "--networks=generator", "--note=by hand"])
    pack_preset.main(flags)
    packed = load_preset(out)
    assert list(packed.networks) == ["generator"] and "wrote" in capsys.readouterr().out
    assert packed.metadata["packed_from"] == sha256_of(saved[0] / "config.json")
    assert "| how | by hand |" in (out / "README.md").read_text()
    for one, other in zip(
        packed.networks["generator"].weights, saved[1]["generator"].weights, strict=True
    ):
        np.testing.assert_array_equal(one, np.asarray(other).astype(np.float16))


def test_a_packed_card_says_what_was_measured_since(saved, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(saved[0], run / "preset")
    write_json(run / "config.json", {})
    created = read_json(run / "preset/metadata.json")["created"]
    for time, value in (("2001-01-01T00:00:00+00:00", 9.0), (created, 2.5)):
        record = {"metric": "fd_lite0_5k", "results": {"fd_lite0_5k": value}, "time": time}
        append_record(run, record)
    append_record(run, {"metric": "kid", "results": {"kid": 1.0}})
    assert pack_preset.measured(load_preset(run)) == {"fd_lite0_5k": 2.5}


def test_files_of_a_preset(saved, tmp_path):
    path, networks = saved
    assert sorted(os.listdir(path)) == [
        "README.md",
        "config.json",
        "discriminator.weights.h5",
        "generator.weights.h5",
        "metadata.json",
    ]
    config = read_json(path / "config.json")
    assert config["format_version"] == 1 and config["config"] == {"lr": 0.1}
    entry = config["networks"]["generator"]
    assert entry["class_name"] == "StyleGAN2Generator"
    assert entry["parameters"] == networks["generator"].count_params()
    assert entry["sha256"] == sha256_of(path / "generator.weights.h5")
    metadata = read_json(path / "metadata.json")
    assert metadata["created"].endswith("+00:00") and metadata["tfgan_edit"]


def test_same_networks_have_the_same_hash(saved, tmp_path):
    path, networks = saved
    again = save_preset(tmp_path / "p", networks, config={"lr": 0.1}, metadata={"kimg": 1})
    assert sha256_of(again / "config.json") == sha256_of(path / "config.json")


def test_float16_files_are_restored_as_float32(tmp_path):
    generator = make_generator(64, channel_base=4096, channel_max=64)
    whole = save(tmp_path / "whole", {"generator": generator})
    half = save(tmp_path / "half", {"generator": generator}, weights_dtype="float16")
    sizes = [(path / "generator.weights.h5").stat().st_size for path in (whole, half)]
    assert sizes[1] < 0.6 * sizes[0]
    loaded = load_preset(half).networks["generator"]
    for one, other in zip(loaded.weights, generator.weights, strict=True):
        assert one.dtype == "float32"
        np.testing.assert_array_equal(one, np.asarray(other).astype(np.float16))


def test_float16_refuses_values_beyond_its_range(tmp_path):
    generator = make_generator()
    generator.mapping.w_avg.assign(np.full(16, -70000.0))
    with pytest.raises(ValueError, match="up to 65504. Received: 70000 in generator"):
        save(tmp_path / "p", {"generator": generator}, weights_dtype="float16")
    assert not list(tmp_path.iterdir())


def test_loading_some_networks_reads_no_others(copied):
    (copied / "discriminator.weights.h5").unlink()
    assert set(load_preset(copied, ["generator"]).networks) == {"generator"}
    refused(copied, "discriminator.weights.h5 is missing")


def test_network_that_is_not_there(saved):
    path, _ = saved
    match = r"no network 'encoder': it has discriminator, generator \(method: 'stylegan2'\)"
    refused(path, match, ["encoder"])
    with pytest.raises(UserError, match=match):
        load_preset(path).require("encoder")


def test_preset_cannot_be_changed(saved):
    with pytest.raises(AttributeError):
        load_preset(saved[0], ["generator"]).path = "elsewhere"


# === model card ===


def test_card_states_what_is_known(tmp_path):
    photo = np.random.RandomState(0).randint(0, 255, (8, 12, 3)).astype(np.uint8)
    metadata = {
        "method": "stylegan2",
        "data": {"name": "avatars|a", "hash": "abc", "num": 10000},
        "kimg": 121.5,
        "metrics": {"fid2k": 12.3456789},
        "hardware": "2 CPU cores",
        "time": "11 min",
        "licence": "Apache-2.0",
        "limits": "Drawn faces only.",
        "parents": ["def"],
    }
    path = save_preset(
        tmp_path / "p", {"generator": make_generator()}, config={}, metadata=metadata, samples=photo
    )
    card = (path / "README.md").read_text()
    for line in (
        "# stylegan2",
        "![samples](samples.png)",
        'generator = preset.networks["generator"]',
        "| generator | StyleGAN2Generator | 5,438 | float32 | float32 |",
        "| data | avatars\\|a |",
        "| pictures in the data | 10000 |",
        "| pictures seen, in thousands (kimg) | 121.5 |",
        "| hardware | 2 CPU cores |",
        "| made from | def |",
        "| seed | not stated |",
        "| fid2k | 12.3457 |",
        "Apache-2.0",
        "Drawn faces only.",
    ):
        assert line in card.splitlines(), line
    with Image.open(path / "samples.png") as picture:
        np.testing.assert_array_equal(np.asarray(picture), photo)


def test_card_of_nothing_known():
    entry = {
        "class_name": "X",
        "parameters": 1,
        "config": {"dtype": "float32"},
        "weights_dtype": "float32",
    }
    card = model_card({"x": entry}, {})
    assert card.count("not stated") == 12 and "samples.png" not in card and "None" not in card


# === saving ===


def test_preset_is_replaced_but_nothing_else_is(copied, tmp_path):
    save(copied, {"generator": make_generator()})
    assert set(load_preset(copied).networks) == {"generator"}
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "letter").write_text("dear")
    with pytest.raises(UserError, match="it holds other files; choose another"):
        save(tmp_path / "home", {"generator": make_generator()})
    with pytest.raises(UserError, match="a file is there"):
        save(tmp_path / "home" / "letter", {"generator": make_generator()})
    assert sorted(os.listdir(tmp_path)) == ["home", "preset"]


def test_failed_save_keeps_the_old_preset(copied, saved):
    with pytest.raises(ValueError, match="JSON"):
        save_preset(copied, saved[1], config={"x": object()}, metadata={})
    assert load_preset(copied).config == {"lr": 0.1}
    assert sorted(os.listdir(copied.parent)) == ["preset"]


class NotRestorable(keras.Model):
    def __init__(self, size, **kwargs):
        super().__init__(**kwargs)
        self.built = True

    def get_config(self):
        return {"name": self.name, "length": 3}


class NotPlain(NotRestorable):
    def __init__(self, channels, **kwargs):
        super().__init__(1, **kwargs)

    def get_config(self):
        return {"channels": {4: 8}}


def test_save_refuses_networks_that_could_not_be_loaded(tmp_path, monkeypatch):
    for cls in (NotRestorable, NotPlain):  # until this test ends
        monkeypatch.setitem(keras.saving.get_custom_objects(), f"tfgan_edit>{cls.__name__}", cls)
    dense = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2)])
    for networks, match in (
        ({}, "at least one network"),
        ({"x": dense}, "registered under 'tfgan_edit'. Received: x=Sequential"),
        ({"x": NotRestorable(3)}, r"cannot be restored from its own get_config\(\)"),
        ({"x": NotPlain(3)}, "the config of x.channels has the key 4"),
        ({"../x": make_generator()}, "names of networks must be like"),
        ({"x": make_generator(dtype="float64")}, "dtype policies must be one of float32"),
    ):
        with pytest.raises(ValueError, match=match):
            save(tmp_path / "p", networks)
    with pytest.raises(ValueError, match="weights_dtype='int8'"):
        save(tmp_path / "p", {"x": make_generator()}, weights_dtype="int8")
    assert not list(tmp_path.iterdir())


# === what is not a preset ===


def test_run_folder_stands_for_its_preset(copied, tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    write_json(run / "config.json", {"name": "run", "trainer": {}})
    (run / "state").mkdir()
    refused(run, "run folder .* has no preset yet")
    shutil.copytree(copied, run / "preset")
    assert load_preset(run, ["generator"]).path == run / "preset"


def test_other_places_are_refused(tmp_path):
    with pytest.raises(UserError, match="no preset at .*missing: there is no such folder"):
        load_preset(tmp_path / "missing")
    (tmp_path / "model.pkl").write_bytes(b"x")
    with pytest.raises(UserError, match="model.pkl is not a preset: it is a file"):
        load_preset(tmp_path / "model.pkl")
    (tmp_path / "empty").mkdir()
    refused(tmp_path / "empty", "is not a preset: it has no config.json")
    write_json(tmp_path / "empty" / "config.json", [1])
    refused(tmp_path / "empty", "is not a preset: its config.json does not say")


# === damaged and hostile presets ===


@pytest.mark.parametrize(
    "value, match",
    [
        ({"format_version": 2}, "has preset format 2, .* reads up to 1; upgrade"),
        ({"format_version": 0}, "format_version=0"),
        ({"format_version": "1"}, "format_version='1'"),
        ({"format_version": True}, "format_version=True"),
        ({"networks": {}}, "networks={}"),
        ({"networks": [1]}, r"networks=\[1\]"),
        ({"networks": {"generator": 3}}, "'generator': 3"),
        ({"networks": {"../generator": {}}}, "'../generator'"),
        ({"networks": {"a\nb": {}}}, "networks"),
        ({"config": None}, "config=None"),
    ],
)
def test_damaged_header(copied, value, match):
    write_json(copied / "config.json", {**read_json(copied / "config.json"), **value})
    refused(copied, match)


@pytest.mark.parametrize(
    "field, value, match",
    [
        ("class_name", "Sequential", "class 'Sequential', which this tfgan_edit does not have"),
        ("class_name", "StyleGAN2SynthesisBlock", "does not have"),  # a layer, not a network
        ("class_name", "StyleGAN9", "upgrade it"),
        ("class_name", "os.system", "does not have"),
        ("class_name", None, "class_name=None"),
        ("config", None, "config=None"),
        ("weights", "../generator.weights.h5", "weights='../generator"),
        ("weights", "discriminator.weights.h5", "weights='discriminator"),
        ("weights", 7, "weights=7"),
        ("sha256", "0" * 64, "its SHA-256 differs"),
        ("parameters", 5437, "parameters=5437, built: 5438"),
        ("parameters", "5438", "parameters='5438'"),
    ],
)
def test_damaged_entry(copied, field, value, match):
    change(copied, lambda entry: entry.update({field: value}))
    refused(copied, match)


@pytest.mark.parametrize(
    "values, match",
    [
        ({"resolution": 17}, "generator cannot be built: resolution must be"),
        ({"resolution": "big"}, "cannot be built"),
        ({"resolution": None}, "cannot be built"),
        ({"w_dim": -3}, "cannot be built"),
        ({"unknown": 1}, "cannot be built"),
        ({"dtype": "int8"}, "dtype='int8'"),
        ({"dtype": {"module": "os", "class_name": "system", "config": {}}}, "key"),
        ({"name": {"class_name": "Lambda"}}, "generator.name has the key 'class_name'"),
        ({"channels": [{"a": {"registered_name": "x"}}]}, "the key 'registered_name'"),
    ],
)
def test_hostile_config(copied, values, match):
    change(copied, lambda entry: entry["config"].update(values))
    refused(copied, match)


def test_config_that_would_revive_a_functional_model(copied):
    layers = [{"class_name": "Lambda", "config": {"function": "print"}}]
    change(
        copied,
        lambda entry: entry.update(
            class_name="Functional", config={"name": "x", "layers": layers, "dtype": "float32"}
        ),
    )
    refused(copied, "the key 'class_name', which is not allowed")


def test_deep_config(copied):
    text = (copied / "config.json").read_text()
    deep = '{"a":' * 900 + "1" + "}" * 900
    (copied / "config.json").write_text(
        text.replace('"mapping_dim": null', f'"mapping_dim": {deep}')
    )
    refused(copied, "is damaged")


@pytest.mark.parametrize("file", ["config.json", "metadata.json"])
def test_damaged_json_files(copied, file):
    whole = (copied / file).read_text()
    (copied / file).write_text(whole[: len(whole) // 2])
    refused(copied, f"{file} is damaged|does not say")
    (copied / file).write_text(json.dumps([whole]))
    refused(copied, "is not a preset|metadata.json holds")
    (copied / file).unlink()
    refused(copied, f"no config.json|cannot read .*{file}")


def test_damaged_weights(copied):
    file = copied / "generator.weights.h5"
    whole = file.read_bytes()
    file.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    refused(copied, "generator.weights.h5 is not the file that config.json names")
    file.write_bytes(whole[:1000])
    rehash(copied)
    refused(copied, "damaged: generator.weights.h5: ")
    file.write_bytes(b"not HDF5")
    rehash(copied)
    refused(copied, "damaged: generator.weights.h5: ")
    file.unlink()
    refused(copied, "generator.weights.h5 is missing")
    file.mkdir()
    refused(copied, "generator.weights.h5 is missing")


def some_dataset(file):
    found = []
    file.visititems(lambda key, item: found.append(key) if isinstance(item, h5py.Dataset) else None)
    return found[0]


@pytest.mark.parametrize("trick", ["missing", "shape", "link", "external", "text"])
def test_hostile_weights(copied, tmp_path, trick):
    secret = tmp_path / "secret.h5"
    with h5py.File(secret, "w") as file:
        file["x"] = np.zeros((16, 16), np.float32)
    with h5py.File(copied / "generator.weights.h5", "r+") as file:
        key = some_dataset(file)
        shape = file[key].shape
        del file[key]
        if trick == "shape":
            file[key] = np.zeros((3, 3), np.float32)
        elif trick == "link":
            file[key] = h5py.ExternalLink(str(secret), "x")
        elif trick == "external":
            size = 4 * int(np.prod(shape))
            file.create_dataset(key, shape, "f4", external=[(str(secret), 0, size)])
        elif trick == "text":
            file[key] = "rm -rf"
    rehash(copied)
    refused(copied, "damaged: generator.weights.h5: ")


# === a training that replaces the preset ===


def test_preset_replaced_while_it_is_read(copied, monkeypatch):
    original = preset_module._load_network
    newer = make_generator()
    newer.mapping.w_avg.assign(np.full(16, 5.0))
    calls = []

    def replace_first(path, name, entry):
        if not calls:
            save(copied, {"generator": newer})
        calls.append(name)
        return original(path, name, entry)

    monkeypatch.setattr(preset_module, "_load_network", replace_first)
    preset = load_preset(copied, ["generator"])
    assert len(calls) == 2
    np.testing.assert_array_equal(preset.networks["generator"].mapping.w_avg, np.full(16, 5.0))
    assert preset.sha256 == sha256_of(copied / "config.json")


def test_classes_are_found_without_their_module_being_imported(monkeypatch):
    registered = keras.saving.get_custom_objects()
    monkeypatch.delitem(registered, "tfgan_edit>StyleGAN2Generator")
    imported = []

    def import_module(name):
        imported.append(name)
        if name.endswith(".stylegan2"):
            register(StyleGAN2Generator)

    monkeypatch.setattr(preset_module.importlib, "import_module", import_module)
    assert preset_module._class_of("StyleGAN2Generator") is StyleGAN2Generator
    assert "tfgan_edit.networks.stylegan2" in imported
