"""Sizes of StyleGAN2 networks, read off the arrays of a file: arguments of our constructors."""

import math
import re

import numpy as np

from tfgan_edit.config import UserError

MAX_RESOLUTION = 4096  # bounds the noise maps of hostile files


class Shapes:
    """Shapes of the arrays of a state, by name; `UserError` for one that is missing."""

    def __init__(self, arrays):
        self.arrays = arrays

    def __contains__(self, name):
        return name in self.arrays

    def __call__(self, name, axes):
        if name not in self.arrays:
            raise UserError(f"{name} is missing from it")
        shape = self.arrays[name].shape
        if len(shape) != axes:
            raise UserError(f"{name} has shape {list(shape)}, {axes} axes are expected")
        return shape

    def count(self, pattern):
        """Number of arrays whose name is `pattern` with 0, 1, 2 … in place of {}."""
        count = 0
        while pattern.format(count) in self.arrays:
            count += 1
        return count

    def levels(self, pattern):
        """Sorted levels, as 4, 8, 16, in the names that match; each must double the former."""
        found = (re.fullmatch(pattern, name) for name in self.arrays)
        levels = sorted({int(match[1]) for match in found if match and len(match[1]) < 9})
        expected = [4 * 2**i for i in range(len(levels))]
        if len(levels) < 2 or levels != expected or levels[-1] > MAX_RESOLUTION:
            raise UserError(
                f"its levels are {levels}; expected 4, 8, 16 … up to at most {MAX_RESOLUTION}"
            )
        return levels


def check_parameters(arrays, count):
    """Refuses sizes of networks, of over `count` parameters, far larger than the file."""
    stored = sum(array.size for array in arrays.values())
    if count > 2 * stored + 1_000_000:
        raise UserError(
            f"its arrays do not fit each other: a network of their widths has over {count:,} "
            f"parameters, the file {stored:,}"
        )


def _resolution(constant, levels):
    """The argument for a constant of (height, width) below these levels."""
    height, width = (int(side) * levels[-1] // 4 for side in constant)
    if max(height, width) > MAX_RESOLUTION:
        raise UserError(f"its pictures have {width}x{height} pixels, over {MAX_RESOLUTION} a side")
    return levels[-1] if height == width == levels[-1] else (height, width)


def _generator(
    arrays, *, resolution, z_dim, w_dim, label_dim, dense, channels, img_channels, architecture,
    **others,
):
    """`dense`: [(in, out), …] of the mapping."""
    hidden = dense[0][1] if len(dense) > 1 else w_dim
    mapping = len(dense) * hidden * min(hidden, w_dim) + w_dim * label_dim
    check_size(arrays, channels, mapping + 3 * w_dim * sum(channels.values()))
    return {
        "resolution": resolution,
        "z_dim": z_dim,
        "w_dim": w_dim,
        "label_dim": label_dim,
        "mapping_layers": len(dense),
        "mapping_dim": None if hidden == w_dim else hidden,
        "channels": channels,
        "img_channels": img_channels,
        "architecture": architecture,
        **others,
    }


def check_size(arrays, channels, others):
    """Refuses sizes that would build a network far larger than the file.

    Args:
        channels: {level: width}, two 3×3 convolutions each.
        others: further parameters.
    """
    widths = [channels[r] for r in sorted(channels)]
    count = others + sum(9 * a * b + 9 * b * b for a, b in zip(widths, widths[1:], strict=False))
    stored = sum(array.size for array in arrays.values())
    if count > 2 * stored + 1_000_000:
        raise UserError(
            f"its arrays do not fit each other: a network of the widths {channels} has over "
            f"{count:,} parameters, the file {stored:,}"
        )


def pytorch_ada_generator(arrays):
    """Arguments of `StyleGAN2Generator` that the arrays of a `G` or `G_ema` tell."""
    shape = Shapes(arrays)
    levels = shape.levels(r"synthesis\.b(\d+)\.conv1\.weight")
    count = shape.count("mapping.fc{}.weight")
    dense = [shape(f"mapping.fc{i}.weight", 2)[::-1] for i in range(count)]
    embedded, label_dim = 0, 0
    if "mapping.embed.weight" in shape:
        embedded, label_dim = shape("mapping.embed.weight", 2)
    w_dim = shape("synthesis.b4.conv1.affine.weight", 2)[1]
    architecture = "resnet" if "synthesis.b8.skip.weight" in shape else "orig"
    return _generator(
        arrays,
        resolution=_resolution(shape("synthesis.b4.const", 3)[1:], levels),
        z_dim=dense[0][0] - embedded if dense else w_dim,
        w_dim=w_dim,
        label_dim=label_dim,
        dense=dense,
        channels={r: shape(f"synthesis.b{r}.conv1.weight", 4)[0] for r in levels},
        img_channels=shape(f"synthesis.b{levels[-1]}.torgb.weight", 4)[0],
        architecture="skip" if "synthesis.b4.torgb.weight" in shape else architecture,
    )


def rosinality_generator(arrays):
    """The same for a `g_ema` or `g`."""
    shape = Shapes(arrays)
    count = shape.count("convs.{}.conv.weight")
    if count < 2 or count % 2 or 4 * 2 ** (count // 2) > MAX_RESOLUTION:
        raise UserError(f"it has {count} layers convs.N, an even number of at least 2 is expected")
    levels = [4 * 2**i for i in range(count // 2 + 1)]
    dense = []
    while f"style.{len(dense) + 1}.weight" in shape:
        dense.append(shape(f"style.{len(dense) + 1}.weight", 2)[::-1])
    w_dim = shape("conv1.conv.modulation.weight", 2)[1]
    last = {r: f"convs.{2 * i - 1}.conv.weight" for i, r in enumerate(levels)}
    return _generator(
        arrays,
        resolution=_resolution(shape("input.input", 4)[2:], levels),
        z_dim=dense[0][0] if dense else w_dim,
        w_dim=w_dim,
        label_dim=0,
        dense=dense,
        channels={
            r: shape("conv1.conv.weight" if r == 4 else name, 5)[1] for r, name in last.items()
        },
        img_channels=shape("to_rgb1.conv.weight", 5)[1],
        architecture="skip",
    )


def tensorflow_generator(arrays):
    """The same for a `G` or `Gs`."""
    shape = Shapes(arrays)
    levels = shape.levels(r"synthesis/(\d+)x\1/(?:Conv1|Conv)/weight")
    count = shape.count("mapping/Dense{}/weight")
    dense = [shape(f"mapping/Dense{i}/weight", 2) for i in range(count)]
    embedded, label_dim = 0, 0
    labels = {"joint_norm": "mapping/LabelConcat/weight" in shape}  # StyleGAN2, not -ADA
    embed = f"mapping/{'LabelConcat' if labels['joint_norm'] else 'LabelEmbed'}/weight"
    if embed in shape:
        label_dim, embedded = shape(embed, 2)
    w_dim = shape("synthesis/4x4/Conv/mod_weight", 2)[0]
    names = {r: f"synthesis/{r}x{r}/{'Conv' if r == 4 else 'Conv1'}/weight" for r in levels}
    architecture = "resnet" if "synthesis/8x8/Skip/weight" in shape else "orig"
    return _generator(
        arrays,
        resolution=_resolution(shape("synthesis/4x4/Const/const", 4)[2:], levels),
        z_dim=dense[0][0] - embedded if dense else w_dim,
        w_dim=w_dim,
        label_dim=label_dim,
        dense=dense,
        channels={r: shape(name, 4)[3] for r, name in names.items()},
        img_channels=shape(f"synthesis/{levels[-1]}x{levels[-1]}/ToRGB/weight", 4)[3],
        architecture="skip" if "synthesis/4x4/ToRGB/weight" in shape else architecture,
        **labels,
    )


def _discriminator(
    arrays, *, levels, widths, wide, dense_dim, label_dim=0, mapping_layers=0, **others
):
    """`wide`: (in, out) of the convolution behind the minibatch statistic."""
    if wide[0] < wide[1]:
        raise UserError(f"its last convolution has {wide[0]} inputs and {wide[1]} outputs")
    channels = {4: wide[1], **dict(zip(levels[1:], widths, strict=True))}
    others_size = 9 * wide[0] * wide[1] + 16 * wide[1] * dense_dim + mapping_layers * wide[1] ** 2
    check_size(arrays, channels, others_size + label_dim * wide[1])
    labels = {"label_dim": label_dim, "mapping_layers": mapping_layers} if label_dim else {}
    return {
        "resolution": levels[-1],
        "channels": channels,
        "dense_dim": dense_dim,
        "num_stddev_channels": wide[0] - wide[1],
        **labels,
        **others,
    }


def pytorch_ada_discriminator(arrays):
    """Arguments of `StyleGAN2Discriminator` that the arrays of a `D` tell."""
    shape = Shapes(arrays)
    levels = shape.levels(r"b(\d+)\.(?:conv1|conv)\.weight")
    architecture = "resnet" if "b8.skip.weight" in shape else "orig"
    return _discriminator(
        arrays,
        levels=levels,
        widths=[shape(f"b{r}.conv0.weight", 4)[0] for r in levels[1:]],
        wide=shape("b4.conv.weight", 4)[1::-1],
        dense_dim=shape("b4.fc.weight", 2)[0],
        label_dim=shape("mapping.embed.weight", 2)[1] if "mapping.embed.weight" in shape else 0,
        mapping_layers=shape.count("mapping.fc{}.weight"),
        img_channels=shape(f"b{levels[-1]}.fromrgb.weight", 4)[1],
        architecture="skip" if "b4.fromrgb.weight" in shape else architecture,
    )


def rosinality_discriminator(arrays):
    """The same for a `d`; its first block has the finest level."""
    shape = Shapes(arrays)
    count = 0
    while f"convs.{count + 1}.conv1.0.weight" in shape:
        count += 1
    if not 1 <= count <= math.log2(MAX_RESOLUTION / 4):
        raise UserError(f"it has {count} blocks convs.N, 1 to 10 are expected")
    return _discriminator(
        arrays,
        levels=[4 * 2**i for i in range(count + 1)],
        widths=[shape(f"convs.{i}.conv1.0.weight", 4)[0] for i in range(count, 0, -1)],
        wide=shape("final_conv.0.weight", 4)[1::-1],
        dense_dim=shape("final_linear.0.weight", 2)[0],
        img_channels=shape("convs.0.0.weight", 4)[1],
        architecture="resnet",
    )


def tensorflow_discriminator(arrays):
    """The same for a TensorFlow `D`."""
    shape = Shapes(arrays)
    levels = shape.levels(r"(\d+)x\1/(?:Conv0|Conv)/weight")
    label_dim, outputs = 0, shape("Output/weight", 2)[1]
    label_logits = "LabelEmbed/weight" not in shape and outputs > 1  # StyleGAN2, not -ADA
    if label_logits:
        label_dim = outputs
    elif "LabelEmbed/weight" in shape:
        label_dim = shape("LabelEmbed/weight", 2)[0]
    architecture = "resnet" if "8x8/Skip/weight" in shape else "orig"
    return _discriminator(
        arrays,
        levels=levels,
        widths=[shape(f"{r}x{r}/Conv0/weight", 4)[3] for r in levels[1:]],
        wide=shape("4x4/Conv/weight", 4)[2:],
        dense_dim=shape("4x4/Dense0/weight", 2)[1],
        label_dim=label_dim,
        mapping_layers=shape.count("Mapping{}/weight"),
        img_channels=shape(f"{levels[-1]}x{levels[-1]}/FromRGB/weight", 4)[2],
        architecture="skip" if "4x4/FromRGB/weight" in shape else architecture,
        label_logits=label_logits,
    )


FILTERS = (".resample_filter", ".blur.kernel", ".conv2.0.kernel")


def resample_taps(arrays):
    """{"resample_taps": taps} where the FIR filter in the arrays is not the published one."""
    name = next((name for name in arrays if name.endswith(FILTERS)), None)
    if name is None or arrays[name].ndim != 2 or not arrays[name].size:
        return {}
    taps = np.sum(arrays[name], axis=0, dtype=np.float64)
    taps = taps / np.sum(taps)
    if len(taps) == 4 and np.allclose(taps, [1 / 8, 3 / 8, 3 / 8, 1 / 8], atol=1e-6):
        return {}
    return {"resample_taps": tuple(map(float, taps))}
