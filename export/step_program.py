"""A trainer's step as a program of StableHLO that JAX compiles for any device.

TensorFlow writes a step as HLO; its parameters are the batch and all variables that the step
reads, its results the logs and the variables' new values. JAX exports a chain of such steps.
"""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import tensorflow as tf
from jax.extend import mlir as stablehlo
from jax.extend.core import Primitive
from jax.extend.mlir import ir
from jax.extend.mlir.dialects import func
from jax.interpreters import mlir

from tfgan_edit.config import UserError

jax.config.update("jax_enable_x64", True)  # steps and positions are int64


@dataclasses.dataclass(frozen=True, eq=False)  # JAX hashes it, as a parameter of a primitive
class StepProgram:
    """A compiled-to-be step of certain phases.

    Attributes:
        module: bytes of StableHLO.
        batch: names of the batch's tensors, the first parameters.
        captured: the other parameters: an index of the state, or an array that never changes.
        logs: names of the first results.
        updated: indices of the state that the other results are.
        results: ((shape, name of the dtype), ...) of all results.
    """

    module: bytes
    batch: tuple
    captured: tuple
    logs: tuple
    updated: tuple
    results: tuple

    def __call__(self, state, batch):
        """One step, traceable by JAX: (new state, {log: scalar})."""
        captured = [state[x] if isinstance(x, int) else jnp.asarray(x) for x in self.captured]
        results = _step.bind(*(batch[name] for name in self.batch), *captured, program=self)
        state, count = list(state), len(self.logs)
        for index, value in zip(self.updated, results[count:], strict=True):
            state[index] = value
        return state, dict(zip(self.logs, results[:count], strict=True))


def state_variables(trainer):
    """All variables that training changes, in an order that building the trainer fixes."""
    moments = [v for optimizer in trainer.optimizers.values() for v in optimizer.variables]
    return list({id(v): v for v in [*trainer.variables, *moments]}.values())


def step_program(trainer, signature, phases):
    """The step of these phases as a `StepProgram`.

    Args:
        trainer: `GANTrainer`, on one replica.
        signature: {name: tf.TensorSpec} of the batch.
        phases: names, as of `phases_at`.

    Raises:
        UserError: the step has an operation that XLA does not know.
    """
    names = []

    def step(*batch):
        trainer.active_phases = phases
        logs = trainer.train_step(dict(zip(signature, batch, strict=True)))
        names[:] = logs
        return list(logs.values())

    function = tf.function(step, jit_compile=True, autograph=False)
    concrete = function.get_concrete_function(*signature.values())
    try:
        write = function.experimental_get_compiler_ir(*signature.values())
        hlo = write(stage="hlo_serialized", platform_name="CPU")
    except ValueError as error:
        line = next((x for x in str(error).splitlines() if "unsupported" in x), str(error))
        raise UserError(f"XLA cannot compile this recipe's step: {line:.300}") from error
    places = {id(v.value.handle): i for i, v in enumerate(state_variables(trainer))}
    frozen = {id(v.handle): v for v in concrete.variables}
    captured = [
        (places[id(x)] if id(x) in places else frozen[id(x)].numpy())
        if x.dtype == tf.resource
        else x.numpy()
        for x in concrete.captured_inputs
    ]
    updated = [captured[i] for i in _assigned(concrete)]
    return StepProgram(
        module=stablehlo.hlo_to_stablehlo(hlo),
        batch=tuple(signature),
        captured=tuple(captured),
        logs=tuple(names),
        updated=tuple(updated),
        results=_results(concrete, state_variables(trainer), updated),
    )


def _assigned(concrete):
    """Numbers of the captured variables that a function assigns, ascending: XLA's order."""
    number = {id(x): i for i, x in enumerate(concrete.graph.internal_captures)}
    return sorted(
        {
            number[id(x)]
            for op in concrete.graph.get_operations()
            if op.type.startswith(("Assign", "ResourceApply"))
            for x in op.inputs
            if x.dtype == tf.resource
        }
    )


def _results(concrete, variables, updated):
    logs = [(tuple(x.shape), x.dtype.name) for x in concrete.outputs]
    return (*logs, *((tuple(variables[i].shape), variables[i].dtype) for i in updated))


# === JAX ===

_step = Primitive("tensorflow_step")
_step.multiple_results = True


@_step.def_abstract_eval
def _(*args, program):
    return [jax.core.ShapedArray(shape, np.dtype(dtype)) for shape, dtype in program.results]


def _lower(context, *args, program):
    module = ir.Module.parse(program.module)
    _drop_copies(module)
    here = context.module_context
    name = mlir.merge_mlir_modules(here.module, "step", module, dst_symtab=here.symbol_table)
    types = [mlir.aval_to_ir_type(here, aval) for aval in context.avals_out]
    return func.CallOp(types, ir.FlatSymbolRefAttr.get(name), list(args)).results


mlir.register_lowering(_step, _lower)


def _drop_copies(module):
    """HLO's copies are no operation of StableHLO, and mean nothing there."""
    copies = []

    def visit(op):
        if op.operation.name == "mhlo.copy":
            copies.append(op.operation)
        return ir.WalkResult.ADVANCE

    module.operation.walk(visit)
    for op in copies:
        op.results[0].replace_all_uses_with(op.operands[0])
        op.erase()
