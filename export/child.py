"""Runs one file in a process of its own, which holds nothing but its runtime.

Started by its path, so that neither this package nor TensorFlow is imported. Three uses:

    child.py tflite|onnx FILE THREADS     answers each line of its input with a line of JSON:
                                          {"milliseconds", "memory_bytes"}
    child.py gpu FILE INPUTS OUTPUTS      runs all signatures on the graphics processor alone
    child.py run FILE INPUTS OUTPUTS      the same on the processor
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np

PYTHON = [sys.executable, "-P"]


def command(*arguments):
    """Command that runs this file."""
    return [*PYTHON, __file__, *map(str, arguments)]


class Apart(NamedTuple):
    """What a process that ran a file elsewhere left.

    Attributes:
        error: largest difference of an output from the example's; None without outputs.
        stderr: all that it said.
        reason: why there are no outputs.
    """

    error: float | None
    stderr: str
    reason: str


def run_apart(start, kind, path, example, environment, seconds):
    """Runs all signatures of a file by this one's `kind`: an `Apart`.

    Args:
        start: command of a Python.
        kind: "gpu" or "run".
        path: of the file.
        example: {name of a signature: (inputs, outputs)}.
        environment: of the process.
        seconds: after which it is ended.
    """
    with tempfile.TemporaryDirectory() as folder:
        inputs, outputs = Path(folder, "inputs.npz"), Path(folder, "outputs.npz")
        np.savez(inputs, **_flat(example, 0))
        command = [*start, __file__, kind, str(path), str(inputs), str(outputs)]
        environment = {**environment, "XDG_RUNTIME_DIR": folder}
        try:
            done = subprocess.run(
                command, env=environment, capture_output=True, text=True, timeout=seconds
            )
        except subprocess.TimeoutExpired:
            return Apart(None, "", f"it took more than {seconds} s")
        if not outputs.exists():
            lines = [
                line
                for line in done.stderr.splitlines()
                if line.strip() and not line.startswith("INFO:")
            ]
            ended = f"the process ended with {done.returncode}"
            return Apart(None, done.stderr, lines[-1][:300] if lines else ended)
        with np.load(outputs) as file:
            errors = [
                np.abs(file[name] - value).max() for name, value in _flat(example, 1).items()
            ]
    return Apart(float(max(errors)), done.stderr, "")


def _flat(example, side):
    """{"signature/port": array} of the inputs (0) or outputs (1) of an example."""
    return {
        f"{name}/{port}": value
        for name, values in example.items()
        for port, value in values[side].items()
    }


def _memory(key):
    text = Path("/proc/self/status").read_text()
    return int(re.search(rf"^{key}:\s*(\d+) kB$", text, re.MULTILINE)[1]) * 1024


def _tflite(path, threads):
    """Function of no arguments that runs the file's first signature once."""
    from ai_edge_litert.interpreter import Interpreter

    before = _memory("VmRSS")
    interpreter = Interpreter(path, num_threads=threads)
    name, ends = next(iter(interpreter.get_signature_list().items()))
    runner = interpreter.get_signature_runner(name)
    details = runner.get_input_details()
    inputs = {end: _example(details[end]["shape"]) for end in ends["inputs"]}
    return (lambda: runner(**inputs)), before


def _onnx(path, threads):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.log_severity_level = 3
    before = _memory("VmRSS")
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    inputs = {end.name: _example(end.shape) for end in session.get_inputs()}
    return (lambda: session.run(None, inputs)), before


def _example(shape):
    return np.random.RandomState(0).rand(*shape).astype(np.float32)


def _serve(kind, path, threads):
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print is no answer
    call, before = {"tflite": _tflite, "onnx": _onnx}[kind](path, int(threads))
    for _ in sys.stdin:
        start = time.perf_counter()
        call()
        milliseconds = 1000 * (time.perf_counter() - start)
        memory = max(_memory("VmHWM") - before, 0)
        answer = {"milliseconds": milliseconds, "memory_bytes": memory}
        print(json.dumps(answer), file=answers, flush=True)


def _gpu(path, inputs, outputs):
    """Runs all signatures of the file on the graphics processor, outputs to a file."""
    from ai_edge_litert.compiled_model import CompiledModel
    from ai_edge_litert.hardware_accelerator import HardwareAccelerator

    model = CompiledModel.from_file(path, hardware_accel=HardwareAccelerator.GPU)
    with np.load(inputs) as file:
        arrays = dict(file)
    results = {}
    for signature, ends in model.get_signature_list().items():
        given, taken = {}, {}
        for name in ends["inputs"]:
            given[name] = model.create_input_buffer_by_name(signature, name)
            given[name].write(np.ascontiguousarray(arrays[f"{signature}/{name}"], np.float32))
        for name in ends["outputs"]:
            taken[name] = model.create_output_buffer_by_name(signature, name)
        model.run_by_name(signature, given, taken)
        details = model.get_output_tensor_details(signature)
        for name, buffer in taken.items():
            shape = tuple(details[name]["shape"])
            values = buffer.read(int(np.prod(shape)), np.float32)
            results[f"{signature}/{name}"] = values.reshape(shape)
    np.savez(outputs, **results)


def _run(path, inputs, outputs):
    """Runs all signatures of the file on the processor, outputs to a file."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(path, num_threads=1)
    with np.load(inputs) as file:
        arrays = dict(file)
    results = {}
    for signature, ends in interpreter.get_signature_list().items():
        runner = interpreter.get_signature_runner(signature)
        given = {name: arrays[f"{signature}/{name}"] for name in ends["inputs"]}
        results |= {f"{signature}/{name}": value for name, value in runner(**given).items()}
    np.savez(outputs, **results)


if __name__ == "__main__":
    kind, *arguments = sys.argv[1:]
    if kind in ("gpu", "run"):
        {"gpu": _gpu, "run": _run}[kind](*arguments)
    else:
        _serve(kind, *arguments)
