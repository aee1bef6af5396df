"""Runs the programs of this folder; needs Python, NumPy and JAX, nothing of tfgan_edit.

  python3 run.py --minutes 6

Writes `result/`, which belongs back to where the folder was made. `export.training` wrote all this.
"""

import argparse
import collections
import concurrent.futures
import json
import pathlib
import time

import jax
import jax.numpy as jnp
import numpy as np
from jax import export

jax.config.update("jax_enable_x64", True)
SHOWN_SECONDS = 15  # between two lines
AHEAD = 2  # chains of steps that wait on the device while their logs are on the way


def read_arrays(path):
    """The arrays of a file that `write_arrays` wrote."""
    with np.load(path, allow_pickle=False) as file:
        return [file[str(i)] for i in range(len(file.files))]


def write_arrays(path, arrays):
    """Writes a file of arrays of any kind, which `read_arrays` reads in the same order."""
    with open(path, "wb") as file:
        np.savez(file, **{str(i): np.asarray(x) for i, x in enumerate(arrays)})


class Steps:
    """Compiled chains of steps, the data on the device, and which rows a step reads."""

    def __init__(self, folder):
        self.facts = json.loads((folder / "facts.json").read_text())
        self.state = [jnp.asarray(x) for x in read_arrays(folder / "state.npz")]
        self.data = {
            name: jnp.asarray(np.load(folder / "data" / f"{name}.npy", allow_pickle=False))
            for name in self.facts["data"]
        }
        self.rows = {
            name: np.load(folder / "rows" / f"{name}.npy", mmap_mode="r", allow_pickle=False)
            for name in self.facts["batch"]
        }
        with concurrent.futures.ThreadPoolExecutor() as pool:
            chains = {tuple(chain) for chain in self.facts["cycle"]}
            compiled = {chain: pool.submit(self._compile, folder, *chain) for chain in chains}
            self.chains = {chain: future.result() for chain, future in compiled.items()}

    def _compile(self, folder, file, length):
        program = export.deserialize(bytearray((folder / file).read_bytes()))
        rows = {name: rows[:length] for name, rows in self.rows.items()}
        function = jax.jit(program.call, donate_argnums=0)
        return function.lower(self.state, self.data, rows).compile()

    def run_cycle(self, first):
        """Steps of one cycle from a row of `rows` on; returns {log: arrays on the device}."""
        logs = {}
        for file, length in self.facts["cycle"]:
            rows = {name: rows[first : first + length] for name, rows in self.rows.items()}
            self.state, new = self.chains[file, length](self.state, self.data, rows)
            for name, values in new.items():
                logs.setdefault(name, []).append(values)
            first += length
        return logs


def main():
    """Trains until the rows of the folder or the minutes end, and saves."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=float("inf"), help="then stop and save")
    minutes = parser.parse_args().minutes
    folder = pathlib.Path(__file__).resolve().parent
    began = time.monotonic()
    steps = Steps(folder)
    facts = steps.facts
    cycle = sum(length for _, length in facts["cycle"])
    total = next(iter(steps.rows.values())).shape[0] // cycle
    images = cycle * facts["batch_size"]
    print(f"{jax.devices()[0].device_kind}: compiled after {time.monotonic() - began:.0f} s")
    start = shown = time.monotonic()
    waiting, kept, done = collections.deque(), [], 0

    def fetch():
        logs = {k: np.concatenate([np.asarray(x) for x in v]) for k, v in waiting.popleft().items()}
        kept.append({name: float(np.mean(values)) for name, values in logs.items()})

    while done < total and time.monotonic() - began < 60 * minutes:
        waiting.append(steps.run_cycle(done * cycle))
        done += 1
        if len(waiting) > AHEAD:
            fetch()
        if kept and time.monotonic() - shown > SHOWN_SECONDS:
            shown = time.monotonic()
            rate = done * images / (shown - start)
            losses = {k: round(v, 3) for k, v in kept[-1].items() if k.startswith("Loss/")}
            print(f"{done * images / 1000:.1f} kimg, {rate:.0f} images/s, {losses}", flush=True)
            broken = [name for name, value in losses.items() if not np.isfinite(value)]
            if broken:
                raise SystemExit(f"{', '.join(broken)} is not finite: the training diverged")
    jax.block_until_ready(steps.state)
    seconds = time.monotonic() - start
    while waiting:
        fetch()
    result = folder / "result"
    result.mkdir(exist_ok=True)
    write_arrays(result / "state.npz", steps.state)
    device = jax.devices()[0].device_kind
    report = {"steps": done * cycle, "seconds": seconds, "device": device, "logs": kept}
    (result / "report.json").write_text(json.dumps(report))
    rate = done * images / seconds
    print(f"{done * images / 1000:.1f} kimg in {seconds:.0f} s: {rate:.0f} images/s")


if __name__ == "__main__":
    main()
