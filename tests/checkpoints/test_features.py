"""Feature networks by the verb `convert`: recognised, filled, and used by name afterwards."""

import h5py
import numpy as np
import pytest

from tests.checkpoints import official_files as files
from tests.metrics.weight_states import random_state
from tfgan_edit.checkpoints import features, hdf5_files, kinds, layer_names
from tfgan_edit.checkpoints.files import read_checkpoint
from tfgan_edit.config import UserError
from tfgan_edit.metrics.perceptual import load_lpips
from tfgan_edit.metrics.weights import read_file
from tfgan_edit.networks.features.arcface import ArcFace
from tfgan_edit.networks.features.efficientnet import EfficientNetLite
from tfgan_edit.networks.features.frozen import IMAGENET_MEAN, IMAGENET_STD
from tfgan_edit.networks.features.inception import InceptionV3
from tfgan_edit.networks.features.lpips import LPIPS
from tfgan_edit.networks.features.stacks import CAFFE_MEAN, CAFFE_STD, VGG, AlexNet, SqueezeNet

WIDTHS = (2, 3, 4, 5, 6)
IMAGENET = {"mean": IMAGENET_MEAN, "std": IMAGENET_STD}
TORCHVISION_INCEPTION = {"last_pool": "average", "count_padding": True, **IMAGENET}
# role: (network, names in PyTorch, epsilon, what the file holds besides)
PYTORCH = {
    "vgg16": (
        lambda: VGG(features.VGG16, WIDTHS, dense=3),
        layer_names.vgg(features.VGG16),
        1e-5,
        {"classifier.6.weight": (1000, 3), "classifier.6.bias": (1000,)},
    ),
    "vgg19": (
        lambda: VGG(features.VGG19, WIDTHS),
        layer_names.vgg(features.VGG19),
        1e-5,
        {},
    ),
    "alexnet": (
        lambda: AlexNet(WIDTHS),
        layer_names.alexnet,
        1e-5,
        {"classifier.1.weight": (2, 3), "classifier.6.bias": (3,)},
    ),
    "squeezenet": (
        lambda: SqueezeNet((1, 2, 3, 4, 5, 6, 7, 8), stem=3),
        layer_names.squeezenet,
        1e-5,
        {"classifier.1.weight": (2, 3), "classifier.1.bias": (2,)},
    ),
    "inception": (
        lambda: InceptionV3(1008, width_divisor=32),
        layer_names.inception,
        1e-3,
        {"fc.bias": (1008,)},
    ),
    "inception_torchvision": (
        lambda: InceptionV3(1000, width_divisor=32, **TORCHVISION_INCEPTION),
        layer_names.inception,
        1e-3,
        {"fc.bias": (1000,), "AuxLogits.fc.weight": (3, 4)},
    ),
    "arcface": (
        lambda: ArcFace(((4, 2), (6, 1)), stem=3, size=5, side=8, reduction=2),
        layer_names.arcface,
        1e-5,
        {},
    ),
    "lite0": (EfficientNetLite, layer_names.lite0, 1e-3, {}),
}


def official(role):
    """(network of random weights, {official name: array})."""
    build, names, epsilon, others = PYTORCH[role]
    network = build()
    state = random_state(network, names)
    for name in [name for name in state if name.startswith(("classifier.", "output_layer.3.w"))]:
        if name.endswith(".weight"):
            state[name] = state[name].reshape(len(state[name]), -1)  # dense there
    features.fill(network, state, names, epsilon)
    return network, state | {name: np.ones(shape, np.float32) for name, shape in others.items()}


def assert_same(actual, expected):
    assert type(actual) is type(expected)
    config = {**expected.get_config(), "name": actual.name}
    assert actual.get_config() == config
    for a, b in zip(actual.weights, expected.weights, strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy(), a.path)


WIDE = ("inception", "inception_torchvision", "lite0")  # hundreds of layers


@pytest.mark.parametrize(
    "role", [pytest.param(r, marks=pytest.mark.large) if r in WIDE else r for r in PYTORCH]
)
def test_official_states(role, convert):
    expected, state = official(role)
    preset = convert(files.torch_stream(state))
    assert list(preset.networks) == [role] and preset.metadata["method"] == "features"
    assert_same(preset.networks[role], expected)
    for name in PYTORCH[role][3]:  # what is left behind is said
        assert name in preset.metadata["conversion"]["not_converted"]
    arrays, source = read_file(role, {role: preset.path})
    assert arrays.keys() == features.variables(expected).keys()
    assert source["file"] == "source" and preset.metadata["licence"]
    for name, variable in features.variables(expected).items():
        np.testing.assert_array_equal(arrays[name], variable.numpy(), name)


INCEPTION = {
    "Conv2d_1a_3x3.conv.weight": (4, 3, 3, 3),
    "Mixed_7c.branch_pool.conv.weight": (2, 3, 1, 1),
}


@pytest.mark.parametrize(
    "role, shapes, sizes",
    [
        ("inception", {**INCEPTION, "fc.weight": (1008, 9)}, {"classes": 1008}),
        (
            "inception_torchvision",
            {**INCEPTION, "fc.weight": (7, 9), "AuxLogits.fc.weight": (7, 3)},
            {"classes": 7, **TORCHVISION_INCEPTION},
        ),
        (
            "lite0",
            {
                "_conv_stem.weight": (32, 3, 3, 3),
                "_blocks.15._project_conv.weight": (320, 1152, 1, 1),
            },
            None,
        ),
    ],
)
def test_wide_networks_are_recognised(role, shapes, sizes):
    arrays = {name: np.zeros(shape, np.float32) for name, shape in shapes.items()}
    _, network = kinds.recognise(arrays)[0]
    assert network.role == role
    assert network.sizes(arrays) == ({"width_divisor": 8, **sizes} if sizes else {})
    for name in ("fc.bias", "Mixed_5b.branch1x1.bn.num_batches_tracked"):
        assert network.ignores(name) or role == "lite0"


def test_a_name_too_many_and_one_too_few(convert):
    state = official("alexnet")[1]
    with pytest.raises(UserError, match="surplus extra"):
        convert(files.torch_zip({**state, "extra": np.ones(2, np.float32)}))
    del state["features.3.bias"]
    with pytest.raises(UserError, match="'features.3.bias' is not among"):
        convert(files.torch_zip(state))


def test_torchvisions_inception_without_its_second_output_is_not_the_fids(convert):
    shapes = {**INCEPTION, "fc.weight": (1000, 9)}
    with pytest.raises(UserError, match="1,000 classes: torchvision's Inception without"):
        convert(files.torch_zip({k: np.zeros(v, np.float32) for k, v in shapes.items()}))


# === Keras ===


def keras_file(path, arrays):
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = sorted({name.split("/")[0].encode() for name in arrays})
        for name, array in arrays.items():
            file[name] = array
    return path


def caffe_vgg(repeats, names, dense=0):
    """(network, {name in the file: array}); kernels read blue before red there."""
    network = VGG(repeats, WIDTHS, dense=dense, mean=CAFFE_MEAN, std=CAFFE_STD)
    arrays = {}
    for i, (name, variable) in enumerate(features.variables(network).items()):
        value = np.random.default_rng(i).standard_normal(variable.shape).astype(np.float32)
        variable.assign(value)
        if name == "conv1_1/kernel":
            value = value[:, :, ::-1]
        if name.startswith("fc") and value.ndim == 4:
            value = value.reshape(-1, value.shape[-1])
        arrays[names(*name.split("/"))] = value
    return network, arrays


def keras_name(layer, variable):
    layer = layer if layer.startswith("fc") else f"block{layer[4]}_conv{layer[6]}"
    return f"{layer}/{layer}/{variable}:0"


def early_keras_name(layer, variable):
    layer = layer if layer.startswith("fc") else f"block{layer[4]}_conv{layer[6]}"
    return f"{layer}/{layer}_{variable[0].replace('k', 'W')}_1:0"


def hed_name(layer, variable):
    suffix = "" if layer[6] == "1" else f"_{int(layer[6]) - 1}"
    return f"block{layer[4]}/layers/conv2d{suffix}/vars/{int(variable == 'bias')}"


@pytest.mark.parametrize(
    "role, repeats, names, dense, others",
    [
        ("vgg16_keras", features.VGG16, keras_name, 3, {"predictions/predictions/bias:0": 4}),
        ("vgg19_keras", features.VGG19, early_keras_name, 0, {}),
        ("vgg16_hed", features.VGG16, hed_name, 0, {"dsn1/vars/0": 4, "fuse/vars/1": 1}),
    ],
)
def test_vgg_in_hdf5(role, repeats, names, dense, others, convert, tmp_path):
    expected, arrays = caffe_vgg(repeats, names, dense)
    arrays |= {name: np.ones(size, np.float32) for name, size in others.items()}
    preset = convert(keras_file(tmp_path / "weights.h5", arrays))
    assert list(preset.networks) == [role]
    assert_same(preset.networks[role], expected)
    # Other colours than torchvision's: not taken for it.
    with pytest.raises(UserError, match=f"vgg16=.* this preset has {role}"):
        read_file("vgg16", {"vgg16": preset.path})


def test_hdf5_of_many_forms(tmp_path):
    arrays = {f"group/{i}/a": np.arange(i, dtype=np.float16) for i in range(60)}  # a deep tree
    arrays |= {
        "scalar": np.float64(2.5),
        "whole": np.array([[1, -2]], ">i4"),
        "byte": np.array([200], np.uint8),
    }
    with h5py.File(tmp_path / "x.h5", "w") as file:
        for name, array in arrays.items():
            file[name] = array
        file["soft"] = h5py.SoftLink("/whole")
    (state,) = read_checkpoint(tmp_path / "x.h5").states
    assert state.arrays.keys() == arrays.keys()
    for name, array in arrays.items():
        np.testing.assert_array_equal(state.arrays[name], array)
        assert state.arrays[name].dtype == array.dtype


def test_hdf5_that_is_not_read(tmp_path):
    def refused(write, message, **settings):
        with h5py.File(tmp_path / "x.h5", "w", **settings) as file:
            write(file)
        with pytest.raises(UserError, match=message):
            read_checkpoint(tmp_path / "x.h5")

    zeros = np.zeros((4, 4))
    refused(lambda f: f.create_dataset("x", data=zeros, compression="gzip"), "'x' is compressed")
    refused(lambda f: f.create_dataset("x", data=zeros, chunks=(2, 2)), "'x' is stored in pieces")
    refused(lambda f: f.create_dataset("x", data="text"), "'x' holds no numbers")
    refused(lambda f: None, r"superblock 3\)", libver="latest")
    outside = h5py.ExternalLink("/etc/passwd", "/")
    refused(lambda f: f.__setitem__("x", outside), "'/' is a group of a later form")
    # A group that holds itself.
    refused(lambda f: f.__setitem__("loop", f["/"]), "nests values deeper")


def test_damaged_hdf5_is_refused(tmp_path):
    """Cut short anywhere, or with any byte turned: an error of one line, or other numbers."""
    path = keras_file(tmp_path / "x.h5", {"a/kernel:0": np.ones((3, 4), np.float32)})
    good, random = path.read_bytes(), np.random.default_rng(0)
    for i in range(150):
        data = bytearray(good)
        if i % 2:
            del data[random.integers(len(data)) :]
        else:
            data[random.integers(len(data))] ^= 1 << int(random.integers(8))
        path.write_bytes(data)
        try:
            read_checkpoint(path)
        except UserError as error:
            assert "\n" not in str(error)


def test_sizes_beyond_the_file_are_refused():
    head = bytearray(hdf5_files.SIGNATURE + bytes(200))
    head[13:15] = b"\x08\x08"
    with pytest.raises(UserError, match="header of another version"):
        hdf5_files.read(memoryview(head))


# === LPIPS ===

SMALL = {
    "alex": {"widths": WIDTHS},
    "squeeze": {"squeezes": (1, 2, 3, 4, 5, 6, 7, 8), "stem": 3},
}


@pytest.mark.parametrize("backbone", SMALL)
def test_a_whole_lpips_network(backbone, convert):
    expected = LPIPS(backbone, SMALL[backbone])
    for i, weight in enumerate(expected.weights):
        weight.assign(np.random.default_rng(i).uniform(0, 1, weight.shape))
    arrays = {}
    for name, variable in features.variables(expected).items():
        name = name.replace("_squeeze/", "/squeeze1x1/").replace("_expand", "/expand")
        arrays[name] = variable.numpy()
    preset = convert(files.npz(arrays))
    assert_same(preset.networks["lpips"], expected)
    file = {"alex": "alexnet", "squeeze": "squeezenet"}[backbone]
    given = {file: preset.path, f"lpips_{backbone}": preset.path}
    loaded, _ = load_lpips(backbone, given=given, network=LPIPS(backbone, SMALL[backbone]))
    assert_same(loaded, expected)


@pytest.mark.parametrize("form", ("lin{}.model.1.weight", "lpips_weights.{}.main.1.weight"))
def test_lpips_heads(form, convert):
    heads = [np.random.default_rng(i).uniform(0, 1, n).astype("f") for i, n in enumerate(WIDTHS)]
    state = {form.format(i): head.reshape(1, -1, 1, 1) for i, head in enumerate(heads)}
    network = convert(files.torch_stream(state)).networks["lpips_heads"]
    assert network.widths == WIDTHS
    for weight, head in zip(network.weights, heads, strict=True):
        np.testing.assert_array_equal(weight.numpy(), head)
