"""Parameter counts of Pix2PixHD by arithmetic on the table of layers (no network is built)."""


def convolution(kernel, fan_in, filters):
    return kernel**2 * fan_in * filters + filters


def trunk(in_channels, width, halvings, blocks):
    widths = [width * 2**i for i in range(halvings + 1)]
    total = convolution(7, in_channels, width)
    for a, b in zip(widths, widths[1:], strict=False):
        total += convolution(3, a, b) + convolution(3, b, a)
    return total + 2 * blocks * convolution(3, widths[-1], widths[-1])


def generator(in_channels=3, out_channels=3, width=64, halvings=4, blocks=9):
    return trunk(in_channels, width, halvings, blocks) + convolution(7, width, out_channels)


def local_enhancer(
    in_channels=3, out_channels=3, width=32, levels=1, local_blocks=3, halvings=4, blocks=9
):
    total = trunk(in_channels, width * 2**levels, halvings, blocks)
    for i in range(levels):
        total += trunk(in_channels, width * 2**i, 1, local_blocks)
    return total + convolution(7, width, out_channels)


def discriminator(in_channels=6, width=64, layers=3, scales=2):
    widths = [in_channels, *(min(width * 2**i, 512) for i in range(layers + 1)), 1]
    return scales * sum(convolution(4, a, b) for a, b in zip(widths, widths[1:], strict=False))


def cancelled_biases(network):
    """Biases before an instance norm, which are not trained."""
    return sum(
        layer.filters
        for layer in network._flatten_layers()
        if getattr(layer, "norm", None) == "instance" and hasattr(layer, "bias")
    )
