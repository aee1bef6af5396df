"""What a TFLite file is made of, read from the file itself."""

import collections
import dataclasses

from export.packages import installed

MAX_RANK = 4  # of tensors on the graphics processors of phones


@dataclasses.dataclass(frozen=True)
class Operation:
    """An operation of a file: its name, the layer it came from, and its tensors.

    Attributes:
        name: such as "CONV_2D", or the name of one that is not built in.
        layer: name of its first output, which starts with the layers' names.
        shapes: of its tensors, inputs first.
        constants: for each of them, the bytes of values that stand in the file, 0 for others.
        builtin: whether every TFLite runtime has it.
    """

    name: str
    layer: str
    shapes: tuple[tuple[int, ...], ...]
    constants: tuple[int, ...]
    builtin: bool


def _read(data):
    schema = installed("ai_edge_litert.schema_py_generated")
    return schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(data, 0))


def _names(kind):
    """{number: name} of an enumeration of the format."""
    schema = installed("ai_edge_litert.schema_py_generated")
    return {v: k for k, v in vars(getattr(schema, kind)).items() if not k.startswith("_")}


def operations(data):
    """`Operation`s of all functions of a file, in order."""
    model, names = _read(data), _names("BuiltinOperator")
    found = []
    for graph in model.subgraphs:
        for operator in graph.operators or ():
            code = model.operatorCodes[operator.opcodeIndex]
            number = max(code.builtinCode, code.deprecatedBuiltinCode)
            custom = code.customCode.decode() if code.customCode else None
            numbers = [n for n in (*operator.inputs, *operator.outputs) if n >= 0]
            tensors = [graph.tensors[n] for n in numbers]
            output = graph.tensors[operator.outputs[0]]
            found.append(
                Operation(
                    custom or names.get(number, str(number)),
                    layer_of(output.name.decode()),
                    tuple(tuple(map(int, _sides(tensor))) for tensor in tensors),
                    tuple(_constant_bytes(model, tensor) for tensor in tensors),
                    custom is None,
                )
            )
    return found


def nodes(data):
    """{layer: names of the first outputs of its operations} of all functions of a file."""
    found = {}
    for graph in _read(data).subgraphs:
        for operator in graph.operators or ():
            name = graph.tensors[operator.outputs[0]].name.decode()
            found.setdefault(layer_of(name), []).append(name)
    return found


def _sides(tensor):
    signature = tensor.shapeSignature
    sides = tensor.shape if signature is None or len(signature) == 0 else signature
    return () if sides is None else sides


def _constant_bytes(model, tensor):
    values = model.buffers[tensor.buffer].data
    return 0 if values is None else len(values)


def layer_of(name):
    """The part of a tensor's name that tells its layer."""
    first = name.split(";")[0]
    parts = [part for part in first.split("/") if "PartitionedCall" not in part]
    return "/".join(parts[:-1]) or first


def audit(data):
    """Plain values: operations by name, largest rank, types of constants, their bytes."""
    model, types = _read(data), _names("TensorType")
    found = operations(data)
    constants = collections.Counter()
    for graph in model.subgraphs:
        for tensor in graph.tensors:
            constants[types[tensor.type].lower()] += _constant_bytes(model, tensor)
    ranks = [len(shape) for op in found for shape in op.shapes]
    return {
        "ops": dict(sorted(collections.Counter(op.name for op in found).items())),
        "largest_rank": max(ranks, default=0),
        "constant_bytes": {kind: size for kind, size in sorted(constants.items()) if size},
    }


def unfit(data):
    """[(name of an operation, layer, reason)] of what phones' accelerators refuse at sight."""
    found = []
    for op in operations(data):
        if not op.builtin:
            found.append((op.name, op.layer, "not a builtin operation"))
        rank = max((len(shape) for shape in op.shapes), default=0)
        if rank > MAX_RANK:
            found.append((op.name, op.layer, f"a tensor of {rank} axes"))
        if any(side < 0 for shape in op.shapes for side in shape):
            found.append((op.name, op.layer, "a shape that is not fixed"))
    return found
