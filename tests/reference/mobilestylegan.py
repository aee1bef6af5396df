"""MobileStyleGAN in NumPy, one picture, channels first, in the arrays of the published files.

Written from the paper and the files' graph, with nothing folded: every factor stands where the
graph has it, and the wavelet bands lie as there.
"""

import numpy as np


def mapping(z, arrays, layers):
    """z [N, D] -> w [N, D]; weights are effective, with the learning rate's factors."""
    x = z / np.sqrt(np.mean(z**2, axis=1, keepdims=True) + 1e-8)
    for i in range(layers):
        x = x @ arrays[f"MappingNetwork/{173 + 4 * i}"].T
        x = x + arrays[f"MappingNetwork/{174 + 4 * i}"].ravel()
        x = np.where(x > 0, x, 0.2 * x) * np.sqrt(2)
    return x


def synthesis(w_plus, arrays, blocks, noise=1.0):
    """w_plus [rows, D] -> image [3, R, R]."""
    arrays = {k.removeprefix("SynthesisNetwork/"): v for k, v in arrays.items()}

    def affine(name, w):
        bias = arrays[f"{name}.modulation.bias"].ravel()
        return (w @ arrays[f"{name}.modulation.weight"].T + bias)[:, None, None]

    def finish(x, name, number):
        x = x + noise * arrays[str(number)][0] + arrays[f"{name}.bias"][0]
        return np.where(x > 0, x, 0.2 * x)

    x = arrays["m.input.input"][0]
    x = x * affine("m.conv1.conv", w_plus[0]) / np.sqrt(9 * len(x))
    x = finish(convolve(x, arrays["Mul_39_copy"]), "m.conv1", 1531)
    for b in range(blocks):
        x = inverse_haar(x * affine(f"m.layers.{b}.up", w_plus[1 + 2 * b]))
        for part, kernel, number, row in (
            ("conv1", 106 + 100 * b, 1560 + 41 * b, 1 + 2 * b),
            ("conv2", 139 + 100 * b, 1572 + 41 * b, 2 + 2 * b),
        ):
            name = f"m.layers.{b}.{part}"
            x = x * affine(f"{name}.conv", w_plus[row]) / np.sqrt(9 * len(x))
            depthwise = arrays[f"{name}.conv.weight_dw"][:, 0, 0]
            x = np.stack([convolve(c[None], k[None, None])[0] for c, k in zip(x, depthwise)])
            x = finish(convolve(x, arrays[f"Mul_{kernel}_copy"]), name, number)
    name = f"m.layers.{blocks - 1}.to_img"
    x = x * affine(f"{name}.conv", w_plus[-1]) / np.sqrt(len(x))
    return inverse_haar(convolve(x, arrays[f"{name}.conv.weight"]) + arrays[f"{name}.bias"][0])


def convolve(x, kernel):
    """Correlation of [I, H, W] by [O, I, k, k] with zeros around."""
    size = kernel.shape[-1]
    height, width = x.shape[1:]
    padded = np.pad(x, ((0, 0), (size // 2,) * 2, (size // 2,) * 2))
    total = 0.0
    for i in range(size):
        for j in range(size):
            part = padded[:, i : i + height, j : j + width]
            total = total + np.einsum("ihw,oi->ohw", part, kernel[:, :, i, j])
    return total


def inverse_haar(x):
    """[4 Q, H, W] -> [Q, 2 H, 2 W]; Q channels of LL, then LH, HL and HH of each channel."""
    size, (height, width) = len(x) // 4, x.shape[1:]
    y = np.empty((size, 2 * height, 2 * width), x.dtype)
    for q in range(size):
        lh, hl, hh = x[size + 3 * q : size + 3 * q + 3]
        for a in (0, 1):
            for b in (0, 1):
                bands = x[q] + (-1) ** a * lh + (-1) ** b * hl + (-1) ** (a + b) * hh
                y[q, a::2, b::2] = bands / 2
    return y
