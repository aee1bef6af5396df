"""DCGAN: promises, published sizes, statistics of a batch, latents, wrong arguments."""

import numpy as np
import pytest

from tests.cases import assert_close, count_params, run_network_test
from tfgan_edit.networks.dcgan import DCGANDiscriminator, DCGANGenerator
from tfgan_edit.networks.mapping import latent_shape

TINY = {"width": 4, "max_width": 6, "kernel_size": 3}


def sample(*shape):
    return np.random.default_rng(1).normal(size=shape).astype(np.float32)


def test_generator_keeps_the_promises_of_a_network(tmp_path):
    network = run_network_test(
        DCGANGenerator,
        TINY | {"resolution": (24, 16), "z_dim": 5, "img_channels": 2},
        {"z": sample(3, 5)},
        expected_shape=(3, 24, 16, 2),
        # Projection to 6×4 maps of 6, their norm, 6 to 4 maps, their norm, 4 to 2 colours.
        expected_params=(5 * 24 * 6 + 12 + 9 * 6 * 4 + 8 + 9 * 4 * 2 + 2, 2 * 6 + 2 * 4),
        tmp_path=tmp_path,
    )
    assert network.resolution == (24, 16) and latent_shape(network) == (1, 5)


def test_discriminator_keeps_the_promises_of_a_network(tmp_path):
    run_network_test(
        DCGANDiscriminator,
        TINY | {"resolution": 16},
        {"images": sample(3, 16, 16, 3)},
        expected_shape=(3, 1),
        # Colours to 4 maps without a norm, 4 to 6 with one, 16 pixels of 6 to a logit.
        expected_params=(9 * 3 * 4 + 4 + 9 * 4 * 6 + 12 + 16 * 6 + 1, 2 * 6),
        xla=False,  # tests/trainers/test_dcgan.py compiles a whole step
        tmp_path=tmp_path,
    )


def test_default_sizes_are_those_of_figure_1():
    generator = DCGANGenerator(64)
    widths = [1024, 512, 256, 128]
    pairs = zip(widths, [*widths[1:], 3], strict=True)
    kernels = 100 * 16 * 1024 + 25 * sum(a * b for a, b in pairs)
    assert count_params(generator.trainable_variables) == kernels + 2 * sum(widths) + 3
    deviation = generator.synthesis.convolutions[0].kernel.numpy().std()
    assert deviation == pytest.approx(0.02, rel=0.01)


@pytest.mark.parametrize("cls", [DCGANGenerator, DCGANDiscriminator])
def test_statistics_are_of_the_batch_in_training_and_moving_averages_after(cls):
    network = cls(8 if cls is DCGANGenerator else 16, **TINY)
    shape = (6, 100) if cls is DCGANGenerator else (6, 16, 16, 3)
    x = sample(*shape)
    part, whole = network(x[:3], training=True), network(x, training=True)
    assert np.abs(part - whole[:3]).max() > 1e-4
    before = [v.numpy() for v in network.non_trainable_variables]
    network(x, training=True)
    for variable, old in zip(network.non_trainable_variables, before, strict=True):
        variable.assign((variable - 0.9 * old) / 0.1)  # what moved it: the statistics of the batch
    drawn = network(x)
    assert_close(drawn, whole, 1e-2)
    assert_close(network(x[:3]), drawn[:3], 1e-5)


def test_the_latent_is_the_one_row_of_w_plus():
    generator = DCGANGenerator(8, z_dim=5, **TINY)
    z = sample(3, 5)
    w_plus = generator.mapping(z, truncation=0.5)
    np.testing.assert_array_equal(w_plus, 0.5 * z[:, np.newaxis])
    whole = generator.mapping(z, truncation=0.5, truncation_cutoff=0)
    np.testing.assert_array_equal(whole[:, 0], z)
    assert_close(generator(z, truncation=0.5), generator.synthesis(w_plus, noise=[]), 0)


@pytest.mark.parametrize(
    "changes, match",
    [
        ({"resolution": 12}, "resolution must be a power of two"),
        ({"width": 0}, "width must be positive"),
        ({"z_dim": -1}, "z_dim must be positive"),
    ],
)
def test_wrong_arguments_are_named(changes, match):
    with pytest.raises(ValueError, match=match):
        DCGANGenerator(**{"resolution": 8, **TINY, **changes})


def test_latents_of_another_size_are_named():
    with pytest.raises(ValueError, match=r"z must be \[N, 5\]. Received: \(2, 4\)"):
        DCGANGenerator(8, z_dim=5, **TINY)(sample(2, 4))
