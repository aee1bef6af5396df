"""OpenVINO networks of constants alone, and the published MobileStyleGAN at tiny sizes."""

import hashlib
import io
import zipfile

import numpy as np

LEVELS = {4: 8, 8: 8, 16: 4}  # channels
W_DIM, LAYERS, BLOCKS = 6, 2, 2
KINDS = {"<f4": "f32", "<i8": "i64", "<i4": "i32"}


def network(name, arrays, version=10):
    """(XML, data) as bytes of a network with such constants."""
    data, layers = b"", []
    for i, (key, array) in enumerate(arrays.items()):
        shape = ", ".join(map(str, array.shape))
        layers.append(
            f'<layer id="{i}" name="{key}" type="Const" version="opset1"><data element_type='
            f'"{KINDS[array.dtype.str]}" shape="{shape}" offset="{len(data)}" '
            f'size="{array.nbytes}"/><output><port id="0" names="{key}"><dim>1</dim></port>'
            "</output></layer>"
        )
        data += array.tobytes()
    layers.append('<layer id="99" name="sum" type="Add" version="opset1"><data axis="1"/></layer>')
    text = f'<?xml version="1.0" ?>\n<net name="{name}" version="{version}"><layers>'
    return f"{text}{''.join(layers)}</layers><edges/></net>".encode(), data


def mobilestylegan(seed=0, levels=None):
    """{"NETWORK/constant": array} in the names and shapes of the published files.

    Args:
        levels: {side: channels}; pictures have twice the last side. Default: `LEVELS`.
    """
    random = np.random.default_rng(seed)
    arrays = {}

    def new(name, *shape, fan_in=1, mean=0.0):
        values = mean + random.standard_normal(shape) / np.sqrt(fan_in)
        arrays[name] = values.astype("<f4")

    def modulation(name, channels):
        new(f"SynthesisNetwork/{name}.modulation.weight", channels, W_DIM, fan_in=4 * W_DIM)
        new(f"SynthesisNetwork/{name}.modulation.bias", 1, channels, fan_in=9, mean=1)

    for i in range(LAYERS):
        new(f"MappingNetwork/{173 + 4 * i}", W_DIM, W_DIM, fan_in=W_DIM)
        new(f"MappingNetwork/{174 + 4 * i}", W_DIM, fan_in=9)
    synthesis, (first, *others) = "SynthesisNetwork/", (levels or LEVELS).values()
    new(f"{synthesis}m.input.input", 1, first, 4, 4)
    modulation("m.conv1.conv", first)
    new(f"{synthesis}Mul_39_copy", first, first, 3, 3)
    new(f"{synthesis}1531", 1, 1, 4, 4, fan_in=9)
    new(f"{synthesis}m.conv1.bias", 1, first, 1, 1, fan_in=9)
    before = first
    for b, channels in enumerate(others):
        modulation(f"m.layers.{b}.up", before)
        size = 8 * 2**b
        for part, kernel, noise, inputs in (
            ("conv1", 106, 1560, before // 4),
            ("conv2", 139, 1572, channels),
        ):
            name = f"m.layers.{b}.{part}"
            modulation(f"{name}.conv", inputs)
            new(f"{synthesis}{name}.conv.weight_dw", inputs, 1, 1, 3, 3)
            new(f"{synthesis}Mul_{kernel + 100 * b}_copy", channels, inputs, 1, 1)
            new(f"{synthesis}{noise + 41 * b}", 1, 1, size, size, fan_in=9)
            new(f"{synthesis}{name}.bias", 1, channels, 1, 1, fan_in=9)
        before = channels
    head = f"m.layers.{len(others) - 1}.to_img"
    modulation(f"{head}.conv", before)
    new(f"{synthesis}{head}.conv.weight", 12, before, 1, 1)
    new(f"{synthesis}{head}.bias", 1, 12, 1, 1, fan_in=9)
    arrays["SynthesisNetwork/axes"] = np.array([0, 1], "<i8")  # as of the graph's bookkeeping
    return arrays


def files_of(arrays):
    """{name: bytes} of the pairs of files with such constants."""
    files = {}
    for name in dict.fromkeys(key.partition("/")[0] for key in arrays):
        prefix = f"{name}/"
        own = {k.removeprefix(prefix): v for k, v in arrays.items() if k.startswith(prefix)}
        files[f"{name}.xml"], files[f"{name}.bin"] = network(name, own)
    return files


def hashes_of(files):
    return {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}


def wheel(files, folder="random_face/data"):
    """The bytes of a wheel with these files, and others."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("random_face/__init__.py", "raise RuntimeError('imported')")
        archive.writestr("random_face/configs/config.json", "{}")
        for name, content in files.items():
            archive.writestr(f"{folder}/{name}", content)
    return data.getvalue()


def install(monkeypatch, folder, files, version):
    """Installs these files below a folder as the package random-face, which fails when imported."""
    with zipfile.ZipFile(io.BytesIO(wheel(files))) as archive:
        archive.extractall(folder)
    info = folder / f"random_face-{version}.dist-info"
    info.mkdir()
    text = f"Metadata-Version: 2.1\nName: random-face\nVersion: {version}\n"
    (info / "METADATA").write_text(text)
    monkeypatch.syspath_prepend(str(folder))
