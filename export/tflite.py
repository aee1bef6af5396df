"""TFLite (LiteRT) files: builtin operations only, one function a signature."""

import contextlib
import re
import tempfile
import warnings
from pathlib import Path

import tensorflow as tf
from absl import logging
from tensorflow.lite.python.convert import mlir_quantize

from export import saved_model
from export.flatbuffer import nodes, unfit
from export.packages import installed
from tfgan_edit.config import UserError
from tfgan_edit.quiet import notes_held_back

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
    if quantize == "int8":
        return Int8Converter(graph, calibration).file()
    with _converter(graph) as converter:
        if quantize != "none":
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
        if quantize == "fp16":
            converter.target_spec.supported_types = [tf.float16]
        return _fit(converter.convert())


class Int8Converter:
    """Measures the ranges of a graph, then makes int8 files with chosen layers in float32.

    Weights per channel, activations per tensor, ends in float32.

    Args:
        graph: `ServingGraph`.
        calibration: {name of a signature: [{name of an input: array}]}.

    Attributes:
        layers: names of the layers that can stay in float32, in their order.

    Raises:
        UserError: as of `convert`.
    """

    def __init__(self, graph, calibration):
        if not calibration:
            raise UserError("int8 needs --data, on which ranges are measured")
        with _converter(graph) as converter, notes_held_back():
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
            converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
            converter.representative_dataset = lambda: (
                (name, sample) for name, samples in calibration.items() for sample in samples
            )
            debugger = tf.lite.experimental.QuantizationDebugger(
                converter=converter, debug_dataset=list
            )
        self._calibrated = debugger.calibrated_model
        self._nodes = nodes(self._calibrated)
        self.layers = tuple(self._nodes)

    def file(self, in_float=()):
        """The bytes of a file whose layers `in_float` stay in float32."""
        denied = [node for layer in in_float for node in self._nodes[layer]]
        with notes_held_back():
            data = mlir_quantize(self._calibrated, denylisted_nodes=denied or None)
        return _fit(bytes(data))


def _fit(data):
    """The bytes of a file, unless phones' accelerators refuse them at sight."""
    wrong = unfit(data)
    if wrong:
        listed = "; ".join(f"{op} in {layer}: {reason}" for op, layer, reason in wrong[:5])
        raise UserError(f"phones' accelerators refuse the converted file: {listed}")
    return data


@contextlib.contextmanager
def _converter(graph):
    """TensorFlow's converter of a `ServingGraph`, builtin operations only."""
    with tempfile.TemporaryDirectory() as folder, _quiet():
        saved_model.save(graph, Path(folder), batch=1)
        names = [signature.name for signature in graph.signatures]
        converter = tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=names)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
        try:
            yield converter
        except UserError:
            raise
        except Exception as error:
            raise _explained(error) from error


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
        file: its path, or its bytes.
        num_threads: of the processor.
    """

    def __init__(self, file, num_threads=1):
        interpreter = installed("ai_edge_litert.interpreter")
        source = {"model_content": file} if isinstance(file, bytes) else {"model_path": str(file)}
        self._interpreter = interpreter.Interpreter(num_threads=num_threads, **source)
        self._signatures = {}

    def __call__(self, signature, inputs):
        if signature not in self._signatures:
            self._signatures[signature] = self._interpreter.get_signature_runner(signature)
        return self._signatures[signature](**inputs)
