"""Pictures of the same latents at every tick."""

import numpy as np

from tfgan_edit.networks.stylegan2 import StyleGAN2Generator
from tfgan_edit.trainers.samples import frequent_labels, grid_shape, latent_grid

CLASSES = np.eye(3, dtype=np.float32)


def make_generator(label_dim=0):
    return StyleGAN2Generator(
        8, z_dim=4, w_dim=4, mapping_layers=1, label_dim=label_dim, channel_max=4
    )


def test_latents_stay_the_same_while_weights_change():
    generator = make_generator()

    def draw(seed=1, batch_size=2):
        return latent_grid(generator, count=5, seed=seed, batch_size=batch_size)

    function = draw()
    first = function()
    assert first.shape == (5, 8, 8, 3)
    np.testing.assert_array_equal(function(), first)
    np.testing.assert_allclose(draw(batch_size=5)(), first, rtol=1e-4, atol=1e-5)
    assert not np.allclose(draw(seed=2)(), first)
    z = np.random.RandomState(1).randn(5, 4).astype(np.float32)
    np.testing.assert_allclose(first, generator(z, noise="constant"), rtol=1e-4, atol=1e-5)
    for weight in generator.trainable_variables:
        weight.assign_add(np.ones(weight.shape))
    assert not np.allclose(function(), first)


def test_a_class_a_column_and_a_latent_a_row():
    generator = make_generator(label_dim=3)
    z = np.random.RandomState(1).randn(15, 4).astype(np.float32)
    for columns, rows_of_z, classes in (
        (3, [0, 0, 0, 1, 1, 1], [0, 1, 2, 0, 1, 2]),
        (2, [0, 0, 1, 1, 2, 2], [0, 2, 0, 2, 0, 2]),  # the most frequent two
        (5, [0, 0, 0, 1, 1, 2, 2, 2, 3, 3], [0, 1, 2, 0, 1] * 2),
    ):
        labels = CLASSES[[0, 2, 2, 1, 0]]
        draw = latent_grid(
            generator, count=len(classes), seed=1, labels=labels, columns=columns
        )
        expected = generator(z[rows_of_z], labels=CLASSES[classes], noise="constant")
        np.testing.assert_allclose(draw(), expected, rtol=1e-4, atol=1e-5)


def test_frequent_labels():
    labels = CLASSES[[2, 1, 1, 2, 2, 0]]
    np.testing.assert_array_equal(frequent_labels(labels, 5), CLASSES)
    np.testing.assert_array_equal(frequent_labels(labels, 2), CLASSES[1:])
    np.testing.assert_array_equal(frequent_labels(labels, 1), CLASSES[2:])


def test_grids_fill_a_screen():
    assert grid_shape(32, 32) == (8, 12)
    assert grid_shape(256, 256) == (2, 5)
    assert grid_shape(1024, 2048) == (1, 1)
