"""Pix2PixHD: promises, published sizes, norms and paddings, coarse to fine, mobile form."""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.cases import (
    HALF_LIMITS,
    assert_close,
    count_params,
    run_layer_test,
    run_network_test,
)
from tests.networks import pix2pixhd_sizes as sizes
from tfgan_edit.layers.registration import register
from tfgan_edit.networks.pix2pixhd import (
    PatchDiscriminator,
    Pix2PixHDDiscriminator,
    Pix2PixHDEncoder,
    Pix2PixHDEnhancer,
    Pix2PixHDGenerator,
    Pix2PixHDLocalEnhancer,
    Pix2PixHDTrunk,
    ResidualBlock,
    doubled,
    halved,
)

TINY = {"width": 4, "num_downsamplings": 2, "num_blocks": 2}
# After a step of gradient descent: kernels of a norm of 0.1 that are scaled to 1 step far.
HALF_AFTER_A_STEP = {"mixed_bfloat16": 0.5, "mixed_float16": 0.1}
VARIANTS = (
    {},
    {"norm": "batch"},
    {"norm": "demodulated", "padding": "reflect_all"},
    {"upsampling": "bilinear"},
)
IDS = ("published", "batch", "artefact_free", "bilinear")
RESIDUAL = {"norm": "demodulated", "padding": "reflect_all", "residual": True}
LAYERS = (
    (ResidualBlock, {"filters": 3}, [(2, 4, 6, 3)], (2, 4, 6, 3), 2),
    (Pix2PixHDTrunk, TINY, [(2, 8, 12, 3)], (2, 8, 12, 4), 9),
    (Pix2PixHDEnhancer, {"width": 2, "num_blocks": 1}, [(1, 8, 12, 3), (1, 4, 6, 4)], None, 5),
)


def sample(*shape, seed=1):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def norm_parameters(network):
    """(trainable, not trainable) values that norms add to those of the table of layers."""
    count = sum(
        layer.filters for layer in network._flatten_layers() if hasattr(layer, "batch_norm")
    )
    return 2 * count, 2 * count


# === Promises ===


@pytest.mark.parametrize("cls, arguments, shapes, output, convolutions", LAYERS)
def test_layers_keep_the_promises(cls, arguments, shapes, output, convolutions, tmp_path):
    run_layer_test(
        cls,
        arguments,
        tuple(sample(*shape) for shape in shapes),
        expected_shape=output or (*shapes[0][:3], arguments["width"]),
        expected_trainable=convolutions,
        expected_non_trainable=convolutions,
        tmp_path=tmp_path,
    )


@pytest.mark.parametrize("variant", VARIANTS, ids=IDS)
def test_generator_keeps_the_promises_of_a_network(variant, tmp_path):
    arguments = TINY | variant | {"in_channels": 2}
    total = sizes.generator(2, 3, 4, 2, 2)
    probe = Pix2PixHDGenerator(**arguments)
    untrained, (scales, averages) = sizes.cancelled_biases(probe), norm_parameters(probe)
    run_network_test(
        Pix2PixHDGenerator,
        arguments,
        {"images": sample(2, 16, 12, 2)},
        expected_shape=(2, 16, 12, 3),
        expected_params=(total - untrained + scales, untrained + averages),
        half_limits=HALF_AFTER_A_STEP if "padding" in variant else None,
        tmp_path=tmp_path,
    )


def test_local_enhancer_keeps_the_promises_of_a_network(tmp_path):
    arguments = {"width": 2, "num_enhancers": 2, "num_local_blocks": 1}
    arguments |= {"num_downsamplings": 1, "num_blocks": 1}
    total = sizes.local_enhancer(3, 3, 2, 2, 1, 1, 1)
    untrained = sizes.cancelled_biases(Pix2PixHDLocalEnhancer(**arguments))
    run_network_test(
        Pix2PixHDLocalEnhancer,
        arguments,
        {"images": sample(1, 24, 16, 3)},
        expected_shape=(1, 24, 16, 3),
        expected_params=(total - untrained, untrained),
        tmp_path=tmp_path,
    )


@pytest.mark.parametrize("half_activations", (True, False))
@pytest.mark.parametrize("variant", VARIANTS, ids=IDS)
def test_half_precision(variant, half_activations):
    generator = Pix2PixHDGenerator(**TINY, **variant)
    images = sample(2, 16, 12, 3)
    for dtype, limit in HALF_LIMITS.items():
        half = Pix2PixHDGenerator(
            **TINY, **variant, half_activations=half_activations, dtype=dtype
        )
        half.set_weights(generator.get_weights())
        inner = half.trunk(half._activations(images))
        assert (inner.dtype == "float32") != half_activations
        assert_close(half(images), generator(images), limit, dtype)


def test_one_scale_keeps_its_arguments():
    scale = PatchDiscriminator(width=3, num_layers=2, channel_max=5, norm="batch")
    assert [layer.filters for layer in scale.convolutions] == [3, 5, 5, 1]
    stored = json.loads(json.dumps(keras.saving.serialize_keras_object(scale)))
    rebuilt = keras.saving.deserialize_keras_object(stored)
    assert rebuilt.get_config() == scale.get_config()


@register
class FlatDiscriminator(Pix2PixHDDiscriminator):
    """All maps as one tensor, for the tests that networks share."""

    def call(self, images, conditions=None, training=None):
        maps = tf.nest.flatten(super().call(images, conditions))
        return tf.concat([keras.ops.reshape(x, (-1, np.prod(x.shape[1:]))) for x in maps], 1)


def test_discriminator_keeps_the_promises_of_a_network(tmp_path):
    arguments = {"in_channels": 4, "width": 3, "num_layers": 2}
    total = sizes.discriminator(4, 3, 2)
    untrained = sizes.cancelled_biases(Pix2PixHDDiscriminator(**arguments))
    inputs = {"images": sample(2, 16, 16, 3), "conditions": sample(2, 16, 16, 1)}
    values = 81 * 3 + 25 * 6 + 36 * 12 + 49 + 25 * 3 + 9 * 6 + 16 * 12 + 25
    run_network_test(
        FlatDiscriminator,
        arguments,
        inputs,
        expected_shape=(2, values),
        expected_params=(total - untrained, untrained),
        tmp_path=tmp_path,
    )


def test_encoder_gives_each_instance_one_feature(tmp_path):
    encoder = Pix2PixHDEncoder(width=2, num_downsamplings=2, out_channels=2)
    instances = np.random.default_rng(1).integers(5, size=(2, 8, 12)) * 1001
    features = encoder(sample(2, 8, 12, 3), instances).numpy()
    assert features.shape == (2, 8, 12, 2)
    for picture, ids in zip(features, instances, strict=True):
        for number in np.unique(ids):
            assert np.ptp(picture[ids == number], axis=0).max() == 0
    path = str(tmp_path / "encoder.keras")
    encoder.save(path)
    loaded = keras.saving.load_model(path)
    assert_close(loaded(sample(2, 8, 12, 3), instances), features, 1e-6)


# === Sizes ===


def test_published_sizes():
    assert sizes.generator() == 182_443_267
    assert sizes.generator(in_channels=6) == 182_452_675
    assert sizes.local_enhancer() == 182_701_827
    assert sizes.discriminator(scales=1) == 2_767_809


def test_the_published_discriminator():
    discriminator = Pix2PixHDDiscriminator()
    assert discriminator.count_params() == 2 * 2_767_809
    shapes = [[x.shape[1:] for x in maps] for maps in discriminator(sample(1, 64, 64, 6))]
    assert [shape[0] for shape in shapes[0]] == [33, 17, 9, 10, 11]
    assert [shape[0] for shape in shapes[1]] == [17, 9, 5, 6, 7]
    assert [shape[-1] for shape in shapes[0]] == [64, 128, 256, 512, 1]


@pytest.mark.large
@pytest.mark.parametrize(
    "cls, expected",
    ((Pix2PixHDGenerator, 182_443_267), (Pix2PixHDLocalEnhancer, 182_701_827)),
)
def test_the_published_generators(cls, expected):
    assert cls().count_params() == expected


@pytest.mark.parametrize("height, width", ((6, 8), (5, 7), (1, 2)))
def test_halving_counts_pixels_inside_only(height, width):
    x = sample(1, height, width, 2)
    expected = np.empty((1, (height + 1) // 2, (width + 1) // 2, 2))
    for i, j in np.ndindex(expected.shape[1:3]):
        window = x[:, max(2 * i - 1, 0) : 2 * i + 2, max(2 * j - 1, 0) : 2 * j + 2]
        expected[:, i, j] = window.mean(axis=(1, 2))
    assert_close(halved(x), expected, 1e-6)


@pytest.mark.parametrize("size, expected", ((12, 12), (13, 16), (14, 16), (16, 16)))
def test_sides_are_rounded_up(size, expected):
    images = Pix2PixHDGenerator(**TINY)(sample(1, size, 8, 3))
    assert images.shape == (1, expected, 8, 3)


def test_any_size_in_one_graph():
    generator = Pix2PixHDGenerator(**TINY)
    generate = tf.function(generator, input_signature=[tf.TensorSpec([None, None, None, 3])])
    for shape in ((1, 8, 12, 3), (2, 16, 8, 3)):
        assert_close(generate(sample(*shape)), generator(sample(*shape)), 2e-5)
    symbol = keras.Input((None, None, 3))
    assert generator(symbol).shape == (None, None, None, 3)


# === Norms, padding, training ===


def test_initial_weights():
    """Kernels N(0, 0.02); biases uniform within 1 / sqrt(fan-in)."""
    generator = Pix2PixHDGenerator(width=32, num_downsamplings=1, num_blocks=1, norm="demodulated")
    kernel, bias = generator.trunk.blocks[0].conv0.get_weights()
    assert abs(np.std(kernel) - 0.02) < 4e-4
    limit = (9 * 64) ** -0.5
    assert 0.9 * limit < np.abs(bias).max() <= limit
    # A transposed convolution counts its outputs: 9 · 32.
    assert np.abs(generator.trunk.ups[0].get_weights()[1]).max() > limit


@pytest.mark.parametrize("count", (0, 6))
def test_demodulation_keeps_the_variance(count):
    """Of independent inputs with variance 1, and a mean square of 1 behind each ReLU."""
    trunk = Pix2PixHDTrunk(
        16, 2, count, norm="demodulated", padding="reflect_all", name="trunk"
    )
    y = trunk(sample(4, 32, 32, 3))
    assert 0.4 < np.mean(np.square(y)) < 2.5


def flat_field(padding):
    """Spread over space of the features of a uniform picture."""
    trunk = Pix2PixHDTrunk(8, 2, 1, norm="demodulated", padding=padding)
    y = trunk(np.full((1, 16, 16, 3), 0.7, np.float32))[0].numpy()
    # Transposed convolutions leave a pattern of period 4, which is no mark of the border.
    y = y.reshape(4, 4, 4, 4, 8)
    return np.ptp(y, axis=(0, 2)).max() / np.abs(y).max()


def test_artefact_free_padding_leaves_no_border():
    assert flat_field("reflect_all") < 1e-5
    assert flat_field("reflect") > 1e-2


def test_bilinear_doublings_leave_no_pattern():
    """A uniform picture stays uniform, where transposed convolutions leave a checkerboard."""
    spread = {}
    for upsampling in ("transposed", "bilinear"):
        trunk = Pix2PixHDTrunk(
            8, 2, 1, norm="demodulated", padding="reflect_all", upsampling=upsampling
        )
        y = trunk(np.full((1, 16, 16, 3), 0.7, np.float32))[0].numpy()
        spread[upsampling] = np.ptp(y, axis=(0, 1)).max() / np.abs(y).max()
    assert spread["bilinear"] < 1e-5 < 1e-2 < spread["transposed"]


def test_a_doubling_interpolates_between_centres():
    x = tf.reshape(tf.range(4.0), [1, 1, 4, 1])
    expected = [0, 0.25, 0.75, 1.25, 1.75, 2.25, 2.75, 3]
    y = doubled(x)
    assert y.shape == (1, 2, 8, 1)
    np.testing.assert_allclose(y[0, 0, :, 0], expected)
    assert doubled(tf.cast(x, tf.bfloat16)).dtype == tf.bfloat16


def test_features_are_what_the_picture_is_painted_of():
    shared = {"num_downsamplings": 2, "num_blocks": 1}
    images = sample(1, 16, 16, 3)
    for network, sides in (
        (Pix2PixHDGenerator(width=4, **shared), [4, 8, 16]),
        (Pix2PixHDLocalEnhancer(width=2, num_local_blocks=1, **shared), [2, 4, 8, 16]),
    ):
        maps = network.features(images)
        assert [x.shape[1] for x in maps] == sides
        np.testing.assert_array_equal(network.paint(maps, images), network(images))


def test_batch_norm_learns_its_averages_in_training_only():
    generator = Pix2PixHDGenerator(norm="batch", **TINY)
    images = sample(2, 8, 8, 3)
    averages = [v for v in generator.variables if "moving" in v.path]
    before = [v.numpy() for v in averages]
    generator(images)
    assert all(np.array_equal(v, old) for v, old in zip(averages, before, strict=True))
    generator(images, training=True)
    assert not any(np.array_equal(v, old) for v, old in zip(averages, before, strict=True))


@pytest.mark.parametrize("dtype", ("float32", "mixed_bfloat16"))
@pytest.mark.parametrize("norm", ("instance", "demodulated"))
def test_gradients_in_a_graph(norm, dtype):
    """The graph's optimiser fuses convolutions with what follows; some of it has no gradient."""
    generator = Pix2PixHDGenerator(norm=norm, dtype=dtype, **TINY)
    discriminator = Pix2PixHDDiscriminator(width=3, norm=norm, dtype=dtype)
    images = tf.constant(sample(1, 16, 16, 3))
    networks = (generator, discriminator)
    variables = [v.value for network in networks for v in network.trainable_variables]

    def gradients(images):
        with tf.GradientTape() as tape:
            maps = discriminator(generator(images), images)
            loss = tf.add_n([tf.reduce_mean(tf.square(scale[-1] - 1)) for scale in maps])
        return tape.gradient(loss, variables)

    # In bfloat16, a fused convolution rounds elsewhere: compared as a whole.
    actual, expected = (
        np.concatenate([np.ravel(x) for x in fn(images)])
        for fn in (tf.function(gradients), gradients)
    )
    distance = np.linalg.norm(actual - expected) / np.linalg.norm(expected)
    assert distance < (1e-4 if dtype == "float32" else 0.1)


# === Coarse to fine ===


def test_a_global_generator_seeds_the_enhancer():
    shared = {"num_downsamplings": 2, "num_blocks": 1}
    generator = Pix2PixHDGenerator(width=4, **shared)
    enhancer = Pix2PixHDLocalEnhancer(width=2, num_local_blocks=1, **shared)
    enhancer.load_global(generator)
    images = sample(1, 8, 8, 3)
    assert_close(enhancer.trunk(images), generator.trunk(images), 0)
    with pytest.raises(ValueError, match="width=4. Received: width=8"):
        enhancer.load_global(Pix2PixHDGenerator(width=8, **shared))


def test_only_the_finest_level_is_trained():
    enhancer = Pix2PixHDLocalEnhancer(
        width=2, num_enhancers=2, num_local_blocks=1, num_downsamplings=1, num_blocks=1
    )
    everything = len(enhancer.trainable_variables)
    enhancer.train_only_finest()
    places = {v.path.split("/")[1] for v in enhancer.trainable_variables}
    assert places == {"enhancer0", "to_image"}
    enhancer.train_only_finest(False)
    assert len(enhancer.trainable_variables) == everything


# === Residual ===


@pytest.mark.parametrize("cls", (Pix2PixHDGenerator, Pix2PixHDLocalEnhancer))
def test_a_residual_generator_begins_with_the_picture_and_draws_what_changes(cls):
    images = sample(2, 16, 24, 3).clip(-1, 1)
    generator, plain = cls(**TINY, **RESIDUAL), cls(**TINY, **RESIDUAL | {"residual": False})
    assert cls.from_config(generator.get_config()).residual
    np.testing.assert_array_equal(generator(images), images)
    generator.set_weights(plain.get_weights())
    expected = np.clip(images + 2 * plain(images).numpy(), -1, 1)
    assert 0.01 < np.mean(np.abs(expected - images))
    assert_close(generator(images), expected, 1e-6)


# === Wrong arguments ===


@pytest.mark.parametrize(
    "build, message",
    (
        (lambda: Pix2PixHDGenerator(norm="layer"), "norm must be one of.*norm='layer'"),
        (lambda: Pix2PixHDGenerator(padding="zeros"), "padding must be.*padding='zeros'"),
        (lambda: Pix2PixHDGenerator(width=0), "width=0"),
        (
            lambda: Pix2PixHDGenerator(in_channels=1, residual=True),
            "out_channels must be in_channels.*in_channels=1, out_channels=3",
        ),
        (
            lambda: Pix2PixHDGenerator(**TINY, residual=True)(sample(1, 10, 8, 3)),
            "multiples of 4.*10, 8",
        ),
        (lambda: Pix2PixHDGenerator(width=2, num_blocks=-1), "num_blocks=-1"),
        (lambda: Pix2PixHDLocalEnhancer(width=2, num_enhancers=0, **{}), "num_enhancers=0"),
        (lambda: Pix2PixHDDiscriminator(num_scales=0), "num_scales=0"),
        (lambda: PatchDiscriminator(norm=None), "norm=None"),
        (
            lambda: Pix2PixHDGenerator(**TINY)(sample(1, 8, 8, 4)),
            r"images must be \[N, H, W, 3\].*8, 8, 4",
        ),
        (lambda: Pix2PixHDGenerator(**TINY)(sample(1, 4, 8, 3)), "at least 5 pixels a side"),
        (
            lambda: Pix2PixHDLocalEnhancer(**TINY)(sample(1, 12, 16, 3)),
            "multiples of 8.*12, 16",
        ),
        (
            lambda: Pix2PixHDDiscriminator(width=2)(sample(1, 8, 8, 3)),
            "must have 6 channels together. Received: 3",
        ),
    ),
)
def test_wrong_arguments_are_named(build, message):
    with pytest.raises(ValueError, match=message):
        build()


def test_config_is_plain_json():
    enhancer = Pix2PixHDLocalEnhancer(num_enhancers=2, num_local_blocks=1, **TINY)
    config = json.loads(json.dumps(enhancer.get_config()))
    rebuilt = Pix2PixHDLocalEnhancer(**config)
    assert count_params(rebuilt.variables) == count_params(enhancer.variables)


# === Mobile form ===


@pytest.mark.filterwarnings("ignore:.*tf.lite.Interpreter is deprecated")
@pytest.mark.parametrize(
    "cls, variant",
    (
        *((Pix2PixHDGenerator, variant) for variant in (*VARIANTS, RESIDUAL)),
        (Pix2PixHDLocalEnhancer, {}),
    ),
    ids=(*IDS, "residual", "local_enhancer"),
)
def test_tflite(cls, variant):
    """Built-in operations only, no tensor of five axes, the same picture."""
    generator = cls(**TINY, **variant)
    images = sample(1, 16, 24, 3)
    call = tf.function(generator, input_signature=[tf.TensorSpec(images.shape)])
    # Without the object that owns them, variables become constants.
    converter = tf.lite.TFLiteConverter.from_concrete_functions([call.get_concrete_function()])
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    interpreter = tf.lite.Interpreter(model_content=converter.convert(), num_threads=1)
    interpreter.allocate_tensors()
    assert max(len(tensor["shape"]) for tensor in interpreter.get_tensor_details()) == 4
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], images)
    interpreter.invoke()
    actual = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
    assert_close(actual, generator(images), 1e-4)
