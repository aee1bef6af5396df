"""From a preset to a folder with a verified file and export.json."""

import dataclasses
import platform
from pathlib import Path

import tensorflow as tf
from tqdm import tqdm

import tfgan_edit
from export import (
    aarch64,
    child,
    flatbuffer,
    gpu_gate,
    onnx,
    repair,
    saved_model,
    tflite,
    verify,
)
from export.examples import DrawnPictures, StoredPictures, examples, targets
from export.serving import Options, serving_graph
from tfgan_edit.config import UserError
from tfgan_edit.networks.complexity import multiply_adds
from tfgan_edit.preset import load_preset
from tfgan_edit.speed.child import Child
from tfgan_edit.storage import atomic_folder, read_json, require_space, sha256_of, write_json

FORMAT = "tfgan_edit export"
FORMAT_VERSION = 1
MANIFEST = "export.json"
FORMATS = ("tflite", "onnx", "saved_model")
COMPARED = 4  # examples on which a file is compared with Keras
JUDGED = 8  # of the pictures that int8 is calibrated on, examples on which layers are judged


@dataclasses.dataclass(frozen=True)
class Settings:
    """How a preset is exported.

    Attributes:
        format: of `FORMATS`.
        quantize: of `tflite.QUANTIZATIONS`.
        options: of the graph.
        data: records or pairs, for calibration and comparison; None compares on drawn faces.
        calibration_samples: number of examples on which int8 measures ranges.
        allow_error: write a file that exceeds its limits, too.
        check_gpu: whether the GPU gate runs where it can.
        aarch64: folder of `export.aarch64` in which a TFLite file runs, too; None for no such run.
        weights: {name: path} of LPIPS' networks.
    """

    format: str = "tflite"
    quantize: str = "none"
    options: Options = Options()
    data: str | None = None
    calibration_samples: int = 100
    allow_error: bool = False
    check_gpu: bool = True
    aarch64: str | None = None
    weights: dict[str, str] = dataclasses.field(default_factory=dict)


def export(path, out, settings):
    """Writes the folder `out` from the preset `path`; returns what export.json says.

    Raises:
        UserError: in one line, whatever is wrong; nothing is written then.
    """
    out = Path(out)
    if out.is_dir() and any(out.iterdir()) and not is_export(out):
        raise UserError(f"--out={out} holds other files; choose another folder")
    if settings.format == "saved_model" and settings.quantize != "none":
        raise UserError(f"--quantize={settings.quantize}: a SavedModel has float32 weights")
    if settings.aarch64 is not None:
        if settings.format != "tflite":
            raise UserError(f"--aarch64 is for TFLite files; got --format={settings.format}")
        aarch64.emulated(settings.aarch64)  # checks it
    preset = load_preset(path)
    graph = serving_graph(preset, settings.options)
    graph.check_shapes()
    pictures = DrawnPictures() if settings.data is None else StoredPictures(settings.data)
    calibration = None
    if settings.quantize == "int8":
        calibration = _calibration(graph, pictures, settings)
    require_space(out, graph.weights)
    with atomic_folder(out, replace=True) as folder:
        files, repaired = _write(graph, folder, settings, calibration, pictures)
        record = _describe(preset, graph, settings, folder, files)
        if repaired:
            record["repaired"] = repaired
        record["verification"] = _verify(graph, folder, files, settings, pictures)
        write_json(folder / MANIFEST, record)
    return record


def is_export(path):
    """Whether a folder was written by `export`."""
    try:
        return read_json(Path(path) / MANIFEST).get("format") == FORMAT
    except (UserError, AttributeError):
        return False


def _calibration(graph, pictures, settings):
    """{signature: [inputs]} of the data, or of seeds for networks that read no pictures."""
    kinds = {port.kind for signature in graph.signatures for port in signature.inputs}
    if settings.data is None and kinds & {"photo", "labels", "planes"}:
        raise UserError(
            "int8 needs --data, records or pairs like those the network was trained on, to "
            "measure ranges"
        )
    count = settings.calibration_samples
    made = examples(graph, pictures, count, seed=1, outputs=False, first=COMPARED)
    made = list(tqdm(made, "calibration", total=count, leave=False, delay=5))
    return {s.name: [example[s.name][0] for example in made] for s in graph.signatures}


# === Files ===


def _write(graph, folder, settings, calibration, pictures):
    """({signature: file name}, what `repair.int8` repaired or None), after writing the files."""
    names, repaired = [signature.name for signature in graph.signatures], None
    if settings.format == "saved_model":
        saved_model.save(graph, folder / "saved_model" / "1")
        return dict.fromkeys(names, "saved_model/1"), repaired
    if settings.format == "tflite":
        if settings.quantize == "int8":
            made = list(examples(graph, pictures, JUDGED, seed=1, first=COMPARED))
            wanted = targets(graph, pictures, JUDGED, first=COMPARED)
            data, repaired = repair.int8(graph, calibration, made, wanted)
        else:
            data = tflite.convert(graph, settings.quantize)
        (folder / "model.tflite").write_bytes(data)
        return dict.fromkeys(names, "model.tflite"), repaired
    files = {}
    for signature in graph.signatures:
        files[signature.name] = f"{signature.name}.onnx" if len(names) > 1 else "model.onnx"
        samples = None if calibration is None else calibration[signature.name]
        data = onnx.convert(signature, settings.quantize, samples)
        (folder / files[signature.name]).write_bytes(data)
    return files, repaired


def runner_of(folder, record, num_threads=1):
    """Function of a signature's name and inputs that runs the files of an export."""
    paths = {s["name"]: Path(folder) / s["file"] for s in record["signatures"]}
    first = next(iter(paths.values()))
    if record["file_format"] == "tflite":
        return tflite.TFLiteRunner(first, num_threads)
    if record["file_format"] == "onnx":
        return onnx.OnnxRunner(paths, num_threads)
    return saved_model.SavedModelRunner(first)


# === export.json ===


def _describe(preset, graph, settings, folder, files):
    products = sum(
        multiply_adds(signature, *(port.shape for port in signature.inputs))
        for signature in graph.signatures
    )
    return {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "system": graph.system,
        "task": graph.task,
        "choices": graph.choices,
        "file_format": settings.format,
        "quantize": settings.quantize,
        "files": {name: _file(folder / name) for name in sorted(set(files.values()))},
        "signatures": [
            {
                "name": signature.name,
                "file": files[signature.name],
                "inputs": [port.describe() for port in signature.inputs],
                "outputs": [port.describe() for port in signature.outputs],
            }
            for signature in graph.signatures
        ],
        "framing": graph.framing,
        "multiply_adds": products,
        "parameters": sum(network.count_params() for network in graph.networks),
        "preset": {
            "sha256": preset.sha256,
            "method": preset.metadata.get("method"),
            "licence": preset.metadata.get("licence"),
            "parents": preset.metadata.get("parents"),
        },
        "versions": {
            "tfgan_edit": tfgan_edit.__version__,
            "tensorflow": tf.__version__,
            "python": platform.python_version(),
        },
    }


def _file(path):
    """Bytes, and the hash of a file or {file: hash} of a folder."""
    if path.is_file():
        return {"bytes": path.stat().st_size, "sha256": sha256_of(path)}
    members = sorted(p for p in path.rglob("*") if p.is_file())
    return {
        "bytes": sum(p.stat().st_size for p in members),
        "sha256": {p.relative_to(path).as_posix(): sha256_of(p) for p in members},
    }


# === Verification ===


def _verify(graph, folder, files, settings, pictures):
    record = {
        "file_format": settings.format,
        "signatures": [{"name": name, "file": file} for name, file in files.items()],
    }
    made = list(examples(graph, pictures, COMPARED))
    runner = runner_of(folder, record)
    distance = verify.perceptual_distance(settings.weights)
    errors = verify.compare(graph, made, runner, distance)
    exceeded = verify.exceeded(errors, settings.quantize)
    if exceeded and not settings.allow_error:
        raise UserError(f"{exceeded[0]}; --allow_error writes it all the same")
    loss = verify.psnr_loss(made, targets(graph, pictures, COMPARED), runner)
    exceeded += verify.shortcomings(errors, loss, settings.quantize)
    kinds = {port.kind for signature in graph.signatures for port in signature.inputs}
    found = {
        "errors": errors,
        "psnr_loss": loss,
        "limits": dataclasses.asdict(verify.LIMITS[settings.quantize]),
        "exceeded": exceeded,
        "recommended": not exceeded,
        "examples": {
            "number": COMPARED,
            "seed": 0,
            "pictures": pictures.identity if "photo" in kinds else None,
        },
    }
    if settings.format == "saved_model":
        return found
    found["contents"], found["memory_bytes"] = {}, {}
    for file in sorted(set(files.values())):
        data = (folder / file).read_bytes()
        audit = flatbuffer.audit if settings.format == "tflite" else onnx.audit
        found["contents"][file] = audit(data)
        found["memory_bytes"][file] = _peak_memory(settings.format, folder / file)
    if settings.format == "tflite":
        found["gpu"] = {"status": "not checked", "reason": "--nocheck_gpu"}
        if settings.check_gpu:
            found["gpu"] = _gpu(folder / "model.tflite", made[0], runner)
        if settings.aarch64 is not None:
            found["aarch64"] = aarch64.check(
                folder / "model.tflite", _here(made[0], runner), settings.quantize, settings.aarch64
            )
    return found


def _peak_memory(kind, path):
    """Bytes that running a file adds to its process, one thread."""
    with Child(f"running {path.name}", child.command(kind, path, 1)) as process:
        return process.next()["memory_bytes"]


def _here(example, runner):
    """The inputs of an example, and what the file makes of them on this machine's processor."""
    return {name: (inputs, runner(name, inputs)) for name, (inputs, _) in example.items()}


def _gpu(path, example, runner):
    layers = [(op.name, op.layer) for op in flatbuffer.operations(path.read_bytes())]
    return gpu_gate.check(path, _here(example, runner), layers)
