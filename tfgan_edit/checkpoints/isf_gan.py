"""Key maps and sizes of ISF-GAN: names and layouts of official files <-> our networks.

Files hold two networks, `mapnet`, the style function, and `discriminator`. Their names are indices
of sequences, which differ with the place of the norms.
"""

from tfgan_edit.checkpoints.key_map import AS_IS, CONV, DENSE, Entry, rows
from tfgan_edit.checkpoints.stored import brief
from tfgan_edit.checkpoints.stylegan2_sizes import Shapes, check_parameters
from tfgan_edit.config import UserError
from tfgan_edit.networks.isf_gan import NORMS

LINEAR = (("weight", "kernel", DENSE), ("bias", "bias", AS_IS))
NORM = (("weight", "gamma", AS_IS), ("bias", "beta", AS_IS))
CONVOLUTION = (("weight", "kernel", CONV), ("bias", "bias", AS_IS))
PREFIX = "w_net."
SHARED = f"{PREFIX}z_net.shared."
OWN = f"{PREFIX}z_net.unshared."
# The labels of the published networks, in their order; one bit is cat or dog.
LABELS = {4: ("male", "eyeglasses", "old", "smile"), 1: ("dog",)}
Z_DIM = 64  # of the published networks
BESIDE = ("out_cls.3.bias",)  # the discriminator's: how many of the inputs are labels
# Indices of linear layers and norms in f1's shared part and in f2.
PRE = {"shared": ((0, 3, 6, 9), (2, 5, 8)), "after": ((1, 4, 7), (0, 3, 6))}
POST = {"shared": ((0, 2, 5, 8), (4, 7, 10)), "after": ((0, 3, 6), (2, 5))}


# === Maps ===


def style_function_map(function):
    """Rows of `w_net.…`.

    Args:
        function: an `ImplicitStyleFunction`.

    Returns:
        List of `Entry`.
    """
    places = PRE if function.pre_norm else POST
    entries = _sequence(SHARED, places["shared"], function.shared, function.shared_norms)
    for row in range(function.num_ws):
        for i, layer in enumerate(function.own):
            prefix = f"{OWN}{row}.{2 * i}."
            entries += [entry._replace(row=row) for entry in rows(prefix, layer, LINEAR)]
    if function.adaptive is not None:
        entries += rows(f"{PREFIX}adain.fc.", function.adaptive.dense, LINEAR)
        if function.adaptive.affine:
            entries += rows(f"{PREFIX}adain.norm.", function.adaptive.norm, NORM)
    return entries + _sequence(
        f"{PREFIX}fc.", places["after"], function.after, function.after_norms
    )


def _sequence(prefix, places, layers, norms):
    entries = []
    for indices, parts, table in zip(places, (layers, norms), (LINEAR, NORM), strict=True):
        for index, part in zip(indices, parts, strict=True):
            entries += rows(f"{prefix}{index}.", part, table)
    return entries


def discriminator_map(discriminator):
    """The same for an `ISFGANDiscriminator`: `main.…`, `out_src.…`, `out_cls.…`."""
    entries = rows("main.0.", discriminator.stem, CONVOLUTION)
    for index, block in enumerate(discriminator.blocks, 1):
        for name in ("conv1", "conv2"):
            entries += rows(f"main.{index}.{name}.", getattr(block, name), CONVOLUTION)
        if block.skip is not None:
            entries.append(Entry(f"main.{index}.conv1x1.weight", block.skip.kernel, CONV))
    heads = ("out_src", discriminator.source_head), ("out_cls", discriminator.attribute_head)
    for name, layers in heads:
        for index, layer in zip((1, 3), layers, strict=True):
            entries += rows(f"{name}.{index}.", layer, CONVOLUTION)
    return entries


# === Sizes: arguments of our constructors that the arrays of a file tell ===


def style_function_sizes(arrays):
    """Arguments of `ImplicitStyleFunction`.

    How many of the inputs are labels is told by a discriminator beside it; without one, z has the
    64 numbers of the published networks, or, of fewer inputs, four are labels.
    """
    shape = Shapes(arrays)
    hidden, inputs = shape(f"{SHARED}0.weight", 2)
    num_ws = shape.count(OWN + "{}.0.weight")
    if not num_ws:
        raise UserError(f"{OWN}0.0.weight is missing from it")
    pre_norm = f"{SHARED}2.weight" in shape and arrays[f"{SHARED}2.weight"].ndim == 1
    if f"{PREFIX}adain.fc.weight" not in shape:
        norm = "none"
    else:
        norm = "adaln" if f"{PREFIX}adain.norm.weight" in shape else "adain"
    if BESIDE[0] in shape:
        num_labels = shape(BESIDE[0], 1)[0]
    else:
        num_labels = inputs - Z_DIM if inputs > Z_DIM else 4
    if inputs <= num_labels:
        raise UserError(f"its {inputs} inputs cannot be {num_labels} labels and a z")
    w_dim = shape(f"{OWN}0.4.weight", 2)[0]
    check_parameters(arrays, num_ws * hidden * (2 * hidden + w_dim) + 3 * w_dim**2)
    return {
        "num_ws": num_ws,
        "label_names": label_names(num_labels),
        "w_dim": w_dim,
        "z_dim": inputs - num_labels,
        "hidden_dim": hidden,
        "norm": norm,
        "pre_norm": pre_norm,
    }


def label_names(count):
    """Names of that many labels: those of the published networks, else numbers."""
    return list(LABELS.get(count, [f"attribute{i}" for i in range(count)]))


def discriminator_sizes(arrays):
    """Arguments of `ISFGANDiscriminator`."""
    shape = Shapes(arrays)
    width, colours = shape("main.0.weight", 4)[:2]
    halvings = 0
    while f"main.{halvings + 1}.conv2.weight" in shape:
        halvings += 1
    if not halvings:
        raise UserError("main.1.conv2.weight is missing from it")
    widest, _, height, narrow = shape("out_src.1.weight", 4)
    capped = widest != width * 2**halvings
    check_parameters(arrays, 2 * widest**2 * height * narrow)
    sides = height * 2**halvings, narrow * 2**halvings
    return {
        "resolution": sides[0] if sides[0] == sides[1] else sides,
        "label_dim": shape("out_cls.3.weight", 4)[0],
        "img_channels": colours,
        "width": width,
        "channel_max": widest if capped else max(widest, 512),
    }


# === Settings: from and to the original constructors ===


def from_style_function(settings):
    """Arguments of `ImplicitStyleFunction` from those of the original's `MappingNetwork`.

    Raises:
        UserError: a norm that is not known.
    """
    norm = settings.get("norm_type", "adaln")
    if norm not in NORMS:
        raise UserError(f"its network has norm_type={brief(norm)}; known: {', '.join(NORMS)}")
    arguments = {"residual": bool(settings.get("use_residual", False))}
    if type(settings.get("rnd_dim")) is int:
        arguments["z_dim"] = settings["rnd_dim"]
    if type(settings.get("num_domains")) is int and 0 < settings["num_domains"] < 10_000:
        arguments["label_names"] = label_names(settings["num_domains"])
    return arguments


def style_function_settings(function):
    """The inverse.

    Raises:
        UserError: a network that the original cannot express.
    """
    if function.after_dim not in (None, function.w_dim):
        raise UserError(
            f"official style functions are {function.w_dim} wide behind the norm. "
            f"Received: after_dim={function.after_dim}"
        )
    return {
        "latent_type": "wp" if function.num_ws > 1 else "w",
        "latent_dim": function.w_dim,
        "rnd_dim": function.z_dim,
        "num_domains": len(function.label_names),
        "norm_type": function.norm,
        "pre_norm": function.pre_norm,
        **({"use_residual": 1} if function.residual else {}),
    }


def discriminator_settings(discriminator):
    """Arguments of the original's `Discriminator`.

    Raises:
        UserError: a network that the original cannot express.
    """
    height, width = discriminator.resolution
    if height != width or discriminator.img_channels != 3:
        raise UserError(
            "official discriminators see squares of 3 colours. "
            f"Received: resolution={height}x{width}, img_channels={discriminator.img_channels}"
        )
    return {
        "img_size": height,
        "num_domains": discriminator.label_dim,
        "max_conv_dim": discriminator.blocks[-1].filters,
    }
