"""Converted files do what Keras does, with operations that phones have."""

import numpy as np
import pytest

from export import flatbuffer, gpu_gate, onnx, saved_model, tflite, verify
from export.examples import DrawnPictures, examples
from export.serving import Options, ServingGraph, Signature, serving_graph
from tests.export.tiny_presets import save
from tfgan_edit.config import UserError
from tfgan_edit.convert import installed
from tfgan_edit.preset import load_preset

tf = pytest.importorskip("tensorflow")
pytest.importorskip("ai_edge_litert")

LARGE = ("translator", "labels", "stylegan", "mobilestylegan")  # like the others, more slowly
SYSTEMS = [
    *("student", "classes", "gans_n_roses", "isf_gan"),
    *(pytest.param(name, marks=pytest.mark.large) for name in LARGE),
]


class Lazy(dict):
    """What `make` makes of a key when it is first asked for."""

    def __init__(self, make):
        super().__init__()
        self.make = make

    def __missing__(self, key):
        self[key] = self.make(key)
        return self[key]


@pytest.fixture(scope="module")
def graphs(tmp_path_factory):
    """{name of a preset: its `ServingGraph`}."""
    folder = tmp_path_factory.mktemp("presets")
    return Lazy(lambda name: serving_graph(load_preset(save(folder, name))))


@pytest.fixture(scope="module")
def files(graphs, tmp_path_factory):
    """{name of a preset: path of its float32 TFLite file}."""
    folder = tmp_path_factory.mktemp("tflite")

    def make(name):
        (folder / name).write_bytes(tflite.convert(graphs[name]))
        return folder / name

    return Lazy(make)


def errors_of(graph, runner, count=2):
    made = examples(graph, DrawnPictures(), count)
    return verify.compare(graph, made, runner)


@pytest.mark.parametrize("name", SYSTEMS)
def test_tflite_in_float32(graphs, files, name):
    errors = errors_of(graphs[name], tflite.TFLiteRunner(files[name]))
    assert not verify.exceeded(errors, "none"), errors
    assert set(errors) == {signature.name for signature in graphs[name].signatures}
    for outputs in errors.values():
        assert all(output["max_error"] < 1e-4 for output in outputs.values()), errors


@pytest.mark.parametrize("name", SYSTEMS)
def test_weights_are_computed_in_advance(files, name):
    """No product has a kernel that is computed; noise stays a map of one channel."""
    data = files[name].read_bytes()
    for op in flatbuffer.operations(data):
        assert op.builtin and max(map(len, op.shapes)) <= 4
        if op.name in ("CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV"):
            assert all(count for count in op.constants[1:2]), op
        elif op.name in ("ADD", "MUL", "SUB"):
            maps = [s for s, c in zip(op.shapes, op.constants) if c and len(s) == 4]
            # One channel, one pixel, or StyleGAN's learned constant of 4 x 4.
            assert all(s[-1] == 1 or s[1:3] in ((1, 1), (4, 4)) for s in maps), op
    audit = flatbuffer.audit(data)
    assert audit["largest_rank"] <= 4
    if name == "student":  # demodulation is folded into the kernels
        assert not {"RSQRT", "SQRT", "DIV"} & set(audit["ops"]), audit


def test_half_precision(graphs, tmp_path):
    path = tmp_path / "half"
    path.write_bytes(tflite.convert(graphs["student"], "fp16"))
    audit = flatbuffer.audit(path.read_bytes())
    assert audit["constant_bytes"]["float16"] > audit["constant_bytes"].get("float32", 0)
    errors = errors_of(graphs["student"], tflite.TFLiteRunner(path))
    assert not verify.exceeded(errors, "fp16"), errors
    assert errors["edit"]["edited"]["max_error"] > 1e-6, "half precision changed nothing"


def test_int8(graphs, tmp_path):
    graph, path = graphs["student"], tmp_path / "int8"
    made = list(examples(graph, DrawnPictures(), 4, outputs=False))
    calibration = {"edit": [example["edit"][0] for example in made]}
    path.write_bytes(tflite.convert(graph, "int8", calibration))
    audit = flatbuffer.audit(path.read_bytes())
    assert audit["constant_bytes"]["int8"] > 500
    errors = errors_of(graph, tflite.TFLiteRunner(path))["edit"]["edited"]
    assert errors["psnr"] > 20, errors
    with pytest.raises(UserError, match="int8 needs --data"):
        tflite.convert(graph, "int8")


def test_an_operation_that_is_not_built_in(graphs):
    """Named with its layer, not converted with a runtime that phones lack."""
    graph = graphs["student"]
    port = graph.signatures[0].inputs[0]

    def flex(x):
        with tf.name_scope("odd_layer"):
            return tf.raw_ops.AdjustHue(images=x, delta=0.1)

    signature = Signature("edit", (port,), graph.signatures[0].outputs, flex)
    odd = ServingGraph("odd", "photo_to_photo", (signature,), ())
    with pytest.raises(UserError, match="no builtin operation for AdjustHue in .*odd_layer"):
        tflite.convert(odd)


def test_five_axes_are_refused(graphs):
    graph = graphs["student"]
    port = graph.signatures[0].inputs[0]

    def five(x):
        with tf.name_scope("five_layer"):
            y = tf.reshape(x, [1, 4, 4, 16, 3])
            return tf.reshape(tf.reduce_max(y, axis=1) + tf.zeros([1, 4, 16, 3]), [1, 16, 4, 3])

    signature = Signature("edit", (port,), graph.signatures[0].outputs, five)
    odd = ServingGraph("odd", "photo_to_photo", (signature,), ())
    with pytest.raises(UserError, match="refuse the converted file: .*five_layer.*5 axes"):
        tflite.convert(odd)


@pytest.mark.parametrize("name", ("student", "classes"))
def test_onnx(graphs, tmp_path, name):
    pytest.importorskip("onnxruntime")
    (signature,) = graphs[name].signatures
    data = onnx.convert(signature)
    (tmp_path / "x.onnx").write_bytes(data)
    assert onnx.audit(data)["opset"] == onnx.OPSET
    runner = onnx.OnnxRunner({signature.name: tmp_path / "x.onnx"})
    errors = errors_of(graphs[name], runner)
    assert not verify.exceeded(errors, "none"), errors


@pytest.mark.parametrize(
    ("quantize", "kind"),
    (
        ("int8", "int8"),
        pytest.param("fp16", "float16", marks=pytest.mark.large),
        pytest.param("dynamic", "uint8", marks=pytest.mark.large),
    ),
)
def test_onnx_quantized(graphs, tmp_path, quantize, kind):
    pytest.importorskip("onnxruntime")
    graph = graphs["student"]
    (signature,) = graph.signatures
    made = list(examples(graph, DrawnPictures(), 4, outputs=False))
    calibration = [example["edit"][0] for example in made]
    data = onnx.convert(signature, quantize, calibration)
    (tmp_path / "x.onnx").write_bytes(data)
    errors = errors_of(graph, onnx.OnnxRunner({"edit": tmp_path / "x.onnx"}))["edit"]["edited"]
    assert 20 < errors["psnr"] < 100, errors
    constants = onnx.audit(data)["constant_bytes"]
    assert constants[kind] > constants.get("float32", 0), constants


def test_a_saved_model_takes_any_batch(graphs, tmp_path):
    graph = graphs["classes"]
    saved_model.save(graph, tmp_path / "x")
    runner = saved_model.SavedModelRunner(tmp_path / "x")
    made = [example["generate"] for example in examples(graph, DrawnPictures(), 3)]
    batch = {
        name: np.concatenate([inputs[name] for inputs, _ in made]) for name in ("z", "labels")
    }
    expected = np.concatenate([outputs["photo"] for _, outputs in made])
    for signature in ("generate", "serving_default"):
        np.testing.assert_allclose(runner(signature, batch)["photo"], expected, atol=1e-5)


@pytest.mark.large
def test_w_ships_as_well(graphs, tmp_path):
    preset = load_preset(save(tmp_path, "stylegan2"))
    graph = serving_graph(preset, Options(latent="w_plus", truncation=0.5))
    (tmp_path / "x").write_bytes(tflite.convert(graph))
    errors = errors_of(graph, tflite.TFLiteRunner(tmp_path / "x"))
    assert not verify.exceeded(errors, "none"), errors


@pytest.mark.large
def test_published_faces_fit_a_phone(convert, tmp_path):
    """MobileStyleGAN of the package random-face, 1024 px, of which noise is no full-size constant.

    Half weights change single pixels of hair by more than 2e-2, the whole picture hardly.
    """
    try:
        preset = convert(installed("random-face"))
    except UserError as error:
        pytest.skip(str(error))
    graph = serving_graph(preset, Options(latent="w", truncation=0.7))
    made = list(examples(graph, DrawnPictures(), 1))
    for quantize, most in (("none", 33e6), ("fp16", 17e6)):
        data = tflite.convert(graph, quantize)
        assert len(data) <= most, quantize
        errors = verify.compare(graph, made, tflite.TFLiteRunner(data))["generate"]["photo"]
        assert errors["psnr"] > 55, errors
        if quantize == "none":
            assert errors["max_error"] < 1e-3, errors


@pytest.mark.large
@pytest.mark.skipif(gpu_gate.driver() is None, reason=f"no Vulkan driver: {gpu_gate.INSTALL}")
@pytest.mark.parametrize("name", ("student", "classes", "gans_n_roses", "isf_gan"))
def test_the_gpu_takes_all(graphs, files, name):
    assert gate(graphs[name], files[name])["status"] == "passed"


@pytest.mark.skipif(gpu_gate.driver() is None, reason=f"no Vulkan driver: {gpu_gate.INSTALL}")
def test_the_gpu_refuses_by_name(graphs, tmp_path):
    """An index that drops an axis: the operation is named, and the layer that has it."""
    source = graphs["student"].signatures[0]

    def dropped(x):
        with tf.name_scope("odd_layer"):
            return x[:, 3][:, tf.newaxis] + x

    signature = Signature("edit", source.inputs, source.outputs, dropped)
    graph = ServingGraph("odd", "photo_to_photo", (signature,), ())
    (tmp_path / "x").write_bytes(tflite.convert(graph))
    found = gate(graph, tmp_path / "x")
    assert found["status"] == "refused"
    assert [entry["op"] for entry in found["refused"]] == ["STRIDED_SLICE"], found
    assert found["refused"][0]["layers"] == ["odd_layer"], found


def gate(graph, path):
    runner = tflite.TFLiteRunner(path)
    (example,) = examples(graph, DrawnPictures(), 1)
    expected = {name: (inputs, runner(name, inputs)) for name, (inputs, _) in example.items()}
    layers = [(op.name, op.layer) for op in flatbuffer.operations(path.read_bytes())]
    return gpu_gate.check(path, expected, layers)
