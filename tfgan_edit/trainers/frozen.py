"""What a frozen StyleGAN draws in a step of training."""

import tensorflow as tf


def random_w_plus(generator, size, random):
    """w_plus [size, num_ws, w_dim] of new latents; classes have equal shares.

    Args:
        generator: network with `mapping`, `z_dim` and `label_dim`.
        size: of the batch.
        random: `StepRandom`.
    """
    labels = None
    if generator.label_dim:
        labels = random.integers("labels", size, generator.label_dim)
        labels = tf.one_hot(labels, generator.label_dim)
    return generator.mapping(random.normal("z", size, [generator.z_dim]), labels=labels)


def random_noise(generator, size, random):
    """New noise maps [size, h, w, 1] for each layer, or "none" for a generator without any."""
    maps = [
        random.normal(f"noise_{i}", size, [h, w, 1])
        for i, (h, w) in enumerate(generator.synthesis.noise_shapes)
    ]
    return maps or "none"
