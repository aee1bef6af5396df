"""GANs N' Roses with the weights of the golden file: codes, images, heads, penalties."""

import pytest
import tensorflow as tf

from tests import golden_files as golden
from tests.cases import assert_close
from tfgan_edit.checkpoints import gans_n_roses as maps
from tfgan_edit.checkpoints.key_map import assign_weights
from tfgan_edit.losses.adversarial import (
    logistic_discriminator_loss,
    logistic_generator_loss,
    sum_over_scales,
)
from tfgan_edit.losses.penalties import heads_r1_penalty
from tfgan_edit.networks.gans_n_roses import (
    GansNRosesDiscriminator,
    GansNRosesGenerator,
    StyleDiscriminator,
)

NAME = "gnr_main_64_down2"


def kept(output, expected, meta, name):
    """The rows of an output [N, …] that the file holds."""
    start, stop = meta["kept"][name]["samples"]
    return output[start:stop, :: meta["kept"][name]["row_step"]], golden.nhwc(expected)


@pytest.fixture(scope="module")
def networks():
    """(generator, discriminator, latent discriminator), arrays, meta."""
    arrays, meta = golden.load(NAME)
    ctor = meta["ctor"]
    generator = GansNRosesGenerator(
        ctor["size"],
        style_dim=ctor["latent_dim"],
        w_dim=meta["style_width"],
        num_downsamplings=ctor["num_down"],
        channels=meta["channels"],
    )
    discriminator = GansNRosesDiscriminator(
        ctor["size"], hidden_dim=meta["d_hidden"], channels=meta["channels"]
    )
    styles = StyleDiscriminator(ctor["latent_dim"], hidden_dim=meta["dl_hidden"])
    for network, rows, prefix in (
        (generator, maps.generator_map, "G"),
        (discriminator, maps.discriminator_map, "D"),
        (styles, maps.style_discriminator_map, "D_L"),
    ):
        assign_weights(network, rows(network), golden.under(arrays, f"param/{prefix}/"))
    return (generator, discriminator, styles), arrays, meta


def test_codes_and_images(networks):
    (generator, _, _), arrays, meta = networks
    x = tf.constant(golden.nhwc(arrays["in/x"]))
    content, styles = generator.encode(x)
    assert_close(content, golden.nhwc(arrays["out/content"]), golden.IMAGE)
    assert_close(styles, arrays["out/style"], golden.IMAGE)
    w = generator.mapping(arrays["in/z"])
    assert_close(w, arrays["out/mapped"], golden.IMAGE)
    between = tf.repeat(tf.reduce_mean(w, axis=0, keepdims=True), 2, axis=0)
    images = {
        "img_z": generator(x, arrays["in/z"]),
        "img_self": generator(x),
        "img_mapped_lerp": generator.decoder(content, between),
    }
    for name, image in images.items():
        assert_close(*kept(image, arrays[f"out/{name}"], meta, name), golden.IMAGE, name)


def test_heads_and_losses(networks):
    (_, discriminator, styles), arrays, _ = networks
    x = tf.constant(golden.nhwc(arrays["in/x"]))
    heads = discriminator(x)
    for i, logits in enumerate(heads):
        assert_close(logits, golden.nhwc(arrays[f"out/d/{i}"]), golden.SCORE, f"head {i}")
    assert_close(styles(arrays["in/z_latent_d"]), arrays["out/dl"], golden.SCORE)
    loss = tf.reduce_mean(sum_over_scales(logistic_generator_loss, heads))
    assert_close(loss / 3, arrays["out/g_loss"], golden.SCORE)
    assert_close(loss, arrays["out/d_loss_real"], golden.SCORE)
    zero = [tf.fill(logits.shape, -1e9) for logits in heads]
    real = tf.reduce_mean(sum_over_scales(logistic_discriminator_loss, heads, zero))
    assert_close(real, arrays["out/d_loss_real"], golden.SCORE)
    penalty = tf.reduce_mean(heads_r1_penalty(discriminator, x))
    assert_close(penalty, arrays["out/r1_mean_mode"], golden.GRADIENT)
