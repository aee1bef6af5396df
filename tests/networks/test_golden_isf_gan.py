"""ISF-GAN with the weights of the golden files: outputs, inner values and the R1 penalty."""

import pytest
import tensorflow as tf

from tests import golden_files as golden
from tests.cases import assert_close
from tfgan_edit.checkpoints import isf_gan as checkpoint
from tfgan_edit.checkpoints.key_map import assign_weights
from tfgan_edit.losses.penalties import r1_penalty
from tfgan_edit.networks.isf_gan import ImplicitStyleFunction, ISFGANDiscriminator

FUNCTIONS = ("isfgan_map_adaln_prenorm_18", "isfgan_map_adaln_postnorm_14")


def load_function(name):
    arrays, meta = golden.load(name)
    state = golden.under(arrays, "param/")
    sizes = checkpoint.style_function_sizes(state)
    function = ImplicitStyleFunction(**sizes | checkpoint.from_style_function(meta["ctor"]))
    assign_weights(function, checkpoint.style_function_map(function), state)
    return function, arrays


@pytest.mark.parametrize("name", FUNCTIONS)
def test_edited_latents(name):
    function, arrays = load_function(name)
    edited = function(arrays["in/w"], arrays["in/d"], arrays["in/z"])
    assert_close(edited, arrays["out/w_out"], golden.IMAGE)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_inner_values(name):
    function, arrays = load_function(name)
    assert function.pre_norm == ("prenorm" in name)
    styles = function.styles(arrays["in/d"], arrays["in/z"])
    assert_close(styles, arrays["out/s"], golden.IMAGE, "styles")
    assert_close(function.styled(arrays["in/w"], styles), arrays["out/u"], golden.IMAGE, "norm")


def test_discriminator():
    arrays, _ = golden.load("isfgan_d_32")
    state = golden.under(arrays, "param/")
    discriminator = ISFGANDiscriminator(**checkpoint.discriminator_sizes(state))
    assign_weights(discriminator, checkpoint.discriminator_map(discriminator), state)
    images = tf.constant(golden.nhwc(arrays["in/x"]))
    source, attributes = discriminator.heads(images)
    assert_close(source[:, 0], arrays["out/src"], golden.IMAGE, "source")
    assert_close(attributes, arrays["out/cls"], golden.IMAGE, "attributes")

    def penalty(images):
        return r1_penalty(lambda x: discriminator.heads(x)[1], images)[0]

    half = tf.reduce_mean(penalty(images)) / 2
    assert_close(half, arrays["out/r1_cls"], golden.GRADIENT, "R1")
