"""Does a file do what Keras does? Errors on fixed inputs, against limits that are stated."""

import dataclasses
import math

import numpy as np

from tfgan_edit.config import UserError
from tfgan_edit.metrics.perceptual import MIN_SIDE, PairDistance


@dataclasses.dataclass(frozen=True)
class Limit:
    """What a quantisation may cost, as a part of the outputs' range.

    Attributes:
        max_error: largest difference of any value, or None.
        min_psnr: decibels, or None.
        good_psnr: decibels from which a file is recommended where nothing tells `psnr_loss`, or
            None.
        max_psnr_loss: decibels of `psnr_loss` up to which a file is recommended.
    """

    max_error: float | None = None
    min_psnr: float | None = None
    good_psnr: float | None = None
    max_psnr_loss: float = 1.0


# float32: another order of sums. fp16: 11 digits a weight. int8 weights, or weights and
# activations: 30 and 25 dB are about 3 and 6 % of the range on average. Errors at 31 dB, added to
# a network's own at 25 dB from its targets, cost it 1 dB: 10^-2.5 + 10^-3.1 = 10^-2.4.
LIMITS = {
    "none": Limit(max_error=1e-3),
    "fp16": Limit(max_error=2e-2),
    "dynamic": Limit(min_psnr=30.0),
    "int8": Limit(min_psnr=25.0, good_psnr=31.0),
}


class Comparison:
    """Errors of an output over examples, as parts of its range.

    Args:
        port: `Port` of the output. Without a range, the largest value that Keras gave counts.
        distance: `PairDistance` of photos, or None.
    """

    def __init__(self, port, distance=None):
        self.port = port
        self._distance = distance
        self._max = self._sum = self._squares = self._largest = 0.0
        self._count, self._distances = 0, []

    def add(self, expected, found):
        """Both float [1, …]."""
        if expected.shape != found.shape:
            raise UserError(
                f"{self.port.name} has the shape {found.shape} in the file, in Keras "
                f"{expected.shape}"
            )
        if not np.all(np.isfinite(found)):
            self._max = math.inf
            return
        errors = np.abs(expected.astype(np.float64) - found)
        self._max = max(self._max, errors.max())
        self._sum += errors.sum()
        self._squares += np.square(errors).sum()
        self._count += errors.size
        self._largest = max(self._largest, np.abs(expected).max())
        if self._distance is not None:
            photos = (np.round(255 * np.clip(x, 0, 1)).astype(np.uint8) for x in (expected, found))
            self._distances.append(float(self._distance(*photos)[0]))

    def result(self):
        """Plain values: max_error, mean_error, psnr (None if equal), lpips where measured."""
        scale = self._largest or 1.0
        if self.port.range is not None:
            scale = self.port.range[1] - self.port.range[0]
        if not math.isfinite(self._max):
            return {"finite": False}
        rmse = math.sqrt(self._squares / self._count) / scale
        measured = {
            "max_error": float(self._max / scale),
            "mean_error": float(self._sum / self._count / scale),
            "psnr": -20 * math.log10(rmse) if rmse else None,
        }
        if self._distances:
            measured["lpips"] = sum(self._distances) / len(self._distances)
        return measured


def compare(graph, examples, runner, distance=None):
    """{signature: {output: errors}} of a file against Keras.

    Args:
        graph: `ServingGraph`.
        examples: of `examples.examples`, with outputs.
        runner: function of a signature's name and inputs, that runs the file.
        distance: `PairDistance`, or None.
    """
    comparisons = {
        signature.name: {
            port.name: Comparison(port, distance if _is_photo(port) else None)
            for port in signature.outputs
        }
        for signature in graph.signatures
    }
    for example in examples:
        for name, (inputs, outputs) in example.items():
            found = runner(name, inputs)
            for port, comparison in comparisons[name].items():
                comparison.add(outputs[port], found[port])
    return {
        name: {port: comparison.result() for port, comparison in ports.items()}
        for name, ports in comparisons.items()
    }


def exceeded(errors, quantize):
    """Sentences about errors beyond the limits of a quantisation; [] if there are none."""
    limit, found = LIMITS[quantize], []
    for signature, outputs in errors.items():
        for name, values in outputs.items():
            where = f"{name} of {signature}"
            if not values.get("finite", True):
                found.append(f"{where} is not finite")
                continue
            if limit.max_error is not None and values["max_error"] > limit.max_error:
                found.append(
                    f"{where} differs from Keras by up to {values['max_error']:.2g} of its range, "
                    f"{quantize} may by {limit.max_error:g}"
                )
            psnr = math.inf if values["psnr"] is None else values["psnr"]
            if limit.min_psnr is not None and psnr < limit.min_psnr:
                found.append(
                    f"{where} has {psnr:.1f} dB against Keras, {quantize} must have "
                    f"{limit.min_psnr:g}"
                )
    return found


def worst_psnr(errors):
    """Decibels of the worst output; infinite if all are equal."""
    values = [v for outputs in errors.values() for v in outputs.values()]
    if not all(v.get("finite", True) for v in values):
        return -math.inf
    return min(math.inf if v["psnr"] is None else v["psnr"] for v in values)


def psnr_loss(examples, targets, runner):
    """Decibels of PSNR, against what a network should make, that its file has less than Keras.

    Args:
        examples: with outputs of Keras; their first signature makes one picture.
        targets: a picture for each of them, float32 [H, W, C] in [0, 1], or None.
        runner: as of `compare`.

    Returns:
        The difference of the PSNR over all examples, or None where there are no targets.
    """
    if targets is None:
        return None
    in_keras = in_file = 0.0
    for example, target in zip(examples, targets, strict=True):
        name, (inputs, outputs) = next(iter(example.items()))
        ((port, expected),) = outputs.items()
        in_keras += np.square(expected[0] - target).sum(dtype=np.float64)
        in_file += np.square(runner(name, inputs)[port][0] - target).sum(dtype=np.float64)
    if not math.isfinite(in_file):
        return math.inf
    tiny = np.finfo(np.float32).tiny  # of a network that makes its targets exactly
    return 10 * math.log10(max(in_file, tiny) / max(in_keras, tiny))


def shortcomings(errors, loss, quantize, margin=0.0):
    """Sentences that say why a file is not recommended; [] if it is.

    Args:
        errors: of `compare`.
        loss: of `psnr_loss`.
        quantize: of the file.
        margin: decibels by which it must be better, to be so on other pictures, too.
    """
    limit, worst = LIMITS[quantize], worst_psnr(errors)
    if loss is None:
        if limit.good_psnr is None or worst >= limit.good_psnr + margin:
            return []
        return [
            f"{worst:.1f} dB against Keras; {quantize} is recommended from {limit.good_psnr:g} dB"
        ]
    if loss <= limit.max_psnr_loss - margin:
        return []
    return [
        f"{loss:.1f} dB less PSNR than Keras against the targets of the pairs; {quantize} is "
        f"recommended up to {limit.max_psnr_loss:g} dB"
    ]


def perceptual_distance(given=None):
    """`PairDistance` with AlexNet, or None where its weights are not.

    Raises:
        UserError: weights that were given are missing or others.
    """
    try:
        return PairDistance("alex", given)
    except UserError:
        if given:
            raise
        return None


def _is_photo(port):
    return port.kind == "photo" and min(port.shape[1:3]) >= MIN_SIDE
