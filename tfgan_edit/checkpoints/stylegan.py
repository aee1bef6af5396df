"""Key maps of StyleGAN: names and layouts of official files -> variables of our networks.

Two families of names are known: NVIDIA's TensorFlow (`synthesis/8x8/Conv0_up/weight`) and those
of the PyTorch port in InterFaceGAN and GenForce (`synthesis.layer2.conv.weight`). No gain is
folded into any of them.

The original enlarges and convolves in two ways, by its setting `fused_scale`: repeated pixels and
a correlation, or a transposed convolution, whose kernel is the same turned by 180 degrees. Our
networks hold the latter. The maps know "auto", the default: fused from 128 pixels on;
`as_auto_tensorflow` and `as_auto_pytorch` turn the kernels of files with another setting.
"""

import re

import numpy as np

from tfgan_edit.checkpoints.key_map import (
    AS_IS,
    CONV,
    DENSE,
    FLIPPED,
    MAP,
    Entry,
    Fixed,
    Layout,
    flatten_rows,
    rows,
)
from tfgan_edit.config import UserError
from tfgan_edit.ops.upfirdn import resample_filter

FUSED_FROM = 128  # pixels a side of the enlarged map

# === Tables: (name in the file, attribute of our layer, layout) ===

CONV_FLIPPED = Layout(  # OIHW <-> HWIO, kernel turned by 180 degrees
    "conv_flipped",
    lambda a: FLIPPED.load(CONV.load(a)),
    lambda a: CONV.store(FLIPPED.store(a)),
)

TF_LAYER = (
    ("weight", "kernel", AS_IS),
    ("bias", "bias", AS_IS),
)
TF_DENSE = (
    ("weight", "dense.kernel", AS_IS),
    ("bias", "bias", AS_IS),
)
TF_CONV = (
    ("weight", "conv.kernel", AS_IS),
    ("bias", "bias", AS_IS),
)
TF_STYLE = (
    ("Noise/weight", "noise_strength", AS_IS),
    ("bias", "bias", AS_IS),
    ("StyleMod/weight", "affine.kernel", AS_IS),
    ("StyleMod/bias", "affine.bias", AS_IS),
)

PYTORCH_DENSE = (
    ("linear.weight", "dense.kernel", DENSE),
    ("wscale.bias", "bias", AS_IS),
)
PYTORCH_TO_RGB = (
    ("conv.weight", "kernel", CONV),
    ("bias", "bias", AS_IS),
)
PYTORCH_STYLE = (
    ("apply_noise.noise", "noise_constant", MAP),
    ("apply_noise.weight", "noise_strength", AS_IS),
    ("bias", "bias", AS_IS),
    ("style_mod.dense.linear.weight", "affine.kernel", DENSE),
    ("style_mod.dense.wscale.bias", "affine.bias", AS_IS),
)


def _require_published(network):
    """Official files hold growing networks of the published structure."""
    published = {
        "start_level": 4,
        "learned_constant": True,
        "use_noise": True,
        "use_styles": True,
        "normalization": "instance",
    }
    for name, value in published.items():
        if getattr(network, name, value) != value:
            raise UserError(
                f"official files of StyleGAN have {name}={value!r} only. "
                f"Received: {name}={getattr(network, name)!r}"
            )


def _lod(network):
    """Progress of growing: 0 when grown up, 1 for half the size, fractions while fading in."""
    below = len(network.levels) - 1 - network.levels.index(network.level)
    return np.asarray(below + 1 - network.alpha, np.float32)


# === NVIDIA, TensorFlow ===


def tensorflow_generator_map(generator):
    """Rows for the variables of `G` or `Gs`: `mapping/…`, `synthesis/4x4/…`, `dlatent_avg`.

    Args:
        generator: a `StyleGANGenerator` with learned constant, noise and styles.

    Returns:
        List of `Entry` and `Fixed`.

    Raises:
        UserError: another network.
    """
    mapping, synthesis = generator.mapping, generator.synthesis
    _require_published(synthesis)
    entries = [Entry("dlatent_avg", mapping.w_avg, AS_IS, optional=True)]
    entries += [Fixed("lod", _lod(synthesis)), Fixed("synthesis/lod", _lod(synthesis))]
    if mapping.embed is not None:
        entries.append(Entry("mapping/LabelConcat/weight", mapping.embed.kernel, AS_IS))
    for i, layer in enumerate(mapping.dense_layers):
        entries += rows(f"mapping/Dense{i}/", layer, TF_DENSE)
    for i, (level, block) in enumerate(zip(synthesis.levels, synthesis.blocks, strict=True)):
        prefix = f"synthesis/{level}x{level}"
        first, second = ("Conv0_up", "Conv1") if i else ("Const", "Conv")
        if block.conv0 is None:
            entries.append(Entry(f"{prefix}/Const/const", block.constant, MAP))
        else:
            layout = AS_IS if level >= FUSED_FROM else FLIPPED
            entries.append(Entry(f"{prefix}/Conv0_up/weight", block.conv0.kernel, layout))
        entries += rows(f"{prefix}/{first}/", block.style0, TF_STYLE)
        entries.append(Entry(f"{prefix}/{second}/weight", block.conv1.kernel, AS_IS))
        entries += rows(f"{prefix}/{second}/", block.style1, TF_STYLE)
        for k, style in enumerate(block.styles, start=2 * i):
            entries.append(Entry(f"synthesis/noise{k}", style.noise_constant, MAP))
        lod = len(synthesis.levels) - 1 - i
        entries += rows(f"synthesis/ToRGB_lod{lod}/", block.torgb, TF_LAYER)
    return entries


def tensorflow_discriminator_map(discriminator):
    """Rows for the variables of `D`: `FromRGB_lod0/…`, `32x32/Conv0/…` to `4x4/Dense1/…`."""
    _require_published(discriminator)
    entries = [Fixed("lod", _lod(discriminator))]
    levels = discriminator.levels[:0:-1]
    for lod, (level, block) in enumerate(zip(levels, discriminator.blocks, strict=True)):
        entries += rows(f"FromRGB_lod{lod}/", block.fromrgb, TF_CONV)
        entries += rows(f"{level}x{level}/Conv0/", block.conv0, TF_CONV)
        entries += rows(f"{level}x{level}/Conv1_down/", block.conv1, TF_CONV)
    entries += rows(f"FromRGB_lod{len(levels)}/", discriminator.fromrgb, TF_CONV)
    entries += rows("4x4/Conv/", discriminator.conv, TF_CONV)
    flatten = flatten_rows(*discriminator.constant_shape, discriminator.channels[4])
    entries.append(Entry("4x4/Dense0/weight", discriminator.dense.dense.kernel, flatten))
    entries.append(Entry("4x4/Dense0/bias", discriminator.dense.bias, AS_IS))
    entries += rows("4x4/Dense1/", discriminator.logits, TF_LAYER)
    return entries


def as_auto_tensorflow(arrays, settings, network):
    """Arrays of a file with any `fused_scale` as those of one with "auto"."""
    fused = settings.get("fused_scale", "auto")

    def turned(name, array):
        match = re.fullmatch(r"synthesis/(\d+)x\1/Conv0_up/weight", name)
        if fused == "auto" or not match or fused == (int(match[1]) >= FUSED_FROM):
            return array
        return FLIPPED.load(array)

    return {name: turned(name, array) for name, array in arrays.items()}


# === PyTorch port ===


def pytorch_generator_map(generator):
    """Rows for the state of the port's generator: `mapping.dense0.…`, `synthesis.layer0.…`."""
    mapping, synthesis = generator.mapping, generator.synthesis
    _require_published(synthesis)
    entries = [Entry("truncation.w_avg", mapping.w_avg, AS_IS, optional=True)]
    entries.append(Fixed("synthesis.lod", _lod(synthesis)))
    for i, layer in enumerate(mapping.dense_layers):
        entries += rows(f"mapping.dense{i}.", layer, PYTORCH_DENSE)
    fir = resample_filter(synthesis.resample_taps)
    for i, (level, block) in enumerate(zip(synthesis.levels, synthesis.blocks, strict=True)):
        first, second = f"synthesis.layer{2 * i}", f"synthesis.layer{2 * i + 1}"
        if block.conv0 is None:
            entries.append(Entry(f"{first}.first_layer", block.constant, MAP))
        else:
            name, layout = f"{first}.conv.weight", CONV_FLIPPED
            if level >= FUSED_FROM:  # [kh, kw, in, out] there
                name, layout = f"{first}.weight", AS_IS
            entries.append(Entry(name, block.conv0.kernel, layout))
            blur = np.tile(fir, (block.channels, 1, 1, 1))
            entries.append(Fixed(f"{first}.blur.kernel", blur))
        entries += rows(f"{first}.epilogue.", block.style0, PYTORCH_STYLE)
        entries.append(Entry(f"{second}.conv.weight", block.conv1.kernel, CONV))
        entries += rows(f"{second}.epilogue.", block.style1, PYTORCH_STYLE)
        entries += rows(f"synthesis.output{i}.", block.torgb, PYTORCH_TO_RGB)
    return entries


def as_auto_pytorch(arrays, settings, network):
    """The same for a file of the port, where the names of kernels tell how they are used."""

    def turned(name, array):
        match = re.fullmatch(r"synthesis\.layer(\d{1,3}[02468]|[2468])\.(conv\.)?weight", name)
        if not match or array.ndim != 4:
            return name, array
        level, fused = 4 * 2 ** (int(match[1]) // 2), match[2] is None
        if fused == (level >= FUSED_FROM):
            return name, array
        if fused:
            return f"synthesis.layer{match[1]}.conv.weight", CONV_FLIPPED.store(array)
        return f"synthesis.layer{match[1]}.weight", CONV_FLIPPED.load(array)

    return dict(turned(name, array) for name, array in arrays.items())
