"""Pictures of the same latents at every tick."""

import numpy as np
import pytest

from tfgan_edit.networks.stylegan2 import StyleGAN2Generator
from tfgan_edit.trainers.samples import latent_grid


@pytest.mark.parametrize("label_dim", [0, 3])
def test_latents_stay_the_same_while_weights_change(label_dim):
    generator = StyleGAN2Generator(
        8, z_dim=4, w_dim=4, mapping_layers=1, label_dim=label_dim, channel_max=4
    )
    labels = np.eye(3, dtype=np.float32)[[0, 1, 2, 0, 1]] if label_dim else None

    def draw(seed=1, batch_size=2):
        return latent_grid(
            generator, count=5, seed=seed, labels=labels, batch_size=batch_size
        )

    function = draw()
    first = function()
    assert first.shape == (5, 8, 8, 3)
    np.testing.assert_array_equal(function(), first)
    np.testing.assert_allclose(draw(batch_size=5)(), first, rtol=1e-4, atol=1e-5)
    assert not np.allclose(draw(seed=2)(), first)
    z = np.random.RandomState(1).randn(5, 4).astype(np.float32)
    expected = generator(z, labels=labels, noise="constant")
    np.testing.assert_allclose(first, expected, rtol=1e-4, atol=1e-5)
    for weight in generator.trainable_variables:
        weight.assign_add(np.ones(weight.shape))
    assert not np.allclose(function(), first)
