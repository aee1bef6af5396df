"""StyleGAN with the weights of the golden files: outputs, growing, penalties, as converted."""

import functools

import numpy as np
import pytest
import tensorflow as tf

from tests import golden_files as golden
from tests.cases import assert_close
from tfgan_edit.checkpoints.conversion import convert_network, find_networks, select
from tfgan_edit.checkpoints.files import read_checkpoint
from tfgan_edit.losses.penalties import r1_penalty
from tfgan_edit.networks.stylegan import enlarge, shrink

MODES = pytest.mark.parametrize("mode", ("eager", "graph", "xla"))
STAGES = {"fixed": (32, 1.0), "lod0.0": (32, 1.0), "lod0.4": (32, 0.6), "lod1.3": (16, 0.7)}


@functools.cache
def converted(path):
    """{name in a preset: network} of a golden file."""
    path = golden.FOLDER / path
    checkpoint = read_checkpoint(path)
    chosen = select(find_networks(checkpoint))
    size = path.stat().st_size
    return {name: convert_network(f, checkpoint, size).network for name, f in chosen.items()}


def run_in(mode, fn, *inputs):
    compiled = {"eager": fn, "graph": tf.function(fn), "xla": tf.function(fn, jit_compile=True)}
    return compiled[mode](*map(tf.constant, inputs))


@MODES
def test_tensorflow_generator(mode):
    generator = converted("sg1_tf_uncond_32.npz")["generator"]
    arrays, _ = golden.load("sg1_tf_uncond_32")
    w_plus, images = run_in(
        mode, lambda z: (generator.mapping(z), generator(z)), arrays["in/z"]
    )
    assert_close(w_plus, arrays["out/fixed/w"], golden.IMAGE)
    assert_close(images[:2], golden.nhwc(arrays["out/fixed/img_w"]), golden.IMAGE)
    images = run_in(mode, generator.synthesis, arrays["in/ws"])
    assert_close(images[:2], golden.nhwc(arrays["out/fixed/img_wplus"]), golden.IMAGE)


@pytest.mark.parametrize("stage", ("lod0.4", "lod1.3"))
def test_tensorflow_generator_while_growing(stage):
    """The original's images always have the full size."""
    generator = converted("sg1_tf_uncond_32.npz")["generator"]
    arrays, _ = golden.load("sg1_tf_uncond_32")
    level, alpha = STAGES[stage]
    images = generator(arrays["in/z"][:1], level=level, alpha=alpha)
    expected = golden.nhwc(arrays[f"out/{stage}/img_w"])
    assert_close(enlarge(images, 32 // level), expected, golden.IMAGE)


@MODES
@pytest.mark.parametrize("stage", STAGES)
def test_tensorflow_discriminator(stage, mode):
    discriminator = converted("sg1_tf_uncond_32.npz")["discriminator"]
    arrays, _ = golden.load("sg1_tf_uncond_32")
    level, alpha = STAGES[stage]

    def score(images):
        small = shrink(images, 32 // level)
        return discriminator(small, level=level, alpha=alpha)

    images = golden.nhwc(arrays["in/img"])
    penalty, scores = run_in(mode, lambda images: r1_penalty(score, images), images)
    assert_close(scores, arrays[f"out/{stage}/scores"], golden.SCORE)
    assert_close(penalty, arrays[f"out/{stage}/r1_penalty"], golden.GRADIENT)


def test_tensorflow_pickle():
    """The averaged generator, truncated in its first layers, and the discriminator."""
    networks = converted("checkpoints/stylegan1_tf.pkl")
    generator, discriminator = networks["generator"], networks["discriminator"]
    arrays, _ = golden.load("checkpoints/stylegan1_tf_expected")
    z = arrays["in/z"]
    assert_close(generator.mapping(z), arrays["out/w"], golden.IMAGE)
    assert_close(generator(z), golden.nhwc(arrays["out/img"]), golden.IMAGE)
    np.testing.assert_array_equal(generator.mapping.w_avg.numpy(), arrays["in/dlatent_avg"])
    images = generator(z, truncation=0.6, truncation_cutoff=4)
    assert_close(images, golden.nhwc(arrays["out/img_psi06_cut4"]), golden.IMAGE)
    scores = discriminator(golden.nhwc(arrays["in/img"]))
    assert_close(scores, arrays["out/scores"], golden.SCORE)


@pytest.mark.parametrize("name", ("sg1_g_128", "sg1_g_16_unfused"))
def test_pytorch_port(name):
    """At 128 pixels the last block is fused: the kernel turned in the file."""
    generator = converted(f"{name}.npz")["generator"]
    arrays, meta = golden.load(name)
    cutoff = meta["ctor"]["truncation_layers"]
    z = arrays["in/z"]
    w_plus = generator.mapping(z, truncation=0.7, truncation_cutoff=cutoff)
    assert_close(generator.mapping(z)[:, 0], arrays["out/w"], golden.IMAGE)
    assert_close(w_plus, arrays["out/w_truncated"], golden.IMAGE)
    rows = meta.get("kept", {}).get("img", {}).get("row_step", 1)
    images = generator.synthesis(w_plus)
    assert_close(images[:, ::rows], golden.nhwc(arrays["out/img"]), golden.IMAGE)
    if name == "sg1_g_16_unfused":
        below = enlarge(generator.synthesis(w_plus, level=8), 2)
        assert_close(below, golden.nhwc(arrays["out/img_lod1"]), golden.IMAGE)
        images = generator.synthesis(arrays["in/wplus"])
        assert_close(images, golden.nhwc(arrays["out/img_wplus"]), golden.IMAGE)
