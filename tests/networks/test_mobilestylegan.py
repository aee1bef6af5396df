"""MobileStyleGAN: promises, published sizes, rows of w_plus, noise, the published weights."""

import numpy as np
import pytest
import tensorflow as tf

from tests.cases import assert_close, count_params, run_layer_test, run_network_test
from tests.golden_files import FOLDER
from tests.networks import stylegan2_sizes as sizes
from tfgan_edit.config import UserError
from tfgan_edit.convert import installed
from tfgan_edit.editing.directions import Direction, style_kernels
from tfgan_edit.layers.mobilestylegan import HaarUpsampling, MobileSynthesisLayer
from tfgan_edit.networks.mobilestylegan import MobileStyleGAN, MobileStyleGANSynthesis, reduced

CHANNELS = {4: 8, 8: 4, 16: 6}
TINY = {"resolution": 32, "channels": CHANNELS, "z_dim": 7, "w_dim": 5, "mapping_layers": 2}


def sample(*shape, seed=1):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def synthesis_size(channels, w_dim, cut=(), colours=12):
    """Trainable values: styles, kernels, biases and a noise strength a convolution.

    Args:
        cut: levels of which the second convolution has a quarter of the channels.
    """
    (_, width), *levels = sorted(channels.items())
    total = 16 * width + sizes.dense(w_dim, width) + 9 * width**2 + width + 1
    whole = True
    for level, channels in levels:
        inputs = width // 4 if whole else width
        last = channels // 4 if level in cut else channels
        total += sizes.dense(w_dim, width)
        for fan_in, units in ((inputs, channels), (channels, last)):
            total += sizes.dense(w_dim, fan_in) + 9 * fan_in + sizes.dense(fan_in, units) + 1
        width, whole = last, level not in cut
    return total + sizes.dense(w_dim, width) + sizes.dense(width, colours)


def noisy(generator):
    """The generator with noise that shows."""
    for block in generator.synthesis.blocks:
        for layer in block.convolutions:
            layer.noise_strength.assign(0.5)
    return generator


@pytest.mark.parametrize(
    "reduction, cut", [(1, ()), (4, (8,))], ids=("whole", "reduced")
)
def test_generator_keeps_the_promises_of_a_network(reduction, cut, tmp_path):
    network = run_network_test(
        MobileStyleGAN,
        TINY | {"reduction": reduction, "half_activations": reduction == 1},
        {"z": sample(2, 7)},
        expected_shape=(2, 32 // reduction, 32 // reduction, 3),
        expected_params=(
            sizes.mapping(7, 5, 2) + synthesis_size(CHANNELS, 5, cut, 3 if cut else 12),
            # Two maps of each level but the first; those of 16 px are of 8 px when reduced.
            16 + (4 * 64 if cut else 2 * 64 + 2 * 256) + 5,  # and w_avg
        ),
        xla=not cut,
        tmp_path=tmp_path,
    )
    assert network.num_ws == 6
    assert len(network.synthesis.noise_shapes) == 5


def test_layers_keep_the_promises_of_a_layer(tmp_path):
    run_layer_test(
        HaarUpsampling,
        {},
        (sample(2, 3, 4, 8), sample(2, 5)),
        expected_shape=(2, 6, 8, 2),
        expected_trainable=2,
        tmp_path=tmp_path,
    )
    run_layer_test(
        HaarUpsampling,
        {"low_pass": True},
        (sample(2, 3, 4, 2), sample(2, 5), sample(2, 2)),
        expected_shape=(2, 3, 4, 2),
        expected_trainable=2,
        tmp_path=tmp_path,
    )
    for separable, trainable in ((True, 6), (False, 5)):
        run_layer_test(
            MobileSynthesisLayer,
            {"filters": 3, "separable": separable},
            (sample(2, 4, 4, 6), sample(2, 5), sample(1, 4, 4, 1)),
            expected_shape=(2, 4, 4, 3),
            expected_trainable=trainable,
            expected_non_trainable=1,
            tmp_path=tmp_path,
        )


def test_published_sizes():
    network = MobileStyleGAN(1024)
    assert count_params(network.mapping.trainable_variables) == 2_101_248
    assert count_params(network.synthesis.trainable_variables) == 7_306_380 + 15
    assert count_params(network.synthesis.non_trainable_variables) == 699_024
    assert network.num_ws == 16 and network.resolution == (1024, 1024)
    assert synthesis_size(network.synthesis.channels, 512) == 7_306_395


def test_rows_reach_their_layers_only():
    """Row k moves nothing before its layer; the last moves colours alone."""
    network = MobileStyleGANSynthesis(32, w_dim=5, channels=CHANNELS)
    w_plus = tf.constant(sample(1, 6, 5))
    features = []
    for block in network.blocks:
        convolve = block.conv1.convolve
        block.conv1.convolve = lambda x, noise, convolve=convolve: (
            features.append(x.numpy()),
            convolve(x, noise),
        )[1]
    for row in range(6):
        changed = w_plus + tf.constant(np.eye(6, dtype=np.float32)[row][:, None])
        features.clear()
        images = [network(w) for w in (w_plus, changed)]
        assert np.any(images[0] != images[1]), row
        moved = [not np.array_equal(a, b) for a, b in zip(features[:3], features[3:], strict=True)]
        # Inputs of the first convolutions at 4, 8 and 16, which rows 0, 1 and 3 style.
        assert moved == [row == 0, row <= 1, row <= 3], row


def test_noise_is_constant_random_or_none():
    generator = noisy(MobileStyleGAN(**TINY))
    w_plus = generator.mapping(sample(1, 7))
    constant, none = (generator.synthesis(w_plus, noise=mode) for mode in ("constant", "none"))
    random = [generator.synthesis(w_plus, noise="random") for _ in range(2)]
    assert np.all(constant == generator.synthesis(w_plus))
    assert all(np.any(a != b) for a, b in [(constant, none), (constant, random[0]), random])
    maps = generator.synthesis.noise_maps("constant", 1)
    assert_close(generator.synthesis(w_plus, noise=maps), constant, 1e-6)
    maps = [0.0 * m for m in maps]
    assert_close(generator.synthesis(w_plus, noise=maps), none, 1e-6)


def test_tensors_have_at_most_four_axes():
    generator = MobileStyleGAN(**TINY)
    function = tf.function(lambda z: generator(z)).get_concrete_function(
        tf.TensorSpec([None, 7], tf.float32)
    )
    shapes = [t.shape for op in function.graph.get_operations() for t in op.outputs]
    ranks = [shape.rank for shape in shapes if shape.rank is not None]
    assert max(ranks) == 4


def test_directions_of_the_teacher_apply():
    """A published direction has 18 rows for 1024 px; rows of the last level are left out."""
    generator = MobileStyleGAN(**TINY)
    vectors = sample(8, 5)
    direction = Direction(vectors)
    direction.check(generator)
    w_plus = generator.mapping(sample(2, 7))
    moved = direction.apply(w_plus.numpy(), 2.0)
    np.testing.assert_allclose(moved - w_plus, np.stack([2 * vectors[:6]] * 2), atol=1e-5)
    assert [k.shape for k in style_kernels(generator)] == [(5, 8), (5, 8), (5, 4), (5, 4), (5, 6)]


# === Reduced ===


def made_small(images, factor):
    return tf.nn.avg_pool2d(images, factor, factor, "VALID")


def test_half_the_size_is_exactly_the_mean_of_the_whole():
    generator = noisy(MobileStyleGAN(**TINY))
    z = sample(2, 7)
    half = reduced(generator, 2)
    assert half.resolution == (16, 16) and half.synthesis.num_shared == 3
    assert_close(half(z), made_small(generator(z), 2), 1e-5)


def test_a_quarter_is_exact_where_nothing_is_lost():
    """Means of the whole: no high-pass bands, slopes of one, one convolution over pixels."""
    generator = noisy(MobileStyleGAN(64, 5, 5, mapping_layers=1, channel_max=8))
    last = generator.synthesis.blocks[-1]
    for layer in last.convolutions:
        layer.bias.assign(layer.bias + 1e4)  # far from the bend of the leaky ReLU
    middle = np.zeros((3, 3, 1, 1), np.float32)
    middle[1, 1] = 1
    last.conv2.depthwise.assign(last.conv2.depthwise * middle)
    z = sample(2, 5)
    whole = generator(z)
    affine = last.up.affine
    low = (np.arange(affine.units) < affine.units // 4).astype(np.float32)
    affine.kernel.assign(affine.kernel * low)
    affine.bias.assign(affine.bias * low)
    smooth = generator(z)
    assert np.abs(smooth - whole).max() > 1e-2 * np.abs(whole).max()
    small = reduced(generator, 4)
    assert small.resolution == (16, 16) and small.num_ws == 8 and small.synthesis.num_shared == 2
    assert_close(small(z), made_small(smooth, 4), 1e-4)
    smallest = reduced(generator, 8)
    assert smallest.synthesis.num_shared == 1 and smallest(z).shape == (2, 8, 8, 3)
    with pytest.raises(ValueError, match="must not be reduced. Received: 4"):
        reduced(small, 2)


@pytest.mark.parametrize(
    "settings, match",
    [
        ({"resolution": 8}, "power of two >= 16. Received: resolution=8"),
        ({"resolution": (24, 16)}, "power of two >= 16"),
        ({"channels": {4: 6}}, "widths 4 n. Received: channels={4: 6}"),
        ({"reduction": 3}, "reduction must be a power of two .* Received: reduction=3"),
        ({"reduction": 8}, "leaves at least 8 of 32 px"),
    ],
)
def test_wrong_arguments_are_named(settings, match):
    with pytest.raises(ValueError, match=match):
        MobileStyleGANSynthesis(**{"resolution": 32, "w_dim": 5, "channels": CHANNELS} | settings)


@pytest.mark.large
def test_published_weights_give_the_published_graphs_pictures(convert):
    """Needs the package random-face; the golden values are OpenVINO's, in float32."""
    try:
        generator = convert(installed("random-face")).networks["generator"]
    except UserError as error:
        pytest.skip(str(error))
    with np.load(FOLDER / "mobilestylegan.npz") as file:
        golden = {key: file[key] for key in file.files}
    w_plus = generator.mapping(golden["z"]).numpy()
    np.testing.assert_allclose(w_plus[:, 0], golden["w"], atol=1e-4)
    mixed = np.concatenate([w_plus[:1, :6], w_plus[1:, 6:]], axis=1)
    synthesis = tf.function(generator.synthesis)
    for name, w, noise in (
        ("", w_plus, "constant"),
        ("wplus_", mixed, "constant"),
        ("nonoise_", w_plus[:1], "none"),
    ):
        images = synthesis(w, noise=noise).numpy()
        small = images.reshape(-1, 16, 64, 16, 64, 3).mean(axis=(2, 4))
        np.testing.assert_allclose(small, golden[f"{name}img16"], atol=2e-4, err_msg=name)
        places = zip(images, golden["crop_yx"], strict=False)
        crops = [image[y : y + 32, x : x + 32] for image, (y, x) in places]
        np.testing.assert_allclose(crops, golden[f"{name}crop"], atol=2e-4, err_msg=name)
