"""Parameter counts by arithmetic on the published table of layers (no network is built)."""


def dense(fan_in, units):
    return fan_in * units + units


def mapping(z_dim, w_dim, num_layers, label_dim=0, hidden_dim=None):
    hidden_dim = w_dim if hidden_dim is None else hidden_dim
    total = dense(label_dim, w_dim) if label_dim else 0
    width = z_dim + (w_dim if label_dim else 0)
    for i in range(num_layers):
        units = w_dim if i == num_layers - 1 else hidden_dim
        total += dense(width, units)
        width = units
    return total


def synthesis(channels, w_dim, architecture="skip", constant=(4, 4), img_channels=3):
    """`channels`: {level: width} from 4 up."""

    def convolution(fan_in, units):  # kernel, bias, noise strength, style
        return 9 * fan_in * units + units + 1 + dense(w_dim, fan_in)

    def colour(fan_in):
        return fan_in * img_channels + img_channels + dense(w_dim, fan_in)

    levels = sorted(channels)
    total = constant[0] * constant[1] * channels[4]
    for r in levels:
        width = channels[r]
        if r > 4:
            total += convolution(channels[r // 2], width)
            total += channels[r // 2] * width if architecture == "resnet" else 0
        total += convolution(width, width)
        total += colour(width) if architecture == "skip" or r == levels[-1] else 0
    return total


def noise_maps(channels, constant=(4, 4)):
    """Values of the constant noise: one map at 4, two at every other level."""
    return sum(
        (1 if r == 4 else 2) * constant[0] * constant[1] * (r // 4) ** 2 for r in channels
    )


def discriminator(
    channels,
    architecture="resnet",
    label_dim=0,
    mapping_layers=8,
    constant=(4, 4),
    img_channels=3,
    stddev_channels=1,
):
    levels = sorted(channels)
    total = 0
    for r in levels:
        width = channels[r]
        if architecture == "skip" or r == levels[-1]:
            total += dense(img_channels, width)
        if r > 4:
            total += 9 * width * width + width
            total += 9 * width * channels[r // 2] + channels[r // 2]
            total += width * channels[r // 2] if architecture == "resnet" else 0
    width = channels[4]
    total += 9 * (width + stddev_channels) * width + width
    total += dense(constant[0] * constant[1] * width, width)
    if label_dim:
        total += dense(width, width) + mapping(0, width, mapping_layers, label_dim)
    else:
        total += dense(width, 1)
    return total
