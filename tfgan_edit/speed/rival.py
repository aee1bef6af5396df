"""Table "rival": the same networks' training and synthesis in the package stylegan2-pytorch.

The rival (PyPI, by P. Wang, MIT licence) computes in a process of its own, repeat for repeat in
turn with this package.
"""

import dataclasses
import functools
import subprocess
import sys
from pathlib import Path

import tensorflow as tf

from tfgan_edit.config import UserError
from tfgan_edit.run import Run
from tfgan_edit.speed import training
from tfgan_edit.speed.child import Child
from tfgan_edit.speed.measurement import Table, alternate, median_gain, row

PROGRAM = Path(__file__).with_name("rival_process.py")
PACKAGES = ("torch", "stylegan2_pytorch")
MEASURES = ("G+D step", "D step with penalty", "synthesis")


def measure(config, settings):
    """Images/s of a G + D step and of a D step with gradient penalty, ms/image of synthesis."""
    runs = {p: Run(dataclasses.replace(config, precision=p)) for p in settings.precisions}
    first = next(iter(runs.values()))
    shape = rival_shape(first.trainer.generator, config)
    shape["device"] = "cuda" if tf.config.list_physical_devices("GPU") else "cpu"
    with _rival(settings.rival_python, shape) as rival:
        facts = rival.next()
        functions = {}
        for name in MEASURES:
            functions[name, facts["name"]] = functools.partial(rival.next, name)
            for precision, run in runs.items():
                functions[name, f"tfgan_edit, {precision}"] = _ours(run, name, config, settings)
        values = alternate(functions, settings.repeats)
    rows = []
    for (name, setting), numbers in values.items():
        unit = "ms/image" if name == "synthesis" else "images/s"
        ratio = median_gain(numbers, values[name, facts["name"]], unit)
        rows.append(row(name, setting, numbers, unit, ratio=ratio))
    ours = {n: network.count_params() for n, network in first.trainer.networks.items()}
    notes = [
        f"{first.data.resolution[0]} px, batch {config.batch_size}; ratio: times as fast as "
        f"{facts['name']}, which computes in float32 on {facts['device']}",
        f"weights: generator with mapping {ours['generator']:,} here and {facts['generator']:,} "
        f"there, discriminator {ours['discriminator']:,} and {facts['discriminator']:,}: the "
        "widths of the generators are equal, but the rival has two convolutions more at 4 px, and "
        "its discriminator is twice as wide at its input",
        "the rival's steps are without moving averages of weights, ours are with them",
    ]
    return Table(rows, notes)


def rival_shape(generator, config):
    """The rival's arguments that give its generator the widths of ours.

    Its width at level r is min(network_capacity · 2 · R / r, fmap_max).

    Raises:
        UserError: no arguments give these widths, or the recipe has no gradient penalty.
    """
    if not getattr(config.trainer, "r1_gamma", 0):
        raise UserError("the rival trains with a gradient penalty: set trainer.r1_gamma above 0")
    table = generator.synthesis.channels
    resolution = max(table)
    capacity, maximum = table[resolution] // 2, max(table.values())
    theirs = {r: min(capacity * 2 * resolution // r, maximum) for r in table}
    if theirs != table or table[resolution] % 2:
        raise UserError(
            f"the rival cannot have the widths {table}: they must double from each level to the "
            "next coarser one up to a maximum; try --set trainer.channels=none"
        )
    return {
        "resolution": resolution,
        "network_capacity": capacity,
        "fmap_max": maximum,
        "latent_dim": generator.w_dim,
        "mapping_layers": config.trainer.mapping_layers,
        "batch_size": config.batch_size,
    }


def check_python(python):
    """Raises UserError unless `python` is an interpreter that has the rival's packages."""
    looks = "import importlib.util as u; print(*map(u.find_spec, {!r}), sep='\\n')"
    try:
        found = subprocess.run(
            [python, "-c", looks.format(PACKAGES)], capture_output=True, text=True
        ).stdout.splitlines()
    except OSError as error:
        raise UserError(f"--rival_python {python!r} does not run: {error.strerror}") from error
    missing = [n for n, spec in zip(PACKAGES, found, strict=False) if spec == "None"]
    if missing or len(found) != len(PACKAGES):
        raise UserError(
            f"--rival_python {python!r} has no {' and no '.join(missing or PACKAGES)}: "
            f"run {python} -m pip install stylegan2-pytorch torch torchvision, or name an "
            "interpreter that has them"
        )


def _rival(python, shape):
    """The rival's process, in an interpreter that `check_python` accepts."""
    python = python or sys.executable
    check_python(python)
    flags = [f"--{key}={value}" for key, value in shape.items()]
    return Child("stylegan2-pytorch", [python, str(PROGRAM), *flags])


def _ours(run, name, config, settings):
    if name == "synthesis":
        return training.synthesis(run.trainer.averages["generator"], config.batch_size)
    phases = ["Gmain", "Dmain"] if name == MEASURES[0] else ["Dmain", "Dreg"]
    return training.steps(run, settings.steps, phases)
