"""TFLite (LiteRT) files: builtin operations only, one function a signature."""

import contextlib
import re
import tempfile
import warnings
from pathlib import Path

import tensorflow as tf
from absl import logging

from export import saved_model
from export.flatbuffer import unfit
from export.packages import installed
from tfgan_edit.config import UserError

QUANTIZATIONS = ("none", "fp16", "dynamic", "int8")


def convert(graph, quantize="none", calibration=None):
    """The bytes of a file for a `ServingGraph`.

    Args:
        graph: `ServingGraph`.
        quantize: "none"; "fp16", weights in half precision; "dynamic", weights in int8, sums in
            float where a processor has no better; "int8", both in int8, per channel, ends in
            float32.
        calibration: for int8, {name of a signature: [{name of an input: array}]}.

    Raises:
        UserError: an operation that is not built in, a tensor of more than four axes, or no
            calibration for int8.
    """
    if quantize == "int8" and not calibration:
        raise UserError("int8 needs --data, on which ranges are measured")
    with tempfile.TemporaryDirectory() as folder, _quiet():
        saved_model.save(graph, Path(folder), batch=1)
        names = [signature.name for signature in graph.signatures]
        converter = tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=names)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
        _set_quantization(converter, quantize, calibration)
        try:
            data = converter.convert()
        except Exception as error:
            raise _explained(error) from error
    wrong = unfit(data)
    if wrong:
        listed = "; ".join(f"{op} in {layer}: {reason}" for op, layer, reason in wrong[:5])
        raise UserError(f"phones' accelerators refuse the converted file: {listed}")
    return data


@contextlib.contextmanager
def _quiet():
    """Without TensorFlow's notes on its own interfaces, and on gradients, which no file has."""
    level = logging.get_verbosity()
    logging.set_verbosity(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.set_verbosity(level)


def _set_quantization(converter, quantize, calibration):
    if quantize == "none":
        return
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if quantize == "fp16":
        converter.target_spec.supported_types = [tf.float16]
    if quantize == "int8":
        converter.representative_dataset = lambda: (
            (name, sample) for name, samples in calibration.items() for sample in samples
        )
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]


def _explained(error):
    """A `UserError` that names operations and layers, where the converter's message has them."""
    text = str(error)
    refused = re.findall(r"'tf\.(\w+)' op is neither a custom op nor a flex op", text)
    refused = refused or re.findall(r"^\s*tf\.(\w+)\(", text, re.MULTILINE)
    places = re.findall(r'"(\w+):", "([^"@]+)@', text)  # (operation, its name in the graph)
    layers = [name.rpartition("/")[0] or name for op, name in places if op in refused]
    if not refused:
        first = next((line for line in text.splitlines() if line.strip()), type(error).__name__)
        return UserError(f"TensorFlow's converter refuses the graph: {first[:300]}")
    where = f" in {', '.join(dict.fromkeys(layers))[:200]}" if layers else ""
    names = ", ".join(dict.fromkeys(refused))
    return UserError(f"TFLite has no builtin operation for {names}{where}: change that layer")


class TFLiteRunner:
    """Runs a file: `runner(name of a signature, {input: array})` -> {output: array}.

    Args:
        path: of the file.
        num_threads: of the processor.
    """

    def __init__(self, path, num_threads=1):
        interpreter = installed("ai_edge_litert.interpreter")
        self._interpreter = interpreter.Interpreter(str(path), num_threads=num_threads)
        self._signatures = {}

    def __call__(self, signature, inputs):
        if signature not in self._signatures:
            self._signatures[signature] = self._interpreter.get_signature_runner(signature)
        return self._signatures[signature](**inputs)
