"""ISF-GAN's losses with the numbers of the golden file: every term, both totals, the gradient."""

import numpy as np
import pytest
import tensorflow as tf

from tests import golden_files as golden
from tests.cases import assert_close
from tfgan_edit.checkpoints import isf_gan as checkpoint
from tfgan_edit.checkpoints.key_map import assign_weights
from tfgan_edit.networks.isf_gan import ImplicitStyleFunction, ISFGANDiscriminator
from tfgan_edit.trainers.isf_gan import ISFGANConfig, ISFGANTrainer
from tfgan_edit.trainers.randomness import StepRandom

D_TERMS = {"attributes": "cls", "r1": "r1"}
M_TERMS = {
    "adversarial": "adv",
    "attributes": "cls",
    "latent_cycle": "lat_cyc",
    "image_cycle": "src_cyc",
    "perceptual_cycle": "lpips_cyc",
    "content": "lpips",
    "neighbourhood": "nb",
}


class StandIn:
    """In place of `Frozen`: the generator and the distance that the golden file describes."""

    noise, identity = "none", None

    def __init__(self, matrix, positive_weights):
        self.matrix = matrix
        self.positive_weights = positive_weights
        self.shape = (32, 32, 3)
        self.distance = self

    def images(self, w_plus, noise):
        flat = tf.reshape(w_plus, [w_plus.shape[0], -1])
        small = tf.reshape(tf.tanh(flat @ self.matrix), [-1, 3, 8, 8])
        small = tf.transpose(small, [0, 2, 3, 1])
        return tf.repeat(tf.repeat(small, 4, axis=1), 4, axis=2)

    def noisy_images(self, w_plus, random):
        return self.images(w_plus, "none")

    def features(self, images):
        return images

    def compare(self, x, y):
        return tf.reduce_mean(tf.square(x - y), axis=[1, 2, 3])


@pytest.fixture(scope="module")
def arrays():
    return golden.load("isfgan_losses")[0]


@pytest.fixture(scope="module")
def trainer(arrays):
    _, meta = golden.load("isfgan_losses")
    states = {name: golden.under(arrays, f"param/{name}/") for name in ("mapnet", "discriminator")}
    sizes = checkpoint.style_function_sizes(
        states["mapnet"] | {checkpoint.BESIDE[0]: np.zeros(4)}
    )
    function = ImplicitStyleFunction(**sizes, name="style_function")
    assign_weights(function, checkpoint.style_function_map(function), states["mapnet"])
    discriminator = ISFGANDiscriminator(
        **checkpoint.discriminator_sizes(states["discriminator"]), name="discriminator"
    )
    rows = checkpoint.discriminator_map(discriminator)
    assign_weights(discriminator, rows, states["discriminator"])
    frozen = StandIn(arrays["in/image_matrix"], np.float32(meta["pos_weight"]))
    networks = {"style_function": function, "discriminator": discriminator}
    return ISFGANTrainer(networks, frozen, ISFGANConfig())


@pytest.fixture(scope="module")
def batch(arrays):
    return {
        "images": tf.constant(golden.nhwc(arrays["in/x"])),
        "w_plus": tf.constant(arrays["in/w"]),
        "labels": tf.constant(arrays["in/d_src"]),
        "targets": tf.constant(arrays["in/d_trg"]),
    }


def weighted(terms):
    return {name: weight * tf.reduce_mean(loss) for name, (weight, loss) in terms.items()}


def step_random():
    return StepRandom(0, tf.constant(0, tf.int64))


def test_discriminator(trainer, arrays, batch):
    terms = weighted(trainer.discriminator_terms(batch, arrays["in/z_d_step"], step_random()))
    for ours, theirs in D_TERMS.items():
        assert_close(terms[ours], arrays[f"out/d_terms/{theirs}"], golden.GRADIENT, ours)
    adversarial = arrays["out/d_terms/adv_real"] + arrays["out/d_terms/adv_fake"]
    assert_close(terms["adversarial"], adversarial, golden.IMAGE, "adversarial")
    assert_close(sum(terms.values()), arrays["out/d_total"], golden.IMAGE, "total")


def test_style_function(trainer, arrays, batch):
    z = [arrays[f"in/z_m_step/{i}"] for i in range(3)]
    kernel = trainer.style_function.after[-1].kernel.value
    with tf.GradientTape() as tape:
        terms = weighted(trainer.style_terms(batch, z, step_random()))
        total = tf.add_n(list(terms.values()))
    for ours, theirs in M_TERMS.items():
        assert_close(terms[ours], arrays[f"out/m_terms/{theirs}"], golden.IMAGE, ours)
    assert_close(-terms["diversity"], arrays["out/m_terms/ds"], golden.IMAGE, "diversity")
    assert set(terms) == {*M_TERMS, "diversity"}
    assert_close(total, arrays["out/m_total"], golden.IMAGE, "total")
    expected = arrays["out/dm_total/mapnet.w_net.fc.7.weight"].T
    assert_close(tape.gradient(total, kernel), expected, golden.GRADIENT, "gradient")
