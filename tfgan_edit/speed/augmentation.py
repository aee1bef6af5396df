"""Table "augmentation": what adaptive discriminator augmentation adds to a training step."""

import dataclasses

from tfgan_edit.config import UserError
from tfgan_edit.run import Run
from tfgan_edit.speed import training
from tfgan_edit.speed.measurement import Table, alternate, median_gain, row
from tfgan_edit.trainers.adaptive_augmentation import AugmentationConfig

GROUPS = ("", "bgc", "bgcfnc")  # none, the paper's choice, all
P = 0.5  # what is computed does not depend on it


def measure(config, settings):
    """The recipe without augmentation, with the paper's, and with all transformations.

    Rows: `training` (steps of the main phases) and `step with PHASE` for every lazy phase.
    """
    if not hasattr(config.trainer, "augmentation"):
        raise UserError(f"--tables augmentation: {config.trainer.method!r} has no augmentation")
    functions, names = {}, {}
    for precision in settings.precisions:
        for groups in GROUPS:
            trainer = dataclasses.replace(
                config.trainer, augmentation=AugmentationConfig(groups, p=P)
            )
            run = Run(dataclasses.replace(config, trainer=trainer, precision=precision))
            setting = f"{precision} {groups or 'without'}"
            functions["training", setting] = training.steps(
                run, settings.steps, run.trainer.main_phases()
            )
            for phase in training.lazy_phases(run):
                functions[f"step with {phase}", setting] = training.steps(
                    run, 1, run.trainer.phases_with(phase)
                )
            names[setting] = f"{precision} without"
    values = alternate(functions, settings.repeats)
    rows = []
    for (name, setting), numbers in values.items():
        times = median_gain(values[name, names[setting]], numbers, "images/s")
        rows.append(row(name, setting, numbers, "images/s", **{"more time, %": 100 * (times - 1)}))
    return Table(rows, ["more time: than the same step without augmentation"])
