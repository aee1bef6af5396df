"""StyleGAN2 with the weights of the golden files: outputs, first and second gradients."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests import golden_files as golden
from tests.cases import assert_close
from tests.networks import golden_networks
from tfgan_edit.checkpoints import stylegan2 as checkpoint
from tfgan_edit.losses.adversarial import (
    logistic_discriminator_loss,
    logistic_generator_loss,
)
from tfgan_edit.losses.penalties import path_length_penalty, path_lengths, r1_penalty

ADA_GENERATORS = ("ada_g_skip_uncond_32", "ada_g_skip_cond_16", "ada_g_resnet_16")
ADA_DISCRIMINATORS = ("ada_d_resnet_uncond_32", "ada_d_resnet_cond_16")


def run_in(mode, fn):
    """`fn` eagerly, in a graph or under XLA."""
    return {
        "eager": fn,
        "graph": tf.function(fn),
        "xla": tf.function(fn, jit_compile=True),
    }[mode]


MODES = pytest.mark.parametrize("mode", ("eager", "graph", "xla"))


@pytest.mark.parametrize("name", ADA_GENERATORS)
def test_ada_mapping(name):
    generator, arrays, meta = golden_networks.ada_generator(name)
    z, labels = arrays["in/z"], arrays.get("in/c")
    psi = {"truncation": meta["psi"]}
    for key, options in (
        ("ws", {}),
        ("ws_psi", psi),
        ("ws_psi_cutoff", psi | {"truncation_cutoff": meta["cutoff"]}),
    ):
        w_plus = generator.mapping(z, labels=labels, **options)
        assert_close(w_plus, arrays[f"out/{key}"], golden.IMAGE, key)


@pytest.mark.parametrize("name", ADA_GENERATORS)
def test_ada_generator(name):
    generator, arrays, meta = golden_networks.ada_generator(name)
    z, labels = arrays["in/z"], arrays.get("in/c")
    psi = {"truncation": meta["psi"]}
    images = {
        "img_const": generator(z, labels),
        "img_none": generator(z, labels, noise="none"),
        "img_psi_const": generator(z, labels, **psi),
        "img_psi_cutoff_const": generator(z, labels, **psi, truncation_cutoff=meta["cutoff"]),
        "img_wplus_const": generator.synthesis(arrays["in/wplus"]),
    }
    for key, actual in images.items():
        expected = golden.nhwc(arrays[f"out/{key}"])  # of some, only the first samples
        assert_close(actual[: len(expected)], expected, golden.IMAGE, key)


@pytest.mark.parametrize("name", ADA_GENERATORS)
@pytest.mark.parametrize("mode", ("graph", "xla"))
def test_ada_generator_compiled(name, mode):
    generator, arrays, _ = golden_networks.ada_generator(name)
    labels = [arrays["in/c"]] if "in/c" in arrays else []
    actual = run_in(mode, lambda *inputs: generator(*inputs))(arrays["in/z"], *labels)
    assert_close(actual, golden.nhwc(arrays["out/img_const"]), golden.IMAGE)


@pytest.mark.parametrize("name", ("ada_g_skip_uncond_32", "ada_g_resnet_16"))
def test_ada_feature_maps(name):
    """The map that leaves each block, so that a wrong one is found where it is."""
    generator, arrays, _ = golden_networks.ada_generator(name)
    synthesis = generator.synthesis
    w_plus = tf.constant(arrays["out/ws"])
    maps = synthesis.noise_maps("constant", len(w_plus))
    x = image = None
    row = 0
    seen = 0
    for level, block in zip(synthesis.levels, synthesis.blocks, strict=True):
        count = len(block.convolutions)
        x, image = block.call(
            x, image, w_plus[:, row : row + count + 1], maps[row : row + count]
        )
        row += count
        if f"out/x_b{level}" in arrays:
            expected = golden.nhwc(arrays[f"out/x_b{level}"])
            assert_close(x, expected, golden.IMAGE, f"block {level}")
            seen += 1
    assert seen >= 2


@MODES
def test_path_length_and_its_gradients(mode):
    generator, arrays, _ = golden_networks.ada_generator("ada_g_skip_uncond_32")
    names = sorted(golden.under(arrays, "out/pl/dloss/"))
    entries = {e.source: e for e in checkpoint.pytorch_ada_generator_map(generator)}
    variables = [entries[name].variable.value for name in names]
    w_plus = generator.mapping(arrays["in/z"])
    directions = golden.nhwc(arrays["in/pl_y"])

    def phase(w_plus, directions):
        with tf.GradientTape() as tape:
            lengths = path_lengths(generator.synthesis, w_plus, directions)
            mean = 0.25 + 0.01 * (tf.reduce_mean(lengths) - 0.25)
            penalty = path_length_penalty(lengths, mean)
            loss = tf.reduce_mean(2 * penalty)
        return lengths, mean, penalty, loss, tape.gradient(loss, variables)

    lengths, mean, penalty, loss, gradients = run_in(mode, phase)(w_plus, directions)
    assert_close(lengths, arrays["out/pl/lengths"], golden.GRADIENT, "lengths")
    assert_close(mean, arrays["out/pl/mean_new"], golden.GRADIENT, "mean")
    assert_close(penalty, arrays["out/pl/penalty"], golden.GRADIENT, "penalty")
    assert_close(loss, arrays["out/pl/loss"], golden.GRADIENT, "loss")
    assert len(names) == 2
    for name, gradient in zip(names, gradients, strict=True):
        expected = entries[name].layout.load(arrays[f"out/pl/dloss/{name}"])
        assert_close(gradient, expected, golden.GRADIENT, name)


def test_gradient_for_w_plus():
    generator, arrays, _ = golden_networks.ada_generator("ada_g_skip_uncond_32")
    w_plus = tf.constant(arrays["out/ws"])
    noise = golden.nhwc(arrays["in/pl_y"]) / np.sqrt(32 * 32)
    with tf.GradientTape() as tape:
        tape.watch(w_plus)
        total = tf.reduce_sum(generator.synthesis(w_plus) * noise)
    gradient = tape.gradient(total, w_plus)
    assert_close(gradient, arrays["out/pl/grad_ws"], golden.GRADIENT)


@pytest.mark.parametrize("name", ADA_DISCRIMINATORS)
@MODES
def test_ada_discriminator_and_losses(name, mode):
    discriminator, arrays, _ = golden_networks.ada_discriminator(name)
    labels = [arrays["in/c"]] if "in/c" in arrays else []
    images = golden.nhwc(arrays["in/img"])
    logits = run_in(mode, lambda *inputs: discriminator(*inputs))(images, *labels)
    assert_close(logits, arrays["out/logits"], golden.SCORE)
    # softplus(-logits) of the real ones is also the generator's loss of its own
    loss_real = tf.reduce_mean(logistic_generator_loss(logits))
    assert_close(loss_real, arrays["out/loss_real"], golden.SCORE)
    both = tf.reduce_mean(logistic_discriminator_loss(logits, logits))
    expected = arrays["out/loss_real"] + arrays["out/loss_fake"]
    assert_close(both, expected, golden.SCORE)


def test_label_mapping_of_the_discriminator():
    discriminator, arrays, _ = golden_networks.ada_discriminator("ada_d_resnet_cond_16")
    labels = arrays["in/c"]
    actual = discriminator.mapping(labels, labels=labels)
    assert_close(actual, arrays["out/cmap"], golden.IMAGE)


@pytest.mark.parametrize("name", ADA_DISCRIMINATORS)
@MODES
def test_r1_and_its_gradients(name, mode):
    discriminator, arrays, meta = golden_networks.ada_discriminator(name)
    labels = arrays.get("in/c")
    names = sorted(golden.under(arrays, "out/r1/dloss/"))
    entries = {e.source: e for e in checkpoint.pytorch_ada_discriminator_map(discriminator)}
    variables = [entries[name].variable.value for name in names]

    def phase(images):
        with tf.GradientTape() as tape:
            penalty, logits = r1_penalty(lambda x: discriminator(x, labels), images)
            loss = tf.reduce_mean(penalty) * (meta["gamma"] / 2)
        return penalty, logits, loss, tape.gradient(loss, variables)

    images = tf.constant(golden.nhwc(arrays["in/img"]))
    penalty, logits, loss, gradients = run_in(mode, phase)(images)
    assert_close(logits, arrays["out/logits"], golden.SCORE, "logits")
    assert_close(penalty, arrays["out/r1/penalty"], golden.GRADIENT, "penalty")
    assert_close(loss, arrays["out/r1/loss"], golden.GRADIENT, "loss")
    assert len(names) == 3
    for name, gradient in zip(names, gradients, strict=True):
        expected = entries[name].layout.load(arrays[f"out/r1/dloss/{name}"])
        assert_close(gradient, expected, golden.GRADIENT, name)


@pytest.mark.parametrize("name", ADA_DISCRIMINATORS)
def test_gradient_for_images(name):
    discriminator, arrays, _ = golden_networks.ada_discriminator(name)
    images = tf.constant(golden.nhwc(arrays["in/img"]))
    with tf.GradientTape() as tape:
        tape.watch(images)
        total = tf.reduce_sum(discriminator(images, arrays.get("in/c")))
    expected = golden.nhwc(arrays["out/r1/grad"])
    assert_close(tape.gradient(total, images), expected, golden.GRADIENT)


def test_rosinality_generator():
    generator, arrays, _ = golden_networks.rosinality_generator()
    z1, z2 = arrays["in/z1"], arrays["in/z2"]
    w_plus = generator.mapping(z1)
    assert_close(w_plus, arrays["out/latent"], golden.IMAGE)
    assert_close(w_plus[:, 0], arrays["out/w"], golden.IMAGE)
    mixed = tf.concat([w_plus[:, :3], generator.mapping(z2)[:, 3:]], axis=1)
    maps = [golden.nhwc(arrays[f"in/noise/{i}"]) for i in range(7)]
    images = {
        "img_const": generator(z1),
        "img_psi": generator(z1, truncation=0.6),
        "img_mix3": generator.synthesis(mixed),
        "img_wplus": generator.synthesis(arrays["in/wplus"]),
        "img_given_noise": generator(z1, noise=maps),
    }
    for key, actual in images.items():
        assert_close(actual, golden.nhwc(arrays[f"out/{key}"]), golden.IMAGE, key)


def test_rosinality_discriminator():
    discriminator, arrays, _ = golden_networks.rosinality_discriminator()
    images = tf.constant(golden.nhwc(arrays["in/img"]))
    penalty, logits = r1_penalty(discriminator, images)
    assert_close(logits, arrays["out/logits"], golden.SCORE)
    assert_close(tf.reduce_mean(penalty), arrays["out/r1_mean"], golden.GRADIENT)


@pytest.mark.parametrize("policy, limit", (("mixed_bfloat16", 0.1), ("mixed_float16", 0.02)))
@pytest.mark.parametrize("half_activations", (False, True))
def test_golden_images_in_mixed_precision(policy, limit, half_activations):
    """Every level above 4x4 in half precision stays near the float32 picture."""
    exact, arrays, _ = golden_networks.ada_generator("ada_g_skip_uncond_32")
    config = exact.get_config() | {
        "dtype": policy,
        "clamp": 256,
        "half_activations": half_activations,
    }
    half = type(exact).from_config(config)
    half.set_weights(exact.get_weights())
    expected = golden.nhwc(arrays["out/img_const"])
    assert_close(half(arrays["in/z"]), expected, limit)


def test_keras_functional_graph_with_golden_weights():
    generator, arrays, _ = golden_networks.ada_generator("ada_g_skip_cond_16")
    z, labels = keras.Input((16,)), keras.Input((3,))
    model = keras.Model([z, labels], generator(z, labels))
    actual = model([arrays["in/z"], arrays["in/c"]])
    assert_close(actual, golden.nhwc(arrays["out/img_const"]), golden.IMAGE)
