"""LPIPS: the original's numbers from feature maps on, its graph before, its weights."""

import pathlib

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.metrics.degraded_photos import DEGRADATIONS, smooth_photos
from tests.metrics.weight_states import random_state, write_state
from tfgan_edit.config import UserError
from tfgan_edit.metrics import perceptual
from tfgan_edit.metrics.perceptual import BACKBONES, PairDistance, load_lpips
from tfgan_edit.networks.features.lpips import LPIPS

# Weights, feature maps and outputs of the public LPIPS code (version 0.1, VGG16) on random maps.
GOLDEN = pathlib.Path(__file__).parent.parent / "golden" / "metrics_lpips_vgg.npz"
SMALL = {
    "alex": {"widths": (4, 5, 6, 7, 8)},
    "vgg": {"widths": (3, 4, 5, 6, 7)},
    "squeeze": {"squeezes": (4,) * 8, "stem": 6},
}


def images(num=2, size=64, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, (num, size, size, 3)).astype(np.float32)


def weight_files(folder, backbone, network, seed=0):
    """{name: path} in the official forms, and the heads."""
    file, names = BACKBONES[backbone]
    random = np.random.default_rng(seed)
    heads = [random.uniform(0, 1, width).astype(np.float32) for width in network.heads.widths]
    state = {f"lin{i}.model.1.weight": head.reshape(1, -1, 1, 1) for i, head in enumerate(heads)}
    paths = {
        file: write_state(folder / "b.pth", random_state(network.backbone, names)),
        f"lpips_{backbone}": write_state(folder / "h.pth", state),
    }
    return paths, heads


def test_from_feature_maps_on_it_is_the_original():
    network = LPIPS("vgg")
    with np.load(GOLDEN) as golden:
        maps = [
            {
                tap: golden[f"in/f{side}/{i}"].transpose(0, 2, 3, 1)
                for i, tap in enumerate(network.taps)
            }
            for side in (0, 1)
        ]
        for i, head in enumerate(network.heads.weights):
            head.assign(golden[f"param/lin{i}.model.1.weight"].reshape(-1))
        np.testing.assert_allclose(
            network.compare(*maps), golden["out/vgg_style/value"].reshape(-1), rtol=1e-5
        )
        x = golden["in/x0"].transpose(0, 2, 3, 1)
        scaled = golden["out/vgg_style/scaled_x0"].transpose(0, 2, 3, 1)
        rescale = network.backbone.get_layer("rescale")
        np.testing.assert_allclose(rescale(x), scaled, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("backbone", BACKBONES)
def test_it_is_the_definition(backbone, tmp_path):
    network = LPIPS(backbone, SMALL[backbone])
    paths, heads = weight_files(tmp_path, backbone, network)
    loaded, sources = load_lpips(backbone, given=paths, network=network)
    assert loaded is network and not network.trainable
    assert {s["official"] for s in sources.values()} == {False}
    x, y = images(seed=1), images(seed=2)
    fx, fy = network.backbone(x), network.backbone(y)
    expected = np.zeros(2)
    for tap, head in zip(network.taps, heads, strict=True):
        a, b = (f[tap].numpy().astype(np.float64) for f in (fx, fy))
        a, b = (v / (np.linalg.norm(v, axis=-1, keepdims=True) + 1e-10) for v in (a, b))
        expected += np.mean(np.sum(head * (a - b) ** 2, axis=-1), axis=(1, 2))
    np.testing.assert_allclose(network(x, y), expected, rtol=1e-4)
    np.testing.assert_allclose(network(y, x), expected, rtol=1e-4)
    np.testing.assert_array_equal(network(x, x), [0, 0])


def test_it_is_differentiable_also_where_nothing_is_active():
    network = LPIPS("alex", SMALL["alex"])
    for weight in network.backbone.weights:
        if "bias" in weight.path:
            weight.assign(np.full(weight.shape, -100.0 if "conv1" in weight.path else 0.0))
    x = tf.constant(images())
    with tf.GradientTape() as tape:
        tape.watch(x)
        value = tf.reduce_sum(network(x, images(seed=5)))
    assert value == 0
    np.testing.assert_array_equal(tape.gradient(value, x), np.zeros(x.shape))
    other = LPIPS("alex", SMALL["alex"])
    with tf.GradientTape() as tape:
        tape.watch(x)
        value = tf.reduce_sum(other(x, images(seed=5)))
    gradient = tape.gradient(value, x).numpy()
    assert np.all(np.isfinite(gradient)) and np.any(gradient != 0)


def test_it_is_saved_and_loaded(tmp_path):
    network = LPIPS("alex", SMALL["alex"])
    x, y = images(seed=1), images(seed=2)
    value = network(x, y)
    network.save(tmp_path / "x.keras")
    loaded = keras.saving.load_model(tmp_path / "x.keras")
    assert loaded.get_config() == network.get_config()
    np.testing.assert_allclose(loaded(x, y), value, rtol=1e-6)
    with pytest.raises(ValueError, match="backbone must be one of alex, vgg, squeeze"):
        LPIPS("resnet")


@pytest.fixture
def distance(tmp_path, monkeypatch):
    """LPIPS with a small backbone of random weights."""
    network = LPIPS("alex", SMALL["alex"])
    paths, _ = weight_files(tmp_path, "alex", network)
    monkeypatch.setattr(perceptual, "LPIPS", lambda backbone: network)
    return PairDistance("alex", paths)


def test_it_grows_with_noise_blur_and_compression(distance):
    photos = smooth_photos(4, 64)
    for name, (degrade, strengths) in DEGRADATIONS.items():
        values = [float(np.mean(distance(photos, degrade(photos, s)))) for s in strengths]
        assert values == sorted(values) and values[0] == 0 < values[1], name


def test_pairs_may_be_grey_and_must_not_be_tiny(distance):
    grey = smooth_photos(1, 64)[..., :1]
    rgb = np.repeat(grey, 3, -1)
    np.testing.assert_allclose(distance(grey, 255 - grey), distance(rgb, 255 - rgb))
    with pytest.raises(UserError, match="at least 32 px, these have 20x16"):
        distance(np.zeros((1, 16, 20, 3), np.uint8), np.zeros((1, 16, 20, 3), np.uint8))


def test_files_that_are_others(tmp_path):
    network = LPIPS("alex", SMALL["alex"])
    paths, _ = weight_files(tmp_path, "alex", network)
    swapped = {"alexnet": paths["lpips_alex"], "lpips_alex": paths["alexnet"]}
    with pytest.raises(UserError, match="h.pth.*another network's file: 'features.0.weight'"):
        load_lpips("alex", given=swapped, network=network)
    with pytest.raises(UserError, match="b.pth: it holds no LPIPS heads"):
        load_lpips("alex", given={**paths, "lpips_alex": paths["alexnet"]}, network=network)
    with pytest.raises(UserError, match="the weights 'alexnet' .* are not here: torchvision pub"):
        load_lpips("alex", given={"lpips_alex": paths["lpips_alex"]}, network=network)
