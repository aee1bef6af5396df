"""Files made to attack their reader: refused in one line, nothing run, memory bounded."""

import io
import json
import struct
import sys
import tracemalloc
import zipfile

import numpy as np
import pytest

from tests.checkpoints import official_files as files
from tests.checkpoints.pickle_writer import Call, Name, Persistent, Raw, dumps, encode
from tfgan_edit.checkpoints.conversion import convert_network, find_networks
from tfgan_edit.checkpoints.files import read_checkpoint
from tfgan_edit.config import UserError

ORDERED_DICT = Call(Name("collections", "OrderedDict"))
FLOATS = Name("torch", "FloatStorage")
REBUILD = Name("torch._utils", "_rebuild_tensor_v2")
LOAD = Name("torch.storage", "_load_from_bytes")
NETWORK = Name("dnnlib.tflib.network", "Network")
MEMORY = 200e6  # bytes that Python may have allocated on the way to a refusal


@pytest.fixture
def refused(tmp_path):
    """refused(bytes): the file is refused by reader or converter, and leaves no trace."""

    def refused(data):
        path = tmp_path / "file"
        path.write_bytes(data)
        modules = set(sys.modules)
        with pytest.raises(UserError) as error:
            checkpoint = read_checkpoint(path)
            for found in find_networks(checkpoint):
                convert_network(found, checkpoint, len(data))
        message = str(error.value)
        assert "\n" not in message and len(message) < 600, message
        assert [p.name for p in tmp_path.iterdir()] == ["file"]
        assert set(sys.modules) == modules
        return message

    return refused


# === Names that must not be resolved ===

NAMES = (
    *("os.system", "posix.system", "nt.system", "os.popen", "os.execv", "os.remove"),
    *("subprocess.Popen", "subprocess.check_output", "subprocess.run", "pty.spawn"),
    *("builtins.eval", "builtins.exec", "builtins.compile", "builtins.open", "builtins.getattr"),
    *("builtins.__import__", "builtins.globals", "builtins.print", "builtins.breakpoint"),
    *("builtins.bytearray", "builtins.type", "builtins.object", "__builtin__.eval"),
    *("importlib.import_module", "runpy.run_path", "pickle.loads", "_pickle.loads"),
    *("marshal.loads", "types.FunctionType", "types.CodeType", "functools.partial"),
    *("operator.attrgetter", "operator.methodcaller", "ctypes.CDLL", "shutil.rmtree"),
    *("socket.create_connection", "urllib.request.urlopen", "webbrowser.open", "this.s"),
    *("antigravity.geohash", "code.interact", "timeit.timeit", "cProfile.run", "pdb.run"),
    *("torch.load", "torch.hub.load", "torch.jit.load", "numpy.load", "numpy.fromfile"),
    *("numpy.core.multiarray.fromfile", "keras.saving.load_model", "tensorflow.io.write_file"),
    *("collections.OrderedDict.__init__.__globals__", "numpy.dtype.__reduce__"),
    *("dnnlib.tflib.network.Network.__setstate__", "torch.FloatStorage.from_file"),
    *("torch_utils.persistence.persistent_class", "tfgan_edit.preset.load_preset"),
)


def split(name):
    module, _, attribute = name.rpartition(".")
    return Name(module, attribute)


def stack_global(name):
    return Raw(encode(name.module) + encode(name.name) + b"\x93")


PAYLOAD = ("touch canary",)
FORMS = {  # how a pickle calls what it names
    "reduce": lambda name: dumps(Call(name, PAYLOAD)),
    "stack_global": lambda name: dumps(Call(stack_global(name), PAYLOAD), protocol=4),
    "newobj": lambda name: dumps(Call(name, PAYLOAD, new=True)),
    "newobj_ex": lambda name: dumps(
        Raw(encode(name) + encode(PAYLOAD) + encode({}) + b"\x92"), protocol=4
    ),
    "inst": lambda name: dumps(
        Raw(b"(" + encode(PAYLOAD[0]) + b"i" + f"{name.module}\n{name.name}\n".encode())
    ),
    "obj": lambda name: dumps(Raw(b"(" + encode(name) + encode(PAYLOAD[0]) + b"o")),
    "build": lambda name: dumps(
        Call(Name("collections", "OrderedDict"), (), {"__setstate__": Call(name, PAYLOAD)})
    ),
    "only_named": lambda name: dumps({"weight": name}),
    "in_a_zip": lambda name: files.zipped({"archive/data.pkl": dumps(Call(name, PAYLOAD))}),
    "in_a_stream": lambda name: files.torch_stream(Call(name, PAYLOAD), files.TorchWriter()),
    "in_a_storage": lambda name: dumps(
        Call(LOAD, (files.torch_stream(Call(name, PAYLOAD), files.TorchWriter()),))
    ),
    "as_storage_class": lambda name: files.zipped(
        {"archive/data.pkl": dumps(Persistent(("storage", name, "0", "cpu", 1)))}
    ),
    "in_a_network": lambda name: dumps(Call(NETWORK, (), {"version": Call(name, PAYLOAD)}, True)),
}
# Every name in the plainest form, and a few in every form.
GADGETS = [
    *(("reduce", name) for name in NAMES),
    *(("stack_global", name) for name in NAMES),
    *(("in_a_zip", name) for name in NAMES),
    *((form, name) for form in FORMS for name in ("os.system", "builtins.getattr", "torch.load")),
]


@pytest.mark.parametrize("form, name", GADGETS)
def test_names(refused, form, name):
    message = refused(FORMS[form](split(name)))
    assert name in message or "instruction" in message


def test_a_chain_of_getattr(refused):
    module = Call(split("builtins.__import__"), ("os",))
    system = Call(split("builtins.getattr"), (module, "system"))
    assert "builtins.getattr" in refused(dumps(Call(system, PAYLOAD)))


def test_a_result_is_not_called(refused):
    assert "calls a dict" in refused(dumps(Call(ORDERED_DICT, PAYLOAD)))
    assert "calls a str" in refused(dumps(Call("os.system", PAYLOAD)))
    assert "only a name" in refused(dumps(Call(FLOATS, PAYLOAD)))


def test_embedded_source_is_not_run(tmp_path):
    """The official layout, whose source the original code executes; here it is text."""
    path = tmp_path / "file"
    path.write_bytes(files.ada_pickle({"G": ({"b4.out.weight": np.ones((1, 3), "f4")}, {})}))
    assert b"raise SystemExit" in path.read_bytes()
    (state,) = read_checkpoint(path).states
    assert list(state.arrays) == ["b4.out.weight"]


# === Allowed names with hostile arguments, and hostile structure ===


def tensor(shape=(2,), strides=(1,), offset=0, count=4, storage=None):
    storage = storage or Persistent(("storage", FLOATS, "0", "cpu", count))
    return Call(REBUILD, (storage, offset, shape, strides, False, ORDERED_DICT))


def archive(value, data=b"\0" * 16, **members):
    members = {"data.pkl": dumps(value), "data/0": data, **members}
    return files.zipped({f"archive/{name}": content for name, content in members.items()})


def array(dtype="f4", shape=(2,), data=b"\0" * 8, order="<"):
    dtype = Call(Name("numpy", "dtype"), (dtype, False, True), (3, order, None, None, None, -1, -1))
    shell = (Name("numpy", "ndarray"), (0,), b"b")
    return Call(
        Name("numpy.core.multiarray", "_reconstruct"), shell, (1, shape, dtype, False, data)
    )


def raw(code):
    return b"\x80\x02" + code + b"."


def memoized_bomb(target, value, count=200_000):
    """Calls `target` on the same argument again and again, in a list."""
    first = encode(target) + encode(value) + b"q\x00" + b"\x85R"
    again = encode(target) + b"h\x00\x85R"
    return raw(b"](" + first + again * count + b"e")


def laughs(levels=40):
    code = b"]q\x00(" + encode("ha") + b"e"
    for level in range(1, levels):
        code += b"](" + b"h" + bytes([level - 1]) + (b"h" + bytes([level - 1])) * 9 + b"eq"
        code += bytes([level])
    return raw(code)


STRUCTURES = {
    "deep lists": (lambda: raw(b"]" * 100_000 + b"a" * 99_999), "nests values deeper"),
    "a list in itself": (lambda: raw(b"]q\x00h\x00a"), "nests values deeper"),
    "a billion laughs": (laughs, "nests values deeper or more often"),
    "two million lists": (lambda: raw(b"](" + b"]" * 2_000_000 + b"e"), "instructions"),
    "sets of one list": (
        lambda: memoized_bomb(Name("builtins", "set"), [1] * 1000),
        "instructions|text and lists",
    ),
    "texts of one text": (
        lambda: memoized_bomb(Name("_codecs", "encode"), "x" * 100_000, 10_000),
        "text and lists",
    ),
    "a far memo index": (lambda: raw(b"Nr\xff\xff\xff\xffj\xff\xff\xff\x7f"), "damaged"),
    "8 EiB of bytes": (lambda: raw(b"\x8e" + b"\xff" * 7 + b"\x7f"), "too early"),
    "8 EiB of text": (lambda: raw(b"\x8d" + b"\xff" * 7 + b"\x7f"), "text and lists|too early"),
    "4 GiB of text": (lambda: raw(b"X\xff\xff\xff\xff"), "text and lists|too early"),
    "a long integer": (lambda: raw(b"\x8b\xff\xff\xff\x7f"), "an integer of"),
    "an extension code": (lambda: raw(b"\x82\x01"), "instruction"),
    "a text persistent id": (lambda: raw(b"P1\n"), "instruction"),
    "an out-of-band buffer": (lambda: raw(b"\x97"), "instruction"),
    "protocol 0": (lambda: b"\x80\x00N.", "protocol 0"),
    "protocol 200": (lambda: b"\x80\xc8N.", "protocol 200"),
    "nothing to pop": (lambda: raw(b"00"), "damaged"),
    "no mark": (lambda: raw(b"Nt"), "damaged"),
    "a mark as a value": (lambda: raw(b"(\x85"), "value is missing"),
    "items of a list": (lambda: raw(b"](NNu"), "sets items of a list"),
    "appends to a dict": (lambda: raw(b"}Na"), "appends to a dict"),
    "adds to a list": (lambda: raw(b"](N\x90"), "adds to a list"),
    "attributes of a text": (lambda: raw(encode("x") + b"}b"), "sets attributes of a str"),
    "a list as a key": (lambda: raw(b"}]Ns"), "key or set item of type list"),
    "a number as a key": (lambda: dumps({1.5: 0}), "key or set item of type float"),
    "colliding keys": (
        lambda: dumps({(2**61 - 1) * i: 0 for i in range(1, 99)}),
        "key or set item of type int",
    ),
    "a persistent id in a plain pickle": (
        lambda: dumps(Persistent(("storage", FLOATS, "0", "cpu", 1))),
        "data outside of it",
    ),
    "text encoded otherwise": (
        lambda: dumps(Call(Name("_codecs", "encode"), ("x", "rot13"))),
        "encodes text as 'rot13'",
    ),
    "a persistent object of no class": (
        lambda: dumps(Call(Name("torch_utils.persistence", "_reconstruct_persistent_obj"), (3,))),
        "unknown form",
    ),
    "a network of version 99": (
        lambda: dumps(Call(NETWORK, (), {"version": 99}, True)),
        "version 99",
    ),
    "variables that are no list": (
        lambda: dumps(Call(NETWORK, (), {"version": 4, "variables": 5}, True)),
        "damaged",
    ),
    # Tensors
    "a tensor beyond its storage": (lambda: archive(tensor((5,))), "reads outside"),
    "a stride beyond": (lambda: archive(tensor((2,), (4,))), "reads outside"),
    "an offset beyond": (lambda: archive(tensor((1,), (1,), offset=4)), "reads outside"),
    "an empty one far beyond": (lambda: archive(tensor((0,), (1,), offset=9)), "reads outside"),
    "a negative offset": (lambda: archive(tensor(offset=-1)), "no array's"),
    "a negative stride": (lambda: archive(tensor((2,), (-1,), offset=3)), "no array's"),
    "a negative size": (lambda: archive(tensor((-1,))), "no array's"),
    "2^62 elements": (lambda: archive(tensor((2**62,))), "no array's"),
    "sizes that overflow": (lambda: archive(tensor((2**40, 2**40), (0, 0))), "repeats a storage"),
    "a large repetition": (lambda: archive(tensor((2**30,), (0,))), "repeats a storage"),
    "a boolean as size": (lambda: archive(tensor((True,))), "no array's"),
    "a float as size": (lambda: archive(tensor((1.5,))), "no array's"),
    "40 axes": (lambda: archive(tensor((1,) * 40, (1,) * 40)), "shape"),
    "fewer strides than axes": (lambda: archive(tensor((1, 1))), "strides"),
    "a tensor of no storage": (lambda: archive(tensor(storage=[1])), "without a storage"),
    "a storage that is missing": (
        lambda: archive(tensor(storage=Persistent(("storage", FLOATS, "9", "cpu", 4)))),
        "'9' is missing",
    ),
    "a storage with a path as key": (
        lambda: archive(tensor(storage=Persistent(("storage", FLOATS, "../0", "cpu", 4)))),
        "'../0' is missing",
    ),
    "a short storage": (lambda: archive(tensor(count=5)), "16 bytes instead of 20"),
    "a storage of 2^60": (lambda: archive(tensor(count=2**60)), "elements"),
    "a storage declared twice": (
        lambda: archive([tensor(count=4), tensor(count=2)]),
        "declared twice",
    ),
    "a storage of no class": (
        lambda: archive(Persistent(("storage", "torch.FloatStorage", "0", "cpu", 4))),
        "outside of it",
    ),
    "a persistent module": (
        lambda: archive(Persistent(("module", FLOATS, "file", "import os"))),
        "outside of it",
    ),
    "a stream in a stream in a stream": (
        lambda: dumps(
            Call(LOAD, (files.torch_stream(Call(LOAD, (b"",)), files.TorchWriter()),))
        ),
        "torch.storage._load_from_bytes",
    ),
    "a big-endian stream": (
        lambda: dumps(files.MAGIC) + dumps(1001) + dumps({"little_endian": False}),
        "big-endian",
    ),
    "a big-endian archive": (lambda: archive(tensor(), byteorder=b"big"), "big-endian"),
    # NumPy
    "an array of objects": (lambda: dumps(array("O8")), "dtype 'O8'"),
    "an array of objects as bytes": (lambda: dumps(array("V8")), "dtype 'V8'"),
    "a structured array": (lambda: dumps(array([("a", "f4")])), "dtype"),
    "a huge text dtype": (lambda: dumps(array("U999999999")), "dtype"),
    "fewer bytes than elements": (lambda: dumps(array(shape=(2**40,))), "8 are stored"),
    "more bytes than elements": (lambda: dumps(array(shape=(1,))), "8 are stored"),
    "a negative axis": (lambda: dumps(array(shape=(-2,))), "shape"),
    "an array made from a list": (lambda: dumps(array(data=[0])), "made from a list"),
    "an unknown byte order": (lambda: dumps(array(order="x")), "byte order"),
    "a scalar of objects": (
        lambda: dumps(Call(Name("numpy.core.multiarray", "scalar"), (FLOATS, b"1234"))),
        "without a dtype",
    ),
}


def measured(refused, data):
    """(message, bytes that Python allocated at most on the way to it)."""
    tracemalloc.start()
    try:
        return refused(data), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("case", STRUCTURES)
def test_structures(refused, case):
    make, message = STRUCTURES[case]
    said, peak = measured(refused, make())
    assert any(part in said for part in message.split("|")), said
    assert peak < MEMORY


# === Archives ===


def renamed(data, old, new):
    """Names are written twice, in the member's own header and in the directory."""
    assert len(old) == len(new) and data.count(old) == 2
    return data.replace(old, new)


def bomb(name, size):
    """An archive with a member that inflates to `size` zeros, thousandfold."""
    return files.zipped({name: b"\0" * size}, zipfile.ZIP_DEFLATED)


def directory_field(data, offset, format, value, at=None):
    """Changes a field of the last directory entry, or of the record at `at`."""
    start = data.rfind(b"PK\x01\x02" if at is None else at) + offset
    size = struct.calcsize(format)
    return data[:start] + struct.pack(format, value) + data[start + size :]


def npy(header):
    text = header.encode().ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text


GOOD = archive(tensor())
ARCHIVES = {
    "up and out": (lambda: renamed(GOOD, b"archive/data/0", b"archi/../../.."), "points outside"),
    "absolute": (lambda: renamed(GOOD, b"archive/data/0", b"/rchive/data/0"), "points outside"),
    "backslashes": (lambda: renamed(GOOD, b"archive/data/0", b"..\\\\ive/data/0"), "outside"),
    "a drive": (lambda: renamed(GOOD, b"archive/data/0", b"C:chive/data/0"), "points outside"),
    "two of a name": (
        lambda: renamed(archive(tensor(), **{"data/1": b""}), b"archive/data/1", b"archive/data/0"),
        "two members",
    ),
    "an encrypted member": (lambda: directory_field(GOOD, 8, "<H", 1), "encrypted"),
    "a member packed by bzip2": (lambda: directory_field(GOOD, 10, "<H", 12), "method=12"),
    "a wrong checksum": (lambda: directory_field(GOOD, 16, "<I", 1), "checksum"),
    "a wrong size": (lambda: directory_field(GOOD, 24, "<I", 99), "two sizes"),
    "a member beyond the file": (lambda: directory_field(GOOD, 42, "<I", 2**31), "damaged|cut"),
    "a directory beyond the file": (
        lambda: directory_field(GOOD, 16, "<I", 2**31, at=b"PK\x05\x06"),
        "damaged",
    ),
    "a directory of 65,535": (
        lambda: directory_field(GOOD, 10, "<H", 65_534, at=b"PK\x05\x06"),
        "damaged|cut off",
    ),
    "cut off": (lambda: GOOD[: len(GOOD) // 2], "truncated"),
    "empty": (lambda: files.zipped({}), "without a checkpoint"),
    "an archive in an archive": (lambda: files.zipped({"model.zip": GOOD}), "without a checkpoint"),
    "documents": (lambda: files.zipped({"word/document.xml": b"<xml/>"}), "without a checkpoint"),
    "a program": (
        lambda: files.zipped({"m/data.pkl": b"", "m/constants.pkl": b"", "m/code/a.py": b""}),
        "TorchScript program",
    ),
    "a pickle that inflates": (
        lambda: directory_field(bomb("archive/data.pkl", 10**6), 24, "<I", 10**9),
        "would inflate to 1,000,000,000",
    ),
    "an array that inflates": (lambda: bomb("array.npy", 3 * 10**8), "would inflate to 300,000"),
    "a lie about the inflated size": (
        lambda: directory_field(bomb("array.npy", 3 * 10**8), 24, "<I", 10),
        "checksum|damaged",
    ),
    "an array of objects": (
        lambda: npz_of(np.array([{}], object)),
        "dtype object|allow_pickle|damaged",
    ),
    "an array of 2^60": (
        lambda: npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2**60,), }"),
        "damaged",
    ),
    "an array of 10^18": (
        lambda: npy(f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({10**18},), }}"),
        "0 are stored",
    ),
    "code in a header": (lambda: npy("__import__('os').system('touch canary')"), "damaged"),
}


def npz_of(value):
    file = io.BytesIO()
    np.savez(file, value=value)
    return file.getvalue()


@pytest.mark.parametrize("case", ARCHIVES)
def test_archives(refused, case):
    make, message = ARCHIVES[case]
    said, peak = measured(refused, make())
    assert any(part in said for part in message.split("|")), said
    assert peak < MEMORY


def safetensors(header, data=b"\0" * 8):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def entry(shape=(2,), offsets=(0, 8), dtype="F32"):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets)}


@pytest.mark.parametrize(
    "data, message",
    [
        (struct.pack("<Q", 10**7) + b"{}", "truncated"),
        (safetensors(b"{" * 100_000), "damaged"),
        (safetensors(b'{"a":' * 50_000 + b"1" + b"}" * 50_000), "damaged"),
        (safetensors({"a": entry(offsets=(0, 80))}), "lies outside"),
        (safetensors({"a": entry(offsets=(8, 0))}), "lies outside"),
        (safetensors({"a": entry(offsets=(-8, 0))}), "lies outside"),
        (safetensors({"a": entry(), "b": entry()}), "overlap"),
        (safetensors({"a": entry(shape=(2**40,))}), "8 are stored"),
        (safetensors({"a": entry(shape=(-2,))}), "shape"),
        (safetensors({"a": entry(dtype="O")}), "is damaged"),
        (safetensors({"a": 5}), "is damaged"),
        (safetensors({"__metadata__": 5}), "no dictionary"),
        (safetensors({"__metadata__": {"meta": "{"}, "a": entry()}), "meta is not JSON"),
    ],
)
def test_safetensors(refused, data, message):
    assert message in refused(data)


# === Arrays that would build a network far larger than the file ===


def generator(levels=(4, 8), width=2, **changed):
    arrays = {"synthesis.b4.const": np.ones((width, 4, 4), "f4")}
    for level in levels:
        prefix = f"synthesis.b{level}"
        arrays[f"{prefix}.conv1.weight"] = np.ones((width, width, 3, 3), "f4")
        arrays[f"{prefix}.torgb.weight"] = np.ones((3, width, 1, 1), "f4")
        arrays[f"{prefix}.conv1.affine.weight"] = np.ones((width, 4), "f4")
    arrays["mapping.fc0.weight"] = np.ones((4, 4), "f4")
    return arrays | {name.replace("__", "."): value for name, value in changed.items()}


@pytest.mark.parametrize(
    "arrays, message",
    [
        (generator(levels=[4 * 2**i for i in range(20)]), "its levels are"),
        (generator(levels=(4, 16)), "its levels are"),
        (generator(levels=(4,)), "its levels are"),
        (generator(synthesis__b8__conv1__weight=np.ones((9**7, 0, 3, 3), "f4")), "do not fit"),
        (generator(mapping__fc0__weight=np.ones((10**6, 0), "f4")), "cannot be built|do not fit"),
        (generator(width=0), "cannot be built"),
        (generator(synthesis__b4__const=np.ones((2, 4, 0), "f4")), "cannot be built"),
        (generator(synthesis__b4__const=np.ones((2, 4), "f4")), "axes are expected"),
        (generator(), "missing"),
    ],
)
def test_sizes(refused, arrays, message):
    said = refused(files.npz(arrays))
    assert any(part in said for part in message.split("|")), said
