"""Key maps: every array used up, both directions, and files that do not fit refused."""

import numpy as np
import pytest

from tests import golden_files as golden
from tests.cases import weights_of
from tests.networks import golden_networks
from tfgan_edit.checkpoints import key_map
from tfgan_edit.checkpoints.key_map import Entry, assign_weights, export_arrays
from tfgan_edit.checkpoints.stylegan2 import (
    pytorch_ada_discriminator_map,
    pytorch_ada_generator_map,
    rosinality_discriminator_map,
    rosinality_generator_map,
    tensorflow_discriminator_map,
    tensorflow_generator_map,
)
from tfgan_edit.networks.stylegan2 import StyleGAN2Discriminator, StyleGAN2Generator

# how to load, which rows
FILES = {
    "ada_g_skip_uncond_32": (golden_networks.ada_generator, pytorch_ada_generator_map),
    "ada_g_skip_cond_16": (golden_networks.ada_generator, pytorch_ada_generator_map),
    "ada_g_resnet_16": (golden_networks.ada_generator, pytorch_ada_generator_map),
    "ada_d_resnet_uncond_32": (
        golden_networks.ada_discriminator,
        pytorch_ada_discriminator_map,
    ),
    "ada_d_resnet_cond_16": (
        golden_networks.ada_discriminator,
        pytorch_ada_discriminator_map,
    ),
    "rosinality_g_32": (golden_networks.rosinality_generator, rosinality_generator_map),
    "rosinality_d_32": (
        golden_networks.rosinality_discriminator,
        rosinality_discriminator_map,
    ),
}
TINY = {"channels": {4: 6, 8: 5, 16: 4}}


def load(name):
    loader = FILES[name][0]
    network, arrays, _ = loader() if name.startswith("ros") else loader(name)
    state = golden.under(arrays, "param/")
    if name == "rosinality_g_32":
        state["latent_avg"] = arrays["in/truncation_latent"]
    return network, FILES[name][1](network), state


def weight_rows(entries):
    return [row for row in entries if isinstance(row, Entry)]


@pytest.mark.parametrize("name", FILES)
def test_all_weights_are_covered_once(name):
    network, entries, state = load(name)
    targets = [id(entry.variable) for entry in weight_rows(entries)]
    assert len(set(targets)) == len(targets)
    assert set(targets) == {id(v) for v in weights_of(network)}
    sources = [entry.source for entry in entries]
    assert len(set(sources)) == len(sources)
    assert set(sources) == set(state)


@pytest.mark.parametrize("name", FILES)
def test_export_gives_the_arrays_of_the_file(name):
    _, entries, state = load(name)
    arrays = export_arrays(entries)
    assert set(arrays) == set(state)
    for key, array in arrays.items():
        expected = np.ravel(state[key]) if key == "latent_avg" else state[key]
        assert (array.dtype, array.shape) == (np.float32, expected.shape)
        np.testing.assert_array_equal(array, expected, key)


@pytest.mark.parametrize(
    "network, rows",
    (
        (
            lambda: StyleGAN2Generator((24, 16), 5, 6, architecture="orig", **TINY),
            pytorch_ada_generator_map,
        ),
        (
            lambda: StyleGAN2Discriminator((24, 16), architecture="skip", **TINY),
            pytorch_ada_discriminator_map,
        ),
        (
            lambda: StyleGAN2Discriminator(16, architecture="orig", label_dim=2, **TINY),
            pytorch_ada_discriminator_map,
        ),
        (lambda: StyleGAN2Generator((16, 24), 5, 6, **TINY), rosinality_generator_map),
        (lambda: StyleGAN2Discriminator((16, 24), **TINY), rosinality_discriminator_map),
        (
            lambda: StyleGAN2Generator(16, 5, 6, label_dim=2, architecture="resnet", **TINY),
            tensorflow_generator_map,
        ),
        (
            lambda: StyleGAN2Discriminator(16, label_dim=2, mapping_layers=1, **TINY),
            tensorflow_discriminator_map,
        ),
        (
            lambda: StyleGAN2Discriminator(16, architecture="skip", **TINY),
            tensorflow_discriminator_map,
        ),
    ),
)
def test_round_trip_of_shapes_without_a_golden_file(network, rows):
    """Export, load into another network of the same kind: every weight arrives."""
    network = network()
    other = type(network).from_config(network.get_config())
    entries = rows(network)
    targets = {id(entry.variable) for entry in weight_rows(entries)}
    assert targets == {id(v) for v in weights_of(network)}
    assert assign_weights(other, rows(other), export_arrays(entries)) == []
    # TensorFlow's biases of styles lack the 1 that is added here: rounded twice.
    limit = 1e-7 if "tensorflow" in rows.__name__ else 0
    for a, b in zip(weights_of(other), weights_of(network), strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=0, atol=limit, err_msg=a.path)


def test_names_of_an_ada_file():
    """A few of the published names (section 13.2 of the format's description)."""
    generator = StyleGAN2Generator(16, 5, 6, label_dim=2, architecture="resnet", **TINY)
    entries = weight_rows(pytorch_ada_generator_map(generator))
    names = {entry.source: tuple(entry.variable.shape) for entry in entries}
    assert names["mapping.w_avg"] == (6,)
    assert names["mapping.embed.weight"] == (2, 6)
    assert names["mapping.fc0.weight"] == (11, 6)
    assert names["synthesis.b4.const"] == (1, 4, 4, 6)
    assert names["synthesis.b8.conv0.weight"] == (3, 3, 6, 5)
    assert names["synthesis.b8.conv0.affine.weight"] == (6, 6)
    assert names["synthesis.b16.conv1.noise_const"] == (1, 16, 16, 1)
    assert names["synthesis.b16.torgb.weight"] == (1, 1, 4, 3)
    assert names["synthesis.b16.skip.weight"] == (1, 1, 5, 4)


def numbered(*shape):
    return np.arange(np.prod(shape), dtype=np.float32).reshape(shape)


def test_layouts_by_hand():
    """One element of each layout: unit o, input i, row y, column x."""
    o, i, y, x = 3, 2, 1, 0
    kernel = numbered(5, 4, 3, 2)
    assert key_map.CONV.load(kernel)[y, x, i, o] == kernel[o, i, y, x]
    assert key_map.CONV_5D.load(kernel[None])[y, x, i, o] == kernel[o, i, y, x]
    assert key_map.CONST.load(kernel[0])[0, y, x, i] == kernel[0, i, y, x]
    assert key_map.MAP.load(kernel[:1])[0, y, x, i] == kernel[0, i, y, x]
    assert key_map.NOISE.load(kernel[0, 0])[0, y, x, 0] == kernel[0, 0, y, x]
    assert key_map.DENSE.load(kernel[:, :, 0, 0])[i, o] == kernel[o, i, 0, 0]
    assert key_map.COLOUR_BIAS.load(kernel[:1, :, :1, :1]).shape == (4,)
    assert key_map.SCALAR.load(kernel[0, 0, 0, :1]).shape == ()
    hwio = numbered(3, 3, 2, 4)
    assert key_map.FLIPPED.load(hwio)[0, 2, 1, 3] == hwio[2, 0, 1, 3]
    assert key_map.PLUS_ONE.load(np.float32(0.5)) == 1.5


def test_flattened_rows_by_hand():
    """Input c * h * w + y * w + x of the file is input y * w * C + x * C + c of ours."""
    discriminator = StyleGAN2Discriminator((16, 24), **TINY)  # 4 x 6 pixels, 6 channels
    entries = {entry.source: entry for entry in pytorch_ada_discriminator_map(discriminator)}
    entry = entries["b4.fc.weight"]
    array = numbered(6, 6 * 4 * 6)
    ours = entry.layout.load(array)
    assert ours.shape == entry.variable.shape == (4 * 6 * 6, 6)
    c, y, x, unit = 5, 3, 2, 1
    assert ours[(y * 6 + x) * 6 + c, unit] == array[unit, (c * 4 + y) * 6 + x]
    np.testing.assert_array_equal(entry.layout.store(ours), array)
    rows = key_map.flatten_rows(4, 6, 6)  # TensorFlow's kernels are [in, out]
    np.testing.assert_array_equal(rows.load(array.T), ours)
    np.testing.assert_array_equal(rows.store(ours), array.T)


def test_missing_and_surplus_names_are_told_and_nothing_changes():
    network, entries, state = load("ada_g_skip_cond_16")
    before = network.get_weights()
    changed = {
        name: value if name.endswith("resample_filter") else value + 1
        for name, value in state.items()
    }
    del changed["synthesis.b8.conv0.weight"], changed["mapping.fc1.bias"]
    changed["synthesis.b32.conv0.weight"] = np.zeros(3)
    with pytest.raises(ValueError) as error:
        assign_weights(network, entries, changed)
    missing, surplus = str(error.value).split("surplus")
    assert "synthesis.b8.conv0.weight" in missing
    assert "mapping.fc1.bias" in missing
    assert "synthesis.b32.conv0.weight" in surplus
    for a, b in zip(network.get_weights(), before, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("shape", ((5, 10, 3, 3), (10, 10, 3), (10, 10, 3, 3, 1), ()), ids=str)
def test_another_shape_is_told_and_nothing_changes(shape):
    network, entries, state = load("ada_g_skip_cond_16")
    before = network.get_weights()
    changed = {
        name: value if name.endswith("resample_filter") else value + 1
        for name, value in state.items()
    }
    changed["synthesis.b8.conv1.weight"] = np.zeros(shape)
    with pytest.raises(ValueError, match=r"synthesis\.b8\.conv1\.weight has shape"):
        assign_weights(network, entries, changed)
    for a, b in zip(network.get_weights(), before, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("name", ("synthesis.b8.conv1.bias", "synthesis.b8.resample_filter"))
def test_text_is_no_weight(name):
    network, entries, state = load("ada_g_skip_cond_16")
    state[name] = np.full(state[name].shape, "0.5")
    with pytest.raises(ValueError, match=f"{name} holds <U3, not numbers"):
        assign_weights(network, entries, state)


def test_absent_average_is_reported():
    network, entries, state = load("ada_g_skip_cond_16")
    average = network.mapping.w_avg.numpy()
    del state["mapping.w_avg"]
    assert assign_weights(network, entries, state) == ["mapping.w_avg"]
    np.testing.assert_array_equal(network.mapping.w_avg.numpy(), average)


def test_another_resampling_filter_is_refused():
    """It would load and give wrong pictures."""
    network, entries, state = load("rosinality_g_32")
    name = "convs.0.conv.blur.kernel"
    assert np.sum(state[name]) == 4  # the gain of up-sampling is in the file
    state[name] = np.ones([4, 4]) / 4
    with pytest.raises(ValueError, match=r"convs\.0\.conv\.blur\.kernel is not the constant"):
        assign_weights(network, entries, state)


def test_values_that_are_not_finite_are_refused():
    network, entries, state = load("ada_g_skip_cond_16")
    state["synthesis.b8.conv1.bias"] = np.full_like(state["synthesis.b8.conv1.bias"], np.nan)
    with pytest.raises(ValueError, match=r"synthesis\.b8\.conv1\.bias holds values that are not"):
        assign_weights(network, entries, state)


def test_half_precision_files_are_widened():
    network, entries, state = load("ada_d_resnet_uncond_32")
    state = {name: value.astype(np.float16) for name, value in state.items()}
    assign_weights(network, entries, state)
    kernel = state["b32.fromrgb.weight"].astype(np.float32)
    np.testing.assert_array_equal(network.blocks[0].fromrgb.kernel.numpy(), golden.hwio(kernel))


@pytest.mark.parametrize(
    "network, rows, message",
    (
        (
            lambda: StyleGAN2Generator(8, 5, 6, architecture="resnet", **TINY),
            rosinality_generator_map,
            "architecture='resnet'",
        ),
        (
            lambda: StyleGAN2Generator(8, 5, 6, label_dim=2, **TINY),
            rosinality_generator_map,
            "label_dim=2",
        ),
        (
            lambda: StyleGAN2Discriminator(8, architecture="skip", **TINY),
            rosinality_discriminator_map,
            "architecture='skip'",
        ),
    ),
)
def test_networks_that_rosinality_does_not_have(network, rows, message):
    with pytest.raises(ValueError, match=message):
        rows(network())
