"""Key maps of StyleGAN: every array used up, both directions, and the forms of up-sampling."""

import numpy as np
import pytest

from tests import golden_files as golden
from tests.cases import assert_close, weights_of
from tests.checkpoints import official_files as files
from tfgan_edit.checkpoints import stylegan as maps
from tfgan_edit.checkpoints.conversion import (
    convert_network,
    export_networks,
    find_networks,
    select,
)
from tfgan_edit.checkpoints.files import read_checkpoint
from tfgan_edit.checkpoints.key_map import Entry, assign_weights, export_arrays
from tfgan_edit.config import UserError
from tfgan_edit.networks.stylegan import StyleGANDiscriminator, StyleGANGenerator

TINY = {"channels": {4: 6, 8: 5, 16: 4}}
# Fused from 128 pixels on.
DEEP = {"channel_base": 256, "channel_max": 6, "z_dim": 5, "w_dim": 4, "mapping_layers": 2}

NETWORKS = {
    "tf generator": (
        lambda: StyleGANGenerator(16, 5, 6, mapping_dim=7, **TINY),
        maps.tensorflow_generator_map,
    ),
    "tf generator with labels": (
        lambda: StyleGANGenerator(16, 5, 6, label_dim=3, img_channels=1, **TINY),
        maps.tensorflow_generator_map,
    ),
    "tf generator, 128": (lambda: StyleGANGenerator(128, **DEEP), maps.tensorflow_generator_map),
    "tf discriminator": (
        lambda: StyleGANDiscriminator(16, dense_dim=9, num_stddev_channels=2, **TINY),
        maps.tensorflow_discriminator_map,
    ),
    "tf discriminator with labels": (
        lambda: StyleGANDiscriminator(16, label_dim=3, **TINY),
        maps.tensorflow_discriminator_map,
    ),
    "pytorch generator": (
        lambda: StyleGANGenerator(128, **DEEP),
        maps.pytorch_generator_map,
    ),
}
GOLDEN = {  # file, network in it, names that no row holds
    "tf generator": ("sg1_tf_uncond_32", "", ()),
    "tf discriminator": ("sg1_tf_uncond_32", "D/", ()),
    "pytorch generator": ("sg1_g_128", "", ("truncation.truncation",)),
}


def randomized(network):
    random = np.random.default_rng(3)
    for variable in weights_of(network):
        variable.assign(random.normal(size=variable.shape).astype(np.float32))
    return network


def sample(*shape):
    return np.random.default_rng(1).normal(size=shape).astype(np.float32)


@pytest.fixture
def convert(tmp_path):
    """{name in a preset: network} of a file's bytes or path."""

    def convert(source):
        if isinstance(source, bytes):
            (tmp_path / "file").write_bytes(source)
            source = tmp_path / "file"
        checkpoint = read_checkpoint(source)
        chosen = select(find_networks(checkpoint), "all")
        size = source.stat().st_size
        return {name: convert_network(f, checkpoint, size).network for name, f in chosen.items()}

    return convert


@pytest.mark.parametrize("name", NETWORKS)
def test_round_trip(name):
    """All weights are covered once, and each arrives with the same bits."""
    build, rows = NETWORKS[name]
    network, other = randomized(build()), build()
    entries = [row for row in rows(network) if isinstance(row, Entry)]
    targets = [id(entry.variable) for entry in entries]
    assert len(set(targets)) == len(targets)
    assert set(targets) == {id(v) for v in weights_of(network)}
    assert assign_weights(other, rows(other), export_arrays(rows(network))) == []
    for a, b in zip(weights_of(other), weights_of(network), strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy(), a.path)


@pytest.mark.parametrize("name", GOLDEN)
def test_export_gives_the_arrays_of_the_file(name, convert):
    file, prefix, ignored = GOLDEN[name]
    network = convert(golden.FOLDER / f"{file}.npz")["discriminator" if prefix else "generator"]
    arrays = export_arrays(NETWORKS[name][1](network))
    state = golden.under(golden.load(file)[0], f"param/{prefix}")
    state = {n: a for n, a in state.items() if n not in ignored and (prefix or n[:2] != "D/")}
    for absent in {"dlatent_avg", "lod"} - set(state):  # the wrapper's, not in reference files
        arrays.pop(absent, None)
    assert set(arrays) == set(state)
    for key, array in arrays.items():
        assert (array.dtype, array.shape) == (np.float32, state[key].shape)
        np.testing.assert_array_equal(array, state[key], key)


def tf_pickle(g, d, settings=None, version=3, lod=0.0):
    """A pickle of (G, D, Gs) whose G differs from Gs."""
    state = files.official(g, maps.tensorflow_generator_map)
    state["synthesis/lod"] = np.float32(7)  # the wrapper sets it at each call
    gs = files.tf_generator(state, settings, version)
    gs = gs._replace(state={**gs.state, "variables": _with_lod(gs.state["variables"], lod)})
    raw = {name: array + np.float32(1) for name, array in state.items()}
    d_state = {**files.official(d, maps.tensorflow_discriminator_map), "lod": np.float32(lod)}
    d = files.tf_network(d_state, settings, version=version)
    return files.tf_pickle(files.tf_generator(raw, settings, version), d, gs)


def _with_lod(variables, lod):
    others = [(name, value) for name, value in variables if name != "lod"]
    return [*others, ("lod", files.numpy_value(np.asarray(lod, np.float32)))]


@pytest.mark.parametrize("version", (2, 3))
def test_a_conditional_pickle_with_settings(version, convert):
    g = randomized(NETWORKS["tf generator with labels"][0]())
    d = randomized(StyleGANDiscriminator(16, label_dim=3, img_channels=1, group_size=2, **TINY))
    settings = {"label_size": 3, "mapping_lrmul": 0.1, "mbstd_group_size": 2, "fmap_max": 6}
    networks = convert(tf_pickle(g, d, settings, version))
    z, images = sample(4, 5), sample(4, 16, 16, 1)
    labels = np.eye(3, dtype=np.float32)[[0, 1, 2, 0]]
    expected = d(images, labels=labels)
    assert_close(networks["discriminator"](images, labels=labels), expected, 1e-6)
    loaded = networks["generator"]
    assert loaded.get_config() == {
        **g.get_config(), "mapping_lr_multiplier": 0.1, "name": "generator"
    }
    w_plus = sample(4, 6, 6)
    assert_close(loaded.synthesis(w_plus), g.synthesis(w_plus), 1e-6)
    raw = networks["raw_generator"].synthesis.blocks[0].constant
    np.testing.assert_array_equal(raw.numpy(), g.synthesis.blocks[0].constant.numpy() + 1)
    assert loaded(z, labels=labels).shape == (4, 16, 16, 1)


@pytest.mark.parametrize(
    "lod, level, alpha",
    ((0, 16, 1), (0.25, 16, 0.75), (1, 8, 1), (1.5, 8, 0.5), (2, 4, 1), (9, 4, 1), (-1, 16, 1)),
)
def test_a_growing_file_keeps_its_stage(lod, level, alpha, convert):
    g = randomized(StyleGANGenerator(16, 5, 6, **TINY))
    d = randomized(StyleGANDiscriminator(16, **TINY))
    networks = convert(tf_pickle(g, d, lod=lod))
    for network in (networks["generator"].synthesis, networks["discriminator"]):
        assert (network.level, network.alpha) == (level, alpha)


@pytest.mark.parametrize("fused", ("auto", True, False))
def test_kernels_of_a_fused_tensorflow_file_are_turned(fused, convert):
    """Fused layers convolve truly, as ours; the others correlate."""
    g = randomized(StyleGANGenerator(128, **DEEP))
    d = StyleGANDiscriminator(16, **TINY)
    state = files.official(g, maps.tensorflow_generator_map)
    for level, block in zip(g.synthesis.levels[1:], g.synthesis.blocks[1:], strict=True):
        kernel = block.conv0.kernel.numpy()
        truly = fused is True or (fused == "auto" and level >= 128)
        name = f"synthesis/{level}x{level}/Conv0_up/weight"
        if fused == "auto":
            np.testing.assert_array_equal(state[name], kernel if truly else kernel[::-1, ::-1])
        state[name] = kernel if truly else kernel[::-1, ::-1]
    gs = files.tf_generator(state, {"fused_scale": fused}, 3)
    d = files.tf_network(files.official(d, maps.tensorflow_discriminator_map), version=3)
    w_plus = sample(1, 12, 4)
    loaded = convert(files.tf_pickle(gs, d, gs))["generator"]
    assert_close(loaded.synthesis(w_plus), g.synthesis(w_plus), 0)


@pytest.mark.parametrize("fused", (True, False))
def test_kernels_of_a_fused_pytorch_file_are_turned(fused, convert):
    """`layerN.weight` [kh, kw, in, out] is fused, `layerN.conv.weight` [out, in, kh, kw] not."""
    g = randomized(StyleGANGenerator(128, **DEEP))
    state = files.official(g, maps.pytorch_generator_map)
    assert "synthesis.layer8.conv.weight" in state and "synthesis.layer10.weight" in state
    for i, block in enumerate(g.synthesis.blocks[1:], start=1):
        name, kernel = f"synthesis.layer{2 * i}", block.conv0.kernel.numpy()
        state.pop(f"{name}.weight", None)
        state.pop(f"{name}.conv.weight", None)
        if fused:
            state[f"{name}.weight"] = kernel
        else:
            turned = np.transpose(kernel[::-1, ::-1], (3, 2, 0, 1))
            state[f"{name}.conv.weight"] = np.ascontiguousarray(turned)
    state["synthesis.lod"] = np.float32([1.5])
    loaded = convert(files.torch_zip(state))["generator"]
    w_plus = sample(1, 12, 4)
    assert_close(loaded.synthesis(w_plus, level=128), g.synthesis(w_plus), 0)
    assert (loaded.synthesis.level, loaded.synthesis.alpha) == (64, 0.5)


def test_flattened_rows_of_the_discriminator():
    """Input c * 16 + y * 4 + x of the file is input y * 4 * C + x * C + c of ours."""
    discriminator = StyleGANDiscriminator(8, channels={4: 3, 8: 2}, dense_dim=2)
    rows = {row.source: row for row in maps.tensorflow_discriminator_map(discriminator)}
    array = np.arange(96, dtype=np.float32).reshape(48, 2)
    ours = rows["4x4/Dense0/weight"].layout.load(array)
    c, y, x = 2, 3, 1
    np.testing.assert_array_equal(ours[(y * 4 + x) * 3 + c], array[c * 16 + y * 4 + x])


def test_names_of_a_tensorflow_file():
    g, d = StyleGANGenerator(16, 5, 6, label_dim=2, **TINY), StyleGANDiscriminator(16, **TINY)
    entries = maps.tensorflow_generator_map(g) + maps.tensorflow_discriminator_map(d)
    entries = [entry for entry in entries if isinstance(entry, Entry)]
    shapes = {entry.source: tuple(entry.variable.shape) for entry in entries}
    assert shapes["mapping/LabelConcat/weight"] == (2, 5)
    assert shapes["mapping/Dense0/weight"] == (10, 6)
    assert shapes["synthesis/4x4/Const/StyleMod/weight"] == (6, 12)
    assert shapes["synthesis/4x4/Conv/Noise/weight"] == (6,)
    assert shapes["synthesis/8x8/Conv0_up/weight"] == (3, 3, 6, 5)
    assert shapes["synthesis/16x16/Conv1/bias"] == (4,)
    assert shapes["synthesis/ToRGB_lod2/weight"] == (1, 1, 6, 3)
    assert shapes["synthesis/noise5"] == (1, 16, 16, 1)
    assert shapes["FromRGB_lod0/weight"] == (1, 1, 3, 4)
    assert shapes["16x16/Conv1_down/weight"] == (3, 3, 4, 5)
    assert shapes["4x4/Dense1/weight"] == (6, 1)


@pytest.mark.parametrize(
    "settings, message",
    (
        ({"use_pixel_norm": True}, "use_pixel_norm=True; here it can only be False"),
        ({"fused_scale": "never"}, "fused_scale='never'; here it can only be 'auto' or True"),
        ({"pagan_num": 16}, "pagan_num=16, unknown here"),
    ),
)
def test_settings_that_are_not_supported(settings, message, convert):
    g, d = StyleGANGenerator(16, 5, 6, **TINY), StyleGANDiscriminator(16, **TINY)
    with pytest.raises(UserError, match=message):
        convert(tf_pickle(g, d, settings))


@pytest.mark.parametrize("lod", (np.nan, np.inf))
def test_a_stage_that_is_no_number(lod, convert):
    g, d = StyleGANGenerator(16, 5, 6, **TINY), StyleGANDiscriminator(16, **TINY)
    with pytest.raises(UserError, match=f"its lod is {lod}"):
        convert(tf_pickle(g, d, lod=lod))


@pytest.mark.parametrize(
    "change, message",
    (
        ({"synthesis/32x32/Conv1/weight": (3, 3, 4, 4)}, "missing synthesis/32x32/Conv0_up/Noise"),
        ({"synthesis/16x16/Conv1/weight": (3, 3, 1, 4000)}, "do not fit each other"),
        ({"synthesis/noise9": (1, 1, 4, 4)}, "surplus synthesis/noise9"),
        ({"synthesis/64x64/Conv1/weight": (3, 3, 4, 4)}, r"its levels are \[4, 8, 16, 64\]"),
        ({"synthesis/ToRGB_lod0/weight": (1, 4, 3)}, "4 axes are expected"),
    ),
)
def test_arrays_that_do_not_fit(change, message, convert):
    g = StyleGANGenerator(16, 5, 6, **TINY)
    state = files.official(g, maps.tensorflow_generator_map)
    state |= {name: np.zeros(shape, np.float32) for name, shape in change.items()}
    with pytest.raises(UserError, match=message):
        convert(files.npz(state))


# === Back ===


@pytest.mark.parametrize("name", ("tf generator with labels", "tf discriminator with labels"))
def test_networks_are_written_and_read_again(name, convert, tmp_path):
    network = randomized(NETWORKS[name][0]())
    network.grow_to(8, 0.25)
    role = "generator" if "generator" in name else "discriminator"
    assert export_networks(tmp_path / "x.safetensors", {role: network}, "stylegan-tf") == {
        role: "Gs" if role == "generator" else "D"
    }
    (again,) = convert(tmp_path / "x.safetensors").values()
    assert again.get_config() == {**network.get_config(), "name": role}
    for a, b in zip(weights_of(again), weights_of(network), strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy(), a.path)


def test_a_pytorch_file_goes_back_with_the_same_bits(convert, tmp_path):
    networks = convert(golden.FOLDER / "sg1_g_128.npz")
    export_networks(tmp_path / "x.safetensors", networks, "stylegan-pytorch")
    (state,) = read_checkpoint(tmp_path / "x.safetensors").states
    original = golden.under(golden.load("sg1_g_128")[0], "param/")
    del original["truncation.truncation"]
    assert set(state.arrays) == set(original)
    for key, array in original.items():
        assert state.arrays[key].tobytes() == array.tobytes(), key


@pytest.mark.parametrize(
    "options, kind, message",
    (
        ({"use_noise": False}, "stylegan-tf", "have use_noise=True only"),
        ({"start_level": 16}, "stylegan-tf", "have start_level=4 only. Received: start_level=16"),
        ({"resolution": (16, 24)}, "stylegan-tf", "official networks are square"),
        ({"label_dim": 2}, "stylegan-pytorch", "has label_dim=0 only. Received: label_dim=2"),
        ({"mapping_lr_multiplier": 1}, "stylegan-pytorch", "has mapping_lr_multiplier=0.01 only"),
        ({"resample_taps": (1, 1)}, "stylegan-pytorch", "Received: resample_taps="),
    ),
)
def test_networks_that_official_files_do_not_hold(options, kind, message, tmp_path):
    options = {"resolution": 16, "z_dim": 5, "w_dim": 6, **TINY, **options}
    with pytest.raises(UserError, match=message):
        export_networks(tmp_path / "x", {"generator": StyleGANGenerator(**options)}, kind)
    assert not (tmp_path / "x").exists()
