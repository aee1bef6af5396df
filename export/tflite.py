"""TFLite (LiteRT) files: builtin operations only, one function a signature."""

import re
import tempfile
import warnings
from pathlib import Path

import tensorflow as tf

from export import saved_model
from export.flatbuffer import unfit
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
        raise UserError("int8 needs --calibration, data on which ranges are measured")
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of TensorFlow, on its own interfaces
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
    layers = [name.rsplit("/", 1)[0] for name in re.findall(r'"(?:\w+:)?([\w/.]+/[\w.]+)"', text)]
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
        from ai_edge_litert.interpreter import Interpreter

        self._interpreter = Interpreter(str(path), num_threads=num_threads)
        self._signatures = {}

    def __call__(self, signature, inputs):
        if signature not in self._signatures:
            self._signatures[signature] = self._interpreter.get_signature_runner(signature)
        return self._signatures[signature](**inputs)
