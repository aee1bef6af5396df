"""Map of MobileStyleGAN as the package random-face holds it, in OpenVINO's representation.

The exporter named what it computed by numbers, so the map holds for the published files only.
Kernels have the constant demodulation in them already. Channels before a Haar transform are
ordered there as Q of LL, then LH, HL and HH of each, here as Q of each band.
"""

import numpy as np

from tfgan_edit.checkpoints.features import Taken
from tfgan_edit.checkpoints.key_map import AS_IS, Entry
from tfgan_edit.checkpoints.stylegan2_sizes import MAX_RESOLUTION, Shapes
from tfgan_edit.config import UserError

VERSION = "2021.7.21.1"
PACKAGE = "random-face"
MEMBER = "random_face/data/SynthesisNetwork.xml"
LICENCE = (
    "The package random-face says Apache-2.0, but these weights were distilled from NVIDIA's "
    "StyleGAN2 of FFHQ, whose weights (Nvidia Source Code License) and photos (CC BY-NC-SA 4.0) "
    "are non-commercial: use the network and what is trained from it for research only, and do "
    "not redistribute."
)
SHA256 = {
    "MappingNetwork.xml": "73e2096cad6e696e4af47df2477e048ab4c42c0e0dec83c7c66604822689e55b",
    "MappingNetwork.bin": "212dd716bdb556e18db603ea97300d4fa3c872b878c726b2402fea80820e7305",
    "SynthesisNetwork.xml": "7918fce515243954d3e06628cb39a23902d6b1d5d02932cc0c2faee7a2aeeedd",
    "SynthesisNetwork.bin": "c7da15fa22d508c82e1c30dd6b4cdf67fe3ccdddaf85b310ee764dbf0c289645",
}
MAPPING, SYNTHESIS = "MappingNetwork/", "SynthesisNetwork/m."
BLOCK_BIAS = SYNTHESIS + "layers.{}.conv2.bias"


def settings(found):
    """Nothing beside what the arrays tell; `found` is {"sha256": {file: hash}}.

    Raises:
        UserError: the files are not the published ones.
    """
    hashes = found.get("sha256", {})
    wrong = [name for name, sha256 in SHA256.items() if hashes.get(name) != sha256]
    if wrong:
        raise UserError(
            f"{wrong[0]} is not that of {PACKAGE} {VERSION}, of which alone it is known what its "
            "numbers mean: download it again, or give that version"
        )
    return {}


def sizes(arrays):
    """Arguments of `MobileStyleGAN`."""
    shape = Shapes(arrays)
    blocks = shape.count(BLOCK_BIAS)
    resolution = 4 * 2 ** (blocks + 1)
    if blocks < 1 or resolution > MAX_RESOLUTION:
        raise UserError(f"it has {blocks} levels above the first; at most 9 are expected")
    channels = {4: shape(f"{SYNTHESIS}conv1.bias", 4)[1]}
    channels |= {8 * 2**b: shape(BLOCK_BIAS.format(b), 4)[1] for b in range(blocks)}
    layers = 0
    while f"{MAPPING}{173 + 4 * layers}" in shape:
        layers += 1
    return {
        "resolution": resolution,
        "z_dim": shape(f"{MAPPING}173", 2)[1],
        "w_dim": shape(f"{SYNTHESIS}conv1.conv.modulation.weight", 2)[1],
        "mapping_layers": layers,
        "channels": channels,
    }


def rows(generator):
    """Rows for arrays that have names of ours, as `prepare` makes them."""
    entries = [Entry(name, variable, AS_IS) for name, variable in _variables(generator).items()]
    return [*entries, Entry("mapping.w_avg", generator.mapping.w_avg, AS_IS, optional=True)]


def _variables(generator):
    """{name of ours: variable}, in order."""
    found = {}

    def add(name, layer, *attributes):
        found.update({f"{name}.{key}": getattr(layer, key) for key in attributes})

    for i, layer in enumerate(generator.mapping.dense_layers):
        add(f"mapping.{i}", layer, "kernel", "bias")
    for block in generator.synthesis.blocks:
        if block.up is None:
            add(block.name, block, "constant")
        else:
            add(f"{block.name}.up", block.up.affine, "kernel", "bias")
        for layer in block.convolutions:
            name = f"{block.name}.{layer.name}"
            add(f"{name}.affine", layer.affine, "kernel", "bias")
            parts = ("depthwise",) if layer.separable else ()
            add(name, layer, *parts, "kernel", "bias", "noise_strength", "noise_constant")
    add("torgb.affine", generator.synthesis.torgb.affine, "kernel", "bias")
    add("torgb", generator.synthesis.torgb, "kernel", "bias")
    return found


def prepare(arrays, found, generator):
    """`Network.prepare`: {name of ours: array in our layout} of the file's constants."""
    source, values = Taken(arrays), {}
    for i, layer in enumerate(generator.mapping.dense_layers):
        kernel, bias = source[f"{MAPPING}{173 + 4 * i}"], source[f"{MAPPING}{174 + 4 * i}"]
        values[f"mapping.{i}.kernel"] = _axes(kernel, (1, 0)) / layer.gain
        values[f"mapping.{i}.bias"] = np.ravel(bias) / layer.lr_multiplier

    def affine(name, official, layer, order=None):
        kernel, bias = (source[f"{SYNTHESIS}{official}.modulation.{k}"] for k in ("weight", "bias"))
        values[f"{name}.kernel"] = _ordered(_axes(kernel, (1, 0)), order) / layer.affine.gain
        values[f"{name}.bias"] = _ordered(np.ravel(bias), order)

    def convolution(name, official, layer, kernel, noise, order=None):
        affine(f"{name}.affine", f"{official}.conv", layer)
        if layer.separable:
            depthwise = source[f"{SYNTHESIS}{official}.conv.weight_dw"]
            values[f"{name}.depthwise"] = _axes(depthwise, (3, 4, 0, 1, 2))[..., 0]
        kernel = _axes(source[f"SynthesisNetwork/{kernel}"], (2, 3, 1, 0))
        values[f"{name}.kernel"] = _ordered(kernel, order)
        values[f"{name}.bias"] = _ordered(np.ravel(source[f"{SYNTHESIS}{official}.bias"]), order)
        noise = _axes(source[f"SynthesisNetwork/{noise}"], (0, 2, 3, 1))
        strength = noise.std() or np.float32(1)  # the file has their product
        values[f"{name}.noise_strength"] = np.float32(strength)
        values[f"{name}.noise_constant"] = noise / strength

    first, *blocks = generator.synthesis.blocks
    values[f"{first.name}.constant"] = _axes(source[f"{SYNTHESIS}input.input"], (0, 2, 3, 1))
    order = _band_order(first.channels)
    convolution(f"{first.name}.conv1", "conv1", first.conv1, "Mul_39_copy", 1531, order)
    for b, block in enumerate(blocks):
        # Orders of what the block reads and, unless it is the last, of what the next reads.
        affine(f"{block.name}.up", f"layers.{b}.up", block.up, order)
        order = _band_order(block.channels) if b < len(blocks) - 1 else None
        for layer, kernel, noise, its_order in (
            (block.conv1, 106, 1560, None),
            (block.conv2, 139, 1572, order),
        ):
            convolution(
                f"{block.name}.{layer.name}",
                f"layers.{b}.{layer.name}",
                layer,
                f"Mul_{kernel + 100 * b}_copy",
                noise + 41 * b,
                its_order,
            )
    head, official = generator.synthesis.torgb, f"layers.{len(blocks) - 1}.to_img"
    affine("torgb.affine", f"{official}.conv", head)
    order = _band_order(head.img_channels)
    kernel = _axes(source[f"{SYNTHESIS}{official}.conv.weight"], (2, 3, 1, 0))
    values["torgb.kernel"] = _ordered(kernel, order)
    values["torgb.bias"] = _ordered(np.ravel(source[f"{SYNTHESIS}{official}.bias"]), order)
    return values


def _axes(array, axes):
    """Transposed, or a `UserError` where it has another number of axes."""
    if array.ndim != len(axes):
        raise UserError(f"one of its arrays has shape {list(array.shape)}, not {len(axes)} axes")
    return np.transpose(array, axes)


def _band_order(channels):
    """Numbers [C] of the file's channels in our order: all of LL, then of LH, of HL, of HH."""
    size = channels // 4
    of_rest = size + 3 * np.arange(size)
    return np.concatenate([np.arange(size), of_rest, of_rest + 1, of_rest + 2])


def _ordered(array, order):
    """With its last axis in that order, or as it is."""
    if order is None:
        return array
    if array.shape[-1] != len(order):
        raise UserError(f"one of its arrays has {array.shape[-1]} channels, {len(order)} expected")
    return array[..., order]
