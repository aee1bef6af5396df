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
from pathlib import Path

import numpy as np
import tensorflow as tf
import tqdm
from absl import flags

from export import run_steps
from export.packages import installed
from tfgan_edit.config import UserError, load_recipe, override, run_verb
from tfgan_edit.data.pairs import Pairs
from tfgan_edit.data.pipeline import permuted
from tfgan_edit.data.records import Records
from tfgan_edit.data.unpaired import Unpaired
from tfgan_edit.run import Run, tiny
from tfgan_edit.storage import atomic_folder, read_json, write_json

PLATFORMS = ("cuda", "rocm", "tpu", "cpu")
LONGEST_CYCLE = 64  # steps after which the phases must come again
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
    config = load_recipe(f.config)
    config = override(tiny(config) if f.tiny else config, f.set)
    write(config, f.out, workdir=f.workdir, platform=f.platform)
    origin = [f"--config={f.config}", *(f"--set={x}" for x in f.set)]
    write_json(Path(f.out) / "recipe.json", [*origin, *(["--tiny"] if f.tiny else [])])
    print(
        f"wrote {f.out}. On the other machine: python3 {f.out}/run.py\n"
        f"then here: python -m export.training --collect {f.out} --workdir "
        f"{f.workdir or f'runs/{config.name}'}"
    )


def write(config, out, *, workdir=None, platform="cuda"):
    """Writes the folder that another machine trains with.

    Args:
        config: `RunConfig`, on one replica.
        out: folder to make: programs, `state.npz`, `data/`, `rows/`, `facts.json`, `run.py`.
        workdir: run folder to go on from; None or a new one begins as the recipe says.
        platform: of `PLATFORMS`.

    Raises:
        UserError: data without photos in memory, phases without a cycle, steps of stages, an
            operation that XLA does not know, or a folder that exists.
    """
    import jax

    from export.step_program import state_variables, step_program

    run = Run(config, workdir)
    trainer = run.trainer
    if len(run.schedule.stages) > 1 or run.strategy.num_replicas_in_sync > 1:
        raise UserError("export.training writes steps of one stage and one replica only")
    run.restore()
    first = trainer.current_step()
    cycle = _cycle(trainer, first)
    steps = (run.total_steps - first) // len(cycle) * len(cycle)
    if steps <= 0:
        raise UserError(
            f"total_kimg={config.total_kimg:g} is reached before the next {len(cycle)} steps, "
            "the least that can be written: raise it"
        )
    columns = _columns(run.data, config)
    signature = {
        name: tf.TensorSpec((_rows_a_step(name, config), *array.shape[1:]), array.dtype)
        for name, (array, _) in columns.items()
    }
    programs = {
        phases: step_program(trainer, signature, phases)
        for phases in tqdm.tqdm(dict.fromkeys(cycle), desc="steps to HLO", unit="program")
    }
    state = [np.asarray(v.value) for v in state_variables(trainer)]
    shapes = functools.partial(jax.tree.map, lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype))
    data = {name: array for name, (array, _) in columns.items()}
    with atomic_folder(out) as partial:
        chains = {}
        for phases, length in [(p, len(list(g))) for p, g in itertools.groupby(cycle)]:
            file = f"steps{list(programs).index(phases)}_{length}.bin"
            chains.setdefault((phases, length), file)
            if not (partial / file).exists():
                rows = {
                    name: jax.ShapeDtypeStruct((length, spec.shape[0]), np.int32)
                    for name, spec in signature.items()
                }
                chain = jax.jit(_chain(programs[phases], length))
                exported = jax.export.export(chain, platforms=[platform])
                (partial / file).write_bytes(
                    exported(shapes(state), shapes(data), rows).serialize()
                )
        run_steps.write_arrays(partial / "state.npz", state)
        (partial / "data").mkdir()
        (partial / "rows").mkdir()
        for name, (array, order) in columns.items():
            np.save(partial / "data" / f"{name}.npy", array)
            size = signature[name].shape[0]
            np.save(partial / "rows" / f"{name}.npy", order(first * size, steps, size))
        write_json(
            partial / "facts.json",
            {
                "batch": list(signature),
                "data": list(signature),
                "batch_size": config.batch_size,
                "cycle": [
                    [chains[p, n], n]
                    for p, n in [(p, len(list(g))) for p, g in itertools.groupby(cycle)]
                ],
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
    arguments = read_json(folder / "recipe.json")
    named = [x.partition("=") for x in arguments]
    path = next(value for flag, _, value in named if flag == "--config")
    config = load_recipe(path)
    config = tiny(config) if "--tiny" in arguments else config
    config = override(config, [value for flag, _, value in named if flag == "--set"])
    run = Run(config, workdir or f"runs/{config.name}")
    report, facts = read_json(result / "report.json"), read_json(folder / "facts.json")
    before = run.restore()
    if run.trainer.current_step() != facts["first_step"]:
        raise UserError(
            f"{run.workdir} stands at step {run.trainer.current_step():,}, the programs began at "
            f"{facts['first_step']:,}: choose another --workdir"
        )
    values = run_steps.read_arrays(result / "state.npz")
    variables = state_variables(run.trainer)
    if [v.shape for v in variables] != [x.shape for x in values]:
        raise UserError(f"{result} is of another recipe than {path} is now")
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
    seconds = before + report["seconds"]
    run.adopt(seconds, report["logs"][-1], f"1 × {report['device']}, steps as XLA programs")


def _cycle(trainer, first):
    """Phases of the steps after which all comes again."""
    phases = [trainer.phases_at(first + i) for i in range(3 * LONGEST_CYCLE)]
    for length in range(1, LONGEST_CYCLE + 1):
        if all(phases[i] == phases[i % length] for i in range(len(phases))):
            return phases[:length]
    raise UserError(f"the phases of this recipe do not come again within {LONGEST_CYCLE} steps")


def _chain(program, length):
    """Function of (state, data, rows [length, n]): the steps one after another."""
    import jax
    import jax.numpy as jnp

    def chain(state, data, rows):
        def step(state, rows):
            batch = {name: jnp.take(data[name], rows[name], axis=0) for name in rows}
            return program(state, batch)

        return jax.lax.scan(step, state, rows, length=length)

    return chain


# === Data ===


def _columns(data, config):
    """{name in a batch: (array of all rows, order)} of photos, pairs or two domains.

    `order(first, steps, size)` is int32 [steps, size], the rows that `train` reads.
    """
    reading = dict(config.data.reading)
    subset, mirror = reading.pop("subset", None), reading.pop("mirror", False)
    seed = config.seed
    if isinstance(data, Records):
        order = functools.partial(_order, data, seed, subset)
        columns = {"photos": (data[:], order)}
        if data.labels is not None:
            columns["labels"] = (data.labels, order)
    elif isinstance(data, Pairs):
        order = functools.partial(_order, data, seed, subset)
        columns = {name: (records[:], order) for name, records in data.columns.items()}
    elif isinstance(data, Unpaired):
        columns = {}
        for i, (name, records) in enumerate((("a", data.a), ("b", data.b))):
            for j, part in enumerate(("photos", "face")):
                order = functools.partial(_order, records, seed + 2 * i + j, subset)
                columns[f"{part}_{name}"] = (records[:], order)
    else:
        raise UserError(f"export.training knows no {type(data).__name__}: only photos and pairs")
    if mirror:
        raise UserError("data.mirror: mirrored photos are not written; use --set data.mirror=false")
    return columns


def _rows_a_step(name, config):
    return 1 if name.startswith("face_") else config.batch_size


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
