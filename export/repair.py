"""int8 that loses too much: the layers that cost most stay in float32.

Each layer is judged by the error of a file in which it alone is in int8: such errors add up, while
a single layer in float32 changes little as long as others spoil its inputs.
"""

import bisect

from tqdm import tqdm

from export import tflite, verify

MOST = 0.5  # part of the layers that may stay in float32
MARGIN = 0.5  # decibels: other pictures than those that layers are judged on may cost more


def int8(graph, calibration, made, targets):
    """(bytes of an int8 TFLite file, what was repaired or None).

    The fewest layers, worst ones first, with which the file is recommended, stay in float32; none
    where half of all do not suffice. Then plain values: float32_layers, their names; psnr_before
    and psnr, decibels of the worst output against Keras without and with them.

    Args:
        graph, calibration: as of `tflite.Int8Converter`.
        made: examples with outputs, on which files are judged.
        targets: as of `verify.psnr_loss`.
    """
    converter = tflite.Int8Converter(graph, calibration)

    def judged(in_float):
        """(PSNR of a file's worst output, whether it is recommended)."""
        runner = tflite.TFLiteRunner(converter.file(in_float))
        errors = verify.compare(graph, made, runner)
        loss = verify.psnr_loss(made, targets, runner)
        return verify.worst_psnr(errors), not verify.shortcomings(
            errors, loss, "int8", MARGIN
        )

    before, recommended = judged(())
    if recommended:
        return converter.file(), None
    psnr = {}
    for layer in tqdm(converter.layers, "int8, a layer at a time", leave=False, delay=5):
        psnr[layer], _ = judged([other for other in converter.layers if other != layer])
    worst = sorted(converter.layers, key=psnr.get)
    counts = range(1, int(MOST * len(worst)) + 1)
    place = bisect.bisect_left(counts, True, key=lambda count: judged(worst[:count])[1])
    if place == len(counts):
        return converter.file(), None
    kept = worst[: counts[place]]
    repaired = {"float32_layers": kept, "psnr_before": before, "psnr": judged(kept)[0]}
    return converter.file(kept), repaired
