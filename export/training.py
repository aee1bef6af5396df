"""Writes a recipe's training as XLA programs, for a machine where TensorFlow has no build.

A GPU with the newest CUDA or a TPU that JAX supports runs them; what comes back is a run folder
like any other, which `train` goes on with.

  pip install -e ".[xla]"
  python -m export.training --config configs/stylegan2_avatars_64.py:device=gpu --out elsewhere
  python3 elsewhere/run.py --minutes 6          # there: Python with NumPy and JAX
  python -m export.training --collect elsewhere --workdir runs/stylegan2_avatars_64_gpu

The programs do the steps that `train` would do, on the same photos in the same order.
"""

import functools
import itertools
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import tensorflow as tf
import tqdm
from absl import flags

from export import run_steps
from export.packages import installed
from tfgan_edit.config import UserError, load_recipe, override, run_verb
from tfgan_edit.data.latents import LatentData
from tfgan_edit.data.pairs import Pairs
from tfgan_edit.data.pipeline import permuted
from tfgan_edit.data.records import Records
from tfgan_edit.data.unpaired import Unpaired
from tfgan_edit.run import Run, tiny
from tfgan_edit.storage import atomic_folder, read_json, write_json

PLATFORMS = ("cuda", "rocm", "tpu", "cpu")
LONGEST_CYCLE = 64  # steps after which the phases must come again
STEPS_AT_ONCE = 16  # that a short cycle is repeated to, as each start of a program takes a while
ROWS_AT_ONCE = 1_000_000


def define_flags(f):
    text = functools.partial(flags.DEFINE_string, flag_values=f)
    text("config", None, "Recipe, a Python file.")
    flags.DEFINE_multi_string("set", [], "key=value, overrides the recipe.", flag_values=f)
    flags.DEFINE_bool("tiny", False, "Shrink the recipe to two steps.", flag_values=f)
    text("out", None, "Folder to write.")
    text("workdir", None, "Run folder: where to go on from, and with --collect where to.")
    flags.DEFINE_enum("platform", "cuda", PLATFORMS, "Of the other machine.", flag_values=f)
    text("collect", None, "Folder that was written, with the `result` that came back.")


def main(f):
    installed("jax", extra="xla")
    if f.collect:
        collect(f.collect, f.workdir)
        return
    for flag in ("config", "out"):
        if not f[flag].value:
            raise UserError(f"--{flag} is missing; see --help for an example")
    recipe = {"config": f.config, "set": f.set, "tiny": f.tiny}
    write(recipe, f.out, workdir=f.workdir, platform=f.platform)
    print(
        f"wrote {f.out}. On the other machine: python3 {f.out}/run.py\n"
        f"then here: python -m export.training --collect {f.out} --workdir "
        f"{f.workdir or f'runs/{load_config(recipe).name}'}"
    )


def load_config(recipe):
    """The `RunConfig` that the flags {"config", "set", "tiny"} mean."""
    config = load_recipe(recipe["config"])
    return override(tiny(config) if recipe["tiny"] else config, recipe["set"])


def write(recipe, out, *, workdir=None, platform="cuda"):
    """Writes the folder that another machine trains with.

    Args:
        recipe: as of `load_config`; on one replica.
        out: folder to make: programs, `state.npz`, `data/`, `rows/`, `facts.json`, `run.py`.
        workdir: run folder to go on from; None or a new one begins as the recipe says.
        platform: of `PLATFORMS`.

    Raises:
        UserError: data without photos in memory, phases without a cycle, steps of stages, an
            operation that XLA does not know, or a folder that exists.
    """
    import jax

    from export.step_program import state_variables, step_program

    config = load_config(recipe)
    run = Run(config, workdir)
    trainer = run.trainer
    if len(run.schedule.stages) > 1 or run.strategy.num_replicas_in_sync > 1:
        raise UserError("export.training writes steps of one stage and one replica only")
    run.restore()
    first = trainer.current_step()
    trainer.enter(first)
    cycle = repeating_phases(trainer, first, run.total_steps)
    cycles = (run.total_steps - first) // len(cycle)
    if not cycles:
        raise UserError(
            f"total_kimg={config.total_kimg:g} is reached before the next {len(cycle)} steps, "
            "the least that can be written: raise it"
        )
    steps = cycles * len(cycle)
    cycle *= next(n for n in range(max(1, STEPS_AT_ONCE // len(cycle)), 0, -1) if cycles % n == 0)
    columns = _columns(run.data, config)
    data = {c.data: c.array for c in columns.values() if c.data is not None}
    signature = {name: column.spec for name, column in columns.items()}
    programs = {
        phases: step_program(trainer, signature, phases)
        for phases in tqdm.tqdm(dict.fromkeys(cycle), desc="steps to HLO", unit="program")
    }
    state = [np.asarray(v.value) for v in state_variables(trainer)]
    shapes = functools.partial(jax.tree.map, lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype))
    names = {name: column.data for name, column in columns.items()}
    chains = [(phases, len(list(same))) for phases, same in itertools.groupby(cycle)]
    files = {chain: f"steps{i}.bin" for i, chain in enumerate(dict.fromkeys(chains))}
    with atomic_folder(out) as partial:
        for (phases, length), file in files.items():
            rows = {
                name: jax.ShapeDtypeStruct((length, column.size), np.int32)
                for name, column in columns.items()
            }
            chain = jax.jit(_chain(programs[phases], names))
            exported = jax.export.export(chain, platforms=[platform])
            (partial / file).write_bytes(exported(shapes(state), shapes(data), rows).serialize())
        run_steps.write_arrays(partial / "state.npz", state)
        (partial / "data").mkdir()
        for name, array in data.items():
            np.save(partial / "data" / f"{name}.npy", array)
        (partial / "rows").mkdir()
        for name, column in columns.items():
            rows = column.order(first * column.size, steps, column.size)
            np.save(partial / "rows" / f"{name}.npy", rows)
        write_json(
            partial / "facts.json",
            {
                "recipe": recipe,
                "batch": list(columns),
                "data": list(data),
                "batch_size": config.batch_size,
                "cycle": [[files[chain], chain[1]] for chain in chains],
                "first_step": first,
            },
        )
        shutil.copyfile(run_steps.__file__, partial / "run.py")


def collect(folder, workdir):
    """Makes what came back a state, pictures and a preset of a run folder.

    Raises:
        UserError: nothing came back, or it belongs to another recipe.
    """
    from export.step_program import state_variables

    folder = Path(folder)
    result = folder / "result"
    if not (result / "report.json").exists():
        raise UserError(f"{result} is missing: copy it here from the machine that ran run.py")
    report, facts = read_json(result / "report.json"), read_json(folder / "facts.json")
    config = load_config(facts["recipe"])
    run = Run(config, workdir or f"runs/{config.name}")
    before = run.restore()
    if run.trainer.current_step() != facts["first_step"]:
        raise UserError(
            f"{run.workdir} stands at step {run.trainer.current_step():,}, the programs began at "
            f"{facts['first_step']:,}: choose another --workdir"
        )
    values = run_steps.read_arrays(result / "state.npz")
    variables = state_variables(run.trainer)
    if [v.shape for v in variables] != [x.shape for x in values]:
        raise UserError(f"{result} is of another recipe than {facts['recipe']['config']} is now")
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
    seconds = before + report["seconds"]
    run.adopt(seconds, report["logs"][-1], f"1 × {report['device']}, steps as XLA programs")


def repeating_phases(trainer, first, end):
    """Phases of the steps after which all comes again, from the first step to the end."""
    phases = [trainer.phases_at(first + i) for i in range(3 * LONGEST_CYCLE)]

    def holds(length):
        """Number of steps that come again like the first `length`."""
        pairs = enumerate(phases)
        return next((i for i, now in pairs if now != phases[i % length]), len(phases))

    cycle = phases[: max(range(1, LONGEST_CYCLE + 1), key=holds)]  # the shortest of the best
    for step in range(first, end):
        if trainer.phases_at(step) != cycle[(step - first) % len(cycle)]:
            raise UserError(
                f"this recipe has other phases from step {step:,} on, and only steps that repeat "
                "are written: choose a total_kimg that ends there, and write again from then on"
            )
    return cycle


def _chain(program, names):
    """Function of (state, data, rows {name: [length, n]}): the steps one after another.

    Args:
        program: `StepProgram`.
        names: {name in a batch: name of its data, or None for the numbers of rows themselves}.
    """
    import jax
    import jax.numpy as jnp

    def chain(state, data, rows):
        def step(state, rows):
            batch = {
                name: numbers if names[name] is None else jnp.take(data[names[name]], numbers, 0)
                for name, numbers in rows.items()
            }
            return program(state, batch)

        return jax.lax.scan(step, state, rows)

    return chain


# === Data ===


class Column(NamedTuple):
    """A tensor of the batch.

    Attributes:
        data: name of the array, which columns may share; None if the batch is the numbers of rows.
        array: all rows, or None.
        size: rows a step.
        order: function of (first position, steps, size) -> int32 [steps, size], the rows that
            `train` reads.
    """

    data: str | None
    array: np.ndarray | None
    size: int
    order: Callable

    @property
    def spec(self):
        """Shape and dtype of the tensor."""
        if self.array is None:
            return tf.TensorSpec((self.size,), tf.int32)
        return tf.TensorSpec((self.size, *self.array.shape[1:]), self.array.dtype)


def _columns(data, config):
    """{name in a batch: `Column`} of photos, pairs, two domains or latents."""
    reading, seed, size = config.data.reading, config.seed, config.batch_size
    subset = reading.get("subset")
    if reading.get("mirror"):
        raise UserError("data.mirror: mirrored photos are not written; use --set data.mirror=false")
    if isinstance(data, Unpaired):
        columns = {}
        for i, (domain, records) in enumerate((("a", data.a), ("b", data.b))):
            array = records[:]
            for j, (part, count) in enumerate((("photos", size), ("face", 1))):
                order = functools.partial(_order, records, seed + 2 * i + j, subset)
                columns[f"{part}_{domain}"] = Column(domain, array, count, order)
        return columns
    if isinstance(data, LatentData) and data.latents is None:
        return {"positions": Column(None, None, size, _positions)}
    order = functools.partial(_order, data, seed, subset)
    if isinstance(data, LatentData):
        partners = functools.partial(_order, data, seed ^ 1, subset)
        columns = {"partners": Column("latents", data.latents, size, partners)}
        arrays = {"latents": data.latents}
        if data.labels is not None:
            arrays["labels"] = data.labels
        return columns | {name: Column(name, x, size, order) for name, x in arrays.items()}
    if isinstance(data, Records):
        arrays = {"photos": data[:]}
        if data.labels is not None:
            arrays["labels"] = data.labels
    elif isinstance(data, Pairs):
        arrays = {name: records[:] for name, records in data.columns.items()}
    else:
        raise UserError(
            f"export.training knows no {type(data).__name__}, only photos, pairs and latents"
        )
    return {name: Column(name, array, size, order) for name, array in arrays.items()}


def _positions(first, steps, size):
    return np.arange(first, first + steps * size, dtype=np.int32).reshape(steps, size)


def _order(records, seed, subset, first, steps, size):
    num = subset or records.num
    parts = []
    for begin in range(0, steps * size, ROWS_AT_ONCE):
        end = min(begin + ROWS_AT_ONCE, steps * size)
        positions = tf.range(first + begin, first + end, dtype=tf.int64)
        parts.append(permuted(positions, num, seed).numpy().astype(np.int32))
    rows = np.concatenate(parts).reshape(steps, size)
    return rows if subset is None else records.subset_indices(subset)[rows].astype(np.int32)


if __name__ == "__main__":
    run_verb(main, define_flags)
