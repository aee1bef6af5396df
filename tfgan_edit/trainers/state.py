"""What resumes a run: everything that training changes, private to this program."""

import shutil
from pathlib import Path

import keras

from tfgan_edit.config import UserError
from tfgan_edit.storage import (
    SUFFIX,
    atomic_folder,
    read_json,
    require_space,
    sha256_of,
    write_json,
)

FORMAT, FORMAT_VERSION = "tfgan_edit state", 1  # not written before the second version of all
KEEP = 2  # the newest state, and the one before it in case that one is damaged
WEIGHTS = "trainer.weights.h5"


class _NewerVersion(UserError):
    """Not a damaged state: going back to an older one would lose what was trained since."""


class StateFolder:
    """`state/0000001234/` for step 1234: weights, averages, optimisers, counters."""

    def __init__(self, path):
        self.path = Path(path)

    def steps(self):
        """Steps with a state, ascending."""
        if not self.path.is_dir():
            return []
        return sorted(int(p.name) for p in self.path.iterdir() if p.name.isdigit())

    def save(self, trainer, facts):
        """Writes the state of `trainer` and forgets all but it and the one before it.

        States of later steps, which `restore` could not use, go as well.

        Args:
            trainer: `GANTrainer`.
            facts: dictionary that `restore` returns; it must hold "step".
        """
        folder = self.path / f"{facts['step']:010d}"
        for partial in self.path.glob(f".*{SUFFIX}"):  # of a process that died while saving
            shutil.rmtree(partial, ignore_errors=True)
        moments = [v for o in trainer.optimizers.values() for v in o.variables]
        require_space(folder, trainer.variables + moments)
        with atomic_folder(folder, replace=True) as partial:
            trainer.save_weights(partial / WEIGHTS)
            header = {"format": FORMAT, "format_version": FORMAT_VERSION}
            facts = {**header, **facts, "sha256": sha256_of(partial / WEIGHTS)}
            write_json(partial / "state.json", facts)
        steps = self.steps()
        kept = [step for step in steps if step <= facts["step"]][-KEEP:]
        for step in set(steps) - set(kept):
            self._remove(step)

    def restore(self, trainer, report=print):
        """Loads the newest state that is whole; returns its facts, or None if there is none.

        A damaged state is reported and the one before it is used.

        Raises:
            UserError: there are states, but none that can be read; or one of a newer version.
        """
        steps = self.steps()
        for step in reversed(steps):
            folder = self.path / f"{step:010d}"
            try:
                facts = _checked_facts(folder / "state.json", step)
                if facts.get("sha256") != sha256_of(folder / WEIGHTS):
                    raise UserError(f"{folder / WEIGHTS} is damaged: its hash does not match")
                trainer.load_weights(folder / WEIGHTS)
                return facts
            except _NewerVersion:
                raise
            except Exception as error:  # HDF5 and Keras raise many kinds on damaged files
                line = (str(error).splitlines() or [type(error).__name__])[0]
                report(f"state of step {step} cannot be used ({line}); trying the one before")
        if steps:
            raise UserError(
                f"no state in {self.path} can be read: remove the run folder to start again"
            )
        return None

    def _remove(self, step):
        shutil.rmtree(self.path / f"{step:010d}", ignore_errors=True)


def _checked_facts(path, step):
    """Content of a state.json with the entries and types that saving writes."""
    facts = read_json(path)
    if not isinstance(facts, dict):
        raise UserError(f"{path} is damaged: it holds {facts!r:.60}")
    version = facts.get("format_version", 1)
    if facts.get("format", FORMAT) != FORMAT or type(version) is not int or version < 1:
        raise UserError(f"{path} is damaged: its format is no state's")
    if version > FORMAT_VERSION:
        raise _NewerVersion(
            f"{path} has state format {version}, this tfgan_edit reads up to {FORMAT_VERSION}; "
            "upgrade tfgan_edit to go on with this run"
        )
    for name, kinds in (("step", (int,)), ("images", (int,)), ("seconds", (int, float))):
        if name in facts and (type(facts[name]) not in kinds or facts[name] < 0):
            raise UserError(f"{path} is damaged: {name}={facts[name]!r:.40}")
    if facts.get("step") != step:
        raise UserError(f"{path} is damaged: step={facts.get('step')!r:.40}, not {step}")
    return facts


def transfer_weights(source, target):
    """Copies what fits from one network to another of the same class.

    Levels, layers and shapes are matched by name, so networks of another resolution or label
    count share what they have in common.

    Args:
        source, target: keras.Model.

    Returns:
        (number of variables copied, names of variables of `target` left as they were).
    """
    values = {_path_within(v, source): v for v in source.weights}
    copied, left = 0, []
    for variable in target.weights:
        name = _path_within(variable, target)
        value = values.get(name)
        if value is None:
            left.append(name)
        elif value.shape == variable.shape:
            variable.assign(value)
            copied += 1
        elif name.endswith("mapping/dense_0/kernel") and value.shape[1] == variable.shape[1]:
            # The latent's rows come first, a label's after them.
            rows = min(value.shape[0], variable.shape[0])
            new = keras.ops.convert_to_numpy(variable)
            new[:rows] = keras.ops.convert_to_numpy(value)[:rows]
            variable.assign(new)
            copied += 1
        else:
            left.append(name)
    return copied, left


def _path_within(variable, network):
    return variable.path.removeprefix(f"{network.name}/")
