"""Sizes of StyleGAN networks, read off the arrays of a file: arguments of our constructors."""

import math

import numpy as np

from tfgan_edit.checkpoints.stylegan2_sizes import (
    MAX_RESOLUTION,
    Shapes,
    _resolution,
    check_size,
)
from tfgan_edit.config import UserError


def stage(lod, levels):
    """{"level": …, "alpha": …} of a file's progress of growing.

    Args:
        lod: level of detail, a scalar array: 0 when grown up, 1.3 when the level one below the
            last is shown with weight 0.7.
        levels: [4, 8, …].

    Raises:
        UserError: not a number.
    """
    lod = float(np.asarray(lod, np.float64).reshape(())) if np.size(lod) == 1 else math.nan
    if not math.isfinite(lod):
        raise UserError(f"its lod is {lod}, which is no progress of growing")
    lod = min(max(lod, 0.0), len(levels) - 1.0)
    return {"level": levels[-1 - math.floor(lod)], "alpha": 1 - lod % 1}


def _generator(arrays, *, levels, constant, dense, embedded, label_dim, w_dim, channels, others):
    """`dense`: [(in, out), …] of the mapping; `embedded`: size of an embedded label."""
    hidden = dense[0][1] if len(dense) > 1 else w_dim
    mapping = len(dense) * hidden * min(hidden, w_dim) + label_dim * embedded
    check_size(arrays, channels, mapping + 4 * w_dim * sum(channels.values()))
    return {
        "resolution": _resolution(constant, levels),
        "z_dim": dense[0][0] - embedded if dense else w_dim - embedded,
        "w_dim": w_dim,
        "label_dim": label_dim,
        "mapping_layers": len(dense),
        "mapping_dim": None if hidden == w_dim else hidden,
        "channels": channels,
        **others,
    }


def tensorflow_generator(arrays):
    """Arguments of `StyleGANGenerator` that the arrays of a `G` or `Gs` tell."""
    shape = Shapes(arrays)
    levels = shape.levels(r"synthesis/(\d+)x\1/(?:Conv1|Conv)/weight")
    count = shape.count("mapping/Dense{}/weight")
    label_dim, embedded = 0, 0
    if "mapping/LabelConcat/weight" in shape:
        label_dim, embedded = shape("mapping/LabelConcat/weight", 2)
    names = {r: f"synthesis/{r}x{r}/{'Conv' if r == 4 else 'Conv1'}/weight" for r in levels}
    return _generator(
        arrays,
        levels=levels,
        constant=shape("synthesis/4x4/Const/const", 4)[2:],
        dense=[shape(f"mapping/Dense{i}/weight", 2) for i in range(count)],
        embedded=embedded,
        label_dim=label_dim,
        w_dim=shape("synthesis/4x4/Const/StyleMod/weight", 2)[0],
        channels={r: shape(name, 4)[3] for r, name in names.items()},
        others={
            "img_channels": shape("synthesis/ToRGB_lod0/weight", 4)[3],
            # The wrapper's own value is what its calls use.
            **stage(arrays.get("lod", arrays.get("synthesis/lod", 0)), levels),
        },
    )


def pytorch_generator(arrays):
    """The same for the PyTorch port."""
    shape = Shapes(arrays)
    count = shape.count("synthesis.output{}.bias")
    if not 2 <= count <= math.log2(MAX_RESOLUTION / 2):
        raise UserError(f"it has {count} layers outputN, 2 to 11 are expected")
    levels = [4 * 2**i for i in range(count)]
    dense = shape.count("mapping.dense{}.linear.weight")
    return _generator(
        arrays,
        levels=levels,
        constant=shape("synthesis.layer0.first_layer", 4)[2:],
        dense=[shape(f"mapping.dense{i}.linear.weight", 2)[::-1] for i in range(dense)],
        embedded=0,
        label_dim=0,
        w_dim=shape("synthesis.layer0.epilogue.style_mod.dense.linear.weight", 2)[1],
        channels={
            r: shape(f"synthesis.layer{2 * i + 1}.conv.weight", 4)[0]
            for i, r in enumerate(levels)
        },
        others={
            "img_channels": shape("synthesis.output0.bias", 1)[0],
            **stage(arrays.get("synthesis.lod", 0), levels),
        },
    )


def tensorflow_discriminator(arrays):
    """Arguments of `StyleGANDiscriminator` that the arrays of a `D` tell."""
    shape = Shapes(arrays)
    levels = shape.levels(r"(\d+)x\1/(?:Conv0|Conv)/weight")
    wide = shape("4x4/Conv/weight", 4)[2:]
    if wide[0] < wide[1]:
        raise UserError(f"its last convolution has {wide[0]} inputs and {wide[1]} outputs")
    channels = {r: shape(f"{r}x{r}/Conv0/weight", 4)[3] for r in levels[1:]} | {4: wide[1]}
    dense_dim, outputs = shape("4x4/Dense1/weight", 2)
    others = 9 * math.prod(wide) + (16 * wide[1] + outputs) * dense_dim
    check_size(arrays, channels, others)
    return {
        "resolution": levels[-1],
        "channels": channels,
        "img_channels": shape("FromRGB_lod0/weight", 4)[2],
        "label_dim": outputs if outputs > 1 else 0,
        "dense_dim": dense_dim,
        "num_stddev_channels": wide[0] - wide[1],
        **stage(arrays.get("lod", 0), levels),
    }
