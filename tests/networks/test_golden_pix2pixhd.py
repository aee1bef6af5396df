"""Pix2PixHD with the weights of the golden files: outputs, inner maps and losses."""

import pytest
import tensorflow as tf

from tests import golden_files as golden
from tests.cases import assert_close
from tfgan_edit.checkpoints import pix2pixhd as checkpoint
from tfgan_edit.checkpoints.key_map import assign_weights
from tfgan_edit.losses.adversarial import (
    least_squares_discriminator_loss,
    least_squares_generator_loss,
    sum_over_scales,
)
from tfgan_edit.losses.reconstruction import feature_matching_loss
from tfgan_edit.networks.pix2pixhd import (
    Pix2PixHDDiscriminator,
    Pix2PixHDGenerator,
    Pix2PixHDLocalEnhancer,
    halved,
)

GENERATORS = ("pix2pixhd_global_ngf4_d2_b2", "pix2pixhd_global_ngf4_d3_b2")
DISCRIMINATORS = ("pix2pixhd_d2", "pix2pixhd_d3")
MODES = {
    "eager": lambda fn: fn,
    "graph": tf.function,
    "xla": lambda fn: tf.function(fn, jit_compile=True),
}


def filled(network, rows, arrays):
    assign_weights(network, rows(network), golden.under(arrays, "param/"))
    return network


def load_generator(name):
    arrays, meta = golden.load(name)
    ctor = meta["ctor"]
    generator = Pix2PixHDGenerator(
        width=ctor["ngf"], num_downsamplings=ctor["n_downsampling"], num_blocks=ctor["n_blocks"]
    )
    return filled(generator, checkpoint.generator_map, arrays), arrays


def load_discriminator(name):
    arrays, meta = golden.load(name)
    discriminator = Pix2PixHDDiscriminator(width=4, num_scales=meta["ctor"]["num_D"])
    return filled(discriminator, checkpoint.discriminator_map, arrays), arrays


@pytest.mark.parametrize("name", GENERATORS)
@pytest.mark.parametrize("mode", MODES)
def test_generator(name, mode):
    generator, arrays = load_generator(name)
    images = MODES[mode](generator)(golden.nhwc(arrays["in/x"]))
    assert_close(images, golden.nhwc(arrays["out/img"]), golden.IMAGE)


@pytest.mark.parametrize("name", GENERATORS)
def test_inner_maps(name):
    """The first convolutions, so that a wrong padding is found where it is."""
    generator, arrays = load_generator(name)
    trunk = generator.trunk
    x = trunk.stem(golden.nhwc(arrays["in/x"]))
    if "out/after_3" in arrays:
        assert_close(x, golden.nhwc(arrays["out/after_3"]), golden.IMAGE, "stem")
    assert_close(trunk.downs[0](x), golden.nhwc(arrays["out/after_6"]), golden.IMAGE, "down0")


def test_local_enhancer():
    arrays, meta = golden.load("pix2pixhd_local_ngf4")
    ctor = meta["ctor"]
    enhancer = Pix2PixHDLocalEnhancer(
        width=ctor["ngf"],
        num_local_blocks=ctor["n_blocks_local"],
        num_downsamplings=ctor["n_downsample_global"],
        num_blocks=ctor["n_blocks_global"],
    )
    filled(enhancer, checkpoint.local_enhancer_map, arrays)
    x = golden.nhwc(arrays["in/x"])
    assert_close(halved(x), golden.nhwc(arrays["out/pooled"]), golden.OPERATOR)
    assert_close(enhancer(x), golden.nhwc(arrays["out/img"]), golden.IMAGE)


def maps_of(discriminator, arrays, name):
    return discriminator(golden.nhwc(arrays[f"in/{name}"]), golden.nhwc(arrays["in/cond"]))


@pytest.mark.parametrize("name", DISCRIMINATORS)
def test_discriminator(name):
    discriminator, arrays = load_discriminator(name)
    fakes = maps_of(discriminator, arrays, "fake")
    assert len(golden.under(arrays, "out/fake/")) == sum(map(len, fakes))
    for i, maps in enumerate(fakes):
        for j, actual in enumerate(maps):
            expected = golden.nhwc(arrays[f"out/fake/{i}/{j}"])
            assert_close(actual, expected, golden.IMAGE, f"scale {i}, layer {j}")
    for i, maps in enumerate(maps_of(discriminator, arrays, "real")):
        assert_close(maps[-1], golden.nhwc(arrays[f"out/real_last/{i}"]), golden.IMAGE, f"real {i}")


@pytest.mark.parametrize("name", DISCRIMINATORS)
def test_losses(name):
    discriminator, arrays = load_discriminator(name)
    reals, fakes = (maps_of(discriminator, arrays, name) for name in ("real", "fake"))
    real_logits, fake_logits = ([maps[-1] for maps in scales] for scales in (reals, fakes))
    generator_loss = sum_over_scales(least_squares_generator_loss, fake_logits)
    assert_close(generator_loss[0], arrays["out/loss_G_GAN"], golden.IMAGE, "generator")
    expected = (arrays["out/loss_D_real"] + arrays["out/loss_D_fake"]) / 2
    loss = sum_over_scales(least_squares_discriminator_loss, real_logits, fake_logits)
    assert_close(loss[0], expected, golden.IMAGE, "discriminator")
    matching = 10 * feature_matching_loss(fakes, reals)
    assert_close(matching[0], arrays["out/loss_G_FM"], golden.IMAGE, "feature matching")
