"""ONNX files, one a signature, for ONNX Runtime on servers, desktops and in browsers."""

import collections
import logging
import tempfile
import warnings
from pathlib import Path

import numpy as np

from export.packages import installed
from tfgan_edit.config import UserError

OPSET = 18  # of ONNX 1.13 (2022), read by ONNX Runtime since 1.14


def convert(signature, quantize="none", calibration=None):
    """The bytes of a file for a `Signature`.

    Args:
        signature: `Signature`.
        quantize: as of `tflite.convert`; "int8" marks int8 tensors in the file (QDQ), per channel.
        calibration: for int8, [{name of an input: array}].

    Raises:
        UserError: an operation without a form in ONNX, or no calibration for int8.
    """
    if quantize == "int8" and not calibration:
        raise UserError("int8 needs --data, on which ranges are measured")
    model = _converted(signature)
    if quantize == "none":
        return model.SerializeToString()
    if quantize == "fp16":
        float16 = installed("onnxconverter_common.float16")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of weights below the smallest half number
            return float16.convert_float_to_float16(model, keep_io_types=True).SerializeToString()
    return _quantized(model, quantize, calibration)


def _converted(signature):
    tf2onnx = installed("tf2onnx")
    logging.getLogger("tf2onnx").setLevel(logging.ERROR)
    function = signature.traced()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of NumPy, on tf2onnx's own use of it
        try:
            model, _ = tf2onnx.convert.from_function(
                function, input_signature=function.input_signature, opset=OPSET
            )
        except (ValueError, RuntimeError) as error:
            first = str(error).splitlines()[0]
            raise UserError(f"tf2onnx refuses {signature.name}: {first[:300]}") from error
    _name_ends(model, signature)
    return model


def _name_ends(model, signature):
    """Gives inputs and outputs the names of the ports."""
    ends = zip((*signature.inputs, *signature.outputs), (*model.graph.input, *model.graph.output))
    names = {end.name: port.name for port, end in ends if end.name != port.name}
    for node in model.graph.node:
        for tensors in (node.input, node.output):
            for i, name in enumerate(tensors):
                tensors[i] = names.get(name, name)
    for end in (*model.graph.input, *model.graph.output):
        end.name = names.get(end.name, end.name)


def _quantized(model, quantize, calibration):
    onnx, q = installed("onnx"), installed("onnxruntime.quantization")
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "float.onnx"), Path(folder, "quantized.onnx")
        onnx.save(model, source)
        logging.getLogger().setLevel(logging.ERROR)
        if quantize == "dynamic":
            q.quantize_dynamic(source, target, per_channel=True, weight_type=q.QuantType.QUInt8)
        else:
            q.quantize_static(
                source,
                target,
                _Calibration(calibration),
                quant_format=q.QuantFormat.QDQ,
                per_channel=True,
                activation_type=q.QuantType.QInt8,
                weight_type=q.QuantType.QInt8,
            )
        return target.read_bytes()


class _Calibration:
    """What ONNX Runtime's quantiser reads its examples from."""

    def __init__(self, samples):
        self._samples = iter(samples)

    def get_next(self):
        return next(self._samples, None)


class OnnxRunner:
    """Runs a file: `runner(name of a signature, {input: array})` -> {output: array}.

    Args:
        paths: {name of a signature: file}.
        num_threads: of the processor.
    """

    def __init__(self, paths, num_threads=1):
        onnxruntime = installed("onnxruntime")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = num_threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._sessions = {
            name: onnxruntime.InferenceSession(
                str(path), options, providers=["CPUExecutionProvider"]
            )
            for name, path in paths.items()
        }

    def __call__(self, signature, inputs):
        session = self._sessions[signature]
        names = [output.name for output in session.get_outputs()]
        return dict(zip(names, session.run(names, inputs), strict=True))


def audit(data):
    """Plain values: operations by name, operator set, types of constants and their bytes."""
    onnx = installed("onnx")
    model = onnx.load_model_from_string(data)
    onnx.checker.check_model(model)
    constants = collections.Counter()
    for tensor in model.graph.initializer:
        kind = onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type)
        constants[np.dtype(kind).name] += int(np.prod(tensor.dims)) * np.dtype(kind).itemsize
    return {
        "ops": dict(sorted(collections.Counter(n.op_type for n in model.graph.node).items())),
        "opset": next(e.version for e in model.opset_import if e.domain in ("", "ai.onnx")),
        "constant_bytes": dict(sorted(constants.items())),
    }
