"""The graphs that ship do what the package does, with other ranges at their ends."""

import numpy as np
import pytest

from export.serving import Options, hidden_zero, serving_graph
from tests.cases import assert_close
from tests.editing.tiny_stylemapgan import save_stylemapgan
from tests.export.tiny_presets import save
from tfgan_edit.config import UserError
from tfgan_edit.editing.editors import Edit, load_editor
from tfgan_edit.editing.regions import Region, StylemapEdit
from tfgan_edit.ops.label_maps import translator_input
from tfgan_edit.preset import load_preset, save_preset

PHOTOS = np.random.RandomState(1).randint(0, 256, (2, 16, 16, 3), np.uint8)


@pytest.fixture
def graph(tmp_path):
    """graph(name of a preset, **options) -> (its `ServingGraph`, the preset)."""

    def graph(name, **options):
        preset = load_preset(save(tmp_path, name))
        made = serving_graph(preset, Options(**options))
        made.check_shapes()
        return made, preset

    return graph


def to_byte(values):
    return np.clip(np.round(255 * np.asarray(values, np.float64)), 0, 255).astype(int)


def to_unit(photos):
    return photos.astype(np.float32) / 255


@pytest.mark.parametrize("name", ("translator", "enhancer", "student"))
def test_a_photo_is_edited_as_by_the_editor(graph, name):
    made, preset = graph(name)
    (signature,) = made.signatures
    edited = signature(to_unit(PHOTOS[:1]))["edited"]
    expected = load_editor(preset.path)(PHOTOS[:1])
    assert np.abs(to_byte(edited) - expected).max() <= 1
    assert made.task == "photo_to_photo" and made.framing["height"] == 16


def test_two_photos(graph):
    made, preset = graph("mixer")
    (signature,) = made.signatures
    assert [port.name for port in signature.inputs] == ["photo", "reference"]
    edited = signature(to_unit(PHOTOS[:1]), to_unit(PHOTOS[1:]))["edited"]
    expected = load_editor(preset.path)(PHOTOS[:1], Edit(reference=PHOTOS[1]))
    assert np.abs(to_byte(edited) - expected).max() <= 1


def test_labels_and_edges(graph):
    made, preset = graph("labels")
    (signature,) = made.signatures
    random = np.random.RandomState(0)
    labels, edges = (port.draw(random) for port in signature.inputs)
    assert set(np.unique(labels)) == set(range(5)) and set(np.unique(edges)) == {0, 1}
    planes = translator_input(labels[..., 0].astype(int), 5)
    generator = preset.networks["generator"]
    expected = generator(np.concatenate([planes, edges], axis=-1)) * 0.5 + 0.5
    assert_close(signature(labels, edges)["edited"], expected, 1e-6)
    assert made.task == "labels_to_photo" and made.framing is None


def test_planes_of_which_nothing_is_known(graph):
    made, _ = graph("planes")
    (port,) = made.signatures[0].inputs
    assert port.kind == "planes" and port.shape == (1, 16, 16, 7)


def test_any_size(graph):
    made, _ = graph("any_size", resolution=(24, 16))
    assert made.signatures[0].inputs[0].shape == (1, 24, 16, 3)
    with pytest.raises(UserError, match="give --resolution"):
        graph("any_size")
    with pytest.raises(UserError, match="multiples of 4"):
        graph("any_size", resolution=(18, 16))


@pytest.mark.parametrize("name", ("stylegan", "stylegan2", "half"))
@pytest.mark.parametrize("latent", ("z", "w", "w_plus"))
def test_latents_become_pictures(graph, name, latent):
    made, preset = graph(name, latent=latent, truncation=0.7)
    (signature,) = made.signatures
    (port,) = signature.inputs
    value = port.draw(np.random.RandomState(3))
    assert value.shape == port.shape
    distribution = port.describe()["distribution"]
    assert distribution == ("standard_normal" if latent == "z" else None)
    generator = preset.networks["generator"]
    if latent == "z":
        w_plus = generator.mapping(value, truncation=0.7)
    else:
        rows = value if latent == "w_plus" else value[:, np.newaxis].repeat(6, axis=1)
        w_plus = generator.mapping.truncate(rows, 0.7)
    expected = np.clip(generator.synthesis(w_plus, noise="constant") * 0.5 + 0.5, 0, 1)
    assert_close(signature(value)["photo"], expected, 3e-2 if name == "half" else 1e-6)


def test_a_condition_and_no_noise(graph):
    made, preset = graph("classes", noise="none")
    (signature,) = made.signatures
    z, labels = (port.draw(np.random.RandomState(0)) for port in signature.inputs)
    assert labels.sum() == labels.max() == 1
    images = preset.networks["generator"](z, labels, noise="none")
    assert_close(signature(z, labels)["photo"], np.clip(images * 0.5 + 0.5, 0, 1), 1e-6)


def test_a_part_of_a_reference(tmp_path):
    preset = save_stylemapgan(tmp_path / "preset")
    made = serving_graph(preset)
    made.check_shapes()
    (signature,) = made.signatures
    mask = signature.inputs[2].draw(np.random.RandomState(0))
    edited = signature(*map(to_unit, (PHOTOS[:1], PHOTOS[1:])), mask)["edited"]
    region = Region(PHOTOS[1], mask[0, ..., 0])
    editor = load_editor(preset.path)
    expected = editor(PHOTOS[:1], Edit(stylemap=StylemapEdit(regions=(region,))))
    assert np.abs(to_byte(edited) - expected).max() <= 1
    assert np.any(np.abs(expected - editor(PHOTOS[:1]).astype(int)) > 1)


def test_the_style_of_a_drawing(graph, tmp_path):
    made, preset = graph("gans_n_roses")
    assert [signature.name for signature in made.signatures] == ["draw", "encode", "decode"]
    backward = type(made.networks[0])(**made.networks[0].get_config())
    networks = {"generator": made.networks[0], "backward_generator": backward}
    both = load_preset(save_preset(tmp_path / "both", networks, config={}, metadata={}))
    made = serving_graph(both)
    made.check_shapes()
    draw, encode, decode, read_style = made.signatures
    assert [port.distribution for port in decode.inputs] == [None, "standard_normal"]
    photos = np.random.RandomState(2).randint(0, 256, (2, 32, 32, 3), np.uint8)
    content = encode(to_unit(photos[:1]))["content"]
    style = read_style(to_unit(photos[1:]))["reference_style"]
    drawing = decode(content, style)["drawing"]
    expected = load_editor(both.path)(photos[:1], Edit(reference=photos[1]))
    assert np.abs(to_byte(drawing) - expected).max() <= 1
    own = made.networks[0].encode(photos[1:].astype(np.float32) / 127.5 - 1)[1]
    assert np.abs(own - style).max() > 0.1  # another encoder's


def test_the_hidden_zero_is_zero():
    for value in (-3.0, 0.0, 2.5):
        zero = hidden_zero(np.full((2, 3), value, np.float32))
        assert zero.shape == (1, 1, 1, 1) and not np.any(zero)


def test_refusals(graph, tmp_path):
    with pytest.raises(UserError, match="--latent=w: .*translator has no such choice"):
        graph("translator", latent="w")
    with pytest.raises(UserError, match="--resolution=.*stylegan2 has no such choice"):
        graph("stylegan2", resolution=(32, 32))
    with pytest.raises(UserError, match="nothing is known of how to ship a StyleGAN2Discr"):
        graph("critic")
    network = load_preset(save(tmp_path, "stylegan2")).networks["generator"]
    raw = save_preset(tmp_path / "raw", {"raw_generator": network}, config={}, metadata={})
    with pytest.raises(UserError, match="no averaged weights, only raw_generator"):
        serving_graph(load_preset(raw))
