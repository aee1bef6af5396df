"""StyleMapGAN with the weights of the golden files: latents, codes, pictures, scores, R1."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests import golden_files as golden
from tests.cases import assert_close
from tests.networks.stylemapgan_networks import NAMES, kept, load
from tfgan_edit.losses.penalties import r1_penalty


@pytest.mark.parametrize("name", NAMES)
def test_random_pictures(name):
    networks, arrays, meta = load(name)
    generator = networks["generator"]
    stylemap = generator.mapping(arrays["in/z"])
    channels_first = np.transpose(stylemap, (0, 3, 1, 2)).reshape(len(stylemap), -1)
    assert_close(channels_first, arrays["out/w_flat"], golden.IMAGE, "w")
    rows, expected = kept(arrays, meta, "img")
    assert_close(generator(arrays["in/z"])[rows], expected, golden.IMAGE, "img")


def test_truncation():
    networks, arrays, meta = load("stylemapgan_full_32_s8")
    generator = networks["generator"]
    mean = arrays["in/truncation_mean"].reshape(8, 8, 8).transpose(1, 2, 0)  # C, h, w
    generator.mapping.w_avg.assign(mean.ravel())
    rows, expected = kept(arrays, meta, "img_psi")
    assert_close(generator(arrays["in/z"], truncation=0.7)[rows], expected, golden.IMAGE)


@pytest.mark.parametrize("name", NAMES)
def test_encoder_and_reconstruction(name):
    networks, arrays, meta = load(name)
    photos = [golden.nhwc(arrays[f"in/x{i}"]) for i in (1, 2)]
    stylemaps = [networks["encoder"](photo) for photo in photos]
    for i, stylemap in enumerate(stylemaps, start=1):
        assert_close(stylemap, golden.nhwc(arrays[f"out/e{i}"]), golden.IMAGE, f"e{i}")
    rows, expected = kept(arrays, meta, "recon")
    images = networks["generator"].synthesis(stylemaps[0])
    assert_close(images[rows], expected, golden.IMAGE, "recon")


def test_style_codes():
    networks, arrays, meta = load("stylemapgan_full_32_s8")
    stylemap = networks["encoder"](golden.nhwc(arrays["in/x1"]))
    for i, code in enumerate(networks["generator"].synthesis.codes(stylemap)[:3]):
        rows, expected = kept(arrays, meta, f"codes/{i}")
        assert_close(code[rows], expected, golden.IMAGE, f"code {i}")


@pytest.mark.parametrize("name", NAMES)
def test_discriminator_and_its_penalty(name):
    networks, arrays, _ = load(name)
    photos = np.concatenate([golden.nhwc(arrays[f"in/x{i}"]) for i in (1, 2)])
    penalty, logits = r1_penalty(networks["discriminator"], tf.constant(photos))
    assert_close(logits, arrays["out/logits"], golden.SCORE, "logits")
    penalty = keras.ops.convert_to_numpy(penalty).mean()
    assert_close(penalty, arrays["out/r1"], golden.GRADIENT, "r1")
